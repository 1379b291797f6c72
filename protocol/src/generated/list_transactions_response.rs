// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListTransactionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub unknown_state_filters: Vec<Cow<'a, str>>,
    pub transaction_states: Vec<TransactionState<'a>>,
}

impl<'a> Default for ListTransactionsResponse<'a> {
    fn default() -> Self {
        ListTransactionsResponse {
            throttle_time_ms: 0,
            error_code: 0,
            unknown_state_filters: Vec::new(),
            transaction_states: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for ListTransactionsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let unknown_state_filters = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "unknown_state_filters" })
            })?
            .ok_or(DecodeError::Null { field: "unknown_state_filters" })?;
        let transaction_states = decoder
            .nullable_array(flexible, |decoder| TransactionState::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "transaction_states" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ListTransactionsResponse {
            throttle_time_ms,
            error_code,
            unknown_state_filters,
            transaction_states,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.nullable_array(flexible, Some(&self.unknown_state_filters), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        encoder.nullable_array(flexible, Some(&self.transaction_states), |encoder, item| {
            item.encode(encoder, version)
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

#[derive(Clone, Debug, PartialEq)]
pub struct TransactionState<'a> {
    pub transactional_id: Cow<'a, str>,
    pub producer_id: i64,
    pub transaction_state: Cow<'a, str>,
}

impl<'a> Default for TransactionState<'a> {
    fn default() -> Self {
        TransactionState {
            transactional_id: Cow::Borrowed(""),
            producer_id: 0,
            transaction_state: Cow::Borrowed(""),
        }
    }
}

impl<'a> Message<'a> for TransactionState<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let transactional_id =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "transactional_id" })?;
        let producer_id = decoder.int64()?;
        let transaction_state =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "transaction_state" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TransactionState { transactional_id, producer_id, transaction_state })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.transactional_id))?;
        encoder.int64(self.producer_id);
        encoder.nullable_string(flexible, Some(&self.transaction_state))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
