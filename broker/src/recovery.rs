//! What the last process left in the data directories for the next one: the checkpoints, and the mark of a clean shutdown.
//!
//! Core 0 alone reads and writes them. A directory that cannot be written any more goes offline: see [`crate::log_dirs`].

use crate::core::Core;
use crate::log_dirs::LogDir;
use crate::log_starts;
use futures_util::future::join_all;
use ottla_log::checkpoint::offsets::{CLEANER, LOG_START, Offsets, RECOVERY_POINT, REPLICATION};
use ottla_log::{Offset, data_directory};
use ottla_metadata::Uuid;
use ottla_replica::Assignment;
use ottla_shard::{Hosted, Partition};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What the last process left, by directory.
#[derive(Debug, Default)]
pub(crate) struct Recovered(BTreeMap<PathBuf, Left>);

#[derive(Debug, Default)]
struct Left {
    clean: bool,
    recovery_points: Offsets,
    log_starts: Offsets,
    high_watermarks: Offsets,
    cleaned: Offsets,
}

/// The same of one partition.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecoveredPartition {
    pub(crate) clean_shutdown: bool,
    pub(crate) recovery_point: Option<Offset>,
    pub(crate) log_start_offset: Option<Offset>,
    pub(crate) high_watermark: Option<Offset>,
    pub(crate) cleaned_to: Option<Offset>,
}

impl Recovered {
    /// Reads what is in `dir` and takes the mark of a clean shutdown away.
    /// # Errors
    /// A file that cannot be read or removed.
    pub(crate) async fn read(&mut self, dir: &Path) -> Result<(), ottla_log::Error> {
        let left = Left {
            clean: data_directory::take_clean_shutdown(dir).await?.is_some(),
            recovery_points: data_directory::load_offsets(dir, RECOVERY_POINT).await?,
            log_starts: data_directory::load_offsets(dir, LOG_START).await?,
            high_watermarks: data_directory::load_offsets(dir, REPLICATION).await?,
            cleaned: data_directory::load_offsets(dir, CLEANER).await?,
        };
        self.0.insert(dir.to_owned(), left);
        Ok(())
    }

    pub(crate) fn of(&self, dir: &Path, topic: &str, partition: i32) -> RecoveredPartition {
        let Some(left) = self.0.get(dir) else { return RecoveredPartition::default() };
        let key = (topic.to_owned(), partition);
        RecoveredPartition {
            clean_shutdown: left.clean,
            recovery_point: left.recovery_points.get(&key).copied(),
            log_start_offset: left.log_starts.get(&key).copied(),
            high_watermark: left.high_watermarks.get(&key).copied(),
            cleaned_to: left.cleaned.get(&key).copied(),
        }
    }

    /// Keeps what `keep` says of the directory's partitions. Returns the checkpoints that have changed by that.
    pub(crate) fn retain(
        &mut self,
        dir: &Path,
        keep: impl Fn(&(String, i32)) -> bool,
    ) -> Vec<(&'static str, Offsets)> {
        let Some(left) = self.0.get_mut(dir) else { return Vec::new() };
        let files = [
            (RECOVERY_POINT, &mut left.recovery_points),
            (LOG_START, &mut left.log_starts),
            (REPLICATION, &mut left.high_watermarks),
            (CLEANER, &mut left.cleaned),
        ];
        let mut changed = Vec::new();
        for (name, offsets) in files {
            let before = offsets.len();
            offsets.retain(|key, _| keep(key));
            if offsets.len() < before {
                changed.push((name, offsets.clone()));
            }
        }
        changed
    }

    /// The log starts, by directory.
    pub(crate) fn log_starts(&self) -> BTreeMap<PathBuf, Offsets> {
        self.0.iter().map(|(dir, left)| (dir.clone(), left.log_starts.clone())).collect()
    }

    /// Up to where logs are compacted, by directory.
    pub(crate) fn cleaned(&self) -> BTreeMap<PathBuf, Offsets> {
        self.0.iter().map(|(dir, left)| (dir.clone(), left.cleaned.clone())).collect()
    }

    pub(crate) fn was_clean(&self) -> bool {
        self.0.values().all(|left| left.clean)
    }
}

