//! The options of every command that makes load: which workload, what of it to change, and how to run it.

use super::Failure;
use crate::clock::nanos;
use crate::cost::Source;
use crate::load::plan::Times;
use crate::load::{self, Observer};
use crate::outcome::{Counts, Second};
use crate::report::Live;
use crate::workload::{Acks, GroupProtocol, KeyKind, PacingKind, ScheduleKind, Size, Step, Workload, file};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

#[derive(Args, Clone, Debug)]
pub struct LoadArgs {
    /// A workload file: our own notation (.toml), or OpenMessaging Benchmark's (.yaml)
    pub workload: Option<PathBuf>,
    /// Settings of topics, producers and consumers from an OpenMessaging Benchmark driver file
    #[arg(long, value_name = "FILE")]
    pub driver: Option<PathBuf>,
    #[command(flatten)]
    pub broker: BrokerArgs,
    #[command(flatten)]
    pub change: ChangeArgs,
    #[command(flatten)]
    pub how: HowArgs,
}

#[derive(Args, Clone, Debug)]
pub struct BrokerArgs {
    /// Brokers to ask first; the rest of the cluster is found through them
    #[arg(
        short,
        long,
        alias = "bootstrap",
        alias = "bootstrap-server",
        env = "OTTLA_BENCH_BROKER",
        value_name = "HOST:PORT",
        value_delimiter = ',',
        default_value = "127.0.0.1:9092",
        help_heading = "Broker"
    )]
    pub broker: Vec<String>,
    /// What to call the broker in the report
    #[arg(long, value_name = "NAME", help_heading = "Broker")]
    pub broker_name: Option<String>,
    /// Where to see the broker's CPU and memory: pid:PID, cgroup:DIRECTORY or http://HOST:PORT/metrics; a local broker is found
    /// by its port
    #[arg(long, value_name = "SOURCE", help_heading = "Broker")]
    pub cost: Option<String>,
    /// A Prometheus page of the broker's own counters, which the report shows beside
    #[arg(long, value_name = "URL", help_heading = "Broker")]
    pub counters: Option<String>,
    /// The broker's data directory on this machine, to say which disk it is on
    #[arg(long, value_name = "DIR", help_heading = "Broker")]
    pub data_dir: Option<PathBuf>,
}

