//! Opens a log: what a clean shutdown left is believed, what a kill left is scanned from the recovery point on.
//!
//! Below the recovery point everything was acknowledged and flushed: damage there is an error, and the log stays
//! offline. Above it the log ends where the next bytes are no batch that may follow; the rest is cut off, since a torn
//! or lost write leaves anything there, and nothing behind it can have been acknowledged.

use crate::aborted::Aborted;
use crate::batch::{BATCH_HEADER_BYTES, BatchHeader};
use crate::checkpoint::epochs::{self, EpochCache, LEADER_EPOCHS};
use crate::checkpoint::partition::segment_file_name;
use crate::index::{IndexBuilder, OffsetIndex, TimeIndex, offset, time};
use crate::limits::{SMALL_FILE_BYTES_MAX, block_start};
use crate::log::{Inner, Opening, Recovered};
use crate::retain::SUFFIXES;
use crate::scan::Expected;
use crate::state::{Growing, Segment, State};
use crate::survey::{Survey, check_partition_metadata, read_small, survey};
use crate::tail::Tail;
use crate::walk::walk;
use crate::{Error, Log, LogConfig, Offset, aborted, writer};
use ottla_io::file::{create_dir_all, sync_dir};
use ottla_io::local::{Event, Semaphore};
use ottla_io::{BLOCK_BYTES, Buffer, File, OpenOptions};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

/// See [`Log::create`].
pub(crate) async fn create(opening: Opening) -> Result<Log, Error> {
    let dir = &opening.dir;
    create_dir_all(dir).await.map_err(|error| Error::io("create", dir, &error))?;
    if let Some(parent) = dir.parent() {
        sync_dir(parent).await.map_err(|error| Error::io("flush", parent, &error))?;
    }
    open(opening).await.map(|(log, _)| log)
}

/// See [`Log::open`].
pub(crate) async fn open(mut opening: Opening) -> Result<(Log, Recovered), Error> {
    let survey = survey(&opening.dir).await?;
    if !check_partition_metadata(&opening.dir, opening.topic_id).await? {
        // What checkpoints say is of an earlier topic of this name.
        (opening.log_start_offset, opening.recovery_point) = (None, None);
        opening.clean_shutdown = false;
    }
    let dir = opening.dir.as_path();
    let epochs = load_epochs(dir).await?;
    let mut recovery = Recovery {
        dir,
        config: &opening.config,
        recovery_point: opening.recovery_point.unwrap_or(0),
        segments: Vec::new(),
        to_finish: Vec::new(),
        to_remove: Vec::new(),
        epochs: EpochCache::new(epochs.clone().unwrap_or_default()),
        log_end_offset: 0,
        scanned_bytes: 0,
        truncated_bytes: 0,
    };
    let start = opening.log_start_offset.unwrap_or(0);
    let clean_end = opening.recovery_point.filter(|_| opening.clean_shutdown);
    let was_clean = match clean_end {
        _ if survey.segments.is_empty() => {
            recovery.begin_empty(start)?;
            false
        }
        Some(end) if recovery.believe(&survey, end).await? => true,
        _ => {
            recovery.scan(&survey).await?;
            false
        }
    };
    let first = recovery.segments.first().map_or(0, |segment| segment.base_offset);
    let log_start_offset = start.max(first);
    if opening.clean_shutdown && survey.has_orphans && first > start {
        let reason = format!("offsets from {start} to {first} are missing after a clean shutdown");
        return Err(Error::Corrupt { path: dir.to_owned(), position: 0, reason });
    }
    if log_start_offset > recovery.log_end_offset {
        return Err(Error::Corrupt {
            path: dir.to_owned(),
            position: 0,
            reason: format!(
                "the log ends at {}, below its start {log_start_offset}",
                recovery.log_end_offset
            ),
        });
    }
    recovery.read_missing_epochs(log_start_offset).await?;
    recovery.epochs.truncate_from_start(log_start_offset);
    finish_opening(&opening, recovery, survey, epochs, log_start_offset, was_clean).await
}

