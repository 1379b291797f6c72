//! The host of group coordinators: which core coordinates a group, and how a request gets there.
//!
//! ```text
//! core of the connection: group id ─▶ partition of __consumer_offsets ─▶ call to its owner
//! owner:                  Coordinator: a pure shard, its log, those who wait ─▶ answer when durable
//! ```
//! Partitions of `__consumer_offsets` are owned like all others, so every core computes the same coordinator. One is
//! loaded when its log is open, and until then says COORDINATOR_LOAD_IN_PROGRESS.

mod coordinator;
mod load;
mod waits;

pub(crate) use coordinator::Coordinator;

use crate::config::BrokerConfig;
use crate::core::Core;
use ottla_coordinator::{Reply, Settings, Waiter};
use ottla_io::ShardId;
use ottla_metadata::{Changes, Image, Topic, Uuid};
use ottla_protocol::ErrorCode;
use ottla_shard::Partition;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use waits::Waits;

pub(crate) const TOPIC: &str = "__consumer_offsets";

/// One core's coordinators, by the partition of `__consumer_offsets`.
#[derive(Default)]
pub(crate) struct Groups {
    hosted: RefCell<BTreeMap<(Uuid, i32), Hosted>>,
    /// Memory that the groups of this core take.
    bytes: Cell<usize>,
    waits: Waits,
}

/// ```text
/// (absent) ─▶ Loading ─▶ Beginning ─▶ Active ─▶ (absent)
///               ▲            │           │ an append failed
///               └────────────┴───────────┘
/// ```
enum Hosted {
    Loading,
    /// Everything is read, and its timers are being set.
    Beginning(Rc<Coordinator>),
    Active(Rc<Coordinator>),
}

impl Hosted {
    fn coordinator(&self) -> Option<Rc<Coordinator>> {
        match self {
            Hosted::Loading => None,
            Hosted::Beginning(coordinator) | Hosted::Active(coordinator) => Some(coordinator.clone()),
        }
    }
}

impl Groups {
    /// # Errors
    /// COORDINATOR_LOAD_IN_PROGRESS; NOT_COORDINATOR when the partition is not here, or cannot be used.
    pub(crate) fn get(&self, topic_id: Uuid, index: i32) -> Result<Rc<Coordinator>, ErrorCode> {
        match self.hosted.borrow().get(&(topic_id, index)) {
            Some(Hosted::Active(coordinator)) => Ok(coordinator.clone()),
            Some(Hosted::Loading | Hosted::Beginning(_)) => Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS),
            None => Err(ErrorCode::NOT_COORDINATOR),
        }
    }

    /// Those that are loaded.
    pub(crate) fn active(&self) -> Vec<Rc<Coordinator>> {
        let hosted = self.hosted.borrow();
        let active = hosted.values().filter_map(|hosted| match hosted {
            Hosted::Active(coordinator) => Some(coordinator.clone()),
            Hosted::Loading | Hosted::Beginning(_) => None,
        });
        active.collect()
    }

    /// Those that have read everything.
    fn read(&self) -> Vec<Rc<Coordinator>> {
        self.hosted.borrow().values().filter_map(Hosted::coordinator).collect()
    }

    pub(crate) fn is_loading(&self) -> bool {
        self.hosted.borrow().values().any(|hosted| !matches!(hosted, Hosted::Active(_)))
    }

    /// Memory that groups may still take here.
    fn room_bytes(&self, core: &Core) -> usize {
        core.limits.groups_bytes.saturating_sub(self.bytes.get())
    }
}

/// A partition's log is open: if it is one of groups, they are loaded.
pub(crate) fn opened(core: &Rc<Core>, partition: &Rc<Partition>) {
    if &**partition.topic() == TOPIC {
        load::begin(core, partition.clone());
    }
}

/// Topics are gone: their offsets go too, and with [`TOPIC`] all groups.
pub(crate) fn follow(core: &Rc<Core>, changes: &Changes) {
    for (id, topic) in &changes.topics_deleted {
        if &*topic.name == TOPIC {
            let here: Vec<(Uuid, i32)> = core.groups.hosted.borrow().keys().copied().collect();
            for (topic_id, index) in here.into_iter().filter(|(topic_id, _)| topic_id == id) {
                let hosted = core.groups.hosted.borrow_mut().remove(&(topic_id, index));
                if let Some(coordinator) = hosted.as_ref().and_then(Hosted::coordinator) {
                    coordinator.end(core, ErrorCode::NOT_COORDINATOR);
                }
            }
            continue;
        }
        for coordinator in core.groups.read() {
            coordinator.topic_deleted(core, &topic.name);
        }
    }
}

/// The marker of a transaction is durable in a partition of this core: if it is one of groups, the offsets of the transaction
/// count from now on, or are dropped.
pub(crate) fn transaction_ended(
    core: &Rc<Core>,
    (topic_id, index): (Uuid, i32),
    producer_id: i64,
    commits: bool,
) {
    let coordinator = core.groups.hosted.borrow().get(&(topic_id, index)).and_then(Hosted::coordinator);
    if let Some(coordinator) = coordinator {
        coordinator.end_transaction(core, producer_id, commits);
    }
}

