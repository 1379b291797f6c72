//! The producer state as Kafka stores it in `OFFSET.snapshot`: after a restart batches before the last one of a producer
//! have to be recalled.

use super::{Batch, Producer, Producers};
use ottla_log::snapshot::{self, ProducerEntry, SnapshotFault};
use smallvec::smallvec;

impl Producers {
    /// The state in Kafka's form; equal states give equal bytes.
    pub fn to_snapshot(&self) -> Vec<u8> {
        let mut entries: Vec<ProducerEntry> = self
            .producers
            .iter()
            .map(|(id, producer)| {
                let last = producer.batches.last();
                ProducerEntry {
                    producer_id: *id,
                    producer_epoch: producer.epoch,
                    last_sequence: producer.last_sequence(),
                    last_offset: last.map_or(-1, |batch| batch.last_offset),
                    offset_delta: last.map_or(0, |batch| batch.offset_delta),
                    last_timestamp: producer.last_timestamp,
                    coordinator_epoch: producer.coordinator_epoch,
                    current_txn_first_offset: producer.transaction_start.unwrap_or(-1),
                }
            })
            .collect();
        entries.sort_unstable_by_key(|entry| entry.producer_id);
        snapshot::format(entries.into_iter())
    }

    /// Reads a stored snapshot.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Producers, SnapshotFault> {
        let mut state = Producers::default();
        for entry in snapshot::parse(bytes)? {
            state.take(&entry);
        }
        Ok(state)
    }

    fn take(&mut self, entry: &ProducerEntry) {
        let ProducerEntry { producer_id, last_sequence, last_offset, offset_delta, .. } = *entry;
        let mut producer = Producer::new(entry.producer_epoch);
        producer.last_timestamp = entry.last_timestamp;
        producer.coordinator_epoch = entry.coordinator_epoch;
        if last_offset >= 0 && last_sequence >= 0 && offset_delta >= 0 {
            let timestamp = producer.last_timestamp;
            producer.batches = smallvec![Batch { last_sequence, last_offset, offset_delta, timestamp }];
        }
        if entry.current_txn_first_offset >= 0 {
            producer.transaction_start = Some(entry.current_txn_first_offset);
            self.open.insert(entry.current_txn_first_offset, producer_id);
        }
        self.producers.insert(producer_id, producer);
    }
}
