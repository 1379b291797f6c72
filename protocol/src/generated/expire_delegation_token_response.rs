// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 1 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpireDelegationTokenResponse {
    pub error_code: i16,
    pub expiry_timestamp_ms: i64,
    pub throttle_time_ms: i32,
}

impl Default for ExpireDelegationTokenResponse {
    fn default() -> Self {
        ExpireDelegationTokenResponse { error_code: 0, expiry_timestamp_ms: 0, throttle_time_ms: 0 }
    }
}

impl<'a> Message<'a> for ExpireDelegationTokenResponse {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let error_code = decoder.int16()?;
        let expiry_timestamp_ms = decoder.int64()?;
        let throttle_time_ms = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ExpireDelegationTokenResponse { error_code, expiry_timestamp_ms, throttle_time_ms })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int16(self.error_code);
        encoder.int64(self.expiry_timestamp_ms);
        encoder.int32(self.throttle_time_ms);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
