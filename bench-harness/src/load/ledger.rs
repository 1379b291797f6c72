//! PURE. What was acknowledged against what was seen, record by record.
//!
//! A stream is one producer's records in one partition, numbered from 0. Numbers mostly come one after the other, so a stream costs a few
//! words however long the run is.

use crate::outcome::Verification;
use rangemap::RangeSet;
use std::collections::HashMap;
use std::ops::Range;

/// Sentences that a report shows of what was wrong.
const EXAMPLES: usize = 10;

/// One producer's records in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    pub producer: u32,
    pub topic: usize,
    pub partition: i32,
}

/// Numbers as ranges; the one that grows is apart, so that the usual case is an addition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    run: Range<u64>,
    others: RangeSet<u64>,
}

/// What a number turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    InOrder,
    /// Numbers are missing between this one and the one before.
    Ahead,
    /// Later than one that follows it.
    Behind,
    Again,
}

impl Runs {
    pub fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
        } else if range.start == self.run.end && !self.run.is_empty() {
            self.run.end = range.end;
        } else {
            self.others.insert(range);
        }
        if self.run.is_empty()
            && let Some(first) = self.others.iter().next().cloned()
        {
            self.others.remove(first.clone());
            self.run = first;
        }
    }

    /// Adds a number as it arrives.
    #[inline]
    pub fn arrive(&mut self, number: u64) -> Arrival {
        if number == self.run.end && (!self.run.is_empty() || number == 0) {
            self.run.end += 1;
            return Arrival::InOrder;
        }
        let is_ahead = number >= self.run.end && !self.others.iter().any(|range| range.end > number);
        if self.run.contains(&number) || self.others.contains(&number) {
            return Arrival::Again;
        }
        if is_ahead {
            // The run that grows is the newest one.
            if !self.run.is_empty() {
                self.others.insert(self.run.clone());
            }
            self.run = number..number + 1;
            return Arrival::Ahead;
        }
        self.others.insert(number..number + 1);
        Arrival::Behind
    }

    pub fn ranges(&self) -> RangeSet<u64> {
        let mut all = self.others.clone();
        if !self.run.is_empty() {
            all.insert(self.run.clone());
        }
        all
    }
}

/// What one group's consumers saw, or the part of it that one worker's did.
#[derive(Debug, Default)]
pub struct Seen {
    pub streams: HashMap<StreamId, Runs>,
    pub records: u64,
    pub doubled: u64,
    pub reordered: u64,
    pub changed: u64,
    pub examples: Vec<String>,
}

impl Seen {
    /// A record with a sound stamp.
    #[inline]
    pub fn record(&mut self, id: StreamId, number: u64, describe: impl FnOnce() -> String) {
        self.records += 1;
        match self.streams.entry(id).or_default().arrive(number) {
            // What is ahead of its elders may still see them come.
            Arrival::InOrder | Arrival::Ahead => {}
            Arrival::Behind => {
                self.reordered += 1;
                self.example(|| format!("reordered: {}", describe()));
            }
            Arrival::Again => {
                self.doubled += 1;
                self.example(|| format!("doubled: {}", describe()));
            }
        }
    }

    pub fn changed(&mut self, describe: impl FnOnce() -> String) {
        self.records += 1;
        self.changed += 1;
        self.example(|| format!("changed: {}", describe()));
    }

    fn example(&mut self, text: impl FnOnce() -> String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(text());
        }
    }

    /// Adds what another worker's consumers of the same group saw. A stream that changed hands is no double.
    pub fn merge(&mut self, other: Seen) {
        for (id, runs) in other.streams {
            let mine = self.streams.entry(id).or_default();
            for range in runs.ranges().iter() {
                mine.insert(range.clone());
            }
        }
        self.records += other.records;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
        self.changed += other.changed;
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLES);
    }
}

/// Records that were acknowledged, or sent when nothing is acknowledged.
pub type Acknowledged = HashMap<StreamId, Runs>;

