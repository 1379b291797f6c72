//! The batches of a segment, and the records in them.

use super::{DumpArgs, Left};
use crate::cli::log::place::Partition;
use crate::cli::log::report::{At, Report};
use crate::cli::log::walk::{BATCH_HELD_MAX, Step, Tail, Walk};
use crate::cli::{Failure, consume, time};
use ottla_log::Offset;
use ottla_log::batch::BatchHeader;
use ottla_log::scan::Expected;
use ottla_protocol::records::{
    EXPANDED_BYTES_MAX, Headers, Marker, MarkerKind, Record, RecordsError, RecordsReader,
};
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

const READERS_FAIL: &str = "consumers fail here: ottla log verify says what a broker does about it";

#[derive(Serialize)]
struct BatchLine<'a> {
    r#type: &'static str,
    file: &'a str,
    base_offset: Offset,
    last_offset: Offset,
    position: u64,
    bytes: usize,
    record_count: i32,
    leader_epoch: i32,
    codec: &'a str,
    timestamp_type: &'static str,
    base_timestamp: i64,
    max_timestamp: i64,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    last_sequence: i32,
    is_transactional: bool,
    is_control: bool,
    delete_horizon_ms: Option<i64>,
    crc: u32,
    /// The checksum is right; a batch whose is not is damage, with a line of its own.
    is_valid: bool,
}

#[derive(Serialize)]
struct RecordLine<'a> {
    r#type: &'static str,
    topic: Option<&'a str>,
    partition: Option<i32>,
    offset: Offset,
    timestamp: i64,
    timestamp_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<i32>,
    key_bytes: i64,
    value_bytes: i64,
    header_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<&'static str>,
    #[serde(flatten)]
    content: Option<Content<'a>>,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(flatten)]
    key: consume::Bytes<'a>,
    #[serde(flatten)]
    value: consume::Bytes<'a>,
    headers: consume::HeaderList<'a>,
}

pub(super) fn dump(
    report: &mut Report<'_>,
    path: &Path,
    base_offset: Offset,
    partition: Option<&Partition>,
    args: &DumpArgs,
    left: &mut Left,
) -> Result<(), Failure> {
    let next_base = partition.and_then(|partition| partition.next_base(base_offset));
    let gaps = args.compacted || partition.is_some_and(Partition::is_compacted);
    let is_live = next_base.is_none() && partition.is_some_and(|partition| partition.is_live);
    let mut walk = match Walk::open(path, Expected::at_segment_start(base_offset, next_base, gaps), is_live) {
        Ok(walk) => walk,
        Err(error) => return report.unreadable(path, error),
    };
    let from_offset = args.offset.unwrap_or(0);
    loop {
        if left.is_over() {
            return Ok(());
        }
        let (from, next_offset) = walk.position();
        let step = match walk.next() {
            Ok(step) => step,
            Err(error) => return report.unreadable(path, error),
        };
        match step {
            Step::Batch { position, header, fault } => {
                if let Some(fault) = fault {
                    report.damage(path, At::both(position, header.base_offset), fault, READERS_FAIL)?;
                }
                if header.last_offset() < from_offset {
                    continue;
                }
                if !args.records {
                    if !args.deep && !left.take() {
                        return Ok(());
                    }
                    batch(report, path, position, &header)?;
                }
                if args.records || args.deep {
                    let bytes = walk.batch(position, &header);
                    let wrong = records(report, &header, bytes, partition, args, left)?;
                    if let Some(wrong) = wrong {
                        report.damage(path, At::both(position, header.base_offset), wrong, READERS_FAIL)?;
                    }
                }
            }
            Step::Damage { from, to, fault } => {
                let reason = format!("{fault}; {} bytes up to {to} are no batch", to - from);
                report.damage(path, At::both(from, next_offset), reason, READERS_FAIL)?;
            }
            Step::End(tail) => {
                let at = At::both(from, next_offset);
                return match tail {
                    Tail::Nothing => Ok(()),
                    Tail::Zeros(bytes) => report.note(path, at, format!("{bytes} zeros: prepared space")),
                    Tail::Broken { fault, bytes } if next_base.is_none() => {
                        let what = format!(
                            "{fault}; {bytes} bytes up to the end are no batch: a torn tail, or damage"
                        );
                        let is_clean =
                            partition.is_some_and(|partition| partition.is_clean && !partition.is_live);
                        if is_clean {
                            report.damage(path, at, what, READERS_FAIL)
                        } else {
                            report.note(path, at, what)
                        }
                    }
                    Tail::Broken { fault, bytes } => {
                        let what = format!("{fault}; {bytes} bytes up to the end are no batch");
                        report.damage(path, at, what, READERS_FAIL)
                    }
                };
            }
        }
    }
}

fn timestamp_type(header: &BatchHeader) -> &'static str {
    if header.is_log_append_time() { "log_append" } else { "create" }
}

