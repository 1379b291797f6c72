//! What a group has committed.

mod commit;
mod expire;
mod fetch;
mod pending;

use ottla_protocol::messages::OffsetCommitValue;
use std::collections::BTreeMap;
use std::rc::Rc;

pub use commit::Commit;
use pending::Pending;

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
    pub(crate) fn of(value: &OffsetCommitValue<'_>) -> Committed {
        Committed {
            offset: value.offset,
            leader_epoch: value.leader_epoch,
            metadata: Box::from(&*value.metadata),
            commit_unix_ms: value.commit_timestamp,
            expire_unix_ms: value.expire_timestamp,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        FIXED_BYTES + self.metadata.len()
    }
}

/// One group's, by topic and partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    topics: BTreeMap<Rc<str>, BTreeMap<i32, Committed>>,
    pending: Pending,
    bytes: usize,
}

impl Offsets {
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.pending.is_empty()
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        self.bytes + self.pending.bytes()
    }

    pub fn get(&self, topic: &str, partition: i32) -> Option<&Committed> {
        self.topics.get(topic)?.get(&partition)
    }

    pub fn topics(&self) -> impl Iterator<Item = (&Rc<str>, &BTreeMap<i32, Committed>)> {
        self.topics.iter()
    }

    /// How much there is to look at, by topics.
    pub(crate) fn topic_count(&self) -> usize {
        self.topics.len() + self.pending.places().count()
    }

    pub fn of_topic(&self, topic: &str) -> Option<&BTreeMap<i32, Committed>> {
        self.topics.get(topic)
    }

    /// Partitions of `topic` that have an offset, or will have one when a transaction commits.
    pub(crate) fn partitions_of(&self, topic: &str) -> Vec<i32> {
        let committed = self.of_topic(topic).into_iter().flat_map(|of| of.keys().copied());
        let pending =
            self.pending.places().filter(|(of, index)| ***of == *topic && self.get(of, *index).is_none());
        committed.chain(pending.map(|(_, index)| index)).collect()
    }

    /// Every topic of which there are partitions, pending ones included.
    pub(crate) fn all_topics(&self) -> impl Iterator<Item = &Rc<str>> {
        let pending = self.pending.places().map(|(topic, _)| topic);
        self.topics.keys().chain(pending.filter(|topic| !self.topics.contains_key(*topic)))
    }

    pub(crate) fn replay(&mut self, topic: &str, partition: i32, value: Option<&OffsetCommitValue<'_>>) {
        match value {
            Some(value) => {
                self.pending.outdate(topic, partition);
                self.insert(topic, partition, Committed::of(value));
            }
            None => {
                self.pending.remove(topic, partition);
                self.remove(topic, partition);
            }
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
