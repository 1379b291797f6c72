// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 2 to 10, flexible from 8.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitResponse<'a> {
    /// From version 3.
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetCommitResponseTopic<'a>>,
}

impl<'a> Default for OffsetCommitResponse<'a> {
    fn default() -> Self {
        OffsetCommitResponse { throttle_time_ms: 0, topics: Vec::new() }
    }
}

impl<'a> Message<'a> for OffsetCommitResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(2..=10).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 8;
        let throttle_time_ms = if version >= 3 { decoder.int32()? } else { 0 };
        let topics = decoder
            .nullable_array(flexible, |decoder| OffsetCommitResponseTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetCommitResponse { throttle_time_ms, topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(2..=10).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 8;
        if version >= 3 {
            encoder.int32(self.throttle_time_ms);
        }
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
pub struct OffsetCommitResponseTopic<'a> {
    /// Versions 2 to 9.
    pub name: Cow<'a, str>,
    /// From version 10.
    pub topic_id: Uuid,
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

impl<'a> Default for OffsetCommitResponseTopic<'a> {
    fn default() -> Self {
        OffsetCommitResponseTopic { name: Cow::Borrowed(""), topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for OffsetCommitResponseTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let name = if version <= 9 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let topic_id = if version >= 10 { decoder.uuid()? } else { Uuid::ZERO };
        let partitions = decoder
            .nullable_array(flexible, |decoder| OffsetCommitResponsePartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetCommitResponseTopic { name, topic_id, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version <= 9 {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if version >= 10 {
            encoder.uuid(self.topic_id);
        }
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
pub struct OffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
}

impl Default for OffsetCommitResponsePartition {
    fn default() -> Self {
        OffsetCommitResponsePartition { partition_index: 0, error_code: 0 }
    }
}

impl<'a> Message<'a> for OffsetCommitResponsePartition {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 8;
        let partition_index = decoder.int32()?;
        let error_code = decoder.int16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetCommitResponsePartition { partition_index, error_code })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        encoder.int32(self.partition_index);
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
