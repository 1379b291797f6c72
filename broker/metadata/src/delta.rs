//! What a run of records changes: the next image, and which topics, brokers and settings differ from the last.
//!
//! ```text
//! Arc<Image> ──Delta::new──▶ Delta ──replay(record)…──▶ Delta ──finish(offset)──▶ (Arc<Image>, Changes)
//! ```
//! Shards start and stop partitions by [`Changes`]; they never compare whole images.

use crate::changes::Changes;
use crate::id::Uuid;
use crate::image::{Broker, ConfigResource, Image, Partition, ResourceType, Topic};
use crate::record::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A record that does not fit the image it is replayed on. The controller never writes one, so on load it means that
/// the log was damaged or written by something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    #[error("a record creates topic '{0}', which is already there")]
    TopicExists(String),
    #[error("a record names the topic id {0}, which is not there")]
    UnknownTopic(Uuid),
    #[error("a record creates partition {1} of topic id {0}, which has {2} partitions")]
    PartitionOutOfOrder(Uuid, i32, usize),
    #[error("a record changes partition {1} of topic id {0}, which is not there")]
    UnknownPartition(Uuid, i32),
    #[error("a record names broker {0}, which is not registered")]
    UnknownBroker(i32),
    #[error("a record lowers the next producer id from {0} to {1}")]
    ProducerIdsWentBack(i64, i64),
}

/// An image in the making.
#[derive(Clone, Debug)]
pub struct Delta {
    base: Arc<Image>,
    image: Image,
    changes: Changes,
}

impl Delta {
    pub fn new(base: Arc<Image>) -> Delta {
        let image = Image::clone(&base);
        Delta { base, image, changes: Changes::default() }
    }

    /// The image with all records so far: what the next decision of the same run is made on.
    pub fn image(&self) -> &Image {
        &self.image
    }

    pub fn base(&self) -> &Arc<Image> {
        &self.base
    }

    /// The new image at `offset` of the metadata log, and what differs from the base.
    pub fn finish(mut self, offset: u64) -> (Arc<Image>, Changes) {
        self.image.offset = offset;
        // A topic that came and went within this run was never there.
        self.changes.partitions.retain(|id, _| self.image.topics_by_id.contains_key(id));
        (Arc::new(self.image), self.changes)
    }

    /// Applies one record. On an error nothing has changed.
    pub fn replay(&mut self, record: &Record) -> Result<(), ReplayError> {
        match record {
            Record::RegisterBroker(r) => self.register_broker(r),
            Record::UnregisterBroker(r) => return self.unregister_broker(r),
            Record::BrokerRegistrationChange(r) => return self.change_broker(r),
            Record::Topic(r) => return self.create_topic(r),
            Record::Partition(r) => return self.create_partition(r),
            Record::PartitionChange(r) => return self.change_partition(r),
            Record::RemoveTopic(r) => return self.remove_topic(r),
            Record::Config(r) => self.set_config(r),
            Record::FeatureLevel(r) => self.set_feature(r),
            Record::ProducerIds(r) => return self.give_producer_ids(r),
        }
        Ok(())
    }

    fn register_broker(&mut self, r: &RegisterBrokerRecord) {
        let broker = Broker {
            id: r.broker_id,
            epoch: r.broker_epoch,
            incarnation_id: r.incarnation_id,
            endpoints: r.endpoints.clone(),
            rack: r.rack.clone(),
            fenced: r.fenced,
            in_controlled_shutdown: r.in_controlled_shutdown,
            log_dirs: r.log_dirs.clone(),
        };
        self.image.brokers.insert_mut(r.broker_id, Arc::new(broker));
        self.image.last_broker_epoch = self.image.last_broker_epoch.max(r.broker_epoch);
        self.changes.brokers.insert(r.broker_id);
    }

