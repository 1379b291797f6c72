//! Finds the one batch in what a client sent, by its frame alone: lengths, magic, codec, CRC, counts.

use super::Refusal;
use bytes::Bytes;
use ottla_log::batch::{BATCH_HEADER_BYTES, BatchHeader, LENGTH_PREFIX_BYTES, verify_checksum};
use ottla_protocol::ErrorCode;
use ottla_protocol::compression::Compression;

/// Kafka takes no smaller value of a batch's length field: that of an empty message of magic 0.
const LENGTH_MIN: i32 = 14;
/// Up to and with the magic byte.
const MAGIC_END: usize = 17;
/// Produce versions below this may not use zstd (KIP-110).
const ZSTD_VERSION: i16 = 7;

/// The bytes of the first whole batch at the start of `bytes`, of any magic; `None` when there is none.
fn first_batch(bytes: &[u8]) -> Result<Option<&[u8]>, Refusal> {
    let Some(length) = bytes.get(8..).and_then(|rest| rest.first_chunk::<4>()) else { return Ok(None) };
    let length = i32::from_be_bytes(*length);
    if length < LENGTH_MIN {
        let message = format!("Record size {length} is less than the minimum record overhead ({LENGTH_MIN})");
        return Err(Refusal::with_message(ErrorCode::CORRUPT_MESSAGE, message));
    }
    let Some(magic) = bytes.get(MAGIC_END - 1) else { return Ok(None) };
    if *magic > 2 {
        let message = format!("Invalid magic found in record: {}", magic.cast_signed());
        return Err(Refusal::with_message(ErrorCode::CORRUPT_MESSAGE, message));
    }
    let size = length.unsigned_abs() as usize + LENGTH_PREFIX_BYTES;
    Ok(bytes.get(..size))
}

/// The one batch of `records` and its header. Bytes after it that do not make up another batch are cut off.
pub(super) fn single_batch(
    records: Bytes,
    api_version: i16,
    bytes_max: usize,
) -> Result<(Bytes, BatchHeader), Refusal> {
    let refused = |code| Err(Refusal::code(code));
    let Some(batch) = first_batch(&records)? else { return refused(ErrorCode::INVALID_RECORD) };
    let size = batch.len();
    if batch.get(MAGIC_END - 1) != Some(&2) {
        return refused(ErrorCode::INVALID_RECORD);
    }
    let attributes = batch.get(21..).and_then(|rest| rest.first_chunk::<2>());
    let codec = Compression::from_id(attributes.map_or(0, |bytes| i16::from_be_bytes(*bytes)) & 0x07);
    if codec == Some(Compression::Zstd) && api_version < ZSTD_VERSION {
        return refused(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
    }
    match first_batch(records.get(size..).unwrap_or_default()) {
        Ok(None) => {}
        Ok(Some(_)) => return refused(ErrorCode::INVALID_RECORD),
        Err(refusal) => return refused(refusal.code),
    }
    let in_log = |code| Err(Refusal { wants_log_start: true, ..Refusal::code(code) });
    if batch.first_chunk::<8>() != Some(&[0; 8]) {
        return in_log(ErrorCode::INVALID_RECORD);
    }
    if size > bytes_max {
        return refused(ErrorCode::MESSAGE_TOO_LARGE);
    }
    if size < BATCH_HEADER_BYTES {
        return refused(ErrorCode::CORRUPT_MESSAGE);
    }
    let Ok(header) = BatchHeader::parse(batch) else {
        // Its counts cannot be; but damage on the way is told apart first.
        let covered = batch.get(21..).unwrap_or_default();
        let stored = batch.get(17..).and_then(|rest| rest.first_chunk::<4>());
        let intact = stored.is_some_and(|stored| u32::from_be_bytes(*stored) == crc32c::crc32c(covered));
        return if intact { in_log(ErrorCode::INVALID_RECORD) } else { refused(ErrorCode::CORRUPT_MESSAGE) };
    };
    if verify_checksum(&header, batch).is_err() {
        return refused(ErrorCode::CORRUPT_MESSAGE);
    }
    if codec.is_none() {
        return in_log(ErrorCode::UNKNOWN_SERVER_ERROR);
    }
    let offsets = i64::from(header.last_offset_delta) + 1;
    if header.record_count <= 0 || i64::from(header.record_count) != offsets {
        return in_log(ErrorCode::INVALID_RECORD);
    }
    Ok((records.slice(..size), header))
}
