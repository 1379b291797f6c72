// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 5, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsResponse<'a> {
    pub throttle_time_ms: i32,
    /// From version 3.
    pub error_code: i16,
    pub results: Vec<DescribeLogDirsResult<'a>>,
}

impl<'a> Default for DescribeLogDirsResponse<'a> {
    fn default() -> Self {
        DescribeLogDirsResponse { throttle_time_ms: 0, error_code: 0, results: Vec::new() }
    }
}

impl<'a> Message<'a> for DescribeLogDirsResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=5).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let throttle_time_ms = decoder.int32()?;
        let error_code = if version >= 3 { decoder.int16()? } else { 0 };
        let results = decoder
            .nullable_array(flexible, |decoder| DescribeLogDirsResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "results" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeLogDirsResponse { throttle_time_ms, error_code, results })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=5).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int32(self.throttle_time_ms);
        if version >= 3 {
            encoder.int16(self.error_code);
        }
        encoder
            .nullable_array(flexible, Some(&self.results), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
        for item in &self.results {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsResult<'a> {
    pub error_code: i16,
    pub log_dir: Cow<'a, str>,
    pub topics: Vec<DescribeLogDirsTopic<'a>>,
    /// From version 4.
    pub total_bytes: i64,
    /// From version 4.
    pub usable_bytes: i64,
    /// From version 5.
    pub is_cordoned: bool,
}

impl<'a> Default for DescribeLogDirsResult<'a> {
    fn default() -> Self {
        DescribeLogDirsResult {
            error_code: 0,
            log_dir: Cow::Borrowed(""),
            topics: Vec::new(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
        }
    }
}

impl<'a> Message<'a> for DescribeLogDirsResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let error_code = decoder.int16()?;
        let log_dir = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "log_dir" })?;
        let topics = decoder
            .nullable_array(flexible, |decoder| DescribeLogDirsTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let total_bytes = if version >= 4 { decoder.int64()? } else { -1 };
        let usable_bytes = if version >= 4 { decoder.int64()? } else { -1 };
        let is_cordoned = if version >= 5 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeLogDirsResult { error_code, log_dir, topics, total_bytes, usable_bytes, is_cordoned })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, Some(&self.log_dir))?;
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        if version >= 4 {
            encoder.int64(self.total_bytes);
        }
        if version >= 4 {
            encoder.int64(self.usable_bytes);
        }
        if version >= 5 {
            encoder.bool(self.is_cordoned);
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
pub struct DescribeLogDirsTopic<'a> {
    pub name: Cow<'a, str>,
    pub partitions: Vec<DescribeLogDirsPartition>,
}

impl<'a> Default for DescribeLogDirsTopic<'a> {
    fn default() -> Self {
        DescribeLogDirsTopic { name: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for DescribeLogDirsTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| DescribeLogDirsPartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeLogDirsTopic { name, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_array(flexible, Some(&self.partitions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsPartition {
    pub partition_index: i32,
    pub partition_size: i64,
    pub offset_lag: i64,
    pub is_future_key: bool,
}

impl Default for DescribeLogDirsPartition {
    fn default() -> Self {
        DescribeLogDirsPartition {
            partition_index: 0,
            partition_size: 0,
            offset_lag: 0,
            is_future_key: false,
        }
    }
}

impl<'a> Message<'a> for DescribeLogDirsPartition {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let partition_index = decoder.int32()?;
        let partition_size = decoder.int64()?;
        let offset_lag = decoder.int64()?;
        let is_future_key = decoder.bool()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeLogDirsPartition { partition_index, partition_size, offset_lag, is_future_key })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.int32(self.partition_index);
        encoder.int64(self.partition_size);
        encoder.int64(self.offset_lag);
        encoder.bool(self.is_future_key);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
