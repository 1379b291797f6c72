//! The little that a log wants to know of single records: offsets and timestamps, for queries by timestamp.

use crate::Offset;
use crate::batch::BatchHeader;
use bytes::Bytes;
use ottla_io::task::blocking;
use ottla_protocol::records::{EXPANDED_BYTES_MAX, RecordsReader};

/// A compressed batch of no more than this is looked into on the shard itself: it may expand to a thousand times as
/// much, but then it does so at gigabytes a second.
const INLINE_BYTES_MAX: usize = 4 << 10;

/// As [`first_record`], by a helper when it may take long.
pub(crate) async fn find_record(
    header: &BatchHeader,
    batch: &Bytes,
    wanted: impl Fn(Offset, i64) -> bool + Send + 'static,
) -> Option<(Offset, i64)> {
    if !header.is_compressed() || header.bytes <= INLINE_BYTES_MAX {
        return first_record(header, batch, wanted);
    }
    let (header, batch) = (*header, batch.clone());
    blocking(move || first_record(&header, &batch, wanted)).await
}

/// The first record for which `wanted(offset, timestamp)` holds. A batch that cannot be looked into answers with its
/// base offset and largest timestamp, so that a client starts to read no later than it should.
fn first_record(
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
