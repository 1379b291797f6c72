//! `ottla demo`: a broker, real records through it over TCP, every one of them checked, and then a broker to play with.

mod broker;
mod ledger;
mod load;
mod view;

use super::client::admin::NewTopic;
use super::client::{self, Client, Options};
use super::table::{count, counted, size};
use super::{Exit, Failure, parse_seconds, start, time};
use crate::server::StartOptions;
use broker::Broker;
use clap::Args;
use ledger::{Ledger, Maker};
use load::{Plan, Shared};
use ottla_protocol::ErrorCode;
use serde::Serialize;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use view::{Latency, View, rate};

const TOPIC: &str = "demo";

#[derive(Args)]
#[command(after_help = HELP)]
pub struct DemoArgs {
    /// How long to write records
    #[arg(short, long, default_value = "5", value_parser = parse_seconds)]
    seconds: Duration,
    /// Records a second; 0 for as many as go, which makes latencies long
    #[arg(short, long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(..=50_000_000))]
    rate: u64,
    /// Bytes of each record's value
    #[arg(long, value_name = "BYTES", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    size: u32,
    /// Partitions of the topic
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..=1000))]
    partitions: i32,
    /// Where the broker listens [default: 127.0.0.1:9092, another port if that is taken]
    #[arg(short, long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Keep the records in this directory [default: a new one that is removed at the end]
    #[arg(short, long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Cores to use, one shard each [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    shards: Option<u16>,
    /// End after the check instead of going on serving
    #[arg(long)]
    no_serve: bool,
    /// Print only the result, as JSON, and end after the check
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Examples:
  ottla demo
  ottla demo --rate 0 --size 1000 --seconds 10     as fast as it goes
  ottla demo --no-serve                            for scripts: 0 when every record came back as it was sent
  ottla demo --data /srv/ottla-demo                to try a certain disk

The writer, the reader and the broker share this machine's cores, so these are no benchmark figures.";

/// The result, for people and for programs.
#[derive(Serialize)]
struct Report {
    records: u64,
    seconds: f64,
    records_per_second: u64,
    megabytes_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    max_ms: f64,
    /// Of all records from the first to the last, once more.
    second_read_megabytes_per_second: f64,
    start_ms: f64,
    broker_cpu_seconds: Option<f64>,
    file_system: Option<String>,
    disk_bytes: u64,
    faults: u64,
    fault_examples: Vec<String>,
}

pub fn run(args: &DemoArgs) -> Result<Exit, Failure> {
    start::log_quietly();
    let (dir, is_ours) = match &args.data {
        Some(dir) => (dir.clone(), false),
        None => (std::env::temp_dir().join(format!("ottla-demo-{}", std::process::id())), true),
    };
    let outcome = demo(args, &dir);
    if is_ours {
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                eprintln!("ottla: cannot remove {}: {error}", dir.display());
            }
            _ => {}
        }
    }
    outcome
}

fn demo(args: &DemoArgs, dir: &Path) -> Result<Exit, Failure> {
    let quiet = args.json;
    let broker = start_broker(args, dir)?;
    let address = broker.address.to_string();
    let mut out = Output { quiet };
    out.line(format_args!(
        "Ottla {}: a broker on {address}, ready after {} ms",
        env!("CARGO_PKG_VERSION"),
        broker.start_time.as_millis()
    ))?;
    let file_system = broker::file_system(dir);
    out.line(format_args!(
        "its files are in {} ({})",
        dir.display(),
        file_system.as_deref().unwrap_or("unknown file system")
    ))?;
    if matches!(file_system.as_deref(), Some("tmpfs" | "ramfs")) {
        out.line(format_args!(
            "that is memory, not a disk, so nothing here outlives the machine: choose a disk with --data DIR"
        ))?;
    }
    let plan = Plan {
        options: Options {
            bootstrap: vec![address.clone()],
            timeout: Duration::from_secs(10),
            reconnect: false,
        },
        topic: TOPIC.to_owned(),
        rate: args.rate,
        duration: args.seconds,
        maker: Maker { value_bytes: args.size as usize, start_ms: time::now_ms() },
    };
    let result = exercise(args, &plan, &broker, &mut out);
    let (mut report, ledgers) = match result {
        Ok(done) => done,
        // Ctrl-C takes the broker away under the load, which then fails: that is no news.
        Err(_) if broker.ends_soon() => {
            broker.wait()?;
            return Err(Failure::new(Exit::Interrupted, "interrupted"));
        }
        Err(failure) => {
            broker.stop()?;
            return Err(failure);
        }
    };
    report.start_ms = broker.start_time.as_secs_f64() * 1000.0;
    report.file_system = file_system;
    report.disk_bytes = broker::disk_bytes(dir);
    for ledger in ledgers {
        report.faults += ledger.faults;
        report.fault_examples.extend(ledger.fault_texts);
    }
    let exit = if report.faults == 0 { Exit::Ok } else { Exit::Failed };
    if args.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        tell(&mut out, &report)?;
    }
    if args.no_serve || args.json || exit != Exit::Ok {
        let took = broker.stop()?;
        out.line(format_args!("stopped cleanly in {} ms", took.as_millis()))?;
        return Ok(exit);
    }
    invite(&mut out, &address)?;
    broker.wait()?;
    out.line(format_args!("\nstopped{}", if args.data.is_none() { ", and removed its files" } else { "" }))?;
    Ok(exit)
}