/// Fields of the workload that are changed without a file.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Changes to the workload")]
pub struct ChangeArgs {
    /// Open loop: records a second, all producers together
    #[arg(long, value_name = "RECORDS/S", conflicts_with_all = ["closed", "flood"])]
    pub rate: Option<f64>,
    /// Open loop: send at random times with this mean rate (Poisson)
    #[arg(long, conflicts_with_all = ["closed", "flood"])]
    pub poisson: bool,
    /// Open loop: rates one after the other, for example 1000x10,5000x5 for 10 s and 5 s
    #[arg(long, value_name = "RATExSECONDS", value_delimiter = ',', value_parser = parse_step, conflicts_with_all = ["rate", "poisson", "closed", "flood"])]
    pub steps: Vec<Step>,
    /// Closed loop: so many requests of each producer in flight, the next when one is answered
    #[arg(long, value_name = "REQUESTS", conflicts_with = "flood")]
    pub closed: Option<u32>,
    /// As fast as the broker takes it
    #[arg(long)]
    pub flood: bool,
    /// Bytes of a record's value
    #[arg(long, value_name = "BYTES")]
    pub size: Option<usize>,
    /// Seconds to measure
    #[arg(long, value_name = "SECONDS")]
    pub duration: Option<f64>,
    /// Seconds of load before that
    #[arg(long, value_name = "SECONDS")]
    pub warmup: Option<f64>,
    /// Seconds to wait after it for what is late
    #[arg(long, value_name = "SECONDS")]
    pub drain: Option<f64>,
    /// Topics to make
    #[arg(long, value_name = "COUNT")]
    pub topics: Option<usize>,
    /// Partitions of each
    #[arg(long, value_name = "COUNT")]
    pub partitions: Option<i32>,
    /// Replicas of each partition; -1 for the broker's default
    #[arg(long, value_name = "COUNT")]
    pub replication_factor: Option<i16>,
    /// An existing topic instead of new ones; it is kept
    #[arg(long, value_name = "NAME")]
    pub topic: Option<String>,
    /// A setting of the topics, for example flush.messages=1; may come again
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub set: Vec<(String, String)>,
    /// Producers, each with a connection to every leader
    #[arg(long, value_name = "COUNT")]
    pub producers: Option<usize>,
    /// 0, 1 or all
    #[arg(long, value_name = "ACKS", value_parser = parse_acks)]
    pub acks: Option<Acks>,
    /// Records that are sent again are stored once (KIP-98); needs --acks all
    #[arg(long)]
    pub idempotence: bool,
    /// none, gzip, snappy, lz4 or zstd
    #[arg(long, value_name = "NAME")]
    pub codec: Option<String>,
    /// Share of a value's bytes that are random, from 0 to 1
    #[arg(long, value_name = "SHARE")]
    pub entropy: Option<f64>,
    /// A batch is sent when it has so many bytes
    #[arg(long, value_name = "BYTES")]
    pub batch_bytes: Option<usize>,
    /// Records of a batch at most; 1 sends each alone
    #[arg(long, value_name = "COUNT")]
    pub batch_records: Option<usize>,
    /// … or when its first record waited so long
    #[arg(long, value_name = "MS")]
    pub linger_ms: Option<f64>,
    /// Unanswered requests on a connection, of an open loop or a flood
    #[arg(long, value_name = "REQUESTS")]
    pub in_flight: Option<u32>,
    /// Keys of records
    #[arg(long, value_name = "KIND", value_parser = parse_keys)]
    pub keys: Option<KeyKind>,
    /// How many keys there are
    #[arg(long, value_name = "COUNT")]
    pub key_count: Option<usize>,
    /// Groups that each read every record: the fan-out
    #[arg(long, value_name = "COUNT")]
    pub groups: Option<usize>,
    /// Consumers of each group
    #[arg(long, value_name = "COUNT")]
    pub consumers: Option<usize>,
    /// assigned, or classic for members of a consumer group
    #[arg(long, value_name = "KIND", value_parser = parse_protocol)]
    pub group_protocol: Option<GroupProtocol>,
    /// Consumers that read from the start, again and again
    #[arg(long, value_name = "COUNT")]
    pub catch_up: Option<usize>,
    /// Megabytes a second that those read together at most [default: as much as they get]
    #[arg(long, value_name = "MB/S")]
    pub catch_up_rate: Option<f64>,
    /// Connections a second that come and go beside the load
    #[arg(long, value_name = "PER_S")]
    pub churn: Option<f64>,
    /// Another one makes other keys, sizes, payloads and random arrivals
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// A record that the generator sent later than this after it could have is late
    #[arg(long, value_name = "MS")]
    pub late_ms: Option<f64>,
    /// More late records than this share, and the run is invalid
    #[arg(long, value_name = "SHARE")]
    pub late_share: Option<f64>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Generator")]
pub struct HowArgs {
    /// Threads that make load, a glommio executor each; on hosts of its own give it as many as there are cores
    #[arg(long, value_name = "COUNT", default_value = "1")]
    pub workers: usize,
    /// Cores to bind them to, one each, for example 2,3
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub cpus: Vec<usize>,
    /// How long an idle worker looks for work before it sleeps: punctual, but it takes its core whole
    #[arg(long, value_name = "MICROSECONDS", default_value = "0")]
    pub spin_us: u64,
    /// How long to wait for connections, answers and leaders
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    pub timeout: f64,
    /// Leave the topics of the run
    #[arg(long)]
    pub keep_topics: bool,
    /// Where the report goes as JSON, CSV, .hgrm, text and HTML
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// No live view
    #[arg(short, long)]
    pub quiet: bool,
}

impl LoadArgs {
    /// The workload with its changes, checked.
    pub fn workload(&self) -> Result<Workload, Failure> {
        let mut workload = match &self.workload {
            Some(path) => file::read(path, self.driver.as_deref())?,
            None if self.driver.is_some() => {
                return Err(Failure::usage("--driver belongs to a workload file; name one before it"));
            }
            None => Workload::default(),
        };
        self.change.apply(&mut workload);
        workload.check()?;
        Ok(workload)
    }

