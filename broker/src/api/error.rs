//! Kafka's code for what each inner part reports: one exhaustive match per part.

use crate::controller;
use ottla_metadata::decide;
use ottla_protocol::ErrorCode;

/// What becomes one of Kafka's codes and a text for the client.
pub(crate) trait ToCode {
    fn code(&self) -> ErrorCode;
}

pub(crate) fn code_of(error: &impl ToCode) -> i16 {
    error.code().0
}

impl ToCode for decide::Error {
    fn code(&self) -> ErrorCode {
        match self {
            decide::Error::InvalidRequest(_) => ErrorCode::INVALID_REQUEST,
            decide::Error::InvalidTopic(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
            decide::Error::TopicAlreadyExists(_) => ErrorCode::TOPIC_ALREADY_EXISTS,
            decide::Error::UnknownTopicOrPartition(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            decide::Error::UnknownTopicId => ErrorCode::UNKNOWN_TOPIC_ID,
            decide::Error::InvalidPartitions(_) => ErrorCode::INVALID_PARTITIONS,
            decide::Error::InvalidReplicationFactor(_) => ErrorCode::INVALID_REPLICATION_FACTOR,
            decide::Error::InvalidReplicaAssignment(_) => ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            decide::Error::InvalidConfig(_) => ErrorCode::INVALID_CONFIG,
            decide::Error::PolicyViolation(_) => ErrorCode::POLICY_VIOLATION,
            decide::Error::BrokerIdNotRegistered(_) => ErrorCode::BROKER_ID_NOT_REGISTERED,
            decide::Error::DuplicateBrokerRegistration(_) => ErrorCode::DUPLICATE_BROKER_REGISTRATION,
            decide::Error::StaleBrokerEpoch(_) => ErrorCode::STALE_BROKER_EPOCH,
            decide::Error::UnknownServer(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
        }
    }
}

impl ToCode for controller::Error {
    fn code(&self) -> ErrorCode {
        match self {
            controller::Error::Unusable(_) | controller::Error::Stopped(_) => ErrorCode::BROKER_NOT_AVAILABLE,
            controller::Error::NotController => ErrorCode::NOT_CONTROLLER,
            controller::Error::Contradiction(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
        }
    }
}
