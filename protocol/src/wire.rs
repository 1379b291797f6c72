//! Kafka's primitive types on the wire: a decoder that borrows and trusts nothing, and an encoder that shares record bytes.

use crate::records_field::Records;
use crate::uuid::Uuid;
use bytes::{Bytes, BytesMut};
use std::borrow::Cow;

/// More elements than this in one array are refused, as Kafka 4.4 does: a frame of 100 MiB cannot be made to take gigabytes.
pub const ARRAY_ELEMENTS_MAX: usize = 1_000_000;
/// First capacity of a decoded array; beyond it the array grows with elements that were really there.
const FIRST_CAPACITY_MAX: usize = 1024;
/// Tagged fields of one struct, Kafka 4.4's bound.
const TAGS_MAX: u32 = 10_000;

/// Bytes of memory that the arrays of a message may take for each of its own. An element of a real request is its name or
/// its numbers; what takes more for a byte of the wire is made of empty elements.
const MEMORY_PER_BYTE: usize = 8;
/// What the arrays of a small message may take however small it is: the growth of a [`Vec`] and a few empty elements.
const MEMORY_MIN: usize = 64 << 10;
/// What the arrays of one message may take at most: about 800,000 names of topics, or as many partitions of a fetch.
pub const DECODED_BYTES_MAX: usize = 32 << 20;

/// Why bytes are not the message that they claim to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the message ends early")]
    Truncated,
    #[error("{field} is null, which it must not be")]
    Null { field: &'static str },
    #[error("a length of {0}")]
    Length(i64),
    #[error("a text that is not UTF-8")]
    Utf8,
    #[error("a variable-length number that does not end")]
    Varint,
    #[error("tagged fields out of order or repeated")]
    Tags,
    #[error("version {0} is not known")]
    Version(i16),
    #[error("{0} bytes follow the message")]
    Trailing(usize),
    #[error("its arrays would take more than {0} bytes of memory")]
    Memory(usize),
}

/// Why a message cannot be written in a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    #[error("{field} is set, but version {version} has no such field")]
    Unsupported { field: &'static str, version: i16 },
    #[error("{field} is null, but version {version} has no null there")]
    Null { field: &'static str, version: i16 },
    #[error("version {0} is not known")]
    Version(i16),
    #[error("a text or array is too long for its length field")]
    TooLong,
}

/// A message or header with versions.
pub trait Message<'a>: Sized {
    /// # Errors
    /// Whatever in the bytes is not a whole message of `version`. Bytes that follow are left: see [`Decoder::finish`].
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError>;
    /// # Errors
    /// A field is set that `version` does not have, unless it may be ignored.
    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError>;
    /// Tells each `error_code` of a response, those of its parts too, whether it is one or NONE.
    fn error_codes(&self, _tell: &mut dyn FnMut(i16)) {}
}

/// Reads from a frame without copying: what it allocates is arrays, and those it counts.
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    left: &'a [u8],
    memory_left: usize,
    memory_max: usize,
}

impl<'a> Decoder<'a> {
    pub fn new(bytes: &'a [u8]) -> Decoder<'a> {
        let memory_max =
            bytes.len().saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY_MIN).min(DECODED_BYTES_MAX);
        Decoder { left: bytes, memory_left: memory_max, memory_max }
    }

    /// Without a bound on arrays but the bytes that are there: for what a trusted peer has sent.
    pub fn trusting(bytes: &'a [u8]) -> Decoder<'a> {
        Decoder { left: bytes, memory_left: usize::MAX, memory_max: usize::MAX }
    }

    /// Bytes of memory that the arrays decoded so far take.
    pub fn memory_used(&self) -> usize {
        self.memory_max - self.memory_left
    }

    pub fn remaining(&self) -> &'a [u8] {
        self.left
    }

