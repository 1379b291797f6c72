// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 6, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct FindCoordinatorRequest<'a> {
    /// Versions 0 to 3.
    pub key: Cow<'a, str>,
    /// From version 1.
    pub key_type: i8,
    /// From version 4.
    pub coordinator_keys: Vec<Cow<'a, str>>,
}

impl<'a> Default for FindCoordinatorRequest<'a> {
    fn default() -> Self {
        FindCoordinatorRequest { key: Cow::Borrowed(""), key_type: 0, coordinator_keys: Vec::new() }
    }
}

impl<'a> Message<'a> for FindCoordinatorRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let key = if version <= 3 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "key" })?
        } else {
            Cow::Borrowed("")
        };
        let key_type = if version >= 1 { decoder.int8()? } else { 0 };
        let coordinator_keys = if version >= 4 {
            decoder
                .nullable_array(flexible, |decoder| {
                    decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "coordinator_keys" })
                })?
                .ok_or(DecodeError::Null { field: "coordinator_keys" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(FindCoordinatorRequest { key, key_type, coordinator_keys })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version <= 3 {
            encoder.nullable_string(flexible, Some(&self.key))?;
        }
        if !(version <= 3) && !self.key.is_empty() {
            return Err(EncodeError::Unsupported { field: "key", version });
        }
        if version >= 1 {
            encoder.int8(self.key_type);
        }
        if !(version >= 1) && self.key_type != 0 {
            return Err(EncodeError::Unsupported { field: "key_type", version });
        }
        if version >= 4 {
            encoder.nullable_array(flexible, Some(&self.coordinator_keys), |encoder, item| {
                encoder.nullable_string(flexible, Some(item))
            })?;
        }
        if !(version >= 4) && !self.coordinator_keys.is_empty() {
            return Err(EncodeError::Unsupported { field: "coordinator_keys", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
