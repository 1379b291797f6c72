// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 4, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionsResponse<'a> {
    pub error_code: i16,
    pub api_keys: Vec<ApiVersion>,
    /// From version 1.
    pub throttle_time_ms: i32,
    /// From version 3.
    pub supported_features: Vec<SupportedFeatureKey<'a>>,
    /// From version 3.
    pub finalized_features_epoch: i64,
    /// From version 3.
    pub finalized_features: Vec<FinalizedFeatureKey<'a>>,
    /// From version 3.
    pub zk_migration_ready: bool,
}

impl<'a> Default for ApiVersionsResponse<'a> {
    fn default() -> Self {
        ApiVersionsResponse {
            error_code: 0,
            api_keys: Vec::new(),
            throttle_time_ms: 0,
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
        }
    }
}

impl<'a> Message<'a> for ApiVersionsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let error_code = decoder.int16()?;
        let api_keys = decoder
            .nullable_array(flexible, |decoder| ApiVersion::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "api_keys" })?;
        let throttle_time_ms = if version >= 1 { decoder.int32()? } else { 0 };
        let mut supported_features = Vec::new();
        let mut finalized_features_epoch = -1;
        let mut finalized_features = Vec::new();
        let mut zk_migration_ready = false;
        if flexible {
            decoder.tagged_fields(|tag, decoder| {
                match tag {
                    0 if version >= 3 => {
                        supported_features = decoder
                            .nullable_array(flexible, |decoder| {
                                SupportedFeatureKey::decode(decoder, version)
                            })?
                            .ok_or(DecodeError::Null { field: "supported_features" })?
                    }
                    1 if version >= 3 => finalized_features_epoch = decoder.int64()?,
                    2 if version >= 3 => {
                        finalized_features = decoder
                            .nullable_array(flexible, |decoder| {
                                FinalizedFeatureKey::decode(decoder, version)
                            })?
                            .ok_or(DecodeError::Null { field: "finalized_features" })?
                    }
                    3 if version >= 3 => zk_migration_ready = decoder.bool()?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(ApiVersionsResponse {
            error_code,
            api_keys,
            throttle_time_ms,
            supported_features,
            finalized_features_epoch,
            finalized_features,
            zk_migration_ready,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        encoder.int16(self.error_code);
        encoder
            .nullable_array(flexible, Some(&self.api_keys), |encoder, item| item.encode(encoder, version))?;
        if version >= 1 {
            encoder.int32(self.throttle_time_ms);
        }
        if flexible {
            let tagged_0 = (version >= 3) && !self.supported_features.is_empty();
            let tagged_1 = (version >= 3) && self.finalized_features_epoch != -1;
            let tagged_2 = (version >= 3) && !self.finalized_features.is_empty();
            let tagged_3 = (version >= 3) && self.zk_migration_ready;
            encoder.unsigned_varint(
                u32::from(tagged_0) + u32::from(tagged_1) + u32::from(tagged_2) + u32::from(tagged_3),
            );
            if tagged_0 {
                encoder.tagged_field(0, |encoder| {
                    encoder.nullable_array(flexible, Some(&self.supported_features), |encoder, item| {
                        item.encode(encoder, version)
                    })?;
                    Ok(())
                })?;
            }
            if tagged_1 {
                encoder.tagged_field(1, |encoder| {
                    encoder.int64(self.finalized_features_epoch);
                    Ok(())
                })?;
            }
            if tagged_2 {
                encoder.tagged_field(2, |encoder| {
                    encoder.nullable_array(flexible, Some(&self.finalized_features), |encoder, item| {
                        item.encode(encoder, version)
                    })?;
                    Ok(())
                })?;
            }
            if tagged_3 {
                encoder.tagged_field(3, |encoder| {
                    encoder.bool(self.zk_migration_ready);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersion {
    pub api_key: i16,
    pub min_version: i16,
    pub max_version: i16,
}

impl Default for ApiVersion {
    fn default() -> Self {
        ApiVersion { api_key: 0, min_version: 0, max_version: 0 }
    }
}

impl<'a> Message<'a> for ApiVersion {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let api_key = decoder.int16()?;
        let min_version = decoder.int16()?;
        let max_version = decoder.int16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ApiVersion { api_key, min_version, max_version })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        encoder.int16(self.api_key);
        encoder.int16(self.min_version);
        encoder.int16(self.max_version);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct SupportedFeatureKey<'a> {
    /// From version 3.
    pub name: Cow<'a, str>,
    /// From version 3.
    pub min_version: i16,
    /// From version 3.
    pub max_version: i16,
}

impl<'a> Default for SupportedFeatureKey<'a> {
    fn default() -> Self {
        SupportedFeatureKey { name: Cow::Borrowed(""), min_version: 0, max_version: 0 }
    }
}

impl<'a> Message<'a> for SupportedFeatureKey<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let name = if version >= 3 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let min_version = if version >= 3 { decoder.int16()? } else { 0 };
        let max_version = if version >= 3 { decoder.int16()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(SupportedFeatureKey { name, min_version, max_version })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version >= 3 {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if !(version >= 3) && !self.name.is_empty() {
            return Err(EncodeError::Unsupported { field: "name", version });
        }
        if version >= 3 {
            encoder.int16(self.min_version);
        }
        if !(version >= 3) && self.min_version != 0 {
            return Err(EncodeError::Unsupported { field: "min_version", version });
        }
        if version >= 3 {
            encoder.int16(self.max_version);
        }
        if !(version >= 3) && self.max_version != 0 {
            return Err(EncodeError::Unsupported { field: "max_version", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct FinalizedFeatureKey<'a> {
    /// From version 3.
    pub name: Cow<'a, str>,
    /// From version 3.
    pub max_version_level: i16,
    /// From version 3.
    pub min_version_level: i16,
}

impl<'a> Default for FinalizedFeatureKey<'a> {
    fn default() -> Self {
        FinalizedFeatureKey { name: Cow::Borrowed(""), max_version_level: 0, min_version_level: 0 }
    }
}

impl<'a> Message<'a> for FinalizedFeatureKey<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let name = if version >= 3 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let max_version_level = if version >= 3 { decoder.int16()? } else { 0 };
        let min_version_level = if version >= 3 { decoder.int16()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(FinalizedFeatureKey { name, max_version_level, min_version_level })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version >= 3 {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if !(version >= 3) && !self.name.is_empty() {
            return Err(EncodeError::Unsupported { field: "name", version });
        }
        if version >= 3 {
            encoder.int16(self.max_version_level);
        }
        if !(version >= 3) && self.max_version_level != 0 {
            return Err(EncodeError::Unsupported { field: "max_version_level", version });
        }
        if version >= 3 {
            encoder.int16(self.min_version_level);
        }
        if !(version >= 3) && self.min_version_level != 0 {
            return Err(EncodeError::Unsupported { field: "min_version_level", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
