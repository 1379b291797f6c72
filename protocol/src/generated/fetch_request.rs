// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 4 to 18, flexible from 12.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest<'a> {
    /// From version 12.
    pub cluster_id: Option<Cow<'a, str>>,
    /// Versions 4 to 14.
    pub replica_id: i32,
    /// From version 15.
    pub replica_state: ReplicaState,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub isolation_level: i8,
    /// From version 7.
    pub session_id: i32,
    /// From version 7.
    pub session_epoch: i32,
    pub topics: Vec<FetchTopic<'a>>,
    /// From version 7.
    pub forgotten_topics_data: Vec<ForgottenTopic<'a>>,
    /// From version 11.
    pub rack_id: Cow<'a, str>,
}

impl<'a> Default for FetchRequest<'a> {
    fn default() -> Self {
        FetchRequest {
            cluster_id: None,
            replica_id: -1,
            replica_state: ReplicaState::default(),
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: 0x7fffffff,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Vec::new(),
            forgotten_topics_data: Vec::new(),
            rack_id: Cow::Borrowed(""),
        }
    }
}

impl<'a> Message<'a> for FetchRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(4..=18).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 12;
        let mut cluster_id = None;
        let replica_id = if version <= 14 { decoder.int32()? } else { -1 };
        let mut replica_state = ReplicaState::default();
        let max_wait_ms = decoder.int32()?;
        let min_bytes = decoder.int32()?;
        let max_bytes = decoder.int32()?;
        let isolation_level = decoder.int8()?;
        let session_id = if version >= 7 { decoder.int32()? } else { 0 };
        let session_epoch = if version >= 7 { decoder.int32()? } else { -1 };
        let topics = decoder
            .nullable_array(flexible, |decoder| FetchTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let forgotten_topics_data = if version >= 7 {
            decoder
                .nullable_array(flexible, |decoder| ForgottenTopic::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "forgotten_topics_data" })?
        } else {
            Vec::new()
        };
        let rack_id = if version >= 11 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "rack_id" })?
        } else {
            Cow::Borrowed("")
        };
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 12 => cluster_id = decoder.nullable_string(flexible)?,
                    1 if version >= 15 => replica_state = ReplicaState::decode(decoder, version)?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(FetchRequest {
            cluster_id,
            replica_id,
            replica_state,
            max_wait_ms,
            min_bytes,
            max_bytes,
            isolation_level,
            session_id,
            session_epoch,
            topics,
            forgotten_topics_data,
            rack_id,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(4..=18).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 12;
        if version <= 14 {
            encoder.int32(self.replica_id);
        }
        if !(version <= 14) && self.replica_id != -1 {
            return Err(EncodeError::Unsupported { field: "replica_id", version });
        }
        if !(version >= 15) && self.replica_state != ReplicaState::default() {
            return Err(EncodeError::Unsupported { field: "replica_state", version });
        }
        encoder.int32(self.max_wait_ms);
        encoder.int32(self.min_bytes);
        encoder.int32(self.max_bytes);
        encoder.int8(self.isolation_level);
        if version >= 7 {
            encoder.int32(self.session_id);
        }
        if version >= 7 {
            encoder.int32(self.session_epoch);
        }
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if version >= 7 {
            encoder.nullable_array(flexible, Some(&self.forgotten_topics_data), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 7) && !self.forgotten_topics_data.is_empty() {
            return Err(EncodeError::Unsupported { field: "forgotten_topics_data", version });
        }
        if version >= 11 {
            encoder.nullable_string(flexible, Some(&self.rack_id))?;
        }
        if flexible {
            let tagged_0 = (version >= 12) && self.cluster_id.is_some();
            let tagged_1 = (version >= 15) && self.replica_state != ReplicaState::default();
            encoder.unsigned_varint(u32::from(tagged_0) + u32::from(tagged_1));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.nullable_string(flexible, self.cluster_id.as_deref())?;
                    Ok(())
                })?;
            }
            if tagged_1 {
                encoder.tagged_field(1, |encoder| {
                    self.replica_state.encode(encoder, version)?;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    /// From version 15.
    pub replica_id: i32,
    /// From version 15.
    pub replica_epoch: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        ReplicaState { replica_id: -1, replica_epoch: -1 }
    }
}

impl<'a> Message<'a> for ReplicaState {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let replica_id = if version >= 15 { decoder.int32()? } else { -1 };
        let replica_epoch = if version >= 15 { decoder.int64()? } else { -1 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ReplicaState { replica_id, replica_epoch })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version >= 15 {
            encoder.int32(self.replica_id);
        }
        if !(version >= 15) && self.replica_id != -1 {
            return Err(EncodeError::Unsupported { field: "replica_id", version });
        }
        if version >= 15 {
            encoder.int64(self.replica_epoch);
        }
        if !(version >= 15) && self.replica_epoch != -1 {
            return Err(EncodeError::Unsupported { field: "replica_epoch", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct FetchTopic<'a> {
    /// Versions 4 to 12.
    pub topic: Cow<'a, str>,
    /// From version 13.
    pub topic_id: Uuid,
    pub partitions: Vec<FetchPartition>,
}

impl<'a> Default for FetchTopic<'a> {
    fn default() -> Self {
        FetchTopic { topic: Cow::Borrowed(""), topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for FetchTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let topic = if version <= 12 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic" })?
        } else {
            Cow::Borrowed("")
        };
        let topic_id = if version >= 13 { decoder.uuid()? } else { Uuid::ZERO };
        let partitions = decoder
            .nullable_array(flexible, |decoder| FetchPartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(FetchTopic { topic, topic_id, partitions })
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
}

#[derive(Clone, Debug, PartialEq)]
pub struct FetchPartition {
    pub partition: i32,
    /// From version 9.
    pub current_leader_epoch: i32,
    pub fetch_offset: i64,
    /// From version 12.
    pub last_fetched_epoch: i32,
    /// From version 5.
    pub log_start_offset: i64,
    pub partition_max_bytes: i32,
    /// From version 17.
    pub replica_directory_id: Uuid,
    /// From version 18.
    pub high_watermark: i64,
}

impl Default for FetchPartition {
    fn default() -> Self {
        FetchPartition {
            partition: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: Uuid::ZERO,
            high_watermark: 9223372036854775807,
        }
    }
}

impl<'a> Message<'a> for FetchPartition {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let partition = decoder.int32()?;
        let current_leader_epoch = if version >= 9 { decoder.int32()? } else { -1 };
        let fetch_offset = decoder.int64()?;
        let last_fetched_epoch = if version >= 12 { decoder.int32()? } else { -1 };
        let log_start_offset = if version >= 5 { decoder.int64()? } else { -1 };
        let partition_max_bytes = decoder.int32()?;
        let mut replica_directory_id = Uuid::ZERO;
        let mut high_watermark = 9223372036854775807;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 17 => replica_directory_id = decoder.uuid()?,
                    1 if version >= 18 => high_watermark = decoder.int64()?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(FetchPartition {
            partition,
            current_leader_epoch,
            fetch_offset,
            last_fetched_epoch,
            log_start_offset,
            partition_max_bytes,
            replica_directory_id,
            high_watermark,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        encoder.int32(self.partition);
        if version >= 9 {
            encoder.int32(self.current_leader_epoch);
        }
        encoder.int64(self.fetch_offset);
        if version >= 12 {
            encoder.int32(self.last_fetched_epoch);
        }
        if !(version >= 12) && self.last_fetched_epoch != -1 {
            return Err(EncodeError::Unsupported { field: "last_fetched_epoch", version });
        }
        if version >= 5 {
            encoder.int64(self.log_start_offset);
        }
        encoder.int32(self.partition_max_bytes);
        if flexible {
            let tagged_0 = (version >= 17) && self.replica_directory_id != Uuid::ZERO;
            let tagged_1 = (version >= 18) && self.high_watermark != 9223372036854775807;
            encoder.unsigned_varint(u32::from(tagged_0) + u32::from(tagged_1));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.uuid(self.replica_directory_id);
                    Ok(())
                })?;
            }
            if tagged_1 {
                encoder.tagged_field(1, |encoder| {
                    encoder.int64(self.high_watermark);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ForgottenTopic<'a> {
    /// Versions 7 to 12.
    pub topic: Cow<'a, str>,
    /// From version 13.
    pub topic_id: Uuid,
    /// From version 7.
    pub partitions: Vec<i32>,
}

impl<'a> Default for ForgottenTopic<'a> {
    fn default() -> Self {
        ForgottenTopic { topic: Cow::Borrowed(""), topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for ForgottenTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 12;
        let topic = if (7..=12).contains(&version) {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic" })?
        } else {
            Cow::Borrowed("")
        };
        let topic_id = if version >= 13 { decoder.uuid()? } else { Uuid::ZERO };
        let partitions = if version >= 7 {
            decoder
                .nullable_array(flexible, |decoder| decoder.int32())?
                .ok_or(DecodeError::Null { field: "partitions" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ForgottenTopic { topic, topic_id, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if (7..=12).contains(&version) {
            encoder.nullable_string(flexible, Some(&self.topic))?;
        }
        if version >= 13 {
            encoder.uuid(self.topic_id);
        }
        if version >= 7 {
            encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
                encoder.int32(*item);
                Ok(())
            })?;
        }
        if !(version >= 7) && !self.partitions.is_empty() {
            return Err(EncodeError::Unsupported { field: "partitions", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
