// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::uuid::Uuid;
use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 1 to 1, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareGroupDescribeResponse<'a> {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Default for ShareGroupDescribeResponse<'a> {
    fn default() -> Self {
        ShareGroupDescribeResponse { throttle_time_ms: 0, groups: Vec::new() }
    }
}

impl<'a> Message<'a> for ShareGroupDescribeResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(1..=1).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let groups = decoder
            .nullable_array(flexible, |decoder| DescribedGroup::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "groups" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(ShareGroupDescribeResponse { throttle_time_ms, groups })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(1..=1).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder
            .nullable_array(flexible, Some(&self.groups), |encoder, item| item.encode(encoder, version))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut dyn FnMut(i16)) {
        for item in &self.groups {
            item.error_codes(tell);
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    pub group_id: Cow<'a, str>,
    pub group_state: Cow<'a, str>,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    pub assignor_name: Cow<'a, str>,
    pub members: Vec<Member<'a>>,
    pub authorized_operations: i32,
}

impl<'a> Default for DescribedGroup<'a> {
    fn default() -> Self {
        DescribedGroup {
            error_code: 0,
            error_message: None,
            group_id: Cow::Borrowed(""),
            group_state: Cow::Borrowed(""),
            group_epoch: 0,
            assignment_epoch: 0,
            assignor_name: Cow::Borrowed(""),
            members: Vec::new(),
            authorized_operations: -2147483648,
        }
    }
}

impl<'a> Message<'a> for DescribedGroup<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let group_state =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_state" })?;
        let group_epoch = decoder.int32()?;
        let assignment_epoch = decoder.int32()?;
        let assignor_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "assignor_name" })?;
        let members = decoder
            .nullable_array(flexible, |decoder| Member::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "members" })?;
        let authorized_operations = decoder.int32()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(DescribedGroup {
            error_code,
            error_message,
            group_id,
            group_state,
            group_epoch,
            assignment_epoch,
            assignor_name,
            members,
            authorized_operations,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.nullable_string(flexible, Some(&self.group_state))?;
        encoder.int32(self.group_epoch);
        encoder.int32(self.assignment_epoch);
        encoder.nullable_string(flexible, Some(&self.assignor_name))?;
        encoder
            .nullable_array(flexible, Some(&self.members), |encoder, item| item.encode(encoder, version))?;
        encoder.int32(self.authorized_operations);
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
pub struct Member<'a> {
    pub member_id: Cow<'a, str>,
    pub rack_id: Option<Cow<'a, str>>,
    pub member_epoch: i32,
    pub client_id: Cow<'a, str>,
    pub client_host: Cow<'a, str>,
    pub subscribed_topic_names: Vec<Cow<'a, str>>,
    pub assignment: Assignment<'a>,
}

impl<'a> Default for Member<'a> {
    fn default() -> Self {
        Member {
            member_id: Cow::Borrowed(""),
            rack_id: None,
            member_epoch: 0,
            client_id: Cow::Borrowed(""),
            client_host: Cow::Borrowed(""),
            subscribed_topic_names: Vec::new(),
            assignment: Assignment::default(),
        }
    }
}

impl<'a> Message<'a> for Member<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let rack_id = decoder.nullable_string(flexible)?;
        let member_epoch = decoder.int32()?;
        let client_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_id" })?;
        let client_host =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_host" })?;
        let subscribed_topic_names = decoder
            .nullable_array(flexible, |decoder| {
                decoder
                    .nullable_string(flexible)?
                    .ok_or(DecodeError::Null { field: "subscribed_topic_names" })
            })?
            .ok_or(DecodeError::Null { field: "subscribed_topic_names" })?;
        let assignment = Assignment::decode(decoder, version)?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Member {
            member_id,
            rack_id,
            member_epoch,
            client_id,
            client_host,
            subscribed_topic_names,
            assignment,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        encoder.nullable_string(flexible, self.rack_id.as_deref())?;
        encoder.int32(self.member_epoch);
        encoder.nullable_string(flexible, Some(&self.client_id))?;
        encoder.nullable_string(flexible, Some(&self.client_host))?;
        encoder.nullable_array(flexible, Some(&self.subscribed_topic_names), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        self.assignment.encode(encoder, version)?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicPartitions<'a> {
    pub topic_id: Uuid,
    pub topic_name: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Default for TopicPartitions<'a> {
    fn default() -> Self {
        TopicPartitions { topic_id: Uuid::ZERO, topic_name: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for TopicPartitions<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_id = decoder.uuid()?;
        let topic_name =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic_name" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicPartitions { topic_id, topic_name, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.uuid(self.topic_id);
        encoder.nullable_string(flexible, Some(&self.topic_name))?;
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

#[derive(Clone, Debug, PartialEq)]
pub struct Assignment<'a> {
    pub topic_partitions: Vec<TopicPartitions<'a>>,
}

impl<'a> Default for Assignment<'a> {
    fn default() -> Self {
        Assignment { topic_partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for Assignment<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic_partitions = decoder
            .nullable_array(flexible, |decoder| TopicPartitions::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topic_partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Assignment { topic_partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_array(flexible, Some(&self.topic_partitions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
