//! A few threads for what has no ring operation: listing and removing directories, locks, the space of a file system,
//! work that takes long on the CPU, and on older kernels a few more.
//!
//! Threads start when there is work for them. The queue is bounded by the tasks that wait for it.

use crate::driver::{Alarm, Op, RawHandle, Token};
use crate::file::DirEntry;
use crate::ring::sys;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

pub(crate) enum Job {
    ReadDir(PathBuf),
    RemoveDirAll(PathBuf),
    Space(PathBuf),
    Lock(PathBuf),
    SetLen(RawHandle, u64),
    Rename(PathBuf, PathBuf),
    Unlink(PathBuf),
    Mkdir(PathBuf),
    Work(Box<dyn FnOnce() + Send>),
}

/// What a job found out, beside its result.
pub(crate) enum Output {
    Nothing,
    Entries(Vec<DirEntry>),
    Space { free: u64, total: u64 },
}

impl Output {
    pub(crate) fn put_into(self, op: &mut Op) {
        match (self, op) {
            (Output::Entries(found), Op::ReadDir { entries, .. }) => *entries = found,
            (Output::Space { free: found_free, total: found_total }, Op::Space { free, total, .. }) => {
                *free = found_free;
                *total = found_total;
            }
            _ => {}
        }
    }
}

pub(crate) struct Returned {
    pub(crate) token: Token,
    pub(crate) result: i32,
    pub(crate) output: Output,
}

/// Where helpers leave results for one ring.
pub(crate) struct Returns {
    list: Mutex<Vec<Returned>>,
    /// So that a poll need not take the lock to see that there is nothing.
    any: AtomicBool,
    alarm: Arc<Alarm>,
}

impl Returns {
    pub(crate) fn new(alarm: Arc<Alarm>) -> Arc<Returns> {
        Arc::new(Returns { list: Mutex::default(), any: AtomicBool::new(false), alarm })
    }

    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::SeqCst)
    }

    pub(crate) fn take(&self) -> Vec<Returned> {
        self.any.store(false, Ordering::SeqCst);
        std::mem::take(&mut *lock(&self.list))
    }

    fn put(&self, returned: Returned) {
        lock(&self.list).push(returned);
        self.any.store(true, Ordering::SeqCst);
        self.alarm.ring();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pool; one for all shards of a process. Its threads end when the last shard has.
pub(crate) struct Helpers {
    queue: Arc<Queue>,
    threads_max: usize,
    /// A thread starts on the core of the shard that first needs it, and would stay there in that shard's way.
    affinity: Option<sys::Affinity>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    more: Condvar,
}

#[derive(Default)]
struct QueueState {
    jobs: VecDeque<(Job, Token, Arc<Returns>)>,
    threads: usize,
    idle: usize,
    ended: bool,
}

impl Helpers {
    /// Its threads may run wherever the calling one may.
    pub(crate) fn new(threads_max: usize) -> Arc<Helpers> {
        let affinity = sys::Affinity::of_this_thread().ok();
        Arc::new(Helpers { queue: Arc::default(), threads_max, affinity })
    }

    pub(crate) fn run(&self, job: Job, token: Token, returns: Arc<Returns>) {
        let mut state = lock(&self.queue.state);
        state.jobs.push_back((job, token, returns));
        if state.idle < state.jobs.len() && state.threads < self.threads_max {
            state.threads += 1;
            let queue = self.queue.clone();
            let name = format!("helper-{}", state.threads - 1);
            let affinity = self.affinity;
            let body = move || {
                if let Some(Err(error)) = affinity.map(|affinity| affinity.take_on()) {
                    tracing::debug!("a helper thread stays on its first core: {error}");
                }
                queue.serve();
            };
            if let Err(error) = std::thread::Builder::new().name(name).spawn(body) {
                state.threads -= 1;
                if state.threads == 0 {
                    // Nobody would ever do it.
                    let (_, token, returns) = state.jobs.pop_back().expect("just pushed");
                    drop(state);
                    tracing::error!("cannot start a helper thread: {error}");
                    let result = -error.raw_os_error().unwrap_or(libc::EAGAIN);
                    returns.put(Returned { token, result, output: Output::Nothing });
                    return;
                }
            }
        }
        drop(state);
        self.queue.more.notify_one();
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        lock(&self.queue.state).ended = true;
        self.queue.more.notify_all();
    }
}

impl Queue {
    fn serve(&self) {
        let mut state = lock(&self.state);
        loop {
            if let Some((job, token, returns)) = state.jobs.pop_front() {
                drop(state);
                let (result, output) = match job.run() {
                    Ok((result, output)) => (result, output),
                    Err(error) => (-error.raw_os_error().unwrap_or(libc::EIO), Output::Nothing),
                };
                returns.put(Returned { token, result, output });
                state = lock(&self.state);
            } else if state.ended {
                return;
            } else {
                state.idle += 1;
                state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
    }
}

impl Job {
    fn run(self) -> io::Result<(i32, Output)> {
        let done = |()| (0, Output::Nothing);
        match self {
            Job::ReadDir(path) => Ok((0, Output::Entries(read_dir(&path)?))),
            Job::RemoveDirAll(path) => std::fs::remove_dir_all(path).map(done),
            Job::Space(path) => {
                let (free, total) = sys::space(&path)?;
                Ok((0, Output::Space { free, total }))
            }
            Job::Lock(path) => Ok((sys::lock(&path)?, Output::Nothing)),
            Job::SetLen(file, len) => sys::set_len(file, len).map(done),
            Job::Rename(from, to) => std::fs::rename(from, to).map(done),
            Job::Unlink(path) => std::fs::remove_file(path).map(done),
            Job::Mkdir(path) => std::fs::create_dir(path).map(done),
            Job::Work(work) => match catch_unwind(AssertUnwindSafe(work)) {
                Ok(()) => Ok((0, Output::Nothing)),
                Err(_) => Err(io::Error::from_raw_os_error(libc::EIO)),
            },
        }
    }
}

fn read_dir(path: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        // A symbolic link counts as what it leads to.
        let is_dir = match entry.file_type() {
            Ok(kind) if kind.is_symlink() => std::fs::metadata(entry.path()).is_ok_and(|at| at.is_dir()),
            Ok(kind) => kind.is_dir(),
            Err(error) => return Err(error),
        };
        entries.push(DirEntry { path: entry.path(), file_name: entry.file_name(), is_dir });
    }
    Ok(entries)
}
