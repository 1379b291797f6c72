//! The part of a fetch that runs on the core that owns the partitions.

use super::Context;
use super::session::Wanted;
use crate::core::Core;
use bytes::Bytes;
use ottla_io::ShardId;
use ottla_metadata::{Image, Uuid};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::FetchRequest;
use ottla_shard::purgatory::{Watch, wait_for_bytes};
use ottla_shard::{Isolation, Partition};
use smallvec::SmallVec;
use std::rc::Rc;

/// What an owner may read whatever the others do.
const SHARE_BYTES_MIN: usize = 64 << 10;

/// Limits of a whole request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub(super) bytes_min: usize,
    pub(super) bytes_max: usize,
    pub(super) isolation: Isolation,
}

impl Demand {
    pub(super) fn of(body: &FetchRequest<'_>, response_bytes_max: usize) -> Demand {
        let positive = |value: i32| usize::try_from(value).unwrap_or(0);
        let bytes_max = positive(body.max_bytes).min(response_bytes_max);
        Demand {
            // A broker that can give no more than its maximum must not wait for more.
            bytes_min: positive(body.min_bytes).min(bytes_max),
            bytes_max,
            isolation: if body.isolation_level == 1 {
                Isolation::ReadCommitted
            } else {
                Isolation::ReadUncommitted
            },
        }
    }

    /// Each of several owners reads a part, so that together they take no more memory than was counted, a small piece
    /// each aside: a client that asks for little gets all of it from one partition, as with one owner.
    pub(super) fn shared_by(self, owners: usize) -> Demand {
        Demand {
            bytes_max: (self.bytes_max / owners.max(1)).max(self.bytes_max.min(SHARE_BYTES_MIN)),
            ..self
        }
    }

    pub(super) fn at_most(self, bytes: usize) -> Demand {
        Demand { bytes_max: self.bytes_max.min(bytes), ..self }
    }
}

/// What is asked of a partition, found in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) owner: ShardId,
    pub(super) topic_id: Uuid,
    pub(super) index: i32,
    pub(super) fetch_offset: i64,
    pub(super) bytes_max: i32,
    current_leader_epoch: i32,
    last_fetched_epoch: i32,
    /// It is not in the image: nobody is asked.
    pub(super) refused: Option<ErrorCode>,
}

/// Finds the partitions and their owners.
pub(super) fn resolve(core: &Core, context: &Context, wanted: &[Wanted], replica_id: i32) -> Vec<Asked> {
    let image = core.image();
    let by_id = context.version >= 13;
    wanted.iter().map(|wanted| resolve_one(core, &image, by_id, wanted, replica_id)).collect()
}

