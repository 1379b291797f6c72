//! Brings a log's memory to its files: one task per log, there only while there is something to write.
//!
//! One write is in flight per log; what is appended meanwhile joins the next one (group commit, no timer). A failed
//! write or flush takes the log offline: it is never tried again, since nobody knows what of it reached the disk. A full
//! disk is no such failure: the whole job is done again, from memory, until there is room; appends are refused meanwhile.
//!
//! ```text
//! append ─► Create (first of a segment) ─► Write ─► Write … ─► Finish (rolled) ─► Create ─► …
//!                                          then snapshots, epochs, a flush if one is due
//! ```

use crate::batch::{BATCH_HEADER_BYTES, BatchHeader};
use crate::checkpoint::epochs::{self, LEADER_EPOCHS};
use crate::index::{offset, time, transaction};
use crate::limits::{PREPARE_BYTES, WRITE_BYTES_MAX, block_end, block_start};
use crate::log::Inner;
use crate::state::{Job, State};
use crate::tail::WriteParts;
use crate::{Error, Offset};
use bytes::Bytes;
use ottla_io::counters::add;
use ottla_io::file::{remove_file, replace, sync_dir};
use ottla_io::{BLOCK_BYTES, Buffer, Class, Durability, File, OpenOptions};
use std::rc::Rc;
use std::time::Duration;

/// Between two tries to write to a full disk.
const STARVED_RETRY: Duration = Duration::from_millis(250);

/// Starts the log's task if it does not run.
pub(crate) fn start(inner: &Rc<Inner>, state: &mut State) {
    if state.failure.is_none() && !std::mem::replace(&mut state.writing, true) {
        ottla_io::spawn(Class::Foreground, run(inner.clone()));
    }
}

/// A panic of the task takes its log offline, so that nobody waits for it forever.
struct Watch(Rc<Inner>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(&Error::Offline { dir: self.0.dir.clone(), reason: "its task panicked".to_owned() });
        }
    }
}

async fn run(inner: Rc<Inner>) {
    let watch = Watch(inner.clone());
    loop {
        let turn = inner.turn.acquire(1).await;
        let job = inner.state.borrow_mut().next_job();
        let Some(job) = job else {
            inner.state.borrow_mut().writing = false;
            break;
        };
        // A flush that failed is not tried again, whatever it failed of.
        let again = (job != Job::Sync).then(|| job.clone());
        let result = perform(&inner, job).await;
        drop(turn);
        match (result, again) {
            (Ok(()), _) => inner.has_room(),
            (Err(error), Some(job)) if error.is_no_space() => {
                inner.starve(error, job);
                ottla_io::sleep(STARVED_RETRY).await;
            }
            (Err(error), _) => {
                inner.state.borrow_mut().writing = false;
                inner.fail(&error);
                break;
            }
        }
    }
    inner.progressed();
    drop(watch);
}

impl Inner {
    /// `job` met a full disk: it comes again, and appends are refused until it succeeds.
    fn starve(&self, error: Error, job: Job) {
        let mut state = self.state.borrow_mut();
        match job {
            Job::StoreSnapshot(offset, snapshot) => state.snapshots_waiting.push_front((offset, snapshot)),
            Job::StoreEpochs => state.epochs_stored = false,
            Job::Create(_) | Job::Write(_) | Job::Finish(_) | Job::Sync => {}
        }
        if state.starved.is_none() {
            tracing::error!(dir = %self.dir.display(), "{error}: nothing is appended here until there is room");
        }
        state.starved = Some(error);
        drop(state);
        self.progressed();
    }

    fn has_room(&self) {
        if self.state.borrow().starved.is_some() {
            self.state.borrow_mut().starved = None;
            tracing::info!(dir = %self.dir.display(), "there is room again: appends go on");
            self.progressed();
        }
    }
}

async fn perform(inner: &Rc<Inner>, job: Job) -> Result<(), Error> {
    match job {
        Job::Create(base_offset) => create(inner, base_offset).await,
        Job::Write(base_offset) => write(inner, base_offset).await,
        Job::Finish(base_offset) => finish(inner, base_offset).await,
        Job::StoreSnapshot(offset, snapshot) => store_snapshot(inner, offset, &snapshot).await,
        Job::StoreEpochs => store_epochs(inner).await,
        Job::Sync => sync(inner).await,
    }
}

