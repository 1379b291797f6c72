// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible never.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslHandshakeRequest<'a> {
    pub mechanism: Cow<'a, str>,
}

impl<'a> Default for SaslHandshakeRequest<'a> {
    fn default() -> Self {
        SaslHandshakeRequest { mechanism: Cow::Borrowed("") }
    }
}

impl<'a> Message<'a> for SaslHandshakeRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = false;
        let mechanism = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "mechanism" })?;
        Ok(SaslHandshakeRequest { mechanism })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = false;
        encoder.nullable_string(flexible, Some(&self.mechanism))?;
        Ok(())
    }
}