fn batch(report: &mut Report<'_>, path: &Path, position: u64, header: &BatchHeader) -> Result<(), Failure> {
    let line = BatchLine {
        r#type: "batch",
        file: &path.to_string_lossy(),
        base_offset: header.base_offset,
        last_offset: header.last_offset(),
        position,
        bytes: header.bytes,
        record_count: header.record_count,
        leader_epoch: header.leader_epoch,
        codec: header.compression().map_or("unknown", |codec| codec.name()),
        timestamp_type: timestamp_type(header),
        base_timestamp: header.base_timestamp,
        max_timestamp: header.max_timestamp,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        last_sequence: header.last_sequence(),
        is_transactional: header.is_transactional(),
        is_control: header.is_control(),
        delete_horizon_ms: header.delete_horizon_ms(),
        crc: header.crc,
        is_valid: true,
    };
    report.line(&line, || {
        let mut text = format!(
            "  offset={}..={} position={position} bytes={} records={} epoch={} codec={} {}_time={} ({}) crc={:#010x}",
            line.base_offset,
            line.last_offset,
            line.bytes,
            line.record_count,
            line.leader_epoch,
            line.codec,
            line.timestamp_type,
            line.max_timestamp,
            time::show(line.max_timestamp),
            line.crc
        );
        if line.producer_id >= 0 {
            let _ = write!(
                text,
                " producer_id={} producer_epoch={} sequence={}..={}",
                line.producer_id, line.producer_epoch, line.base_sequence, line.last_sequence
            );
        }
        for (is_set, word) in [(line.is_transactional, " transactional"), (line.is_control, " control")] {
            if is_set {
                text.push_str(word);
            }
        }
        if let Some(horizon) = line.delete_horizon_ms {
            let _ = write!(text, " delete_horizon={horizon}");
        }
        text
    })
}

/// Prints the records of a batch; what is wrong inside it.
fn records(
    report: &mut Report<'_>,
    header: &BatchHeader,
    bytes: Option<&[u8]>,
    partition: Option<&Partition>,
    args: &DumpArgs,
    left: &mut Left,
) -> Result<Option<String>, Failure> {
    let Some(bytes) = bytes else {
        return Ok(Some(format!("a batch of more than {BATCH_HELD_MAX} bytes is not opened")));
    };
    let wrong = |error: RecordsError| Ok(Some(error.to_string()));
    let mut reader = match RecordsReader::new(header, bytes, EXPANDED_BYTES_MAX) {
        Ok(reader) => reader,
        Err(error) => return wrong(error),
    };
    loop {
        match reader.next() {
            Err(error) => return wrong(error),
            Ok(None) => return Ok(None),
            Ok(Some(found)) => {
                let offset = header.base_offset.saturating_add(i64::from(found.offset_delta));
                if args.offset.is_some_and(|from| offset < from) {
                    continue;
                }
                if !left.take() {
                    return Ok(None);
                }
                record(report, header, &found, offset, partition, args)?;
            }
        }
    }
}

fn record(
    report: &mut Report<'_>,
    header: &BatchHeader,
    record: &Record<'_>,
    offset: Offset,
    partition: Option<&Partition>,
    args: &DumpArgs,
) -> Result<(), Failure> {
    let name = partition.and_then(|partition| partition.name.as_ref());
    let length = |bytes: Option<&[u8]>| bytes.map_or(-1, |bytes| bytes.len() as i64);
    let marker = if header.is_control() { Marker::parse(record) } else { None };
    let line = RecordLine {
        r#type: "record",
        topic: name.map(|(topic, _)| topic.as_str()),
        partition: name.map(|(_, index)| *index),
        offset,
        timestamp: header.record_timestamp(record),
        timestamp_type: timestamp_type(header),
        sequence: (header.base_sequence >= 0)
            .then(|| ottla_protocol::records::sequence_after(header.base_sequence, record.offset_delta)),
        key_bytes: length(record.key),
        value_bytes: length(record.value),
        header_count: record.headers.len(),
        marker: marker.map(|marker| match marker.kind {
            MarkerKind::Abort => "abort",
            MarkerKind::Commit => "commit",
        }),
        content: args.records.then_some(Content {
            key: consume::Bytes("key", record.key),
            value: consume::Bytes("value", record.value),
            headers: consume::HeaderList(record.headers),
        }),
    };
    report.line(&line, || {
        let mut text = String::from(if args.records { "" } else { "    " });
        let _ = write!(text, "offset={offset} time={} ({})", line.timestamp, time::show(line.timestamp));
        if let Some(sequence) = line.sequence {
            let _ = write!(text, " sequence={sequence}");
        }
        if let Some(marker) = marker {
            let kind = line.marker.unwrap_or_default();
            let _ = write!(text, " marker={kind} coordinator_epoch={}", marker.coordinator_epoch);
        }
        if !args.records {
            let (key, value, headers) = (line.key_bytes, line.value_bytes, line.header_count);
            let _ = write!(text, " key_bytes={key} value_bytes={value} headers={headers}");
            return text;
        }
        let _ = write!(text, " key={} value={}", Shown(record.key), Shown(record.value));
        write_headers(&mut text, record.headers);
        text
    })
}

fn write_headers(text: &mut String, headers: Headers<'_>) {
    for (position, header) in headers.iter().enumerate() {
        text.push_str(if position == 0 { " headers=" } else { "," });
        let _ = write!(text, "{}:{}", Shown(Some(header.key)), Shown(header.value));
    }
}

/// Bytes in quotes, escaped so that they stay on their line and every byte can be told: `"a\n\xff"`; `null` for none.
struct Shown<'a>(Option<&'a [u8]>);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(bytes) = self.0 else { return f.write_str("null") };
        f.write_char('"')?;
        for chunk in bytes.utf8_chunks() {
            for letter in chunk.valid().chars() {
                // Quotes of the other kind need no escape.
                if letter == '\'' { f.write_char(letter)? } else { write!(f, "{}", letter.escape_debug())? }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_shown_on_one_line() {
        let shown = |bytes: &[u8]| Shown(Some(bytes)).to_string();
        assert_eq!(shown(b"it's \"a\"\n\\"), r#""it's \"a\"\n\\""#);
        assert_eq!(shown(&[b'a', 0xff, 0, 0xc3, 0xa9]), "\"a\\xff\\0é\"");
        assert_eq!(Shown(None).to_string(), "null");
        assert_eq!(shown(b""), "\"\"");
    }
}
