// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 6, flexible from 5.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeGroupsResponse<'a> {
    /// From version 1.
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Default for DescribeGroupsResponse<'a> {
    fn default() -> Self {
        DescribeGroupsResponse { throttle_time_ms: 0, groups: Vec::new() }
    }
}

impl<'a> Message<'a> for DescribeGroupsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 5;
        let throttle_time_ms = if version >= 1 { decoder.int32()? } else { 0 };
        let groups = decoder
            .nullable_array(flexible, |decoder| DescribedGroup::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "groups" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeGroupsResponse { throttle_time_ms, groups })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        if version >= 1 {
            encoder.int32(self.throttle_time_ms);
        }
        encoder
            .nullable_array(flexible, Some(&self.groups), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.groups {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    pub error_code: i16,
    /// From version 6.
    pub error_message: Option<Cow<'a, str>>,
    pub group_id: Cow<'a, str>,
    pub group_state: Cow<'a, str>,
    pub protocol_type: Cow<'a, str>,
    pub protocol_data: Cow<'a, str>,
    pub members: Vec<DescribedGroupMember<'a>>,
    /// From version 3.
    pub authorized_operations: i32,
}

impl<'a> Default for DescribedGroup<'a> {
    fn default() -> Self {
        DescribedGroup {
            error_code: 0,
            error_message: None,
            group_id: Cow::Borrowed(""),
            group_state: Cow::Borrowed(""),
            protocol_type: Cow::Borrowed(""),
            protocol_data: Cow::Borrowed(""),
            members: Vec::new(),
            authorized_operations: -2147483648,
        }
    }
}

impl<'a> Message<'a> for DescribedGroup<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let error_code = decoder.int16()?;
        let error_message = if version >= 6 { decoder.nullable_string(flexible)? } else { None };
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let group_state =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_state" })?;
        let protocol_type =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "protocol_type" })?;
        let protocol_data =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "protocol_data" })?;
        let members = decoder
            .nullable_array(flexible, |decoder| DescribedGroupMember::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "members" })?;
        let authorized_operations = if version >= 3 { decoder.int32()? } else { -2147483648 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribedGroup {
            error_code,
            error_message,
            group_id,
            group_state,
            protocol_type,
            protocol_data,
            members,
            authorized_operations,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        encoder.int16(self.error_code);
        if version >= 6 {
            encoder.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if !(version >= 6) && self.error_message.is_some() {
            return Err(EncodeError::Unsupported { field: "error_message", version });
        }
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.nullable_string(flexible, Some(&self.group_state))?;
        encoder.nullable_string(flexible, Some(&self.protocol_type))?;
        encoder.nullable_string(flexible, Some(&self.protocol_data))?;
        encoder
            .nullable_array(flexible, Some(&self.members), |encoder, item| item.encode(encoder, version))?;
        if version >= 3 {
            encoder.int32(self.authorized_operations);
        }
        if !(version >= 3) && self.authorized_operations != -2147483648 {
            return Err(EncodeError::Unsupported { field: "authorized_operations", version });
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

#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroupMember<'a> {
    pub member_id: Cow<'a, str>,
    /// From version 4.
    pub group_instance_id: Option<Cow<'a, str>>,
    pub client_id: Cow<'a, str>,
    pub client_host: Cow<'a, str>,
    pub member_metadata: Cow<'a, [u8]>,
    pub member_assignment: Cow<'a, [u8]>,
}

impl<'a> Default for DescribedGroupMember<'a> {
    fn default() -> Self {
        DescribedGroupMember {
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            client_id: Cow::Borrowed(""),
            client_host: Cow::Borrowed(""),
            member_metadata: Cow::Borrowed(&[]),
            member_assignment: Cow::Borrowed(&[]),
        }
    }
}

impl<'a> Message<'a> for DescribedGroupMember<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let group_instance_id = if version >= 4 { decoder.nullable_string(flexible)? } else { None };
        let client_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_id" })?;
        let client_host =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_host" })?;
        let member_metadata =
            decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "member_metadata" })?;
        let member_assignment =
            decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "member_assignment" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribedGroupMember {
            member_id,
            group_instance_id,
            client_id,
            client_host,
            member_metadata,
            member_assignment,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        if version >= 4 {
            encoder.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        encoder.nullable_string(flexible, Some(&self.client_id))?;
        encoder.nullable_string(flexible, Some(&self.client_host))?;
        encoder.nullable_bytes(flexible, Some(&self.member_metadata))?;
        encoder.nullable_bytes(flexible, Some(&self.member_assignment))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
