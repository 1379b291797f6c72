//! What one worker counted in one second, and the recorder that its producers and consumers write to.
//!
//! Counts are of what happened in the second. Distributions are of records that were intended within the measured part, whenever they ended:
//! a record that a stall made late counts, one of the warm-up does not.

use crate::clock::Nanos;
use crate::outcome::{Counts, Stage};
use hdrhistogram::Histogram;
use std::ops::Range;

pub const STAGES: [Stage; 4] = [Stage::Sent, Stage::Ack, Stage::Acknowledged, Stage::Fetched];

/// An hour: whatever took longer counts as that.
const LATENCY_MAX_NS: u64 = 3_600_000_000_000;
/// Three figures: a value is off by a thousandth at most.
const FIGURES: u8 = 3;

/// An empty histogram of nanoseconds, as all of this tool's.
pub fn histogram() -> Histogram<u64> {
    // Bounds that are known to be sound; the other way to make one takes no bounds and so can't fail on them.
    Histogram::new_with_bounds(1, LATENCY_MAX_NS, FIGURES)
        .unwrap_or_else(|_| unreachable!("1 to an hour in three figures"))
}

/// How well the generator kept to its schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Punctuality {
    pub records: u64,
    /// Sent later than the bound after they could have been.
    pub late: u64,
    pub latest_ns: Nanos,
    /// Looks of a timer that should fire every few milliseconds, and how many came late: the worker was not there to read answers either.
    pub looks: u64,
    pub late_looks: u64,
}

impl Punctuality {
    pub fn add(&mut self, other: &Punctuality) {
        self.records += other.records;
        self.late += other.late;
        self.latest_ns = self.latest_ns.max(other.latest_ns);
        self.looks += other.looks;
        self.late_looks += other.late_looks;
    }
}

pub struct Interval {
    /// Of the measured part, from 0; none before and after it.
    pub second: Option<u32>,
    pub counts: Counts,
    pub punctuality: Punctuality,
    /// In the order of [`STAGES`]; made when there is something to record.
    pub stages: [Option<Histogram<u64>>; 4],
    /// CPU time of the worker's thread in the interval.
    pub cpu_ns: u64,
}

impl Interval {
    pub fn new(second: Option<u32>) -> Interval {
        Interval {
            second,
            counts: Counts::default(),
            punctuality: Punctuality::default(),
            stages: [const { None }; 4],
            cpu_ns: 0,
        }
    }

    pub fn error_count(&self) -> u64 {
        self.counts.errors.values().sum()
    }

    pub fn add(&mut self, other: &Interval) {
        add_counts(&mut self.counts, &other.counts);
        self.punctuality.add(&other.punctuality);
        self.cpu_ns += other.cpu_ns;
        self.add_stages(other);
    }

    pub fn add_stages(&mut self, other: &Interval) {
        for (mine, theirs) in self.stages.iter_mut().zip(&other.stages) {
            if let Some(theirs) = theirs {
                // Both have the same bounds.
                let _ = mine.get_or_insert_with(histogram).add(theirs);
            }
        }
    }
}

pub fn add_counts(mine: &mut Counts, theirs: &Counts) {
    mine.records_intended += theirs.records_intended;
    mine.records_sent += theirs.records_sent;
    mine.records_acknowledged += theirs.records_acknowledged;
    mine.records_fetched += theirs.records_fetched;
    mine.bytes_acknowledged += theirs.bytes_acknowledged;
    mine.bytes_fetched += theirs.bytes_fetched;
    mine.records_caught_up += theirs.records_caught_up;
    mine.bytes_caught_up += theirs.bytes_caught_up;
    mine.produce_requests += theirs.produce_requests;
    mine.fetch_requests += theirs.fetch_requests;
    for (name, count) in &theirs.errors {
        *mine.errors.entry(name.clone()).or_default() += count;
    }
}

/// Lives on one worker's executor.
pub struct Recorder {
    /// When a record has to be intended to count.
    measured: Range<Nanos>,
    late_ns: Nanos,
    pub interval: Interval,
}

