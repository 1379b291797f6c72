//! Opens a log: what a clean shutdown left is believed, what a kill left is scanned from the recovery point on.
//!
//! Below the recovery point everything was acknowledged and flushed: damage there is an error, and the log stays
//! offline. Above it the log ends where the next bytes are no batch that may follow; the rest is cut off, since a torn
//! or lost write leaves anything there, and nothing behind it can have been acknowledged.

mod clean;
mod resume;
mod scanned;

pub(crate) use resume::{load_indexes, resume_point};

use crate::checkpoint::epochs::{self, EpochCache, LEADER_EPOCHS};
use crate::checkpoint::partition::segment_file_name;
use crate::log::{Inner, Opening, Recovered};
use crate::retain::SUFFIXES;
use crate::scan::Expected;
use crate::state::{Segment, State};
use crate::survey::{Survey, check_partition_metadata, read_small, survey};
use crate::tail::Tail;
use crate::walk::walk;
use crate::{Error, Log, LogConfig, Offset, aborted, writer};
use ottla_io::file::{create_dir_all, sync_dir};
use ottla_io::local::{Event, Semaphore};
use ottla_io::{File, OpenOptions};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

/// See [`Log::create`].
pub(crate) async fn create(opening: Opening) -> Result<Log, Error> {
    let dir = &opening.dir;
    create_dir_all(dir).await.map_err(|error| Error::io("create", dir, &error))?;
    if let Some(parent) = dir.parent() {
        sync_dir(parent).await.map_err(|error| Error::io("flush", parent, &error))?;
    }
    open(opening).await.map(|(log, _)| log)
}

/// See [`Log::open`].
pub(crate) async fn open(mut opening: Opening) -> Result<(Log, Recovered), Error> {
    let survey = survey(&opening.dir).await?;
    if !check_partition_metadata(&opening.dir, opening.topic_id).await? {
        // What checkpoints say is of an earlier topic of this name.
        (opening.log_start_offset, opening.recovery_point) = (None, None);
        opening.clean_shutdown = false;
    }
    let dir = opening.dir.as_path();
    let epochs = load_epochs(dir).await?;
    let mut recovery = Recovery {
        dir,
        config: &opening.config,
        gaps: opening.config.compact || opening.cleaned_to.is_some(),
        recovery_point: opening.recovery_point.unwrap_or(0),
        segments: Vec::new(),
        to_finish: Vec::new(),
        to_remove: Vec::new(),
        epochs: EpochCache::new(epochs.clone().unwrap_or_default()),
        log_end_offset: 0,
        scanned_bytes: 0,
        scanned_in_all: opening.resources.scanned(dir.parent().unwrap_or(dir)),
        truncated_bytes: 0,
    };
    let start = opening.log_start_offset.unwrap_or(0);
    let clean_end = opening.recovery_point.filter(|_| opening.clean_shutdown);
    let was_clean = match clean_end {
        _ if survey.segments.is_empty() => {
            recovery.begin_empty(start)?;
            false
        }
        Some(end) if recovery.believe(&survey, end).await? => true,
        _ => {
            recovery.scan(&survey).await?;
            false
        }
    };
    let first = recovery.segments.first().map_or(0, |segment| segment.base_offset);
    let log_start_offset = start.max(first);
    if opening.clean_shutdown && survey.has_orphans && first > start {
        let reason = format!("offsets from {start} to {first} are missing after a clean shutdown");
        return Err(Error::Corrupt { path: dir.to_owned(), position: 0, reason });
    }
    if log_start_offset > recovery.log_end_offset {
        return Err(Error::Corrupt {
            path: dir.to_owned(),
            position: 0,
            reason: format!(
                "the log ends at {}, below its start {log_start_offset}",
                recovery.log_end_offset
            ),
        });
    }
    recovery.read_missing_epochs(log_start_offset).await?;
    recovery.epochs.truncate_from_start(log_start_offset);
    finish_opening(&opening, recovery, survey, epochs, log_start_offset, was_clean).await
}

