//! Producers and a consumer that outlive the broker's crashes.

use super::Shared;
use super::model::{Partition, Sent};
use crate::link::Link;
use ottla_io::sleep;
use ottla_protocol::messages::*;
use ottla_protocol::{ErrorCode, Records};
use ottla_tests::batch::{self, Batch, Record};
use ottla_tests::client::Answer;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::VecDeque;
use std::io::{Error, Result};
use std::rc::Rc;
use std::time::Duration;

/// As a producer with idempotence may have.
const IN_FLIGHT_MAX: usize = 5;

/// One stream of batches to one partition.
pub struct Producer {
    shared: Rc<Shared>,
    rng: SmallRng,
    stream: u32,
    partition: Partition,
    idempotent: bool,
    identity: Option<(i64, i16)>,
    next_sequence: i32,
    next_number: u32,
    /// Sent and not answered, the oldest first.
    pending: VecDeque<Pending>,
}

struct Pending {
    sent: Sent,
    bytes: Vec<u8>,
    correlation_id: Option<i32>,
}

impl Producer {
    pub fn new(shared: &Rc<Shared>, stream: u32, idempotent: bool, partitions: &[Partition]) -> Producer {
        let mut rng = SmallRng::seed_from_u64(shared.seed ^ (u64::from(stream) << 40));
        let partition = partitions[rng.random_range(0..partitions.len())].clone();
        Producer {
            shared: shared.clone(),
            rng,
            stream,
            partition,
            idempotent,
            identity: None,
            next_sequence: 0,
            next_number: 0,
            pending: VecDeque::new(),
        }
    }

    pub async fn run(mut self) {
        while !self.is_done() {
            if self.produce().await.is_err() {
                if !self.idempotent {
                    // Whether they arrived is not known; they are never sent again.
                    self.pending.clear();
                }
                sleep(Duration::from_millis(self.rng.random_range(1..50))).await;
            }
        }
    }

    fn is_done(&self) -> bool {
        self.shared.ending.get() && self.pending.is_empty()
    }

    /// Until the connection breaks, or the end.
    async fn produce(&mut self) -> Result<()> {
        let mut link = Link::open(self.shared.address).await?;
        if self.idempotent && self.identity.is_none() {
            self.identity = Some(init_producer_id(&mut link).await?);
        }
        for pending in &mut self.pending {
            pending.correlation_id = None;
        }
        while !self.is_done() {
            while !self.shared.ending.get()
                && self.pending.len() < IN_FLIGHT_MAX
                && (self.pending.is_empty() || self.rng.random_bool(0.7))
            {
                self.add();
            }
            for at in 0..self.pending.len() {
                if self.pending[at].correlation_id.is_none() {
                    match send(&mut link, &self.partition, &self.pending[at].bytes).await {
                        Ok(sent) => self.pending[at].correlation_id = Some(sent),
                        Err(error) => {
                            // What was answered before the connection broke has arrived.
                            while self.pending.front().is_some_and(|front| front.correlation_id.is_some()) {
                                self.settle(&mut link).await?;
                            }
                            return Err(error);
                        }
                    }
                }
            }
            if let Err(error) = self.settle(&mut link).await {
                self.hear_the_rest(&mut link).await;
                return Err(error);
            }
            if self.rng.random_bool(0.3) {
                sleep(Duration::from_micros(self.rng.random_range(50..5000))).await;
            }
        }
        Ok(())
    }

    fn add(&mut self) {
        let count = self.rng.random_range(1..4);
        let size = if self.rng.random_bool(0.05) { 100_000 } else { 500 };
        let mut batch = Batch::of((0..count).map(|index| {
            let value = "v".repeat(self.rng.random_range(0..size));
            Record::new(&format!("{}/{}/{index}", self.stream, self.next_number), &value)
        }));
        batch.base_timestamp = ottla_io::unix_millis();
        if let Some((id, epoch)) = self.identity {
            batch = batch.from_producer(id, epoch, self.next_sequence);
            self.next_sequence += count;
        }
        let bytes = batch.build();
        let sent = Sent { stream: self.stream, number: self.next_number, idempotent: self.idempotent };
        self.next_number += 1;
        self.shared.model.borrow_mut().send(&self.partition, &bytes, sent);
        self.pending.push_back(Pending { sent, bytes, correlation_id: None });
    }

