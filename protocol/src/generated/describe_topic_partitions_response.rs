// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<DescribeTopicPartitionsResponseTopic<'a>>,
    pub next_cursor: Option<Cursor<'a>>,
}

impl<'a> Default for DescribeTopicPartitionsResponse<'a> {
    fn default() -> Self {
        DescribeTopicPartitionsResponse { throttle_time_ms: 0, topics: Vec::new(), next_cursor: None }
    }
}

impl<'a> Message<'a> for DescribeTopicPartitionsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| {
                DescribeTopicPartitionsResponseTopic::decode(decoder, version)
            })?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let next_cursor = if decoder.int8()? < 0 { None } else { Some(Cursor::decode(decoder, version)?) };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeTopicPartitionsResponse { throttle_time_ms, topics, next_cursor })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        match &self.next_cursor {
            Some(value) => {
                encoder.int8(1);
                value.encode(encoder, version)?;
            }
            None => encoder.int8(-1),
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.topics {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponseTopic<'a> {
    pub error_code: i16,
    pub name: Option<Cow<'a, str>>,
    pub topic_id: Uuid,
    pub is_internal: bool,
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    pub topic_authorized_operations: i32,
}

impl<'a> Default for DescribeTopicPartitionsResponseTopic<'a> {
    fn default() -> Self {
        DescribeTopicPartitionsResponseTopic {
            error_code: 0,
            name: Some(Cow::Borrowed("")),
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Message<'a> for DescribeTopicPartitionsResponseTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let error_code = decoder.int16()?;
        let name = decoder.nullable_string(flexible)?;
        let topic_id = decoder.uuid()?;
        let is_internal = decoder.bool()?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| {
                DescribeTopicPartitionsResponsePartition::decode(decoder, version)
            })?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        let topic_authorized_operations = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeTopicPartitionsResponseTopic {
            error_code,
            name,
            topic_id,
            is_internal,
            partitions,
            topic_authorized_operations,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.name.as_deref())?;
        encoder.uuid(self.topic_id);
        encoder.bool(self.is_internal);
        encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.int32(self.topic_authorized_operations);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponsePartition {
    pub error_code: i16,
    pub partition_index: i32,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    pub eligible_leader_replicas: Option<Vec<i32>>,
    pub last_known_elr: Option<Vec<i32>>,
    pub offline_replicas: Vec<i32>,
}

impl Default for DescribeTopicPartitionsResponsePartition {
    fn default() -> Self {
        DescribeTopicPartitionsResponsePartition {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for DescribeTopicPartitionsResponsePartition {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let error_code = decoder.int16()?;
        let partition_index = decoder.int32()?;
        let leader_id = decoder.int32()?;
        let leader_epoch = decoder.int32()?;
        let replica_nodes = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "replica_nodes" })?;
        let isr_nodes = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "isr_nodes" })?;
        let eligible_leader_replicas = decoder.nullable_array(flexible, |decoder| decoder.int32())?;
        let last_known_elr = decoder.nullable_array(flexible, |decoder| decoder.int32())?;
        let offline_replicas = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "offline_replicas" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeTopicPartitionsResponsePartition {
            error_code,
            partition_index,
            leader_id,
            leader_epoch,
            replica_nodes,
            isr_nodes,
            eligible_leader_replicas,
            last_known_elr,
            offline_replicas,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int16(self.error_code);
        encoder.int32(self.partition_index);
        encoder.int32(self.leader_id);
        encoder.int32(self.leader_epoch);
        encoder.nullable_array(flexible, Some(&self.replica_nodes), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        encoder.nullable_array(flexible, Some(&self.isr_nodes), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        encoder.nullable_array(flexible, self.eligible_leader_replicas.as_deref(), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        encoder.nullable_array(flexible, self.last_known_elr.as_deref(), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        encoder.nullable_array(flexible, Some(&self.offline_replicas), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
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
pub struct Cursor<'a> {
    pub topic_name: Cow<'a, str>,
    pub partition_index: i32,
}

impl<'a> Default for Cursor<'a> {
    fn default() -> Self {
        Cursor { topic_name: Cow::Borrowed(""), partition_index: 0 }
    }
}

impl<'a> Message<'a> for Cursor<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic_name" })?;
        let partition_index = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Cursor { topic_name, partition_index })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.topic_name))?;
        encoder.int32(self.partition_index);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
