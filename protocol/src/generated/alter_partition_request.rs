// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 2 to 3, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionRequest {
    pub broker_id: i32,
    pub broker_epoch: i64,
    pub topics: Vec<TopicData>,
}

impl Default for AlterPartitionRequest {
    fn default() -> Self {
        AlterPartitionRequest { broker_id: 0, broker_epoch: -1, topics: Vec::new() }
    }
}

impl<'a> Message<'a> for AlterPartitionRequest {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(2..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let broker_id = decoder.int32()?;
        let broker_epoch = decoder.int64()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AlterPartitionRequest { broker_id, broker_epoch, topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(2..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.broker_id);
        encoder.int64(self.broker_epoch);
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
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
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData {
    pub partition_index: i32,
    pub leader_epoch: i32,
    /// Versions 2 to 2.
    pub new_isr: Vec<i32>,
    /// From version 3.
    pub new_isr_with_epochs: Vec<BrokerState>,
    pub leader_recovery_state: i8,
    pub partition_epoch: i32,
}

impl Default for PartitionData {
    fn default() -> Self {
        PartitionData {
            partition_index: 0,
            leader_epoch: 0,
            new_isr: Vec::new(),
            new_isr_with_epochs: Vec::new(),
            leader_recovery_state: 0,
            partition_epoch: 0,
        }
    }
}

impl<'a> Message<'a> for PartitionData {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let partition_index = decoder.int32()?;
        let leader_epoch = decoder.int32()?;
        let new_isr = if version <= 2 {
            decoder
                .nullable_array(flexible, |decoder| decoder.int32())?
                .ok_or(DecodeError::Null { field: "new_isr" })?
        } else {
            Vec::new()
        };
        let new_isr_with_epochs = if version >= 3 {
            decoder
                .nullable_array(flexible, |decoder| BrokerState::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "new_isr_with_epochs" })?
        } else {
            Vec::new()
        };
        let leader_recovery_state = decoder.int8()?;
        let partition_epoch = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionData {
            partition_index,
            leader_epoch,
            new_isr,
            new_isr_with_epochs,
            leader_recovery_state,
            partition_epoch,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.partition_index);
        encoder.int32(self.leader_epoch);
        if version <= 2 {
            encoder.nullable_array(flexible, Some(&self.new_isr), |encoder, item| {
                encoder.int32(*item);
                Ok(())
            })?;
        }
        if !(version <= 2) && !self.new_isr.is_empty() {
            return Err(EncodeError::Unsupported { field: "new_isr", version });
        }
        if version >= 3 {
            encoder.nullable_array(flexible, Some(&self.new_isr_with_epochs), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 3) && !self.new_isr_with_epochs.is_empty() {
            return Err(EncodeError::Unsupported { field: "new_isr_with_epochs", version });
        }
        encoder.int8(self.leader_recovery_state);
        encoder.int32(self.partition_epoch);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct BrokerState {
    /// From version 3.
    pub broker_id: i32,
    /// From version 3.
    pub broker_epoch: i64,
}

impl Default for BrokerState {
    fn default() -> Self {
        BrokerState { broker_id: 0, broker_epoch: -1 }
    }
}

impl<'a> Message<'a> for BrokerState {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let broker_id = if version >= 3 { decoder.int32()? } else { 0 };
        let broker_epoch = if version >= 3 { decoder.int64()? } else { -1 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(BrokerState { broker_id, broker_epoch })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        if version >= 3 {
            encoder.int32(self.broker_id);
        }
        if !(version >= 3) && self.broker_id != 0 {
            return Err(EncodeError::Unsupported { field: "broker_id", version });
        }
        if version >= 3 {
            encoder.int64(self.broker_epoch);
        }
        if !(version >= 3) && self.broker_epoch != -1 {
            return Err(EncodeError::Unsupported { field: "broker_epoch", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
