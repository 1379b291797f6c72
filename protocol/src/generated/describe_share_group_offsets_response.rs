// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsResponse<'a> {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup<'a>>,
}

impl<'a> Default for DescribeShareGroupOffsetsResponse<'a> {
    fn default() -> Self {
        DescribeShareGroupOffsetsResponse { throttle_time_ms: 0, groups: Vec::new() }
    }
}

impl<'a> Message<'a> for DescribeShareGroupOffsetsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let groups = decoder
            .nullable_array(flexible, |decoder| {
                DescribeShareGroupOffsetsResponseGroup::decode(decoder, version)
            })?
            .ok_or(DecodeError::Null { field: "groups" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeShareGroupOffsetsResponse { throttle_time_ms, groups })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder
            .nullable_array(flexible, Some(&self.groups), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.groups {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseGroup<'a> {
    pub group_id: Cow<'a, str>,
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic<'a>>,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Default for DescribeShareGroupOffsetsResponseGroup<'a> {
    fn default() -> Self {
        DescribeShareGroupOffsetsResponseGroup {
            group_id: Cow::Borrowed(""),
            topics: Vec::new(),
            error_code: 0,
            error_message: None,
        }
    }
}

impl<'a> Message<'a> for DescribeShareGroupOffsetsResponseGroup<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let topics = decoder
            .nullable_array(flexible, |decoder| {
                DescribeShareGroupOffsetsResponseTopic::decode(decoder, version)
            })?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeShareGroupOffsetsResponseGroup { group_id, topics, error_code, error_message })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.topics {
            item.error_codes(tell);
        }
        tell(self.error_code);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseTopic<'a> {
    pub topic_name: Cow<'a, str>,
    pub topic_id: Uuid,
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition<'a>>,
}

impl<'a> Default for DescribeShareGroupOffsetsResponseTopic<'a> {
    fn default() -> Self {
        DescribeShareGroupOffsetsResponseTopic {
            topic_name: Cow::Borrowed(""),
            topic_id: Uuid::ZERO,
            partitions: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for DescribeShareGroupOffsetsResponseTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic_name" })?;
        let topic_id = decoder.uuid()?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| {
                DescribeShareGroupOffsetsResponsePartition::decode(decoder, version)
            })?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeShareGroupOffsetsResponseTopic { topic_name, topic_id, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.topic_name))?;
        encoder.uuid(self.topic_id);
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
pub struct DescribeShareGroupOffsetsResponsePartition<'a> {
    pub partition_index: i32,
    pub start_offset: i64,
    pub leader_epoch: i32,
    /// From version 1.
    pub lag: i64,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Default for DescribeShareGroupOffsetsResponsePartition<'a> {
    fn default() -> Self {
        DescribeShareGroupOffsetsResponsePartition {
            partition_index: 0,
            start_offset: 0,
            leader_epoch: 0,
            lag: -1,
            error_code: 0,
            error_message: None,
        }
    }
}

impl<'a> Message<'a> for DescribeShareGroupOffsetsResponsePartition<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let partition_index = decoder.int32()?;
        let start_offset = decoder.int64()?;
        let leader_epoch = decoder.int32()?;
        let lag = if version >= 1 { decoder.int64()? } else { -1 };
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeShareGroupOffsetsResponsePartition {
            partition_index,
            start_offset,
            leader_epoch,
            lag,
            error_code,
            error_message,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition_index);
        encoder.int64(self.start_offset);
        encoder.int32(self.leader_epoch);
        if version >= 1 {
            encoder.int64(self.lag);
        }
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
