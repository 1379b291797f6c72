//! The demo's broker: in this process, on threads of its own, reached through TCP like any other.

use super::super::{Exit, Failure};
use crate::server::{self, StartOptions, Startup};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::watch;

pub struct Broker {
    pub address: SocketAddr,
    pub start_time: Duration,
    stop: watch::Sender<bool>,
    thread: JoinHandle<Result<(), server::Failure>>,
}

impl Broker {
    /// Returns when it serves.
    pub fn start(options: &StartOptions) -> Result<Broker, Failure> {
        let began = Instant::now();
        let config = server::settings(options)?;
        let addresses = server::addresses(&config)?;
        let (stop, stopped) = watch::channel(false);
        let (ready_in, ready) = mpsc::channel();
        let on_ready = Box::new(move |address| {
            let _ = ready_in.send(address);
        });
        let startup = Startup { config, addresses, on_ready, stop: stopped };
        let body = move || server::run(startup);
        let thread = thread::Builder::new()
            .name("demo-broker".to_owned())
            .spawn(body)
            .map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))?;
        match ready.recv() {
            Ok(address) => Ok(Broker { address, start_time: began.elapsed(), stop, thread }),
            // It ended before it was ready, and says why.
            Err(mpsc::RecvError) => {
                ended(thread)?;
                Err(Failure::new(Exit::Interrupted, "stopped before it served"))
            }
        }
    }

    /// Whether it runs: a signal ends it without being asked here.
    pub fn is_running(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Whether it is ending: a client sees its connections close before the thread is gone.
    pub fn ends_soon(&self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(1);
        while self.is_running() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        !self.is_running()
    }

    /// Until a signal ends it.
    pub fn wait(self) -> Result<(), Failure> {
        ended(self.thread)
    }

    /// Asks it to end and waits; returns how long that took.
    pub fn stop(self) -> Result<Duration, Failure> {
        let began = Instant::now();
        self.stop.send_replace(true);
        ended(self.thread)?;
        Ok(began.elapsed())
    }
}

fn ended(thread: JoinHandle<Result<(), server::Failure>>) -> Result<(), Failure> {
    match thread.join() {
        Ok(result) => Ok(result?),
        Err(_) => Err(Failure::failed("the broker's thread panicked")),
    }
}

/// CPU time of the broker's threads so far; `None` where the kernel does not tell.
pub fn cpu_time() -> Option<Duration> {
    let mut total = 0u64;
    for task in fs::read_dir("/proc/self/task").ok()?.flatten() {
        // A thread may end between the listing and the reading.
        let Ok(name) = fs::read_to_string(task.path().join("comm")) else { continue };
        if !name.starts_with("shard-") && !name.starts_with("helper") {
            continue;
        }
        // Its first number is nanoseconds on a core: Documentation/scheduler/sched-stats.rst.
        let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else { continue };
        total += text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
    }
    (total > 0).then(|| Duration::from_nanos(total))
}

/// Bytes that the files below `dir` take on the disk.
pub fn disk_bytes(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let mut total = 0;
    let mut left = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => left.push(entry.path()),
                Ok(metadata) => total += metadata.blocks() * 512,
                Err(_) => {}
            }
        }
    }
    total
}

/// The kind of file system that holds `dir`, by /proc/mounts: `ext4`, `tmpfs`.
pub fn file_system(dir: &Path) -> Option<String> {
    let dir = fs::canonicalize(dir).ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    kind_in(&mounts, &dir)
}

fn kind_in(mounts: &str, dir: &Path) -> Option<String> {
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        let point = PathBuf::from(fields.next()?.replace("\\040", " "));
        let kind = fields.next()?.to_owned();
        dir.starts_with(&point).then_some((point.components().count(), kind))
    };
    // Of mounts on one point the later one is in sight.
    mounts.lines().filter_map(mount).max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_holds_a_directory() {
        let mounts =
            "/dev/sda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/sdb /tmp/big\\040disk xfs rw 0 0\n";
        for (dir, kind) in
            [("/home/a", "ext4"), ("/tmp/x", "tmpfs"), ("/tmpx", "ext4"), ("/tmp/big disk/y", "xfs")]
        {
            assert_eq!(kind_in(mounts, Path::new(dir)).as_deref(), Some(kind), "{dir}");
        }
        assert_eq!(kind_in("", Path::new("/")), None);
    }

    #[test]
    fn files_are_counted_as_they_lie_on_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("sub/file"), vec![1u8; 100_000]).unwrap();
        assert!((100_000..1_000_000).contains(&disk_bytes(dir.path())));
        assert_eq!(disk_bytes(&dir.path().join("missing")), 0);
    }
}
