//! The figures of an outcome by name: what `compare` lays side by side and what `gate` bounds.

use super::units::{bytes, duration_f, number};
use super::{name, title};
use crate::outcome::{Distribution, Outcome, Stage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Nanoseconds,
    Bytes,
    BytesPerSecond,
    PerSecond,
    /// CPU seconds for each of something.
    CpuSeconds,
    Microseconds,
    Plain,
}

impl Unit {
    pub fn format(self, value: f64) -> String {
        match self {
            Unit::Nanoseconds => duration_f(value),
            Unit::Bytes => bytes(value),
            Unit::BytesPerSecond => format!("{}/s", bytes(value)),
            Unit::PerSecond => format!("{}/s", number(value)),
            Unit::CpuSeconds => format!("{} s", number(value)),
            Unit::Microseconds => format!("{} µs", number(value)),
            Unit::Plain => number(value),
        }
    }
}

/// Which way a user would have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Lower,
    Higher,
    /// Neither is better by itself.
    Neither,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// As baselines name it.
    pub name: String,
    /// As people read it.
    pub title: String,
    pub value: f64,
    pub unit: Unit,
    pub better: Better,
    /// Whether it comes out about the same on a machine that has other work to do.
    pub is_steady: bool,
}

/// Every figure that the outcome has, in the order in which a report shows them. Counters of the broker come last.
pub fn figures(outcome: &Outcome) -> Vec<Figure> {
    let mut figures = Figures(Vec::new());
    figures.rates(outcome);
    for (stage, distribution) in &outcome.stages {
        figures.latency(*stage, distribution);
    }
    figures.broker(outcome);
    figures.requests(outcome);
    figures.faults(outcome);
    figures.counters(outcome);
    figures.0
}

/// The few that answer most questions, in their order: what users wait for, how much came through, and what it cost.
pub fn headline(outcome: &Outcome) -> Vec<Figure> {
    let stage = super::main_stage(outcome).map_or("none", name);
    let names = [
        format!("latency.{stage}.p50_ns"),
        format!("latency.{stage}.p99_ns"),
        format!("latency.{stage}.p999_ns"),
        format!("latency.{stage}.max_ns"),
        "rate.acknowledged_records_per_s".to_owned(),
        "rate.acknowledged_bytes_per_s".to_owned(),
        "rate.fetched_records_per_s".to_owned(),
        "broker.cpu_s_per_gb".to_owned(),
        "broker.cpu_s_per_million_requests".to_owned(),
        "broker.resident_bytes_peak".to_owned(),
        "broker.disk_written_per_byte".to_owned(),
        "faults.errors".to_owned(),
    ];
    let all = figures(outcome);
    names.iter().filter_map(|name| all.iter().find(|figure| figure.name == *name).cloned()).collect()
}

struct Figures(Vec<Figure>);

impl Figures {
    fn add(
        &mut self,
        name: impl Into<String>,
        title: impl Into<String>,
        value: f64,
        unit: Unit,
        better: Better,
        is_steady: bool,
    ) {
        if value.is_finite() {
            self.0.push(Figure { name: name.into(), title: title.into(), value, unit, better, is_steady });
        }
    }

    fn rates(&mut self, outcome: &Outcome) {
        let counts = &outcome.counts;
        let mut rate = |name: &str, title: &str, amount: u64, unit: Unit| {
            if amount > 0 && outcome.measured_s > 0.0 {
                self.add(name, title, amount as f64 / outcome.measured_s, unit, Better::Higher, false);
            }
        };
        rate(
            "rate.acknowledged_records_per_s",
            "records acknowledged",
            counts.records_acknowledged,
            Unit::PerSecond,
        );
        rate(
            "rate.acknowledged_bytes_per_s",
            "bytes acknowledged",
            counts.bytes_acknowledged,
            Unit::BytesPerSecond,
        );
        rate("rate.fetched_records_per_s", "records fetched", counts.records_fetched, Unit::PerSecond);
        rate("rate.fetched_bytes_per_s", "bytes fetched", counts.bytes_fetched, Unit::BytesPerSecond);
        rate(
            "rate.caught_up_bytes_per_s",
            "bytes read by catch-up readers",
            counts.bytes_caught_up,
            Unit::BytesPerSecond,
        );
    }

