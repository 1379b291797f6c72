// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct VoteResponse<'a> {
    pub error_code: i16,
    pub topics: Vec<TopicData<'a>>,
    /// From version 1.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Default for VoteResponse<'a> {
    fn default() -> Self {
        VoteResponse { error_code: 0, topics: Vec::new(), node_endpoints: Vec::new() }
    }
}

impl<'a> Message<'a> for VoteResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let error_code = decoder.int16()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let mut node_endpoints = Vec::new();
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 1 => {
                        node_endpoints = decoder
                            .nullable_array(flexible, |decoder| NodeEndpoint::decode(decoder, version))?
                            .ok_or(DecodeError::Null { field: "node_endpoints" })?
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(VoteResponse { error_code, topics, node_endpoints })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int16(self.error_code);
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if !(version >= 1) && !self.node_endpoints.is_empty() {
            return Err(EncodeError::Unsupported { field: "node_endpoints", version });
        }
        if flexible {
            let tagged_0 = (version >= 1) && !self.node_endpoints.is_empty();
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
        tell(self.error_code);
        for item in &self.topics {
            item.error_codes(tell);
        }
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
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: i16,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub vote_granted: bool,
}

impl Default for PartitionData {
    fn default() -> Self {
        PartitionData {
            partition_index: 0,
            error_code: 0,
            leader_id: 0,
            leader_epoch: 0,
            vote_granted: false,
        }
    }
}

impl<'a> Message<'a> for PartitionData {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let partition_index = decoder.int32()?;
        let error_code = decoder.int16()?;
        let leader_id = decoder.int32()?;
        let leader_epoch = decoder.int32()?;
        let vote_granted = decoder.bool()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionData { partition_index, error_code, leader_id, leader_epoch, vote_granted })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition_index);
        encoder.int16(self.error_code);
        encoder.int32(self.leader_id);
        encoder.int32(self.leader_epoch);
        encoder.bool(self.vote_granted);
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
pub struct NodeEndpoint<'a> {
    /// From version 1.
    pub node_id: i32,
    /// From version 1.
    pub host: Cow<'a, str>,
    /// From version 1.
    pub port: u16,
}

impl<'a> Default for NodeEndpoint<'a> {
    fn default() -> Self {
        NodeEndpoint { node_id: 0, host: Cow::Borrowed(""), port: 0 }
    }
}

impl<'a> Message<'a> for NodeEndpoint<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let node_id = if version >= 1 { decoder.int32()? } else { 0 };
        let host = if version >= 1 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?
        } else {
            Cow::Borrowed("")
        };
        let port = if version >= 1 { decoder.uint16()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(NodeEndpoint { node_id, host, port })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        if version >= 1 {
            encoder.int32(self.node_id);
        }
        if !(version >= 1) && self.node_id != 0 {
            return Err(EncodeError::Unsupported { field: "node_id", version });
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
