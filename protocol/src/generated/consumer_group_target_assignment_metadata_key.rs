// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible never.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMetadataKey<'a> {
    pub group_id: Cow<'a, str>,
}

impl<'a> Default for ConsumerGroupTargetAssignmentMetadataKey<'a> {
    fn default() -> Self {
        ConsumerGroupTargetAssignmentMetadataKey { group_id: Cow::Borrowed("") }
    }
}

impl<'a> Message<'a> for ConsumerGroupTargetAssignmentMetadataKey<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = false;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        Ok(ConsumerGroupTargetAssignmentMetadataKey { group_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = false;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        Ok(())
    }
}
