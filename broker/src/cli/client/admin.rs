//! Questions that change or describe topics. Each answers per topic, because one may fail beside others that succeed.

use super::{Answer, Client, Error, Request, groups, subject};
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
use std::fmt;

/// ConfigResource types of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    Topic = 2,
    Broker = 4,
    ClientMetrics = 16,
    Group = 32,
}

/// What has settings. The broker without a name stands for all brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub kind: ResourceKind,
    pub name: String,
}

impl Resource {
    pub fn topic(name: &str) -> Resource {
        Resource { kind: ResourceKind::Topic, name: name.to_owned() }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.kind {
            ResourceKind::Topic => f.write_str(&subject(name)),
            ResourceKind::Broker if name.is_empty() => f.write_str("all brokers"),
            ResourceKind::Broker => write!(f, "broker {name}"),
            ResourceKind::ClientMetrics => write!(f, "client metrics '{name}'"),
            ResourceKind::Group => f.write_str(&groups::subject(name)),
        }
    }
}

/// Where a setting's value comes from, as DescribeConfigs numbers it: nobody set it.
pub const SOURCE_DEFAULT: i8 = 5;

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

impl Change {
    /// The changes of a command line.
    pub fn of(
        set: &[(String, String)],
        unset: &[String],
        append: &[(String, String)],
        subtract: &[(String, String)],
    ) -> Vec<Change> {
        let pairs = |list: &[(String, String)], change: fn(String, String) -> Change| {
            list.iter().map(|(name, value)| change(name.clone(), value.clone())).collect::<Vec<_>>()
        };
        let mut changes = pairs(set, Change::Set);
        changes.extend(unset.iter().cloned().map(Change::Unset));
        changes.extend(pairs(append, Change::Append));
        changes.extend(pairs(subtract, Change::Subtract));
        changes
    }
}

/// A setting as the broker sees it.
#[derive(Clone, Debug)]
pub struct Setting {
    pub name: String,
    /// `None` when it is a secret, or null.
    pub value: Option<String>,
    pub is_secret: bool,
    pub source: i8,
}

impl Setting {
    /// Set while brokers run, for this resource or for all brokers.
    pub fn is_set(&self) -> bool {
        matches!(self.source, 1..=3 | 7 | 8)
    }

    pub fn source_text(&self) -> &'static str {
        match self.source {
            1 => "topic",
            2 => "broker, changed while running",
            3 => "all brokers, changed while running",
            4 => "broker",
            SOURCE_DEFAULT => "default",
            7 => "client metrics",
            8 => "group",
            _ => "other",
        }
    }
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
        resource: &Resource,
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
                resource_type: resource.kind as i8,
                resource_name: resource.name.as_str().into(),
                configs: changes.iter().map(config).collect(),
            }],
            validate_only,
        };
        let answer = self.ask_about(resource, &request)?;
        for one in &answer.get()?.responses {
            refused(resource, one.error_code, one.error_message.as_deref())?;
        }
        Ok(())
    }

    /// Asks a broker about its own settings, and any broker about others.
    fn ask_about<R: Request>(&mut self, resource: &Resource, request: &R) -> Result<Answer<R>, Error> {
        match resource.name.parse::<i32>() {
            Ok(id) if resource.kind == ResourceKind::Broker => {
                self.metadata(Some(&[]))?;
                self.node(id)?.call(request)
            }
            _ => self.ask(request),
        }
    }

    /// Whether the cluster's brokers are Ottla: they have settings of their own.
    pub fn is_ottla(&mut self, broker_id: i32) -> Result<bool, Error> {
        let request = DescribeConfigsRequest {
            resources: vec![DescribeConfigsResource {
                resource_type: ResourceKind::Broker as i8,
                resource_name: broker_id.to_string().into(),
                configuration_keys: Some(vec!["ottla.shards".into()]),
            }],
            ..Default::default()
        };
        let answer = self.ask(&request)?;
        Ok(answer.get()?.results.iter().any(|broker| !broker.configs.is_empty()))
    }

    /// Every setting of a topic, a broker or another resource, its own and inherited ones, by name.
    pub fn describe_configs(&mut self, resource: &Resource) -> Result<Vec<Setting>, Error> {
        let request = DescribeConfigsRequest {
            resources: vec![DescribeConfigsResource {
                resource_type: resource.kind as i8,
                resource_name: resource.name.as_str().into(),
                configuration_keys: None,
            }],
            ..Default::default()
        };
        let answer = self.ask_about(resource, &request)?;
        let mut settings = Vec::new();
        for one in &answer.get()?.results {
            refused(resource, one.error_code, one.error_message.as_deref())?;
            settings.extend(one.configs.iter().map(|config| Setting {
                name: config.name.to_string(),
                value: config.value.as_deref().map(str::to_owned),
                is_secret: config.is_sensitive,
                source: config.config_source,
            }));
        }
        settings.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(settings)
    }
}

fn refused(resource: &Resource, code: i16, message: Option<&str>) -> Result<(), Error> {
    if code == 0 { Ok(()) } else { Err(Error::refused(resource.to_string(), code, message)) }
}

fn checked<T>(topic: &str, code: i16, message: Option<&str>, value: T) -> Result<T, Error> {
    if code == 0 { Ok(value) } else { Err(Error::refused(subject(topic), code, message)) }
}
