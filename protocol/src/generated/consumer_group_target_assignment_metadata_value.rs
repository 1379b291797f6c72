// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMetadataValue {
    pub assignment_epoch: i32,
    pub assignment_timestamp: i64,
}

impl Default for ConsumerGroupTargetAssignmentMetadataValue {
    fn default() -> Self {
        ConsumerGroupTargetAssignmentMetadataValue { assignment_epoch: 0, assignment_timestamp: 0 }
    }
}

impl<'a> Message<'a> for ConsumerGroupTargetAssignmentMetadataValue {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let assignment_epoch = decoder.int32()?;
        let mut assignment_timestamp = 0;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 => assignment_timestamp = decoder.int64()?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(ConsumerGroupTargetAssignmentMetadataValue { assignment_epoch, assignment_timestamp })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.assignment_epoch);
        if flexible {
            let tagged_0 = self.assignment_timestamp != 0;
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.int64(self.assignment_timestamp);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
