//! The entries of the three indexes, held against the batches of their segment as those go by.
//!
//! Each is read beside the segment, an entry at a time. An index that cannot be read to its end is checked as far as it goes.

use super::aborted::Aborted;
use super::entries::Entries;
use crate::cli::Failure;
use crate::cli::log::place::Kind;
use crate::cli::log::report::{At, Report};
use ottla_log::Offset;
use ottla_log::batch::BatchHeader;
use ottla_log::index::{offset, time};
use std::path::{Path, PathBuf};

/// What a broker does about a wrong index.
pub(super) const MADE_AGAIN: &str = "a broker makes the index again from the log when it meets this";

/// The indexes of one segment.
pub(super) struct Indexes {
    base_offset: Offset,
    offsets: Option<Entries<{ offset::ENTRY_BYTES }>>,
    last_offset_entry: Option<offset::Entry>,
    /// An entry whose offset is one that a later batch has to end at, and where the entry is.
    owed: Option<(u64, Offset)>,
    times: Option<Entries<{ time::ENTRY_BYTES }>>,
    last_time_entry: Option<time::Entry>,
    aborted: Aborted,
    /// The largest timestamp of a record so far; `None` when batches were passed over that may have had a larger one.
    max_timestamp: Option<i64>,
}

impl Indexes {
    /// Opens those that are beside the segment at `segment`, which begins at `base_offset`.
    pub(super) fn open(
        report: &mut Report<'_>,
        segment: &Path,
        base_offset: Offset,
        is_growing: bool,
    ) -> Result<Indexes, Failure> {
        Ok(Indexes {
            base_offset,
            offsets: open(report, segment.with_extension("index"), is_growing)?,
            last_offset_entry: None,
            owed: None,
            times: open(report, segment.with_extension("timeindex"), is_growing)?,
            last_time_entry: None,
            aborted: Aborted::open(report, segment, base_offset, false)?,
            max_timestamp: Some(-1),
        })
    }

    /// Whether the two that every segment has are there.
    pub(super) fn are_complete(&self) -> bool {
        self.offsets.is_some() && self.times.is_some()
    }

    /// Takes note of the batch at `position`.
    pub(super) fn batch(
        &mut self,
        report: &mut Report<'_>,
        position: u64,
        header: &BatchHeader,
    ) -> Result<(), Failure> {
        // One that compaction has emptied keeps its timestamp, which the time index may have or not.
        if header.record_count > 0 {
            self.max_timestamp = self.max_timestamp.map(|max| max.max(header.max_timestamp));
        }
        self.offsets_until(report, position + 1, Some((position, header)))?;
        if let Some((byte, offset)) = self.owed.filter(|(_, offset)| *offset <= header.last_offset()) {
            self.owed = None;
            if offset != header.last_offset() {
                self.no_such_offset(report, byte, offset)?;
            }
        }
        self.times_until(report, header.next_offset(), Some(header))?;
        self.aborted.batch(report, header).map(drop)
    }

    /// Passes over what was no batch, up to `to`, where offset `next` is.
    pub(super) fn damage(&mut self, report: &mut Report<'_>, to: u64, next: Offset) -> Result<(), Failure> {
        (self.max_timestamp, self.owed) = (None, None);
        self.offsets_until(report, to, None)?;
        self.times_until(report, next, None)?;
        self.aborted.skip(report, next)
    }

    /// The batches are over. `is_sealed`: the segment will not grow, so that its time index ends with its largest timestamp.
    /// `may_be_torn`: the end of the segment may have been lost after its indexes were written, which a broker then makes again.
    pub(super) fn end(
        mut self,
        report: &mut Report<'_>,
        is_sealed: bool,
        may_be_torn: bool,
    ) -> Result<(), Failure> {
        if let Some((byte, offset)) = self.owed {
            self.no_such_offset(report, byte, offset)?;
        }
        let behind = "it points behind the last batch";
        if may_be_torn {
            note_rest(&mut self.offsets, report)?;
            note_rest(&mut self.times, report)?;
        }
        while let Some((byte, _)) = peek(&mut self.offsets, report)? {
            tell(&mut self.offsets, report, At::byte(byte), behind, MADE_AGAIN)?;
        }
        while let Some((byte, _)) = peek(&mut self.times, report)? {
            tell(&mut self.times, report, At::byte(byte), behind, MADE_AGAIN)?;
        }
        self.aborted.end(report, may_be_torn)?;
        let (Some(times), Some(max_timestamp)) = (&self.times, self.max_timestamp) else { return Ok(()) };
        let last = self.last_time_entry.map_or(-1, |entry| entry.timestamp);
        if is_sealed && max_timestamp > last {
            let reason = format!("it ends at timestamp {last}, the segment's largest is {max_timestamp}");
            let path = times.path().to_owned();
            report.damage(
                &path,
                At::byte(times.position()),
                reason,
                "offsets by timestamp may be wrong until it is made again",
            )?;
        }
        Ok(())
    }

    fn no_such_offset(&mut self, report: &mut Report<'_>, byte: u64, offset: Offset) -> Result<(), Failure> {
        let Some(offsets) = &self.offsets else { return Ok(()) };
        let path = offsets.path().to_owned();
        let reason = format!("an entry is wrong: no batch ends at offset {offset}");
        report.damage(&path, At::both(byte, offset), reason, MADE_AGAIN)
    }

