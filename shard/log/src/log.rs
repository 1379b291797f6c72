//! The handle of one partition's log.

use crate::batch::BatchHeader;
use crate::checkpoint::partition::segment_file_name;
use crate::compact::{Compacted, Compaction, Dirt, Lags};
use crate::resources::LogNumber;
use crate::state::State;
use crate::{AbortedTxn, AppendError, EpochEntry, Error, LogConfig, Offset, Resources, Retention, writer};
use bytes::Bytes;
use ottla_io::Instant;
use ottla_io::counters::add;
use ottla_io::local::{Event, Semaphore};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use uuid::Uuid;

/// What [`Log::create`] and [`Log::open`] are given.
#[derive(Clone)]
pub struct Opening {
    /// The partition's directory, `DATA/TOPIC-PARTITION`.
    pub dir: PathBuf,
    /// Written to `partition.metadata`; on opening, a different one there is an error.
    pub topic_id: Uuid,
    pub config: Rc<LogConfig>,
    pub resources: Rc<Resources>,
    /// The directory holds a valid clean-shutdown mark: nothing is scanned and `recovery_point` is the log end.
    pub clean_shutdown: bool,
    /// This partition's line of `recovery-point-offset-checkpoint`; 0 when there is none.
    pub recovery_point: Option<Offset>,
    /// This partition's line of `log-start-offset-checkpoint`.
    pub log_start_offset: Option<Offset>,
    /// This partition's line of `cleaner-offset-checkpoint`: with one it was compacted, so that offsets may have gaps
    /// whatever its policy is now.
    pub cleaned_to: Option<Offset>,
}

/// What opening found.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    pub log_start_offset: Offset,
    pub log_end_offset: Offset,
    /// Bytes that were scanned; 0 after a clean shutdown.
    pub scanned_bytes: u64,
    /// Bytes cut from the end because they were no whole, valid batches.
    pub truncated_bytes: u64,
    pub epochs: Vec<EpochEntry>,
}

/// What the caller knows of the batch that it appends. The log trusts it and does not look into the records.
#[derive(Clone, Copy, Debug)]
pub struct AppendInfo {
    /// Patched into the batch (it is outside the CRC).
    pub leader_epoch: i32,
    /// `Some` sets max_timestamp and the LogAppendTime attribute, and computes the CRC anew.
    pub log_append_time: Option<i64>,
    /// The base offset to keep, for replicas; `None` assigns the log end. Must not be below the log end.
    pub base_offset: Option<Offset>,
}

/// Where a batch went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    pub base_offset: Offset,
    pub last_offset: Offset,
    /// The batch began a new segment at `base_offset`: hand the producer state as of before this batch to
    /// [`Log::store_producer_snapshot`].
    pub rolled: bool,
}

/// Ranges of whole batches, in order, without a copy.
#[derive(Clone, Debug, Default)]
pub struct Slices {
    pub parts: SmallVec<[Bytes; 2]>,
    pub bytes: usize,
    /// Base offset of the first batch, at or below the offset asked for; equals `next_offset` when empty.
    pub first_offset: Offset,
    /// The offset after the last batch.
    pub next_offset: Offset,
}

impl Slices {
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

/// Answer to a query by timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampOffset {
    pub timestamp: i64,
    pub offset: Offset,
    pub leader_epoch: i32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Online,
    /// Until it is opened again, every operation fails with this reason.
    Offline(Error),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    pub base_offset: Offset,
    pub bytes: u64,
    pub active: bool,
}

/// A partition's log; clones share it. Belongs to the core that opened it.
#[derive(Clone)]
pub struct Log(pub(crate) Rc<Inner>);

/// What the clones share.
pub(crate) struct Inner {
    pub(crate) dir: PathBuf,
    pub(crate) number: LogNumber,
    pub(crate) resources: Rc<Resources>,
    /// Never borrowed across an await.
    pub(crate) state: RefCell<State>,
    /// The durable end moved, room was made, the log's task ended, or the log went offline.
    pub(crate) progress: Event,
    /// Called then.
    pub(crate) on_progress: RefCell<Option<Rc<dyn Fn()>>>,
    /// Whoever holds its one unit may change files.
    pub(crate) turn: Semaphore,
    /// Whoever holds its one unit may read transaction indexes, and make them again.
    pub(crate) mending: Semaphore,
}