    fn unregister_broker(&mut self, r: &UnregisterBrokerRecord) -> Result<(), ReplayError> {
        if !self.image.brokers.remove_mut(&r.broker_id) {
            return Err(ReplayError::UnknownBroker(r.broker_id));
        }
        self.changes.brokers.insert(r.broker_id);
        Ok(())
    }

    fn change_broker(&mut self, r: &BrokerRegistrationChangeRecord) -> Result<(), ReplayError> {
        let broker =
            self.image.brokers.get_mut(&r.broker_id).ok_or(ReplayError::UnknownBroker(r.broker_id))?;
        let broker = Arc::make_mut(broker);
        if let Some(fenced) = r.fenced {
            broker.fenced = fenced;
        }
        if let Some(in_controlled_shutdown) = r.in_controlled_shutdown {
            broker.in_controlled_shutdown = in_controlled_shutdown;
        }
        if let Some(log_dirs) = &r.log_dirs {
            broker.log_dirs.clone_from(log_dirs);
        }
        self.changes.brokers.insert(r.broker_id);
        Ok(())
    }

    fn create_topic(&mut self, r: &TopicRecord) -> Result<(), ReplayError> {
        if self.image.topics_by_name.contains_key(r.name.as_str())
            || self.image.topics_by_id.contains_key(&r.topic_id)
        {
            return Err(ReplayError::TopicExists(r.name.clone()));
        }
        let name: Arc<str> = r.name.as_str().into();
        let topic = Topic { name: name.clone(), id: r.topic_id, partitions: Vec::new() };
        self.image.topics_by_id.insert_mut(r.topic_id, Arc::new(topic));
        self.image.topics_by_name.insert_mut(name, r.topic_id);
        self.changes.topics_created.insert(r.topic_id);
        Ok(())
    }

    fn create_partition(&mut self, r: &PartitionRecord) -> Result<(), ReplayError> {
        let topic =
            self.image.topics_by_id.get_mut(&r.topic_id).ok_or(ReplayError::UnknownTopic(r.topic_id))?;
        if usize::try_from(r.partition_id) != Ok(topic.partitions.len()) {
            let count = topic.partitions.len();
            return Err(ReplayError::PartitionOutOfOrder(r.topic_id, r.partition_id, count));
        }
        let partition = Partition {
            replicas: r.replicas.clone(),
            directories: r.directories.clone(),
            isr: r.isr.clone(),
            removing_replicas: r.removing_replicas.clone(),
            adding_replicas: r.adding_replicas.clone(),
            leader: r.leader,
            leader_epoch: r.leader_epoch,
            partition_epoch: r.partition_epoch,
        };
        Arc::make_mut(topic).partitions.push(Arc::new(partition));
        self.image.partition_count += 1;
        self.changes.partitions.entry(r.topic_id).or_default().insert(r.partition_id);
        Ok(())
    }

    fn change_partition(&mut self, r: &PartitionChangeRecord) -> Result<(), ReplayError> {
        let unknown = || ReplayError::UnknownPartition(r.topic_id, r.partition_id);
        let index = usize::try_from(r.partition_id).map_err(|_| unknown())?;
        let topic =
            self.image.topics_by_id.get_mut(&r.topic_id).ok_or(ReplayError::UnknownTopic(r.topic_id))?;
        if index >= topic.partitions.len() {
            return Err(unknown());
        }
        let partition = Arc::make_mut(topic).partitions.get_mut(index).ok_or_else(unknown)?;
        let partition = Arc::make_mut(partition);
        let copy = |to: &mut Vec<i32>, from: &Option<Vec<i32>>| {
            if let Some(from) = from {
                to.clone_from(from);
            }
        };
        copy(&mut partition.isr, &r.isr);
        copy(&mut partition.replicas, &r.replicas);
        copy(&mut partition.removing_replicas, &r.removing_replicas);
        copy(&mut partition.adding_replicas, &r.adding_replicas);
        if let Some(directories) = &r.directories {
            partition.directories.clone_from(directories);
        }
        if let Some(leader) = r.leader {
            partition.leader = leader;
            partition.leader_epoch = partition.leader_epoch.saturating_add(1);
        }
        partition.partition_epoch = partition.partition_epoch.saturating_add(1);
        self.changes.partitions.entry(r.topic_id).or_default().insert(r.partition_id);
        Ok(())
    }

