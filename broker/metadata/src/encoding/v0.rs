//! Version 0 of records and images. Frozen: fields are neither added, moved nor renamed.
//!
//! An image is kept as the records that make it, with the few values that no record carries beside them: decoding
//! replays them, so an image that contradicts itself cannot be loaded.

use crate::delta::Delta;
use crate::envelope::Error;
use crate::id::Uuid;
use crate::image;
use crate::record as live;
use rkyv::{Archive, Deserialize, Serialize};
use std::sync::Arc;

#[derive(Archive, Serialize, Deserialize)]
pub(super) struct Records {
    pub(super) records: Vec<Record>,
}

#[derive(Archive, Serialize, Deserialize)]
pub(super) struct Image {
    cluster_id: String,
    offset: u64,
    last_broker_epoch: i64,
    records: Vec<Record>,
}

type Id = [u8; 16];

#[derive(Archive, Serialize, Deserialize)]
pub(super) struct Endpoint {
    name: String,
    host: String,
    port: u16,
    security_protocol: i16,
}

#[derive(Archive, Serialize, Deserialize)]
pub(super) enum Record {
    RegisterBroker {
        broker_id: i32,
        incarnation_id: Id,
        broker_epoch: i64,
        endpoints: Vec<Endpoint>,
        rack: Option<String>,
        fenced: bool,
        in_controlled_shutdown: bool,
        log_dirs: Vec<Id>,
    },
    UnregisterBroker {
        broker_id: i32,
        broker_epoch: i64,
    },
    BrokerRegistrationChange {
        broker_id: i32,
        broker_epoch: i64,
        fenced: Option<bool>,
        in_controlled_shutdown: Option<bool>,
        log_dirs: Option<Vec<Id>>,
    },
    Topic {
        name: String,
        topic_id: Id,
    },
    Partition {
        topic_id: Id,
        partition_id: i32,
        replicas: Vec<i32>,
        directories: Vec<Id>,
        isr: Vec<i32>,
        removing_replicas: Vec<i32>,
        adding_replicas: Vec<i32>,
        leader: i32,
        leader_epoch: i32,
        partition_epoch: i32,
    },
    PartitionChange {
        topic_id: Id,
        partition_id: i32,
        isr: Option<Vec<i32>>,
        leader: Option<i32>,
        replicas: Option<Vec<i32>>,
        directories: Option<Vec<Id>>,
        removing_replicas: Option<Vec<i32>>,
        adding_replicas: Option<Vec<i32>>,
    },
    RemoveTopic {
        topic_id: Id,
    },
    Config {
        resource_type: i8,
        resource_name: String,
        name: String,
        value: Option<String>,
    },
    FeatureLevel {
        name: String,
        feature_level: i16,
    },
    ProducerIds {
        broker_id: i32,
        broker_epoch: i64,
        next_producer_id: i64,
    },
}

fn ids(ids: &[Uuid]) -> Vec<Id> {
    ids.iter().map(|id| id.0).collect()
}

fn uuids(ids: Vec<Id>) -> Vec<Uuid> {
    ids.into_iter().map(Uuid).collect()
}

impl From<&image::Endpoint> for Endpoint {
    fn from(e: &image::Endpoint) -> Endpoint {
        let (name, host) = (e.name.clone(), e.host.clone());
        Endpoint { name, host, port: e.port, security_protocol: e.security_protocol }
    }
}

impl From<Endpoint> for image::Endpoint {
    fn from(e: Endpoint) -> image::Endpoint {
        image::Endpoint { name: e.name, host: e.host, port: e.port, security_protocol: e.security_protocol }
    }
}

impl From<&live::Record> for Record {
    fn from(record: &live::Record) -> Record {
        match record {
            live::Record::RegisterBroker(r) => Record::RegisterBroker {
                broker_id: r.broker_id,
                incarnation_id: r.incarnation_id.0,
                broker_epoch: r.broker_epoch,
                endpoints: r.endpoints.iter().map(Endpoint::from).collect(),
                rack: r.rack.clone(),
                fenced: r.fenced,
                in_controlled_shutdown: r.in_controlled_shutdown,
                log_dirs: ids(&r.log_dirs),
            },
            live::Record::UnregisterBroker(r) => {
                Record::UnregisterBroker { broker_id: r.broker_id, broker_epoch: r.broker_epoch }
            }
            live::Record::BrokerRegistrationChange(r) => Record::BrokerRegistrationChange {
                broker_id: r.broker_id,
                broker_epoch: r.broker_epoch,
                fenced: r.fenced,
                in_controlled_shutdown: r.in_controlled_shutdown,
                log_dirs: r.log_dirs.as_deref().map(ids),
            },
            live::Record::Topic(r) => Record::Topic { name: r.name.clone(), topic_id: r.topic_id.0 },
            live::Record::Partition(r) => Record::Partition {
                topic_id: r.topic_id.0,
                partition_id: r.partition_id,
                replicas: r.replicas.clone(),
                directories: ids(&r.directories),
                isr: r.isr.clone(),
                removing_replicas: r.removing_replicas.clone(),
                adding_replicas: r.adding_replicas.clone(),
                leader: r.leader,
                leader_epoch: r.leader_epoch,
                partition_epoch: r.partition_epoch,
            },
            live::Record::PartitionChange(r) => Record::PartitionChange {
                topic_id: r.topic_id.0,
                partition_id: r.partition_id,
                isr: r.isr.clone(),
                leader: r.leader,
                replicas: r.replicas.clone(),
                directories: r.directories.as_deref().map(ids),
                removing_replicas: r.removing_replicas.clone(),
                adding_replicas: r.adding_replicas.clone(),
            },
            live::Record::RemoveTopic(r) => Record::RemoveTopic { topic_id: r.topic_id.0 },
            live::Record::Config(r) => Record::Config {
                resource_type: r.resource_type.code(),
                resource_name: r.resource_name.clone(),
                name: r.name.clone(),
                value: r.value.clone(),
            },
            live::Record::FeatureLevel(r) => {
                Record::FeatureLevel { name: r.name.clone(), feature_level: r.feature_level }
            }
            live::Record::ProducerIds(r) => Record::ProducerIds {
                broker_id: r.broker_id,
                broker_epoch: r.broker_epoch,
                next_producer_id: r.next_producer_id,
            },
        }
    }
}

