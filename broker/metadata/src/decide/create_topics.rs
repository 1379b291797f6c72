//! New topics: names, counts, placement, settings.

use super::configs::{ConfigChange, Op, incremental_alter};
use super::directories::Directories;
use super::{
    ConfigSchema, Decision, Error, PARTITIONS_PER_REQUEST_MAX, RECORDS_PER_REQUEST_MAX, placement, topic_name,
};
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
    /// Every value must be there.
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
    let all = |why: &str| {
        let refused = |name: &&str| ((*name).to_owned(), Err(Error::PolicyViolation(why.to_owned())));
        Decision::reply(names.iter().map(refused).collect())
    };
    if partition_count(topics, defaults) > PARTITIONS_PER_REQUEST_MAX as i64 {
        return all("Excessively large number of partitions per request.");
    }
    let mut records = Vec::new();
    let mut results = Vec::with_capacity(topics.len());
    let mut directories = Directories::of(image);
    for topic in topics.iter().filter(|t| !duplicates.contains(t.name.as_str())) {
        let result = create_topic(image, topic, defaults, schema, &mut directories, seed).map(
            |(topic_records, created)| {
                records.extend(topic_records);
                created
            },
        );
        results.push((topic.name.clone(), result));
    }
    if records.len() > RECORDS_PER_REQUEST_MAX {
        return all("Unable to perform excessively large batch operation.");
    }
    for name in duplicates {
        results.push((name.to_owned(), Err(Error::InvalidRequest("Duplicate topic name.".into()))));
    }
    if validate_only {
        records.clear();
    }
    Decision { records, reply: results }
}

fn partition_count(topics: &[CreatableTopic], defaults: TopicDefaults) -> i64 {
    let count = |topic: &CreatableTopic| match topic.num_partitions {
        _ if !topic.assignments.is_empty() => topic.assignments.len() as i64,
        -1 => i64::from(defaults.num_partitions),
        count => i64::from(count.max(0)),
    };
    topics.iter().map(count).sum()
}

fn create_topic(
    image: &Image,
    topic: &CreatableTopic,
    defaults: TopicDefaults,
    schema: &dyn ConfigSchema,
    directories: &mut Directories<'_>,
    seed: &mut Seed,
) -> Result<(Vec<Record>, CreatedTopic), Error> {
    if topic.name == "__cluster_metadata" {
        let text = "Creation of internal topic __cluster_metadata is prohibited.";
        return Err(Error::InvalidRequest(text.into()));
    }
    topic_name::validate(&topic.name)?;
    if image.topic_by_name(&topic.name).is_some() {
        return Err(Error::TopicAlreadyExists(format!("Topic '{}' already exists.", topic.name)));
    }
    if let Some(other) = topic_name::colliding(image, &topic.name) {
        let text = format!("Topic '{}' collides with existing topic: {other}", topic.name);
        return Err(Error::InvalidTopic(text));
    }
    let config_records = config_records(image, topic, schema)?;
    let placed = if topic.assignments.is_empty() {
        place(image, topic, defaults, seed)?
    } else {
        manual(image, topic)?
    };
    let partitions: Vec<PartitionRecord> = (0..)
        .zip(placed)
        .map(|(index, replicas)| new_partition(image, directories, index, replicas))
        .collect();
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

/// A name that comes twice has its last value, as in Kafka.
fn config_records(
    image: &Image,
    topic: &CreatableTopic,
    schema: &dyn ConfigSchema,
) -> Result<Vec<Record>, Error> {
    let configs: BTreeMap<&str, Option<&str>> =
        topic.configs.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    let without_value: Vec<&str> =
        configs.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    if !without_value.is_empty() {
        let text = format!("Null value not supported for topic configs: {}", without_value.join(","));
        return Err(Error::InvalidConfig(text));
    }
    let set = |(name, value): (&str, Option<&str>)| ConfigChange {
        name: name.to_owned(),
        op: Op::Set,
        value: value.map(str::to_owned),
    };
    let changes: Vec<ConfigChange> = configs.into_iter().map(set).collect();
    incremental_alter(image, &ConfigResource::topic(&topic.name), &changes, schema)
}

fn place(
    image: &Image,
    topic: &CreatableTopic,
    defaults: TopicDefaults,
    seed: &mut Seed,
) -> Result<Vec<Vec<i32>>, Error> {
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
    let count = usize::try_from(count).unwrap_or_default();
    placement::place(image, count, factor, seed).map_err(|why| {
        Error::InvalidReplicationFactor(format!("Unable to replicate the partition {factor} time(s): {why}"))
    })
}

/// A client's own assignment.
fn manual(image: &Image, topic: &CreatableTopic) -> Result<Vec<Vec<i32>>, Error> {
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
        partitions.insert(*index, brokers.clone());
    }
    if !partitions.keys().copied().eq((0..).take(partitions.len())) {
        let text = "partitions should be a consecutive 0-based integer sequence";
        return Err(Error::InvalidReplicaAssignment(text.into()));
    }
    Ok(partitions.into_values().collect())
}

/// The first epoch of a partition on `replicas`: led by the first active one, all active ones in sync.
pub(super) fn new_partition(
    image: &Image,
    directories: &mut Directories<'_>,
    partition_id: i32,
    replicas: Vec<i32>,
) -> PartitionRecord {
    let active = |id: &i32| image.broker(*id).is_some_and(|b| b.is_active());
    let isr: Vec<i32> = replicas.iter().copied().filter(active).collect();
    PartitionRecord {
        topic_id: Uuid::ZERO,
        partition_id,
        directories: replicas.iter().map(|id| directories.next(*id)).collect(),
        leader: isr.first().copied().unwrap_or(crate::record::NO_LEADER),
        isr,
        replicas,
        removing_replicas: Vec::new(),
        adding_replicas: Vec::new(),
        leader_epoch: 0,
        partition_epoch: 0,
    }
}
