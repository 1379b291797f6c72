//! Small files that are read as a whole: snapshots, checkpoints, identity.

use crate::cli::Failure;
use crate::cli::log::place::{self, OFFSET_CHECKPOINTS};
use crate::cli::log::report::{At, Report};
use crate::controller::meta_properties;
use ottla_log::Offset;
use ottla_log::checkpoint::directory::CLEAN_SHUTDOWN;
use ottla_log::checkpoint::{CheckpointFault, epochs, offsets, partition};
use ottla_log::snapshot;
use std::io::ErrorKind;
use std::path::Path;
use uuid::Uuid;

const SCANNED: &str = "Ottla leaves it out of account and scans every log from its start";

/// The bytes of a small file; `None` when it cannot be read, which has been said, or went away.
fn read(report: &mut Report<'_>, path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match place::read_small(path) {
        Ok(bytes) => {
            report.totals.files += 1;
            report.totals.bytes += bytes.len() as u64;
            Ok(Some(bytes))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => report.unreadable(path, error).map(|()| None),
    }
}

/// Where a checkpoint is wrong.
pub(in super::super) fn at_of(fault: &CheckpointFault, bytes: &[u8]) -> At {
    let line = match fault {
        CheckpointFault::Line { line, .. } => *line,
        CheckpointFault::Count { .. } | CheckpointFault::Missing(_) => 2,
        CheckpointFault::Encoding | CheckpointFault::Version(_) => 1,
    };
    let before = bytes.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1));
    At::byte(before.map(|line| line.len() as u64).sum())
}

/// Every checkpoint of a data directory, and whose it is.
pub(super) fn data_directory(report: &mut Report<'_>, dir: &Path) -> Result<(), Failure> {
    meta_properties(report, &dir.join(meta_properties::FILE_NAME))?;
    clean_shutdown(report, &dir.join(CLEAN_SHUTDOWN))?;
    OFFSET_CHECKPOINTS.iter().try_for_each(|name| offset_checkpoint(report, &dir.join(name)))
}

pub(super) fn offset_checkpoint(report: &mut Report<'_>, path: &Path) -> Result<(), Failure> {
    let Some(bytes) = read(report, path)? else { return Ok(()) };
    match offsets::parse(&bytes) {
        Err(fault) => report.damage(path, at_of(&fault, &bytes), &fault, SCANNED),
        Ok(offsets) => {
            let dir = path.parent().unwrap_or(Path::new("."));
            for (topic, index) in offsets.keys() {
                if !dir.join(format!("{topic}-{index}")).is_dir() {
                    report.note(
                        path,
                        At::default(),
                        format!("{topic}-{index} has a line and no directory"),
                    )?;
                }
            }
            Ok(())
        }
    }
}

pub(super) fn leader_epochs(report: &mut Report<'_>, path: &Path) -> Result<(), Failure> {
    let Some(bytes) = read(report, path)? else { return Ok(()) };
    match epochs::parse(&bytes) {
        Ok(_) => Ok(()),
        Err(fault) => {
            let effect = "Ottla reads the epochs from the log again; Kafka keeps the log offline";
            report.damage(path, at_of(&fault, &bytes), &fault, effect)
        }
    }
}

pub(super) fn partition_metadata(report: &mut Report<'_>, path: &Path) -> Result<Option<Uuid>, Failure> {
    let Some(bytes) = read(report, path)? else { return Ok(None) };
    match partition::parse(&bytes) {
        Ok(id) => Ok(Some(id)),
        Err(fault) => {
            let effect = "a broker keeps the log offline: it does not know whose it is";
            report.damage(path, at_of(&fault, &bytes), &fault, effect).map(|()| None)
        }
    }
}

pub(super) fn meta_properties(report: &mut Report<'_>, path: &Path) -> Result<(), Failure> {
    let Some(bytes) = read(report, path)? else { return Ok(()) };
    match meta_properties::parse(&bytes) {
        Ok(_) => Ok(()),
        Err(what) => report.damage(path, At::byte(0), what, "a broker does not start with this directory"),
    }
}

/// Its presence is what counts.
pub(super) fn clean_shutdown(report: &mut Report<'_>, path: &Path) -> Result<(), Failure> {
    read(report, path).map(drop)
}

/// The producers at `offset`.
pub(super) fn snapshot(report: &mut Report<'_>, path: &Path, offset: Offset) -> Result<(), Failure> {
    const READ_AGAIN: &str = "a broker leaves it out of account and reads the producers from the log again";
    let Some(bytes) = read(report, path)? else { return Ok(()) };
    let producers = match snapshot::parse(&bytes) {
        Ok(producers) => producers,
        Err(fault) => {
            let byte = if matches!(fault, snapshot::SnapshotFault::Checksum { .. }) { 2 } else { 0 };
            return report.damage(path, At::both(byte, offset), fault, READ_AGAIN);
        }
    };
    let beyond = producers
        .iter()
        .find(|producer| producer.last_offset >= offset || producer.current_txn_first_offset >= offset);
    match beyond {
        Some(producer) => {
            let reason = format!("producer {} has an offset at or beyond {offset}", producer.producer_id);
            report.damage(path, At::both(0, offset), reason, READ_AGAIN)
        }
        None => Ok(()),
    }
}
