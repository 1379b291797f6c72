//! Topics that come and go under the same few names, with records and settings: what was acknowledged of them holds.

use crate::load::{Round, fetch, print, random_batch};
use crate::model::{Partition, Sent};
use ottla_protocol::messages::*;
use ottla_protocol::{ErrorCode, Records, Uuid};
use ottla_tests::client::Connection;
use produce_request::{PartitionProduceData, TopicProduceData};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::borrow::Cow;
use std::io;
use std::time::{Duration, Instant};

const NAMES: [&str; 4] = ["scratch-a", "scratch-b", "scratch-c", "scratch-d"];
const SETTING: &str = "retention.ms";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    There,
    Gone,
    /// A change was asked for and the answer never came.
    Unsure,
}

struct Topic {
    name: &'static str,
    life: Life,
    id: Uuid,
    partitions: i32,
    /// The values that the setting may have: more than one after a change without an answer.
    values: Vec<Option<String>>,
    next_number: u32,
}

pub struct Scratch {
    topics: Vec<Topic>,
    rng: SmallRng,
    pub changes: u64,
}

impl Scratch {
    pub fn new(seed: u64) -> Scratch {
        let topics = NAMES.map(|name| Topic {
            name,
            life: Life::Gone,
            id: Uuid::ZERO,
            partitions: 0,
            values: vec![None],
            next_number: 0,
        });
        Scratch { topics: topics.into(), rng: SmallRng::seed_from_u64(seed), changes: 0 }
    }

    pub fn run(&mut self, round: &Round<'_>) {
        let result = self.change(round);
        round.ended("the admin client", result);
    }

    fn change(&mut self, round: &Round<'_>) -> io::Result<()> {
        let mut connection = Connection::open(round.address)?;
        while !round.is_ending() {
            let index = self.rng.random_range(0..self.topics.len());
            let topic = &mut self.topics[index];
            match topic.life {
                Life::Gone => {
                    topic.create(&mut connection, &mut self.rng)?;
                    self.changes += 1;
                }
                Life::There => match self.rng.random_range(0..6) {
                    0 => {
                        topic.delete(&mut connection, round)?;
                        self.changes += 1;
                    }
                    1 => {
                        topic.set(&mut connection, &mut self.rng)?;
                        self.changes += 1;
                    }
                    _ => topic.produce(&mut connection, round, &mut self.rng)?,
                },
                Life::Unsure => {
                    return Err(io::Error::other(format!("{} is unsure after a check", topic.name)));
                }
            }
            std::thread::sleep(Duration::from_micros(self.rng.random_range(0..3000)));
        }
        Ok(())
    }

    /// After a restart: every topic is as it was acknowledged, with its records and its setting.
    /// # Errors
    /// The broker doesn't answer; what it answers wrongly is a fault of the model.
    pub fn check(&mut self, round: &Round<'_>, connection: &mut Connection) -> io::Result<()> {
        for topic in &mut self.topics {
            topic.check(round, connection)?;
        }
        Ok(())
    }
}

impl Topic {
    fn partition(&self, index: i32) -> Partition {
        Partition { topic: self.name.to_string(), id: self.id, index }
    }

    fn create(&mut self, connection: &mut Connection, rng: &mut SmallRng) -> io::Result<()> {
        let value = rng.random::<bool>().then(|| rng.random_range(86_400_000..900_000_000u32).to_string());
        self.partitions = rng.random_range(1..=3);
        let configs = value.iter().map(|value| create_topics_request::CreatableTopicConfig {
            name: SETTING.into(),
            value: Some(Cow::Owned(value.clone())),
        });
        let request = CreateTopicsRequest {
            topics: vec![create_topics_request::CreatableTopic {
                name: self.name.into(),
                num_partitions: self.partitions,
                replication_factor: 1,
                configs: configs.collect(),
                ..Default::default()
            }],
            timeout_ms: 10_000,
            ..Default::default()
        };
        (self.life, self.values, self.id) = (Life::Unsure, vec![value.clone()], Uuid::ZERO);
        let answer = connection.call(7, &request)?;
        let body = answer.read()?;
        let topic = body.topics.first().ok_or_else(|| io::Error::other("no topic in the answer"))?;
        // A topic that was just deleted may still be on its way out of Kafka's log manager, never out of its metadata.
        expect(&format!("creating {}", self.name), topic.error_code)?;
        (self.life, self.id) = (Life::There, topic.topic_id);
        Ok(())
    }

