//! The whole reactor against the real kernel.

mod files;
mod sockets;
mod tasks;

use crate::runtime::{Config, ShardContext, run};
use std::future::Future;
use tempfile::TempDir;

/// Runs `main` on one shard and returns its result.
fn on_shard<T, F, Fut>(main: F) -> T
where
    T: Send + 'static,
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = T> + 'static,
{
    let config = Config { shards: 1, pin: false, ..Config::default() };
    let mut results = run(&config, move |_: ShardContext<()>| main()).expect("the shard runs");
    results.pop().expect("one result of one shard")
}

/// A directory on the file system of the build, which has direct I/O more often than /tmp.
fn directory() -> TempDir {
    let program = std::env::current_exe().expect("the test has a path");
    let beside = program.parent().expect("a program lies in a directory");
    tempfile::tempdir_in(beside).expect("a writable build directory")
}
