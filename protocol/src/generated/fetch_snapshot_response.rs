// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::records_field::Records;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchSnapshotResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub topics: Vec<TopicSnapshot<'a>>,
    /// From version 1.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Default for FetchSnapshotResponse<'a> {
    fn default() -> Self {
        FetchSnapshotResponse {
            throttle_time_ms: 0,
            error_code: 0,
            topics: Vec::new(),
            node_endpoints: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for FetchSnapshotResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicSnapshot::decode(decoder, version))?
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
        Ok(FetchSnapshotResponse { throttle_time_ms, error_code, topics, node_endpoints })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
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
pub struct TopicSnapshot<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<PartitionSnapshot<'a>>,
}

impl<'a> Default for TopicSnapshot<'a> {
    fn default() -> Self {
        TopicSnapshot { name: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for TopicSnapshot<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| PartitionSnapshot::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicSnapshot { name, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.name))?;
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
pub struct PartitionSnapshot<'a> {
    pub index: i32,
    pub error_code: i16,
    pub snapshot_id: SnapshotId,
    pub current_leader: LeaderIdAndEpoch,
    pub size: i64,
    pub position: i64,
    pub unaligned_records: Option<Records<'a>>,
}

impl<'a> Default for PartitionSnapshot<'a> {
    fn default() -> Self {
        PartitionSnapshot {
            index: 0,
            error_code: 0,
            snapshot_id: SnapshotId::default(),
            current_leader: LeaderIdAndEpoch::default(),
            size: 0,
            position: 0,
            unaligned_records: None,
        }
    }
}

impl<'a> Message<'a> for PartitionSnapshot<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let index = decoder.int32()?;
        let error_code = decoder.int16()?;
        let snapshot_id = SnapshotId::decode(decoder, version)?;
        let mut current_leader = LeaderIdAndEpoch::default();
        let size = decoder.int64()?;
        let position = decoder.int64()?;
        let unaligned_records = Some(
            decoder.nullable_records(flexible)?.ok_or(DecodeError::Null { field: "unaligned_records" })?,
        );
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 => current_leader = LeaderIdAndEpoch::decode(decoder, version)?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(PartitionSnapshot {
            index,
            error_code,
            snapshot_id,
            current_leader,
            size,
            position,
            unaligned_records,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.index);
        encoder.int16(self.error_code);
        self.snapshot_id.encode(encoder, version)?;
        encoder.int64(self.size);
        encoder.int64(self.position);
        if self.unaligned_records.is_none() && !(false) {
            return Err(EncodeError::Null { field: "unaligned_records", version });
        }
        encoder.nullable_records(flexible, self.unaligned_records.as_ref())?;
        if flexible {
            let tagged_0 = self.current_leader != LeaderIdAndEpoch::default();
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
pub struct SnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> Self {
        SnapshotId { end_offset: 0, epoch: 0 }
    }
}

impl<'a> Message<'a> for SnapshotId {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let end_offset = decoder.int64()?;
        let epoch = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(SnapshotId { end_offset, epoch })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int64(self.end_offset);
        encoder.int32(self.epoch);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
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