/// Puts the log together and brings the files in line with what was found.
async fn finish_opening(
    opening: &Opening,
    recovery: Recovery<'_>,
    survey: Survey,
    stored_epochs: Option<Vec<epochs::EpochEntry>>,
    log_start_offset: Offset,
    was_clean: bool,
) -> Result<(Log, Recovered), Error> {
    let Recovery { mut segments, to_finish, to_remove, epochs, log_end_offset, .. } = recovery;
    let recovered = Recovered {
        log_start_offset,
        log_end_offset,
        scanned_bytes: recovery.scanned_bytes,
        truncated_bytes: recovery.truncated_bytes,
        epochs: epochs.entries().to_vec(),
    };
    let (snapshots, stale): (Vec<Offset>, Vec<Offset>) =
        survey.snapshots.iter().partition(|offset| **offset <= log_end_offset);
    let mut to_look_at = Vec::new();
    for base_offset in &survey.transaction_indexes {
        let at = segments.binary_search_by_key(base_offset, |segment| segment.base_offset);
        let Some(segment) = at.ok().and_then(|at| segments.get_mut(at)) else { continue };
        match segment.growing {
            Some(_) => to_look_at.push(*base_offset),
            None => segment.aborted_file = true,
        }
    }
    let epochs_stored = stored_epochs.as_deref() == Some(epochs.entries());
    let active = segments.last().map_or(0, |segment| segment.base_offset);
    let is_new = segments.last().and_then(|segment| segment.growing.as_ref()).is_some_and(|g| !g.exists);
    let state = State {
        config: opening.config.clone(),
        failure: None,
        starved: None,
        log_start_offset,
        log_end_offset,
        durable_end: log_end_offset,
        synced_end: log_end_offset,
        segments,
        epochs,
        epochs_stored,
        tail: Tail::default(),
        unwritten_bytes: 0,
        write_began: ottla_io::recently(),
        snapshots_waiting: VecDeque::new(),
        snapshots,
        writing: false,
        paused: false,
        warm: false,
        last_used: ottla_io::now(),
        messages_unsynced: 0,
        sync_wanted: false,
        flush_timer_runs: false,
        changed: !was_clean,
        durable_writes: 0,
    };
    let inner = Rc::new(Inner {
        dir: opening.dir.clone(),
        number: opening.resources.log_number(),
        resources: opening.resources.clone(),
        state: RefCell::new(state),
        progress: Event::new(),
        on_progress: RefCell::default(),
        turn: Semaphore::new(1),
    });
    for base_offset in &to_remove {
        remove_segment(&inner, *base_offset).await?;
    }
    for offset in &stale {
        writer::remove_if_there(&inner.path(*offset, ".snapshot")).await?;
    }
    for base_offset in to_look_at {
        aborted::open_growing(&inner, base_offset).await?;
    }
    for base_offset in to_finish {
        writer::finish(&inner, base_offset).await?;
    }
    if is_new {
        writer::create(&inner, active).await?;
    } else if !was_clean {
        let file = writer::file_of(&inner, active).await?;
        writer::cut(&inner, active, &file).await?;
        writer::store_indexes(&inner, active, true).await?;
        sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
    }
    if !epochs_stored {
        writer::store_epochs(&inner).await?;
    }
    if let Some(growing) = inner.state.borrow_mut().growing_mut(active) {
        growing.file = None;
    }
    Ok((Log(inner), recovered))
}

/// Removes the files of a segment, in the order of [`SUFFIXES`].
pub(crate) async fn remove_segment(inner: &Inner, base_offset: Offset) -> Result<(), Error> {
    inner.resources.forget_segment(inner.number, base_offset);
    for suffix in SUFFIXES {
        writer::remove_if_there(&inner.path(base_offset, suffix)).await?;
    }
    inner.state.borrow_mut().snapshots.retain(|offset| *offset != base_offset);
    Ok(())
}

/// `None` when the file is missing or damaged: then the epochs are read from the batches.
async fn load_epochs(dir: &Path) -> Result<Option<Vec<epochs::EpochEntry>>, Error> {
    let path = dir.join(LEADER_EPOCHS);
    let Some(bytes) = read_small(&path).await? else { return Ok(None) };
    match epochs::parse(&bytes) {
        Ok(entries) => Ok(Some(entries)),
        Err(fault) => {
            tracing::warn!(path = %path.display(), %fault, "the leader epochs are read from the log again");
            Ok(None)
        }
    }
}

/// What is known of the segments so far.
struct Recovery<'a> {
    dir: &'a Path,
    config: &'a Rc<LogConfig>,
    recovery_point: Offset,
    segments: Vec<Segment>,
    /// Scanned segments that are not the last one.
    to_finish: Vec<Offset>,
    /// Empty segments with which the log was about to begin anew.
    to_remove: Vec<Offset>,
    epochs: EpochCache,
    log_end_offset: Offset,
    scanned_bytes: u64,
    truncated_bytes: u64,
}

