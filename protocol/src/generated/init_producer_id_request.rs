// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 6, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdRequest<'a> {
    pub transactional_id: Option<Cow<'a, str>>,
    pub transaction_timeout_ms: i32,
    /// From version 3.
    pub producer_id: i64,
    /// From version 3.
    pub producer_epoch: i16,
    /// From version 6.
    pub enable2_pc: bool,
    /// From version 6.
    pub keep_prepared_txn: bool,
}

impl<'a> Default for InitProducerIdRequest<'a> {
    fn default() -> Self {
        InitProducerIdRequest {
            transactional_id: Some(Cow::Borrowed("")),
            transaction_timeout_ms: 0,
            producer_id: -1,
            producer_epoch: -1,
            enable2_pc: false,
            keep_prepared_txn: false,
        }
    }
}

impl<'a> Message<'a> for InitProducerIdRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=6).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let transactional_id = decoder.nullable_string(flexible)?;
        let transaction_timeout_ms = decoder.int32()?;
        let producer_id = if version >= 3 { decoder.int64()? } else { -1 };
        let producer_epoch = if version >= 3 { decoder.int16()? } else { -1 };
        let enable2_pc = if version >= 6 { decoder.bool()? } else { false };
        let keep_prepared_txn = if version >= 6 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(InitProducerIdRequest {
            transactional_id,
            transaction_timeout_ms,
            producer_id,
            producer_epoch,
            enable2_pc,
            keep_prepared_txn,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=6).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.nullable_string(flexible, self.transactional_id.as_deref())?;
        encoder.int32(self.transaction_timeout_ms);
        if version >= 3 {
            encoder.int64(self.producer_id);
        }
        if !(version >= 3) && self.producer_id != -1 {
            return Err(EncodeError::Unsupported { field: "producer_id", version });
        }
        if version >= 3 {
            encoder.int16(self.producer_epoch);
        }
        if !(version >= 3) && self.producer_epoch != -1 {
            return Err(EncodeError::Unsupported { field: "producer_epoch", version });
        }
        if version >= 6 {
            encoder.bool(self.enable2_pc);
        }
        if !(version >= 6) && self.enable2_pc {
            return Err(EncodeError::Unsupported { field: "enable2_pc", version });
        }
        if version >= 6 {
            encoder.bool(self.keep_prepared_txn);
        }
        if !(version >= 6) && self.keep_prepared_txn {
            return Err(EncodeError::Unsupported { field: "keep_prepared_txn", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
