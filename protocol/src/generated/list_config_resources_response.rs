// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListConfigResourcesResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub config_resources: Vec<ConfigResource<'a>>,
}

impl<'a> Default for ListConfigResourcesResponse<'a> {
    fn default() -> Self {
        ListConfigResourcesResponse { throttle_time_ms: 0, error_code: 0, config_resources: Vec::new() }
    }
}

impl<'a> Message<'a> for ListConfigResourcesResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let config_resources = decoder
            .nullable_array(flexible, |decoder| ConfigResource::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "config_resources" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ListConfigResourcesResponse { throttle_time_ms, error_code, config_resources })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.nullable_array(flexible, Some(&self.config_resources), |encoder, item| {
            item.encode(encoder, version)
        })?;
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
pub struct ConfigResource<'a> {
    pub resource_name: Cow<'a, str>,
    /// From version 1.
    pub resource_type: i8,
}

impl<'a> Default for ConfigResource<'a> {
    fn default() -> Self {
        ConfigResource { resource_name: Cow::Borrowed(""), resource_type: 16 }
    }
}

impl<'a> Message<'a> for ConfigResource<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let resource_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "resource_name" })?;
        let resource_type = if version >= 1 { decoder.int8()? } else { 16 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ConfigResource { resource_name, resource_type })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.resource_name))?;
        if version >= 1 {
            encoder.int8(self.resource_type);
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
