// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 2 to 3, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub topics: Vec<TopicData>,
}

impl Default for AlterPartitionResponse {
    fn default() -> Self {
        AlterPartitionResponse { throttle_time_ms: 0, error_code: 0, topics: Vec::new() }
    }
}

impl<'a> Message<'a> for AlterPartitionResponse {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(2..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AlterPartitionResponse { throttle_time_ms, error_code, topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(2..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
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
pub struct TopicData {
    pub topic_id: Uuid,
    pub partitions: Vec<PartitionData>,
}

impl Default for TopicData {
    fn default() -> Self {
        TopicData { topic_id: Uuid::ZERO, partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for TopicData {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_id = decoder.uuid()?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| PartitionData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicData { topic_id, partitions })
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
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: i16,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub isr: Vec<i32>,
    pub leader_recovery_state: i8,
    pub partition_epoch: i32,
}

impl Default for PartitionData {
    fn default() -> Self {
        PartitionData {
            partition_index: 0,
            error_code: 0,
            leader_id: 0,
            leader_epoch: 0,
            isr: Vec::new(),
            leader_recovery_state: 0,
            partition_epoch: 0,
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
        let isr = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "isr" })?;
        let leader_recovery_state = decoder.int8()?;
        let partition_epoch = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionData {
            partition_index,
            error_code,
            leader_id,
            leader_epoch,
            isr,
            leader_recovery_state,
            partition_epoch,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition_index);
        encoder.int16(self.error_code);
        encoder.int32(self.leader_id);
        encoder.int32(self.leader_epoch);
        encoder.nullable_array(flexible, Some(&self.isr), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        encoder.int8(self.leader_recovery_state);
        encoder.int32(self.partition_epoch);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
