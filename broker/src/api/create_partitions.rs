//! CreatePartitions (key 37), v0-3.
//!
//! v2: flexible. v3: as v2 (it may answer THROTTLING_QUOTA_EXCEEDED, for which there is no quota here).

use super::{Context, code_of};
use crate::core::Core;
use ottla_metadata::decide::create_partitions::{MorePartitions, create_partitions};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::CreatePartitionsRequest;
use ottla_protocol::messages::create_partitions_response::{
    CreatePartitionsResponse, CreatePartitionsTopicResult,
};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: CreatePartitionsRequest<'_>,
) -> CreatePartitionsResponse<'static> {
    let topics: Vec<MorePartitions> = request
        .topics
        .into_iter()
        .map(|topic| MorePartitions {
            name: topic.name.into_owned(),
            count: topic.count,
            assignments: topic
                .assignments
                .map(|assignments| assignments.into_iter().map(|assignment| assignment.broker_ids).collect()),
        })
        .collect();
    let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
    if request.timeout_ms <= 0 {
        let late = |name| answer(name, ErrorCode::REQUEST_TIMED_OUT.0, None);
        let results = names.into_iter().map(late).collect();
        return CreatePartitionsResponse { results, ..CreatePartitionsResponse::default() };
    }
    let validate_only = request.validate_only;
    let decided =
        core.decide(move |image, seed| create_partitions(image, &topics, seed, validate_only)).await;
    let results = match decided {
        Ok(results) => results
            .into_iter()
            .map(|(name, result)| match result {
                Ok(()) => answer(name, 0, None),
                Err(error) => answer(name, code_of(&error), error.message()),
            })
            .collect(),
        Err(error) => {
            names.into_iter().map(|name| answer(name, code_of(&error), Some(error.to_string()))).collect()
        }
    };
    CreatePartitionsResponse { results, ..CreatePartitionsResponse::default() }
}

fn answer(name: String, error_code: i16, message: Option<String>) -> CreatePartitionsTopicResult<'static> {
    CreatePartitionsTopicResult { name: Cow::Owned(name), error_code, error_message: message.map(Cow::Owned) }
}
