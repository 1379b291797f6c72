//! Questions that change or describe topics. Each answers per topic, because one may fail beside others that succeed.

use super::{Client, Error, subject};
use ottla_protocol::Uuid;
use ottla_protocol::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};
use ottla_protocol::messages::create_topics_request::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use ottla_protocol::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
use ottla_protocol::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use ottla_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};

/// ConfigResource types of Kafka.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Where a setting's value comes from, as DescribeConfigs numbers it: set for this topic.
const SOURCE_TOPIC: i8 = 1;

/// A topic to make; -1 stands for the broker's default.
#[derive(Clone, Debug)]
pub struct NewTopic {
    pub name: String,
    pub partitions: i32,
    pub replication_factor: i16,
    pub configs: Vec<(String, String)>,
}

/// A topic that was made, or would have been.
#[derive(Clone, Debug)]
pub struct CreatedTopic {
    pub id: Uuid,
    /// -1 when the broker is too old to say.
    pub partitions: i32,
    pub replication_factor: i16,
}

/// A change of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Set(String, String),
    /// Back to the broker's default.
    Unset(String),
    /// Adds to a list.
    Append(String, String),
    /// Takes from a list.
    Subtract(String, String),
}

/// A setting of a topic as the broker sees it.
#[derive(Clone, Debug)]
pub struct Setting {
    pub name: String,
    /// `None` when it is a secret.
    pub value: Option<String>,
    /// Set for this topic, as opposed to inherited.
    pub is_own: bool,
    pub source: i8,
}

pub type PerTopic<T> = Vec<(String, Result<T, Error>)>;

impl Client {
    pub fn create_topics(
        &mut self,
        topics: &[NewTopic],
        validate_only: bool,
    ) -> Result<PerTopic<CreatedTopic>, Error> {
        let config = |(name, value): &(String, String)| CreatableTopicConfig {
            name: name.clone().into(),
            value: Some(value.clone().into()),
        };
        let topic = |topic: &NewTopic| CreatableTopic {
            name: topic.name.clone().into(),
            num_partitions: topic.partitions,
            replication_factor: topic.replication_factor,
            configs: topic.configs.iter().map(config).collect(),
            ..Default::default()
        };
        let request = CreateTopicsRequest {
            topics: topics.iter().map(topic).collect(),
            timeout_ms: self.timeout_ms(),
            validate_only,
        };
        let answer = self.ask(&request)?;
        let result = |topic: &ottla_protocol::messages::create_topics_response::CreatableTopicResult<'_>| {
            let created = CreatedTopic {
                id: topic.topic_id,
                partitions: topic.num_partitions,
                replication_factor: topic.replication_factor,
            };
            (
                topic.name.to_string(),
                checked(&topic.name, topic.error_code, topic.error_message.as_deref(), created),
            )
        };
        Ok(answer.get()?.topics.iter().map(result).collect())
    }

    pub fn delete_topics(&mut self, names: &[String]) -> Result<PerTopic<()>, Error> {
        let state =
            |name: &String| DeleteTopicState { name: Some(name.clone().into()), topic_id: Uuid::ZERO };
        let version = self.version(ottla_protocol::ApiKey::DeleteTopics)?;
        // From version 6 topics are named one by one, before that in a plain list.
        let mut request = DeleteTopicsRequest { timeout_ms: self.timeout_ms(), ..Default::default() };
        if version >= 6 {
            request.topics = names.iter().map(state).collect();
        } else {
            request.topic_names = names.iter().map(|name| name.clone().into()).collect();
        }
        let answer = self.ask(&request)?;
        let result = |topic: &ottla_protocol::messages::delete_topics_response::DeletableTopicResult<'_>| {
            let name = topic.name.as_deref().unwrap_or_default();
            (name.to_owned(), checked(name, topic.error_code, topic.error_message.as_deref(), ()))
        };
        Ok(answer.get()?.responses.iter().map(result).collect())
    }

    /// Raises a topic's partitions to `count`.
    pub fn create_partitions(&mut self, name: &str, count: i32, validate_only: bool) -> Result<(), Error> {
        let topic = CreatePartitionsTopic { name: name.into(), count, assignments: None };
        let request =
            CreatePartitionsRequest { topics: vec![topic], timeout_ms: self.timeout_ms(), validate_only };
        let answer = self.ask(&request)?;
        for topic in &answer.get()?.results {
            checked(&topic.name, topic.error_code, topic.error_message.as_deref(), ())?;
        }
        Ok(())
    }

    pub fn alter_configs(
        &mut self,
        name: &str,
        changes: &[Change],
        validate_only: bool,
    ) -> Result<(), Error> {
        let config = |change: &Change| {
            let (name, operation, value) = match change {
                Change::Set(name, value) => (name, 0, Some(value.clone().into())),
                Change::Unset(name) => (name, 1, None),
                Change::Append(name, value) => (name, 2, Some(value.clone().into())),
                Change::Subtract(name, value) => (name, 3, Some(value.clone().into())),
            };
            AlterableConfig { name: name.clone().into(), config_operation: operation, value }
        };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: TOPIC,
                resource_name: name.into(),
                configs: changes.iter().map(config).collect(),
            }],
            validate_only,
        };
        let answer = self.ask(&request)?;
        for topic in &answer.get()?.responses {
            checked(&topic.resource_name, topic.error_code, topic.error_message.as_deref(), ())?;
        }
        Ok(())
    }

    /// Whether the cluster's brokers are Ottla: they have settings of their own.
    pub fn is_ottla(&mut self, broker_id: i32) -> Result<bool, Error> {
        let request = DescribeConfigsRequest {
            resources: vec![DescribeConfigsResource {
                resource_type: BROKER,
                resource_name: broker_id.to_string().into(),
                configuration_keys: Some(vec!["ottla.shards".into()]),
            }],
            ..Default::default()
        };
        let answer = self.ask(&request)?;
        Ok(answer.get()?.results.iter().any(|broker| !broker.configs.is_empty()))
    }

    /// Every setting of a topic, its own and inherited ones, by name.
    pub fn describe_configs(&mut self, name: &str) -> Result<Vec<Setting>, Error> {
        let request = DescribeConfigsRequest {
            resources: vec![DescribeConfigsResource {
                resource_type: TOPIC,
                resource_name: name.into(),
                configuration_keys: None,
            }],
            ..Default::default()
        };
        let answer = self.ask(&request)?;
        let mut settings = Vec::new();
        for topic in &answer.get()?.results {
            checked(&topic.resource_name, topic.error_code, topic.error_message.as_deref(), ())?;
            settings.extend(topic.configs.iter().map(|config| Setting {
                name: config.name.to_string(),
                value: config.value.as_deref().map(str::to_owned),
                is_own: config.config_source == SOURCE_TOPIC,
                source: config.config_source,
            }));
        }
        settings.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(settings)
    }
}

fn checked<T>(topic: &str, code: i16, message: Option<&str>, value: T) -> Result<T, Error> {
    if code == 0 { Ok(value) } else { Err(Error::refused(subject(topic), code, message)) }
}
