//! Record batches by hand: every field of the header can be made to lie.

use std::io::Write;

pub const HEADER_BYTES: usize = 61;
pub const TRANSACTIONAL: i16 = 1 << 4;
pub const CONTROL: i16 = 1 << 5;
/// A Tuesday in November 2023.
pub const THEN_MS: i64 = 1_700_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

impl Codec {
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// As Kafka's Java client would: gzip, snappy in xerial's framing, lz4 and zstd frames.
    /// # Panics
    /// A codec refuses to compress.
    pub fn compress(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Codec::None => bytes.to_vec(),
            Codec::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).expect("gzip");
                encoder.finish().expect("gzip")
            }
            Codec::Snappy => {
                let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
                for block in bytes.chunks(32 * 1024) {
                    let block = snap::raw::Encoder::new().compress_vec(block).expect("snappy");
                    out.extend_from_slice(&u32::try_from(block.len()).expect("a block").to_be_bytes());
                    out.extend_from_slice(&block);
                }
                out
            }
            Codec::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(bytes).expect("lz4");
                encoder.finish().expect("lz4")
            }
            Codec::Zstd => zstd::bulk::compress(bytes, 1).expect("zstd"),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Counted from the batch's base timestamp.
    pub timestamp_delta: i64,
    /// `None`: its place in the batch.
    pub offset_delta: Option<i32>,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    pub fn new(key: &str, value: &str) -> Record {
        Record {
            key: Some(key.as_bytes().to_vec()),
            value: Some(value.as_bytes().to_vec()),
            ..Record::default()
        }
    }

    pub fn without_key(value: &str) -> Record {
        Record { value: Some(value.as_bytes().to_vec()), ..Record::default() }
    }
}

/// What a batch says; an `Option` that is `None` is computed truthfully.
#[derive(Clone, Debug)]
pub struct Batch {
    pub base_offset: i64,
    pub length: Option<i32>,
    pub leader_epoch: i32,
    pub magic: i8,
    pub crc: Option<u32>,
    pub attributes: i16,
    pub codec: Codec,
    pub last_offset_delta: Option<i32>,
    pub base_timestamp: i64,
    pub max_timestamp: Option<i64>,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub count: Option<i32>,
    pub records: Vec<Record>,
    /// Instead of the records, before compression.
    pub payload: Option<Vec<u8>>,
}

impl Default for Batch {
    fn default() -> Batch {
        Batch {
            base_offset: 0,
            length: None,
            leader_epoch: -1,
            magic: 2,
            crc: None,
            attributes: 0,
            codec: Codec::None,
            last_offset_delta: None,
            base_timestamp: THEN_MS,
            max_timestamp: None,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            count: None,
            records: Vec::new(),
            payload: None,
        }
    }
}

impl Batch {
    pub fn of(records: impl IntoIterator<Item = Record>) -> Batch {
        Batch { records: records.into_iter().collect(), ..Batch::default() }
    }

    /// `count` records `k0: v0`, `k1: v1`, ..., a millisecond apart.
    pub fn numbered(count: i32) -> Batch {
        Batch::of((0..count).map(|index| Record {
            timestamp_delta: i64::from(index),
            ..Record::new(&format!("k{index}"), &format!("v{index}"))
        }))
    }

    pub fn from_producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> Batch {
        (self.producer_id, self.producer_epoch, self.base_sequence) = (id, epoch, base_sequence);
        self
    }

