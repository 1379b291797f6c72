// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct GetTelemetrySubscriptionsRequest {
    pub client_instance_id: Uuid,
}

impl Default for GetTelemetrySubscriptionsRequest {
    fn default() -> Self {
        GetTelemetrySubscriptionsRequest { client_instance_id: Uuid::ZERO }
    }
}

impl<'a> Message<'a> for GetTelemetrySubscriptionsRequest {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let client_instance_id = decoder.uuid()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(GetTelemetrySubscriptionsRequest { client_instance_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.uuid(self.client_instance_id);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