impl Recovery<'_> {
    fn path(&self, base_offset: Offset, suffix: &str) -> std::path::PathBuf {
        self.dir.join(segment_file_name(base_offset, suffix))
    }

    /// A directory without a segment: new, unless the checkpoint knows better.
    fn begin_empty(&mut self, start: Offset) -> Result<(), Error> {
        if self.recovery_point > start {
            return Err(Error::Corrupt {
                path: self.dir.to_owned(),
                position: 0,
                reason: format!(
                    "no segment is there, but the checkpoint says that offsets up to {} are",
                    self.recovery_point
                ),
            });
        }
        self.epochs = EpochCache::default();
        self.segments.push(Segment::new(start, ottla_io::unix_millis()));
        self.log_end_offset = start;
        Ok(())
    }

    /// After a clean shutdown at `end`: takes sizes and indexes as they are, reading only what lies behind the last
    /// batch that an index names. False when something
    /// does not fit, so that a scan has to tell.
    async fn believe(&mut self, survey: &Survey, end: Offset) -> Result<bool, Error> {
        let Some(((active, bytes), sealed)) = survey.segments.split_last() else { return Ok(false) };
        // A clean shutdown leaves none of these: somebody else took files away.
        if survey.lacks_files() {
            return Ok(false);
        }
        let (active, bytes) = (*active, *bytes);
        let fits = if bytes == 0 {
            end == active
        } else {
            end > active && end - active <= i64::from(i32::MAX) + 1 && bytes >= BATCH_HEADER_BYTES as u64
        };
        if !fits {
            return Ok(false);
        }
        let Some((index, position)) = self.index_end(active, bytes).await? else { return Ok(false) };
        if bytes > 0 && !self.ends_at(active, position, bytes, end).await? {
            return Ok(false);
        }
        for (base_offset, bytes) in sealed {
            self.segments.push(sealed_segment(*base_offset, *bytes));
        }
        let mut segment = sealed_segment(active, bytes);
        segment.created_ms = ottla_io::unix_millis();
        segment.growing = Some(Box::new(Growing {
            index,
            aborted: Aborted::default(),
            index_files_exist: bytes > 0,
            exists: true,
            file: None,
            file_bytes: bytes,
        }));
        self.segments.push(segment);
        self.epochs.truncate_from_end(end);
        self.log_end_offset = end;
        Ok(true)
    }

    /// Whether the batches from `position` on, where one begins, end at `bytes` with offset `end`. The checkpoint and
    /// the file say so of each other; neither has a checksum.
    async fn ends_at(
        &self,
        base_offset: Offset,
        position: u64,
        bytes: u64,
        end: Offset,
    ) -> Result<bool, Error> {
        let path = self.path(base_offset, ".log");
        let options = OpenOptions { read: true, direct: true, ..OpenOptions::default() };
        let file = File::open(&path, &options).await.map_err(|error| Error::io("open", &path, &error))?;
        // The first batch says itself where it begins: the index only says where it ends.
        let expected = Expected::at_segment_start(base_offset, None, true);
        let walked = walk(&file, position, bytes, expected, true, |_, _, _| ControlFlow::Continue(())).await;
        let walked = walked.map_err(|error| Error::io("read", &path, &error))?;
        Ok(walked.fault.is_none() && walked.position == bytes && walked.expected.next_offset == end)
    }

    /// What the index files of a cleanly closed segment end with, and where the last batch lies that they name; `None`
    /// when they are missing or unfit.
    async fn index_end(&self, base_offset: Offset, bytes: u64) -> Result<Option<(IndexBuilder, u64)>, Error> {
        if bytes == 0 {
            return Ok(Some((IndexBuilder::new(base_offset), 0)));
        }
        let Some((offsets_bytes, offsets_last)) =
            self.last_entry::<{ offset::ENTRY_BYTES }>(base_offset, ".index").await?
        else {
            return Ok(None);
        };
        let Some((times_bytes, times_last)) =
            self.last_entry::<{ time::ENTRY_BYTES }>(base_offset, ".timeindex").await?
        else {
            return Ok(None);
        };
        let position = offsets_last.map_or(0, |entry| u64::from(offset::Entry::from_bytes(&entry).position));
        let last = times_last.map(|entry| time::Entry::from_bytes(&entry));
        let bound = u64::from(self.config.segment_index_bytes).max(offsets_bytes);
        let fits = offsets_bytes % offset::ENTRY_BYTES as u64 == 0
            && times_bytes % time::ENTRY_BYTES as u64 == 0
            && offsets_bytes <= bound
            && position < bytes
            && last.is_none_or(|last| last.timestamp >= 0 && last.relative_offset <= i32::MAX as u32);
        Ok(fits.then(|| {
            let counts = (offsets_bytes / offset::ENTRY_BYTES as u64, times_bytes / time::ENTRY_BYTES as u64);
            (IndexBuilder::resume(base_offset, counts.0 as u32, counts.1 as u32, last), position)
        }))
    }

    /// The size of an index file and its last entry; `None` when it is missing.
    async fn last_entry<const N: usize>(
        &self,
        base_offset: Offset,
        suffix: &str,
    ) -> Result<Option<(u64, Option<[u8; N]>)>, Error> {
        let path = self.path(base_offset, suffix);
        let options = OpenOptions { read: true, ..OpenOptions::default() };
        let file = match File::open(&path, &options).await {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("open", &path, &error)),
        };
        let failed = |error| Error::io("read", &path, &error);
        let bytes = file.len().await.map_err(failed)?;
        let Some(at) = bytes.checked_sub(N as u64) else { return Ok(Some((bytes, None))) };
        let (result, buffer) = file.read_at(Buffer::with_capacity(N), at, N).await;
        result.map_err(failed)?;
        Ok(Some((bytes, buffer.first_chunk::<N>().copied())))
    }

    /// After a kill: scans from the recovery point to the end of what is valid.
    async fn scan(&mut self, survey: &Survey) -> Result<(), Error> {
        let all = &survey.segments;
        // Where files are missing, whatever lies before the recovery point is looked at too.
        let known = if survey.lacks_files() { 0 } else { self.recovery_point };
        let from = all.partition_point(|(base, _)| *base <= known).saturating_sub(1);
        for (base_offset, bytes) in all.iter().take(from) {
            self.segments.push(sealed_segment(*base_offset, *bytes));
        }
        for (at, (base_offset, bytes)) in all.iter().enumerate().skip(from) {
            let next_base = all.get(at + 1).map(|next| next.0);
            let is_followed =
                self.scan_segment(*base_offset, *bytes, all.get(at + 1..).unwrap_or_default(), known).await?;
            if is_followed {
                self.to_finish.push(*base_offset);
            } else if next_base.is_some() {
                self.to_remove.extend(all.iter().skip(at + 1).map(|(base, _)| *base));
                break;
            }
        }
        self.epochs.truncate_from_end(self.log_end_offset);
        if self.log_end_offset < self.recovery_point {
            return Err(Error::Corrupt {
                path: self.dir.to_owned(),
                position: 0,
                reason: format!(
                    "the log ends at offset {}, but the checkpoint says that offsets up to {} are on disk",
                    self.log_end_offset, self.recovery_point
                ),
            });
        }
        Ok(())
    }

    /// Scans one segment. Only the last one may end in what is no batch: the file of a segment is made after the one
    /// before it was written and flushed to its end, so that no crash leaves a gap between them; but for the empty one
    /// with which a log was about to begin anew.
    ///
    /// `known`: what lies below it need not be looked at. True when the log goes on in the first of `following`.
    async fn scan_segment(
        &mut self,
        base_offset: Offset,
        file_bytes: u64,
        following: &[(Offset, u64)],
        known: Offset,
    ) -> Result<bool, Error> {
        let next_base = following.first().map(|(base, _)| *base);
        let path = self.path(base_offset, ".log");
        let failed = |error| Error::io("read", &path, &error);
        let options = OpenOptions { read: true, direct: true, ..OpenOptions::default() };
        let file = File::open(&path, &options).await.map_err(|error| Error::io("open", &path, &error))?;
        let gaps = self.config.compact;
        let mut expected = Expected::at_segment_start(base_offset, next_base, gaps);
        let resume = resume_point(self.dir, &file, file_bytes, base_offset, known, expected).await?;
        let (from, mut index) = match resume {
            Some(resume) => {
                expected.next_offset = resume.next_offset;
                (resume.position, resume.index)
            }
            None => (0, IndexBuilder::new(base_offset)),
        };
        let mut first_timestamp = None;
        self.epochs.truncate_from_end(expected.next_offset);
        let (epochs, interval) = (&mut self.epochs, self.config.index_interval_bytes);
        let walked = walk(&file, from, file_bytes, expected, true, |position, header, _| {
            index.batch(position, header, interval);
            epochs.assign(header.leader_epoch, header.base_offset);
            if position == 0 {
                first_timestamp = Some(header.max_timestamp);
            }
            ControlFlow::Continue(())
        })
        .await
        .map_err(failed)?;
        let end_offset = walked.expected.next_offset;
        self.scanned_bytes += walked.position - from;
        self.log_end_offset = end_offset;
        if let Some(fault) = walked.fault
            && end_offset < self.recovery_point
        {
            let reason = format!("{fault}, at offset {end_offset}, which was acknowledged");
            return Err(Error::Corrupt { path, position: walked.position, reason });
        }
        // A rolled segment that was not cut yet ends with its padding, and then the next one goes on.
        match next_base {
            Some(next) if next == end_offset || (gaps && walked.fault.is_none()) => {}
            Some(next) if following.iter().any(|(_, bytes)| *bytes > 0) => {
                let why = walked.fault.map_or_else(String::new, |fault| format!("{fault}; "));
                let reason =
                    format!("{why}it ends at offset {end_offset}, but the next segment begins at {next}");
                return Err(Error::Corrupt { path, position: walked.position, reason });
            }
            _ => {
                let discarded = self.discarded(&file, walked.position, file_bytes).await.map_err(failed)?;
                if let (Some(fault), true) = (walked.fault, discarded > 0) {
                    tracing::warn!(
                        path = %path.display(),
                        position = walked.position,
                        bytes = discarded,
                        offset = end_offset,
                        "the end of the log is cut: {fault}"
                    );
                }
                self.truncated_bytes += discarded;
            }
        }
        let mut segment = sealed_segment(base_offset, walked.position);
        segment.first_timestamp = first_timestamp;
        segment.growing = Some(Box::new(Growing {
            index,
            aborted: Aborted::default(),
            index_files_exist: false,
            exists: true,
            file: None,
            file_bytes,
        }));
        segment.created_ms = ottla_io::unix_millis();
        self.segments.push(segment);
        Ok(next_base.is_some_and(|next| next == end_offset || (gaps && walked.fault.is_none())))
    }

    /// How many bytes from `position` on are not just zeros written ahead, counted to the last such block.
    async fn discarded(&self, file: &File, position: u64, end: u64) -> std::io::Result<u64> {
        let mut last = position;
        let mut at = block_start(position);
        let mut buffer = Buffer::with_capacity(crate::limits::READ_WINDOW_BYTES);
        while at < end {
            let len = (end - at).next_multiple_of(BLOCK_BYTES as u64).min(buffer.capacity() as u64) as usize;
            let (result, filled) = file.read_at(buffer, at, len).await;
            let read = result?;
            buffer = filled;
            if read == 0 {
                break;
            }
            let skip = position.saturating_sub(at) as usize;
            let window = buffer.get(skip..).unwrap_or_default();
            if let Some(found) = window.iter().rposition(|byte| *byte != 0) {
                last = at + (skip + found) as u64 + 1;
            }
            at += read as u64;
        }
        Ok(last - position)
    }

    /// Reads the epochs of the batches from `start` on that lie before all that the checkpoint knows. It is gone, or
    /// deleted records took entries out of it and the crash came before the new log start was stored.
    async fn read_missing_epochs(&mut self, start: Offset) -> Result<(), Error> {
        let known = self.epochs.entries().to_vec();
        let known_from = known.first().map_or(self.log_end_offset, |entry| entry.start_offset);
        if known_from <= start {
            return Ok(());
        }
        let mut epochs = EpochCache::default();
        let first = self.segments.partition_point(|segment| segment.base_offset <= start).saturating_sub(1);
        for segment in self.segments.iter().skip(first) {
            if segment.bytes == 0 || segment.base_offset >= known_from {
                continue;
            }
            let path = self.path(segment.base_offset, ".log");
            let failed = |error| Error::io("read", &path, &error);
            let options = OpenOptions { read: true, direct: true, ..OpenOptions::default() };
            let file = File::open(&path, &options).await.map_err(failed)?;
            let expected = Expected::at_segment_start(segment.base_offset, None, true);
            let walked = walk(&file, 0, segment.bytes, expected, false, |_, header, _| {
                if header.base_offset >= known_from {
                    return ControlFlow::Break(());
                }
                epochs.assign(header.leader_epoch, header.base_offset);
                ControlFlow::Continue(())
            })
            .await
            .map_err(failed)?;
            if let Some(fault) = walked.fault {
                return Err(Error::Corrupt { path, position: walked.position, reason: fault.to_string() });
            }
        }
        for entry in known {
            epochs.assign(entry.epoch, entry.start_offset);
        }
        self.epochs = epochs;
        Ok(())
    }
}

