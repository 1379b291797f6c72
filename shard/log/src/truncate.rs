//! What takes records away from the end, or all of them: truncation by epoch, restart (followers), deleted logs.

use crate::aborted::Aborted;
use crate::batch::BatchHeader;
use crate::checkpoint::epochs::EpochCache;
use crate::index::IndexBuilder;
use crate::log::Inner;
use crate::read::{open_segment, position_hint};
use crate::recover::{remove_segment, resume_point};
use crate::scan::Expected;
use crate::state::{Growing, Segment};
use crate::walk::walk;
use crate::writer::{self, exclusively};
use crate::{Error, Offset, aborted};
use ottla_io::file::sync_dir;
use std::ops::ControlFlow;
use std::rc::Rc;

/// Appends wait while it lives.
struct Pause<'a>(&'a Inner);

impl<'a> Pause<'a> {
    fn new(inner: &'a Inner) -> Pause<'a> {
        inner.state.borrow_mut().paused = true;
        Pause(inner)
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.0.state.borrow_mut().paused = false;
        self.0.progressed();
    }
}

/// See [`crate::Log::truncate_to`].
pub(crate) async fn truncate_to(inner: &Rc<Inner>, offset: Offset) -> Result<Offset, Error> {
    let (start, end) = {
        let state = inner.state.borrow();
        (state.log_start_offset, state.log_end_offset)
    };
    if offset >= end {
        return Ok(end);
    }
    if offset < start {
        restart_at(inner, offset).await?;
        return Ok(offset);
    }
    let _pause = Pause::new(inner);
    writer::written(inner).await?;
    exclusively(inner, async || truncate(inner, offset).await).await
}

async fn truncate(inner: &Inner, offset: Offset) -> Result<Offset, Error> {
    let Some((base_offset, bytes)) = ({
        let state = inner.state.borrow();
        let holder = state.holder_of(offset).and_then(|at| state.segments.get(at));
        holder.map(|segment| (segment.base_offset, segment.bytes))
    }) else {
        return Err(Error::OffsetOutOfRange { offset, start: 0, end: 0 });
    };
    writer::store_indexes(inner, base_offset, false).await?;
    let (position, new_end) = find(inner, base_offset, bytes, offset).await?;
    // Newest first: a kill in between leaves a log without gaps.
    loop {
        let newest = inner.state.borrow().active().base_offset;
        if newest == base_offset {
            break;
        }
        remove_segment(inner, newest).await?;
        // Durably, before an older one changes: one that a crash brings back would lie behind a gap.
        sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
        inner.state.borrow_mut().segments.pop();
    }
    let before = aborted::entries_of(inner, base_offset).await?;
    let (index, expected) = index_up_to(inner, base_offset, position, new_end, bytes).await?;
    {
        let mut state = inner.state.borrow_mut();
        inner.resources.chunks_freed(state.tail.clear());
        if let Some(segment) = state.segment_mut(base_offset) {
            segment.bytes = position;
            segment.written = position;
            segment.max_timestamp = None;
            if position == 0 {
                segment.first_timestamp = None;
            }
            let file = segment.growing.take().and_then(|growing| growing.file);
            segment.growing = Some(Box::new(Growing {
                index,
                aborted: Aborted::default(),
                index_files_exist: false,
                exists: true,
                file,
                file_bytes: bytes,
            }));
        }
        debug_assert!(expected.next_offset <= new_end);
        state.log_end_offset = new_end;
        state.durable_end = state.durable_end.min(new_end);
        state.synced_end = state.synced_end.min(new_end);
        state.epochs.truncate_from_end(new_end);
        state.uncleaned_from(new_end);
        state.changed = true;
        state.replacements += 1;
    }
    inner.resources.forget_segment(inner.number, base_offset);
    // What is cut off must never be found again behind what is appended next: its checksums are valid.
    let file = writer::file_of(inner, base_offset).await?;
    writer::cut(inner, base_offset, &file).await?;
    aborted::cut(inner, base_offset, &before, new_end).await?;
    writer::store_indexes(inner, base_offset, true).await?;
    writer::store_epochs(inner).await?;
    remove_snapshots_above(inner, new_end).await?;
    sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
    Ok(new_end)
}

/// Where the batch that holds `offset` begins, and the log's end when it is cut there.
async fn find(
    inner: &Inner,
    base_offset: Offset,
    bytes: u64,
    offset: Offset,
) -> Result<(u64, Offset), Error> {
    if offset == base_offset || bytes == 0 {
        return Ok((0, offset));
    }
    let hint = position_hint(inner, base_offset, offset).await?;
    let file = open_segment(inner, base_offset).await?;
    for from in [hint, 0] {
        let mut found = (bytes, offset);
        let expected = Expected::at_segment_start(base_offset, None, true);
        let walked = walk(&file, from, bytes, expected, false, |position, header: &BatchHeader, _| {
            if header.last_offset() < offset {
                return ControlFlow::Continue(());
            }
            found = (position, offset.min(header.base_offset));
            ControlFlow::Break(())
        })
        .await;
        let path = inner.path(base_offset, ".log");
        let walked = walked.map_err(|error| Error::io("read", &path, &error))?;
        match walked.fault {
            None => return Ok(found),
            // A hint may be wrong; the second turn begins at the start.
            Some(_) if from > 0 => {}
            Some(fault) => {
                return Err(Error::Corrupt { path, position: walked.position, reason: fault.to_string() });
            }
        }
    }
    Ok((0, base_offset))
}

/// The index of a segment that is cut at `position`, whose files still hold all entries.
async fn index_up_to(
    inner: &Inner,
    base_offset: Offset,
    position: u64,
    new_end: Offset,
    bytes: u64,
) -> Result<(IndexBuilder, Expected), Error> {
    let mut expected = Expected::at_segment_start(base_offset, None, true);
    let mut index = IndexBuilder::new(base_offset);
    if position == 0 {
        return Ok((index, expected));
    }
    let file = open_segment(inner, base_offset).await?;
    let mut from = 0;
    if let Some(resume) = resume_point(&inner.dir, &file, bytes, base_offset, new_end, expected).await? {
        from = resume.position;
        expected.next_offset = resume.next_offset;
        index = resume.index;
    }
    let interval = inner.state.borrow().config.index_interval_bytes;
    let walked = walk(&file, from, position, expected, false, |position, header, _| {
        index.batch(position, header, interval);
        ControlFlow::Continue(())
    })
    .await;
    let path = inner.path(base_offset, ".log");
    let walked = walked.map_err(|error| Error::io("read", &path, &error))?;
    match walked.fault {
        None => Ok((index, walked.expected)),
        Some(fault) => Err(Error::Corrupt { path, position: walked.position, reason: fault.to_string() }),
    }
}

async fn remove_snapshots_above(inner: &Inner, offset: Offset) -> Result<(), Error> {
    let stale: Vec<Offset> = {
        let mut state = inner.state.borrow_mut();
        state.snapshots_waiting.retain(|(at, _)| *at <= offset);
        let (kept, stale) = state.snapshots.iter().partition(|at| **at <= offset);
        state.snapshots = kept;
        stale
    };
    for at in stale {
        writer::remove_if_there(&inner.path(at, ".snapshot")).await?;
    }
    Ok(())
}

/// See [`crate::Log::restart_at`].
pub(crate) async fn restart_at(inner: &Rc<Inner>, offset: Offset) -> Result<(), Error> {
    let _pause = Pause::new(inner);
    writer::written(inner).await?;
    exclusively(inner, async || {
        let (old, end): (Vec<Offset>, Offset) = {
            let state = inner.state.borrow();
            (state.segments.iter().map(|segment| segment.base_offset).collect(), state.log_end_offset)
        };
        let fresh = Segment::new(offset, ottla_io::unix_millis());
        if offset > end {
            // The new segment stands before the old ones go, so that a kill leaves one or the other.
            inner.state.borrow_mut().segments.push(fresh);
            writer::create(inner, offset).await?;
            for base_offset in old {
                remove_segment(inner, base_offset).await?;
                inner.state.borrow_mut().segments.remove(0);
            }
        } else {
            for base_offset in old.into_iter().rev() {
                remove_segment(inner, base_offset).await?;
            }
            inner.state.borrow_mut().segments = vec![fresh];
            writer::create(inner, offset).await?;
        }
        {
            let mut state = inner.state.borrow_mut();
            inner.resources.chunks_freed(state.tail.clear());
            state.log_start_offset = offset;
            state.log_end_offset = offset;
            state.durable_end = offset;
            state.synced_end = offset;
            state.epochs = EpochCache::default();
            state.uncleaned_from(offset);
            state.changed = true;
            state.replacements += 1;
        }
        let snapshots = std::mem::take(&mut inner.state.borrow_mut().snapshots);
        for at in snapshots {
            writer::remove_if_there(&inner.path(at, ".snapshot")).await?;
        }
        writer::store_epochs(inner).await?;
        sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))
    })
    .await
}

/// See [`crate::Log::delete`].
pub(crate) async fn delete(inner: &Rc<Inner>) -> Result<(), Error> {
    writer::closed(inner);
    // What is in flight ends first.
    let _turn = inner.turn.acquire(1).await;
    crate::data_directory::delete_partition(&inner.dir).await
}
