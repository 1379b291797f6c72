//! Before and after the load: topics with leaders, where partitions begin and end, what the settings promise.

use crate::client::admin::{EARLIEST, LATEST, Offsets};
use crate::client::{Cluster, TopicMap, group};
use crate::durability::Settings;
use crate::error::{Error, Result};
use crate::workload::{GroupProtocol, Workload};
use glommio::timer::sleep;
use glommio::{BuilderErrorKind, GlommioError, LocalExecutorBuilder, Placement};
use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

/// Memory that an executor registers with its ring. It counts against RLIMIT_MEMLOCK, often 8 MiB for all, and sockets need none of it.
pub const IO_MEMORY_BYTES: usize = 64 << 10;
pub const RING_DEPTH: usize = 256;
/// Kafka takes 10,000 records of metadata from one request; a partition is one.
const PARTITIONS_AT_ONCE: usize = 5_000;
const RETRY_WAIT: Duration = Duration::from_millis(50);
/// Kafka makes the topic of its groups at the first question, in a second or two.
const COORDINATOR_WITHIN: Duration = Duration::from_secs(6);

#[derive(Debug, Default)]
pub struct Prepared {
    pub topics: Vec<String>,
    pub leaders: TopicMap,
    pub nodes: BTreeMap<i32, String>,
    pub latest: Offsets,
    pub earliest: Offsets,
    pub broker_settings: Settings,
    /// Of one topic, which stands for all: they were made alike. With its replication factor.
    pub topic_settings: Vec<(Settings, i16)>,
    pub metadata_version: Option<i16>,
    /// Whether groups have a coordinator; not asked when nobody needs one.
    pub has_coordinator: bool,
    pub notes: Vec<String>,
}

/// Runs `task` on an executor of its own, on a thread of its own.
/// # Errors
/// `Worker` when there can be no executor, and those of the task.
pub fn alone<T: Send + 'static, F: Future<Output = Result<T>> + 'static>(
    task: impl FnOnce() -> F + Send + 'static,
) -> Result<T> {
    let worker = LocalExecutorBuilder::new(Placement::Unbound)
        .name("ottla-bench")
        .io_memory(IO_MEMORY_BYTES)
        .ring_depth(RING_DEPTH)
        .spawn(task)
        .map_err(|error| Error::Worker(error.to_string()))?;
    worker.join().map_err(of_join)?
}

/// Why a worker's thread ended without a result: a fault of ours, or it could not make its executor.
pub fn of_join(error: GlommioError<()>) -> Error {
    match error {
        GlommioError::BuilderError(BuilderErrorKind::ThreadPanic(_)) => Error::WorkerEnded(error.to_string()),
        other => Error::Worker(other.to_string()),
    }
}

/// Makes the workload's topics and asks what the load has to know.
pub fn prepare(
    workload: &Workload,
    bootstrap: &[String],
    run_id: &str,
    timeout: Duration,
) -> Result<Prepared> {
    let (workload, bootstrap, run_id) = (workload.clone(), bootstrap.to_vec(), run_id.to_owned());
    alone(move || async move { ask(&workload, &bootstrap, &run_id, timeout).await })
}

/// Asks only: the topics are there already, made by another process of the same load.
pub fn join(
    workload: &Workload,
    topics: Vec<String>,
    run_id: &str,
    bootstrap: &[String],
    timeout: Duration,
) -> Result<Prepared> {
    let (workload, bootstrap, run_id) = (workload.clone(), bootstrap.to_vec(), run_id.to_owned());
    alone(move || async move {
        let mut cluster = Cluster::connect(&bootstrap, timeout).await?;
        let mut prepared = look(&mut cluster, topics, timeout).await?;
        look_for_groups(&mut cluster, &workload, &run_id, &mut prepared).await;
        Ok(prepared)
    })
}

async fn ask(workload: &Workload, bootstrap: &[String], run_id: &str, timeout: Duration) -> Result<Prepared> {
    let mut cluster = Cluster::connect(bootstrap, timeout).await?;
    let settings = &workload.topics;
    let topics: Vec<String> = match &settings.existing {
        Some(name) => vec![name.clone()],
        None => (0..settings.count).map(|index| format!("{}-{run_id}-{index}", settings.prefix)).collect(),
    };
    if settings.existing.is_none() {
        let factor = settings.replication_factor;
        // Controllers refuse requests that make very many partitions at once.
        let at_once = (PARTITIONS_AT_ONCE / usize::try_from(settings.partitions).unwrap_or(1).max(1)).max(1);
        for topics in topics.chunks(at_once) {
            cluster.create_topics(topics, settings.partitions, factor, &settings.settings).await?;
        }
    }
    let mut prepared = look(&mut cluster, topics, timeout).await?;
    look_for_groups(&mut cluster, workload, run_id, &mut prepared).await;
    Ok(prepared)
}

