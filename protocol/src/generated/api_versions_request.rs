// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 4, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionsRequest<'a> {
    /// From version 3.
    pub client_software_name: Cow<'a, str>,
    /// From version 3.
    pub client_software_version: Cow<'a, str>,
}

impl<'a> Default for ApiVersionsRequest<'a> {
    fn default() -> Self {
        ApiVersionsRequest {
            client_software_name: Cow::Borrowed(""),
            client_software_version: Cow::Borrowed(""),
        }
    }
}

impl<'a> Message<'a> for ApiVersionsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let client_software_name = if version >= 3 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_software_name" })?
        } else {
            Cow::Borrowed("")
        };
        let client_software_version = if version >= 3 {
            decoder
                .nullable_string(flexible)?
                .ok_or(DecodeError::Null { field: "client_software_version" })?
        } else {
            Cow::Borrowed("")
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ApiVersionsRequest { client_software_name, client_software_version })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 3 {
            encoder.nullable_string(flexible, Some(&self.client_software_name))?;
        }
        if version >= 3 {
            encoder.nullable_string(flexible, Some(&self.client_software_version))?;
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
