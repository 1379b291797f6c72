// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsResponse<'a> {
    pub throttle_time_ms: i32,
    pub filter_results: Vec<DeleteAclsFilterResult<'a>>,
}

impl<'a> Default for DeleteAclsResponse<'a> {
    fn default() -> Self {
        DeleteAclsResponse { throttle_time_ms: 0, filter_results: Vec::new() }
    }
}

impl<'a> Message<'a> for DeleteAclsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let throttle_time_ms = decoder.int32()?;
        let filter_results = decoder
            .nullable_array(flexible, |decoder| DeleteAclsFilterResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "filter_results" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteAclsResponse { throttle_time_ms, filter_results })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int32(self.throttle_time_ms);
        encoder.nullable_array(flexible, Some(&self.filter_results), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.filter_results {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilterResult<'a> {
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    pub matching_acls: Vec<DeleteAclsMatchingAcl<'a>>,
}

impl<'a> Default for DeleteAclsFilterResult<'a> {
    fn default() -> Self {
        DeleteAclsFilterResult {
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            matching_acls: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for DeleteAclsFilterResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let matching_acls = decoder
            .nullable_array(flexible, |decoder| DeleteAclsMatchingAcl::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "matching_acls" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteAclsFilterResult { error_code, error_message, matching_acls })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        encoder.nullable_array(flexible, Some(&self.matching_acls), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
        for item in &self.matching_acls {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsMatchingAcl<'a> {
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
    pub pattern_type: i8,
    pub principal: Cow<'a, str>,
    pub host: Cow<'a, str>,
    pub operation: i8,
    pub permission_type: i8,
}

impl<'a> Default for DeleteAclsMatchingAcl<'a> {
    fn default() -> Self {
        DeleteAclsMatchingAcl {
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            pattern_type: 3,
            principal: Cow::Borrowed(""),
            host: Cow::Borrowed(""),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Message<'a> for DeleteAclsMatchingAcl<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let resource_type = decoder.int8()?;
        let resource_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "resource_name" })?;
        let pattern_type = decoder.int8()?;
        let principal = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "principal" })?;
        let host = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?;
        let operation = decoder.int8()?;
        let permission_type = decoder.int8()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteAclsMatchingAcl {
            error_code,
            error_message,
            resource_type,
            resource_name,
            pattern_type,
            principal,
            host,
            operation,
            permission_type,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        encoder.int8(self.resource_type);
        encoder.nullable_string(flexible, Some(&self.resource_name))?;
        encoder.int8(self.pattern_type);
        encoder.nullable_string(flexible, Some(&self.principal))?;
        encoder.nullable_string(flexible, Some(&self.host))?;
        encoder.int8(self.operation);
        encoder.int8(self.permission_type);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
