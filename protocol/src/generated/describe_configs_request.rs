// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsRequest<'a> {
    pub resources: Vec<DescribeConfigsResource<'a>>,
    pub include_synonyms: bool,
    /// From version 3.
    pub include_documentation: bool,
}

impl<'a> Default for DescribeConfigsRequest<'a> {
    fn default() -> Self {
        DescribeConfigsRequest {
            resources: Vec::new(),
            include_synonyms: false,
            include_documentation: false,
        }
    }
}

impl<'a> Message<'a> for DescribeConfigsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let resources = decoder
            .nullable_array(flexible, |decoder| DescribeConfigsResource::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "resources" })?;
        let include_synonyms = decoder.bool()?;
        let include_documentation = if version >= 3 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeConfigsRequest { resources, include_synonyms, include_documentation })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        encoder
            .nullable_array(flexible, Some(&self.resources), |encoder, item| item.encode(encoder, version))?;
        encoder.bool(self.include_synonyms);
        if version >= 3 {
            encoder.bool(self.include_documentation);
        }
        if !(version >= 3) && self.include_documentation {
            return Err(EncodeError::Unsupported { field: "include_documentation", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResource<'a> {
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
    pub configuration_keys: Option<Vec<Cow<'a, str>>>,
}

impl<'a> Default for DescribeConfigsResource<'a> {
    fn default() -> Self {
        DescribeConfigsResource {
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            configuration_keys: Some(Vec::new()),
        }
    }
}

impl<'a> Message<'a> for DescribeConfigsResource<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let resource_type = decoder.int8()?;
        let resource_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "resource_name" })?;
        let configuration_keys = decoder.nullable_array(flexible, |decoder| {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "configuration_keys" })
        })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeConfigsResource { resource_type, resource_name, configuration_keys })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        encoder.int8(self.resource_type);
        encoder.nullable_string(flexible, Some(&self.resource_name))?;
        encoder.nullable_array(flexible, self.configuration_keys.as_deref(), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
