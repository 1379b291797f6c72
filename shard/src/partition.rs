//! One hosted partition: its log, what its leader knows, its producers, who waits for its acks and for its bytes.
//!
//! Lives on the core that owns it, as `Rc<Partition>`. Appends happen in the order of calls and without waiting; what
//! the log calls durable moves the high watermark, and that one step answers every ack that it covers, in order,
//! and wakes the fetches parked here. Nothing here knows a socket, a session or a topic's other partitions.
//!
//! ```text
//! log start ≤ last stable offset ≤ high watermark ≤ durable end ≤ log end
//! ```

mod append;
mod compaction;
mod offsets;
mod open;
mod read;
mod retention;
#[cfg(test)]
pub(crate) mod tests;

pub use append::{Acks, AppendFuture, AppendOrigin, AppendResult};
pub use compaction::CompactionMeans;
pub use offsets::ListedOffset;
pub use open::PartitionSpec;
pub use read::{FetchData, Isolation};

use crate::producers::{ProducerInfo, Producers};
use crate::purgatory::Watchers;
use crate::settings::TopicSettings;
use crate::standing::Seen;
use append::Appends;
use ottla_log::{Error, Health, Log, Offset};
use ottla_protocol::{ErrorCode, Uuid};
use ottla_replica::{Assignment, Leader};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// What a client that knows no leader epoch sends.
const NO_EPOCH: i32 = -1;

/// See the module.
pub struct Partition {
    topic: Arc<str>,
    topic_id: Uuid,
    index: i32,
    log: Log,
    /// Closed, deleted, or about to be: nothing is appended any more.
    gone: Cell<bool>,
    settings: RefCell<Rc<TopicSettings>>,
    leader: RefCell<Leader>,
    producers: RefCell<Producers>,
    /// The offset of the last producer snapshot that a checkpoint has stored.
    snapshot_at: Cell<Offset>,
    appends: RefCell<Appends>,
    watchers: Watchers,
    /// The high watermark and the last stable offset that parked fetches have counted up to.
    announced: Cell<(Offset, Offset)>,
}

