//! ElectLeaders (key 43), v0-2: lets the controller choose leaders again (KIP-183, KIP-460).
//!
//! v1: a kind of election and a top-level error code. v2: flexible. A partition has one replica here: it leads, or its
//! directory is offline and nobody can.

use super::Context;
use crate::core::Core;
use ottla_metadata::Image;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::ElectLeadersRequest;
use ottla_protocol::messages::elect_leaders_response::{
    ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
};
use std::borrow::Cow;
use std::rc::Rc;

const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: ElectLeadersRequest<'_>,
) -> ElectLeadersResponse<'static> {
    let image = core.image();
    let kind = if context.version == 0 { PREFERRED } else { request.election_type };
    let Some(topics) = request.topic_partitions else {
        // Of all: Kafka tells of those that changed or could not.
        let all = image.topics().map(|topic| {
            let all =
                (0..).take(topic.partitions().len()).map(|index| result(&image, &topic.name, index, kind));
            let told = all.filter(|result| result.error_code != ErrorCode::ELECTION_NOT_NEEDED.0);
            answer(topic.name.to_string(), told.collect())
        });
        let results = all.filter(|topic| !topic.partition_result.is_empty()).collect();
        return ElectLeadersResponse { replica_election_results: results, ..Default::default() };
    };
    let is_known = [PREFERRED, UNCLEAN].contains(&kind);
    let error_code = if is_known || topics.is_empty() { ErrorCode::NONE } else { ErrorCode::INVALID_REQUEST };
    let results = topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|index| result(&image, &topic.topic, index, kind));
        answer(topic.topic.to_string(), partitions.collect())
    });
    ElectLeadersResponse {
        error_code: error_code.0,
        replica_election_results: results.collect(),
        ..ElectLeadersResponse::default()
    }
}

fn answer(topic: String, partition_result: Vec<PartitionResult<'static>>) -> ReplicaElectionResult<'static> {
    ReplicaElectionResult { topic: Cow::Owned(topic), partition_result }
}

fn result(image: &Image, topic: &str, index: i32, kind: i8) -> PartitionResult<'static> {
    let (code, why) = outcome(image, topic, index, kind);
    let error_message = Some(Cow::Owned(why));
    PartitionResult { partition_id: index, error_code: code.0, error_message }
}

fn outcome(image: &Image, topic: &str, index: i32, kind: i8) -> (ErrorCode, String) {
    if ![PREFERRED, UNCLEAN].contains(&kind) {
        return (ErrorCode::INVALID_REQUEST, format!("Unknown election type {kind}"));
    }
    let Some(known) = image.topic_by_name(topic) else {
        return (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, format!("No such topic as {topic}"));
    };
    let Some(partition) = known.partition(index) else {
        return (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, format!("No such partition as {topic}-{index}"));
    };
    let code = if partition.leader >= 0 {
        ErrorCode::ELECTION_NOT_NEEDED
    } else if kind == PREFERRED {
        ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE
    } else {
        ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE
    };
    (code, code.message().to_owned())
}
