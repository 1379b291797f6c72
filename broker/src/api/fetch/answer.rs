//! The response to a fetch: partitions grouped by topic again, without what a session's client knows already.

use super::Context;
use super::read::Read;
use super::session::PartitionKey;
use crate::core::Core;
use ottla_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use ottla_protocol::messages::{FetchRequest, FetchResponse};
use ottla_protocol::{ErrorCode, Records};
use std::borrow::Cow;

/// `incremental`: only what is news.
pub(super) fn build(
    core: &Core,
    context: &Context,
    session_id: i32,
    incremental: bool,
    reads: impl Iterator<Item = (PartitionKey, Read)>,
) -> FetchResponse<'static> {
    let mut responses: Vec<FetchableTopicResponse<'static>> = Vec::new();
    let mut node_endpoints = Vec::new();
    for (key, read) in reads {
        let key = &key;
        let is_news = core.sessions.tells(
            session_id,
            key,
            read.high_watermark,
            read.log_start_offset,
            !read.parts.is_empty(),
            read.error.is_some() || read.diverging.is_some(),
        );
        if incremental && !is_news {
            continue;
        }
        let same = |topic: &&mut FetchableTopicResponse<'_>| {
            *topic.topic == *key.topic && topic.topic_id == key.topic_id
        };
        let topic = match responses.last_mut().filter(same) {
            Some(topic) => topic,
            None => {
                responses.push(FetchableTopicResponse {
                    topic: Cow::Owned(key.topic.to_string()),
                    topic_id: key.topic_id,
                    partitions: Vec::new(),
                });
                match responses.last_mut() {
                    Some(topic) => topic,
                    None => continue,
                }
            }
        };
        let mut data = partition_data(key.index, read);
        if context.version >= 16 && is_about_the_leader(data.error_code) {
            tell_leader(core, context, key, &mut data, &mut node_endpoints);
        }
        topic.partitions.push(data);
    }
    FetchResponse { session_id, responses, node_endpoints, ..FetchResponse::default() }
}

/// The whole request fails. Up to version 12 every partition says so too, for old clients.
pub(super) fn refuse(context: &Context, body: &FetchRequest<'_>, code: ErrorCode) -> FetchResponse<'static> {
    let partition = |index| PartitionData {
        partition_index: index,
        error_code: code.0,
        high_watermark: -1,
        last_stable_offset: -1,
        log_start_offset: -1,
        aborted_transactions: Some(Vec::new()),
        records: Some(Records::Parts(Default::default())),
        ..PartitionData::default()
    };
    let topics = body.topics.iter().filter(|_| context.version <= 12);
    let responses = topics.map(|topic| FetchableTopicResponse {
        topic: Cow::Owned(topic.topic.to_string()),
        topic_id: topic.topic_id,
        partitions: topic.partitions.iter().map(|wanted| partition(wanted.partition)).collect(),
    });
    FetchResponse { error_code: code.0, responses: responses.collect(), ..FetchResponse::default() }
}

fn partition_data(index: i32, read: Read) -> PartitionData<'static> {
    // Kafka has none, rather than null, where it did not come to read.
    let is_unknown = read.error.is_some_and(|code| {
        code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION || code == ErrorCode::UNKNOWN_TOPIC_ID
    });
    let aborted = read.aborted.or(is_unknown.then(Vec::new)).map(|all| {
        all.into_iter()
            .map(|(producer_id, first_offset)| AbortedTransaction { producer_id, first_offset })
            .collect()
    });
    PartitionData {
        partition_index: index,
        error_code: read.error.unwrap_or(ErrorCode::NONE).0,
        high_watermark: read.high_watermark,
        last_stable_offset: read.last_stable_offset,
        log_start_offset: read.log_start_offset,
        diverging_epoch: match read.diverging {
            Some((epoch, end_offset)) => EpochEndOffset { epoch, end_offset },
            None => EpochEndOffset::default(),
        },
        aborted_transactions: aborted,
        // Empty, never null: clients take null for a broken response.
        records: Some(Records::Parts(read.parts)),
        ..PartitionData::default()
    }
}

fn is_about_the_leader(code: i16) -> bool {
    code == ErrorCode::NOT_LEADER_OR_FOLLOWER.0 || code == ErrorCode::FENCED_LEADER_EPOCH.0
}

fn tell_leader(
    core: &Core,
    context: &Context,
    key: &PartitionKey,
    data: &mut PartitionData<'static>,
    endpoints: &mut Vec<NodeEndpoint<'static>>,
) {
    let image = core.image();
    let topic =
        if context.version >= 13 { image.topic(key.topic_id) } else { image.topic_by_name(&key.topic) };
    let Some(partition) = topic.and_then(|topic| topic.partition(key.index)) else { return };
    data.current_leader =
        LeaderIdAndEpoch { leader_id: partition.leader, leader_epoch: partition.leader_epoch };
    if endpoints.iter().any(|known| known.node_id == partition.leader) {
        return;
    }
    let Some(broker) = image.broker(partition.leader) else { return };
    let Some((broker, host, port)) = crate::api::metadata::endpoint(core, context, broker) else { return };
    let rack = broker.rack.clone().map(Cow::Owned);
    endpoints.push(NodeEndpoint { node_id: partition.leader, host: Cow::Owned(host), port, rack });
}
