//! Moves of replicas between the data directories of this broker (KIP-113): a copy grows beside the log that is served, and takes its
//! place.
//!
//! ```text
//! A/t-0 served          B/t-0.UNIQUE-future grows, at the rate of replica.alter.log.dirs.io.max.bytes.per.second
//!   it has nearly all:  A/t-0 stands still, B's has all and is closed, B's checkpoints know of it
//!   the controller is told that the replica lies in B ◀── from here on B's copy is the replica
//!   A/t-0 is renamed to be deleted, B's to t-0, and served
//! ```
//! A crash before the controller's record leaves the replica where it was, and the next start begins the move anew; after it the next
//! start does the renames that are left: see [`settle`]. While the replica stands still its clients get NOT_LEADER_OR_FOLLOWER, on which
//! they ask again.
//!
//! Each core moves its own partitions, in the background class.

use crate::cleaner_offsets;
use crate::controller::{self, Controller};
use crate::core::Core;
use crate::groups;
use crate::log_dirs::LogDir;
use crate::openings;
use crate::recovery::RecoveredPartition;
use crate::server::Failure;
use crate::strays;
use ottla_io::local::Event;
use ottla_io::{Class, ShardId, sleep, spawn};
use ottla_log::compact::Pace;
use ottla_log::data_directory::{self, PartitionDir};
use ottla_log::{Error, Offset};
use ottla_metadata::decide::directories::{Located, assign_replicas};
use ottla_metadata::{Image, Topic, Uuid};
use ottla_protocol::ErrorCode;
use ottla_shard::{Finished, FutureLog, Hosted, Partition};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// A copy that lacks no more than this takes over: its clients wait for as long as that takes to copy.
const LAG_MAX: Offset = 100;
/// So often a copy is brought up to date before the partition stands still all the same: it is written to all the time then.
const ROUNDS_MAX: usize = 20;
/// Between two looks whether a partition is open whose move is to begin anew, or whose groups are being loaded.
const POLL: Duration = Duration::from_millis(50);

/// One core's.
#[derive(Default)]
pub(crate) struct Moves {
    under_way: RefCell<BTreeMap<(Uuid, i32), Rc<Move>>>,
    pace: Pace,
}

/// One partition's.
pub(crate) struct Move {
    to: LogDir,
    topic: Arc<str>,
    future: RefCell<Option<Rc<FutureLog>>>,
    is_cancelled: Cell<bool>,
    /// While the copy takes over: where its log begins.
    log_start: Cell<Option<Offset>>,
    ended: Event,
}

/// A copy as it is now.
pub(crate) struct Standing {
    pub(crate) dir: PathBuf,
    pub(crate) topic: Arc<str>,
    pub(crate) index: i32,
    pub(crate) size_bytes: u64,
    pub(crate) lag: Offset,
}

impl Moves {
    /// The copies of this core that grow.
    pub(crate) fn standings(&self) -> Vec<Standing> {
        let under_way = self.under_way.borrow();
        let standing = |((_, index), this): (&(Uuid, i32), &Rc<Move>)| {
            let future = this.future.borrow().clone()?;
            Some(Standing {
                dir: this.to.path.clone(),
                topic: this.topic.clone(),
                index: *index,
                size_bytes: future.size_bytes(),
                lag: future.lag(),
            })
        };
        under_way.iter().filter_map(standing).collect()
    }

    /// Directory, topic, partition and log start of the copies that take over now.
    pub(crate) fn log_starts(&self) -> Vec<(PathBuf, String, i32, Offset)> {
        let under_way = self.under_way.borrow();
        let start = |((_, index), this): (&(Uuid, i32), &Rc<Move>)| {
            let start = this.log_start.get().filter(|start| *start > 0)?;
            Some((this.to.path.clone(), this.topic.to_string(), *index, start))
        };
        under_way.iter().filter_map(start).collect()
    }
}

