//! Rates and percentiles between two reports, as tables and as JSON.

use super::source::{Core, Counts, Report, Times};
use crate::cli::table::{Table, count, size};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What happened between two looks.
#[derive(Debug, Serialize)]
pub struct View {
    node_id: i32,
    cluster_id: String,
    version: String,
    seconds: f64,
    /// CPU time over time: 1 is one core.
    cpu: f64,
    resident_bytes: u64,
    connections: u64,
    partitions: u64,
    partitions_offline: u64,
    records_in_per_second: f64,
    shards: Vec<Shard>,
    errors: Vec<Error>,
    stages: Vec<Stage>,
}

#[derive(Debug, Serialize)]
struct Shard {
    shard: u16,
    /// CPU time of its thread over time.
    busy: f64,
    requests_per_second: f64,
    produces_per_second: f64,
    fetches_per_second: f64,
    bytes_received_per_second: f64,
    bytes_sent_per_second: f64,
    durable_writes_per_second: f64,
    ring_enters_per_second: f64,
    wakes_per_second: f64,
    long_task_runs: u64,
    connections: u64,
    parked_fetches: u64,
    memory_bytes: u64,
    memory_waiting: u64,
    batch_cache_bytes: u64,
    cold_reads_per_second: f64,
}

#[derive(Debug, Serialize)]
struct Error {
    api: String,
    error: String,
    per_second: f64,
}

#[derive(Debug, Serialize)]
struct Stage {
    kind: String,
    stage: String,
    #[serde(flatten)]
    times: Percentiles,
    /// Of all the time that requests of its kind took; 1 is all of it.
    share: f64,
    by_shard: Vec<StageOfShard>,
}

#[derive(Debug, Serialize)]
struct StageOfShard {
    shard: u16,
    #[serde(flatten)]
    times: Percentiles,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Percentiles {
    per_second: f64,
    mean_us: f64,
    p50_us: f64,
    p99_us: f64,
    p999_us: f64,
    max_us: f64,
}

/// What was recorded of a stage between two looks.
#[derive(Clone, Debug, Default)]
struct Recorded {
    nanos: u64,
    buckets: BTreeMap<u64, u64>,
}

impl Recorded {
    fn between(before: Option<&Times>, now: &Times) -> Recorded {
        let mut buckets: BTreeMap<u64, u64> = now.buckets.iter().copied().collect();
        let before_nanos = before.map_or(0, |before| before.sum_ns);
        for (upper, was) in before.iter().flat_map(|before| &before.buckets) {
            if let Some(count) = buckets.get_mut(upper) {
                *count = count.saturating_sub(*was);
            }
        }
        buckets.retain(|_, count| *count > 0);
        Recorded { nanos: now.sum_ns.saturating_sub(before_nanos), buckets }
    }

    fn add(&mut self, other: &Recorded) {
        self.nanos += other.nanos;
        for (upper, count) in &other.buckets {
            *self.buckets.entry(*upper).or_default() += count;
        }
    }

