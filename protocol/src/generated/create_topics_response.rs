// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 2 to 7, flexible from 5.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTopicsResponse<'a> {
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult<'a>>,
}

impl<'a> Default for CreateTopicsResponse<'a> {
    fn default() -> Self {
        CreateTopicsResponse { throttle_time_ms: 0, topics: Vec::new() }
    }
}

impl<'a> Message<'a> for CreateTopicsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(2..=7).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 5;
        let throttle_time_ms = decoder.int32()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| CreatableTopicResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(CreateTopicsResponse { throttle_time_ms, topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(2..=7).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 5;
        encoder.int32(self.throttle_time_ms);
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.topics {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicResult<'a> {
    pub name: Cow<'a, str>,
    /// From version 7.
    pub topic_id: Uuid,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    /// From version 5.
    pub topic_config_error_code: i16,
    /// From version 5.
    pub num_partitions: i32,
    /// From version 5.
    pub replication_factor: i16,
    /// From version 5.
    pub configs: Option<Vec<CreatableTopicConfigs<'a>>>,
}

impl<'a> Default for CreatableTopicResult<'a> {
    fn default() -> Self {
        CreatableTopicResult {
            name: Cow::Borrowed(""),
            topic_id: Uuid::ZERO,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            topic_config_error_code: 0,
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Vec::new()),
        }
    }
}

impl<'a> Message<'a> for CreatableTopicResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let topic_id = if version >= 7 { decoder.uuid()? } else { Uuid::ZERO };
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let mut topic_config_error_code = 0;
        let num_partitions = if version >= 5 { decoder.int32()? } else { -1 };
        let replication_factor = if version >= 5 { decoder.int16()? } else { -1 };
        let configs = if version >= 5 {
            decoder.nullable_array(flexible, |decoder| CreatableTopicConfigs::decode(decoder, version))?
        } else {
            Some(Vec::new())
        };
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 5 => topic_config_error_code = decoder.int16()?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(CreatableTopicResult {
            name,
            topic_id,
            error_code,
            error_message,
            topic_config_error_code,
            num_partitions,
            replication_factor,
            configs,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        encoder.nullable_string(flexible, Some(&self.name))?;
        if version >= 7 {
            encoder.uuid(self.topic_id);
        }
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        if version >= 5 {
            encoder.int32(self.num_partitions);
        }
        if version >= 5 {
            encoder.int16(self.replication_factor);
        }
        if version >= 5 {
            encoder.nullable_array(flexible, self.configs.as_deref(), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if flexible {
            let tagged_0 = (version >= 5) && self.topic_config_error_code != 0;
            encoder.unsigned_varint(u32::from(tagged_0));
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.int16(self.topic_config_error_code);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfigs<'a> {
    /// From version 5.
    pub name: Cow<'a, str>,
    /// From version 5.
    pub value: Option<Cow<'a, str>>,
    /// From version 5.
    pub read_only: bool,
    /// From version 5.
    pub config_source: i8,
    /// From version 5.
    pub is_sensitive: bool,
}

impl<'a> Default for CreatableTopicConfigs<'a> {
    fn default() -> Self {
        CreatableTopicConfigs {
            name: Cow::Borrowed(""),
            value: Some(Cow::Borrowed("")),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
        }
    }
}

impl<'a> Message<'a> for CreatableTopicConfigs<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 5;
        let name = if version >= 5 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let value = if version >= 5 { decoder.nullable_string(flexible)? } else { Some(Cow::Borrowed("")) };
        let read_only = if version >= 5 { decoder.bool()? } else { false };
        let config_source = if version >= 5 { decoder.int8()? } else { -1 };
        let is_sensitive = if version >= 5 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(CreatableTopicConfigs { name, value, read_only, config_source, is_sensitive })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        if version >= 5 {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if !(version >= 5) && !self.name.is_empty() {
            return Err(EncodeError::Unsupported { field: "name", version });
        }
        if version >= 5 {
            encoder.nullable_string(flexible, self.value.as_deref())?;
        }
        if !(version >= 5) && self.value != Some(Cow::Borrowed("")) {
            return Err(EncodeError::Unsupported { field: "value", version });
        }
        if version >= 5 {
            encoder.bool(self.read_only);
        }
        if !(version >= 5) && self.read_only {
            return Err(EncodeError::Unsupported { field: "read_only", version });
        }
        if version >= 5 {
            encoder.int8(self.config_source);
        }
        if version >= 5 {
            encoder.bool(self.is_sensitive);
        }
        if !(version >= 5) && self.is_sensitive {
            return Err(EncodeError::Unsupported { field: "is_sensitive", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