/// On the partition's core: has its replica move to the data directory `to`, where a move that is under way does not go already; in
/// place of that one otherwise. A replica that lies there stays, and a move elsewhere ends.
/// # Errors
/// REPLICA_NOT_AVAILABLE while the partition is not open; KAFKA_STORAGE_ERROR when its log is offline, and while any directory is, in which
/// it may lie for all that Kafka knows.
pub(crate) fn begin(core: &Rc<Core>, topic_id: Uuid, index: i32, to: LogDir) -> Result<(), ErrorCode> {
    let partition = core.partitions.get(topic_id, index).map_err(|code| match code {
        ErrorCode::NOT_LEADER_OR_FOLLOWER => ErrorCode::REPLICA_NOT_AVAILABLE,
        code => code,
    })?;
    let lies_there = partition.log().dir().parent() == Some(&to.path);
    if !lies_there && !core.offline_dirs.borrow().is_empty() {
        return Err(ErrorCode::KAFKA_STORAGE_ERROR);
    }
    let key = (topic_id, index);
    let before = core.moves.under_way.borrow().get(&key).cloned();
    if let Some(before) = &before {
        if before.to == to && !before.is_cancelled.get() {
            return Ok(());
        }
        before.is_cancelled.set(true);
        core.moves.under_way.borrow_mut().remove(&key);
    }
    if lies_there {
        return Ok(());
    }
    let this = Rc::new(Move {
        to,
        topic: partition.topic().clone(),
        future: RefCell::default(),
        is_cancelled: Cell::new(false),
        log_start: Cell::new(None),
        ended: Event::new(),
    });
    core.moves.under_way.borrow_mut().insert(key, this.clone());
    let core = core.clone();
    spawn(Class::Background, async move {
        if let Some(before) = before {
            before.wait_until_ended().await;
        }
        run(&core, &partition, &this).await;
        let mut under_way = core.moves.under_way.borrow_mut();
        if under_way.get(&key).is_some_and(|other| Rc::ptr_eq(other, &this)) {
            under_way.remove(&key);
        }
        drop(under_way);
        this.future.borrow_mut().take();
        this.is_cancelled.set(true);
        this.ended.notify_all();
    });
    Ok(())
}

impl Move {
    async fn wait_until_ended(&self) {
        loop {
            let ended = self.ended.wait();
            // A move that has ended holds no copy, and one that was cancelled makes none.
            if self.is_cancelled.get() && self.future.borrow().is_none() {
                return;
            }
            ended.await;
        }
    }
}

async fn run(core: &Rc<Core>, partition: &Rc<Partition>, this: &Rc<Move>) {
    let (topic, index) = (partition.topic(), partition.index());
    if this.is_cancelled.get() {
        return;
    }
    let dir = this.to.path.join(data_directory::future_name(topic, index));
    tracing::info!(%topic, index, to = %this.to.path.display(), "a replica moves to another data directory");
    let future = match FutureLog::create(partition, dir.clone(), &core.resources).await {
        Ok(future) => Rc::new(future),
        Err(error) => {
            tracing::error!(%topic, index, "a replica cannot be moved: {error}");
            return;
        }
    };
    *this.future.borrow_mut() = Some(future.clone());
    let ended = match copy(core, partition, this, &future).await {
        Ok(true) => take_over(core, partition, this, &future).await,
        other => other,
    };
    match ended {
        Ok(true) => {
            tracing::info!(%topic, index, dir = %this.to.path.display(), "a replica has moved");
        }
        // The next start goes on.
        Ok(false) if core.is_stopping() => {}
        Ok(false) => {
            tracing::info!(%topic, index, "a replica's move is given up");
            discard(&future).await;
        }
        Err(error) => {
            tracing::error!(%topic, index, "a replica's move is given up: {error}");
            discard(&future).await;
        }
    }
}

async fn discard(future: &FutureLog) {
    if let Err(error) = future.delete().await {
        tracing::warn!("what was copied of a replica cannot be removed: {error}");
    }
}

/// Brings the copy so far that it can take over. False: the move is not wanted any more.
async fn copy(
    core: &Rc<Core>,
    partition: &Rc<Partition>,
    this: &Move,
    future: &FutureLog,
) -> Result<bool, Error> {
    let key = (partition.topic_id(), partition.index());
    let is_served = || matches!(core.partitions.state(key.0, key.1), Some(Hosted::Online(served)) if Rc::ptr_eq(&served, partition));
    let goes_on = || !this.is_cancelled.get() && !core.is_stopping() && is_served();
    for _ in 0..ROUNDS_MAX {
        let rate = core.live.borrow().move_bytes_per_second / core.mesh.shard_count().max(1) as f64;
        core.moves.pace.set_bytes_per_second(rate);
        if !future.copy(&core.moves.pace, &goes_on).await? {
            return Ok(false);
        }
        if future.lag() <= LAG_MAX {
            break;
        }
    }
    // Groups that are being loaded would not know that their log is another one.
    while goes_on() && groups::is_loading(core, key.0, key.1) {
        sleep(POLL).await;
    }
    Ok(goes_on())
}

