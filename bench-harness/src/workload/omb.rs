//! OpenMessaging Benchmark's files, as they are: `workloads/*.yaml`, and the topic, producer and consumer settings of `driver-kafka/*.yaml`.
//!
//! The fields are those of its `Workload` and `Config` classes (<https://github.com/openmessaging/benchmark>). What has no meaning here, such
//! as `driverClass`, is read and left. Its producers' and consumers' settings are Kafka's; those that shape the load are taken over, and one
//! that would change it but is not known here is an error rather than a silent difference.

use super::file::with_nearest;
use super::{Acks, FileKind, GroupProtocol, KeyKind, PacingKind, Size, Spread, Workload};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct OmbWorkload {
    name: String,
    topics: usize,
    partitions_per_topic: i32,
    key_distributor: KeyDistributor,
    message_size: usize,
    use_randomized_payloads: bool,
    random_bytes_ratio: f64,
    /// Left: our pool has its own size.
    randomized_payload_pool_size: u64,
    payload_file: Option<PathBuf>,
    subscriptions_per_topic: usize,
    producers_per_topic: usize,
    consumer_per_subscription: usize,
    producer_rate: f64,
    #[serde(rename = "consumerBacklogSizeGB")]
    backlog_gb: f64,
    /// Left: the catch-up reader reads until the end of the run.
    backlog_drain_ratio: f64,
    test_duration_minutes: f64,
    warmup_duration_minutes: f64,
    /// Left: its output's interval; ours is a second.
    log_interval_millis: u64,
}

