//! The data directories (`log.dirs`): taken at the start, watched, and given up one by one when their disks fail.
//!
//! A directory is online or offline, and an offline one stays so until the next start. Core 0 decides and tells the others, who
//! take the partitions in it offline (KAFKA_STORAGE_ERROR), and the controller, by which they have no leader any more (KIP-858).
//! The other directories serve on; when none is left, the process ends.
//!
//! ```text
//! a log's write or flush fails ──▶ Resources ─┐
//! a checkpoint cannot be written ─────────────┼─▶ core 0: offline ─▶ every core, the controller
//! a look at the disk fails ───────────────────┘
//! ```

mod locate;
mod take;

pub(crate) use locate::{locate, tell_unreachable};
pub(crate) use take::{LOCK_FILE, Taken, take};

use crate::core::Core;
use futures_util::future::join_all;
use ottla_io::{Class, ShardId, spawn};
use ottla_log::Error;
use ottla_metadata::Uuid;
use ottla_metadata::decide::{Decision, directories};
use ottla_shard::Hosted;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A data directory that was usable at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogDir {
    pub(crate) path: PathBuf,
    pub(crate) id: Uuid,
}

/// A directory that is offline, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfflineDir {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
}

impl Core {
    /// The directories that are online.
    pub(crate) fn online_dirs(&self) -> Vec<LogDir> {
        let all = self.identity().log_dirs.iter();
        all.filter(|dir| self.why_offline(&dir.path).is_none()).cloned().collect()
    }

    /// `None` while a directory is online.
    pub(crate) fn why_offline(&self, dir: &Path) -> Option<String> {
        let offline = self.offline_dirs.borrow();
        offline.iter().find(|offline| offline.path == dir).map(|offline| offline.reason.clone())
    }

    /// The directory of this id.
    /// # Errors
    /// Why it cannot be used, as the reason of the partitions in it.
    pub(crate) fn dir_of(&self, id: Uuid) -> Result<LogDir, Error> {
        let offline = |dir: PathBuf, reason: String| Err(Error::Offline { dir, reason });
        match self.identity().log_dirs.iter().find(|dir| dir.id == id) {
            Some(dir) => match self.why_offline(&dir.path) {
                None => Ok(dir.clone()),
                Some(reason) => offline(dir.path.clone(), reason),
            },
            None => offline(PathBuf::new(), format!("its data directory, {id}, is none of those in use")),
        }
    }

    /// A directory's disk has failed: everything in it goes offline. Returns at once; called again it changes nothing.
    pub(crate) fn dir_failed(self: &Rc<Self>, dir: &Path, reason: String) {
        let (core, dir) = (self.clone(), dir.to_owned());
        spawn(Class::Control, async move {
            let told = core.call(ShardId(0), move |core| async move { give_up(&core, dir, reason).await });
            if told.await.is_err() {
                tracing::warn!("core 0 is gone: nobody takes a failed data directory offline");
            }
        });
    }

    /// What could not be read or written in a directory beside its partitions: takes it offline if the disk is to blame.
    pub(crate) fn failed_in(self: &Rc<Self>, dir: &Path, error: &Error) {
        if error.is_of_disk() {
            self.dir_failed(dir, error.to_string());
        }
    }

    /// From now on a log of this core that fails with its disk takes its directory along.
    pub(crate) fn watch_disks(self: &Rc<Self>) {
        let core = Rc::downgrade(self);
        self.resources.set_on_disk_failure(Rc::new(move |dir, error| {
            if let Some(core) = core.upgrade() {
                core.dir_failed(dir, error.to_string());
            }
        }));
    }
}

/// On core 0.
async fn give_up(core: &Rc<Core>, dir: PathBuf, reason: String) {
    let found = core.identity().log_dirs.iter().find(|found| found.path == dir).cloned();
    let Some(LogDir { path, id }) = found.filter(|found| core.why_offline(&found.path).is_none()) else {
        return;
    };
    let offline = OfflineDir { path, reason };
    // Before the others are told: this may be reported many times at once.
    core.offline_dirs.borrow_mut().push(offline.clone());
    let left = core.online_dirs();
    tracing::error!(
        dir = %offline.path.display(),
        "a data directory has failed: {}. Its partitions are offline until the broker starts again with a sound disk; {} \
         director{} on",
        offline.reason,
        left.len(),
        if left.len() == 1 { "y goes" } else { "ies go" },
    );
    let tell = core.mesh.shards().map(|shard| {
        let offline = offline.clone();
        core.call(shard, move |core| async move { take_offline(&core, offline) })
    });
    // A core that is gone serves nobody.
    let _ = join_all(tell).await;
    if left.is_empty() {
        core.cannot_go_on(format!(
            "all data directories (log.dirs) have failed, the last one, {}, because: {}",
            offline.path.display(),
            offline.reason
        ));
        return;
    }
    let (node_id, failed) = (core.node_id(), BTreeSet::from([id]));
    let decided = core.decide(move |image, _| {
        Decision::from_result(directories::fail_directories(image, node_id, &failed))
    });
    match decided.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!("the controller does not take a failed directory: {error}"),
        // When it cannot write its own log the process ends, and says why.
        Err(error) => tracing::error!("the controller was not told of a failed directory: {error}"),
    }
}

/// On every core.
fn take_offline(core: &Core, offline: OfflineDir) {
    let reason = format!("its data directory {} has failed: {}", offline.path.display(), offline.reason);
    if core.why_offline(&offline.path).is_none() {
        core.offline_dirs.borrow_mut().push(offline.clone());
    }
    for (_, hosted) in core.partitions.all() {
        if let Hosted::Online(partition) = hosted
            && partition.log().dir().parent() == Some(&offline.path)
        {
            partition.log().take_offline(&reason);
        }
    }
}
