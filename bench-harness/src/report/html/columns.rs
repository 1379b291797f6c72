//! Seconds of a run joined to as many columns as a plot has room for. A run of hours keeps its worst seconds visible.

use crate::outcome::{Second, Stage};
use crate::report::units::significant;

/// Columns of a plot at most: some five pixels each.
const COLUMNS_MAX: usize = 300;

/// Buckets of the heat plot: the last ends at 2^40 µs, twelve days. A file that claims more has no use for them.
const BUCKETS_MAX: usize = 41;

/// One or more seconds. Rates are means, percentiles those of the worst second, counts sums.
#[derive(Clone, Debug, Default)]
pub struct Column {
    pub from_s: f64,
    pub until_s: f64,
    pub seconds: usize,
    pub records_sent_per_s: f64,
    pub records_acknowledged_per_s: f64,
    pub records_fetched_per_s: f64,
    pub bytes_acknowledged_per_s: f64,
    pub bytes_fetched_per_s: f64,
    pub broker_cores: Option<f64>,
    pub p50_ns: Option<f64>,
    pub p99_ns: Option<f64>,
    pub p999_ns: Option<f64>,
    pub heat: Vec<u64>,
}

impl Column {
    pub fn middle_s(&self) -> f64 {
        f64::midpoint(self.from_s, self.until_s)
    }

    pub fn when(&self) -> String {
        format!("{} to {} s", significant(self.from_s), significant(self.until_s))
    }
}

/// `stage` is the one whose percentiles and heat are shown.
pub fn columns(seconds: &[Second], stage: Option<Stage>) -> Vec<Column> {
    let per_column = seconds.len().div_ceil(COLUMNS_MAX).max(1);
    let mut columns = Vec::with_capacity(seconds.len().div_ceil(per_column));
    let mut from_s = 0.0;
    for joined in seconds.chunks(per_column) {
        let column = join(joined, stage, from_s);
        from_s = column.until_s;
        columns.push(column);
    }
    columns
}

fn join(seconds: &[Second], stage: Option<Stage>, from_s: f64) -> Column {
    // A row's time is that of its end; a file that says otherwise still gets a column.
    let until_s = seconds.last().map_or(from_s, |second| second.at_s).max(from_s + 0.001);
    let length_s = until_s - from_s;
    let mean = |amount: fn(&Second) -> u64| {
        seconds.iter().map(amount).fold(0, u64::saturating_add) as f64 / length_s
    };
    let seen =
        || seconds.iter().filter_map(|second| second.stages.get(&stage?)).filter(|seen| seen.count > 0);
    let cpu_s: Vec<f64> = seconds.iter().filter_map(|second| second.broker_cpu_s).collect();
    let mut heat: Vec<u64> = Vec::new();
    for second in seen() {
        heat.resize(heat.len().max(second.heat.len().min(BUCKETS_MAX)), 0);
        for (sum, count) in heat.iter_mut().zip(&second.heat) {
            *sum = sum.saturating_add(*count);
        }
    }
    Column {
        from_s,
        until_s,
        seconds: seconds.len(),
        records_sent_per_s: mean(|second| second.records_sent),
        records_acknowledged_per_s: mean(|second| second.records_acknowledged),
        records_fetched_per_s: mean(|second| second.records_fetched),
        bytes_acknowledged_per_s: mean(|second| second.bytes_acknowledged),
        bytes_fetched_per_s: mean(|second| second.bytes_fetched),
        broker_cores: (!cpu_s.is_empty()).then(|| cpu_s.iter().sum::<f64>() / length_s),
        p50_ns: seen().map(|seen| seen.p50_ns).max().map(|ns| ns as f64),
        p99_ns: seen().map(|seen| seen.p99_ns).max().map(|ns| ns as f64),
        p999_ns: seen().map(|seen| seen.p999_ns).max().map(|ns| ns as f64),
        heat,
    }
}
