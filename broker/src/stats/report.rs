//! What a broker says of itself at one moment: gathered by one call to each core, which copies its own counts and goes on.

use super::NetCounts;
use crate::core::Core;
use futures_util::future::join_all;
use ottla_io::Counters;
use ottla_io::runtime::{self, Process};
use ottla_log::LogCounts;
use ottla_protocol::{ApiKey, ErrorCode};
use ottla_shard::stages::StageTimes;
use std::rc::Rc;

/// A number that goes up and down, with the sentence that says what it is.
pub(crate) type Gauge = (&'static str, &'static str, u64);

/// One core's part. Counts are since the core began.
#[derive(Clone, Debug)]
pub(crate) struct CoreReport {
    pub(crate) shard: u16,
    /// Monotonic nanoseconds, of a clock that all cores share.
    pub(crate) at_nanos: u64,
    pub(crate) io: Counters,
    pub(crate) log: LogCounts,
    pub(crate) net: NetCounts,
    pub(crate) gauges: Vec<Gauge>,
    pub(crate) stages: Vec<StageTimes>,
    pub(crate) requests: Vec<(ApiKey, u64)>,
    pub(crate) errors: Vec<(ApiKey, ErrorCode, u64)>,
}

/// The whole broker's.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) node_id: i32,
    pub(crate) cluster_id: String,
    pub(crate) began_unix_ms: i64,
    pub(crate) process: Process,
    pub(crate) gauges: Vec<Gauge>,
    pub(crate) cores: Vec<CoreReport>,
}

/// On shard 0. A core that has stopped is left out.
pub(crate) async fn gather(core: &Rc<Core>) -> Report {
    let calls = core.mesh.shards().map(|shard| core.call(shard, |core| async move { of_core(&core) }));
    let cores: Vec<CoreReport> = join_all(calls).await.into_iter().filter_map(Result::ok).collect();
    let io = cores.iter().fold(Counters::default(), |sum, core| sum + core.io);
    // Buffers go back to the core that drops them, so that only the sum over all cores says what is in use.
    let buffer_bytes = io.buffer_bytes_taken.saturating_sub(io.buffer_bytes_returned);
    let image = core.image();
    let controller = core.controller.borrow().clone();
    let term = controller.as_ref().map_or(0, |controller| controller.term());
    let committed = controller.as_ref().map_or(0, |controller| controller.image().offset());
    Report {
        node_id: core.node_id(),
        cluster_id: image.cluster_id().to_owned(),
        began_unix_ms: core.began_unix_ms,
        process: runtime::process(),
        gauges: vec![
            ("controller_term", "Term of the controller's Raft group.", term),
            ("controller_commit_index", "Index of the last change of metadata that is committed.", committed),
            (
                "metadata_image_version",
                "Index of the last change of metadata that shard 0 follows.",
                image.offset(),
            ),
            ("buffer_bytes", "I/O buffers and tail regions in use.", buffer_bytes),
            (
                "log_dirs_offline",
                "Data directories that failed, or could not be used at the start.",
                core.offline_dirs.borrow().len() as u64,
            ),
            ("topics", "Topics of the cluster.", image.topic_count() as u64),
            ("partitions", "Partitions of the cluster.", image.partition_count() as u64),
        ],
        cores,
    }
}

fn of_core(core: &Core) -> CoreReport {
    let io = ottla_io::counters();
    let census = core.partitions.census();
    let (request_bytes, response_bytes) = core.budget.in_use();
    let gauge = |name, help, value: usize| (name, help, value as u64);
    CoreReport {
        shard: core.mesh.shard().0,
        at_nanos: ottla_io::now().0,
        io,
        log: core.resources.counts(),
        net: core.stats.net.read(),
        gauges: vec![
            gauge("connections", "Connections that are open.", core.connections.count()),
            gauge("partitions_led", "Partitions whose log is open here.", census.online),
            gauge("partitions_opening", "Partitions whose log is being opened.", census.opening),
            gauge(
                "partitions_offline",
                "Partitions whose log failed or could not be opened.",
                census.offline,
            ),
            gauge("parked_fetches", "Fetches that wait for records.", core.stats.parked.get()),
            gauge("fetch_sessions", "Fetch sessions that are kept.", core.sessions.count()),
            gauge(
                "fetch_session_watches",
                "Partitions that are watched for large fetch sessions.",
                core.shares.partitions(),
            ),
            gauge("memory_requests_bytes", "Counted memory that requests hold.", request_bytes),
            gauge("memory_responses_bytes", "Counted memory that responses hold.", response_bytes),
            gauge(
                "memory_limit_bytes",
                "Memory that requests and responses may hold.",
                core.limits.memory_bytes,
            ),
            gauge("memory_waiting", "Requests and responses that wait for memory.", core.budget.waiting()),
            gauge("batch_cache_bytes", "Memory of newly written batches.", core.resources.cached_bytes()),
            gauge("batch_cache_limit_bytes", "What it may take.", core.limits.batch_cache_bytes),
            gauge(
                "read_ahead_bytes",
                "Memory of what is read ahead of consumers that catch up.",
                core.resources.read_ahead_bytes(),
            ),
            gauge("read_files", "Segment files open for cold reads.", core.resources.read_file_count()),
            gauge(
                "compaction_map_bytes",
                "Memory of the keys that a compaction under way has in mind.",
                core.resources.compaction_map_bytes(),
            ),
            (
                "compaction_dirty_bytes",
                "Bytes that no compaction has gone over, of the logs that are worth it.",
                core.compacting.dirty_bytes(),
            ),
            gauge(
                "logs_uncleanable",
                "Compacted logs that are left alone because they are damaged.",
                core.compacting.uncleanable_count(),
            ),
        ],
        stages: core.stats.stages.read(),
        requests: core.stats.requests.by_api(),
        errors: core.stats.requests.errors(),
    }
}
