//! Produce: batches that are what they say, and batches that lie.

use crate::trial::{Trial, now_ms};
use ottla_protocol::Records;
use ottla_protocol::Uuid;
use ottla_protocol::messages::*;
use ottla_tests::batch::{Batch, CONTROL, Codec, Record, THEN_MS, TRANSACTIONAL, varint};
use produce_request::{PartitionProduceData, TopicProduceData};

pub fn request<'a>(
    topic: &'a str,
    id: Uuid,
    partition: i32,
    acks: i16,
    records: &'a [u8],
) -> ProduceRequest<'a> {
    ProduceRequest {
        transactional_id: None,
        acks,
        timeout_ms: 5_000,
        topic_data: vec![TopicProduceData {
            name: topic.into(),
            topic_id: id,
            partition_data: vec![PartitionProduceData {
                index: partition,
                records: Some(Records::Slice(records)),
            }],
        }],
    }
}

/// Appends what no case asks about.
pub fn put(trial: &mut Trial, topic: &str, partition: i32, batch: &Batch) -> i64 {
    let bytes = batch.build();
    let answer = trial.call(12, &request(topic, Uuid::ZERO, partition, -1, &bytes));
    let offset = answer.as_ref().and_then(|answer| answer.body().ok()).and_then(|body| {
        let partition = body.responses.first()?.partition_responses.first()?.clone();
        (partition.error_code == 0).then_some(partition.base_offset)
    });
    offset.unwrap_or_else(|| {
        let name = format!("put {topic}-{partition} {}", trial.cases.len());
        trial.note(&name, vec!["failed".to_string()]);
        -1
    })
}

fn send(trial: &mut Trial, what: &str, version: i16, topic: &str, partition: i32, acks: i16, bytes: &[u8]) {
    let id = if version >= 13 { trial.id(topic) } else { Uuid::ZERO };
    trial.ask(&format!("Produce {what}"), version, &request(topic, id, partition, acks, bytes));
}

pub fn ask(trial: &mut Trial) {
    plain(trial);
    liars(trial);
    codecs(trial);
    timestamps(trial);
    settings(trial);
}

fn plain(trial: &mut Trial) {
    trial.topic("p", 2, &[]);
    let three = Batch::numbered(3).build();
    for version in 3..=13 {
        for acks in [1, -1] {
            send(trial, &format!("three records, acks={acks}"), version, "p", 0, acks, &three);
        }
        for acks in [5, -2, 2, i16::MAX] {
            send(trial, &format!("acks={acks}"), version, "p", 0, acks, &three);
        }
        send(trial, "to an unknown partition", version, "p", 7, 1, &three);
        send(trial, "to partition -1", version, "p", -1, 1, &three);
        send(trial, "to an unknown topic", version, "p.unknown", 0, 1, &three);
        if version < 13 {
            send(trial, "to a bad topic name", version, "no such", 0, 1, &three);
            send(trial, "to an empty topic name", version, "", 0, 1, &three);
        }
    }
    let id = trial.id("p");
    for version in [3, 13] {
        let id = if version == 13 { id } else { Uuid::ZERO };
        trial.ask_without_answer("Produce acks=0", version, &request("p", id, 0, 0, &three));
        trial.ask_without_answer(
            "Produce acks=0 to an unknown partition",
            version,
            &request("p", id, 9, 0, &three),
        );
        let mut bad = three.clone();
        bad[30] ^= 1;
        trial.ask_without_answer("Produce acks=0 with a bad CRC", version, &request("p", id, 0, 0, &bad));
    }
    for version in [3, 9, 13] {
        let nothing = ProduceRequest { acks: 1, timeout_ms: 100, ..Default::default() };
        trial.ask("Produce nothing", version, &nothing);
        let mut null = request("p", if version == 13 { id } else { Uuid::ZERO }, 0, 1, &[]);
        null.topic_data[0].partition_data[0].records = None;
        trial.ask("Produce null records", version, &null);
        send(trial, "no bytes of records", version, "p", 0, 1, &[]);
        let mut no_partitions = null.clone();
        no_partitions.topic_data[0].partition_data.clear();
        trial.ask("Produce to no partitions", version, &no_partitions);
        let mut twice = request("p", if version == 13 { id } else { Uuid::ZERO }, 1, 1, &three);
        twice.topic_data[0]
            .partition_data
            .push(PartitionProduceData { index: 0, records: Some(Records::Slice(&three)) });
        twice.topic_data[0]
            .partition_data
            .push(PartitionProduceData { index: 8, records: Some(Records::Slice(&three)) });
        trial.ask("Produce to two partitions and an unknown one", version, &twice);
        let mut late = request("p", if version == 13 { id } else { Uuid::ZERO }, 0, -1, &three);
        late.timeout_ms = -1;
        trial.ask("Produce with a negative timeout", version, &late);
    }
    let mut transactional = request("p", Uuid::ZERO, 0, -1, &three);
    transactional.transactional_id = Some("t".into());
    trial.ask("Produce with a transactional id and a plain batch", 9, &transactional);
    for version in [9, 11, 13] {
        for (what, id) in [("a transactional batch", 9_000_030), ("a transactional batch of nobody", -1)] {
            let (epoch, sequence) = if id < 0 { (-1, -1) } else { (0, 0) };
            let batch =
                Batch { attributes: TRANSACTIONAL, ..Batch::numbered(1).from_producer(id, epoch, sequence) };
            let batch = batch.build();
            let topic_id = if version >= 13 { trial.id("p") } else { Uuid::ZERO };
            let mut transactional = request(if version >= 13 { "" } else { "p" }, topic_id, 0, -1, &batch);
            transactional.transactional_id = Some("t".into());
            trial.ask(&format!("Produce with a transactional id and {what}"), version, &transactional);
        }
    }
}

