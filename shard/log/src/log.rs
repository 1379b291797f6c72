//! The handle of one partition's log.

use crate::{AppendError, EpochEntry, Error, LogConfig, Offset, Resources};
use bytes::Bytes;
use smallvec::SmallVec;
use std::path::PathBuf;
use std::rc::Rc;
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
#[allow(dead_code, reason = "for the bodies to come")]
pub struct Log(Rc<()>);

impl Log {
    /// Makes the directory and an empty log at offset `recovery_point` (0 when `None`). Durable when it returns.
    pub async fn create(opening: Opening) -> Result<Log, Error> {
        let _ = opening;
        todo!()
    }

    /// Opens an existing directory, recovering what a kill or damage left.
    /// # Errors
    /// Damage below the recovery point, or a system call that failed; other logs are not concerned.
    pub async fn open(opening: Opening) -> Result<(Log, Recovered), Error> {
        let _ = opening;
        todo!()
    }

    /// Appends one whole batch of magic 2 at the log end: copied once, base offset and leader epoch patched.
    ///
    /// On return replicas may read it from the batch cache; it is not yet durable: see [`Log::wait_durable`].
    pub fn append(&self, batch: &[u8], info: &AppendInfo) -> Result<Appended, AppendError> {
        let _ = (batch, info);
        todo!()
    }

    /// Ends when another append may succeed, or the log is offline.
    pub async fn room(&self) {
        todo!()
    }

    /// The producer state at `offset`, as Kafka's snapshot bytes: written to `OFFSET.snapshot` by the log's task.
    pub fn store_producer_snapshot(&self, offset: Offset, snapshot: Vec<u8>) {
        let _ = (offset, snapshot);
        todo!()
    }

    pub fn log_start_offset(&self) -> Offset {
        todo!()
    }
    pub fn log_end_offset(&self) -> Offset {
        todo!()
    }
    /// All below this may be acknowledged: on stable storage, or written where the topic relaxes its acks.
    pub fn durable_end(&self) -> Offset {
        todo!()
    }
    /// All below this is on stable storage with its epochs: what the recovery point checkpoint may say after
    /// [`Log::checkpoint`].
    pub fn recovery_point(&self) -> Offset {
        todo!()
    }

    /// Ends when `durable_end() >= offset`. Dropping the future undoes nothing.
    /// # Errors
    /// The log went offline or was closed, or the offset was truncated away.
    pub async fn wait_durable(&self, offset: Offset) -> Result<(), Error> {
        let _ = offset;
        todo!()
    }

    /// Ends at the next change of `durable_end()`, or of health. Counts from its making: make it, check, await.
    pub fn durable_changed(&self) -> impl Future<Output = ()> + use<> {
        std::future::ready(())
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
        let _ = (offset, bytes_max, upper, at_least_one);
        todo!()
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
        let _ = (offset, bytes_max, upper, at_least_one);
        todo!()
    }

    /// The first record below `upper` whose timestamp is at or after `timestamp`.
    pub async fn offset_for_timestamp(
        &self,
        timestamp: i64,
        upper: Offset,
    ) -> Result<Option<TimestampOffset>, Error> {
        let _ = (timestamp, upper);
        todo!()
    }
    /// The first record with the largest timestamp.
    pub async fn max_timestamp_offset(&self) -> Result<Option<TimestampOffset>, Error> {
        todo!()
    }

    /// The largest known epoch at or below `epoch` and the offset after its last record (KIP-101, KIP-279);
    /// `None` when `epoch` is unknown to this log.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> Option<(i32, Offset)> {
        let _ = epoch;
        todo!()
    }
    pub fn latest_epoch(&self) -> Option<i32> {
        todo!()
    }
    pub fn epoch_for_offset(&self, offset: Offset) -> Option<i32> {
        let _ = offset;
        todo!()
    }
    pub fn epoch_entries(&self) -> Vec<EpochEntry> {
        todo!()
    }

    pub fn set_config(&self, config: Rc<LogConfig>) {
        let _ = config;
        todo!()
    }
    pub fn size_bytes(&self) -> u64 {
        todo!()
    }
    pub fn segments(&self) -> Vec<SegmentInfo> {
        todo!()
    }
    pub fn health(&self) -> Health {
        todo!()
    }

    /// Drops everything at and above `offset`, durably. The caller has first made the recovery point checkpoint say
    /// no more than `offset`.
    pub async fn truncate_to(&self, offset: Offset) -> Result<(), Error> {
        let _ = offset;
        todo!()
    }
    /// Moves the log start up to `offset` and deletes segments that lie wholly below it. Returns the new log start.
    pub async fn delete_records_to(&self, offset: Offset) -> Result<Offset, Error> {
        let _ = offset;
        todo!()
    }
    /// Flushes indexes and epochs; on return the recovery point may be checkpointed. Returns it.
    pub async fn checkpoint(&self) -> Result<Offset, Error> {
        todo!()
    }
    /// Writes what waits, cuts the segment to its size, flushes indexes and `snapshot` (the producer state at the
    /// log end). Returns the log end for the recovery point checkpoint: then the shutdown of this log was clean.
    pub async fn close(&self, snapshot: Option<Vec<u8>>) -> Result<Offset, Error> {
        let _ = snapshot;
        todo!()
    }
    /// Renames the directory to `TOPIC-PARTITION.UNIQUE-delete` and removes it.
    pub async fn delete(&self) -> Result<(), Error> {
        todo!()
    }
}
