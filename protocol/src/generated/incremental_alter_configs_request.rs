// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct IncrementalAlterConfigsRequest<'a> {
    pub resources: Vec<AlterConfigsResource<'a>>,
    pub validate_only: bool,
}

impl<'a> Default for IncrementalAlterConfigsRequest<'a> {
    fn default() -> Self {
        IncrementalAlterConfigsRequest { resources: Vec::new(), validate_only: false }
    }
}

impl<'a> Message<'a> for IncrementalAlterConfigsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let resources = decoder
            .nullable_array(flexible, |decoder| AlterConfigsResource::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "resources" })?;
        let validate_only = decoder.bool()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(IncrementalAlterConfigsRequest { resources, validate_only })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        encoder
            .nullable_array(flexible, Some(&self.resources), |encoder, item| item.encode(encoder, version))?;
        encoder.bool(self.validate_only);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AlterConfigsResource<'a> {
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
    pub configs: Vec<AlterableConfig<'a>>,
}

impl<'a> Default for AlterConfigsResource<'a> {
    fn default() -> Self {
        AlterConfigsResource { resource_type: 0, resource_name: Cow::Borrowed(""), configs: Vec::new() }
    }
}

impl<'a> Message<'a> for AlterConfigsResource<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let resource_type = decoder.int8()?;
        let resource_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "resource_name" })?;
        let configs = decoder
            .nullable_array(flexible, |decoder| AlterableConfig::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "configs" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AlterConfigsResource { resource_type, resource_name, configs })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        encoder.int8(self.resource_type);
        encoder.nullable_string(flexible, Some(&self.resource_name))?;
        encoder
            .nullable_array(flexible, Some(&self.configs), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AlterableConfig<'a> {
    pub name: Cow<'a, str>,
    pub config_operation: i8,
    pub value: Option<Cow<'a, str>>,
}

impl<'a> Default for AlterableConfig<'a> {
    fn default() -> Self {
        AlterableConfig { name: Cow::Borrowed(""), config_operation: 0, value: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Message<'a> for AlterableConfig<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let config_operation = decoder.int8()?;
        let value = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AlterableConfig { name, config_operation, value })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.int8(self.config_operation);
        encoder.nullable_string(flexible, self.value.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
