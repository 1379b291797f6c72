//! The cases of tests/clients/README.md with librdkafka, linked statically through the rdkafka crate.

use rdkafka::ClientConfig;
use rdkafka::bindings as raw;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Headers, Message, OwnedHeaders};
use rdkafka::producer::{
    BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer,
};
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use std::env;
use std::ffi::{CStr, CString};
use std::fmt::Display;
use std::process::ExitCode;
use std::ptr;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

const COUNT: usize = 40;
const PARTITIONS: usize = 3;
const FIRST_TIMESTAMP: i64 = 1_700_000_000_000;
const WAIT: Duration = Duration::from_secs(15);

static BOOTSTRAP: LazyLock<String> =
    LazyLock::new(|| env::var("BOOTSTRAP").expect("BOOTSTRAP names the broker"));
static RUN: LazyLock<String> =
    LazyLock::new(|| format!("{}.librdkafka", env::var("RUN_NAME").unwrap_or_else(|_| "run".into())));
static VALUES: LazyLock<Vec<Option<Vec<u8>>>> = LazyLock::new(|| {
    (0..COUNT)
        .map(|i| match (i, i % 8) {
            (20, _) => Some(pattern(i, 900_000)),
            (_, 1) => Some(Vec::new()),
            (_, 2) => None,
            (_, 3) => Some(b"x".to_vec()),
            _ => Some(pattern(i, 50 * i)),
        })
        .collect()
});

type Outcome = Result<(), String>;

fn pattern(seed: usize, length: usize) -> Vec<u8> {
    let mut s = seed as u32 + 1;
    let step = |_| {
        s = s.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        (s >> 16) as u8
    };
    (0..length).map(step).collect()
}

fn key(i: usize) -> Option<Vec<u8>> {
    match i % 4 {
        0 => None,
        1 => Some(Vec::new()),
        _ => Some(format!("key-{i}").into_bytes()),
    }
}

fn headers(i: usize) -> Vec<(&'static str, String)> {
    match i / 3 % 3 {
        0 => vec![],
        1 => vec![("h", "1".into()), ("h", "2".into()), ("t", i.to_string())],
        _ => vec![("e", String::new())],
    }
}

fn timestamp(i: usize) -> i64 {
    FIRST_TIMESTAMP + 1000 * i as i64
}

fn end(partition: usize) -> i64 {
    ((COUNT - partition + 2) / PARTITIONS) as i64
}

fn text(error: impl Display) -> String {
    error.to_string()
}

fn check(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(what()) }
}

fn settings(more: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", BOOTSTRAP.as_str());
    for (name, value) in more {
        config.set(*name, *value);
    }
    config
}

fn consumer() -> Result<BaseConsumer, String> {
    settings(&[("group.id", "none"), ("enable.auto.commit", "false"), ("auto.offset.reset", "error")])
        .create()
        .map_err(text)
}

/// Creates a topic by librdkafka's own admin call and waits until its partitions serve (Apache Kafka answers earlier).
fn create(topic: &str, partitions: usize) -> Outcome {
    let client: BaseProducer = settings(&[]).create().map_err(text)?;
    let handle = client.client().native_ptr();
    let name = CString::new(topic).map_err(text)?;
    // SAFETY: every object made here is destroyed here, once, and `handle` outlives them.
    let created = unsafe {
        let mut reason = [0; 256];
        let new = raw::rd_kafka_NewTopic_new(
            name.as_ptr(),
            partitions as i32,
            1,
            reason.as_mut_ptr(),
            reason.len(),
        );
        if new.is_null() {
            return Err(CStr::from_ptr(reason.as_ptr()).to_string_lossy().into_owned());
        }
        let queue = raw::rd_kafka_queue_new(handle);
        let mut list = [new];
        raw::rd_kafka_CreateTopics(handle, list.as_mut_ptr(), 1, ptr::null(), queue);
        let event = raw::rd_kafka_queue_poll(queue, WAIT.as_millis() as i32);
        let mut outcome = Err("no answer to CreateTopics".to_owned());
        if !event.is_null() {
            let mut count = 0;
            let results = raw::rd_kafka_CreateTopics_result_topics(
                raw::rd_kafka_event_CreateTopics_result(event),
                &mut count,
            );
            let code = if count == 1 {
                raw::rd_kafka_topic_result_error(*results)
            } else {
                raw::rd_kafka_event_error(event)
            };
            outcome = match RDKafkaErrorCode::from(code) {
                RDKafkaErrorCode::NoError => Ok(()),
                other => Err(other.to_string()),
            };
            raw::rd_kafka_event_destroy(event);
        }
        raw::rd_kafka_queue_destroy(queue);
        raw::rd_kafka_NewTopic_destroy(new);
        outcome
    };
    created?;
    let limit = Instant::now() + WAIT;
    for p in 0..partitions {
        while let Err(error) = client.client().fetch_watermarks(topic, p as i32, Duration::from_secs(2)) {
            check(Instant::now() < limit, || format!("the new topic does not serve: {error}"))?;
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// Where each record ended, in the order of the deliveries.
#[derive(Default)]
struct Acks(Mutex<Vec<Option<Result<(i32, i64), String>>>>);

impl ClientContext for Acks {}

impl ProducerContext for Acks {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, i: Box<usize>) {
        let ack = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.to_string()),
        };
        self.0.lock().expect("no test thread panics with the lock")[*i] = Some(ack);
    }
}

