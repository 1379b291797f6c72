//! The log's aborted transactions: entries in memory for a segment that grows, its `.txnindex` file afterwards.
//!
//! ```text
//! abort marker ─► append ─► memory ─► file, with the other indexes: at roll, checkpoint, idling and close
//! opening      ─► the file, as far as the log goes ─► recover: what the batches after the producer snapshot say
//! damage       ─► rebuild: the producer snapshot at the segment's base, and the segment's batches
//! ```
//!
//! The file has no checksum: what still looks like an entry is believed. A missing file says that there are none, as with
//! Kafka, so its directory entry is flushed before anything counts on it.

use crate::index::IndexFault;
use crate::index::transaction::{AbortedTxn, ENTRY_BYTES, TransactionIndex, collect};
use crate::limits::{TRANSACTION_INDEX_BYTES_MAX, TRANSACTION_INDEX_INLINE_BYTES};
use crate::log::Inner;
use crate::replay::visit_segments;
use crate::survey::read_small;
use crate::transactions::OpenTransactions;
use crate::writer::{exclusively, remove_if_there};
use crate::{Error, Offset, snapshot};
use ottla_io::file::{metadata, read, replace, sync_dir};
use ottla_io::task::blocking;
use ottla_io::{File, OpenOptions};
use std::io::ErrorKind;

/// A growing segment's entries, all of them.
#[derive(Debug, Default)]
pub(crate) struct Aborted {
    pub(crate) entries: Vec<AbortedTxn>,
    /// So many of them are in the file.
    pub(crate) stored: usize,
}

impl Aborted {
    /// True when the file, bound to `segment_index_bytes`, can take no more.
    pub(crate) fn is_full(&self, segment_index_bytes: u32) -> bool {
        self.entries.len() >= (segment_index_bytes as usize / ENTRY_BYTES).max(1)
    }

    /// The file's bytes of the entries that are not stored yet, up to the first that may not be.
    pub(crate) fn unstored(&self, may: impl Fn(&AbortedTxn) -> bool) -> Vec<u8> {
        let unstored = self.entries.get(self.stored..).unwrap_or_default();
        unstored.iter().take_while(|aborted| may(aborted)).flat_map(|aborted| aborted.to_bytes()).collect()
    }

    fn ending_from(&self, offset: Offset) -> impl Iterator<Item = AbortedTxn> + '_ {
        let before = self.entries.partition_point(|aborted| aborted.last_offset < offset);
        self.entries.get(before..).unwrap_or_default().iter().copied()
    }
}

/// See [`crate::Log::append_aborted`].
pub(crate) fn append(inner: &Inner, aborted: AbortedTxn) {
    let mut state = inner.state.borrow_mut();
    let growing = state
        .holder_of(aborted.last_offset)
        .and_then(|at| state.segments.get_mut(at))
        .and_then(|segment| segment.growing.as_deref_mut());
    let Some(growing) = growing else { unreachable!("its marker was just appended to a segment that grows") };
    let entries = &mut growing.aborted.entries;
    assert!(entries.last().is_none_or(|last| last.last_offset < aborted.last_offset));
    entries.push(aborted);
}

/// See [`crate::Log::aborted_within`].
pub(crate) async fn within(inner: &Inner, from: Offset, to: Offset) -> Result<Vec<AbortedTxn>, Error> {
    let mut found = Vec::new();
    let mut next = from;
    loop {
        let (base_offset, end) = {
            let state = inner.state.borrow();
            state.check_online()?;
            let holder = state.holder_of(next).unwrap_or(0);
            let place = state.segments.iter().skip(holder).position(|segment| segment.has_aborted());
            let Some(at) = place.map(|place| holder + place) else { return Ok(found) };
            let Some(segment) = state.segments.get(at) else { return Ok(found) };
            let end = state.segments.get(at + 1).map(|following| following.base_offset);
            if let Some(growing) = &segment.growing {
                let over = collect(growing.aborted.ending_from(from), to, &mut found);
                match end {
                    Some(end) if !over => next = end,
                    _ => return Ok(found),
                }
                continue;
            }
            (segment.base_offset, end)
        };
        let Some(index) = sealed_index(inner, base_offset).await? else { continue };
        let over = collect(index.ending_from(from), to, &mut found);
        match end {
            Some(end) if !over => next = end,
            _ => return Ok(found),
        }
    }
}

