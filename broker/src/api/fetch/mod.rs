//! Fetch (key 1), v4-18.
//!
//! v5: log start. v7: sessions (KIP-227). v9: leader epochs (KIP-320). v11: rack. v12: last_fetched_epoch and diverging
//! epochs (KIP-595). v13: topic ids. v15: replica_state. v16: node_endpoints (KIP-951). v17, v18: between brokers.
//!
//! ```text
//! this core: session, memory ─▶ owners: read ─▶ enough, or an error? ─▶ response, records sent from where they lie
//!                 ▲                  │ no
//!                 └── woken ◀── owners: parked, until so many bytes came, or the time is up
//! ```
//! A session of many partitions is not looked at as a whole each time: see [`standing`]. No memory is held while parked. A consumer's wake brings a little data along, so that a tail reader is answered
//! without a second crossing.

mod answer;
mod read;
pub(crate) mod session;
pub(crate) mod share;
mod standing;

use super::{Answer, Context, Outcome, Request, count_errors};
use crate::core::Core;
use crate::stats::{Kind, Stage};
use futures_util::future::{Either, join_all, select, select_all};
use ottla_io::counters::add;
use ottla_io::local::Permit;
use ottla_io::{Instant, ShardId, now, recently, time};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{FetchRequest, FetchResponse};
use read::{Asked, Demand, Read};
use session::{PartitionKey, Plan, Wanted};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

/// A wake brings along at most this, which no memory was counted for: it is mostly shared with the batch cache.
const WOKEN_BYTES: usize = 64 << 10;

pub(crate) async fn serve(core: &Rc<Core>, request: &Request) -> Outcome {
    let body: FetchRequest<'_> = match request.decode(core) {
        Ok(body) => body,
        Err(reason) => return Outcome::Close(reason),
    };
    let context = &request.context;
    if !matches!(body.isolation_level, 0 | 1) {
        let response = answer::refuse(context, &body, ErrorCode::UNKNOWN_SERVER_ERROR);
        count_errors(core, context, &response);
        return context.outcome(&response);
    }
    let plan = match plan(core, context, &body) {
        Ok(plan) => plan,
        Err(code) => {
            let response = FetchResponse { error_code: code.0, ..FetchResponse::default() };
            count_errors(core, context, &response);
            return context.outcome(&response);
        }
    };
    let demand = Demand::of(&body, core.limits.response_bytes_max);
    let wait = Duration::from_millis(u64::try_from(body.max_wait_ms).unwrap_or(0));
    let replica_id = if context.version >= 15 { body.replica_state.replica_id } else { body.replica_id };
    drop(body);
    if plan.is_large {
        let large = serve_large(core, context, plan.session_id, &demand, wait, replica_id);
        // Few fetches are of this kind, and its future is large.
        return Box::pin(large).await;
    }
    let asked = read::resolve(core, context, &plan.wanted, replica_id);
    let deadline = recently() + wait;
    let Gathered { reads, permit, at } = gather(core, &asked, &demand, deadline, context.received).await;
    let keys = plan.wanted.into_iter().map(|wanted| wanted.key);
    add(&core.stats.net.fetched_bytes, reads.iter().map(Read::bytes).sum::<usize>() as u64);
    let response = answer::build(core, context, plan.session_id, plan.incremental, keys.zip(reads));
    outcome(core, context, &response, permit, at)
}

/// An incremental fetch of a large session: see [`standing`].
async fn serve_large(
    core: &Rc<Core>,
    context: &Context,
    id: i32,
    demand: &Demand,
    wait: Duration,
    replica_id: i32,
) -> Outcome {
    let deadline = recently() + wait;
    let standing = if replica_id < 0 {
        core.sessions.stand(core, id, demand.isolation)
    } else {
        core.sessions.drop_standing(id);
        None
    };
    let (mut reads, mut permit, mut at) = (None, None, None);
    let mut held = None;
    if let Some(mut standing) = standing
        && let Some(gathered) = standing.gather(core, id, demand, deadline, context.received).await
    {
        reads = Some(standing::keyed(&core.sessions, id, gathered.reads));
        (permit, at) = (gathered.permit, gathered.at);
        held = Some(standing);
    }
    let reads = match reads {
        Some(reads) => reads,
        None => {
            let wanted = core.sessions.wanted(id);
            let asked = read::resolve(core, context, &wanted, replica_id);
            let gathered = gather(core, &asked, demand, deadline, context.received).await;
            (permit, at) = (gathered.permit, gathered.at);
            wanted.into_iter().map(|wanted| wanted.key).zip(gathered.reads).collect()
        }
    };
    add(&core.stats.net.fetched_bytes, reads.iter().map(|(_, read)| read.bytes()).sum::<usize>() as u64);
    let response = answer::build(core, context, id, true, reads.into_iter());
    if let Some(standing) = held {
        core.sessions.put_back(id, standing);
    }
    outcome(core, context, &response, permit, at)
}