    fn percentiles(&self, seconds: f64) -> Percentiles {
        let total: u64 = self.buckets.values().sum();
        if total == 0 {
            return Percentiles::default();
        }
        let at = |quantile: f64| {
            let rank = ((total as f64 * quantile).ceil() as u64).clamp(1, total);
            let mut seen = 0;
            let found = self.buckets.iter().find(|(_, count)| {
                seen += **count;
                seen >= rank
            });
            found.map_or(0.0, |(upper, _)| *upper as f64 / 1000.0)
        };
        Percentiles {
            per_second: total as f64 / seconds,
            mean_us: self.nanos as f64 / total as f64 / 1000.0,
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: at(1.0),
        }
    }
}

fn value(counts: &Counts, name: &str) -> u64 {
    counts.get(name).copied().unwrap_or(0)
}

fn more(before: &Counts, now: &Counts, name: &str) -> u64 {
    value(now, name).saturating_sub(value(before, name))
}

impl View {
    pub fn between(before: &Report, now: &Report) -> View {
        let nothing = Core::default();
        let pairs: Vec<(&Core, &Core)> = now
            .cores
            .iter()
            .map(|core| (before.cores.iter().find(|was| was.shard == core.shard).unwrap_or(&nothing), core))
            .collect();
        let shards: Vec<Shard> = pairs.iter().map(|(was, core)| Shard::between(was, core)).collect();
        let seconds =
            pairs.iter().map(|(was, core)| seconds_between(was, core)).fold(0.0, f64::max).max(1e-9);
        let sum = |name| now.cores.iter().map(|core| value(&core.gauges, name)).sum();
        let records: u64 =
            pairs.iter().map(|(was, core)| more(&was.log, &core.log, "appended_records")).sum();
        View {
            node_id: now.node_id,
            cluster_id: now.cluster_id.clone(),
            version: now.version.clone(),
            seconds,
            cpu: more(&before.process, &now.process, "cpu_ns") as f64 / 1e9 / seconds,
            resident_bytes: value(&now.process, "resident_bytes"),
            connections: sum("connections"),
            partitions: value(&now.gauges, "partitions"),
            partitions_offline: sum("partitions_offline"),
            records_in_per_second: records as f64 / seconds,
            shards,
            errors: errors(&pairs, seconds),
            stages: stages(&pairs, seconds),
        }
    }

    /// For people. With `by_core` each stage is followed by a line for each core that it was on.
    pub fn text(&self, by_core: bool) -> String {
        let mut text = String::new();
        // A string takes everything.
        let _ = self.write_text(&mut text, by_core);
        text
    }

    fn write_text(&self, text: &mut String, by_core: bool) -> std::fmt::Result {
        writeln!(
            text,
            "node {} (Ottla {}): {:.2} cores of CPU, {} resident, {} connections, {} partitions, {} records/s in",
            self.node_id,
            self.version,
            self.cpu,
            size(self.resident_bytes),
            count(self.connections),
            count(self.partitions),
            count(self.records_in_per_second.round() as u64),
        )?;
        if self.partitions_offline > 0 {
            writeln!(text, "{} partitions are OFFLINE: the broker's log says why", self.partitions_offline)?;
        }
        writeln!(text, "\n{}", self.shard_table())?;
        if self.stages.is_empty() {
            writeln!(text, "no request in the last {:.1} s", self.seconds)?;
        } else {
            write!(text, "{}", self.stage_table(by_core))?;
        }
        for error in &self.errors {
            writeln!(text, "errors: {} {}: {}/s", error.api, error.error, rate(error.per_second))?;
        }
        Ok(())
    }

    fn shard_table(&self) -> Table {
        let mut table = Table::new(&[
            ">SHARD",
            ">BUSY",
            ">REQ/S",
            ">PRODUCE/S",
            ">FETCH/S",
            ">IN/S",
            ">OUT/S",
            ">WRITES/S",
            ">ENTERS/S",
            ">WAKES/S",
            ">COLD/S",
            ">LONG",
            ">CONNS",
            ">PARKED",
            ">MEMORY",
        ]);
        for shard in &self.shards {
            let bytes = |rate: f64| size(rate.round() as u64);
            let memory = match shard.memory_waiting {
                0 => size(shard.memory_bytes),
                waiting => format!("{}, {waiting} wait", size(shard.memory_bytes)),
            };
            table.row([
                shard.shard.to_string(),
                percent(shard.busy),
                rate(shard.requests_per_second),
                rate(shard.produces_per_second),
                rate(shard.fetches_per_second),
                bytes(shard.bytes_received_per_second),
                bytes(shard.bytes_sent_per_second),
                rate(shard.durable_writes_per_second),
                rate(shard.ring_enters_per_second),
                rate(shard.wakes_per_second),
                rate(shard.cold_reads_per_second),
                count(shard.long_task_runs),
                count(shard.connections),
                count(shard.parked_fetches),
                memory,
            ]);
        }
        table
    }

