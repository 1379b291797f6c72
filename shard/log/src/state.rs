//! What a log is in memory: its segments, its ends, its tail. Changed synchronously, on one core; files follow.

use crate::aborted::Aborted;
use crate::batch::{BatchHeader, patch_assignment, patch_log_append_time};
use crate::checkpoint::epochs::EpochCache;
use crate::index::IndexBuilder;
use crate::limits::{
    PREPARE_BYTES, PREPARE_LARGE_BYTES, SMALL_WRITE_BYTES, UNWRITTEN_BYTES_MAX, WRITES_BEFORE_PREPARING,
    block_end,
};
use crate::log::{AppendInfo, Appended};
use crate::resources::Indexes;
use crate::tail::Tail;
use crate::{AppendError, Error, LogConfig, Offset};
use ottla_io::{File, Instant};
use std::collections::VecDeque;
use std::rc::Rc;

/// One segment.
pub(crate) struct Segment {
    pub(crate) base_offset: Offset,
    /// Bytes of batches.
    pub(crate) bytes: u64,
    /// Up to here they are in the file.
    pub(crate) written: u64,
    /// The first batch's largest timestamp, from which `segment.ms` counts; read from the file when unknown.
    pub(crate) first_timestamp: Option<i64>,
    /// 0 when it is not known: of one that was opened finished its file tells.
    pub(crate) created_ms: i64,
    /// The largest timestamp and the last offset of its batch, once it is known of a finished segment.
    pub(crate) max_timestamp: Option<(i64, Offset)>,
    /// A finished segment has a transaction index: without an aborted transaction there is none.
    pub(crate) aborted_file: bool,
    /// Until the segment is finished: cut, flushed, with its indexes in files.
    pub(crate) growing: Option<Box<Growing>>,
    /// While compaction puts it in the place of others.
    pub(crate) swapping: Option<Box<Swapping>>,
}

/// How a segment is read whose files do not have their names yet.
pub(crate) struct Swapping {
    pub(crate) file: File,
    pub(crate) indexes: Indexes,
}

/// What only the active segment has, and one that was rolled but is not yet finished.
pub(crate) struct Growing {
    pub(crate) index: IndexBuilder,
    pub(crate) aborted: Aborted,
    pub(crate) index_files_exist: bool,
    /// The file and its directory entry are on disk.
    pub(crate) exists: bool,
    /// Open for direct writes.
    pub(crate) file: Option<File>,
    /// The file's size: the last block is padded, and space may be prepared ahead.
    pub(crate) file_bytes: u64,
}

impl Segment {
    /// A new one, whose file is yet to be made.
    pub(crate) fn new(base_offset: Offset, created_ms: i64) -> Segment {
        Segment {
            base_offset,
            bytes: 0,
            written: 0,
            first_timestamp: None,
            created_ms,
            max_timestamp: None,
            aborted_file: false,
            growing: Some(Box::new(Growing {
                index: IndexBuilder::new(base_offset),
                aborted: Aborted::default(),
                index_files_exist: false,
                exists: false,
                file: None,
                file_bytes: 0,
            })),
            swapping: None,
        }
    }
}

impl Segment {
    /// Whether any transaction was aborted by a marker in it.
    pub(crate) fn has_aborted(&self) -> bool {
        match &self.growing {
            Some(growing) => !growing.aborted.entries.is_empty(),
            None => self.aborted_file,
        }
    }

    /// How much earlier than `segment.ms` it is rolled: below `segment.jitter.ms` and `segment.ms`, the same whenever it
    /// is asked for, and another one for the next segment or log.
    fn jitter_ms(&self, config: &LogConfig) -> i64 {
        let most = config.segment_jitter_ms.min(config.segment_ms);
        if most <= 0 {
            return 0;
        }
        let drawn = crc32c::crc32c_append(
            crc32c::crc32c(&self.base_offset.to_le_bytes()),
            &self.created_ms.to_le_bytes(),
        );
        i64::from(drawn) % most
    }
}

/// What the log's task does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Make the file of the segment at this base offset.
    Create(Offset),
    /// Write what waits of it.
    Write(Offset),
    /// It was rolled and is written: cut and flush it.
    Finish(Offset),
    StoreSnapshot(Offset, Vec<u8>),
    StoreEpochs,
    /// Flush what was written without.
    Sync,
}