/// Batches that are not what they say.
fn liars(trial: &mut Trial) {
    trial.topic("liars", 1, &[]);
    let good = Batch::numbered(3);
    let mut cases: Vec<(&str, Vec<u8>)> = Vec::new();
    let mut with = |what, change: &dyn Fn(&mut Batch)| {
        let mut batch = good.clone();
        change(&mut batch);
        cases.push((what, batch.build()));
    };
    with("a CRC of 0", &|batch| batch.crc = Some(0));
    with("magic 0", &|batch| batch.magic = 0);
    with("magic 1", &|batch| batch.magic = 1);
    with("magic 3", &|batch| batch.magic = 3);
    with("magic -1", &|batch| batch.magic = -1);
    with("a count too high", &|batch| batch.count = Some(4));
    with("a count too low", &|batch| batch.count = Some(2));
    with("a count of 0", &|batch| batch.count = Some(0));
    with("a negative count", &|batch| batch.count = Some(-1));
    with("a count of 2^31-1", &|batch| batch.count = Some(i32::MAX));
    with("a last offset delta too high", &|batch| batch.last_offset_delta = Some(3));
    with("a last offset delta too low", &|batch| batch.last_offset_delta = Some(1));
    with("a last offset delta of -1", &|batch| batch.last_offset_delta = Some(-1));
    with("a last offset delta of 2^31-1", &|batch| batch.last_offset_delta = Some(i32::MAX));
    with("both counts too high", &|batch| {
        batch.last_offset_delta = Some(3);
        batch.count = Some(4);
    });
    with("no records", &|batch| batch.records.clear());
    with("a base offset of 77", &|batch| batch.base_offset = 77);
    with("a negative base offset", &|batch| batch.base_offset = -5);
    with("a leader epoch of 77", &|batch| batch.leader_epoch = 77);
    with("a length too short", &|batch| batch.length = Some(60));
    with("a length too long", &|batch| batch.length = Some(100_000));
    with("a length of 48", &|batch| batch.length = Some(48));
    with("a length of 0", &|batch| batch.length = Some(0));
    with("a negative length", &|batch| batch.length = Some(-1));
    with("a length of 2^31-1", &|batch| batch.length = Some(i32::MAX));
    with("the control bit", &|batch| batch.attributes = CONTROL);
    with("the transactional bit", &|batch| batch.attributes = TRANSACTIONAL);
    with("the transactional bit of a producer", &|batch| {
        *batch = batch.clone().from_producer(4000, 0, 0);
        batch.attributes = TRANSACTIONAL;
    });
    with("LogAppendTime of its own", &|batch| batch.attributes = 8);
    with("the delete horizon bit", &|batch| batch.attributes = 0x40);
    with("unknown attributes", &|batch| batch.attributes = 0x7f80);
    with("a negative producer epoch", &|batch| *batch = batch.clone().from_producer(4001, -1, 0));
    with("a negative sequence", &|batch| *batch = batch.clone().from_producer(4001, 0, -1));
    with("a sequence without a producer", &|batch| *batch = batch.clone().from_producer(-1, 0, 5));
    with("an offset delta twice", &|batch| batch.records[1].offset_delta = Some(0));
    with("offset deltas that skip", &|batch| {
        batch.records[1].offset_delta = Some(5);
        batch.records[2].offset_delta = Some(6);
    });
    with("a negative offset delta", &|batch| batch.records[0].offset_delta = Some(-1));
    with("a max timestamp too low", &|batch| batch.max_timestamp = Some(THEN_MS - 5));
    with("a max timestamp too high", &|batch| batch.max_timestamp = Some(THEN_MS + 500_000));
    with("records of nonsense", &|batch| batch.payload = Some(vec![0xff; 40]));
    with("a record length of 2^31", &|batch| {
        let mut payload = Vec::new();
        varint(&mut payload, i64::from(i32::MAX));
        batch.payload = Some(payload);
    });
    with("a negative record length", &|batch| {
        let mut payload = Vec::new();
        varint(&mut payload, -20);
        batch.payload = Some(payload);
    });
    with("bytes after the records", &|batch| {
        let mut payload = batch.records_bytes();
        payload.extend_from_slice(b"tail");
        batch.payload = Some(payload);
    });
    with("the unknown codec 5", &|batch| batch.attributes = 5);
    with("the unknown codec 7", &|batch| batch.attributes = 7);
    let batch = good.build();
    cases.push(("two batches", [batch.clone(), batch.clone()].concat()));
    cases.push(("one byte of a batch", batch[..1].to_vec()));
    cases.push(("half a header", batch[..30].to_vec()));
    cases.push(("a header without records", batch[..61].to_vec()));
    cases.push(("a batch without its last byte", batch[..batch.len() - 1].to_vec()));
    cases.push(("a batch and a byte", [batch.clone(), vec![0]].concat()));
    cases.push(("a batch and half of one", [batch.clone(), batch[..40].to_vec()].concat()));
    cases.push(("zeros", vec![0; 100]));
    for (what, bytes) in &cases {
        for version in [3, 8, 13] {
            send(trial, what, version, "liars", 0, -1, bytes);
        }
    }
    super::offsets::latest(trial, "liars", "after all that");
}

