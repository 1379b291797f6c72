//! Record batches of magic 2, the only ones that Kafka still writes: their headers, their records, and batches of our own.
//!
//! | what | how |
//! | --- | --- |
//! | a header in place, its CRC, what a leader patches | [`BatchHeader`], [`verify_checksum`], [`patch_assignment`] |
//! | one batch after the other | [`batches`] |
//! | the records of a batch of any codec | [`RecordsReader`] |
//! | is this batch what it says | [`validate_batch`] |
//! | write a batch, the same in another codec, or without its records | [`BatchBuilder`], [`recompress`], [`emptied`] |
//! | the end of a transaction | [`Marker`] |
//!
//! Whatever the bytes are, reading them ends in an error rather than a panic, and takes memory only for bytes that are there.

mod builder;
mod control;
mod header;
mod reader;
mod record;
mod validate;
mod varint;

pub use builder::{BatchBuilder, emptied, recompress};
pub use control::{Marker, MarkerKind};
pub use header::{
    BATCH_HEADER_BYTES, BatchFault, BatchHeader, CRC_START, LENGTH_PREFIX_BYTES, patch_assignment,
    patch_log_append_time, patch_timestamps, sequence_after, verify_checksum,
};
pub use reader::RecordsReader;
pub use record::{Header, Headers, Record, RecordFault};
pub use validate::{BatchSummary, validate_batch};

use crate::compression::CompressionError;

/// A record's place in its partition. Ranges of offsets are half open: an end is the offset after the last one.
pub type Offset = i64;

/// What one batch may expand to, unless a caller knows better: a hundred times the default `max.message.bytes`. It is read piece by piece, so
/// this bounds time (0.1-0.5 s of a core) rather than memory.
pub const EXPANDED_BYTES_MAX: usize = 128 << 20;

/// Why a batch is not what its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    #[error(transparent)]
    Batch(#[from] BatchFault),
    /// Bytes after the batch, where one alone was expected.
    #[error("{0} bytes follow the batch")]
    AfterBatch(usize),
    #[error("compression codec {0} is not known")]
    Codec(i16),
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// The header's count of records and its range of offsets differ.
    #[error("{record_count} records for {offsets} offsets")]
    Count { record_count: i32, offsets: i64 },
    /// The record at `index`, from 0.
    #[error("record {index}: {fault}")]
    Record { index: i32, fault: RecordFault },
    /// More bytes after as many records as the header counts.
    #[error("bytes follow the last of {0} records")]
    AfterRecords(i32),
}

impl RecordsError {
    /// The record at fault, if it is one record's fault.
    pub fn record_index(&self) -> Option<i32> {
        match self {
            RecordsError::Record { index, .. } => Some(*index),
            _ => None,
        }
    }
}

/// Walks whole batches that follow each other, as in a fetch response: each with its header and all of its bytes. Ends with an error at
/// bytes that are no batch; a batch cut short at the end, which Kafka's fetch responses may have, is `BatchFault::Torn` or `Short`.
/// CRCs are not checked.
pub fn batches(bytes: &[u8]) -> impl Iterator<Item = Result<(BatchHeader, &[u8]), BatchFault>> {
    let mut left = bytes;
    std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let next = BatchHeader::parse(left).and_then(|header| {
            let (batch, rest) = left.split_at_checked(header.bytes).ok_or(BatchFault::Torn(header.bytes))?;
            left = rest;
            Ok((header, batch))
        });
        if next.is_err() {
            left = &[];
        }
        Some(next)
    })
}

#[cfg(test)]
mod tests;
