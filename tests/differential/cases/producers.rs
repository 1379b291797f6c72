//! InitProducerId, the sequences of idempotent producers, DescribeProducers.

use super::produce;
use crate::trial::Trial;
use ottla_protocol::Uuid;
use ottla_protocol::messages::*;
use ottla_tests::batch::{Batch, CONTROL, TRANSACTIONAL};
use std::time::{Duration, Instant};

pub fn ask(trial: &mut Trial) {
    init(trial);
    sequences(trial);
    describe(trial);
}

/// Asks for an id; ids rise, but from where is the broker's own business.
fn fresh(
    trial: &mut Trial,
    what: &str,
    version: i16,
    mut request: InitProducerIdRequest<'_>,
    last: &mut i64,
) {
    if version < 3 {
        (request.producer_id, request.producer_epoch) = (-1, -1);
    }
    let Some(answer) = trial.ask(&format!("InitProducerId {what}"), version, &request) else { return };
    let Ok(body) = answer.body() else { return };
    let (id, rises) = (body.producer_id, body.producer_id > *last);
    if let Some(case) = trial.cases.last_mut().filter(|_| id >= 0) {
        for line in &mut case.lines {
            if line.trim() == format!("producer_id: {id}") {
                *line = format!("  producer_id: <an id, {}>", if rises { "new" } else { "not new" });
            }
        }
    }
    *last = id.max(*last);
}

fn init(trial: &mut Trial) {
    let mut last = -1;
    let plain = || InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: 60_000,
        ..Default::default()
    };
    // A Kafka that has just started fetches its first block of ids only when somebody asks.
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        let answer = trial.call(5, &plain());
        match answer.as_ref().and_then(|answer| answer.body().ok()) {
            Some(body) if body.error_code == 0 => {
                last = body.producer_id;
                break;
            }
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    for version in 0..=5 {
        fresh(trial, "first", version, plain(), &mut last);
        fresh(trial, "another", version, plain(), &mut last);
        for timeout in [0, -1, i32::MAX, i32::MIN] {
            let request = InitProducerIdRequest { transaction_timeout_ms: timeout, ..plain() };
            fresh(trial, &format!("with a timeout of {timeout}"), version, request, &mut last);
        }
        let empty = InitProducerIdRequest { transactional_id: Some("".into()), ..plain() };
        fresh(trial, "with an empty transactional id", version, empty, &mut last);
        if version >= 3 {
            for (id, epoch) in [(5, 3), (5, -1), (-1, 3), (-2, 0), (i64::MAX, i16::MAX)] {
                let request = InitProducerIdRequest { producer_id: id, producer_epoch: epoch, ..plain() };
                fresh(trial, &format!("with id {id} and epoch {epoch}"), version, request, &mut last);
            }
        }
    }
}

/// One step of a producer: id, epoch, first sequence, records.
fn step(trial: &mut Trial, what: &str, topic: &str, (id, epoch, sequence, count): (i64, i16, i32, i32)) {
    let bytes = Batch::numbered(count).from_producer(id, epoch, sequence).build();
    trial.ask(&format!("Produce {what}"), 9, &produce::request(topic, Uuid::ZERO, 0, -1, &bytes));
}

fn sequences(trial: &mut Trial) {
    trial.topic("seq", 1, &[]);
    trial.topic("seq-modern", 1, &[]);
    let id = 9_000_001;
    step(trial, "the first batch", "seq", (id, 0, 0, 3));
    step(trial, "the next batch", "seq", (id, 0, 3, 2));
    step(trial, "the first again", "seq", (id, 0, 0, 3));
    step(trial, "the next again", "seq", (id, 0, 3, 2));
    step(trial, "the first again with other records", "seq", (id, 0, 0, 2));
    step(trial, "a gap", "seq", (id, 0, 9, 1));
    step(trial, "an overlap", "seq", (id, 0, 4, 3));
    for index in 0..5 {
        step(trial, &format!("batch {index} of five"), "seq", (id, 0, 5 + index, 1));
    }
    step(trial, "the sixth last batch again", "seq", (id, 0, 3, 2));
    step(trial, "the fifth last batch again", "seq", (id, 0, 5, 1));
    step(trial, "a new epoch not at 0", "seq", (id, 1, 10, 1));
    step(trial, "a new epoch at 0", "seq", (id, 1, 0, 2));
    step(trial, "the old epoch", "seq", (id, 0, 10, 1));
    step(trial, "the old epoch's duplicate", "seq", (id, 0, 9, 1));
    step(trial, "the new epoch goes on", "seq", (id, 1, 2, 1));
    step(trial, "an epoch far above", "seq", (id, i16::MAX, 0, 1));
    step(trial, "an unknown producer not at 0", "seq", (9_000_002, 0, 77, 1));
    step(trial, "that producer goes on", "seq", (9_000_002, 0, 78, 1));
    step(trial, "an unknown producer in epoch 5", "seq", (9_000_003, 5, 0, 1));
    step(trial, "up to the largest sequence", "seq", (9_000_004, 0, i32::MAX - 1, 2));
    step(trial, "sequences wrap to 0", "seq", (9_000_004, 0, 0, 2));
    step(trial, "across the wrap", "seq", (9_000_005, 0, i32::MAX, 3));
    step(trial, "after the wrap", "seq", (9_000_005, 0, 2, 1));
    step(trial, "across the wrap again", "seq", (9_000_005, 0, i32::MAX, 3));
    step(trial, "wrapped too far", "seq", (9_000_004, 0, 3, 1));
    // The newest version is the one where transactions are checked.
    let topic_id = trial.id("seq-modern");
    for (what, id, sequence, attributes) in [
        ("an unknown producer not at 0, newest version", 9_000_010, 77, 0),
        ("a transactional batch without a transaction", 9_000_011, 0, TRANSACTIONAL),
        ("a control batch of a producer", 9_000_012, 0, CONTROL | TRANSACTIONAL),
    ] {
        let batch = Batch { attributes, ..Batch::numbered(1).from_producer(id, 0, sequence) }.build();
        trial.ask(&format!("Produce {what}"), 13, &produce::request("seq-modern", topic_id, 0, -1, &batch));
    }
    let one = Batch::numbered(1).from_producer(9_000_020, 0, 0).build();
    let two = Batch::numbered(1).from_producer(9_000_020, 0, 1).build();
    let both = [one, two].concat();
    trial.ask("Produce two batches of a producer", 9, &produce::request("seq", Uuid::ZERO, 0, -1, &both));
    super::offsets::latest(trial, "seq", "after the sequences");
    super::fetch::one(trial, "of all sequences", 12, "seq", 0);
}

fn describe(trial: &mut Trial) {
    use describe_producers_request::TopicRequest;
    let mut ask = |what: &str, topics: &[(&'static str, &[i32])]| {
        let topics = topics.iter().map(|(name, partitions)| TopicRequest {
            name: (*name).into(),
            partition_indexes: partitions.to_vec(),
        });
        let request = DescribeProducersRequest { topics: topics.collect() };
        trial.ask(&format!("DescribeProducers {what}"), 0, &request);
    };
    ask("of all of them", &[("seq", &[0])]);
    ask("of unknown partitions", &[("seq", &[7, -1])]);
    ask("of an unknown topic", &[("seq.unknown", &[0])]);
    ask("of a bad name", &[("no such", &[0])]);
    ask("of no partitions", &[("seq", &[])]);
    ask("of nothing", &[]);
}
