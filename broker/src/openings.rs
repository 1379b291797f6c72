//! Opening partitions: many side by side, at the start in the background class. What is open is served while others are still being
//! checked; requests for those get NOT_LEADER_OR_FOLLOWER, on which clients ask again.
//!
//! Each core opens its own. Core 0 waits a moment, so that after an orderly stop everything is there when the first request comes,
//! and tells how far a longer recovery is.
//!
//! A topic may be deleted meanwhile. What waits for its turn is deleted at once; a log that is being checked is deleted when that is
//! over, and until then a new topic of its name waits for the directory. Nothing else does.

use crate::core::Core;
use crate::groups;
use crate::recovery::{self, Recovered};
use crate::strays;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use ottla_io::local::Event;
use ottla_io::{Class, Instant, ShardId, spawn, timeout};
use ottla_log::{Error, data_directory};
use ottla_metadata::{Topic, Uuid};
use ottla_shard::{Hosted, Partition, PartitionSpec};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Logs that one core opens or deletes at a time: enough to keep a disk busy. Each that is scanned holds a window of 1 MiB.
pub(crate) const LOGS_AT_ONCE: usize = 32;
/// The start waits so long for partitions to be opened: ten thousand that were closed in order take no longer. Clients wait and ask
/// again for much longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two lines about a recovery.
const TELL_INTERVAL: Duration = Duration::from_secs(5);

/// How far the start is in one data directory, on one core or on all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    partitions: usize,
    opened: usize,
    failed: usize,
    /// Read to find out where logs end.
    scanned_bytes: u64,
}

/// One core's.
#[derive(Default)]
pub(crate) struct Openings {
    /// What the start has to open, by data directory.
    progress: RefCell<BTreeMap<PathBuf, Progress>>,
    left: Cell<usize>,
    /// One was opened, or cannot be.
    ended: Event,
    /// Those whose files are looked at now.
    under_way: RefCell<BTreeSet<(Uuid, i32)>>,
    /// Core 0's alone.
    occupied: RefCell<Occupied>,
    /// Core 0's alone: one is occupied no more.
    vacated: Event,
}

/// Directories, by topic and index, in which the log of a topic that is deleted is still being opened.
pub(crate) type Occupied = BTreeSet<(Arc<str>, i32)>;

impl Openings {
    /// Ends when the start has opened everything.
    async fn finished(&self) {
        loop {
            let ended = self.ended.wait();
            if self.left.get() == 0 {
                return;
            }
            ended.await;
        }
    }

    fn began(&self, dir: &Path) {
        self.progress.borrow_mut().entry(dir.to_owned()).or_default().partitions += 1;
        self.left.set(self.left.get() + 1);
    }

    fn count(&self, dir: &Path, succeeded: bool) {
        let mut progress = self.progress.borrow_mut();
        let here = progress.entry(dir.to_owned()).or_default();
        here.opened += usize::from(succeeded);
        here.failed += usize::from(!succeeded);
        self.left.set(self.left.get() - 1);
        drop(progress);
        self.ended.notify_all();
    }
}

/// On core 0: the directories that no new topic can have yet.
pub(crate) fn occupied(core: &Core) -> Occupied {
    core.openings.occupied.borrow().clone()
}

/// Partitions of deleted topics that were being opened, or waited for it, and that this core hosts no more. `occupied` was so when
/// the deletion came. What a core looks at now is deleted when it has done so.
pub(crate) async fn delete_all(core: &Rc<Core>, opening: Vec<(Arc<Topic>, i32)>, occupied: &Occupied) {
    let (under_way, waiting): (Vec<_>, Vec<_>) = opening
        .into_iter()
        .partition(|(topic, index)| core.openings.under_way.borrow().contains(&(topic.id, *index)));
    let put_off: Occupied = under_way.into_iter().map(|(topic, index)| (topic.name.clone(), index)).collect();
    if !put_off.is_empty() {
        let noted = core.call(ShardId(0), move |core| {
            core.openings.occupied.borrow_mut().extend(put_off);
            std::future::ready(())
        });
        if noted.await.is_err() {
            tracing::warn!("core 0 is gone: nobody knows which directories are still in use");
        }
    }
    // What waits for an occupied one has no directory of its own.
    let waiting =
        waiting.into_iter().filter(|(topic, index)| !occupied.contains(&(topic.name.clone(), *index)));
    let deleted = stream::iter(waiting).for_each_concurrent(LOGS_AT_ONCE, |(topic, index)| async move {
        let Some(dir) = dir_of(core, &topic, index) else { return };
        delete(&dir.join(format!("{}-{index}", topic.name))).await;
    });
    deleted.await;
}

