//! `OFFSET.snapshot`: what a partition's producers had done when the log ended at that offset. Kafka's version 1. Pure.
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
//! Only the last batch of each producer is in it, as in Kafka.

use crate::Offset;

const VERSION: i16 = 1;
const HEAD_BYTES: usize = 10;
const CRC_START: usize = 6;
const PRODUCER_BYTES: usize = 46;

/// One producer, as the file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerEntry {
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// -1 when it has no batch in this epoch.
    pub last_sequence: i32,
    pub last_offset: Offset,
    pub offset_delta: i32,
    pub last_timestamp: i64,
    /// -1 before its first marker.
    pub coordinator_epoch: i32,
    /// Where its open transaction begins, or -1.
    pub current_txn_first_offset: Offset,
}

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
    fn producer(&mut self) -> Option<ProducerEntry> {
        Some(ProducerEntry {
            producer_id: self.i64()?,
            producer_epoch: self.i16()?,
            last_sequence: self.i32()?,
            last_offset: self.i64()?,
            offset_delta: self.i32()?,
            last_timestamp: self.i64()?,
            coordinator_epoch: self.i32()?,
            current_txn_first_offset: self.i64()?,
        })
    }
}

/// The file of these producers.
pub fn format(producers: impl ExactSizeIterator<Item = ProducerEntry>) -> Vec<u8> {
    let count = producers.len();
    let mut bytes = Vec::with_capacity(HEAD_BYTES + count * PRODUCER_BYTES);
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&(count as i32).to_be_bytes());
    for producer in producers {
        bytes.extend_from_slice(&producer.producer_id.to_be_bytes());
        bytes.extend_from_slice(&producer.producer_epoch.to_be_bytes());
        bytes.extend_from_slice(&producer.last_sequence.to_be_bytes());
        bytes.extend_from_slice(&producer.last_offset.to_be_bytes());
        bytes.extend_from_slice(&producer.offset_delta.to_be_bytes());
        bytes.extend_from_slice(&producer.last_timestamp.to_be_bytes());
        bytes.extend_from_slice(&producer.coordinator_epoch.to_be_bytes());
        bytes.extend_from_slice(&producer.current_txn_first_offset.to_be_bytes());
    }
    let crc = crc32c::crc32c(bytes.get(CRC_START..).unwrap_or_default());
    if let Some(field) = bytes.get_mut(2..CRC_START) {
        field.copy_from_slice(&crc.to_be_bytes());
    }
    bytes
}

/// Reads a whole file.
pub fn parse(bytes: &[u8]) -> Result<Vec<ProducerEntry>, SnapshotFault> {
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
    if usize::try_from(count).ok().and_then(|count| count.checked_mul(PRODUCER_BYTES)) != Some(fields.0.len())
    {
        return Err(size);
    }
    let mut producers = Vec::with_capacity(fields.0.len() / PRODUCER_BYTES);
    while !fields.0.is_empty() {
        producers.push(fields.producer().ok_or(size)?);
    }
    Ok(producers)
}
