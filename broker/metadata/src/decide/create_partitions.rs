//! More partitions for topics that exist.

use super::create_topics::new_partition;
use super::directories::Directories;
use super::{Decision, Error, PARTITIONS_PER_REQUEST_MAX, placement};
use crate::id::Seed;
use crate::image::Image;
use crate::record::{PartitionRecord, Record};
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MorePartitions {
    pub name: String,
    /// The new total.
    pub count: i32,
    /// The brokers of each new partition; `None` leaves it to the controller.
    pub assignments: Option<Vec<Vec<i32>>>,
}

/// One result per name; a name that came twice is refused once, at its head.
pub fn create_partitions(
    image: &Image,
    topics: &[MorePartitions],
    seed: &mut Seed,
    validate_only: bool,
) -> Decision<Vec<(String, Result<(), Error>)>> {
    let mut names = BTreeSet::new();
    let duplicates: BTreeSet<&str> =
        topics.iter().map(|t| t.name.as_str()).filter(|name| !names.insert(*name)).collect();
    let mut reply: Vec<(String, Result<(), Error>)> = duplicates
        .iter()
        .map(|name| ((*name).to_owned(), Err(Error::InvalidRequest("Duplicate topic name.".into()))))
        .collect();
    let mut records = Vec::new();
    let mut partitions_left = PARTITIONS_PER_REQUEST_MAX;
    let mut directories = Directories::of(image);
    for topic in topics.iter().filter(|t| !duplicates.contains(t.name.as_str())) {
        let result =
            grow(image, topic, &mut directories, seed, &mut partitions_left).map(|new| records.extend(new));
        reply.push((topic.name.clone(), result));
    }
    if validate_only {
        records.clear();
    }
    Decision { records, reply }
}

fn grow(
    image: &Image,
    topic: &MorePartitions,
    directories: &mut Directories<'_>,
    seed: &mut Seed,
    partitions_left: &mut usize,
) -> Result<Vec<Record>, Error> {
    let current =
        image.topic_by_name(&topic.name).ok_or_else(|| Error::UnknownTopicOrPartition(String::new()))?;
    let have = i32::try_from(current.partitions().len()).unwrap_or(i32::MAX);
    if topic.count == have {
        return Err(Error::InvalidPartitions(format!("Topic already has {have} partition(s).")));
    }
    if topic.count < have {
        return Err(Error::InvalidPartitions(format!(
            "The topic {} currently has {have} partition(s); {} would not be an increase.",
            topic.name, topic.count
        )));
    }
    let additional = usize::try_from(topic.count - have).unwrap_or(usize::MAX);
    if let Some(assignments) = &topic.assignments
        && assignments.len() != additional
    {
        return Err(Error::InvalidReplicaAssignment(format!(
            "Attempted to add {additional} additional partition(s), but only {} assignment(s) were specified.",
            assignments.len()
        )));
    }
    *partitions_left = partitions_left.checked_sub(additional).ok_or_else(|| {
        Error::PolicyViolation("Excessively large number of partitions per request.".into())
    })?;
    let factor = current.partitions().first().map_or(1, |p| p.replicas.len());
    let placed = match &topic.assignments {
        Some(assignments) => {
            for brokers in assignments {
                placement::validate_manual(image, brokers, Some(factor))?;
                if !brokers.iter().any(|id| image.broker(*id).is_some_and(|b| b.is_active())) {
                    return Err(Error::InvalidReplicaAssignment(
                        "All brokers specified in the manual partition assignment are fenced or in controlled \
                         shutdown."
                            .into(),
                    ));
                }
            }
            assignments.clone()
        }
        None => {
            let factor = i16::try_from(factor).unwrap_or(i16::MAX);
            placement::place(image, additional, factor, seed).map_err(|why| {
                Error::InvalidReplicationFactor(format!(
                    "Unable to replicate the partition {factor} time(s): {why}"
                ))
            })?
        }
    };
    Ok((have..)
        .zip(placed)
        .map(|(index, replicas)| {
            let partition = new_partition(image, directories, index, replicas);
            Record::Partition(PartitionRecord { topic_id: current.id, ..partition })
        })
        .collect())
}
