// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequest<'a> {
    pub transactional_id: Cow<'a, str>,
    pub group_id: Cow<'a, str>,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// From version 3.
    pub generation_id: i32,
    /// From version 3.
    pub member_id: Cow<'a, str>,
    /// From version 3.
    pub group_instance_id: Option<Cow<'a, str>>,
    pub topics: Vec<TxnOffsetCommitRequestTopic<'a>>,
}

impl<'a> Default for TxnOffsetCommitRequest<'a> {
    fn default() -> Self {
        TxnOffsetCommitRequest {
            transactional_id: Cow::Borrowed(""),
            group_id: Cow::Borrowed(""),
            producer_id: 0,
            producer_epoch: 0,
            generation_id: -1,
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            topics: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for TxnOffsetCommitRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let transactional_id =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "transactional_id" })?;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let producer_id = decoder.int64()?;
        let producer_epoch = decoder.int16()?;
        let generation_id = if version >= 3 { decoder.int32()? } else { -1 };
        let member_id = if version >= 3 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?
        } else {
            Cow::Borrowed("")
        };
        let group_instance_id = if version >= 3 { decoder.nullable_string(flexible)? } else { None };
        let topics = decoder
            .nullable_array(flexible, |decoder| TxnOffsetCommitRequestTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TxnOffsetCommitRequest {
            transactional_id,
            group_id,
            producer_id,
            producer_epoch,
            generation_id,
            member_id,
            group_instance_id,
            topics,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        encoder.nullable_string(flexible, Some(&self.transactional_id))?;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.int64(self.producer_id);
        encoder.int16(self.producer_epoch);
        if version >= 3 {
            encoder.int32(self.generation_id);
        }
        if !(version >= 3) && self.generation_id != -1 {
            return Err(EncodeError::Unsupported { field: "generation_id", version });
        }
        if version >= 3 {
            encoder.nullable_string(flexible, Some(&self.member_id))?;
        }
        if !(version >= 3) && !self.member_id.is_empty() {
            return Err(EncodeError::Unsupported { field: "member_id", version });
        }
        if version >= 3 {
            encoder.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        if !(version >= 3) && self.group_instance_id.is_some() {
            return Err(EncodeError::Unsupported { field: "group_instance_id", version });
        }
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequestTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<TxnOffsetCommitRequestPartition<'a>>,
}

impl<'a> Default for TxnOffsetCommitRequestTopic<'a> {
    fn default() -> Self {
        TxnOffsetCommitRequestTopic { name: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for TxnOffsetCommitRequestTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| TxnOffsetCommitRequestPartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TxnOffsetCommitRequestTopic { name, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequestPartition<'a> {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// From version 2.
    pub committed_leader_epoch: i32,
    pub committed_metadata: Option<Cow<'a, str>>,
}

impl<'a> Default for TxnOffsetCommitRequestPartition<'a> {
    fn default() -> Self {
        TxnOffsetCommitRequestPartition {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Message<'a> for TxnOffsetCommitRequestPartition<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let partition_index = decoder.int32()?;
        let committed_offset = decoder.int64()?;
        let committed_leader_epoch = if version >= 2 { decoder.int32()? } else { -1 };
        let committed_metadata = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TxnOffsetCommitRequestPartition {
            partition_index,
            committed_offset,
            committed_leader_epoch,
            committed_metadata,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        encoder.int32(self.partition_index);
        encoder.int64(self.committed_offset);
        if version >= 2 {
            encoder.int32(self.committed_leader_epoch);
        }
        encoder.nullable_string(flexible, self.committed_metadata.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
