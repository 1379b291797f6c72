// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupRegularExpressionValue<'a> {
    pub topics: Vec<Cow<'a, str>>,
    pub version: i64,
    pub timestamp: i64,
}

impl<'a> Default for ConsumerGroupRegularExpressionValue<'a> {
    fn default() -> Self {
        ConsumerGroupRegularExpressionValue { topics: Vec::new(), version: 0, timestamp: 0 }
    }
}

impl<'a> Message<'a> for ConsumerGroupRegularExpressionValue<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let topics = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topics" })
            })?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let version = decoder.int64()?;
        let timestamp = decoder.int64()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ConsumerGroupRegularExpressionValue { topics, version, timestamp })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_array(flexible, Some(&self.topics), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        encoder.int64(self.version);
        encoder.int64(self.timestamp);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
