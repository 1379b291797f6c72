//! The only durable change of the cluster's metadata, in the words of Kafka's own metadata records.

use crate::id::Uuid;
use crate::image::{Endpoint, ResourceType};

/// Who leads when nobody does.
pub const NO_LEADER: i32 = -1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A broker came up: new, or again with a new incarnation id.
    RegisterBroker(RegisterBrokerRecord),
    UnregisterBroker(UnregisterBrokerRecord),
    BrokerRegistrationChange(BrokerRegistrationChangeRecord),
    Topic(TopicRecord),
    /// A new partition. A topic's partitions come in order from 0.
    Partition(PartitionRecord),
    PartitionChange(PartitionChangeRecord),
    /// The topic, its partitions and its configs are gone.
    RemoveTopic(RemoveTopicRecord),
    Config(ConfigRecord),
    FeatureLevel(FeatureLevelRecord),
    ProducerIds(ProducerIdsRecord),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterBrokerRecord {
    pub broker_id: i32,
    /// Drawn by the broker's process at its start.
    pub incarnation_id: Uuid,
    /// Grows with every registration of any broker.
    pub broker_epoch: i64,
    pub endpoints: Vec<Endpoint>,
    pub rack: Option<String>,
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
    pub log_dirs: Vec<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnregisterBrokerRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
}

/// `None` leaves a field as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistrationChangeRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub fenced: Option<bool>,
    pub in_controlled_shutdown: Option<bool>,
    pub log_dirs: Option<Vec<Uuid>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRecord {
    pub name: String,
    pub topic_id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRecord {
    pub topic_id: Uuid,
    pub partition_id: i32,
    pub replicas: Vec<i32>,
    /// The log directory of each replica, in the order of `replicas`.
    pub directories: Vec<Uuid>,
    pub isr: Vec<i32>,
    pub removing_replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    pub leader: i32,
    pub leader_epoch: i32,
    pub partition_epoch: i32,
}

/// `None` leaves a field as it is. The partition epoch grows by one; the leader epoch grows by one with `leader`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PartitionChangeRecord {
    pub topic_id: Uuid,
    pub partition_id: i32,
    pub isr: Option<Vec<i32>>,
    pub leader: Option<i32>,
    pub replicas: Option<Vec<i32>>,
    pub directories: Option<Vec<Uuid>>,
    pub removing_replicas: Option<Vec<i32>>,
    pub adding_replicas: Option<Vec<i32>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveTopicRecord {
    pub topic_id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRecord {
    pub resource_type: ResourceType,
    pub resource_name: String,
    pub name: String,
    /// `None` takes the setting away.
    pub value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureLevelRecord {
    pub name: String,
    /// 0 takes the feature away.
    pub feature_level: i16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerIdsRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
    /// The first producer id that no broker was given yet.
    pub next_producer_id: i64,
}
