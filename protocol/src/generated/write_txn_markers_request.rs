// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 2, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteTxnMarkersRequest<'a> {
    pub markers: Vec<WritableTxnMarker<'a>>,
}

impl<'a> Default for WriteTxnMarkersRequest<'a> {
    fn default() -> Self {
        WriteTxnMarkersRequest { markers: Vec::new() }
    }
}

impl<'a> Message<'a> for WriteTxnMarkersRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=2).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let markers = decoder
            .nullable_array(flexible, |decoder| WritableTxnMarker::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "markers" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(WriteTxnMarkersRequest { markers })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=2).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder
            .nullable_array(flexible, Some(&self.markers), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct WritableTxnMarker<'a> {
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub transaction_result: bool,
    pub topics: Vec<WritableTxnMarkerTopic<'a>>,
    pub coordinator_epoch: i32,
    /// From version 2.
    pub transaction_version: i8,
}

impl<'a> Default for WritableTxnMarker<'a> {
    fn default() -> Self {
        WritableTxnMarker {
            producer_id: 0,
            producer_epoch: 0,
            transaction_result: false,
            topics: Vec::new(),
            coordinator_epoch: 0,
            transaction_version: 0,
        }
    }
}

impl<'a> Message<'a> for WritableTxnMarker<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let producer_id = decoder.int64()?;
        let producer_epoch = decoder.int16()?;
        let transaction_result = decoder.bool()?;
        let topics = decoder
            .nullable_array(flexible, |decoder| WritableTxnMarkerTopic::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topics" })?;
        let coordinator_epoch = decoder.int32()?;
        let transaction_version = if version >= 2 { decoder.int8()? } else { 0 };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(WritableTxnMarker {
            producer_id,
            producer_epoch,
            transaction_result,
            topics,
            coordinator_epoch,
            transaction_version,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int64(self.producer_id);
        encoder.int16(self.producer_epoch);
        encoder.bool(self.transaction_result);
        encoder
            .nullable_array(flexible, Some(&self.topics), |encoder, item| item.encode(encoder, version))?;
        encoder.int32(self.coordinator_epoch);
        if version >= 2 {
            encoder.int8(self.transaction_version);
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct WritableTxnMarkerTopic<'a> {
    pub name: Cow<'a, str>,
    pub partition_indexes: Vec<i32>,
}

impl<'a> Default for WritableTxnMarkerTopic<'a> {
    fn default() -> Self {
        WritableTxnMarkerTopic { name: Cow::Borrowed(""), partition_indexes: Vec::new() }
    }
}

impl<'a> Message<'a> for WritableTxnMarkerTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let partition_indexes = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "partition_indexes" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(WritableTxnMarkerTopic { name, partition_indexes })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.nullable_array(flexible, Some(&self.partition_indexes), |encoder, item| {
            encoder.int32(*item);
            Ok(())
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