/// What the replica crate wants to know of the image's partition.
pub(crate) fn assignment(partition: &ottla_metadata::Partition) -> Assignment {
    Assignment {
        leader_epoch: partition.leader_epoch,
        partition_epoch: partition.partition_epoch,
        replicas: partition.replicas.clone(),
        in_sync_replicas: partition.isr.clone(),
    }
}

/// Where one partition stands, for the checkpoints.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    dir: PathBuf,
    topic: String,
    partition: i32,
    /// `None`: it could not be flushed, so that the next start has to scan it.
    recovery_point: Option<Offset>,
    high_watermark: Offset,
}

/// How the checkpoints are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checkpoint {
    /// Flushes what has changed; the logs go on.
    Running,
    /// Closes every log.
    Closing,
}

/// What one core knows of its partitions.
#[derive(Default)]
struct Here {
    standings: Vec<Standing>,
    unknown: Unopened,
}

/// Asks every core where its partitions stand and replaces the checkpoint files. Returns the directories of which every log
/// was flushed, or with [`Checkpoint::Closing`] closed.
pub(crate) async fn checkpoint(core: &Rc<Core>, how: Checkpoint) -> Vec<PathBuf> {
    let _writing = core.checkpoint_files.acquire(1).await;
    let calls = core.mesh.shards().map(|shard| core.call(shard, move |core| here(core, how)));
    let mut all = Here::default();
    // Of a core that does not answer nothing is known.
    let mut known = true;
    for here in join_all(calls).await {
        match here {
            Ok(here) => {
                all.standings.extend(here.standings);
                all.unknown.extend(here.unknown);
            }
            Err(_) => known = false,
        }
    }
    if !known && all.standings.is_empty() {
        return Vec::new();
    }
    let mut complete = Vec::new();
    for dir in core.online_dirs() {
        match store(&dir, &all).await {
            Ok(is_complete) => complete.extend(Some(dir.path).filter(|_| is_complete && known)),
            Err((name, error)) => {
                tracing::error!("cannot store {name}: {error}. The next start scans more");
                core.failed_in(&dir.path, &error);
            }
        }
    }
    // These have a writer of their own, which no other may overtake.
    if log_starts::store(core).await.is_ok() { complete } else { Vec::new() }
}

/// Replaces the checkpoints of one directory. True when nothing in it is left to the next start.
async fn store(dir: &LogDir, all: &Here) -> Result<bool, (&'static str, ottla_log::Error)> {
    let (dir, id) = (&dir.path, dir.id);
    let standings: Vec<&Standing> = all.standings.iter().filter(|standing| standing.dir == *dir).collect();
    let flushed = standings.iter().all(|standing| standing.recovery_point.is_some());
    let mut complete = flushed && all.unknown.values().all(|unknown| *unknown != id);
    let of = |value: fn(&Standing) -> Option<Offset>| -> Offsets {
        standings.iter().filter_map(|s| Some(((s.topic.clone(), s.partition), value(s)?))).collect()
    };
    let files = [
        (RECOVERY_POINT, of(|standing| standing.recovery_point)),
        (REPLICATION, of(|standing| Some(standing.high_watermark))),
    ];
    for (name, mut offsets) in files {
        if !all.unknown.is_empty() {
            let stored = data_directory::load_offsets(dir, name).await.map_err(|error| (name, error))?;
            let kept = stored.into_iter().filter(|(key, _)| all.unknown.get(key) == Some(&id));
            for (key, offset) in kept {
                offsets.entry(key).or_insert(offset);
                complete = false;
            }
        }
        data_directory::store_offsets(dir, name, &offsets).await.map_err(|error| (name, error))?;
    }
    Ok(complete)
}

async fn here(core: Rc<Core>, how: Checkpoint) -> Here {
    let (online, unknown) = hosted(&core);
    Here { standings: standings(online, how).await, unknown }
}

/// By topic and index: with the id of the directory in which they lie.
pub(crate) type Unopened = BTreeMap<(String, i32), Uuid>;

