//! OffsetDelete (key 47), v0 (KIP-496).

use super::Request;
use crate::core::Core;
use crate::groups;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use ottla_protocol::messages::{OffsetDeleteRequest, OffsetDeleteResponse};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    request: &Request,
    body: OffsetDeleteRequest<'_>,
) -> OffsetDeleteResponse<'static> {
    let image = core.image();
    let is_known = |name: &str| image.topic_by_name(name).is_some();
    let known: Vec<bool> = body.topics.iter().map(|topic| is_known(&topic.name)).collect();
    let forwarded = request.forward();
    let asked = known.clone();
    let deleted = groups::ask(core, &body.group_id, move |core, coordinator| async move {
        let codes = {
            let body: OffsetDeleteRequest<'_> = forwarded.decode()?;
            let topics = body.topics.iter().zip(&asked).filter(|(_, known)| **known);
            let partitions: Vec<(&str, i32)> = topics
                .flat_map(|(topic, _)| topic.partitions.iter().map(|p| (&*topic.name, p.partition_index)))
                .collect();
            let delete = |shard: &mut ottla_coordinator::Shard, _: &_, out: &mut _| {
                shard.delete_offsets(&body.group_id, &partitions, out)
            };
            coordinator.turn(&core, delete)??
        };
        coordinator.durable().await?;
        Ok(codes)
    });
    let mut codes = match deleted.await {
        Ok(codes) => VecDeque::from(codes),
        Err(code) => {
            return OffsetDeleteResponse { error_code: code.0, ..OffsetDeleteResponse::default() };
        }
    };
    let topics = body.topics.iter().zip(known).map(|(topic, known)| {
        let partitions = topic.partitions.iter().map(|partition| {
            let code = if known { codes.pop_front() } else { Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) };
            OffsetDeleteResponsePartition {
                partition_index: partition.partition_index,
                error_code: code.unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR).0,
            }
        });
        OffsetDeleteResponseTopic {
            name: Cow::Owned(topic.name.to_string()),
            partitions: partitions.collect(),
        }
    });
    OffsetDeleteResponse { topics: topics.collect(), ..OffsetDeleteResponse::default() }
}