    fn stage_table(&self, by_core: bool) -> Table {
        let mut table = Table::new(&[
            "REQUEST",
            "STAGE",
            ">PER SECOND",
            ">MEAN",
            ">P50",
            ">P99",
            ">P99.9",
            ">MAX",
            ">SHARE",
            "SLOWEST",
        ]);
        for stage in &self.stages {
            let slowest = stage.by_shard.iter().max_by(|a, b| a.times.p99_us.total_cmp(&b.times.p99_us));
            let slowest = slowest.filter(|_| stage.by_shard.len() > 1);
            let slowest = slowest.map_or(String::new(), |slowest| {
                format!("shard {} ({})", slowest.shard, time(slowest.times.p99_us))
            });
            table.row(row(&stage.kind, &stage.stage, &stage.times, percent(stage.share), slowest));
            for of_shard in stage.by_shard.iter().filter(|_| by_core) {
                let name = format!("  shard {}", of_shard.shard);
                table.row(row("", &name, &of_shard.times, String::new(), String::new()));
            }
        }
        table
    }
}

fn row(kind: &str, stage: &str, times: &Percentiles, share: String, slowest: String) -> [String; 10] {
    [
        kind.to_owned(),
        stage.to_owned(),
        rate(times.per_second),
        time(times.mean_us),
        time(times.p50_us),
        time(times.p99_us),
        time(times.p999_us),
        time(times.max_us),
        share,
        slowest,
    ]
}

fn seconds_between(before: &Core, now: &Core) -> f64 {
    now.at_ns.saturating_sub(before.at_ns) as f64 / 1e9
}

impl Shard {
    fn between(before: &Core, now: &Core) -> Shard {
        let seconds = seconds_between(before, now).max(1e-9);
        let io = |name| more(&before.io, &now.io, name) as f64 / seconds;
        let gauge = |name| value(&now.gauges, name);
        let requests: u64 = now.requests.keys().map(|api| more(&before.requests, &now.requests, api)).sum();
        let api = |name| more(&before.requests, &now.requests, name) as f64 / seconds;
        Shard {
            shard: now.shard,
            busy: io("cpu_nanos") / 1e9,
            requests_per_second: requests as f64 / seconds,
            produces_per_second: api("Produce"),
            fetches_per_second: api("Fetch"),
            bytes_received_per_second: io("bytes_received"),
            bytes_sent_per_second: io("bytes_sent"),
            durable_writes_per_second: io("durable_writes"),
            ring_enters_per_second: io("ring_enters"),
            wakes_per_second: io("wakes_received"),
            long_task_runs: more(&before.io, &now.io, "long_task_runs"),
            connections: gauge("connections"),
            parked_fetches: gauge("parked_fetches"),
            memory_bytes: gauge("memory_requests_bytes") + gauge("memory_responses_bytes"),
            memory_waiting: gauge("memory_waiting"),
            batch_cache_bytes: gauge("batch_cache_bytes"),
            cold_reads_per_second: more(&before.log, &now.log, "cold_reads") as f64 / seconds,
        }
    }
}

fn errors(pairs: &[(&Core, &Core)], seconds: f64) -> Vec<Error> {
    let mut errors: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (was, core) in pairs {
        for error in &core.errors {
            let same =
                |other: &&super::source::ErrorCount| other.api == error.api && other.error == error.error;
            let before = was.errors.iter().find(same).map_or(0, |error| error.count);
            *errors.entry((&error.api, &error.error)).or_default() += error.count.saturating_sub(before);
        }
    }
    let happened = errors.into_iter().filter(|(_, count)| *count > 0);
    happened
        .map(|((api, error), count)| Error {
            api: api.to_owned(),
            error: error.to_owned(),
            per_second: count as f64 / seconds,
        })
        .collect()
}

/// In the order in which the cores tell them, those that happened.
fn stages(pairs: &[(&Core, &Core)], seconds: f64) -> Vec<Stage> {
    let mut found: Vec<(&str, &str, Recorded, Vec<StageOfShard>)> = Vec::new();
    for (was, core) in pairs {
        for now in &core.stages {
            let before = was.stages.iter().find(|was| was.kind == now.kind && was.stage == now.stage);
            let recorded = Recorded::between(before, now);
            if recorded.buckets.is_empty() {
                continue;
            }
            let times = recorded.percentiles(seconds);
            let of_shard = StageOfShard { shard: core.shard, times };
            match found.iter_mut().find(|(kind, stage, ..)| *kind == now.kind && *stage == now.stage) {
                Some((_, _, all, by_shard)) => {
                    all.add(&recorded);
                    by_shard.push(of_shard);
                }
                None => found.push((&now.kind, &now.stage, recorded, vec![of_shard])),
            }
        }
    }
    // A stage that the first core had none of is found last.
    found.sort_by_key(|(kind, stage, ..)| (place(&KINDS, kind), place(&STAGES, stage)));
    let total_nanos = |kind: &str| {
        let total = found.iter().find(|(other, stage, ..)| *other == kind && *stage == "total");
        total.map_or(0, |(_, _, recorded, _)| recorded.nanos)
    };
    let totals: Vec<u64> = found.iter().map(|(kind, ..)| total_nanos(kind)).collect();
    found
        .into_iter()
        .zip(totals)
        .map(|((kind, stage, recorded, by_shard), total)| Stage {
            kind: kind.to_owned(),
            stage: stage.to_owned(),
            times: recorded.percentiles(seconds),
            share: if total == 0 { 0.0 } else { recorded.nanos as f64 / total as f64 },
            by_shard,
        })
        .collect()
}

const KINDS: [&str; 3] = ["produce", "fetch", "other"];
const STAGES: [&str; 12] = [
    "admitted", "parsed", "crossed", "appended", "written", "durable", "read", "parked", "handled",
    "released", "sent", "total",
];

/// What this version does not know comes last.
fn place(order: &[&str], name: &str) -> usize {
    order.iter().position(|known| *known == name).unwrap_or(order.len())
}

/// `0`, `0.4`, `12,345`.
fn rate(per_second: f64) -> String {
    match per_second {
        0.0 => "0".to_owned(),
        rate if rate < 9.95 => format!("{rate:.1}"),
        rate => count(rate.round() as u64),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// `7.4 µs`, `120 µs`, `1.52 ms`, `2.10 s`.
fn time(us: f64) -> String {
    match us {
        us if us < 100.0 => format!("{us:.1} µs"),
        us if us < 1000.0 => format!("{us:.0} µs"),
        us if us < 1e6 => format!("{:.2} ms", us / 1e3),
        us => format!("{:.2} s", us / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(kind: &str, stage: &str, sum_ns: u64, buckets: &[(u64, u64)]) -> Times {
        Times { kind: kind.into(), stage: stage.into(), sum_ns, buckets: buckets.to_vec() }
    }

    fn counts(pairs: &[(&str, u64)]) -> Counts {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    /// Two looks two seconds apart at a broker of two cores.
    fn reports() -> [Report; 2] {
        let core = |shard, at_ns, cpu_nanos, produces, stages| Core {
            shard,
            at_ns,
            io: counts(&[("cpu_nanos", cpu_nanos), ("bytes_received", produces * 1000)]),
            log: counts(&[("appended_records", produces * 10)]),
            requests: counts(&[("Produce", produces), ("Metadata", 4)]),
            gauges: counts(&[("connections", 3), ("memory_requests_bytes", 2048)]),
            stages,
            ..Core::default()
        };
        let report = |cpu_ns, cores| Report {
            version: "1.2.3".into(),
            node_id: 7,
            process: counts(&[("cpu_ns", cpu_ns), ("resident_bytes", 20 << 20)]),
            gauges: counts(&[("partitions", 12)]),
            cores,
            ..Report::default()
        };
        let first = vec![times("produce", "total", 1000, &[(1000, 1), (9000, 5)])];
        let second = vec![
            times("produce", "durable", 30_000, &[(10_000, 3)]),
            times("produce", "total", 41_000, &[(1000, 1), (9000, 6), (20_000, 99)]),
        ];
        let other = vec![times("produce", "parsed", 4000, &[(4000, 1)])];
        let errors = vec![super::super::source::ErrorCount {
            api: "Fetch".into(),
            error: "OFFSET_OUT_OF_RANGE".into(),
            count: 4,
        }];
        let before =
            report(0, vec![core(0, 1_000_000_000, 0, 0, first), core(1, 1_000_000_000, 0, 0, Vec::new())]);
        let mut now = report(
            3_000_000_000,
            vec![core(0, 3_000_000_000, 500_000_000, 200, second), core(1, 3_000_000_000, 0, 0, other)],
        );
        now.cores[1].errors = errors;
        [before, now]
    }

    #[test]
    fn rates_and_percentiles_are_of_the_time_between() {
        let [before, now] = reports();
        let view = View::between(&before, &now);
        assert_eq!((view.seconds, view.cpu, view.records_in_per_second), (2.0, 1.5, 1000.0));
        let shard = &view.shards[0];
        assert_eq!((shard.busy, shard.produces_per_second, shard.requests_per_second), (0.25, 100.0, 100.0));
        let names: Vec<&str> = view.stages.iter().map(|stage| &*stage.stage).collect();
        assert_eq!(names, ["parsed", "durable", "total"]);
        let total = &view.stages[2];
        // One of 9 µs and 99 of 20 µs; what was there before does not count.
        let expected = Percentiles {
            per_second: 50.0,
            mean_us: 0.4,
            p50_us: 20.0,
            p99_us: 20.0,
            p999_us: 20.0,
            max_us: 20.0,
        };
        assert_eq!((total.times, total.share), (expected, 1.0));
        assert_eq!(view.stages[1].share, 0.75);
        assert_eq!((view.errors.len(), view.errors[0].per_second), (1, 2.0));
        let small = Recorded { nanos: 0, buckets: BTreeMap::from([(1000, 1), (2000, 99)]) };
        assert_eq!((small.percentiles(1.0).p50_us, small.percentiles(1.0).max_us), (2.0, 2.0));
        assert_eq!(
            Recorded { nanos: 0, buckets: BTreeMap::from([(1000, 99), (2000, 1)]) }.percentiles(1.0).p99_us,
            1.0
        );
    }

    #[test]
    fn the_text_names_the_stage_and_the_core() {
        let [before, now] = reports();
        let view = View::between(&before, &now);
        let text = view.text(false);
        for expected in [
            "node 7 (Ottla 1.2.3): 1.50 cores of CPU",
            "12 partitions, 1,000 records/s in",
            "produce  durable         1.5",
            "errors: Fetch OFFSET_OUT_OF_RANGE: 2.0/s",
        ] {
            assert!(text.contains(expected), "{expected:?} in\n{text}");
        }
        assert!(!text.contains("  shard 1"), "{text}");
        assert!(view.text(true).contains("  shard 1"));
        let idle = View::between(&now, &now);
        assert!(idle.text(false).contains("no request in the last"), "{}", idle.text(false));
    }

    #[test]
    fn numbers_are_short() {
        for (us, text) in
            [(0.1, "0.1 µs"), (99.94, "99.9 µs"), (120.0, "120 µs"), (1520.0, "1.52 ms"), (2.1e6, "2.10 s")]
        {
            assert_eq!(time(us), text);
        }
        assert_eq!(["0", "0.4", "9.9", "1,235"], [0.0, 0.4, 9.94, 1234.6].map(rate));
        assert_eq!(percent(0.253), "25%");
    }
}
