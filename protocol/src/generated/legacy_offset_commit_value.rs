// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible never.
#[derive(Clone, Debug, PartialEq)]
pub struct LegacyOffsetCommitValue<'a> {
    pub offset: i64,
    pub metadata: Cow<'a, str>,
    pub commit_timestamp: i64,
}

impl<'a> Default for LegacyOffsetCommitValue<'a> {
    fn default() -> Self {
        LegacyOffsetCommitValue { offset: 0, metadata: Cow::Borrowed(""), commit_timestamp: 0 }
    }
}

impl<'a> Message<'a> for LegacyOffsetCommitValue<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = false;
        let offset = decoder.int64()?;
        let metadata = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "metadata" })?;
        let commit_timestamp = decoder.int64()?;
        Ok(LegacyOffsetCommitValue { offset, metadata, commit_timestamp })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = false;
        encoder.int64(self.offset);
        encoder.nullable_string(flexible, Some(&self.metadata))?;
        encoder.int64(self.commit_timestamp);
        Ok(())
    }
}
