// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 5, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncGroupResponse<'a> {
    /// From version 1.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// From version 5.
    pub protocol_type: Option<Cow<'a, str>>,
    /// From version 5.
    pub protocol_name: Option<Cow<'a, str>>,
    pub assignment: Cow<'a, [u8]>,
}

impl<'a> Default for SyncGroupResponse<'a> {
    fn default() -> Self {
        SyncGroupResponse {
            throttle_time_ms: 0,
            error_code: 0,
            protocol_type: None,
            protocol_name: None,
            assignment: Cow::Borrowed(&[]),
        }
    }
}

impl<'a> Message<'a> for SyncGroupResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let throttle_time_ms = if version >= 1 { decoder.int32()? } else { 0 };
        let error_code = decoder.int16()?;
        let protocol_type = if version >= 5 { decoder.nullable_string(flexible)? } else { None };
        let protocol_name = if version >= 5 { decoder.nullable_string(flexible)? } else { None };
        let assignment =
            decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "assignment" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(SyncGroupResponse { throttle_time_ms, error_code, protocol_type, protocol_name, assignment })
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
        if version >= 5 {
            encoder.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if version >= 5 {
            encoder.nullable_string(flexible, self.protocol_name.as_deref())?;
        }
        encoder.nullable_bytes(flexible, Some(&self.assignment))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
