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

use super::place::{DataDirectory, Partition, read_small};
use crate::cli::Failure;
use crate::log_dirs::LOCK_FILE;
use copy::Copied;
use ottla_log::checkpoint::offsets::{self, CLEANER, LOG_START, Offsets, RECOVERY_POINT, REPLICATION};
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

/// The lines of `topic`'s partitions in the checkpoints of `dir`, in the place of those that were there. All was checked and is
/// durable, so that a broker need not scan it again. That offsets have gaps goes over with the line of the cleaner: a broker takes
/// them for damage where neither it nor the topic's policy says so.
fn store_checkpoints(dir: &Path, topic: &str, copied: &BTreeMap<i32, Copied>) -> Result<(), Failure> {
    let of = |value: fn(&Copied) -> Option<i64>| -> BTreeMap<(String, i32), Option<i64>> {
        copied.iter().map(|(index, copied)| ((topic.to_owned(), *index), value(copied))).collect()
    };
    let end = of(|copied| Some(copied.log_end));
    change_offsets(dir, RECOVERY_POINT, &end)?;
    change_offsets(dir, REPLICATION, &end)?;
    change_offsets(dir, CLEANER, &of(|copied| copied.cleaned_to))?;
    let start = of(|copied| Some(copied.log_start).filter(|start| *start > copied.first_base));
    change_offsets(dir, LOG_START, &start)
}

/// Replaces lines of the offset checkpoint `name` of `dir`, durably; `None` takes a line away.
fn change_offsets(
    dir: &Path,
    name: &str,
    changes: &BTreeMap<(String, i32), Option<i64>>,
) -> Result<(), Failure> {
    let path = dir.join(name);
    let cannot = |error: io::Error| Failure::failed(format!("cannot write {}: {error}", path.display()));
    let mut all = match read_small(&path) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of what was there before go, those of other topics stay, and a compacted log is known as one.
    #[test]
    fn checkpoints_say_what_was_copied() {
        let dir = tempfile::tempdir().unwrap();
        let names = [RECOVERY_POINT, REPLICATION, CLEANER, LOG_START];
        for name in names {
            fs::write(dir.path().join(name), "0\n3\nother 0 7\nt 0 900\nt 1 900\n").unwrap();
        }
        let compacted =
            Copied { first_base: 5, log_start: 6, log_end: 20, cleaned_to: Some(15), ..Copied::default() };
        let plain = Copied { log_end: 3, ..Copied::default() };
        store_checkpoints(dir.path(), "t", &BTreeMap::from([(0, compacted), (1, plain)])).unwrap();
        let lines = names.map(|name| {
            let all = offsets::parse(&fs::read(dir.path().join(name)).unwrap()).unwrap();
            assert_eq!(all.get(&("other".to_owned(), 0)), Some(&7));
            [0, 1].map(|index| all.get(&("t".to_owned(), index)).copied())
        });
        let end = [Some(20), Some(3)];
        assert_eq!(lines, [end, end, [Some(15), None], [Some(6), None]]);
    }
}
