// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteGroupsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<DeletableGroupResult<'a>>,
}

impl<'a> Default for DeleteGroupsResponse<'a> {
    fn default() -> Self {
        DeleteGroupsResponse { throttle_time_ms: 0, results: Vec::new() }
    }
}

impl<'a> Message<'a> for DeleteGroupsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let throttle_time_ms = decoder.int32()?;
        let results = decoder
            .nullable_array(flexible, |decoder| DeletableGroupResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "results" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteGroupsResponse { throttle_time_ms, results })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int32(self.throttle_time_ms);
        encoder
            .nullable_array(flexible, Some(&self.results), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.results {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeletableGroupResult<'a> {
    pub group_id: Cow<'a, str>,
    pub error_code: i16,
}

impl<'a> Default for DeletableGroupResult<'a> {
    fn default() -> Self {
        DeletableGroupResult { group_id: Cow::Borrowed(""), error_code: 0 }
    }
}

impl<'a> Message<'a> for DeletableGroupResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let error_code = decoder.int16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeletableGroupResult { group_id, error_code })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.int16(self.error_code);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