    pub fn records_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, record) in self.records.iter().enumerate() {
            let mut body = vec![0u8];
            varint(&mut body, record.timestamp_delta);
            varint(&mut body, record.offset_delta.map_or(index as i64, i64::from));
            field(&mut body, record.key.as_deref());
            field(&mut body, record.value.as_deref());
            varint(&mut body, record.headers.len() as i64);
            for (name, value) in &record.headers {
                field(&mut body, Some(name.as_bytes()));
                field(&mut body, value.as_deref());
            }
            varint(&mut out, body.len() as i64);
            out.extend_from_slice(&body);
        }
        out
    }

    /// The batch's bytes.
    pub fn build(&self) -> Vec<u8> {
        let payload = self.codec.compress(&self.payload.clone().unwrap_or_else(|| self.records_bytes()));
        let count = self.records.len() as i32;
        let latest = self.records.iter().map(|record| record.timestamp_delta).max().unwrap_or(0);
        let mut out = Vec::with_capacity(HEADER_BYTES + payload.len());
        out.extend_from_slice(&self.base_offset.to_be_bytes());
        let length = self.length.unwrap_or((HEADER_BYTES - 12 + payload.len()) as i32);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.leader_epoch.to_be_bytes());
        out.extend_from_slice(&self.magic.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&(self.attributes | self.codec as i16).to_be_bytes());
        out.extend_from_slice(&self.last_offset_delta.unwrap_or(count - 1).to_be_bytes());
        out.extend_from_slice(&self.base_timestamp.to_be_bytes());
        out.extend_from_slice(&self.max_timestamp.unwrap_or(self.base_timestamp + latest).to_be_bytes());
        out.extend_from_slice(&self.producer_id.to_be_bytes());
        out.extend_from_slice(&self.producer_epoch.to_be_bytes());
        out.extend_from_slice(&self.base_sequence.to_be_bytes());
        out.extend_from_slice(&self.count.unwrap_or(count).to_be_bytes());
        out.extend_from_slice(&payload);
        let crc = self.crc.unwrap_or_else(|| crc32c::crc32c(&out[21..]));
        out[17..21].copy_from_slice(&crc.to_be_bytes());
        out
    }
}

pub fn varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn field(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.extend_from_slice(bytes.unwrap_or_default());
}

/// A batch as it was read: the header's fields, and all its bytes.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    pub base_offset: i64,
    pub leader_epoch: i32,
    pub magic: i8,
    pub crc: u32,
    pub crc_fits: bool,
    pub attributes: i16,
    pub last_offset_delta: i32,
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub count: i32,
    pub bytes: &'a [u8],
}

/// The whole batches in `bytes`, and how many bytes of an unfinished one follow.
/// # Errors
/// A text that says what is not a batch.
pub fn read(mut bytes: &[u8]) -> Result<(Vec<Seen<'_>>, usize), String> {
    let mut batches = Vec::new();
    while let Some(length) =
        bytes.get(8..12).and_then(|length| length.try_into().ok()).map(i32::from_be_bytes)
    {
        let total = usize::try_from(length).map_err(|_| format!("a batch of {length} bytes"))? + 12;
        if total < HEADER_BYTES {
            return Err(format!("a batch of {length} bytes"));
        }
        let Some((batch, rest)) = bytes.split_at_checked(total) else { break };
        batches.push(Seen {
            base_offset: i64::from_be_bytes(at(batch, 0)),
            leader_epoch: i32::from_be_bytes(at(batch, 12)),
            magic: i8::from_be_bytes(at(batch, 16)),
            crc: u32::from_be_bytes(at(batch, 17)),
            crc_fits: crc32c::crc32c(&batch[21..]) == u32::from_be_bytes(at(batch, 17)),
            attributes: i16::from_be_bytes(at(batch, 21)),
            last_offset_delta: i32::from_be_bytes(at(batch, 23)),
            base_timestamp: i64::from_be_bytes(at(batch, 27)),
            max_timestamp: i64::from_be_bytes(at(batch, 35)),
            producer_id: i64::from_be_bytes(at(batch, 43)),
            producer_epoch: i16::from_be_bytes(at(batch, 51)),
            base_sequence: i32::from_be_bytes(at(batch, 53)),
            count: i32::from_be_bytes(at(batch, 57)),
            bytes: batch,
        });
        bytes = rest;
    }
    Ok((batches, bytes.len()))
}

fn at<const N: usize>(bytes: &[u8], start: usize) -> [u8; N] {
    bytes[start..start + N].try_into().expect("N bytes")
}
