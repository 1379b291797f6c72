//! ListPartitionReassignments (key 46), v0: replicas that are on their way to other brokers (KIP-455).

use super::Context;
use crate::core::Core;
use ottla_metadata::image::Topic;
use ottla_protocol::messages::ListPartitionReassignmentsRequest;
use ottla_protocol::messages::list_partition_reassignments_response::{
    ListPartitionReassignmentsResponse, OngoingPartitionReassignment, OngoingTopicReassignment,
};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: ListPartitionReassignmentsRequest<'_>,
) -> ListPartitionReassignmentsResponse<'static> {
    let image = core.image();
    let topics: Vec<OngoingTopicReassignment<'static>> = match request.topics {
        None => image.topics().filter_map(|topic| ongoing(topic, |_| true)).collect(),
        Some(topics) => topics
            .iter()
            .filter_map(|wanted| {
                let topic = image.topic_by_name(&wanted.name)?;
                ongoing(topic, |index| wanted.partition_indexes.contains(&index))
            })
            .collect(),
    };
    ListPartitionReassignmentsResponse { error_message: None, topics, ..Default::default() }
}

/// `None` when nothing of it moves.
fn ongoing(topic: &Topic, is_wanted: impl Fn(i32) -> bool) -> Option<OngoingTopicReassignment<'static>> {
    let moving = (0..).zip(topic.partitions()).filter(|(index, partition)| {
        !(partition.adding_replicas.is_empty() && partition.removing_replicas.is_empty()) && is_wanted(*index)
    });
    let partitions: Vec<OngoingPartitionReassignment> = moving
        .map(|(partition_index, partition)| OngoingPartitionReassignment {
            partition_index,
            replicas: partition.replicas.clone(),
            adding_replicas: partition.adding_replicas.clone(),
            removing_replicas: partition.removing_replicas.clone(),
        })
        .collect();
    let name = Cow::Owned(topic.name.to_string());
    (!partitions.is_empty()).then_some(OngoingTopicReassignment { name, partitions })
}
