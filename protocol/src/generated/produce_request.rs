// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::records_field::Records;
use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 3 to 13, flexible from 9.
#[derive(Clone, Debug, PartialEq)]
pub struct ProduceRequest<'a> {
    pub transactional_id: Option<Cow<'a, str>>,
    pub acks: i16,
    pub timeout_ms: i32,
    pub topic_data: Vec<TopicProduceData<'a>>,
}

impl<'a> Default for ProduceRequest<'a> {
    fn default() -> Self {
        ProduceRequest { transactional_id: None, acks: 0, timeout_ms: 0, topic_data: Vec::new() }
    }
}

impl<'a> Message<'a> for ProduceRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(3..=13).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 9;
        let transactional_id = decoder.nullable_string(flexible)?;
        let acks = decoder.int16()?;
        let timeout_ms = decoder.int32()?;
        let topic_data = decoder
            .nullable_array(flexible, |decoder| TopicProduceData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topic_data" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ProduceRequest { transactional_id, acks, timeout_ms, topic_data })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(3..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        encoder.nullable_string(flexible, self.transactional_id.as_deref())?;
        encoder.int16(self.acks);
        encoder.int32(self.timeout_ms);
        encoder.nullable_array(flexible, Some(&self.topic_data), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicProduceData<'a> {
    /// Versions 3 to 12.
    pub name: Cow<'a, str>,
    /// From version 13.
    pub topic_id: Uuid,
    pub partition_data: Vec<PartitionProduceData<'a>>,
}

impl<'a> Default for TopicProduceData<'a> {
    fn default() -> Self {
        TopicProduceData { name: Cow::Borrowed(""), topic_id: Uuid::ZERO, partition_data: Vec::new() }
    }
}

impl<'a> Message<'a> for TopicProduceData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let name = if version <= 12 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let topic_id = if version >= 13 { decoder.uuid()? } else { Uuid::ZERO };
        let partition_data = decoder
            .nullable_array(flexible, |decoder| PartitionProduceData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partition_data" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicProduceData { name, topic_id, partition_data })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version <= 12 {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if version >= 13 {
            encoder.uuid(self.topic_id);
        }
        encoder.nullable_array(flexible, Some(&self.partition_data), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionProduceData<'a> {
    pub index: i32,
    pub records: Option<Records<'a>>,
}

impl<'a> Default for PartitionProduceData<'a> {
    fn default() -> Self {
        PartitionProduceData { index: 0, records: None }
    }
}

impl<'a> Message<'a> for PartitionProduceData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let index = decoder.int32()?;
        let records = decoder.nullable_records(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionProduceData { index, records })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        encoder.int32(self.index);
        encoder.nullable_records(flexible, self.records.as_ref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