/// Makes the file of a new segment; durable, with its directory entry, when it returns.
pub(crate) async fn create(inner: &Inner, base_offset: Offset) -> Result<(), Error> {
    let path = inner.path(base_offset, ".log");
    let options = OpenOptions {
        read: true,
        write: true,
        create: true,
        truncate: true,
        direct: true,
        ..OpenOptions::default()
    };
    let file = File::open(&path, &options).await.map_err(|error| Error::io("create", &path, &error))?;
    if !file.is_direct() {
        inner.resources.warn_buffered(&path);
    }
    let reserve = {
        let state = inner.state.borrow();
        state.config.preallocate.then_some(u64::from(state.config.segment_bytes))
    };
    if let Some(bytes) = reserve {
        file.allocate(0, bytes).await.map_err(|error| Error::io("reserve space for", &path, &error))?;
    }
    sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
    if let Some(growing) = inner.state.borrow_mut().growing_mut(base_offset) {
        growing.exists = true;
        growing.file = Some(file);
    }
    Ok(())
}

/// The file of a growing segment, open for writing.
pub(crate) async fn file_of(inner: &Inner, base_offset: Offset) -> Result<File, Error> {
    let (file, first_timestamp_known) = {
        let state = inner.state.borrow();
        let segment = state.segment(base_offset);
        let file =
            segment.and_then(|segment| segment.growing.as_ref()).and_then(|growing| growing.file.clone());
        (file, segment.is_none_or(|segment| segment.first_timestamp.is_some() || segment.written == 0))
    };
    if let Some(file) = file {
        return Ok(file);
    }
    let path = inner.path(base_offset, ".log");
    let options = OpenOptions { read: true, write: true, direct: true, ..OpenOptions::default() };
    let file = File::open(&path, &options).await.map_err(|error| Error::io("open", &path, &error))?;
    if !file.is_direct() {
        inner.resources.warn_buffered(&path);
    }
    let bytes = file.len().await.map_err(|error| Error::io("look at", &path, &error))?;
    let first = if first_timestamp_known {
        None
    } else {
        let block = read_block(inner, &file, base_offset, 0).await?;
        // A damaged header here is for the reader of it to report.
        block.get(..BATCH_HEADER_BYTES).and_then(|head| BatchHeader::parse(head).ok())
    };
    if let Some(segment) = inner.state.borrow_mut().segment_mut(base_offset) {
        if let Some(header) = first {
            segment.first_timestamp = Some(header.max_timestamp);
        }
        if let Some(growing) = &mut segment.growing {
            growing.file_bytes = bytes;
            growing.file = Some(file.clone());
        }
    }
    Ok(file)
}

async fn read_block(inner: &Inner, file: &File, base_offset: Offset, position: u64) -> Result<Bytes, Error> {
    let (result, buffer) = file.read_at(Buffer::with_capacity(BLOCK_BYTES), position, BLOCK_BYTES).await;
    match result {
        Ok(_) => Ok(buffer.freeze()),
        Err(error) => Err(Error::io("read", &inner.path(base_offset, ".log"), &error)),
    }
}

/// Writes what has queued for a segment.
async fn write(inner: &Rc<Inner>, base_offset: Offset) -> Result<(), Error> {
    let file = file_of(inner, base_offset).await?;
    let (from, to, end_offset, mut parts, durability) = loop {
        let (from, to, end_offset, parts) = {
            let state = inner.state.borrow();
            let Some(segment) = state.segment(base_offset) else { return Ok(()) };
            let from = segment.written;
            let Some((to, end_offset)) = state.tail.write_end(base_offset, from, WRITE_BYTES_MAX) else {
                return Err(Error::Corrupt {
                    path: inner.path(base_offset, ".log"),
                    position: from,
                    reason: "bytes that wait to be written are not in memory".to_owned(),
                });
            };
            (from, to, end_offset, state.tail.write_parts(base_offset, from, to))
        };
        match parts {
            WriteParts::Ready(parts) => {
                let relaxed = inner.state.borrow().config.acks_before_flush();
                let durability = if relaxed { Durability::Volatile } else { Durability::Durable };
                break (from, to, end_offset, parts, durability);
            }
            WriteParts::NeedsBlock(position) => {
                let block = read_block(inner, &file, base_offset, position).await?;
                if (block.len() as u64) < from - position {
                    return Err(Error::Corrupt {
                        path: inner.path(base_offset, ".log"),
                        position: position + block.len() as u64,
                        reason: format!("the file ends before the log does, at {from}"),
                    });
                }
                inner.state.borrow_mut().tail.fill_hole(base_offset, position, &block);
            }
        }
    };
    let durable = durability == Durability::Durable;
    let is_starved = inner.state.borrow().starved.is_some();
    let prepared_bytes = if durable && !is_starved {
        let bytes_max = inner.resources.prepare_bytes_max();
        inner.state.borrow_mut().prepare_behind(base_offset, from, to, bytes_max)
    } else {
        0
    };
    for _ in 0..prepared_bytes / PREPARE_BYTES as u64 {
        parts.push(inner.resources.zeros());
    }
    let failed = |error| Error::io("write", &inner.path(base_offset, ".log"), &error);
    let began = ottla_io::recently();
    file.write_at(parts, block_start(from), durability).await.map_err(failed)?;
    add(&inner.resources.counts.writes, 1);
    let leftovers = durable && inner.state.borrow().messages_unsynced > 0;
    if leftovers {
        // The topic was relaxed until now: earlier writes are flushed with this one.
        add(&inner.resources.counts.flushes, 1);
        file.sync_data().await.map_err(failed)?;
    }
    {
        let mut state = inner.state.borrow_mut();
        state.write_began = began;
        if leftovers {
            state.messages_unsynced = 0;
        }
        state.wrote(base_offset, from, to, prepared_bytes, end_offset, durable);
        if let (false, Some(flush_ms), false) = (durable, state.config.flush_ms, state.flush_timer_runs) {
            state.flush_timer_runs = true;
            ottla_io::spawn(Class::Background, flush_after(inner.clone(), flush_ms));
        }
    }
    inner.progressed();
    Ok(())
}

