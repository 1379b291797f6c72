// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatRequest<'a> {
    pub group_id: Cow<'a, str>,
    pub member_id: Cow<'a, str>,
    pub member_epoch: i32,
    pub endpoint_information_epoch: i32,
    pub instance_id: Option<Cow<'a, str>>,
    pub rack_id: Option<Cow<'a, str>>,
    pub rebalance_timeout_ms: i32,
    pub topology: Option<Topology<'a>>,
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    pub process_id: Option<Cow<'a, str>>,
    pub user_endpoint: Option<Endpoint<'a>>,
    pub client_tags: Option<Vec<KeyValue<'a>>>,
    pub task_offsets: Option<Vec<TaskOffset<'a>>>,
    pub task_end_offsets: Option<Vec<TaskOffset<'a>>>,
    pub shutdown_application: bool,
}

impl<'a> Default for StreamsGroupHeartbeatRequest<'a> {
    fn default() -> Self {
        StreamsGroupHeartbeatRequest {
            group_id: Cow::Borrowed(""),
            member_id: Cow::Borrowed(""),
            member_epoch: 0,
            endpoint_information_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            topology: None,
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            process_id: None,
            user_endpoint: None,
            client_tags: None,
            task_offsets: None,
            task_end_offsets: None,
            shutdown_application: false,
        }
    }
}