fn produce(topic: &str, codec: &str, promise: &[(&str, &str)]) -> Result<Vec<(i32, i64)>, String> {
    let mut config = settings(&[
        ("compression.type", codec),
        ("linger.ms", "5"),
        ("message.max.bytes", "1048576"),
        ("message.timeout.ms", "20000"),
    ]);
    for (name, value) in promise {
        config.set(*name, *value);
    }
    let acks = Acks(Mutex::new(vec![None; COUNT]));
    let producer: ThreadedProducer<Acks> = config.create_with_context(acks).map_err(text)?;
    for i in 0..COUNT {
        let (key, value) = (key(i), &VALUES[i]);
        let mut record = BaseRecord::<Vec<u8>, Vec<u8>, _>::with_opaque_to(topic, Box::new(i))
            .partition((i % PARTITIONS) as i32)
            .timestamp(timestamp(i));
        if let Some(key) = &key {
            record = record.key(key);
        }
        if let Some(value) = value {
            record = record.payload(value);
        }
        let mut owned = OwnedHeaders::new();
        for (name, value) in &headers(i) {
            owned = owned.insert(rdkafka::message::Header { key: name, value: Some(value) });
        }
        producer.send(record.headers(owned)).map_err(|(error, _)| text(error))?;
    }
    producer.flush(Duration::from_secs(25)).map_err(text)?;
    let acks = producer.context().0.lock().expect("no test thread panics with the lock").clone();
    acks.into_iter()
        .enumerate()
        .map(|(i, ack)| ack.ok_or_else(|| format!("record {i} was never acknowledged"))?)
        .collect()
}

fn compare(message: &impl Message) -> Outcome {
    let i = message.offset() as usize * PARTITIONS + message.partition() as usize;
    let at = format!("{}@{}", message.partition(), message.offset());
    check(i < COUNT, || format!("{at}: beyond the last record"))?;
    check(message.key() == key(i).as_deref(), || format!("{at}: key {:?}", message.key()))?;
    check(message.payload() == VALUES[i].as_deref(), || {
        format!("{at}: value of {:?} bytes", message.payload().map(<[u8]>::len))
    })?;
    check(message.timestamp().to_millis() == Some(timestamp(i)), || {
        format!("{at}: timestamp {:?}", message.timestamp())
    })?;
    let seen: Vec<_> = message
        .headers()
        .map(|all| {
            all.iter()
                .map(|h| (h.key.to_owned(), h.value.map(|v| String::from_utf8_lossy(v).into_owned())))
                .collect()
        })
        .unwrap_or_default();
    let expected: Vec<_> =
        headers(i).into_iter().map(|(name, value)| (name.to_owned(), Some(value))).collect();
    check(seen == expected, || format!("{at}: headers {seen:?}"))
}

fn read(consumer: &BaseConsumer, topic: &str, from: i64, wanted: usize) -> Outcome {
    let mut list = TopicPartitionList::new();
    for p in 0..PARTITIONS {
        list.add_partition_offset(topic, p as i32, Offset::Offset(from)).map_err(text)?;
    }
    consumer.assign(&list).map_err(text)?;
    let mut next = [from; PARTITIONS];
    let limit = Instant::now() + WAIT;
    for seen in 0..wanted {
        let message = loop {
            match consumer.poll(Duration::from_millis(200)) {
                Some(message) => break message.map_err(text)?,
                None => check(Instant::now() < limit, || format!("{seen} of {wanted} records"))?,
            }
        };
        let following = &mut next[message.partition() as usize];
        check(message.offset() == *following, || format!("offset {}, not {following}", message.offset()))?;
        *following += 1;
        compare(&message)?;
    }
    Ok(())
}

