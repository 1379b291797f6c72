//! What one partition knows of its idempotent and transactional producers (KIP-98).
//!
//! Lives on the partition's core, changed only as batches are appended or replayed, so that replay gives the same
//! state. Pure: offsets, headers and times come as arguments. It never waits and never touches a file.
//!
//! ```text
//! batch ─► check ─► Duplicate: its first offset again
//!            │  └─► a gap, an old epoch: refused, nothing has changed
//!            └─► append to the log ─► record
//! ```

mod snapshot;
#[cfg(test)]
mod tests;

pub use ottla_log::snapshot::SnapshotFault;

use ottla_log::batch::BatchHeader;
use ottla_log::compact::LastBatch;
use ottla_log::{AbortedTxn, Offset, transactions};
use ottla_protocol::records::MarkerKind;
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashMap};

/// So many of a producer's last batches are known again when they are sent twice: as many as a client may have in
/// flight (`max.in.flight.requests.per.connection` of an idempotent producer).
pub const BATCHES_KEPT: usize = 5;

/// The version of transactions (`transaction.version`) from which on every transaction ends with a new epoch.
const EPOCH_PER_TRANSACTION: i8 = 2;

/// No producer id, epoch or sequence.
pub const NONE: i32 = -1;

/// One batch of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Batch {
    last_sequence: i32,
    last_offset: Offset,
    offset_delta: i32,
    timestamp: i64,
}

impl Batch {
    fn first_sequence(&self) -> i32 {
        sequence_before(self.last_sequence, self.offset_delta)
    }
    fn first_offset(&self) -> Offset {
        self.last_offset - i64::from(self.offset_delta)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Producer {
    epoch: i16,
    coordinator_epoch: i32,
    last_timestamp: i64,
    /// Where its open transaction begins.
    transaction_start: Option<Offset>,
    /// Of this epoch, the newest last.
    batches: SmallVec<[Batch; BATCHES_KEPT]>,
}

impl Producer {
    fn new(epoch: i16) -> Producer {
        Producer {
            epoch,
            coordinator_epoch: NONE,
            last_timestamp: -1,
            transaction_start: None,
            batches: SmallVec::new(),
        }
    }

    fn take_epoch(&mut self, epoch: i16) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
    }

    fn last_sequence(&self) -> i32 {
        self.batches.last().map_or(NONE, |batch| batch.last_sequence)
    }

    fn is_expired(&self, now_ms: i64, expiration_ms: i64) -> bool {
        self.transaction_start.is_none() && now_ms.saturating_sub(self.last_timestamp) >= expiration_ms
    }
}

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Append,
    /// The log has it already.
    Duplicate {
        base_offset: Offset,
        last_offset: Offset,
        timestamp: i64,
    },
}

/// Why a batch of a producer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProducerFault {
    #[error("producer {producer_id} sent epoch {found} after {current}")]
    InvalidEpoch { producer_id: i64, found: i16, current: i16 },
    #[error("producer {producer_id} sent sequence {found} after {last}")]
    OutOfOrderSequence { producer_id: i64, found: i32, last: i32 },
    #[error("producer {producer_id} sent a batch outside of its open transaction")]
    OutsideTransaction { producer_id: i64 },
    #[error("nobody can tell whether the transaction of producer {producer_id} is open")]
    Unverified { producer_id: i64 },
    #[error("coordinator epoch {found} after {current}")]
    CoordinatorFenced { found: i32, current: i32 },
    #[error("a marker by version {0} of transactions")]
    TransactionVersion(i8),
}

/// One producer, for DescribeProducers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerInfo {
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// -1 when it has no batch in this epoch.
    pub last_sequence: i32,
    pub last_timestamp: i64,
    /// -1 before its first marker.
    pub coordinator_epoch: i32,
    /// Where its open transaction begins, or -1.
    pub current_txn_start_offset: Offset,
}

/// The end of a transaction, as its control record says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    pub commit: bool,
    pub coordinator_epoch: i32,
}

impl Marker {
    /// What the control record of a batch says, if it ends a transaction.
    pub fn of(header: &BatchHeader, batch: &[u8]) -> Option<Marker> {
        let marker = transactions::marker_of(header, batch)?;
        let commit = marker.kind == MarkerKind::Commit;
        Some(Marker { commit, coordinator_epoch: marker.coordinator_epoch })
    }
}

/// A transaction whose marker is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub commit: bool,
    pub producer_id: i64,
    pub first_offset: Offset,
    /// The marker's.
    pub last_offset: Offset,
    /// Where the first transaction begins that is still open, or the offset after the marker.
    pub last_stable_offset: Offset,
}

impl Ended {
    /// What the transaction index says of it, unless it was committed.
    pub fn aborted(self) -> Option<AbortedTxn> {
        let Ended { commit, producer_id, first_offset, last_offset, last_stable_offset } = self;
        (!commit).then_some(AbortedTxn { producer_id, first_offset, last_offset, last_stable_offset })
    }
}

