//! AlterPartitionReassignments (key 45), v0-1: moves replicas to other brokers (KIP-455).
//!
//! v1: whether the number of replicas may change (KIP-860). There is one broker: a partition can be sent to where it is, and
//! nothing is ever under way that could be cancelled.

use super::Context;
use super::error::ToCode;
use crate::core::Core;
use ottla_metadata::Image;
use ottla_metadata::decide::placement::validate_manual;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::AlterPartitionReassignmentsRequest;
use ottla_protocol::messages::alter_partition_reassignments_response::{
    AlterPartitionReassignmentsResponse, ReassignablePartitionResponse, ReassignableTopicResponse,
};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: AlterPartitionReassignmentsRequest<'_>,
) -> AlterPartitionReassignmentsResponse<'static> {
    let image = core.image();
    let may_resize = context.version == 0 || request.allow_replication_factor_change;
    let responses = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|partition| {
            let index = partition.partition_index;
            let (code, why) =
                match judge(&image, &topic.name, index, partition.replicas.as_deref(), may_resize) {
                    Ok(()) => (ErrorCode::NONE, None),
                    Err(refused) => refused,
                };
            ReassignablePartitionResponse {
                partition_index: index,
                error_code: code.0,
                error_message: why.map(Cow::Owned),
            }
        });
        ReassignableTopicResponse {
            name: Cow::Owned(topic.name.to_string()),
            partitions: partitions.collect(),
        }
    });
    AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: may_resize,
        error_message: None,
        responses: responses.collect(),
        ..AlterPartitionReassignmentsResponse::default()
    }
}

type Refused = (ErrorCode, Option<String>);

/// `Ok`: it lies there already. `replicas` of `None` cancel.
fn judge(
    image: &Image,
    name: &str,
    index: i32,
    replicas: Option<&[i32]>,
    may_resize: bool,
) -> Result<(), Refused> {
    let refused = |code, why: String| Err((code, Some(why)));
    let Some(topic) = image.topic_by_name(name) else {
        return refused(
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            format!("Unable to find a topic named {name}."),
        );
    };
    let Some(partition) = topic.partition(index) else {
        return refused(
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            format!("Unable to find partition {name}:{index}."),
        );
    };
    let Some(replicas) = replicas else { return Err((ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, None)) };
    validate_manual(image, replicas, None).map_err(|error| (error.code(), error.message()))?;
    if !may_resize && replicas.len() != partition.replicas.len() {
        let (have, wanted) = (partition.replicas.len(), replicas.len());
        return refused(
            ErrorCode::INVALID_REPLICATION_FACTOR,
            format!("The replication factor is changed from {have} to {wanted}"),
        );
    }
    if replicas != partition.replicas.as_slice() {
        return refused(
            ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            format!(
                "Partition {name}-{index} cannot leave {:?}: brokers do not replicate yet.",
                partition.replicas
            ),
        );
    }
    Ok(())
}
