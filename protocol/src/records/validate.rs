//! Whether a batch from a client is what its header says, before a log takes it.

use super::{BatchFault, BatchHeader, RecordFault, RecordsError, RecordsReader};

/// What [`validate_batch`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSummary {
    pub header: BatchHeader,
    /// The smallest and the largest timestamp of a record; with LogAppendTime both are the header's.
    pub min_timestamp: i64,
    pub max_timestamp: i64,
    /// The first record with the largest timestamp, and the one with the smallest.
    pub max_timestamp_index: i32,
    pub min_timestamp_index: i32,
    /// The first record without a key, which a compacted topic refuses.
    pub first_without_key: Option<i32>,
}

impl BatchSummary {
    /// Whether the header's largest timestamp is that of a record; Kafka's clients write it so, and Kafka sets it right if not.
    pub fn max_timestamp_agrees(&self) -> bool {
        self.header.max_timestamp == self.max_timestamp
    }
}

/// Walks the one batch that is all of `bytes`, expanded to `out_bytes_max` bytes at most: the counts agree (records, offset deltas 0, 1, …
/// up to the last), every length fits, nothing follows. The CRC is not looked at (see [`super::verify_checksum`]); neither is whether the
/// batch is one that a client may send (control, LogAppendTime, sequences), which its header tells. An uncompressed batch costs no
/// allocation.
/// # Errors
/// What is wrong first; [`RecordsError::record_index`] tells with which record.
pub fn validate_batch(bytes: &[u8], out_bytes_max: usize) -> Result<BatchSummary, RecordsError> {
    let header = BatchHeader::parse(bytes)?;
    match bytes.len().checked_sub(header.bytes) {
        None => return Err(BatchFault::Torn(header.bytes).into()),
        Some(0) => {}
        Some(more) => return Err(RecordsError::AfterBatch(more)),
    }
    let offsets = i64::from(header.last_offset_delta) + 1;
    if i64::from(header.record_count) != offsets {
        return Err(RecordsError::Count { record_count: header.record_count, offsets });
    }
    let mut summary = BatchSummary {
        header,
        min_timestamp: header.max_timestamp,
        max_timestamp: header.max_timestamp,
        max_timestamp_index: 0,
        min_timestamp_index: 0,
        first_without_key: None,
    };
    let mut reader = RecordsReader::new(&header, bytes, out_bytes_max)?;
    let mut expected = 0;
    while let Some(record) = reader.next()? {
        if record.offset_delta != expected {
            let fault = RecordFault::OffsetDelta { found: record.offset_delta, expected };
            return Err(RecordsError::Record { index: expected, fault });
        }
        if record.key.is_none() && summary.first_without_key.is_none() {
            summary.first_without_key = Some(expected);
        }
        let timestamp = header.record_timestamp(&record);
        if expected == 0 || timestamp > summary.max_timestamp {
            (summary.max_timestamp, summary.max_timestamp_index) = (timestamp, expected);
        }
        if expected == 0 || timestamp < summary.min_timestamp {
            (summary.min_timestamp, summary.min_timestamp_index) = (timestamp, expected);
        }
        expected += 1;
    }
    Ok(summary)
}
