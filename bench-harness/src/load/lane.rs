//! PURE. One producer's batches for one partition: being filled, waiting, in flight, and to be sent again.
//!
//! ```text
//!   push ─▶ open ─(full, or lingered)─▶ taken ─▶ in flight ─▶ acknowledged: its memory is used again
//!             ▲                                      │
//!             └────── waits behind its elders ◀──────┘ failed, may be sent again
//! ```
//!
//! Batches leave in their order. When one fails, those behind it fail or come back before any is sent again, so that order and, with
//! idempotence, sequences hold.

use super::batch::{Batch, NewRecord};
use crate::clock::Nanos;
use std::collections::VecDeque;

/// When a batch is full.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub batch_bytes: usize,
    /// 0: no bound.
    pub batch_records: usize,
    pub linger_ns: Nanos,
    /// Batches that wait here before the producer stops making more.
    pub queue_max: usize,
}

#[derive(Debug)]
pub struct Lane {
    /// An index into the plan's topics.
    pub topic: usize,
    pub partition: i32,
    /// -1: not known.
    pub leader: i32,
    queue: VecDeque<Batch>,
    pub in_flight: usize,
    /// A batch failed and waits for those in flight.
    is_failed: bool,
    /// Not to be sent before.
    pub retry_at: Nanos,
    next_ordinal: u64,
    next_record: u64,
    next_sequence: i32,
}

