// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 2 to 7, flexible from 5.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTopicsRequest<'a> {
    pub topics: Vec<CreatableTopic<'a>>,
    pub timeout_ms: i32,
    pub validate_only: bool,
}

impl<'a> Default for CreateTopicsRequest<'a> {
    fn default() -> Self {
        CreateTopicsRequest { topics: Vec::new(), timeout_ms: 60000, validate_only: false }
    }
}

impl<'a> Message<'a> for CreateTopicsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(2..=7).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 5;
        let topics = decoder
            .nullable_array(flexible, |decoder| CreatableTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let timeout_ms = decoder.int32()?;
        let validate_only = decoder.bool()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(CreateTopicsRequest { topics, timeout_ms, validate_only })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(2..=7).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        encoder.int32(self.timeout_ms);
        encoder.bool(self.validate_only);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopic<'a> {
    pub name: Cow<'a, str>,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig<'a>>,
}

impl<'a> Default for CreatableTopic<'a> {
    fn default() -> Self {
        CreatableTopic {
            name: Cow::Borrowed(""),
            num_partitions: 0,
            replication_factor: 0,
            assignments: Vec::new(),
            configs: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for CreatableTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let num_partitions = decoder.int32()?;
        let replication_factor = decoder.int16()?;
        let assignments = decoder
            .nullable_array(flexible, |decoder| CreatableReplicaAssignment::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "assignments" })?;
        let configs = decoder
            .nullable_array(flexible, |decoder| CreatableTopicConfig::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "configs" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(CreatableTopic { name, num_partitions, replication_factor, assignments, configs })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.int32(self.num_partitions);
        encoder.int16(self.replication_factor);
        encoder.nullable_array(flexible, Some(&self.assignments), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder
            .nullable_array(flexible, Some(&self.configs), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableReplicaAssignment {
    pub partition_index: i32,
    pub broker_ids: Vec<i32>,
}

impl Default for CreatableReplicaAssignment {
    fn default() -> Self {
        CreatableReplicaAssignment { partition_index: 0, broker_ids: Vec::new() }
    }
}

impl<'a> Message<'a> for CreatableReplicaAssignment {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let partition_index = decoder.int32()?;
        let broker_ids = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "broker_ids" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(CreatableReplicaAssignment { partition_index, broker_ids })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        encoder.int32(self.partition_index);
        encoder.nullable_array(flexible, Some(&self.broker_ids), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfig<'a> {
    pub name: Cow<'a, str>,
    pub value: Option<Cow<'a, str>>,
}

impl<'a> Default for CreatableTopicConfig<'a> {
    fn default() -> Self {
        CreatableTopicConfig { name: Cow::Borrowed(""), value: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Message<'a> for CreatableTopicConfig<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let value = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(CreatableTopicConfig { name, value })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_string(flexible, self.value.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
