//! OffsetForLeaderEpoch (key 23), v2-4: where an epoch's records end (KIP-101, KIP-279).
//!
//! v2: the leader epoch that the client knows (KIP-320). v3: the replica that asks, which changes nothing here.

use super::Context;
use super::owners::{self, Asked};
use crate::core::Core;
use ottla_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use ottla_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: OffsetForLeaderEpochRequest<'_>,
) -> OffsetForLeaderEpochResponse<'static> {
    let image = core.image();
    let mut topics = Vec::with_capacity(request.topics.len());
    let mut asked = Vec::new();
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let index = partition.partition;
            partitions.push(EpochEndOffset { partition: index, ..EpochEndOffset::default() });
            asked.push(owners::find(&image, &topic.topic, index).map(|topic_id| Asked {
                topic_id,
                index,
                what: (partition.current_leader_epoch, partition.leader_epoch),
            }));
        }
        topics.push(OffsetForLeaderTopicResult { topic: Cow::Owned(topic.topic.to_string()), partitions });
    }
    drop(image);
    let ends = owners::ask(core, asked, |partition, (current, epoch)| async move {
        partition.check_epoch(current)?;
        Ok(partition.end_offset_for_epoch(epoch))
    });
    let places = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    for (place, end) in places.zip(ends.await) {
        match end {
            Ok(Some((leader_epoch, end_offset))) => {
                (place.leader_epoch, place.end_offset) = (leader_epoch, end_offset);
            }
            // An epoch that nobody knows of: -1 and -1, without an error.
            Ok(None) => {}
            Err(code) => place.error_code = code.0,
        }
    }
    OffsetForLeaderEpochResponse { topics, ..OffsetForLeaderEpochResponse::default() }
}
