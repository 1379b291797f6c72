// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareGroupHeartbeatRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub member_id: Cow<'a, str>,
    pub member_epoch: i32,
    pub rack_id: Option<Cow<'a, str>>,
    pub subscribed_topic_names: Option<Vec<Cow<'a, str>>>,
}

impl<'a> Default for ShareGroupHeartbeatRequest<'a> {
    fn default() -> Self {
        ShareGroupHeartbeatRequest {
            group_id: Cow::Borrowed(""),
            member_id: Cow::Borrowed(""),
            member_epoch: 0,
            rack_id: None,
            subscribed_topic_names: None,
        }
    }
}

impl<'a> Message<'a> for ShareGroupHeartbeatRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let member_epoch = decoder.int32()?;
        let rack_id = decoder.nullable_string(flexible)?;
        let subscribed_topic_names = decoder.nullable_array(flexible, |decoder| {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "subscribed_topic_names" })
        })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ShareGroupHeartbeatRequest { group_id, member_id, member_epoch, rack_id, subscribed_topic_names })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        encoder.int32(self.member_epoch);
        encoder.nullable_string(flexible, self.rack_id.as_deref())?;
        encoder.nullable_array(flexible, self.subscribed_topic_names.as_deref(), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
