// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 4, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct AddOffsetsToTxnRequest<'a> {
    pub transactional_id: Cow<'a, str>,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub group_id: Cow<'a, str>,
}

impl<'a> Default for AddOffsetsToTxnRequest<'a> {
    fn default() -> Self {
        AddOffsetsToTxnRequest {
            transactional_id: Cow::Borrowed(""),
            producer_id: 0,
            producer_epoch: 0,
            group_id: Cow::Borrowed(""),
        }
    }
}

impl<'a> Message<'a> for AddOffsetsToTxnRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=4).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let transactional_id =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "transactional_id" })?;
        let producer_id = decoder.int64()?;
        let producer_epoch = decoder.int16()?;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AddOffsetsToTxnRequest { transactional_id, producer_id, producer_epoch, group_id })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=4).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        encoder.nullable_string(flexible, Some(&self.transactional_id))?;
        encoder.int64(self.producer_id);
        encoder.int16(self.producer_epoch);
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
