// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeQuorumResponse<'a> {
    pub error_code: i16,
    /// From version 2.
    pub error_message: Option<Cow<'a, str>>,
    pub topics: Vec<TopicData<'a>>,
    /// From version 2.
    pub nodes: Vec<Node<'a>>,
}

impl<'a> Default for DescribeQuorumResponse<'a> {
    fn default() -> Self {
        DescribeQuorumResponse {
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            topics: Vec::new(),
            nodes: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for DescribeQuorumResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let error_code = decoder.int16()?;
        let error_message =
            if version >= 2 { decoder.nullable_string(flexible)? } else { Some(Cow::Borrowed("")) };
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let nodes = if version >= 2 {
            decoder
                .nullable_array(flexible, |decoder| Node::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "nodes" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeQuorumResponse { error_code, error_message, topics, nodes })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int16(self.error_code);
        if version >= 2 {
            encoder.nullable_string(flexible, self.error_message.as_deref())?;
        }
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if version >= 2 {
            encoder
                .nullable_array(flexible, Some(&self.nodes), |encoder, item| item.encode(encoder, version))?;
        }
        if !(version >= 2) && !self.nodes.is_empty() {
            return Err(EncodeError::Unsupported { field: "nodes", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
        for item in &self.topics {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicData<'a> {
    pub topic_name: Cow<'a, str>,
    pub partitions: Vec<PartitionData<'a>>,
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

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData<'a> {
    pub partition_index: i32,
    pub error_code: i16,
    /// From version 2.
    pub error_message: Option<Cow<'a, str>>,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub high_watermark: i64,
    pub current_voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
}

impl<'a> Default for PartitionData<'a> {
    fn default() -> Self {
        PartitionData {
            partition_index: 0,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            leader_id: 0,
            leader_epoch: 0,
            high_watermark: 0,
            current_voters: Vec::new(),
            observers: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for PartitionData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let partition_index = decoder.int32()?;
        let error_code = decoder.int16()?;
        let error_message =
            if version >= 2 { decoder.nullable_string(flexible)? } else { Some(Cow::Borrowed("")) };
        let leader_id = decoder.int32()?;
        let leader_epoch = decoder.int32()?;
        let high_watermark = decoder.int64()?;
        let current_voters = decoder
            .nullable_array(flexible, |decoder| ReplicaState::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "current_voters" })?;
        let observers = decoder
            .nullable_array(flexible, |decoder| ReplicaState::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "observers" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionData {
            partition_index,
            error_code,
            error_message,
            leader_id,
            leader_epoch,
            high_watermark,
            current_voters,
            observers,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition_index);
        encoder.int16(self.error_code);
        if version >= 2 {
            encoder.nullable_string(flexible, self.error_message.as_deref())?;
        }
        encoder.int32(self.leader_id);
        encoder.int32(self.leader_epoch);
        encoder.int64(self.high_watermark);
        encoder.nullable_array(flexible, Some(&self.current_voters), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder
            .nullable_array(flexible, Some(&self.observers), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    /// From version 2.
    pub node_id: i32,
    /// From version 2.
    pub listeners: Vec<Listener<'a>>,
}

impl<'a> Default for Node<'a> {
    fn default() -> Self {
        Node { node_id: 0, listeners: Vec::new() }
    }
}

impl<'a> Message<'a> for Node<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let node_id = if version >= 2 { decoder.int32()? } else { 0 };
        let listeners = if version >= 2 {
            decoder
                .nullable_array(flexible, |decoder| Listener::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "listeners" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Node { node_id, listeners })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        if version >= 2 {
            encoder.int32(self.node_id);
        }
        if !(version >= 2) && self.node_id != 0 {
            return Err(EncodeError::Unsupported { field: "node_id", version });
        }
        if version >= 2 {
            encoder.nullable_array(flexible, Some(&self.listeners), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 2) && !self.listeners.is_empty() {
            return Err(EncodeError::Unsupported { field: "listeners", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Listener<'a> {
    /// From version 2.
    pub name: Cow<'a, str>,
    /// From version 2.
    pub host: Cow<'a, str>,
    /// From version 2.
    pub port: u16,
}

impl<'a> Default for Listener<'a> {
    fn default() -> Self {
        Listener { name: Cow::Borrowed(""), host: Cow::Borrowed(""), port: 0 }
    }
}

impl<'a> Message<'a> for Listener<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = if version >= 2 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let host = if version >= 2 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?
        } else {
            Cow::Borrowed("")
        };
        let port = if version >= 2 { decoder.uint16()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Listener { name, host, port })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        if version >= 2 {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if !(version >= 2) && !self.name.is_empty() {
            return Err(EncodeError::Unsupported { field: "name", version });
        }
        if version >= 2 {
            encoder.nullable_string(flexible, Some(&self.host))?;
        }
        if !(version >= 2) && !self.host.is_empty() {
            return Err(EncodeError::Unsupported { field: "host", version });
        }
        if version >= 2 {
            encoder.uint16(self.port);
        }
        if !(version >= 2) && self.port != 0 {
            return Err(EncodeError::Unsupported { field: "port", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    pub replica_id: i32,
    /// From version 2.
    pub replica_directory_id: Uuid,
    pub log_end_offset: i64,
    /// From version 1.
    pub last_fetch_timestamp: i64,
    /// From version 1.
    pub last_caught_up_timestamp: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        ReplicaState {
            replica_id: 0,
            replica_directory_id: Uuid::ZERO,
            log_end_offset: 0,
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
        }
    }
}

impl<'a> Message<'a> for ReplicaState {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let replica_id = decoder.int32()?;
        let replica_directory_id = if version >= 2 { decoder.uuid()? } else { Uuid::ZERO };
        let log_end_offset = decoder.int64()?;
        let last_fetch_timestamp = if version >= 1 { decoder.int64()? } else { -1 };
        let last_caught_up_timestamp = if version >= 1 { decoder.int64()? } else { -1 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ReplicaState {
            replica_id,
            replica_directory_id,
            log_end_offset,
            last_fetch_timestamp,
            last_caught_up_timestamp,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.replica_id);
        if version >= 2 {
            encoder.uuid(self.replica_directory_id);
        }
        if !(version >= 2) && self.replica_directory_id != Uuid::ZERO {
            return Err(EncodeError::Unsupported { field: "replica_directory_id", version });
        }
        encoder.int64(self.log_end_offset);
        if version >= 1 {
            encoder.int64(self.last_fetch_timestamp);
        }
        if version >= 1 {
            encoder.int64(self.last_caught_up_timestamp);
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