impl Default for OmbWorkload {
    /// The defaults of its own class.
    fn default() -> Self {
        OmbWorkload {
            name: String::new(),
            topics: 1,
            partitions_per_topic: 1,
            key_distributor: KeyDistributor::NoKey,
            message_size: 0,
            use_randomized_payloads: false,
            random_bytes_ratio: 0.0,
            randomized_payload_pool_size: 0,
            payload_file: None,
            subscriptions_per_topic: 1,
            producers_per_topic: 1,
            consumer_per_subscription: 1,
            producer_rate: 0.0,
            backlog_gb: 0.0,
            backlog_drain_ratio: 1.0,
            test_duration_minutes: 5.0,
            warmup_duration_minutes: 1.0,
            log_interval_millis: 10_000,
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum KeyDistributor {
    NoKey,
    KeyRoundRobin,
    RandomNano,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct OmbDriver {
    /// Left: a label.
    name: String,
    /// Left: the driver is this program.
    driver_class: String,
    replication_factor: Option<i16>,
    /// Left: topics here are always new ones.
    reset: bool,
    topic_config: String,
    /// Left: the brokers come from the command line.
    common_config: String,
    producer_config: String,
    consumer_config: String,
}

/// # Errors
/// `Input` with the place and what was probably meant.
pub fn parse(name: &str, text: &str) -> Result<Workload> {
    let omb: OmbWorkload = read(name, text)?;
    let mut workload = Workload {
        name: omb.name.clone(),
        duration_s: omb.test_duration_minutes * 60.0,
        warmup_s: omb.warmup_duration_minutes * 60.0,
        ..Workload::default()
    };
    // Its tool searches for the highest rate by itself when it is told 0; here that is what flood does.
    if omb.producer_rate > 0.0 {
        workload.pacing.rate = omb.producer_rate;
    } else {
        workload.pacing.kind = PacingKind::Flood;
    }
    workload.records.size = Size::Fixed(omb.message_size);
    workload.records.entropy = if omb.use_randomized_payloads { omb.random_bytes_ratio } else { 1.0 };
    if !omb.use_randomized_payloads
        && let Some(file) = omb.payload_file
    {
        workload.records.file = Some(file);
        workload.records.file_kind = FileKind::Whole;
    }
    workload.records.keys = match omb.key_distributor {
        KeyDistributor::NoKey => KeyKind::None,
        KeyDistributor::KeyRoundRobin => KeyKind::RoundRobin,
        KeyDistributor::RandomNano => KeyKind::Uniform,
    };
    // It has 10,000 keys of 7 bytes.
    (workload.records.key_count, workload.records.key_bytes) = (10_000, 7);
    workload.topics.count = omb.topics;
    workload.topics.partitions = omb.partitions_per_topic;
    workload.producers.count = omb.topics * omb.producers_per_topic;
    workload.producers.spread = Spread::Own;
    workload.consumers.groups = omb.subscriptions_per_topic;
    workload.consumers.count = omb.topics * omb.consumer_per_subscription;
    workload.consumers.catch_up = usize::from(omb.backlog_gb > 0.0);
    Ok(workload)
}

/// Takes over what a driver file says about topics, producers and consumers.
/// # Errors
/// `Input`: a field or one of Kafka's settings that is not known here.
pub fn apply_driver(workload: &mut Workload, name: &str, text: &str) -> Result<()> {
    let driver: OmbDriver = read(name, text)?;
    if let Some(replication_factor) = driver.replication_factor {
        workload.topics.replication_factor = replication_factor;
    }
    for (key, value) in properties(&driver.topic_config) {
        workload.topics.settings.insert(key.to_owned(), value.to_owned());
    }
    for (key, value) in properties(&driver.producer_config) {
        let number = || number(name, key, value);
        let producers = &mut workload.producers;
        match key {
            "acks" => {
                let acks = Acks::parse(value);
                producers.acks =
                    acks.ok_or_else(|| Error::input(name, format!("acks={value}: expected 0, 1 or all")))?;
            }
            "linger.ms" => producers.linger_ms = number()?,
            "batch.size" => producers.batch_bytes = number()? as usize,
            "compression.type" => value.clone_into(&mut producers.codec),
            "max.in.flight.requests.per.connection" => producers.max_in_flight = number()? as u32,
            "enable.idempotence" => producers.idempotence = value == "true",
            "max.request.size" => producers.request_bytes = number()? as usize,
            "request.timeout.ms" => producers.request_timeout_ms = number()? as u64,
            "delivery.timeout.ms" => producers.delivery_timeout_ms = number()? as u64,
            // Memory and sockets of the Java client.
            "buffer.memory" | "send.buffer.bytes" | "receive.buffer.bytes" | "client.id" | "retries" => {}
            _ => return Err(unknown(name, "producerConfig", key)),
        }
    }
    for (key, value) in properties(&driver.consumer_config) {
        let number = || number(name, key, value);
        let consumers = &mut workload.consumers;
        match key {
            "fetch.min.bytes" => consumers.min_bytes = number()? as i32,
            "fetch.max.bytes" => consumers.fetch_bytes = number()? as i32,
            "max.partition.fetch.bytes" => consumers.partition_bytes = number()? as i32,
            "fetch.max.wait.ms" => consumers.max_wait_ms = number()? as u64,
            "check.crcs" => consumers.check_crcs = value == "true",
            "session.timeout.ms" => consumers.session_timeout_ms = number()? as u64,
            "auto.commit.interval.ms" => consumers.commit_interval_ms = number()? as u64,
            "enable.auto.commit" | "auto.offset.reset" | "max.poll.records" | "client.id" => {}
            "receive.buffer.bytes" | "send.buffer.bytes" => {}
            _ => return Err(unknown(name, "consumerConfig", key)),
        }
    }
    // Its consumers are members of groups.
    workload.consumers.protocol = GroupProtocol::Classic;
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T> {
    // By way of JSON's values, whose errors list what is known.
    let values: serde_json::Value =
        serde_saphyr::from_str(text).map_err(|error| Error::input(name, error.to_string()))?;
    serde_json::from_value(values).map_err(|error| Error::input(name, with_nearest(&error.to_string())))
}

/// Lines `key=value`, as in Java's properties files.
fn properties(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
}

fn number(name: &str, key: &str, value: &str) -> Result<f64> {
    let parsed = value.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    parsed.ok_or_else(|| Error::input(name, format!("{key}={value}: expected a number of 0 or more")))
}

fn unknown(name: &str, section: &str, key: &str) -> Error {
    Error::input(
        name,
        format!(
            "{section}: what '{key}' does to the load is not known here; remove it, or say it in a workload file of our own notation"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workload file with the fields that its own examples have.
    #[test]
    fn a_workload_of_its_examples() {
        let text = "name: 100 topics / 16 partitions / 1 KB\n\ntopics: 100\npartitionsPerTopic: 16\n\
            keyDistributor: \"NO_KEY\"\nmessageSize: 1024\nuseRandomizedPayloads: true\nrandomBytesRatio: 0.5\n\
            randomizedPayloadPoolSize: 1000\n\nsubscriptionsPerTopic: 2\nconsumerPerSubscription: 1\n\
            producersPerTopic: 2\nproducerRate: 50000\nconsumerBacklogSizeGB: 0\ntestDurationMinutes: 15\n";
        let workload = parse("w.yaml", text).unwrap();
        workload.check().unwrap();
        assert_eq!((workload.topics.count, workload.topics.partitions), (100, 16));
        assert_eq!((workload.producers.count, workload.producers.spread), (200, Spread::Own));
        assert_eq!((workload.consumers.groups, workload.consumers.count), (2, 100));
        assert_eq!((workload.pacing.kind, workload.pacing.rate), (PacingKind::Open, 50_000.0));
        assert_eq!((workload.duration_s, workload.warmup_s), (900.0, 60.0));
        assert_eq!((workload.records.size.clone(), workload.records.entropy), (Size::Fixed(1024), 0.5));
        assert_eq!(workload.consumers.catch_up, 0);
    }

    /// A rate of 0 asks for as much as goes.
    #[test]
    fn no_rate_is_a_flood() {
        let text = "name: max\ntopics: 1\npartitionsPerTopic: 1\nmessageSize: 100\npayloadFile: \"payload/payload-100b.data\"\n\
            producerRate: 0\nconsumerBacklogSizeGB: 5\nkeyDistributor: KEY_ROUND_ROBIN\n";
        let workload = parse("w.yaml", text).unwrap();
        assert_eq!(workload.pacing.kind, PacingKind::Flood);
        assert_eq!(workload.records.keys, KeyKind::RoundRobin);
        assert_eq!(workload.records.file, Some(PathBuf::from("payload/payload-100b.data")));
        assert_eq!(workload.consumers.catch_up, 1);
    }

    /// A driver file's settings reach the load, and one that is not known is named.
    #[test]
    fn a_driver_of_its_examples() {
        let mut workload = Workload::default();
        let text = "name: Kafka\ndriverClass: io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver\n\
            replicationFactor: 3\nreset: true\ntopicConfig: |\n  min.insync.replicas=2\n  flush.messages=1\n  flush.ms=0\n\
            commonConfig: |\n  bootstrap.servers=localhost:9092\nproducerConfig: |\n  acks=all\n  linger.ms=1\n\
            \x20 batch.size=131072\nconsumerConfig: |\n  auto.offset.reset=earliest\n  enable.auto.commit=false\n\
            \x20 max.partition.fetch.bytes=10485760\n";
        apply_driver(&mut workload, "d.yaml", text).unwrap();
        assert_eq!(workload.topics.replication_factor, 3);
        assert_eq!(workload.topics.settings.get("flush.messages").map(String::as_str), Some("1"));
        assert_eq!((workload.producers.linger_ms, workload.producers.batch_bytes), (1.0, 131_072));
        assert_eq!(workload.consumers.partition_bytes, 10_485_760);
        let error = apply_driver(&mut workload, "d.yaml", "producerConfig: |\n  transactional.id=x\n");
        assert!(error.unwrap_err().to_string().contains("transactional.id"));
    }

    /// A misspelt field is named with what was meant.
    #[test]
    fn what_is_misspelt_names_the_nearest() {
        let error = parse("w.yaml", "name: x\ntopic: 1\n").err().unwrap().to_string();
        assert!(error.contains("did you mean 'topics'?"), "{error}");
    }
}