    fn remove_topic(&mut self, r: &RemoveTopicRecord) -> Result<(), ReplayError> {
        let topic =
            self.image.topics_by_id.get(&r.topic_id).cloned().ok_or(ReplayError::UnknownTopic(r.topic_id))?;
        self.image.topics_by_id.remove_mut(&r.topic_id);
        self.image.topics_by_name.remove_mut(&topic.name);
        self.image.partition_count -= topic.partitions.len();
        let resource = ConfigResource { kind: ResourceType::Topic, name: topic.name.clone() };
        if self.image.configs.remove_mut(&resource) {
            self.changes.configs.insert(resource);
        }
        self.changes.partitions.remove(&r.topic_id);
        if !self.changes.topics_created.remove(&r.topic_id) {
            self.changes
                .topics_deleted
                .insert(r.topic_id, self.base.topic(r.topic_id).cloned().unwrap_or(topic));
        }
        Ok(())
    }

    fn set_config(&mut self, r: &ConfigRecord) {
        let resource = ConfigResource { kind: r.resource_type, name: r.resource_name.as_str().into() };
        let mut configs = self.image.configs.get(&resource).map(|c| BTreeMap::clone(c)).unwrap_or_default();
        match &r.value {
            Some(value) => configs.insert(r.name.clone(), value.clone()),
            None => configs.remove(&r.name),
        };
        if configs.is_empty() {
            self.image.configs.remove_mut(&resource);
        } else {
            self.image.configs.insert_mut(resource.clone(), Arc::new(configs));
        }
        self.changes.configs.insert(resource);
    }

    fn set_feature(&mut self, r: &FeatureLevelRecord) {
        if r.feature_level == 0 {
            self.image.features.remove_mut(r.name.as_str());
        } else {
            self.image.features.insert_mut(r.name.as_str().into(), r.feature_level);
        }
        self.changes.features = true;
    }

