//! What a group has committed.

mod commit;
mod expire;
mod fetch;

use ottla_protocol::messages::OffsetCommitValue;
use std::collections::BTreeMap;
use std::rc::Rc;

pub use commit::Commit;

/// What an offset takes beside its note: itself and its share of the map.
const FIXED_BYTES: usize = 96;
/// What a topic takes beside its name.
pub(crate) const TOPIC_BYTES: usize = 96;

/// As a consumer committed it, for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub offset: i64,
    /// -1: not known.
    pub leader_epoch: i32,
    pub metadata: Box<str>,
    pub commit_unix_ms: i64,
    /// Of commits that brought a retention time of their own; -1 otherwise.
    pub expire_unix_ms: i64,
}

impl Committed {
    pub(crate) fn bytes(&self) -> usize {
        FIXED_BYTES + self.metadata.len()
    }
}

/// One group's, by topic and partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    topics: BTreeMap<Rc<str>, BTreeMap<i32, Committed>>,
    bytes: usize,
}

impl Offsets {
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn get(&self, topic: &str, partition: i32) -> Option<&Committed> {
        self.topics.get(topic)?.get(&partition)
    }

    pub fn topics(&self) -> impl Iterator<Item = (&Rc<str>, &BTreeMap<i32, Committed>)> {
        self.topics.iter()
    }

    pub(crate) fn topic_count(&self) -> usize {
        self.topics.len()
    }

    pub fn of_topic(&self, topic: &str) -> Option<&BTreeMap<i32, Committed>> {
        self.topics.get(topic)
    }

    pub(crate) fn replay(&mut self, topic: &str, partition: i32, value: Option<&OffsetCommitValue<'_>>) {
        match value {
            Some(value) => {
                let committed = Committed {
                    offset: value.offset,
                    leader_epoch: value.leader_epoch,
                    metadata: Box::from(&*value.metadata),
                    commit_unix_ms: value.commit_timestamp,
                    expire_unix_ms: value.expire_timestamp,
                };
                self.insert(topic, partition, committed);
            }
            None => self.remove(topic, partition),
        }
    }

    fn insert(&mut self, topic: &str, partition: i32, committed: Committed) {
        self.bytes += committed.bytes();
        let partitions = match self.topics.get_mut(topic) {
            Some(partitions) => partitions,
            None => {
                self.bytes += TOPIC_BYTES + topic.len();
                self.topics.entry(Rc::from(topic)).or_default()
            }
        };
        if let Some(before) = partitions.insert(partition, committed) {
            self.bytes -= before.bytes();
        }
    }

    fn remove(&mut self, topic: &str, partition: i32) {
        let Some(partitions) = self.topics.get_mut(topic) else { return };
        if let Some(before) = partitions.remove(&partition) {
            self.bytes -= before.bytes();
        }
        if partitions.is_empty() {
            self.topics.remove(topic);
            self.bytes -= TOPIC_BYTES + topic.len();
        }
    }
}
