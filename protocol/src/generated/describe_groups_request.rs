// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 6, flexible from 5.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeGroupsRequest<'a> {
    pub groups: Vec<Cow<'a, str>>,
    /// From version 3.
    pub include_authorized_operations: bool,
}

impl<'a> Default for DescribeGroupsRequest<'a> {
    fn default() -> Self {
        DescribeGroupsRequest { groups: Vec::new(), include_authorized_operations: false }
    }
}

impl<'a> Message<'a> for DescribeGroupsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 5;
        let groups = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "groups" })
            })?
            .ok_or(DecodeError::Null { field: "groups" })?;
        let include_authorized_operations = if version >= 3 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeGroupsRequest { groups, include_authorized_operations })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        encoder.nullable_array(flexible, Some(&self.groups), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        if version >= 3 {
            encoder.bool(self.include_authorized_operations);
        }
        if !(version >= 3) && self.include_authorized_operations {
            return Err(EncodeError::Unsupported { field: "include_authorized_operations", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
