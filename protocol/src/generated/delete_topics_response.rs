// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 6, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteTopicsResponse<'a> {
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult<'a>>,
}

impl<'a> Default for DeleteTopicsResponse<'a> {
    fn default() -> Self {
        DeleteTopicsResponse { throttle_time_ms: 0, responses: Vec::new() }
    }
}

impl<'a> Message<'a> for DeleteTopicsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let throttle_time_ms = decoder.int32()?;
        let responses = decoder
            .nullable_array(flexible, |decoder| DeletableTopicResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "responses" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteTopicsResponse { throttle_time_ms, responses })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        encoder.int32(self.throttle_time_ms);
        encoder
            .nullable_array(flexible, Some(&self.responses), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.responses {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeletableTopicResult<'a> {
    pub name: Option<Cow<'a, str>>,
    /// From version 6.
    pub topic_id: Uuid,
    pub error_code: i16,
    /// From version 5.
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Default for DeletableTopicResult<'a> {
    fn default() -> Self {
        DeletableTopicResult {
            name: Some(Cow::Borrowed("")),
            topic_id: Uuid::ZERO,
            error_code: 0,
            error_message: None,
        }
    }
}

impl<'a> Message<'a> for DeletableTopicResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let name = {
            let value = decoder.nullable_string(flexible)?;
            if value.is_none() && !(version >= 6) {
                return Err(DecodeError::Null { field: "name" });
            }
            value
        };
        let topic_id = if version >= 6 { decoder.uuid()? } else { Uuid::ZERO };
        let error_code = decoder.int16()?;
        let error_message = if version >= 5 { decoder.nullable_string(flexible)? } else { None };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeletableTopicResult { name, topic_id, error_code, error_message })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if self.name.is_none() && !(version >= 6) {
            return Err(EncodeError::Null { field: "name", version });
        }
        encoder.nullable_string(flexible, self.name.as_deref())?;
        if version >= 6 {
            encoder.uuid(self.topic_id);
        }
        encoder.int16(self.error_code);
        if version >= 5 {
            encoder.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