fn outcome(
    core: &Core,
    context: &Context,
    response: &FetchResponse<'_>,
    permit: Option<Permit>,
    at: Option<Instant>,
) -> Outcome {
    count_errors(core, context, response);
    match context.encode(response) {
        Ok(mut response) => {
            response.permit = permit;
            response.answered = at.unwrap_or(response.answered);
            Outcome::Answer(Answer::Ready(response))
        }
        Err(reason) => Outcome::Close(reason),
    }
}

fn plan(core: &Core, context: &Context, body: &FetchRequest<'_>) -> Result<Plan, ottla_protocol::ErrorCode> {
    let mut wanted = Vec::new();
    for topic in &body.topics {
        let name: Rc<str> = (&*topic.topic).into();
        for partition in &topic.partitions {
            wanted.push(Wanted {
                key: PartitionKey {
                    topic: name.clone(),
                    topic_id: topic.topic_id,
                    index: partition.partition,
                },
                fetch_offset: partition.fetch_offset,
                bytes_max: partition.partition_max_bytes,
                current_leader_epoch: partition.current_leader_epoch,
                last_fetched_epoch: partition.last_fetched_epoch,
            });
        }
    }
    last_of_each(&mut wanted);
    if context.version < 7 {
        return Ok(Plan { wanted, session_id: 0, incremental: false, is_large: false });
    }
    let mut forgotten = Vec::new();
    for topic in &body.forgotten_topics_data {
        let name: Rc<str> = (&*topic.topic).into();
        forgotten.extend(topic.partitions.iter().map(|index| PartitionKey {
            topic: name.clone(),
            topic_id: topic.topic_id,
            index: *index,
        }));
    }
    let uses_ids = context.version >= 13;
    core.sessions.plan(body.session_id, body.session_epoch, uses_ids, wanted, &forgotten, now())
}

/// Of a partition that is named twice, the last stands, in the place of the first.
fn last_of_each(wanted: &mut Vec<Wanted>) {
    if wanted.len() < 2 {
        return;
    }
    let mut places: HashMap<PartitionKey, usize> = HashMap::with_capacity(wanted.len());
    let mut kept: Vec<Wanted> = Vec::with_capacity(wanted.len());
    for one in wanted.drain(..) {
        match places.entry(one.key.clone()) {
            Entry::Occupied(place) => {
                if let Some(before) = kept.get_mut(*place.get()) {
                    *before = one;
                }
            }
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(one);
            }
        }
    }
    *wanted = kept;
}

/// What a fetch is answered with.
struct Gathered<R = Vec<Read>> {
    /// In the order of what was asked.
    reads: R,
    /// None for what a wake brought along.
    permit: Option<Permit>,
    /// When the last of it was read; `None` when nobody was asked.
    at: Option<Instant>,
}