    fn give_producer_ids(&mut self, r: &ProducerIdsRecord) -> Result<(), ReplayError> {
        if r.next_producer_id < self.image.next_producer_id {
            return Err(ReplayError::ProducerIdsWentBack(self.image.next_producer_id, r.next_producer_id));
        }
        self.image.next_producer_id = r.next_producer_id;
        self.changes.producer_ids = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(n: u8) -> Record {
        Record::Topic(TopicRecord { name: format!("t{n}"), topic_id: Uuid([n; 16]) })
    }

    fn partition(n: u8, partition_id: i32) -> Record {
        Record::Partition(PartitionRecord {
            topic_id: Uuid([n; 16]),
            partition_id,
            replicas: vec![1],
            directories: vec![Uuid::ZERO],
            isr: vec![1],
            removing_replicas: vec![],
            adding_replicas: vec![],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
        })
    }

    fn remove(n: u8) -> Record {
        Record::RemoveTopic(RemoveTopicRecord { topic_id: Uuid([n; 16]) })
    }

    fn config(n: u8, value: Option<&str>) -> Record {
        Record::Config(ConfigRecord {
            resource_type: ResourceType::Topic,
            resource_name: format!("t{n}"),
            name: "retention.ms".into(),
            value: value.map(str::to_owned),
        })
    }

    fn after(image: &Arc<Image>, records: &[Record]) -> (Arc<Image>, Changes) {
        let mut delta = Delta::new(image.clone());
        for record in records {
            delta.replay(record).unwrap();
        }
        delta.finish(image.offset() + 1)
    }

    #[test]
    fn an_image_and_its_changes() {
        let empty = Arc::new(Image::new("c"));
        let (one, changes) = after(
            &empty,
            &[topic(1), config(1, Some("5")), partition(1, 0), partition(1, 1), topic(2), remove(2)],
        );
        assert_eq!(changes.topics_created, [Uuid([1; 16])].into());
        assert_eq!(changes.partitions, [(Uuid([1; 16]), [0, 1].into())].into());
        assert!(changes.topics_deleted.is_empty(), "what came and went was never there");
        assert_eq!(one.topic_by_name("t1").unwrap().partitions().len(), 2);
        assert_eq!((one.topic_count(), one.partition_count(), empty.topic_count()), (1, 2, 0));
        assert_eq!(changes, Changes::everything(&one));

        let change = Record::PartitionChange(PartitionChangeRecord {
            topic_id: Uuid([1; 16]),
            partition_id: 1,
            leader: Some(3),
            ..Default::default()
        });
        let (two, changes) = after(&one, &[change, config(1, None)]);
        assert_eq!(changes.partitions, [(Uuid([1; 16]), [1].into())].into());
        assert_eq!(changes.configs, [ConfigResource::topic("t1")].into());
        let partition = two.partition(Uuid([1; 16]), 1).unwrap();
        assert_eq!((partition.leader, partition.leader_epoch, partition.partition_epoch), (3, 1, 1));
        assert_eq!(one.partition(Uuid([1; 16]), 1).unwrap().leader, 1, "the old image is as it was");
        assert!(two.configs(&ConfigResource::topic("t1")).is_none());

        let (three, changes) = after(&two, &[remove(1)]);
        assert_eq!(changes.topics_deleted.keys().copied().collect::<Vec<_>>(), [Uuid([1; 16])]);
        assert!(changes.partitions.is_empty());
        assert_eq!((three.topic_count(), three.partition_count()), (0, 0));
    }

    #[test]
    fn steps_taken_as_one_are_what_lies_between() {
        let images = [
            vec![topic(1), partition(1, 0), config(1, Some("5"))],
            vec![topic(2), partition(2, 0), partition(1, 1)],
            vec![remove(1), topic(3), partition(3, 0)],
            vec![remove(3), config(2, Some("6"))],
        ];
        let empty = Arc::new(Image::new("c"));
        let (first, _) = after(&empty, &images[0]);
        let mut image = first.clone();
        let mut merged = Changes::default();
        for records in &images[1..] {
            let (next, changes) = after(&image, records);
            merged.merge(changes);
            image = next;
        }
        let mut between = Changes::between(&first, &image);
        // One knows the deleted topic as it last was, the other as it was before all steps.
        assert!(merged.topics_deleted.keys().eq(between.topics_deleted.keys()));
        between.topics_deleted = merged.topics_deleted.clone();
        assert_eq!(merged, between);
    }

    #[test]
    fn records_that_do_not_fit_change_nothing() {
        let (image, _) = after(&Arc::new(Image::new("c")), &[topic(1), partition(1, 0)]);
        let wrong = [
            topic(1),
            partition(1, 2),
            partition(2, 0),
            remove(2),
            Record::UnregisterBroker(UnregisterBrokerRecord { broker_id: 1, broker_epoch: 0 }),
            Record::PartitionChange(PartitionChangeRecord {
                topic_id: Uuid([1; 16]),
                partition_id: -1,
                ..Default::default()
            }),
        ];
        for record in wrong {
            let mut delta = Delta::new(image.clone());
            delta.replay(&record).unwrap_err();
            assert_eq!(delta.finish(image.offset()), (image.clone(), Changes::default()));
        }
    }

    /// 10,000 topics made one at a time: each image shares what it did not change.
    #[test]
    fn many_changes_are_not_quadratic() {
        let mut image = Arc::new(Image::new("c"));
        for n in 0..10_000u32 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
            let topic = TopicRecord { name: format!("t{n}"), topic_id: Uuid(id) };
            image = after(&image, &[Record::Topic(topic)]).0;
        }
        assert_eq!(image.topic_count(), 10_000);
    }
}
