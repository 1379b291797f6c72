//! Takes the place of the crate `base2histogram` under openraft (`[patch.crates-io]` in the workspace).
//!
//! That crate makes tables for sixteen widths when the first histogram is made: 13 MB that stay, and as much again
//! while they grow, of a broker whose whole idle memory is to be 20 MB. openraft uses one width. This has the same
//! face, as far as openraft calls it, over the workspace's own library of histograms.

use hdrhistogram::Histogram as Inner;
use std::fmt;
use std::marker::PhantomData;

/// Larger values count as this: openraft records counts, permilles and microseconds.
const VALUE_MAX: u64 = 1 << 40;

/// Counts of values, to one significant digit.
#[derive(PartialEq)]
pub struct Histogram<T = ()> {
    /// Made at the first value: most of openraft's see none.
    counts: Option<Inner<u64>>,
    _slots: PhantomData<T>,
}

impl<T> Histogram<T> {
    pub fn new() -> Histogram<T> {
        Histogram { counts: None, _slots: PhantomData }
    }

    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    pub fn record_n(&mut self, value: u64, count: u64) {
        if self.counts.is_none() {
            self.counts = Inner::new_with_bounds(1, VALUE_MAX, 1).ok();
        }
        if let Some(counts) = &mut self.counts {
            counts.saturating_record_n(value, count);
        }
    }

    pub fn percentile_stats(&self) -> PercentileStats {
        let Some(counts) = &self.counts else { return PercentileStats::default() };
        let at = |percent| counts.value_at_percentile(percent);
        PercentileStats {
            samples: counts.len(),
            p0_1: at(0.1),
            p1: at(1.0),
            p5: at(5.0),
            p10: at(10.0),
            p50: at(50.0),
            p90: at(90.0),
            p99: at(99.0),
            p99_9: at(99.9),
        }
    }
}

impl<T: PartialEq> Eq for Histogram<T> {}

impl<T> Default for Histogram<T> {
    fn default() -> Self {
        Histogram::new()
    }
}

impl<T> Clone for Histogram<T> {
    fn clone(&self) -> Self {
        Histogram { counts: self.counts.clone(), _slots: PhantomData }
    }
}

impl<T> fmt::Debug for Histogram<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.percentile_stats(), f)
    }
}

/// How many values, and what so many percent of them are below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PercentileStats {
    pub samples: u64,
    pub p0_1: u64,
    pub p1: u64,
    pub p5: u64,
    pub p10: u64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PercentileStats { samples, p0_1, p1, p5, p10, p50, p90, p99, p99_9 } = self;
        write!(
            f,
            "[samples: {samples}, P0.1: {p0_1}, P1: {p1}, P5: {p5}, P10: {p10}, P50: {p50}, P90: {p90}, P99: {p99}, \
             P99.9: {p99_9}]"
        )
    }
}

/// Several histograms as text: a line each.
#[derive(Debug, Default)]
pub struct AsciiChart(String);

impl AsciiChart {
    pub fn new() -> AsciiChart {
        AsciiChart::default()
    }

    pub fn add<T>(mut self, name: &str, histogram: Histogram<T>) -> AsciiChart {
        self.0.push_str(&format!("{name}: {}\n", histogram.percentile_stats()));
        self
    }
}

impl fmt::Display for AsciiChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_values() {
        let mut histogram = Histogram::<()>::new();
        assert_eq!(histogram.percentile_stats(), PercentileStats::default());
        for value in 0..10 {
            histogram.record(value);
        }
        histogram.record_n(u64::MAX, 1);
        let stats = histogram.percentile_stats();
        assert_eq!((stats.samples, stats.p50), (11, 5));
        assert!(stats.p99_9 >= VALUE_MAX);
    }
}
