//! PURE. A record batch that is written once, where it will be sent from, and used again for the next one.
//!
//! `ottla_protocol::records::BatchBuilder` makes a new buffer for each batch and copies the records into it; a generator of a million
//! records a second can spend neither. The bytes are the same: a test holds this against the protocol crate's own reader.

use super::stamp::HEADER_KEY;
use crate::client::admin::ProducerId;
use crate::clock::{MILLISECOND, Nanos};
use ottla_protocol::Compression;
use ottla_protocol::records::{BATCH_HEADER_BYTES, LENGTH_PREFIX_BYTES, patch_timestamps};

/// One record on its way into a batch.
pub struct NewRecord<'a> {
    pub intended: Nanos,
    pub key: Option<&'a [u8]>,
    /// The value is these two, one after the other.
    pub value: (&'a [u8], &'a [u8]),
    pub header: Option<&'a [u8]>,
}

/// Records for one partition, and what the load remembers about them until they are acknowledged.
#[derive(Debug)]
pub struct Batch {
    /// The header's place, and the records.
    bytes: Vec<u8>,
    compressed: Vec<u8>,
    is_sealed: bool,
    /// Intended times, in order.
    pub intended: Vec<Nanos>,
    /// Bytes of keys, values and headers.
    pub payload_bytes: u64,
    base_timestamp_ms: i64,
    max_timestamp_ms: i64,
    /// The place among its partition's batches, from 0.
    pub ordinal: u64,
    /// The first record's sequence for verification.
    pub record_sequence: u64,
    /// The first record's sequence for idempotence; -1 before it is sent for the first time.
    pub base_sequence: i32,
    /// No more records are to come into it.
    pub is_closed: bool,
    /// When the batch could be sent first, had there been no one in its way.
    pub ready_at: Nanos,
    pub attempts: u32,
}

impl Default for Batch {
    fn default() -> Self {
        Batch {
            bytes: vec![0; BATCH_HEADER_BYTES],
            compressed: Vec::new(),
            is_sealed: false,
            intended: Vec::new(),
            payload_bytes: 0,
            base_timestamp_ms: 0,
            max_timestamp_ms: 0,
            ordinal: 0,
            record_sequence: 0,
            base_sequence: -1,
            is_closed: false,
            ready_at: 0,
            attempts: 0,
        }
    }
}

impl Batch {
    /// Empties it for its next use; its memory stays.
    pub fn begin(&mut self, ordinal: u64, record_sequence: u64) {
        self.bytes.truncate(BATCH_HEADER_BYTES);
        self.compressed.clear();
        self.intended.clear();
        self.is_sealed = false;
        self.payload_bytes = 0;
        self.ordinal = ordinal;
        self.record_sequence = record_sequence;
        self.base_sequence = -1;
        self.is_closed = false;
        self.ready_at = 0;
        self.attempts = 0;
    }

    pub fn record_count(&self) -> usize {
        self.intended.len()
    }

