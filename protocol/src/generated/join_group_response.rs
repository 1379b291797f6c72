// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 9, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupResponse<'a> {
    /// From version 2.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub generation_id: i32,
    /// From version 7.
    pub protocol_type: Option<Cow<'a, str>>,
    pub protocol_name: Option<Cow<'a, str>>,
    pub leader: Cow<'a, str>,
    /// From version 9.
    pub skip_assignment: bool,
    pub member_id: Cow<'a, str>,
    pub members: Vec<JoinGroupResponseMember<'a>>,
}

impl<'a> Default for JoinGroupResponse<'a> {
    fn default() -> Self {
        JoinGroupResponse {
            throttle_time_ms: 0,
            error_code: 0,
            generation_id: -1,
            protocol_type: None,
            protocol_name: Some(Cow::Borrowed("")),
            leader: Cow::Borrowed(""),
            skip_assignment: false,
            member_id: Cow::Borrowed(""),
            members: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for JoinGroupResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=9).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 6;
        let throttle_time_ms = if version >= 2 { decoder.int32()? } else { 0 };
        let error_code = decoder.int16()?;
        let generation_id = decoder.int32()?;
        let protocol_type = if version >= 7 { decoder.nullable_string(flexible)? } else { None };
        let protocol_name = {
            let value = decoder.nullable_string(flexible)?;
            if value.is_none() && !(version >= 7) {
                return Err(DecodeError::Null { field: "protocol_name" });
            }
            value
        };
        let leader = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "leader" })?;
        let skip_assignment = if version >= 9 { decoder.bool()? } else { false };
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let members = decoder
            .nullable_array(flexible, |decoder| JoinGroupResponseMember::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "members" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(JoinGroupResponse {
            throttle_time_ms,
            error_code,
            generation_id,
            protocol_type,
            protocol_name,
            leader,
            skip_assignment,
            member_id,
            members,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=9).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        if version >= 2 {
            encoder.int32(self.throttle_time_ms);
        }
        encoder.int16(self.error_code);
        encoder.int32(self.generation_id);
        if version >= 7 {
            encoder.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if self.protocol_name.is_none() && !(version >= 7) {
            return Err(EncodeError::Null { field: "protocol_name", version });
        }
        encoder.nullable_string(flexible, self.protocol_name.as_deref())?;
        encoder.nullable_string(flexible, Some(&self.leader))?;
        if version >= 9 {
            encoder.bool(self.skip_assignment);
        }
        if !(version >= 9) && self.skip_assignment {
            return Err(EncodeError::Unsupported { field: "skip_assignment", version });
        }
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        encoder
            .nullable_array(flexible, Some(&self.members), |encoder, item| item.encode(encoder, version))?;
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
pub struct JoinGroupResponseMember<'a> {
    pub member_id: Cow<'a, str>,
    /// From version 5.
    pub group_instance_id: Option<Cow<'a, str>>,
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> Default for JoinGroupResponseMember<'a> {
    fn default() -> Self {
        JoinGroupResponseMember {
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            metadata: Cow::Borrowed(&[]),
        }
    }
}

impl<'a> Message<'a> for JoinGroupResponseMember<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let group_instance_id = if version >= 5 { decoder.nullable_string(flexible)? } else { None };
        let metadata = decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "metadata" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(JoinGroupResponseMember { member_id, group_instance_id, metadata })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        if version >= 5 {
            encoder.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        encoder.nullable_bytes(flexible, Some(&self.metadata))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
