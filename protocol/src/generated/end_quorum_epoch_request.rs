// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct EndQuorumEpochRequest<'a> {
    pub cluster_id: Option<Cow<'a, str>>,
    pub topics: Vec<TopicData<'a>>,
    /// From version 1.
    pub leader_endpoints: Vec<LeaderEndpoint<'a>>,
}

impl<'a> Default for EndQuorumEpochRequest<'a> {
    fn default() -> Self {
        EndQuorumEpochRequest { cluster_id: None, topics: Vec::new(), leader_endpoints: Vec::new() }
    }
}

impl<'a> Message<'a> for EndQuorumEpochRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let cluster_id = decoder.nullable_string(flexible)?;
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
        Ok(EndQuorumEpochRequest { cluster_id, topics, leader_endpoints })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        encoder.nullable_string(flexible, self.cluster_id.as_deref())?;
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
    pub leader_id: i32,
    pub leader_epoch: i32,
    /// Versions 0 to 0.
    pub preferred_successors: Vec<i32>,
    /// From version 1.
    pub preferred_candidates: Vec<ReplicaInfo>,
}

impl Default for PartitionData {
    fn default() -> Self {
        PartitionData {
            partition_index: 0,
            leader_id: 0,
            leader_epoch: 0,
            preferred_successors: Vec::new(),
            preferred_candidates: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for PartitionData {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let partition_index = decoder.int32()?;
        let leader_id = decoder.int32()?;
        let leader_epoch = decoder.int32()?;
        let preferred_successors = if version <= 0 {
            decoder
                .nullable_array(flexible, |decoder| decoder.int32())?
                .ok_or(DecodeError::Null { field: "preferred_successors" })?
        } else {
            Vec::new()
        };
        let preferred_candidates = if version >= 1 {
            decoder
                .nullable_array(flexible, |decoder| ReplicaInfo::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "preferred_candidates" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionData {
            partition_index,
            leader_id,
            leader_epoch,
            preferred_successors,
            preferred_candidates,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        encoder.int32(self.partition_index);
        encoder.int32(self.leader_id);
        encoder.int32(self.leader_epoch);
        if version <= 0 {
            encoder.nullable_array(flexible, Some(&self.preferred_successors), |encoder, item| {
                encoder.int32(*item);
                Ok(())
            })?;
        }
        if version >= 1 {
            encoder.nullable_array(flexible, Some(&self.preferred_candidates), |encoder, item| {
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
pub struct ReplicaInfo {
    /// From version 1.
    pub candidate_id: i32,
    /// From version 1.
    pub candidate_directory_id: Uuid,
}

impl Default for ReplicaInfo {
    fn default() -> Self {
        ReplicaInfo { candidate_id: 0, candidate_directory_id: Uuid::ZERO }
    }
}

impl<'a> Message<'a> for ReplicaInfo {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let candidate_id = if version >= 1 { decoder.int32()? } else { 0 };
        let candidate_directory_id = if version >= 1 { decoder.uuid()? } else { Uuid::ZERO };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ReplicaInfo { candidate_id, candidate_directory_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        if version >= 1 {
            encoder.int32(self.candidate_id);
        }
        if !(version >= 1) && self.candidate_id != 0 {
            return Err(EncodeError::Unsupported { field: "candidate_id", version });
        }
        if version >= 1 {
            encoder.uuid(self.candidate_directory_id);
        }
        if !(version >= 1) && self.candidate_directory_id != Uuid::ZERO {
            return Err(EncodeError::Unsupported { field: "candidate_directory_id", version });
        }
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
