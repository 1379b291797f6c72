//! Writes batches: for the command line, for tests, and for a topic whose codec is not the client's.

use super::header::{self, BATCH_HEADER_BYTES, COMPRESSION_MASK, LENGTH_PREFIX_BYTES};
use super::{BatchHeader, Header, Offset, RecordsError, varint};
use crate::compression::{Compression, CompressionError};

/// Collects records into one batch. Kafka's own layout: the first record's timestamp is the base, offsets count up from 0.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    compression: Compression,
    level: Option<i32>,
    attributes: i16,
    base_offset: Offset,
    leader_epoch: i32,
    producer: (i64, i16, i32),
    append_time: Option<i64>,
    base_timestamp: i64,
    max_timestamp: i64,
    record_count: i32,
    last_offset_delta: i32,
    delete_horizon_ms: Option<i64>,
    records: Vec<u8>,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        BatchBuilder::new()
    }
}

impl BatchBuilder {
    /// Uncompressed, without a producer, at offset 0, leader epoch -1: what a client sends.
    pub fn new() -> BatchBuilder {
        BatchBuilder {
            compression: Compression::None,
            level: None,
            attributes: 0,
            base_offset: 0,
            leader_epoch: -1,
            producer: (-1, -1, -1),
            append_time: None,
            base_timestamp: -1,
            max_timestamp: -1,
            record_count: 0,
            last_offset_delta: -1,
            delete_horizon_ms: None,
            records: Vec::new(),
        }
    }

    /// For some of the records of the batch whose header is `header`, each at its own offset and time: offsets, producer, epoch, codec
    /// and attributes stay, so that nobody who counts offsets or sequences sees a gap (KIP-98). `delete_horizon_ms` takes the place of the base
    /// timestamp (KIP-534). The batch ends where the old one did, whatever its last record is.
    pub fn of_batch(header: &BatchHeader, delete_horizon_ms: Option<i64>) -> BatchBuilder {
        BatchBuilder {
            compression: header.compression().unwrap_or(Compression::None),
            attributes: header.attributes & !(COMPRESSION_MASK | header::DELETE_HORIZON),
            base_offset: header.base_offset,
            leader_epoch: header.leader_epoch,
            producer: (header.producer_id, header.producer_epoch, header.base_sequence),
            append_time: header.is_log_append_time().then_some(header.max_timestamp),
            last_offset_delta: header.last_offset_delta,
            delete_horizon_ms,
            ..BatchBuilder::new()
        }
    }

    /// `level` as in [`Compression::compress`].
    #[must_use]
    pub fn compression(self, compression: Compression, level: Option<i32>) -> Self {
        BatchBuilder { compression, level, ..self }
    }

    #[must_use]
    pub fn base_offset(self, base_offset: Offset) -> Self {
        BatchBuilder { base_offset, ..self }
    }

    #[must_use]
    pub fn leader_epoch(self, leader_epoch: i32) -> Self {
        BatchBuilder { leader_epoch, ..self }
    }

    #[must_use]
    pub fn producer(self, id: i64, epoch: i16, base_sequence: i32) -> Self {
        BatchBuilder { producer: (id, epoch, base_sequence), ..self }
    }

    #[must_use]
    pub fn transactional(self) -> Self {
        BatchBuilder { attributes: self.attributes | header::TRANSACTIONAL, ..self }
    }

    #[must_use]
    pub fn control(self) -> Self {
        BatchBuilder { attributes: self.attributes | header::CONTROL, ..self }
    }

    /// Every record has the timestamp `now`, by LogAppendTime.
    #[must_use]
    pub fn log_append_time(self, now: i64) -> Self {
        BatchBuilder { attributes: self.attributes | header::LOG_APPEND_TIME, append_time: Some(now), ..self }
    }

    /// Adds a record at the next offset.
    pub fn push(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) -> &mut Self {
        self.push_at(self.last_offset_delta.saturating_add(1), timestamp, key, value, headers)
    }

