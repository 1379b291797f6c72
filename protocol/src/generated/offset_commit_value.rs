// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitValue<'a> {
    pub offset: i64,
    /// From version 3.
    pub leader_epoch: i32,
    pub metadata: Cow<'a, str>,
    pub commit_timestamp: i64,
    /// Versions 1 to 1.
    pub expire_timestamp: i64,
    /// From version 4.
    pub topic_id: Uuid,
}

impl<'a> Default for OffsetCommitValue<'a> {
    fn default() -> Self {
        OffsetCommitValue {
            offset: 0,
            leader_epoch: -1,
            metadata: Cow::Borrowed(""),
            commit_timestamp: 0,
            expire_timestamp: -1,
            topic_id: Uuid::ZERO,
        }
    }
}

impl<'a> Message<'a> for OffsetCommitValue<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let offset = decoder.int64()?;
        let leader_epoch = if version >= 3 { decoder.int32()? } else { -1 };
        let metadata = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "metadata" })?;
        let commit_timestamp = decoder.int64()?;
        let expire_timestamp = if (1..=1).contains(&version) { decoder.int64()? } else { -1 };
        let mut topic_id = Uuid::ZERO;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 4 => topic_id = decoder.uuid()?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(OffsetCommitValue { offset, leader_epoch, metadata, commit_timestamp, expire_timestamp, topic_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        encoder.int64(self.offset);
        if version >= 3 {
            encoder.int32(self.leader_epoch);
        }
        encoder.nullable_string(flexible, Some(&self.metadata))?;
        encoder.int64(self.commit_timestamp);
        if (1..=1).contains(&version) {
            encoder.int64(self.expire_timestamp);
        }
        if flexible {
            let tagged_0 = (version >= 4) && self.topic_id != Uuid::ZERO;
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.uuid(self.topic_id);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
