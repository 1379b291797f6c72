//! The producer state as Kafka stores it in `OFFSET.snapshot`, version 1.
//!
//! | bytes | field | | bytes of a producer | field |
//! | --- | --- | --- | --- | --- |
//! | 0..2 | version, 1 | | 0..8 | producer_id |
//! | 2..6 | CRC-32C of all from 6 | | 8..10 | producer_epoch |
//! | 6..10 | number of producers | | 10..14 | last_sequence, or -1 |
//! | 10.. | producers, 46 bytes each | | 14..22 | last_offset of its last batch, or -1 |
//! | | | | 22..26 | offset_delta of that batch |
//! | | | | 26..34 | timestamp of its last batch or marker |
//! | | | | 34..38 | coordinator_epoch |
//! | | | | 38..46 | current_txn_first_offset, or -1 |
//!
//! Only the last batch of each producer is in it, as in Kafka: after a restart older duplicates are gaps.

use super::{Batch, Producer, Producers};
use ottla_log::Offset;
use smallvec::smallvec;

const VERSION: i16 = 1;
const HEAD_BYTES: usize = 10;
const CRC_START: usize = 6;
const PRODUCER_BYTES: usize = 46;

/// Why bytes are no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotFault {
    #[error("version {0} where 1 was expected")]
    Version(i16),
    #[error("checksum {computed:#010x} instead of {stored:#010x}")]
    Checksum { stored: u32, computed: u32 },
    #[error("{0} bytes do not hold the producers that it announces")]
    Size(usize),
}

/// Reads big-endian fields one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn next<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }
    fn i16(&mut self) -> Option<i16> {
        self.next().map(i16::from_be_bytes)
    }
    fn i32(&mut self) -> Option<i32> {
        self.next().map(i32::from_be_bytes)
    }
    fn i64(&mut self) -> Option<i64> {
        self.next().map(i64::from_be_bytes)
    }
}

impl Producers {
    /// The state in Kafka's form; equal states give equal bytes.
    pub fn to_snapshot(&self) -> Vec<u8> {
        let mut ids: Vec<i64> = self.producers.keys().copied().collect();
        ids.sort_unstable();
        let mut bytes = Vec::with_capacity(HEAD_BYTES + ids.len() * PRODUCER_BYTES);
        bytes.extend_from_slice(&VERSION.to_be_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&(ids.len() as i32).to_be_bytes());
        for id in ids {
            let Some(producer) = self.producers.get(&id) else { continue };
            let last = producer.batches.last();
            bytes.extend_from_slice(&id.to_be_bytes());
            bytes.extend_from_slice(&producer.epoch.to_be_bytes());
            bytes.extend_from_slice(&producer.last_sequence().to_be_bytes());
            bytes.extend_from_slice(&last.map_or(-1, |batch| batch.last_offset).to_be_bytes());
            bytes.extend_from_slice(&last.map_or(0, |batch| batch.offset_delta).to_be_bytes());
            bytes.extend_from_slice(&producer.last_timestamp.to_be_bytes());
            bytes.extend_from_slice(&producer.coordinator_epoch.to_be_bytes());
            bytes.extend_from_slice(&producer.transaction_start.unwrap_or(-1).to_be_bytes());
        }
        let crc = crc32c::crc32c(bytes.get(CRC_START..).unwrap_or_default());
        if let Some(field) = bytes.get_mut(2..CRC_START) {
            field.copy_from_slice(&crc.to_be_bytes());
        }
        bytes
    }

    /// Reads a stored snapshot.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Producers, SnapshotFault> {
        let size = SnapshotFault::Size(bytes.len());
        let mut fields = Fields(bytes);
        let version = fields.i16().ok_or(size)?;
        if version != VERSION {
            return Err(SnapshotFault::Version(version));
        }
        let stored = fields.i32().ok_or(size)?.cast_unsigned();
        let computed = crc32c::crc32c(fields.0);
        if stored != computed {
            return Err(SnapshotFault::Checksum { stored, computed });
        }
        let count = fields.i32().ok_or(size)?;
        // The bytes decide how many there can be, so that nothing is allocated for a count that lies.
        if usize::try_from(count).ok().and_then(|count| count.checked_mul(PRODUCER_BYTES))
            != Some(fields.0.len())
        {
            return Err(size);
        }
        let mut state = Producers::default();
        while !fields.0.is_empty() {
            state.take_producer(&mut fields).ok_or(size)?;
        }
        Ok(state)
    }

    fn take_producer(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        let producer_id = fields.i64()?;
        let mut producer = Producer::new(fields.i16()?);
        let (last_sequence, last_offset, offset_delta) = (fields.i32()?, fields.i64()?, fields.i32()?);
        producer.last_timestamp = fields.i64()?;
        producer.coordinator_epoch = fields.i32()?;
        let transaction_start: Offset = fields.i64()?;
        if last_offset >= 0 && last_sequence >= 0 && offset_delta >= 0 {
            let timestamp = producer.last_timestamp;
            producer.batches = smallvec![Batch { last_sequence, last_offset, offset_delta, timestamp }];
        }
        if transaction_start >= 0 {
            producer.transaction_start = Some(transaction_start);
            self.open.insert(transaction_start, producer_id);
        }
        self.producers.insert(producer_id, producer);
        Some(())
    }
}