    pub fn options(&self) -> Result<load::Options, Failure> {
        let cost = self.broker.cost.as_deref().map(str::parse::<Source>).transpose();
        let mut bootstrap = Vec::new();
        for address in &self.broker.broker {
            bootstrap.push(with_port(address));
        }
        Ok(load::Options {
            bootstrap,
            workers: self.how.workers.max(1),
            cpus: self.how.cpus.clone(),
            spin: Duration::from_micros(self.how.spin_us),
            timeout: Duration::from_nanos(u64::try_from(nanos(self.how.timeout)).unwrap_or(0).max(1)),
            keep_topics: self.how.keep_topics,
            cost: cost.map_err(|error| Failure::usage(error.to_string()))?,
            counters_url: self.broker.counters.clone(),
            broker_name: self.broker.broker_name.clone(),
            data_dir: self.broker.data_dir.clone(),
            interrupted: interrupts()?,
            ..load::Options::default()
        })
    }
}

impl ChangeArgs {
    pub fn apply(&self, workload: &mut Workload) {
        let pacing = &mut workload.pacing;
        if let Some(rate) = self.rate {
            (pacing.kind, pacing.rate) = (PacingKind::Open, rate);
            // One rate was asked for: steps no longer hold.
            if pacing.schedule == ScheduleKind::Stepped {
                pacing.schedule = ScheduleKind::Fixed;
                pacing.steps.clear();
            }
        }
        if self.poisson {
            (pacing.kind, pacing.schedule) = (PacingKind::Open, ScheduleKind::Poisson);
        }
        if !self.steps.is_empty() {
            (pacing.kind, pacing.schedule) = (PacingKind::Open, ScheduleKind::Stepped);
            pacing.steps.clone_from(&self.steps);
        }
        if let Some(in_flight) = self.closed {
            (pacing.kind, pacing.in_flight) = (PacingKind::Closed, in_flight);
        }
        if self.flood {
            pacing.kind = PacingKind::Flood;
        }
        put(&mut pacing.late_ms, self.late_ms);
        put(&mut pacing.late_share, self.late_share);
        put(&mut workload.duration_s, self.duration);
        put(&mut workload.warmup_s, self.warmup);
        put(&mut workload.drain_s, self.drain);
        put(&mut workload.seed, self.seed);
        put(&mut workload.records.size, self.size.map(Size::Fixed));
        put(&mut workload.records.entropy, self.entropy);
        put(&mut workload.records.keys, self.keys);
        put(&mut workload.records.key_count, self.key_count);
        let topics = &mut workload.topics;
        put(&mut topics.count, self.topics);
        put(&mut topics.partitions, self.partitions);
        put(&mut topics.replication_factor, self.replication_factor);
        topics.settings.extend(self.set.iter().cloned());
        if self.topic.is_some() {
            topics.existing.clone_from(&self.topic);
        }
        let producers = &mut workload.producers;
        put(&mut producers.count, self.producers);
        put(&mut producers.acks, self.acks);
        put(&mut producers.codec, self.codec.clone());
        put(&mut producers.batch_bytes, self.batch_bytes);
        put(&mut producers.batch_records, self.batch_records);
        put(&mut producers.linger_ms, self.linger_ms);
        put(&mut producers.max_in_flight, self.in_flight);
        producers.idempotence |= self.idempotence;
        let consumers = &mut workload.consumers;
        put(&mut consumers.groups, self.groups);
        put(&mut consumers.count, self.consumers);
        put(&mut consumers.protocol, self.group_protocol);
        put(&mut consumers.catch_up, self.catch_up);
        put(&mut consumers.catch_up_mb_per_s, self.catch_up_rate);
        put(&mut workload.churn.connections_per_s, self.churn);
    }
}

fn put<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// Shows a run on the terminal while it runs.
pub struct Watcher {
    live: Option<Live>,
    total_s: Option<f64>,
}

impl Watcher {
    pub fn new(title: &str, total_s: f64, quiet: bool) -> Watcher {
        let live = (!quiet).then(|| Live::new(title, Some(total_s)));
        Watcher { live, total_s: Some(total_s) }
    }

