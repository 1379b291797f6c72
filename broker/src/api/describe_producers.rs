//! DescribeProducers (key 61), v0: who wrote to a partition of late, and which transactions hang (KIP-664).

use super::Context;
use super::owners::{self, Asked};
use super::repeats::Repeats;
use crate::core::Core;
use ottla_metadata::Image;
use ottla_metadata::decide::topic_name;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::describe_producers_response::{
    PartitionResponse, ProducerState, TopicResponse,
};
use ottla_protocol::messages::{DescribeProducersRequest, DescribeProducersResponse};
use ottla_shard::ProducerInfo;
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: DescribeProducersRequest<'_>,
) -> DescribeProducersResponse<'static> {
    let image = core.image();
    let mut topics = Vec::with_capacity(request.topics.len());
    let mut asked = Vec::new();
    let mut repeats = Repeats::new();
    for topic in &request.topics {
        let refusal = refusal(&image, &topic.name);
        let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
        for index in topic.partition_indexes.iter().copied() {
            partitions.push(PartitionResponse {
                partition_index: index,
                error_message: refusal.as_ref().map(|(_, message)| Cow::Owned(message.clone())),
                ..PartitionResponse::default()
            });
            asked.push(match &refusal {
                Some((code, _)) => Err(*code),
                None if !repeats.allow((&topic.name, index)) => Err(ErrorCode::INVALID_REQUEST),
                None => owners::find(&image, &topic.name, index).map(|topic_id| Asked {
                    topic_id,
                    index,
                    what: (),
                }),
            });
        }
        topics.push(TopicResponse { name: Cow::Owned(topic.name.to_string()), partitions });
    }
    drop(image);
    let found = owners::ask(core, asked, |partition, ()| async move { Ok(partition.producers()) });
    let places = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    for (place, found) in places.zip(found.await) {
        match found {
            Ok(mut producers) => {
                producers.sort_by_key(|producer| producer.producer_id);
                place.active_producers = producers.into_iter().map(state).collect();
            }
            Err(code) => place.error_code = code.0,
        }
    }
    DescribeProducersResponse { topics, ..DescribeProducersResponse::default() }
}

/// Kafka explains what is wrong with a topic, and with a partition only by its code.
fn refusal(image: &Image, topic: &str) -> Option<(ErrorCode, String)> {
    if let Err(error) = topic_name::validate(topic) {
        return Some((ErrorCode::INVALID_TOPIC_EXCEPTION, error.to_string()));
    }
    let unknown = || {
        (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "This server does not host this topic-partition.".to_owned())
    };
    image.topic_by_name(topic).is_none().then(unknown)
}

fn state(producer: ProducerInfo) -> ProducerState {
    ProducerState {
        producer_id: producer.producer_id,
        producer_epoch: i32::from(producer.producer_epoch),
        last_sequence: producer.last_sequence,
        last_timestamp: producer.last_timestamp,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.current_txn_start_offset,
    }
}
