// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub assigned_partitions: Vec<TopicPartitions>,
    pub partitions_pending_revocation: Vec<TopicPartitions>,
}

impl Default for ConsumerGroupCurrentMemberAssignmentValue {
    fn default() -> Self {
        ConsumerGroupCurrentMemberAssignmentValue {
            member_epoch: 0,
            previous_member_epoch: 0,
            state: 0,
            assigned_partitions: Vec::new(),
            partitions_pending_revocation: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for ConsumerGroupCurrentMemberAssignmentValue {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let member_epoch = decoder.int32()?;
        let previous_member_epoch = decoder.int32()?;
        let state = decoder.int8()?;
        let assigned_partitions = decoder
            .nullable_array(flexible, |decoder| TopicPartitions::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "assigned_partitions" })?;
        let partitions_pending_revocation = decoder
            .nullable_array(flexible, |decoder| TopicPartitions::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions_pending_revocation" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ConsumerGroupCurrentMemberAssignmentValue {
            member_epoch,
            previous_member_epoch,
            state,
            assigned_partitions,
            partitions_pending_revocation,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.member_epoch);
        encoder.int32(self.previous_member_epoch);
        encoder.int8(self.state);
        encoder.nullable_array(flexible, Some(&self.assigned_partitions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, Some(&self.partitions_pending_revocation), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicPartitions {
    pub topic_id: Uuid,
    pub partitions: Vec<i32>,
    pub assignment_epochs: Option<Vec<i32>>,
}

impl Default for TopicPartitions {
    fn default() -> Self {
        TopicPartitions { topic_id: Uuid::ZERO, partitions: Vec::new(), assignment_epochs: None }
    }
}

impl<'a> Message<'a> for TopicPartitions {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_id = decoder.uuid()?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        let mut assignment_epochs = None;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 => assignment_epochs = decoder.nullable_array(flexible, |decoder| decoder.int32())?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(TopicPartitions { topic_id, partitions, assignment_epochs })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.uuid(self.topic_id);
        encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        if flexible {
            let tagged_0 = self.assignment_epochs.is_some();
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.nullable_array(
                        flexible,
                        self.assignment_epochs.as_deref(),
                        |encoder, item| {
                            encoder.int32(*item);
                            Ok(())
                        },
                    )?;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