impl Partition {
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }
    pub fn topic_id(&self) -> Uuid {
        self.topic_id
    }
    pub fn index(&self) -> i32 {
        self.index
    }
    pub fn log(&self) -> &Log {
        &self.log
    }
    pub fn health(&self) -> Health {
        self.log.health()
    }
    pub fn size_bytes(&self) -> u64 {
        self.log.size_bytes()
    }
    pub fn settings(&self) -> Rc<TopicSettings> {
        self.settings.borrow().clone()
    }

    pub fn leader_epoch(&self) -> i32 {
        self.leader.borrow().leader_epoch()
    }
    pub fn log_start_offset(&self) -> Offset {
        self.log.log_start_offset()
    }
    pub fn log_end_offset(&self) -> Offset {
        self.log.log_end_offset()
    }
    pub fn high_watermark(&self) -> Offset {
        self.leader.borrow().high_watermark()
    }
    /// Below it every transaction is decided.
    pub fn last_stable_offset(&self) -> Offset {
        let high_watermark = self.high_watermark();
        match self.producers.borrow().first_unstable_offset() {
            Some(unstable) => high_watermark.min(unstable.max(self.log.log_start_offset())),
            None => high_watermark,
        }
    }

    /// What a reader who is at the end can see of it: see [`crate::standing`].
    pub fn seen(&self) -> Seen {
        Seen {
            high_watermark: self.high_watermark(),
            last_stable_offset: self.last_stable_offset(),
            log_start_offset: self.log.log_start_offset(),
            leader_epoch: self.leader_epoch(),
        }
    }

    /// Takes what the controller says of the partition. A new leader epoch ends the fetches parked here.
    pub fn assign(&self, assignment: Assignment) {
        let before = self.leader_epoch();
        self.leader.borrow_mut().assign(assignment);
        if self.leader_epoch() != before {
            self.watchers.end_all();
        }
        self.progressed();
    }

    /// Follows `settings` from the next append on.
    pub fn set_settings(&self, settings: Rc<TopicSettings>) {
        if *self.settings.borrow().log != *settings.log {
            self.log.set_config(settings.log.clone());
        }
        *self.settings.borrow_mut() = settings;
    }

    /// Holds the leader epoch that a client knows, -1 for none (any other is compared, as Kafka does), against the partition's (KIP-320).
    pub fn check_epoch(&self, current_leader_epoch: i32) -> Result<(), ErrorCode> {
        let own = self.leader_epoch();
        match current_leader_epoch {
            epoch if epoch == NO_EPOCH || epoch == own => Ok(()),
            epoch if epoch < own => Err(ErrorCode::FENCED_LEADER_EPOCH),
            _ => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
        }
    }

    /// For DescribeProducers.
    pub fn producers(&self) -> Vec<ProducerInfo> {
        self.producers.borrow().list()
    }

    /// Forgets producers that have been silent for `producer.id.expiration.ms` and have no open transaction.
    pub fn expire_producers(&self) {
        let expiration_ms = self.settings.borrow().producer_id_expiration_ms;
        self.producers.borrow_mut().expire(ottla_io::unix_millis(), expiration_ms);
    }

    /// Flushes what a recovery would read again; returns the recovery point.
    ///
    /// The producer state goes along, so that after a kill only the batches since then are replayed.
    pub async fn checkpoint(&self) -> Result<Offset, Error> {
        let end = self.log.log_end_offset();
        let changed = end > self.snapshot_at.get();
        let snapshot = changed.then(|| self.producers.borrow().to_snapshot());
        let recovery_point = self.log.checkpoint().await?;
        // Not before the batches that it counts in are safe: it would be of another log after a crash.
        if let Some(snapshot) = snapshot.filter(|_| recovery_point >= end) {
            self.snapshot_at.set(end);
            self.log.store_producer_snapshot(end, snapshot);
        }
        Ok(recovery_point)
    }

    /// Ends appends and parked fetches, writes what waits and the producer state, and returns the recovery point of
    /// a clean shutdown. Appends that wait for room get NOT_LEADER_OR_FOLLOWER; those in the log are answered first.
    pub async fn close(&self) -> Result<Offset, Error> {
        self.leave();
        let snapshot = self.producers.borrow().to_snapshot();
        self.log.close(Some(snapshot)).await
    }

    /// Removes the partition and its files. Whoever waits gets NOT_LEADER_OR_FOLLOWER.
    pub async fn delete(&self) -> Result<(), Error> {
        self.leave();
        self.log.delete().await
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.get() || self.log.health() != Health::Online
    }
    pub(crate) fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    fn leave(&self) {
        self.gone.set(true);
        self.watchers.end_all();
        self.refuse_queued();
    }

    fn check_here(&self) -> Result<(), ErrorCode> {
        if self.gone.get() {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        match self.log.health() {
            Health::Online => Ok(()),
            Health::Offline(error) => Err(error_code(&error)),
        }
    }

    /// The log became durable further on, made room, or went offline: everything that follows from it.
    fn progressed(&self) {
        if let Health::Offline(error) = self.log.health() {
            self.fail_appends(error_code(&error));
            self.watchers.end_all();
            return;
        }
        let hw = self.leader.borrow_mut().local_durable(self.log.durable_end());
        self.producers.borrow_mut().high_watermark_moved(hw);
        self.answer_appends();
        let (hw_before, lso_before) = self.announced.get();
        let lso = self.last_stable_offset();
        self.announced.set((hw, lso));
        if !self.watchers.is_empty() && (hw, lso) != (hw_before, lso_before) {
            let uncommitted = self.bytes_in(hw_before, hw);
            let committed = match (lso_before, lso) == (hw_before, hw) {
                true => uncommitted,
                false => self.bytes_in(lso_before, lso),
            };
            self.watchers.moved(uncommitted, committed);
        }
        self.append_queued();
    }
}

/// What a client is told of a log's error.
pub(crate) fn error_code(error: &Error) -> ErrorCode {
    match error {
        Error::OffsetOutOfRange { .. } => ErrorCode::OFFSET_OUT_OF_RANGE,
        Error::Closed { .. } => ErrorCode::NOT_LEADER_OR_FOLLOWER,
        Error::Io { .. } | Error::Corrupt { .. } | Error::Offline { .. } => ErrorCode::KAFKA_STORAGE_ERROR,
    }
}
