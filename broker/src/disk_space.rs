//! Keeps a reserve free on the file system of each data directory, so that metadata and offsets go on when clients have
//! filled it: below the reserve a produce gets KAFKA_STORAGE_ERROR, which Kafka's clients try again until their
//! `delivery.timeout.ms`. Everything else is served, and retention and DeleteRecords make room.
//!
//! Core 0 looks, the sooner again the less there is, and tells the others what changed. A directory that has gone away is found by
//! that too, and goes offline. What fills the disk between two looks
//! meets the log's own answer to a full disk (see `ottla_log`).

use crate::controller::meta_properties;
use crate::core::Core;
use futures_util::future::join_all;
use ottla_io::{Class, file, sleep, spawn};
use ottla_shard::Partition;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// The reserve when none is set: a twentieth of the file system, but no more than this.
const RESERVE_BYTES_MAX: u64 = 1 << 30;
const RESERVE_SHARE: u64 = 20;
/// No disk takes more in a second; what is free above the reserve cannot be gone sooner.
const FILLED_PER_MS: u64 = 4 << 20;
const LOOK_AFTER_MIN: Duration = Duration::from_millis(50);
const LOOK_AFTER_MAX: Duration = Duration::from_secs(10);
/// Of a directory that is short: somebody makes room now.
const LOOK_AFTER_SHORT: Duration = Duration::from_millis(250);

/// What a look at a file system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    is_short: bool,
    again_after: Duration,
    reserve: u64,
}

/// `free` and `total` bytes; `set` is `ottla.disk.reserve.bytes`.
fn judge(free: u64, total: u64, set: Option<u64>, was_short: bool) -> Look {
    let reserve = set.unwrap_or((total / RESERVE_SHARE).min(RESERVE_BYTES_MAX));
    // An eighth more before writing begins again, or it would stop and go with every segment.
    let wanted = if was_short { reserve.saturating_add(reserve / 8) } else { reserve };
    let is_short = free < wanted;
    let again_after = if is_short {
        LOOK_AFTER_SHORT
    } else {
        let above_ms = free.saturating_sub(reserve) / FILLED_PER_MS;
        Duration::from_millis(above_ms).clamp(LOOK_AFTER_MIN, LOOK_AFTER_MAX)
    };
    Look { is_short, again_after, reserve }
}

/// On core 0: looks once, so that the first produce finds the answer, and goes on looking.
pub(crate) async fn start(core: &Rc<Core>) {
    let mut again_after = look(core).await;
    let core = core.clone();
    spawn(Class::Control, async move {
        while !core.is_stopping() {
            sleep(again_after).await;
            again_after = look(&core).await;
        }
    });
}

async fn look(core: &Rc<Core>) -> Duration {
    let mut again_after = LOOK_AFTER_MAX;
    let before = core.short_dirs.borrow().clone();
    let mut short = Vec::new();
    for dir in core.online_dirs().iter().map(|dir| &dir.path) {
        let was_short = before.contains(dir);
        if let Some(why) = why_gone(dir).await {
            core.dir_failed(dir, why);
            continue;
        }
        let Ok((free, total)) = file::space(dir).await else {
            // Whoever writes there learns why.
            short.extend(was_short.then(|| dir.clone()));
            continue;
        };
        let look = judge(free, total, core.config.runtime.disk_reserve_bytes, was_short);
        let (free_mb, reserve_mb) = (free >> 20, look.reserve >> 20);
        match (was_short, look.is_short) {
            (false, true) => tracing::error!(
                dir = %dir.display(), free_mb, reserve_mb,
                "the disk is nearly full: produce gets KAFKA_STORAGE_ERROR until there is room. Free space, shorten \
                 retention.ms or retention.bytes, or delete records (ottla.disk.reserve.bytes is the reserve)"
            ),
            (true, false) => tracing::info!(dir = %dir.display(), free_mb, "there is room again"),
            _ => {}
        }
        short.extend(look.is_short.then(|| dir.clone()));
        again_after = again_after.min(look.again_after);
    }
    if short != before {
        let tell = core.mesh.shards().map(|shard| {
            let short = short.clone();
            core.call(shard, move |core| async move { *core.short_dirs.borrow_mut() = short })
        });
        // A core that is gone takes no produce either.
        let _ = join_all(tell).await;
    }
    again_after
}

/// What tells that a data directory is not the one any more that it was: its file system was taken away under it, or does not answer.
async fn why_gone(dir: &Path) -> Option<String> {
    let path = dir.join(meta_properties::FILE_NAME);
    let error = file::metadata(&path).await.err()?;
    let gone = error.kind() == io::ErrorKind::NotFound
        || ottla_log::Error::io("look at", &path, &error).is_of_disk();
    gone.then(|| {
        format!("{} cannot be looked at any more: {error}. Was its file system unmounted?", path.display())
    })
}

impl Core {
    /// The partition's directory has no more room than the reserve.
    pub(crate) fn is_short_of_space(&self, partition: &Partition) -> bool {
        let short: &[PathBuf] = &self.short_dirs.borrow();
        !short.is_empty()
            && partition.log().dir().parent().is_some_and(|dir| short.iter().any(|short| short == dir))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1 << 30;

    #[test]
    fn a_disk_is_short_below_its_reserve_and_until_there_is_an_eighth_more() {
        // Free, total, set, was short: short, reserve.
        let table = [
            (5 * GB, 1000 * GB, None, false, false, GB),
            (GB - 1, 1000 * GB, None, false, true, GB),
            (GB, 1000 * GB, None, false, false, GB),
            (GB, 1000 * GB, None, true, true, GB),
            (GB + GB / 8, 1000 * GB, None, true, false, GB),
            (100 << 20, GB, None, false, false, GB / 20),
            (40 << 20, GB, None, false, true, GB / 20),
            (0, 0, None, false, false, 0),
            (0, GB, Some(0), false, false, 0),
            (GB, 2 * GB, Some(u64::MAX), false, true, u64::MAX),
        ];
        for (free, total, set, was_short, is_short, reserve) in table {
            let look = judge(free, total, set, was_short);
            assert_eq!((look.is_short, look.reserve), (is_short, reserve), "{free} of {total}, {set:?}");
        }
    }

    #[test]
    fn the_less_is_free_the_sooner_it_is_looked_at_again() {
        let after = |free| judge(free, 1000 * GB, None, false).again_after;
        assert_eq!(after(500 * GB), LOOK_AFTER_MAX);
        assert_eq!(after(5 * GB), Duration::from_secs(1) + Duration::from_millis(24));
        assert_eq!(after(GB + 1), LOOK_AFTER_MIN);
        assert_eq!(after(GB - 1), LOOK_AFTER_SHORT);
    }
}