    /// Entries whose position is below `until`. The batch that begins at the last of those positions; `None`: nothing is known there.
    fn offsets_until(
        &mut self,
        report: &mut Report<'_>,
        until: u64,
        batch: Option<(u64, &BatchHeader)>,
    ) -> Result<(), Failure> {
        while let Some((byte, entry)) = peek(&mut self.offsets, report)? {
            let entry = offset::Entry::from_bytes(&entry);
            if u64::from(entry.position) >= until {
                break;
            }
            let offset = self.base_offset.saturating_add(i64::from(entry.relative_offset));
            let ascends = entry.ascends(self.last_offset_entry);
            let wrong = match batch {
                _ if !ascends => Some("it does not ascend".to_owned()),
                Some((position, header)) if u64::from(entry.position) == position => {
                    // Followers of Kafka before 4.0 name the last offset of all that they appended at once.
                    if offset > header.last_offset() {
                        self.owed = Some((byte, offset));
                    }
                    (offset < header.last_offset()).then(|| {
                        format!("the batch at position {position} ends at offset {}", header.last_offset())
                    })
                }
                Some(_) => Some(format!("no batch begins at position {}", entry.position)),
                None => None,
            };
            self.last_offset_entry = Some(entry);
            match wrong {
                Some(wrong) => tell(&mut self.offsets, report, At::both(byte, offset), &wrong, MADE_AGAIN)?,
                None => advance(&mut self.offsets),
            }
        }
        Ok(())
    }

    /// Entries whose offset is below `until`, which `batch` holds, if it is known.
    fn times_until(
        &mut self,
        report: &mut Report<'_>,
        until: Offset,
        batch: Option<&BatchHeader>,
    ) -> Result<(), Failure> {
        while let Some((byte, entry)) = peek(&mut self.times, report)? {
            let entry = time::Entry::from_bytes(&entry);
            let offset = self.base_offset.saturating_add(i64::from(entry.relative_offset));
            if offset >= until {
                break;
            }
            let ascends = entry.ascends(self.last_time_entry);
            let wrong = match batch {
                _ if !ascends => Some("it does not ascend".to_owned()),
                Some(header) if offset < header.base_offset => Some("no batch holds its offset".to_owned()),
                Some(header) if header.max_timestamp != entry.timestamp => {
                    Some(format!("it has timestamp {}, its batch {}", entry.timestamp, header.max_timestamp))
                }
                Some(_) => self.max_timestamp.filter(|max| *max > entry.timestamp).map(|max| {
                    format!("it has timestamp {}, and an earlier batch the larger {max}", entry.timestamp)
                }),
                None => None,
            };
            self.last_time_entry = Some(entry);
            match wrong {
                Some(wrong) => tell(&mut self.times, report, At::both(byte, offset), &wrong, MADE_AGAIN)?,
                None => advance(&mut self.times),
            }
        }
        Ok(())
    }
}

pub(super) fn open<const N: usize>(
    report: &mut Report<'_>,
    path: PathBuf,
    is_growing: bool,
) -> Result<Option<Entries<N>>, Failure> {
    match Entries::open(path.clone(), is_growing) {
        Ok(entries) => {
            if entries.is_some() {
                report.totals.files += 1;
                report.totals.bytes += std::fs::metadata(&path).map_or(0, |found| found.len());
            }
            Ok(entries)
        }
        Err(error) => {
            report.unreadable(&path, error)?;
            Ok(None)
        }
    }
}

pub(super) fn peek<const N: usize>(
    entries: &mut Option<Entries<N>>,
    report: &mut Report<'_>,
) -> Result<Option<(u64, [u8; N])>, Failure> {
    entries.as_mut().map_or(Ok(None), |entries| entries.peek(report))
}

pub(super) fn advance<const N: usize>(entries: &mut Option<Entries<N>>) {
    if let Some(entries) = entries {
        entries.advance();
    }
}

/// Says once that entries are left whose batches a crash may have taken, and goes past them.
pub(super) fn note_rest<const N: usize>(
    entries: &mut Option<Entries<N>>,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    if let (Some((byte, _)), Some(left)) = (peek(entries, report)?, entries.as_ref()) {
        let path = left.path().to_owned();
        report.note(
            &path,
            At::byte(byte),
            "entries of batches that are not there: a broker makes the index again",
        )?;
    }
    while peek(entries, report)?.is_some() {
        advance(entries);
    }
    Ok(())
}

/// Says what is wrong with the next entry, and goes past it.
pub(super) fn tell<const N: usize>(
    entries: &mut Option<Entries<N>>,
    report: &mut Report<'_>,
    at: At,
    reason: &str,
    effect: &str,
) -> Result<(), Failure> {
    let Some(entries) = entries else { return Ok(()) };
    entries.advance();
    let path = entries.path().to_owned();
    report.damage(&path, at, format!("an entry is wrong: {reason}"), effect)
}

/// Checks the entries of an index by themselves, when nobody asked for its segment.
pub(super) fn alone(
    report: &mut Report<'_>,
    path: &Path,
    kind: Kind,
    base_offset: Offset,
    is_growing: bool,
) -> Result<(), Failure> {
    let mut indexes = Indexes {
        base_offset,
        offsets: None,
        last_offset_entry: None,
        owed: None,
        times: None,
        last_time_entry: None,
        aborted: Aborted::none(),
        max_timestamp: None,
    };
    match kind {
        Kind::OffsetIndex => indexes.offsets = open(report, path.to_owned(), is_growing)?,
        Kind::TimeIndex => indexes.times = open(report, path.to_owned(), is_growing)?,
        _ => indexes.aborted = Aborted::open(report, path, base_offset, false)?,
    }
    indexes.damage(report, u64::MAX, Offset::MAX)
}