/// Reads until there is enough, something went wrong, or the time is up.
async fn gather(
    core: &Rc<Core>,
    asked: &[Asked],
    demand: &Demand,
    deadline: Instant,
    received: Instant,
) -> Gathered {
    let owners = read::by_owner(asked);
    let stages = &core.stats.stages;
    let mut parsed = None;
    loop {
        let mut permit = core.admit_response(demand.bytes_max).await;
        let asked_at = now();
        if parsed.replace(asked_at).is_none() {
            stages.record(Kind::Fetch, Stage::Parsed, received, asked_at);
        }
        let (reads, at) = read_all(core, asked, &owners, demand, asked_at).await;
        let bytes: usize = reads.iter().map(Read::bytes).sum();
        let is_over = now() >= deadline || core.is_stopping();
        if is_over
            || bytes >= demand.bytes_min
            || reads.iter().any(Read::answers_at_once)
            || owners.is_empty()
        {
            if permit.units() > bytes {
                permit.release(permit.units() - bytes);
            }
            return Gathered { reads, permit: Some(permit), at };
        }
        drop(permit);
        let missing = demand.bytes_min - bytes;
        let ends: Vec<i64> = reads.iter().map(Read::end).collect();
        drop(reads);
        let (late, stopping) = (pin!(time::sleep_until(deadline)), pin!(core.stopping.wait()));
        let ended = select(late, stopping);
        let woken = pin!(wait_all(core, asked, &owners, &ends, missing, demand));
        let (parked, parked_from) = (core.stats.park(), recently());
        let woken = match select(woken, ended).await {
            Either::Left((woken, _)) => woken,
            Either::Right(_) => None,
        };
        drop(parked);
        stages.record(Kind::Fetch, Stage::Parked, parked_from, recently());
        if let Some((reads, at)) = woken {
            return Gathered { reads, permit: None, at: Some(at) };
        }
    }
}

/// One call per owner; none to this core if it owns everything, but a plain read. Also when the last of them had read.
async fn read_all(
    core: &Rc<Core>,
    asked: &[Asked],
    owners: &[(ShardId, Vec<usize>)],
    demand: &Demand,
    asked_at: Instant,
) -> (Vec<Read>, Option<Instant>) {
    let share = demand.shared_by(owners.len());
    let here = core.mesh.shard();
    let calls = owners.iter().map(|(owner, places)| {
        let asked: Vec<Asked> = places.iter().filter_map(|place| asked.get(*place).cloned()).collect();
        core.call(*owner, move |core| async move {
            let mut begun = asked_at;
            if core.mesh.shard() != here {
                begun = now();
                core.stats.stages.record(Kind::Fetch, Stage::Crossed, asked_at, begun);
            }
            let reads = read::read(&core, &asked, &share).await;
            let ended = now();
            core.stats.stages.record(Kind::Fetch, Stage::Read, begun, ended);
            (reads, ended)
        })
    });
    let results = join_all(calls).await;
    let mut reads: Vec<Read> = asked.iter().map(Read::unserved).collect();
    let mut last = None;
    for ((_, places), result) in owners.iter().zip(results) {
        let Ok((result, ended)) = result else { continue };
        last = last.max(Some(ended));
        for (place, read) in places.iter().zip(result) {
            if let Some(slot) = reads.get_mut(*place) {
                *slot = read;
            }
        }
    }
    let limits = asked.iter().map(|asked| asked.bytes_max);
    read::trim(reads.iter_mut().zip(limits), demand.bytes_max);
    (reads, last)
}

/// Parks at every owner until one of them has news. `Some`, with when it was read, when that already answers the request.
async fn wait_all(
    core: &Rc<Core>,
    asked: &[Asked],
    owners: &[(ShardId, Vec<usize>)],
    ends: &[i64],
    missing: usize,
    demand: &Demand,
) -> Option<(Vec<Read>, Instant)> {
    let is_alone = owners.len() == 1 && asked.iter().all(|asked| asked.refused.is_none());
    let share = demand.at_most(WOKEN_BYTES);
    let bytes_missing = missing.div_ceil(owners.len().max(1));
    let calls = owners.iter().map(|(owner, places)| {
        let mine: Vec<(Asked, i64)> =
            places.iter().filter_map(|place| Some((*asked.get(*place)?, *ends.get(*place)?))).collect();
        core.call(*owner, move |core| async move {
            read::park(&core, &mine, bytes_missing, share.isolation).await;
            if !is_alone {
                return None;
            }
            let asked: Vec<Asked> = mine.into_iter().map(|(asked, _)| asked).collect();
            // The wake began this run.
            let begun = recently();
            let reads = read::read(&core, &asked, &share).await;
            let ended = now();
            core.stats.stages.record(Kind::Fetch, Stage::Read, begun, ended);
            let bytes: usize = reads.iter().map(Read::bytes).sum();
            // What filled the share may go on: the counted read takes all of it.
            let suffices = bytes >= share.bytes_min && bytes < WOKEN_BYTES / 2;
            (suffices || reads.iter().any(Read::answers_at_once)).then_some((reads, ended))
        })
    });
    let (first, _, _) = select_all(calls).await;
    first.ok().flatten()
}
