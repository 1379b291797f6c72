//! What time and size take away: which segments a log has outlived, a roll without an append, and the removal of files.
//!
//! ```text
//! expired_before ─► offset ─► (roll, when the active segment is below it too) ─► delete_records_to ─► .deleted ─► gone
//! ```

use crate::log::Inner;
use crate::state::Segment;
use crate::timestamps::largest;
use crate::writer::{self, remove_if_there};
use crate::{Error, Offset};
use ottla_io::file::{metadata, rename, sync_dir};
use ottla_io::{Class, sleep, spawn};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// The files of a segment, the log first: an index without its log is recognised as a leftover.
pub(crate) const SUFFIXES: [&str; 5] = [".log", ".index", ".timeindex", ".txnindex", ".snapshot"];

/// `retention.ms` and `retention.bytes`; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// A segment goes when its largest timestamp is more than this before now.
    pub ms: Option<i64>,
    /// Segments go, the oldest first, as long as those that are left hold so many bytes.
    pub bytes: Option<u64>,
}

/// See [`crate::Log::expired_before`].
pub(crate) async fn expired_before(
    inner: &Inner,
    retention: Retention,
    upper: Offset,
    now_ms: i64,
) -> Result<Offset, Error> {
    let (mut expired, segments) = {
        let state = inner.state.borrow();
        state.check_online()?;
        let ends = state.segments.iter().skip(1).map(|next| next.base_offset).chain([state.log_end_offset]);
        let of = |segment: &Segment| (segment.base_offset, segment.bytes, segment.created_ms);
        let segments: Vec<_> = state.segments.iter().map(of).zip(ends).collect();
        (state.log_start_offset, segments)
    };
    let mut left: u64 = segments.iter().map(|((_, bytes, _), _)| bytes).sum();
    for ((base_offset, bytes, created_ms), end) in segments {
        if bytes == 0 || end > upper {
            break;
        }
        let is_surplus = retention.bytes.is_some_and(|limit| left - bytes >= limit);
        let outlived = match retention.ms {
            Some(limit) if !is_surplus => {
                let (timestamp, _) = largest(inner, base_offset).await?;
                let newest = match timestamp {
                    // Records without a timestamp are as old as their segment.
                    ..0 if created_ms > 0 => created_ms,
                    ..0 => modified_ms(inner, base_offset).await?,
                    _ => timestamp,
                };
                now_ms.saturating_sub(newest) > limit
            }
            _ => false,
        };
        if !is_surplus && !outlived {
            break;
        }
        left -= bytes;
        expired = expired.max(end);
    }
    Ok(expired)
}

/// When the segment's file was written last.
async fn modified_ms(inner: &Inner, base_offset: Offset) -> Result<i64, Error> {
    let path = inner.path(base_offset, ".log");
    let found = metadata(&path).await.map_err(|error| Error::io("look at", &path, &error))?;
    Ok(found.modified_unix_millis)
}

/// See [`crate::Log::roll`].
pub(crate) fn roll(inner: &Rc<Inner>) -> Option<Offset> {
    let mut state = inner.state.borrow_mut();
    let is_empty = state.active().bytes == 0;
    if state.failure.is_some() || state.paused || is_empty {
        return None;
    }
    let base_offset = state.log_end_offset;
    state.segments.push(Segment::new(base_offset, ottla_io::unix_millis()));
    state.durable_writes = 0;
    state.changed = true;
    writer::start(inner, &mut state);
    Some(base_offset)
}

/// See [`crate::Log::sealed`].
pub(crate) async fn sealed(inner: &Inner, base_offset: Offset) -> Result<(), Error> {
    loop {
        let progress = inner.progress.wait();
        {
            let state = inner.state.borrow();
            state.check_online()?;
            let is_done = |segment: &Segment| match &segment.growing {
                Some(growing) => segment.base_offset == base_offset && growing.exists,
                None => true,
            };
            if state.segments.iter().take_while(|segment| segment.base_offset <= base_offset).all(is_done) {
                return Ok(());
            }
        }
        progress.await;
    }
}

