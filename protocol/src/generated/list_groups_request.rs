// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct ListGroupsRequest<'a> {
    /// From version 4.
    pub states_filter: Vec<Cow<'a, str>>,
    /// From version 5.
    pub types_filter: Vec<Cow<'a, str>>,
}

impl<'a> Default for ListGroupsRequest<'a> {
    fn default() -> Self {
        ListGroupsRequest { states_filter: Vec::new(), types_filter: Vec::new() }
    }
}

impl<'a> Message<'a> for ListGroupsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let states_filter = if version >= 4 {
            decoder
                .nullable_array(flexible, |decoder| {
                    decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "states_filter" })
                })?
                .ok_or(DecodeError::Null { field: "states_filter" })?
        } else {
            Vec::new()
        };
        let types_filter = if version >= 5 {
            decoder
                .nullable_array(flexible, |decoder| {
                    decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "types_filter" })
                })?
                .ok_or(DecodeError::Null { field: "types_filter" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ListGroupsRequest { states_filter, types_filter })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 4 {
            encoder.nullable_array(flexible, Some(&self.states_filter), |encoder, item| {
                encoder.nullable_string(flexible, Some(item))
            })?;
        }
        if !(version >= 4) && !self.states_filter.is_empty() {
            return Err(EncodeError::Unsupported { field: "states_filter", version });
        }
        if version >= 5 {
            encoder.nullable_array(flexible, Some(&self.types_filter), |encoder, item| {
                encoder.nullable_string(flexible, Some(item))
            })?;
        }
        if !(version >= 5) && !self.types_filter.is_empty() {
            return Err(EncodeError::Unsupported { field: "types_filter", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
