// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct GetTelemetrySubscriptionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub accepted_compression_types: Vec<i8>,
    pub push_interval_ms: i32,
    pub telemetry_max_bytes: i32,
    pub delta_temporality: bool,
    pub requested_metrics: Vec<Cow<'a, str>>,
}

impl<'a> Default for GetTelemetrySubscriptionsResponse<'a> {
    fn default() -> Self {
        GetTelemetrySubscriptionsResponse {
            throttle_time_ms: 0,
            error_code: 0,
            client_instance_id: Uuid::ZERO,
            subscription_id: 0,
            accepted_compression_types: Vec::new(),
            push_interval_ms: 0,
            telemetry_max_bytes: 0,
            delta_temporality: false,
            requested_metrics: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for GetTelemetrySubscriptionsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let client_instance_id = decoder.uuid()?;
        let subscription_id = decoder.int32()?;
        let accepted_compression_types = decoder
            .nullable_array(flexible, |decoder| decoder.int8())?
            .ok_or(DecodeError::Null { field: "accepted_compression_types" })?;
        let push_interval_ms = decoder.int32()?;
        let telemetry_max_bytes = decoder.int32()?;
        let delta_temporality = decoder.bool()?;
        let requested_metrics = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "requested_metrics" })
            })?
            .ok_or(DecodeError::Null { field: "requested_metrics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(GetTelemetrySubscriptionsResponse {
            throttle_time_ms,
            error_code,
            client_instance_id,
            subscription_id,
            accepted_compression_types,
            push_interval_ms,
            telemetry_max_bytes,
            delta_temporality,
            requested_metrics,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.uuid(self.client_instance_id);
        encoder.int32(self.subscription_id);
        encoder.nullable_array(flexible, Some(&self.accepted_compression_types), |encoder, item| {
            encoder.int8(*item);
            Ok(())
        })?;
        encoder.int32(self.push_interval_ms);
        encoder.int32(self.telemetry_max_bytes);
        encoder.bool(self.delta_temporality);
        encoder.nullable_array(flexible, Some(&self.requested_metrics), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
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
