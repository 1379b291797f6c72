// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 6, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// From version 6.
    pub ongoing_txn_producer_id: i64,
    /// From version 6.
    pub ongoing_txn_producer_epoch: i16,
}

impl Default for InitProducerIdResponse {
    fn default() -> Self {
        InitProducerIdResponse {
            throttle_time_ms: 0,
            error_code: 0,
            producer_id: -1,
            producer_epoch: 0,
            ongoing_txn_producer_id: -1,
            ongoing_txn_producer_epoch: -1,
        }
    }
}

impl<'a> Message<'a> for InitProducerIdResponse {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let producer_id = decoder.int64()?;
        let producer_epoch = decoder.int16()?;
        let ongoing_txn_producer_id = if version >= 6 { decoder.int64()? } else { -1 };
        let ongoing_txn_producer_epoch = if version >= 6 { decoder.int16()? } else { -1 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(InitProducerIdResponse {
            throttle_time_ms,
            error_code,
            producer_id,
            producer_epoch,
            ongoing_txn_producer_id,
            ongoing_txn_producer_epoch,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.int64(self.producer_id);
        encoder.int16(self.producer_epoch);
        if version >= 6 {
            encoder.int64(self.ongoing_txn_producer_id);
        }
        if !(version >= 6) && self.ongoing_txn_producer_id != -1 {
            return Err(EncodeError::Unsupported { field: "ongoing_txn_producer_id", version });
        }
        if version >= 6 {
            encoder.int16(self.ongoing_txn_producer_epoch);
        }
        if !(version >= 6) && self.ongoing_txn_producer_epoch != -1 {
            return Err(EncodeError::Unsupported { field: "ongoing_txn_producer_epoch", version });
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
