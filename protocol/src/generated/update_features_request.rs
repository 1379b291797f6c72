// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesRequest<'a> {
    pub timeout_ms: i32,
    pub feature_updates: Vec<FeatureUpdateKey<'a>>,
    /// From version 1.
    pub validate_only: bool,
}

impl<'a> Default for UpdateFeaturesRequest<'a> {
    fn default() -> Self {
        UpdateFeaturesRequest { timeout_ms: 60000, feature_updates: Vec::new(), validate_only: false }
    }
}

impl<'a> Message<'a> for UpdateFeaturesRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let timeout_ms = decoder.int32()?;
        let feature_updates = decoder
            .nullable_array(flexible, |decoder| FeatureUpdateKey::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "feature_updates" })?;
        let validate_only = if version >= 1 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(UpdateFeaturesRequest { timeout_ms, feature_updates, validate_only })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.timeout_ms);
        encoder.nullable_array(flexible, Some(&self.feature_updates), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if version >= 1 {
            encoder.bool(self.validate_only);
        }
        if !(version >= 1) && self.validate_only {
            return Err(EncodeError::Unsupported { field: "validate_only", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct FeatureUpdateKey<'a> {
    pub feature: Cow<'a, str>,
    pub max_version_level: i16,
    /// Versions 0 to 0.
    pub allow_downgrade: bool,
    /// From version 1.
    pub upgrade_type: i8,
}

impl<'a> Default for FeatureUpdateKey<'a> {
    fn default() -> Self {
        FeatureUpdateKey {
            feature: Cow::Borrowed(""),
            max_version_level: 0,
            allow_downgrade: false,
            upgrade_type: 1,
        }
    }
}

impl<'a> Message<'a> for FeatureUpdateKey<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let feature = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "feature" })?;
        let max_version_level = decoder.int16()?;
        let allow_downgrade = if version <= 0 { decoder.bool()? } else { false };
        let upgrade_type = if version >= 1 { decoder.int8()? } else { 1 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(FeatureUpdateKey { feature, max_version_level, allow_downgrade, upgrade_type })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.feature))?;
        encoder.int16(self.max_version_level);
        if version <= 0 {
            encoder.bool(self.allow_downgrade);
        }
        if !(version <= 0) && self.allow_downgrade {
            return Err(EncodeError::Unsupported { field: "allow_downgrade", version });
        }
        if version >= 1 {
            encoder.int8(self.upgrade_type);
        }
        if !(version >= 1) && self.upgrade_type != 1 {
            return Err(EncodeError::Unsupported { field: "upgrade_type", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
