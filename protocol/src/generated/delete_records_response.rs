// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteRecordsResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<DeleteRecordsTopicResult<'a>>,
}

impl<'a> Default for DeleteRecordsResponse<'a> {
    fn default() -> Self {
        DeleteRecordsResponse { throttle_time_ms: 0, topics: Vec::new() }
    }
}

impl<'a> Message<'a> for DeleteRecordsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let throttle_time_ms = decoder.int32()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| DeleteRecordsTopicResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteRecordsResponse { throttle_time_ms, topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int32(self.throttle_time_ms);
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.topics {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteRecordsTopicResult<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

impl<'a> Default for DeleteRecordsTopicResult<'a> {
    fn default() -> Self {
        DeleteRecordsTopicResult { name: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for DeleteRecordsTopicResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| DeleteRecordsPartitionResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteRecordsTopicResult { name, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteRecordsPartitionResult {
    pub partition_index: i32,
    pub low_watermark: i64,
    pub error_code: i16,
}

impl Default for DeleteRecordsPartitionResult {
    fn default() -> Self {
        DeleteRecordsPartitionResult { partition_index: 0, low_watermark: 0, error_code: 0 }
    }
}

impl<'a> Message<'a> for DeleteRecordsPartitionResult {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let partition_index = decoder.int32()?;
        let low_watermark = decoder.int64()?;
        let error_code = decoder.int16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteRecordsPartitionResult { partition_index, low_watermark, error_code })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.int32(self.partition_index);
        encoder.int64(self.low_watermark);
        encoder.int16(self.error_code);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
