// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 5, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct AddPartitionsToTxnResponse<'a> {
    pub throttle_time_ms: i32,
    /// From version 4.
    pub error_code: i16,
    /// From version 4.
    pub results_by_transaction: Vec<AddPartitionsToTxnResult<'a>>,
    /// Versions 0 to 3.
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> Default for AddPartitionsToTxnResponse<'a> {
    fn default() -> Self {
        AddPartitionsToTxnResponse {
            throttle_time_ms: 0,
            error_code: 0,
            results_by_transaction: Vec::new(),
            results_by_topic_v3_and_below: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for AddPartitionsToTxnResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 3;
        let throttle_time_ms = decoder.int32()?;
        let error_code = if version >= 4 { decoder.int16()? } else { 0 };
        let results_by_transaction = if version >= 4 {
            decoder
                .nullable_array(flexible, |decoder| AddPartitionsToTxnResult::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "results_by_transaction" })?
        } else {
            Vec::new()
        };
        let results_by_topic_v3_and_below = if version <= 3 {
            decoder
                .nullable_array(flexible, |decoder| AddPartitionsToTxnTopicResult::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "results_by_topic_v3_and_below" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AddPartitionsToTxnResponse {
            throttle_time_ms,
            error_code,
            results_by_transaction,
            results_by_topic_v3_and_below,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 3;
        encoder.int32(self.throttle_time_ms);
        if version >= 4 {
            encoder.int16(self.error_code);
        }
        if version >= 4 {
            encoder.nullable_array(flexible, Some(&self.results_by_transaction), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 4) && !self.results_by_transaction.is_empty() {
            return Err(EncodeError::Unsupported { field: "results_by_transaction", version });
        }
        if version <= 3 {
            encoder.nullable_array(
                flexible,
                Some(&self.results_by_topic_v3_and_below),
                |encoder, item| item.encode(encoder, version),
            )?;
        }
        if !(version <= 3) && !self.results_by_topic_v3_and_below.is_empty() {
            return Err(EncodeError::Unsupported { field: "results_by_topic_v3_and_below", version });
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

#[derive(Clone, Debug, PartialEq)]
pub struct AddPartitionsToTxnResult<'a> {
    /// From version 4.
    pub transactional_id: Cow<'a, str>,
    /// From version 4.
    pub topic_results: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> Default for AddPartitionsToTxnResult<'a> {
    fn default() -> Self {
        AddPartitionsToTxnResult { transactional_id: Cow::Borrowed(""), topic_results: Vec::new() }
    }
}

impl<'a> Message<'a> for AddPartitionsToTxnResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let transactional_id = if version >= 4 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "transactional_id" })?
        } else {
            Cow::Borrowed("")
        };
        let topic_results = if version >= 4 {
            decoder
                .nullable_array(flexible, |decoder| AddPartitionsToTxnTopicResult::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "topic_results" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AddPartitionsToTxnResult { transactional_id, topic_results })
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
            encoder.nullable_array(flexible, Some(&self.topic_results), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 4) && !self.topic_results.is_empty() {
            return Err(EncodeError::Unsupported { field: "topic_results", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AddPartitionsToTxnTopicResult<'a> {
    pub name: Cow<'a, str>,
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

impl<'a> Default for AddPartitionsToTxnTopicResult<'a> {
    fn default() -> Self {
        AddPartitionsToTxnTopicResult { name: Cow::Borrowed(""), results_by_partition: Vec::new() }
    }
}

impl<'a> Message<'a> for AddPartitionsToTxnTopicResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let results_by_partition = decoder
            .nullable_array(flexible, |decoder| AddPartitionsToTxnPartitionResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "results_by_partition" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AddPartitionsToTxnTopicResult { name, results_by_partition })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_array(flexible, Some(&self.results_by_partition), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AddPartitionsToTxnPartitionResult {
    pub partition_index: i32,
    pub partition_error_code: i16,
}

impl Default for AddPartitionsToTxnPartitionResult {
    fn default() -> Self {
        AddPartitionsToTxnPartitionResult { partition_index: 0, partition_error_code: 0 }
    }
}

impl<'a> Message<'a> for AddPartitionsToTxnPartitionResult {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 3;
        let partition_index = decoder.int32()?;
        let partition_error_code = decoder.int16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(AddPartitionsToTxnPartitionResult { partition_index, partition_error_code })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        encoder.int32(self.partition_index);
        encoder.int16(self.partition_error_code);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
