// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible never.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslHandshakeResponse<'a> {
    pub error_code: i16,
    pub mechanisms: Vec<Cow<'a, str>>,
}

impl<'a> Default for SaslHandshakeResponse<'a> {
    fn default() -> Self {
        SaslHandshakeResponse { error_code: 0, mechanisms: Vec::new() }
    }
}

impl<'a> Message<'a> for SaslHandshakeResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = false;
        let error_code = decoder.int16()?;
        let mechanisms = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "mechanisms" })
            })?
            .ok_or(DecodeError::Null { field: "mechanisms" })?;
        Ok(SaslHandshakeResponse { error_code, mechanisms })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = false;
        encoder.int16(self.error_code);
        encoder.nullable_array(flexible, Some(&self.mechanisms), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
