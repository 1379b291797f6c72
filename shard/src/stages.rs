//! How long each stage of a request takes, as a histogram for each kind of request and stage.
//!
//! One [`Stages`] per core, always on; whoever sees a stage end records it. What it costs: `examples/stages.rs`.
//!
//! | stage | from | until | on the core of |
//! | --- | --- | --- | --- |
//! | admitted | its length is known | memory is counted for it, and all of it is here | the connection |
//! | parsed | | it is read and checked, and on its way to the owners of its partitions | the connection |
//! | crossed | | another core that owns some begins with it | the owner |
//! | appended | | its batches are in the tails of their logs, or in line for room there | the owner |
//! | written | | the write that makes the last of them durable begins: what group commit waits for | the owner |
//! | durable | | its acks are met | the owner |
//! | read | it begins at an owner | what a fetch asks for is read, from memory or disk | the owner |
//! | parked | too little was there | enough came, or the time was up | the connection |
//! | handled | it is here | its answer is known, if it neither produces nor fetches | the connection |
//! | released | its acks are met, or it is read or handled | its response is the next of its connection | the connection |
//! | sent | | the kernel has taken all of the response | the connection |
//! | total | its length is known | its response is sent | the connection |
//!
//! A stage begins where the one before it ends, so that those of a produce add up to its total when it has one batch. A
//! stamp within a task run is exact where work is measured, and the run's beginning where waiting is: see
//! [`ottla_io::recently`].

use hdrhistogram::Histogram;
use ottla_io::Instant;
use std::cell::RefCell;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Produce,
    Fetch,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Admitted,
    Parsed,
    Crossed,
    Appended,
    Written,
    Durable,
    Read,
    Parked,
    Handled,
    Released,
    Sent,
    Total,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Produce, Kind::Fetch, Kind::Other];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Produce => "produce",
            Kind::Fetch => "fetch",
            Kind::Other => "other",
        }
    }
}

impl Stage {
    pub const ALL: [Stage; 12] = [
        Stage::Admitted,
        Stage::Parsed,
        Stage::Crossed,
        Stage::Appended,
        Stage::Written,
        Stage::Durable,
        Stage::Read,
        Stage::Parked,
        Stage::Handled,
        Stage::Released,
        Stage::Sent,
        Stage::Total,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Stage::Admitted => "admitted",
            Stage::Parsed => "parsed",
            Stage::Crossed => "crossed",
            Stage::Appended => "appended",
            Stage::Written => "written",
            Stage::Durable => "durable",
            Stage::Read => "read",
            Stage::Parked => "parked",
            Stage::Handled => "handled",
            Stage::Released => "released",
            Stage::Sent => "sent",
            Stage::Total => "total",
        }
    }
}

/// The clock's own grain is coarser than anything below this.
const NANOS_MIN: u64 = 128;
/// Longer ones count as this long: no stage but a fetch's parking takes more than a minute, and clients ask for less.
const NANOS_MAX: u64 = 60_000_000_000;
/// Two significant digits: a bucket is at most 1% of its value wide. 24 KB for a histogram, made when it is first used.
const DIGITS: u8 = 2;

const STAGES: usize = Stage::ALL.len();
const SLOTS: usize = Kind::ALL.len() * STAGES;

/// What happened at one stage of one kind.
struct Times {
    histogram: Histogram<u64>,
    nanos: u64,
}

/// One core's.
pub struct Stages(RefCell<[Option<Box<Times>>; SLOTS]>);

impl Default for Stages {
    fn default() -> Stages {
        Stages(RefCell::new([const { None }; SLOTS]))
    }
}

/// What a core has recorded of a stage since it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageTimes {
    pub kind: Kind,
    pub stage: Stage,
    pub nanos: u64,
    /// The largest value of a bucket, in nanoseconds, and how many are in it; ascending, without empty ones.
    pub buckets: Vec<(u64, u64)>,
}

