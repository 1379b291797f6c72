// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMemberValue {
    pub topic_partitions: Vec<TopicPartition>,
}

impl Default for ConsumerGroupTargetAssignmentMemberValue {
    fn default() -> Self {
        ConsumerGroupTargetAssignmentMemberValue { topic_partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for ConsumerGroupTargetAssignmentMemberValue {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let topic_partitions = decoder
            .nullable_array(flexible, |decoder| TopicPartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topic_partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ConsumerGroupTargetAssignmentMemberValue { topic_partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_array(flexible, Some(&self.topic_partitions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicPartition {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
}

impl Default for TopicPartition {
    fn default() -> Self {
        TopicPartition { topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for TopicPartition {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_id = decoder.uuid()?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicPartition { topic_id, partitions })
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