/// Port 9092 if it can be had, because every client tries that first.
fn start_broker(args: &DemoArgs, dir: &Path) -> Result<Broker, Failure> {
    let listen = args.listen.clone().unwrap_or_else(|| {
        let free = std::net::TcpListener::bind("127.0.0.1:9092").is_ok();
        if free { "127.0.0.1:9092" } else { "127.0.0.1:0" }.to_owned()
    });
    Broker::start(&StartOptions {
        data: Some(dir.to_owned()),
        listen: Some(listen),
        shards: args.shards.map(usize::from),
        ..StartOptions::default()
    })
}

/// Makes the topic, runs writer and reader, and reads everything again.
fn exercise(
    args: &DemoArgs,
    plan: &Plan,
    broker: &Broker,
    out: &mut Output,
) -> Result<(Report, [Ledger; 2]), Failure> {
    make_topic(args, plan)?;
    let starts = load::ends(plan)?;
    let rate_text = if plan.rate == 0 {
        "as many records as go".to_owned()
    } else {
        format!("{} records a second", count(plan.rate))
    };
    out.line(format_args!(
        "topic '{TOPIC}': {}; an acknowledged record is on disk\nwriting {rate_text} of {} for {} s, and reading them, over TCP\n",
        counted(starts.len() as u64, "partition"),
        counted(u64::from(args.size), "byte"),
        plan.duration.as_secs_f64(),
    ))?;
    let cpu_before = broker::cpu_time();
    let shared = Shared::new().map_err(|error| Failure::failed(error.to_string()))?;
    let reader = {
        let (plan, shared, starts) = (plan.clone(), shared.clone(), starts.clone());
        named("demo-reader", move || load::read(&plan, &shared, &starts))?
    };
    let writer = {
        let (plan, shared) = (plan.clone(), shared.clone());
        named("demo-writer", move || load::write(&plan, &shared))?
    };
    let mut view = View::new(plan.duration, out.quiet);
    let outcome = watch(&shared, broker, &writer, &reader, &mut view, out);
    if outcome.is_err() {
        shared.stop.store(true, Ordering::Relaxed);
    }
    let (written, read) = (joined(writer), joined(reader));
    view.clear(&mut io::stdout().lock())?;
    outcome?;
    let (total, mut ledger) = (written?, read?);
    ledger.close(total);
    let cpu = cpu_before.zip(broker::cpu_time()).map(|(before, after)| (after - before).as_secs_f64());
    let again = Instant::now();
    let mut second = load::read_again(plan, &starts)?;
    let again = again.elapsed();
    second.close(total);
    let latency = Latency::of(&shared.seen().latency_us);
    let report = Report {
        records: ledger.records,
        seconds: plan.duration.as_secs_f64(),
        records_per_second: rate(plan.duration, ledger.records),
        megabytes_per_second: ledger.bytes as f64 / 1e6 / plan.duration.as_secs_f64(),
        p50_ms: latency.p50_ms,
        p99_ms: latency.p99_ms,
        p999_ms: latency.p999_ms,
        max_ms: latency.max_ms,
        second_read_megabytes_per_second: second.bytes as f64 / 1e6 / again.as_secs_f64(),
        start_ms: 0.0,
        broker_cpu_seconds: cpu,
        file_system: None,
        disk_bytes: 0,
        faults: 0,
        fault_examples: Vec::new(),
    };
    Ok((report, [ledger, second]))
}

