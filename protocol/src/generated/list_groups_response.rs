// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct ListGroupsResponse<'a> {
    /// From version 1.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub groups: Vec<ListedGroup<'a>>,
}

impl<'a> Default for ListGroupsResponse<'a> {
    fn default() -> Self {
        ListGroupsResponse { throttle_time_ms: 0, error_code: 0, groups: Vec::new() }
    }
}

impl<'a> Message<'a> for ListGroupsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let throttle_time_ms = if version >= 1 { decoder.int32()? } else { 0 };
        let error_code = decoder.int16()?;
        let groups = decoder
            .nullable_array(flexible, |decoder| ListedGroup::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "groups" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ListGroupsResponse { throttle_time_ms, error_code, groups })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 1 {
            encoder.int32(self.throttle_time_ms);
        }
        encoder.int16(self.error_code);
        encoder
            .nullable_array(flexible, Some(&self.groups), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ListedGroup<'a> {
    pub group_id: Cow<'a, str>,
    pub protocol_type: Cow<'a, str>,
    /// From version 4.
    pub group_state: Cow<'a, str>,
    /// From version 5.
    pub group_type: Cow<'a, str>,
}

impl<'a> Default for ListedGroup<'a> {
    fn default() -> Self {
        ListedGroup {
            group_id: Cow::Borrowed(""),
            protocol_type: Cow::Borrowed(""),
            group_state: Cow::Borrowed(""),
            group_type: Cow::Borrowed(""),
        }
    }
}

impl<'a> Message<'a> for ListedGroup<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let protocol_type =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "protocol_type" })?;
        let group_state = if version >= 4 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_state" })?
        } else {
            Cow::Borrowed("")
        };
        let group_type = if version >= 5 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_type" })?
        } else {
            Cow::Borrowed("")
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ListedGroup { group_id, protocol_type, group_state, group_type })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.nullable_string(flexible, Some(&self.protocol_type))?;
        if version >= 4 {
            encoder.nullable_string(flexible, Some(&self.group_state))?;
        }
        if version >= 5 {
            encoder.nullable_string(flexible, Some(&self.group_type))?;
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
