// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 13, flexible from 9.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequest<'a> {
    pub topics: Option<Vec<MetadataRequestTopic<'a>>>,
    /// From version 4.
    pub allow_auto_topic_creation: bool,
    /// Versions 8 to 10.
    pub include_cluster_authorized_operations: bool,
    /// From version 8.
    pub include_topic_authorized_operations: bool,
}

impl<'a> Default for MetadataRequest<'a> {
    fn default() -> Self {
        MetadataRequest {
            topics: Some(Vec::new()),
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
        }
    }
}

impl<'a> Message<'a> for MetadataRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=13).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 9;
        let topics = {
            let value =
                decoder.nullable_array(flexible, |decoder| MetadataRequestTopic::decode(decoder, version))?;
            if value.is_none() && !(version >= 1) {
                return Err(DecodeError::Null { field: "topics" });
            }
            value
        };
        let allow_auto_topic_creation = if version >= 4 { decoder.bool()? } else { true };
        let include_cluster_authorized_operations =
            if (8..=10).contains(&version) { decoder.bool()? } else { false };
        let include_topic_authorized_operations = if version >= 8 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(MetadataRequest {
            topics,
            allow_auto_topic_creation,
            include_cluster_authorized_operations,
            include_topic_authorized_operations,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=13).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 9;
        if self.topics.is_none() && !(version >= 1) {
            return Err(EncodeError::Null { field: "topics", version });
        }
        encoder.nullable_array(flexible, self.topics.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if version >= 4 {
            encoder.bool(self.allow_auto_topic_creation);
        }
        if !(version >= 4) && !self.allow_auto_topic_creation {
            return Err(EncodeError::Unsupported { field: "allow_auto_topic_creation", version });
        }
        if (8..=10).contains(&version) {
            encoder.bool(self.include_cluster_authorized_operations);
        }
        if !((8..=10).contains(&version)) && self.include_cluster_authorized_operations {
            return Err(EncodeError::Unsupported { field: "include_cluster_authorized_operations", version });
        }
        if version >= 8 {
            encoder.bool(self.include_topic_authorized_operations);
        }
        if !(version >= 8) && self.include_topic_authorized_operations {
            return Err(EncodeError::Unsupported { field: "include_topic_authorized_operations", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequestTopic<'a> {
    /// From version 10.
    pub topic_id: Uuid,
    pub name: Option<Cow<'a, str>>,
}

impl<'a> Default for MetadataRequestTopic<'a> {
    fn default() -> Self {
        MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Message<'a> for MetadataRequestTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 9;
        let topic_id = if version >= 10 { decoder.uuid()? } else { Uuid::ZERO };
        let name = {
            let value = decoder.nullable_string(flexible)?;
            if value.is_none() && !(version >= 10) {
                return Err(DecodeError::Null { field: "name" });
            }
            value
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(MetadataRequestTopic { topic_id, name })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 10 {
            encoder.uuid(self.topic_id);
        }
        if self.name.is_none() && !(version >= 10) {
            return Err(EncodeError::Null { field: "name", version });
        }
        encoder.nullable_string(flexible, self.name.as_deref())?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
