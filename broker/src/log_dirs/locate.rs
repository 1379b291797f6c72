//! Which data directory holds each partition, by what the image says and what lies there: a directory that was moved by hand is
//! followed, an old one under the name of a newer topic moved aside, and two that both are the partition stop the start.

use super::{LogDir, OfflineDir};
use crate::strays;
use ottla_log::data_directory::PartitionDir;
use ottla_metadata::decide::directories::Located;
use ottla_metadata::{Image, Topic, Uuid};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A partition's directory and the data directory around it.
#[derive(Clone, Copy)]
struct Place<'a> {
    dir: &'a LogDir,
    path: &'a Path,
}

/// Compares `found` with `image`. Returns the replicas of `node_id` whose directory the controller does not know yet.
/// # Errors
/// Two directories that both are one partition: which one has what was acknowledged cannot be told.
pub(crate) async fn locate(
    image: &Image,
    node_id: i32,
    dirs: &[LogDir],
    found: &BTreeMap<PathBuf, Vec<PartitionDir>>,
) -> Result<Vec<Located>, String> {
    let mut places: BTreeMap<(&str, i32), Vec<Place<'_>>> = BTreeMap::new();
    for dir in dirs {
        for partition in found.get(&dir.path).into_iter().flatten() {
            let place = Place { dir, path: &partition.path };
            places.entry((&partition.topic, partition.index)).or_default().push(place);
        }
    }
    let mut located = Vec::new();
    for topic in image.topics() {
        for (index, partition) in (0..).zip(topic.partitions()) {
            let Some(assigned) = partition.directory_of(node_id) else { continue };
            let here = places.get(&(&*topic.name, index)).map_or(&[][..], Vec::as_slice);
            let dir = match here {
                // The decision chooses one.
                [] if assigned == Uuid::ZERO => Some(Uuid::ZERO),
                [] => None,
                [only] if only.dir.id == assigned => None,
                several => choose(topic, index, assigned, several).await?,
            };
            located.extend(dir.map(|dir| Located { topic_id: topic.id, index, dir }));
        }
    }
    Ok(located)
}

/// Where the partition is, if that is not where it is assigned to. Reads whose each directory is.
async fn choose(
    topic: &Topic,
    index: i32,
    assigned: Uuid,
    places: &[Place<'_>],
) -> Result<Option<Uuid>, String> {
    let (mut ours, mut unnamed) = (Vec::new(), Vec::new());
    for place in places {
        match strays::topic_id(place.path).await {
            Some(id) if id == topic.id => ours.push(place),
            // It may be the damaged rest of this one: then its log stays offline.
            _ if place.dir.id == assigned => {}
            Some(_) => {
                if let Err(error) = strays::set_aside(place.path).await {
                    tracing::error!(path = %place.path.display(), "cannot move aside what is of an earlier topic: {error}");
                }
            }
            None => unnamed.push(place),
        }
    }
    match (ours.as_slice(), unnamed.as_slice()) {
        ([one], _) | ([], [one]) => Ok(Some(one.dir.id).filter(|id| *id != assigned)),
        ([], _) => Ok(None),
        ([one, other, ..], _) => Err(format!(
            "Duplicate log directories for {}-{index} are found in both {} and {}. Which of them has everything cannot be \
             told: delete one, or move it out of log.dirs. If a data directory has failed lately, that is the one",
            topic.name,
            one.path.display(),
            other.path.display(),
        )),
    }
}

/// Says once for each directory what is offline because it is not there.
pub(crate) fn tell_unreachable(image: &Image, node_id: i32, dirs: &[LogDir], offline: &[OfflineDir]) {
    let mut counts: BTreeMap<Uuid, usize> = BTreeMap::new();
    for partition in image.topics().flat_map(|topic| topic.partitions()) {
        let dir = partition.directory_of(node_id).filter(|id| dirs.iter().all(|dir| dir.id != *id));
        if let Some(dir) = dir {
            *counts.entry(dir).or_default() += 1;
        }
    }
    let unusable: Vec<String> = offline.iter().map(|dir| dir.path.display().to_string()).collect();
    for (dir, partitions) in counts {
        if unusable.is_empty() {
            tracing::error!(
                partitions,
                "partitions are offline: they lie in the data directory with directory.id={dir}, which log.dirs does not name"
            );
        } else {
            tracing::error!(
                partitions,
                "partitions are offline: they lie in the data directory with directory.id={dir}, which is not in use; these \
                 cannot be used: {}",
                unusable.join(", ")
            );
        }
    }
}