/// What this core hosts: the partitions that are online, and those that are being opened, or could not be, of which nobody knows better
/// than the files.
pub(crate) fn hosted(core: &Core) -> (Vec<Rc<Partition>>, Unopened) {
    let (mut online, mut unopened) = (Vec::new(), Unopened::new());
    let image = core.image();
    for ((topic_id, index), hosted) in core.partitions.all() {
        match hosted {
            Hosted::Online(partition) => online.push(partition),
            Hosted::Opening | Hosted::Offline(_) => {
                let Some(topic) = image.topic(topic_id) else { continue };
                let dir = topic.partition(index).and_then(|state| state.directory_of(core.node_id()));
                unopened.insert((topic.name.to_string(), index), dir.unwrap_or(Uuid::ZERO));
            }
        }
    }
    (online, unopened)
}

async fn standings(online: Vec<Rc<Partition>>, how: Checkpoint) -> Vec<Standing> {
    let mut standings = Vec::new();
    let flushing = online.into_iter().map(|partition| async move {
        let flushed = match how {
            Checkpoint::Running => partition.checkpoint().await,
            Checkpoint::Closing => partition.close().await,
        };
        let recovery_point =
            flushed.map_err(|error| tracing::warn!("a log could not be flushed: {error}")).ok();
        (partition, recovery_point)
    });
    for (partition, recovery_point) in join_all(flushing).await {
        let dir = partition.log().dir();
        standings.push(Standing {
            dir: dir.parent().unwrap_or(dir).to_path_buf(),
            topic: partition.topic().to_string(),
            partition: partition.index(),
            recovery_point,
            high_watermark: partition.high_watermark(),
        });
    }
    standings
}

/// The last thing that a process writes, in the directories whose logs are all closed.
pub(crate) async fn leave_clean(core: &Core, closed: &[PathBuf]) {
    for dir in closed {
        if let Err(error) = data_directory::leave_clean_shutdown(dir, core.identity().broker_epoch).await {
            tracing::warn!("no mark of a clean shutdown is left: {error}. The next start scans the logs");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestBroker;
    use ottla_log::checkpoint::offsets::{LOG_START, RECOVERY_POINT};
    use ottla_protocol::messages as m;
    use ottla_protocol::records::BatchBuilder;
    use ottla_protocol::{ApiKey, Records};
    use std::fs;
    use std::time::{Duration, Instant};

    /// What the checkpoint `name` says within 20 seconds.
    fn wait_for_line(broker: &TestBroker, name: &str, line: &str) {
        let began = Instant::now();
        loop {
            let found = fs::read_to_string(broker.data().join(name)).unwrap_or_default();
            if found.lines().any(|found| found == line) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{name} says {found:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn produce_an_old_record(broker: &TestBroker) {
        let mut builder = BatchBuilder::new();
        builder.push(1, None, Some(b"v"), &[]);
        let batch = builder.build().expect("a batch");
        let partition =
            m::produce_request::PartitionProduceData { index: 0, records: Some(Records::Slice(&batch)) };
        let topic = m::produce_request::TopicProduceData {
            name: "t".into(),
            partition_data: vec![partition],
            ..Default::default()
        };
        let request =
            m::ProduceRequest { acks: -1, timeout_ms: 10_000, topic_data: vec![topic], ..Default::default() };
        let answer = broker.ask(ApiKey::Produce, 9, &request);
        let response: m::ProduceResponse<'_> = answer.decode();
        let said = response.responses.first().and_then(|topic| topic.partition_responses.first());
        assert_eq!(said.map(|partition| partition.error_code), Some(0));
    }

    /// Each checkpoint has an interval of its own; the other's would be a minute.
    #[test]
    fn checkpoints_are_written_at_their_intervals() {
        let broker = TestBroker::start(&[("log.flush.offset.checkpoint.interval.ms", "20")]);
        broker.create_topic("t", 1);
        produce_an_old_record(&broker);
        wait_for_line(&broker, RECOVERY_POINT, "t 0 1");
        drop(broker);
        let broker = TestBroker::start(&[
            ("log.flush.start.offset.checkpoint.interval.ms", "20"),
            ("log.retention.check.interval.ms", "20"),
        ]);
        broker.create_topic("t", 1);
        produce_an_old_record(&broker);
        wait_for_line(&broker, LOG_START, "t 0 1");
    }
}
