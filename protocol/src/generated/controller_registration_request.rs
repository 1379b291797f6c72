// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ControllerRegistrationRequest<'a> {
    pub controller_id: i32,
    pub incarnation_id: Uuid,
    pub zk_migration_ready: bool,
    pub listeners: Vec<Listener<'a>>,
    pub features: Vec<Feature<'a>>,
}

impl<'a> Default for ControllerRegistrationRequest<'a> {
    fn default() -> Self {
        ControllerRegistrationRequest {
            controller_id: 0,
            incarnation_id: Uuid::ZERO,
            zk_migration_ready: false,
            listeners: Vec::new(),
            features: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for ControllerRegistrationRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let controller_id = decoder.int32()?;
        let incarnation_id = decoder.uuid()?;
        let zk_migration_ready = decoder.bool()?;
        let listeners = decoder
            .nullable_array(flexible, |decoder| Listener::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "listeners" })?;
        let features = decoder
            .nullable_array(flexible, |decoder| Feature::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "features" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ControllerRegistrationRequest {
            controller_id,
            incarnation_id,
            zk_migration_ready,
            listeners,
            features,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.controller_id);
        encoder.uuid(self.incarnation_id);
        encoder.bool(self.zk_migration_ready);
        encoder
            .nullable_array(flexible, Some(&self.listeners), |encoder, item| item.encode(encoder, version))?;
        encoder
            .nullable_array(flexible, Some(&self.features), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Listener<'a> {
    pub name: Cow<'a, str>,
    pub host: Cow<'a, str>,
    pub port: u16,
    pub security_protocol: i16,
}

impl<'a> Default for Listener<'a> {
    fn default() -> Self {
        Listener { name: Cow::Borrowed(""), host: Cow::Borrowed(""), port: 0, security_protocol: 0 }
    }
}

impl<'a> Message<'a> for Listener<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let host = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?;
        let port = decoder.uint16()?;
        let security_protocol = decoder.int16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Listener { name, host, port, security_protocol })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_string(flexible, Some(&self.host))?;
        encoder.uint16(self.port);
        encoder.int16(self.security_protocol);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Feature<'a> {
    pub name: Cow<'a, str>,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}

impl<'a> Default for Feature<'a> {
    fn default() -> Self {
        Feature { name: Cow::Borrowed(""), min_supported_version: 0, max_supported_version: 0 }
    }
}

impl<'a> Message<'a> for Feature<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let min_supported_version = decoder.int16()?;
        let max_supported_version = decoder.int16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Feature { name, min_supported_version, max_supported_version })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.int16(self.min_supported_version);
        encoder.int16(self.max_supported_version);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