impl Lane {
    pub fn new(topic: usize, partition: i32, leader: i32) -> Lane {
        Lane {
            topic,
            partition,
            leader,
            queue: VecDeque::new(),
            in_flight: 0,
            is_failed: false,
            retry_at: 0,
            next_ordinal: 0,
            next_record: 0,
            next_sequence: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Records that wait here.
    pub fn waiting(&self) -> impl Iterator<Item = Nanos> + '_ {
        self.queue.iter().flat_map(|batch| batch.intended.iter().copied())
    }

    /// Whether one more record may come.
    pub fn has_room(&self, bounds: &Bounds) -> bool {
        self.queue.len() < bounds.queue_max || self.is_filling()
    }

    /// Whether a batch has records and takes more.
    pub fn is_filling(&self) -> bool {
        self.queue.back().is_some_and(|open| !open.is_closed)
    }

    /// How many records of at most `record_bytes` it takes at least until a batch is full.
    pub fn records_to_full(&self, record_bytes: usize, bounds: &Bounds) -> usize {
        let open = self.queue.back().filter(|open| !open.is_closed);
        let (bytes, records) = open.map_or((0, 0), |open| (open.uncompressed_bytes(), open.record_count()));
        let by_bytes = bounds.batch_bytes.saturating_sub(bytes) / record_bytes.max(1);
        let by_records = match bounds.batch_records {
            0 => usize::MAX,
            most => most.saturating_sub(records),
        };
        by_bytes.min(by_records).max(1)
    }

    /// The sequence that the next record has for verification.
    pub fn next_record(&self) -> u64 {
        self.next_record
    }

    /// Adds a record of `bytes`, in a batch from `spare` when the open one is full.
    #[inline]
    pub fn push(
        &mut self,
        record: &NewRecord<'_>,
        bytes: usize,
        bounds: &Bounds,
        now: Nanos,
        spare: &mut Vec<Batch>,
    ) {
        let fits_open = self.queue.back().is_some_and(|open| !open.is_closed && fits(open, bytes, bounds));
        if !fits_open {
            if let Some(open) = self.queue.back_mut()
                && !open.is_closed
            {
                close(open, record.intended);
            }
            let mut batch = spare.pop().unwrap_or_default();
            batch.begin(self.next_ordinal, self.next_record);
            // By its first record; a full batch is ready earlier.
            batch.ready_at = record.intended.saturating_add(bounds.linger_ns);
            self.next_ordinal += 1;
            self.queue.push_back(batch);
        }
        if let Some(open) = self.queue.back_mut() {
            open.push(record);
            self.next_record += 1;
            let is_full = open.uncompressed_bytes() >= bounds.batch_bytes
                || bounds.batch_records > 0 && open.record_count() >= bounds.batch_records;
            if is_full {
                close(open, record.intended);
            }
        }
        debug_assert!(now >= record.intended);
    }

    /// Whether a batch may leave at `now`; `flush` takes one that is neither full nor lingered.
    pub fn is_ready(&self, now: Nanos, flush: bool) -> bool {
        let may = now >= self.retry_at && !(self.is_failed && self.in_flight > 0);
        may && self.queue.front().is_some_and(|front| flush || front.is_closed || front.ready_at <= now)
    }

    /// When a batch becomes ready by waiting alone.
    pub fn ready_at(&self) -> Option<Nanos> {
        if self.is_failed && self.in_flight > 0 {
            return None;
        }
        self.queue.front().map(|front| if front.is_closed { 0 } else { front.ready_at }.max(self.retry_at))
    }

    /// The bytes of the batch that would be taken.
    pub fn front_bytes(&self) -> usize {
        self.queue.front().map_or(0, Batch::uncompressed_bytes)
    }

    /// Takes the eldest batch to send it; with idempotence it has its sequence then.
    pub fn take(&mut self, is_idempotent: bool) -> Option<Batch> {
        let mut batch = self.queue.pop_front()?;
        self.is_failed = false;
        self.in_flight += 1;
        batch.is_closed = true;
        batch.attempts += 1;
        if is_idempotent && batch.base_sequence < 0 {
            batch.base_sequence = self.next_sequence;
            let count = i32::try_from(batch.record_count()).unwrap_or(i32::MAX);
            self.next_sequence = ottla_protocol::records::sequence_after(self.next_sequence, count);
        }
        Some(batch)
    }

    /// A batch is back for good.
    pub fn landed(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// A batch is back and is to be sent again, not before `retry_at`.
    pub fn failed(&mut self, batch: Batch, retry_at: Nanos) {
        self.landed();
        self.is_failed = true;
        self.retry_at = self.retry_at.max(retry_at);
        let place = self.queue.partition_point(|waiting| waiting.ordinal < batch.ordinal);
        self.queue.insert(place, batch);
    }

    /// Sequences begin anew, for another producer id. Nothing is in flight.
    pub fn renumber(&mut self) {
        debug_assert_eq!(self.in_flight, 0);
        self.next_sequence = 0;
        for batch in &mut self.queue {
            batch.unseal();
        }
    }
}

fn fits(open: &Batch, bytes: usize, bounds: &Bounds) -> bool {
    let has_place = bounds.batch_records == 0 || open.record_count() < bounds.batch_records;
    // A record that is larger than a batch gets one to itself.
    has_place && (open.record_count() == 0 || open.uncompressed_bytes() + bytes <= bounds.batch_bytes)
}

fn close(open: &mut Batch, at: Nanos) {
    open.is_closed = true;
    open.ready_at = open.ready_at.min(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { batch_bytes: 400, batch_records: 3, linger_ns: 50, queue_max: 2 };

    fn push(lane: &mut Lane, at: Nanos, spare: &mut Vec<Batch>) {
        let value = [0; 20];
        lane.push(
            &NewRecord { intended: at, key: None, value: (&value, b""), header: None },
            30,
            &BOUNDS,
            at,
            spare,
        );
    }

    /// A batch waits for its linger, unless it is full before.
    #[test]
    fn full_or_lingered() {
        let (mut lane, mut spare) = (Lane::new(0, 0, 1), Vec::new());
        push(&mut lane, 1000, &mut spare);
        assert!(!lane.is_ready(1049, false) && lane.is_ready(1050, false) && lane.is_ready(1001, true));
        assert_eq!(lane.ready_at(), Some(1050));
        push(&mut lane, 1010, &mut spare);
        push(&mut lane, 1020, &mut spare);
        assert!(lane.is_ready(1020, false));
        let batch = lane.take(false).unwrap();
        assert_eq!((batch.record_count(), batch.ready_at, batch.is_closed), (3, 1020, true));
        assert!(lane.is_empty() && lane.in_flight == 1);
    }

    /// No more batches wait than allowed; then the producer has to.
    #[test]
    fn waiting_batches_are_bounded() {
        let (mut lane, mut spare) = (Lane::new(0, 0, 1), Vec::new());
        for n in 0..6 {
            assert!(lane.has_room(&BOUNDS), "{n}");
            push(&mut lane, n, &mut spare);
        }
        assert!(!lane.has_room(&BOUNDS));
        assert_eq!(lane.waiting().count(), 6);
    }

    /// Nobody has to look before so many records came.
    #[test]
    fn a_batch_is_full_after_so_many_records() {
        let (mut lane, mut spare) = (Lane::new(0, 0, 1), Vec::new());
        assert_eq!(lane.records_to_full(30, &BOUNDS), 3);
        push(&mut lane, 1, &mut spare);
        assert_eq!(lane.records_to_full(30, &BOUNDS), 2);
        assert_eq!(lane.records_to_full(200, &BOUNDS), 1);
        push(&mut lane, 2, &mut spare);
        push(&mut lane, 3, &mut spare);
        assert_eq!(lane.records_to_full(30, &BOUNDS), 3);
    }

    /// After a failure nothing leaves before everything is back, then in the old order with the old sequences.
    #[test]
    fn order_and_sequences_hold_through_a_failure() {
        let (mut lane, mut spare) = (Lane::new(0, 0, 1), Vec::new());
        for n in 0..6 {
            push(&mut lane, n, &mut spare);
        }
        let (first, second) = (lane.take(true).unwrap(), lane.take(true).unwrap());
        assert_eq!((first.base_sequence, second.base_sequence), (0, 3));
        for n in 6..9 {
            push(&mut lane, n, &mut spare);
        }
        lane.failed(first, 100);
        assert!(!lane.is_ready(200, false), "the second one is in flight");
        lane.failed(second, 100);
        assert!(!lane.is_ready(99, false) && lane.is_ready(100, false));
        let order: Vec<(i32, u64)> = std::iter::from_fn(|| lane.take(true))
            .map(|batch| (batch.base_sequence, batch.record_sequence))
            .collect();
        assert_eq!(order, [(0, 0), (3, 3), (6, 6)]);
    }

    /// With another producer id sequences begin at 0, in the order of the batches.
    #[test]
    fn another_producer_id_begins_anew() {
        let (mut lane, mut spare) = (Lane::new(0, 0, 1), Vec::new());
        for n in 0..6 {
            push(&mut lane, n, &mut spare);
        }
        let first = lane.take(true).unwrap();
        lane.failed(first, 0);
        lane.renumber();
        assert_eq!(lane.take(true).map(|batch| (batch.base_sequence, batch.record_sequence)), Some((0, 0)));
        assert_eq!(lane.take(true).map(|batch| (batch.base_sequence, batch.record_sequence)), Some((3, 3)));
    }
}
