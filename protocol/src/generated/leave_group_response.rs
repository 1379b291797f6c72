// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 5, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaveGroupResponse<'a> {
    /// From version 1.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// From version 3.
    pub members: Vec<MemberResponse<'a>>,
}

impl<'a> Default for LeaveGroupResponse<'a> {
    fn default() -> Self {
        LeaveGroupResponse { throttle_time_ms: 0, error_code: 0, members: Vec::new() }
    }
}

impl<'a> Message<'a> for LeaveGroupResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let throttle_time_ms = if version >= 1 { decoder.int32()? } else { 0 };
        let error_code = decoder.int16()?;
        let members = if version >= 3 {
            decoder
                .nullable_array(flexible, |decoder| MemberResponse::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "members" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(LeaveGroupResponse { throttle_time_ms, error_code, members })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        if version >= 1 {
            encoder.int32(self.throttle_time_ms);
        }
        encoder.int16(self.error_code);
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

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
        for item in &self.members {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MemberResponse<'a> {
    /// From version 3.
    pub member_id: Cow<'a, str>,
    /// From version 3.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// From version 3.
    pub error_code: i16,
}

impl<'a> Default for MemberResponse<'a> {
    fn default() -> Self {
        MemberResponse {
            member_id: Cow::Borrowed(""),
            group_instance_id: Some(Cow::Borrowed("")),
            error_code: 0,
        }
    }
}

impl<'a> Message<'a> for MemberResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let member_id = if version >= 3 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?
        } else {
            Cow::Borrowed("")
        };
        let group_instance_id =
            if version >= 3 { decoder.nullable_string(flexible)? } else { Some(Cow::Borrowed("")) };
        let error_code = if version >= 3 { decoder.int16()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(MemberResponse { member_id, group_instance_id, error_code })
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
        if !(version >= 3) && self.group_instance_id != Some(Cow::Borrowed("")) {
            return Err(EncodeError::Unsupported { field: "group_instance_id", version });
        }
        if version >= 3 {
            encoder.int16(self.error_code);
        }
        if !(version >= 3) && self.error_code != 0 {
            return Err(EncodeError::Unsupported { field: "error_code", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
