//! Which way the bytes of a segment come to a reader: the one place where that is chosen.
//!
//! | what is read | way |
//! | --- | --- |
//! | the newest batches, while the batch cache holds them | from there, by [`crate::Log::read_cached`]: no disk |
//! | on from where a reader of this log was, or a segment from its begin, or what others read just now | shared windows, read ahead |
//! | anywhere else, once | a direct read of what is asked for |
//! | the last block of the active segment, which still changes, and what came after its window was read | a direct read |
//!
//! Why no splice: ARCHITECTURE.md has what `cargo run --release -p ottla-perf --bin compare -- reads` gave.

use crate::batch::BATCH_HEADER_BYTES;
use crate::limits::{
    JOINED_BYTES_MAX, READ_AHEAD_WINDOW_BYTES, READ_BYTES_MIN, READ_WINDOW_BYTES, WINDOWS_AHEAD, block_end,
    block_start,
};
use crate::log::Inner;
use crate::read_ahead::SegmentKey;
use crate::{Error, Offset};
use bytes::Bytes;
use ottla_io::{BLOCK_BYTES, Buffer, File};
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Windows,
    Direct,
}

/// Bytes of a segment in memory.
pub(super) struct Piece {
    pub(super) start: u64,
    pub(super) bytes: Bytes,
}

impl Piece {
    pub(super) fn rest(&self, position: u64) -> &[u8] {
        usize::try_from(position - self.start).ok().and_then(|at| self.bytes.get(at..)).unwrap_or_default()
    }
}

/// One segment, for one read.
pub(super) struct Source<'a> {
    inner: &'a Inner,
    file: &'a File,
    base_offset: Offset,
    /// How often compaction had replaced segments here when the read began.
    replacements: u64,
    /// The batches end here.
    limit: u64,
    /// Below it nothing changes any more.
    settled: u64,
    way: Way,
    /// Of a direct read.
    at_once: usize,
}

