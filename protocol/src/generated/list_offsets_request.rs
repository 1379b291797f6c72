// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 11, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsRequest<'a> {
    pub replica_id: i32,
    /// From version 2.
    pub isolation_level: i8,
    pub topics: Vec<ListOffsetsTopic<'a>>,
    /// From version 10.
    pub timeout_ms: i32,
}

impl<'a> Default for ListOffsetsRequest<'a> {
    fn default() -> Self {
        ListOffsetsRequest { replica_id: 0, isolation_level: 0, topics: Vec::new(), timeout_ms: 0 }
    }
}

impl<'a> Message<'a> for ListOffsetsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=11).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 6;
        let replica_id = decoder.int32()?;
        let isolation_level = if version >= 2 { decoder.int8()? } else { 0 };
        let topics = decoder
            .nullable_array(flexible, |decoder| ListOffsetsTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let timeout_ms = if version >= 10 { decoder.int32()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ListOffsetsRequest { replica_id, isolation_level, topics, timeout_ms })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=11).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        encoder.int32(self.replica_id);
        if version >= 2 {
            encoder.int8(self.isolation_level);
        }
        if !(version >= 2) && self.isolation_level != 0 {
            return Err(EncodeError::Unsupported { field: "isolation_level", version });
        }
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if version >= 10 {
            encoder.int32(self.timeout_ms);
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<ListOffsetsPartition>,
}

impl<'a> Default for ListOffsetsTopic<'a> {
    fn default() -> Self {
        ListOffsetsTopic { name: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for ListOffsetsTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| ListOffsetsPartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ListOffsetsTopic { name, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
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
pub struct ListOffsetsPartition {
    pub partition_index: i32,
    /// From version 4.
    pub current_leader_epoch: i32,
    pub timestamp: i64,
}

impl Default for ListOffsetsPartition {
    fn default() -> Self {
        ListOffsetsPartition { partition_index: 0, current_leader_epoch: -1, timestamp: 0 }
    }
}

impl<'a> Message<'a> for ListOffsetsPartition {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let partition_index = decoder.int32()?;
        let current_leader_epoch = if version >= 4 { decoder.int32()? } else { -1 };
        let timestamp = decoder.int64()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ListOffsetsPartition { partition_index, current_leader_epoch, timestamp })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        encoder.int32(self.partition_index);
        if version >= 4 {
            encoder.int32(self.current_leader_epoch);
        }
        encoder.int64(self.timestamp);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
