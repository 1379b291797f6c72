//! Which plots an outcome, or several beside each other, are shown by.

use super::Labelled;
use super::axis::{self, compact, nines};
use super::columns::{Column, columns};
use super::plot::{Cell, HEAT, Hover, Line, Plot};
use crate::outcome::{Outcome, Stage};
use crate::report::units::{bytes, count, duration, duration_f, number, significant, span};
use crate::report::{Error, histogram, main_stage, title};
use hdrhistogram::Histogram;

const STAGES: [Stage; 4] = [Stage::Sent, Stage::Ack, Stage::Acknowledged, Stage::Fetched];
/// Percentiles with a dot that says its value.
const NAMED: [(f64, &str); 7] = [
    (0.5, "p50"),
    (0.9, "p90"),
    (0.99, "p99"),
    (0.999, "p99.9"),
    (0.9999, "p99.99"),
    (0.999_99, "p99.999"),
    (0.999_999, "p99.9999"),
];

/// One plot of all stages for one outcome; for several, a plot for each stage with a line for each outcome.
pub fn percentiles(outcomes: &[Labelled<'_>]) -> Result<Vec<Plot>, Error> {
    let seen = |outcome: &Outcome, stage: Stage| -> Result<Option<Histogram<u64>>, Error> {
        match outcome.stages.get(&stage).filter(|distribution| distribution.count > 0) {
            Some(distribution) => histogram(stage, distribution).map(Some),
            None => Ok(None),
        }
    };
    if let [only] = outcomes {
        let mut lines = Vec::new();
        for stage in STAGES {
            if let Some(histogram) = seen(only.outcome, stage)? {
                lines.push((title(stage).to_owned(), histogram));
            }
        }
        return Ok(percentile_plot("Latency by percentile", lines).into_iter().collect());
    }
    let mut plots = Vec::new();
    // From what users wait for to what explains it.
    for stage in STAGES.into_iter().rev() {
        let mut lines = Vec::new();
        for labelled in outcomes {
            if let Some(histogram) = seen(labelled.outcome, stage)? {
                lines.push((labelled.label.clone(), histogram));
            }
        }
        if lines.len() > 1 {
            plots.extend(percentile_plot(&format!("Latency by percentile: {}", title(stage)), lines));
        }
    }
    Ok(plots)
}

fn percentile_plot(heading: &str, histograms: Vec<(String, Histogram<u64>)>) -> Option<Plot> {
    let most = histograms.iter().map(|(_, histogram)| histogram.len()).max()?;
    let x = axis::percentiles(most);
    let (mut lines, mut hovers) = (Vec::new(), Vec::new());
    for (colour, (label, histogram)) in histograms.iter().enumerate() {
        // Where the last record lies; beyond it a percentile is only the maximum again.
        let last = (histogram.len() as f64).log10();
        let mut points: Vec<(f64, f64)> = histogram
            .iter_quantiles(10)
            .map(|step| {
                (nines(step.quantile_iterated_to()), (step.value_iterated_to().max(1) as f64).log10())
            })
            .filter(|(place, _)| *place <= last)
            .collect();
        points.push((last, (histogram.max().max(1) as f64).log10()));
        for (quantile, name) in NAMED {
            if nines(quantile) <= last {
                let ns = histogram.value_at_quantile(quantile);
                let at = (nines(quantile), (ns.max(1) as f64).log10());
                hovers.push(Hover::Dot { at, colour, text: format!("{label}\n{name}: {}", duration(ns)) });
            }
        }
        let at = (last, (histogram.max().max(1) as f64).log10());
        hovers.push(Hover::Dot {
            at,
            colour,
            text: format!(
                "{label}\nmaximum of {} records: {}",
                count(histogram.len()),
                duration(histogram.max())
            ),
        });
        lines.push(Line { label: label.clone(), colour, points });
    }
    let y = axis::latency(lines.iter().flat_map(|line| line.points.iter().map(|(_, y)| 10f64.powf(*y))));
    let note = Some(
        "a logarithmic scale on both axes; to the right each mark is a tenth of the records before it"
            .to_owned(),
    );
    Some(Plot { title: heading.to_owned(), note, x, y, lines, cells: vec![], hovers })
}

/// A kind of value that each second has.
struct Measure {
    label: &'static str,
    value: fn(&Column) -> Option<f64>,
    format: fn(f64) -> String,
}

/// Rates, latencies and CPU over the run.
pub fn over_time(outcomes: &[Labelled<'_>]) -> Vec<Plot> {
    let runs: Vec<(String, Vec<Column>, Option<Stage>)> = outcomes
        .iter()
        .map(|labelled| {
            let stage = main_stage(labelled.outcome);
            (labelled.label.clone(), columns(&labelled.outcome.seconds, stage), stage)
        })
        .collect();
    let rate = |label, value| Measure { label, value, format: |rate| format!("{}/s", number(rate)) };
    let sent = rate("sent", |column: &Column| Some(column.records_sent_per_s));
    let acknowledged = rate("acknowledged", |column: &Column| Some(column.records_acknowledged_per_s));
    let fetched = rate("fetched", |column: &Column| Some(column.records_fetched_per_s));
    let traffic = |label, value| Measure { label, value, format: |rate| format!("{}/s", bytes(rate)) };
    let percentile = |label, value| Measure { label, value, format: duration_f };
    let p50 = percentile("p50", |column: &Column| column.p50_ns);
    let p99 = percentile("p99", |column: &Column| column.p99_ns);
    let p999 = percentile("p99.9", |column: &Column| column.p999_ns);
    let cores = || Measure {
        label: "broker CPU",
        value: |column: &Column| column.broker_cores,
        format: |cores| format!("{} cores", significant(cores)),
    };
    let stage = runs.iter().find_map(|(_, _, stage)| *stage).map_or("", title);
    let mut plots = Vec::new();
    if let [(_, columns, _)] = runs.as_slice() {
        let each = |measures: Vec<Measure>| -> Vec<(String, &[Column], Measure)> {
            measures
                .into_iter()
                .map(|measure| (measure.label.to_owned(), columns.as_slice(), measure))
                .collect()
        };
        plots.extend(series("Records per second", false, each(vec![sent, acknowledged, fetched])));
        plots.extend(series(&format!("Latency in each second: {stage}"), true, each(vec![p50, p99, p999])));
        let moved = vec![
            traffic("acknowledged", |column: &Column| Some(column.bytes_acknowledged_per_s)),
            traffic("fetched", |column: &Column| Some(column.bytes_fetched_per_s)),
        ];
        plots.extend(series("Bytes per second", false, each(moved)));
        plots.extend(series("Broker CPU: cores used", false, each(vec![cores()])));
        return plots;
    }
    let mut all = |heading: &str, is_latency: bool, measure: Measure| {
        let Measure { label, value, format } = measure;
        let each = runs
            .iter()
            .map(|(run, columns, _)| (run.clone(), columns.as_slice(), Measure { label, value, format }));
        plots.extend(series(heading, is_latency, each.collect()));
    };
    all(&format!("p50 in each second: {stage}"), true, p50);
    all(&format!("p99 in each second: {stage}"), true, p99);
    all(&format!("p99.9 in each second: {stage}"), true, p999);
    all("Records acknowledged per second", false, acknowledged);
    all("Records fetched per second", false, fetched);
    all("Broker CPU: cores used", false, cores());
    plots
}

/// None when no line has a value above zero.
fn series(heading: &str, is_latency: bool, series: Vec<(String, &[Column], Measure)>) -> Option<Plot> {
    let scale = |value: f64| if is_latency { value.max(1.0).log10() } else { value };
    let mut lines = Vec::new();
    for (colour, (label, columns, measure)) in series.iter().enumerate() {
        let points: Vec<(f64, f64)> = columns
            .iter()
            .filter_map(|column| Some((column.middle_s(), scale((measure.value)(column)?))))
            .collect();
        if points.iter().any(|(_, y)| *y > 0.0) {
            lines.push(Line { label: label.clone(), colour, points });
        }
    }
    if lines.is_empty() {
        return None;
    }
    let until_s = series
        .iter()
        .filter_map(|(_, columns, _)| columns.last())
        .map(|column| column.until_s)
        .fold(0.0, f64::max);
    let longest = series.iter().map(|(_, columns, _)| *columns).max_by_key(|columns| columns.len())?;
    let hovers = longest.iter().enumerate().map(|(index, column)| {
        let mut text = column.when();
        for (label, columns, measure) in &series {
            if let Some(value) = columns.get(index).and_then(|column| (measure.value)(column)) {
                text.push_str(&format!("\n{label}: {}", (measure.format)(value)));
            }
        }
        Hover::Strip { from: column.from_s, to: column.until_s, text }
    });
    let values = lines.iter().flat_map(|line| line.points.iter().map(|(_, y)| *y));
    let y =
        if is_latency { axis::latency(values.map(|y| 10f64.powf(y))) } else { axis::linear(values, compact) };
    let note = longest.first().filter(|column| column.seconds > 1).map(|column| {
        format!(
            "each point is {}: rates are its mean, percentiles those of its worst second",
            span(column.until_s - column.from_s)
        )
    });
    let hovers = hovers.collect();
    Some(Plot { title: heading.to_owned(), note, x: axis::time(until_s), y, lines, cells: vec![], hovers })
}

/// The heat plot of each outcome's main stage, all over the same range of latencies.
pub fn heat(outcomes: &[Labelled<'_>]) -> Vec<Plot> {
    let runs: Vec<(&Labelled<'_>, Vec<Column>)> = outcomes
        .iter()
        .map(|labelled| (labelled, columns(&labelled.outcome.seconds, main_stage(labelled.outcome))))
        .filter(|(_, columns)| columns.iter().any(|column| column.heat.iter().any(|count| *count > 0)))
        .collect();
    let buckets = runs.iter().flat_map(|(_, columns)| columns).flat_map(|column| {
        column.heat.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bucket, _)| bucket)
    });
    let y = axis::latency(buckets.flat_map(|bucket| [bucket_ns(bucket).0, bucket_ns(bucket).1]));
    let until_s = runs
        .iter()
        .filter_map(|(_, columns)| columns.last())
        .map(|column| column.until_s)
        .fold(0.0, f64::max);
    let many = outcomes.len() > 1;
    runs.iter()
        .map(|(labelled, columns)| {
            let stage = main_stage(labelled.outcome).map_or("", title);
            Plot {
                title: if many {
                    format!("{}: {stage}", labelled.label)
                } else {
                    format!("Where the records lie: {stage}")
                },
                note: Some(
                    "darker or brighter means more records of that second, by the logarithm of their share"
                        .to_owned(),
                ),
                x: axis::time(until_s),
                y: y.clone(),
                lines: vec![],
                cells: columns.iter().flat_map(cells).collect(),
                hovers: vec![],
            }
        })
        .collect()
}

/// Lower and upper end: upper ends are 2^k microseconds, and the first bucket reaches down a factor of two like all others.
fn bucket_ns(bucket: usize) -> (f64, f64) {
    let upper_ns = 1e3 * 2f64.powi(i32::try_from(bucket).unwrap_or(i32::MAX));
    (upper_ns / 2.0, upper_ns)
}

fn cells(column: &Column) -> Vec<Cell> {
    let total = column.heat.iter().copied().fold(0, u64::saturating_add);
    let filled = column.heat.iter().enumerate().filter(|(_, count)| **count > 0);
    filled
        .map(|(bucket, records)| {
            let (lower_ns, upper_ns) = bucket_ns(bucket);
            // From one record to all of them, evenly over the steps.
            let share = (*records as f64).ln_1p() / (total as f64).ln_1p();
            Cell {
                from: (column.from_s, lower_ns.log10()),
                to: (column.until_s, upper_ns.log10()),
                step: ((share * HEAT as f64) as usize).min(HEAT - 1),
                text: format!(
                    "{}\n{} to {}: {} of {} records",
                    column.when(),
                    duration_f(lower_ns),
                    duration_f(upper_ns),
                    count(*records),
                    count(total)
                ),
            }
        })
        .collect()
}
