//! Producers and consumers of a round: they run until the broker is gone, and go on where they were in the next.

use crate::model::{Model, Partition, Print, Sent};
use ottla_protocol::messages::*;
use ottla_protocol::{ErrorCode, Records, Uuid};
use ottla_tests::batch::{self, Batch, Codec, Record};
use ottla_tests::client::{Answer, Connection};
use produce_request::{PartitionProduceData, TopicProduceData};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What the threads of a round share.
pub struct Round<'a> {
    pub address: SocketAddr,
    pub model: &'a Model,
    /// Set before the broker is ended: from then on a broken connection is no fault.
    pub ending: &'a AtomicBool,
}

impl Round<'_> {
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    /// A thread's end: an error is a fault while the broker should be alive.
    pub fn ended(&self, who: &str, result: io::Result<()>) {
        if let Err(error) = result
            && !self.is_ending()
        {
            self.model.fault(format!("{who}, though nobody ended the broker: {error}"));
        }
    }
}

/// Kafka's Java client keeps this many, and brokers remember as many batches of a producer.
const IN_FLIGHT_MAX: usize = 5;

struct Target {
    partition: Partition,
    stream: u32,
    next_number: u32,
    next_sequence: i32,
}

/// One request: a batch for each of some targets.
struct Request {
    correlation_id: i32,
    parts: Vec<Part>,
}

#[derive(Clone)]
struct Part {
    target: usize,
    print: Print,
    bytes: Vec<u8>,
}

pub struct Producer {
    name: String,
    idempotent: bool,
    acks: i16,
    /// By topic id rather than by name.
    by_id: bool,
    producer: Option<(i64, i16)>,
    targets: Vec<Target>,
    /// Sent without an answer, oldest first.
    pending: VecDeque<Request>,
    rng: SmallRng,
}

impl Producer {
    /// `number` tells producers apart; each target is a stream of its own.
    pub fn new(number: u32, seed: u64, idempotent: bool, partitions: &[Partition]) -> Producer {
        let mut rng = SmallRng::seed_from_u64(seed);
        let targets = partitions.iter().enumerate().map(|(index, partition)| Target {
            partition: partition.clone(),
            stream: number * 1000 + index as u32,
            next_number: 0,
            next_sequence: 0,
        });
        Producer {
            name: format!("{} producer {number}", if idempotent { "idempotent" } else { "plain" }),
            idempotent,
            acks: if idempotent || rng.random() { -1 } else { 1 },
            by_id: rng.random(),
            producer: None,
            targets: targets.collect(),
            pending: VecDeque::new(),
            rng,
        }
    }

    /// Produces until the broker is gone.
    pub fn run(&mut self, round: &Round<'_>) {
        let result = self.produce(round);
        round.ended(&self.name, result);
    }

    fn produce(&mut self, round: &Round<'_>) -> io::Result<()> {
        let mut connection = Connection::open(round.address)?;
        if self.idempotent {
            // Now and then a producer is a new one: its sequences begin again.
            if self.producer.is_none() || (self.pending.is_empty() && self.rng.random_ratio(1, 20)) {
                let (id, epoch) = init_producer_id(&mut connection)?;
                round.model.producer_id(id);
                self.producer = Some((id, epoch));
                self.targets.iter_mut().for_each(|target| target.next_sequence = 0);
            }
            // The very same batches again: those that the broker has it must recognize.
            for index in 0..self.pending.len() {
                let parts = self.pending[index].parts.clone();
                self.pending[index].correlation_id = self.send(&mut connection, &parts)?;
            }
        } else {
            self.pending.clear();
        }
        while !round.is_ending() {
            while self.pending.len() < IN_FLIGHT_MAX
                && (self.pending.is_empty() || self.rng.random_ratio(3, 4))
            {
                let parts = self.fill(round.model);
                // Before it is sent: what breaks on the way may have arrived.
                self.pending.push_back(Request { correlation_id: 0, parts: parts.clone() });
                let correlation_id = self.send(&mut connection, &parts)?;
                if let Some(last) = self.pending.back_mut() {
                    last.correlation_id = correlation_id;
                }
            }
            self.settle(&mut connection, round)?;
            if self.rng.random_ratio(1, 3) {
                std::thread::sleep(Duration::from_micros(self.rng.random_range(50..2000)));
            }
        }
        while !self.pending.is_empty() {
            self.settle(&mut connection, round)?;
        }
        Ok(())
    }