impl<'a> Message<'a> for StreamsGroupHeartbeatRequest<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let group_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "group_id" })?;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let member_epoch = decoder.int32()?;
        let endpoint_information_epoch = decoder.int32()?;
        let instance_id = decoder.nullable_string(flexible)?;
        let rack_id = decoder.nullable_string(flexible)?;
        let rebalance_timeout_ms = decoder.int32()?;
        let topology = if decoder.int8()? < 0 { None } else { Some(Topology::decode(decoder, version)?) };
        let active_tasks = decoder.nullable_array(flexible, |decoder| TaskIds::decode(decoder, version))?;
        let standby_tasks = decoder.nullable_array(flexible, |decoder| TaskIds::decode(decoder, version))?;
        let warmup_tasks = decoder.nullable_array(flexible, |decoder| TaskIds::decode(decoder, version))?;
        let process_id = decoder.nullable_string(flexible)?;
        let user_endpoint =
            if decoder.int8()? < 0 { None } else { Some(Endpoint::decode(decoder, version)?) };
        let client_tags = decoder.nullable_array(flexible, |decoder| KeyValue::decode(decoder, version))?;
        let task_offsets =
            decoder.nullable_array(flexible, |decoder| TaskOffset::decode(decoder, version))?;
        let task_end_offsets =
            decoder.nullable_array(flexible, |decoder| TaskOffset::decode(decoder, version))?;
        let shutdown_application = decoder.bool()?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(StreamsGroupHeartbeatRequest {
            group_id,
            member_id,
            member_epoch,
            endpoint_information_epoch,
            instance_id,
            rack_id,
            rebalance_timeout_ms,
            topology,
            active_tasks,
            standby_tasks,
            warmup_tasks,
            process_id,
            user_endpoint,
            client_tags,
            task_offsets,
            task_end_offsets,
            shutdown_application,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.group_id))?;
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        encoder.int32(self.member_epoch);
        encoder.int32(self.endpoint_information_epoch);
        encoder.nullable_string(flexible, self.instance_id.as_deref())?;
        encoder.nullable_string(flexible, self.rack_id.as_deref())?;
        encoder.int32(self.rebalance_timeout_ms);
        match &self.topology {
            Some(value) => {
                encoder.int8(1);
                value.encode(encoder, version)?;
            }
            None => encoder.int8(-1),
        }
        encoder.nullable_array(flexible, self.active_tasks.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, self.standby_tasks.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, self.warmup_tasks.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_string(flexible, self.process_id.as_deref())?;
        match &self.user_endpoint {
            Some(value) => {
                encoder.int8(1);
                value.encode(encoder, version)?;
            }
            None => encoder.int8(-1),
        }
        encoder.nullable_array(flexible, self.client_tags.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, self.task_offsets.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, self.task_end_offsets.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.bool(self.shutdown_application);
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Topology<'a> {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology<'a>>,
}

impl<'a> Default for Topology<'a> {
    fn default() -> Self {
        Topology { epoch: 0, subtopologies: Vec::new() }
    }
}

impl<'a> Message<'a> for Topology<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let epoch = decoder.int32()?;
        let subtopologies = decoder
            .nullable_array(flexible, |decoder| Subtopology::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "subtopologies" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Topology { epoch, subtopologies })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int32(self.epoch);
        encoder.nullable_array(flexible, Some(&self.subtopologies), |encoder, item| {
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
    pub source_topic_regex: Vec<Cow<'a, str>>,
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    pub repartition_sink_topics: Vec<Cow<'a, str>>,
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
    pub copartition_groups: Vec<CopartitionGroup>,
}

impl<'a> Default for Subtopology<'a> {
    fn default() -> Self {
        Subtopology {
            subtopology_id: Cow::Borrowed(""),
            source_topics: Vec::new(),
            source_topic_regex: Vec::new(),
            state_changelog_topics: Vec::new(),
            repartition_sink_topics: Vec::new(),
            repartition_source_topics: Vec::new(),
            copartition_groups: Vec::new(),
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
        let source_topic_regex = decoder
            .nullable_array(flexible, |decoder| {
                decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "source_topic_regex" })
            })?
            .ok_or(DecodeError::Null { field: "source_topic_regex" })?;
        let state_changelog_topics = decoder
            .nullable_array(flexible, |decoder| TopicInfo::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "state_changelog_topics" })?;
        let repartition_sink_topics = decoder
            .nullable_array(flexible, |decoder| {
                decoder
                    .nullable_string(flexible)?
                    .ok_or(DecodeError::Null { field: "repartition_sink_topics" })
            })?
            .ok_or(DecodeError::Null { field: "repartition_sink_topics" })?;
        let repartition_source_topics = decoder
            .nullable_array(flexible, |decoder| TopicInfo::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "repartition_source_topics" })?;
        let copartition_groups = decoder
            .nullable_array(flexible, |decoder| CopartitionGroup::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "copartition_groups" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Subtopology {
            subtopology_id,
            source_topics,
            source_topic_regex,
            state_changelog_topics,
            repartition_sink_topics,
            repartition_source_topics,
            copartition_groups,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.subtopology_id))?;
        encoder.nullable_array(flexible, Some(&self.source_topics), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        encoder.nullable_array(flexible, Some(&self.source_topic_regex), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        encoder.nullable_array(flexible, Some(&self.state_changelog_topics), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, Some(&self.repartition_sink_topics), |encoder, item| {
            encoder.nullable_string(flexible, Some(item))
        })?;
        encoder.nullable_array(flexible, Some(&self.repartition_source_topics), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, Some(&self.copartition_groups), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
}

impl Default for CopartitionGroup {
    fn default() -> Self {
        CopartitionGroup {
            source_topics: Vec::new(),
            source_topic_regex: Vec::new(),
            repartition_source_topics: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for CopartitionGroup {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let source_topics = decoder
            .nullable_array(flexible, |decoder| decoder.int16())?
            .ok_or(DecodeError::Null { field: "source_topics" })?;
        let source_topic_regex = decoder
            .nullable_array(flexible, |decoder| decoder.int16())?
            .ok_or(DecodeError::Null { field: "source_topic_regex" })?;
        let repartition_source_topics = decoder
            .nullable_array(flexible, |decoder| decoder.int16())?
            .ok_or(DecodeError::Null { field: "repartition_source_topics" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(CopartitionGroup { source_topics, source_topic_regex, repartition_source_topics })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_array(flexible, Some(&self.source_topics), |encoder, item| {
            encoder.int16(*item);
            Ok(())
        })?;
        encoder.nullable_array(flexible, Some(&self.source_topic_regex), |encoder, item| {
            encoder.int16(*item);
            Ok(())
        })?;
        encoder.nullable_array(flexible, Some(&self.repartition_source_topics), |encoder, item| {
            encoder.int16(*item);
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