fn codecs(trial: &mut Trial) {
    trial.topic("codecs", 1, &[]);
    for codec in Codec::ALL {
        let batch = Batch { codec, ..Batch::numbered(20) };
        for version in [3, 6, 7, 13] {
            send(trial, &format!("{codec:?}"), version, "codecs", 0, -1, &batch.build());
        }
        if codec == Codec::None {
            continue;
        }
        let nonsense =
            Batch { attributes: codec as i16, payload: Some(vec![0x5a; 50]), ..Batch::numbered(3) };
        send(trial, &format!("{codec:?} of nonsense"), 9, "codecs", 0, -1, &nonsense.build());
        let empty = Batch { attributes: codec as i16, payload: Some(Vec::new()), ..Batch::numbered(3) };
        send(trial, &format!("{codec:?} of no bytes"), 9, "codecs", 0, -1, &empty.build());
        let wrong = Batch { codec, count: Some(21), last_offset_delta: Some(20), ..Batch::numbered(20) };
        send(trial, &format!("{codec:?} with a count too high"), 9, "codecs", 0, -1, &wrong.build());
        let wrong = Batch { codec, count: Some(19), last_offset_delta: Some(18), ..Batch::numbered(20) };
        send(trial, &format!("{codec:?} with a count too low"), 9, "codecs", 0, -1, &wrong.build());
        let cut = batch.build();
        let mut cut = Batch { payload: None, ..batch.clone() }.build()[..cut.len() - 5].to_vec();
        let length = (cut.len() - 12) as i32;
        cut[8..12].copy_from_slice(&length.to_be_bytes());
        let crc = crc32c::crc32c(&cut[21..]);
        cut[17..21].copy_from_slice(&crc.to_be_bytes());
        send(trial, &format!("{codec:?} without its end"), 9, "codecs", 0, -1, &cut);
    }
    super::offsets::latest(trial, "codecs", "after all codecs");
}