/// Puts the log together and brings the files in line with what was found.
async fn finish_opening(
    opening: &Opening,
    recovery: Recovery<'_>,
    survey: Survey,
    stored_epochs: Option<Vec<epochs::EpochEntry>>,
    log_start_offset: Offset,
    was_clean: bool,
) -> Result<(Log, Recovered), Error> {
    let Recovery { mut segments, to_finish, to_remove, epochs, log_end_offset, .. } = recovery;
    let recovered = Recovered {
        log_start_offset,
        log_end_offset,
        scanned_bytes: recovery.scanned_bytes,
        truncated_bytes: recovery.truncated_bytes,
        epochs: epochs.entries().to_vec(),
    };
    let (snapshots, stale): (Vec<Offset>, Vec<Offset>) =
        survey.snapshots.iter().partition(|offset| **offset <= log_end_offset);
    let mut to_look_at = Vec::new();
    for base_offset in &survey.transaction_indexes {
        let at = segments.binary_search_by_key(base_offset, |segment| segment.base_offset);
        let Some(segment) = at.ok().and_then(|at| segments.get_mut(at)) else { continue };
        match segment.growing {
            Some(_) => to_look_at.push(*base_offset),
            None => segment.aborted_file = true,
        }
    }
    let epochs_stored = stored_epochs.as_deref() == Some(epochs.entries());
    let active = segments.last().map_or(0, |segment| segment.base_offset);
    let is_new = segments.last().and_then(|segment| segment.growing.as_ref()).is_some_and(|g| !g.exists);
    let state = State {
        config: opening.config.clone(),
        failure: None,
        starved: None,
        log_start_offset,
        log_end_offset,
        durable_end: log_end_offset,
        synced_end: log_end_offset,
        segments,
        epochs,
        epochs_stored,
        tail: Tail::default(),
        unwritten_bytes: 0,
        write_began: ottla_io::recently(),
        snapshots_waiting: VecDeque::new(),
        snapshots,
        writing: false,
        paused: false,
        warm: false,
        last_used: ottla_io::now(),
        messages_unsynced: 0,
        sync_wanted: false,
        flush_timer_runs: false,
        changed: !was_clean,
        durable_writes: 0,
        replacements: 0,
        cleaned_to: opening.cleaned_to,
    };
    let inner = Rc::new(Inner {
        dir: opening.dir.clone(),
        number: opening.resources.log_number(),
        resources: opening.resources.clone(),
        state: RefCell::new(state),
        progress: Event::new(),
        on_progress: RefCell::default(),
        turn: Semaphore::new(1),
        mending: Semaphore::new(1),
    });
    for base_offset in &to_remove {
        remove_segment(&inner, *base_offset).await?;
    }
    for offset in &stale {
        writer::remove_if_there(&inner.path(*offset, ".snapshot")).await?;
    }
    for base_offset in to_look_at {
        aborted::open_growing(&inner, base_offset, was_clean).await?;
    }
    for base_offset in to_finish {
        writer::finish(&inner, base_offset).await?;
    }
    if is_new {
        writer::create(&inner, active).await?;
    } else if !was_clean {
        let file = writer::file_of(&inner, active).await?;
        writer::cut(&inner, active, &file).await?;
        writer::store_indexes(&inner, active, true).await?;
        sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
    }
    if !epochs_stored {
        writer::store_epochs(&inner).await?;
    }
    if let Some(growing) = inner.state.borrow_mut().growing_mut(active) {
        growing.file = None;
    }
    Ok((Log(inner), recovered))
}

/// Removes the files of a segment, in the order of [`SUFFIXES`].
pub(crate) async fn remove_segment(inner: &Inner, base_offset: Offset) -> Result<(), Error> {
    inner.resources.forget_segment(inner.number, base_offset);
    for suffix in SUFFIXES {
        writer::remove_if_there(&inner.path(base_offset, suffix)).await?;
        if suffix == ".log" {
            aborted::keep_until_here(inner, base_offset).await?;
        }
    }
    inner.state.borrow_mut().snapshots.retain(|offset| *offset != base_offset);
    Ok(())
}

