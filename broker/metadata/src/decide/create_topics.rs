//! New topics: names, counts, placement, settings.

use super::configs::{ConfigChange, Op, incremental_alter};
use super::{ConfigSchema, Decision, Error, PARTITIONS_PER_REQUEST_MAX, placement, topic_name};
use crate::delta::Delta;
use crate::id::{Seed, Uuid};
use crate::image::{ConfigResource, Image};
use crate::record::{PartitionRecord, Record, TopicRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CreatableTopic {
    pub name: String,
    /// -1: the default.
    pub num_partitions: i32,
    /// -1: the default.
    pub replication_factor: i16,
    /// Partition and its brokers, the preferred leader first. Not empty: the two counts must be -1.
    pub assignments: Vec<(i32, Vec<i32>)>,
    /// A value of `None` leaves the default.
    pub configs: Vec<(String, Option<String>)>,
}

/// `num.partitions` and `default.replication.factor` of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicDefaults {
    pub num_partitions: i32,
    pub replication_factor: i16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTopic {
    pub topic_id: Uuid,
    pub num_partitions: i32,
    pub replication_factor: i16,
    /// What the topic itself now sets.
    pub configs: BTreeMap<String, String>,
}

pub type TopicResult = (String, Result<CreatedTopic, Error>);

/// One result per name, in the order of the request; a name that came twice is refused once, at the end, as Kafka
/// does. With `validate_only` the results are the same and there are no records.
pub fn create_topics(
    image: &Arc<Image>,
    topics: &[CreatableTopic],
    defaults: TopicDefaults,
    schema: &dyn ConfigSchema,
    seed: &mut Seed,
    validate_only: bool,
) -> Decision<Vec<TopicResult>> {
    let mut names = BTreeSet::new();
    let duplicates: BTreeSet<&str> =
        topics.iter().map(|t| t.name.as_str()).filter(|name| !names.insert(*name)).collect();
    // Topics of one request see each other: names may collide, partitions add up.
    let mut delta = Delta::new(image.clone());
    let mut records = Vec::new();
    let mut partitions_left = PARTITIONS_PER_REQUEST_MAX;
    let mut results = Vec::with_capacity(topics.len());
    for topic in topics.iter().filter(|t| !duplicates.contains(t.name.as_str())) {
        let created = create_topic(delta.image(), topic, defaults, schema, seed, &mut partitions_left);
        let result = created.and_then(|(topic_records, created)| {
            for record in &topic_records {
                delta.replay(record).map_err(|e| Error::UnknownServer(e.to_string()))?;
            }
            records.extend(topic_records);
            Ok(created)
        });
        results.push((topic.name.clone(), result));
    }
    for name in duplicates {
        results.push((name.to_owned(), Err(Error::InvalidRequest("Duplicate topic name.".into()))));
    }
    if validate_only {
        records.clear();
    }
    Decision { records, reply: results }
}

fn create_topic(
    image: &Image,
    topic: &CreatableTopic,
    defaults: TopicDefaults,
    schema: &dyn ConfigSchema,
    seed: &mut Seed,
    partitions_left: &mut usize,
) -> Result<(Vec<Record>, CreatedTopic), Error> {
    if topic.name == "__cluster_metadata" {
        let text = "Creation of internal topic __cluster_metadata is prohibited.";
        return Err(Error::InvalidRequest(text.into()));
    }
    topic_name::validate(&topic.name)?;
    if let Some(other) = topic_name::colliding(image, &topic.name) {
        let text = format!("Topic '{}' collides with existing topic: {other}", topic.name);
        return Err(Error::InvalidTopic(text));
    }
    if image.topic_by_name(&topic.name).is_some() {
        return Err(Error::TopicAlreadyExists(format!("Topic '{}' already exists.", topic.name)));
    }
    let resource = ConfigResource::topic(&topic.name);
    let changes: Vec<ConfigChange> = topic
        .configs
        .iter()
        .filter_map(|(name, value)| {
            let value = Some(value.clone()?);
            Some(ConfigChange { name: name.clone(), op: Op::Set, value })
        })
        .collect();
    let config_records = incremental_alter(image, &resource, &changes, schema)?;
    let partitions = if topic.assignments.is_empty() {
        place(image, topic, defaults, seed, *partitions_left)?
    } else {
        manual(image, topic)?
    };
    *partitions_left = partitions_left
        .checked_sub(partitions.len())
        .ok_or_else(|| too_many_partitions(PARTITIONS_PER_REQUEST_MAX))?;

    let topic_id = loop {
        let id = seed.next_uuid();
        if image.topic(id).is_none() {
            break id;
        }
    };
    let created = CreatedTopic {
        topic_id,
        num_partitions: i32::try_from(partitions.len()).unwrap_or(i32::MAX),
        replication_factor: partitions
            .first()
            .and_then(|p| i16::try_from(p.replicas.len()).ok())
            .unwrap_or_default(),
        configs: config_records
            .iter()
            .filter_map(|record| match record {
                Record::Config(r) => Some((r.name.clone(), r.value.clone()?)),
                _ => None,
            })
            .collect(),
    };
    let mut records = vec![Record::Topic(TopicRecord { name: topic.name.clone(), topic_id })];
    records.extend(config_records);
    records.extend(partitions.into_iter().map(|p| Record::Partition(PartitionRecord { topic_id, ..p })));
    Ok((records, created))
}

fn too_many_partitions(max: usize) -> Error {
    Error::PolicyViolation(format!(
        "Unable to perform excessively large batch operation: at most {max} partitions."
    ))
}

fn place(
    image: &Image,
    topic: &CreatableTopic,
    defaults: TopicDefaults,
    seed: &mut Seed,
    partitions_max: usize,
) -> Result<Vec<PartitionRecord>, Error> {
    if topic.replication_factor < -1 || topic.replication_factor == 0 {
        let text = "Replication factor must be larger than 0, or -1 to use the default value.";
        return Err(Error::InvalidReplicationFactor(text.into()));
    }
    if topic.num_partitions < -1 || topic.num_partitions == 0 {
        let text = "Number of partitions was set to an invalid non-positive value.";
        return Err(Error::InvalidPartitions(text.into()));
    }
    let count = if topic.num_partitions == -1 { defaults.num_partitions } else { topic.num_partitions };
    let factor =
        if topic.replication_factor == -1 { defaults.replication_factor } else { topic.replication_factor };
    let count_usize = usize::try_from(count).unwrap_or(usize::MAX);
    if count_usize > partitions_max {
        return Err(too_many_partitions(PARTITIONS_PER_REQUEST_MAX));
    }
    let placed = placement::place(image, count_usize, factor, seed).map_err(|why| {
        Error::InvalidReplicationFactor(format!("Unable to replicate the partition {factor} time(s): {why}"))
    })?;
    Ok((0..).zip(placed).map(|(index, replicas)| new_partition(image, index, replicas)).collect())
}

/// A client's own assignment.
fn manual(image: &Image, topic: &CreatableTopic) -> Result<Vec<PartitionRecord>, Error> {
    let both = |what: &str| {
        let text = format!("A manual partition assignment was specified, but {what} was not set to -1.");
        Err(Error::InvalidRequest(text))
    };
    if topic.replication_factor != -1 {
        return both("replication factor");
    }
    if topic.num_partitions != -1 {
        return both("numPartitions");
    }
    let mut partitions = BTreeMap::new();
    let mut factor = None;
    for (index, brokers) in &topic.assignments {
        if partitions.contains_key(index) {
            return Err(Error::InvalidReplicaAssignment(format!(
                "Found multiple manual partition assignments for partition {index}"
            )));
        }
        placement::validate_manual(image, brokers, factor)?;
        factor = Some(brokers.len());
        if !brokers.iter().any(|id| image.broker(*id).is_some_and(|b| b.is_active())) {
            return Err(Error::InvalidReplicaAssignment(format!(
                "All brokers specified in the manual partition assignment for partition {index} are fenced or in \
                 controlled shutdown."
            )));
        }
        partitions.insert(*index, new_partition(image, *index, brokers.clone()));
    }
    if !partitions.keys().copied().eq((0..).take(partitions.len())) {
        let text = "partitions should be a consecutive 0-based integer sequence";
        return Err(Error::InvalidReplicaAssignment(text.into()));
    }
    Ok(partitions.into_values().collect())
}

/// The first epoch of a partition on `replicas`: led by the first active one, all active ones in sync.
pub(super) fn new_partition(image: &Image, partition_id: i32, replicas: Vec<i32>) -> PartitionRecord {
    let active = |id: &i32| image.broker(*id).is_some_and(|b| b.is_active());
    let isr: Vec<i32> = replicas.iter().copied().filter(active).collect();
    PartitionRecord {
        topic_id: Uuid::ZERO,
        partition_id,
        directories: replicas
            .iter()
            .map(|id| image.broker(*id).map_or(Uuid::ZERO, |b| b.default_dir()))
            .collect(),
        leader: isr.first().copied().unwrap_or(crate::record::NO_LEADER),
        isr,
        replicas,
        removing_replicas: Vec::new(),
        adding_replicas: Vec::new(),
        leader_epoch: 0,
        partition_epoch: 0,
    }
}
