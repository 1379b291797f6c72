//! The cluster at one point of the metadata log: immutable, and cheap to clone.
//!
//! The maps share structure with the images before and after (`rpds`), so a change of one partition among many
//! thousands copies a path of the tree and that topic's table of pointers, not the whole. All maps are ordered:
//! the same records give the same image and the same walks over it on every machine.

use crate::id::Uuid;
use crate::record::*;
use rpds::RedBlackTreeMapSync;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub(crate) cluster_id: Arc<str>,
    pub(crate) offset: u64,
    pub(crate) brokers: RedBlackTreeMapSync<i32, Arc<Broker>>,
    pub(crate) topics_by_id: RedBlackTreeMapSync<Uuid, Arc<Topic>>,
    pub(crate) topics_by_name: RedBlackTreeMapSync<Arc<str>, Uuid>,
    pub(crate) configs: RedBlackTreeMapSync<ConfigResource, Arc<BTreeMap<String, String>>>,
    pub(crate) features: RedBlackTreeMapSync<Arc<str>, i16>,
    pub(crate) next_producer_id: i64,
    pub(crate) last_broker_epoch: i64,
    pub(crate) partition_count: usize,
}

impl Image {
    /// A cluster with nothing in it.
    pub fn new(cluster_id: &str) -> Image {
        Image {
            cluster_id: cluster_id.into(),
            offset: 0,
            brokers: RedBlackTreeMapSync::new_sync(),
            topics_by_id: RedBlackTreeMapSync::new_sync(),
            topics_by_name: RedBlackTreeMapSync::new_sync(),
            configs: RedBlackTreeMapSync::new_sync(),
            features: RedBlackTreeMapSync::new_sync(),
            next_producer_id: 0,
            last_broker_epoch: -1,
            partition_count: 0,
        }
    }

    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// Where in the metadata log this image is: it grows from image to image.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    pub fn broker(&self, id: i32) -> Option<&Arc<Broker>> {
        self.brokers.get(&id)
    }

    /// In the order of their ids.
    pub fn brokers(&self) -> impl Iterator<Item = &Arc<Broker>> {
        self.brokers.values()
    }

    pub fn topic(&self, id: Uuid) -> Option<&Arc<Topic>> {
        self.topics_by_id.get(&id)
    }

    pub fn topic_by_name(&self, name: &str) -> Option<&Arc<Topic>> {
        self.topics_by_id.get(self.topics_by_name.get(name)?)
    }

    /// In the order of their names.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.topics_by_name.values().filter_map(|id| self.topics_by_id.get(id))
    }

    /// In the order of their names, from the first that is not below `name`.
    pub fn topics_from<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arc<Topic>> {
        self.topics_by_name
            .range::<str, _>((std::ops::Bound::Included(name), std::ops::Bound::Unbounded))
            .filter_map(|(_, id)| self.topics_by_id.get(id))
    }

    pub fn topic_count(&self) -> usize {
        self.topics_by_id.size()
    }

    pub fn partition_count(&self) -> usize {
        self.partition_count
    }

    pub fn partition(&self, id: Uuid, partition: i32) -> Option<&Arc<Partition>> {
        self.topic(id)?.partition(partition)
    }

    /// What was set on `resource` itself; what is not there is inherited.
    pub fn configs(&self, resource: &ConfigResource) -> Option<&Arc<BTreeMap<String, String>>> {
        self.configs.get(resource)
    }

    /// One setting of `resource` itself.
    pub fn config(&self, resource: &ConfigResource, name: &str) -> Option<&str> {
        self.configs.get(resource)?.get(name).map(String::as_str)
    }

    pub fn config_resources(&self) -> impl Iterator<Item = &ConfigResource> {
        self.configs.keys()
    }

    /// Finalized features with their levels, such as `metadata.version`.
    pub fn features(&self) -> impl Iterator<Item = (&str, i16)> {
        self.features.iter().map(|(name, level)| (&**name, *level))
    }

    pub fn feature(&self, name: &str) -> Option<i16> {
        self.features.get(name).copied()
    }

    /// The first producer id that no broker was given.
    pub fn next_producer_id(&self) -> i64 {
        self.next_producer_id
    }

    /// The highest epoch that any broker was registered with; -1 before the first.
    pub fn last_broker_epoch(&self) -> i64 {
        self.last_broker_epoch
    }
}

/// The registration of one broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    pub id: i32,
    pub epoch: i64,
    pub incarnation_id: Uuid,
    pub endpoints: Vec<Endpoint>,
    pub rack: Option<String>,
    /// It may not lead, nor be in sync, nor be shown to clients.
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
    pub log_dirs: Vec<Uuid>,
}

impl Broker {
    pub fn endpoint(&self, listener: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|e| e.name == listener)
    }

    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }

    /// Whether a replica in `dir` is online as far as its directory goes; zero is not assigned yet.
    pub fn has_dir(&self, dir: Uuid) -> bool {
        is_in_reach(&self.log_dirs, dir)
    }
}

/// Whether a replica in `dir` is online where a broker has `log_dirs`; zero is not assigned yet.
pub(crate) fn is_in_reach(log_dirs: &[Uuid], dir: Uuid) -> bool {
    dir == Uuid::ZERO || log_dirs.contains(&dir)
}

