//! The requests of the scenarios: topics, produces, fetches.

use crate::client::{frame, parse};
use bytes::Bytes;
use ottla_protocol::messages as m;
use ottla_protocol::records::BatchBuilder;
use ottla_protocol::{ApiKey, Compression, Records as Field, Uuid};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

pub const TOPIC: &str = "gate";
const PRODUCE: i16 = 13;
const FETCH: i16 = 17;
const CREATE_TOPICS: i16 = 7;
const INIT_PRODUCER_ID: i16 = 5;

/// What a batch holds.
#[derive(Clone, Copy, Debug)]
pub struct Records {
    pub count: usize,
    pub value_bytes: usize,
    pub compression: Compression,
}

impl Records {
    /// Values of text-like bytes that compress to about half. `timestamp` in milliseconds since 1970.
    ///
    /// # Panics
    /// A codec refuses.
    pub fn batch(&self, seed: u64, timestamp: i64, producer: Option<(i64, i16, i32)>) -> Vec<u8> {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut builder = BatchBuilder::new().compression(self.compression, None);
        if let Some((id, epoch, sequence)) = producer {
            builder = builder.producer(id, epoch, sequence);
        }
        let mut value = vec![0; self.value_bytes];
        for _ in 0..self.count {
            value.iter_mut().for_each(|byte| *byte = b"etaoinshrdlucmfw"[rng.random_range(0..16)]);
            builder.push(timestamp, None, Some(&value), &[]);
        }
        builder.build().expect("a batch")
    }
}

/// A request to make the topic.
pub fn create_topic(partitions: i32, configs: &[(&str, &str)]) -> Bytes {
    use m::create_topics_request::{CreatableTopic, CreatableTopicConfig};
    let configs = configs
        .iter()
        .map(|(name, value)| CreatableTopicConfig { name: (*name).into(), value: Some((*value).into()) })
        .collect();
    let request = m::CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: TOPIC.into(),
            num_partitions: partitions,
            replication_factor: 1,
            configs,
            ..CreatableTopic::default()
        }],
        timeout_ms: 30_000,
        ..m::CreateTopicsRequest::default()
    };
    frame(ApiKey::CreateTopics, CREATE_TOPICS, &request)
}

/// The topic that the answer says was made.
///
/// # Panics
/// The broker refused.
pub fn created_topic(answer: &[u8]) -> Uuid {
    let response: m::CreateTopicsResponse<'_> = parse(ApiKey::CreateTopics, CREATE_TOPICS, answer);
    let topic = &response.topics[0];
    assert_eq!(topic.error_code, 0, "{:?}", topic.error_message);
    topic.topic_id
}

/// A request for a producer id.
pub fn init_producer_id() -> Bytes {
    let request = m::InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: 60_000,
        ..m::InitProducerIdRequest::default()
    };
    frame(ApiKey::InitProducerId, INIT_PRODUCER_ID, &request)
}

/// An idempotent producer to the partitions of one topic in turn.
pub struct Producer {
    topic: Uuid,
    records: Records,
    identity: (i64, i16),
    /// The next sequence of each partition.
    sequences: Vec<i32>,
    sent: u64,
}

impl Producer {
    /// `answer` is that to [`init_producer_id`].
    ///
    /// # Panics
    /// The broker gives no producer id.
    pub fn new(answer: &[u8], topic: Uuid, records: Records, partitions: i32) -> Producer {
        let response: m::InitProducerIdResponse = parse(ApiKey::InitProducerId, INIT_PRODUCER_ID, answer);
        assert_eq!(response.error_code, 0, "InitProducerId");
        let identity = (response.producer_id, response.producer_epoch);
        let sequences = vec![0; usize::try_from(partitions).expect("a count of partitions")];
        // Connections begin at different partitions.
        let sent = response.producer_id.unsigned_abs() % sequences.len() as u64;
        Producer { topic, records, identity, sequences, sent }
    }

