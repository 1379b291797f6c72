//! The files of a data directory that stand beside its partitions: checkpoints, the clean-shutdown mark.
//!
//! One owner per process writes them; each is replaced atomically and durably.

use crate::Error;
use crate::checkpoint::directory::{CLEAN_SHUTDOWN, format_clean_shutdown, parse_clean_shutdown};
use crate::checkpoint::offsets::{self, Offsets};
use crate::checkpoint::partition::parse_directory_name;
use crate::survey::read_small;
use ottla_io::file::{read_dir, remove_dir_all, remove_file, rename, replace, sync_dir};
use std::path::{Path, PathBuf};

/// Reads the checkpoint `name` (see [`offsets`]). A missing one is empty; so is a damaged one, with a warning: then
/// every log is scanned from its start.
pub async fn load_offsets(data: &Path, name: &str) -> Result<Offsets, Error> {
    let path = data.join(name);
    let Some(bytes) = read_small(&path).await? else { return Ok(Offsets::new()) };
    match offsets::parse(&bytes) {
        Ok(offsets) => Ok(offsets),
        Err(fault) => {
            tracing::warn!(path = %path.display(), %fault, "a damaged checkpoint is left out of account");
            Ok(Offsets::new())
        }
    }
}

/// Replaces the checkpoint `name`.
pub async fn store_offsets(data: &Path, name: &str, offsets: &Offsets) -> Result<(), Error> {
    let path = data.join(name);
    replace(&path, offsets::format(offsets).as_bytes())
        .await
        .map_err(|error| Error::io("write", &path, &error))
}

/// Takes the clean-shutdown mark away, durably, before anything is appended. `Some(broker_epoch)` when it was there:
/// then the logs may be opened as cleanly shut down.
pub async fn take_clean_shutdown(data: &Path) -> Result<Option<i64>, Error> {
    let path = data.join(CLEAN_SHUTDOWN);
    let mark = read_small(&path).await?;
    if mark.is_some() {
        remove_file(&path).await.map_err(|error| Error::io("remove", &path, &error))?;
    }
    // Checkpoints that a killed process renamed and did not flush are in force from here on: a loss of power must not
    // bring the older ones back.
    sync_dir(data).await.map_err(|error| Error::io("flush", data, &error))?;
    Ok(mark.map(|bytes| parse_clean_shutdown(&bytes)))
}

/// Says that every log was closed and the checkpoints were stored. The last thing that a process writes.
pub async fn leave_clean_shutdown(data: &Path, broker_epoch: i64) -> Result<(), Error> {
    let path = data.join(CLEAN_SHUTDOWN);
    replace(&path, format_clean_shutdown(broker_epoch).as_bytes())
        .await
        .map_err(|error| Error::io("write", &path, &error))
}

/// A partition's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionDir {
    pub topic: String,
    pub index: i32,
    pub path: PathBuf,
}

/// The partitions that have a directory here, sorted by name. Directories of deleted logs are removed on the way; one that
/// cannot be is left for the next time.
pub async fn partitions(data: &Path) -> Result<Vec<PartitionDir>, Error> {
    let mut found = Vec::new();
    for entry in read_dir(data).await.map_err(|error| Error::io("list", data, &error))? {
        let Some(name) = entry.file_name.to_str() else { continue };
        if !entry.is_dir {
            continue;
        }
        if name.ends_with("-delete") {
            if let Err(error) = remove_dir_all(&entry.path).await {
                tracing::warn!(path = %entry.path.display(), "a deleted log cannot be removed: {error}");
            }
        } else if let Some((topic, index)) = parse_directory_name(name) {
            found.push(PartitionDir { topic: topic.to_owned(), index, path: entry.path });
        }
    }
    Ok(found)
}

/// Deletes the directory `dir` of a partition whose log nobody has open: renamed to `TOPIC-PARTITION.UNIQUE-delete`, so that a crash
/// leaves nothing by its name, and removed.
pub async fn delete_partition(dir: &Path) -> Result<(), Error> {
    let Some((parent, name)) = dir.parent().zip(dir.file_name().and_then(|name| name.to_str())) else {
        return Err(Error::Closed { dir: dir.to_owned() });
    };
    let (topic, partition) = name.rsplit_once('-').unwrap_or((name, "0"));
    let unique = (ottla_io::task::random_u64(), ottla_io::task::random_u64());
    let suffix = format!("-{partition}.{:016x}{:016x}-delete", unique.0, unique.1);
    // File systems bound a name to 255 bytes; the topic's name gives way, as in Kafka.
    let topic: String = topic.chars().take(255_usize.saturating_sub(suffix.len())).collect();
    let renamed = parent.join(format!("{topic}{suffix}"));
    rename(dir, &renamed).await.map_err(|error| Error::io("rename", dir, &error))?;
    sync_dir(parent).await.map_err(|error| Error::io("flush", parent, &error))?;
    remove_dir_all(&renamed).await.map_err(|error| Error::io("remove", &renamed, &error))
}
