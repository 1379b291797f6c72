//! The little that a log wants to know of single records: offsets and timestamps, for queries by timestamp.

use crate::Offset;
use crate::batch::BatchHeader;
use ottla_protocol::records::{EXPANDED_BYTES_MAX, RecordsReader};

/// The first record for which `wanted(offset, timestamp)` holds. A batch that cannot be looked into answers with its
/// base offset and largest timestamp, so that a client starts to read no later than it should.
pub(crate) fn first_record(
    header: &BatchHeader,
    batch: &[u8],
    wanted: impl Fn(Offset, i64) -> bool,
) -> Option<(Offset, i64)> {
    let whole = (header.base_offset, header.max_timestamp);
    let Ok(mut records) = RecordsReader::new(header, batch, EXPANDED_BYTES_MAX) else {
        return wanted(header.last_offset(), header.max_timestamp).then_some(whole);
    };
    loop {
        let record = match records.next() {
            Ok(Some(record)) => record,
            Ok(None) => return None,
            Err(_) => return Some(whole),
        };
        let Some(offset) = header.base_offset.checked_add(i64::from(record.offset_delta)) else {
            return Some(whole);
        };
        let timestamp = header.record_timestamp(&record);
        if wanted(offset, timestamp) {
            return Some((offset, timestamp));
        }
    }
}
