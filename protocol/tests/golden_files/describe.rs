//! A batch as text, in the words of `tests/wire/java/Batches.java`: two readers agree when their texts do.

use ottla_protocol::records::{
    BatchHeader, Marker, RecordsError, RecordsReader, sequence_after, verify_checksum,
};
use std::fmt::Write;

/// Every field of the one batch `bytes`, and of its records, which take no more than 64 MiB.
pub fn describe(bytes: &[u8]) -> Result<String, RecordsError> {
    let header = BatchHeader::parse(bytes)?;
    verify_checksum(&header, bytes)?;
    let mut text = format!(
        "batch offsets {} {} epoch {} codec {} time {} max {} producer {} {} {} {} transactional {} control {} count {} crc {} bytes {}\n",
        header.base_offset,
        header.last_offset(),
        header.leader_epoch,
        header.compression().map_or("unknown", |codec| codec.name()),
        if header.is_log_append_time() { "LogAppendTime" } else { "CreateTime" },
        header.max_timestamp,
        header.producer_id,
        header.producer_epoch,
        header.base_sequence,
        header.last_sequence(),
        header.is_transactional(),
        header.is_control(),
        header.record_count,
        header.crc,
        header.bytes,
    );
    let mut reader = RecordsReader::new(&header, bytes, 64 << 20)?;
    while let Some(record) = reader.next()? {
        let offset = header.base_offset + i64::from(record.offset_delta);
        let sequence = sequence_after(header.base_sequence, record.offset_delta);
        let _ = write!(text, "record {offset} {} {sequence}", header.record_timestamp(&record));
        for bytes in [record.key, record.value] {
            text.push(' ');
            hex(&mut text, bytes);
        }
        for header in record.headers.iter() {
            text.push(' ');
            hex(&mut text, Some(header.key));
            text.push('=');
            hex(&mut text, header.value);
        }
        if header.is_control()
            && let Some(marker) = Marker::parse(&record)
        {
            let kind = format!("{:?}", marker.kind).to_uppercase();
            let _ = write!(text, " {kind} {}", marker.coordinator_epoch);
        }
        text.push('\n');
    }
    Ok(text)
}

fn hex(text: &mut String, bytes: Option<&[u8]>) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let Some(bytes) = bytes else { return text.push_str("null") };
    text.push('x');
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
}
