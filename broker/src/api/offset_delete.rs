//! OffsetDelete (key 47), v0 (KIP-496).

use super::{Request, owners};
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
    let forwarded = request.forward();
    let deleted = groups::ask(core, &body.group_id, move |core, coordinator| async move {
        let codes = {
            let (body, _memory): (OffsetDeleteRequest<'_>, _) = forwarded.decode(&core)?;
            let image = core.image();
            let all = body
                .topics
                .iter()
                .flat_map(|topic| topic.partitions.iter().map(|p| (&*topic.name, p.partition_index)));
            let all: Vec<(&str, i32)> = all.collect();
            let known = |(topic, index): &(&str, i32)| owners::find(&image, topic, *index).is_ok();
            let partitions: Vec<(&str, i32)> = all.iter().copied().filter(known).collect();
            let deleted = coordinator
                .turn(&core, |shard, turn, out| shard.delete_offsets(turn, &body.group_id, &partitions, out));
            let mut codes = VecDeque::from(deleted??);
            let code = |partition: &(&str, i32)| match known(partition) {
                true => codes.pop_front().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR),
                false => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            };
            all.iter().map(code).collect::<VecDeque<_>>()
        };
        coordinator.durable().await?;
        Ok(codes)
    });
    let mut codes = match deleted.await {
        Ok(codes) => codes,
        Err(code) => {
            return OffsetDeleteResponse { error_code: code.0, ..OffsetDeleteResponse::default() };
        }
    };
    let topics = body.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| OffsetDeleteResponsePartition {
            partition_index: partition.partition_index,
            error_code: codes.pop_front().unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR).0,
        });
        OffsetDeleteResponseTopic {
            name: Cow::Owned(topic.name.to_string()),
            partitions: partitions.collect(),
        }
    });
    OffsetDeleteResponse { topics: topics.collect(), ..OffsetDeleteResponse::default() }
}
