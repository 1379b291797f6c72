// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupDescribeResponse<'a> {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Default for StreamsGroupDescribeResponse<'a> {
    fn default() -> Self {
        StreamsGroupDescribeResponse { throttle_time_ms: 0, groups: Vec::new() }
    }
}

impl<'a> Message<'a> for StreamsGroupDescribeResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
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
        Ok(StreamsGroupDescribeResponse { throttle_time_ms, groups })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
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
    pub topology: Option<Topology<'a>>,
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
            topology: None,
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
        let topology = if decoder.int8()? < 0 { None } else { Some(Topology::decode(decoder, version)?) };
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
            topology,
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
        match &self.topology {
            Some(value) => {
                encoder.int8(1);
                value.encode(encoder, version)?;
            }
            None => encoder.int8(-1),
        }
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
pub struct Topology<'a> {
    pub epoch: i32,
    pub subtopologies: Option<Vec<Subtopology<'a>>>,
}

impl<'a> Default for Topology<'a> {
    fn default() -> Self {
        Topology { epoch: 0, subtopologies: None }
    }
}

impl<'a> Message<'a> for Topology<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let epoch = decoder.int32()?;
        let subtopologies =
            decoder.nullable_array(flexible, |decoder| Subtopology::decode(decoder, version))?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Topology { epoch, subtopologies })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.epoch);
        encoder.nullable_array(flexible, self.subtopologies.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Subtopology<'a> {
    pub subtopology_id: Cow<'a, str>,
    pub source_topics: Vec<Cow<'a, str>>,
    pub repartition_sink_topics: Vec<Cow<'a, str>>,
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
}

impl<'a> Default for Subtopology<'a> {
    fn default() -> Self {
        Subtopology {
            subtopology_id: Cow::Borrowed(""),
            source_topics: Vec::new(),
            repartition_sink_topics: Vec::new(),
            state_changelog_topics: Vec::new(),
            repartition_source_topics: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for Subtopology<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let subtopology_id =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "subtopology_id" })?;
        let source_topics = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "source_topics" })
            })?
            .ok_or(DecodeError::Null { field: "source_topics" })?;
        let repartition_sink_topics = decoder
            .nullable_array(flexible, |decoder| {
                decoder
                    .nullable_string(flexible)?
                    .ok_or(DecodeError::Null { field: "repartition_sink_topics" })
            })?
            .ok_or(DecodeError::Null { field: "repartition_sink_topics" })?;
        let state_changelog_topics = decoder
            .nullable_array(flexible, |decoder| TopicInfo::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "state_changelog_topics" })?;
        let repartition_source_topics = decoder
            .nullable_array(flexible, |decoder| TopicInfo::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "repartition_source_topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Subtopology {
            subtopology_id,
            source_topics,
            repartition_sink_topics,
            state_changelog_topics,
            repartition_source_topics,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.subtopology_id))?;
        encoder.nullable_array(flexible, Some(&self.source_topics), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        encoder.nullable_array(flexible, Some(&self.repartition_sink_topics), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        encoder.nullable_array(flexible, Some(&self.state_changelog_topics), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, Some(&self.repartition_source_topics), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    pub member_id: Cow<'a, str>,
    pub member_epoch: i32,
    pub instance_id: Option<Cow<'a, str>>,
    pub rack_id: Option<Cow<'a, str>>,
    pub client_id: Cow<'a, str>,
    pub client_host: Cow<'a, str>,
    pub topology_epoch: i32,
    pub process_id: Cow<'a, str>,
    pub user_endpoint: Option<Endpoint<'a>>,
    pub client_tags: Vec<KeyValue<'a>>,
    pub task_offsets: Vec<TaskOffset<'a>>,
    pub task_end_offsets: Vec<TaskOffset<'a>>,
    pub assignment: Assignment<'a>,
    pub target_assignment: Assignment<'a>,
    pub is_classic: bool,
}

impl<'a> Default for Member<'a> {
    fn default() -> Self {
        Member {
            member_id: Cow::Borrowed(""),
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            client_id: Cow::Borrowed(""),
            client_host: Cow::Borrowed(""),
            topology_epoch: 0,
            process_id: Cow::Borrowed(""),
            user_endpoint: None,
            client_tags: Vec::new(),
            task_offsets: Vec::new(),
            task_end_offsets: Vec::new(),
            assignment: Assignment::default(),
            target_assignment: Assignment::default(),
            is_classic: false,
        }
    }
}

impl<'a> Message<'a> for Member<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let member_epoch = decoder.int32()?;
        let instance_id = decoder.nullable_string(flexible)?;
        let rack_id = decoder.nullable_string(flexible)?;
        let client_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_id" })?;
        let client_host =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "client_host" })?;
        let topology_epoch = decoder.int32()?;
        let process_id =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "process_id" })?;
        let user_endpoint =
            if decoder.int8()? < 0 { None } else { Some(Endpoint::decode(decoder, version)?) };
        let client_tags = decoder
            .nullable_array(flexible, |decoder| KeyValue::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "client_tags" })?;
        let task_offsets = decoder
            .nullable_array(flexible, |decoder| TaskOffset::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "task_offsets" })?;
        let task_end_offsets = decoder
            .nullable_array(flexible, |decoder| TaskOffset::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "task_end_offsets" })?;
        let assignment = Assignment::decode(decoder, version)?;
        let target_assignment = Assignment::decode(decoder, version)?;
        let is_classic = decoder.bool()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Member {
            member_id,
            member_epoch,
            instance_id,
            rack_id,
            client_id,
            client_host,
            topology_epoch,
            process_id,
            user_endpoint,
            client_tags,
            task_offsets,
            task_end_offsets,
            assignment,
            target_assignment,
            is_classic,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        encoder.int32(self.member_epoch);
        encoder.nullable_string(flexible, self.instance_id.as_deref())?;
        encoder.nullable_string(flexible, self.rack_id.as_deref())?;
        encoder.nullable_string(flexible, Some(&self.client_id))?;
        encoder.nullable_string(flexible, Some(&self.client_host))?;
        encoder.int32(self.topology_epoch);
        encoder.nullable_string(flexible, Some(&self.process_id))?;
        match &self.user_endpoint {
            Some(value) => {
                encoder.int8(1);
                value.encode(encoder, version)?;
            }
            None => encoder.int8(-1),
        }
        encoder.nullable_array(flexible, Some(&self.client_tags), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, Some(&self.task_offsets), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, Some(&self.task_end_offsets), |encoder, item| {
            item.encode(encoder, version)
        })?;
        self.assignment.encode(encoder, version)?;
        self.target_assignment.encode(encoder, version)?;
        encoder.bool(self.is_classic);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint<'a> {
    pub host: Cow<'a, str>,
    pub port: u16,
}