impl Log {
    /// Makes the directory and an empty log at offset `recovery_point` (0 when `None`). Durable when it returns.
    pub async fn create(opening: Opening) -> Result<Log, Error> {
        crate::recover::create(opening).await
    }

    /// Opens an existing directory, recovering what a kill or damage left.
    /// # Errors
    /// Damage below the recovery point, or a system call that failed; other logs are not concerned.
    pub async fn open(opening: Opening) -> Result<(Log, Recovered), Error> {
        crate::recover::open(opening).await
    }

    /// Appends one whole batch of magic 2 at the log end: copied once, base offset and leader epoch patched.
    ///
    /// On return replicas may read it from the batch cache; it is not yet durable: see [`Log::wait_durable`].
    /// # Errors
    /// [`AppendError::Full`] when too much waits for the disk: await [`Log::room`].
    pub fn append(&self, batch: &[u8], info: &AppendInfo) -> Result<Appended, AppendError> {
        let inner = &self.0;
        let header = BatchHeader::parse(batch).map_err(|_| AppendError::Invalid("not a batch of magic 2"))?;
        if header.bytes != batch.len() {
            return Err(AppendError::Invalid("not exactly one batch"));
        }
        let number = inner.resources.chunk_number();
        let mut state = inner.state.borrow_mut();
        let placed = state.append(header, batch, info, number)?;
        let counts = &inner.resources.counts;
        add(&counts.appended_batches, 1);
        add(&counts.appended_records, u64::try_from(header.record_count).unwrap_or(0));
        add(&counts.appended_bytes, header.bytes as u64);
        add(&counts.rolls, u64::from(placed.appended.rolled));
        state.last_used = ottla_io::recently();
        let warmed = !std::mem::replace(&mut state.warm, true);
        writer::start(inner, &mut state);
        drop(state);
        if let Some(bytes) = placed.chunk_made {
            inner.resources.chunk_made(inner, number, bytes);
        }
        if warmed {
            inner.resources.warmed(inner);
        }
        Ok(placed.appended)
    }

    /// Ends when another append may succeed, or the log is offline or its disk full.
    pub async fn room(&self) {
        loop {
            let progress = self.0.progress.wait();
            {
                let state = self.0.state.borrow();
                let full = state.unwritten_bytes >= crate::limits::UNWRITTEN_BYTES_MAX as u64;
                let refuses = state.failure.is_some() || state.starved.is_some();
                if refuses || (!full && !state.paused) {
                    return;
                }
            }
            progress.await;
        }
    }

    /// The producer state at `offset`, as Kafka's snapshot bytes: written to `OFFSET.snapshot` by the log's task.
    pub fn store_producer_snapshot(&self, offset: Offset, snapshot: Vec<u8>) {
        let mut state = self.0.state.borrow_mut();
        state.snapshots_waiting.push_back((offset, snapshot));
        writer::start(&self.0, &mut state);
    }

    /// The newest stored producer snapshot of an offset below `offset` (and not below the log start), and that offset.
    /// Whoever finds it damaged asks again for the one below it.
    pub async fn producer_snapshot_below(&self, offset: Offset) -> Result<Option<(Offset, Vec<u8>)>, Error> {
        crate::replay::snapshot_below(&self.0, offset).await
    }

    /// Calls `visit` with each batch that ends at or above `from`, in order up to the log end, verified: its header
    /// and its bytes (of a batch longer than 1 MiB only the front; control batches are never so long).
    /// # Errors
    /// Damage takes the log offline.
    pub async fn replay(&self, from: Offset, visit: impl FnMut(&BatchHeader, &[u8])) -> Result<(), Error> {
        crate::replay::replay(&self.0, from, visit).await
    }

    /// Notes that the abort marker at `aborted.last_offset`, which was just appended, ended this transaction. It goes to
    /// the segment's `.txnindex` with the other indexes.
    pub fn append_aborted(&self, aborted: AbortedTxn) {
        crate::aborted::append(&self.0, aborted);
    }

    /// The aborted transactions that may have records in `[from, to)`, in the order of their markers.
    /// # Errors
    /// A segment that is damaged, when its index has to be made again, takes the log offline.
    pub async fn aborted_within(&self, from: Offset, to: Offset) -> Result<Vec<AbortedTxn>, Error> {
        crate::aborted::within(&self.0, from, to).await
    }

