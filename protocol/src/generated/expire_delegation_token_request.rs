// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpireDelegationTokenRequest<'a> {
    pub hmac: Cow<'a, [u8]>,
    pub expiry_time_period_ms: i64,
}

impl<'a> Default for ExpireDelegationTokenRequest<'a> {
    fn default() -> Self {
        ExpireDelegationTokenRequest { hmac: Cow::Borrowed(&[]), expiry_time_period_ms: 0 }
    }
}

impl<'a> Message<'a> for ExpireDelegationTokenRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let hmac = decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "hmac" })?;
        let expiry_time_period_ms = decoder.int64()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ExpireDelegationTokenRequest { hmac, expiry_time_period_ms })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.nullable_bytes(flexible, Some(&self.hmac))?;
        encoder.int64(self.expiry_time_period_ms);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
