//! One partition, read and checked to its last record, and written as the other broker would have written it.
//!
//! Batches go over as they are, but for the leader epoch, which the other controller has to know: it lies outside the checksum. The
//! two indexes, the epochs and the producers' snapshot are made again from the batches; entries of aborted transactions are held
//! against their markers and copied, and those that are missing made from the batches too.

use super::sync_dir;
use crate::cli::Failure;
use crate::cli::log::place::{Kind, Partition, read_small};
use crate::cli::log::report::{At, Report};
use crate::cli::log::verify::aborted::Aborted;
use crate::cli::log::verify::records::{self, Fault};
use crate::cli::log::walk::{BATCH_HELD_MAX, Step, Tail, Walk};
use crate::cli::table::counted;
use ottla_log::Offset;
use ottla_log::batch::{BatchFault, BatchHeader};
use ottla_log::checkpoint::epochs::{self, EpochCache, LEADER_EPOCHS};
use ottla_log::checkpoint::partition::{self, PARTITION_METADATA, is_swap, segment_file_name};
use ottla_log::index::{AbortedTxn, IndexBuilder};
use ottla_log::scan::Expected;
use ottla_log::snapshot;
use ottla_protocol::records::patch_assignment;
use ottla_shard::producers::{Ended, Marker, Producers};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What is to be copied, and how it has to be there.
pub(super) struct Wanted<'a> {
    pub(super) partition: &'a Partition,
    pub(super) topic_id: uuid::Uuid,
    /// Later epochs become this one.
    pub(super) epoch_max: i32,
    /// The log was compacted.
    pub(super) gaps: bool,
    /// `index.interval.bytes`.
    pub(super) index_interval_bytes: u32,
    /// The state of producers with this id or a larger one is left behind: others will get these ids.
    pub(super) producer_ids_end: i64,
}

/// What was copied.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Copied {
    pub(super) log_start: Offset,
    /// The base offset of the first segment.
    pub(super) first_base: Offset,
    /// Up to here the log was compacted.
    pub(super) cleaned_to: Option<Offset>,
    pub(super) log_end: Offset,
    pub(super) bytes: u64,
    pub(super) batches: u64,
    pub(super) records: u64,
    /// The latest leader epoch, -1 when there is none.
    pub(super) leader_epoch: i32,
    /// The largest producer id, -1 when there is none.
    pub(super) producer_id_max: i64,
    /// Producers that were left behind.
    pub(super) producers_left: u64,
}

const NOT_COPIED: &str = "the partition is not copied. ottla log verify says more";

/// Copies into the directory `target`, which is made, durably; `None` checks only. `None` when the partition is damaged, which the
/// report says.
/// # Errors
/// The target cannot be written.
pub(super) fn copy(
    wanted: &Wanted<'_>,
    target: Option<&Path>,
    report: &mut Report<'_>,
) -> Result<Option<Copied>, Failure> {
    let cannot = |error: io::Error| {
        let target = target.unwrap_or(Path::new("")).display();
        Failure::failed(format!("cannot write {target}: {error}"))
    };
    if let Some(target) = target {
        std::fs::create_dir(target).map_err(cannot)?;
    }
    let mut copier = Copier {
        wanted,
        target,
        report,
        epochs: EpochCache::default(),
        producers: Producers::default(),
        copied: Copied { leader_epoch: -1, producer_id_max: -1, ..Copied::default() },
        is_whole: true,
    };
    copier.segments()?;
    copier.snapshot()?;
    let Copier { mut epochs, copied, is_whole, .. } = copier;
    if !is_whole {
        return Ok(None);
    }
    if let Some(target) = target {
        epochs.truncate_from_start(copied.log_start);
        write(&target.join(LEADER_EPOCHS), epochs::format(epochs.entries()).as_bytes()).map_err(cannot)?;
        write(&target.join(PARTITION_METADATA), partition::format(wanted.topic_id).as_bytes())
            .map_err(cannot)?;
        sync_dir(target).map_err(cannot)?;
    }
    Ok(Some(copied))
}

struct Copier<'a, 'r> {
    wanted: &'a Wanted<'a>,
    target: Option<&'a Path>,
    report: &'a mut Report<'r>,
    epochs: EpochCache,
    producers: Producers,
    copied: Copied,
    is_whole: bool,
}