    /// Adds a record at `offset_delta`, beyond those before it: compaction leaves gaps.
    pub fn push_at(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) -> &mut Self {
        if self.record_count == 0 {
            (self.base_timestamp, self.max_timestamp) = (timestamp, timestamp);
            if let Some(horizon) = self.delete_horizon_ms {
                self.base_timestamp = horizon;
            }
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.record_count = self.record_count.saturating_add(1);
        self.last_offset_delta = self.last_offset_delta.max(offset_delta);
        let timestamp_delta = timestamp.wrapping_sub(self.base_timestamp);

        let mut size = 1 + varint::size(timestamp_delta) + varint::size(i64::from(offset_delta));
        size += bytes_size(key) + bytes_size(value) + varint::size(headers.len() as i64);
        size += headers
            .iter()
            .map(|header| bytes_size(Some(header.key)) + bytes_size(header.value))
            .sum::<usize>();

        let out = &mut self.records;
        out.reserve(size + varint::size(size as i64));
        varint::put(out, size as i64);
        out.push(0);
        varint::put(out, timestamp_delta);
        varint::put(out, i64::from(offset_delta));
        put_bytes(out, key);
        put_bytes(out, value);
        varint::put(out, headers.len() as i64);
        for header in headers {
            put_bytes(out, Some(header.key));
            put_bytes(out, header.value);
        }
        self
    }

    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    /// The batch's size if it is not compressed.
    pub fn uncompressed_bytes(&self) -> usize {
        BATCH_HEADER_BYTES + self.records.len()
    }

    /// The batch, compressed if so chosen.
    /// # Errors
    /// `Level`; `TooLarge` for records that no batch's length can say.
    pub fn build(&self) -> Result<Vec<u8>, CompressionError> {
        let limit = i32::MAX as usize - BATCH_HEADER_BYTES;
        if self.records.len() > limit {
            return Err(CompressionError::TooLarge { limit });
        }
        if self.compression == Compression::None {
            return Ok(self.uncompressed());
        }
        let payload = self.compression.compress(self.level, &self.records)?;
        Ok(self.around(&payload, self.compression))
    }

    /// The batch without its compression.
    pub(super) fn uncompressed(&self) -> Vec<u8> {
        self.around(&self.records, Compression::None)
    }

    fn around(&self, payload: &[u8], compression: Compression) -> Vec<u8> {
        let mut batch = Vec::with_capacity(BATCH_HEADER_BYTES + payload.len());
        let length = BATCH_HEADER_BYTES - LENGTH_PREFIX_BYTES + payload.len();
        batch.extend_from_slice(&self.base_offset.to_be_bytes());
        batch.extend_from_slice(&i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes());
        batch.extend_from_slice(&self.leader_epoch.to_be_bytes());
        batch.extend_from_slice(&[2, 0, 0, 0, 0]);
        let horizon = if self.delete_horizon_ms.is_some() { header::DELETE_HORIZON } else { 0 };
        batch.extend_from_slice(&(self.attributes | horizon | compression.id()).to_be_bytes());
        batch.extend_from_slice(&self.last_offset_delta.max(0).to_be_bytes());
        batch.extend_from_slice(&self.base_timestamp.to_be_bytes());
        batch.extend_from_slice(&self.append_time.unwrap_or(self.max_timestamp).to_be_bytes());
        batch.extend_from_slice(&self.producer.0.to_be_bytes());
        batch.extend_from_slice(&self.producer.1.to_be_bytes());
        batch.extend_from_slice(&self.producer.2.to_be_bytes());
        batch.extend_from_slice(&self.record_count.to_be_bytes());
        batch.extend_from_slice(payload);
        header::seal(&mut batch);
        batch
    }
}

/// The batch without its records, as compaction leaves it for its offsets and sequences: in Kafka's form, without a codec, a base timestamp or
/// a delete horizon, with the largest timestamp that it had.
pub fn emptied(header: &BatchHeader) -> Vec<u8> {
    let mut builder = BatchBuilder::of_batch(header, None);
    builder.max_timestamp = header.max_timestamp;
    builder.uncompressed()
}

/// The same batch with its records in another codec; every other field stays, and the CRC is made anew. Its records are not looked at:
/// [`super::validate_batch`] does that. They may take `out_bytes_max` bytes without compression.
/// # Errors
/// `Batch`, `Codec`, `Compression`.
pub fn recompress(
    batch: &[u8],
    compression: Compression,
    level: Option<i32>,
    out_bytes_max: usize,
) -> Result<Vec<u8>, RecordsError> {
    let header = BatchHeader::parse(batch)?;
    let torn = super::BatchFault::Torn(header.bytes);
    let (head, payload) = batch
        .get(..header.bytes)
        .and_then(|batch| batch.split_first_chunk::<BATCH_HEADER_BYTES>())
        .ok_or(torn)?;
    let old = header.compression().ok_or(RecordsError::Codec(header.attributes & COMPRESSION_MASK))?;
    let records = match old {
        Compression::None => std::borrow::Cow::Borrowed(payload),
        _ => old.decompress(payload, out_bytes_max)?.into(),
    };
    let payload = match compression {
        Compression::None => records,
        _ => compression.compress(level, &records)?.into(),
    };
    let length = BATCH_HEADER_BYTES - LENGTH_PREFIX_BYTES + payload.len();
    let length =
        i32::try_from(length).map_err(|_| CompressionError::TooLarge { limit: i32::MAX as usize })?;
    let attributes = header.attributes & !COMPRESSION_MASK | compression.id();
    let mut out = Vec::with_capacity(BATCH_HEADER_BYTES + payload.len());
    out.extend_from_slice(head);
    out.extend_from_slice(&payload);
    out[8..12].copy_from_slice(&length.to_be_bytes());
    out[header::CRC_START..header::CRC_START + 2].copy_from_slice(&attributes.to_be_bytes());
    header::seal(&mut out);
    Ok(out)
}

fn bytes_size(bytes: Option<&[u8]>) -> usize {
    match bytes {
        Some(bytes) => varint::size(bytes.len() as i64) + bytes.len(),
        None => varint::size(-1),
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            varint::put(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
        None => varint::put(out, -1),
    }
}
