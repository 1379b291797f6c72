//! The segment that cleaning makes, under its names that end in `.cleaned`: written by direct writes of whole buffers,
//! flushed once it is whole.

use super::run::Compaction;
use crate::AbortedTxn;
use crate::batch::BatchHeader;
use crate::index::{IndexBuilder, OffsetIndex, TimeIndex};
use crate::log::Inner;
use crate::resources::Indexes;
use crate::writer::remove_if_there;
use crate::{Error, Offset};
use bytes::Bytes;
use ottla_io::file::sync_dir;
use ottla_io::{BLOCK_BYTES, Buffer, Durability, File, OpenOptions};
use std::path::Path;

/// The files of a segment but its producer snapshot, which compaction does not touch; the log last, whose new name is
/// what makes the replacement count.
pub(crate) const CLEANED_SUFFIXES: [&str; 4] = [".index", ".timeindex", ".txnindex", ".log"];

/// A segment on its way.
pub(super) struct Output<'a> {
    inner: &'a Inner,
    compaction: &'a Compaction<'a>,
    base_offset: Offset,
    file: File,
    buffer: Buffer,
    /// Bytes in the file: whole buffers.
    written: u64,
    index: IndexBuilder,
    index_interval_bytes: u32,
    first_timestamp: Option<i64>,
    /// In the order of their markers. `None`: no segment of the group has an index of them.
    pub(super) aborted: Option<Vec<AbortedTxn>>,
}

/// A whole one, on stable storage as `.cleaned`.
pub(super) struct Cleaned {
    pub(super) base_offset: Offset,
    pub(super) bytes: u64,
    pub(super) file: File,
    pub(super) indexes: Indexes,
    pub(super) has_aborted: bool,
    pub(super) first_timestamp: Option<i64>,
    pub(super) max_timestamp: (i64, Offset),
}

