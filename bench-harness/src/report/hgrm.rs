//! HdrHistogram's percentile text (`.hgrm`), that its plotter and other tools read, in milliseconds.
//!
//! The format is that of `outputPercentileDistribution` in HdrHistogram for Java: a header, a row for each percentile with the value,
//! the percentile as a fraction, the count up to there and 1/(1-fraction), and three comment lines.

use hdrhistogram::Histogram;
use std::fmt::Write as _;

const NS_PER_MS: f64 = 1e6;
/// Rows per halving of the distance to 100 %, HdrHistogram's own default.
const TICKS_PER_HALF_DISTANCE: u32 = 5;
/// HdrHistogram's name for the buckets over the first; each doubles the range.
const SUB_BUCKETS_PER_DIGIT: [u32; 6] = [2, 32, 256, 2_048, 32_768, 262_144];

/// The text of a histogram of nanoseconds.
pub fn write(histogram: &Histogram<u64>) -> String {
    let mut text = String::from("       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
    let mut below = 0;
    for step in histogram.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
        below += step.count_since_last_iteration();
        let value = histogram.highest_equivalent(step.value_iterated_to()) as f64 / NS_PER_MS;
        let quantile = step.quantile_iterated_to();
        let _ = write!(text, "{value:12.3} {quantile:2.12} {below:10}");
        if quantile < 1.0 {
            let _ = write!(text, " {:14.2}", 1.0 / (1.0 - quantile));
        }
        text.push('\n');
    }
    let sub_buckets = SUB_BUCKETS_PER_DIGIT.get(usize::from(histogram.sigfig())).copied().unwrap_or(0);
    let buckets = 64 - (histogram.high().max(1) / u64::from(sub_buckets.max(1))).leading_zeros() + 1;
    let _ = writeln!(
        text,
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]",
        histogram.mean() / NS_PER_MS,
        histogram.stdev() / NS_PER_MS
    );
    let _ = writeln!(
        text,
        "#[Max     = {:12.3}, Total count    = {:12}]",
        histogram.max() as f64 / NS_PER_MS,
        histogram.len()
    );
    let _ = writeln!(text, "#[Buckets = {buckets:12}, SubBuckets     = {sub_buckets:12}]");
    text
}

/// A row of such a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    pub value_ms: f64,
    /// From 0 to 1.
    pub quantile: f64,
    pub count_below: u64,
}

/// Reads the rows of a `.hgrm` file, ours or another tool's. Lines that are no rows are passed over.
pub fn parse(text: &str) -> Vec<Row> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let row = Row {
                value_ms: words.next()?.parse().ok()?,
                quantile: words.next()?.parse().ok()?,
                count_below: words.next()?.parse().ok()?,
            };
            (0.0..=1.0).contains(&row.quantile).then_some(row)
        })
        .collect()
}