impl Copier<'_, '_> {
    fn segments(&mut self) -> Result<(), Failure> {
        let partition = self.wanted.partition;
        // Records may be in none but this file.
        if let Some(name) = partition.left_over.iter().find(|name| is_swap(name)) {
            let reason = "a compaction has yet to put it in its place: a broker does that at its next start";
            return self.damage(&partition.dir.join(name), At::default(), reason);
        }
        let start = partition.log_start.unwrap_or(0);
        // What lies before the log start as a whole is deleted already, for all that a reader sees.
        let first = partition.segments.partition_point(|base| *base <= start).saturating_sub(1);
        let bases = partition.segments.get(first..).unwrap_or_default();
        self.copied.first_base = bases.first().copied().unwrap_or(start);
        self.copied.log_start = start.max(self.copied.first_base);
        self.copied.cleaned_to = partition.cleaned_to;
        self.copied.log_end = self.copied.log_start;
        for base_offset in bases {
            self.segment(*base_offset)?;
        }
        if self.copied.log_end < self.copied.log_start {
            let reason =
                format!("the log ends at {}, below its start {}", self.copied.log_end, self.copied.log_start);
            self.damage(&partition.dir, At::offset(self.copied.log_end), &reason)?;
        }
        // A broker finds no log in a directory without a segment.
        if let (true, Some(target)) = (bases.is_empty(), self.target) {
            Segment::create(target, start, self.wanted.index_interval_bytes)
                .and_then(Segment::finish)
                .map_err(|error| cannot_write(target, &error))?;
        }
        Ok(())
    }

    fn damage(&mut self, file: &Path, at: At, reason: &str) -> Result<(), Failure> {
        self.is_whole = false;
        self.report.damage(file, at, reason, NOT_COPIED)
    }

    fn segment(&mut self, base_offset: Offset) -> Result<(), Failure> {
        let partition = self.wanted.partition;
        let path = partition.dir.join(segment_file_name(base_offset, ".log"));
        let next_base = partition.next_base(base_offset);
        let expected = Expected::at_segment_start(base_offset, next_base, self.wanted.gaps);
        let mut walk = match Walk::open(&path, expected, false) {
            Ok(walk) => walk,
            Err(error) => return self.unreadable(&path, &error),
        };
        self.report.totals.files += 1;
        let mut out = match self.target {
            Some(target) => Some(
                Segment::create(target, base_offset, self.wanted.index_interval_bytes)
                    .map_err(|error| cannot_write(target, &error))?,
            ),
            None => None,
        };
        let mut aborted = Aborted::open(self.report, &path, base_offset, true)?;
        let mut missing = 0;
        loop {
            let (from, next_offset) = walk.position();
            match walk.next() {
                Err(error) => return self.unreadable(&path, &error),
                Ok(Step::Batch { position, header, fault }) => {
                    let bytes = walk.batch(position, &header);
                    let wrong = match (fault, bytes) {
                        (Some(fault), _) => Some(self.explain(&fault)),
                        (None, None) => Some(format!("a batch of more than {BATCH_HELD_MAX} bytes")),
                        (None, Some(bytes)) => self.batch(position, &header, bytes, out.as_mut())?,
                    };
                    self.report.progress(&path, position);
                    if let Some(wrong) = wrong {
                        self.damage(&path, At::both(position, header.base_offset), &wrong)?;
                    }
                    self.is_whole &= aborted.batch(self.report, &header)?;
                    let ended =
                        bytes.and_then(|bytes| self.producers.record(&header, Marker::of(&header, bytes)));
                    if ended.and_then(Ended::aborted).is_some_and(|ended| aborted.complete(ended)) {
                        missing += 1;
                    }
                }
                Ok(Step::Damage { from, to, fault }) => {
                    let reason = format!("{fault}; {} bytes up to {to} are no batch", to - from);
                    self.damage(&path, At::both(from, next_offset), &reason)?;
                }
                Ok(Step::End(tail)) => {
                    self.end(&path, (from, next_offset), next_base, &tail)?;
                    break;
                }
            }
        }
        self.report.totals.bytes += walk.len();
        let (_, end) = walk.position();
        self.copied.log_end = end;
        if missing > 0 {
            let what = format!(
                "{} without an entry: made from the batches",
                counted(missing, "aborted transaction")
            );
            self.report.note(&path.with_extension("txnindex"), At::default(), what)?;
        }
        let right: Vec<u8> = aborted.take_right().into_iter().flat_map(AbortedTxn::to_bytes).collect();
        self.is_whole &= aborted.end(self.report, partition.may_be_torn(next_base, end))?;
        if let Some(out) = out {
            let index = out.path.with_extension("txnindex");
            let finished = out.finish().and_then(|()| match right.as_slice() {
                // Without any there is no file.
                [] => Ok(()),
                right => write(&index, right),
            });
            finished.map_err(|error| cannot_write(&index, &error))?;
        }
        Ok(())
    }

