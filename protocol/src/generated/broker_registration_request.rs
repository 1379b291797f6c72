// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 4, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerRegistrationRequest<'a> {
    pub broker_id: i32,
    pub cluster_id: Cow<'a, str>,
    pub incarnation_id: Uuid,
    pub listeners: Vec<Listener<'a>>,
    pub features: Vec<Feature<'a>>,
    pub rack: Option<Cow<'a, str>>,
    /// From version 1.
    pub is_migrating_zk_broker: bool,
    /// From version 2.
    pub log_dirs: Vec<Uuid>,
    /// From version 3.
    pub previous_broker_epoch: i64,
}

impl<'a> Default for BrokerRegistrationRequest<'a> {
    fn default() -> Self {
        BrokerRegistrationRequest {
            broker_id: 0,
            cluster_id: Cow::Borrowed(""),
            incarnation_id: Uuid::ZERO,
            listeners: Vec::new(),
            features: Vec::new(),
            rack: Some(Cow::Borrowed("")),
            is_migrating_zk_broker: false,
            log_dirs: Vec::new(),
            previous_broker_epoch: -1,
        }
    }
}

impl<'a> Message<'a> for BrokerRegistrationRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let broker_id = decoder.int32()?;
        let cluster_id =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "cluster_id" })?;
        let incarnation_id = decoder.uuid()?;
        let listeners = decoder
            .nullable_array(flexible, |decoder| Listener::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "listeners" })?;
        let features = decoder
            .nullable_array(flexible, |decoder| Feature::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "features" })?;
        let rack = decoder.nullable_string(flexible)?;
        let is_migrating_zk_broker = if version >= 1 { decoder.bool()? } else { false };
        let log_dirs = if version >= 2 {
            decoder
                .nullable_array(flexible, |decoder| decoder.uuid())?
                .ok_or(DecodeError::Null { field: "log_dirs" })?
        } else {
            Vec::new()
        };
        let previous_broker_epoch = if version >= 3 { decoder.int64()? } else { -1 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(BrokerRegistrationRequest {
            broker_id,
            cluster_id,
            incarnation_id,
            listeners,
            features,
            rack,
            is_migrating_zk_broker,
            log_dirs,
            previous_broker_epoch,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.broker_id);
        encoder.nullable_string(flexible, Some(&self.cluster_id))?;
        encoder.uuid(self.incarnation_id);
        encoder
            .nullable_array(flexible, Some(&self.listeners), |encoder, item| item.encode(encoder, version))?;
        encoder
            .nullable_array(flexible, Some(&self.features), |encoder, item| item.encode(encoder, version))?;
        encoder.nullable_string(flexible, self.rack.as_deref())?;
        if version >= 1 {
            encoder.bool(self.is_migrating_zk_broker);
        }
        if !(version >= 1) && self.is_migrating_zk_broker {
            return Err(EncodeError::Unsupported { field: "is_migrating_zk_broker", version });
        }
        if version >= 2 {
            encoder.nullable_array(flexible, Some(&self.log_dirs), |encoder, item| {
                encoder.uuid(*item);
                Ok(())
            })?;
        }
        if version >= 3 {
            encoder.int64(self.previous_broker_epoch);
        }
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
