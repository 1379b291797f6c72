// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 10, flexible from 6.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequest<'a> {
    /// Versions 1 to 7.
    pub group_id: Cow<'a, str>,
    /// Versions 1 to 7.
    pub topics: Option<Vec<OffsetFetchRequestTopic<'a>>>,
    /// From version 8.
    pub groups: Vec<OffsetFetchRequestGroup<'a>>,
    /// From version 7.
    pub require_stable: bool,
}

impl<'a> Default for OffsetFetchRequest<'a> {
    fn default() -> Self {
        OffsetFetchRequest {
            group_id: Cow::Borrowed(""),
            topics: Some(Vec::new()),
            groups: Vec::new(),
            require_stable: false,
        }
    }
}

impl<'a> Message<'a> for OffsetFetchRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=10).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = version >= 6;
        let group_id = if version <= 7 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?
        } else {
            Cow::Borrowed("")
        };
        let topics = if version <= 7 {
            {
                let value = decoder
                    .nullable_array(flexible, |decoder| OffsetFetchRequestTopic::decode(decoder, version))?;
                if value.is_none() && !(version >= 2) {
                    return Err(DecodeError::Null { field: "topics" });
                }
                value
            }
        } else {
            Some(Vec::new())
        };
        let groups = if version >= 8 {
            decoder
                .nullable_array(flexible, |decoder| OffsetFetchRequestGroup::decode(decoder, version))?
                .ok_or(DecodeError::Null { field: "groups" })?
        } else {
            Vec::new()
        };
        let require_stable = if version >= 7 { decoder.bool()? } else { false };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetFetchRequest { group_id, topics, groups, require_stable })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=10).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = version >= 6;
        if version <= 7 {
            encoder.nullable_string(flexible, Some(&self.group_id))?;
        }
        if !(version <= 7) && !self.group_id.is_empty() {
            return Err(EncodeError::Unsupported { field: "group_id", version });
        }
        if version <= 7 {
            if self.topics.is_none() && !(version >= 2) {
                return Err(EncodeError::Null { field: "topics", version });
            }
            encoder.nullable_array(flexible, self.topics.as_deref(), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version <= 7) && self.topics != Some(Vec::new()) {
            return Err(EncodeError::Unsupported { field: "topics", version });
        }
        if version >= 8 {
            encoder.nullable_array(flexible, Some(&self.groups), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 8) && !self.groups.is_empty() {
            return Err(EncodeError::Unsupported { field: "groups", version });
        }
        if version >= 7 {
            encoder.bool(self.require_stable);
        }
        if !(version >= 7) && self.require_stable {
            return Err(EncodeError::Unsupported { field: "require_stable", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequestTopic<'a> {
    /// Versions 1 to 7.
    pub name: Cow<'a, str>,
    /// Versions 1 to 7.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Default for OffsetFetchRequestTopic<'a> {
    fn default() -> Self {
        OffsetFetchRequestTopic { name: Cow::Borrowed(""), partition_indexes: Vec::new() }
    }
}

impl<'a> Message<'a> for OffsetFetchRequestTopic<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let name = if version <= 7 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let partition_indexes = if version <= 7 {
            decoder
                .nullable_array(flexible, |decoder| decoder.int32())?
                .ok_or(DecodeError::Null { field: "partition_indexes" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetFetchRequestTopic { name, partition_indexes })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if version <= 7 {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if !(version <= 7) && !self.name.is_empty() {
            return Err(EncodeError::Unsupported { field: "name", version });
        }
        if version <= 7 {
            encoder.nullable_array(flexible, Some(&self.partition_indexes), |encoder, item| {
                encoder.int32(*item);
                Ok(())
            })?;
        }
        if !(version <= 7) && !self.partition_indexes.is_empty() {
            return Err(EncodeError::Unsupported { field: "partition_indexes", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequestGroup<'a> {
    /// From version 8.
    pub group_id: Cow<'a, str>,
    /// From version 9.
    pub member_id: Option<Cow<'a, str>>,
    /// From version 9.
    pub member_epoch: i32,
    /// From version 8.
    pub topics: Option<Vec<OffsetFetchRequestTopics<'a>>>,
}

impl<'a> Default for OffsetFetchRequestGroup<'a> {
    fn default() -> Self {
        OffsetFetchRequestGroup {
            group_id: Cow::Borrowed(""),
            member_id: None,
            member_epoch: -1,
            topics: Some(Vec::new()),
        }
    }
}

impl<'a> Message<'a> for OffsetFetchRequestGroup<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let group_id = if version >= 8 {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?
        } else {
            Cow::Borrowed("")
        };
        let member_id = if version >= 9 { decoder.nullable_string(flexible)? } else { None };
        let member_epoch = if version >= 9 { decoder.int32()? } else { -1 };
        let topics = if version >= 8 {
            decoder.nullable_array(flexible, |decoder| OffsetFetchRequestTopics::decode(decoder, version))?
        } else {
            Some(Vec::new())
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetFetchRequestGroup { group_id, member_id, member_epoch, topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if version >= 8 {
            encoder.nullable_string(flexible, Some(&self.group_id))?;
        }
        if !(version >= 8) && !self.group_id.is_empty() {
            return Err(EncodeError::Unsupported { field: "group_id", version });
        }
        if version >= 9 {
            encoder.nullable_string(flexible, self.member_id.as_deref())?;
        }
        if version >= 9 {
            encoder.int32(self.member_epoch);
        }
        if version >= 8 {
            encoder.nullable_array(flexible, self.topics.as_deref(), |encoder, item| {
                item.encode(encoder, version)
            })?;
        }
        if !(version >= 8) && self.topics != Some(Vec::new()) {
            return Err(EncodeError::Unsupported { field: "topics", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequestTopics<'a> {
    /// Versions 8 to 9.
    pub name: Cow<'a, str>,
    /// From version 10.
    pub topic_id: Uuid,
    /// From version 8.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Default for OffsetFetchRequestTopics<'a> {
    fn default() -> Self {
        OffsetFetchRequestTopics {
            name: Cow::Borrowed(""),
            topic_id: Uuid::ZERO,
            partition_indexes: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for OffsetFetchRequestTopics<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = version >= 6;
        let name = if (8..=9).contains(&version) {
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?
        } else {
            Cow::Borrowed("")
        };
        let topic_id = if version >= 10 { decoder.uuid()? } else { Uuid::ZERO };
        let partition_indexes = if version >= 8 {
            decoder
                .nullable_array(flexible, |decoder| decoder.int32())?
                .ok_or(DecodeError::Null { field: "partition_indexes" })?
        } else {
            Vec::new()
        };
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(OffsetFetchRequestTopics { name, topic_id, partition_indexes })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        if (8..=9).contains(&version) {
            encoder.nullable_string(flexible, Some(&self.name))?;
        }
        if version >= 10 {
            encoder.uuid(self.topic_id);
        }
        if version >= 8 {
            encoder.nullable_array(flexible, Some(&self.partition_indexes), |encoder, item| {
                encoder.int32(*item);
                Ok(())
            })?;
        }
        if !(version >= 8) && !self.partition_indexes.is_empty() {
            return Err(EncodeError::Unsupported { field: "partition_indexes", version });
        }
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
