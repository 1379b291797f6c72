// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterClientQuotasRequest<'a> {
    pub entries: Vec<EntryData<'a>>,
    pub validate_only: bool,
}

impl<'a> Default for AlterClientQuotasRequest<'a> {
    fn default() -> Self {
        AlterClientQuotasRequest { entries: Vec::new(), validate_only: false }
    }
}

impl<'a> Message<'a> for AlterClientQuotasRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let entries = decoder
            .nullable_array(flexible, |decoder| EntryData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "entries" })?;
        let validate_only = decoder.bool()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AlterClientQuotasRequest { entries, validate_only })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        encoder
            .nullable_array(flexible, Some(&self.entries), |encoder, item| item.encode(encoder, version))?;
        encoder.bool(self.validate_only);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct EntryData<'a> {
    pub entity: Vec<EntityData<'a>>,
    pub ops: Vec<OpData<'a>>,
}

impl<'a> Default for EntryData<'a> {
    fn default() -> Self {
        EntryData { entity: Vec::new(), ops: Vec::new() }
    }
}

impl<'a> Message<'a> for EntryData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let entity = decoder
            .nullable_array(flexible, |decoder| EntityData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "entity" })?;
        let ops = decoder
            .nullable_array(flexible, |decoder| OpData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "ops" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(EntryData { entity, ops })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        encoder
            .nullable_array(flexible, Some(&self.entity), |encoder, item| item.encode(encoder, version))?;
        encoder.nullable_array(flexible, Some(&self.ops), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct EntityData<'a> {
    pub entity_type: Cow<'a, str>,
    pub entity_name: Option<Cow<'a, str>>,
}

impl<'a> Default for EntityData<'a> {
    fn default() -> Self {
        EntityData { entity_type: Cow::Borrowed(""), entity_name: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Message<'a> for EntityData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let entity_type =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "entity_type" })?;
        let entity_name = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(EntityData { entity_type, entity_name })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        encoder.nullable_string(flexible, Some(&self.entity_type))?;
        encoder.nullable_string(flexible, self.entity_name.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OpData<'a> {
    pub key: Cow<'a, str>,
    pub value: f64,
    pub remove: bool,
}

impl<'a> Default for OpData<'a> {
    fn default() -> Self {
        OpData { key: Cow::Borrowed(""), value: 0.0, remove: false }
    }
}

impl<'a> Message<'a> for OpData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let key = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "key" })?;
        let value = decoder.float64()?;
        let remove = decoder.bool()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OpData { key, value, remove })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        encoder.nullable_string(flexible, Some(&self.key))?;
        encoder.float64(self.value);
        encoder.bool(self.remove);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
