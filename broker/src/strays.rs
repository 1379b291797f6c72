//! What deleted topics could leave behind: directories that a kill came before, and lines of the checkpoints. A topic that is made
//! again under the same name must find neither.
//!
//! Core 0's work, except for [`set_aside`] and [`leave_behind`].

use crate::core::Core;
use crate::recovery::Recovered;
use ottla_io::file;
use ottla_log::checkpoint::offsets::{RECOVERY_POINT, REPLICATION};
use ottla_log::checkpoint::partition::{self, PARTITION_METADATA};
use ottla_log::data_directory::{self, PartitionDir};
use ottla_metadata::{Image, Topic, Uuid};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// `partition.metadata` is two short lines.
const PARTITION_METADATA_BYTES_MAX: usize = 4096;

/// At the start, before any partition is opened: moves directories aside that belong to no partition of `image`, and takes the
/// lines of all such partitions out of the checkpoints and of `recovered`.
pub(crate) async fn settle(
    core: &Rc<Core>,
    image: &Image,
    found: &BTreeMap<PathBuf, Vec<PartitionDir>>,
    recovered: &mut Recovered,
) {
    for (dir, partitions) in found {
        let mut strays = BTreeSet::new();
        for PartitionDir { topic, index, path } in partitions {
            // One that is there by name and says another id is damaged, for all that is known: its log stays offline.
            let known = image.topic_by_name(topic).is_some_and(|found| has(found, *index));
            if known || topic_id(path).await.is_none() {
                continue;
            }
            strays.insert((topic.clone(), *index));
            if let Err(error) = set_aside(path).await {
                tracing::error!(path = %path.display(), "cannot move aside what belongs to no topic: {error}");
            }
        }
        // A line under the name of a partition that lies in another directory is of an earlier topic, or of before a move.
        let id = core.identity().log_dirs.iter().find(|online| online.path == *dir).map(|online| online.id);
        let changed = recovered.retain(dir, |(topic, index)| {
            let partition = image.topic_by_name(topic).and_then(|found| found.partition(*index));
            let lies_in = partition.and_then(|partition| partition.directory_of(core.node_id()));
            lies_in.is_some() && lies_in == id && !strays.contains(&(topic.clone(), *index))
        });
        for (name, offsets) in changed {
            if let Err(error) = data_directory::store_offsets(dir, name, &offsets).await {
                tracing::error!("cannot take deleted topics out of {name}: {error}");
                core.failed_in(dir, &error);
            }
        }
    }
}

/// Takes the lines of deleted topics out of the checkpoints. The caller keeps all others from writing these until the topics'
/// partitions are gone.
pub(crate) async fn forget(core: &Rc<Core>, deleted: &BTreeMap<Uuid, Arc<Topic>>) {
    let names = deleted.values().map(|topic| &*topic.name).collect::<BTreeSet<&str>>();
    for dir in core.online_dirs() {
        for name in [RECOVERY_POINT, REPLICATION] {
            let forgotten = async {
                let mut offsets = data_directory::load_offsets(&dir.path, name).await?;
                let before = offsets.len();
                offsets.retain(|(topic, _), _| !names.contains(topic.as_str()));
                if offsets.len() < before {
                    data_directory::store_offsets(&dir.path, name, &offsets).await?;
                }
                Ok::<_, ottla_log::Error>(())
            };
            if let Err(error) = forgotten.await {
                tracing::error!("cannot take deleted topics out of {name}: {error}");
                core.failed_in(&dir.path, &error);
            }
        }
    }
}

/// A partition that could not be opened is not deleted with its topic: nobody knows what else is wrong there. It makes room. What says that
/// it is another topic's stays.
pub(crate) async fn leave_behind(core: &Core, topic: &Topic, index: i32) {
    let own = topic.partition(index).and_then(|state| state.directory_of(core.node_id()));
    for dir in core.online_dirs() {
        let path = dir.path.join(format!("{}-{index}", topic.name));
        let is_it = match topic_id(&path).await {
            Some(id) => id == topic.id,
            None => Some(dir.id) == own,
        };
        if !is_it {
            continue;
        }
        match set_aside(&path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!(path = %path.display(), "cannot move a deleted partition aside: {error}");
            }
            _ => {}
        }
    }
}

/// Renames a partition's directory as Kafka does with one that belongs to no topic, which is never opened again nor deleted: a
/// wrong `--data` or a lost metadata log must not cost anyone their records.
/// # Errors
/// The rename's.
pub(crate) async fn set_aside(path: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    // Kafka's form, shortened in the middle of the name where a file name of 255 bytes asks for it.
    let suffix = format!(".{}-stray", uuid::Uuid::new_v4().simple());
    let kept = name.get(..name.len().min(255 - suffix.len())).unwrap_or(name);
    let aside = parent.join(format!("{kept}{suffix}"));
    file::rename(path, &aside).await?;
    file::sync_dir(parent).await?;
    tracing::warn!(aside = %aside.display(), "{name} belongs to no topic: it is moved aside, and may be deleted");
    Ok(())
}

/// The topic that a directory says it belongs to; one that doesn't is no business of ours.
pub(crate) async fn topic_id(path: &Path) -> Option<Uuid> {
    let read = file::read(path.join(PARTITION_METADATA), PARTITION_METADATA_BYTES_MAX).await.ok()?;
    partition::parse(&read).ok().map(|id| Uuid(id.into_bytes()))
}

fn has(topic: &Topic, index: i32) -> bool {
    topic.partition(index).is_some()
}

#[cfg(test)]
mod tests {
    use crate::testing::TestBroker;
    use ottla_log::checkpoint::offsets::{LOG_START, RECOVERY_POINT, REPLICATION};
    use std::fs;

    /// A line under a partition's name in another directory than its own says nothing of it: it is of an earlier topic of the name, and
    /// would be believed once the partition came to lie there.
    #[test]
    fn lines_of_partitions_that_lie_elsewhere_are_taken_away() {
        let dirs = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dirs.path().join(name);
        let all = format!("{},{}", path("one").display(), path("two").display());
        let broker = TestBroker::start(&[("log.dirs", &all)]);
        broker.create_topic("t", 1);
        assert!(path("one").join("t-0").exists());
        drop(broker);
        let names = [LOG_START, RECOVERY_POINT, REPLICATION];
        for name in names {
            fs::write(path("two").join(name), "0\n1\nt 0 1000\n").expect("a checkpoint");
        }
        let own = fs::read_to_string(path("one").join(RECOVERY_POINT)).expect("a checkpoint");
        assert_eq!(own, "0\n1\nt 0 0\n");
        drop(TestBroker::start(&[("log.dirs", &all)]));
        for name in names {
            assert_eq!(fs::read_to_string(path("two").join(name)).expect("a checkpoint"), "0\n0\n", "{name}");
        }
        assert_eq!(fs::read_to_string(path("one").join(RECOVERY_POINT)).expect("a checkpoint"), own);
    }
}