async fn flush_after(inner: Rc<Inner>, flush_ms: u64) {
    ottla_io::sleep(Duration::from_millis(flush_ms)).await;
    let mut state = inner.state.borrow_mut();
    state.flush_timer_runs = false;
    if state.messages_unsynced > 0 {
        state.sync_wanted = true;
        start(&inner, &mut state);
    }
}

/// Flushes what was written without. The caller holds the turn.
pub(crate) async fn sync(inner: &Inner) -> Result<(), Error> {
    let (files, end, messages) = {
        let mut state = inner.state.borrow_mut();
        state.sync_wanted = false;
        let open = |segment: &crate::state::Segment| segment.growing.as_ref()?.file.clone();
        let files: Vec<(Offset, File)> =
            state.segments.iter().filter_map(|segment| Some((segment.base_offset, open(segment)?))).collect();
        (files, state.durable_end, state.messages_unsynced)
    };
    for (base_offset, file) in files {
        add(&inner.resources.counts.flushes, 1);
        let failed = |error| Error::io("flush", &inner.path(base_offset, ".log"), &error);
        file.sync_data().await.map_err(failed)?;
    }
    let mut state = inner.state.borrow_mut();
    state.synced_end = state.synced_end.max(end);
    state.messages_unsynced = state.messages_unsynced.saturating_sub(messages);
    drop(state);
    inner.progressed();
    Ok(())
}

/// Makes a rolled and wholly written segment a plain Kafka segment: cut to its size, its indexes in files, all durable.
pub(crate) async fn finish(inner: &Inner, base_offset: Offset) -> Result<(), Error> {
    let file = file_of(inner, base_offset).await?;
    if let Some(growing) = inner.state.borrow_mut().growing_mut(base_offset) {
        growing.index.time_entry();
    }
    store_indexes(inner, base_offset, true).await?;
    cut(inner, base_offset, &file).await?;
    let mut state = inner.state.borrow_mut();
    if let Some(segment) = state.segment_mut(base_offset) {
        if let Some(growing) = &segment.growing {
            segment.max_timestamp = Some(growing.index.max_timestamp());
        }
        segment.aborted_file = segment.has_aborted();
        segment.growing = None;
    }
    Ok(())
}

/// Cuts the file to the bytes of its batches and flushes it, size and all.
pub(crate) async fn cut(inner: &Inner, base_offset: Offset, file: &File) -> Result<(), Error> {
    let bytes = {
        let state = inner.state.borrow();
        let Some(segment) = state.segment(base_offset) else { return Ok(()) };
        segment.bytes
    };
    let failed = |error| Error::io("cut", &inner.path(base_offset, ".log"), &error);
    file.set_len(bytes).await.map_err(failed)?;
    file.sync_all().await.map_err(failed)?;
    if let Some(growing) = inner.state.borrow_mut().growing_mut(base_offset) {
        growing.file_bytes = bytes;
    }
    Ok(())
}

