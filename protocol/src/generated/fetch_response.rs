// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::records_field::Records;
use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 4 to 18, flexible from 12.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchResponse<'a> {
    pub throttle_time_ms: i32,
    /// From version 7.
    pub error_code: i16,
    /// From version 7.
    pub session_id: i32,
    pub responses: Vec<FetchableTopicResponse<'a>>,
    /// From version 16.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Default for FetchResponse<'a> {
    fn default() -> Self {
        FetchResponse {
            throttle_time_ms: 0,
            error_code: 0,
            session_id: 0,
            responses: Vec::new(),
            node_endpoints: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for FetchResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(4..=18).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 12;
        let throttle_time_ms = decoder.int32()?;
        let error_code = if version >= 7 { decoder.int16()? } else { 0 };
        let session_id = if version >= 7 { decoder.int32()? } else { 0 };
        let responses = decoder
            .nullable_array(flexible, |decoder| FetchableTopicResponse::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "responses" })?;
        let mut node_endpoints = Vec::new();
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 16 => {
                        node_endpoints = decoder
                            .nullable_array(flexible, |decoder| NodeEndpoint::decode(decoder, version))?
                            .ok_or(DecodeError::Null { field: "node_endpoints" })?
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(FetchResponse { throttle_time_ms, error_code, session_id, responses, node_endpoints })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(4..=18).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 12;
        encoder.int32(self.throttle_time_ms);
        if version >= 7 {
            encoder.int16(self.error_code);
        }
        if version >= 7 {
            encoder.int32(self.session_id);
        }
        if !(version >= 7) && self.session_id != 0 {
            return Err(EncodeError::Unsupported { field: "session_id", version });
        }
        encoder
            .nullable_array(flexible, Some(&self.responses), |encoder, item| item.encode(encoder, version))?;
        if !(version >= 16) && !self.node_endpoints.is_empty() {
            return Err(EncodeError::Unsupported { field: "node_endpoints", version });
        }
        if flexible {
            let tagged_0 = (version >= 16) && !self.node_endpoints.is_empty();
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
        for item in &self.responses {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct FetchableTopicResponse<'a> {
    /// Versions 4 to 12.
    pub topic: Cow<'a, str>,
    /// From version 13.
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> Default for FetchableTopicResponse<'a> {
    fn default() -> Self {
        FetchableTopicResponse { topic: Cow::Borrowed(""), topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for FetchableTopicResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let topic = if version <= 12 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic" })?
        } else {
            Cow::Borrowed("")
        };
        let topic_id = if version >= 13 { decoder.uuid()? } else { Uuid::ZERO };
        let partitions = decoder
            .nullable_array(flexible, |decoder| PartitionData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(FetchableTopicResponse { topic, topic_id, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 12 {
            encoder.nullable_string(flexible, Some(&self.topic))?;
        }
        if version >= 13 {
            encoder.uuid(self.topic_id);
        }
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
    pub high_watermark: i64,
    pub last_stable_offset: i64,
    /// From version 5.
    pub log_start_offset: i64,
    /// From version 12.
    pub diverging_epoch: EpochEndOffset,
    /// From version 12.
    pub current_leader: LeaderIdAndEpoch,
    /// From version 12.
    pub snapshot_id: SnapshotId,
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// From version 11.
    pub preferred_read_replica: i32,
    pub records: Option<Records<'a>>,
}

impl<'a> Default for PartitionData<'a> {
    fn default() -> Self {
        PartitionData {
            partition_index: 0,
            error_code: 0,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: Some(Vec::new()),
            preferred_read_replica: -1,
            records: None,
        }
    }
}

impl<'a> Message<'a> for PartitionData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let partition_index = decoder.int32()?;
        let error_code = decoder.int16()?;
        let high_watermark = decoder.int64()?;
        let last_stable_offset = decoder.int64()?;
        let log_start_offset = if version >= 5 { decoder.int64()? } else { -1 };
        let mut diverging_epoch = EpochEndOffset::default();
        let mut current_leader = LeaderIdAndEpoch::default();
        let mut snapshot_id = SnapshotId::default();
        let aborted_transactions =
            decoder.nullable_array(flexible, |decoder| AbortedTransaction::decode(decoder, version))?;
        let preferred_read_replica = if version >= 11 { decoder.int32()? } else { -1 };
        let records = decoder.nullable_records(flexible)?;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 12 => diverging_epoch = EpochEndOffset::decode(decoder, version)?,
                    1 if version >= 12 => current_leader = LeaderIdAndEpoch::decode(decoder, version)?,
                    2 if version >= 12 => snapshot_id = SnapshotId::decode(decoder, version)?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(PartitionData {
            partition_index,
            error_code,
            high_watermark,
            last_stable_offset,
            log_start_offset,
            diverging_epoch,
            current_leader,
            snapshot_id,
            aborted_transactions,
            preferred_read_replica,
            records,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        encoder.int32(self.partition_index);
        encoder.int16(self.error_code);
        encoder.int64(self.high_watermark);
        encoder.int64(self.last_stable_offset);
        if version >= 5 {
            encoder.int64(self.log_start_offset);
        }
        if !(version >= 12) && self.diverging_epoch != EpochEndOffset::default() {
            return Err(EncodeError::Unsupported { field: "diverging_epoch", version });
        }
        if !(version >= 12) && self.current_leader != LeaderIdAndEpoch::default() {
            return Err(EncodeError::Unsupported { field: "current_leader", version });
        }
        if !(version >= 12) && self.snapshot_id != SnapshotId::default() {
            return Err(EncodeError::Unsupported { field: "snapshot_id", version });
        }
        encoder.nullable_array(flexible, self.aborted_transactions.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if version >= 11 {
            encoder.int32(self.preferred_read_replica);
        }
        if !(version >= 11) && self.preferred_read_replica != -1 {
            return Err(EncodeError::Unsupported { field: "preferred_read_replica", version });
        }
        encoder.nullable_records(flexible, self.records.as_ref())?;
        if flexible {
            let tagged_0 = (version >= 12) && self.diverging_epoch != EpochEndOffset::default();
            let tagged_1 = (version >= 12) && self.current_leader != LeaderIdAndEpoch::default();
            let tagged_2 = (version >= 12) && self.snapshot_id != SnapshotId::default();
            encoder.unsigned_varint(u32::from(tagged_0) + u32::from(tagged_1) + u32::from(tagged_2));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    self.diverging_epoch.encode(encoder, version)?;
                    Ok(())
                })?;
            }
            if tagged_1 {
                encoder.tagged_field(1, |encoder| {
                    self.current_leader.encode(encoder, version)?;
                    Ok(())
                })?;
            }
            if tagged_2 {
                encoder.tagged_field(2, |encoder| {
                    self.snapshot_id.encode(encoder, version)?;
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
pub struct EpochEndOffset {
    /// From version 12.
    pub epoch: i32,
    /// From version 12.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        EpochEndOffset { epoch: -1, end_offset: -1 }
    }
}

impl<'a> Message<'a> for EpochEndOffset {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let epoch = if version >= 12 { decoder.int32()? } else { -1 };
        let end_offset = if version >= 12 { decoder.int64()? } else { -1 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(EpochEndOffset { epoch, end_offset })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version >= 12 {
            encoder.int32(self.epoch);
        }
        if !(version >= 12) && self.epoch != -1 {
            return Err(EncodeError::Unsupported { field: "epoch", version });
        }
        if version >= 12 {
            encoder.int64(self.end_offset);
        }
        if !(version >= 12) && self.end_offset != -1 {
            return Err(EncodeError::Unsupported { field: "end_offset", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// From version 12.
    pub leader_id: i32,
    /// From version 12.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        LeaderIdAndEpoch { leader_id: -1, leader_epoch: -1 }
    }
}

impl<'a> Message<'a> for LeaderIdAndEpoch {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let leader_id = if version >= 12 { decoder.int32()? } else { -1 };
        let leader_epoch = if version >= 12 { decoder.int32()? } else { -1 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(LeaderIdAndEpoch { leader_id, leader_epoch })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version >= 12 {
            encoder.int32(self.leader_id);
        }
        if !(version >= 12) && self.leader_id != -1 {
            return Err(EncodeError::Unsupported { field: "leader_id", version });
        }
        if version >= 12 {
            encoder.int32(self.leader_epoch);
        }
        if !(version >= 12) && self.leader_epoch != -1 {
            return Err(EncodeError::Unsupported { field: "leader_epoch", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> Self {
        SnapshotId { end_offset: -1, epoch: -1 }
    }
}

impl<'a> Message<'a> for SnapshotId {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let end_offset = decoder.int64()?;
        let epoch = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(SnapshotId { end_offset, epoch })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        encoder.int64(self.end_offset);
        encoder.int32(self.epoch);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
}

impl Default for AbortedTransaction {
    fn default() -> Self {
        AbortedTransaction { producer_id: 0, first_offset: 0 }
    }
}

impl<'a> Message<'a> for AbortedTransaction {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let producer_id = decoder.int64()?;
        let first_offset = decoder.int64()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AbortedTransaction { producer_id, first_offset })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        encoder.int64(self.producer_id);
        encoder.int64(self.first_offset);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// From version 16.
    pub node_id: i32,
    /// From version 16.
    pub host: Cow<'a, str>,
    /// From version 16.
    pub port: i32,
    /// From version 16.
    pub rack: Option<Cow<'a, str>>,
}

impl<'a> Default for NodeEndpoint<'a> {
    fn default() -> Self {
        NodeEndpoint { node_id: 0, host: Cow::Borrowed(""), port: 0, rack: None }
    }
}

impl<'a> Message<'a> for NodeEndpoint<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let node_id = if version >= 16 { decoder.int32()? } else { 0 };
        let host = if version >= 16 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?
        } else {
            Cow::Borrowed("")
        };
        let port = if version >= 16 { decoder.int32()? } else { 0 };
        let rack = if version >= 16 { decoder.nullable_string(flexible)? } else { None };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(NodeEndpoint { node_id, host, port, rack })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version >= 16 {
            encoder.int32(self.node_id);
        }
        if !(version >= 16) && self.node_id != 0 {
            return Err(EncodeError::Unsupported { field: "node_id", version });
        }
        if version >= 16 {
            encoder.nullable_string(flexible, Some(&self.host))?;
        }
        if !(version >= 16) && !self.host.is_empty() {
            return Err(EncodeError::Unsupported { field: "host", version });
        }
        if version >= 16 {
            encoder.int32(self.port);
        }
        if !(version >= 16) && self.port != 0 {
            return Err(EncodeError::Unsupported { field: "port", version });
        }
        if version >= 16 {
            encoder.nullable_string(flexible, self.rack.as_deref())?;
        }
        if !(version >= 16) && self.rack.is_some() {
            return Err(EncodeError::Unsupported { field: "rack", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