impl<'a> Default for Endpoint<'a> {
    fn default() -> Self {
        Endpoint { host: Cow::Borrowed(""), port: 0 }
    }
}

impl<'a> Message<'a> for Endpoint<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let host = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "host" })?;
        let port = decoder.uint16()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Endpoint { host, port })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.host))?;
        encoder.uint16(self.port);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TaskOffset<'a> {
    pub subtopology_id: Cow<'a, str>,
    pub partition: i32,
    pub offset: i64,
}

impl<'a> Default for TaskOffset<'a> {
    fn default() -> Self {
        TaskOffset { subtopology_id: Cow::Borrowed(""), partition: 0, offset: 0 }
    }
}

impl<'a> Message<'a> for TaskOffset<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let subtopology_id =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "subtopology_id" })?;
        let partition = decoder.int32()?;
        let offset = decoder.int64()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TaskOffset { subtopology_id, partition, offset })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.subtopology_id))?;
        encoder.int32(self.partition);
        encoder.int64(self.offset);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Assignment<'a> {
    pub active_tasks: Vec<TaskIds<'a>>,
    pub standby_tasks: Vec<TaskIds<'a>>,
    pub warmup_tasks: Vec<TaskIds<'a>>,
}

impl<'a> Default for Assignment<'a> {
    fn default() -> Self {
        Assignment { active_tasks: Vec::new(), standby_tasks: Vec::new(), warmup_tasks: Vec::new() }
    }
}

impl<'a> Message<'a> for Assignment<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let active_tasks = decoder
            .nullable_array(flexible, |decoder| TaskIds::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "active_tasks" })?;
        let standby_tasks = decoder
            .nullable_array(flexible, |decoder| TaskIds::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "standby_tasks" })?;
        let warmup_tasks = decoder
            .nullable_array(flexible, |decoder| TaskIds::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "warmup_tasks" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Assignment { active_tasks, standby_tasks, warmup_tasks })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_array(flexible, Some(&self.active_tasks), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, Some(&self.standby_tasks), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, Some(&self.warmup_tasks), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TaskIds<'a> {
    pub subtopology_id: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Default for TaskIds<'a> {
    fn default() -> Self {
        TaskIds { subtopology_id: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for TaskIds<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let subtopology_id =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "subtopology_id" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TaskIds { subtopology_id, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.subtopology_id))?;
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
pub struct KeyValue<'a> {
    pub key: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

impl<'a> Default for KeyValue<'a> {
    fn default() -> Self {
        KeyValue { key: Cow::Borrowed(""), value: Cow::Borrowed("") }
    }
}

impl<'a> Message<'a> for KeyValue<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let key = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "key" })?;
        let value = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "value" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(KeyValue { key, value })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.key))?;
        encoder.nullable_string(flexible, Some(&self.value))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicInfo<'a> {
    pub name: Cow<'a, str>,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue<'a>>,
}

impl<'a> Default for TopicInfo<'a> {
    fn default() -> Self {
        TopicInfo { name: Cow::Borrowed(""), partitions: 0, replication_factor: 0, topic_configs: Vec::new() }
    }
}

impl<'a> Message<'a> for TopicInfo<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let name = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "name" })?;
        let partitions = decoder.int32()?;
        let replication_factor = decoder.int16()?;
        let topic_configs = decoder
            .nullable_array(flexible, |decoder| KeyValue::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "topic_configs" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicInfo { name, partitions, replication_factor, topic_configs })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.name))?;
        encoder.int32(self.partitions);
        encoder.int16(self.replication_factor);
        encoder.nullable_array(flexible, Some(&self.topic_configs), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}
