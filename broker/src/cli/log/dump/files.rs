//! Indexes, snapshots and checkpoints, a line for each thing that they hold.

use super::Left;
use crate::cli::Failure;
use crate::cli::log::place;
use crate::cli::log::report::{At, Report};
use crate::cli::log::verify::entries::Entries;
use crate::cli::log::verify::small::at_of;
use crate::cli::time;
use crate::controller::meta_properties;
use ottla_log::Offset;
use ottla_log::checkpoint::{directory, epochs, offsets, partition};
use ottla_log::index::transaction::AbortedTxn;
use ottla_log::index::{offset, time as time_index_file, transaction};
use ottla_log::snapshot;
use serde::Serialize;
use std::path::Path;

/// Who it is that `verify` says it about; a dump only says that it is so.
const UNUSABLE: &str = "a broker cannot use the file: ottla log verify says what it does about it";

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    OffsetEntry {
        byte: u64,
        offset: Offset,
        position: u32,
    },
    TimeEntry {
        byte: u64,
        timestamp: i64,
        offset: Offset,
    },
    AbortedTransaction {
        byte: u64,
        producer_id: i64,
        first_offset: Offset,
        last_offset: Offset,
        last_stable_offset: Offset,
    },
    Producer {
        producer_id: i64,
        producer_epoch: i16,
        last_sequence: i32,
        last_offset: Offset,
        offset_delta: i32,
        timestamp: i64,
        coordinator_epoch: i32,
        current_txn_first_offset: Offset,
    },
    LeaderEpoch {
        epoch: i32,
        start_offset: Offset,
    },
    OffsetCheckpoint {
        topic: &'a str,
        partition: i32,
        offset: Offset,
    },
    PartitionMetadata {
        topic_id: String,
    },
    MetaProperties {
        cluster_id: &'a str,
        node_id: i32,
        directory_id: String,
    },
    CleanShutdown {
        broker_epoch: i64,
    },
}

/// The entries of an index. `line`: what to print of one; `None` when it lies before what was asked for. An error is its fault.
fn entries<const N: usize>(
    report: &mut Report<'_>,
    path: &Path,
    is_growing: bool,
    left: &mut Left,
    mut line: impl FnMut(u64, &[u8; N]) -> Result<Option<(Line<'static>, String)>, &'static str>,
) -> Result<(), Failure> {
    let mut entries = match Entries::<N>::open(path.to_owned(), is_growing) {
        Ok(Some(entries)) => entries,
        // It went away.
        Ok(None) => return Ok(()),
        Err(error) => return report.unreadable(path, error),
    };
    while let Some((byte, entry)) = entries.peek(report)? {
        entries.advance();
        match line(byte, &entry) {
            Err(fault) => report.damage(path, At::byte(byte), fault, UNUSABLE)?,
            Ok(None) => {}
            Ok(Some((json, text))) => {
                if !left.take() {
                    break;
                }
                report.line(&json, || text)?;
            }
        }
    }
    Ok(())
}

pub(super) fn offset_index(
    report: &mut Report<'_>,
    path: &Path,
    base_offset: Offset,
    is_growing: bool,
    from: Offset,
    left: &mut Left,
) -> Result<(), Failure> {
    let mut last: Option<offset::Entry> = None;
    entries(report, path, is_growing, left, |byte, entry| {
        let entry = offset::Entry::from_bytes(entry);
        if !entry.ascends(last.replace(entry)) {
            return Err("an entry does not ascend");
        }
        let (offset, position) =
            (base_offset.saturating_add(i64::from(entry.relative_offset)), entry.position);
        let text = format!("  offset={offset} position={position}");
        Ok((offset >= from).then_some((Line::OffsetEntry { byte, offset, position }, text)))
    })
}

pub(super) fn time_index(
    report: &mut Report<'_>,
    path: &Path,
    base_offset: Offset,
    is_growing: bool,
    from: Offset,
    left: &mut Left,
) -> Result<(), Failure> {
    let mut last: Option<time_index_file::Entry> = None;
    entries(report, path, is_growing, left, |byte, entry| {
        let entry = time_index_file::Entry::from_bytes(entry);
        if !entry.ascends(last.replace(entry)) {
            return Err("an entry does not ascend");
        }
        let (timestamp, offset) =
            (entry.timestamp, base_offset.saturating_add(i64::from(entry.relative_offset)));
        let text = format!("  timestamp={timestamp} ({}) offset={offset}", time::show(timestamp));
        Ok((offset >= from).then_some((Line::TimeEntry { byte, timestamp, offset }, text)))
    })
}

pub(super) fn transaction_index(
    report: &mut Report<'_>,
    path: &Path,
    from: Offset,
    left: &mut Left,
) -> Result<(), Failure> {
    let mut last: Option<Offset> = None;
    entries::<{ transaction::ENTRY_BYTES }>(report, path, false, left, |byte, entry| {
        if !entry.starts_with(&[0, 0]) {
            return Err("the version of an entry is not 0");
        }
        let AbortedTxn { producer_id, first_offset, last_offset, last_stable_offset } =
            AbortedTxn::from_bytes(entry);
        if last.replace(last_offset).is_some_and(|last| last >= last_offset) || first_offset > last_offset {
            return Err("an entry does not ascend");
        }
        let text = format!(
            "  producer_id={producer_id} first_offset={first_offset} last_offset={last_offset} \
             last_stable_offset={last_stable_offset}"
        );
        let line =
            Line::AbortedTransaction { byte, producer_id, first_offset, last_offset, last_stable_offset };
        Ok((last_offset >= from).then_some((line, text)))
    })
}

/// The bytes of a small file; `None` when it cannot be read, which has been said.
fn read(report: &mut Report<'_>, path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match place::read_small(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => report.unreadable(path, error).map(|()| None),
    }
}

