//! How a committed image reaches every core, and what a core does with it: starts, changes and ends its partitions.
//!
//! One task on core 0 takes what the controller commits and calls every core with it. An image counts as published
//! when all of them have followed it; only then is the request that caused it answered.

use crate::cleaner_offsets;
use crate::config::{Effective, LiveConfig, TopicSettings};
use crate::controller::Subscription;
use crate::core::Core;
use crate::groups;
use crate::log_starts;
use crate::openings::{self, LOGS_AT_ONCE, Occupied};
use crate::recovery::{self, Recovered};
use crate::strays;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use ottla_io::local::Event;
use ottla_io::{Class, spawn};
use ottla_log::Retention;
use ottla_log::compact::Lags;
use ottla_metadata::{Changes, ConfigResource, Image, ResourceType, Uuid};
use ottla_shard::{CompactionSettings, Hosted, TopicCompression};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// How far every core has followed. Core 0's.
#[derive(Default)]
pub(crate) struct Published {
    offset: Cell<u64>,
    changed: Event,
}

impl Published {
    /// Ends when every core has followed the image at `offset`.
    pub(crate) async fn wait(&self, offset: u64) {
        loop {
            let changed = self.changed.wait();
            if self.offset.get() >= offset {
                return;
            }
            changed.await;
        }
    }

    fn reached(&self, offset: u64) {
        self.offset.set(self.offset.get().max(offset));
        self.changed.notify_all();
    }
}

/// Gives every core `image`, which differs from the last by `changes`; `recovered` at the start alone.
pub(crate) async fn publish(
    core: &Rc<Core>,
    image: Arc<Image>,
    changes: Changes,
    recovered: Option<Arc<Recovered>>,
) {
    let is_start = recovered.is_some();
    if let Some(recovered) = &recovered {
        core.log_starts.begin(recovered);
        core.cleaner_offsets.begin(recovered);
    }
    // A checkpoint that is under way would write again what is forgotten here.
    let writing = if changes.topics_deleted.is_empty() {
        None
    } else {
        let writing = core.checkpoint_files.acquire(1).await;
        strays::forget(core, &changes.topics_deleted).await;
        Some(writing)
    };
    // In two rounds: what was deleted is gone on all cores before any of them looks for a directory of the same name, or is known to
    // occupy it.
    let (changes, occupied) = (Arc::new(changes), Arc::new(openings::occupied(core)));
    let departures = core.mesh.shards().map(|shard| {
        let (image, changes, occupied) = (image.clone(), changes.clone(), occupied.clone());
        core.call(shard, move |core| async move { depart(&core, image, &changes, &occupied).await })
    });
    let departed = join_all(departures).await;
    let occupied = Arc::new(openings::occupied(core));
    let arrivals = core.mesh.shards().map(|shard| {
        let (image, changes, occupied) = (image.clone(), changes.clone(), occupied.clone());
        let recovered = recovered.clone();
        core.call(
            shard,
            move |core| async move { arrive(&core, &image, &changes, recovered, &occupied).await },
        )
    });
    for done in departed.into_iter().chain(join_all(arrivals).await) {
        if done.is_err() {
            tracing::error!("a core could not follow the metadata at offset {}", image.offset());
        }
    }
    drop(writing);
    // Before a topic of the same name can be made again.
    if (is_start || !changes.topics_deleted.is_empty()) && log_starts::store(core).await.is_err() {
        tracing::error!("the log starts of deleted topics could not be taken away");
    }
    if !changes.topics_deleted.is_empty() {
        cleaner_offsets::forget(core, &changes.topics_deleted).await;
    }
    core.published.reached(image.offset());
}

/// Publishes everything that is committed from now on.
pub(crate) fn start(core: &Rc<Core>, mut news: Subscription) {
    let core = core.clone();
    spawn(Class::Control, async move {
        while let Some((image, changes)) = news.next().await {
            publish(&core, image, changes, None).await;
        }
    });
}

/// Takes over `image` on this core, and leaves what was deleted. `occupied` was so before.
async fn depart(core: &Rc<Core>, image: Arc<Image>, changes: &Changes, occupied: &Occupied) {
    follow_settings(core, &image, changes);
    core.set_image(image);
    groups::follow(core, changes);
    // Before the first wait: an opening that ends looks whether its topic is still there.
    let (mut gone, mut offline, mut unopened) = (Vec::new(), Vec::new(), Vec::new());
    for (id, topic) in &changes.topics_deleted {
        core.settings.borrow_mut().remove(id);
        for index in (0..).take(topic.partitions().len()) {
            core.compacting.forget(*id, index);
            match core.partitions.remove(*id, index) {
                Some(Hosted::Online(partition)) => gone.push(partition),
                Some(Hosted::Offline(_)) => offline.push((topic.clone(), index)),
                Some(Hosted::Opening) => unopened.push((topic.clone(), index)),
                None => {}
            }
        }
    }
    openings::delete_all(core, unopened, occupied).await;
    let deleted = stream::iter(gone).for_each_concurrent(LOGS_AT_ONCE, |partition| async move {
        if let Err(error) = partition.delete().await {
            tracing::error!(topic = %partition.topic(), "cannot delete a partition's files: {error}");
        }
    });
    deleted.await;
    for (topic, index) in offline {
        strays::leave_behind(core, &topic, index).await;
    }
}

