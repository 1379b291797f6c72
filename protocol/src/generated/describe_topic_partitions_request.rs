// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsRequest<'a> {
    pub topics: Vec<TopicRequest<'a>>,
    pub response_partition_limit: i32,
    pub cursor: Option<Cursor<'a>>,
}

impl<'a> Default for DescribeTopicPartitionsRequest<'a> {
    fn default() -> Self {
        DescribeTopicPartitionsRequest { topics: Vec::new(), response_partition_limit: 2000, cursor: None }
    }
}

impl<'a> Message<'a> for DescribeTopicPartitionsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicRequest::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let response_partition_limit = decoder.int32()?;
        let cursor = if decoder.int8()? < 0 { None } else { Some(Cursor::decode(decoder, version)?) };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeTopicPartitionsRequest { topics, response_partition_limit, cursor })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        encoder.int32(self.response_partition_limit);
        match &self.cursor {
            Some(value) => {
                encoder.int8(1);
                value.encode(encoder, version)?;
            }
            None => encoder.int8(-1),
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicRequest<'a> {
    pub name: Cow<'a, str>,
}

impl<'a> Default for TopicRequest<'a> {
    fn default() -> Self {
        TopicRequest { name: Cow::Borrowed("") }
    }
}

impl<'a> Message<'a> for TopicRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicRequest { name })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.name))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cursor<'a> {
    pub topic_name: Cow<'a, str>,
    pub partition_index: i32,
}

impl<'a> Default for Cursor<'a> {
    fn default() -> Self {
        Cursor { topic_name: Cow::Borrowed(""), partition_index: 0 }
    }
}

impl<'a> Message<'a> for Cursor<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic_name" })?;
        let partition_index = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Cursor { topic_name, partition_index })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.topic_name))?;
        encoder.int32(self.partition_index);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
