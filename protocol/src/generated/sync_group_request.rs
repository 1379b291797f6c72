// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 5, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncGroupRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub generation_id: i32,
    pub member_id: Cow<'a, str>,
    /// From version 3.
    pub group_instance_id: Option<Cow<'a, str>>,
    /// From version 5.
    pub protocol_type: Option<Cow<'a, str>>,
    /// From version 5.
    pub protocol_name: Option<Cow<'a, str>>,
    pub assignments: Vec<SyncGroupRequestAssignment<'a>>,
}

impl<'a> Default for SyncGroupRequest<'a> {
    fn default() -> Self {
        SyncGroupRequest {
            group_id: Cow::Borrowed(""),
            generation_id: 0,
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            protocol_type: None,
            protocol_name: None,
            assignments: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for SyncGroupRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let generation_id = decoder.int32()?;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let group_instance_id = if version >= 3 { decoder.nullable_string(flexible)? } else { None };
        let protocol_type = if version >= 5 { decoder.nullable_string(flexible)? } else { None };
        let protocol_name = if version >= 5 { decoder.nullable_string(flexible)? } else { None };
        let assignments = decoder
            .nullable_array(flexible, |decoder| SyncGroupRequestAssignment::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "assignments" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(SyncGroupRequest {
            group_id,
            generation_id,
            member_id,
            group_instance_id,
            protocol_type,
            protocol_name,
            assignments,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.int32(self.generation_id);
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        if version >= 3 {
            encoder.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        if !(version >= 3) && self.group_instance_id.is_some() {
            return Err(EncodeError::Unsupported { field: "group_instance_id", version });
        }
        if version >= 5 {
            encoder.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if version >= 5 {
            encoder.nullable_string(flexible, self.protocol_name.as_deref())?;
        }
        encoder.nullable_array(flexible, Some(&self.assignments), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct SyncGroupRequestAssignment<'a> {
    pub member_id: Cow<'a, str>,
    pub assignment: Cow<'a, [u8]>,
}

impl<'a> Default for SyncGroupRequestAssignment<'a> {
    fn default() -> Self {
        SyncGroupRequestAssignment { member_id: Cow::Borrowed(""), assignment: Cow::Borrowed(&[]) }
    }
}

impl<'a> Message<'a> for SyncGroupRequestAssignment<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let assignment =
            decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "assignment" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(SyncGroupRequestAssignment { member_id, assignment })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        encoder.nullable_bytes(flexible, Some(&self.assignment))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
