//! The rules on single batches and random ones; whole logs cleaned on the real ring, and in the simulator over crashes.

mod logs;
mod rules;

use super::filter::{Filter, Left, Rules, Verdict};
use super::offset_map::OffsetMap;
use super::{Compacted, Compaction, Lags, LastBatch, Pace};
use crate::batch::BatchHeader;
use crate::{Log, Offset};
use ottla_protocol::records::{BatchBuilder, EXPANDED_BYTES_MAX, RecordsReader, verify_checksum};
use std::collections::HashMap;

const NOW: i64 = 1_700_000_000_000;

/// A record as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    offset: Offset,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: usize,
}

/// The records of one batch.
fn records_of(batch: &[u8]) -> Vec<Seen> {
    let header = BatchHeader::parse(batch).unwrap();
    verify_checksum(&header, batch).unwrap();
    let mut reader = RecordsReader::new(&header, batch, EXPANDED_BYTES_MAX).unwrap();
    let mut seen = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        seen.push(Seen {
            offset: header.base_offset + i64::from(record.offset_delta),
            timestamp: header.record_timestamp(&record),
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.len(),
        });
    }
    seen
}

/// All records of whole batches that follow each other.
fn records_in(bytes: &[u8]) -> Vec<Seen> {
    let batches = ottla_protocol::records::batches(bytes);
    batches.flat_map(|batch| records_of(batch.unwrap().1)).collect()
}

/// A batch of `(key, value)` at `base_offset`, with a record a second.
fn keyed(base_offset: Offset, records: &[(&str, Option<&str>)]) -> BatchBuilder {
    let mut builder = BatchBuilder::new().base_offset(base_offset).leader_epoch(0);
    for (at, (key, value)) in records.iter().enumerate() {
        let timestamp = NOW + 1000 * at as i64;
        builder.push(timestamp, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    }
    builder
}
