//! The page that Prometheus reads, in its text format 0.0.4.
//!
//! The number of series depends on the number of cores, APIs and stages alone, never on topics, clients or time: some 600
//! and 100 for each core. Only the sums of the stages are told by core; their buckets are of the whole broker.

use crate::stats::report::{CoreReport, Report};
use crate::stats::{Kind, Stage};
use ottla_protocol::ErrorCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;

pub(super) use prometheus_text::CONTENT_TYPE;

/// Upper bounds of the buckets in microseconds: three a decade, from what a stage on one core takes to what clients give up at.
const BOUNDS_US: [u64; 21] = [
    5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
    1_000_000, 2_000_000, 5_000_000, 10_000_000, 30_000_000,
];

pub(super) fn write(report: Report) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Page(report)));
    let mut text = String::new();
    // A string takes everything.
    let _ = prometheus_text::encode(&mut text, &registry);
    text
}

#[derive(Debug)]
struct Page(Report);

type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let report = &self.0;
        self.broker(&mut encoder)?;
        let cores: Vec<(String, &CoreReport)> =
            report.cores.iter().map(|core| (core.shard.to_string(), core)).collect();
        gauges(&mut encoder, &cores)?;
        counters(&mut encoder, &cores, "io", |core| core.io.each().collect())?;
        counters(&mut encoder, &cores, "log", |core| core.log.each().collect())?;
        counters(&mut encoder, &cores, "net", |core| core.net.each().collect())?;
        self.requests(&mut encoder)?;
        self.stages(&mut encoder)?;
        stages_of_cores(&mut encoder, &cores)
    }
}

impl Page {
    fn broker(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let report = &self.0;
        let node = report.node_id.to_string();
        let build: Labels<'_, 3> =
            [("version", env!("CARGO_PKG_VERSION")), ("node_id", &node), ("cluster_id", &report.cluster_id)];
        let mut family = encoder.encode_descriptor(
            "ottla_build_info",
            "Always 1; its labels say what runs here.",
            None,
            MetricType::Gauge,
        )?;
        family.encode_family(&build)?.encode_gauge(&1_u64)?;
        for (name, help, value) in &report.gauges {
            let name = format!("ottla_{name}");
            encoder.encode_descriptor(&name, help, None, MetricType::Gauge)?.encode_gauge(value)?;
        }
        let process = &report.process;
        let cpu = encoder.encode_descriptor(
            "process_cpu_seconds",
            "CPU time of the process, in the kernel too.",
            None,
            MetricType::Counter,
        )?;
        count_seconds(cpu, process.cpu_nanos)?;
        encoder
            .encode_descriptor("process_resident_memory_bytes", "Memory in pages.", None, MetricType::Gauge)?
            .encode_gauge(&process.resident_bytes)?;
        encoder
            .encode_descriptor(
                "process_start_time_seconds",
                "When the broker started, in seconds since 1970.",
                None,
                MetricType::Gauge,
            )?
            .encode_gauge(&(report.began_unix_ms as f64 / 1000.0))
    }

    fn requests(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut requests: BTreeMap<i16, (&str, u64)> = BTreeMap::new();
        let mut errors: BTreeMap<(i16, ErrorCodeKey), (&str, u64)> = BTreeMap::new();
        for core in &self.0.cores {
            for (key, count) in &core.requests {
                requests.entry(*key as i16).or_insert((key.name(), 0)).1 += count;
            }
            for (key, code, count) in &core.errors {
                errors.entry((*key as i16, ErrorCodeKey(code.0))).or_insert((key.name(), 0)).1 += count;
            }
        }
        let mut family =
            encoder.encode_descriptor("ottla_requests", "Requests by API.", None, MetricType::Counter)?;
        for (api, total) in requests.values() {
            let labels: Labels<'_, 1> = [("api", api)];
            count(family.encode_family(&labels)?, *total)?;
        }
        let mut family = encoder.encode_descriptor(
            "ottla_request_errors",
            "Error codes in responses, by API; those of each partition count.",
            None,
            MetricType::Counter,
        )?;
        for ((_, code), (api, total)) in &errors {
            let name = ErrorCode(code.0).to_string();
            let labels: Labels<'_, 2> = [("api", api), ("error", &name)];
            count(family.encode_family(&labels)?, *total)?;
        }
        Ok(())
    }

