// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    /// From version 1.
    pub endpoint_type: i8,
    pub cluster_id: Cow<'a, str>,
    pub controller_id: i32,
    pub brokers: Vec<DescribeClusterBroker<'a>>,
    pub cluster_authorized_operations: i32,
}

impl<'a> Default for DescribeClusterResponse<'a> {
    fn default() -> Self {
        DescribeClusterResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            endpoint_type: 1,
            cluster_id: Cow::Borrowed(""),
            controller_id: -1,
            brokers: Vec::new(),
            cluster_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Message<'a> for DescribeClusterResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let endpoint_type = if version >= 1 { decoder.int8()? } else { 1 };
        let cluster_id =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "cluster_id" })?;
        let controller_id = decoder.int32()?;
        let brokers = decoder
            .nullable_array(flexible, |decoder| DescribeClusterBroker::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "brokers" })?;
        let cluster_authorized_operations = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeClusterResponse {
            throttle_time_ms,
            error_code,
            error_message,
            endpoint_type,
            cluster_id,
            controller_id,
            brokers,
            cluster_authorized_operations,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        if version >= 1 {
            encoder.int8(self.endpoint_type);
        }
        if !(version >= 1) && self.endpoint_type != 1 {
            return Err(EncodeError::Unsupported { field: "endpoint_type", version });
        }
        encoder.nullable_string(flexible, Some(&self.cluster_id))?;
        encoder.int32(self.controller_id);
        encoder
            .nullable_array(flexible, Some(&self.brokers), |encoder, item| item.encode(encoder, version))?;
        encoder.int32(self.cluster_authorized_operations);
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
pub struct DescribeClusterBroker<'a> {
    pub broker_id: i32,
    pub host: Cow<'a, str>,
    pub port: i32,
    pub rack: Option<Cow<'a, str>>,
    /// From version 2.
    pub is_fenced: bool,
}

impl<'a> Default for DescribeClusterBroker<'a> {
    fn default() -> Self {
        DescribeClusterBroker { broker_id: 0, host: Cow::Borrowed(""), port: 0, rack: None, is_fenced: false }
    }
}

impl<'a> Message<'a> for DescribeClusterBroker<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let broker_id = decoder.int32()?;
        let host = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?;
        let port = decoder.int32()?;
        let rack = decoder.nullable_string(flexible)?;
        let is_fenced = if version >= 2 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeClusterBroker { broker_id, host, port, rack, is_fenced })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.broker_id);
        encoder.nullable_string(flexible, Some(&self.host))?;
        encoder.int32(self.port);
        encoder.nullable_string(flexible, self.rack.as_deref())?;
        if version >= 2 {
            encoder.bool(self.is_fenced);
        }
        if !(version >= 2) && self.is_fenced {
            return Err(EncodeError::Unsupported { field: "is_fenced", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