/// What the file of a finished segment holds, made again when it is missing or damaged. `None`: the segment was deleted
/// meanwhile, or grows again.
async fn sealed_index(inner: &Inner, base_offset: Offset) -> Result<Option<TransactionIndex>, Error> {
    let is_sealed =
        || inner.state.borrow().segment(base_offset).is_some_and(|segment| segment.growing.is_none());
    if let Some(index) = inner.resources.aborted(inner.number, base_offset) {
        return Ok(Some(index));
    }
    // One at a time: who finds damage mends the file, and the next one finds it whole.
    let _mending = inner.mending.acquire(1).await;
    if let Some(index) = inner.resources.aborted(inner.number, base_offset) {
        return Ok(Some(index));
    }
    let loaded = match load(inner, base_offset).await {
        Ok(Err(fault)) if is_sealed() => {
            mend(inner, base_offset, fault).await.map(|entries| index_of(&entries))
        }
        Ok(Err(_)) => return Ok(None),
        Ok(Ok(index)) => Ok(index),
        Err(error) => Err(error),
    };
    if !is_sealed() {
        return Ok(None);
    }
    if let Err(error @ Error::Corrupt { .. }) = &loaded {
        inner.fail(error);
    }
    let index = loaded?;
    inner.resources.keep_aborted(inner.number, base_offset, index.clone());
    Ok(Some(index))
}

fn index_of(entries: &[AbortedTxn]) -> TransactionIndex {
    let bytes: Vec<u8> = entries.iter().flat_map(|aborted| aborted.to_bytes()).collect();
    TransactionIndex::parse(bytes.into(), Offset::MIN).unwrap_or_default()
}

/// Reads a segment's file.
async fn load(inner: &Inner, base_offset: Offset) -> Result<Result<TransactionIndex, IndexFault>, Error> {
    let path = inner.path(base_offset, ".txnindex");
    let bytes = match read(&path, TRANSACTION_INDEX_BYTES_MAX).await {
        Ok(bytes) => bytes::Bytes::from(bytes),
        Err(error) => {
            return match error.kind() {
                ErrorKind::NotFound => Ok(Err(IndexFault::Missing)),
                ErrorKind::InvalidData => Ok(Err(IndexFault::Size(TRANSACTION_INDEX_BYTES_MAX))),
                _ => Err(Error::io("read", &path, &error)),
            };
        }
    };
    if bytes.len() <= TRANSACTION_INDEX_INLINE_BYTES {
        return Ok(TransactionIndex::parse(bytes, base_offset));
    }
    Ok(blocking(move || TransactionIndex::parse(bytes, base_offset)).await)
}

/// Makes a segment's file again.
async fn mend(inner: &Inner, base_offset: Offset, fault: IndexFault) -> Result<Vec<AbortedTxn>, Error> {
    let path = inner.path(base_offset, ".txnindex");
    tracing::warn!(path = %path.display(), %fault, "it is made again");
    let entries = rebuild(inner, base_offset).await?;
    store_file(inner, base_offset, &entries).await?;
    Ok(entries)
}

/// The entries of a segment by what lies in it, and by the newest producer snapshot that was taken before it.
async fn rebuild(inner: &Inner, base_offset: Offset) -> Result<Vec<AbortedTxn>, Error> {
    let (snapshots, start) = {
        let state = inner.state.borrow();
        let start = state.log_start_offset;
        let usable = state.snapshots.iter().rev().copied();
        let usable: Vec<Offset> = usable.filter(|at| (start..=base_offset).contains(at)).collect();
        (usable, start)
    };
    let (mut from, mut open) = (start, OpenTransactions::default());
    for at in snapshots {
        let Some(bytes) = read_small(&inner.path(at, ".snapshot")).await? else { continue };
        if let Ok(producers) = snapshot::parse(&bytes) {
            (from, open) = (at, OpenTransactions::of(&producers));
            break;
        }
    }
    let segments: Vec<(Offset, u64)> = {
        let state = inner.state.borrow();
        let holder = state.holder_of(from).unwrap_or(0);
        let needed = state.segments.iter().skip(holder);
        let needed = needed.take_while(|segment| segment.base_offset <= base_offset);
        needed.map(|segment| (segment.base_offset, segment.written)).collect()
    };
    let mut entries = Vec::new();
    visit_segments(inner, from, &segments, |header, batch| {
        let aborted = open.pass(header, batch);
        entries.extend(aborted.filter(|aborted| aborted.last_offset >= base_offset));
    })
    .await?;
    Ok(entries)
}

