// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslAuthenticateRequest<'a> {
    pub auth_bytes: Cow<'a, [u8]>,
}

impl<'a> Default for SaslAuthenticateRequest<'a> {
    fn default() -> Self {
        SaslAuthenticateRequest { auth_bytes: Cow::Borrowed(&[]) }
    }
}

impl<'a> Message<'a> for SaslAuthenticateRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let auth_bytes =
            decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "auth_bytes" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(SaslAuthenticateRequest { auth_bytes })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.nullable_bytes(flexible, Some(&self.auth_bytes))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
