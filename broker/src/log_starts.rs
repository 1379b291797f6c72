//! `log-start-offset-checkpoint` of each data directory: where logs begin whose first records were deleted.
//!
//! Core 0 alone writes it, one write at a time; who comes while one is under way waits for the next, together with all
//! others who came. A partition that is not online keeps what the file says, one that is no more loses it: else a topic
//! that is made again under the same name would take the old one's.

use crate::core::Core;
use crate::log_dirs::LogDir;
use crate::recovery::{self, Recovered, Unopened};
use futures_util::future::join_all;
use ottla_io::ShardId;
use ottla_io::local::Event;
use ottla_log::checkpoint::offsets::{LOG_START, Offsets};
use ottla_log::data_directory;
use ottla_protocol::ErrorCode;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Core 0's.
#[derive(Default)]
pub(crate) struct LogStarts {
    /// What the files hold.
    stored: RefCell<BTreeMap<PathBuf, Offsets>>,
    /// Requests so far, and how many of them a finished write has covered.
    asked: Cell<u64>,
    answered: Cell<u64>,
    /// How the last write ended.
    failed: Cell<bool>,
    /// A write failed: the files may be the old or the new ones.
    in_doubt: Cell<bool>,
    is_writing: Cell<bool>,
    written: Event,
}

impl LogStarts {
    /// Begins with what the last process left.
    pub(crate) fn begin(&self, recovered: &Recovered) {
        *self.stored.borrow_mut() = recovered.log_starts();
    }
}

impl Core {
    /// Returns when the files hold what every log start was when this was called, or a later one.
    /// # Errors
    /// KAFKA_STORAGE_ERROR when one could not be written; it is then not known what it holds.
    pub(crate) async fn store_log_starts(self: &Rc<Self>) -> Result<(), ErrorCode> {
        let stored = self.call(ShardId(0), |core| async move { store(&core).await });
        stored.await.unwrap_or(Err(ErrorCode::UNKNOWN_SERVER_ERROR))
    }
}

/// On core 0: see [`Core::store_log_starts`].
pub(crate) async fn store(core: &Rc<Core>) -> Result<(), ErrorCode> {
    let state = &core.log_starts;
    let mine = state.asked.get() + 1;
    state.asked.set(mine);
    loop {
        let written = state.written.wait();
        if state.answered.get() >= mine {
            return if state.failed.get() { Err(ErrorCode::KAFKA_STORAGE_ERROR) } else { Ok(()) };
        }
        if state.is_writing.get() {
            written.await;
            continue;
        }
        let _writing = Writing::begin(state);
        let covers = state.asked.get();
        let failed = !write(core).await;
        state.failed.set(failed);
        state.answered.set(covers);
    }
}

/// Ends with the write, also when its future is dropped.
struct Writing<'a>(&'a LogStarts);

impl<'a> Writing<'a> {
    fn begin(state: &'a LogStarts) -> Writing<'a> {
        state.is_writing.set(true);
        Writing(state)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.is_writing.set(false);
        self.0.written.notify_all();
    }
}

/// What a core knows of its partitions.
#[derive(Default)]
struct Here {
    /// Directory, topic, partition, log start above 0.
    starts: Vec<(PathBuf, String, i32, i64)>,
    unknown: Unopened,
}

fn here(core: &Core) -> Here {
    let (online, unknown) = recovery::hosted(core);
    let starts = online.into_iter().filter_map(|partition| {
        let dir = partition.log().dir().parent().unwrap_or(Path::new("")).to_owned();
        let start = partition.log_start_offset();
        (start > 0).then(|| (dir, partition.topic().to_string(), partition.index(), start))
    });
    Here { starts: starts.collect(), unknown }
}

/// Replaces the files that are not as they should be. False when one could not be written.
async fn write(core: &Rc<Core>) -> bool {
    let calls = core.mesh.shards().map(|shard| core.call(shard, |core| async move { here(&core) }));
    let mut wanted: BTreeMap<PathBuf, Offsets> = BTreeMap::new();
    let mut unknown = Unopened::new();
    for here in join_all(calls).await {
        // Of a core that does not answer nothing is known: the files stay as they are.
        let Ok(here) = here else { return false };
        for (dir, topic, index, start) in here.starts {
            wanted.entry(dir).or_default().insert((topic, index), start);
        }
        unknown.extend(here.unknown);
    }
    let mut succeeded = true;
    for LogDir { path: dir, id } in &core.online_dirs() {
        let mut wanted = wanted.remove(dir).unwrap_or_default();
        let stored = core.log_starts.stored.borrow().get(dir).cloned();
        for (key, start) in stored.iter().flatten().filter(|(key, _)| unknown.get(*key) == Some(id)) {
            wanted.entry(key.clone()).or_insert(*start);
        }
        if stored.unwrap_or_default() == wanted && !core.log_starts.in_doubt.get() {
            continue;
        }
        match data_directory::store_offsets(dir, LOG_START, &wanted).await {
            Ok(()) => {
                core.log_starts.stored.borrow_mut().insert(dir.clone(), wanted);
            }
            Err(error) => {
                tracing::error!(
                    "cannot store {LOG_START}: {error}. Deleted records may come back after a crash"
                );
                core.failed_in(dir, &error);
                succeeded = false;
            }
        }
    }
    core.log_starts.in_doubt.set(!succeeded);
    succeeded
}
