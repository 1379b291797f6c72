// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 6, flexible from 4.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteTopicsRequest<'a> {
    /// From version 6.
    pub topics: Vec<DeleteTopicState<'a>>,
    /// Versions 1 to 5.
    pub topic_names: Vec<Cow<'a, str>>,
    pub timeout_ms: i32,
}

impl<'a> Default for DeleteTopicsRequest<'a> {
    fn default() -> Self {
        DeleteTopicsRequest { topics: Vec::new(), topic_names: Vec::new(), timeout_ms: 0 }
    }
}

impl<'a> Message<'a> for DeleteTopicsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 4;
        let topics = if version >= 6 {
            decoder
                .nullable_array(flexible, |decoder| DeleteTopicState::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "topics" })?
        } else {
            Vec::new()
        };
        let topic_names = if version <= 5 {
            decoder
                .nullable_array(flexible, |decoder| {
                    decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic_names" })
                })?
                .ok_or(DecodeError::Null { field: "topic_names" })?
        } else {
            Vec::new()
        };
        let timeout_ms = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteTopicsRequest { topics, topic_names, timeout_ms })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 4;
        if version >= 6 {
            encoder.nullable_array(flexible, Some(&self.topics), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 6) && !self.topics.is_empty() {
            return Err(EncodeError::Unsupported { field: "topics", version });
        }
        if version <= 5 {
            encoder.nullable_array(flexible, Some(&self.topic_names), |encoder, item| {
                encoder.nullable_string(flexible, Some(item))
            })?;
        }
        encoder.int32(self.timeout_ms);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeleteTopicState<'a> {
    /// From version 6.
    pub name: Option<Cow<'a, str>>,
    /// From version 6.
    pub topic_id: Uuid,
}

impl<'a> Default for DeleteTopicState<'a> {
    fn default() -> Self {
        DeleteTopicState { name: None, topic_id: Uuid::ZERO }
    }
}

impl<'a> Message<'a> for DeleteTopicState<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 4;
        let name = if version >= 6 { decoder.nullable_string(flexible)? } else { None };
        let topic_id = if version >= 6 { decoder.uuid()? } else { Uuid::ZERO };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DeleteTopicState { name, topic_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        if version >= 6 {
            encoder.nullable_string(flexible, self.name.as_deref())?;
        }
        if !(version >= 6) && self.name.is_some() {
            return Err(EncodeError::Unsupported { field: "name", version });
        }
        if version >= 6 {
            encoder.uuid(self.topic_id);
        }
        if !(version >= 6) && self.topic_id != Uuid::ZERO {
            return Err(EncodeError::Unsupported { field: "topic_id", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
