// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupPartitionMetadataValue<'a> {
    pub topics: Vec<TopicMetadata<'a>>,
}

impl<'a> Default for ConsumerGroupPartitionMetadataValue<'a> {
    fn default() -> Self {
        ConsumerGroupPartitionMetadataValue { topics: Vec::new() }
    }
}

impl<'a> Message<'a> for ConsumerGroupPartitionMetadataValue<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicMetadata::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ConsumerGroupPartitionMetadataValue { topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicMetadata<'a> {
    pub topic_id: Uuid,
    pub topic_name: Cow<'a, str>,
    pub num_partitions: i32,
    pub partition_metadata: Vec<PartitionMetadata<'a>>,
}

impl<'a> Default for TopicMetadata<'a> {
    fn default() -> Self {
        TopicMetadata {
            topic_id: Uuid::ZERO,
            topic_name: Cow::Borrowed(""),
            num_partitions: 0,
            partition_metadata: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for TopicMetadata<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_id = decoder.uuid()?;
        let topic_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic_name" })?;
        let num_partitions = decoder.int32()?;
        let partition_metadata = decoder
            .nullable_array(flexible, |decoder| PartitionMetadata::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partition_metadata" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicMetadata { topic_id, topic_name, num_partitions, partition_metadata })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.uuid(self.topic_id);
        encoder.nullable_string(flexible, Some(&self.topic_name))?;
        encoder.int32(self.num_partitions);
        encoder.nullable_array(flexible, Some(&self.partition_metadata), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionMetadata<'a> {
    pub partition: i32,
    pub racks: Vec<Cow<'a, str>>,
}

impl<'a> Default for PartitionMetadata<'a> {
    fn default() -> Self {
        PartitionMetadata { partition: 0, racks: Vec::new() }
    }
}

impl<'a> Message<'a> for PartitionMetadata<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let partition = decoder.int32()?;
        let racks = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "racks" })
            })?
            .ok_or(DecodeError::Null { field: "racks" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionMetadata { partition, racks })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition);
        encoder.nullable_array(flexible, Some(&self.racks), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
