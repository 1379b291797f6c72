// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClientQuotasResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    pub entries: Option<Vec<EntryData<'a>>>,
}

impl<'a> Default for DescribeClientQuotasResponse<'a> {
    fn default() -> Self {
        DescribeClientQuotasResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            entries: Some(Vec::new()),
        }
    }
}

impl<'a> Message<'a> for DescribeClientQuotasResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 1;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let entries = decoder.nullable_array(flexible, |decoder| EntryData::decode(decoder, version))?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeClientQuotasResponse { throttle_time_ms, error_code, error_message, entries })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 1;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        encoder.nullable_array(flexible, self.entries.as_deref(), |encoder, item| {
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
pub struct EntryData<'a> {
    pub entity: Vec<EntityData<'a>>,
    pub values: Vec<ValueData<'a>>,
}

impl<'a> Default for EntryData<'a> {
    fn default() -> Self {
        EntryData { entity: Vec::new(), values: Vec::new() }
    }
}

impl<'a> Message<'a> for EntryData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let entity = decoder
            .nullable_array(flexible, |decoder| EntityData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "entity" })?;
        let values = decoder
            .nullable_array(flexible, |decoder| ValueData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "values" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(EntryData { entity, values })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        encoder
            .nullable_array(flexible, Some(&self.entity), |encoder, item| item.encode(encoder, version))?;
        encoder
            .nullable_array(flexible, Some(&self.values), |encoder, item| item.encode(encoder, version))?;
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
pub struct ValueData<'a> {
    pub key: Cow<'a, str>,
    pub value: f64,
}

impl<'a> Default for ValueData<'a> {
    fn default() -> Self {
        ValueData { key: Cow::Borrowed(""), value: 0.0 }
    }
}

impl<'a> Message<'a> for ValueData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 1;
        let key = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "key" })?;
        let value = decoder.float64()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ValueData { key, value })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 1;
        encoder.nullable_string(flexible, Some(&self.key))?;
        encoder.float64(self.value);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