/// Where a scan may begin inside a segment, by its indexes.
pub(crate) struct Resume {
    pub(crate) position: u64,
    /// The base offset of the batch there.
    pub(crate) next_offset: Offset,
    /// Holds the entries up to that batch's own.
    pub(crate) index: IndexBuilder,
}

/// The last index entry whose batch ends below `below`, if the index files are fit and a batch lies there that agrees.
pub(crate) async fn resume_point(
    dir: &Path,
    file: &File,
    file_bytes: u64,
    base_offset: Offset,
    below: Offset,
    expected: Expected,
) -> Result<Option<Resume>, Error> {
    let below = u32::try_from(below - base_offset).ok().and_then(|below| below.checked_sub(1));
    let Some(below) = below else { return Ok(None) };
    let Some((offsets, times)) = load_indexes(dir, base_offset, file_bytes).await? else { return Ok(None) };
    let Some(entry) = offsets.lookup(below) else { return Ok(None) };
    let position = u64::from(entry.position);
    let block = block_start(position);
    let (result, buffer) = file.read_at(Buffer::with_capacity(2 * BLOCK_BYTES), block, 2 * BLOCK_BYTES).await;
    result.map_err(|error| Error::io("read", &dir.join(segment_file_name(base_offset, ".log")), &error))?;
    let at = (position - block) as usize;
    let Ok(header) = BatchHeader::parse(buffer.get(at..).unwrap_or_default()) else { return Ok(None) };
    let agrees = header.last_offset() == base_offset + i64::from(entry.relative_offset)
        && header.base_offset >= expected.next_offset;
    if !agrees {
        return Ok(None);
    }
    let offset_entries = offsets.entries().take_while(|e| e.position <= entry.position).count();
    let kept = times.entries().take_while(|e| e.relative_offset <= entry.relative_offset);
    let (time_entries, last) = kept.fold((0, None), |(count, _), entry| (count + 1, Some(entry)));
    Ok(Some(Resume {
        position,
        next_offset: header.base_offset,
        index: IndexBuilder::resume(base_offset, offset_entries as u32, time_entries, last),
    }))
}

