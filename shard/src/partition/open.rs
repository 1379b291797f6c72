//! Opening a partition: its log, then its producers from the newest snapshot and the batches after it.

use super::append::Appends;
use super::{Partition, RefCell};
use crate::producers::{Marker, Producers};
use crate::purgatory::Watchers;
use crate::settings::TopicSettings;
use ottla_log::checkpoint::epochs::LEADER_EPOCHS;
use ottla_log::{Error, Log, Offset, Opening, Resources};
use ottla_protocol::Uuid;
use ottla_replica::{Assignment, Leader, NodeId};
use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// What [`Partition::open`] is given.
#[derive(Clone)]
pub struct PartitionSpec {
    pub topic: Arc<str>,
    pub topic_id: Uuid,
    pub index: i32,
    /// The data directory; the partition's own is `TOPIC-PARTITION` in it.
    pub data_directory: PathBuf,
    /// This broker.
    pub node_id: NodeId,
    pub assignment: Assignment,
    pub settings: Rc<TopicSettings>,
    pub resources: Rc<Resources>,
    /// See [`Opening`].
    pub clean_shutdown: bool,
    pub recovery_point: Option<Offset>,
    pub log_start_offset: Option<Offset>,
    /// This partition's line of `replication-offset-checkpoint`.
    pub high_watermark: Option<Offset>,
    /// This partition's line of `cleaner-offset-checkpoint`.
    pub cleaned_to: Option<Offset>,
}

impl Partition {
    /// Makes the partition's directory, or opens and recovers what is in it.
    /// # Errors
    /// Those of [`Log::open`]; a log that knows a later leader epoch than the assignment. Other partitions are not
    /// concerned.
    pub async fn open(spec: PartitionSpec) -> Result<Rc<Partition>, Error> {
        let opening = Opening {
            dir: spec.data_directory.join(format!("{}-{}", spec.topic, spec.index)),
            topic_id: uuid::Uuid::from_bytes(spec.topic_id.0),
            config: spec.settings.log.clone(),
            resources: spec.resources,
            clean_shutdown: spec.clean_shutdown,
            recovery_point: spec.recovery_point,
            log_start_offset: spec.log_start_offset,
            cleaned_to: spec.cleaned_to,
        };
        // Creation opens what is already there, so that a crash halfway through it leaves nothing to repair.
        let log = Log::create(opening).await?;
        let leader_epoch = spec.assignment.leader_epoch;
        if let Some(latest) = log.latest_epoch().filter(|latest| *latest > leader_epoch) {
            // Appending would make epochs fall within the log, which the next recovery takes for damage.
            return Err(Error::Corrupt {
                path: log.dir().join(LEADER_EPOCHS),
                position: 0,
                reason: format!("it knows leader epoch {latest}, the controller says {leader_epoch}"),
            });
        }
        let expiration_ms = spec.settings.producer_id_expiration_ms;
        let (producers, replayed_from) = recover_producers(&log, expiration_ms, spec.clean_shutdown).await?;
        let durable_end = log.durable_end();
        // What recovery found is on this disk; on other replicas it may be shorter.
        let known = spec.high_watermark.unwrap_or(0).max(log.log_start_offset());
        let leader = Leader::new(spec.node_id, spec.assignment, known, durable_end);
        let partition = Rc::new(Partition {
            topic: spec.topic,
            topic_id: spec.topic_id,
            index: spec.index,
            log,
            gone: Cell::new(false),
            settings: RefCell::new(spec.settings),
            leader: RefCell::new(leader),
            producers: RefCell::new(producers),
            snapshot_at: Cell::new(replayed_from),
            appends: RefCell::new(Appends::default()),
            watchers: Watchers::default(),
            announced: Cell::default(),
        });
        let weak = Rc::downgrade(&partition);
        partition.log.set_on_durable(Rc::new(move || {
            if let Some(partition) = weak.upgrade() {
                partition.progressed();
            }
        }));
        let high_watermark = partition.high_watermark();
        partition.producers.borrow_mut().high_watermark_moved(high_watermark);
        partition.announced.set((high_watermark, partition.last_stable_offset()));
        Ok(partition)
    }
}

/// After a restart, clients send again what was in flight, and what was answered when nobody listened any more: it lies at the end of
/// the log, within so many offsets. A snapshot there knows one batch of each producer, and would refuse those before it as out of order.
const RECALLED_OFFSETS: i64 = 16_384;
/// Clients give up sending a batch again after `delivery.timeout.ms`, by default two minutes.
const RECALLED_MS: i64 = 15 * 60 * 1000;

/// The producer state at the log end, and the offset of the snapshot that it was made from. What the batches after it say
/// of aborted transactions goes to the log.
async fn recover_producers(
    log: &Log,
    expiration_ms: i64,
    clean_shutdown: bool,
) -> Result<(Producers, Offset), Error> {
    let mut producers = Producers::default();
    let mut from = log.log_start_offset();
    let mut below = log.log_end_offset() + 1;
    while let Some((offset, snapshot)) = log.producer_snapshot_below(below).await? {
        match Producers::from_snapshot(&snapshot) {
            Ok(stored) => {
                producers = stored;
                from = offset;
                break;
            }
            Err(fault) => {
                tracing::warn!(dir = %log.dir().display(), offset, %fault, "a damaged producer snapshot is left out of account");
                below = offset;
            }
        }
    }
    let recall_from = (log.log_end_offset() - RECALLED_OFFSETS).max(log.log_start_offset());
    // After a clean shutdown that is long past nobody sends anything again, and the log is left unread.
    let recent = ottla_io::unix_millis() - RECALLED_MS;
    let recall = !clean_shutdown || producers.last_timestamp().is_some_and(|last| last >= recent);
    if recall && recall_from < from && !producers.is_empty() {
        log.replay(recall_from, |header, _| {
            if header.last_offset() < from {
                producers.recall(header);
            }
        })
        .await?;
    }
    if from < log.log_end_offset() {
        let mut aborted = Vec::new();
        log.replay(from, |header, batch| {
            let ended = producers.record(header, Marker::of(header, batch));
            aborted.extend(ended.and_then(|ended| ended.aborted()));
        })
        .await?;
        log.recover_aborted(from, &aborted).await?;
    }
    producers.expire(ottla_io::unix_millis(), expiration_ms);
    Ok((producers, from))
}
