//! The header of a record batch (magic 2): read in place, patched in place.
//!
//! | bytes | field | | bytes | field |
//! | --- | --- | --- | --- | --- |
//! | 0..8 | base_offset | | 27..35 | base_timestamp |
//! | 8..12 | batch_length, of what follows it | | 35..43 | max_timestamp |
//! | 12..16 | partition_leader_epoch | | 43..51 | producer_id |
//! | 16 | magic | | 51..53 | producer_epoch |
//! | 17..21 | CRC-32C of all from 21 | | 53..57 | base_sequence |
//! | 21..23 | attributes | | 57..61 | record_count |
//! | 23..27 | last_offset_delta | | 61.. | records |
//!
//! The fields before the CRC are not covered by it, so that a broker patches base offset and epoch freely: whoever reads them from
//! disk has to check them against their surroundings.
//!
//! Attributes: bits 0..3 codec, 3 LogAppendTime, 4 transactional, 5 control, 6 base_timestamp is a delete horizon (KIP-534).

use super::{Offset, Record};
use crate::compression::Compression;

/// Bytes of the header of a magic 2 batch, and so the least that a batch can have.
pub const BATCH_HEADER_BYTES: usize = 61;
/// base_offset and batch_length, which batch_length does not count.
pub const LENGTH_PREFIX_BYTES: usize = 12;
/// Where the bytes that the CRC covers begin.
pub const CRC_START: usize = 21;

const LEADER_EPOCH_AT: usize = 12;
const CRC_AT: usize = 17;
const MAX_TIMESTAMP_AT: usize = 35;

pub(super) const COMPRESSION_MASK: i16 = 0x07;
pub(super) const LOG_APPEND_TIME: i16 = 0x08;
pub(super) const TRANSACTIONAL: i16 = 0x10;
pub(super) const CONTROL: i16 = 0x20;
pub(super) const DELETE_HORIZON: i16 = 0x40;

/// The fields of a batch's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    pub base_offset: Offset,
    /// The whole batch, with the 12 bytes that its own length field leaves out.
    pub bytes: usize,
    pub leader_epoch: i32,
    pub crc: u32,
    pub attributes: i16,
    pub last_offset_delta: i32,
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub record_count: i32,
}

