// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMetadataValue<'a> {
    pub protocol_type: Cow<'a, str>,
    pub generation: i32,
    pub protocol: Option<Cow<'a, str>>,
    pub leader: Option<Cow<'a, str>>,
    /// From version 2.
    pub current_state_timestamp: i64,
    pub members: Vec<MemberMetadata<'a>>,
}

impl<'a> Default for GroupMetadataValue<'a> {
    fn default() -> Self {
        GroupMetadataValue {
            protocol_type: Cow::Borrowed(""),
            generation: 0,
            protocol: Some(Cow::Borrowed("")),
            leader: Some(Cow::Borrowed("")),
            current_state_timestamp: -1,
            members: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for GroupMetadataValue<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let protocol_type =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "protocol_type" })?;
        let generation = decoder.int32()?;
        let protocol = decoder.nullable_string(flexible)?;
        let leader = decoder.nullable_string(flexible)?;
        let current_state_timestamp = if version >= 2 { decoder.int64()? } else { -1 };
        let members = decoder
            .nullable_array(flexible, |decoder| MemberMetadata::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "members" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(GroupMetadataValue {
            protocol_type,
            generation,
            protocol,
            leader,
            current_state_timestamp,
            members,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        encoder.nullable_string(flexible, Some(&self.protocol_type))?;
        encoder.int32(self.generation);
        encoder.nullable_string(flexible, self.protocol.as_deref())?;
        encoder.nullable_string(flexible, self.leader.as_deref())?;
        if version >= 2 {
            encoder.int64(self.current_state_timestamp);
        }
        encoder
            .nullable_array(flexible, Some(&self.members), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MemberMetadata<'a> {
    pub member_id: Cow<'a, str>,
    /// From version 3.
    pub group_instance_id: Option<Cow<'a, str>>,
    pub client_id: Cow<'a, str>,
    pub client_host: Cow<'a, str>,
    /// From version 1.
    pub rebalance_timeout: i32,
    pub session_timeout: i32,
    pub subscription: Cow<'a, [u8]>,
    pub assignment: Cow<'a, [u8]>,
}

impl<'a> Default for MemberMetadata<'a> {
    fn default() -> Self {
        MemberMetadata {
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            client_id: Cow::Borrowed(""),
            client_host: Cow::Borrowed(""),
            rebalance_timeout: -1,
            session_timeout: 0,
            subscription: Cow::Borrowed(&[]),
            assignment: Cow::Borrowed(&[]),
        }
    }
}

impl<'a> Message<'a> for MemberMetadata<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let group_instance_id = if version >= 3 { decoder.nullable_string(flexible)? } else { None };
        let client_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_id" })?;
        let client_host =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_host" })?;
        let rebalance_timeout = if version >= 1 { decoder.int32()? } else { -1 };
        let session_timeout = decoder.int32()?;
        let subscription =
            decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "subscription" })?;
        let assignment =
            decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "assignment" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(MemberMetadata {
            member_id,
            group_instance_id,
            client_id,
            client_host,
            rebalance_timeout,
            session_timeout,
            subscription,
            assignment,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        if version >= 3 {
            encoder.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        encoder.nullable_string(flexible, Some(&self.client_id))?;
        encoder.nullable_string(flexible, Some(&self.client_host))?;
        if version >= 1 {
            encoder.int32(self.rebalance_timeout);
        }
        encoder.int32(self.session_timeout);
        encoder.nullable_bytes(flexible, Some(&self.subscription))?;
        encoder.nullable_bytes(flexible, Some(&self.assignment))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