impl<'a> Output<'a> {
    /// Makes the file; what an earlier attempt left there goes.
    pub(super) async fn create(
        inner: &'a Inner,
        compaction: &'a Compaction<'a>,
        base_offset: Offset,
        has_aborted: bool,
    ) -> Result<Output<'a>, Error> {
        let path = inner.path(base_offset, ".log.cleaned");
        let options = OpenOptions {
            read: true,
            write: true,
            create: true,
            truncate: true,
            direct: true,
            ..OpenOptions::default()
        };
        let file = File::open(&path, &options).await.map_err(|error| Error::io("create", &path, &error))?;
        let index_interval_bytes = inner.state.borrow().config.index_interval_bytes;
        Ok(Output {
            inner,
            compaction,
            base_offset,
            file,
            buffer: buffer(compaction),
            written: 0,
            index: IndexBuilder::new(base_offset),
            index_interval_bytes,
            first_timestamp: None,
            aborted: has_aborted.then(Vec::new),
        })
    }

    fn bytes(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Adds the whole batch `batch`, whose header is `header`.
    pub(super) async fn push(&mut self, header: &BatchHeader, mut batch: &[u8]) -> Result<(), Error> {
        if self.bytes() == 0 {
            self.first_timestamp = Some(header.max_timestamp);
        }
        self.index.batch(self.bytes(), header, self.index_interval_bytes);
        while !batch.is_empty() {
            let room = self.buffer.capacity() - self.buffer.len();
            let (fits, rest) = batch.split_at(room.min(batch.len()));
            self.buffer.extend_from_slice(fits);
            batch = rest;
            if self.buffer.len() == self.buffer.capacity() {
                self.write().await?;
            }
        }
        Ok(())
    }

    /// Writes what is in the buffer, which is full or has the end of the segment.
    async fn write(&mut self) -> Result<(), Error> {
        let len = self.buffer.len();
        if len == 0 {
            return Ok(());
        }
        let mut full = std::mem::replace(&mut self.buffer, buffer(self.compaction));
        full.resize(len.next_multiple_of(BLOCK_BYTES));
        let written = self.file.write_at(vec![full.freeze()], self.written, Durability::Volatile).await;
        let path = || self.inner.path(self.base_offset, ".log.cleaned");
        written.map_err(|error| Error::io("write", &path(), &error))?;
        self.written += len as u64;
        self.compaction.pace.moved(len).await;
        Ok(())
    }

    /// Writes the rest and the indexes; all of it is on stable storage when this returns.
    pub(super) async fn finish(mut self) -> Result<Cleaned, Error> {
        self.write().await?;
        let (inner, base_offset, bytes) = (self.inner, self.base_offset, self.written);
        let path = inner.path(base_offset, ".log.cleaned");
        self.file.set_len(bytes).await.map_err(|error| Error::io("cut", &path, &error))?;
        self.file.sync_all().await.map_err(|error| Error::io("flush", &path, &error))?;
        self.index.time_entry();
        let (offsets, times) = self.index.take_entries();
        let (offsets, times) = (Bytes::from(offsets), Bytes::from(times));
        store(&inner.path(base_offset, ".index.cleaned"), offsets.clone()).await?;
        store(&inner.path(base_offset, ".timeindex.cleaned"), times.clone()).await?;
        let has_aborted = self.aborted.as_ref().is_some_and(|aborted| !aborted.is_empty());
        if let Some(aborted) = &self.aborted {
            // An empty one too: it takes the place of one that names transactions whose markers are gone, and a reader who
            // hears of these would take the producer's next records for aborted.
            let entries: Vec<u8> = aborted.iter().flat_map(|entry| entry.to_bytes()).collect();
            store(&inner.path(base_offset, ".txnindex.cleaned"), entries.into()).await?;
        }
        sync_dir(&inner.dir).await.map_err(|error| Error::io("flush", &inner.dir, &error))?;
        let fault = |fault: crate::index::IndexFault| Error::Corrupt {
            path: path.clone(),
            position: 0,
            reason: format!("its indexes cannot be made: {fault}"),
        };
        let indexes = Indexes {
            offsets: OffsetIndex::parse(offsets, bytes).map_err(fault)?,
            times: TimeIndex::parse(times).map_err(fault)?,
        };
        let max_timestamp = self.index.max_timestamp();
        let first_timestamp = self.first_timestamp;
        let file = self.file;
        Ok(Cleaned { base_offset, bytes, file, indexes, has_aborted, first_timestamp, max_timestamp })
    }
}

/// Of whole blocks, one at least.
fn buffer(compaction: &Compaction<'_>) -> Buffer {
    Buffer::with_capacity(compaction.buffer_bytes.max(1).next_multiple_of(BLOCK_BYTES))
}

async fn store(path: &Path, content: Bytes) -> Result<(), Error> {
    let failed = |error| Error::io("write", path, &error);
    let options = OpenOptions { write: true, create: true, truncate: true, ..OpenOptions::default() };
    let file = File::open(path, &options).await.map_err(failed)?;
    if !content.is_empty() {
        file.write_at(vec![content], 0, Durability::Volatile).await.map_err(failed)?;
    }
    file.sync_all().await.map_err(|error| Error::io("flush", path, &error))
}

/// Takes the files away that a cleaning left which came to nothing. Of a log that is offline they stay as they are, for
/// its next opening to see.
pub(super) async fn discard(inner: &Inner, base_offset: Offset) -> Result<(), Error> {
    for suffix in CLEANED_SUFFIXES {
        // A full disk may have come between the renames; the log, which is the last of them, is never left renamed.
        for state in if suffix == ".log" { &[".cleaned"][..] } else { &[".cleaned", ".swap"][..] } {
            if inner.state.borrow().failure.is_some() {
                return Ok(());
            }
            remove_if_there(&inner.path(base_offset, &format!("{suffix}{state}"))).await?;
        }
    }
    Ok(())
}