impl Recorder {
    pub fn new(measured: Range<Nanos>, late_ns: Nanos) -> Recorder {
        Recorder { measured, late_ns, interval: Interval::new(None) }
    }

    /// Hands out what was counted and begins `second`.
    pub fn roll(&mut self, second: Option<u32>) -> Interval {
        std::mem::replace(&mut self.interval, Interval::new(second))
    }

    #[inline]
    fn record(&mut self, stage: usize, intended: Nanos, from: Nanos, to: Nanos) {
        if self.measured.contains(&intended)
            && let Some(place) = self.interval.stages.get_mut(stage)
        {
            place.get_or_insert_with(histogram).saturating_record(nonnegative(to - from));
        }
    }

    /// Records of one batch were written to the socket at `sent`.
    pub fn sent(&mut self, intended: &[Nanos], sent: Nanos) {
        self.interval.counts.records_sent += intended.len() as u64;
        for &at in intended {
            self.record(0, at, at, sent);
        }
    }

    /// The generator got to `intended`'s batch `late_by` after it could have been sent.
    pub fn paced(&mut self, intended: &[Nanos], late_by: Nanos) {
        let measured = intended.iter().filter(|at| self.measured.contains(at)).count() as u64;
        let punctuality = &mut self.interval.punctuality;
        punctuality.records += measured;
        if late_by > self.late_ns {
            punctuality.late += measured;
        }
        if measured > 0 {
            punctuality.latest_ns = punctuality.latest_ns.max(late_by);
        }
    }

    /// A timer of the worker fired `late_by` after its time.
    pub fn looked(&mut self, late_by: Nanos) {
        self.interval.punctuality.looks += 1;
        if late_by > self.late_ns {
            self.interval.punctuality.late_looks += 1;
        }
    }

    pub fn acknowledged(&mut self, intended: &[Nanos], payload_bytes: u64, sent: Nanos, now: Nanos) {
        self.interval.counts.records_acknowledged += intended.len() as u64;
        self.interval.counts.bytes_acknowledged += payload_bytes;
        for &at in intended {
            self.record(1, at, sent, now);
            self.record(2, at, at, now);
        }
    }

    #[inline]
    pub fn fetched(&mut self, intended: Nanos, now: Nanos) {
        self.record(3, intended, intended, now);
    }

    pub fn error(&mut self, name: &str, count: u64) {
        let errors = &mut self.interval.counts.errors;
        match errors.get_mut(name) {
            Some(counted) => *counted += count,
            None => {
                errors.insert(name.to_owned(), count);
            }
        }
    }
}

/// Clocks of two machines may differ: what would be less than nothing counts as nothing.
fn nonnegative(nanos: Nanos) -> u64 {
    u64::try_from(nanos).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only records that were intended within the measured part are in the distributions, but everything counts where it happened.
    #[test]
    fn warm_up_is_counted_but_not_measured() {
        let mut recorder = Recorder::new(100..200, 5);
        recorder.sent(&[99, 100, 199, 200], 250);
        recorder.paced(&[99, 100, 199, 200], 6);
        recorder.acknowledged(&[150], 10, 160, 260);
        let interval = recorder.roll(Some(0));
        assert_eq!(interval.counts.records_sent, 4);
        let [sent, ack, acknowledged, fetched] = &interval.stages;
        assert_eq!(sent.as_ref().map(|sent| (sent.len(), sent.max())), Some((2, 150)));
        assert_eq!(ack.as_ref().map(|ack| (ack.len(), ack.max())), Some((1, 100)));
        assert_eq!(acknowledged.as_ref().map(|acknowledged| acknowledged.max()), Some(110));
        assert!(fetched.is_none());
        assert_eq!((interval.punctuality.records, interval.punctuality.late), (2, 2));
        assert_eq!(recorder.interval.second, Some(0));
        assert_eq!(recorder.interval.counts.records_sent, 0);
    }
}