    /// Bytes before compression, header included.
    pub fn uncompressed_bytes(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub fn push(&mut self, record: &NewRecord<'_>) {
        let timestamp_ms = record.intended / MILLISECOND;
        if self.intended.is_empty() {
            (self.base_timestamp_ms, self.max_timestamp_ms) = (timestamp_ms, timestamp_ms);
        }
        self.max_timestamp_ms = self.max_timestamp_ms.max(timestamp_ms);
        let timestamp_delta = timestamp_ms - self.base_timestamp_ms;
        let offset_delta = self.intended.len() as i64;
        let value_bytes = record.value.0.len() + record.value.1.len();

        let mut size = 1 + varint_size(timestamp_delta) + varint_size(offset_delta);
        size += record.key.map_or(1, |key| varint_size(key.len() as i64) + key.len());
        size += varint_size(value_bytes as i64) + value_bytes + 1;
        if let Some(header) = record.header {
            size += 1 + HEADER_KEY.len() + varint_size(header.len() as i64) + header.len();
            self.payload_bytes += (HEADER_KEY.len() + header.len()) as u64;
        }
        self.payload_bytes += (record.key.map_or(0, <[u8]>::len) + value_bytes) as u64;

        let out = &mut self.bytes;
        out.reserve(size + varint_size(size as i64));
        put_varint(out, size as i64);
        out.push(0);
        put_varint(out, timestamp_delta);
        put_varint(out, offset_delta);
        match record.key {
            Some(key) => {
                put_varint(out, key.len() as i64);
                out.extend_from_slice(key);
            }
            None => put_varint(out, -1),
        }
        put_varint(out, value_bytes as i64);
        out.extend_from_slice(record.value.0);
        out.extend_from_slice(record.value.1);
        put_varint(out, i64::from(record.header.is_some()));
        if let Some(header) = record.header {
            put_varint(out, HEADER_KEY.len() as i64);
            out.extend_from_slice(HEADER_KEY);
            put_varint(out, header.len() as i64);
            out.extend_from_slice(header);
        }
        self.intended.push(record.intended);
    }

    /// Compresses the records, if `compression` does, and writes the header with its CRC. A second call does nothing, so a batch that is
    /// sent again has the same bytes: that is what idempotence asks for.
    pub fn seal(&mut self, compression: Compression, level: Option<i32>, producer: Option<ProducerId>) {
        if self.is_sealed {
            return;
        }
        self.is_sealed = true;
        let records = self.bytes.get(BATCH_HEADER_BYTES..).unwrap_or_default();
        let compressed = match compression {
            Compression::None => None,
            // The level was checked with the workload; a codec has no other reason to fail.
            _ => compression.compress(level, records).ok(),
        };
        let attributes = if compressed.is_some() { compression.id() } else { 0 };
        if let Some(compressed) = compressed {
            self.compressed.resize(BATCH_HEADER_BYTES, 0);
            self.compressed.extend_from_slice(&compressed);
        }
        let count = self.intended.len() as i32;
        let (base_timestamp, max_timestamp) = (self.base_timestamp_ms, self.max_timestamp_ms);
        let (producer_id, producer_epoch) =
            producer.map_or((-1, -1), |producer| (producer.id, producer.epoch));
        let base_sequence = self.base_sequence;
        let batch = self.whole_mut();
        let length = (batch.len() - LENGTH_PREFIX_BYTES) as i32;
        let mut put = |at: usize, bytes: &[u8]| {
            if let Some(place) = batch.get_mut(at..at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        };
        put(0, &0_i64.to_be_bytes());
        put(8, &length.to_be_bytes());
        put(12, &(-1_i32).to_be_bytes());
        put(16, &[2]);
        put(21, &attributes.to_be_bytes());
        put(23, &(count - 1).to_be_bytes());
        put(27, &base_timestamp.to_be_bytes());
        put(43, &producer_id.to_be_bytes());
        put(51, &producer_epoch.to_be_bytes());
        put(53, &base_sequence.to_be_bytes());
        put(57, &count.to_be_bytes());
        patch_timestamps(batch, false, max_timestamp);
    }

    /// The same records for another producer id: the next [`Batch::seal`] writes the header anew.
    pub fn unseal(&mut self) {
        self.is_sealed = false;
        self.base_sequence = -1;
        self.compressed.clear();
    }

    fn whole_mut(&mut self) -> &mut Vec<u8> {
        if self.compressed.is_empty() { &mut self.bytes } else { &mut self.compressed }
    }

    /// The sealed batch, as it goes to the broker.
    pub fn whole(&self) -> &[u8] {
        if self.compressed.is_empty() { &self.bytes } else { &self.compressed }
    }
}

#[inline]
fn put_varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[inline]
fn varint_size(value: i64) -> usize {
    let unsigned = ((value << 1) ^ (value >> 63)) as u64;
    (u64::BITS - unsigned.leading_zeros()).div_ceil(7).max(1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::records::{BatchHeader, RecordsReader, validate_batch, verify_checksum};

    /// Intended time, key, value and stamp in a header.
    type Expected = (Nanos, Option<&'static [u8]>, Vec<u8>, Option<&'static [u8]>);

    fn records() -> Vec<Expected> {
        (0..200_usize)
            .map(|n| {
                let key: Option<&[u8]> = (n % 3 > 0).then_some(b"some key");
                let header: Option<&[u8]> = (n % 2 > 0).then_some(b"12345678");
                (
                    1_700_000_000_000 * MILLISECOND + n as Nanos * MILLISECOND,
                    key,
                    vec![n as u8; n * 7],
                    header,
                )
            })
            .collect()
    }

    /// What the protocol crate reads is what was written, in every codec, and in a batch that is used again.
    #[test]
    fn batches_read_back_in_every_codec() {
        let mut batch = Batch::default();
        for (round, compression) in Compression::ALL.into_iter().enumerate() {
            batch.begin(round as u64, 5);
            for (intended, key, value, header) in records() {
                let (head, tail) = value.split_at(value.len() / 2);
                batch.push(&NewRecord { intended, key, value: (head, tail), header });
            }
            batch.base_sequence = 9;
            batch.seal(compression, None, Some(ProducerId { id: 42, epoch: 3 }));
            let header = BatchHeader::parse(batch.whole()).unwrap();
            verify_checksum(&header, batch.whole()).unwrap();
            validate_batch(batch.whole(), 1 << 20).unwrap();
            assert_eq!(header.compression(), Some(compression));
            assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (42, 3, 9));
            let mut reader = RecordsReader::new(&header, batch.whole(), 1 << 20).unwrap();
            let mut bytes = 0;
            for (intended, key, value, stamp) in records() {
                let record = reader.next().unwrap().unwrap();
                assert_eq!(header.record_timestamp(&record), intended / MILLISECOND);
                assert_eq!((record.key, record.value), (key, Some(value.as_slice())));
                let found = record.headers.iter().next();
                assert_eq!(
                    found.map(|header| (header.key, header.value)),
                    stamp.map(|stamp| (HEADER_KEY, Some(stamp)))
                );
                bytes += key.map_or(0, <[u8]>::len) + value.len() + stamp.map_or(0, |stamp| stamp.len() + 1);
            }
            assert!(reader.next().unwrap().is_none());
            assert_eq!(batch.payload_bytes, bytes as u64);
        }
    }

    /// A batch that is sent again has the bytes of the first time.
    #[test]
    fn sealing_twice_changes_nothing() {
        let mut batch = Batch::default();
        batch.push(&NewRecord { intended: 0, key: None, value: (b"v", b""), header: None });
        batch.base_sequence = 4;
        batch.seal(Compression::None, None, Some(ProducerId { id: 1, epoch: 0 }));
        let first = batch.whole().to_vec();
        batch.base_sequence = 5;
        batch.seal(Compression::None, None, None);
        assert_eq!(batch.whole(), first);
        batch.unseal();
        batch.seal(Compression::None, None, None);
        assert_ne!(batch.whole(), first);
    }
}
