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

use super::{Answer, Context, Outcome, Request, unreadable};
use crate::core::Core;
use ottla_io::{ShardId, timeout};
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
use std::time::Duration;

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
    checked: Checked,
}

/// The topics of the request as the response names them.
type Named = Vec<(String, Uuid)>;

pub(crate) async fn begin(core: &Rc<Core>, request: Request) -> Outcome {
    let context = request.context.clone();
    let body: ProduceRequest<'_> = match request.decode() {
        Ok(body) => body,
        Err(error) => return unreadable(&context, error),
    };
    let acks = match body.acks {
        0 => Some(Acks::None),
        1 => Some(Acks::Leader),
        -1 => Some(Acks::All),
        _ => None,
    };
    let mut named = Named::with_capacity(body.topic_data.len());
    let mut slots = Vec::new();
    let mut items: SmallVec<[(ShardId, SmallVec<[Item; 1]>); 2]> = SmallVec::new();
    for data in &body.topic_data {
        let topic = find(core, &context, &data.name, data.topic_id);
        let place = named.len();
        named.push((data.name.clone().into_owned(), data.topic_id));
        for partition in &data.partition_data {
            let slot = slots.len();
            let checked = match (&topic, acks) {
                (_, None) => Err(Refusal::code(ErrorCode::INVALID_REQUIRED_ACKS)),
                (Err(code), _) => Err(Refusal::code(*code)),
                (Ok(topic), _) => {
                    checked(core, &request, topic, partition.index, partition.records.as_ref()).await
                }
            };
            let (index, result) = (partition.index, checked.as_ref().err().cloned().map(Err));
            slots.push(Slot { topic: place, index, result });
            if let (Ok(checked), Ok(topic)) = (checked, &topic) {
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
    let wait =
        (acks == Acks::All).then(|| Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0)));
    let is_silent = body.acks == 0;
    drop(body);
    let calls: SmallVec<[_; 2]> = items
        .into_iter()
        .map(|(owner, items)| core.call(owner, move |core| append_all(core, items, acks)))
        .collect();
    let core = core.clone();
    let finish = async move {
        let collect = async {
            for call in calls {
                if let Ok(results) = call.await {
                    for (slot, result) in results {
                        if let Some(slot) = slots.get_mut(slot) {
                            slot.result = Some(result);
                        }
                    }
                }
            }
        };
        let missing = match wait {
            None => {
                collect.await;
                ErrorCode::UNKNOWN_SERVER_ERROR
            }
            Some(wait) => match timeout(wait, collect).await {
                Ok(()) => ErrorCode::UNKNOWN_SERVER_ERROR,
                Err(_) => ErrorCode::REQUEST_TIMED_OUT,
            },
        };
        (slots, missing)
    };
    if is_silent {
        let (slots, _) = finish.await;
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
        let (slots, missing) = finish.await;
        let response = respond(&core, &context, named, slots, missing);
        match context.encode(&response) {
            Ok(response) => Some(response),
            Err(_) => None,
        }
    })))
}

/// Appends in the order of `items`, before it returns; the future waits for the acks.
fn append_all(
    core: Rc<Core>,
    items: SmallVec<[Item; 1]>,
    acks: Acks,
) -> impl Future<Output = SmallVec<[(usize, Appended); 1]>> {
    let appends: SmallVec<[(usize, Result<AppendFuture, ErrorCode>); 1]> = items
        .into_iter()
        .map(|item| {
            let append = core
                .partitions
                .get(item.topic_id, item.index)
                .map(|partition| partition.append(item.checked, acks, AppendOrigin::Client));
            (item.slot, append)
        })
        .collect();
    async move {
        let mut results = SmallVec::with_capacity(appends.len());
        for (slot, append) in appends {
            let result = match append {
                Ok(append) => append.await,
                Err(code) => Err(Refusal::code(code)),
            };
            results.push((slot, result));
        }
        results
    }
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
    let Some(settings) = core.topic_settings(topic.id) else {
        return Err(Refusal::code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    };
    let records = match records {
        Some(Records::Slice(slice)) => request.frame.slice_ref(slice),
        _ => bytes::Bytes::new(),
    };
    check(records, &settings, index, ottla_io::unix_millis(), request.context.version).await
}

fn respond(
    core: &Core,
    context: &Context,
    named: Named,
    slots: Vec<Slot>,
    missing: ErrorCode,
) -> ProduceResponse<'static> {
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
        let result = result.unwrap_or_else(|| Err(Refusal::code(missing)));
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
