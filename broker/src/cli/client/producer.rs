//! Writes records to one topic: a batch for each partition, a request for each leader, again after retriable errors.

use super::{Client, Error, Pending, Retry, Topic, partitioner, subject};
use bytes::Bytes;
use ottla_protocol::compression::Compression;
use ottla_protocol::messages::init_producer_id_request::InitProducerIdRequest;
use ottla_protocol::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::messages::produce_response::PartitionProduceResponse;
use ottla_protocol::records::{BatchBuilder, Header, sequence_after};
use ottla_protocol::{ErrorCode, Records};
use smallvec::smallvec;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A name and a value, which may be null.
pub type NewHeader = (String, Option<Vec<u8>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    pub key: Option<Vec<u8>>,
    /// `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    pub headers: Vec<NewHeader>,
    pub timestamp_ms: i64,
}

impl NewRecord {
    /// About what it takes in a batch.
    fn bytes(&self) -> usize {
        let part = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + part(value) + 4).sum();
        part(&self.key) + part(&self.value) + headers + 16
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// 0, 1, or -1 for all.
    pub acks: i16,
    pub compression: Compression,
    pub compression_level: Option<i32>,
    /// Ask for a producer id, so that a request that is sent again writes its records once.
    pub idempotent: bool,
    /// A batch is closed before it exceeds this, unless one record does.
    pub batch_bytes: usize,
}

/// Records that a broker took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    pub partition: i32,
    /// -1 with acks=0, which has no answer.
    pub base_offset: i64,
    pub records: usize,
}

pub struct Producer {
    client: Client,
    topic: Topic,
    settings: Settings,
    /// Producer id and epoch.
    identity: Option<(i64, i16)>,
    queues: BTreeMap<i32, Queue>,
    queued_bytes: usize,
    /// The partition for records without a key until the next flush, so that they share batches.
    sticky: usize,
}

/// Records that wait for one partition, oldest first.
#[derive(Default)]
struct Queue {
    records: VecDeque<NewRecord>,
    next_sequence: i32,
    /// Fewer after the broker found a batch too large.
    batch_records_max: Option<usize>,
}

/// A batch that is on its way: the first records of its queue.
struct Batch {
    partition: i32,
    records: usize,
    bytes: Bytes,
}

impl Producer {
    /// # Errors
    /// There is no such topic, or no producer id is given out.
    pub fn new(mut client: Client, topic: &str, settings: Settings) -> Result<Producer, Error> {
        let topic = client.topic(topic)?;
        let identity = if settings.idempotent { Some(producer_id(&mut client)?) } else { None };
        let queues = BTreeMap::new();
        Ok(Producer { client, topic, settings, identity, queues, queued_bytes: 0, sticky: 0 })
    }

    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    pub fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// Queues a record for `partition`, or for the one that its key stands for.
    ///
    /// # Errors
    /// The topic has no such partition.
    pub fn queue(&mut self, record: NewRecord, partition: Option<i32>) -> Result<(), Error> {
        let count = self.topic.partitions.len();
        let index = match (partition, &record.key) {
            (Some(partition), _) => partition,
            (None, Some(key)) => partitioner::for_key(key, count) as i32,
            (None, None) => self.sticky.checked_rem(count).unwrap_or(0) as i32,
        };
        if !self.topic.partitions.iter().any(|partition| partition.index == index) {
            let subject = format!("{} partition {index}", subject(&self.topic.name));
            let there = format!("there are {count}, numbered from 0");
            return Err(Error::refused(subject, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0, Some(&there)));
        }
        self.queued_bytes += record.bytes();
        self.queues.entry(index).or_default().records.push_back(record);
        Ok(())
    }

