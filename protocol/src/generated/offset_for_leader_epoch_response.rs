// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 2 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderEpochResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetForLeaderTopicResult<'a>>,
}

impl<'a> Default for OffsetForLeaderEpochResponse<'a> {
    fn default() -> Self {
        OffsetForLeaderEpochResponse { throttle_time_ms: 0, topics: Vec::new() }
    }
}

impl<'a> Message<'a> for OffsetForLeaderEpochResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(2..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let throttle_time_ms = decoder.int32()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| OffsetForLeaderTopicResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetForLeaderEpochResponse { throttle_time_ms, topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(2..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
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
pub struct OffsetForLeaderTopicResult<'a> {
    pub topic: Cow<'a, str>,
    pub partitions: Vec<EpochEndOffset>,
}

impl<'a> Default for OffsetForLeaderTopicResult<'a> {
    fn default() -> Self {
        OffsetForLeaderTopicResult { topic: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for OffsetForLeaderTopicResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let topic = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| EpochEndOffset::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetForLeaderTopicResult { topic, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        encoder.nullable_string(flexible, Some(&self.topic))?;
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
pub struct EpochEndOffset {
    pub error_code: i16,
    pub partition: i32,
    pub leader_epoch: i32,
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        EpochEndOffset { error_code: 0, partition: 0, leader_epoch: -1, end_offset: -1 }
    }
}

impl<'a> Message<'a> for EpochEndOffset {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let error_code = decoder.int16()?;
        let partition = decoder.int32()?;
        let leader_epoch = decoder.int32()?;
        let end_offset = decoder.int64()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(EpochEndOffset { error_code, partition, leader_epoch, end_offset })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        encoder.int16(self.error_code);
        encoder.int32(self.partition);
        encoder.int32(self.leader_epoch);
        encoder.int64(self.end_offset);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