    /// After opening: those whose markers lie at or above `from` are `aborted`, ascending, as a [`Log::replay`] from
    /// there has found. What a crash left in the files is brought in line with it, durably.
    pub async fn recover_aborted(&self, from: Offset, aborted: &[AbortedTxn]) -> Result<(), Error> {
        crate::aborted::recover(&self.0, from, aborted).await
    }

    pub fn log_start_offset(&self) -> Offset {
        self.0.state.borrow().log_start_offset
    }
    pub fn log_end_offset(&self) -> Offset {
        self.0.state.borrow().log_end_offset
    }
    /// All below this may be acknowledged: on stable storage, or written where the topic relaxes its acks.
    pub fn durable_end(&self) -> Offset {
        self.0.state.borrow().durable_end
    }
    /// All below this is on stable storage. What the recovery point checkpoint may say is what
    /// [`Log::checkpoint`] and [`Log::close`] return.
    pub fn synced_end(&self) -> Offset {
        self.0.state.borrow().synced_end
    }

    /// When the write began by which the durable end last moved.
    pub fn last_write_began(&self) -> Instant {
        self.0.state.borrow().write_began
    }

    /// Ends when `durable_end() >= offset`. Dropping the future undoes nothing.
    /// # Errors
    /// The log went offline or was closed, or the offset was truncated away.
    pub async fn wait_durable(&self, offset: Offset) -> Result<(), Error> {
        loop {
            let progress = self.0.progress.wait();
            {
                let state = self.0.state.borrow();
                if state.durable_end >= offset {
                    return Ok(());
                }
                state.check_online()?;
                if offset > state.log_end_offset {
                    let (start, end) = (state.log_start_offset, state.log_end_offset);
                    return Err(Error::OffsetOutOfRange { offset, start, end });
                }
            }
            progress.await;
        }
    }

    /// Ends at the next change of `durable_end()`, or of health. Counts from its making: make it, check, await.
    pub fn durable_changed(&self) -> impl Future<Output = ()> + use<> {
        self.0.progress.wait()
    }

    /// Calls `call` at each change of `durable_end()` or of health, on this core, with no state borrowed.
    pub fn set_on_durable(&self, call: Rc<dyn Fn()>) {
        *self.0.on_progress.borrow_mut() = Some(call);
    }

    /// Batches from the one that holds `offset` up to `upper`, from memory. `None` when `offset` is not there: use
    /// [`Log::read`]. Empty at the end. `at_least_one`: the first batch even when larger than `bytes_max`.
    pub fn read_cached(
        &self,
        offset: Offset,
        bytes_max: usize,
        upper: Offset,
        at_least_one: bool,
    ) -> Option<Slices> {
        let slices = self.peek_cached(offset, bytes_max, upper, at_least_one)?;
        if !slices.is_empty() {
            let counts = &self.0.resources.counts;
            add(&counts.cached_reads, 1);
            add(&counts.cached_read_bytes, slices.bytes as u64);
        }
        Some(slices)
    }

    /// As [`Log::read_cached`], for a look that is no read.
    pub fn peek_cached(
        &self,
        offset: Offset,
        bytes_max: usize,
        upper: Offset,
        at_least_one: bool,
    ) -> Option<Slices> {
        let state = self.0.state.borrow();
        if state.failure.is_some() || offset < state.log_start_offset || offset > state.log_end_offset {
            return None;
        }
        if offset >= upper.min(state.log_end_offset) {
            return Some(Slices { first_offset: offset, next_offset: offset, ..Slices::default() });
        }
        state.tail.read(offset, bytes_max, upper, at_least_one)
    }

    /// The same from memory or disk.
    /// # Errors
    /// `OffsetOutOfRange`; damage takes the log offline.
    pub async fn read(
        &self,
        offset: Offset,
        bytes_max: usize,
        upper: Offset,
        at_least_one: bool,
    ) -> Result<Slices, Error> {
        crate::read::read(&self.0, offset, bytes_max, upper, at_least_one).await
    }

    /// The first record below `upper` whose timestamp is at or after `timestamp`.
    pub async fn offset_for_timestamp(
        &self,
        timestamp: i64,
        upper: Offset,
    ) -> Result<Option<TimestampOffset>, Error> {
        crate::timestamps::offset_for_timestamp(&self.0, timestamp, upper).await
    }
    /// The first record with the largest timestamp.
    pub async fn max_timestamp_offset(&self) -> Result<Option<TimestampOffset>, Error> {
        crate::timestamps::max_timestamp_offset(&self.0).await
    }