/// Where a broker can be reached under one listener's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub name: String,
    pub host: String,
    pub port: u16,
    /// Kafka's numbers: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub name: Arc<str>,
    pub id: Uuid,
    pub(crate) partitions: Vec<Arc<Partition>>,
}

impl Topic {
    /// By index, without gaps.
    pub fn partitions(&self) -> &[Arc<Partition>] {
        &self.partitions
    }

    pub fn partition(&self, index: i32) -> Option<&Arc<Partition>> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    /// Kafka's internal topics: made and written by brokers, hidden from consumers' patterns.
    pub fn is_internal(&self) -> bool {
        is_internal_topic(&self.name)
    }
}

/// Kafka's internal topics by name.
pub fn is_internal_topic(name: &str) -> bool {
    matches!(name, "__consumer_offsets" | "__transaction_state" | "__share_group_state")
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    pub replicas: Vec<i32>,
    /// The log directory of each replica, in the order of `replicas`; zero: not assigned yet.
    pub directories: Vec<Uuid>,
    pub isr: Vec<i32>,
    pub removing_replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    /// -1: none.
    pub leader: i32,
    pub leader_epoch: i32,
    pub partition_epoch: i32,
}

impl Partition {
    /// The log directory of the replica on `broker`; `None` when there is no replica.
    pub fn directory_of(&self, broker: i32) -> Option<Uuid> {
        let replica = self.replicas.iter().position(|id| *id == broker)?;
        Some(self.directories.get(replica).copied().unwrap_or(Uuid::ZERO))
    }
}

/// What settings belong to. Numbers are Kafka's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i8)]
pub enum ResourceType {
    Topic = 2,
    /// With the name "": the default for all brokers.
    Broker = 4,
    ClientMetrics = 16,
    Group = 32,
}

impl ResourceType {
    pub fn from_code(code: i8) -> Option<ResourceType> {
        Some(match code {
            2 => ResourceType::Topic,
            4 => ResourceType::Broker,
            16 => ResourceType::ClientMetrics,
            32 => ResourceType::Group,
            _ => return None,
        })
    }

    pub fn code(self) -> i8 {
        self as i8
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResource {
    pub kind: ResourceType,
    pub name: Arc<str>,
}

impl ConfigResource {
    pub fn topic(name: &str) -> ConfigResource {
        ConfigResource { kind: ResourceType::Topic, name: name.into() }
    }

    pub fn broker(id: i32) -> ConfigResource {
        ConfigResource { kind: ResourceType::Broker, name: id.to_string().into() }
    }

    pub fn cluster_default() -> ConfigResource {
        ConfigResource { kind: ResourceType::Broker, name: "".into() }
    }
}

/// As Kafka's messages write it: `ConfigResource(type=TOPIC, name='orders')`.
impl fmt::Display for ConfigResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ResourceType::Topic => "TOPIC",
            ResourceType::Broker => "BROKER",
            ResourceType::ClientMetrics => "CLIENT_METRICS",
            ResourceType::Group => "GROUP",
        };
        write!(f, "ConfigResource(type={kind}, name='{}')", self.name)
    }
}

impl Image {
    /// Whether the replica of `partition` on `broker` can be reached: the broker is there and so is the directory that it lies in.
    pub fn is_replica_online(&self, partition: &Partition, broker: i32) -> bool {
        let dir = partition.directory_of(broker).unwrap_or(Uuid::ZERO);
        self.broker(broker).is_some_and(|broker| !broker.fenced && broker.has_dir(dir))
    }

    /// The records that make this image of an empty one: what a snapshot holds.
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for (name, feature_level) in self.features() {
            let name = name.to_owned();
            records.push(Record::FeatureLevel(FeatureLevelRecord { name, feature_level }));
        }
        for b in self.brokers() {
            records.push(Record::RegisterBroker(RegisterBrokerRecord {
                broker_id: b.id,
                incarnation_id: b.incarnation_id,
                broker_epoch: b.epoch,
                endpoints: b.endpoints.clone(),
                rack: b.rack.clone(),
                fenced: b.fenced,
                in_controlled_shutdown: b.in_controlled_shutdown,
                log_dirs: b.log_dirs.clone(),
            }));
        }
        for topic in self.topics() {
            records.push(Record::Topic(TopicRecord { name: topic.name.to_string(), topic_id: topic.id }));
            for (partition_id, p) in (0..).zip(&topic.partitions) {
                records.push(Record::Partition(PartitionRecord {
                    topic_id: topic.id,
                    partition_id,
                    replicas: p.replicas.clone(),
                    directories: p.directories.clone(),
                    isr: p.isr.clone(),
                    removing_replicas: p.removing_replicas.clone(),
                    adding_replicas: p.adding_replicas.clone(),
                    leader: p.leader,
                    leader_epoch: p.leader_epoch,
                    partition_epoch: p.partition_epoch,
                }));
            }
        }
        for (resource, configs) in self.configs.iter() {
            for (name, value) in configs.iter() {
                records.push(Record::Config(ConfigRecord {
                    resource_type: resource.kind,
                    resource_name: resource.name.to_string(),
                    name: name.clone(),
                    value: Some(value.clone()),
                }));
            }
        }
        if self.next_producer_id > 0 {
            let next_producer_id = self.next_producer_id;
            records.push(Record::ProducerIds(ProducerIdsRecord {
                broker_id: -1,
                broker_epoch: -1,
                next_producer_id,
            }));
        }
        records
    }
}