/// Finds one partition and its owner. `by_id`: the client names topics by their ids.
pub(super) fn resolve_one(
    core: &Core,
    image: &Image,
    by_id: bool,
    wanted: &Wanted,
    replica_id: i32,
) -> Asked {
    let key = &wanted.key;
    let find = || {
        let topic = if by_id {
            image.topic(key.topic_id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?
        } else {
            image.topic_by_name(&key.topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?
        };
        topic.partition(key.index).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        // No broker follows this one.
        if replica_id >= 0 { Err(ErrorCode::NOT_LEADER_OR_FOLLOWER) } else { Ok(topic.id) }
    };
    let found = find();
    let topic_id = *found.as_ref().unwrap_or(&Uuid::ZERO);
    Asked {
        owner: core.owner(topic_id, key.index),
        topic_id,
        index: key.index,
        fetch_offset: wanted.fetch_offset,
        bytes_max: wanted.bytes_max,
        current_leader_epoch: wanted.current_leader_epoch,
        last_fetched_epoch: wanted.last_fetched_epoch,
        refused: found.err(),
    }
}

/// The places in `asked` by the core that owns them, in order.
pub(super) fn by_owner(asked: &[Asked]) -> Vec<(ShardId, Vec<usize>)> {
    let mut owners: Vec<(ShardId, Vec<usize>)> = Vec::new();
    for (place, asked) in asked.iter().enumerate().filter(|(_, asked)| asked.refused.is_none()) {
        match owners.iter_mut().find(|(owner, _)| *owner == asked.owner) {
            Some((_, places)) => places.push(place),
            None => owners.push((asked.owner, vec![place])),
        }
    }
    owners
}

/// What a partition has to say.
#[derive(Clone, Debug, Default)]
pub(super) struct Read {
    pub(super) error: Option<ErrorCode>,
    pub(super) parts: SmallVec<[Bytes; 2]>,
    pub(super) high_watermark: i64,
    pub(super) last_stable_offset: i64,
    pub(super) log_start_offset: i64,
    pub(super) aborted: Option<Vec<(i64, i64)>>,
    pub(super) diverging: Option<(i32, i64)>,
    /// Where this reader's next bytes will appear.
    end: i64,
}

impl Read {
    pub(super) fn failed(error: ErrorCode) -> Read {
        Read {
            error: Some(error),
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            end: -1,
            ..Read::default()
        }
    }

    /// Nobody was asked, or nobody answered.
    pub(super) fn unserved(asked: &Asked) -> Read {
        Read::failed(asked.refused.unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR))
    }

    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    pub(super) fn answers_at_once(&self) -> bool {
        self.error.is_some() || self.diverging.is_some()
    }

    pub(super) fn end(&self) -> i64 {
        self.end
    }
}

/// Reads in order until the bytes are used up. The first partition that has anything gives its first batch whole.
pub(super) async fn read(core: &Rc<Core>, asked: &[Asked], demand: &Demand) -> Vec<Read> {
    let mut reads = Vec::with_capacity(asked.len());
    let mut left = demand.bytes_max;
    let mut at_least_one = true;
    for asked in asked {
        let read = match core.partitions.get(asked.topic_id, asked.index) {
            Ok(partition) => read_one(&partition, asked, left, demand.isolation, at_least_one).await,
            Err(code) => Err(code),
        };
        let read = read.unwrap_or_else(Read::failed);
        let bytes = read.bytes();
        at_least_one &= bytes == 0;
        left = left.saturating_sub(bytes);
        reads.push(read);
    }
    reads
}

pub(super) async fn read_one(
    partition: &Rc<Partition>,
    asked: &Asked,
    left: usize,
    isolation: Isolation,
    at_least_one: bool,
) -> Result<Read, ErrorCode> {
    // Here any negative epoch stands for none; elsewhere only -1 does.
    partition.check_epoch(asked.current_leader_epoch.max(-1))?;
    if asked.last_fetched_epoch >= 0
        && let Some(diverging) = partition.diverging_epoch(asked.last_fetched_epoch, asked.fetch_offset)?
    {
        return Ok(Read {
            diverging: Some(diverging),
            high_watermark: partition.high_watermark(),
            last_stable_offset: partition.last_stable_offset(),
            log_start_offset: partition.log_start_offset(),
            end: partition.visible_end(isolation),
            ..Read::default()
        });
    }
    let bytes_max = usize::try_from(asked.bytes_max).map_err(|_| ErrorCode::UNKNOWN_SERVER_ERROR)?.min(left);
    let data = partition.read(asked.fetch_offset, bytes_max, isolation, at_least_one).await?;
    let end = match isolation {
        Isolation::ReadCommitted => data.last_stable_offset,
        _ => data.high_watermark,
    };
    Ok(Read {
        error: None,
        parts: data.slices.parts,
        high_watermark: data.high_watermark,
        last_stable_offset: data.last_stable_offset,
        log_start_offset: data.log_start_offset,
        aborted: data.aborted_transactions,
        diverging: None,
        end,
    })
}

/// Waits until `bytes` became readable behind the ends that the last read saw, or a partition has changed.
pub(super) async fn park(core: &Rc<Core>, asked: &[(Asked, i64)], bytes: usize, isolation: Isolation) {
    let mut watches = Vec::with_capacity(asked.len());
    for (asked, known) in asked {
        match core.partitions.get(asked.topic_id, asked.index) {
            Ok(partition) => watches.push(Watch { partition, known: *known, isolation }),
            // It has gone since: the read says so.
            Err(_) => return,
        }
    }
    wait_for_bytes(&watches, bytes).await;
}

/// Several owners each gave a first batch whole: only the first of all may exceed a limit. Each read comes with the
/// limit of its partition.
pub(super) fn trim<'r>(reads: impl Iterator<Item = (&'r mut Read, i32)>, bytes_max: usize) {
    let mut total = 0;
    for (read, own_bytes_max) in reads {
        let bytes = read.bytes();
        let is_over = total + bytes > bytes_max || bytes > usize::try_from(own_bytes_max).unwrap_or(0);
        if bytes > 0 && total > 0 && is_over {
            read.parts.clear();
            continue;
        }
        total += bytes;
    }
}
