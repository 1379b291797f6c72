// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupMetadataValue {
    pub epoch: i32,
    pub metadata_hash: i64,
}

impl Default for ConsumerGroupMetadataValue {
    fn default() -> Self {
        ConsumerGroupMetadataValue { epoch: 0, metadata_hash: 0 }
    }
}

impl<'a> Message<'a> for ConsumerGroupMetadataValue {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let epoch = decoder.int32()?;
        let mut metadata_hash = 0;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 => metadata_hash = decoder.int64()?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(ConsumerGroupMetadataValue { epoch, metadata_hash })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.epoch);
        if flexible {
            let tagged_0 = self.metadata_hash != 0;
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.int64(self.metadata_hash);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