    fn version(&self) -> i16 {
        if self.by_id { 13 } else { 9 }
    }

    fn send(&self, connection: &mut Connection, parts: &[Part]) -> io::Result<i32> {
        let topic_data = parts.iter().map(|part| {
            let partition = &self.targets[part.target].partition;
            TopicProduceData {
                name: if self.by_id { "".into() } else { partition.topic.as_str().into() },
                topic_id: if self.by_id { partition.id } else { Uuid::ZERO },
                partition_data: vec![PartitionProduceData {
                    index: partition.index,
                    records: Some(Records::Slice(&part.bytes)),
                }],
            }
        });
        let request = ProduceRequest {
            acks: self.acks,
            timeout_ms: 10_000,
            topic_data: topic_data.collect(),
            ..Default::default()
        };
        connection.send(self.version(), &request)
    }

    /// A new batch for each of one to three targets.
    fn fill(&mut self, model: &Model) -> Vec<Part> {
        let first = self.rng.random_range(0..self.targets.len());
        let many = self.rng.random_range(1..=3.min(self.targets.len()));
        let mut parts = Vec::new();
        for step in 0..many {
            let index = (first + step) % self.targets.len();
            let mut batch = random_batch(&mut self.rng);
            let count = batch.records.len() as i32;
            let target = &mut self.targets[index];
            if let Some(key) = batch.records.first_mut().map(|record| &mut record.key) {
                *key = Some(format!("{}/{}", target.stream, target.next_number).into_bytes());
            }
            if let Some((id, epoch)) = self.producer {
                batch = batch.from_producer(id, epoch, target.next_sequence);
                target.next_sequence += count;
            }
            let bytes = batch.build();
            let print = print(&bytes);
            let sent = Sent { stream: target.stream, number: target.next_number, count };
            target.next_number += 1;
            model.send(&target.partition, print, sent);
            parts.push(Part { target: index, print, bytes });
        }
        parts
    }

    /// Takes the oldest answer.
    fn settle(&mut self, connection: &mut Connection, round: &Round<'_>) -> io::Result<()> {
        let Some(oldest) = self.pending.front() else { return Ok(()) };
        let answer: Answer<ProduceRequest<'_>> = connection.answer(self.version(), oldest.correlation_id)?;
        let body = answer.read()?;
        for part in &oldest.parts {
            let partition = &self.targets[part.target].partition;
            let found = body.responses.iter().find_map(|topic| {
                let same =
                    if self.by_id { topic.topic_id == partition.id } else { topic.name == partition.topic };
                let mut partitions = topic.partition_responses.iter();
                partitions.find(|answer| same && answer.index == partition.index)
            });
            let Some(found) = found else {
                return Err(io::Error::other(format!("{}: no answer for {partition:?}", self.name)));
            };
            match ErrorCode(found.error_code) {
                ErrorCode::NONE => round.model.acknowledge(partition, part.print, found.base_offset),
                error => {
                    let (sent, text) = (part.bytes.len(), &found.error_message);
                    return Err(io::Error::other(format!("{partition:?}: {error} {text:?}, {sent} bytes")));
                }
            }
        }
        self.pending.pop_front();
        Ok(())
    }
}

