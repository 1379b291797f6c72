// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::records_field::Records;
use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareFetchResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareFetchableTopicResponse<'a>>,
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Default for ShareFetchResponse<'a> {
    fn default() -> Self {
        ShareFetchResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            acquisition_lock_timeout_ms: 0,
            responses: Vec::new(),
            node_endpoints: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for ShareFetchResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let acquisition_lock_timeout_ms = decoder.int32()?;
        let responses = decoder
            .nullable_array(flexible, |decoder| ShareFetchableTopicResponse::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "responses" })?;
        let node_endpoints = decoder
            .nullable_array(flexible, |decoder| NodeEndpoint::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "node_endpoints" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ShareFetchResponse {
            throttle_time_ms,
            error_code,
            error_message,
            acquisition_lock_timeout_ms,
            responses,
            node_endpoints,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        encoder.int32(self.acquisition_lock_timeout_ms);
        encoder
            .nullable_array(flexible, Some(&self.responses), |encoder, item| item.encode(encoder, version))?;
        encoder.nullable_array(flexible, Some(&self.node_endpoints), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
        for item in &self.responses {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ShareFetchableTopicResponse<'a> {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> Default for ShareFetchableTopicResponse<'a> {
    fn default() -> Self {
        ShareFetchableTopicResponse { topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for ShareFetchableTopicResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_id = decoder.uuid()?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| PartitionData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ShareFetchableTopicResponse { topic_id, partitions })
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
    pub error_message: Option<Cow<'a, str>>,
    pub acknowledge_error_code: i16,
    pub acknowledge_error_message: Option<Cow<'a, str>>,
    pub current_leader: LeaderIdAndEpoch,
    pub records: Option<Records<'a>>,
    pub acquired_records: Vec<AcquiredRecords>,
}

impl<'a> Default for PartitionData<'a> {
    fn default() -> Self {
        PartitionData {
            partition_index: 0,
            error_code: 0,
            error_message: None,
            acknowledge_error_code: 0,
            acknowledge_error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
            records: None,
            acquired_records: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for PartitionData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let partition_index = decoder.int32()?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let acknowledge_error_code = decoder.int16()?;
        let acknowledge_error_message = decoder.nullable_string(flexible)?;
        let current_leader = LeaderIdAndEpoch::decode(decoder, version)?;
        let records =
            Some(decoder.nullable_records(flexible)?.ok_or(DecodeError::Null { field: "records" })?);
        let acquired_records = decoder
            .nullable_array(flexible, |decoder| AcquiredRecords::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "acquired_records" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionData {
            partition_index,
            error_code,
            error_message,
            acknowledge_error_code,
            acknowledge_error_message,
            current_leader,
            records,
            acquired_records,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition_index);
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        encoder.int16(self.acknowledge_error_code);
        encoder.nullable_string(flexible, self.acknowledge_error_message.as_deref())?;
        self.current_leader.encode(encoder, version)?;
        if self.records.is_none() && !(false) {
            return Err(EncodeError::Null { field: "records", version });
        }
        encoder.nullable_records(flexible, self.records.as_ref())?;
        encoder.nullable_array(flexible, Some(&self.acquired_records), |encoder, item| {
            item.encode(encoder, version)
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
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        LeaderIdAndEpoch { leader_id: 0, leader_epoch: 0 }
    }
}

impl<'a> Message<'a> for LeaderIdAndEpoch {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let leader_id = decoder.int32()?;
        let leader_epoch = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(LeaderIdAndEpoch { leader_id, leader_epoch })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.leader_id);
        encoder.int32(self.leader_epoch);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AcquiredRecords {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_count: i16,
}

impl Default for AcquiredRecords {
    fn default() -> Self {
        AcquiredRecords { first_offset: 0, last_offset: 0, delivery_count: 0 }
    }
}

impl<'a> Message<'a> for AcquiredRecords {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let first_offset = decoder.int64()?;
        let last_offset = decoder.int64()?;
        let delivery_count = decoder.int16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AcquiredRecords { first_offset, last_offset, delivery_count })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int64(self.first_offset);
        encoder.int64(self.last_offset);
        encoder.int16(self.delivery_count);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct NodeEndpoint<'a> {
    pub node_id: i32,
    pub host: Cow<'a, str>,
    pub port: i32,
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> Default for NodeEndpoint<'a> {
    fn default() -> Self {
        NodeEndpoint { node_id: 0, host: Cow::Borrowed(""), port: 0, rack: None }
    }
}

impl<'a> Message<'a> for NodeEndpoint<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let node_id = decoder.int32()?;
        let host = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?;
        let port = decoder.int32()?;
        let rack = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(NodeEndpoint { node_id, host, port, rack })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.node_id);
        encoder.nullable_string(flexible, Some(&self.host))?;
        encoder.int32(self.port);
        encoder.nullable_string(flexible, self.rack.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