    /// The largest known epoch at or below `epoch` and the offset after its last record (KIP-101, KIP-279);
    /// `None` when `epoch` is unknown to this log.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> Option<(i32, Offset)> {
        let state = self.0.state.borrow();
        state.epochs.end_offset_for(epoch, state.log_end_offset)
    }
    pub fn latest_epoch(&self) -> Option<i32> {
        self.0.state.borrow().epochs.latest().map(|entry| entry.epoch)
    }
    pub fn epoch_for_offset(&self, offset: Offset) -> Option<i32> {
        self.0.state.borrow().epochs.epoch_for(offset)
    }
    pub fn epoch_entries(&self) -> Vec<EpochEntry> {
        self.0.state.borrow().epochs.entries().to_vec()
    }

    /// Follows `config` from the next append on.
    pub fn set_config(&self, config: Rc<LogConfig>) {
        let mut state = self.0.state.borrow_mut();
        if state.messages_unsynced > 0 && !config.acks_before_flush() {
            state.sync_wanted = true;
        }
        state.config = config;
        writer::start(&self.0, &mut state);
    }
    /// Bytes of batches in all segments.
    pub fn size_bytes(&self) -> u64 {
        self.0.state.borrow().segments.iter().map(|segment| segment.bytes).sum()
    }
    pub fn segments(&self) -> Vec<SegmentInfo> {
        let state = self.0.state.borrow();
        let active = state.active().base_offset;
        let info = |base_offset, bytes| SegmentInfo { base_offset, bytes, active: base_offset == active };
        state.segments.iter().map(|segment| info(segment.base_offset, segment.bytes)).collect()
    }
    /// True when [`Log::health`] is `Online`.
    pub fn is_online(&self) -> bool {
        self.0.state.borrow().failure.is_none()
    }
    pub fn health(&self) -> Health {
        match &self.0.state.borrow().failure {
            Some(failure) => Health::Offline(failure.clone()),
            None => Health::Online,
        }
    }
    /// Takes the log offline for good, as a failed write does: its data directory has failed, which somebody else tells.
    pub fn take_offline(&self, reason: &str) {
        self.0.end(&Error::Offline { dir: self.0.dir.clone(), reason: reason.to_owned() });
    }
    /// The partition's directory.
    pub fn dir(&self) -> &std::path::Path {
        &self.0.dir
    }

    /// Drops everything at and above `offset`, durably, and returns the new log end: lower than `offset` when that
    /// lies inside a batch. The caller has first made the recovery point checkpoint say no more than that.
    pub async fn truncate_to(&self, offset: Offset) -> Result<Offset, Error> {
        crate::truncate::truncate_to(&self.0, offset).await
    }
    /// Drops everything and goes on as an empty log at `offset`.
    pub async fn restart_at(&self, offset: Offset) -> Result<(), Error> {
        crate::truncate::restart_at(&self.0, offset).await
    }
    /// Moves the log start up to `offset`, at most the durable end, and deletes segments that lie wholly below it.
    /// Returns the new log start.
    pub async fn delete_records_to(&self, offset: Offset) -> Result<Offset, Error> {
        crate::retain::delete_records_to(&self.0, offset).await
    }
    /// The end of the segments that have outlived `retention` at `now_ms` (milliseconds since 1970), the oldest first and
    /// none that reaches beyond `upper`; the log start when there are none. The active segment counts as Kafka counts it:
    /// see [`Log::roll`].
    /// # Errors
    /// An index that cannot be read takes the log offline.
    pub async fn expired_before(
        &self,
        retention: Retention,
        upper: Offset,
        now_ms: i64,
    ) -> Result<Offset, Error> {
        crate::retain::expired_before(&self.0, retention, upper, now_ms).await
    }
    /// All below this is compacted, but for what came beside it; `None` of a log that never was. Truncation lowers it.
    pub fn cleaned_to(&self) -> Option<Offset> {
        self.0.state.borrow().cleaned_to
    }
    /// What compaction would take up: finished segments below `stable`, dirty from [`Log::cleaned_to`] on. `None` when
    /// there is nothing. Little work for a log of one segment.
    /// # Errors
    /// A segment that cannot be looked at; the log stays online.
    pub async fn dirt(&self, stable: Offset, lags: Lags, now_ms: i64) -> Result<Option<Dirt>, Error> {
        crate::compact::dirt(&self.0, stable, lags, now_ms).await
    }
    /// Cleans what [`Log::dirt`] has found; one pass at a time. Appends and reads go on, and so do truncation and
    /// deletion, which end the pass: `None`. What was done until then stands.
    ///
    /// Dropping the future ends the pass; a swap that is under way is finished.
    /// # Errors
    /// Damage, and a full disk: the log stays online as it was. Any failure to put files in place takes it offline.
    pub async fn compact(&self, compaction: &Compaction<'_>) -> Result<Option<Compacted>, Error> {
        crate::compact::compact(&self.0, compaction).await
    }
    /// Begins a new segment at the log end, whose offset it returns: hand the producer state to
    /// [`Log::store_producer_snapshot`] before the next append. `None` when the active segment is empty.
    pub fn roll(&self) -> Option<Offset> {
        crate::retain::roll(&self.0)
    }
    /// Ends when all segments below the one at `base_offset` are finished files, and its own file is there.
    /// # Errors
    /// The log went offline.
    pub async fn sealed(&self, base_offset: Offset) -> Result<(), Error> {
        crate::retain::sealed(&self.0, base_offset).await
    }
    /// Flushes indexes and epochs; returns the offset that may be checkpointed as the recovery point.
    pub async fn checkpoint(&self) -> Result<Offset, Error> {
        writer::checkpoint(&self.0).await
    }
    /// Writes what waits, cuts the segment to its size, flushes indexes and `snapshot` (the producer state at the
    /// log end). Returns the log end for the recovery point checkpoint: then the shutdown of this log was clean.
    pub async fn close(&self, snapshot: Option<Vec<u8>>) -> Result<Offset, Error> {
        writer::close(&self.0, snapshot).await
    }
    /// Renames the directory to `TOPIC-PARTITION.UNIQUE-delete` and removes it.
    pub async fn delete(&self) -> Result<(), Error> {
        crate::truncate::delete(&self.0).await
    }
}