/// Appends the entries of written batches that are not in the index files yet, and flushes them. With `make_files`
/// also empty ones are made.
pub(crate) async fn store_indexes(inner: &Inner, base_offset: Offset, make_files: bool) -> Result<(), Error> {
    let (offsets, times, aborted, offsets_at, times_at, aborted_at, exist) = {
        let state = inner.state.borrow();
        let Some(segment) = state.segment(base_offset) else { return Ok(()) };
        let Some(growing) = &segment.growing else { return Ok(()) };
        let written = segment.written;
        let all = written == segment.bytes;
        let durable = u32::try_from(state.durable_end - base_offset).unwrap_or(u32::MAX);
        let (offsets, times) = growing.index.unstored(
            |entry| all || u64::from(entry.position) < written,
            |entry| all || entry.relative_offset < durable,
        );
        let aborted = growing.aborted.unstored(|aborted| all || aborted.last_offset < state.durable_end);
        let stored = (growing.index.stored_offset_entries, growing.index.stored_time_entries);
        let aborted_at = growing.aborted.stored * transaction::ENTRY_BYTES;
        let (offsets_at, times_at) = (u64::from(stored.0), u64::from(stored.1));
        (offsets, times, aborted, offsets_at, times_at, aborted_at as u64, growing.index_files_exist)
    };
    if !aborted.is_empty() {
        let count = aborted.len() / transaction::ENTRY_BYTES;
        store_index(inner, base_offset, ".txnindex", aborted, aborted_at).await?;
        if aborted_at == 0 {
            // Nobody can tell that this one is missing.
            sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
        }
        if let Some(growing) = inner.state.borrow_mut().growing_mut(base_offset) {
            growing.aborted.stored += count;
        }
    }
    if (exist || !make_files) && offsets.is_empty() && times.is_empty() {
        return Ok(());
    }
    let counts = (offsets.len() / offset::ENTRY_BYTES, times.len() / time::ENTRY_BYTES);
    store_index(inner, base_offset, ".index", offsets, offsets_at * offset::ENTRY_BYTES as u64).await?;
    store_index(inner, base_offset, ".timeindex", times, times_at * time::ENTRY_BYTES as u64).await?;
    if let Some(growing) = inner.state.borrow_mut().growing_mut(base_offset) {
        growing.index.stored(counts.0, counts.1);
        growing.index_files_exist = true;
    }
    inner.resources.forget_indexes(inner.number, base_offset);
    Ok(())
}

async fn store_index(
    inner: &Inner,
    base_offset: Offset,
    suffix: &str,
    entries: Vec<u8>,
    at: u64,
) -> Result<(), Error> {
    let path = inner.path(base_offset, suffix);
    let failed = |error| Error::io("write", &path, &error);
    let options = OpenOptions { write: true, create: true, ..OpenOptions::default() };
    let file = File::open(&path, &options).await.map_err(failed)?;
    // Whatever lies beyond was made for batches that are gone.
    file.set_len(at).await.map_err(failed)?;
    if !entries.is_empty() {
        file.write_at(vec![entries.into()], at, Durability::Volatile).await.map_err(failed)?;
    }
    file.sync_data().await.map_err(failed)
}

async fn store_snapshot(inner: &Inner, offset: Offset, snapshot: &[u8]) -> Result<(), Error> {
    let path = inner.path(offset, ".snapshot");
    replace(&path, snapshot).await.map_err(|error| Error::io("write", &path, &error))?;
    // One at each segment's base, to recover from, and the newest: others are of no use any more.
    let stale: Vec<Offset> = {
        let mut state = inner.state.borrow_mut();
        let mut all = std::mem::take(&mut state.snapshots);
        all.push(offset);
        all.sort_unstable();
        all.dedup();
        let newest = all.last().copied();
        let (kept, stale) = all
            .into_iter()
            .partition(|offset| Some(*offset) == newest || state.position_of(*offset).is_some());
        state.snapshots = kept;
        stale
    };
    for offset in stale {
        remove_if_there(&inner.path(offset, ".snapshot")).await?;
    }
    Ok(())
}

