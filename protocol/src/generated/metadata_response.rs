// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 13, flexible from 9.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponse<'a> {
    /// From version 3.
    pub throttle_time_ms: i32,
    pub brokers: Vec<MetadataResponseBroker<'a>>,
    /// From version 2.
    pub cluster_id: Option<Cow<'a, str>>,
    /// From version 1.
    pub controller_id: i32,
    pub topics: Vec<MetadataResponseTopic<'a>>,
    /// Versions 8 to 10.
    pub cluster_authorized_operations: i32,
    /// From version 13.
    pub error_code: i16,
}

impl<'a> Default for MetadataResponse<'a> {
    fn default() -> Self {
        MetadataResponse {
            throttle_time_ms: 0,
            brokers: Vec::new(),
            cluster_id: None,
            controller_id: -1,
            topics: Vec::new(),
            cluster_authorized_operations: -2147483648,
            error_code: 0,
        }
    }
}

impl<'a> Message<'a> for MetadataResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=13).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 9;
        let throttle_time_ms = if version >= 3 { decoder.int32()? } else { 0 };
        let brokers = decoder
            .nullable_array(flexible, |decoder| MetadataResponseBroker::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "brokers" })?;
        let cluster_id = if version >= 2 { decoder.nullable_string(flexible)? } else { None };
        let controller_id = if version >= 1 { decoder.int32()? } else { -1 };
        let topics = decoder
            .nullable_array(flexible, |decoder| MetadataResponseTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let cluster_authorized_operations =
            if (8..=10).contains(&version) { decoder.int32()? } else { -2147483648 };
        let error_code = if version >= 13 { decoder.int16()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(MetadataResponse {
            throttle_time_ms,
            brokers,
            cluster_id,
            controller_id,
            topics,
            cluster_authorized_operations,
            error_code,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        if version >= 3 {
            encoder.int32(self.throttle_time_ms);
        }
        encoder
            .nullable_array(flexible, Some(&self.brokers), |encoder, item| item.encode(encoder, version))?;
        if version >= 2 {
            encoder.nullable_string(flexible, self.cluster_id.as_deref())?;
        }
        if version >= 1 {
            encoder.int32(self.controller_id);
        }
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if (8..=10).contains(&version) {
            encoder.int32(self.cluster_authorized_operations);
        }
        if !((8..=10).contains(&version)) && self.cluster_authorized_operations != -2147483648 {
            return Err(EncodeError::Unsupported { field: "cluster_authorized_operations", version });
        }
        if version >= 13 {
            encoder.int16(self.error_code);
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
        tell(self.error_code);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponseBroker<'a> {
    pub node_id: i32,
    pub host: Cow<'a, str>,
    pub port: i32,
    /// From version 1.
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> Default for MetadataResponseBroker<'a> {
    fn default() -> Self {
        MetadataResponseBroker { node_id: 0, host: Cow::Borrowed(""), port: 0, rack: None }
    }
}

impl<'a> Message<'a> for MetadataResponseBroker<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let node_id = decoder.int32()?;
        let host = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?;
        let port = decoder.int32()?;
        let rack = if version >= 1 { decoder.nullable_string(flexible)? } else { None };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(MetadataResponseBroker { node_id, host, port, rack })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        encoder.int32(self.node_id);
        encoder.nullable_string(flexible, Some(&self.host))?;
        encoder.int32(self.port);
        if version >= 1 {
            encoder.nullable_string(flexible, self.rack.as_deref())?;
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponseTopic<'a> {
    pub error_code: i16,
    pub name: Option<Cow<'a, str>>,
    /// From version 10.
    pub topic_id: Uuid,
    /// From version 1.
    pub is_internal: bool,
    pub partitions: Vec<MetadataResponsePartition>,
    /// From version 8.
    pub topic_authorized_operations: i32,
}

impl<'a> Default for MetadataResponseTopic<'a> {
    fn default() -> Self {
        MetadataResponseTopic {
            error_code: 0,
            name: Some(Cow::Borrowed("")),
            topic_id: Uuid::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Message<'a> for MetadataResponseTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let error_code = decoder.int16()?;
        let name = {
            let value = decoder.nullable_string(flexible)?;
            if value.is_none() && !(version >= 12) {
                return Err(DecodeError::Null { field: "name" });
            }
            value
        };
        let topic_id = if version >= 10 { decoder.uuid()? } else { Uuid::ZERO };
        let is_internal = if version >= 1 { decoder.bool()? } else { false };
        let partitions = decoder
            .nullable_array(flexible, |decoder| MetadataResponsePartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        let topic_authorized_operations = if version >= 8 { decoder.int32()? } else { -2147483648 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(MetadataResponseTopic {
            error_code,
            name,
            topic_id,
            is_internal,
            partitions,
            topic_authorized_operations,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        encoder.int16(self.error_code);
        if self.name.is_none() && !(version >= 12) {
            return Err(EncodeError::Null { field: "name", version });
        }
        encoder.nullable_string(flexible, self.name.as_deref())?;
        if version >= 10 {
            encoder.uuid(self.topic_id);
        }
        if version >= 1 {
            encoder.bool(self.is_internal);
        }
        encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if version >= 8 {
            encoder.int32(self.topic_authorized_operations);
        }
        if !(version >= 8) && self.topic_authorized_operations != -2147483648 {
            return Err(EncodeError::Unsupported { field: "topic_authorized_operations", version });
        }
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
pub struct MetadataResponsePartition {
    pub error_code: i16,
    pub partition_index: i32,
    pub leader_id: i32,
    /// From version 7.
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    /// From version 5.
    pub offline_replicas: Vec<i32>,
}

impl Default for MetadataResponsePartition {
    fn default() -> Self {
        MetadataResponsePartition {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            offline_replicas: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for MetadataResponsePartition {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let error_code = decoder.int16()?;
        let partition_index = decoder.int32()?;
        let leader_id = decoder.int32()?;
        let leader_epoch = if version >= 7 { decoder.int32()? } else { -1 };
        let replica_nodes = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "replica_nodes" })?;
        let isr_nodes = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "isr_nodes" })?;
        let offline_replicas = if version >= 5 {
            decoder
                .nullable_array(flexible, |decoder| decoder.int32())?
                .ok_or(DecodeError::Null { field: "offline_replicas" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(MetadataResponsePartition {
            error_code,
            partition_index,
            leader_id,
            leader_epoch,
            replica_nodes,
            isr_nodes,
            offline_replicas,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        encoder.int16(self.error_code);
        encoder.int32(self.partition_index);
        encoder.int32(self.leader_id);
        if version >= 7 {
            encoder.int32(self.leader_epoch);
        }
        encoder.nullable_array(flexible, Some(&self.replica_nodes), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        encoder.nullable_array(flexible, Some(&self.isr_nodes), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        if version >= 5 {
            encoder.nullable_array(flexible, Some(&self.offline_replicas), |encoder, item| {
                encoder.int32(*item);
                Ok(())
            })?;
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