/// Why bytes are no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchFault {
    #[error("fewer bytes than a batch header")]
    Short,
    #[error("magic {0} where 2 was expected")]
    Magic(i8),
    #[error("a batch length of {0}")]
    Length(i32),
    #[error("a base offset of {0}")]
    BaseOffset(i64),
    #[error("a last offset delta of {0}")]
    LastOffsetDelta(i32),
    #[error("a record count of {0}")]
    RecordCount(i32),
    #[error("checksum {computed:#010x} instead of {stored:#010x}")]
    Checksum { stored: u32, computed: u32 },
    #[error("offset {found} where {expected} was expected")]
    OffsetOrder { found: Offset, expected: Offset },
    #[error("offset {found} at or beyond {end}")]
    OffsetBeyond { found: Offset, end: Offset },
    #[error("leader epoch {found} after {last}")]
    EpochOrder { found: i32, last: i32 },
    #[error("zeros")]
    Zeros,
    #[error("the file ends inside a batch of {0} bytes")]
    Torn(usize),
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk::<N>().copied()
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`, which may hold less or more than the batch. The CRC is not checked.
    pub fn parse(bytes: &[u8]) -> Result<BatchHeader, BatchFault> {
        let header = Self::fields(bytes).ok_or(BatchFault::Short)?;
        let (header, magic, length) = header;
        if magic != 2 {
            return Err(if length == 0 && header.base_offset == 0 && magic == 0 {
                BatchFault::Zeros
            } else {
                BatchFault::Magic(magic)
            });
        }
        if length < (BATCH_HEADER_BYTES - LENGTH_PREFIX_BYTES) as i32 {
            return Err(BatchFault::Length(length));
        }
        if header.last_offset_delta < 0 {
            return Err(BatchFault::LastOffsetDelta(header.last_offset_delta));
        }
        if header.base_offset < 0 || header.base_offset > i64::MAX - i64::from(i32::MAX) - 1 {
            return Err(BatchFault::BaseOffset(header.base_offset));
        }
        if header.record_count < 0 || i64::from(header.record_count) > i64::from(header.last_offset_delta) + 1
        {
            return Err(BatchFault::RecordCount(header.record_count));
        }
        Ok(header)
    }

    fn fields(bytes: &[u8]) -> Option<(BatchHeader, i8, i32)> {
        let length = i32::from_be_bytes(array(bytes, 8)?);
        let magic = i8::from_be_bytes(array(bytes, 16)?);
        let header = BatchHeader {
            base_offset: i64::from_be_bytes(array(bytes, 0)?),
            bytes: usize::try_from(length).unwrap_or(0) + LENGTH_PREFIX_BYTES,
            leader_epoch: i32::from_be_bytes(array(bytes, LEADER_EPOCH_AT)?),
            crc: u32::from_be_bytes(array(bytes, CRC_AT)?),
            attributes: i16::from_be_bytes(array(bytes, CRC_START)?),
            last_offset_delta: i32::from_be_bytes(array(bytes, 23)?),
            base_timestamp: i64::from_be_bytes(array(bytes, 27)?),
            max_timestamp: i64::from_be_bytes(array(bytes, MAX_TIMESTAMP_AT)?),
            producer_id: i64::from_be_bytes(array(bytes, 43)?),
            producer_epoch: i16::from_be_bytes(array(bytes, 51)?),
            base_sequence: i32::from_be_bytes(array(bytes, 53)?),
            record_count: i32::from_be_bytes(array(bytes, 57)?),
        };
        Some((header, magic, length))
    }

    pub fn last_offset(&self) -> Offset {
        self.base_offset + i64::from(self.last_offset_delta)
    }
    pub fn next_offset(&self) -> Offset {
        self.last_offset() + 1
    }
    /// The batch's codec. `None`: a number that stands for none.
    pub fn compression(&self) -> Option<Compression> {
        Compression::from_id(self.attributes & COMPRESSION_MASK)
    }
    pub fn is_compressed(&self) -> bool {
        self.attributes & COMPRESSION_MASK != 0
    }
    pub fn is_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }
    /// When compaction may drop this batch's tombstones and markers, once it has said so (KIP-534); it lies where the base timestamp
    /// was.
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }
    /// A record's timestamp. A delta that overflows wraps, as it does in Kafka.
    pub fn record_timestamp(&self, record: &Record<'_>) -> i64 {
        if self.is_log_append_time() {
            self.max_timestamp
        } else {
            self.base_timestamp.wrapping_add(record.timestamp_delta)
        }
    }
    pub fn has_producer(&self) -> bool {
        self.producer_id >= 0
    }
    /// The sequence of the last record; sequences go on at 0 after `i32::MAX`.
    pub fn last_sequence(&self) -> i32 {
        sequence_after(self.base_sequence, self.last_offset_delta)
    }
}

/// Checks the CRC of the whole batch `batch`, whose header is `header`.
pub fn verify_checksum(header: &BatchHeader, batch: &[u8]) -> Result<(), BatchFault> {
    let covered = batch.get(CRC_START..header.bytes).ok_or(BatchFault::Torn(header.bytes))?;
    let computed = crc32c::crc32c(covered);
    if computed == header.crc { Ok(()) } else { Err(BatchFault::Checksum { stored: header.crc, computed }) }
}

/// The sequence `delta` records after `base`. There is none before the first: -1 stays -1.
pub fn sequence_after(base: i32, delta: i32) -> i32 {
    if base < 0 {
        return base;
    }
    match base.checked_add(delta) {
        Some(sequence) => sequence,
        None => delta - (i32::MAX - base) - 1,
    }
}

/// Sets the two fields that a leader assigns; both lie outside the CRC. `batch` begins with a header that was parsed.
pub fn patch_assignment(batch: &mut [u8], base_offset: Offset, leader_epoch: i32) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[LEADER_EPOCH_AT..LEADER_EPOCH_AT + 4].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// Makes every record's timestamp `now` by the LogAppendTime attribute, and computes the CRC anew. `batch` is one whole batch
/// that was parsed.
pub fn patch_log_append_time(batch: &mut [u8], now: i64) {
    patch_timestamps(batch, true, now);
}

/// Sets the kind of timestamps and the largest one, and computes the CRC anew. `batch` is one whole batch that was parsed.
pub fn patch_timestamps(batch: &mut [u8], log_append_time: bool, max_timestamp: i64) {
    // The attributes' low byte.
    let attributes = &mut batch[CRC_START + 1];
    *attributes &= !(LOG_APPEND_TIME as u8);
    if log_append_time {
        *attributes |= LOG_APPEND_TIME as u8;
    }
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&max_timestamp.to_be_bytes());
    seal(batch);
}

/// Computes the CRC of the one whole batch `batch`.
pub(super) fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[CRC_START..]);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::BatchBuilder;

    fn batch_of(record_count: usize) -> Vec<u8> {
        let mut builder = BatchBuilder::new();
        for _ in 0..record_count {
            builder.push(1_700_000_000_000, None, Some(b"payload"), &[]);
        }
        builder.build().unwrap()
    }

    #[test]
    fn a_built_batch_parses_and_verifies() {
        let mut batch = batch_of(3);
        patch_assignment(&mut batch, 7, 0);
        let header = BatchHeader::parse(&batch).unwrap();
        assert_eq!((header.base_offset, header.next_offset(), header.bytes), (7, 10, batch.len()));
        verify_checksum(&header, &batch).unwrap();
    }

    #[test]
    fn patching_offset_and_epoch_keeps_the_checksum_and_append_time_renews_it() {
        let mut batch = batch_of(1);
        patch_assignment(&mut batch, 99, 5);
        let header = BatchHeader::parse(&batch).unwrap();
        assert_eq!((header.base_offset, header.leader_epoch), (99, 5));
        verify_checksum(&header, &batch).unwrap();
        patch_log_append_time(&mut batch, 42);
        let header = BatchHeader::parse(&batch).unwrap();
        assert!(header.is_log_append_time());
        assert_eq!(header.max_timestamp, 42);
        verify_checksum(&header, &batch).unwrap();
        patch_timestamps(&mut batch, false, 43);
        let header = BatchHeader::parse(&batch).unwrap();
        assert_eq!((header.is_log_append_time(), header.max_timestamp, header.attributes), (false, 43, 0));
        verify_checksum(&header, &batch).unwrap();
    }

    #[test]
    fn zeros_and_short_bytes_are_never_a_batch() {
        assert_eq!(BatchHeader::parse(&[0; 61]), Err(BatchFault::Zeros));
        assert_eq!(BatchHeader::parse(&[0; 60]), Err(BatchFault::Short));
    }

    #[test]
    fn nonsense_lengths_and_counts_are_refused() {
        let good = batch_of(1);
        for (at, value) in [(8, i32::MIN), (8, 48), (23, -1), (57, -1), (57, 2)] {
            let mut bad = good.clone();
            bad[at..at + 4].copy_from_slice(&i32::to_be_bytes(value));
            assert!(BatchHeader::parse(&bad).is_err(), "{value} at {at}");
        }
    }
}