/// Opens what is new on this core; with `recovered`, at the start, it is only begun. Directories that are `occupied` are waited for by
/// others.
async fn arrive(
    core: &Rc<Core>,
    image: &Image,
    changes: &Changes,
    recovered: Option<Arc<Recovered>>,
    occupied: &Occupied,
) {
    let mut opening = Vec::new();
    for (id, indexes) in &changes.partitions {
        let Some(topic) = image.topic(*id) else { continue };
        for index in indexes.iter().copied().filter(|index| core.owner(*id, *index) == core.mesh.shard()) {
            match (core.partitions.state(*id, index), topic.partition(index)) {
                (Some(Hosted::Online(partition)), Some(state)) => {
                    partition.assign(recovery::assignment(state))
                }
                // One that could not be opened waits for the next start.
                (Some(_), _) | (None, None) => {}
                (None, Some(_)) => opening.push((topic.clone(), index)),
            }
        }
    }
    match recovered {
        Some(recovered) => openings::begin(core, opening, recovered),
        None => openings::open_all(core, opening, occupied).await,
    }
}

/// New settings reach the topics' partitions here.
fn follow_settings(core: &Rc<Core>, image: &Arc<Image>, changes: &Changes) {
    let everything = changes.configs.iter().any(|resource| resource.kind == ResourceType::Broker);
    let mut topics: BTreeSet<Uuid> = changes.topics_created.clone();
    if everything {
        *core.live.borrow_mut() = LiveConfig::of(&core.config, image);
        topics.extend(image.topics().map(|topic| topic.id));
    } else {
        let named = changes.configs.iter().filter(|resource| resource.kind == ResourceType::Topic);
        topics.extend(named.filter_map(|resource| image.topic_by_name(&resource.name)).map(|topic| topic.id));
    }
    let effective = Effective::of(&core.config, image);
    for topic in topics.into_iter().filter_map(|id| image.topic(id)) {
        let own = image.configs(&ConfigResource::topic(&topic.name));
        let settings =
            Rc::new(settings(core, &topic.name, &TopicSettings::from(&effective, own.map(|own| &**own))));
        core.settings.borrow_mut().insert(topic.id, settings.clone());
        for index in (0..).take(topic.partitions().len()) {
            if let Ok(partition) = core.partitions.get(topic.id, index) {
                partition.set_settings(settings.clone());
            }
        }
    }
}

/// What a partition follows of a topic's settings.
fn settings(core: &Core, topic: &Arc<str>, of: &TopicSettings) -> ottla_shard::TopicSettings {
    use crate::config::topic::{Compression, TimestampType};
    ottla_shard::TopicSettings {
        topic: topic.clone(),
        log: Rc::new(of.log_config()),
        min_insync_replicas: of.min_insync_replicas,
        max_message_bytes: of.max_message_bytes as usize,
        timestamp_type: match of.timestamp_type {
            TimestampType::CreateTime => ottla_shard::TimestampType::CreateTime,
            TimestampType::LogAppendTime => ottla_shard::TimestampType::LogAppendTime,
        },
        timestamp_before_max_ms: of.timestamp_before_max_ms,
        timestamp_after_max_ms: of.timestamp_after_max_ms,
        compression: match of.compression {
            Compression::Producer => TopicCompression::Producer,
            Compression::Uncompressed => TopicCompression::Uncompressed,
            // zlib's own default.
            Compression::Gzip(level) => TopicCompression::Gzip(level.map_or(-1, i32::from)),
            Compression::Snappy => TopicCompression::Snappy,
            Compression::Lz4(level) => TopicCompression::Lz4(i32::from(level)),
            Compression::Zstd(level) => TopicCompression::Zstd(level),
        },
        compact: of.cleanup.compact,
        compaction: CompactionSettings {
            min_cleanable_dirty_ratio: of.cleanup.min_cleanable_dirty_ratio,
            lags: Lags { min_ms: of.cleanup.min_compaction_lag_ms, max_ms: of.cleanup.max_compaction_lag_ms },
            delete_retention_ms: of.cleanup.delete_retention_ms,
        },
        delete: of.cleanup.delete,
        retention: Retention {
            ms: Some(of.cleanup.retention_ms).filter(|ms| *ms >= 0),
            bytes: u64::try_from(of.cleanup.retention_bytes).ok(),
        },
        producer_id_expiration_ms: i64::from(core.live.borrow().producer_id_expiration_ms),
        verify_transactions: core.live.borrow().verify_transactions,
    }
}
