//! Import and export: a topic's partitions, copied between Kafka's log.dirs and Ottla's while no broker runs on either.
//!
//! ```text
//! locks ─▶ what is there ─▶ for each partition: read, check every record, write beside, sync, swap in ─▶ checkpoints, metadata
//! ```
//! A crash in between leaves each partition as it was or as it was to be. A copy that was not finished has the name of a deleted
//! partition, which Kafka and Ottla both remove at their next start.

mod copy;
pub mod export;
pub mod import;
mod kafka_metadata;
mod metadata_log;
mod swap;

use super::place::{DataDirectory, Partition};
use crate::cli::Failure;
use crate::log_dirs::LOCK_FILE;
use ottla_log::checkpoint::offsets::{self, Offsets};
use ottla_log::checkpoint::partition::parse_directory_name;
use rustix::fs::{FlockOperation, fcntl_lock, flock};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Data directories that no broker may take while the value lives.
struct Locks(#[expect(dead_code, reason = "closing the files is what unlocks them")] Vec<File>);

impl Locks {
    /// Locks each of `dirs` as Ottla does, by flock, and as Kafka does, by fcntl. A directory without a lock file is a copy, or new:
    /// `makes` says whether it gets one.
    /// # Errors
    /// A broker runs on one of them; it cannot be locked.
    fn take(dirs: &[PathBuf], makes: bool) -> Result<Locks, Failure> {
        let mut held = Vec::new();
        for dir in dirs {
            let path = dir.join(LOCK_FILE);
            let file =
                match OpenOptions::new().read(true).write(true).create(makes).truncate(false).open(&path) {
                    Ok(file) => file,
                    Err(error) if error.kind() == io::ErrorKind::NotFound && !makes => continue,
                    // Nobody can be writing there.
                    Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem && !makes => continue,
                    Err(error) => {
                        return Err(Failure::usage(format!("cannot lock {}: {error}", path.display())));
                    }
                };
            let exclusive = FlockOperation::NonBlockingLockExclusive;
            flock(&file, exclusive).and_then(|()| fcntl_lock(&file, exclusive)).map_err(|error| {
                let text = match error {
                    rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS => {
                        format!("a broker runs on {}: it holds {}", dir.display(), path.display())
                    }
                    error => format!("cannot lock {}: {error}", path.display()),
                };
                Failure::usage(text).with_advice("Stop that broker first, cleanly if it can be.")
            })?;
            held.push(file);
        }
        Ok(Locks(held))
    }
}

/// The partitions that lie in `dirs`, by topic and index.
type Topics = BTreeMap<String, BTreeMap<i32, Partition>>;

/// # Errors
/// A directory cannot be listed; two of them hold the same partition.
fn partitions_in(dirs: &[PathBuf]) -> Result<Topics, Failure> {
    let mut topics = Topics::new();
    for dir in dirs {
        let cannot = |error| Failure::usage(format!("cannot list {}: {error}", dir.display()));
        let around = DataDirectory::read(dir);
        for entry in fs::read_dir(dir).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            let name = entry.file_name();
            let Some((topic, index)) = name.to_str().and_then(parse_directory_name) else { continue };
            if !fs::metadata(entry.path()).is_ok_and(|found| found.is_dir()) {
                continue;
            }
            let partition = Partition::read(&entry.path(), &around).map_err(cannot)?;
            if let Some(other) = topics.entry(topic.to_owned()).or_default().insert(index, partition) {
                let text = format!(
                    "{topic}-{index} is in {} and in {}",
                    other.dir.display(),
                    entry.path().display()
                );
                let advice = "These are copies on two brokers, or one was left behind. Name only the directory whose copy is right.";
                return Err(Failure::usage(text).with_advice(advice));
            }
        }
    }
    Ok(topics)
}

/// Replaces lines of the offset checkpoint `name` of `dir`, durably; `None` takes a line away.
fn change_offsets(
    dir: &Path,
    name: &str,
    changes: &BTreeMap<(String, i32), Option<i64>>,
) -> Result<(), Failure> {
    let path = dir.join(name);
    let cannot = |error: io::Error| Failure::failed(format!("cannot write {}: {error}", path.display()));
    let mut all = match fs::read(&path) {
        Ok(bytes) => offsets::parse(&bytes)
            .map_err(|fault| Failure::failed(format!("{} is damaged: {fault}", path.display())))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Offsets::new(),
        Err(error) => return Err(cannot(error)),
    };
    for (partition, offset) in changes {
        match offset {
            Some(offset) => all.insert(partition.clone(), *offset),
            None => all.remove(partition),
        };
    }
    let beside = dir.join(format!("{name}.tmp"));
    let mut file = File::create(&beside).map_err(cannot)?;
    file.write_all(offsets::format(&all).as_bytes()).map_err(cannot)?;
    file.sync_all().map_err(cannot)?;
    fs::rename(&beside, &path).map_err(cannot)?;
    sync_dir(dir).map_err(cannot)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