    /// # Errors
    /// `Trailing` when bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.left.is_empty() { Ok(()) } else { Err(DecodeError::Trailing(self.left.len())) }
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, left) = self.left.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        self.left = left;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, left) = self.left.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.left = left;
        Ok(*taken)
    }

    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.array::<1>()? != [0])
    }
    pub fn int8(&mut self) -> Result<i8, DecodeError> {
        Ok(i8::from_be_bytes(self.array()?))
    }
    pub fn int16(&mut self) -> Result<i16, DecodeError> {
        Ok(i16::from_be_bytes(self.array()?))
    }
    pub fn uint16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.array()?))
    }
    pub fn int32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }
    pub fn uint32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array()?))
    }
    pub fn int64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.array()?))
    }
    pub fn float64(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_be_bytes(self.array()?))
    }
    pub fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        Ok(Uuid(self.array()?))
    }

    /// An unsigned variable-length number of at most five bytes.
    pub fn unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array::<1>()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return if shift == 28 && byte > 0x0f { Err(DecodeError::Varint) } else { Ok(value) };
            }
        }
        Err(DecodeError::Varint)
    }

    /// `None` is null, which Kafka reads from any negative number.
    fn length(&mut self, flexible: bool, short: bool) -> Result<Option<usize>, DecodeError> {
        if flexible {
            return Ok((self.unsigned_varint()? as usize).checked_sub(1));
        }
        let length = if short { i64::from(self.int16()?) } else { i64::from(self.int32()?) };
        Ok(usize::try_from(length).ok())
    }

    pub fn nullable_string(&mut self, flexible: bool) -> Result<Option<Cow<'a, str>>, DecodeError> {
        let Some(length) = self.length(flexible, true)? else { return Ok(None) };
        if length > i16::MAX as usize {
            return Err(DecodeError::Length(length as i64));
        }
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::Utf8)?;
        Ok(Some(Cow::Borrowed(text)))
    }

    pub fn nullable_bytes(&mut self, flexible: bool) -> Result<Option<Cow<'a, [u8]>>, DecodeError> {
        let Some(length) = self.length(flexible, false)? else { return Ok(None) };
        Ok(Some(Cow::Borrowed(self.take(length)?)))
    }

    pub fn nullable_records(&mut self, flexible: bool) -> Result<Option<Records<'a>>, DecodeError> {
        let Some(length) = self.length(flexible, false)? else { return Ok(None) };
        Ok(Some(Records::Slice(self.take(length)?)))
    }

    pub fn nullable_array<T>(
        &mut self,
        flexible: bool,
        mut element: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.length(flexible, false)? else { return Ok(None) };
        if count > ARRAY_ELEMENTS_MAX || count > self.left.len() {
            return Err(if count > ARRAY_ELEMENTS_MAX {
                DecodeError::Length(count as i64)
            } else {
                DecodeError::Truncated
            });
        }
        let bytes = count.saturating_mul(size_of::<T>());
        self.memory_left = self.memory_left.checked_sub(bytes).ok_or(DecodeError::Memory(self.memory_max))?;
        let mut elements = Vec::with_capacity(count.min(FIRST_CAPACITY_MAX));
        for _ in 0..count {
            elements.push(element(self)?);
        }
        Ok(Some(elements))
    }

    /// Calls `known` with each tag and a decoder of its bytes; what it does not know it leaves.
    pub fn tagged_fields(
        &mut self,
        mut known: impl FnMut(u32, &mut Decoder<'a>) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let count = self.unsigned_varint()?;
        if count > TAGS_MAX {
            return Err(DecodeError::Length(i64::from(count)));
        }
        let mut previous = None;
        for _ in 0..count {
            let tag = self.unsigned_varint()?;
            if previous.is_some_and(|previous| tag <= previous) {
                return Err(DecodeError::Tags);
            }
            previous = Some(tag);
            let size = self.unsigned_varint()? as usize;
            let mut inner = Decoder { left: self.take(size)?, ..*self };
            known(tag, &mut inner)?;
            self.memory_left = inner.memory_left;
        }
        Ok(())
    }
}

/// Writes a message as own bytes with shared record bytes between them.
#[derive(Debug, Default)]
pub struct Encoder {
    parts: Vec<Bytes>,
    parts_bytes: usize,
    own: BytesMut,
}

impl Encoder {
    pub fn new() -> Encoder {
        Encoder::default()
    }

    pub fn with_capacity(bytes: usize) -> Encoder {
        Encoder { own: BytesMut::with_capacity(bytes), ..Encoder::default() }
    }

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.parts_bytes + self.own.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything in order.
    pub fn into_parts(mut self) -> Vec<Bytes> {
        self.end_own();
        self.parts
    }

    /// Everything as one copy: for messages without records, tests and tools.
    pub fn into_vec(self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        for part in self.into_parts() {
            all.extend_from_slice(&part);
        }
        all
    }

    fn end_own(&mut self) {
        if !self.own.is_empty() {
            self.parts_bytes += self.own.len();
            self.parts.push(self.own.split().freeze());
        }
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.own.extend_from_slice(bytes);
    }
    pub fn bool(&mut self, value: bool) {
        self.raw(&[u8::from(value)]);
    }
    pub fn int8(&mut self, value: i8) {
        self.raw(&value.to_be_bytes());
    }
    pub fn int16(&mut self, value: i16) {
        self.raw(&value.to_be_bytes());
    }
    pub fn uint16(&mut self, value: u16) {
        self.raw(&value.to_be_bytes());
    }
    pub fn int32(&mut self, value: i32) {
        self.raw(&value.to_be_bytes());
    }
    pub fn uint32(&mut self, value: u32) {
        self.raw(&value.to_be_bytes());
    }
    pub fn int64(&mut self, value: i64) {
        self.raw(&value.to_be_bytes());
    }
    pub fn float64(&mut self, value: f64) {
        self.raw(&value.to_be_bytes());
    }
    pub fn uuid(&mut self, value: Uuid) {
        self.raw(&value.0);
    }

    pub fn unsigned_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.raw(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.raw(&[value as u8]);
    }

