//! Reads the batches of a finished segment one by one, each whole and verified, at the pace of cleaning.

use super::run::Compaction;
use crate::batch::{BATCH_HEADER_BYTES, BatchFault, BatchHeader, CRC_START};
use crate::limits::{block_end, block_start};
use crate::log::Inner;
use crate::read::open_segment;
use crate::scan::Expected;
use crate::{Error, Offset};
use bytes::Bytes;
use ottla_io::task::slice_is_over;
use ottla_io::{BLOCK_BYTES, Buffer, File, yield_now};

/// A checksum over more than this at once would hold up the core.
const CHECKSUM_STEP_BYTES: usize = 1 << 20;

/// A position in a segment. Holds a window of the file, or one batch where that is larger.
pub(super) struct Source<'a> {
    inner: &'a Inner,
    compaction: &'a Compaction<'a>,
    file: File,
    base_offset: Offset,
    /// Bytes of batches.
    bytes: u64,
    position: u64,
    /// What was read last, and where it begins.
    window: Bytes,
    window_start: u64,
    expected: Expected,
}

impl<'a> Source<'a> {
    /// At the start of the segment at `base_offset`, which has `bytes` bytes of batches.
    pub(super) async fn open(
        inner: &'a Inner,
        compaction: &'a Compaction<'a>,
        base_offset: Offset,
        bytes: u64,
    ) -> Result<Source<'a>, Error> {
        let file = open_segment(inner, base_offset).await?;
        let expected = Expected::at_segment_start(base_offset, None, true);
        Ok(Source {
            inner,
            compaction,
            file,
            base_offset,
            bytes,
            position: 0,
            window: Bytes::new(),
            window_start: 0,
            expected,
        })
    }

    /// The next batch; `None` at the end. Another task has its turn before, if this one's slice is over.
    /// # Errors
    /// Damage, which says nothing about the log's health by itself: the segment may have gone meanwhile.
    pub(super) async fn next(&mut self) -> Result<Option<(BatchHeader, Bytes)>, Error> {
        if self.position >= self.bytes {
            return Ok(None);
        }
        // A window may hold ten thousand small batches.
        if slice_is_over() {
            yield_now().await;
        }
        let header = match BatchHeader::parse(self.rest()) {
            Ok(header) => header,
            Err(BatchFault::Short) => {
                self.read(BATCH_HEADER_BYTES).await?;
                BatchHeader::parse(self.rest()).map_err(|fault| self.corrupt(&fault))?
            }
            Err(fault) => return Err(self.corrupt(&fault)),
        };
        self.expected.check(&header).map_err(|fault| self.corrupt(&fault))?;
        if header.bytes as u64 > self.bytes - self.position {
            return Err(self.corrupt(&BatchFault::Torn(header.bytes)));
        }
        if self.rest().len() < header.bytes {
            self.read(header.bytes).await?;
        }
        let Some(batch) = self.rest().get(..header.bytes).map(|batch| self.window.slice_ref(batch)) else {
            return Err(self.corrupt(&BatchFault::Torn(header.bytes)));
        };
        self.verify(&header, &batch).await?;
        self.expected.advance(&header);
        self.position += header.bytes as u64;
        Ok(Some((header, batch)))
    }

    /// True when the batch that [`Source::next`] returned was the last one.
    pub(super) fn is_at_end(&self) -> bool {
        self.position >= self.bytes
    }

    /// What a batch that cannot be used is: its records are not what its header says.
    pub(super) fn corrupt_batch(&self, header: &BatchHeader, fault: &impl ToString) -> Error {
        let position = self.position.saturating_sub(header.bytes as u64);
        Error::Corrupt {
            path: self.inner.path(self.base_offset, ".log"),
            position,
            reason: fault.to_string(),
        }
    }

    fn corrupt(&self, fault: &BatchFault) -> Error {
        let (path, position) = (self.inner.path(self.base_offset, ".log"), self.position);
        Error::Corrupt { path, position, reason: fault.to_string() }
    }

    fn rest(&self) -> &[u8] {
        let at = usize::try_from(self.position - self.window_start).ok();
        at.and_then(|at| self.window.get(at..)).unwrap_or_default()
    }

    /// Reads on from the position: a window, or as much as is needed.
    async fn read(&mut self, needed: usize) -> Result<(), Error> {
        self.window = Bytes::new();
        self.window_start = block_start(self.position);
        let left = usize::try_from(block_end(self.bytes) - self.window_start).unwrap_or(usize::MAX);
        let len = needed.max(self.compaction.buffer_bytes) + (self.position - self.window_start) as usize;
        let len = len.next_multiple_of(BLOCK_BYTES).min(left);
        let (result, buffer) = self.file.read_at(Buffer::with_capacity(len), self.window_start, len).await;
        result.map_err(|error| Error::io("read", &self.inner.path(self.base_offset, ".log"), &error))?;
        let bytes = buffer.freeze();
        let below = usize::try_from(self.bytes - self.window_start).unwrap_or(usize::MAX).min(bytes.len());
        self.window = bytes.slice(..below);
        self.compaction.pace.moved(self.rest().len()).await;
        Ok(())
    }

    async fn verify(&self, header: &BatchHeader, batch: &[u8]) -> Result<(), Error> {
        let mut computed = 0;
        for step in batch.get(CRC_START..).unwrap_or_default().chunks(CHECKSUM_STEP_BYTES) {
            computed = crc32c::crc32c_append(computed, step);
            if step.len() == CHECKSUM_STEP_BYTES {
                yield_now().await;
            }
        }
        if computed == header.crc {
            Ok(())
        } else {
            Err(self.corrupt(&BatchFault::Checksum { stored: header.crc, computed }))
        }
    }
}