pub(super) fn snapshot(
    report: &mut Report<'_>,
    path: &Path,
    offset: Offset,
    left: &mut Left,
) -> Result<(), Failure> {
    let Some(bytes) = read(report, path)? else { return Ok(()) };
    let producers = match snapshot::parse(&bytes) {
        Ok(producers) => producers,
        Err(fault) => return report.damage(path, At::both(0, offset), fault, UNUSABLE),
    };
    for producer in producers {
        if !left.take() {
            break;
        }
        let line = Line::Producer {
            producer_id: producer.producer_id,
            producer_epoch: producer.producer_epoch,
            last_sequence: producer.last_sequence,
            last_offset: producer.last_offset,
            offset_delta: producer.offset_delta,
            timestamp: producer.last_timestamp,
            coordinator_epoch: producer.coordinator_epoch,
            current_txn_first_offset: producer.current_txn_first_offset,
        };
        report.line(&line, || {
            let mut text = format!(
                "  producer_id={} epoch={} last_sequence={} last_offset={} offset_delta={} timestamp={} ({}) \
                 coordinator_epoch={}",
                producer.producer_id,
                producer.producer_epoch,
                producer.last_sequence,
                producer.last_offset,
                producer.offset_delta,
                producer.last_timestamp,
                time::show(producer.last_timestamp),
                producer.coordinator_epoch
            );
            if producer.current_txn_first_offset >= 0 {
                text.push_str(&format!(" transaction_from={}", producer.current_txn_first_offset));
            }
            text
        })?;
    }
    Ok(())
}

pub(super) fn leader_epochs(report: &mut Report<'_>, path: &Path, left: &mut Left) -> Result<(), Failure> {
    let Some(bytes) = read(report, path)? else { return Ok(()) };
    let entries = match epochs::parse(&bytes) {
        Ok(entries) => entries,
        Err(fault) => return report.damage(path, at_of(&fault, &bytes), fault, UNUSABLE),
    };
    for epochs::EpochEntry { epoch, start_offset } in entries {
        if !left.take() {
            break;
        }
        report.line(&Line::LeaderEpoch { epoch, start_offset }, || {
            format!("  epoch={epoch} start_offset={start_offset}")
        })?;
    }
    Ok(())
}

pub(super) fn offset_checkpoint(
    report: &mut Report<'_>,
    path: &Path,
    left: &mut Left,
) -> Result<(), Failure> {
    let Some(bytes) = read(report, path)? else { return Ok(()) };
    let offsets = match offsets::parse(&bytes) {
        Ok(offsets) => offsets,
        Err(fault) => return report.damage(path, at_of(&fault, &bytes), fault, UNUSABLE),
    };
    for ((topic, partition), offset) in &offsets {
        if !left.take() {
            break;
        }
        let line = Line::OffsetCheckpoint { topic, partition: *partition, offset: *offset };
        report.line(&line, || format!("  {topic}-{partition} offset={offset}"))?;
    }
    Ok(())
}

pub(super) fn partition_metadata(report: &mut Report<'_>, path: &Path) -> Result<(), Failure> {
    let Some(bytes) = read(report, path)? else { return Ok(()) };
    match partition::parse(&bytes) {
        Ok(id) => {
            let topic_id = partition::id_to_text(id);
            let text = format!("  topic_id={topic_id}");
            report.line(&Line::PartitionMetadata { topic_id }, || text)
        }
        Err(fault) => report.damage(path, at_of(&fault, &bytes), fault, UNUSABLE),
    }
}

pub(super) fn meta_properties(report: &mut Report<'_>, path: &Path) -> Result<(), Failure> {
    let Some(bytes) = read(report, path)? else { return Ok(()) };
    match meta_properties::parse(&bytes) {
        Ok(found) => {
            let (cluster_id, directory_id) = (found.cluster_id.as_str(), found.directory_id.to_string());
            let text =
                format!("  cluster_id={cluster_id} node_id={} directory_id={directory_id}", found.node_id);
            report.line(&Line::MetaProperties { cluster_id, node_id: found.node_id, directory_id }, || text)
        }
        Err(what) => report.damage(path, At::byte(0), what, UNUSABLE),
    }
}

pub(super) fn clean_shutdown(report: &mut Report<'_>, path: &Path) -> Result<(), Failure> {
    let Some(bytes) = read(report, path)? else { return Ok(()) };
    let broker_epoch = directory::parse_clean_shutdown(&bytes);
    report.line(&Line::CleanShutdown { broker_epoch }, || format!("  broker_epoch={broker_epoch}"))
}