/// The producers of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers {
    producers: HashMap<i64, Producer>,
    /// Open transactions: where each begins, and whose it is.
    open: BTreeMap<Offset, i64>,
    /// Ended transactions whose marker is not below the high watermark yet: where they begin, and the marker.
    ended: BTreeMap<Offset, Offset>,
}

impl Producers {
    /// Whether a client's batch may be appended, in the order of Kafka's checks. `is_verified`: nobody needs to be asked
    /// whether its transaction is open; the log knows of one that has begun here.
    pub fn check(&self, header: &BatchHeader, is_verified: bool) -> Result<Verdict, ProducerFault> {
        let producer_id = header.producer_id;
        let producer = self.producers.get(&producer_id);
        if header.is_transactional() && !is_verified {
            let ongoing = producer.filter(|producer| producer.epoch == header.producer_epoch);
            if ongoing.is_none_or(|producer| producer.transaction_start.is_none()) {
                return Err(ProducerFault::Unverified { producer_id });
            }
        }
        // All that it wrote may have been deleted: it may go on anywhere.
        let Some(producer) = producer else { return Ok(Verdict::Append) };
        if header.producer_epoch == producer.epoch
            && let Some(batch) = find(producer, header)
        {
            return Ok(Verdict::Duplicate {
                base_offset: batch.first_offset(),
                last_offset: batch.last_offset,
                timestamp: batch.timestamp,
            });
        }
        if header.producer_epoch < producer.epoch {
            let (found, current) = (header.producer_epoch, producer.epoch);
            return Err(ProducerFault::InvalidEpoch { producer_id, found, current });
        }
        let (found, last) = (header.base_sequence, producer.last_sequence());
        let in_order = if header.producer_epoch > producer.epoch { found == 0 } else { follows(last, found) };
        if !in_order {
            return Err(ProducerFault::OutOfOrderSequence { producer_id, found, last });
        }
        if producer.transaction_start.is_some() && !header.is_transactional() {
            return Err(ProducerFault::OutsideTransaction { producer_id });
        }
        Ok(Verdict::Append)
    }

    /// Whether a coordinator's marker may be appended, by the rules of this version of transactions. From version 2 on each
    /// transaction's end has an epoch of its own, above that of its batches, so that a late marker cannot end the next
    /// one (KIP-890); one that comes again, when it has ended already, changes nothing.
    pub fn check_marker(
        &self,
        header: &BatchHeader,
        marker: Marker,
        transaction_version: i8,
    ) -> Result<(), ProducerFault> {
        let (producer_id, found) = (header.producer_id, header.producer_epoch);
        let producer = self.producers.get(&producer_id);
        if let Some(current) = producer.map(|producer| producer.epoch).filter(|current| found < *current) {
            return Err(ProducerFault::InvalidEpoch { producer_id, found, current });
        }
        if transaction_version < 0 {
            return Err(ProducerFault::TransactionVersion(transaction_version));
        }
        let Some(producer) = producer else { return Ok(()) };
        let current = producer.epoch;
        if transaction_version >= EPOCH_PER_TRANSACTION
            && found == current
            && producer.transaction_start.is_some()
        {
            return Err(ProducerFault::InvalidEpoch { producer_id, found, current });
        }
        if marker.coordinator_epoch < producer.coordinator_epoch {
            let (found, current) = (marker.coordinator_epoch, producer.coordinator_epoch);
            return Err(ProducerFault::CoordinatorFenced { found, current });
        }
        Ok(())
    }

    /// Takes in a batch that is in the log at `header.base_offset`; batches without a producer change nothing.
    /// `marker` is given for control batches; returns the transaction that it ends, if one was open.
    pub fn record(&mut self, header: &BatchHeader, marker: Option<Marker>) -> Option<Ended> {
        if header.producer_id < 0 {
            return None;
        }
        let producer =
            self.producers.entry(header.producer_id).or_insert_with(|| Producer::new(header.producer_epoch));
        producer.take_epoch(header.producer_epoch);
        producer.last_timestamp = header.max_timestamp;
        if header.is_control() {
            let marker = marker?;
            producer.coordinator_epoch = marker.coordinator_epoch;
            let first_offset = producer.transaction_start.take()?;
            let last_offset = header.last_offset();
            self.open.remove(&first_offset);
            self.ended.insert(first_offset, last_offset);
            let first_open = self.open.first_key_value().map(|(start, _)| *start);
            let last_stable_offset = first_open.unwrap_or(last_offset + 1);
            let (commit, producer_id) = (marker.commit, header.producer_id);
            return Some(Ended { commit, producer_id, first_offset, last_offset, last_stable_offset });
        }
        if producer.batches.len() == BATCHES_KEPT {
            producer.batches.remove(0);
        }
        producer.batches.push(Batch {
            last_sequence: sequence_after(header.base_sequence, header.last_offset_delta),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta,
            timestamp: header.max_timestamp,
        });
        if header.is_transactional() && producer.transaction_start.is_none() {
            producer.transaction_start = Some(header.base_offset);
            self.open.insert(header.base_offset, header.producer_id);
        }
        None
    }

