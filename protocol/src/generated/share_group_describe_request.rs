// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareGroupDescribeRequest<'a> {
    pub group_ids: Vec<Cow<'a, str>>,
    pub include_authorized_operations: bool,
}

impl<'a> Default for ShareGroupDescribeRequest<'a> {
    fn default() -> Self {
        ShareGroupDescribeRequest { group_ids: Vec::new(), include_authorized_operations: false }
    }
}

impl<'a> Message<'a> for ShareGroupDescribeRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let group_ids = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_ids" })
            })?
            .ok_or(DecodeError::Null { field: "group_ids" })?;
        let include_authorized_operations = decoder.bool()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ShareGroupDescribeRequest { group_ids, include_authorized_operations })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_array(flexible, Some(&self.group_ids), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        encoder.bool(self.include_authorized_operations);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
