// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterRequest {
    pub include_cluster_authorized_operations: bool,
    /// From version 1.
    pub endpoint_type: i8,
    /// From version 2.
    pub include_fenced_brokers: bool,
}

impl Default for DescribeClusterRequest {
    fn default() -> Self {
        DescribeClusterRequest {
            include_cluster_authorized_operations: false,
            endpoint_type: 1,
            include_fenced_brokers: false,
        }
    }
}

impl<'a> Message<'a> for DescribeClusterRequest {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let include_cluster_authorized_operations = decoder.bool()?;
        let endpoint_type = if version >= 1 { decoder.int8()? } else { 1 };
        let include_fenced_brokers = if version >= 2 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribeClusterRequest {
            include_cluster_authorized_operations,
            endpoint_type,
            include_fenced_brokers,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.bool(self.include_cluster_authorized_operations);
        if version >= 1 {
            encoder.int8(self.endpoint_type);
        }
        if !(version >= 1) && self.endpoint_type != 1 {
            return Err(EncodeError::Unsupported { field: "endpoint_type", version });
        }
        if version >= 2 {
            encoder.bool(self.include_fenced_brokers);
        }
        if !(version >= 2) && self.include_fenced_brokers {
            return Err(EncodeError::Unsupported { field: "include_fenced_brokers", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
