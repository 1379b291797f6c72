// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    /// Versions 0 to 1.
    pub results: Vec<UpdatableFeatureResult<'a>>,
}

impl<'a> Default for UpdateFeaturesResponse<'a> {
    fn default() -> Self {
        UpdateFeaturesResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
            results: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for UpdateFeaturesResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let results = if version <= 1 {
            decoder
                .nullable_array(flexible, |decoder| UpdatableFeatureResult::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "results" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(UpdateFeaturesResponse { throttle_time_ms, error_code, error_message, results })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        if version <= 1 {
            encoder.nullable_array(flexible, Some(&self.results), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
        for item in &self.results {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct UpdatableFeatureResult<'a> {
    pub feature: Cow<'a, str>,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Default for UpdatableFeatureResult<'a> {
    fn default() -> Self {
        UpdatableFeatureResult {
            feature: Cow::Borrowed(""),
            error_code: 0,
            error_message: Some(Cow::Borrowed("")),
        }
    }
}

impl<'a> Message<'a> for UpdatableFeatureResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let feature = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "feature" })?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(UpdatableFeatureResult { feature, error_code, error_message })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.feature))?;
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