fn codec(topic: &str, codec: &str, promise: &[(&str, &str)]) -> Outcome {
    create(topic, PARTITIONS)?;
    let blind = promise.contains(&("acks", "0"));
    for (i, ack) in produce(topic, codec, promise)?.into_iter().enumerate() {
        let expected = ((i % PARTITIONS) as i32, (i / PARTITIONS) as i64);
        check(blind || ack == expected, || format!("record {i} went to {ack:?}"))?;
    }
    let consumer = consumer()?;
    read(&consumer, topic, 0, COUNT)?;
    read(&consumer, topic, 7, (0..COUNT).filter(|i| i / PARTITIONS >= 7).count())?;
    let at_time = |p: usize, time: i64| {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, p as i32, Offset::Offset(time)).map_err(text)?;
        let found = consumer.offsets_for_times(list, WAIT).map_err(text)?;
        found.elements().first().map(|e| e.offset()).ok_or_else(|| "no answer for a timestamp".to_owned())
    };
    for i in [0, 1, 17, 20, COUNT - 1] {
        let found = at_time(i % PARTITIONS, timestamp(i) - 500)?;
        check(found == Offset::Offset((i / PARTITIONS) as i64), || {
            format!("for the time of record {i}: {found:?}")
        })?;
    }
    let past = at_time(0, timestamp(COUNT))?;
    check(past == Offset::End, || format!("after the last record's time: {past:?}"))?;
    for p in 0..PARTITIONS {
        let ends = consumer.fetch_watermarks(topic, p as i32, WAIT).map_err(text)?;
        check(ends == (0, end(p)), || format!("partition {p} is {ends:?}"))?;
    }
    Ok(())
}

fn topics() -> Outcome {
    let topic = format!("{}.admin", *RUN);
    create(&topic, 2)?;
    check(
        create(&topic, 2).is_err_and(|e| e.contains("already exists") || e.contains("TopicAlreadyExists")),
        || "created twice".into(),
    )?;
    check(create("a b", 1).is_err(), || "a topic with a space in its name".into())?;
    let consumer = consumer()?;
    let metadata = consumer.fetch_metadata(Some(&topic), WAIT).map_err(text)?;
    check(metadata.brokers().len() == 1, || format!("{} brokers", metadata.brokers().len()))?;
    let found = metadata.topics().first().ok_or("no topic in the metadata")?;
    check(found.error().is_none() && found.partitions().len() == 2, || {
        format!("{} partitions", found.partitions().len())
    })?;
    for p in found.partitions() {
        check(p.isr() == [p.leader()] && p.error().is_none(), || {
            format!("partition {}: leader {}, in sync {:?}", p.id(), p.leader(), p.isr())
        })?;
    }
    Ok(())
}

fn out_of_range() -> Outcome {
    let topic = format!("{}.range", *RUN);
    create(&topic, 1)?;
    let consumer = consumer()?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&topic, 0, Offset::Offset(1000)).map_err(text)?;
    consumer.assign(&list).map_err(text)?;
    let limit = Instant::now() + WAIT;
    while Instant::now() < limit {
        if let Some(Err(error)) = consumer.poll(Duration::from_millis(200)) {
            let code = error.rdkafka_error_code();
            return check(
                matches!(code, Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)),
                || text(error),
            );
        }
    }
    Err("a fetch beyond the end was not refused".into())
}

fn main() -> ExitCode {
    let mut failures = 0;
    let mut attempt = |name: &str, outcome: Outcome| match outcome {
        Ok(()) => println!("ok {name}"),
        Err(reason) => {
            failures += 1;
            println!("FAIL {name}: {}", reason.replace('\n', " "));
        }
    };
    let promises: [(&str, &[(&str, &str)]); 3] = [
        ("idempotent", &[("enable.idempotence", "true"), ("acks", "all")]),
        ("acks1", &[("acks", "1")]),
        ("acks0", &[("acks", "0")]),
    ];
    for name in ["none", "gzip", "snappy", "lz4", "zstd"] {
        for (promise, settings) in promises {
            attempt(
                &format!("{name} {promise}"),
                codec(&format!("{}.{name}.{promise}", *RUN), name, settings),
            );
        }
    }
    attempt("topics", topics());
    attempt("out of range", out_of_range());
    ExitCode::from(u8::from(failures > 0))
}