impl<'a> Source<'a> {
    /// To read about `bytes_max` from `offset` on, which lies at `position` or not far behind it.
    pub(super) fn new(
        inner: &'a Inner,
        file: &'a File,
        base_offset: Offset,
        (limit, replacements): (u64, u64),
        (position, offset): (u64, Offset),
        bytes_max: usize,
    ) -> Source<'a> {
        let is_finished = inner.state.borrow().segment(base_offset).is_some_and(|s| s.growing.is_none());
        let settled = if is_finished { limit } else { block_start(limit) };
        let at_once = bytes_max.clamp(READ_BYTES_MIN, READ_WINDOW_BYTES);
        let mut source =
            Source { inner, file, base_offset, replacements, limit, settled, way: Way::Direct, at_once };
        source.way = source.choose(position, offset);
        source
    }

    fn choose(&self, position: u64, offset: Offset) -> Way {
        let read_ahead = &self.inner.resources.read_ahead;
        let Some(window) = self.window(position).filter(|_| !read_ahead.is_off()) else { return Way::Direct };
        let reads_on = position == 0
            || read_ahead.is_on_trail(self.inner.number, offset)
            || read_ahead.end_of(self.key(), window.start).is_some();
        if reads_on { Way::Windows } else { Way::Direct }
    }

    fn key(&self) -> SegmentKey {
        (self.inner.number, self.base_offset, self.replacements)
    }

    /// The window around `position`, as far as it is settled. One of the active segment is not read anew for every bit that comes:
    /// `None` beyond what was settled when it was read.
    fn window(&self, position: u64) -> Option<Range<u64>> {
        let start = position - position % READ_AHEAD_WINDOW_BYTES;
        let end = (start + READ_AHEAD_WINDOW_BYTES).min(self.settled);
        let is_final = end == start + READ_AHEAD_WINDOW_BYTES || self.settled == self.limit;
        let end = match self.inner.resources.read_ahead.end_of(self.key(), start) {
            Some(had) if !is_final => had,
            _ => end,
        };
        (position < end).then_some(start..end)
    }

    /// Bytes from `position` on: `needed` at least, as far as there are any, and never less than a batch's header.
    /// # Errors
    /// What cannot be read is damage.
    pub(super) async fn piece(&self, position: u64, needed: usize) -> Result<Piece, Error> {
        let end = (position + needed.max(BATCH_HEADER_BYTES) as u64).min(self.limit);
        if self.way == Way::Windows && end - position <= JOINED_BYTES_MAX {
            let mut parts = Vec::with_capacity(2);
            let mut at = position;
            while let Some(window) = self.window(at) {
                let loaded = self.inner.resources.read_ahead.load(self.key(), self.file, window.clone());
                let bytes = loaded.await.map_err(|reason| self.unreadable(window.start, &reason))?;
                self.foresee(window.end);
                let is_last = window.end >= end;
                at = window.end;
                parts.push((window, bytes));
                if is_last {
                    return Ok(self.join(parts, position, end));
                }
            }
        }
        self.read(position, (end - position) as usize).await
    }

    /// As [`Source::piece`], but only what is in memory.
    pub(super) fn at_hand(&self, position: u64, needed: usize) -> Option<Piece> {
        if self.way == Way::Direct || position >= self.limit {
            return None;
        }
        let end = (position + needed.max(BATCH_HEADER_BYTES) as u64).min(self.limit);
        let mut parts = Vec::with_capacity(2);
        let mut at = position;
        loop {
            let window = self.window(at)?;
            let bytes = self.inner.resources.read_ahead.at_hand(self.key(), &window)?;
            self.foresee(window.end);
            let is_last = window.end >= end;
            at = window.end;
            parts.push((window, bytes));
            if is_last {
                return Some(self.join(parts, position, end));
            }
        }
    }

    /// What lies across the end of a window is put together; all else is the window's own memory.
    fn join(&self, parts: Vec<(Range<u64>, Bytes)>, position: u64, end: u64) -> Piece {
        let below = |window: &Range<u64>, bytes: Bytes| {
            let len = usize::try_from(window.end - window.start).unwrap_or(usize::MAX).min(bytes.len());
            bytes.slice(..len)
        };
        if let [(window, bytes)] = parts.as_slice() {
            return Piece { start: window.start, bytes: below(window, bytes.clone()) };
        }
        let mut joined = Buffer::with_capacity((end - position) as usize);
        for (window, bytes) in parts {
            let bytes = below(&window, bytes);
            let from = usize::try_from(position.saturating_sub(window.start)).unwrap_or(usize::MAX);
            let to = usize::try_from(end - window.start).unwrap_or(usize::MAX).min(bytes.len());
            joined.extend_from_slice(bytes.get(from..to).unwrap_or_default());
        }
        Piece { start: position, bytes: joined.freeze() }
    }

    fn foresee(&self, from: u64) {
        let mut from = from;
        for _ in 0..WINDOWS_AHEAD {
            let Some(window) = self.window(from) else { return };
            from = window.end;
            self.inner.resources.read_ahead.foresee(self.key(), self.file, window);
        }
    }

    /// Reads at least `len` bytes from the block of `position` on, as far as there are any below the limit.
    async fn read(&self, position: u64, len: usize) -> Result<Piece, Error> {
        let start = block_start(position);
        let left = usize::try_from(block_end(self.limit) - start).unwrap_or(usize::MAX);
        let len = len.max(self.at_once) + (position - start) as usize;
        let len = len.next_multiple_of(BLOCK_BYTES).min(left);
        let (result, buffer) = self.file.read_at(Buffer::with_capacity(len), start, len).await;
        if let Err(error) = result {
            return Err(self.unreadable(start, &error.to_string()));
        }
        let bytes = buffer.freeze();
        let below = usize::try_from(self.limit - start).unwrap_or(usize::MAX).min(bytes.len());
        Ok(Piece { start, bytes: bytes.slice(..below) })
    }

    fn unreadable(&self, position: u64, reason: &str) -> Error {
        let path = self.inner.path(self.base_offset, ".log");
        Error::Corrupt { path, position, reason: format!("cannot be read: {reason}") }
    }
}