impl TryFrom<Record> for live::Record {
    type Error = Error;
    fn try_from(record: Record) -> Result<live::Record, Error> {
        Ok(match record {
            Record::RegisterBroker {
                broker_id,
                incarnation_id,
                broker_epoch,
                endpoints,
                rack,
                fenced,
                in_controlled_shutdown,
                log_dirs,
            } => live::Record::RegisterBroker(live::RegisterBrokerRecord {
                broker_id,
                incarnation_id: Uuid(incarnation_id),
                broker_epoch,
                endpoints: endpoints.into_iter().map(image::Endpoint::from).collect(),
                rack,
                fenced,
                in_controlled_shutdown,
                log_dirs: uuids(log_dirs),
            }),
            Record::UnregisterBroker { broker_id, broker_epoch } => {
                live::Record::UnregisterBroker(live::UnregisterBrokerRecord { broker_id, broker_epoch })
            }
            Record::BrokerRegistrationChange {
                broker_id,
                broker_epoch,
                fenced,
                in_controlled_shutdown,
                log_dirs,
            } => live::Record::BrokerRegistrationChange(live::BrokerRegistrationChangeRecord {
                broker_id,
                broker_epoch,
                fenced,
                in_controlled_shutdown,
                log_dirs: log_dirs.map(uuids),
            }),
            Record::Topic { name, topic_id } => {
                live::Record::Topic(live::TopicRecord { name, topic_id: Uuid(topic_id) })
            }
            Record::Partition {
                topic_id,
                partition_id,
                replicas,
                directories,
                isr,
                removing_replicas,
                adding_replicas,
                leader,
                leader_epoch,
                partition_epoch,
            } => live::Record::Partition(live::PartitionRecord {
                topic_id: Uuid(topic_id),
                partition_id,
                replicas,
                directories: uuids(directories),
                isr,
                removing_replicas,
                adding_replicas,
                leader,
                leader_epoch,
                partition_epoch,
            }),
            Record::PartitionChange {
                topic_id,
                partition_id,
                isr,
                leader,
                replicas,
                directories,
                removing_replicas,
                adding_replicas,
            } => live::Record::PartitionChange(live::PartitionChangeRecord {
                topic_id: Uuid(topic_id),
                partition_id,
                isr,
                leader,
                replicas,
                directories: directories.map(uuids),
                removing_replicas,
                adding_replicas,
            }),
            Record::RemoveTopic { topic_id } => {
                live::Record::RemoveTopic(live::RemoveTopicRecord { topic_id: Uuid(topic_id) })
            }
            Record::Config { resource_type, resource_name, name, value } => {
                let resource_type = image::ResourceType::from_code(resource_type)
                    .ok_or_else(|| Error::Payload(format!("a setting of resource type {resource_type}")))?;
                live::Record::Config(live::ConfigRecord { resource_type, resource_name, name, value })
            }
            Record::FeatureLevel { name, feature_level } => {
                live::Record::FeatureLevel(live::FeatureLevelRecord { name, feature_level })
            }
            Record::ProducerIds { broker_id, broker_epoch, next_producer_id } => {
                live::Record::ProducerIds(live::ProducerIdsRecord {
                    broker_id,
                    broker_epoch,
                    next_producer_id,
                })
            }
        })
    }
}

impl From<&image::Image> for Image {
    fn from(image: &image::Image) -> Image {
        Image {
            cluster_id: image.cluster_id().to_owned(),
            offset: image.offset(),
            last_broker_epoch: image.last_broker_epoch(),
            records: image.records().iter().map(Record::from).collect(),
        }
    }
}

impl TryFrom<Image> for image::Image {
    type Error = Error;
    fn try_from(frozen: Image) -> Result<image::Image, Error> {
        let mut delta = Delta::new(Arc::new(image::Image::new(&frozen.cluster_id)));
        for record in frozen.records {
            delta.replay(&record.try_into()?).map_err(|e| Error::Payload(e.to_string()))?;
        }
        let (image, _) = delta.finish(frozen.offset);
        let mut image = Arc::unwrap_or_clone(image);
        // The broker that was registered last may have been unregistered since.
        image.last_broker_epoch = image.last_broker_epoch.max(frozen.last_broker_epoch);
        Ok(image)
    }
}
