// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 9, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub session_timeout_ms: i32,
    /// From version 1.
    pub rebalance_timeout_ms: i32,
    pub member_id: Cow<'a, str>,
    /// From version 5.
    pub group_instance_id: Option<Cow<'a, str>>,
    pub protocol_type: Cow<'a, str>,
    pub protocols: Vec<JoinGroupRequestProtocol<'a>>,
    /// From version 8.
    pub reason: Option<Cow<'a, str>>,
}

impl<'a> Default for JoinGroupRequest<'a> {
    fn default() -> Self {
        JoinGroupRequest {
            group_id: Cow::Borrowed(""),
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: Cow::Borrowed(""),
            group_instance_id: None,
            protocol_type: Cow::Borrowed(""),
            protocols: Vec::new(),
            reason: None,
        }
    }
}

impl<'a> Message<'a> for JoinGroupRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=9).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 6;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let session_timeout_ms = decoder.int32()?;
        let rebalance_timeout_ms = if version >= 1 { decoder.int32()? } else { -1 };
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let group_instance_id = if version >= 5 { decoder.nullable_string(flexible)? } else { None };
        let protocol_type =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "protocol_type" })?;
        let protocols = decoder
            .nullable_array(flexible, |decoder| JoinGroupRequestProtocol::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "protocols" })?;
        let reason = if version >= 8 { decoder.nullable_string(flexible)? } else { None };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(JoinGroupRequest {
            group_id,
            session_timeout_ms,
            rebalance_timeout_ms,
            member_id,
            group_instance_id,
            protocol_type,
            protocols,
            reason,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=9).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.int32(self.session_timeout_ms);
        if version >= 1 {
            encoder.int32(self.rebalance_timeout_ms);
        }
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        if version >= 5 {
            encoder.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        if !(version >= 5) && self.group_instance_id.is_some() {
            return Err(EncodeError::Unsupported { field: "group_instance_id", version });
        }
        encoder.nullable_string(flexible, Some(&self.protocol_type))?;
        encoder
            .nullable_array(flexible, Some(&self.protocols), |encoder, item| item.encode(encoder, version))?;
        if version >= 8 {
            encoder.nullable_string(flexible, self.reason.as_deref())?;
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupRequestProtocol<'a> {
    pub name: Cow<'a, str>,
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> Default for JoinGroupRequestProtocol<'a> {
    fn default() -> Self {
        JoinGroupRequestProtocol { name: Cow::Borrowed(""), metadata: Cow::Borrowed(&[]) }
    }
}

impl<'a> Message<'a> for JoinGroupRequestProtocol<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let metadata = decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "metadata" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(JoinGroupRequestProtocol { name, metadata })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_bytes(flexible, Some(&self.metadata))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
