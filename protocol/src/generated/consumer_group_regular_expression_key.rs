// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible never.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupRegularExpressionKey<'a> {
    pub group_id: Cow<'a, str>,
    pub regular_expression: Cow<'a, str>,
}

impl<'a> Default for ConsumerGroupRegularExpressionKey<'a> {
    fn default() -> Self {
        ConsumerGroupRegularExpressionKey {
            group_id: Cow::Borrowed(""),
            regular_expression: Cow::Borrowed(""),
        }
    }
}

impl<'a> Message<'a> for ConsumerGroupRegularExpressionKey<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = false;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let regular_expression =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "regular_expression" })?;
        Ok(ConsumerGroupRegularExpressionKey { group_id, regular_expression })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = false;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.nullable_string(flexible, Some(&self.regular_expression))?;
        Ok(())
    }
}
