//! Taking the data directories at the start: each is made, locked, told apart by its `meta.properties` and read. One that cannot
//! be is left out, unless the metadata log lies there or it is the last.

use super::{LogDir, OfflineDir};
use crate::config::BrokerConfig;
use crate::controller::MetaProperties;
use crate::controller::meta_properties;
use crate::recovery::Recovered;
use crate::server::Failure;
use ottla_io::file;
use ottla_log::data_directory::{self, PartitionDir};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Kafka's name for the lock of a data directory.
pub(crate) const LOCK_FILE: &str = ".lock";

/// What the start goes on with.
pub(crate) struct Taken {
    /// The directories are this process's alone while they live.
    pub(crate) locks: Vec<file::Lock>,
    pub(crate) cluster_id: String,
    /// In the order of `log.dirs`.
    pub(crate) online: Vec<LogDir>,
    pub(crate) offline: Vec<OfflineDir>,
    /// The partitions that have a directory there.
    pub(crate) found: BTreeMap<PathBuf, Vec<PartitionDir>>,
    pub(crate) recovered: Recovered,
}

/// Why a directory is not taken.
enum Refusal {
    /// Its disk or its files: others may do.
    Unusable(String),
    /// The broker would do harm, or belongs elsewhere.
    Fatal(String),
}

/// Takes `log.dirs` and `metadata.log.dir`.
/// # Errors
/// One message that says what to do.
pub(crate) async fn take(config: &BrokerConfig) -> Result<Taken, Failure> {
    let mut left = Left { config, dirs: config.log_dirs.clone(), offline: Vec::new() };
    if !left.dirs.contains(&config.metadata_log_dir) {
        left.dirs.push(config.metadata_log_dir.clone());
    }
    let mut locks = Vec::new();
    for dir in left.dirs.clone() {
        let lock = lock(&dir).await;
        locks.extend(left.or_without(&dir, lock)?);
    }
    let mut formatted: BTreeMap<PathBuf, Option<MetaProperties>> = BTreeMap::new();
    for dir in left.dirs.clone() {
        let read = MetaProperties::read(&dir).await.map_err(refusal);
        formatted.extend(left.or_without(&dir, read)?.map(|properties| (dir, properties)));
    }
    // One that was formatted before says which cluster this is, wherever it stands in the list.
    let mut cluster_id =
        left.dirs.iter().find_map(|dir| Some(formatted.get(dir)?.as_ref()?.cluster_id.clone()));
    let mut online: Vec<LogDir> = Vec::new();
    for dir in left.dirs.clone() {
        let read = MetaProperties::read_or_format(&dir, config.node_id, cluster_id.as_deref()).await;
        let Some(properties) = left.or_without(&dir, read.map_err(refusal))? else { continue };
        cluster_id.get_or_insert(properties.cluster_id);
        if let Some(same) = online.iter().find(|other| other.id == properties.directory_id) {
            return Err(Failure::Start(format!(
                "{} and {} are both directory.id={}: one is a copy of the other. Take one out of log.dirs, or remove its \
                 {} if nothing of it is needed",
                same.path.display(),
                dir.display(),
                same.id,
                meta_properties::FILE_NAME,
            )));
        }
        if config.log_dirs.contains(&dir) {
            online.push(LogDir { path: dir, id: properties.directory_id });
        }
    }
    let mut recovered = Recovered::default();
    let mut found = BTreeMap::new();
    for LogDir { path, .. } in online.clone() {
        let read = async {
            let partitions = data_directory::partitions(&path).await?;
            recovered.read(&path).await?;
            Ok(partitions)
        };
        let read = read.await.map_err(|error: ottla_log::Error| Refusal::Unusable(error.to_string()));
        found.extend(left.or_without(&path, read)?.map(|partitions| (path, partitions)));
    }
    online.retain(|dir| found.contains_key(&dir.path));
    if online.is_empty() {
        let all: Vec<String> = left.offline.iter().map(|dir| dir.reason.clone()).collect();
        return Err(Failure::Start(format!("no directory of log.dirs can be used: {}", all.join("; "))));
    }
    let cluster_id = cluster_id.unwrap_or_default();
    Ok(Taken { locks, cluster_id, online, offline: left.offline, found, recovered })
}

/// The directories that are still good.
struct Left<'a> {
    config: &'a BrokerConfig,
    dirs: Vec<PathBuf>,
    offline: Vec<OfflineDir>,
}

impl Left<'_> {
    /// `None`: the directory is left out.
    fn or_without<T>(&mut self, dir: &Path, result: Result<T, Refusal>) -> Result<Option<T>, Failure> {
        let reason = match result {
            Ok(value) => return Ok(Some(value)),
            Err(Refusal::Fatal(reason)) => return Err(Failure::Start(reason)),
            Err(Refusal::Unusable(reason)) => reason,
        };
        if dir == self.config.metadata_log_dir {
            let why = match self.config.log_dirs.as_slice() {
                [only] if only == dir => "",
                _ => ". The metadata log lies there (metadata.log.dir), without which nothing can be served",
            };
            return Err(Failure::Start(format!("{reason}{why}")));
        }
        tracing::error!(dir = %dir.display(), "a data directory cannot be used, and what lies there is offline: {reason}");
        self.dirs.retain(|left| left != dir);
        self.offline.push(OfflineDir { path: dir.to_owned(), reason });
        Ok(None)
    }
}

fn refusal(error: meta_properties::Error) -> Refusal {
    match error {
        meta_properties::Error::Io { .. } => Refusal::Unusable(error.to_string()),
        _ => Refusal::Fatal(error.to_string()),
    }
}

/// Makes and locks a directory.
async fn lock(dir: &Path) -> Result<file::Lock, Refusal> {
    let shown = dir.display();
    make(dir).await.map_err(|error| {
        Refusal::Unusable(format!(
            "cannot make the data directory {shown}: {error}. Make it, or point log.dirs (--data) elsewhere"
        ))
    })?;
    match file::lock(dir.join(LOCK_FILE)).await {
        Ok(lock) => Ok(lock),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Refusal::Fatal(format!(
            "the data directory {shown} is in use by another broker, or is named twice. Stop that one, or point log.dirs \
             (--data) elsewhere"
        ))),
        Err(error) => Err(Refusal::Unusable(format!(
            "cannot write in the data directory {shown}: {error}. Make it writable and give it space, or point log.dirs \
             (--data) elsewhere"
        ))),
    }
}

/// Makes a directory with its parents, all of it durable: what is later flushed in it must be found after a loss of power.
async fn make(dir: &Path) -> io::Result<()> {
    let was_there = file::metadata(dir).await.is_ok();
    file::create_dir_all(dir).await?;
    for parent in dir.ancestors().skip(1) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        match file::sync_dir(parent).await {
            // A kill may have come between the making and this, but the parents of an old directory may be unreadable.
            Err(error) if !was_there => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
