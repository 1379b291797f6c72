//! DescribeQuorum (key 55), v0-2: the controllers' Raft group (KIP-595, KIP-836).
//!
//! v1: times of the last fetch. v2: error messages, directories, the nodes' endpoints (KIP-853). The group is this node alone, and
//! it is asked through the listener that the request came by: there is none for controllers.

use super::Context;
use super::metadata::endpoint;
use crate::controller::meta_properties::MetaProperties;
use crate::core::Core;
use ottla_io::ShardId;
use ottla_protocol::messages::DescribeQuorumRequest;
use ottla_protocol::messages::describe_quorum_response::{
    DescribeQuorumResponse, Listener, Node, PartitionData, ReplicaState, TopicData,
};
use ottla_protocol::{ErrorCode, Uuid};
use std::borrow::Cow;
use std::rc::Rc;

/// The metadata log's name as a topic; its only partition is 0.
const METADATA_TOPIC: &str = "__cluster_metadata";
/// Of versions that have no times.
const UNKNOWN_TIME: i64 = -1;

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: DescribeQuorumRequest<'_>,
) -> DescribeQuorumResponse<'static> {
    let empty = Some(Cow::Borrowed(""));
    let mut response = DescribeQuorumResponse { error_message: empty.clone(), ..Default::default() };
    if request.topics.is_empty() {
        return response;
    }
    let is_valid = match request.topics.as_slice() {
        [topic] => {
            topic.topic_name == METADATA_TOPIC
                && matches!(topic.partitions.as_slice(), [partition] if partition.partition_index == 0)
        }
        _ => false,
    };
    if !is_valid {
        // As in Kafka, none is answered then.
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        let topics = request.topics.iter().map(|topic| TopicData {
            topic_name: Cow::Owned(topic.topic_name.to_string()),
            partitions: topic
                .partitions
                .iter()
                .map(|partition| PartitionData {
                    partition_index: partition.partition_index,
                    error_code: unknown.0,
                    error_message: Some(Cow::Borrowed(if context.version < 2 {
                        ""
                    } else {
                        unknown.message()
                    })),
                    ..PartitionData::default()
                })
                .collect(),
        });
        response.topics = topics.collect();
        return response;
    }
    let term = core.call(ShardId(0), |core| async move {
        core.controller.borrow().as_ref().map(|controller| (controller.term(), controller.image().offset()))
    });
    let Ok(Some((term, last))) = term.await else {
        response.error_code = ErrorCode::BROKER_NOT_AVAILABLE.0;
        return response;
    };
    let directory_id = match MetaProperties::read(&core.config.metadata_log_dir).await {
        Ok(found) => found.map_or(Uuid::ZERO, |found| found.directory_id),
        Err(_) => Uuid::ZERO,
    };
    let node_id = core.node_id();
    let now = ottla_io::unix_millis();
    // Everything that was decided is durable and committed before it is seen here.
    let end = i64::try_from(last).map_or(i64::MAX, |last| last.saturating_add(1));
    let voter = ReplicaState {
        replica_id: node_id,
        replica_directory_id: if context.version >= 2 { directory_id } else { Uuid::ZERO },
        log_end_offset: end,
        last_fetch_timestamp: if context.version >= 1 { now } else { UNKNOWN_TIME },
        last_caught_up_timestamp: if context.version >= 1 { now } else { UNKNOWN_TIME },
    };
    response.topics = vec![TopicData {
        topic_name: Cow::Borrowed(METADATA_TOPIC),
        partitions: vec![PartitionData {
            partition_index: 0,
            error_message: empty,
            leader_id: node_id,
            leader_epoch: i32::try_from(term).unwrap_or(i32::MAX),
            high_watermark: end,
            current_voters: vec![voter],
            ..PartitionData::default()
        }],
    }];
    if context.version >= 2 {
        let image = core.image();
        let node = image.broker(node_id).and_then(|broker| endpoint(core, context, broker));
        response.nodes = node
            .map(|(broker, host, port)| Node {
                node_id: broker.id,
                listeners: vec![Listener {
                    name: Cow::Owned(listener_name(core, context)),
                    host: Cow::Owned(host),
                    port: u16::try_from(port).unwrap_or_default(),
                }],
            })
            .into_iter()
            .collect();
    }
    response
}

fn listener_name(core: &Core, context: &Context) -> String {
    core.config
        .network
        .listeners
        .get(context.listener)
        .map(|listener| listener.name.clone())
        .unwrap_or_default()
}
