//! Produce (key 0), v3-13; v0-2 are advertised and refused (KAFKA-18659).
//!
//! v7: zstd. v8: record_errors and error_message. v10: current_leader and node_endpoints (KIP-951). v13: topic ids.
//!
//! ```text
//! this core: header, settings, checks of each batch ─▶ one call per owning core ─▶ append, in order
//!                                     response ◀─ all acks ◀───────────────────────── durable
//! ```
//! [`begin`] returns when everything is appended or on its way in order; the acks are awaited by the connection's
//! writer. Record bytes are ranges of the request's frame until the log copies them into its tail.

use super::{Answer, Context, Outcome, Request, count_errors};
use crate::core::Core;
use crate::stats::{Kind, Stage};
use ottla_io::{Instant, ShardId};
use ottla_log::batch::BatchHeader;
use ottla_metadata::{Topic, Uuid};
use ottla_protocol::messages::ProduceRequest;
use ottla_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, ProduceResponse,
    TopicProduceResponse,
};
use ottla_protocol::{ErrorCode, Records};
use ottla_shard::produce::{Checked, Refusal, check};
use ottla_shard::{Acks, AppendFuture, AppendOrigin, AppendResult};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

/// The only client that Kafka lets write to internal topics, by the name that it gives itself.
const ADMIN_CLIENT_ID: &str = "__admin_client";

type Appended = Result<AppendResult, Refusal>;

/// A partition of the request, in its order.
struct Slot {
    topic: usize,
    index: i32,
    result: Option<Appended>,
}

/// A checked batch on its way to the owner.
struct Item {
    slot: usize,
    topic_id: Uuid,
    index: i32,
    /// What is refused goes along only to learn where the log starts.
    checked: Result<Checked, Refusal>,
}

/// The topics of the request as the response names them.
type Named = Vec<(String, Uuid)>;

pub(crate) async fn begin(core: &Rc<Core>, request: Request) -> Outcome {
    let context = request.context.clone();
    let body: ProduceRequest<'_> = match request.decode(core) {
        Ok(body) => body,
        Err(reason) => return Outcome::Close(reason),
    };
    let acks = match body.acks {
        0 => Some(Acks::None),
        1 => Some(Acks::Leader),
        -1 => Some(Acks::All),
        _ => None,
    };
    // Whoever writes transactions has to say whose.
    let is_nobodys = body.transactional_id.is_none() && has_transactional_batch(&body);
    let mut named = Named::with_capacity(body.topic_data.len());
    let mut slots = Vec::new();
    let mut items: SmallVec<[(ShardId, SmallVec<[Item; 1]>); 2]> = SmallVec::new();
    for data in body.topic_data.iter().filter(|data| !data.partition_data.is_empty()) {
        let topic = find(core, &context, &data.name, data.topic_id);
        let place = named.len();
        named.push((data.name.clone().into_owned(), data.topic_id));
        for partition in &data.partition_data {
            let slot = slots.len();
            let checked = match (&topic, acks) {
                _ if is_nobodys => Err(Refusal::code(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED)),
                (_, None) => Err(Refusal::code(ErrorCode::INVALID_REQUIRED_ACKS)),
                (Err(code), _) => Err(Refusal::code(*code)),
                (Ok(topic), _) => {
                    checked(core, &request, topic, partition.index, partition.records.as_ref()).await
                }
            };
            let index = partition.index;
            let is_final = checked.as_ref().is_err_and(|refusal| !refusal.wants_log_start);
            let result = checked.as_ref().err().filter(|_| is_final).cloned().map(Err);
            slots.push(Slot { topic: place, index, result });
            if let (false, Ok(topic)) = (is_final, &topic) {
                let owner = core.owner(topic.id, index);
                let item = Item { slot, topic_id: topic.id, index, checked };
                match items.iter_mut().find(|(shard, _)| *shard == owner) {
                    Some((_, items)) => items.push(item),
                    None => items.push((owner, SmallVec::from_iter([item]))),
                }
            }
        }
    }
    let acks = acks.unwrap_or(Acks::None);
    let is_silent = body.acks == 0;
    drop(body);
    let here = core.mesh.shard();
    let parsed = ottla_io::now();
    core.stats.stages.record(Kind::Produce, Stage::Parsed, context.received, parsed);
    let calls: SmallVec<[_; 2]> = items
        .into_iter()
        .map(|(owner, items)| core.call(owner, move |core| append_all(core, items, acks, here, parsed)))
        .collect();
    let core = core.clone();
    let finish = async move {
        // `timeout_ms` bounds how long followers are waited for, of which there are none: this node's own disk is
        // waited for as long as it takes, as with acks=1.
        for call in calls {
            for (slot, result) in call.await.unwrap_or_default() {
                if let Some(slot) = slots.get_mut(slot) {
                    slot.result = Some(result);
                }
            }
        }
        slots
    };
    if is_silent {
        let slots = finish.await;
        let failed = slots.iter().filter_map(|slot| slot.result.as_ref()?.as_ref().err()).next();
        return match failed {
            // As Kafka does: a client that wants no answer notices a lost connection.
            Some(refusal) => {
                Outcome::Close(format!("a produce request with acks=0 failed: {}", refusal.code))
            }
            None => Outcome::Nothing,
        };
    }
    Outcome::Answer(Answer::Later(Box::pin(async move {
        let slots = finish.await;
        let acked = slots.iter().filter_map(|slot| Some(slot.result.as_ref()?.as_ref().ok()?.acked)).max();
        let response = respond(&core, &context, named, slots);
        count_errors(&core, &context, &response);
        let mut response = context.encode(&response).ok()?;
        response.answered = acked.unwrap_or(response.answered);
        Some(response)
    })))
}

