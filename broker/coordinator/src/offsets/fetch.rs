//! OffsetFetch: what was committed last, or that nothing was.

use super::{Committed, Offsets};
use ottla_protocol::messages::offset_fetch_response::{
    OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use std::borrow::Cow;

impl Offsets {
    /// Of each partition that is asked for; one without an offset has -1.
    pub fn fetch(&self, topic: &str, partitions: &[i32]) -> OffsetFetchResponseTopics<'static> {
        let of_topic = self.of_topic(topic);
        let partitions = partitions.iter().map(|index| match of_topic.and_then(|of| of.get(index)) {
            Some(committed) => shown(*index, committed),
            None => OffsetFetchResponsePartitions {
                partition_index: *index,
                committed_offset: -1,
                ..OffsetFetchResponsePartitions::default()
            },
        });
        OffsetFetchResponseTopics {
            name: Cow::Owned(topic.to_owned()),
            partitions: partitions.collect(),
            ..OffsetFetchResponseTopics::default()
        }
    }

    /// All that the group has committed.
    pub fn fetch_all(&self) -> Vec<OffsetFetchResponseTopics<'static>> {
        let topics = self.topics().map(|(topic, partitions)| OffsetFetchResponseTopics {
            name: Cow::Owned(topic.to_string()),
            partitions: partitions.iter().map(|(index, committed)| shown(*index, committed)).collect(),
            ..OffsetFetchResponseTopics::default()
        });
        topics.collect()
    }
}

fn shown(partition_index: i32, committed: &Committed) -> OffsetFetchResponsePartitions<'static> {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: committed.offset,
        committed_leader_epoch: committed.leader_epoch,
        metadata: Some(Cow::Owned(committed.metadata.to_string())),
        ..OffsetFetchResponsePartitions::default()
    }
}
