// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 4, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResponse<'a> {
    pub throttle_time_ms: i32,
    pub results: Vec<DescribeConfigsResult<'a>>,
}

impl<'a> Default for DescribeConfigsResponse<'a> {
    fn default() -> Self {
        DescribeConfigsResponse { throttle_time_ms: 0, results: Vec::new() }
    }
}

impl<'a> Message<'a> for DescribeConfigsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let throttle_time_ms = decoder.int32()?;
        let results = decoder
            .nullable_array(flexible, |decoder| DescribeConfigsResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "results" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeConfigsResponse { throttle_time_ms, results })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
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
pub struct DescribeConfigsResult<'a> {
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    pub resource_type: i8,
    pub resource_name: Cow<'a, str>,
    pub configs: Vec<DescribeConfigsResourceResult<'a>>,
}

impl<'a> Default for DescribeConfigsResult<'a> {
    fn default() -> Self {
        DescribeConfigsResult {
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            resource_type: 0,
            resource_name: Cow::Borrowed(""),
            configs: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for DescribeConfigsResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let resource_type = decoder.int8()?;
        let resource_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "resource_name" })?;
        let configs = decoder
            .nullable_array(flexible, |decoder| DescribeConfigsResourceResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "configs" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeConfigsResult { error_code, error_message, resource_type, resource_name, configs })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        encoder.int8(self.resource_type);
        encoder.nullable_string(flexible, Some(&self.resource_name))?;
        encoder
            .nullable_array(flexible, Some(&self.configs), |encoder, item| item.encode(encoder, version))?;
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
pub struct DescribeConfigsResourceResult<'a> {
    pub name: Cow<'a, str>,
    pub value: Option<Cow<'a, str>>,
    pub read_only: bool,
    pub config_source: i8,
    pub is_sensitive: bool,
    pub synonyms: Vec<DescribeConfigsSynonym<'a>>,
    /// From version 3.
    pub config_type: i8,
    /// From version 3.
    pub documentation: Option<Cow<'a, str>>,
}

impl<'a> Default for DescribeConfigsResourceResult<'a> {
    fn default() -> Self {
        DescribeConfigsResourceResult {
            name: Cow::Borrowed(""),
            value: Some(Cow::Borrowed("")),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
            synonyms: Vec::new(),
            config_type: 0,
            documentation: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Message<'a> for DescribeConfigsResourceResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let value = decoder.nullable_string(flexible)?;
        let read_only = decoder.bool()?;
        let config_source = decoder.int8()?;
        let is_sensitive = decoder.bool()?;
        let synonyms = decoder
            .nullable_array(flexible, |decoder| DescribeConfigsSynonym::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "synonyms" })?;
        let config_type = if version >= 3 { decoder.int8()? } else { 0 };
        let documentation =
            if version >= 3 { decoder.nullable_string(flexible)? } else { Some(Cow::Borrowed("")) };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeConfigsResourceResult {
            name,
            value,
            read_only,
            config_source,
            is_sensitive,
            synonyms,
            config_type,
            documentation,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_string(flexible, self.value.as_deref())?;
        encoder.bool(self.read_only);
        encoder.int8(self.config_source);
        encoder.bool(self.is_sensitive);
        encoder
            .nullable_array(flexible, Some(&self.synonyms), |encoder, item| item.encode(encoder, version))?;
        if version >= 3 {
            encoder.int8(self.config_type);
        }
        if version >= 3 {
            encoder.nullable_string(flexible, self.documentation.as_deref())?;
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsSynonym<'a> {
    pub name: Cow<'a, str>,
    pub value: Option<Cow<'a, str>>,
    pub source: i8,
}

impl<'a> Default for DescribeConfigsSynonym<'a> {
    fn default() -> Self {
        DescribeConfigsSynonym { name: Cow::Borrowed(""), value: Some(Cow::Borrowed("")), source: 0 }
    }
}

impl<'a> Message<'a> for DescribeConfigsSynonym<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let value = decoder.nullable_string(flexible)?;
        let source = decoder.int8()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeConfigsSynonym { name, value, source })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_string(flexible, self.value.as_deref())?;
        encoder.int8(self.source);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