    /// The times of all cores together.
    fn stages(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut family = encoder.encode_descriptor(
            "ottla_request_stage_seconds",
            "How long a stage of a request took, by kind of request and stage; total is all of it.",
            None,
            MetricType::Histogram,
        )?;
        for kind in Kind::ALL {
            for stage in Stage::ALL {
                let all = self.0.cores.iter().flat_map(|core| &core.stages);
                let mut buckets = BOUNDS_US.map(|bound| (bound as f64 / 1e6, 0)).to_vec();
                buckets.push((f64::INFINITY, 0));
                let (mut nanos, mut recorded) = (0_u64, 0);
                for times in all.filter(|times| times.kind == kind && times.stage == stage) {
                    nanos = nanos.wrapping_add(times.nanos);
                    for (upper, count) in &times.buckets {
                        let place = BOUNDS_US.partition_point(|bound| bound * 1000 < *upper);
                        if let Some((_, in_bucket)) = buckets.get_mut(place) {
                            *in_bucket += count;
                        }
                        recorded += count;
                    }
                }
                if recorded > 0 {
                    let labels: Labels<'_, 2> = [("kind", kind.name()), ("stage", stage.name())];
                    family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                        seconds(nanos),
                        recorded,
                        &buckets,
                        None,
                    )?;
                }
            }
        }
        Ok(())
    }
}

/// Orders codes by their number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ErrorCodeKey(i16);

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

fn count(mut metric: MetricEncoder<'_>, value: u64) -> fmt::Result {
    metric.encode_counter::<NoLabelSet, u64, f64>(&value, None)
}

fn count_seconds(mut metric: MetricEncoder<'_>, nanos: u64) -> fmt::Result {
    metric.encode_counter::<NoLabelSet, f64, f64>(&seconds(nanos), None)
}

/// `bytes_sent` as `sent_bytes`, since Prometheus wants the unit last.
fn unit_last(name: &str) -> String {
    match name.strip_prefix("bytes_") {
        Some(what) => format!("{what}_bytes"),
        None => name.to_owned(),
    }
}

/// Counters of a part of the core, a family for each with a series for each core.
fn counters(
    encoder: &mut DescriptorEncoder<'_>,
    cores: &[(String, &CoreReport)],
    part: &str,
    counts: impl Fn(&CoreReport) -> Vec<(&'static str, &'static str, u64)>,
) -> fmt::Result {
    let of_cores: Vec<_> = cores.iter().map(|(shard, core)| (shard, counts(core))).collect();
    let Some((_, first)) = of_cores.first() else { return Ok(()) };
    for (place, (name, help, _)) in first.iter().enumerate() {
        let in_seconds = name.strip_suffix("_nanos").map(|what| format!("ottla_{part}_{what}_seconds"));
        let is_time = in_seconds.is_some();
        let name = in_seconds.unwrap_or_else(|| format!("ottla_{part}_{}", unit_last(name)));
        let mut family = encoder.encode_descriptor(&name, help, None, MetricType::Counter)?;
        for (shard, counts) in &of_cores {
            let Some((_, _, value)) = counts.get(place) else { continue };
            let labels: Labels<'_, 1> = [("shard", shard)];
            let metric = family.encode_family(&labels)?;
            if is_time { count_seconds(metric, *value)? } else { count(metric, *value)? }
        }
    }
    Ok(())
}

fn gauges(encoder: &mut DescriptorEncoder<'_>, cores: &[(String, &CoreReport)]) -> fmt::Result {
    let Some((_, first)) = cores.first() else { return Ok(()) };
    for (place, (name, help, _)) in first.gauges.iter().enumerate() {
        let name = format!("ottla_{name}");
        let mut family = encoder.encode_descriptor(&name, help, None, MetricType::Gauge)?;
        for (shard, core) in cores {
            let Some((_, _, value)) = core.gauges.get(place) else { continue };
            let labels: Labels<'_, 1> = [("shard", shard)];
            family.encode_family(&labels)?.encode_gauge(value)?;
        }
    }
    Ok(())
}

/// Which core's stages take the time: sums and counts.
fn stages_of_cores(encoder: &mut DescriptorEncoder<'_>, cores: &[(String, &CoreReport)]) -> fmt::Result {
    let families = [
        (
            false,
            "ottla_shard_stage_seconds",
            "Time that stages of requests took, by the core that they were on.",
        ),
        (true, "ottla_shard_stages", "Stages of requests that ended, by the core that they were on."),
    ];
    for (is_count, name, help) in families {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (shard, core) in cores {
            for times in &core.stages {
                let labels: Labels<'_, 3> =
                    [("shard", shard), ("kind", times.kind.name()), ("stage", times.stage.name())];
                let metric = family.encode_family(&labels)?;
                if is_count {
                    count(metric, times.buckets.iter().map(|(_, count)| count).sum())?;
                } else {
                    count_seconds(metric, times.nanos)?;
                }
            }
        }
    }
    Ok(())
}
