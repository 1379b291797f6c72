// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct BeginQuorumEpochRequest<'a> {
    pub cluster_id: Option<Cow<'a, str>>,
    /// From version 1.
    pub voter_id: i32,
    pub topics: Vec<TopicData<'a>>,
    /// From version 1.
    pub leader_endpoints: Vec<LeaderEndpoint<'a>>,
}

impl<'a> Default for BeginQuorumEpochRequest<'a> {
    fn default() -> Self {
        BeginQuorumEpochRequest {
            cluster_id: None,
            voter_id: -1,
            topics: Vec::new(),
            leader_endpoints: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for BeginQuorumEpochRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let cluster_id = decoder.nullable_string(flexible)?;
        let voter_id = if version >= 1 { decoder.int32()? } else { -1 };
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let leader_endpoints = if version >= 1 {
            decoder
                .nullable_array(flexible, |decoder| LeaderEndpoint::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "leader_endpoints" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(BeginQuorumEpochRequest { cluster_id, voter_id, topics, leader_endpoints })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        encoder.nullable_string(flexible, self.cluster_id.as_deref())?;
        if version >= 1 {
            encoder.int32(self.voter_id);
        }
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if version >= 1 {
            encoder.nullable_array(flexible, Some(&self.leader_endpoints), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
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
        let flexible = version >= 1;
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
        let flexible = version >= 1;
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
    /// From version 1.
    pub voter_directory_id: Uuid,
    pub leader_id: i32,
    pub leader_epoch: i32,
}

impl Default for PartitionData {
    fn default() -> Self {
        PartitionData { partition_index: 0, voter_directory_id: Uuid::ZERO, leader_id: 0, leader_epoch: 0 }
    }
}

impl<'a> Message<'a> for PartitionData {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let partition_index = decoder.int32()?;
        let voter_directory_id = if version >= 1 { decoder.uuid()? } else { Uuid::ZERO };
        let leader_id = decoder.int32()?;
        let leader_epoch = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionData { partition_index, voter_directory_id, leader_id, leader_epoch })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        encoder.int32(self.partition_index);
        if version >= 1 {
            encoder.uuid(self.voter_directory_id);
        }
        encoder.int32(self.leader_id);
        encoder.int32(self.leader_epoch);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeaderEndpoint<'a> {
    /// From version 1.
    pub name: Cow<'a, str>,
    /// From version 1.
    pub host: Cow<'a, str>,
    /// From version 1.
    pub port: u16,
}

impl<'a> Default for LeaderEndpoint<'a> {
    fn default() -> Self {
        LeaderEndpoint { name: Cow::Borrowed(""), host: Cow::Borrowed(""), port: 0 }
    }
}

impl<'a> Message<'a> for LeaderEndpoint<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let name = if version >= 1 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let host = if version >= 1 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?
        } else {
            Cow::Borrowed("")
        };
        let port = if version >= 1 { decoder.uint16()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(LeaderEndpoint { name, host, port })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        if version >= 1 {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if !(version >= 1) && !self.name.is_empty() {
            return Err(EncodeError::Unsupported { field: "name", version });
        }
        if version >= 1 {
            encoder.nullable_string(flexible, Some(&self.host))?;
        }
        if !(version >= 1) && !self.host.is_empty() {
            return Err(EncodeError::Unsupported { field: "host", version });
        }
        if version >= 1 {
            encoder.uint16(self.port);
        }
        if !(version >= 1) && self.port != 0 {
            return Err(EncodeError::Unsupported { field: "port", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