    /// `timestamp` in milliseconds since 1970.
    pub fn next(&mut self, timestamp: i64) -> Bytes {
        use m::produce_request::{PartitionProduceData, TopicProduceData};
        let index = (self.sent % self.sequences.len() as u64) as usize;
        let (id, epoch) = self.identity;
        let producer = Some((id, epoch, self.sequences[index]));
        self.sequences[index] += self.records.count as i32;
        let batch = self.records.batch(self.sent, timestamp, producer);
        self.sent += 1;
        let request = m::ProduceRequest {
            acks: -1,
            timeout_ms: 30_000,
            topic_data: vec![TopicProduceData {
                topic_id: self.topic,
                partition_data: vec![PartitionProduceData {
                    index: index as i32,
                    records: Some(Field::Slice(&batch)),
                }],
                ..TopicProduceData::default()
            }],
            ..m::ProduceRequest::default()
        };
        frame(ApiKey::Produce, PRODUCE, &request)
    }
}

/// # Panics
/// The answer is not one of a produce that went well.
pub fn check_produced(answer: &[u8]) {
    let response: m::ProduceResponse<'_> = parse(ApiKey::Produce, PRODUCE, answer);
    let partition = &response.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, 0, "{:?}", partition.error_message);
}

/// A fetcher of some partitions of one topic, one batch a request.
pub struct Fetcher {
    topic: Uuid,
    /// Of each partition, the next.
    offsets: Vec<i64>,
    /// Partitions that the next request names: all, or those that a session does not know of.
    unsaid: Vec<usize>,
    /// Session id and epoch; `None` for requests that stand alone.
    session: Option<(i32, i32)>,
    max_wait_ms: i32,
}

impl Fetcher {
    /// From the begin of partitions `[0, partitions)`.
    ///
    /// # Panics
    /// `partitions` is negative.
    pub fn new(topic: Uuid, partitions: i32, in_session: bool, max_wait_ms: i32) -> Fetcher {
        let offsets = vec![0; usize::try_from(partitions).expect("a count of partitions")];
        let unsaid = (0..offsets.len()).collect();
        Fetcher { topic, offsets, unsaid, session: in_session.then_some((0, 0)), max_wait_ms }
    }

    pub fn request(&mut self) -> Bytes {
        use m::fetch_request::{FetchPartition, FetchTopic};
        let (session_id, session_epoch) = self.session.unwrap_or((0, -1));
        let named =
            if self.session.is_some() { std::mem::take(&mut self.unsaid) } else { self.unsaid.clone() };
        let partitions = named.into_iter().map(|index| FetchPartition {
            partition: index as i32,
            fetch_offset: self.offsets[index],
            // The first batch comes whole however large it is, and no other fits.
            partition_max_bytes: 1,
            ..FetchPartition::default()
        });
        let request = m::FetchRequest {
            max_wait_ms: self.max_wait_ms,
            min_bytes: 1,
            max_bytes: 50 << 20,
            session_id,
            session_epoch,
            topics: vec![FetchTopic {
                topic_id: self.topic,
                partitions: partitions.collect(),
                ..FetchTopic::default()
            }],
            ..m::FetchRequest::default()
        };
        frame(ApiKey::Fetch, FETCH, &request)
    }

    /// Goes on behind the batch of an answer.
    ///
    /// # Panics
    /// There is not one batch in it.
    pub fn check(&mut self, answer: &[u8]) {
        let response: m::FetchResponse<'_> = parse(ApiKey::Fetch, FETCH, answer);
        assert_eq!(response.error_code, 0, "Fetch");
        if let Some((id, epoch)) = &mut self.session {
            *id = response.session_id;
            *epoch += 1;
        }
        let mut batches = 0;
        for partition in &response.responses[0].partitions {
            assert_eq!(partition.error_code, 0, "Fetch");
            let index = partition.partition_index as usize;
            let records = partition.records.as_ref().map(Field::to_vec).unwrap_or_default();
            for (batch, _) in ottla_protocol::records::batches(&records).flatten() {
                batches += 1;
                assert_eq!(batch.base_offset, self.offsets[index], "the batch that was asked for");
                self.offsets[index] = batch.next_offset();
                if self.session.is_some() {
                    self.unsaid.push(index);
                }
            }
        }
        assert_eq!(batches, 1, "one batch a fetch");
    }
}
