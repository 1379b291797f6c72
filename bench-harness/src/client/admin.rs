//! What a run needs around its load: topics that come and go, ends of partitions, settings, producer ids.

use super::{Cluster, TopicMap};
use crate::durability::{Setting, Settings};
use crate::error::{Error, Result};
use ottla_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use ottla_protocol::messages::delete_topics_request::DeleteTopicState;
use ottla_protocol::messages::describe_configs_request::DescribeConfigsResource;
use ottla_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_protocol::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, DescribeConfigsRequest, InitProducerIdRequest,
    ListOffsetsRequest,
};
use ottla_protocol::{ErrorCode, Uuid};
use std::collections::BTreeMap;

/// ListOffsets' timestamps that stand for the two ends of a partition.
pub const LATEST: i64 = -1;
pub const EARLIEST: i64 = -2;

/// ConfigResource types of Kafka.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// Where a setting's value comes from, as DescribeConfigs numbers it: nobody set it.
const SOURCE_DEFAULT: i8 = 5;

/// Offsets by topic and partition.
pub type Offsets = BTreeMap<(String, i32), i64>;

/// A producer's identity for idempotence (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerId {
    pub id: i64,
    pub epoch: i16,
}

impl Cluster {
    /// Makes `names` with `partitions` each and waits for nothing: see [`Cluster::wait_for_leaders`].
    /// # Errors
    /// The first topic that was refused, with the broker's reason.
    pub async fn create_topics(
        &mut self,
        names: &[String],
        partitions: i32,
        replication_factor: i16,
        settings: &BTreeMap<String, String>,
    ) -> Result<()> {
        let topics = names.iter().map(|name| CreatableTopic {
            name: name.as_str().into(),
            num_partitions: partitions,
            replication_factor,
            configs: settings
                .iter()
                .map(|(name, value)| CreatableTopicConfig {
                    name: name.as_str().into(),
                    value: Some(value.as_str().into()),
                })
                .collect(),
            ..Default::default()
        });
        let request = CreateTopicsRequest {
            topics: topics.collect(),
            timeout_ms: i32::try_from(self.timeout().as_millis()).unwrap_or(i32::MAX),
            validate_only: false,
        };
        let controller = self.controller;
        let connection = match self.nodes.contains_key(&controller) {
            true => self.node(controller).await?,
            false => self.any().await?,
        };
        let answer = connection.call(&request).await?;
        match answer.topics.iter().find(|topic| topic.error_code != 0) {
            Some(topic) => Err(Error::refused(
                format!("topic '{}'", topic.name),
                topic.error_code,
                topic.error_message.as_deref(),
            )),
            None => Ok(()),
        }
    }

    pub async fn delete_topics(&mut self, names: &[String]) -> Result<()> {
        let controller = self.controller;
        let timeout_ms = i32::try_from(self.timeout().as_millis()).unwrap_or(i32::MAX);
        let connection = match self.nodes.contains_key(&controller) {
            true => self.node(controller).await?,
            false => self.any().await?,
        };
        let mut request = DeleteTopicsRequest { timeout_ms, ..Default::default() };
        if connection.version::<DeleteTopicsRequest<'_>>()? >= 6 {
            request.topics = names
                .iter()
                .map(|name| DeleteTopicState { name: Some(name.as_str().into()), topic_id: Uuid::ZERO })
                .collect();
        } else {
            request.topic_names = names.iter().map(|name| name.as_str().into()).collect();
        }
        let answer = connection.call(&request).await?;
        match answer.responses.iter().find(|topic| topic.error_code != 0) {
            Some(topic) => Err(Error::refused(
                format!("topic '{}'", topic.name.as_deref().unwrap_or_default()),
                topic.error_code,
                topic.error_message.as_deref(),
            )),
            None => Ok(()),
        }
    }

    /// The offset of every partition of `topics` at [`LATEST`] or [`EARLIEST`].
    pub async fn list_offsets(&mut self, topics: &TopicMap, timestamp: i64) -> Result<Offsets> {
        let mut by_leader: BTreeMap<i32, Vec<ListOffsetsTopic<'_>>> = BTreeMap::new();
        for (topic, partitions) in topics {
            for partition in partitions {
                let of_leader = by_leader.entry(partition.leader).or_default();
                if of_leader.last().is_none_or(|last| last.name != topic.as_str()) {
                    of_leader.push(ListOffsetsTopic { name: topic.as_str().into(), partitions: Vec::new() });
                }
                if let Some(last) = of_leader.last_mut() {
                    last.partitions.push(ListOffsetsPartition {
                        partition_index: partition.index,
                        current_leader_epoch: -1,
                        timestamp,
                    });
                }
            }
        }
        let mut offsets = Offsets::new();
        for (leader, topics) in by_leader {
            let request = ListOffsetsRequest { replica_id: -1, topics, ..Default::default() };
            let answer = self.node(leader).await?.call(&request).await?;
            for topic in &answer.topics {
                for partition in &topic.partitions {
                    let subject = || format!("{}-{}", topic.name, partition.partition_index);
                    if partition.error_code != 0 {
                        return Err(Error::refused(subject(), partition.error_code, None));
                    }
                    offsets.insert((topic.name.to_string(), partition.partition_index), partition.offset);
                }
            }
        }
        Ok(offsets)
    }

    pub async fn topic_settings(&mut self, topic: &str) -> Result<Settings> {
        self.settings(TOPIC, topic, None).await
    }

    /// What is in force at `node`.
    pub async fn broker_settings(&mut self, node: i32) -> Result<Settings> {
        self.settings(BROKER, &node.to_string(), Some(node)).await
    }

    async fn settings(&mut self, resource_type: i8, name: &str, node: Option<i32>) -> Result<Settings> {
        let request = DescribeConfigsRequest {
            resources: vec![DescribeConfigsResource {
                resource_type,
                resource_name: name.into(),
                configuration_keys: None,
            }],
            ..Default::default()
        };
        let connection = match node {
            Some(node) => self.node(node).await?,
            None => self.any().await?,
        };
        let answer = connection.call(&request).await?;
        let mut settings = Settings::new();
        for result in &answer.results {
            if result.error_code != 0 {
                return Err(Error::refused(
                    format!("settings of '{name}'"),
                    result.error_code,
                    result.error_message.as_deref(),
                ));
            }
            for config in &result.configs {
                if let Some(value) = &config.value {
                    let is_set = config.config_source != SOURCE_DEFAULT;
                    settings.insert(config.name.to_string(), Setting { value: value.to_string(), is_set });
                }
            }
        }
        Ok(settings)
    }

    /// An id of an idempotent producer without transactions.
    pub async fn producer_id(&mut self) -> Result<ProducerId> {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let answer = self.any().await?.call(&request).await?;
        match ErrorCode(answer.error_code) {
            ErrorCode::NONE => Ok(ProducerId { id: answer.producer_id, epoch: answer.producer_epoch }),
            code => Err(Error::refused("a producer id", code.0, None)),
        }
    }
}
