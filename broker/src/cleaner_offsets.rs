//! `cleaner-offset-checkpoint` of each data directory, in Kafka's form: up to where each log is compacted.
//!
//! Core 0 alone writes it, one write at a time. A line that a crash keeps back only makes a pass go over the same log again.
//! A partition that was ever compacted keeps its line, which also says that its offsets may have gaps.

use crate::core::Core;
use crate::recovery::Recovered;
use ottla_io::ShardId;
use ottla_io::local::Semaphore;
use ottla_log::checkpoint::offsets::{CLEANER, Offsets};
use ottla_log::{Error, Offset, data_directory};
use ottla_metadata::{Topic, Uuid};
use ottla_shard::Partition;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Core 0's.
pub(crate) struct CleanerOffsets {
    /// What the files hold.
    stored: RefCell<BTreeMap<PathBuf, Offsets>>,
    /// Who writes holds its only unit.
    turn: Semaphore,
}

impl Default for CleanerOffsets {
    fn default() -> CleanerOffsets {
        CleanerOffsets { stored: RefCell::default(), turn: Semaphore::new(1) }
    }
}

impl CleanerOffsets {
    /// Begins with what the last process left.
    pub(crate) fn begin(&self, recovered: &Recovered) {
        *self.stored.borrow_mut() = recovered.cleaned();
    }
}

/// Notes durably that `partition` is compacted up to `offset`. False when that could not be written down.
pub(crate) async fn store(core: &Rc<Core>, partition: &Partition, offset: Offset) -> bool {
    let Some(dir) = partition.log().dir().parent().map(PathBuf::from) else { return false };
    let (id, topic, index) = (partition.topic_id(), partition.topic().to_string(), partition.index());
    let stored = core.call(ShardId(0), move |core| async move {
        let _turn = core.cleaner_offsets.turn.acquire(1).await;
        // Of a topic that was deleted meanwhile nothing must be left to another one of its name.
        if core.image().topic(id).is_none() {
            return true;
        }
        let mut offsets = core.cleaner_offsets.stored.borrow().get(&dir).cloned().unwrap_or_default();
        offsets.insert((topic, index), offset);
        write(&core, dir, offsets).await
    });
    stored.await.unwrap_or(false)
}

/// On core 0, once it has followed their deletion: takes the lines of deleted topics away.
pub(crate) async fn forget(core: &Rc<Core>, deleted: &BTreeMap<Uuid, Arc<Topic>>) {
    let names = deleted.values().map(|topic| &*topic.name).collect::<BTreeSet<&str>>();
    let _turn = core.cleaner_offsets.turn.acquire(1).await;
    let stored = core.cleaner_offsets.stored.borrow().clone();
    for (dir, mut offsets) in stored {
        let before = offsets.len();
        offsets.retain(|(topic, _), _| !names.contains(topic.as_str()));
        if offsets.len() < before {
            write(core, dir, offsets).await;
        }
    }
}

/// The caller has the turn.
async fn write(core: &Rc<Core>, dir: PathBuf, offsets: Offsets) -> bool {
    if core.cleaner_offsets.stored.borrow().get(&dir) == Some(&offsets) {
        return true;
    }
    let written: Result<(), Error> = data_directory::store_offsets(&dir, CLEANER, &offsets).await;
    if let Err(error) = &written {
        tracing::error!(
            "cannot store {CLEANER}: {error}. What was compacted is gone over again after a restart"
        );
        core.failed_in(&dir, error);
    } else {
        core.cleaner_offsets.stored.borrow_mut().insert(dir, offsets);
    }
    written.is_ok()
}