/// See [`crate::Log::delete_records_to`].
pub(crate) async fn delete_records_to(inner: &Rc<Inner>, offset: Offset) -> Result<Offset, Error> {
    writer::exclusively_unless_full(inner, async || {
        let unsynced = inner.state.borrow().messages_unsynced > 0;
        if unsynced {
            // The new start is stored durably: what lies below it must not be lost, or the log would end before it.
            writer::sync(inner).await?;
        }
        let (start, gone): (Offset, Vec<Offset>) = {
            let mut state = inner.state.borrow_mut();
            let start = offset.min(state.durable_end).max(state.log_start_offset);
            state.log_start_offset = start;
            if state.epochs.truncate_from_start(start) {
                state.epochs_stored = false;
            }
            // A segment goes when the next one's file is there: a directory without any would be a new log, at offset 0.
            let stands = |segment: &Segment| segment.growing.as_ref().is_none_or(|growing| growing.exists);
            let finished = state.segments.windows(2).take_while(|pair| {
                matches!(pair, [old, next]
                    if old.growing.is_none() && stands(next) && next.base_offset <= start)
            });
            let gone: Vec<Offset> = finished.filter_map(|pair| Some(pair.first()?.base_offset)).collect();
            state.segments.drain(..gone.len());
            (start, gone)
        };
        // Oldest first, each durably gone before the next goes: removals that a crash undoes need not be the last ones,
        // and a segment that came back behind a gap would be served.
        let mut retired = Vec::new();
        for (at, base_offset) in gone.into_iter().enumerate() {
            if at > 0 {
                sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
            }
            retired.extend(retire(inner, base_offset).await?);
        }
        remove_later(inner, retired);
        let stored = inner.state.borrow().epochs_stored;
        if !stored {
            writer::store_epochs(inner).await?;
        }
        Ok(start)
    })
    .await
}

/// Takes a segment's files out of the log, in the order of [`SUFFIXES`]. Returns those that are to be removed later.
async fn retire(inner: &Inner, base_offset: Offset) -> Result<Vec<PathBuf>, Error> {
    inner.resources.forget_segment(inner.number, base_offset);
    let mut retired = Vec::new();
    for suffix in SUFFIXES {
        retired.extend(retire_file(inner, base_offset, suffix).await?);
        if suffix == ".log" {
            crate::aborted::keep_until_here(inner, base_offset).await?;
        }
    }
    inner.state.borrow_mut().snapshots.retain(|offset| *offset != base_offset);
    Ok(retired)
}

/// Takes a file out of the log, if it is there: renamed to `.deleted` as Kafka does, so that an operator has
/// `file.delete.delay.ms` to change their mind, or removed at once when that is 0. Readers that are in it finish. Returns
/// what [`remove_later`] is to remove.
pub(crate) async fn retire_file(
    inner: &Inner,
    base_offset: Offset,
    suffix: &str,
) -> Result<Option<PathBuf>, Error> {
    let path = inner.path(base_offset, suffix);
    if inner.state.borrow().config.file_delete_delay_ms == 0 {
        return remove_if_there(&path).await.map(|()| None);
    }
    let deleted = inner.path(base_offset, &format!("{suffix}.deleted"));
    match rename(&path, &deleted).await {
        Ok(()) => Ok(Some(deleted)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("rename", &path, &error)),
    }
}

/// Removes what was retired, after its delay. A broker that ends before that leaves it to the next opening of the log.
pub(crate) fn remove_later(inner: &Rc<Inner>, retired: Vec<PathBuf>) {
    if retired.is_empty() {
        return;
    }
    let delay_ms = inner.state.borrow().config.file_delete_delay_ms;
    spawn(Class::Background, async move {
        sleep(Duration::from_millis(delay_ms)).await;
        for path in retired {
            if let Err(error) = remove_if_there(&path).await {
                tracing::warn!("a deleted segment's file stays: {error}");
            }
        }
    });
}