impl Stages {
    /// A stage that lasted from `from` to `to`; one that ends before it begins lasted for nothing.
    #[inline]
    pub fn record(&self, kind: Kind, stage: Stage, from: Instant, to: Instant) {
        let nanos = to.0.saturating_sub(from.0);
        let slots = &mut *self.0.borrow_mut();
        let Some(slot) = slots.get_mut(kind as usize * STAGES + stage as usize) else { return };
        match slot {
            Some(times) => times.record(nanos),
            None => first(slot, nanos),
        }
    }

    /// Everything that was recorded, in the order of kinds and stages.
    pub fn read(&self) -> Vec<StageTimes> {
        let slots = self.0.borrow();
        let keys = Kind::ALL.into_iter().flat_map(|kind| Stage::ALL.map(|stage| (kind, stage)));
        let recorded = slots.iter().zip(keys).filter_map(|(times, (kind, stage))| {
            let times = times.as_ref()?;
            let buckets = times.histogram.iter_recorded();
            let buckets = buckets.map(|step| (step.value_iterated_to(), step.count_at_value())).collect();
            Some(StageTimes { kind, stage, nanos: times.nanos, buckets })
        });
        recorded.collect()
    }
}

#[cold]
fn first(slot: &mut Option<Box<Times>>, nanos: u64) {
    // It fails on bounds that make no sense alone.
    if let Ok(histogram) = Histogram::new_with_bounds(NANOS_MIN, NANOS_MAX, DIGITS) {
        slot.insert(Box::new(Times { histogram, nanos: 0 })).record(nanos);
    }
}

impl Times {
    #[inline]
    fn record(&mut self, nanos: u64) {
        self.nanos = self.nanos.wrapping_add(nanos);
        self.histogram.saturating_record(nanos);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is recorded is read back, within the precision, by kind and stage, and nothing else is there.
    #[test]
    fn recorded_times_are_read_back() {
        let stages = Stages::default();
        assert!(stages.read().is_empty());
        let at = Instant;
        for (from, to) in [(1000, 21_000), (5000, 25_000), (0, 3_000_000)] {
            stages.record(Kind::Produce, Stage::Durable, at(from), at(to));
        }
        stages.record(Kind::Other, Stage::Total, at(9), at(4));
        stages.record(Kind::Fetch, Stage::Parked, at(0), at(u64::MAX));
        let [produce, fetch, other] = <[StageTimes; 3]>::try_from(stages.read()).unwrap();
        assert_eq!((produce.kind, produce.stage, produce.nanos), (Kind::Produce, Stage::Durable, 3_040_000));
        assert_eq!(produce.buckets.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 1]);
        for ((upper, _), nanos) in produce.buckets.iter().zip([20_000, 3_000_000]) {
            assert!((nanos..=nanos + nanos / 64).contains(upper), "{upper} for {nanos}");
        }
        assert_eq!((fetch.stage, fetch.buckets.len(), fetch.buckets[0].1), (Stage::Parked, 1, 1));
        assert!((NANOS_MAX..=NANOS_MAX + NANOS_MAX / 64).contains(&fetch.buckets[0].0));
        assert_eq!((other.kind, other.stage, other.nanos), (Kind::Other, Stage::Total, 0));
        assert_eq!(other.buckets.len(), 1);
    }

    /// Each pair has a place of its own.
    #[test]
    fn slots_do_not_overlap() {
        let stages = Stages::default();
        for kind in Kind::ALL {
            for stage in Stage::ALL {
                stages.record(kind, stage, Instant(0), Instant(1));
            }
        }
        let read = stages.read();
        assert_eq!(read.len(), SLOTS);
        assert!(read.iter().all(|times| times.buckets.iter().map(|(_, count)| count).sum::<u64>() == 1));
        let order: Vec<_> = read.iter().map(|times| (times.kind.name(), times.stage.name())).collect();
        assert_eq!(order[..2], [("produce", "admitted"), ("produce", "parsed")]);
        assert_eq!(order[SLOTS - 1], ("other", "total"));
    }
}