    /// The largest timestamp of any producer's last batch.
    pub fn last_timestamp(&self) -> Option<i64> {
        self.producers
            .values()
            .filter_map(|producer| producer.batches.last())
            .map(|batch| batch.timestamp)
            .max()
    }

    /// Takes in a batch that a snapshot has left out: Kafka's form of one holds only the last of each producer, and a client may send
    /// the four before it again. In the order of the log; what the snapshot says stays as it is.
    pub fn recall(&mut self, header: &BatchHeader) {
        if header.is_control() {
            return;
        }
        let Some(producer) = self.producers.get_mut(&header.producer_id) else { return };
        let last_offset = header.last_offset();
        let is_older = producer.batches.last().is_some_and(|last| last_offset < last.last_offset);
        if header.producer_epoch != producer.epoch || !is_older {
            return;
        }
        let place = producer.batches.iter().position(|batch| batch.last_offset >= last_offset).unwrap_or(0);
        if producer.batches.get(place).is_some_and(|batch| batch.last_offset == last_offset) {
            return;
        }
        producer.batches.insert(
            place,
            Batch {
                last_sequence: sequence_after(header.base_sequence, header.last_offset_delta),
                last_offset,
                offset_delta: header.last_offset_delta,
                timestamp: header.max_timestamp,
            },
        );
        if producer.batches.len() > BATCHES_KEPT {
            producer.batches.remove(0);
        }
    }

    /// The first offset of a transaction that is open, or whose end is not below the high watermark.
    pub fn first_unstable_offset(&self) -> Option<Offset> {
        let open = self.open.first_key_value().map(|(start, _)| *start);
        let ended = self.ended.first_key_value().map(|(start, _)| *start);
        match (open, ended) {
            (Some(open), Some(ended)) => Some(open.min(ended)),
            (open, ended) => open.or(ended),
        }
    }

    /// Ends below `high_watermark` are settled.
    pub fn high_watermark_moved(&mut self, high_watermark: Offset) {
        if !self.ended.is_empty() {
            self.ended.retain(|_, marker| *marker >= high_watermark);
        }
    }

    /// Forgets who has been silent for `expiration_ms` and has no open transaction.
    pub fn expire(&mut self, now_ms: i64, expiration_ms: i64) {
        self.producers.retain(|_, producer| !producer.is_expired(now_ms, expiration_ms));
    }

    pub fn len(&self) -> usize {
        self.producers.len()
    }
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty()
    }

    /// The last that a producer has in the log, which compaction has to leave.
    pub fn last_batch(&self, producer_id: i64) -> Option<LastBatch> {
        let producer = self.producers.get(&producer_id)?;
        let offset = producer.batches.last().map(|batch| batch.last_offset);
        Some(LastBatch { offset, epoch: producer.epoch })
    }

    /// All of them, by id.
    pub fn list(&self) -> Vec<ProducerInfo> {
        let info = |(id, producer): (&i64, &Producer)| ProducerInfo {
            producer_id: *id,
            producer_epoch: producer.epoch,
            last_sequence: producer.last_sequence(),
            last_timestamp: producer.last_timestamp,
            coordinator_epoch: producer.coordinator_epoch,
            current_txn_start_offset: producer.transaction_start.unwrap_or(-1),
        };
        let mut list: Vec<ProducerInfo> = self.producers.iter().map(info).collect();
        list.sort_unstable_by_key(|info| info.producer_id);
        list
    }
}

/// The kept batch with exactly the sequences of `header`.
fn find<'a>(producer: &'a Producer, header: &BatchHeader) -> Option<&'a Batch> {
    let last = sequence_after(header.base_sequence, header.last_offset_delta);
    let same = |batch: &&Batch| batch.last_sequence == last && batch.first_sequence() == header.base_sequence;
    producer.batches.iter().find(same)
}

/// The sequence `count` after `sequence`; after `i32::MAX` comes 0.
fn sequence_after(sequence: i32, count: i32) -> i32 {
    let sum = i64::from(sequence) + i64::from(count);
    if sum > i64::from(i32::MAX) { (sum - i64::from(i32::MAX) - 1) as i32 } else { sum as i32 }
}

/// The sequence `count` before `sequence`.
fn sequence_before(sequence: i32, count: i32) -> i32 {
    let difference = i64::from(sequence) - i64::from(count);
    if difference < 0 { (difference + i64::from(i32::MAX) + 1) as i32 } else { difference as i32 }
}

fn follows(last: i32, next: i32) -> bool {
    i64::from(next) == i64::from(last) + 1 || (next == 0 && last == i32::MAX)
}
