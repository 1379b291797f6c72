//! Where a producer's records come from: when the next one is due, its key and its value.

use super::plan::{Plan, Times};
use crate::clock::Nanos;
use crate::schedule::Schedule;
use crate::workload::keys::{KeyPicker, partition_of};
use crate::workload::payload::PayloadPicker;
use std::sync::Arc;

/// When a record is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It was meant to be sent then, which has come.
    Now(Nanos),
    /// The next one is due later.
    At(Nanos),
    /// There is none any more.
    Over,
}

/// Where the next record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Without a key: the producer chooses.
    Any,
    /// The partition of its key among as many as the topic has: the number is the key's hash.
    Hash(u32),
    /// A trace's partition.
    Partition(i32),
}

pub struct Source {
    pace: Pace,
    keys: KeySource,
    pub values: PayloadPicker,
}

enum Pace {
    Open(Schedule),
    /// Whenever there is room, until the end.
    Saturate {
        end: Nanos,
    },
}

enum KeySource {
    None,
    Picked { picker: KeyPicker, index: usize },
    Traced { keys: Arc<[Option<Vec<u8>>]>, partitions: Vec<i32>, order: Vec<usize>, at: usize },
}

impl Source {
    pub fn new(plan: &Plan, producer: usize, times: &Times) -> Source {
        if let Some(trace) = &plan.trace {
            return Source::of_trace(plan, trace, producer, times);
        }
        let seed = plan.workload.seed.wrapping_mul(31).wrapping_add(producer as u64);
        let keys = match &plan.keys {
            Some(keys) => {
                let start = producer * plan.workload.records.key_count / plan.workload.producers.count.max(1);
                let mut picker = KeyPicker::new(keys, &plan.workload.records, seed, start);
                let index = picker.pick();
                KeySource::Picked { picker, index }
            }
            None => KeySource::None,
        };
        let pace = if plan.is_saturating() {
            Pace::Saturate { end: times.measured.end }
        } else {
            Pace::Open(plan.schedule(producer, times))
        };
        Source { pace, keys, values: PayloadPicker::new(&plan.payloads, producer) }
    }

    /// The part of a trace whose partitions are this producer's: each partition keeps its order.
    fn of_trace(plan: &Plan, trace: &super::plan::Trace, producer: usize, times: &Times) -> Source {
        let count = plan.workload.producers.count.max(1);
        let mine = |partition: i32| usize::try_from(partition).unwrap_or(0) % count == producer;
        let order: Vec<usize> = trace
            .records
            .iter()
            .enumerate()
            .filter(|(_, record)| mine(record.partition))
            .map(|(index, _)| index)
            .collect();
        let of = |index: &usize| trace.records.get(*index);
        let at = order.iter().filter_map(of).map(|record| times.measured.start + record.after_ns).collect();
        let partitions = order.iter().filter_map(of).map(|record| record.partition).collect();
        let values = PayloadPicker::listed(&plan.payloads, order.clone());
        Source {
            pace: Pace::Open(Schedule::listed(at, times.measured.end)),
            keys: KeySource::Traced { keys: Arc::clone(&trace.keys), partitions, order, at: 0 },
            values,
        }
    }

    pub fn due(&self, now: Nanos) -> Due {
        match &self.pace {
            Pace::Open(schedule) => match schedule.peek() {
                Some(at) if at <= now => Due::Now(at),
                Some(at) => Due::At(at),
                None => Due::Over,
            },
            Pace::Saturate { end } if now < *end => Due::Now(now),
            Pace::Saturate { .. } => Due::Over,
        }
    }

    /// Where the next record goes.
    pub fn target(&self) -> Target {
        match &self.keys {
            KeySource::None => Target::Any,
            KeySource::Picked { picker, index } => Target::Hash(picker.hash(*index)),
            KeySource::Traced { partitions, at, .. } => {
                partitions.get(*at).map_or(Target::Any, |partition| Target::Partition(*partition))
            }
        }
    }

    /// The next record's key and value; the record is taken then.
    pub fn take(&mut self) -> (Option<&[u8]>, &[u8]) {
        if let Pace::Open(schedule) = &mut self.pace {
            schedule.take();
        }
        let key = match &mut self.keys {
            KeySource::None => None,
            KeySource::Picked { picker, index } => {
                let taken = std::mem::replace(index, picker.pick());
                Some(picker.key(taken))
            }
            KeySource::Traced { keys, order, at, .. } => {
                let index = order.get(*at).copied().unwrap_or(0);
                *at += 1;
                keys.get(index).and_then(Option::as_deref)
            }
        };
        (key, self.values.take())
    }

    /// A time before which the record `ahead` places behind the next one is not due.
    pub fn not_before(&self, ahead: usize) -> Option<Nanos> {
        match &self.pace {
            Pace::Open(schedule) => schedule.not_before(ahead),
            Pace::Saturate { .. } => None,
        }
    }

    /// How many records the schedule still has, which never became due for want of room.
    pub fn remaining(&self) -> u64 {
        match &self.pace {
            Pace::Open(schedule) => schedule.remaining(),
            Pace::Saturate { .. } => 0,
        }
    }
}

impl Target {
    /// The partition among `count`, for a record that has one.
    pub fn partition(self, count: usize) -> Option<usize> {
        match self {
            Target::Any => None,
            Target::Hash(hash) => Some(partition_of(hash, count)),
            Target::Partition(partition) => Some(usize::try_from(partition).unwrap_or(0) % count.max(1)),
        }
    }
}