    /// Checks and writes one batch whose checksum is right. What is wrong inside it.
    fn batch(
        &mut self,
        position: u64,
        header: &BatchHeader,
        bytes: &[u8],
        out: Option<&mut Segment>,
    ) -> Result<Option<String>, Failure> {
        let count = match records::check(header, bytes) {
            Ok(count) => count,
            Err(Fault::TooLarge) => {
                return Ok(Some("the batch expands to more than is looked at".to_owned()));
            }
            Err(Fault::Wrong(wrong)) => return Ok(Some(wrong)),
        };
        let header = BatchHeader { leader_epoch: header.leader_epoch.min(self.wanted.epoch_max), ..*header };
        self.copied.batches += 1;
        self.copied.records += count;
        self.copied.bytes += header.bytes as u64;
        self.report.totals.batches += 1;
        self.report.totals.records += count;
        self.copied.leader_epoch = self.copied.leader_epoch.max(header.leader_epoch);
        self.copied.producer_id_max = self.copied.producer_id_max.max(header.producer_id);
        self.epochs.assign(header.leader_epoch, header.base_offset);
        match out {
            Some(out) => out
                .batch(position, &header, bytes)
                .map(|()| None)
                .map_err(|error| cannot_write(&out.path, &error)),
            None => Ok(None),
        }
    }

    fn explain(&self, fault: &BatchFault) -> String {
        match fault {
            BatchFault::OffsetOrder { found, expected } if found > expected && !self.wanted.gaps => {
                format!(
                    "{fault}: a gap, as compaction leaves it. Say --set cleanup.policy=compact or --compacted if it was"
                )
            }
            _ => fault.to_string(),
        }
    }

    fn end(
        &mut self,
        path: &Path,
        (from, next_offset): (u64, Offset),
        next_base: Option<Offset>,
        tail: &Tail,
    ) -> Result<(), Failure> {
        let at = At::both(from, next_offset);
        match tail {
            Tail::Broken { fault, bytes } if self.wanted.partition.may_be_torn(next_base, next_offset) => {
                let what = format!("a torn tail, {fault}: its {bytes} bytes are left out, as a broker would");
                self.report.note(path, at, what)?;
            }
            Tail::Broken { fault, bytes } => {
                self.damage(path, at, &format!("{fault}; {bytes} bytes up to the end are no batch"))?;
            }
            Tail::Nothing | Tail::Zeros(_) => {}
        }
        match next_base {
            Some(next) if next != next_offset && !self.wanted.gaps && self.is_whole => {
                let reason = format!("it ends at offset {next_offset}, the next segment begins at {next}");
                self.damage(path, at, &reason)
            }
            _ => Ok(()),
        }
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) -> Result<(), Failure> {
        self.is_whole = false;
        self.report.unreadable(path, error)
    }

    /// The producers at the end of the log: what the batches say, and what the newest snapshot says of those without any.
    fn snapshot(&mut self) -> Result<(), Failure> {
        let partition = self.wanted.partition;
        let mut entries = BTreeMap::new();
        let snapshots = partition.others.iter().filter(|(_, kind, offset)| {
            *kind == Kind::Snapshot && (self.copied.log_start..=self.copied.log_end).contains(offset)
        });
        if let Some((name, _, _)) = snapshots.max_by_key(|(_, _, offset)| *offset) {
            let path = partition.dir.join(name);
            let parsed = match read_small(&path) {
                Ok(bytes) => snapshot::parse(&bytes),
                Err(error) => return self.unreadable(&path, &error),
            };
            match parsed {
                Ok(producers) => {
                    entries.extend(producers.into_iter().map(|entry| (entry.producer_id, entry)))
                }
                Err(fault) => self.report.note(&path, At::default(), format!("left out: {fault}"))?,
            }
        }
        let replayed = snapshot::parse(&self.producers.to_snapshot()).unwrap_or_default();
        entries.extend(replayed.into_iter().map(|entry| (entry.producer_id, entry)));
        let largest = entries.last_key_value().map_or(-1, |(id, _)| *id);
        self.copied.producer_id_max = self.copied.producer_id_max.max(largest);
        self.copied.producers_left = entries.split_off(&self.wanted.producer_ids_end).len() as u64;
        let Some(target) = self.target else { return Ok(()) };
        // A broker believes the newest snapshot, and reads no producers from what lies before it.
        let path = target.join(segment_file_name(self.copied.log_end, ".snapshot"));
        write(&path, &snapshot::format(entries.into_values())).map_err(|error| cannot_write(&path, &error))
    }
}

fn cannot_write(target: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("cannot write {}: {error}", target.display()))
}

/// A segment in the making.
struct Segment {
    path: PathBuf,
    log: BufWriter<File>,
    index: IndexBuilder,
    interval_bytes: u32,
}