    /// Takes the view away, so that the report has the terminal.
    pub fn finish(self) {
        if let Some(live) = self.live {
            live.finish();
        }
    }
}

impl Observer for Watcher {
    fn began(&mut self, _times: &Times, topics: &[String]) {
        if let (Some(live), Some(first)) = (&self.live, topics.first()) {
            let more =
                if topics.len() > 1 { format!(" and {} more", topics.len() - 1) } else { String::new() };
            let length = self.total_s.map_or(String::new(), |total_s| format!(", {total_s} s"));
            live.say(&format!("topic {first}{more}{length}"));
        }
    }

    fn second(&mut self, second: &Second, totals: &Counts) {
        if let Some(live) = &mut self.live {
            live.second(second, totals);
        }
    }

    fn say(&mut self, message: &str) {
        match &self.live {
            Some(live) => live.say(message),
            None => eprintln!("ottla-bench: {message}"),
        }
    }
}

/// A flag that Ctrl-C sets; a second Ctrl-C ends the process as usual.
pub fn interrupts() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let cannot = |error: std::io::Error| {
        Failure::new(super::Exit::Failed, format!("cannot watch for Ctrl-C: {error}"))
    };
    let interrupt = signal_hook::consts::SIGINT;
    // In this order: the first one finds the flag unset.
    signal_hook::flag::register_conditional_shutdown(interrupt, 130, Arc::clone(&flag)).map_err(cannot)?;
    signal_hook::flag::register(interrupt, Arc::clone(&flag)).map_err(cannot)?;
    Ok(flag)
}

/// Kafka's port, when none is said.
pub fn with_port(address: &str) -> String {
    let has_port = address.rsplit_once(':').is_some_and(|(host, port)| {
        port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']'))
    });
    if has_port { address.to_owned() } else { format!("{address}:9092") }
}

fn parse_step(text: &str) -> Result<Step, String> {
    let step = text.split_once('x').and_then(|(rate, seconds)| {
        Some(Step { rate: rate.trim().parse().ok()?, seconds: seconds.trim().parse().ok()? })
    });
    step.ok_or_else(|| "expected RATExSECONDS, for example 1000x10".to_owned())
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, for example flush.messages=1".to_owned()),
    }
}

fn parse_acks(text: &str) -> Result<Acks, String> {
    Acks::parse(text).ok_or_else(|| "expected 0, 1 or all".to_owned())
}

fn parse_keys(text: &str) -> Result<KeyKind, String> {
    match text {
        "none" => Ok(KeyKind::None),
        "round-robin" => Ok(KeyKind::RoundRobin),
        "uniform" => Ok(KeyKind::Uniform),
        "zipf" => Ok(KeyKind::Zipf),
        _ => Err("expected none, round-robin, uniform or zipf".to_owned()),
    }
}

fn parse_protocol(text: &str) -> Result<GroupProtocol, String> {
    match text {
        "assigned" => Ok(GroupProtocol::Assigned),
        "classic" => Ok(GroupProtocol::Classic),
        _ => Err("expected assigned or classic".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flag changes its field and what contradicts it, and nothing else.
    #[test]
    fn flags_change_their_fields() {
        let mut workload = Workload::default();
        workload.pacing.schedule = ScheduleKind::Stepped;
        workload.pacing.steps = vec![Step { rate: 1.0, seconds: 1.0 }];
        let change = ChangeArgs { rate: Some(5.0), size: Some(7), ..ChangeArgs::default() };
        change.apply(&mut workload);
        assert_eq!(workload.rate(), 5.0);
        let mut expected = Workload::default();
        (expected.pacing.rate, expected.records.size) = (5.0, Size::Fixed(7));
        assert_eq!(workload, expected);
        ChangeArgs { closed: Some(3), ..ChangeArgs::default() }.apply(&mut workload);
        assert_eq!((workload.pacing.kind, workload.pacing.in_flight), (PacingKind::Closed, 3));
    }

    #[test]
    fn values_of_options() {
        assert_eq!(parse_step("1000x2.5"), Ok(Step { rate: 1000.0, seconds: 2.5 }));
        assert!(parse_step("1000").is_err());
        assert_eq!(parse_pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(parse_pair("=b").is_err());
        let ports = ["h", "h:1", "::1", "[::1]:5"].map(with_port);
        assert_eq!(ports, ["h:9092", "h:1", "::1:9092", "[::1]:5"]);
    }
}
