//! A small outcome for tests: made by arithmetic alone, so that every report of it is known.

use crate::load::summary::distribution;
use crate::outcome::*;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;

pub const SECONDS: u64 = 30;
const RECORDS_PER_S: u64 = 2_000;

/// Thirty seconds at 2,000 records/s whose latencies are `scale` times some 300 µs, with a pause of a fifth of a second in the middle.
pub fn outcome(name: &str, scale: f64) -> Outcome {
    let stages = [(Stage::Sent, 0.05), (Stage::Ack, 0.6), (Stage::Acknowledged, 0.65), (Stage::Fetched, 1.0)];
    let mut whole: BTreeMap<Stage, Histogram<u64>> =
        stages.iter().map(|(stage, _)| (*stage, histogram())).collect();
    let mut seconds = Vec::new();
    for second in 0..SECONDS {
        let mut row = Second {
            at_s: (second + 1) as f64,
            records_sent: RECORDS_PER_S,
            records_acknowledged: RECORDS_PER_S,
            records_fetched: RECORDS_PER_S,
            bytes_acknowledged: RECORDS_PER_S * 1_000,
            bytes_fetched: RECORDS_PER_S * 1_000,
            errors: 0,
            broker_cpu_s: Some(0.2 * scale + 0.01 * (second % 5) as f64),
            stages: BTreeMap::new(),
        };
        for (stage, share) in stages {
            let mut of_second = histogram();
            let mut heat = vec![0; 24];
            for record in 0..RECORDS_PER_S {
                let ns = latency_ns(second, record, scale * share);
                of_second.record(ns).expect("within the histogram's range");
                let bucket = ns.div_ceil(1_000).next_power_of_two().trailing_zeros() as usize;
                heat[bucket] += 1;
            }
            row.stages.insert(
                stage,
                SecondStage {
                    count: of_second.len(),
                    p50_ns: of_second.value_at_quantile(0.5),
                    p99_ns: of_second.value_at_quantile(0.99),
                    p999_ns: of_second.value_at_quantile(0.999),
                    max_ns: of_second.max(),
                    heat,
                },
            );
            whole.get_mut(&stage).expect("made above").add(&of_second).expect("of the same range");
        }
        seconds.push(row);
    }
    let records = SECONDS * RECORDS_PER_S;
    Outcome {
        schema: SCHEMA,
        command: ["ottla-bench", "run", "--broker", "127.0.0.1:9092", "--topic", "it's a test"]
            .map(str::to_owned)
            .to_vec(),
        began_at_s: 1_795_575_960.0,
        workload: WorkloadSummary {
            name: name.to_owned(),
            question: Some(
                "What does a record wait for on its way through a broker that pauses once?".to_owned(),
            ),
            text: "rate = 2000\nsize = 1000\n# <kept & quoted>\n".to_owned(),
        },
        pacing: Pacing::Open {
            schedule: "at fixed intervals".to_owned(),
            records_per_s: RECORDS_PER_S as f64,
        },
        invalid: vec![],
        notes: vec![],
        measured_s: SECONDS as f64,
        counts: Counts {
            records_intended: records,
            records_sent: records,
            records_acknowledged: records,
            records_fetched: records,
            bytes_acknowledged: records * 1_000,
            bytes_fetched: records * 1_000,
            records_caught_up: 0,
            bytes_caught_up: 0,
            produce_requests: records / 4,
            fetch_requests: records / 5,
            errors: BTreeMap::new(),
        },
        stages: whole.iter().map(|(stage, histogram)| (*stage, distribution(histogram))).collect(),
        seconds,
        broker: Some(BrokerCost {
            source: "/proc/4242 (ottla)".to_owned(),
            cpu_s: 6.6 * scale,
            cpu_user_s: 2.2 * scale,
            cpu_system_s: 4.4 * scale,
            cpu_s_per_gb: Some(55.0 * scale),
            cpu_s_per_million_requests: Some(244.0 * scale),
            resident_bytes: 12_400_000,
            resident_bytes_peak: 13_100_000,
            disk_written_bytes: Some(66_000_000),
            disk_read_bytes: Some(0),
            counters: BTreeMap::from([("ottla_durable_writes_total".to_owned(), 13_500.0)]),
        }),
        generator: GeneratorCost { cpu_s: 3.1, workers: 1, busiest_worker: 0.34 },
        durability: Durability {
            acks: -1,
            in_force: "an acknowledged record is on stable storage".to_owned(),
            durable: Some(true),
            settings: BTreeMap::from([("ottla.shards".to_owned(), "2".to_owned())]),
        },
        host: Host {
            kernel: "Linux 6.18.5".to_owned(),
            cpu: "AMD EPYC".to_owned(),
            cores: 2,
            memory_bytes: 25_275_000_000,
            clock_source: "tsc".to_owned(),
            virtualization: Some("KVM".to_owned()),
            device: Some("/dev/vda (virtual disk, 270 GB)".to_owned()),
            file_system: Some("ext4".to_owned()),
            mount_options: Some("rw,relatime".to_owned()),
            write_cache: Some("write through".to_owned()),
            broker: "Ottla, metadata.version 4.3 (level 30)".to_owned(),
            tool: "ottla-bench 0.1.0".to_owned(),
        },
        verification: None,
    }
}

/// A spread of one to three with a tail, and in the 15th second a pause that records come out of one after another.
fn latency_ns(second: u64, record: u64, scale: f64) -> u64 {
    let spread = (record * 7_919 % 1_000) as f64 / 1_000.0;
    let mut ns = 200_000.0 + 200_000.0 * spread;
    if record.is_multiple_of(97) {
        ns *= 4.0 + spread * 3.0;
    }
    if second == 14 && record < 400 {
        ns += 200_000_000.0 * (400 - record) as f64 / 400.0;
    }
    (ns * scale) as u64
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds that it takes")
}