/// Appends in the order of `items`, before it returns; the future waits for the acks. The call came from core `from`,
/// which had parsed the request at `parsed`.
fn append_all(
    core: Rc<Core>,
    items: SmallVec<[Item; 1]>,
    acks: Acks,
    from: ShardId,
    parsed: Instant,
) -> impl Future<Output = SmallVec<[(usize, Appended); 1]>> {
    let stages = &core.stats.stages;
    let mut begun = parsed;
    if core.mesh.shard() != from {
        begun = ottla_io::now();
        stages.record(Kind::Produce, Stage::Crossed, parsed, begun);
    }
    let appends: SmallVec<[(usize, Result<AppendFuture, Refusal>); 1]> = items
        .into_iter()
        .map(|item| {
            let append = match (core.partitions.get(item.topic_id, item.index), item.checked) {
                (Ok(partition), Ok(_)) if core.is_short_of_space(&partition) => {
                    Err(Refusal::code(ErrorCode::KAFKA_STORAGE_ERROR))
                }
                (Ok(partition), Ok(checked)) => Ok(partition.append(checked, acks, AppendOrigin::Client)),
                (Ok(partition), Err(mut refusal)) => {
                    refusal.log_start_offset = partition.log_start_offset();
                    Err(refusal)
                }
                (Err(code), _) => Err(Refusal::code(code)),
            };
            (item.slot, append)
        })
        .collect();
    let appended = ottla_io::now();
    stages.record(Kind::Produce, Stage::Appended, begun, appended);
    async move {
        let mut results = SmallVec::with_capacity(appends.len());
        // Of the last of them.
        let mut times: Option<(Instant, Instant)> = None;
        for (slot, append) in appends {
            let result = match append {
                Ok(append) => append.await,
                Err(refusal) => Err(refusal),
            };
            if let Ok(AppendResult { write_began, acked, .. }) = &result {
                times = times.max(Some((*acked, *write_began)));
            }
            results.push((slot, result));
        }
        if let Some((acked, write_began)) = times.filter(|_| acks != Acks::None) {
            let write_began = write_began.max(appended);
            core.stats.stages.record(Kind::Produce, Stage::Written, appended, write_began);
            core.stats.stages.record(Kind::Produce, Stage::Durable, write_began, acked);
        }
        results
    }
}

/// Whether one of the batches is of a transaction, as far as their headers can be read.
fn has_transactional_batch(body: &ProduceRequest<'_>) -> bool {
    let partitions = body.topic_data.iter().flat_map(|topic| &topic.partition_data);
    partitions.filter_map(|partition| partition.records.as_ref()).any(|records| match records {
        Records::Slice(slice) => BatchHeader::parse(slice).is_ok_and(|header| header.is_transactional()),
        _ => false,
    })
}

