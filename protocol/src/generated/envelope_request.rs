// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvelopeRequest<'a> {
    pub request_data: Cow<'a, [u8]>,
    pub request_principal: Option<Cow<'a, [u8]>>,
    pub client_host_address: Cow<'a, [u8]>,
}

impl<'a> Default for EnvelopeRequest<'a> {
    fn default() -> Self {
        EnvelopeRequest {
            request_data: Cow::Borrowed(&[]),
            request_principal: Some(Cow::Borrowed(&[])),
            client_host_address: Cow::Borrowed(&[]),
        }
    }
}

impl<'a> Message<'a> for EnvelopeRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let request_data =
            decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "request_data" })?;
        let request_principal = decoder.nullable_bytes(flexible)?;
        let client_host_address =
            decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "client_host_address" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(EnvelopeRequest { request_data, request_principal, client_host_address })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_bytes(flexible, Some(&self.request_data))?;
        encoder.nullable_bytes(flexible, self.request_principal.as_deref())?;
        encoder.nullable_bytes(flexible, Some(&self.client_host_address))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
