//! Sums up what workers counted: seconds as they end, and the whole at the end.

use super::interval::{Interval, STAGES, histogram};
use crate::clock::MICROSECOND;
use crate::outcome::{Counts, Distribution, Second, SecondStage, Stage};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use std::collections::BTreeMap;

/// Buckets of the heat plot: up to 2^25 µs, half a minute; the last one has what took longer.
const HEAT_BUCKETS: usize = 26;

/// The sums of all workers' intervals.
pub struct Summary {
    workers: usize,
    /// By second: the sum so far, and how many workers gave theirs.
    open: BTreeMap<u32, (Interval, usize)>,
    /// Everything of the measured part; its distributions have what ended later too.
    pub whole: Interval,
    pub seconds: Vec<Second>,
    /// CPU time of each worker in the measured part.
    pub cpu_ns: Vec<u64>,
}

impl Summary {
    pub fn new(workers: usize) -> Summary {
        Summary {
            workers,
            open: BTreeMap::new(),
            whole: Interval::new(None),
            seconds: Vec::new(),
            cpu_ns: vec![0; workers],
        }
    }

    /// Adds a worker's interval; returns the second that is whole by it.
    pub fn add(&mut self, worker: usize, interval: &Interval) -> Option<&Second> {
        let Some(second) = interval.second else {
            // Warm-up and drain: only what the records of the measured part did.
            self.whole.add_stages(interval);
            return None;
        };
        self.whole.add(interval);
        if let Some(cpu_ns) = self.cpu_ns.get_mut(worker) {
            *cpu_ns += interval.cpu_ns;
        }
        let (sum, given) = self.open.entry(second).or_insert_with(|| (Interval::new(Some(second)), 0));
        sum.add(interval);
        *given += 1;
        if *given < self.workers {
            return None;
        }
        let (sum, _) = self.open.remove(&second)?;
        self.seconds.push(row(second, &sum));
        self.seconds.last()
    }

    pub fn counts(&self) -> &Counts {
        &self.whole.counts
    }

    /// Each stage that has records.
    pub fn stages(&self) -> BTreeMap<Stage, Distribution> {
        let stages = STAGES.into_iter().zip(&self.whole.stages);
        stages.filter_map(|(stage, histogram)| Some((stage, distribution(histogram.as_ref()?)))).collect()
    }
}

fn row(second: u32, sum: &Interval) -> Second {
    let stages = STAGES.into_iter().zip(&sum.stages);
    let counts = &sum.counts;
    Second {
        at_s: f64::from(second + 1),
        records_sent: counts.records_sent,
        records_acknowledged: counts.records_acknowledged,
        records_fetched: counts.records_fetched,
        bytes_acknowledged: counts.bytes_acknowledged,
        bytes_fetched: counts.bytes_fetched,
        errors: sum.error_count(),
        broker_cpu_s: None,
        stages: stages
            .filter_map(|(stage, histogram)| Some((stage, of_second(histogram.as_ref()?))))
            .collect(),
    }
}

fn of_second(histogram: &Histogram<u64>) -> SecondStage {
    let mut heat = vec![0; HEAT_BUCKETS];
    for value in histogram.iter_recorded() {
        let micros = value.value_iterated_to().div_ceil(MICROSECOND as u64).max(1);
        let bucket = micros.next_power_of_two().trailing_zeros() as usize;
        if let Some(count) = heat.get_mut(bucket.min(HEAT_BUCKETS - 1)) {
            *count += value.count_since_last_iteration();
        }
    }
    SecondStage {
        count: histogram.len(),
        p50_ns: histogram.value_at_quantile(0.5),
        p99_ns: histogram.value_at_quantile(0.99),
        p999_ns: histogram.value_at_quantile(0.999),
        max_ns: histogram.max(),
        heat,
    }
}

pub fn distribution(histogram: &Histogram<u64>) -> Distribution {
    let mut bytes = Vec::new();
    // Into memory, and of a range that the format can say: it does not fail.
    let _ = V2DeflateSerializer::new().serialize(histogram, &mut bytes);
    Distribution {
        count: histogram.len(),
        mean_ns: histogram.mean(),
        p50_ns: histogram.value_at_quantile(0.5),
        p90_ns: histogram.value_at_quantile(0.9),
        p99_ns: histogram.value_at_quantile(0.99),
        p999_ns: histogram.value_at_quantile(0.999),
        p9999_ns: histogram.value_at_quantile(0.9999),
        max_ns: histogram.max(),
        hdr: STANDARD.encode(bytes),
    }
}

/// The sum of several distributions of one stage.
pub fn joined<'a>(histograms: impl Iterator<Item = &'a Histogram<u64>>) -> Distribution {
    let mut sum = histogram();
    for one in histograms {
        // One of a wider range is cut to ours: an hour.
        for value in one.iter_recorded() {
            sum.saturating_record_n(value.value_iterated_to(), value.count_since_last_iteration());
        }
    }
    distribution(&sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::interval::Recorder;

    fn interval(second: Option<u32>, latency: i64) -> Interval {
        let mut recorder = Recorder::new(0..1_000_000_000, 5);
        recorder.roll(second);
        recorder.sent(&[10], 20);
        recorder.acknowledged(&[10], 100, 20, 10 + latency);
        recorder.error("connection", 2);
        recorder.interval.cpu_ns = 7;
        recorder.roll(None)
    }

    /// A second is whole when every worker gave its part.
    #[test]
    fn a_second_is_whole_with_every_worker() {
        let mut summary = Summary::new(2);
        assert!(summary.add(0, &interval(Some(0), 3_000)).is_none());
        assert!(summary.add(0, &interval(Some(1), 3_000)).is_none());
        let second = summary.add(1, &interval(Some(0), 5_000_000)).unwrap().clone();
        assert_eq!((second.at_s, second.records_acknowledged, second.errors), (1.0, 2, 4));
        let stage = &second.stages[&Stage::Acknowledged];
        assert_eq!((stage.count, stage.heat[2], stage.heat[13]), (2, 1, 1));
        assert_eq!(summary.cpu_ns, [14, 7]);
    }

    /// What a record of the measured part did after it is in the distributions, but not in the counts.
    #[test]
    fn the_drain_counts_for_distributions_alone() {
        let mut summary = Summary::new(1);
        summary.add(0, &interval(Some(0), 3_000));
        summary.add(0, &interval(None, 9_000_000));
        assert_eq!(summary.counts().records_acknowledged, 1);
        let stages = summary.stages();
        assert_eq!(stages[&Stage::Acknowledged].count, 2);
        assert!(stages[&Stage::Acknowledged].max_ns >= 9_000_000);
        assert!(!stages.contains_key(&Stage::Fetched));
    }
}