fn find(core: &Core, context: &Context, name: &str, id: Uuid) -> Result<Arc<Topic>, ErrorCode> {
    let image = core.image();
    if context.version >= 13 {
        image.topic(id).cloned().ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
    } else {
        image.topic_by_name(name).cloned().ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }
}

async fn checked(
    core: &Core,
    request: &Request,
    topic: &Topic,
    index: i32,
    records: Option<&Records<'_>>,
) -> Result<Checked, Refusal> {
    if topic.partition(index).is_none() {
        return Err(Refusal::code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    }
    // What coordinators store is theirs to write: records of anybody else would be groups after the next start.
    if topic.is_internal() && request.forward().client_id() != ADMIN_CLIENT_ID {
        return Err(Refusal::code(ErrorCode::INVALID_TOPIC_EXCEPTION));
    }
    let Some(settings) = core.topic_settings(topic.id) else {
        return Err(Refusal::code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    };
    let records = match records {
        Some(Records::Slice(slice)) => request.frame.slice_ref(slice),
        _ => bytes::Bytes::new(),
    };
    let checked = check(records, &settings, index, ottla_io::unix_millis(), request.context.version).await?;
    // Nothing could end such a transaction. Those of a producer are the partition's to judge.
    if checked.header.is_transactional() && !checked.header.has_producer() {
        return Err(Refusal::code(ErrorCode::INVALID_TXN_STATE));
    }
    Ok(checked)
}

fn respond(core: &Core, context: &Context, named: Named, slots: Vec<Slot>) -> ProduceResponse<'static> {
    let mut responses: Vec<TopicProduceResponse<'static>> = named
        .iter()
        .map(|(name, topic_id)| TopicProduceResponse {
            name: Cow::Owned(name.clone()),
            topic_id: *topic_id,
            ..TopicProduceResponse::default()
        })
        .collect();
    let mut node_endpoints = Vec::new();
    for Slot { topic, index, result } in slots {
        let Some(response) = responses.get_mut(topic) else { continue };
        let result = result.unwrap_or_else(|| Err(Refusal::code(ErrorCode::UNKNOWN_SERVER_ERROR)));
        let mut answer = PartitionProduceResponse { index, ..PartitionProduceResponse::default() };
        match result {
            Ok(appended) => {
                answer.base_offset = appended.base_offset;
                answer.log_append_time_ms = appended.log_append_time;
                answer.log_start_offset = appended.log_start_offset;
            }
            Err(refusal) => {
                answer.error_code = refusal.code.0;
                (answer.base_offset, answer.log_append_time_ms) = (-1, -1);
                answer.log_start_offset = refusal.log_start_offset;
                answer.error_message = refusal.message.map(Cow::Owned);
                answer.record_errors = refusal
                    .record_errors
                    .into_iter()
                    .map(|(batch_index, message)| BatchIndexAndErrorMessage {
                        batch_index,
                        batch_index_error_message: message.map(Cow::Owned),
                    })
                    .collect();
                if refusal.code == ErrorCode::NOT_LEADER_OR_FOLLOWER && context.version >= 10 {
                    let image = core.image();
                    let topic = if context.version >= 13 {
                        image.topic(response.topic_id)
                    } else {
                        image.topic_by_name(&response.name)
                    };
                    if let Some(partition) = topic.and_then(|topic| topic.partition(index)) {
                        answer.current_leader = LeaderIdAndEpoch {
                            leader_id: partition.leader,
                            leader_epoch: partition.leader_epoch,
                        };
                        add_endpoint(core, context, partition.leader, &mut node_endpoints);
                    }
                }
            }
        }
        response.partition_responses.push(answer);
    }
    ProduceResponse { responses, node_endpoints, ..ProduceResponse::default() }
}

fn add_endpoint(core: &Core, context: &Context, leader: i32, endpoints: &mut Vec<NodeEndpoint<'static>>) {
    if endpoints.iter().any(|known| known.node_id == leader) {
        return;
    }
    let image = core.image();
    let Some(broker) = image.broker(leader) else { return };
    let Some((broker, host, port)) = super::metadata::endpoint(core, context, broker) else { return };
    let rack = broker.rack.clone().map(Cow::Owned);
    endpoints.push(NodeEndpoint { node_id: leader, host: Cow::Owned(host), port, rack });
}