fn make_topic(args: &DemoArgs, plan: &Plan) -> Result<(), Failure> {
    let topic = NewTopic {
        name: plan.topic.clone(),
        partitions: args.partitions,
        replication_factor: -1,
        configs: Vec::new(),
    };
    let mut client = Client::connect(&plan.options)?;
    for (_, result) in client.create_topics(&[topic], false)? {
        match result {
            // From an earlier demo in the same directory: this one's records go behind those.
            Err(error) if error.code() == ErrorCode::TOPIC_ALREADY_EXISTS => {}
            other => {
                other?;
            }
        }
    }
    Ok(())
}

type Worker<T> = JoinHandle<Result<T, client::Error>>;

fn named<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> Result<T, client::Error> + Send + 'static,
) -> Result<Worker<T>, Failure> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(body);
    started.map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))
}

fn joined<T>(worker: Worker<T>) -> Result<T, Failure> {
    match worker.join() {
        Ok(result) => Ok(result?),
        Err(_) => Err(Failure::failed("a thread of the demo panicked")),
    }
}

/// Draws until writer and reader are done. Ends early when the broker goes away, or one of the two fails and the other waits for it.
fn watch(
    shared: &Arc<Shared>,
    broker: &Broker,
    writer: &Worker<u64>,
    reader: &Worker<Ledger>,
    view: &mut View,
    out: &mut Output,
) -> Result<(), Failure> {
    while !writer.is_finished() || !reader.is_finished() {
        thread::sleep(Duration::from_millis(20));
        if !out.quiet {
            view.tick(shared)?;
        }
        if !broker.is_running() {
            return Err(Failure::new(Exit::Interrupted, "the broker was stopped"));
        }
        // One that failed leaves the other nothing to wait for.
        if (writer.is_finished() && !shared.is_written()) || (reader.is_finished() && !writer.is_finished()) {
            shared.stop.store(true, Ordering::Relaxed);
        }
    }
    Ok(())
}

fn tell(out: &mut Output, report: &Report) -> Result<(), Failure> {
    if report.faults == 0 {
        out.line(format_args!(
            "checked {}, twice: each came back once, in order, with the bytes that were sent",
            counted(report.records, "record")
        ))?;
    } else {
        out.line(format_args!(
            "FOUND {} among {}:",
            counted(report.faults, "fault"),
            counted(report.records, "record")
        ))?;
        for text in &report.fault_examples {
            out.line(format_args!("  {text}"))?;
        }
    }
    out.line(format_args!(
        "  rate         {} records a second, {:.1} MB/s, written and read at once",
        count(report.records_per_second),
        report.megabytes_per_second
    ))?;
    out.line(format_args!(
        "  end to end   p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, longest {:.2} ms: from due to read, through the disk",
        report.p50_ms, report.p99_ms, report.p999_ms, report.max_ms
    ))?;
    out.line(format_args!(
        "  read again   {:.0} MB/s from the first record to the last",
        report.second_read_megabytes_per_second
    ))?;
    if let Some(cpu) = report.broker_cpu_seconds {
        out.line(format_args!(
            "  the broker   {cpu:.2} s of CPU in {:.1} s, {:.1} µs a record",
            report.seconds,
            cpu * 1e6 / report.records.max(1) as f64
        ))?;
    }
    out.line(format_args!("  on disk      {}", size(report.disk_bytes)))
}

fn invite(out: &mut Output, address: &str) -> Result<(), Failure> {
    let port = address.rsplit_once(':').map_or("", |(_, port)| port);
    let to = if port == "9092" { String::new() } else { format!(" -b {address}") };
    // From the source tree it is `target/release/ottla`: so that the lines can be copied.
    let program =
        std::env::args().next().filter(|name| name.contains('/')).unwrap_or_else(|| "ottla".to_owned());
    out.line(format_args!(
        "
It goes on serving {address}. In another terminal:

  {program} consume demo{to} --offset -2 --show all
  echo 'hello' | {program} produce demo{to}
  kcat -b {address} -t demo -C -o -2 -e
  kafka-console-consumer.sh --bootstrap-server {address} --topic demo --from-beginning

Ctrl-C ends it."
    ))
}

/// Lines for people; none when a program reads.
struct Output {
    quiet: bool,
}

impl Output {
    fn line(&mut self, text: std::fmt::Arguments<'_>) -> Result<(), Failure> {
        if self.quiet {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()?;
        Ok(())
    }
}