    fn delete(&mut self, connection: &mut Connection, round: &Round<'_>) -> io::Result<()> {
        let request = DeleteTopicsRequest {
            topics: vec![delete_topics_request::DeleteTopicState {
                name: Some(self.name.into()),
                ..Default::default()
            }],
            timeout_ms: 10_000,
            ..Default::default()
        };
        self.life = Life::Unsure;
        let answer = connection.call(6, &request)?;
        let error = answer.read()?.responses.first().map_or(-1, |topic| topic.error_code);
        expect(&format!("deleting {}", self.name), error)?;
        self.gone(round);
        Ok(())
    }

    fn gone(&mut self, round: &Round<'_>) {
        self.life = Life::Gone;
        for index in 0..self.partitions {
            round.model.forget(&self.partition(index));
        }
    }

    fn set(&mut self, connection: &mut Connection, rng: &mut SmallRng) -> io::Result<()> {
        use incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
        let value = rng.random_ratio(3, 4).then(|| rng.random_range(86_400_000..900_000_000u32).to_string());
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: 2,
                resource_name: self.name.into(),
                configs: vec![AlterableConfig {
                    name: SETTING.into(),
                    config_operation: if value.is_some() { 0 } else { 1 },
                    value: value.clone().map(Cow::Owned),
                }],
            }],
            validate_only: false,
        };
        self.values.push(value.clone());
        let answer = connection.call(1, &request)?;
        let error = answer.read()?.responses.first().map_or(-1, |resource| resource.error_code);
        expect(&format!("setting {SETTING} of {}", self.name), error)?;
        self.values = vec![value];
        Ok(())
    }

    fn produce(
        &mut self,
        connection: &mut Connection,
        round: &Round<'_>,
        rng: &mut SmallRng,
    ) -> io::Result<()> {
        let partition = self.partition(rng.random_range(0..self.partitions));
        let batch = random_batch(rng);
        let bytes = batch.build();
        let sent = Sent { stream: 0, number: self.next_number, count: batch.records.len() as i32 };
        self.next_number += 1;
        round.model.send(&partition, print(&bytes), sent);
        let request = ProduceRequest {
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![TopicProduceData {
                topic_id: self.id,
                partition_data: vec![PartitionProduceData {
                    index: partition.index,
                    records: Some(Records::Slice(&bytes)),
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let answer = connection.call(13, &request)?;
        let body = answer.read()?;
        let found = body.responses.first().and_then(|topic| topic.partition_responses.first());
        let found = found.ok_or_else(|| io::Error::other("no partition in the answer"))?;
        // A topic's creation is acknowledged when it is committed; its partition may open a moment later.
        if !ErrorCode(found.error_code).is_retriable() {
            expect(&format!("producing to {partition:?}"), found.error_code)?;
            round.model.acknowledge(&partition, print(&bytes), found.base_offset);
        }
        Ok(())
    }

    fn check(&mut self, round: &Round<'_>, connection: &mut Connection) -> io::Result<()> {
        let request = MetadataRequest {
            topics: Some(vec![metadata_request::MetadataRequestTopic {
                name: Some(self.name.into()),
                ..Default::default()
            }]),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        // A broker that has just started may not lead yet what it has.
        let deadline = Instant::now() + Duration::from_secs(10);
        let (found, partitions) = loop {
            let answer = connection.call(12, &request)?;
            let body = answer.read()?;
            let topic = body.topics.first().ok_or_else(|| io::Error::other("no topic in the answer"))?;
            let leads = topic.partitions.iter().all(|partition| partition.leader_id >= 0);
            let found = (topic.error_code == 0).then_some(topic.topic_id);
            let settled = match self.life {
                Life::There => found == Some(self.id) && leads,
                Life::Gone => found.is_none(),
                Life::Unsure => leads,
            };
            if settled || Instant::now() > deadline {
                break (found, topic.partitions.len() as i32);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let name = self.name;
        match (self.life, found) {
            (Life::There, Some(id)) if id == self.id => {}
            (Life::There, other) => {
                round.model.fault(format!("{name} with id {} was acknowledged, found: {other:?}", self.id));
                return Ok(());
            }
            (Life::Gone, None) => return Ok(()),
            (Life::Gone, Some(id)) => {
                round.model.fault(format!("{name} was deleted, and is there again with id {id}"));
                return Ok(());
            }
            (Life::Unsure, None) => {
                self.gone(round);
                return Ok(());
            }
            (Life::Unsure, Some(id)) => (self.life, self.id) = (Life::There, id),
        }
        if partitions != self.partitions {
            round.model.fault(format!("{name} has {partitions} partitions, not {}", self.partitions));
        }
        let mut value = self.value(connection)?;
        while !self.values.contains(&value) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
            value = self.value(connection)?;
        }
        if !self.values.contains(&value) {
            round.model.fault(format!("{name}: {SETTING} is {value:?}, acknowledged: {:?}", self.values));
        }
        self.values = vec![value];
        for index in 0..self.partitions {
            scan(round, connection, &self.partition(index), 0)?;
        }
        Ok(())
    }

    /// The topic's own value of the setting, `None` for the default.
    fn value(&self, connection: &mut Connection) -> io::Result<Option<String>> {
        let request = DescribeConfigsRequest {
            resources: vec![describe_configs_request::DescribeConfigsResource {
                resource_type: 2,
                resource_name: self.name.into(),
                configuration_keys: Some(vec![SETTING.into()]),
            }],
            ..Default::default()
        };
        let answer = connection.call(4, &request)?;
        let body = answer.read()?;
        let resource = body.results.first().ok_or_else(|| io::Error::other("no resource in the answer"))?;
        expect(&format!("describing {}", self.name), resource.error_code)?;
        let config = resource.configs.first().ok_or_else(|| io::Error::other("no setting in the answer"))?;
        const OF_THE_TOPIC: i8 = 1;
        let own = config.config_source == OF_THE_TOPIC;
        Ok(own.then(|| config.value.as_deref().unwrap_or_default().to_string()))
    }
}

fn expect(what: &str, error: i16) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::other(format!("{what}: {:?}", ErrorCode(error)))) }
}

/// Reads a partition from `start` to its end and holds it against the model.
/// # Errors
/// The broker doesn't answer, or with an error that doesn't pass within ten seconds.
pub fn scan(
    round: &Round<'_>,
    connection: &mut Connection,
    partition: &Partition,
    start: i64,
) -> io::Result<u64> {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut bytes = Vec::new();
    let mut position = start;
    loop {
        match fetch(connection, partition, position, 8 << 20) {
            Ok((records, high_watermark)) => {
                let (batches, _) = ottla_tests::batch::read(&records).map_err(io::Error::other)?;
                let whole = batches.iter().map(|batch| batch.bytes.len()).sum::<usize>();
                if let Some(last) = batches.last() {
                    position = last.base_offset + i64::from(last.last_offset_delta) + 1;
                }
                bytes.extend_from_slice(records.get(..whole).unwrap_or_default());
                if position >= high_watermark || (whole == 0 && Instant::now() > deadline) {
                    let (batches, _) = ottla_tests::batch::read(&bytes).map_err(io::Error::other)?;
                    round.model.scan(partition, start, high_watermark, &batches);
                    return Ok(bytes.len() as u64);
                }
            }
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(error) if ottla_tests::client::is_closed(&error) => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}
