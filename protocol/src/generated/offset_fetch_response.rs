// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 10, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponse<'a> {
    /// From version 3.
    pub throttle_time_ms: i32,
    /// Versions 1 to 7.
    pub topics: Vec<OffsetFetchResponseTopic<'a>>,
    /// Versions 2 to 7.
    pub error_code: i16,
    /// From version 8.
    pub groups: Vec<OffsetFetchResponseGroup<'a>>,
}

impl<'a> Default for OffsetFetchResponse<'a> {
    fn default() -> Self {
        OffsetFetchResponse { throttle_time_ms: 0, topics: Vec::new(), error_code: 0, groups: Vec::new() }
    }
}

impl<'a> Message<'a> for OffsetFetchResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=10).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 6;
        let throttle_time_ms = if version >= 3 { decoder.int32()? } else { 0 };
        let topics = if version <= 7 {
            decoder
                .nullable_array(flexible, |decoder| OffsetFetchResponseTopic::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "topics" })?
        } else {
            Vec::new()
        };
        let error_code = if (2..=7).contains(&version) { decoder.int16()? } else { 0 };
        let groups = if version >= 8 {
            decoder
                .nullable_array(flexible, |decoder| OffsetFetchResponseGroup::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "groups" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetFetchResponse { throttle_time_ms, topics, error_code, groups })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=10).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        if version >= 3 {
            encoder.int32(self.throttle_time_ms);
        }
        if version <= 7 {
            encoder.nullable_array(flexible, Some(&self.topics), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version <= 7) && !self.topics.is_empty() {
            return Err(EncodeError::Unsupported { field: "topics", version });
        }
        if (2..=7).contains(&version) {
            encoder.int16(self.error_code);
        }
        if version >= 8 {
            encoder.nullable_array(flexible, Some(&self.groups), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 8) && !self.groups.is_empty() {
            return Err(EncodeError::Unsupported { field: "groups", version });
        }
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
        for item in &self.groups {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponseTopic<'a> {
    /// Versions 1 to 7.
    pub name: Cow<'a, str>,
    /// Versions 1 to 7.
    pub partitions: Vec<OffsetFetchResponsePartition<'a>>,
}

impl<'a> Default for OffsetFetchResponseTopic<'a> {
    fn default() -> Self {
        OffsetFetchResponseTopic { name: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for OffsetFetchResponseTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let name = if version <= 7 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let partitions = if version <= 7 {
            decoder
                .nullable_array(flexible, |decoder| OffsetFetchResponsePartition::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "partitions" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetFetchResponseTopic { name, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if version <= 7 {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if !(version <= 7) && !self.name.is_empty() {
            return Err(EncodeError::Unsupported { field: "name", version });
        }
        if version <= 7 {
            encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version <= 7) && !self.partitions.is_empty() {
            return Err(EncodeError::Unsupported { field: "partitions", version });
        }
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
pub struct OffsetFetchResponsePartition<'a> {
    /// Versions 1 to 7.
    pub partition_index: i32,
    /// Versions 1 to 7.
    pub committed_offset: i64,
    /// Versions 5 to 7.
    pub committed_leader_epoch: i32,
    /// Versions 1 to 7.
    pub metadata: Option<Cow<'a, str>>,
    /// Versions 1 to 7.
    pub error_code: i16,
}

impl<'a> Default for OffsetFetchResponsePartition<'a> {
    fn default() -> Self {
        OffsetFetchResponsePartition {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Cow::Borrowed("")),
            error_code: 0,
        }
    }
}

impl<'a> Message<'a> for OffsetFetchResponsePartition<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let partition_index = if version <= 7 { decoder.int32()? } else { 0 };
        let committed_offset = if version <= 7 { decoder.int64()? } else { 0 };
        let committed_leader_epoch = if (5..=7).contains(&version) { decoder.int32()? } else { -1 };
        let metadata =
            if version <= 7 { decoder.nullable_string(flexible)? } else { Some(Cow::Borrowed("")) };
        let error_code = if version <= 7 { decoder.int16()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetFetchResponsePartition {
            partition_index,
            committed_offset,
            committed_leader_epoch,
            metadata,
            error_code,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if version <= 7 {
            encoder.int32(self.partition_index);
        }
        if !(version <= 7) && self.partition_index != 0 {
            return Err(EncodeError::Unsupported { field: "partition_index", version });
        }
        if version <= 7 {
            encoder.int64(self.committed_offset);
        }
        if !(version <= 7) && self.committed_offset != 0 {
            return Err(EncodeError::Unsupported { field: "committed_offset", version });
        }
        if (5..=7).contains(&version) {
            encoder.int32(self.committed_leader_epoch);
        }
        if version <= 7 {
            encoder.nullable_string(flexible, self.metadata.as_deref())?;
        }
        if !(version <= 7) && self.metadata != Some(Cow::Borrowed("")) {
            return Err(EncodeError::Unsupported { field: "metadata", version });
        }
        if version <= 7 {
            encoder.int16(self.error_code);
        }
        if !(version <= 7) && self.error_code != 0 {
            return Err(EncodeError::Unsupported { field: "error_code", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponseGroup<'a> {
    /// From version 8.
    pub group_id: Cow<'a, str>,
    /// From version 8.
    pub topics: Vec<OffsetFetchResponseTopics<'a>>,
    /// From version 8.
    pub error_code: i16,
}

impl<'a> Default for OffsetFetchResponseGroup<'a> {
    fn default() -> Self {
        OffsetFetchResponseGroup { group_id: Cow::Borrowed(""), topics: Vec::new(), error_code: 0 }
    }
}

impl<'a> Message<'a> for OffsetFetchResponseGroup<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let group_id = if version >= 8 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?
        } else {
            Cow::Borrowed("")
        };
        let topics = if version >= 8 {
            decoder
                .nullable_array(flexible, |decoder| OffsetFetchResponseTopics::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "topics" })?
        } else {
            Vec::new()
        };
        let error_code = if version >= 8 { decoder.int16()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetFetchResponseGroup { group_id, topics, error_code })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if version >= 8 {
            encoder.nullable_string(flexible, Some(&self.group_id))?;
        }
        if !(version >= 8) && !self.group_id.is_empty() {
            return Err(EncodeError::Unsupported { field: "group_id", version });
        }
        if version >= 8 {
            encoder.nullable_array(flexible, Some(&self.topics), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 8) && !self.topics.is_empty() {
            return Err(EncodeError::Unsupported { field: "topics", version });
        }
        if version >= 8 {
            encoder.int16(self.error_code);
        }
        if !(version >= 8) && self.error_code != 0 {
            return Err(EncodeError::Unsupported { field: "error_code", version });
        }
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
pub struct OffsetFetchResponseTopics<'a> {
    /// Versions 8 to 9.
    pub name: Cow<'a, str>,
    /// From version 10.
    pub topic_id: Uuid,
    /// From version 8.
    pub partitions: Vec<OffsetFetchResponsePartitions<'a>>,
}

impl<'a> Default for OffsetFetchResponseTopics<'a> {
    fn default() -> Self {
        OffsetFetchResponseTopics { name: Cow::Borrowed(""), topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for OffsetFetchResponseTopics<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let name = if (8..=9).contains(&version) {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let topic_id = if version >= 10 { decoder.uuid()? } else { Uuid::ZERO };
        let partitions = if version >= 8 {
            decoder
                .nullable_array(flexible, |decoder| OffsetFetchResponsePartitions::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "partitions" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetFetchResponseTopics { name, topic_id, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if (8..=9).contains(&version) {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if version >= 10 {
            encoder.uuid(self.topic_id);
        }
        if version >= 8 {
            encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 8) && !self.partitions.is_empty() {
            return Err(EncodeError::Unsupported { field: "partitions", version });
        }
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
pub struct OffsetFetchResponsePartitions<'a> {
    /// From version 8.
    pub partition_index: i32,
    /// From version 8.
    pub committed_offset: i64,
    /// From version 8.
    pub committed_leader_epoch: i32,
    /// From version 8.
    pub metadata: Option<Cow<'a, str>>,
    /// From version 8.
    pub error_code: i16,
}

impl<'a> Default for OffsetFetchResponsePartitions<'a> {
    fn default() -> Self {
        OffsetFetchResponsePartitions {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(Cow::Borrowed("")),
            error_code: 0,
        }
    }
}

impl<'a> Message<'a> for OffsetFetchResponsePartitions<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let partition_index = if version >= 8 { decoder.int32()? } else { 0 };
        let committed_offset = if version >= 8 { decoder.int64()? } else { 0 };
        let committed_leader_epoch = if version >= 8 { decoder.int32()? } else { -1 };
        let metadata =
            if version >= 8 { decoder.nullable_string(flexible)? } else { Some(Cow::Borrowed("")) };
        let error_code = if version >= 8 { decoder.int16()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetFetchResponsePartitions {
            partition_index,
            committed_offset,
            committed_leader_epoch,
            metadata,
            error_code,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if version >= 8 {
            encoder.int32(self.partition_index);
        }
        if !(version >= 8) && self.partition_index != 0 {
            return Err(EncodeError::Unsupported { field: "partition_index", version });
        }
        if version >= 8 {
            encoder.int64(self.committed_offset);
        }
        if !(version >= 8) && self.committed_offset != 0 {
            return Err(EncodeError::Unsupported { field: "committed_offset", version });
        }
        if version >= 8 {
            encoder.int32(self.committed_leader_epoch);
        }
        if version >= 8 {
            encoder.nullable_string(flexible, self.metadata.as_deref())?;
        }
        if !(version >= 8) && self.metadata != Some(Cow::Borrowed("")) {
            return Err(EncodeError::Unsupported { field: "metadata", version });
        }
        if version >= 8 {
            encoder.int16(self.error_code);
        }
        if !(version >= 8) && self.error_code != 0 {
            return Err(EncodeError::Unsupported { field: "error_code", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
