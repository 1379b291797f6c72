// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct PushTelemetryRequest<'a> {
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub terminating: bool,
    pub compression_type: i8,
    pub metrics: Cow<'a, [u8]>,
}

impl<'a> Default for PushTelemetryRequest<'a> {
    fn default() -> Self {
        PushTelemetryRequest {
            client_instance_id: Uuid::ZERO,
            subscription_id: 0,
            terminating: false,
            compression_type: 0,
            metrics: Cow::Borrowed(&[]),
        }
    }
}

impl<'a> Message<'a> for PushTelemetryRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let client_instance_id = decoder.uuid()?;
        let subscription_id = decoder.int32()?;
        let terminating = decoder.bool()?;
        let compression_type = decoder.int8()?;
        let metrics = decoder.nullable_bytes(flexible)?.ok_or(DecodeError::Null { field: "metrics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PushTelemetryRequest {
            client_instance_id,
            subscription_id,
            terminating,
            compression_type,
            metrics,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.uuid(self.client_instance_id);
        encoder.int32(self.subscription_id);
        encoder.bool(self.terminating);
        encoder.int8(self.compression_type);
        encoder.nullable_bytes(flexible, Some(&self.metrics))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
