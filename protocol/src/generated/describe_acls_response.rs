// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    pub resources: Vec<DescribeAclsResource<'a>>,
}

impl<'a> Default for DescribeAclsResponse<'a> {
    fn default() -> Self {
        DescribeAclsResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            resources: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for DescribeAclsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let resources = decoder
            .nullable_array(flexible, |decoder| DescribeAclsResource::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "resources" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeAclsResponse { throttle_time_ms, error_code, error_message, resources })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        encoder
            .nullable_array(flexible, Some(&self.resources), |encoder, item| item.encode(encoder, version))?;
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
pub struct DescribeAclsResource<'a> {
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
    pub pattern_type: i8,
    pub acls: Vec<AclDescription<'a>>,
}

impl<'a> Default for DescribeAclsResource<'a> {
    fn default() -> Self {
        DescribeAclsResource {
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            pattern_type: 3,
            acls: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for DescribeAclsResource<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let resource_type = decoder.int8()?;
        let resource_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "resource_name" })?;
        let pattern_type = decoder.int8()?;
        let acls = decoder
            .nullable_array(flexible, |decoder| AclDescription::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "acls" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeAclsResource { resource_type, resource_name, pattern_type, acls })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.int8(self.resource_type);
        encoder.nullable_string(flexible, Some(&self.resource_name))?;
        encoder.int8(self.pattern_type);
        encoder.nullable_array(flexible, Some(&self.acls), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AclDescription<'a> {
    pub principal: Cow<'a, str>,
    pub host: Cow<'a, str>,
    pub operation: i8,
    pub permission_type: i8,
}

impl<'a> Default for AclDescription<'a> {
    fn default() -> Self {
        AclDescription {
            principal: Cow::Borrowed(""),
            host: Cow::Borrowed(""),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Message<'a> for AclDescription<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let principal = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "principal" })?;
        let host = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?;
        let operation = decoder.int8()?;
        let permission_type = decoder.int8()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AclDescription { principal, host, operation, permission_type })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.nullable_string(flexible, Some(&self.principal))?;
        encoder.nullable_string(flexible, Some(&self.host))?;
        encoder.int8(self.operation);
        encoder.int8(self.permission_type);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
