// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareAcknowledgeRequest<'a> {
    pub group_id: Option<Cow<'a, str>>,
    pub member_id: Option<Cow<'a, str>>,
    pub share_session_epoch: i32,
    /// From version 2.
    pub is_renew_ack: bool,
    pub topics: Vec<AcknowledgeTopic>,
}

impl<'a> Default for ShareAcknowledgeRequest<'a> {
    fn default() -> Self {
        ShareAcknowledgeRequest {
            group_id: None,
            member_id: Some(Cow::Borrowed("")),
            share_session_epoch: 0,
            is_renew_ack: false,
            topics: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for ShareAcknowledgeRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let group_id = decoder.nullable_string(flexible)?;
        let member_id = decoder.nullable_string(flexible)?;
        let share_session_epoch = decoder.int32()?;
        let is_renew_ack = if version >= 2 { decoder.bool()? } else { false };
        let topics = decoder
            .nullable_array(flexible, |decoder| AcknowledgeTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ShareAcknowledgeRequest { group_id, member_id, share_session_epoch, is_renew_ack, topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_string(flexible, self.group_id.as_deref())?;
        encoder.nullable_string(flexible, self.member_id.as_deref())?;
        encoder.int32(self.share_session_epoch);
        if version >= 2 {
            encoder.bool(self.is_renew_ack);
        }
        if !(version >= 2) && self.is_renew_ack {
            return Err(EncodeError::Unsupported { field: "is_renew_ack", version });
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
pub struct AcknowledgeTopic {
    pub topic_id: Uuid,
    pub partitions: Vec<AcknowledgePartition>,
}

impl Default for AcknowledgeTopic {
    fn default() -> Self {
        AcknowledgeTopic { topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for AcknowledgeTopic {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_id = decoder.uuid()?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| AcknowledgePartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AcknowledgeTopic { topic_id, partitions })
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
pub struct AcknowledgePartition {
    pub partition_index: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl Default for AcknowledgePartition {
    fn default() -> Self {
        AcknowledgePartition { partition_index: 0, acknowledgement_batches: Vec::new() }
    }
}

impl<'a> Message<'a> for AcknowledgePartition {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let partition_index = decoder.int32()?;
        let acknowledgement_batches = decoder
            .nullable_array(flexible, |decoder| AcknowledgementBatch::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "acknowledgement_batches" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AcknowledgePartition { partition_index, acknowledgement_batches })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition_index);
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
