// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct ElectLeadersResponse<'a> {
    pub throttle_time_ms: i32,
    /// From version 1.
    pub error_code: i16,
    pub replica_election_results: Vec<ReplicaElectionResult<'a>>,
}

impl<'a> Default for ElectLeadersResponse<'a> {
    fn default() -> Self {
        ElectLeadersResponse { throttle_time_ms: 0, error_code: 0, replica_election_results: Vec::new() }
    }
}

impl<'a> Message<'a> for ElectLeadersResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 2;
        let throttle_time_ms = decoder.int32()?;
        let error_code = if version >= 1 { decoder.int16()? } else { 0 };
        let replica_election_results = decoder
            .nullable_array(flexible, |decoder| ReplicaElectionResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "replica_election_results" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ElectLeadersResponse { throttle_time_ms, error_code, replica_election_results })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 2;
        encoder.int32(self.throttle_time_ms);
        if version >= 1 {
            encoder.int16(self.error_code);
        }
        if !(version >= 1) && self.error_code != 0 {
            return Err(EncodeError::Unsupported { field: "error_code", version });
        }
        encoder.nullable_array(flexible, Some(&self.replica_election_results), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
        for item in &self.replica_election_results {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaElectionResult<'a> {
    pub topic: Cow<'a, str>,
    pub partition_result: Vec<PartitionResult<'a>>,
}

impl<'a> Default for ReplicaElectionResult<'a> {
    fn default() -> Self {
        ReplicaElectionResult { topic: Cow::Borrowed(""), partition_result: Vec::new() }
    }
}

impl<'a> Message<'a> for ReplicaElectionResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let topic = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic" })?;
        let partition_result = decoder
            .nullable_array(flexible, |decoder| PartitionResult::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "partition_result" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ReplicaElectionResult { topic, partition_result })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.nullable_string(flexible, Some(&self.topic))?;
        encoder.nullable_array(flexible, Some(&self.partition_result), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.partition_result {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartitionResult<'a> {
    pub partition_id: i32,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
}

impl<'a> Default for PartitionResult<'a> {
    fn default() -> Self {
        PartitionResult { partition_id: 0, error_code: 0, error_message: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Message<'a> for PartitionResult<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 2;
        let partition_id = decoder.int32()?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(PartitionResult { partition_id, error_code, error_message })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        encoder.int32(self.partition_id);
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        tell(self.error_code);
    }
}