/// Removes a file; one that is not there is no error.
pub(crate) async fn remove_if_there(path: &std::path::Path) -> Result<(), Error> {
    match remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Writes the epochs as they are. The caller holds the turn.
pub(crate) async fn store_epochs(inner: &Inner) -> Result<(), Error> {
    let text = {
        let mut state = inner.state.borrow_mut();
        state.epochs_stored = true;
        epochs::format(state.epochs.entries())
    };
    let path = inner.dir.join(LEADER_EPOCHS);
    let replaced = replace(&path, text.as_bytes()).await;
    replaced.map_err(|error| {
        inner.state.borrow_mut().epochs_stored = false;
        Error::io("write", &path, &error)
    })
}

/// Runs `work` with the turn held; an error takes the log offline.
pub(crate) async fn exclusively<T>(
    inner: &Inner,
    work: impl AsyncFnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let _turn = inner.turn.acquire(1).await;
    inner.state.borrow().check_online()?;
    work().await.inspect_err(|error| inner.fail(error))
}

/// As [`exclusively`], for work that may be done again: a full disk fails it and leaves the log online.
pub(crate) async fn exclusively_unless_full<T>(
    inner: &Inner,
    work: impl AsyncFnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let _turn = inner.turn.acquire(1).await;
    inner.state.borrow().check_online()?;
    work().await.inspect_err(|error| {
        if !error.is_no_space() {
            inner.fail(error);
        }
    })
}

/// See [`crate::Log::checkpoint`].
pub(crate) async fn checkpoint(inner: &Rc<Inner>) -> Result<Offset, Error> {
    exclusively_unless_full(inner, async || {
        let (epochs_stored, unsynced) = {
            let state = inner.state.borrow();
            (state.epochs_stored, state.messages_unsynced > 0)
        };
        if !epochs_stored {
            store_epochs(inner).await?;
        }
        if unsynced {
            sync(inner).await?;
        }
        let active = inner.state.borrow().active().base_offset;
        store_indexes(inner, active, false).await?;
        let state = inner.state.borrow();
        // What was rolled and is not finished yet has to be scanned after a crash.
        let unfinished = state.segments.iter().find(|segment| segment.growing.is_some());
        let unfinished = unfinished.filter(|segment| segment.base_offset != active);
        Ok(unfinished.map_or(state.synced_end, |segment| state.synced_end.min(segment.base_offset)))
    })
    .await
}

/// Frees what an idle log holds. True when it holds nothing any more.
pub(crate) async fn cool(inner: &Rc<Inner>) -> bool {
    let cooled = exclusively_unless_full(inner, async || {
        let (base_offset, to_cut) = {
            let state = inner.state.borrow();
            if state.writing || state.unwritten_bytes > 0 {
                return Ok(false);
            }
            let active = state.active();
            let ahead = active
                .growing
                .as_ref()
                .filter(|growing| growing.file_bytes > block_end(active.bytes))
                .and_then(|growing| growing.file.clone());
            (active.base_offset, ahead)
        };
        let unsynced = inner.state.borrow().messages_unsynced > 0;
        if unsynced {
            // A later flush would find no open file, and believe that it had flushed it.
            sync(inner).await?;
        }
        store_indexes(inner, base_offset, false).await?;
        if let Some(file) = to_cut {
            cut(inner, base_offset, &file).await?;
        }
        let mut state = inner.state.borrow_mut();
        if state.writing || state.unwritten_bytes > 0 {
            return Ok(false);
        }
        inner.resources.chunks_freed(state.tail.clear());
        if let Some(growing) = state.growing_mut(base_offset) {
            growing.file = None;
        }
        state.warm = false;
        Ok(true)
    })
    .await;
    // A log that is offline or closed needs no sweep.
    cooled.unwrap_or(true)
}

/// See [`crate::Log::close`].
pub(crate) async fn close(inner: &Rc<Inner>, snapshot: Option<Vec<u8>>) -> Result<Offset, Error> {
    written(inner).await?;
    let end = exclusively(inner, async || {
        let (base_offset, end, changed, stored) = {
            let state = inner.state.borrow();
            let end = state.log_end_offset;
            (state.active().base_offset, end, state.changed, state.snapshots.contains(&end))
        };
        if changed {
            finish(inner, base_offset).await?;
            store_epochs(inner).await?;
        }
        if let Some(snapshot) = snapshot.filter(|_| changed || !stored) {
            store_snapshot(inner, end, &snapshot).await?;
        }
        if changed {
            sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
        }
        Ok(end)
    })
    .await?;
    closed(inner);
    Ok(end)
}

/// Ends when nothing waits to be written.
/// # Errors
/// The log is offline, or the disk is full and what waits may wait for long.
pub(crate) async fn written(inner: &Inner) -> Result<(), Error> {
    loop {
        let progress = inner.progress.wait();
        {
            let state = inner.state.borrow();
            state.check_online()?;
            if let Some(starved) = &state.starved {
                return Err(starved.clone());
            }
            if state.unwritten_bytes == 0 && !state.writing {
                return Ok(());
            }
        }
        progress.await;
    }
}

/// From now on every operation fails with [`Error::Closed`].
pub(crate) fn closed(inner: &Inner) {
    let mut state = inner.state.borrow_mut();
    state.failure = Some(Error::Closed { dir: inner.dir.clone() });
    inner.resources.chunks_freed(state.tail.clear());
    for segment in &mut state.segments {
        if let Some(growing) = &mut segment.growing {
            growing.file = None;
        }
    }
    drop(state);
    inner.resources.forget_log(inner.number);
    inner.progressed();
}