pub(crate) struct State {
    pub(crate) config: Rc<LogConfig>,
    /// Why every operation fails from now on.
    pub(crate) failure: Option<Error>,
    /// The disk is full: appends fail with this until what waits is written.
    pub(crate) starved: Option<Error>,
    pub(crate) log_start_offset: Offset,
    pub(crate) log_end_offset: Offset,
    /// May be acknowledged.
    pub(crate) durable_end: Offset,
    /// Is on stable storage; below `durable_end` only where the topic relaxes its acks.
    pub(crate) synced_end: Offset,
    /// Ascending; the last one is active. Never empty.
    pub(crate) segments: Vec<Segment>,
    pub(crate) epochs: EpochCache,
    pub(crate) epochs_stored: bool,
    pub(crate) tail: Tail,
    pub(crate) unwritten_bytes: u64,
    /// When the last write that has ended began.
    pub(crate) write_began: Instant,
    /// Producer snapshots that wait for the writer, and the offsets of those in the directory.
    pub(crate) snapshots_waiting: VecDeque<(Offset, Vec<u8>)>,
    pub(crate) snapshots: Vec<Offset>,
    /// The log's task runs.
    pub(crate) writing: bool,
    /// The log is being truncated: appends wait.
    pub(crate) paused: bool,
    /// The sweep looks at this log.
    pub(crate) warm: bool,
    pub(crate) last_used: Instant,
    pub(crate) messages_unsynced: u64,
    pub(crate) sync_wanted: bool,
    pub(crate) flush_timer_runs: bool,
    /// Something was appended or changed since the directory was opened: closing has work to do.
    pub(crate) changed: bool,
    /// Durable writes to the active segment: what makes preparing space worth its while.
    pub(crate) durable_writes: u32,
    /// How often compaction has put a segment in the place of others, or a truncation cut one: who read meanwhile may have seen either, and
    /// what was read for others is not kept.
    pub(crate) replacements: u64,
    /// See [`crate::Log::cleaned_to`].
    pub(crate) cleaned_to: Option<Offset>,
}

/// What an append did.
pub(crate) struct Placed {
    pub(crate) appended: Appended,
    /// Capacity of a chunk that was made for it.
    pub(crate) chunk_made: Option<usize>,
}

impl State {
    pub(crate) fn check_online(&self) -> Result<(), Error> {
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    }

    pub(crate) fn active(&self) -> &Segment {
        match self.segments.last() {
            Some(active) => active,
            None => unreachable!("a log always has an active segment"),
        }
    }

    /// The log ends at `end` now: what follows has never been compacted.
    pub(crate) fn uncleaned_from(&mut self, end: Offset) {
        self.cleaned_to = self.cleaned_to.map(|cleaned| cleaned.min(end));
    }

    /// The place in `segments` of the one at `base_offset`.
    pub(crate) fn position_of(&self, base_offset: Offset) -> Option<usize> {
        self.segments.binary_search_by_key(&base_offset, |segment| segment.base_offset).ok()
    }
    pub(crate) fn segment(&self, base_offset: Offset) -> Option<&Segment> {
        self.segments.get(self.position_of(base_offset)?)
    }
    pub(crate) fn segment_mut(&mut self, base_offset: Offset) -> Option<&mut Segment> {
        let at = self.position_of(base_offset)?;
        self.segments.get_mut(at)
    }
    pub(crate) fn growing_mut(&mut self, base_offset: Offset) -> Option<&mut Growing> {
        self.segment_mut(base_offset)?.growing.as_deref_mut()
    }

    /// The place of the segment that would hold `offset`: the last one that begins at or below it.
    pub(crate) fn holder_of(&self, offset: Offset) -> Option<usize> {
        self.segments.partition_point(|segment| segment.base_offset <= offset).checked_sub(1)
    }

    /// Appends `batch`, whose header is `header`, to the tail. Chunk numbers come from the core's resources.
    pub(crate) fn append(
        &mut self,
        header: BatchHeader,
        batch: &[u8],
        info: &AppendInfo,
        chunk_number: u64,
    ) -> Result<Placed, AppendError> {
        self.check_online()?;
        if let Some(starved) = &self.starved {
            return Err(AppendError::Log(starved.clone()));
        }
        if self.paused || self.unwritten_bytes >= UNWRITTEN_BYTES_MAX as u64 {
            return Err(AppendError::Full);
        }
        if batch.len() as u64 > u64::from(self.config.segment_bytes) {
            return Err(AppendError::Invalid("larger than a segment"));
        }
        let base_offset = info.base_offset.unwrap_or(self.log_end_offset);
        if base_offset < self.log_end_offset {
            return Err(AppendError::Invalid("below the log end"));
        }
        if base_offset > Offset::MAX - i64::from(header.last_offset_delta) - 1 {
            return Err(AppendError::Invalid("beyond the largest offset"));
        }
        let mut header = header;
        header.base_offset = base_offset;
        header.leader_epoch = info.leader_epoch;
        if let Some(now) = info.log_append_time {
            header.max_timestamp = now;
        }
        let rolled = self.must_roll(&header);
        if rolled {
            self.segments.push(Segment::new(base_offset, ottla_io::unix_millis()));
            self.durable_writes = 0;
        }
        let interval = self.config.index_interval_bytes;
        let (segment_base, position) = (self.active().base_offset, self.active().bytes);
        let (header, chunk_made) = self.tail.append(segment_base, position, batch, chunk_number, |copy| {
            patch_assignment(copy, base_offset, info.leader_epoch);
            if let Some(now) = info.log_append_time {
                patch_log_append_time(copy, now);
            }
            header
        });
        if let Some(active) = self.segments.last_mut() {
            active.bytes += header.bytes as u64;
            if position == 0 {
                active.first_timestamp = Some(header.max_timestamp);
            }
            if let Some(growing) = &mut active.growing {
                growing.index.batch(position, &header, interval);
            }
        }
        if self.epochs.assign(header.leader_epoch, base_offset) {
            self.epochs_stored = false;
        }
        self.log_end_offset = header.next_offset();
        self.unwritten_bytes += header.bytes as u64;
        self.changed = true;
        let appended = Appended { base_offset, last_offset: header.last_offset(), rolled };
        Ok(Placed { appended, chunk_made })
    }