    /// The oldest was refused. Without sequences, what was sent behind it on this connection could come into the log after what is sent
    /// on the next one: it is waited for, as far as the connection goes.
    async fn hear_the_rest(&mut self, link: &mut Link) {
        if self.idempotent {
            return;
        }
        self.pending.pop_front();
        while self.pending.front().is_some_and(|front| front.correlation_id.is_some()) {
            let before = self.pending.len();
            let _ = self.settle(link).await;
            if self.pending.len() == before {
                // Refused too, or nothing more is heard: then the front is given up.
                self.pending.pop_front();
            }
        }
    }

    /// Takes the oldest answer.
    async fn settle(&mut self, link: &mut Link) -> Result<()> {
        let Some(Pending { sent, correlation_id: Some(correlation_id), .. }) = self.pending.front() else {
            return Ok(());
        };
        let answer: Answer<ProduceRequest<'_>> = link.answer(9, *correlation_id).await?;
        let body = answer.read()?;
        let found = body.responses.first().and_then(|topic| topic.partition_responses.first());
        let Some(found) = found else { panic!("{sent:?}: no answer for {:?}", self.partition) };
        let error = ErrorCode(found.error_code);
        if error.is_none() {
            self.shared.model.borrow_mut().acknowledge(&self.partition, *sent, found.base_offset);
            self.pending.pop_front();
            return Ok(());
        }
        let after = sent.number.saturating_sub(1);
        assert!(
            error.is_retriable(),
            "{sent:?} to {:?}: {error} {:?}; the one before was acknowledged at {:?}, {} are pending",
            self.partition,
            found.error_message,
            self.shared.model.borrow().acknowledged_at(&self.partition, Sent { number: after, ..*sent }),
            self.pending.len(),
        );
        Err(Error::other(error.to_string()))
    }
}