/// The copy becomes the replica. False: it did not, and the partition is served as before.
async fn take_over(
    core: &Rc<Core>,
    partition: &Rc<Partition>,
    this: &Move,
    future: &FutureLog,
) -> Result<bool, Error> {
    let (topic_id, index) = (partition.topic_id(), partition.index());
    // From here on a deletion of the topic is put off: see `openings`.
    core.partitions.set(topic_id, index, Hosted::Opening);
    openings::begin_exchange(core, topic_id, index);
    groups::leave(core, topic_id, index);
    let prepared = prepare(core, partition, this, future).await;
    let committed = match prepared {
        Ok(Some(finished)) => {
            commit(core, topic_id, index, &this.to).await.map(|topic| Some((finished, topic)))
        }
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    let is_moved = matches!(committed, Ok(Some((_, Some(_)))));
    if let Ok(Some((finished, Some(topic)))) = &committed {
        exchange(core, partition, future, finished, topic).await;
    } else {
        openings::end(core, partition, Ok(())).await;
    }
    this.log_start.set(None);
    match committed {
        Ok(_) => Ok(is_moved),
        Err(error) => Err(error),
    }
}

/// The copy has everything and is closed, and the checkpoints of its directory know of it. `None`: they cannot be written.
async fn prepare(
    core: &Rc<Core>,
    partition: &Rc<Partition>,
    this: &Move,
    future: &FutureLog,
) -> Result<Option<Finished>, Error> {
    let finished = future.finish(&Pace::default()).await?;
    this.log_start.set(Some(finished.log_start_offset));
    if core.store_log_starts().await.is_err() {
        return Ok(None);
    }
    if let Some(cleaned_to) = finished.cleaned_to
        && !cleaner_offsets::store_in(core, this.to.path.clone(), partition, cleaned_to).await
    {
        return Ok(None);
    }
    Ok(Some(finished))
}

/// Tells the controller. Returns the topic as it is then; `None` when it is gone.
async fn commit(
    core: &Rc<Core>,
    topic_id: Uuid,
    index: i32,
    to: &LogDir,
) -> Result<Option<Arc<Topic>>, Error> {
    let (node_id, dir) = (core.node_id(), to.id);
    let located = [Located { topic_id, index, dir }];
    let call = core.call(ShardId(0), move |core| async move {
        let controller: Option<Controller> = core.controller.borrow().clone();
        let controller = controller.ok_or_else(|| controller::Error::Stopped("the broker stops".into()))?;
        controller.submit(move |image: &Arc<Image>, _| assign_replicas(image, node_id, &located)).await
    });
    let refused = |reason: String| Error::Offline { dir: to.path.clone(), reason };
    let committed = match call.await {
        Ok(Ok(committed)) => committed,
        Ok(Err(error)) => return Err(refused(format!("the controller does not take the move: {error}"))),
        Err(_) => return Err(refused("core 0 is gone".to_owned())),
    };
    let topic = committed.image.topic(topic_id).cloned();
    Ok(topic.filter(|topic| {
        topic.partition(index).is_some_and(|partition| partition.directory_of(node_id) == Some(dir))
    }))
}

/// The renames, and the new log is served. What fails here leaves the partition offline; the next start does the rest.
async fn exchange(
    core: &Rc<Core>,
    partition: &Rc<Partition>,
    future: &FutureLog,
    finished: &Finished,
    topic: &Arc<Topic>,
) {
    let index = partition.index();
    let renamed = async {
        let retired = partition.log().retire().await?;
        data_directory::promote_future(future.dir(), partition.topic(), index).await?;
        Ok::<PathBuf, Error>(retired)
    };
    match renamed.await {
        Ok(retired) => {
            let left = RecoveredPartition {
                clean_shutdown: true,
                recovery_point: Some(finished.log_end_offset),
                log_start_offset: Some(finished.log_start_offset),
                high_watermark: Some(finished.high_watermark),
                cleaned_to: finished.cleaned_to,
            };
            openings::open(core, topic, index, left).await;
            spawn(Class::Background, async move {
                if let Err(error) = data_directory::remove_retired(&retired).await {
                    tracing::warn!("what a moved replica has left behind stays: {error}");
                }
            });
        }
        Err(error) => {
            tracing::error!(topic = %partition.topic(), index, "a moved replica is offline until the next start: {error}");
            if let Some(dir) = future.dir().parent() {
                core.failed_in(dir, &error);
            }
            openings::end(core, partition, Err(error)).await;
        }
    }
}

/// A move that the last process had begun.
#[derive(Clone, Debug)]
pub(crate) struct Unfinished {
    topic_id: Uuid,
    index: i32,
    to: LogDir,
}

/// At the start, before anything else looks at `found`: a copy that the controller knows as the replica takes its place, and what it has
/// replaced goes; any other is removed. Returns the moves that are to begin anew.
/// # Errors
/// What the renames say: nobody must make an empty log where a copy waits.
pub(crate) async fn settle(
    image: &Image,
    node_id: i32,
    dirs: &[LogDir],
    found: &mut BTreeMap<PathBuf, Vec<PartitionDir>>,
) -> Result<Vec<Unfinished>, Failure> {
    let failed = |error: Error| Failure::Start(format!("a replica's move cannot be finished: {error}"));
    let mut unfinished = Vec::new();
    for dir in dirs {
        for future in data_directory::futures(&dir.path).await.map_err(failed)? {
            let PartitionDir { topic, index, path } = future;
            let known = image.topic_by_name(&topic);
            let partition = known.and_then(|topic| topic.partition(index));
            let (Some(known), Some(partition)) = (known, partition) else {
                data_directory::delete_partition(&path).await.map_err(failed)?;
                continue;
            };
            let is_its_own = strays::topic_id(&path).await == Some(known.id);
            let assigned = partition.directory_of(node_id);
            let here = found.get(&dir.path).into_iter().flatten();
            let is_here = here.into_iter().any(|other| other.topic == topic && other.index == index);
            if !is_its_own || assigned.is_none() || is_here || assigned != Some(dir.id) {
                if is_its_own && !is_here && assigned.is_some() {
                    unfinished.push(Unfinished { topic_id: known.id, index, to: dir.clone() });
                }
                data_directory::delete_partition(&path).await.map_err(failed)?;
                continue;
            }
            tracing::info!(%topic, index, dir = %dir.path.display(), "a replica's move is finished");
            for replaced in found.values_mut() {
                let at = replaced.iter().position(|other| other.topic == topic && other.index == index);
                let Some(at) = at else { continue };
                let Some(old) = replaced.get(at).cloned() else { continue };
                if strays::topic_id(&old.path).await == Some(known.id) {
                    data_directory::delete_partition(&old.path).await.map_err(failed)?;
                    replaced.remove(at);
                }
            }
            data_directory::promote_future(&path, &topic, index).await.map_err(failed)?;
            let path = dir.path.join(format!("{topic}-{index}"));
            found.entry(dir.path.clone()).or_default().push(PartitionDir { topic, index, path });
        }
    }
    Ok(unfinished)
}

/// On core 0, once requests are served: begins the moves anew that the last process did not finish.
pub(crate) fn resume(core: &Rc<Core>, unfinished: Vec<Unfinished>) {
    for Unfinished { topic_id, index, to } in unfinished {
        let call = core.call(core.owner(topic_id, index), move |core| async move {
            spawn(Class::Background, async move {
                while matches!(core.partitions.state(topic_id, index), Some(Hosted::Opening)) {
                    if core.is_stopping() {
                        return;
                    }
                    sleep(POLL).await;
                }
                if let Err(code) = begin(&core, topic_id, index, to) {
                    tracing::warn!(index, "a replica's move cannot be taken up again: {code}");
                }
            });
        });
        spawn(Class::Background, async move {
            if call.await.is_err() {
                tracing::warn!("a core is gone: a replica's move is not taken up again");
            }
        });
    }
}
