//! The controller's decisions: pure functions of a request and the newest image.
//!
//! Each gives the records that carry it out and the reply that is sent once they are committed. Checks, their order
//! and their messages are Apache Kafka's, so that its tools and clients say the same about both.

pub mod brokers;
pub mod configs;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_topics;
pub mod directories;
pub mod features;
pub mod placement;
pub mod producer_ids;
pub mod topic_name;

use crate::image::ConfigResource;
use crate::record::Record;
use std::collections::BTreeMap;

/// Most partitions that one request may create, and most records that it may cost: Kafka's bounds on a user's single
/// operation.
pub const PARTITIONS_PER_REQUEST_MAX: usize = 10_000;
pub const RECORDS_PER_REQUEST_MAX: usize = 10_000;

/// Records to commit, and what to answer when they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<R> {
    pub records: Vec<Record>,
    pub reply: R,
}

impl<R> Decision<R> {
    /// An answer that changes nothing.
    pub fn reply(reply: R) -> Decision<R> {
        Decision { records: Vec::new(), reply }
    }

    /// A refusal is an answer that changes nothing.
    pub fn from_result<E>(result: Result<Decision<R>, E>) -> Decision<Result<R, E>> {
        match result {
            Ok(decision) => Decision { records: decision.records, reply: Ok(decision.reply) },
            Err(error) => Decision::reply(Err(error)),
        }
    }
}

/// Why a request, or one item of it, was refused. `broker` gives each its Kafka error code; the text goes to the
/// client as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    InvalidRequest(String),
    #[error("{0}")]
    InvalidTopic(String),
    #[error("{0}")]
    TopicAlreadyExists(String),
    /// Some APIs say which topic, some say nothing.
    #[error("{0}")]
    UnknownTopicOrPartition(String),
    #[error("This server does not host this topic ID.")]
    UnknownTopicId,
    #[error("{0}")]
    InvalidPartitions(String),
    #[error("{0}")]
    InvalidReplicationFactor(String),
    #[error("{0}")]
    InvalidReplicaAssignment(String),
    #[error("{0}")]
    InvalidConfig(String),
    #[error("{0}")]
    PolicyViolation(String),
    #[error("{0}")]
    BrokerIdNotRegistered(String),
    #[error("{0}")]
    DuplicateBrokerRegistration(String),
    #[error("{0}")]
    StaleBrokerEpoch(String),
    #[error("{0}")]
    UnknownServer(String),
}

impl Error {
    /// What the client is told beside the code.
    pub fn message(&self) -> Option<String> {
        Some(self.to_string()).filter(|text| !text.is_empty())
    }
}

/// What a decision must know of settings that it does not own: the broker's registry of settings answers.
pub trait ConfigSchema {
    /// True when there is a setting of this name.
    fn is_known(&self, resource: &ConfigResource, name: &str) -> bool;

    /// True when the setting's value is a list, which APPEND and SUBTRACT need.
    fn is_list(&self, resource: &ConfigResource, name: &str) -> bool;

    /// What the setting is when nobody sets it on `resource`.
    fn default_value(&self, resource: &ConfigResource, name: &str) -> Option<String>;

    /// Whether `configs` may be all that is set on `resource`.
    fn validate(&self, resource: &ConfigResource, configs: &BTreeMap<String, String>) -> Result<(), Error>;
}

#[cfg(test)]
mod tests;