/// Deletes the directory of a log that nobody has open.
async fn delete(dir: &Path) {
    match data_directory::delete_partition(dir).await {
        Ok(()) | Err(Error::Io { kind: io::ErrorKind::NotFound, .. }) => {}
        Err(error) => tracing::error!("cannot delete a partition's files: {error}"),
    }
}

/// On core 0: the log of a deleted topic is not open any more, and its directory gone.
fn vacate(core: &Rc<Core>, topic: &Topic, index: i32) {
    let (core, key) = (core.clone(), (topic.name.clone(), index));
    spawn(Class::Control, async move {
        let vacated = core.call(ShardId(0), move |core| {
            core.openings.occupied.borrow_mut().remove(&key);
            core.openings.vacated.notify_all();
            std::future::ready(())
        });
        if vacated.await.is_err() {
            tracing::warn!("core 0 is gone: nobody opens what waits for a directory");
        }
    });
}

/// On core 0: ends when the directory is not occupied.
async fn wait_until_vacated(core: Rc<Core>, key: (Arc<str>, i32)) {
    loop {
        let vacated = core.openings.vacated.wait();
        if !core.openings.occupied.borrow().contains(&key) {
            return;
        }
        vacated.await;
    }
}

/// Opens new partitions of this core; returns when they are open, or cannot be. Those whose directory is occupied are opened later.
pub(crate) async fn open_all(core: &Rc<Core>, partitions: Vec<(Arc<Topic>, i32)>, occupied: &Occupied) {
    let (waiting, free): (Vec<_>, Vec<_>) =
        partitions.into_iter().partition(|(topic, index)| occupied.contains(&(topic.name.clone(), *index)));
    for (topic, index) in waiting {
        core.partitions.set(topic.id, index, Hosted::Opening);
        let core = core.clone();
        spawn(Class::Foreground, async move {
            let key = (topic.name.clone(), index);
            let vacated = core.call(ShardId(0), move |core| wait_until_vacated(core, key));
            if vacated.await.is_ok() && !is_deleted(&core, &topic) && !core.is_stopping() {
                open(&core, &topic, index, None).await;
            }
        });
    }
    let opening = stream::iter(free).for_each_concurrent(LOGS_AT_ONCE, |(topic, index)| async move {
        open(core, &topic, index, None).await;
    });
    opening.await;
}

fn is_deleted(core: &Core, topic: &Topic) -> bool {
    core.image().topic(topic.id).is_none()
}

/// At the start: begins to open what this core has, and returns.
pub(crate) fn begin(core: &Rc<Core>, partitions: Vec<(Arc<Topic>, i32)>, recovered: Arc<Recovered>) {
    let mut reachable = Vec::with_capacity(partitions.len());
    for (topic, index) in partitions {
        let Some(dir) = dir_of(core, &topic, index) else { continue };
        core.openings.began(&dir);
        core.partitions.set(topic.id, index, Hosted::Opening);
        reachable.push((topic, index, dir));
    }
    let core = core.clone();
    spawn(Class::Background, async move {
        let (core, recovered) = (&core, &*recovered);
        let opening =
            stream::iter(reachable).for_each_concurrent(LOGS_AT_ONCE, |(topic, index, dir)| async move {
                // Whoever stops leaves the rest to the next start.
                let succeeded = is_deleted(core, &topic)
                    || !core.is_stopping() && open(core, &topic, index, Some(recovered)).await;
                core.openings.count(&dir, succeeded);
            });
        opening.await;
    });
}

/// The data directory of this broker's replica; `None` when there is no replica here, or it cannot be reached, which is noted.
fn dir_of(core: &Core, topic: &Topic, index: i32) -> Option<PathBuf> {
    let dir = topic.partition(index)?.directory_of(core.node_id())?;
    match core.dir_of(dir) {
        Ok(dir) => Some(dir.path),
        Err(error) => {
            // The start has said so for all of them together.
            core.partitions.set(topic.id, index, Hosted::Offline(error));
            None
        }
    }
}

