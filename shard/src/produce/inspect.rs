//! Looks at every record of a batch: that it is one, its place, its key and its time.

use super::{EXPANDED_BYTES_MAX, INLINE_BYTES_MAX, Refusal};
use bytes::Bytes;
use ottla_io::task::{blocking, slice_is_over};
use ottla_io::yield_now;
use ottla_log::batch::BatchHeader;
use ottla_protocol::ErrorCode;
use ottla_protocol::compression::CompressionError;
use ottla_protocol::records::{Record, RecordsError, RecordsReader};

/// After so many records the walk asks whether it should let others run.
const RECORDS_PER_TURN: usize = 512;
/// So many faulty records are told one by one. Kafka tells all, in a response that may be many times the request.
const RECORD_ERRORS_MAX: usize = 1000;
/// So many of them are repeated in the message of the whole batch.
const ERRORS_IN_MESSAGE: usize = 3;

/// What the topic asks of records.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) compact: bool,
    pub(super) create_time: bool,
    pub(super) before_max_ms: i64,
    pub(super) after_max_ms: i64,
    pub(super) now_ms: i64,
}

enum Fault {
    NoKey,
    OutOfRange { timestamp: i64 },
    LogAppendTime { timestamp: i64, key_bytes: i64, value_bytes: i64 },
}

/// What was found.
pub(super) struct Inspection {
    rules: Rules,
    header: BatchHeader,
    /// The largest timestamp of a record.
    pub(super) max_timestamp: i64,
    faults: Vec<(i32, Fault)>,
    fault_count: usize,
    timestamp_fault: bool,
    /// A record's offset delta is not its index.
    misplaced: bool,
}

/// Walks the records of `batch`.
pub(super) async fn inspect(
    batch: &Bytes,
    header: &BatchHeader,
    rules: Rules,
) -> Result<Inspection, Refusal> {
    let expanded_max = if header.is_compressed() { INLINE_BYTES_MAX } else { header.bytes };
    match inspect_here(batch, header, rules, expanded_max).await {
        Err(RecordsError::Compression(CompressionError::TooLarge { .. })) => {
            let (batch, header) = (batch.clone(), *header);
            blocking(move || inspect_at_once(&batch, &header, rules)).await
        }
        other => other,
    }
    .map_err(|error| refusal(&error))
}

async fn inspect_here(
    batch: &[u8],
    header: &BatchHeader,
    rules: Rules,
    expanded_max: usize,
) -> Result<Inspection, RecordsError> {
    let mut inspection = Inspection::new(rules, header);
    let mut reader = RecordsReader::new(header, batch, expanded_max)?;
    while !inspection.records(&mut reader, RECORDS_PER_TURN)? {
        if slice_is_over() {
            yield_now().await;
        }
    }
    Ok(inspection)
}

fn inspect_at_once(batch: &[u8], header: &BatchHeader, rules: Rules) -> Result<Inspection, RecordsError> {
    let mut inspection = Inspection::new(rules, header);
    let mut reader = RecordsReader::new(header, batch, EXPANDED_BYTES_MAX)?;
    while !inspection.records(&mut reader, RECORDS_PER_TURN)? {}
    Ok(inspection)
}

/// What a client is told of records that cannot be read.
fn refusal(error: &RecordsError) -> Refusal {
    match error {
        RecordsError::Compression(CompressionError::TooLarge { .. }) => {
            Refusal::code(ErrorCode::MESSAGE_TOO_LARGE)
        }
        // To Kafka it is an IOException on its side; a client does not send it again.
        RecordsError::Compression(_) => Refusal::code(ErrorCode::UNKNOWN_SERVER_ERROR),
        _ => Refusal::code(ErrorCode::INVALID_RECORD),
    }
}

impl Inspection {
    fn new(rules: Rules, header: &BatchHeader) -> Inspection {
        Inspection {
            rules,
            header: *header,
            max_timestamp: -1,
            faults: Vec::new(),
            fault_count: 0,
            timestamp_fault: false,
            misplaced: false,
        }
    }

