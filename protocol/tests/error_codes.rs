//! A response tells each of its error codes, however deep it lies.

use ottla_protocol::messages::fetch_response::{FetchResponse, FetchableTopicResponse, PartitionData};
use ottla_protocol::messages::{ApiVersionsResponse, FetchRequest};
use ottla_protocol::{ErrorCode, Message};

fn codes<'a>(message: &impl Message<'a>) -> Vec<i16> {
    let mut codes = Vec::new();
    message.error_codes(&mut |code| codes.push(code));
    codes
}

#[test]
fn every_code_of_a_response_is_told() {
    let partition = |error_code| PartitionData { error_code, ..PartitionData::default() };
    let topic = |codes: [i16; 2]| FetchableTopicResponse {
        partitions: codes.map(partition).to_vec(),
        ..FetchableTopicResponse::default()
    };
    let response = FetchResponse {
        error_code: ErrorCode::FETCH_SESSION_ID_NOT_FOUND.0,
        responses: vec![topic([0, 3]), topic([1, 0])],
        ..FetchResponse::default()
    };
    assert_eq!(codes(&response), [ErrorCode::FETCH_SESSION_ID_NOT_FOUND.0, 0, 3, 1, 0]);
    assert_eq!(codes(&ApiVersionsResponse { error_code: 35, ..ApiVersionsResponse::default() }), [35]);
    assert_eq!(codes(&FetchRequest::default()), [0; 0]);
}
