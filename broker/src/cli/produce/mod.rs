//! `ottla produce`: records from lines of standard input or a file, or made up.

mod input;
mod lines;

use super::client::producer::{Ack, NewRecord, Producer, Settings};
use super::table::{count, counted};
use super::{Connect, Exit, Failure, parse_pair, time};
use clap::{Args, ValueEnum};
use input::{Form, Parsed};
use lines::{Line, Lines};
use ottla_protocol::compression::Compression;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Records are sent when this much is queued, or when the input has no more at the moment.
const QUEUE_BYTES: usize = 4 * 1024 * 1024;

#[derive(Args)]
#[command(after_help = HELP)]
pub struct ProduceArgs {
    /// The topic; make it first with `ottla topic create`
    topic: String,
    /// Read lines from this file [default: standard input]
    #[arg(short, long, value_name = "PATH", conflicts_with = "count")]
    file: Option<PathBuf>,
    /// Each line is a JSON object: {"key", "value", "headers", "partition", "timestamp"}
    #[arg(long, conflicts_with_all = ["key_separator", "null_marker", "count"])]
    json: bool,
    /// What stands between key and value in a line; without it a line is a value
    #[arg(short = 'K', long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    key_separator: Option<String>,
    /// The key of every record
    #[arg(short, long, conflicts_with = "key_separator")]
    key: Option<String>,
    /// A key or value that is exactly this becomes null; a null value is a tombstone
    #[arg(long, value_name = "TEXT")]
    null_marker: Option<String>,
    /// A header of every record; may be given more than once
    #[arg(short = 'H', long = "header", value_name = "NAME=VALUE", value_parser = parse_pair)]
    headers: Vec<(String, String)>,
    /// Write to this partition [default: by the key as Kafka does, without a key one after the other]
    #[arg(short, long, value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// The timestamp of every record: milliseconds, a date, or a span before now such as -10m [default: now]
    #[arg(short, long, value_parser = time::parse, allow_hyphen_values = true)]
    timestamp: Option<i64>,
    /// How batches are compressed
    #[arg(short = 'z', long, value_enum, default_value_t = Codec::None)]
    compression: Codec,
    /// Who must have a record before it counts: 0 nobody, 1 the leader, all in-sync replicas
    #[arg(short, long, value_enum, default_value_t = Acks::All)]
    acks: Acks,
    /// Write each record once even when a request is sent again; on with --acks all
    #[arg(long, value_name = "on|off", value_enum, num_args = 0..=1, default_missing_value = "on")]
    idempotent: Option<Switch>,
    /// Most bytes of one batch
    #[arg(long, value_name = "BYTES", default_value_t = 524_288, value_parser = clap::value_parser!(u32).range(1..=64_000_000))]
    batch_bytes: u32,
    /// Make up this many records instead of reading any
    #[arg(short = 'n', long, value_name = "RECORDS")]
    count: Option<u64>,
    /// Size of a made-up value
    #[arg(long, value_name = "BYTES", default_value_t = 100, requires = "count", value_parser = clap::value_parser!(u32).range(0..=64_000_000))]
    size: u32,
    /// Print at the end what was written, as JSON
    #[arg(long)]
    report: bool,
    #[command(flatten)]
    connect: Connect,
}

const HELP: &str = "\
Examples:
  echo hello | ottla produce greetings
  ottla produce users --key-separator : --file users.txt       lines such as  42:Ada
  echo '42:-' | ottla produce users -K : --null-marker -        a tombstone for the key 42
  ottla produce events --json <events.jsonl                     what consume --json prints can be read
  ottla produce load --count 100000 --size 1000 --compression zstd