/// Makes the file hold `entries`, durably; without any it is removed.
async fn store_file(inner: &Inner, base_offset: Offset, entries: &[AbortedTxn]) -> Result<(), Error> {
    let path = inner.path(base_offset, ".txnindex");
    if entries.is_empty() {
        remove_if_there(&path).await?;
        sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
    } else {
        let bytes: Vec<u8> = entries.iter().flat_map(|aborted| aborted.to_bytes()).collect();
        replace(&path, &bytes).await.map_err(|error| Error::io("write", &path, &error))?;
    }
    inner.resources.forget_indexes(inner.number, base_offset);
    let mut state = inner.state.borrow_mut();
    if let Some(segment) = state.segment_mut(base_offset) {
        match &mut segment.growing {
            Some(growing) => {
                growing.aborted = Aborted { entries: entries.to_vec(), stored: entries.len() };
            }
            None => segment.aborted_file = !entries.is_empty(),
        }
    }
    Ok(())
}

/// For the removal of a segment, between its log and the rest: when a crash brings the log back, its transaction index must
/// still be there, since nobody could tell that it is missing.
pub(crate) async fn keep_until_here(inner: &Inner, base_offset: Offset) -> Result<(), Error> {
    let path = inner.path(base_offset, ".txnindex");
    match metadata(&path).await {
        Ok(_) => sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("look at", &path, &error)),
    }
}

/// Takes the file of a segment that grows as far as the log goes; for opening. After a kill it is flushed: the process may
/// have ended between its write and its flush, and a loss of power would still take away what is believed from now on.
pub(crate) async fn open_growing(inner: &Inner, base_offset: Offset, was_clean: bool) -> Result<(), Error> {
    let end = {
        let state = inner.state.borrow();
        let at = state.position_of(base_offset).unwrap_or(0);
        state.segments.get(at + 1).map_or(state.log_end_offset, |next| next.base_offset)
    };
    let index = match load(inner, base_offset).await? {
        Ok(index) => index,
        Err(fault) => {
            mend(inner, base_offset, fault).await?;
            return Ok(());
        }
    };
    // A crash may have taken away what the file tells of.
    let entries: Vec<AbortedTxn> = index.entries().take_while(|aborted| aborted.last_offset < end).collect();
    if entries.len() * ENTRY_BYTES < index.bytes() {
        return store_file(inner, base_offset, &entries).await;
    }
    if !was_clean {
        let path = inner.path(base_offset, ".txnindex");
        let options = OpenOptions { write: true, ..OpenOptions::default() };
        let file = File::open(&path, &options).await.map_err(|error| Error::io("open", &path, &error))?;
        file.sync_data().await.map_err(|error| Error::io("flush", &path, &error))?;
        sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
    }
    if let Some(growing) = inner.state.borrow_mut().growing_mut(base_offset) {
        growing.aborted = Aborted { stored: entries.len(), entries };
    }
    Ok(())
}

/// The entries of a segment.
pub(crate) async fn entries_of(inner: &Inner, base_offset: Offset) -> Result<Vec<AbortedTxn>, Error> {
    {
        let state = inner.state.borrow();
        match state.segment(base_offset) {
            Some(segment) if !segment.has_aborted() => return Ok(Vec::new()),
            Some(segment) => {
                if let Some(growing) = &segment.growing {
                    return Ok(growing.aborted.entries.clone());
                }
            }
            None => return Ok(Vec::new()),
        }
    }
    let index = sealed_index(inner, base_offset).await?;
    Ok(index.map(|index| index.entries().collect()).unwrap_or_default())
}

/// See [`crate::Log::recover_aborted`].
pub(crate) async fn recover(inner: &Inner, from: Offset, aborted: &[AbortedTxn]) -> Result<(), Error> {
    let segments: Vec<(Offset, Offset)> = {
        let state = inner.state.borrow();
        let ends = state.segments.iter().skip(1).map(|next| next.base_offset).chain([state.log_end_offset]);
        state.segments.iter().map(|segment| segment.base_offset).zip(ends).collect()
    };
    for (base_offset, end) in segments.into_iter().filter(|(_, end)| *end > from) {
        let known = entries_of(inner, base_offset).await?;
        let inside = aborted.iter().filter(|aborted| (base_offset..end).contains(&aborted.last_offset));
        let before = known.iter().filter(|aborted| aborted.last_offset < from);
        let wanted: Vec<AbortedTxn> = before.chain(inside).copied().collect();
        if wanted != known {
            exclusively(inner, async || store_file(inner, base_offset, &wanted).await).await?;
        }
    }
    Ok(())
}

/// For truncation: leaves a segment that grows again the entries of `before` that end below `end`.
pub(crate) async fn cut(
    inner: &Inner,
    base_offset: Offset,
    before: &[AbortedTxn],
    end: Offset,
) -> Result<(), Error> {
    if before.is_empty() {
        return Ok(());
    }
    let kept = before.partition_point(|aborted| aborted.last_offset < end);
    store_file(inner, base_offset, before.get(..kept).unwrap_or_default()).await
}
