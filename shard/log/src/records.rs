//! The little that a log wants to know of single records: offsets and timestamps, for queries by timestamp.

use crate::Offset;
use crate::batch::{BATCH_HEADER_BYTES, BatchHeader};

/// The first record for which `wanted(offset, timestamp)` holds. A batch that cannot be looked into answers with its
/// base offset and largest timestamp, so that a client starts to read no later than it should.
pub(crate) fn first_record(
    header: &BatchHeader,
    batch: &[u8],
    wanted: impl Fn(Offset, i64) -> bool,
) -> Option<(Offset, i64)> {
    let whole = (header.base_offset, header.max_timestamp);
    if header.is_compressed() {
        return wanted(header.last_offset(), header.max_timestamp).then_some(whole);
    }
    let mut rest = batch.get(BATCH_HEADER_BYTES..header.bytes).unwrap_or_default();
    for _ in 0..header.record_count {
        let Some((length, after)) = varint(rest) else { return Some(whole) };
        let Some((record, next)) = usize::try_from(length).ok().and_then(|at| after.split_at_checked(at))
        else {
            return Some(whole);
        };
        // attributes, timestamp delta, offset delta
        let fields = record.get(1..).and_then(varint).and_then(|(timestamp, rest)| {
            let (offset, _) = varint(rest)?;
            Some((header.base_offset.checked_add(offset)?, header.base_timestamp.checked_add(timestamp)?))
        });
        let Some((offset, timestamp)) = fields else { return Some(whole) };
        let timestamp = if header.is_log_append_time() { header.max_timestamp } else { timestamp };
        if wanted(offset, timestamp) {
            return Some((offset, timestamp));
        }
        rest = next;
    }
    None
}

/// A zigzag varint of up to 64 bits, and what follows it.
fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut value: u64 = 0;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let decoded = (value >> 1) as i64 ^ -((value & 1) as i64);
            return Some((decoded, bytes.get(index + 1..)?));
        }
    }
    None
}
