// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestHeader<'a> {
    pub request_api_key: i16,
    pub request_api_version: i16,
    pub correlation_id: i32,
    pub client_id: Option<Cow<'a, str>>,
}

impl<'a> Default for RequestHeader<'a> {
    fn default() -> Self {
        RequestHeader {
            request_api_key: 0,
            request_api_version: 0,
            correlation_id: 0,
            client_id: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Message<'a> for RequestHeader<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let request_api_key = decoder.int16()?;
        let request_api_version = decoder.int16()?;
        let correlation_id = decoder.int32()?;
        let client_id = decoder.nullable_string(false)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(RequestHeader { request_api_key, request_api_version, correlation_id, client_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int16(self.request_api_key);
        encoder.int16(self.request_api_version);
        encoder.int32(self.correlation_id);
        encoder.nullable_string(false, self.client_id.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
