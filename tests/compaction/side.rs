//! One of the two brokers: what is sent to it, and what it has left.

use super::Step;
use ottla_protocol::messages::*;
use ottla_protocol::records::{BatchHeader, EXPANDED_BYTES_MAX, RecordsReader};
use ottla_protocol::{ErrorCode, Records, Uuid};
use ottla_tests::batch::{Batch, TRANSACTIONAL};
use ottla_tests::broker::{Broker, Setup, wait_until};
use ottla_tests::client::Connection;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A record that is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Its number among this program's, since brokers give ids of their own.
    pub producer: Option<usize>,
}

pub struct Side {
    setup: Setup,
    broker: Broker,
    connection: Connection,
    /// Id and epoch of each.
    producers: Vec<(i64, i16)>,
    /// By topic and producer: the next sequence.
    sequences: HashMap<(String, usize), i32>,
    /// By topic: the last batch that a producer sent outside of a transaction, and the offset that it got.
    last: HashMap<String, (Batch, i64)>,
    sent: HashMap<String, usize>,
}

impl Side {
    pub fn new(setup: Setup, broker: Broker, producers: usize) -> io::Result<Side> {
        let mut connection = Connection::open(setup.address())?;
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            ..Default::default()
        };
        let mut ids = Vec::new();
        // A broker that has just started may have none to give yet.
        wait_until(Duration::from_secs(20), "producer ids are given", || {
            let answer = connection.call(4, &request);
            if let Ok(answer) = answer
                && let Ok(body) = answer.read()
                && body.error_code == 0
            {
                ids.push((body.producer_id, body.producer_epoch));
            }
            ids.len() == producers
        })?;
        let (sequences, last, sent) = (HashMap::new(), HashMap::new(), HashMap::new());
        Ok(Side { setup, broker, connection, producers: ids, sequences, last, sent })
    }

    pub fn dir(&self, topic: &str) -> PathBuf {
        self.setup.data().join(format!("{topic}-0"))
    }

    pub fn create(&mut self, topic: &str, configs: &[(&str, &str)]) -> io::Result<()> {
        let configs = configs.iter().map(|(key, value)| create_topics_request::CreatableTopicConfig {
            name: (*key).into(),
            value: Some((*value).into()),
        });
        let request = CreateTopicsRequest {
            topics: vec![create_topics_request::CreatableTopic {
                name: topic.into(),
                num_partitions: 1,
                replication_factor: 1,
                configs: configs.collect(),
                ..Default::default()
            }],
            timeout_ms: 10_000,
            ..Default::default()
        };
        let answer = self.connection.call(7, &request)?;
        let error = answer.read()?.topics.first().map_or(-1, |topic| topic.error_code);
        if error != 0 {
            return Err(io::Error::other(format!("creating {topic}: {:?}", ErrorCode(error))));
        }
        wait_until(Duration::from_secs(10), "a new topic serves", || self.fetch(topic, 0).is_ok())
    }

    /// Sends all of it; returns how many records the topic was sent in all.
    pub fn send(&mut self, topic: &str, steps: &[Step]) -> io::Result<usize> {
        for step in steps {
            match step {
                Step::Batch(batch, producer) => {
                    let mut batch = Batch::clone(batch);
                    let count = batch.records.len();
                    if let Some(number) = producer {
                        let next = self.sequences.entry((topic.to_owned(), *number)).or_default();
                        let (id, epoch) = self.producers[*number];
                        batch = batch.from_producer(id, epoch, *next);
                        *next += count as i32;
                    }
                    let offset = self.produce(topic, &batch)?;
                    *self.sent.entry(topic.to_owned()).or_default() += count;
                    if producer.is_some() && batch.attributes & TRANSACTIONAL == 0 {
                        self.last.insert(topic.to_owned(), (batch, offset));
                    }
                }
                Step::Marker { producer, commits } => self.end_transaction(topic, *producer, *commits)?,
            }
        }
        Ok(self.sent.get(topic).copied().unwrap_or(0))
    }

    fn produce(&mut self, topic: &str, batch: &Batch) -> io::Result<i64> {
        let bytes = batch.build();
        let request = ProduceRequest {
            transactional_id: (batch.attributes & TRANSACTIONAL != 0).then(|| "compaction".into()),
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![produce_request::TopicProduceData {
                name: topic.into(),
                topic_id: Uuid::ZERO,
                partition_data: vec![produce_request::PartitionProduceData {
                    index: 0,
                    records: Some(Records::Slice(&bytes)),
                }],
            }],
        };
        let answer = self.connection.call(9, &request)?;
        let body = answer.read()?;
        let found = body.responses.first().and_then(|topic| topic.partition_responses.first());
        let found = found.ok_or_else(|| io::Error::other("no partition in the answer"))?;
        match ErrorCode(found.error_code) {
            error if error.is_none() => Ok(found.base_offset),
            error => Err(io::Error::other(format!("produce to {topic}: {error}"))),
        }
    }

    fn end_transaction(&mut self, topic: &str, producer: usize, commits: bool) -> io::Result<()> {
        let (producer_id, producer_epoch) = self.producers[producer];
        let request = WriteTxnMarkersRequest {
            markers: vec![write_txn_markers_request::WritableTxnMarker {
                producer_id,
                producer_epoch,
                transaction_result: commits,
                topics: vec![write_txn_markers_request::WritableTxnMarkerTopic {
                    name: topic.into(),
                    partition_indexes: vec![0],
                }],
                ..Default::default()
            }],
        };
        let answer = self.connection.call(1, &request)?;
        let body = answer.read()?;
        let topics = body.markers.iter().flat_map(|marker| &marker.topics);
        match topics.flat_map(|topic| &topic.partitions).find(|partition| partition.error_code != 0) {
            Some(bad) => Err(io::Error::other(format!("WriteTxnMarkers: {:?}", ErrorCode(bad.error_code)))),
            None => Ok(()),
        }
    }

    /// Ends when the checkpoint says that all but the active segment is clean.
    pub fn wait_compacted(&mut self, topic: &str) -> io::Result<()> {
        let checkpoint = self.setup.data().join("cleaner-offset-checkpoint");
        let cleaned_to = || {
            let text = std::fs::read_to_string(&checkpoint).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{topic} 0 ")));
            line.and_then(|offset| offset.trim().parse::<i64>().ok())
        };
        let active = || {
            let entries = std::fs::read_dir(self.dir(topic)).ok()?;
            let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            names.filter_map(|name| name.strip_suffix(".log")?.parse::<i64>().ok()).max()
        };
        let what = format!("{:?} compacts {topic}", self.setup.kind);
        wait_until(Duration::from_secs(30), &what, || active().is_some() && active() == cleaned_to())
    }

    fn fetch(&mut self, topic: &str, offset: i64) -> io::Result<(i64, Vec<u8>)> {
        let request = FetchRequest {
            max_wait_ms: 100,
            min_bytes: 1,
            max_bytes: 1 << 20,
            topics: vec![fetch_request::FetchTopic {
                topic: topic.into(),
                partitions: vec![fetch_request::FetchPartition {
                    fetch_offset: offset,
                    partition_max_bytes: 1 << 20,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let answer = self.connection.call(11, &request)?;
        let mut body = answer.read()?;
        let found = body.responses.first_mut().and_then(|topic| topic.partitions.first_mut());
        let found = found.ok_or_else(|| io::Error::other("no partition in the answer"))?;
        if found.error_code != 0 {
            return Err(io::Error::other(format!("fetch of {topic}: {:?}", ErrorCode(found.error_code))));
        }
        let high_watermark = found.high_watermark;
        Ok((high_watermark, found.records.take().unwrap_or_default().to_vec()))
    }

    /// Every record of the topic but those of markers, committed or not.
    pub fn records(&mut self, topic: &str) -> io::Result<Vec<Kept>> {
        let bad = |text: String| io::Error::other(format!("{topic}: {text}"));
        let (mut kept, mut offset) = (Vec::new(), 0);
        loop {
            let (end, bytes) = self.fetch(topic, offset)?;
            if offset >= end {
                return Ok(kept);
            }
            let (seen, _) = ottla_tests::batch::read(&bytes).map_err(bad)?;
            let Some(last) = seen.last() else {
                return Err(bad(format!("nothing at {offset}, below {end}")));
            };
            offset = last.base_offset + i64::from(last.last_offset_delta) + 1;
            for batch in &seen {
                if !batch.crc_fits {
                    return Err(bad(format!("a wrong CRC at {}", batch.base_offset)));
                }
                let header = BatchHeader::parse(batch.bytes).map_err(|fault| bad(fault.to_string()))?;
                if header.is_control() {
                    continue;
                }
                let producer = self.producers.iter().position(|(id, _)| *id == header.producer_id);
                let reader = RecordsReader::new(&header, batch.bytes, EXPANDED_BYTES_MAX);
                let mut reader = reader.map_err(|error| bad(error.to_string()))?;
                while let Some(record) = reader.next().map_err(|error| bad(error.to_string()))? {
                    let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
                    kept.push(Kept {
                        offset: header.base_offset + i64::from(record.offset_delta),
                        timestamp: header.record_timestamp(&record),
                        key: owned(record.key),
                        value: owned(record.value),
                        headers: record.headers.iter().map(|h| (h.key.to_vec(), owned(h.value))).collect(),
                        producer,
                    });
                }
            }
        }
    }

    /// Kills the broker, takes away what it stored of the topic's producers, and starts it again.
    pub fn restart_without_snapshots(&mut self, topic: &str) -> io::Result<()> {
        self.broker.kill();
        for entry in std::fs::read_dir(self.dir(topic))? {
            let path = entry?.path();
            if path.extension().is_some_and(|suffix| suffix == "snapshot") {
                std::fs::remove_file(path)?;
            }
        }
        self.broker = self.setup.start()?;
        self.connection = Connection::open(self.setup.address())?;
        wait_until(Duration::from_secs(10), "a topic serves again", || self.fetch(topic, 0).is_ok())
    }

    /// The last batch of an idempotent producer once more: the answer is where it lies already.
    pub fn send_last_again(&mut self, topic: &str) -> Result<(), String> {
        let Some((batch, offset)) = self.last.get(topic).cloned() else {
            return Err("no producer has sent anything".to_owned());
        };
        match self.produce(topic, &batch) {
            Ok(again) if again == offset => Ok(()),
            Ok(again) => Err(format!("it was at {offset} and is at {again} too")),
            Err(error) => Err(error.to_string()),
        }
    }
}
