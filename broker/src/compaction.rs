//! Compacts what topics with `cleanup.policy=compact` have let pile up: each core looks after its own partitions, the dirtiest
//! first, one at a time, in the background class.
//!
//! ```text
//! look at all ─► the one with the largest dirty part of those worth it ─► a pass ─► its line in the checkpoint ─► look again
//!      └─► none: sleep log.cleaner.backoff.ms
//! ```
//! A log that is damaged is said so once and left alone until the next start, like Kafka's uncleanable partitions. One whose pass
//! did not come to its end, on a full disk for one, waits until after the next sleep. The others go on.

use crate::cleaner_offsets;
use crate::core::Core;
use ottla_io::{Class, now, sleep, spawn};
use ottla_log::compact::{Compacted, Dirt, Pace};
use ottla_log::{Error, Health};
use ottla_metadata::Uuid;
use ottla_shard::{CompactionMeans, Hosted, Partition};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

/// Larger reads and writes are no quicker, and what is written at once must not hold up others' for long.
const COMPACTION_BUFFER_BYTES_MAX: usize = 4 << 20;

/// One core's.
#[derive(Default)]
pub(crate) struct Compacting {
    pace: Pace,
    /// Logs that could not be compacted for what is in them.
    uncleanable: RefCell<BTreeSet<(Uuid, i32)>>,
    /// Of the logs that are worth a pass, at the last look.
    dirty_bytes: Cell<u64>,
}

impl Compacting {
    /// How many logs are left alone because they are damaged.
    pub(crate) fn uncleanable_count(&self) -> usize {
        self.uncleanable.borrow().len()
    }
    /// The partition is gone.
    pub(crate) fn forget(&self, topic: Uuid, index: i32) {
        self.uncleanable.borrow_mut().remove(&(topic, index));
    }
    /// What the logs that are worth a pass had at the last look that no pass has gone over.
    pub(crate) fn dirty_bytes(&self) -> u64 {
        self.dirty_bytes.get()
    }
}

/// Begins on this core.
pub(crate) fn start(core: &Rc<Core>) {
    if !core.config.compaction_enabled {
        tracing::warn!("log.cleaner.enable=false: no topic is compacted");
        return;
    }
    let core = core.clone();
    spawn(Class::Background, async move {
        let mut put_off = BTreeSet::new();
        while !core.is_stopping() {
            if let Some((partition, dirt)) = dirtiest(&core, &put_off).await {
                if !pass(&core, &partition, dirt).await {
                    put_off.insert((partition.topic_id(), partition.index()));
                }
                continue;
            }
            put_off.clear();
            let backoff_ms = core.live.borrow().compaction.backoff_ms;
            // Without one a core with nothing to do would not sleep.
            sleep(Duration::from_millis(backoff_ms.max(1))).await;
        }
    });
}

/// The partition with the largest dirty part of those that are worth a pass and not put off.
async fn dirtiest(core: &Core, put_off: &BTreeSet<(Uuid, i32)>) -> Option<(Rc<Partition>, Dirt)> {
    let mut found: Option<(Rc<Partition>, Dirt)> = None;
    let mut dirty_bytes = 0;
    for (key, hosted) in core.partitions.all() {
        let Hosted::Online(partition) = hosted else { continue };
        if core.is_stopping() {
            return None;
        }
        if !partition.settings().compact || core.compacting.uncleanable.borrow().contains(&key) {
            continue;
        }
        match partition.dirt().await {
            Ok(Some(dirt)) => {
                dirty_bytes += dirt.dirty_bytes;
                let is_more = found.as_ref().is_none_or(|(_, most)| dirt.ratio() > most.ratio());
                if is_more && !put_off.contains(&key) {
                    found = Some((partition, dirt));
                }
            }
            Ok(None) => {}
            Err(error) => give_up(core, &partition, &error),
        }
        if ottla_io::task::slice_is_over() {
            ottla_io::yield_now().await;
        }
    }
    core.compacting.dirty_bytes.set(dirty_bytes);
    found
}

/// A pass over one partition, and what follows from how it ends. False when there may be as much to do as before.
async fn pass(core: &Rc<Core>, partition: &Partition, dirt: Dirt) -> bool {
    let limits = core.live.borrow().compaction;
    let shards = core.mesh.shard_count().max(1);
    core.compacting.pace.set_bytes_per_second(limits.bytes_per_second / shards as f64);
    let means = CompactionMeans {
        map_bytes_max: usize::try_from(limits.map_bytes / shards as u64).unwrap_or(usize::MAX),
        map_load_factor: limits.map_load_factor,
        // One half reads, the other writes, as with Kafka.
        buffer_bytes: usize::try_from(limits.buffer_bytes / shards as u64 / 2)
            .unwrap_or(usize::MAX)
            .min(COMPACTION_BUFFER_BYTES_MAX),
        pace: &core.compacting.pace,
    };
    // Before the first gap between its offsets: the line says that there may be some.
    if partition.cleaned_to().is_none() && !cleaner_offsets::store(core, partition, dirt.first_dirty).await {
        return false;
    }
    let began = now();
    match partition.compact(dirt, &means, || !core.is_stopping()).await {
        Ok(Some(done)) => {
            tell(partition, &dirt, &done, now().duration_since(began));
            cleaner_offsets::store(core, partition, done.end).await
        }
        Ok(None) => false,
        Err(error) => {
            give_up(core, partition, &error);
            false
        }
    }
}

fn tell(partition: &Partition, dirt: &Dirt, done: &Compacted, took: Duration) {
    tracing::info!(
        topic = %partition.topic(),
        index = partition.index(),
        from = dirt.first_dirty,
        to = done.end,
        keys = done.keys,
        "compacted: {} of {} records and {} of {} bytes stay, {} segments became {}, in {} ms",
        done.records_kept,
        done.records_read,
        done.bytes_kept,
        done.bytes_read,
        done.segments_read,
        done.segments_made,
        took.as_millis()
    );
}

/// Damage stays; what else went wrong may pass.
fn give_up(core: &Core, partition: &Partition, error: &Error) {
    let (topic, index) = (partition.topic(), partition.index());
    if partition.log().health() != Health::Online {
        // Why is said where it happened.
        return;
    }
    if let Error::Corrupt { .. } = error {
        core.compacting.uncleanable.borrow_mut().insert((partition.topic_id(), index));
        tracing::error!(%topic, index, "not compacted from now on: {error}. Reads and writes go on; a restart tries again");
    } else {
        tracing::warn!(%topic, index, "compaction: {error}. It is tried again");
    }
}