/// Where a group is coordinated.
#[derive(Clone, Copy)]
struct Place {
    owner: ShardId,
    topic_id: Uuid,
    index: i32,
}

fn place(core: &Core, group_id: &str) -> Result<Place, ErrorCode> {
    let image = core.image();
    let topic = image.topic_by_name(TOPIC).ok_or(ErrorCode::NOT_COORDINATOR)?;
    let index = partition_of(group_id, topic);
    Ok(Place { owner: core.owner(topic.id, index), topic_id: topic.id, index })
}

/// Runs `work` where `group_id` is coordinated. `work` itself runs at once there, before requests that come later.
/// # Errors
/// NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, and those of `work`.
pub(crate) async fn ask<R, F, Fut>(core: &Rc<Core>, group_id: &str, work: F) -> Result<R, ErrorCode>
where
    R: Send + 'static,
    F: FnOnce(Rc<Core>, Rc<Coordinator>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<R, ErrorCode>> + 'static,
{
    let Place { owner, topic_id, index } = place(core, group_id)?;
    let call = core.call(owner, move |core| async move {
        let coordinator = core.groups.get(topic_id, index)?;
        work(core, coordinator).await
    });
    call.await.unwrap_or(Err(ErrorCode::COORDINATOR_NOT_AVAILABLE))
}

/// What a request that may wait for other members has come to.
pub(crate) enum Asked {
    Answered(Reply),
    /// The answer is to be waited for, where the group is coordinated.
    Waits(ShardId, Waiter),
}

/// As [`ask`], for a request whose answer may wait for other members: returns when its turn is over, so that nothing of the
/// request is held while it waits.
/// # Errors
/// As [`ask`].
pub(crate) async fn begin<F>(core: &Rc<Core>, group_id: &str, work: F) -> Result<Asked, ErrorCode>
where
    F: FnOnce(&Rc<Core>, &Rc<Coordinator>, Waiter) -> Result<(), ErrorCode> + Send + 'static,
{
    let Place { owner, topic_id, index } = place(core, group_id)?;
    let call = core.call(owner, move |core| async move {
        let coordinator = core.groups.get(topic_id, index)?;
        let waits = &core.groups.waits;
        let waiter = waits.next();
        let parked = coordinator.park(waiter);
        if let Err(code) = work(&core, &coordinator, waiter) {
            coordinator.forget(waiter);
            return Err(code);
        }
        match parked.answered() {
            Ok(reply) => Ok(Asked::Answered(reply?)),
            Err(parked) => Ok(Asked::Waits(owner, waits.keep(parked))),
        }
    });
    call.await.unwrap_or(Err(ErrorCode::COORDINATOR_NOT_AVAILABLE))
}

impl Asked {
    /// The answer, when it comes.
    /// # Errors
    /// NOT_COORDINATOR when the coordinator ends, or the broker stops: the member looks for it again.
    pub(crate) async fn reply(self, core: &Rc<Core>) -> Result<Reply, ErrorCode> {
        match self {
            Asked::Answered(reply) => Ok(reply),
            Asked::Waits(owner, waiter) => {
                let call = core.call(owner, move |core| async move {
                    let parked = core.groups.waits.take(waiter).ok_or(ErrorCode::NOT_COORDINATOR)?;
                    parked.answer(&core).await
                });
                call.await.unwrap_or(Err(ErrorCode::COORDINATOR_NOT_AVAILABLE))
            }
        }
    }
}

/// The partition whose leader coordinates `group_id`, if the topic is there and the partition has a leader.
pub(crate) fn coordinator_of(image: &Image, group_id: &str) -> Option<i32> {
    let topic = image.topic_by_name(TOPIC)?;
    let leader = topic.partition(partition_of(group_id, topic))?.leader;
    (leader >= 0).then_some(leader)
}

fn partition_of(group_id: &str, topic: &Topic) -> i32 {
    let count = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX).max(1);
    // Java's Math.abs leaves the least number as it is, and Kafka takes 0 for it.
    java_hash(group_id).checked_abs().unwrap_or(0) % count
}

/// `String.hashCode` of Java, over UTF-16 units.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// What coordinators follow of the broker's settings.
fn settings(config: &BrokerConfig) -> Settings {
    let values = config.values();
    let count = |name: &str| usize::try_from(values.int(name)).unwrap_or(0);
    Settings {
        session_timeout_min_ms: values.int("group.min.session.timeout.ms"),
        session_timeout_max_ms: values.int("group.max.session.timeout.ms"),
        initial_rebalance_delay_ms: values.int("group.initial.rebalance.delay.ms"),
        group_size_max: count("group.max.size"),
        offset_metadata_max: count("offset.metadata.max.bytes"),
        offsets_retention_ms: i64::from(values.int("offsets.retention.minutes")) * 60_000,
        offsets_retention_check_interval_ms: values.long("offsets.retention.check.interval.ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Java's String.hashCode gives.
    #[test]
    fn hashes_are_javas() {
        for (text, hash) in [("", 0), ("a", 97), ("console-consumer-1", 35_782_224), ("ä€😀", 16_603_051)]
        {
            assert_eq!(java_hash(text), hash, "{text}");
        }
        assert_eq!(java_hash("polygenelubricants"), i32::MIN);
    }
}
