//! Starts shards: one thread and one ring each.

use crate::mesh::Port;
use std::future::Future;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

#[derive(Clone, Debug)]
pub struct Config {
    /// Threads, each with a ring. Pinned to distinct cores when there are enough and `pin` is set.
    pub shards: usize,
    pub pin: bool,
    pub ring_entries: u32,
    /// How long an idle core polls before it waits in the kernel. Zero by default: an idle broker takes no CPU.
    pub spin: Duration,
    pub helper_threads: usize,
    /// Messages each ordered pair of shards can hold.
    pub mesh_capacity: usize,
}

/// What a shard's main future is given.
pub struct ShardContext<M> {
    pub shard: ShardId,
    pub shard_count: usize,
    pub port: Port<M>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The kernel or a container's seccomp profile refuses io_uring. The text says what to do.
    #[error("{0}")]
    RingRefused(String),
    #[error("cannot start a shard's thread: {0}")]
    Thread(std::io::Error),
}

/// Runs `main` once on each of `config.shards` threads and returns when all have ended, with each one's result.
/// A shard's reactor ends when its main future ends; tasks still there are dropped.
pub fn run<M, T, F, Fut>(config: &Config, main: F) -> Result<Vec<T>, StartError>
where
    M: Send + 'static,
    T: Send + 'static,
    F: Fn(ShardContext<M>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = T> + 'static,
{
    let _ = (config, main);
    todo!()
}

/// The ring features in use on this core, for the one line logged at the start, and what is missing with the remedy.
pub fn features() -> Features {
    todo!()
}

#[derive(Clone, Debug, Default)]
pub struct Features {
    pub in_use: Vec<&'static str>,
    pub missing: Vec<(&'static str, &'static str)>,
}

/// A future that completes when the process gets SIGTERM or SIGINT; in the simulator when the node is asked to stop.
pub async fn stop_requested() {
    todo!()
}
