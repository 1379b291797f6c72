//! Whole logs on the real ring.

mod aborted;
mod basics;
mod changes;
mod crashes;
mod damage;
mod retention;

use crate::batch::testing::{Content, build};
use crate::{AppendInfo, Log, LogConfig, Offset, Opening, Recovered, ResourceLimits, Resources};
use ottla_io::runtime::{Config, run};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tempfile::TempDir;
use uuid::Uuid;

/// Runs `main` on one shard.
pub(crate) fn on_shard<T, F, Fut>(main: F) -> T
where
    T: Send + 'static,
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = T> + 'static,
{
    let config = Config { shards: 1, pin: false, ..Config::default() };
    let mut results = run(&config, move |_: ottla_io::ShardContext<()>| main()).unwrap();
    results.pop().unwrap()
}

/// On the file system of the build, which has direct I/O more often than /tmp.
pub(crate) fn directory() -> TempDir {
    let program = std::env::current_exe().unwrap();
    tempfile::tempdir_in(program.parent().unwrap()).unwrap()
}

pub(crate) const TOPIC_ID: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);

/// A partition's directory with the settings to open it.
#[derive(Clone)]
pub(crate) struct Partition {
    pub(crate) dir: PathBuf,
    pub(crate) config: LogConfig,
    pub(crate) limits: ResourceLimits,
}

impl Partition {
    pub(crate) fn in_directory(data: &Path) -> Partition {
        Partition {
            dir: data.join("topic-0"),
            config: LogConfig::default(),
            limits: ResourceLimits::default(),
        }
    }
    pub(crate) fn opening(&self) -> Opening {
        Opening {
            dir: self.dir.clone(),
            topic_id: TOPIC_ID,
            config: Rc::new(self.config.clone()),
            resources: Resources::new(self.limits.clone()),
            clean_shutdown: false,
            recovery_point: None,
            log_start_offset: None,
            cleaned_to: None,
        }
    }
    pub(crate) async fn create(&self) -> Log {
        Log::create(self.opening()).await.unwrap()
    }
    /// As after a kill, scanned from `recovery_point` on.
    pub(crate) async fn open_killed(&self, recovery_point: Offset) -> (Log, Recovered) {
        let opening = Opening { recovery_point: Some(recovery_point), ..self.opening() };
        Log::open(opening).await.unwrap()
    }
    pub(crate) async fn open_clean(&self, end: Offset) -> (Log, Recovered) {
        let opening = Opening { recovery_point: Some(end), clean_shutdown: true, ..self.opening() };
        Log::open(opening).await.unwrap()
    }
}

/// Ends a log as a kill does, but not before its task is at rest: a process that is killed writes no more, and what
/// opens the directory next must not find a task of the dead at work in it.
pub(crate) async fn kill(log: Log) {
    while log.0.state.borrow().writing {
        ottla_io::sleep(std::time::Duration::from_millis(1)).await;
    }
}

pub(crate) fn batch(records: i32, payload: usize, timestamp: i64) -> Vec<u8> {
    build(&Content {
        record_count: records,
        payload: vec![b'x'; payload],
        base_timestamp: timestamp,
        ..Content::default()
    })
}

pub(crate) fn info(leader_epoch: i32) -> AppendInfo {
    AppendInfo { leader_epoch, log_append_time: None, base_offset: None }
}

/// Appends, waiting for room.
pub(crate) async fn append(log: &Log, batch: &[u8], epoch: i32) -> crate::Appended {
    loop {
        match log.append(batch, &info(epoch)) {
            Ok(appended) => return appended,
            Err(crate::AppendError::Full) => log.room().await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Everything from `from` to the log end, read in steps of at most `step` bytes.
pub(crate) async fn read_all(log: &Log, from: Offset, step: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut offset = from;
    while offset < log.log_end_offset() {
        let slices = log.read(offset, step, log.log_end_offset(), true).await.unwrap();
        assert!(!slices.is_empty(), "nothing at {offset}");
        assert!(slices.first_offset <= offset);
        slices.parts.iter().for_each(|part| bytes.extend_from_slice(part));
        offset = slices.next_offset;
    }
    bytes
}
