//! What differs between two images: all that a shard looks at when it starts and stops partitions.

use crate::id::Uuid;
use crate::image::{ConfigResource, Image, Topic};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What differs between two images that follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Topics of the new image that the old one did not have.
    pub topics_created: BTreeSet<Uuid>,
    /// Topics of the old image that are gone, as they last were.
    pub topics_deleted: BTreeMap<Uuid, Arc<Topic>>,
    /// Partitions that are new or differ, those of new topics included.
    pub partitions: BTreeMap<Uuid, BTreeSet<i32>>,
    /// Resources with a setting that changed.
    pub configs: BTreeSet<ConfigResource>,
    /// Brokers that came, changed or went.
    pub brokers: BTreeSet<i32>,
    pub features: bool,
    pub producer_ids: bool,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        *self == Changes::default()
    }

    /// Everything that `image` has, as if it followed an empty one: what a shard starts from.
    pub fn everything(image: &Image) -> Changes {
        let mut changes = Changes {
            features: image.features.size() > 0,
            producer_ids: image.next_producer_id > 0,
            ..Changes::default()
        };
        for topic in image.topics() {
            changes.topics_created.insert(topic.id);
            let partitions = (0..).take(topic.partitions.len()).collect();
            changes.partitions.insert(topic.id, partitions);
        }
        changes.configs.extend(image.configs.keys().cloned());
        changes.brokers.extend(image.brokers.keys().copied());
        changes
    }

    /// Adds what changed after this, so that both together are one step.
    pub fn merge(&mut self, later: Changes) {
        for (id, topic) in later.topics_deleted {
            self.partitions.remove(&id);
            // What came and went in between was never there for whoever takes both as one.
            if !self.topics_created.remove(&id) {
                self.topics_deleted.insert(id, topic);
            }
        }
        self.topics_created.extend(later.topics_created);
        for (id, partitions) in later.partitions {
            self.partitions.entry(id).or_default().extend(partitions);
        }
        self.configs.extend(later.configs);
        self.brokers.extend(later.brokers);
        self.features |= later.features;
        self.producer_ids |= later.producer_ids;
    }

    /// By comparison, for images that no records lead between: a snapshot from elsewhere.
    pub fn between(old: &Image, new: &Image) -> Changes {
        let mut changes = Changes {
            features: old.features != new.features,
            producer_ids: old.next_producer_id != new.next_producer_id,
            ..Changes::default()
        };
        for topic in old.topics().filter(|t| new.topic(t.id).is_none()) {
            changes.topics_deleted.insert(topic.id, topic.clone());
        }
        for topic in new.topics() {
            let before = old.topic(topic.id);
            if before.is_none() {
                changes.topics_created.insert(topic.id);
            }
            let differ = |index: &i32| before.and_then(|t| t.partition(*index)) != topic.partition(*index);
            let partitions: BTreeSet<i32> = (0..).take(topic.partitions.len()).filter(differ).collect();
            if !partitions.is_empty() {
                changes.partitions.insert(topic.id, partitions);
            }
        }
        let resources = old.configs.keys().chain(new.configs.keys());
        changes.configs = resources.filter(|r| old.configs(r) != new.configs(r)).cloned().collect();
        let brokers = old.brokers.keys().chain(new.brokers.keys());
        changes.brokers = brokers.filter(|id| old.broker(**id) != new.broker(**id)).copied().collect();
        changes
    }
}
