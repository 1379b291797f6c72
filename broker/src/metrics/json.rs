//! The report as JSON, with whole histograms: what `ottla stats` reads.
//!
//! Counts are since each core began; `at_ns` is a clock that all cores share, for rates between two reports. A bucket is its
//! largest value in nanoseconds and how many are in it.

use crate::stats::report::{CoreReport, Gauge, Report};
use serde_json::{Map, Value, json};

pub(super) const CONTENT_TYPE: &str = "application/json";

pub(super) fn write(report: Report) -> String {
    let cores: Vec<Value> = report.cores.iter().map(of_core).collect();
    let value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "node_id": report.node_id,
        "cluster_id": report.cluster_id,
        "began_unix_ms": report.began_unix_ms,
        "process": {
            "cpu_ns": report.process.cpu_nanos,
            "resident_bytes": report.process.resident_bytes,
        },
        "gauges": named(report.gauges.iter().copied()),
        "cores": cores,
    });
    value.to_string()
}

fn of_core(core: &CoreReport) -> Value {
    let requests = core.requests.iter().map(|(key, count)| (key.name().to_owned(), json!(count)));
    let errors = core
        .errors
        .iter()
        .map(|(key, code, count)| json!({ "api": key.name(), "error": code.to_string(), "count": count }));
    let stages = core.stages.iter().map(|times| {
        json!({
            "kind": times.kind.name(),
            "stage": times.stage.name(),
            "sum_ns": times.nanos,
            "buckets": times.buckets,
        })
    });
    json!({
        "shard": core.shard,
        "at_ns": core.at_nanos,
        "io": named(core.io.each()),
        "log": named(core.log.each()),
        "net": named(core.net.each()),
        "gauges": named(core.gauges.iter().copied()),
        "requests": requests.collect::<Map<_, _>>(),
        "errors": errors.collect::<Vec<_>>(),
        "stages": stages.collect::<Vec<_>>(),
    })
}

fn named(counts: impl Iterator<Item = Gauge>) -> Value {
    Value::Object(counts.map(|(name, _, value)| (name.to_owned(), json!(value))).collect())
}
