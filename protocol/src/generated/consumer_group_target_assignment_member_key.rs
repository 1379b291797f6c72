// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible never.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMemberKey<'a> {
    pub group_id: Cow<'a, str>,
    pub member_id: Cow<'a, str>,
}

impl<'a> Default for ConsumerGroupTargetAssignmentMemberKey<'a> {
    fn default() -> Self {
        ConsumerGroupTargetAssignmentMemberKey { group_id: Cow::Borrowed(""), member_id: Cow::Borrowed("") }
    }
}

impl<'a> Message<'a> for ConsumerGroupTargetAssignmentMemberKey<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = false;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        Ok(ConsumerGroupTargetAssignmentMemberKey { group_id, member_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = false;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        Ok(())
    }
}
