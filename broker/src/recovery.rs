//! The data directories: taken at start, with what the last process left in them, and left in order at the end.
//!
//! Core 0 alone reads and writes the files beside the partitions: locks, `meta.properties`, the three checkpoints, and
//! the mark of a clean shutdown.

use crate::core::{Core, LogDir};
use crate::log_starts;
use futures_util::future::join_all;
use ottla_io::file;
use ottla_log::checkpoint::offsets::{LOG_START, Offsets, RECOVERY_POINT, REPLICATION};
use ottla_log::{Offset, data_directory};
use ottla_replica::Assignment;
use ottla_shard::{Hosted, Partition};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Kafka's name for the lock of a data directory.
const LOCK_FILE: &str = ".lock";

/// Data directories that are this process's alone while the value lives.
pub(crate) struct Locks(#[allow(dead_code)] Vec<file::Lock>);

/// Makes and locks each directory.
/// # Errors
/// One message that says what to do.
pub(crate) async fn lock(dirs: &[PathBuf]) -> Result<Locks, String> {
    let mut locks = Vec::new();
    for dir in dirs {
        let shown = dir.display();
        make(dir).await.map_err(|error| {
            format!("cannot make the data directory {shown}: {error}. Make it, or point log.dirs (--data) elsewhere")
        })?;
        match file::lock(dir.join(LOCK_FILE)).await {
            Ok(lock) => locks.push(lock),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(format!(
                    "the data directory {shown} is in use by another broker. Stop that one, or point log.dirs (--data) \
                     elsewhere"
                ));
            }
            Err(error) => {
                return Err(format!(
                    "cannot write in the data directory {shown}: {error}. Make it writable and give it space, or point \
                     log.dirs (--data) elsewhere"
                ));
            }
        }
    }
    Ok(Locks(locks))
}

/// Makes a directory with its parents, all of it durable: what is later flushed in it must be found after a loss of power.
async fn make(dir: &Path) -> io::Result<()> {
    let was_there = file::metadata(dir).await.is_ok();
    file::create_dir_all(dir).await?;
    for parent in dir.ancestors().skip(1) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        match file::sync_dir(parent).await {
            // A kill may have come between the making and this, but the parents of an old directory may be unreadable.
            Err(error) if !was_there => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// What the last process left, by directory.
#[derive(Debug, Default)]
pub(crate) struct Recovered(BTreeMap<PathBuf, Left>);

#[derive(Debug, Default)]
struct Left {
    clean: bool,
    recovery_points: Offsets,
    log_starts: Offsets,
    high_watermarks: Offsets,
}

/// The same of one partition.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecoveredPartition {
    pub(crate) clean_shutdown: bool,
    pub(crate) recovery_point: Option<Offset>,
    pub(crate) log_start_offset: Option<Offset>,
    pub(crate) high_watermark: Option<Offset>,
}

impl Recovered {
    /// Reads what is there and takes the marks of a clean shutdown away.
    /// # Errors
    /// A file that cannot be read or removed.
    pub(crate) async fn read(dirs: &[LogDir]) -> Result<Recovered, ottla_log::Error> {
        let mut all = BTreeMap::new();
        for dir in dirs {
            let left = Left {
                clean: data_directory::take_clean_shutdown(&dir.path).await?.is_some(),
                recovery_points: data_directory::load_offsets(&dir.path, RECOVERY_POINT).await?,
                log_starts: data_directory::load_offsets(&dir.path, LOG_START).await?,
                high_watermarks: data_directory::load_offsets(&dir.path, REPLICATION).await?,
            };
            all.insert(dir.path.clone(), left);
        }
        Ok(Recovered(all))
    }

    pub(crate) fn of(&self, dir: &Path, topic: &str, partition: i32) -> RecoveredPartition {
        let Some(left) = self.0.get(dir) else { return RecoveredPartition::default() };
        let key = (topic.to_owned(), partition);
        RecoveredPartition {
            clean_shutdown: left.clean,
            recovery_point: left.recovery_points.get(&key).copied(),
            log_start_offset: left.log_starts.get(&key).copied(),
            high_watermark: left.high_watermarks.get(&key).copied(),
        }
    }

    /// Keeps what `keep` says of the directory's partitions. Returns the checkpoints that have changed by that.
    pub(crate) fn retain(
        &mut self,
        dir: &Path,
        keep: impl Fn(&(String, i32)) -> bool,
    ) -> Vec<(&'static str, Offsets)> {
        let Some(left) = self.0.get_mut(dir) else { return Vec::new() };
        let files = [
            (RECOVERY_POINT, &mut left.recovery_points),
            (LOG_START, &mut left.log_starts),
            (REPLICATION, &mut left.high_watermarks),
        ];
        let mut changed = Vec::new();
        for (name, offsets) in files {
            let before = offsets.len();
            offsets.retain(|key, _| keep(key));
            if offsets.len() < before {
                changed.push((name, offsets.clone()));
            }
        }
        changed
    }

    /// The log starts, by directory.
    pub(crate) fn log_starts(&self) -> BTreeMap<PathBuf, Offsets> {
        self.0.iter().map(|(dir, left)| (dir.clone(), left.log_starts.clone())).collect()
    }

    pub(crate) fn was_clean(&self) -> bool {
        self.0.values().all(|left| left.clean)
    }
}

/// What the replica crate wants to know of the image's partition.
pub(crate) fn assignment(partition: &ottla_metadata::Partition) -> Assignment {
    Assignment {
        leader_epoch: partition.leader_epoch,
        partition_epoch: partition.partition_epoch,
        replicas: partition.replicas.clone(),
        in_sync_replicas: partition.isr.clone(),
    }
}

/// Where one partition stands, for the checkpoints.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    dir: PathBuf,
    topic: String,
    partition: i32,
    /// `None`: it could not be flushed, so that the next start has to scan it.
    recovery_point: Option<Offset>,
    high_watermark: Offset,
}