/// Opens one partition, and says whether it is served.
async fn open(core: &Rc<Core>, topic: &Topic, index: i32, recovered: Option<&Recovered>) -> bool {
    let Some(state) = topic.partition(index) else { return false };
    let Some(dir) = dir_of(core, topic, index) else { return false };
    let Some(settings) = core.topic_settings(topic.id) else { return false };
    core.partitions.set(topic.id, index, Hosted::Opening);
    let left = recovered.map(|recovered| recovered.of(&dir, &topic.name, index)).unwrap_or_default();
    let spec = PartitionSpec {
        topic: topic.name.clone(),
        topic_id: topic.id,
        index,
        data_directory: dir.clone(),
        node_id: core.node_id(),
        assignment: recovery::assignment(state),
        settings,
        resources: core.resources.clone(),
        clean_shutdown: left.clean_shutdown,
        recovery_point: left.recovery_point,
        log_start_offset: left.log_start_offset,
        high_watermark: left.high_watermark,
        cleaned_to: left.cleaned_to,
    };
    core.openings.under_way.borrow_mut().insert((topic.id, index));
    let result = Partition::open(spec).await;
    core.openings.under_way.borrow_mut().remove(&(topic.id, index));
    match result {
        _ if is_deleted(core, topic) => {
            match result {
                Ok(partition) => match partition.delete().await {
                    Ok(()) => {}
                    Err(error) => tracing::error!("cannot delete a partition's files: {error}"),
                },
                Err(_) => strays::leave_behind(core, topic, index).await,
            }
            vacate(core, topic, index);
            true
        }
        Ok(partition) => {
            if let Some(reason) = core.why_offline(&dir) {
                // The directory failed meanwhile.
                partition.log().take_offline(&reason);
            }
            follow_up(core, topic.id, index, &partition);
            core.partitions.set(topic.id, index, Hosted::Online(partition.clone()));
            groups::opened(core, &partition);
            true
        }
        Err(error) => {
            tracing::error!(topic = %topic.name, index, "a partition stays offline: {error}");
            core.failed_in(&dir, &error);
            core.partitions.set(topic.id, index, Hosted::Offline(error));
            false
        }
    }
}

/// What changed while it was being opened.
fn follow_up(core: &Core, topic: Uuid, index: i32, partition: &Partition) {
    let image = core.image();
    if let Some(state) = image.topic(topic).and_then(|topic| topic.partition(index)) {
        partition.assign(recovery::assignment(state));
    }
    if let Some(settings) = core.topic_settings(topic) {
        partition.set_settings(settings);
    }
}

/// On core 0, at the start: returns when all partitions are open, or when the broker had better serve those that are.
pub(crate) async fn settle(core: &Rc<Core>) {
    let began = ottla_io::now();
    let finished = core
        .mesh
        .shards()
        .map(|shard| core.call(shard, |core| async move { core.openings.finished().await }));
    let mut finished = Box::pin(join_all(finished));
    let in_time = timeout(PATIENCE, finished.as_mut()).await.is_ok();
    if in_time {
        tell(&gather(core).await, Some(began));
        return;
    }
    tracing::warn!("the recovery of logs takes longer: what is open is served meanwhile");
    tell(&gather(core).await, None);
    let core = core.clone();
    spawn(Class::Background, async move {
        while timeout(TELL_INTERVAL, finished.as_mut()).await.is_err() {
            if core.is_stopping() {
                return;
            }
            tell(&gather(&core).await, None);
        }
        tell(&gather(&core).await, Some(began));
    });
}

/// All cores' together.
async fn gather(core: &Rc<Core>) -> BTreeMap<PathBuf, Progress> {
    let calls = core.mesh.shards().map(|shard| {
        core.call(shard, |core| async move {
            let mut here = core.openings.progress.borrow().clone();
            for (dir, progress) in &mut here {
                progress.scanned_bytes = core.resources.scanned_bytes(dir);
            }
            here
        })
    });
    let mut all: BTreeMap<PathBuf, Progress> = BTreeMap::new();
    for (dir, here) in join_all(calls).await.into_iter().flatten().flatten() {
        let sum = all.entry(dir).or_default();
        sum.partitions += here.partitions;
        sum.opened += here.opened;
        sum.failed += here.failed;
        sum.scanned_bytes += here.scanned_bytes;
    }
    all
}

/// A line for each directory; `began` when all is done.
fn tell(all: &BTreeMap<PathBuf, Progress>, began: Option<Instant>) {
    for (dir, progress) in all {
        let Progress { partitions, opened, failed, scanned_bytes } = *progress;
        let scanned_mb = scanned_bytes >> 20;
        match began {
            Some(began) => tracing::info!(
                dir = %dir.display(), opened, failed, scanned_mb,
                "logs are open after {} ms", ottla_io::now().duration_since(began).as_millis()
            ),
            None => tracing::info!(
                dir = %dir.display(), failed, scanned_mb,
                "logs are being opened: {opened} of {partitions}"
            ),
        }
    }
}
