//! What every worker of a run knows before it begins.

use super::stamp::Form;
use crate::client::TopicMap;
use crate::client::admin::Offsets;
use crate::clock::{Clock, Nanos};
use crate::workload::keys::Keys;
use crate::workload::payload::Payloads;
use crate::workload::{GroupProtocol, PacingKind, ScheduleKind, Spread, Workload};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A record of a trace: how long after the first one it is due, and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traced {
    pub after_ns: Nanos,
    pub partition: i32,
}

/// A recorded load instead of a made one.
#[derive(Clone, Debug)]
pub struct Trace {
    pub records: Arc<[Traced]>,
    pub keys: Arc<[Option<Vec<u8>>]>,
}

pub struct Plan {
    pub workload: Workload,
    pub clock: Clock,
    pub verify: bool,
    pub bootstrap: Vec<String>,
    pub topics: Vec<String>,
    pub leaders: TopicMap,
    pub nodes: BTreeMap<i32, String>,
    /// Where consumers begin, and where catch-up readers do.
    pub latest: Offsets,
    pub earliest: Offsets,
    /// What consumers do: what the workload asks for, or what the broker can.
    pub group_protocol: GroupProtocol,
    /// Of groups, so that runs don't meet.
    pub run_id: String,
    pub payloads: Payloads,
    pub keys: Option<Keys>,
    pub trace: Option<Trace>,
    /// Which producers and consumers this process has, of how many processes.
    pub share: Share,
    pub timeout: Duration,
    pub shared: Shared,
}

/// One of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub index: usize,
    pub count: usize,
}

impl Part {
    pub const WHOLE: Part = Part { index: 0, count: 1 };

    pub fn has(&self, index: usize) -> bool {
        index % self.count.max(1) == self.index
    }
}

/// Which producers and consumers this process has, among those that make one load; none: no one of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub produces: Option<Part>,
    pub consumes: Option<Part>,
}

impl Default for Share {
    fn default() -> Self {
        Share { produces: Some(Part::WHOLE), consumes: Some(Part::WHOLE) }
    }
}

impl Share {
    /// Whether this process is all there is.
    pub fn is_whole(&self) -> bool {
        *self == Share::default()
    }
}

/// What workers and the main thread tell each other while they run.
#[derive(Debug, Default)]
pub struct Shared {
    times: OnceLock<Times>,
    /// Everything ends now.
    pub stop: AtomicBool,
    /// Consumers' positions, summed, from where they began; group members' too.
    pub advanced: AtomicI64,
    /// Records that were acknowledged so far, or sent when nothing is acknowledged.
    pub acknowledged: AtomicU64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// The load's first record, of the warm-up.
    pub start: Nanos,
    pub measured: Range<Nanos>,
    /// What was not delivered by then stays so.
    pub drained: Nanos,
}

impl Shared {
    /// None until every worker is ready.
    pub fn times(&self) -> Option<&Times> {
        self.times.get()
    }

    pub fn begin(&self, times: Times) {
        // A run begins once.
        let _ = self.times.set(times);
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Plan {
    /// How records are stamped: in the value where that is free to be written to.
    pub fn form(&self) -> Form {
        let form = Form { is_full: self.verify, in_header: false };
        let has_room = !self.payloads.are_real && self.payloads.smallest_bytes() >= form.bytes();
        Form { in_header: !has_room, ..form }
    }

    pub fn key_bytes_max(&self) -> usize {
        match &self.trace {
            Some(trace) => trace.keys.iter().flatten().map(Vec::len).max().unwrap_or(0),
            None => self.workload.records.key_bytes,
        }
    }

    /// The topics that the producer or consumer `index` deals with, as indexes into `topics`.
    pub fn topics_of(&self, index: usize, spread: Spread) -> Range<usize> {
        match spread {
            Spread::All => 0..self.topics.len(),
            Spread::Own => {
                let topic = index % self.topics.len().max(1);
                topic..topic + 1
            }
        }
    }

    /// Every partition of every topic, in order.
    pub fn partitions(&self) -> impl Iterator<Item = (usize, crate::client::Partition)> + '_ {
        self.topics.iter().enumerate().flat_map(|(index, topic)| {
            self.leaders.get(topic).into_iter().flatten().map(move |partition| (index, *partition))
        })
    }

    pub fn is_saturating(&self) -> bool {
        self.workload.pacing.kind != PacingKind::Open
    }

    /// Requests in flight on one connection of a producer.
    pub fn in_flight_max(&self) -> usize {
        let max = match self.workload.pacing.kind {
            PacingKind::Closed => self.workload.pacing.in_flight,
            PacingKind::Open | PacingKind::Flood => self.workload.producers.max_in_flight,
        };
        max as usize
    }

    /// One producer's part of the schedule.
    pub fn schedule(&self, producer: usize, times: &Times) -> crate::schedule::Schedule {
        use crate::schedule::{Schedule, Step};
        let pacing = &self.workload.pacing;
        let count = self.workload.producers.count.max(1);
        let share = 1.0 / count as f64;
        let phase = producer as f64 * share;
        let (start, end) = (times.start, times.measured.end);
        match pacing.schedule {
            ScheduleKind::Fixed => Schedule::fixed(pacing.rate * share, phase, start, end),
            ScheduleKind::Poisson => {
                let seed = self.workload.seed.wrapping_mul(1_000_003).wrapping_add(producer as u64);
                Schedule::poisson(pacing.rate * share, seed, start, end)
            }
            ScheduleKind::Stepped => {
                let mut steps: Vec<Step> =
                    pacing.steps.iter().map(|step| Step::new(step.rate * share, step.seconds)).collect();
                if pacing.repeat {
                    return Schedule::repeated(steps, phase, start, end);
                }
                // The warm-up runs at the first step's rate.
                if let Some(first) = steps.first_mut() {
                    first.length_ns += times.measured.start - start;
                }
                Schedule::stepped(steps, phase, start, end)
            }
        }
    }
}