    fn latency(&mut self, stage: Stage, distribution: &Distribution) {
        if distribution.count == 0 {
            return;
        }
        let percentiles = [
            ("p50_ns", "p50", 0.5, distribution.p50_ns),
            ("p90_ns", "p90", 0.9, distribution.p90_ns),
            ("p99_ns", "p99", 0.99, distribution.p99_ns),
            ("p999_ns", "p99.9", 0.999, distribution.p999_ns),
            ("p9999_ns", "p99.99", 0.9999, distribution.p9999_ns),
        ];
        let mut add = |key: &str, shown: &str, ns: u64| {
            let name = format!("latency.{}.{key}", name(stage));
            self.add(
                name,
                format!("{}, {shown}", title(stage)),
                ns as f64,
                Unit::Nanoseconds,
                Better::Lower,
                false,
            );
        };
        for (key, shown, quantile, ns) in percentiles {
            if super::text::is_seen(distribution, quantile) {
                add(key, shown, ns);
            }
        }
        add("max_ns", "maximum", distribution.max_ns);
    }

    fn broker(&mut self, outcome: &Outcome) {
        let Some(cost) = &outcome.broker else { return };
        let counts = &outcome.counts;
        let mut add = |name: &str, title: &str, value: Option<f64>, unit: Unit| {
            if let Some(value) = value {
                self.add(format!("broker.{name}"), title, value, unit, Better::Lower, true);
            }
        };
        let per = |amount: f64, of: u64| (of > 0).then(|| amount / of as f64);
        let of_disk = |amount: Option<u64>, of: u64| per(amount? as f64, of);
        add("cpu_s_per_gb", "broker CPU per GB", cost.cpu_s_per_gb, Unit::CpuSeconds);
        add(
            "cpu_s_per_million_requests",
            "broker CPU per million requests",
            cost.cpu_s_per_million_requests,
            Unit::CpuSeconds,
        );
        let records = counts
            .records_acknowledged
            .saturating_add(counts.records_fetched)
            .saturating_add(counts.records_caught_up);
        add("cpu_us_per_record", "broker CPU per record", per(cost.cpu_s * 1e6, records), Unit::Microseconds);
        add(
            "resident_bytes",
            "broker memory, resident at the end",
            Some(cost.resident_bytes as f64),
            Unit::Bytes,
        );
        add(
            "resident_bytes_peak",
            "broker memory, highest",
            Some(cost.resident_bytes_peak as f64),
            Unit::Bytes,
        );
        add(
            "disk_written_per_byte",
            "bytes written to disk per byte acknowledged",
            of_disk(cost.disk_written_bytes, counts.bytes_acknowledged),
            Unit::Plain,
        );
        add(
            "disk_read_per_byte",
            "bytes read from disk per byte fetched",
            of_disk(cost.disk_read_bytes, counts.bytes_fetched),
            Unit::Plain,
        );
    }

    fn requests(&mut self, outcome: &Outcome) {
        let counts = &outcome.counts;
        let mut per_million = |name: &str, title: &str, requests: u64, records: u64| {
            if records > 0 && requests > 0 {
                self.add(
                    name,
                    title,
                    requests as f64 * 1e6 / records as f64,
                    Unit::Plain,
                    Better::Lower,
                    true,
                );
            }
        };
        per_million(
            "requests.produce_per_million_records",
            "produce requests per million records",
            counts.produce_requests,
            counts.records_acknowledged,
        );
        per_million(
            "requests.fetch_per_million_records",
            "fetch requests per million records",
            counts.fetch_requests,
            counts.records_fetched,
        );
    }

    fn faults(&mut self, outcome: &Outcome) {
        let mut add = |name: &str, title: &str, count: u64| {
            self.add(name, title, count as f64, Unit::Plain, Better::Lower, true);
        };
        add("faults.errors", "errors", outcome.counts.errors.values().copied().fold(0, u64::saturating_add));
        if let Some(verification) = &outcome.verification {
            add("faults.lost", "records lost", verification.lost);
            add("faults.doubled", "records doubled", verification.doubled);
            add("faults.reordered", "records reordered", verification.reordered);
            add("faults.changed", "records changed", verification.changed);
        }
    }

    /// Of every counter of bytes its growth per byte acknowledged, or fetched where nothing was produced; of every other its growth per
    /// request. Both come out the same for runs of any length, and the second hardly moves with how full batches happened to be.
    fn counters(&mut self, outcome: &Outcome) {
        let Some(cost) = &outcome.broker else { return };
        let counts = &outcome.counts;
        let moved_bytes =
            if counts.bytes_acknowledged > 0 { counts.bytes_acknowledged } else { counts.bytes_fetched };
        let requests = counts.produce_requests.saturating_add(counts.fetch_requests);
        for (name, grown) in &cost.counters {
            let is_bytes = name.ends_with("_bytes_total");
            let (of, per) = if is_bytes { (moved_bytes, "byte") } else { (requests, "request") };
            if of > 0 {
                let value = grown / of as f64;
                let title = format!("{name} per {per}");
                self.add(format!("counter.{name}"), title, value, Unit::Plain, Better::Neither, true);
            }
        }
    }
}
