// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible never.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitKey<'a> {
    pub group: Cow<'a, str>,
    pub topic: Cow<'a, str>,
    pub partition: i32,
}

impl<'a> Default for OffsetCommitKey<'a> {
    fn default() -> Self {
        OffsetCommitKey { group: Cow::Borrowed(""), topic: Cow::Borrowed(""), partition: 0 }
    }
}

impl<'a> Message<'a> for OffsetCommitKey<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = false;
        let group = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group" })?;
        let topic = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic" })?;
        let partition = decoder.int32()?;
        Ok(OffsetCommitKey { group, topic, partition })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = false;
        encoder.nullable_string(flexible, Some(&self.group))?;
        encoder.nullable_string(flexible, Some(&self.topic))?;
        encoder.int32(self.partition);
        Ok(())
    }
}
