//! Puts a cleaned segment in the place of those that it was made from, so that a crash at any point leaves the old ones
//! or the new one, as Kafka names the steps.
//!
//! ```text
//! X.log.cleaned …  whole and flushed             a crash from here on: `.cleaned` is removed, the old segments stay
//! X.log.swap …     renamed, directory flushed    from here on: the old segments go, the swap is finished
//! .deleted         the old segments' files are renamed, directory flushed
//! X.log …          renamed, the log last, directory flushed
//! ```
//!
//! Whoever reads meanwhile has the new segment by its open file and its indexes in memory, and reads again if it began
//! with the old ones. The turn is held: nothing is written, cut or deleted here meanwhile.

use super::output::{CLEANED_SUFFIXES, Cleaned};
use super::plan::Sealed;
use crate::log::Inner;
use crate::retain::{remove_later, retire_file};
use crate::state::{Segment, Swapping};
use crate::writer::exclusively_unless_full;
use crate::{Error, Offset};
use ottla_io::file::{rename, sync_dir};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::rc::Rc;

/// Whether the segments of `group` stand as they were when cleaning began.
pub(super) fn stands(inner: &Inner, group: &[Sealed]) -> bool {
    let state = inner.state.borrow();
    let Some(first) = group.first().and_then(|first| state.position_of(first.base_offset)) else {
        return false;
    };
    let is_same = |(segment, planned): (&Segment, &Sealed)| {
        segment.base_offset == planned.base_offset
            && segment.bytes == planned.bytes
            && segment.growing.is_none()
    };
    let there = state.segments.get(first..first + group.len()).unwrap_or_default();
    state.failure.is_none() && there.len() == group.len() && there.iter().zip(group).all(is_same)
}

/// Replaces the segments of `group` by `cleaned`. False when they are not what they were: nothing has changed then.
/// # Errors
/// A full disk before the swap counts, and then nothing has changed. Otherwise the log is offline: which files it has
/// will be known when it is opened again.
pub(super) async fn replace(inner: &Rc<Inner>, group: &[Sealed], cleaned: Cleaned) -> Result<bool, Error> {
    exclusively_unless_full(inner, async || {
        if !stands(inner, group) {
            return Ok(false);
        }
        // Who finds a transaction index missing makes it again: not while it has no name.
        let _mending = inner.mending.acquire(1).await;
        let base_offset = cleaned.base_offset;
        rename_all(inner, base_offset, ".cleaned", ".swap").await?;
        flush(inner).await?;
        take_in(inner, group, cleaned);
        finish(inner, group, base_offset).await.inspect_err(|error| inner.fail(error))?;
        Ok(true)
    })
    .await
}

/// The new segment's files get their names.
async fn finish(inner: &Rc<Inner>, group: &[Sealed], base_offset: Offset) -> Result<(), Error> {
    let retired = retire(inner, group).await?;
    flush(inner).await?;
    rename_all(inner, base_offset, ".swap", "").await?;
    flush(inner).await?;
    if let Some(segment) = inner.state.borrow_mut().segment_mut(base_offset) {
        segment.swapping = None;
    }
    remove_later(inner, retired);
    Ok(())
}

async fn flush(inner: &Inner) -> Result<(), Error> {
    sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))
}

/// The log last, and only once the names of its indexes are durable: while it has its old name, opening does the rest.
async fn rename_all(inner: &Inner, base_offset: Offset, from: &str, to: &str) -> Result<(), Error> {
    for suffix in CLEANED_SUFFIXES {
        if suffix == ".log" {
            flush(inner).await?;
        }
        let path = inner.path(base_offset, &format!("{suffix}{from}"));
        match rename(&path, &inner.path(base_offset, &format!("{suffix}{to}"))).await {
            // A log without transactions has none.
            Err(error) if error.kind() == ErrorKind::NotFound && suffix == ".txnindex" => {}
            result => result.map_err(|error| Error::io("rename", &path, &error))?,
        }
    }
    Ok(())
}

/// From here on the log has the new segment.
fn take_in(inner: &Inner, group: &[Sealed], cleaned: Cleaned) {
    for old in group {
        inner.resources.forget_segment(inner.number, old.base_offset);
    }
    let mut state = inner.state.borrow_mut();
    let Some(first) = state.position_of(cleaned.base_offset) else { return };
    let created_ms = state.segments.get(first).map_or(0, |segment| segment.created_ms);
    let segment = Segment {
        base_offset: cleaned.base_offset,
        bytes: cleaned.bytes,
        written: cleaned.bytes,
        first_timestamp: cleaned.first_timestamp,
        created_ms,
        max_timestamp: Some(cleaned.max_timestamp),
        aborted_file: cleaned.has_aborted,
        growing: None,
        swapping: Some(Box::new(Swapping { file: cleaned.file, indexes: cleaned.indexes })),
    };
    state.segments.splice(first..first + group.len(), [segment]);
    state.replacements += 1;
    // What was cleaned would be read from memory as it was before, and its memory never come free.
    let last = group.last().map_or(cleaned.base_offset, |last| last.base_offset);
    let freed = state.tail.drop_up_to_segment(last);
    inner.resources.chunks_freed(freed);
}

/// Takes the old segments' files out of the log, the oldest last: what a crash leaves of them is then the front of the
/// log, which the swap covers. Returns those that are to be removed later.
async fn retire(inner: &Inner, group: &[Sealed]) -> Result<Vec<PathBuf>, Error> {
    let mut retired = Vec::new();
    for old in group.iter().rev() {
        for suffix in CLEANED_SUFFIXES {
            retired.extend(retire_file(inner, old.base_offset, suffix).await?);
        }
    }
    Ok(retired)
}
