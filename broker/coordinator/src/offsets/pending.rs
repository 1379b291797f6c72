//! Offsets that were committed inside transactions: they count from the commit marker on, and never when it is an abort.
//!
//! As by Kafka, what was committed for the partition in the meantime, and so is newer, is not undone by the marker.

use super::{Committed, Offsets, TOPIC_BYTES};
use std::collections::BTreeMap;
use std::rc::Rc;

/// One group's, by topic and partition: of each open transaction the last one, in the order of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pending {
    of: BTreeMap<(Rc<str>, i32), Vec<Commit>>,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Commit {
    producer_id: i64,
    /// `None`: a newer one counts already, but until the marker nobody knows that this one does not.
    committed: Option<Committed>,
}

impl Commit {
    fn bytes(&self) -> usize {
        TOPIC_BYTES + self.committed.as_ref().map_or(0, Committed::bytes)
    }
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Memory that they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn contains(&self, topic: &str, partition: i32) -> bool {
        !self.of.is_empty() && self.of.contains_key(&(Rc::from(topic), partition))
    }

    pub(super) fn places(&self) -> impl Iterator<Item = (&Rc<str>, i32)> {
        self.of.keys().map(|(topic, partition)| (topic, *partition))
    }

    fn insert(&mut self, topic: &str, partition: i32, commit: Commit) {
        let commits = self.of.entry((Rc::from(topic), partition)).or_default();
        let before = commits.iter().position(|other| other.producer_id == commit.producer_id);
        if let Some(before) = before.map(|at| commits.remove(at)) {
            self.bytes -= before.bytes();
        }
        self.bytes += commit.bytes();
        commits.push(commit);
    }

    /// A newer commit counts.
    pub(super) fn outdate(&mut self, topic: &str, partition: i32) {
        if self.of.is_empty() {
            return;
        }
        for commit in self.of.get_mut(&(Rc::from(topic), partition)).into_iter().flatten() {
            self.bytes -= commit.committed.take().map_or(0, |committed| committed.bytes());
        }
    }

    /// The partition's offset is dropped, and with it what is pending for it.
    pub(super) fn remove(&mut self, topic: &str, partition: i32) {
        if self.of.is_empty() {
            return;
        }
        let removed = self.of.remove(&(Rc::from(topic), partition)).unwrap_or_default();
        self.bytes -= removed.iter().map(Commit::bytes).sum::<usize>();
    }

    /// Takes out what `producer_id` has pending; `each` gets what still counts of it.
    fn take(&mut self, producer_id: i64, mut each: impl FnMut(&Rc<str>, i32, Committed)) {
        self.of.retain(|(topic, partition), commits| {
            if let Some(at) = commits.iter().position(|commit| commit.producer_id == producer_id) {
                let commit = commits.remove(at);
                self.bytes -= commit.bytes();
                if let Some(committed) = commit.committed {
                    each(topic, *partition, committed);
                }
            }
            !commits.is_empty()
        });
    }

    /// Of a partition, what was committed before `producer_id` committed is older than that.
    fn outdate_before(&mut self, producer_id: i64, topics: &[(Rc<str>, i32)]) {
        for place in topics {
            let commits = self.of.get_mut(place).into_iter().flatten();
            for commit in commits.take_while(|commit| commit.producer_id != producer_id) {
                self.bytes -= commit.committed.take().map_or(0, |committed| committed.bytes());
            }
        }
    }
}

impl Offsets {
    /// An open transaction may change the offset of the partition.
    pub fn is_unstable(&self, topic: &str, partition: i32) -> bool {
        self.pending.contains(topic, partition)
    }

    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(crate) fn replay_pending(
        &mut self,
        producer_id: i64,
        topic: &str,
        partition: i32,
        committed: Committed,
    ) {
        let commit = Commit { producer_id, committed: Some(committed) };
        self.pending.insert(topic, partition, commit);
    }

    /// The transaction of `producer_id` ends.
    pub(crate) fn end_transaction(&mut self, producer_id: i64, commits: bool) {
        if commits {
            let of = self.pending.of.iter().filter(|(_, commits)| {
                commits.iter().any(|commit| commit.producer_id == producer_id && commit.committed.is_some())
            });
            let places: Vec<(Rc<str>, i32)> = of.map(|(place, _)| place.clone()).collect();
            self.pending.outdate_before(producer_id, &places);
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.take(producer_id, |topic, partition, committed| {
            if commits {
                self.insert(topic, partition, committed);
            }
        });
        self.pending = pending;
    }
}