/// `None` when the file is missing or damaged: then the epochs are read from the batches.
async fn load_epochs(dir: &Path) -> Result<Option<Vec<epochs::EpochEntry>>, Error> {
    let path = dir.join(LEADER_EPOCHS);
    let Some(bytes) = read_small(&path).await? else { return Ok(None) };
    match epochs::parse(&bytes) {
        Ok(entries) => Ok(Some(entries)),
        Err(fault) => {
            tracing::warn!(path = %path.display(), %fault, "the leader epochs are read from the log again");
            Ok(None)
        }
    }
}

/// What is known of the segments so far.
struct Recovery<'a> {
    dir: &'a Path,
    config: &'a Rc<LogConfig>,
    /// Compaction may have left gaps between offsets.
    gaps: bool,
    recovery_point: Offset,
    segments: Vec<Segment>,
    /// Scanned segments that are not the last one.
    to_finish: Vec<Offset>,
    /// Empty segments with which the log was about to begin anew.
    to_remove: Vec<Offset>,
    epochs: EpochCache,
    log_end_offset: Offset,
    scanned_bytes: u64,
    /// Of all openings in the data directory.
    scanned_in_all: Rc<Cell<u64>>,
    truncated_bytes: u64,
}

impl Recovery<'_> {
    fn path(&self, base_offset: Offset, suffix: &str) -> std::path::PathBuf {
        self.dir.join(segment_file_name(base_offset, suffix))
    }

    /// A directory without a segment: new, unless the checkpoint knows better.
    fn begin_empty(&mut self, start: Offset) -> Result<(), Error> {
        if self.recovery_point > start {
            return Err(Error::Corrupt {
                path: self.dir.to_owned(),
                position: 0,
                reason: format!(
                    "no segment is there, but the checkpoint says that offsets up to {} are",
                    self.recovery_point
                ),
            });
        }
        self.epochs = EpochCache::default();
        self.segments.push(Segment::new(start, ottla_io::unix_millis()));
        self.log_end_offset = start;
        Ok(())
    }

    /// Reads the epochs of the batches from `start` on that lie before all that the checkpoint knows. It is gone, or
    /// deleted records took entries out of it and the crash came before the new log start was stored.
    async fn read_missing_epochs(&mut self, start: Offset) -> Result<(), Error> {
        let known = self.epochs.entries().to_vec();
        let known_from = known.first().map_or(self.log_end_offset, |entry| entry.start_offset);
        if known_from <= start {
            return Ok(());
        }
        let mut epochs = EpochCache::default();
        let first = self.segments.partition_point(|segment| segment.base_offset <= start).saturating_sub(1);
        for segment in self.segments.iter().skip(first) {
            if segment.bytes == 0 || segment.base_offset >= known_from {
                continue;
            }
            let path = self.path(segment.base_offset, ".log");
            let failed = |error| Error::io("read", &path, &error);
            let options = OpenOptions { read: true, direct: true, ..OpenOptions::default() };
            let file = File::open(&path, &options).await.map_err(|error| Error::io("open", &path, &error))?;
            let expected = Expected::at_segment_start(segment.base_offset, None, true);
            let walked = walk(&file, 0, segment.bytes, expected, false, |_, header, _| {
                if header.base_offset >= known_from {
                    return ControlFlow::Break(());
                }
                epochs.assign(header.leader_epoch, header.base_offset);
                ControlFlow::Continue(())
            })
            .await
            .map_err(failed)?;
            if let Some(fault) = walked.fault {
                return Err(Error::Corrupt { path, position: walked.position, reason: fault.to_string() });
            }
        }
        for entry in known {
            epochs.assign(entry.epoch, entry.start_offset);
        }
        self.epochs = epochs;
        Ok(())
    }
}

/// One whose file is what it is: nothing is written to it.
fn sealed_segment(base_offset: Offset, bytes: u64) -> Segment {
    Segment {
        base_offset,
        bytes,
        written: bytes,
        first_timestamp: None,
        created_ms: 0,
        max_timestamp: None,
        aborted_file: false,
        growing: None,
        swapping: None,
    }
}