/// Holds what each group saw against what was acknowledged. `topics` are names by index.
pub fn verify(acknowledged: &Acknowledged, groups: &[Seen], topics: &[String]) -> Verification {
    let mut verification = Verification::default();
    let total: u64 = acknowledged.values().map(|runs| count(&runs.ranges())).sum();
    verification.records_expected = total * groups.len() as u64;
    for (index, seen) in groups.iter().enumerate() {
        verification.records_seen += seen.records;
        verification.doubled += seen.doubled;
        verification.reordered += seen.reordered;
        verification.changed += seen.changed;
        verification.examples.extend(seen.examples.iter().cloned());
        let mut ids: Vec<&StreamId> = acknowledged.keys().collect();
        ids.sort();
        for id in ids {
            let expected = acknowledged.get(id).map(Runs::ranges).unwrap_or_default();
            let found = seen.streams.get(id).map(Runs::ranges).unwrap_or_default();
            for range in expected.iter() {
                for lost in found.gaps(range) {
                    verification.lost += lost.end - lost.start;
                    let topic = topics.get(id.topic).map_or("?", String::as_str);
                    verification.examples.push(format!(
                        "lost: records {} to {} of producer {} in {topic}-{}, acknowledged and not seen by group {index}",
                        lost.start,
                        lost.end - 1,
                        id.producer,
                        id.partition,
                    ));
                }
            }
        }
    }
    verification.examples.truncate(EXAMPLES);
    verification
}

fn count(ranges: &RangeSet<u64>) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: StreamId = StreamId { producer: 1, topic: 0, partition: 2 };
    const SIX: Range<u64> = 0..6;

    fn seen(numbers: &[u64]) -> Seen {
        let mut seen = Seen::default();
        for number in numbers {
            seen.record(ID, *number, || format!("{number}"));
        }
        seen
    }

    fn acknowledged<const N: usize>(ranges: [Range<u64>; N]) -> Acknowledged {
        let mut runs = Runs::default();
        for range in ranges {
            runs.insert(range);
        }
        Acknowledged::from([(ID, runs)])
    }

    /// Lost, doubled and reordered are told apart.
    #[test]
    fn each_fault_has_its_name() {
        let topics = ["t".to_owned()];
        let check = |numbers: &[u64]| {
            let verification = verify(&acknowledged([SIX]), &[seen(numbers)], &topics);
            (verification.lost, verification.doubled, verification.reordered)
        };
        assert_eq!(check(&[0, 1, 2, 3, 4, 5]), (0, 0, 0));
        assert_eq!(check(&[0, 1, 4, 5]), (2, 0, 0));
        assert_eq!(check(&[0, 1, 2, 2, 3, 4, 5, 0]), (0, 2, 0));
        assert_eq!(check(&[0, 1, 3, 2, 4, 5]), (0, 0, 1));
        assert_eq!(check(&[3, 4, 5, 0, 1, 2, 3]), (0, 1, 3));
        assert_eq!(check(&[]), (6, 0, 0));
        let verification = verify(&acknowledged([SIX]), &[seen(&[0, 5])], &topics);
        assert_eq!(
            verification.examples,
            ["lost: records 1 to 4 of producer 1 in t-2, acknowledged and not seen by group 0"]
        );
    }

    /// What was written but not acknowledged is no fault, and every group has to see everything.
    #[test]
    fn unacknowledged_records_are_no_fault() {
        let verification =
            verify(&acknowledged([0..2, 4..6]), &[seen(&[0, 1, 2, 4, 5]), seen(&[0, 1, 4])], &[]);
        assert_eq!((verification.records_expected, verification.lost), (8, 1));
    }

    /// A partition that moved from one consumer to another loses nothing by it.
    #[test]
    fn streams_that_change_hands_are_joined() {
        let mut first = seen(&[0, 1, 2]);
        first.merge(seen(&[3, 4, 5]));
        let verification = verify(&acknowledged([SIX]), &[first], &[]);
        assert_eq!((verification.lost, verification.doubled, verification.records_seen), (0, 0, 6));
    }

    /// Numbers that come in any order are all kept.
    #[test]
    fn runs_keep_every_number() {
        let mut runs = Runs::default();
        for number in [5, 6, 7, 2, 3, 100, 101, 4, 0, 1] {
            runs.arrive(number);
        }
        let mut expected = RangeSet::new();
        expected.insert(0..8);
        expected.insert(100..102);
        assert_eq!(runs.ranges(), expected);
        assert_eq!(runs.arrive(6), Arrival::Again);
        assert_eq!(runs.arrive(102), Arrival::InOrder);
    }
}