In JSON, key_base64 and value_base64 stand for bytes that are no text; headers are an object, or an array of
{\"key\", \"value\"}. At a terminal each line is sent when it is typed; Ctrl-D ends the input.";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Acks {
    #[value(name = "0")]
    Zero,
    #[value(name = "1")]
    One,
    #[value(alias = "-1")]
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl ProduceArgs {
    fn settings(&self) -> Result<Settings, Failure> {
        let all = self.acks == Acks::All;
        let idempotent = self.idempotent.map_or(all, |switch| switch == Switch::On);
        if idempotent && !all {
            return Err(Failure::usage("--idempotent needs --acks all"));
        }
        Ok(Settings {
            acks: match self.acks {
                Acks::Zero => 0,
                Acks::One => 1,
                Acks::All => -1,
            },
            compression: match self.compression {
                Codec::None => Compression::None,
                Codec::Gzip => Compression::Gzip,
                Codec::Snappy => Compression::Snappy,
                Codec::Lz4 => Compression::Lz4,
                Codec::Zstd => Compression::Zstd,
            },
            compression_level: None,
            idempotent,
            batch_bytes: self.batch_bytes as usize,
        })
    }

    fn form(&self) -> Form {
        Form {
            json: self.json,
            key_separator: self.key_separator.clone(),
            key: self.key.clone(),
            null_marker: self.null_marker.clone(),
            headers: self.headers.clone(),
            timestamp_ms: self.timestamp,
            partition: self.partition,
        }
    }
}

pub fn run(args: &ProduceArgs) -> Result<Exit, Failure> {
    let settings = args.settings()?;
    // The input first: a misspelt file needs no broker to be found out.
    let source = match (args.count, &args.file) {
        (Some(count), _) => Source::MadeUp { next: 0, count, size: args.size as usize },
        (None, Some(path)) => Source::Lines(Lines::from_file(path)?),
        (None, None) => Source::Lines(Lines::from_stdin()),
    };
    let producer = Producer::new(args.connect.client()?, &args.topic, settings)?;
    let mut session = Session {
        producer,
        form: args.form(),
        source,
        written: Written::default(),
        progress: Progress::new(),
    };
    if args.file.is_none() && args.count.is_none() && io::stdin().is_terminal() {
        eprintln!("each line is a record of topic '{}'; Ctrl-D ends", args.topic);
    }
    let outcome = session.run();
    session.progress.clear();
    let written = &session.written;
    if outcome.is_ok() || written.records > 0 {
        written.print(args)?;
    }
    match outcome {
        Ok(()) => Ok(Exit::Ok),
        Err(mut failure) => {
            if written.records > 0 {
                failure.exit = Exit::Partial;
                failure.message.push_str(&format!("; {} before that", counted(written.records, "record")));
            }
            Err(failure)
        }
    }
}

enum Source {
    Lines(Lines),
    MadeUp { next: u64, count: u64, size: usize },
}

struct Session {
    producer: Producer,
    form: Form,
    source: Source,
    written: Written,
    progress: Progress,
}

impl Session {
    fn run(&mut self) -> Result<(), Failure> {
        loop {
            let more = match self.fill() {
                Ok(more) => more,
                Err(failure) => {
                    // What came before the bad line was good.
                    self.flush()?;
                    return Err(failure);
                }
            };
            self.flush()?;
            if !more {
                return Ok(());
            }
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let (written, progress) = (&mut self.written, &mut self.progress);
        self.producer.flush(&mut |ack| {
            written.add(ack);
            progress.show(written.records);
        })?;
        Ok(())
    }

    /// Queues what there is, at least one record; false at the end of the input.
    fn fill(&mut self) -> Result<bool, Failure> {
        let mut queued = 0;
        while self.producer.queued_bytes() < QUEUE_BYTES {
            let (parsed, what) = match &mut self.source {
                Source::MadeUp { next, count, .. } if next == count => return Ok(false),
                Source::MadeUp { next, size, .. } => {
                    let number = *next;
                    *next += 1;
                    (self.form.made_up(number, *size), format!("record {number}"))
                }
                Source::Lines(lines) => match if queued == 0 { lines.wait()? } else { lines.ready()? } {
                    Line::End => return Ok(false),
                    Line::NotYet => return Ok(true),
                    Line::Text { number, bytes } => {
                        let what = format!("line {number}");
                        let parsed = self.form.parse(&bytes, time::now_ms());
                        (parsed.map_err(|reason| Failure::failed(format!("{what}: {reason}")))?, what)
                    }
                },
            };
            self.producer.queue(parsed.record, parsed.partition).map_err(|error| {
                let mut failure = Failure::from(error);
                failure.message = format!("{what}: {}", failure.message);
                failure
            })?;
            queued += 1;
        }
        Ok(true)
    }
}

impl Form {
    /// A value of `size` bytes: its number, then letters.
    fn made_up(&self, number: u64, size: usize) -> Parsed {
        let mut value = format!("{number} ").into_bytes();
        value.extend((value.len()..size).map(|at| b'a' + (at % 26) as u8));
        value.truncate(size);
        let headers = self.headers.iter();
        Parsed {
            record: NewRecord {
                key: self.key.as_ref().map(|key| key.clone().into_bytes()),
                value: Some(value),
                headers: headers
                    .map(|(name, value)| (name.clone(), Some(value.clone().into_bytes())))
                    .collect(),
                timestamp_ms: self.timestamp_ms.unwrap_or_else(time::now_ms),
            },
            partition: self.partition,
        }
    }
}

/// What the broker took.
#[derive(Default)]
struct Written {
    records: u64,
    by_partition: BTreeMap<i32, Range>,
}

#[derive(Clone, Copy, Serialize)]
struct Range {
    records: u64,
    /// `None` when the broker did not say, as with acks=0.
    first_offset: Option<i64>,
    last_offset: Option<i64>,
}

#[derive(Serialize)]
struct Report<'a> {
    topic: &'a str,
    records: u64,
    partitions: &'a BTreeMap<i32, Range>,
}

impl Written {
    fn add(&mut self, ack: Ack) {
        let records = ack.records as u64;
        self.records += records;
        let range = self.by_partition.entry(ack.partition).or_insert(Range {
            records: 0,
            first_offset: None,
            last_offset: None,
        });
        range.records += records;
        if ack.base_offset >= 0 {
            range.first_offset = range.first_offset.or(Some(ack.base_offset));
            range.last_offset = Some(ack.base_offset + ack.records as i64 - 1);
        }
    }

    fn print(&self, args: &ProduceArgs) -> Result<(), Failure> {
        if args.report {
            let mut out = io::stdout().lock();
            let report = Report { topic: &args.topic, records: self.records, partitions: &self.by_partition };
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
            return Ok(());
        }
        let place = |(partition, range): (&i32, &Range)| match (range.first_offset, range.last_offset) {
            (Some(first), Some(last)) if first == last => format!("partition {partition} offset {first}"),
            (Some(first), Some(last)) => format!("partition {partition} offsets {first}-{last}"),
            _ => format!("partition {partition}"),
        };
        let places: Vec<String> = self.by_partition.iter().take(8).map(place).collect();
        let more = if self.by_partition.len() > 8 { ", …" } else { "" };
        let colon = if places.is_empty() { "" } else { ": " };
        eprintln!(
            "{} to topic '{}'{colon}{}{more}",
            counted(self.records, "record"),
            args.topic,
            places.join(", ")
        );
        Ok(())
    }
}

/// A line on the terminal that is drawn again while a long input goes through.
struct Progress {
    begun: Instant,
    drawn: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    fn new() -> Progress {
        Progress { begun: Instant::now(), drawn: None, is_terminal: io::stderr().is_terminal() }
    }

    fn show(&mut self, records: u64) {
        let pause = Duration::from_millis(if self.drawn.is_some() { 200 } else { 1000 });
        if !self.is_terminal
            || self.drawn.unwrap_or(self.begun).elapsed() < pause
            || io::stdin().is_terminal()
        {
            return;
        }
        let rate = records as f64 / self.begun.elapsed().as_secs_f64();
        eprint!("\r{}, {} a second \x1b[K", counted(records, "record"), count(rate as u64));
        self.drawn = Some(Instant::now());
    }

    fn clear(&mut self) {
        if self.drawn.take().is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