impl Segment {
    fn create(dir: &Path, base_offset: Offset, interval_bytes: u32) -> io::Result<Segment> {
        let path = dir.join(segment_file_name(base_offset, ".log"));
        let log = BufWriter::with_capacity(1 << 20, File::create_new(&path)?);
        Ok(Segment { path, log, index: IndexBuilder::new(base_offset), interval_bytes })
    }

    /// Writes the batch `bytes`, which lies at `position`, with the epoch that `header` has.
    fn batch(&mut self, position: u64, header: &BatchHeader, bytes: &[u8]) -> io::Result<()> {
        self.index.batch(position, header, self.interval_bytes);
        let (head, records) = bytes.split_at(bytes.len().min(ottla_log::batch::BATCH_HEADER_BYTES));
        let mut head = head.to_vec();
        patch_assignment(&mut head, header.base_offset, header.leader_epoch);
        self.log.write_all(&head)?;
        self.log.write_all(records)
    }

    /// All of it is durable when this returns.
    fn finish(mut self) -> io::Result<()> {
        self.log.flush()?;
        self.log.get_ref().sync_all()?;
        self.index.time_entry();
        let (offsets, times) = self.index.take_entries();
        write(&self.path.with_extension("index"), &offsets)?;
        write(&self.path.with_extension("timeindex"), &times)
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::log::place::DataDirectory;
    use ottla_log::index::transaction;
    use ottla_protocol::records::{self, BatchBuilder, MarkerKind};

    /// Copies the partition at `dir`; the bytes of the copy's index of aborted transactions, if it was copied, and what was said.
    fn copied(dir: &Path) -> (Option<Vec<u8>>, String) {
        let partition = Partition::read(dir, &DataDirectory::default()).unwrap();
        let wanted = Wanted {
            partition: &partition,
            topic_id: uuid::Uuid::from_u128(1),
            epoch_max: i32::MAX,
            gaps: false,
            index_interval_bytes: 4096,
            producer_ids_end: i64::MAX,
        };
        let target = tempfile::tempdir().unwrap();
        let target = target.path().join("t-0");
        let mut out = Vec::new();
        let copied = copy(&wanted, Some(&target), &mut Report::new(Box::new(&mut out), false)).unwrap();
        let index = copied.map(|_| std::fs::read(target.join(segment_file_name(0, ".txnindex"))).unwrap());
        (index, String::from_utf8(out).unwrap())
    }

    /// Of two transactions that were aborted, the index has none, one, or both, as a kill leaves it.
    #[test]
    fn aborted_transactions_without_an_entry_are_in_the_copy() {
        let source = tempfile::tempdir().unwrap();
        let dir = source.path().join("t-0");
        std::fs::create_dir(&dir).unwrap();
        let (mut log, mut index) = (Vec::new(), Vec::new());
        for first_offset in [0, 3] {
            let mut builder = BatchBuilder::new()
                .base_offset(first_offset)
                .leader_epoch(0)
                .producer(9, 0, 0)
                .transactional();
            builder.push(1_700_000_000_000, Some(b"k"), Some(b"v"), &[]);
            builder.push(1_700_000_000_000, Some(b"k"), Some(b"v"), &[]);
            log.extend(builder.build().unwrap());
            let marker = records::Marker { kind: MarkerKind::Abort, coordinator_epoch: 2 };
            let mut marker = marker.batch(9, 0, 1_700_000_000_001);
            let last_offset = first_offset + 2;
            patch_assignment(&mut marker, last_offset, 0);
            log.extend(marker);
            let aborted =
                AbortedTxn { producer_id: 9, first_offset, last_offset, last_stable_offset: last_offset + 1 };
            index.extend(aborted.to_bytes());
        }
        std::fs::write(dir.join(segment_file_name(0, ".log")), log).unwrap();
        for (stored, said) in
            [(0, "2 aborted transactions without"), (1, "1 aborted transaction without"), (2, "")]
        {
            let file = dir.join(segment_file_name(0, ".txnindex"));
            std::fs::write(file, &index[..stored * transaction::ENTRY_BYTES]).unwrap();
            let (found, out) = copied(&dir);
            assert_eq!(found.as_ref(), Some(&index), "{stored}: {out}");
            assert!(out.contains(said) && out.is_empty() == said.is_empty(), "{stored}: {out}");
        }
        // A compaction that a kill cut off: records may be in this file alone.
        std::fs::write(dir.join(segment_file_name(0, ".log.swap")), b"").unwrap();
        let (found, out) = copied(&dir);
        assert!(found.is_none() && out.contains("DAMAGED") && out.contains(".log.swap"), "{out}");
    }
}
