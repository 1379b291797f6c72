// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 3 to 13, flexible from 9.
#[derive(Clone, Debug, PartialEq)]
pub struct ProduceResponse<'a> {
    pub responses: Vec<TopicProduceResponse<'a>>,
    pub throttle_time_ms: i32,
    /// From version 10.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Default for ProduceResponse<'a> {
    fn default() -> Self {
        ProduceResponse { responses: Vec::new(), throttle_time_ms: 0, node_endpoints: Vec::new() }
    }
}

impl<'a> Message<'a> for ProduceResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(3..=13).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 9;
        let responses = decoder
            .nullable_array(flexible, |decoder| TopicProduceResponse::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "responses" })?;
        let throttle_time_ms = decoder.int32()?;
        let mut node_endpoints = Vec::new();
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 10 => {
                        node_endpoints = decoder
                            .nullable_array(flexible, |decoder| NodeEndpoint::decode(decoder, version))?
                            .ok_or(DecodeError::Null { field: "node_endpoints" })?
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(ProduceResponse { responses, throttle_time_ms, node_endpoints })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(3..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        encoder
            .nullable_array(flexible, Some(&self.responses), |encoder, item| item.encode(encoder, version))?;
        encoder.int32(self.throttle_time_ms);
        if !(version >= 10) && !self.node_endpoints.is_empty() {
            return Err(EncodeError::Unsupported { field: "node_endpoints", version });
        }
        if flexible {
            let tagged_0 = (version >= 10) && !self.node_endpoints.is_empty();
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.nullable_array(flexible, Some(&self.node_endpoints), |encoder, item| {
                        item.encode(encoder, version)
                    })?;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.responses {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicProduceResponse<'a> {
    /// Versions 3 to 12.
    pub name: Cow<'a, str>,
    /// From version 13.
    pub topic_id: Uuid,
    pub partition_responses: Vec<PartitionProduceResponse<'a>>,
}

impl<'a> Default for TopicProduceResponse<'a> {
    fn default() -> Self {
        TopicProduceResponse {
            name: Cow::Borrowed(""),
            topic_id: Uuid::ZERO,
            partition_responses: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for TopicProduceResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let name = if version <= 12 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let topic_id = if version >= 13 { decoder.uuid()? } else { Uuid::ZERO };
        let partition_responses = decoder
            .nullable_array(flexible, |decoder| PartitionProduceResponse::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partition_responses" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicProduceResponse { name, topic_id, partition_responses })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version <= 12 {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if version >= 13 {
            encoder.uuid(self.topic_id);
        }
        encoder.nullable_array(flexible, Some(&self.partition_responses), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.partition_responses {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionProduceResponse<'a> {
    pub index: i32,
    pub error_code: i16,
    pub base_offset: i64,
    pub log_append_time_ms: i64,
    /// From version 5.
    pub log_start_offset: i64,
    /// From version 8.
    pub record_errors: Vec<BatchIndexAndErrorMessage<'a>>,
    /// From version 8.
    pub error_message: Option<Cow<'a, str>>,
    /// From version 10.
    pub current_leader: LeaderIdAndEpoch,
}

impl<'a> Default for PartitionProduceResponse<'a> {
    fn default() -> Self {
        PartitionProduceResponse {
            index: 0,
            error_code: 0,
            base_offset: 0,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
        }
    }
}

impl<'a> Message<'a> for PartitionProduceResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let index = decoder.int32()?;
        let error_code = decoder.int16()?;
        let base_offset = decoder.int64()?;
        let log_append_time_ms = decoder.int64()?;
        let log_start_offset = if version >= 5 { decoder.int64()? } else { -1 };
        let record_errors = if version >= 8 {
            decoder
                .nullable_array(flexible, |decoder| BatchIndexAndErrorMessage::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "record_errors" })?
        } else {
            Vec::new()
        };
        let error_message = if version >= 8 { decoder.nullable_string(flexible)? } else { None };
        let mut current_leader = LeaderIdAndEpoch::default();
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 10 => current_leader = LeaderIdAndEpoch::decode(decoder, version)?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(PartitionProduceResponse {
            index,
            error_code,
            base_offset,
            log_append_time_ms,
            log_start_offset,
            record_errors,
            error_message,
            current_leader,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        encoder.int32(self.index);
        encoder.int16(self.error_code);
        encoder.int64(self.base_offset);
        encoder.int64(self.log_append_time_ms);
        if version >= 5 {
            encoder.int64(self.log_start_offset);
        }
        if version >= 8 {
            encoder.nullable_array(flexible, Some(&self.record_errors), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if version >= 8 {
            encoder.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if !(version >= 10) && self.current_leader != LeaderIdAndEpoch::default() {
            return Err(EncodeError::Unsupported { field: "current_leader", version });
        }
        if flexible {
            let tagged_0 = (version >= 10) && self.current_leader != LeaderIdAndEpoch::default();
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    self.current_leader.encode(encoder, version)?;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct BatchIndexAndErrorMessage<'a> {
    /// From version 8.
    pub batch_index: i32,
    /// From version 8.
    pub batch_index_error_message: Option<Cow<'a, str>>,
}

impl<'a> Default for BatchIndexAndErrorMessage<'a> {
    fn default() -> Self {
        BatchIndexAndErrorMessage { batch_index: 0, batch_index_error_message: None }
    }
}

impl<'a> Message<'a> for BatchIndexAndErrorMessage<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let batch_index = if version >= 8 { decoder.int32()? } else { 0 };
        let batch_index_error_message = if version >= 8 { decoder.nullable_string(flexible)? } else { None };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(BatchIndexAndErrorMessage { batch_index, batch_index_error_message })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 8 {
            encoder.int32(self.batch_index);
        }
        if !(version >= 8) && self.batch_index != 0 {
            return Err(EncodeError::Unsupported { field: "batch_index", version });
        }
        if version >= 8 {
            encoder.nullable_string(flexible, self.batch_index_error_message.as_deref())?;
        }
        if !(version >= 8) && self.batch_index_error_message.is_some() {
            return Err(EncodeError::Unsupported { field: "batch_index_error_message", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// From version 10.
    pub leader_id: i32,
    /// From version 10.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        LeaderIdAndEpoch { leader_id: -1, leader_epoch: -1 }
    }
}

impl<'a> Message<'a> for LeaderIdAndEpoch {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let leader_id = if version >= 10 { decoder.int32()? } else { -1 };
        let leader_epoch = if version >= 10 { decoder.int32()? } else { -1 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(LeaderIdAndEpoch { leader_id, leader_epoch })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 10 {
            encoder.int32(self.leader_id);
        }
        if !(version >= 10) && self.leader_id != -1 {
            return Err(EncodeError::Unsupported { field: "leader_id", version });
        }
        if version >= 10 {
            encoder.int32(self.leader_epoch);
        }
        if !(version >= 10) && self.leader_epoch != -1 {
            return Err(EncodeError::Unsupported { field: "leader_epoch", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// From version 10.
    pub node_id: i32,
    /// From version 10.
    pub host: Cow<'a, str>,
    /// From version 10.
    pub port: i32,
    /// From version 10.
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> Default for NodeEndpoint<'a> {
    fn default() -> Self {
        NodeEndpoint { node_id: 0, host: Cow::Borrowed(""), port: 0, rack: None }
    }
}

impl<'a> Message<'a> for NodeEndpoint<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let node_id = if version >= 10 { decoder.int32()? } else { 0 };
        let host = if version >= 10 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?
        } else {
            Cow::Borrowed("")
        };
        let port = if version >= 10 { decoder.int32()? } else { 0 };
        let rack = if version >= 10 { decoder.nullable_string(flexible)? } else { None };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(NodeEndpoint { node_id, host, port, rack })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 10 {
            encoder.int32(self.node_id);
        }
        if !(version >= 10) && self.node_id != 0 {
            return Err(EncodeError::Unsupported { field: "node_id", version });
        }
        if version >= 10 {
            encoder.nullable_string(flexible, Some(&self.host))?;
        }
        if !(version >= 10) && !self.host.is_empty() {
            return Err(EncodeError::Unsupported { field: "host", version });
        }
        if version >= 10 {
            encoder.int32(self.port);
        }
        if !(version >= 10) && self.port != 0 {
            return Err(EncodeError::Unsupported { field: "port", version });
        }
        if version >= 10 {
            encoder.nullable_string(flexible, self.rack.as_deref())?;
        }
        if !(version >= 10) && self.rack.is_some() {
            return Err(EncodeError::Unsupported { field: "rack", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
