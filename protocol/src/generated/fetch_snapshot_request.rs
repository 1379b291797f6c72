// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchSnapshotRequest<'a> {
    pub cluster_id: Option<Cow<'a, str>>,
    pub replica_id: i32,
    pub max_bytes: i32,
    pub topics: Vec<TopicSnapshot<'a>>,
}

impl<'a> Default for FetchSnapshotRequest<'a> {
    fn default() -> Self {
        FetchSnapshotRequest { cluster_id: None, replica_id: -1, max_bytes: 0x7fffffff, topics: Vec::new() }
    }
}

impl<'a> Message<'a> for FetchSnapshotRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let mut cluster_id = None;
        let replica_id = decoder.int32()?;
        let max_bytes = decoder.int32()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicSnapshot::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 => cluster_id = decoder.nullable_string(flexible)?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(FetchSnapshotRequest { cluster_id, replica_id, max_bytes, topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.replica_id);
        encoder.int32(self.max_bytes);
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            let tagged_0 = self.cluster_id.is_some();
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.nullable_string(flexible, self.cluster_id.as_deref())?;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicSnapshot<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<PartitionSnapshot>,
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
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionSnapshot {
    pub partition: i32,
    pub current_leader_epoch: i32,
    pub snapshot_id: SnapshotId,
    pub position: i64,
    /// From version 1.
    pub replica_directory_id: Uuid,
}

impl Default for PartitionSnapshot {
    fn default() -> Self {
        PartitionSnapshot {
            partition: 0,
            current_leader_epoch: 0,
            snapshot_id: SnapshotId::default(),
            position: 0,
            replica_directory_id: Uuid::ZERO,
        }
    }
}

impl<'a> Message<'a> for PartitionSnapshot {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let partition = decoder.int32()?;
        let current_leader_epoch = decoder.int32()?;
        let snapshot_id = SnapshotId::decode(decoder, version)?;
        let position = decoder.int64()?;
        let mut replica_directory_id = Uuid::ZERO;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 1 => replica_directory_id = decoder.uuid()?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(PartitionSnapshot { partition, current_leader_epoch, snapshot_id, position, replica_directory_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition);
        encoder.int32(self.current_leader_epoch);
        self.snapshot_id.encode(encoder, version)?;
        encoder.int64(self.position);
        if flexible {
            let tagged_0 = (version >= 1) && self.replica_directory_id != Uuid::ZERO;
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.uuid(self.replica_directory_id);
                    Ok(())
                })?;
            }
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
