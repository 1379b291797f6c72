// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.

use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};
use std::borrow::Cow;

/// Versions 0 to 0, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub error_message: Option<Cow<'a, str>>,
    pub member_id: Cow<'a, str>,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    pub acceptable_recovery_lag: i32,
    pub task_offset_interval_ms: i32,
    pub status: Option<Vec<Status<'a>>>,
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    pub endpoint_information_epoch: i32,
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions<'a>>>,
}

impl<'a> Default for StreamsGroupHeartbeatResponse<'a> {
    fn default() -> Self {
        StreamsGroupHeartbeatResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            member_id: Cow::Borrowed(""),
            member_epoch: 0,
            heartbeat_interval_ms: 0,
            acceptable_recovery_lag: 0,
            task_offset_interval_ms: 0,
            status: Some(Vec::new()),
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            endpoint_information_epoch: 0,
            partitions_by_user_endpoint: None,
        }
    }
}

impl<'a> Message<'a> for StreamsGroupHeartbeatResponse<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        if !(0..=0).contains(&version) {
            return Err(DecodeError::Version(version));
        }
        let flexible = true;
        let throttle_time_ms = decoder.int32()?;
        let error_code = decoder.int16()?;
        let error_message = decoder.nullable_string(flexible)?;
        let member_id = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "member_id" })?;
        let member_epoch = decoder.int32()?;
        let heartbeat_interval_ms = decoder.int32()?;
        let acceptable_recovery_lag = decoder.int32()?;
        let task_offset_interval_ms = decoder.int32()?;
        let status = decoder.nullable_array(flexible, |decoder| Status::decode(decoder, version))?;
        let active_tasks = decoder.nullable_array(flexible, |decoder| TaskIds::decode(decoder, version))?;
        let standby_tasks = decoder.nullable_array(flexible, |decoder| TaskIds::decode(decoder, version))?;
        let warmup_tasks = decoder.nullable_array(flexible, |decoder| TaskIds::decode(decoder, version))?;
        let endpoint_information_epoch = decoder.int32()?;
        let partitions_by_user_endpoint =
            decoder.nullable_array(flexible, |decoder| EndpointToPartitions::decode(decoder, version))?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(StreamsGroupHeartbeatResponse {
            throttle_time_ms,
            error_code,
            error_message,
            member_id,
            member_epoch,
            heartbeat_interval_ms,
            acceptable_recovery_lag,
            task_offset_interval_ms,
            status,
            active_tasks,
            standby_tasks,
            warmup_tasks,
            endpoint_information_epoch,
            partitions_by_user_endpoint,
        })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        let flexible = true;
        encoder.int32(self.throttle_time_ms);
        encoder.int16(self.error_code);
        encoder.nullable_string(flexible, self.error_message.as_deref())?;
        encoder.nullable_string(flexible, Some(&self.member_id))?;
        encoder.int32(self.member_epoch);
        encoder.int32(self.heartbeat_interval_ms);
        encoder.int32(self.acceptable_recovery_lag);
        encoder.int32(self.task_offset_interval_ms);
        encoder.nullable_array(flexible, self.status.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, self.active_tasks.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, self.standby_tasks.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, self.warmup_tasks.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.int32(self.endpoint_information_epoch);
        encoder.nullable_array(flexible, self.partitions_by_user_endpoint.as_deref(), |encoder, item| {
            item.encode(encoder, version)
        })?;
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
pub struct EndpointToPartitions<'a> {
    pub user_endpoint: Endpoint<'a>,
    pub active_partitions: Vec<TopicPartition<'a>>,
    pub standby_partitions: Vec<TopicPartition<'a>>,
}

impl<'a> Default for EndpointToPartitions<'a> {
    fn default() -> Self {
        EndpointToPartitions {
            user_endpoint: Endpoint::default(),
            active_partitions: Vec::new(),
            standby_partitions: Vec::new(),
        }
    }
}

impl<'a> Message<'a> for EndpointToPartitions<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let user_endpoint = Endpoint::decode(decoder, version)?;
        let active_partitions = decoder
            .nullable_array(flexible, |decoder| TopicPartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "active_partitions" })?;
        let standby_partitions = decoder
            .nullable_array(flexible, |decoder| TopicPartition::decode(decoder, version))?
            .ok_or(DecodeError::Null { field: "standby_partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(EndpointToPartitions { user_endpoint, active_partitions, standby_partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        self.user_endpoint.encode(encoder, version)?;
        encoder.nullable_array(flexible, Some(&self.active_partitions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        encoder.nullable_array(flexible, Some(&self.standby_partitions), |encoder, item| {
            item.encode(encoder, version)
        })?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Status<'a> {
    pub status_code: i8,
    pub status_detail: Cow<'a, str>,
}

impl<'a> Default for Status<'a> {
    fn default() -> Self {
        Status { status_code: 0, status_detail: Cow::Borrowed("") }
    }
}

impl<'a> Message<'a> for Status<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let status_code = decoder.int8()?;
        let status_detail =
            decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "status_detail" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(Status { status_code, status_detail })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.int8(self.status_code);
        encoder.nullable_string(flexible, Some(&self.status_detail))?;
        if flexible {
            encoder.unsigned_varint(0);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopicPartition<'a> {
    pub topic: Cow<'a, str>,
    pub partitions: Vec<i32>,
}

impl<'a> Default for TopicPartition<'a> {
    fn default() -> Self {
        TopicPartition { topic: Cow::Borrowed(""), partitions: Vec::new() }
    }
}

impl<'a> Message<'a> for TopicPartition<'a> {
    fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {
        let flexible = true;
        let topic = decoder.nullable_string(flexible)?.ok_or(DecodeError::Null { field: "topic" })?;
        let partitions = decoder
            .nullable_array(flexible, |decoder| decoder.int32())?
            .ok_or(DecodeError::Null { field: "partitions" })?;
        if flexible {
            decoder.tagged_fields(|_, _| Ok(()))?;
        }
        Ok(TopicPartition { topic, partitions })
    }

    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let flexible = true;
        encoder.nullable_string(flexible, Some(&self.topic))?;
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
