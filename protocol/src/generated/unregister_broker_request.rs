// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UnregisterBrokerRequest {
    pub broker_id: i32,
}

impl Default for UnregisterBrokerRequest {
    fn default() -> Self {
        UnregisterBrokerRequest { broker_id: 0 }
    }
}

impl<'a> Message<'a> for UnregisterBrokerRequest {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let broker_id = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(UnregisterBrokerRequest { broker_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.broker_id);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