/// Asks until there is one: a broker that has just started may still be about to fetch its range of ids.
fn init_producer_id(connection: &mut Connection) -> io::Result<(i64, i16)> {
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: 60_000,
        ..Default::default()
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = connection.call(4, &request)?;
        let body = answer.read()?;
        let error = ErrorCode(body.error_code);
        if error.is_none() {
            return Ok((body.producer_id, body.producer_epoch));
        }
        if !error.is_retriable() || Instant::now() > deadline {
            return Err(io::Error::other(format!("InitProducerId: {error}")));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn print(bytes: &[u8]) -> Print {
    let crc = bytes.get(17..21).and_then(|crc| crc.try_into().ok()).map_or(0, u32::from_be_bytes);
    (crc, bytes.len())
}

/// Mostly small, now and then larger than a few blocks of the disk.
pub fn random_batch(rng: &mut SmallRng) -> Batch {
    let count = rng.random_range(1..=12);
    let bytes_max = if rng.random_ratio(1, 50) { 60_000 } else { 700 };
    let records = (0..count).map(|index| {
        let mut value = vec![0; rng.random_range(1..bytes_max)];
        // Half of it compresses.
        let half = value.len() / 2;
        rng.fill_bytes(&mut value[half..]);
        Record {
            timestamp_delta: index,
            value: Some(value),
            headers: vec![("h".to_string(), None)],
            ..Record::default()
        }
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let records = records.collect::<Vec<_>>();
    let codec = *Codec::ALL.choose(rng).unwrap_or(&Codec::None);
    Batch { codec, base_timestamp: now, ..Batch::of(records) }
}

/// Reads on at the end of some partitions, or again from anywhere.
pub struct Consumer {
    name: String,
    partitions: Vec<(Partition, i64)>,
    again: bool,
    rng: SmallRng,
}

impl Consumer {
    pub fn new(number: u32, seed: u64, again: bool, partitions: &[Partition]) -> Consumer {
        Consumer {
            name: format!("consumer {number}"),
            partitions: partitions.iter().map(|partition| (partition.clone(), 0)).collect(),
            again,
            rng: SmallRng::seed_from_u64(seed),
        }
    }

    pub fn run(&mut self, round: &Round<'_>) {
        let result = self.consume(round);
        round.ended(&self.name, result);
    }

    fn consume(&mut self, round: &Round<'_>) -> io::Result<()> {
        let mut connection = Connection::open(round.address)?;
        while !round.is_ending() {
            if self.again && self.rng.random_ratio(1, 4) {
                for (partition, position) in &mut self.partitions {
                    *position = self.rng.random_range(0..=round.model.scanned_to(partition));
                }
            }
            for index in 0..self.partitions.len() {
                let (partition, position) = &mut self.partitions[index];
                let (bytes, _) = fetch(&mut connection, partition, *position, 1 << 18)?;
                let (batches, _) = batch::read(&bytes).map_err(io::Error::other)?;
                round.model.see(partition, &batches);
                if let Some(last) = batches.last() {
                    *position = last.base_offset + i64::from(last.last_offset_delta) + 1;
                }
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// Records of one partition from `offset`, and its high watermark; waits at most 20 ms for the first.
/// # Errors
/// Also the broker's own errors.
pub fn fetch(
    connection: &mut Connection,
    partition: &Partition,
    offset: i64,
    bytes_max: i32,
) -> io::Result<(Vec<u8>, i64)> {
    use fetch_request::{FetchPartition, FetchTopic};
    let request = FetchRequest {
        max_wait_ms: 20,
        min_bytes: 1,
        max_bytes: bytes_max,
        topics: vec![FetchTopic {
            topic_id: partition.id,
            partitions: vec![FetchPartition {
                partition: partition.index,
                fetch_offset: offset,
                partition_max_bytes: bytes_max,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = connection.call(16, &request)?;
    let mut body = answer.read()?;
    let found = body.responses.first_mut().and_then(|topic| topic.partitions.first_mut());
    let error = found.as_ref().map_or(body.error_code, |found| found.error_code);
    match found {
        Some(found) if error == 0 => {
            let records = found.records.take().unwrap_or_default();
            Ok((records.to_vec(), found.high_watermark))
        }
        _ => Err(io::Error::other(format!("fetch of {partition:?} from {offset}: {:?}", ErrorCode(error)))),
    }
}