    /// Up to `count` records more; true when there are none left.
    fn records(&mut self, reader: &mut RecordsReader<'_>, count: usize) -> Result<bool, RecordsError> {
        for _ in 0..count {
            let index = reader.index();
            match reader.next()? {
                Some(record) => self.record(index, &record),
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    fn record(&mut self, index: i32, record: &Record<'_>) {
        self.misplaced |= record.offset_delta != index;
        let timestamp = self.header.record_timestamp(record);
        self.max_timestamp = if index == 0 { timestamp } else { self.max_timestamp.max(timestamp) };
        if self.rules.compact && record.key.is_none() {
            self.fault(index, Fault::NoKey);
        } else if self.rules.create_time && timestamp != -1 {
            if self.rules.out_of_range(timestamp) {
                self.timestamp_fault = true;
                self.fault(index, Fault::OutOfRange { timestamp });
            }
        } else if self.header.is_log_append_time() {
            self.timestamp_fault = true;
            // What Kafka's two classes of records say of null.
            let null = if self.header.is_compressed() { -1 } else { 0 };
            let bytes = |field: Option<&[u8]>| field.map_or(null, |bytes| bytes.len() as i64);
            let (key_bytes, value_bytes) = (bytes(record.key), bytes(record.value));
            self.fault(index, Fault::LogAppendTime { timestamp, key_bytes, value_bytes });
        }
    }

    fn fault(&mut self, index: i32, fault: Fault) {
        self.fault_count += 1;
        if self.faults.len() < RECORD_ERRORS_MAX {
            self.faults.push((index, fault));
        }
    }

    /// Refuses the batch when one of its records has a fault, in Kafka's words.
    pub(super) fn verdict(&self, topic: &str, partition: i32) -> Result<(), Refusal> {
        if self.fault_count == 0 {
            let refusal = || Refusal::code(ErrorCode::INVALID_RECORD);
            return if self.misplaced { Err(refusal()) } else { Ok(()) };
        }
        let text = |(index, fault): &(i32, Fault)| (*index, Some(self.text(*index, fault, topic, partition)));
        let record_errors: Vec<(i32, Option<String>)> = self.faults.iter().map(text).collect();
        if self.timestamp_fault {
            let message = "One or more records have been rejected due to invalid timestamp".to_owned();
            let refusal = Refusal::with_message(ErrorCode::INVALID_TIMESTAMP, message);
            return Err(Refusal { record_errors, ..refusal });
        }
        let first: Vec<String> = record_errors
            .iter()
            .take(ERRORS_IN_MESSAGE)
            .map(|(index, text)| {
                let text = text.as_deref().unwrap_or_default();
                format!("RecordError(batchIndex={index}, message='{text}')")
            })
            .collect();
        let message = format!(
            "One or more records have been rejected due to {} record errors in total, and only showing the first three errors at most: [{}]",
            self.fault_count,
            first.join(", ")
        );
        Err(Refusal { record_errors, ..Refusal::with_message(ErrorCode::INVALID_RECORD, message) })
    }

    fn text(&self, index: i32, fault: &Fault, topic: &str, partition: i32) -> String {
        match fault {
            Fault::NoKey => format!(
                "Compacted topic cannot accept message without key in topic partition {topic}-{partition}"
            ),
            Fault::OutOfRange { timestamp } => format!(
                "Timestamp {timestamp} of message with offset {index} is out of range. The timestamp should be within [{}, {}]",
                self.rules.now_ms.wrapping_sub(self.rules.before_max_ms),
                self.rules.now_ms.wrapping_add(self.rules.after_max_ms)
            ),
            Fault::LogAppendTime { timestamp, key_bytes, value_bytes } => format!(
                "Invalid timestamp type in message {}(offset={index}, timestamp={timestamp}, key={key_bytes} bytes, value={value_bytes} bytes). Producer should not set timestamp type to LogAppendTime.",
                if self.header.is_compressed() { "PartialDefaultRecord" } else { "DefaultRecord" }
            ),
        }
    }
}

impl Rules {
    /// Kafka's arithmetic, which wraps.
    fn out_of_range(&self, timestamp: i64) -> bool {
        let difference = self.now_ms.wrapping_sub(timestamp);
        difference > self.before_max_ms || difference.wrapping_neg() > self.after_max_ms
    }
}
