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

/// Runs `body` in a process of its own, for what concerns the whole process: the calling test, named `test`, is started
/// once more, alone.
fn in_own_process(test: &str, body: impl FnOnce()) {
    const INSIDE: &str = "OTTLA_IO_TEST_ALONE";
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let program = std::env::current_exe().expect("the test has a path");
    let mut command = std::process::Command::new("sh");
    // Few descriptors, so that a test can take them all.
    command.args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\""]).arg(program);
    command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    let output = command.output().expect("the program runs again");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
}
