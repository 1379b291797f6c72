// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareFetchRequest<'a> {
    pub group_id: Option<Cow<'a, str>>,
    pub member_id: Option<Cow<'a, str>>,
    pub share_session_epoch: i32,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub max_records: i32,
    pub batch_size: i32,
    /// From version 2.
    pub share_acquire_mode: i8,
    /// From version 2.
    pub is_renew_ack: bool,
    pub topics: Vec<FetchTopic>,
    pub forgotten_topics_data: Vec<ForgottenTopic>,
}

impl<'a> Default for ShareFetchRequest<'a> {
    fn default() -> Self {
        ShareFetchRequest {
            group_id: None,
            member_id: Some(Cow::Borrowed("")),
            share_session_epoch: 0,
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: 0x7fffffff,
            max_records: 0,
            batch_size: 0,
            share_acquire_mode: 0,
            is_renew_ack: false,
            topics: Vec::new(),
            forgotten_topics_data: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for ShareFetchRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let group_id = decoder.nullable_string(flexible)?;
        let member_id = decoder.nullable_string(flexible)?;
        let share_session_epoch = decoder.int32()?;
        let max_wait_ms = decoder.int32()?;
        let min_bytes = decoder.int32()?;
        let max_bytes = decoder.int32()?;
        let max_records = decoder.int32()?;
        let batch_size = decoder.int32()?;
        let share_acquire_mode = if version >= 2 { decoder.int8()? } else { 0 };
        let is_renew_ack = if version >= 2 { decoder.bool()? } else { false };
        let topics = decoder
            .nullable_array(flexible, |decoder| FetchTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let forgotten_topics_data = decoder
            .nullable_array(flexible, |decoder| ForgottenTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "forgotten_topics_data" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ShareFetchRequest {
            group_id,
            member_id,
            share_session_epoch,
            max_wait_ms,
            min_bytes,
            max_bytes,
            max_records,
            batch_size,
            share_acquire_mode,
            is_renew_ack,
            topics,
            forgotten_topics_data,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_string(flexible, self.group_id.as_deref())?;
        encoder.nullable_string(flexible, self.member_id.as_deref())?;
        encoder.int32(self.share_session_epoch);
        encoder.int32(self.max_wait_ms);
        encoder.int32(self.min_bytes);
        encoder.int32(self.max_bytes);
        encoder.int32(self.max_records);
        encoder.int32(self.batch_size);
        if version >= 2 {
            encoder.int8(self.share_acquire_mode);
        }
        if version >= 2 {
            encoder.bool(self.is_renew_ack);
        }
        if !(version >= 2) && self.is_renew_ack {
            return Err(EncodeError::Unsupported { field: "is_renew_ack", version });
        }
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        encoder.nullable_array(flexible, Some(&self.forgotten_topics_data), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct FetchTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
}

impl Default for FetchTopic {
    fn default() -> Self {
        FetchTopic { topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for FetchTopic {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_id = decoder.uuid()?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| FetchPartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(FetchTopic { topic_id, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.uuid(self.topic_id);
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
pub struct FetchPartition {
    pub partition_index: i32,
    /// Versions 1 to 0.
    pub partition_max_bytes: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl Default for FetchPartition {
    fn default() -> Self {
        FetchPartition { partition_index: 0, partition_max_bytes: 0, acknowledgement_batches: Vec::new() }
    }
}

impl<'a> Message<'a> for FetchPartition {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let partition_index = decoder.int32()?;
        let partition_max_bytes = 0;
        let acknowledgement_batches = decoder
            .nullable_array(flexible, |decoder| AcknowledgementBatch::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "acknowledgement_batches" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(FetchPartition { partition_index, partition_max_bytes, acknowledgement_batches })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition_index);
        if !(false) && self.partition_max_bytes != 0 {
            return Err(EncodeError::Unsupported { field: "partition_max_bytes", version });
        }
        encoder.nullable_array(flexible, Some(&self.acknowledgement_batches), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AcknowledgementBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub acknowledge_types: Vec<i8>,
}

impl Default for AcknowledgementBatch {
    fn default() -> Self {
        AcknowledgementBatch { first_offset: 0, last_offset: 0, acknowledge_types: Vec::new() }
    }
}

impl<'a> Message<'a> for AcknowledgementBatch {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let first_offset = decoder.int64()?;
        let last_offset = decoder.int64()?;
        let acknowledge_types = decoder
            .nullable_array(flexible, |decoder| decoder.int8())?
            .ok_or(DecodeError::Null { field: "acknowledge_types" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AcknowledgementBatch { first_offset, last_offset, acknowledge_types })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int64(self.first_offset);
        encoder.int64(self.last_offset);
        encoder.nullable_array(flexible, Some(&self.acknowledge_types), |encoder, item| {
            encoder.int8(*item);
            Ok(())
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ForgottenTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

impl Default for ForgottenTopic {
    fn default() -> Self {
        ForgottenTopic { topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for ForgottenTopic {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_id = decoder.uuid()?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ForgottenTopic { topic_id, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.uuid(self.topic_id);
        encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