fn sealed_segment(base_offset: Offset, bytes: u64) -> Segment {
    Segment {
        base_offset,
        bytes,
        written: bytes,
        first_timestamp: None,
        created_ms: 0,
        max_timestamp: None,
        aborted_file: false,
        growing: None,
    }
}

/// The indexes of a segment of `segment_bytes` bytes; `None` when a file is missing or unfit.
pub(crate) async fn load_indexes(
    dir: &Path,
    base_offset: Offset,
    segment_bytes: u64,
) -> Result<Option<(OffsetIndex, TimeIndex)>, Error> {
    let mut files = Vec::with_capacity(2);
    for suffix in [".index", ".timeindex"] {
        let path = dir.join(segment_file_name(base_offset, suffix));
        match ottla_io::file::read(&path, SMALL_FILE_BYTES_MAX).await {
            Ok(bytes) => files.push(bytes::Bytes::from(bytes)),
            Err(error) => {
                use std::io::ErrorKind::{InvalidData, NotFound};
                return match error.kind() {
                    NotFound | InvalidData => Ok(None),
                    _ => Err(Error::io("read", &path, &error)),
                };
            }
        }
    }
    let times = files.pop().unwrap_or_default();
    let offsets = files.pop().unwrap_or_default();
    let parsed = OffsetIndex::parse(offsets, segment_bytes)
        .and_then(|offsets| TimeIndex::parse(times).map(|times| (offsets, times)));
    match parsed {
        Ok(indexes) => Ok(Some(indexes)),
        Err(fault) => {
            let segment = dir.join(segment_file_name(base_offset, ".log"));
            tracing::warn!(segment = %segment.display(), %fault, "its indexes are made again");
            Ok(None)
        }
    }
}
