// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTransactionsResponse<'a> {
    pub throttle_time_ms: i32,
    pub transaction_states: Vec<TransactionState<'a>>,
}

impl<'a> Default for DescribeTransactionsResponse<'a> {
    fn default() -> Self {
        DescribeTransactionsResponse { throttle_time_ms: 0, transaction_states: Vec::new() }
    }
}

impl<'a> Message<'a> for DescribeTransactionsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let transaction_states = decoder
            .nullable_array(flexible, |decoder| TransactionState::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "transaction_states" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeTransactionsResponse { throttle_time_ms, transaction_states })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.nullable_array(flexible, Some(&self.transaction_states), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.transaction_states {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TransactionState<'a> {
    pub error_code: i16,
    pub transactional_id: Cow<'a, str>,
    pub transaction_state: Cow<'a, str>,
    pub transaction_timeout_ms: i32,
    pub transaction_start_time_ms: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub topics: Vec<TopicData<'a>>,
}

impl<'a> Default for TransactionState<'a> {
    fn default() -> Self {
        TransactionState {
            error_code: 0,
            transactional_id: Cow::Borrowed(""),
            transaction_state: Cow::Borrowed(""),
            transaction_timeout_ms: 0,
            transaction_start_time_ms: 0,
            producer_id: 0,
            producer_epoch: 0,
            topics: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for TransactionState<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let error_code = decoder.int16()?;
        let transactional_id =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "transactional_id" })?;
        let transaction_state =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "transaction_state" })?;
        let transaction_timeout_ms = decoder.int32()?;
        let transaction_start_time_ms = decoder.int64()?;
        let producer_id = decoder.int64()?;
        let producer_epoch = decoder.int16()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| TopicData::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TransactionState {
            error_code,
            transactional_id,
            transaction_state,
            transaction_timeout_ms,
            transaction_start_time_ms,
            producer_id,
            producer_epoch,
            topics,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, Some(&self.transactional_id))?;
        encoder.nullable_string(flexible, Some(&self.transaction_state))?;
        encoder.int32(self.transaction_timeout_ms);
        encoder.int64(self.transaction_start_time_ms);
        encoder.int64(self.producer_id);
        encoder.int16(self.producer_epoch);
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
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
pub struct TopicData<'a> {
    pub topic: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Default for TopicData<'a> {
    fn default() -> Self {
        TopicData { topic: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for TopicData<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicData { topic, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.topic))?;
        encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
