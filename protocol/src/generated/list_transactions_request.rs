// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListTransactionsRequest<'a> {
    pub state_filters: Vec<Cow<'a, str>>,
    pub producer_id_filters: Vec<i64>,
    /// From version 1.
    pub duration_filter: i64,
    /// From version 2.
    pub transactional_id_pattern: Option<Cow<'a, str>>,
}

impl<'a> Default for ListTransactionsRequest<'a> {
    fn default() -> Self {
        ListTransactionsRequest {
            state_filters: Vec::new(),
            producer_id_filters: Vec::new(),
            duration_filter: -1,
            transactional_id_pattern: None,
        }
    }
}

impl<'a> Message<'a> for ListTransactionsRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let state_filters = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "state_filters" })
            })?
            .ok_or(DecodeError::Null { field: "state_filters" })?;
        let producer_id_filters = decoder
            .nullable_array(flexible, |decoder| decoder.int64())?
            .ok_or(DecodeError::Null { field: "producer_id_filters" })?;
        let duration_filter = if version >= 1 { decoder.int64()? } else { -1 };
        let transactional_id_pattern = if version >= 2 { decoder.nullable_string(flexible)? } else { None };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ListTransactionsRequest {
            state_filters,
            producer_id_filters,
            duration_filter,
            transactional_id_pattern,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_array(flexible, Some(&self.state_filters), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        encoder.nullable_array(flexible, Some(&self.producer_id_filters), |encoder, item| {
            encoder.int64(*item);
            Ok(())
        })?;
        if version >= 1 {
            encoder.int64(self.duration_filter);
        }
        if !(version >= 1) && self.duration_filter != -1 {
            return Err(EncodeError::Unsupported { field: "duration_filter", version });
        }
        if version >= 2 {
            encoder.nullable_string(flexible, self.transactional_id_pattern.as_deref())?;
        }
        if !(version >= 2) && self.transactional_id_pattern.is_some() {
            return Err(EncodeError::Unsupported { field: "transactional_id_pattern", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
