// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsRequest<'a> {
    pub resource_type_filter: i8,
    pub resource_name_filter: Option<Cow<'a, str>>,
    pub pattern_type_filter: i8,
    pub principal_filter: Option<Cow<'a, str>>,
    pub host_filter: Option<Cow<'a, str>>,
    pub operation: i8,
    pub permission_type: i8,
}

impl<'a> Default for DescribeAclsRequest<'a> {
    fn default() -> Self {
        DescribeAclsRequest {
            resource_type_filter: 0,
            resource_name_filter: Some(Cow::Borrowed("")),
            pattern_type_filter: 3,
            principal_filter: Some(Cow::Borrowed("")),
            host_filter: Some(Cow::Borrowed("")),
            operation: 0,
            permission_type: 0,
        }
    }
}

impl<'a> Message<'a> for DescribeAclsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let resource_type_filter = decoder.int8()?;
        let resource_name_filter = decoder.nullable_string(flexible)?;
        let pattern_type_filter = decoder.int8()?;
        let principal_filter = decoder.nullable_string(flexible)?;
        let host_filter = decoder.nullable_string(flexible)?;
        let operation = decoder.int8()?;
        let permission_type = decoder.int8()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeAclsRequest {
            resource_type_filter,
            resource_name_filter,
            pattern_type_filter,
            principal_filter,
            host_filter,
            operation,
            permission_type,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int8(self.resource_type_filter);
        encoder.nullable_string(flexible, self.resource_name_filter.as_deref())?;
        encoder.int8(self.pattern_type_filter);
        encoder.nullable_string(flexible, self.principal_filter.as_deref())?;
        encoder.nullable_string(flexible, self.host_filter.as_deref())?;
        encoder.int8(self.operation);
        encoder.int8(self.permission_type);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
