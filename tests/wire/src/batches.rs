//! Batches, both ways. A file holds batches and what their writer says of each: a 32-bit length and the bytes, twice.

use crate::Counts;
use crate::describe::describe;
use ottla_protocol::records::{
    BatchBuilder, BatchHeader, Header, Marker, MarkerKind, recompress, validate_batch,
};
use ottla_protocol::{Compression, DecodeError, Decoder};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::path::Path;

const EXPANDED_BYTES_MAX: usize = 64 << 20;
const NOW: i64 = 1_700_000_000_000;

pub fn compare(path: &Path) -> Result<Counts, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut decoder = Decoder::new(&bytes);
    let mut counts = Counts::default();
    while !decoder.remaining().is_empty() {
        let mut part = || -> Result<&[u8], DecodeError> {
            let len = decoder.uint32()?;
            decoder.take(len as usize)
        };
        let cut = |error: DecodeError| format!("{}: {error}", path.display());
        let (batch, expected) = (part().map_err(cut)?, String::from_utf8_lossy(part().map_err(cut)?));
        let found = describe(batch).unwrap_or_else(|error| error.to_string());
        counts.note(found == expected, || format!("a batch of Kafka's\n{found}\ninstead of\n{expected}"));
        let Ok(header) = BatchHeader::parse(batch) else { continue };
        if header.record_count == header.last_offset_delta + 1 {
            let summary = validate_batch(batch, EXPANDED_BYTES_MAX);
            let agrees = summary.as_ref().is_ok_and(|summary| summary.max_timestamp_agrees());
            counts.note(agrees, || format!("{summary:?} of {expected}"));
        }
        for codec in Compression::ALL {
            let again = recompress(batch, codec, None, EXPANDED_BYTES_MAX)
                .and_then(|batch| describe(&batch))
                .unwrap_or_else(|error| error.to_string());
            counts.note(records(&again) == records(&expected), || {
                format!("in {codec}\n{again}\ninstead of\n{expected}")
            });
        }
    }
    Ok(counts)
}

/// The lines after the batch's own, which names codec, bytes and CRC.
fn records(text: &str) -> Option<&str> {
    text.split_once('\n').map(|(_, records)| records)
}

/// Writes random batches of every codec, each also recompressed, and markers.
pub fn write(path: &Path, seed: &str) -> Result<(), String> {
    let seed = seed.parse().map_err(|_| format!("'{seed}' is no seed"))?;
    let mut random = SmallRng::seed_from_u64(seed);
    let mut out = Vec::new();
    let mut add = |batch: &[u8]| -> Result<(), String> {
        let text = describe(batch).map_err(|error| error.to_string())?;
        for part in [batch, text.as_bytes()] {
            out.extend_from_slice(&(part.len() as u32).to_be_bytes());
            out.extend_from_slice(part);
        }
        Ok(())
    };
    for codec in Compression::ALL {
        for round in 0..60 {
            let levels = codec.levels().filter(|_| round % 2 == 1);
            let level =
                levels.map(|(levels, _)| random.random_range((*levels.start()).max(-5)..=*levels.end()));
            let batch = random_batch(&mut random, round % 20 == 0)
                .compression(codec, level)
                .build()
                .map_err(|error| error.to_string())?;
            add(&batch)?;
            let other = Compression::ALL[random.random_range(0..Compression::ALL.len())];
            let again = recompress(&batch, other, None, EXPANDED_BYTES_MAX);
            add(&again.map_err(|error| error.to_string())?)?;
        }
    }
    for kind in [MarkerKind::Abort, MarkerKind::Commit] {
        let marker = Marker { kind, coordinator_epoch: random.random_range(0..1000) };
        add(&marker.batch(random.random_range(0..i64::MAX), random.random_range(0..i16::MAX), NOW))?;
    }
    std::fs::write(path, out).map_err(|error| format!("{}: {error}", path.display()))
}

fn random_batch(random: &mut SmallRng, large: bool) -> BatchBuilder {
    let mut builder = BatchBuilder::new()
        .base_offset(random.random_range(0..1 << 60))
        .leader_epoch(random.random_range(-1..100));
    if random.random() {
        let sequence = random.random_range(0..=i32::MAX);
        builder =
            builder.producer(random.random_range(0..i64::MAX), random.random_range(0..i16::MAX), sequence);
        if random.random() {
            builder = builder.transactional();
        }
    }
    if random.random_ratio(1, 3) {
        builder = builder.log_append_time(NOW + 77);
    }
    let mut offset_delta = 0;
    let gaps = random.random_ratio(1, 4);
    for _ in 0..if large { 200 } else { random.random_range(1..20) } {
        let timestamp = if random.random_ratio(1, 10) {
            random.random_range(0..i64::MAX)
        } else {
            NOW + random.random_range(-500..500)
        };
        let key = bytes(random, false);
        let value = bytes(random, large);
        let headers: Vec<_> = (0..random.random_range(0..4_usize).saturating_sub(1))
            .map(|_| (format!("hé{}", random.random_range(0..2)), bytes(random, false)))
            .collect();
        let headers: Vec<_> = headers
            .iter()
            .map(|(key, value)| Header { key: key.as_bytes(), value: value.as_deref() })
            .collect();
        builder.push_at(offset_delta, timestamp, key.as_deref(), value.as_deref(), &headers);
        offset_delta += if gaps { random.random_range(1..4) } else { 1 };
    }
    builder
}

/// Null at times; half of the others compress well.
fn bytes(random: &mut SmallRng, large: bool) -> Option<Vec<u8>> {
    if random.random_ratio(1, 8) {
        return None;
    }
    let mut bytes = vec![0; random.random_range(0..if large { 3000 } else { 20 })];
    if random.random() {
        random.fill(bytes.as_mut_slice());
    }
    Some(bytes)
}
