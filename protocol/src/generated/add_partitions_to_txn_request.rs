// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct AddPartitionsToTxnRequest<'a> {
    /// From version 4.
    pub transactions: Vec<AddPartitionsToTxnTransaction<'a>>,
    /// Versions 0 to 3.
    pub v3_and_below_transactional_id: Cow<'a, str>,
    /// Versions 0 to 3.
    pub v3_and_below_producer_id: i64,
    /// Versions 0 to 3.
    pub v3_and_below_producer_epoch: i16,
    /// Versions 0 to 3.
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

impl<'a> Default for AddPartitionsToTxnRequest<'a> {
    fn default() -> Self {
        AddPartitionsToTxnRequest {
            transactions: Vec::new(),
            v3_and_below_transactional_id: Cow::Borrowed(""),
            v3_and_below_producer_id: 0,
            v3_and_below_producer_epoch: 0,
            v3_and_below_topics: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for AddPartitionsToTxnRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let transactions = if version >= 4 {
            decoder
                .nullable_array(flexible, |decoder| AddPartitionsToTxnTransaction::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "transactions" })?
        } else {
            Vec::new()
        };
        let v3_and_below_transactional_id = if version <= 3 {
            decoder
                .nullable_string(flexible)?
                .ok_or(DecodeError::Null { field: "v3_and_below_transactional_id" })?
        } else {
            Cow::Borrowed("")
        };
        let v3_and_below_producer_id = if version <= 3 { decoder.int64()? } else { 0 };
        let v3_and_below_producer_epoch = if version <= 3 { decoder.int16()? } else { 0 };
        let v3_and_below_topics = if version <= 3 {
            decoder
                .nullable_array(flexible, |decoder| AddPartitionsToTxnTopic::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "v3_and_below_topics" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AddPartitionsToTxnRequest {
            transactions,
            v3_and_below_transactional_id,
            v3_and_below_producer_id,
            v3_and_below_producer_epoch,
            v3_and_below_topics,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        if version >= 4 {
            encoder.nullable_array(flexible, Some(&self.transactions), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 4) && !self.transactions.is_empty() {
            return Err(EncodeError::Unsupported { field: "transactions", version });
        }
        if version <= 3 {
            encoder.nullable_string(flexible, Some(&self.v3_and_below_transactional_id))?;
        }
        if !(version <= 3) && !self.v3_and_below_transactional_id.is_empty() {
            return Err(EncodeError::Unsupported { field: "v3_and_below_transactional_id", version });
        }
        if version <= 3 {
            encoder.int64(self.v3_and_below_producer_id);
        }
        if !(version <= 3) && self.v3_and_below_producer_id != 0 {
            return Err(EncodeError::Unsupported { field: "v3_and_below_producer_id", version });
        }
        if version <= 3 {
            encoder.int16(self.v3_and_below_producer_epoch);
        }
        if !(version <= 3) && self.v3_and_below_producer_epoch != 0 {
            return Err(EncodeError::Unsupported { field: "v3_and_below_producer_epoch", version });
        }
        if version <= 3 {
            encoder.nullable_array(flexible, Some(&self.v3_and_below_topics), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version <= 3) && !self.v3_and_below_topics.is_empty() {
            return Err(EncodeError::Unsupported { field: "v3_and_below_topics", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AddPartitionsToTxnTransaction<'a> {
    /// From version 4.
    pub transactional_id: Cow<'a, str>,
    /// From version 4.
    pub producer_id: i64,
    /// From version 4.
    pub producer_epoch: i16,
    /// From version 4.
    pub verify_only: bool,
    /// From version 4.
    pub topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

impl<'a> Default for AddPartitionsToTxnTransaction<'a> {
    fn default() -> Self {
        AddPartitionsToTxnTransaction {
            transactional_id: Cow::Borrowed(""),
            producer_id: 0,
            producer_epoch: 0,
            verify_only: false,
            topics: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for AddPartitionsToTxnTransaction<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let transactional_id = if version >= 4 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "transactional_id" })?
        } else {
            Cow::Borrowed("")
        };
        let producer_id = if version >= 4 { decoder.int64()? } else { 0 };
        let producer_epoch = if version >= 4 { decoder.int16()? } else { 0 };
        let verify_only = if version >= 4 { decoder.bool()? } else { false };
        let topics = if version >= 4 {
            decoder
                .nullable_array(flexible, |decoder| AddPartitionsToTxnTopic::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "topics" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AddPartitionsToTxnTransaction {
            transactional_id,
            producer_id,
            producer_epoch,
            verify_only,
            topics,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version >= 4 {
            encoder.nullable_string(flexible, Some(&self.transactional_id))?;
        }
        if !(version >= 4) && !self.transactional_id.is_empty() {
            return Err(EncodeError::Unsupported { field: "transactional_id", version });
        }
        if version >= 4 {
            encoder.int64(self.producer_id);
        }
        if !(version >= 4) && self.producer_id != 0 {
            return Err(EncodeError::Unsupported { field: "producer_id", version });
        }
        if version >= 4 {
            encoder.int16(self.producer_epoch);
        }
        if !(version >= 4) && self.producer_epoch != 0 {
            return Err(EncodeError::Unsupported { field: "producer_epoch", version });
        }
        if version >= 4 {
            encoder.bool(self.verify_only);
        }
        if !(version >= 4) && self.verify_only {
            return Err(EncodeError::Unsupported { field: "verify_only", version });
        }
        if version >= 4 {
            encoder.nullable_array(flexible, Some(&self.topics), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 4) && !self.topics.is_empty() {
            return Err(EncodeError::Unsupported { field: "topics", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AddPartitionsToTxnTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Default for AddPartitionsToTxnTopic<'a> {
    fn default() -> Self {
        AddPartitionsToTxnTopic { name: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for AddPartitionsToTxnTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AddPartitionsToTxnTopic { name, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        encoder.nullable_string(flexible, Some(&self.name))?;
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