/// How the checkpoints are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checkpoint {
    /// Flushes what has changed; the logs go on.
    Running,
    /// Closes every log.
    Closing,
}

/// Asks every core where its partitions stand and replaces the checkpoint files. True when every log was flushed.
pub(crate) async fn checkpoint(core: &Rc<Core>, how: Checkpoint) -> bool {
    let _writing = core.checkpoint_files.acquire(1).await;
    let calls = core.mesh.shards().map(|shard| core.call(shard, move |core| standings(core, how)));
    let mut all = Vec::new();
    let mut complete = true;
    for standings in join_all(calls).await {
        match standings {
            Ok(standings) => all.extend(standings),
            Err(_) => complete = false,
        }
    }
    complete &= all.iter().all(|standing| standing.recovery_point.is_some());
    if !complete && all.is_empty() {
        return false;
    }
    for dir in &core.identity().log_dirs {
        let of = |value: fn(&Standing) -> Option<Offset>| -> Offsets {
            let here = all.iter().filter(|standing| standing.dir == dir.path);
            here.filter_map(|s| Some(((s.topic.clone(), s.partition), value(s)?))).collect()
        };
        let files = [
            (RECOVERY_POINT, of(|standing| standing.recovery_point)),
            (REPLICATION, of(|standing| Some(standing.high_watermark))),
        ];
        for (name, offsets) in files {
            if let Err(error) = data_directory::store_offsets(&dir.path, name, &offsets).await {
                tracing::error!("cannot store {name}: {error}. The next start scans more");
                complete = false;
            }
        }
    }
    // These have a writer of their own, which no other may overtake.
    complete &= log_starts::store(core).await.is_ok();
    complete
}

fn online(core: &Core) -> Vec<Rc<Partition>> {
    let all = core.partitions.all().into_iter();
    all.filter_map(|(_, hosted)| match hosted {
        Hosted::Online(partition) => Some(partition),
        _ => None,
    })
    .collect()
}

async fn standings(core: Rc<Core>, how: Checkpoint) -> Vec<Standing> {
    let mut standings = Vec::new();
    let flushing = online(&core).into_iter().map(|partition| async move {
        let flushed = match how {
            Checkpoint::Running => partition.checkpoint().await,
            Checkpoint::Closing => partition.close().await,
        };
        let recovery_point =
            flushed.map_err(|error| tracing::warn!("a log could not be flushed: {error}")).ok();
        (partition, recovery_point)
    });
    for (partition, recovery_point) in join_all(flushing).await {
        let dir = partition.log().dir();
        standings.push(Standing {
            dir: dir.parent().unwrap_or(dir).to_path_buf(),
            topic: partition.topic().to_string(),
            partition: partition.index(),
            recovery_point,
            high_watermark: partition.high_watermark(),
        });
    }
    standings
}

/// The last thing that a process writes.
pub(crate) async fn leave_clean(core: &Core) {
    let identity = core.identity();
    for dir in &identity.log_dirs {
        if let Err(error) = data_directory::leave_clean_shutdown(&dir.path, identity.broker_epoch).await {
            tracing::warn!("no mark of a clean shutdown is left: {error}. The next start scans the logs");
        }
    }
}