    /// Kafka's rules of rolling, before the batch `header` is appended.
    fn must_roll(&self, header: &BatchHeader) -> bool {
        let active = self.active();
        // Two segments cannot begin at one offset.
        if header.base_offset <= active.base_offset {
            return false;
        }
        if header.last_offset() - active.base_offset > i64::from(i32::MAX) {
            return true;
        }
        if active.bytes == 0 {
            return false;
        }
        let waited_ms = match active.first_timestamp {
            Some(first) if first >= 0 => header.max_timestamp.saturating_sub(first),
            Some(_) => ottla_io::unix_millis().saturating_sub(active.created_ms),
            None => 0,
        };
        active.bytes + header.bytes as u64 > u64::from(self.config.segment_bytes)
            || waited_ms > self.config.segment_ms - active.jitter_ms(&self.config)
            || active.growing.as_ref().is_some_and(|growing| {
                let bound = self.config.segment_index_bytes;
                growing.index.is_full(bound) || growing.aborted.is_full(bound)
            })
    }

    /// What the log's task has to do next.
    pub(crate) fn next_job(&mut self) -> Option<Job> {
        if self.failure.is_some() {
            return None;
        }
        let unfinished = self.segments.partition_point(|segment| segment.growing.is_none());
        let last = self.segments.len() - 1;
        for (index, segment) in self.segments.iter().enumerate().skip(unfinished) {
            let Some(growing) = &segment.growing else { continue };
            if !growing.exists {
                return Some(Job::Create(segment.base_offset));
            }
            if segment.written < segment.bytes {
                return Some(Job::Write(segment.base_offset));
            }
            if index < last {
                return Some(Job::Finish(segment.base_offset));
            }
        }
        if let Some((offset, snapshot)) = self.snapshots_waiting.pop_front() {
            return Some(Job::StoreSnapshot(offset, snapshot));
        }
        if !self.epochs_stored {
            return Some(Job::StoreEpochs);
        }
        self.sync_wanted.then_some(Job::Sync)
    }

    /// How many bytes of zeros, at most `bytes_max`, to write behind `to` along with the durable write of
    /// `[from, to)`: a multiple of [`PREPARE_BYTES`].
    pub(crate) fn prepare_behind(&mut self, base_offset: Offset, from: u64, to: u64, bytes_max: u64) -> u64 {
        self.durable_writes = self.durable_writes.saturating_add(1);
        let segment_bytes = u64::from(self.config.segment_bytes);
        let Some(segment) = self.segment(base_offset) else { return 0 };
        let grows = segment.growing.as_ref().is_some_and(|growing| block_end(to) > growing.file_bytes);
        let wanted = if to - from > SMALL_WRITE_BYTES { PREPARE_LARGE_BYTES } else { PREPARE_BYTES } as u64;
        let room = bytes_max.min(segment_bytes.saturating_sub(block_end(to)));
        let bytes = wanted.min(room) / PREPARE_BYTES as u64 * PREPARE_BYTES as u64;
        if grows && self.durable_writes >= WRITES_BEFORE_PREPARING { bytes } else { 0 }
    }

    /// Notes that `[from, to)` of a segment is written, up to `end_offset`, and `prepared_bytes` behind it.
    pub(crate) fn wrote(
        &mut self,
        base_offset: Offset,
        from: u64,
        to: u64,
        prepared_bytes: u64,
        end_offset: Offset,
        synced: bool,
    ) {
        if let Some(segment) = self.segment_mut(base_offset) {
            segment.written = to;
            if let Some(growing) = &mut segment.growing {
                growing.file_bytes = growing.file_bytes.max(block_end(to) + prepared_bytes);
            }
        }
        self.unwritten_bytes = self.unwritten_bytes.saturating_sub(to - from);
        if synced {
            self.synced_end = end_offset;
        } else {
            let messages = u64::try_from(end_offset - self.durable_end).unwrap_or(0);
            self.messages_unsynced += messages;
            if self.config.flush_messages.is_some_and(|bound| self.messages_unsynced >= bound) {
                self.sync_wanted = true;
            }
        }
        self.durable_end = end_offset;
    }
}