async fn send(link: &mut Link, partition: &Partition, bytes: &[u8]) -> Result<i32> {
    use produce_request::{PartitionProduceData, TopicProduceData};
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![TopicProduceData {
            name: partition.topic.as_str().into(),
            partition_data: vec![PartitionProduceData {
                index: partition.index,
                records: Some(Records::Slice(bytes)),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    link.send(9, &request).await
}

async fn init_producer_id(link: &mut Link) -> Result<(i64, i16)> {
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: 60_000,
        ..Default::default()
    };
    let answer = link.call(4, &request).await?;
    let body = answer.read()?;
    let error = ErrorCode(body.error_code);
    if error.is_none() {
        return Ok((body.producer_id, body.producer_epoch));
    }
    assert!(error.is_retriable(), "InitProducerId: {error}");
    Err(Error::other(error.to_string()))
}

/// The records of a partition from `offset` on, and its high watermark.
pub async fn fetch(link: &mut Link, partition: &Partition, offset: i64) -> Result<(Vec<u8>, i64)> {
    use fetch_request::{FetchPartition, FetchTopic};
    let request = FetchRequest {
        max_wait_ms: 20,
        min_bytes: 1,
        max_bytes: 1 << 20,
        topics: vec![FetchTopic {
            topic_id: partition.id,
            partitions: vec![FetchPartition {
                partition: partition.index,
                fetch_offset: offset,
                partition_max_bytes: 1 << 20,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = link.call(16, &request).await?;
    let mut body = answer.read()?;
    let found = body.responses.first_mut().and_then(|topic| topic.partitions.first_mut());
    let error = ErrorCode(found.as_ref().map_or(body.error_code, |found| found.error_code));
    match found {
        Some(found) if error.is_none() => {
            Ok((found.records.take().unwrap_or_default().to_vec(), found.high_watermark))
        }
        _ => {
            assert!(error.is_retriable(), "fetch of {partition:?} from {offset}: {error}");
            Err(Error::other(error.to_string()))
        }
    }
}

/// Notes what it sees of every partition, again and again.
pub async fn consume(shared: Rc<Shared>, partitions: Vec<Partition>) {
    let mut rng = SmallRng::seed_from_u64(shared.seed ^ 0xc0);
    let mut next: Vec<i64> = vec![0; partitions.len()];
    while !shared.ending.get() {
        let Ok(mut link) = Link::open(shared.address).await else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        while !shared.ending.get() {
            let at = rng.random_range(0..partitions.len());
            let from = if rng.random_bool(0.1) { 0 } else { next[at] };
            let Ok((bytes, high_watermark)) = fetch(&mut link, &partitions[at], from).await else {
                sleep(Duration::from_millis(20)).await;
                break;
            };
            let (batches, _) = batch::read(&bytes).expect("whole batches");
            for seen in batches {
                let end = seen.base_offset + i64::from(seen.last_offset_delta) + 1;
                assert!(end <= high_watermark, "{:?}: nothing above the high watermark", partitions[at]);
                shared.model.borrow_mut().fetch(&partitions[at], seen.base_offset, seen.crc);
                next[at] = next[at].max(end);
            }
            sleep(Duration::from_micros(rng.random_range(0..20_000))).await;
        }
    }
}

/// Reads every partition from its begin to its end and holds it against the model.
pub async fn check(shared: Rc<Shared>) {
    let mut link = Link::open(shared.address).await.expect("the broker serves");
    let partitions = shared.model.borrow().partitions();
    for partition in partitions {
        let mut all = Vec::new();
        let mut next = 0;
        loop {
            let (bytes, high_watermark) = fetch(&mut link, &partition, next).await.expect("records");
            let (batches, rest) = batch::read(&bytes).expect("whole batches");
            let Some(last) = batches.last() else {
                assert_eq!(next, high_watermark, "{partition:?} ends before its high watermark");
                break;
            };
            next = last.base_offset + i64::from(last.last_offset_delta) + 1;
            all.extend_from_slice(&bytes[..bytes.len() - rest]);
        }
        shared.model.borrow().check(&partition, &all);
    }
    super::topics::check(&shared, &mut link).await.expect("metadata");
}

/// Sends one batch, as the `number`th of a stream that nobody else writes; what the broker says of it.
pub async fn put(
    shared: &Shared,
    link: &mut Link,
    partition: &Partition,
    stream: u32,
    number: u32,
) -> Result<ErrorCode> {
    let mut batch = Batch::of([Record::new(&format!("{stream}/{number}"), "one more")]);
    batch.base_timestamp = ottla_io::unix_millis();
    let bytes = batch.build();
    let sent = Sent { stream, number, idempotent: false };
    shared.model.borrow_mut().send(partition, &bytes, sent);
    let (error, base_offset) = produce(link, partition, &bytes).await?;
    if error.is_none() {
        shared.model.borrow_mut().acknowledge(partition, sent, base_offset);
    }
    Ok(error)
}

/// Sends one batch and waits for what the broker says of it.
pub async fn produce(link: &mut Link, partition: &Partition, bytes: &[u8]) -> Result<(ErrorCode, i64)> {
    let correlation_id = send(link, partition, bytes).await?;
    let answer: Answer<ProduceRequest<'_>> = link.answer(9, correlation_id).await?;
    let body = answer.read()?;
    let found = body.responses.first().and_then(|topic| topic.partition_responses.first());
    let Some(found) = found else { panic!("no answer for {partition:?}") };
    Ok((ErrorCode(found.error_code), found.base_offset))
}
