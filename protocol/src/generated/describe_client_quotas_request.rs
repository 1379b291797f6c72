// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClientQuotasRequest<'a> {
    pub components: Vec<ComponentData<'a>>,
    pub strict: bool,
}

impl<'a> Default for DescribeClientQuotasRequest<'a> {
    fn default() -> Self {
        DescribeClientQuotasRequest { components: Vec::new(), strict: false }
    }
}

impl<'a> Message<'a> for DescribeClientQuotasRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let components = decoder
            .nullable_array(flexible, |decoder| ComponentData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "components" })?;
        let strict = decoder.bool()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeClientQuotasRequest { components, strict })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        encoder.nullable_array(flexible, Some(&self.components), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.bool(self.strict);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ComponentData<'a> {
    pub entity_type: Cow<'a, str>,
    pub match_type: i8,
    pub match_: Option<Cow<'a, str>>,
}

impl<'a> Default for ComponentData<'a> {
    fn default() -> Self {
        ComponentData { entity_type: Cow::Borrowed(""), match_type: 0, match_: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Message<'a> for ComponentData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let entity_type =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "entity_type" })?;
        let match_type = decoder.int8()?;
        let match_ = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ComponentData { entity_type, match_type, match_ })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        encoder.nullable_string(flexible, Some(&self.entity_type))?;
        encoder.int8(self.match_type);
        encoder.nullable_string(flexible, self.match_.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