fn timestamps(trial: &mut Trial) {
    trial.topic(
        "times",
        1,
        &[("message.timestamp.before.max.ms", "3600000"), ("message.timestamp.after.max.ms", "3600000")],
    );
    trial.topic("append-time", 1, &[("message.timestamp.type", "LogAppendTime")]);
    let at = |base_timestamp: i64| Batch { base_timestamp, ..Batch::numbered(3) };
    let hour = 3_600_000;
    for version in [3, 7, 8, 13] {
        for (what, base) in [
            ("now", now_ms()),
            ("two hours ago", now_ms() - 2 * hour),
            ("in two hours", now_ms() + 2 * hour),
            ("of long ago", 0),
            ("of -1", -1),
            ("of the end of time", i64::MAX - 10),
        ] {
            // The messages carry the times: only their shape is compared.
            send_shape(trial, &format!("timestamps {what}"), version, "times", &at(base).build());
        }
        let mut one = at(now_ms());
        one.records[1].timestamp_delta = -2 * hour;
        send_shape(trial, "one timestamp too old", version, "times", &one.build());
        send(trial, "to a topic of LogAppendTime", version, "append-time", 0, -1, &at(THEN_MS).build());
        let packed = Batch { codec: Codec::Lz4, ..at(THEN_MS) };
        send(trial, "lz4 to a topic of LogAppendTime", version, "append-time", 0, -1, &packed.build());
        let far = at(i64::MAX - 10);
        send(
            trial,
            "the end of time to a topic of LogAppendTime",
            version,
            "append-time",
            0,
            -1,
            &far.build(),
        );
    }
    trial.topic("anytime", 1, &[]);
    for (what, base) in [("-1", -1), ("-2", -2), ("0", 0), ("long ago", 1), ("i64::MIN", i64::MIN)] {
        send_shape(trial, &format!("with a timestamp of {what}"), 9, "anytime", &at(base).build());
    }
}

/// As `send`, with every number of more than eight digits hidden.
fn send_shape(trial: &mut Trial, what: &str, version: i16, topic: &str, bytes: &[u8]) {
    send(trial, what, version, topic, 0, -1, bytes);
    let Some(case) = trial.cases.last_mut() else { return };
    for line in &mut case.lines {
        let mut out = String::new();
        let mut digits = String::new();
        for letter in line.chars().chain(['\n']) {
            if letter.is_ascii_digit() {
                digits.push(letter);
                continue;
            }
            out.push_str(if digits.len() > 8 { "<time>" } else { &digits });
            digits.clear();
            out.push(letter);
        }
        *line = out.trim_end().to_string();
    }
}

fn settings(trial: &mut Trial) {
    trial.topic("compacted", 1, &[("cleanup.policy", "compact")]);
    trial.topic("small", 1, &[("max.message.bytes", "1000")]);
    trial.topic("two-replicas", 1, &[("min.insync.replicas", "2")]);
    trial.topic("one-segment", 1, &[("segment.bytes", "1048576"), ("max.message.bytes", "9000000")]);
    let keyless = Batch::of([Record::new("k", "v"), Record::without_key("v"), Record::without_key("w")]);
    let packed = Batch { codec: Codec::Zstd, ..keyless.clone() };
    let big = |bytes: usize| Batch::of([Record::new("k", &"v".repeat(bytes))]);
    let squeezed = Batch { codec: Codec::Gzip, ..big(5000) };
    for version in [3, 7, 8, 13] {
        send(trial, "without keys to a compacted topic", version, "compacted", 0, -1, &keyless.build());
        if version >= 7 {
            send(
                trial,
                "without keys, zstd, to a compacted topic",
                version,
                "compacted",
                0,
                -1,
                &packed.build(),
            );
        }
        send(
            trial,
            "with keys to a compacted topic",
            version,
            "compacted",
            0,
            -1,
            &Batch::numbered(2).build(),
        );
        send(trial, "a large record to a topic of small ones", version, "small", 0, -1, &big(2000).build());
        send(trial, "a large record that packs well", version, "small", 0, -1, &squeezed.build());
        send(
            trial,
            "acks=all below min.insync.replicas",
            version,
            "two-replicas",
            0,
            -1,
            &Batch::numbered(1).build(),
        );
        send(
            trial,
            "acks=1 below min.insync.replicas",
            version,
            "two-replicas",
            0,
            1,
            &Batch::numbered(1).build(),
        );
        send(trial, "a batch above segment.bytes", version, "one-segment", 0, -1, &big(2_000_000).build());
    }
    // 61 bytes of header, and a record of known overhead: exactly the limit, and one above it.
    let exact = |bytes: usize| {
        let mut value = bytes;
        loop {
            let batch = big(value).build();
            if batch.len() == bytes {
                return batch;
            }
            value -= 1;
        }
    };
    send(trial, "exactly max.message.bytes", 9, "small", 0, -1, &exact(1000));
    send(trial, "one byte more than max.message.bytes", 9, "small", 0, -1, &exact(1001));
    for (kind, codec) in [("gzip", Codec::Zstd), ("uncompressed", Codec::Lz4), ("zstd", Codec::None)] {
        let name = format!("made-{kind}");
        trial.topic(&name, 1, &[("compression.type", kind)]);
        let batch = Batch { codec, ..Batch::numbered(50) };
        send(trial, &format!("{codec:?} to a topic of {kind}"), 9, &name, 0, -1, &batch.build());
    }
}
