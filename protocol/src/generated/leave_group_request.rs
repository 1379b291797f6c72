// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 5, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaveGroupRequest<'a> {
    pub group_id: Cow<'a, str>,
    /// Versions 0 to 2.
    pub member_id: Cow<'a, str>,
    /// From version 3.
    pub members: Vec<MemberIdentity<'a>>,
}

impl<'a> Default for LeaveGroupRequest<'a> {
    fn default() -> Self {
        LeaveGroupRequest { group_id: Cow::Borrowed(""), member_id: Cow::Borrowed(""), members: Vec::new() }
    }
}

impl<'a> Message<'a> for LeaveGroupRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let member_id = if version <= 2 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?
        } else {
            Cow::Borrowed("")
        };
        let members = if version >= 3 {
            decoder
                .nullable_array(flexible, |decoder| MemberIdentity::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "members" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(LeaveGroupRequest { group_id, member_id, members })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        if version <= 2 {
            encoder.nullable_string(flexible, Some(&self.member_id))?;
        }
        if !(version <= 2) && !self.member_id.is_empty() {
            return Err(EncodeError::Unsupported { field: "member_id", version });
        }
        if version >= 3 {
            encoder.nullable_array(flexible, Some(&self.members), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 3) && !self.members.is_empty() {
            return Err(EncodeError::Unsupported { field: "members", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MemberIdentity<'a> {
    /// From version 3.
    pub member_id: Cow<'a, str>,
    /// From version 3.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// From version 5.
    pub reason: Option<Cow<'a, str>>,
}

impl<'a> Default for MemberIdentity<'a> {
    fn default() -> Self {
        MemberIdentity { member_id: Cow::Borrowed(""), group_instance_id: None, reason: None }
    }
}

impl<'a> Message<'a> for MemberIdentity<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let member_id = if version >= 3 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?
        } else {
            Cow::Borrowed("")
        };
        let group_instance_id = if version >= 3 { decoder.nullable_string(flexible)? } else { None };
        let reason = if version >= 5 { decoder.nullable_string(flexible)? } else { None };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(MemberIdentity { member_id, group_instance_id, reason })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if version >= 3 {
            encoder.nullable_string(flexible, Some(&self.member_id))?;
        }
        if !(version >= 3) && !self.member_id.is_empty() {
            return Err(EncodeError::Unsupported { field: "member_id", version });
        }
        if version >= 3 {
            encoder.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        if !(version >= 3) && self.group_instance_id.is_some() {
            return Err(EncodeError::Unsupported { field: "group_instance_id", version });
        }
        if version >= 5 {
            encoder.nullable_string(flexible, self.reason.as_deref())?;
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
