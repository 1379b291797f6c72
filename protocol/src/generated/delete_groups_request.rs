// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteGroupsRequest<'a> {
    pub groups_names: Vec<Cow<'a, str>>,
}

impl<'a> Default for DeleteGroupsRequest<'a> {
    fn default() -> Self {
        DeleteGroupsRequest { groups_names: Vec::new() }
    }
}

impl<'a> Message<'a> for DeleteGroupsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let groups_names = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "groups_names" })
            })?
            .ok_or(DecodeError::Null { field: "groups_names" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteGroupsRequest { groups_names })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.nullable_array(flexible, Some(&self.groups_names), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