/// Whether the workload's groups have a coordinator; without one the report says so.
async fn look_for_groups(cluster: &mut Cluster, workload: &Workload, run_id: &str, prepared: &mut Prepared) {
    if workload.consumers.protocol != GroupProtocol::Classic {
        return;
    }
    let timeout = cluster.timeout();
    match find_coordinator(cluster, run_id, timeout).await {
        Ok(()) => prepared.has_coordinator = true,
        Err(error) => prepared.notes.push(format!(
            "The broker has no coordinator for groups ({error}): partitions were dealt out to consumers beforehand instead."
        )),
    }
}

/// A coordinator's own topic may have to be made first.
async fn find_coordinator(cluster: &mut Cluster, group: &str, timeout: Duration) -> Result<()> {
    let began = Instant::now();
    loop {
        match group::coordinator(cluster, group).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_retriable() && began.elapsed() < timeout.min(COORDINATOR_WITHIN) => {
                sleep(RETRY_WAIT).await
            }
            Err(error) => return Err(error),
        }
    }
}

async fn look(cluster: &mut Cluster, topics: Vec<String>, timeout: Duration) -> Result<Prepared> {
    let (leaders, latest) = begin(cluster, &topics, timeout).await?;
    let earliest = cluster.list_offsets(&leaders, EARLIEST).await?;
    let mut prepared = Prepared { nodes: cluster.nodes.clone(), latest, earliest, ..Prepared::default() };
    let first_leader = leaders.values().flatten().map(|partition| partition.leader).next().unwrap_or(-1);
    prepared.metadata_version = cluster.any().await?.metadata_version;
    match cluster.broker_settings(first_leader).await {
        Ok(settings) => prepared.broker_settings = settings,
        Err(error) => prepared.notes.push(format!("The broker does not tell its settings: {error}")),
    }
    if let Some(topic) = topics.first()
        && let Ok(settings) = cluster.topic_settings(topic).await
    {
        let replicas = cluster.replicas(topic).await.unwrap_or(1);
        prepared.topic_settings.push((settings, replicas));
    }
    prepared.topics = topics;
    prepared.leaders = leaders;
    Ok(prepared)
}

/// The leaders of all partitions and where these end. A leader that Kafka's metadata names may not know of it yet, so refusals that pass
/// are asked again.
async fn begin(cluster: &mut Cluster, topics: &[String], timeout: Duration) -> Result<(TopicMap, Offsets)> {
    let began = Instant::now();
    loop {
        let leaders = cluster.wait_for_leaders(topics, timeout).await?;
        match cluster.list_offsets(&leaders, LATEST).await {
            Ok(latest) => return Ok((leaders, latest)),
            Err(error) if error.is_retriable() && began.elapsed() < timeout => sleep(RETRY_WAIT).await,
            Err(error) => return Err(error),
        }
    }
}

/// How far consumers of one group have to read: the partitions' ends over where the load began, summed.
pub fn produced(prepared: &Prepared, bootstrap: &[String], timeout: Duration) -> Result<i64> {
    let (leaders, bootstrap) = (prepared.topics.clone(), bootstrap.to_vec());
    let latest = prepared.latest.clone();
    alone(move || async move {
        let mut cluster = Cluster::connect(&bootstrap, timeout).await?;
        let leaders = cluster.refresh(&leaders).await?;
        let ends = cluster.list_offsets(&leaders, LATEST).await?;
        Ok(ends.iter().map(|(key, end)| end - latest.get(key).copied().unwrap_or(0)).sum())
    })
}

/// Removes topics that a run made.
pub fn remove(topics: Vec<String>, bootstrap: &[String], timeout: Duration) -> Result<()> {
    let bootstrap = bootstrap.to_vec();
    alone(move || async move { Cluster::connect(&bootstrap, timeout).await?.delete_topics(&topics).await })
}