impl Inner {
    /// Wakes everyone who waits for a change. No state may be borrowed.
    pub(crate) fn progressed(&self) {
        self.progress.notify_all();
        let call = self.on_progress.borrow().clone();
        if let Some(call) = call {
            call();
        }
    }

    /// The path of a segment's file; `suffix` with its dot.
    pub(crate) fn path(&self, base_offset: Offset, suffix: &str) -> PathBuf {
        self.dir.join(segment_file_name(base_offset, suffix))
    }

    /// Takes the log offline for good, once: everyone who waits gets the reason.
    pub(crate) fn fail(&self, error: &Error) {
        let is_first = self.state.borrow().failure.is_none();
        if is_first {
            tracing::error!(dir = %self.dir.display(), %error, "log goes offline");
        }
        self.end(error);
        if is_first {
            self.resources.failed(&self.dir, error);
        }
    }

    fn end(&self, error: &Error) {
        let mut state = self.state.borrow_mut();
        if state.failure.is_none() {
            state.failure = Some(match error {
                Error::Offline { .. } | Error::Closed { .. } => error.clone(),
                other => Error::Offline { dir: self.dir.clone(), reason: other.to_string() },
            });
        }
        drop(state);
        self.progressed();
    }

    /// For the batch cache: drops chunk `number` if it may go. `None`: not now.
    pub(crate) fn evict(&self, number: u64) -> Option<usize> {
        let mut state = self.state.borrow_mut();
        let State { tail, segments, .. } = &mut *state;
        tail.evict(number, |base_offset, file_end| {
            let segment = segments.iter().rev().find(|segment| segment.base_offset == base_offset);
            segment.is_none_or(|segment| segment.written >= file_end)
        })
    }
    pub(crate) fn has_chunk(&self, number: u64) -> bool {
        self.state.borrow().tail.has_chunk(number)
    }

    /// For the sweep: frees chunks and closes files of a log without an append for `idle`. True when it is done.
    pub(crate) async fn cool_if_idle(self: &Rc<Self>, now: Instant, idle: Duration) -> bool {
        {
            let state = self.state.borrow();
            if state.failure.is_none()
                && (state.writing || state.unwritten_bytes > 0 || now.duration_since(state.last_used) < idle)
            {
                return false;
            }
        }
        writer::cool(self).await
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.resources.chunks_freed(self.state.borrow().tail.capacity_bytes());
        self.resources.forget_log(self.number);
    }
}
