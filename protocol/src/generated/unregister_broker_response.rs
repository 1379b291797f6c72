// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UnregisterBrokerResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Default for UnregisterBrokerResponse<'a> {
    fn default() -> Self {
        UnregisterBrokerResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Message<'a> for UnregisterBrokerResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(UnregisterBrokerResponse { throttle_time_ms, error_code, error_message })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