    fn length(&mut self, flexible: bool, short: bool, length: Option<usize>) -> Result<(), EncodeError> {
        let length = match length {
            Some(length) => i32::try_from(length).map_err(|_| EncodeError::TooLong)?,
            None => -1,
        };
        if flexible {
            self.unsigned_varint((length as u32).wrapping_add(1));
        } else if short {
            self.int16(i16::try_from(length).map_err(|_| EncodeError::TooLong)?);
        } else {
            self.int32(length);
        }
        Ok(())
    }

    pub fn nullable_string(&mut self, flexible: bool, value: Option<&str>) -> Result<(), EncodeError> {
        if value.is_some_and(|text| text.len() > i16::MAX as usize) {
            return Err(EncodeError::TooLong);
        }
        self.length(flexible, true, value.map(str::len))?;
        self.raw(value.unwrap_or_default().as_bytes());
        Ok(())
    }

    pub fn nullable_bytes(&mut self, flexible: bool, value: Option<&[u8]>) -> Result<(), EncodeError> {
        self.length(flexible, false, value.map(<[u8]>::len))?;
        self.raw(value.unwrap_or_default());
        Ok(())
    }

    /// Shared parts are kept as they are, a borrowed slice is copied.
    pub fn nullable_records(
        &mut self,
        flexible: bool,
        value: Option<&Records<'_>>,
    ) -> Result<(), EncodeError> {
        self.length(flexible, false, value.map(Records::len))?;
        match value {
            Some(Records::Slice(bytes)) => self.raw(bytes),
            Some(Records::Parts(parts)) => {
                self.end_own();
                for part in parts.iter().filter(|part| !part.is_empty()) {
                    self.parts_bytes += part.len();
                    self.parts.push(part.clone());
                }
            }
            None => {}
        }
        Ok(())
    }

    pub fn nullable_array<T>(
        &mut self,
        flexible: bool,
        value: Option<&[T]>,
        mut element: impl FnMut(&mut Self, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.length(flexible, false, value.map(<[T]>::len))?;
        for item in value.unwrap_or_default() {
            element(self, item)?;
        }
        Ok(())
    }

    /// One tagged field: its number, its size, and what `field` writes.
    pub fn tagged_field(
        &mut self,
        tag: u32,
        field: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let mut inner = Encoder::new();
        field(&mut inner)?;
        self.unsigned_varint(tag);
        self.unsigned_varint(u32::try_from(inner.len()).map_err(|_| EncodeError::TooLong)?);
        self.end_own();
        self.parts_bytes += inner.len();
        self.parts.extend(inner.into_parts());
        Ok(())
    }
}

/// Why a message did not survive [`crate::round_trip`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundTripError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

pub(crate) fn round_trip<'a, M: Message<'a>>(
    bytes: &'a [u8],
    version: i16,
) -> Result<Vec<u8>, RoundTripError> {
    let mut decoder = Decoder::trusting(bytes);
    let message = M::decode(&mut decoder, version)?;
    decoder.finish()?;
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version)?;
    Ok(encoder.into_vec())
}

pub(crate) fn encode_default<'a, M: Message<'a> + Default>(version: i16) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Encoder::new();
    M::default().encode(&mut encoder, version)?;
    Ok(encoder.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{
        CreateTopicsRequest, MetadataRequest, create_topics_request as c, metadata_request as m,
    };

    fn encoded<'a>(message: &impl Message<'a>, version: i16) -> Vec<u8> {
        let mut encoder = Encoder::new();
        message.encode(&mut encoder, version).expect("it can be written");
        encoder.into_vec()
    }

    /// Names of topics, as many as a client might ask for, are decoded, and their memory is known.
    #[test]
    fn arrays_of_real_elements_are_decoded_and_counted() {
        let names: Vec<String> = (0..300_000).map(|number| format!("topic-{number}")).collect();
        let topic =
            |name: &String| m::MetadataRequestTopic { name: Some(name.clone().into()), ..Default::default() };
        let request =
            MetadataRequest { topics: Some(names.iter().map(topic).collect()), ..Default::default() };
        let bytes = encoded(&request, 12);
        let mut decoder = Decoder::new(&bytes);
        let decoded = MetadataRequest::decode(&mut decoder, 12).expect("it fits");
        assert_eq!(decoded, request);
        assert_eq!(decoder.memory_used(), 300_000 * size_of::<m::MetadataRequestTopic<'_>>());
    }

    /// Elements without content would make tens of bytes of each of the frame's.
    #[test]
    fn arrays_of_empty_elements_are_refused_before_they_take_memory() {
        let config = c::CreatableTopicConfig::default();
        let topic = c::CreatableTopic { configs: vec![config; 50_000], ..Default::default() };
        let bytes = encoded(&CreateTopicsRequest { topics: vec![topic], ..Default::default() }, 7);
        let bound = bytes.len() * MEMORY_PER_BYTE + MEMORY_MIN;
        let decoded = CreateTopicsRequest::decode(&mut Decoder::new(&bytes), 7);
        assert_eq!(decoded, Err(DecodeError::Memory(bound)));
        assert!(CreateTopicsRequest::decode(&mut Decoder::trusting(&bytes), 7).is_ok());
    }
}
