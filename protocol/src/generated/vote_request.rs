// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct VoteRequest<'a> {
    pub cluster_id: Option<Cow<'a, str>>,
    /// From version 1.
    pub voter_id: i32,
    pub topics: Vec<TopicData<'a>>,
}

impl<'a> Default for VoteRequest<'a> {
    fn default() -> Self {
        VoteRequest { cluster_id: None, voter_id: -1, topics: Vec::new() }
    }
}

impl<'a> Message<'a> for VoteRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let cluster_id = decoder.nullable_string(flexible)?;
        let voter_id = if version >= 1 { decoder.int32()? } else { -1 };
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(VoteRequest { cluster_id, voter_id, topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_string(flexible, self.cluster_id.as_deref())?;
        if version >= 1 {
            encoder.int32(self.voter_id);
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
pub struct TopicData<'a> {
    pub topic_name: Cow<'a, str>,
    pub partitions: Vec<PartitionData>,
}

impl<'a> Default for TopicData<'a> {
    fn default() -> Self {
        TopicData { topic_name: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for TopicData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic_name" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| PartitionData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicData { topic_name, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.topic_name))?;
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
pub struct PartitionData {
    pub partition_index: i32,
    pub replica_epoch: i32,
    pub replica_id: i32,
    /// From version 1.
    pub replica_directory_id: Uuid,
    /// From version 1.
    pub voter_directory_id: Uuid,
    pub last_offset_epoch: i32,
    pub last_offset: i64,
    /// From version 2.
    pub pre_vote: bool,
}

impl Default for PartitionData {
    fn default() -> Self {
        PartitionData {
            partition_index: 0,
            replica_epoch: 0,
            replica_id: 0,
            replica_directory_id: Uuid::ZERO,
            voter_directory_id: Uuid::ZERO,
            last_offset_epoch: 0,
            last_offset: 0,
            pre_vote: false,
        }
    }
}

impl<'a> Message<'a> for PartitionData {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let partition_index = decoder.int32()?;
        let replica_epoch = decoder.int32()?;
        let replica_id = decoder.int32()?;
        let replica_directory_id = if version >= 1 { decoder.uuid()? } else { Uuid::ZERO };
        let voter_directory_id = if version >= 1 { decoder.uuid()? } else { Uuid::ZERO };
        let last_offset_epoch = decoder.int32()?;
        let last_offset = decoder.int64()?;
        let pre_vote = if version >= 2 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionData {
            partition_index,
            replica_epoch,
            replica_id,
            replica_directory_id,
            voter_directory_id,
            last_offset_epoch,
            last_offset,
            pre_vote,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition_index);
        encoder.int32(self.replica_epoch);
        encoder.int32(self.replica_id);
        if version >= 1 {
            encoder.uuid(self.replica_directory_id);
        }
        if version >= 1 {
            encoder.uuid(self.voter_directory_id);
        }
        encoder.int32(self.last_offset_epoch);
        encoder.int64(self.last_offset);
        if version >= 2 {
            encoder.bool(self.pre_vote);
        }
        if !(version >= 2) && self.pre_vote {
            return Err(EncodeError::Unsupported { field: "pre_vote", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
