//! One record, borrowed from the uncompressed bytes of its batch.
//!
//! A record is a varint length and, in so many bytes: attributes (unused, 1 byte), timestamp delta, offset delta, key, value, a count of
//! headers and each header's key and value. Deltas and lengths are varints; a negative length is null.

use super::varint::{take_int, take_long};

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    #[error("it ends early")]
    Truncated,
    #[error("a variable-length number that does not end or does not fit")]
    Varint,
    #[error("a length of {0}")]
    Length(i32),
    #[error("{0} headers")]
    HeaderCount(i32),
    #[error("a header key of length {0}")]
    HeaderKey(i32),
    #[error("{0} bytes more than its fields take")]
    Trailing(usize),
    #[error("offset delta {found} where {expected} was expected")]
    OffsetDelta { found: i32, expected: i32 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub attributes: i8,
    /// From the batch's base timestamp; without meaning when the batch has LogAppendTime.
    pub timestamp_delta: i64,
    pub offset_delta: i32,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: Headers<'a>,
}

/// One header of a record. Keys may repeat, and are text to Kafka's clients, which replace what is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    pub key: &'a [u8],
    pub value: Option<&'a [u8]>,
}

/// The headers of a record, in order. They were walked once, when the record was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Record<'a> {
    /// Takes a record with its length from the front of `bytes`.
    pub(super) fn take(bytes: &mut &'a [u8]) -> Result<Record<'a>, RecordFault> {
        let length = take_int(bytes)?;
        let length = usize::try_from(length).map_err(|_| RecordFault::Length(length))?;
        let (body, rest) = bytes.split_at_checked(length).ok_or(RecordFault::Truncated)?;
        *bytes = rest;
        Record::parse(body)
    }

    /// Reads a record from `body`, the bytes after its length.
    pub(super) fn parse(body: &'a [u8]) -> Result<Record<'a>, RecordFault> {
        let (attributes, mut left) = body.split_first().ok_or(RecordFault::Truncated)?;
        let timestamp_delta = take_long(&mut left)?;
        let offset_delta = take_int(&mut left)?;
        let key = take_bytes(&mut left)?;
        let value = take_bytes(&mut left)?;
        let claimed = take_int(&mut left)?;
        // A header takes two bytes at least.
        let count = usize::try_from(claimed).ok().filter(|count| *count <= left.len() / 2);
        let count = count.ok_or(RecordFault::HeaderCount(claimed))?;
        let headers = Headers { count, bytes: left };
        for _ in 0..count {
            take_header(&mut left)?;
        }
        if !left.is_empty() {
            return Err(RecordFault::Trailing(left.len()));
        }
        Ok(Record { attributes: *attributes as i8, timestamp_delta, offset_delta, key, value, headers })
    }
}

impl<'a> Headers<'a> {
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let mut left = self.bytes;
        (0..self.count).map_while(move |_| take_header(&mut left).ok())
    }
}

fn take_header<'a>(left: &mut &'a [u8]) -> Result<Header<'a>, RecordFault> {
    let length = take_int(left)?;
    let length = usize::try_from(length).map_err(|_| RecordFault::HeaderKey(length))?;
    let (key, rest) = left.split_at_checked(length).ok_or(RecordFault::Truncated)?;
    *left = rest;
    Ok(Header { key, value: take_bytes(left)? })
}

/// Kafka takes every negative length for null.
fn take_bytes<'a>(left: &mut &'a [u8]) -> Result<Option<&'a [u8]>, RecordFault> {
    let Ok(length) = usize::try_from(take_int(left)?) else { return Ok(None) };
    let (bytes, rest) = left.split_at_checked(length).ok_or(RecordFault::Truncated)?;
    *left = rest;
    Ok(Some(bytes))
}
