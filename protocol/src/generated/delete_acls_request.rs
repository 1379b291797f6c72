// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsRequest<'a> {
    pub filters: Vec<DeleteAclsFilter<'a>>,
}

impl<'a> Default for DeleteAclsRequest<'a> {
    fn default() -> Self {
        DeleteAclsRequest { filters: Vec::new() }
    }
}

impl<'a> Message<'a> for DeleteAclsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let filters = decoder
            .nullable_array(flexible, |decoder| DeleteAclsFilter::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "filters" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteAclsRequest { filters })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=3).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder
            .nullable_array(flexible, Some(&self.filters), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilter<'a> {
    pub resource_type_filter: i8,
    pub resource_name_filter: Option<Cow<'a, str>>,
    pub pattern_type_filter: i8,
    pub principal_filter: Option<Cow<'a, str>>,
    pub host_filter: Option<Cow<'a, str>>,
    pub operation: i8,
    pub permission_type: i8,
}

impl<'a> Default for DeleteAclsFilter<'a> {
    fn default() -> Self {
        DeleteAclsFilter {
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

impl<'a> Message<'a> for DeleteAclsFilter<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
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
        Ok(DeleteAclsFilter {
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