    /// Sends all that is queued and calls `acknowledged` for each batch that a broker took.
    ///
    /// # Errors
    /// What the broker refused for good, or what did not succeed in the client's time. The records stay queued.
    pub fn flush(&mut self, acknowledged: &mut dyn FnMut(Ack)) -> Result<(), Error> {
        self.sticky = self.sticky.wrapping_add(1);
        let mut retry = Retry::new(self.client.timeout());
        while self.queues.values().any(|queue| !queue.records.is_empty()) {
            match self.round(acknowledged) {
                Ok(()) => retry = Retry::new(self.client.timeout()),
                Err(error) if self.client.recovers(&error, &mut retry, &mut self.topic) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// One batch for each partition. The first error is returned when every answer is there.
    fn round(&mut self, acknowledged: &mut dyn FnMut(Ack)) -> Result<(), Error> {
        let mut by_leader: BTreeMap<i32, Vec<Batch>> = BTreeMap::new();
        for partition in &self.topic.partitions {
            if let Some(queue) = self.queues.get(&partition.index).filter(|queue| !queue.records.is_empty()) {
                let batch = queue.batch(partition.index, &self.settings, self.identity)?;
                by_leader.entry(partition.leader).or_default().push(batch);
            }
        }
        let mut problem = None;
        let mut sent = Vec::new();
        for (leader, batches) in by_leader {
            let request = self.request(&batches);
            match self.client.node(leader).and_then(|node| node.send(&request)) {
                Ok(pending) => sent.push((leader, batches, pending)),
                Err(error) => {
                    self.client.forget(leader);
                    problem = problem.or(Some(error));
                }
            }
        }
        for (leader, batches, pending) in sent {
            if let Err(error) = self.answers(leader, &batches, pending, acknowledged) {
                problem = problem.or(Some(error));
            }
        }
        problem.map_or(Ok(()), Err)
    }

    fn request(&self, batches: &[Batch]) -> ProduceRequest<'static> {
        let data = |batch: &Batch| PartitionProduceData {
            index: batch.partition,
            records: Some(Records::Parts(smallvec![batch.bytes.clone()])),
        };
        ProduceRequest {
            transactional_id: None,
            acks: self.settings.acks,
            timeout_ms: self.client.timeout_ms(),
            topic_data: vec![TopicProduceData {
                name: self.topic.name.clone().into(),
                topic_id: self.topic.id,
                partition_data: batches.iter().map(data).collect(),
            }],
        }
    }

    fn answers(
        &mut self,
        leader: i32,
        batches: &[Batch],
        pending: Pending<ProduceRequest<'static>>,
        acknowledged: &mut dyn FnMut(Ack),
    ) -> Result<(), Error> {
        if self.settings.acks == 0 {
            for batch in batches {
                self.taken(batch, -1, acknowledged);
            }
            return Ok(());
        }
        let answer = self.client.node(leader)?.receive(pending, Duration::ZERO);
        if answer.is_err() {
            // What became of the request is unknown; with a producer id, sending it again is safe.
            self.client.forget(leader);
        }
        let answer = answer?;
        let body = answer.get()?;
        let partitions = || body.responses.iter().flat_map(|topic| &topic.partition_responses);
        let mut problem = None;
        for batch in batches {
            let result = match partitions().find(|partition| partition.index == batch.partition) {
                Some(partition) => self.judge(batch, partition, acknowledged),
                None => {
                    Err(self.refused(batch, ErrorCode::UNKNOWN_SERVER_ERROR, Some("it is not in the answer")))
                }
            };
            if let Err(error) = result {
                problem = problem.or(Some(error));
            }
        }
        problem.map_or(Ok(()), Err)
    }

    fn judge(
        &mut self,
        batch: &Batch,
        answer: &PartitionProduceResponse<'_>,
        acknowledged: &mut dyn FnMut(Ack),
    ) -> Result<(), Error> {
        match ErrorCode(answer.error_code) {
            ErrorCode::NONE => self.taken(batch, answer.base_offset, acknowledged),
            // An earlier attempt was written after all.
            ErrorCode::DUPLICATE_SEQUENCE_NUMBER => self.taken(batch, -1, acknowledged),
            // The topic may take less than the client assumed: try half.
            ErrorCode::MESSAGE_TOO_LARGE if batch.records > 1 => {
                if let Some(queue) = self.queues.get_mut(&batch.partition) {
                    queue.batch_records_max = Some(batch.records / 2);
                }
            }
            code => {
                let record = answer
                    .record_errors
                    .iter()
                    .find_map(|record| record.batch_index_error_message.as_deref());
                return Err(self.refused(batch, code, record.or(answer.error_message.as_deref())));
            }
        }
        Ok(())
    }

    fn refused(&self, batch: &Batch, code: ErrorCode, message: Option<&str>) -> Error {
        let subject = format!("{} partition {}", subject(&self.topic.name), batch.partition);
        Error::refused(subject, code.0, message)
    }

    fn taken(&mut self, batch: &Batch, base_offset: i64, acknowledged: &mut dyn FnMut(Ack)) {
        if let Some(queue) = self.queues.get_mut(&batch.partition) {
            let taken: usize = queue.records.drain(..batch.records).map(|record| record.bytes()).sum();
            self.queued_bytes -= taken;
            queue.next_sequence = sequence_after(queue.next_sequence, batch.records as i32);
        }
        acknowledged(Ack { partition: batch.partition, base_offset, records: batch.records });
    }
}

impl Queue {
    fn batch(
        &self,
        partition: i32,
        settings: &Settings,
        identity: Option<(i64, i16)>,
    ) -> Result<Batch, Error> {
        let mut builder = BatchBuilder::new().compression(settings.compression, settings.compression_level);
        if let Some((id, epoch)) = identity {
            builder = builder.producer(id, epoch, self.next_sequence);
        }
        let (mut records, mut bytes) = (0, 0);
        for record in &self.records {
            bytes += record.bytes();
            let full =
                bytes > settings.batch_bytes || self.batch_records_max.is_some_and(|max| records >= max);
            if records > 0 && full {
                break;
            }
            let headers: Vec<Header<'_>> = record
                .headers
                .iter()
                .map(|(name, value)| Header { key: name.as_bytes(), value: value.as_deref() })
                .collect();
            builder.push(record.timestamp_ms, record.key.as_deref(), record.value.as_deref(), &headers);
            records += 1;
        }
        let bytes = builder.build().map_err(|error| Error::Records {
            subject: format!("a batch for partition {partition}"),
            reason: error.to_string(),
        })?;
        Ok(Batch { partition, records, bytes: bytes.into() })
    }
}

fn producer_id(client: &mut Client) -> Result<(i64, i16), Error> {
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: 60_000,
        ..Default::default()
    };
    let mut retry = Retry::new(client.timeout());
    loop {
        let answer = client.ask(&request)?;
        let body = answer.get()?;
        if body.error_code == 0 {
            return Ok((body.producer_id, body.producer_epoch));
        }
        let error = Error::refused("a producer id", body.error_code, None);
        if !error.is_retriable() || !retry.again() {
            return Err(error);
        }
    }
}
