//! What is checked of a client's batch before a partition appends it.
//!
//! On the core of the connection, wherever the partition lives; nothing here knows a partition's state. The order of
//! the checks and their codes are those of Kafka 4.3 (its ProduceRequest, log and LogValidator). An uncompressed
//! batch is walked in place; a compressed one is decompressed record by record, a small one on this core, which it
//! lets go of in between, a large one on the helper pool. What comes out is the client's own bytes, unless the
//! topic's settings ask for others.

mod frame;
mod inspect;
mod rewrite;
#[cfg(test)]
mod tests;

use crate::settings::{TimestampType, TopicSettings};
use bytes::Bytes;
use inspect::Rules;
use ottla_log::batch::BatchHeader;
use ottla_protocol::ErrorCode;

/// Batches that expand to no more than this are looked into on the connection's core: some 2 ms for the slowest
/// codec, in slices.
const INLINE_BYTES_MAX: usize = 1 << 20;
/// No batch may expand to more: 128 times the default of `max.message.bytes`, and twice what gzip makes of
/// 64 KiB of nothing. Kafka has no such limit.
const EXPANDED_BYTES_MAX: usize = 128 << 20;

/// A batch that a partition may append.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Exactly one batch.
    pub batch: Bytes,
    pub header: BatchHeader,
    /// Every record gets this timestamp, when the topic's time is LogAppendTime.
    pub log_append_time: Option<i64>,
}

/// Why a client's batch is not appended, in the words of a produce response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: ErrorCode,
    /// Kafka sends one with `record_errors`, and for a broken frame.
    pub message: Option<String>,
    /// Index of the record in the batch, and what is wrong with it.
    pub record_errors: Vec<(i32, Option<String>)>,
    /// Where the log starts, when the partition refuses what its log could have taken; -1 otherwise.
    pub log_start_offset: i64,
    /// Kafka finds this out in the log, and so tells where the log starts: the owner fills it in.
    pub wants_log_start: bool,
}

impl Refusal {
    pub fn code(code: ErrorCode) -> Refusal {
        Refusal {
            code,
            message: None,
            record_errors: Vec::new(),
            log_start_offset: -1,
            wants_log_start: false,
        }
    }

    /// Of a batch whose transaction nobody can verify, in the words of a Kafka that does not find the coordinator.
    pub(crate) fn unverified() -> Refusal {
        let message = "Unable to verify the partition has been added to the transaction. \
                       Underlying error: COORDINATOR_NOT_AVAILABLE";
        Refusal::with_message(ErrorCode::NOT_ENOUGH_REPLICAS, message.to_owned())
    }

    fn with_message(code: ErrorCode, message: String) -> Refusal {
        Refusal { message: Some(message), ..Refusal::code(code) }
    }
}

/// Checks the records that a client sent for `partition` of a topic with `settings`, in a Produce request of
/// `api_version`, at `now_ms`.
///
/// On return the batch is one that may be appended; max_timestamp is that of its records, and its codec the topic's.
/// # Errors
/// The codes of Kafka: INVALID_RECORD, CORRUPT_MESSAGE, UNSUPPORTED_COMPRESSION_TYPE, MESSAGE_TOO_LARGE,
/// RECORD_LIST_TOO_LARGE, INVALID_TIMESTAMP, and UNKNOWN_SERVER_ERROR for compressed data that is damaged. Other than
/// Kafka this refuses records whose offset deltas do not count up (INVALID_RECORD): readers could not find them.
pub async fn check(
    records: Bytes,
    settings: &TopicSettings,
    partition: i32,
    now_ms: i64,
    api_version: i16,
) -> Result<Checked, Refusal> {
    let (batch, header) = frame::single_batch(records, api_version, settings.max_message_bytes)?;
    check_records(batch, header, settings, partition, now_ms).await.map_err(|mut refusal| {
        refusal.wants_log_start =
            refusal.code != ErrorCode::MESSAGE_TOO_LARGE && refusal.code != ErrorCode::RECORD_LIST_TOO_LARGE;
        refusal
    })
}

async fn check_records(
    batch: Bytes,
    header: BatchHeader,
    settings: &TopicSettings,
    partition: i32,
    now_ms: i64,
) -> Result<Checked, Refusal> {
    let refused = |code| Err(Refusal::code(code));
    if header.is_control() || (header.has_producer() && header.base_sequence < 0) {
        return refused(ErrorCode::INVALID_RECORD);
    }
    let rules = Rules {
        compact: settings.compact,
        create_time: settings.timestamp_type == TimestampType::CreateTime,
        before_max_ms: settings.timestamp_before_max_ms,
        after_max_ms: settings.timestamp_after_max_ms,
        now_ms,
    };
    let inspection = inspect::inspect(&batch, &header, rules).await?;
    inspection.verdict(&settings.topic, partition)?;
    let log_append_time = (!rules.create_time).then_some(now_ms);
    let max_timestamp = if rules.create_time { inspection.max_timestamp } else { header.max_timestamp };
    let target = rewrite::Target::of(settings.compression, &header);
    let Some(rewrite) = rewrite::Rewrite::needed(target, max_timestamp, rules.create_time, &header) else {
        if batch.len() as u64 > u64::from(settings.log.segment_bytes) {
            return refused(ErrorCode::RECORD_LIST_TOO_LARGE);
        }
        return Ok(Checked { batch, header, log_append_time });
    };
    let batch = rewrite.apply(batch).await?;
    let Ok(header) = BatchHeader::parse(&batch) else { return refused(ErrorCode::UNKNOWN_SERVER_ERROR) };
    if batch.len() > settings.max_message_bytes {
        return refused(ErrorCode::MESSAGE_TOO_LARGE);
    }
    if batch.len() as u64 > u64::from(settings.log.segment_bytes) {
        return refused(ErrorCode::RECORD_LIST_TOO_LARGE);
    }
    Ok(Checked { batch, header, log_append_time })
}
