// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct EndTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// From version 5.
    pub producer_id: i64,
    /// From version 5.
    pub producer_epoch: i16,
}

impl Default for EndTxnResponse {
    fn default() -> Self {
        EndTxnResponse { throttle_time_ms: 0, error_code: 0, producer_id: -1, producer_epoch: -1 }
    }
}

impl<'a> Message<'a> for EndTxnResponse {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let producer_id = if version >= 5 { decoder.int64()? } else { -1 };
        let producer_epoch = if version >= 5 { decoder.int16()? } else { -1 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(EndTxnResponse { throttle_time_ms, error_code, producer_id, producer_epoch })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        if version >= 5 {
            encoder.int64(self.producer_id);
        }
        if version >= 5 {
            encoder.int16(self.producer_epoch);
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
