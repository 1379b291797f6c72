// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};

/// Versions 0 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ListConfigResourcesRequest {
    /// From version 1.
    pub resource_types: Vec<i8>,
}

impl Default for ListConfigResourcesRequest {
    fn default() -> Self {
        ListConfigResourcesRequest { resource_types: Vec::new() }
    }
}

impl<'a> Message<'a> for ListConfigResourcesRequest {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let resource_types = if version >= 1 {
            decoder
                .nullable_array(flexible, |decoder| decoder.int8())?
                .ok_or(DecodeError::Null { field: "resource_types" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ListConfigResourcesRequest { resource_types })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        if version >= 1 {
            encoder.nullable_array(flexible, Some(&self.resource_types), |encoder, item| {
                encoder.int8(*item);
                Ok(())
            })?;
        }
        if !(version >= 1) && !self.resource_types.is_empty() {
            return Err(EncodeError::Unsupported { field: "resource_types", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
