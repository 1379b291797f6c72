//! `record` and `replay`: a topic's real load as a file, and that load again.

use super::load::{LoadArgs, Watcher};
use super::run::exit;
use super::{Exit, Failure};
use crate::clock::{nanos, seconds};
use crate::error::Error;
use crate::load;
use crate::modes::trace::{self, Recording};
use crate::report;
use crate::workload::PacingKind;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

pub const RECORD_EXAMPLES: &str = "\
Examples:
  ottla-bench record orders orders.jsonl                  times, keys and sizes of the first million records
  ottla-bench record orders orders.jsonl --values         their values too
  ottla-bench record orders orders.jsonl -b kafka:9092 --limit 50000";

pub const REPLAY_EXAMPLES: &str = "\
Examples:
  ottla-bench replay orders.jsonl -b 127.0.0.1:9092       the same records at the same distances in time
  ottla-bench replay orders.jsonl --speed 4 --groups 3

Open loop: latencies count from the recorded times. Each partition keeps its order; --producers share the partitions.";

#[derive(Args, Debug)]
pub struct RecordArgs {
    /// The topic to read
    pub topic: String,
    /// The file to write: JSON, a line for each record
    pub file: PathBuf,
    /// Brokers to ask
    #[arg(
        short,
        long,
        env = "OTTLA_BENCH_BROKER",
        value_name = "HOST:PORT",
        value_delimiter = ',',
        default_value = "127.0.0.1:9092"
    )]
    pub broker: Vec<String>,
    /// At most so many records, the earliest
    #[arg(long, value_name = "COUNT", default_value = "1000000")]
    pub limit: usize,
    /// Keep the values; otherwise only their sizes
    #[arg(long)]
    pub values: bool,
    /// How long to wait for connections and answers
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    pub timeout: f64,
}

#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The trace to replay
    pub trace: PathBuf,
    /// So many times as fast as it was
    #[arg(long, value_name = "FACTOR", default_value = "1")]
    pub speed: f64,
    #[command(flatten)]
    pub load: LoadArgs,
}

pub fn record(args: &RecordArgs) -> Result<Exit, Failure> {
    let timeout = Duration::from_nanos(u64::try_from(nanos(args.timeout)).unwrap_or(0).max(1));
    let bootstrap = args.broker.iter().map(|address| super::load::with_port(address)).collect();
    let recording = Recording { topic: args.topic.clone(), bootstrap, timeout, limit: args.limit };
    let (partitions, records) = trace::record(recording)?;
    trace::write(&args.file, &args.topic, partitions, &records, args.values)?;
    let span_ms = match (records.first(), records.last()) {
        (Some(first), Some(last)) => last.timestamp_ms - first.timestamp_ms,
        _ => 0,
    };
    println!("{} records of {:.1} s in {}", records.len(), span_ms as f64 / 1000.0, args.file.display());
    Ok(Exit::Ok)
}

pub fn replay(args: &ReplayArgs) -> Result<Exit, Failure> {
    if !(args.speed.is_finite() && args.speed > 0.0) {
        return Err(Error::input("--speed", "it must be more than 0, for example 2").into());
    }
    let mut workload = args.load.workload()?;
    let replay = trace::read(&args.trace, args.speed, workload.records.entropy, workload.seed)?;
    let count = replay.trace.records.len() as f64;
    workload.name = format!("replay of {} from {}", replay.topic, args.trace.display());
    workload.pacing.kind = PacingKind::Open;
    workload.duration_s = seconds(replay.length_ns).max(0.001);
    // What a report shows of it; the trace's own times are what counts.
    workload.pacing.rate = count / workload.duration_s;
    workload.warmup_s = 0.0;
    (workload.topics.count, workload.topics.partitions) = (1, replay.partitions);
    workload.check()?;
    let options =
        load::Options { trace: Some(replay.trace), payloads: Some(replay.payloads), ..args.load.options()? };
    let mut watcher = Watcher::new(&workload.name, workload.duration_s, args.load.how.quiet);
    let outcome = load::run(&workload, &options, &mut watcher);
    watcher.finish();
    let outcome = outcome?;
    report::write(&outcome, &report::Options { directory: args.load.how.out.clone(), quiet: false })?;
    Ok(exit(&outcome, &options))
}
