//! Opening what a clean shutdown left: sizes and indexes are believed, and only the end of the last segment is read.

use super::{Recovery, sealed_segment};
use crate::aborted::Aborted;
use crate::batch::BATCH_HEADER_BYTES;
use crate::index::{IndexBuilder, offset, time};
use crate::scan::Expected;
use crate::state::Growing;
use crate::survey::Survey;
use crate::walk::walk;
use crate::{Error, Offset};
use ottla_io::{Buffer, File, OpenOptions};
use std::ops::ControlFlow;

impl Recovery<'_> {
    /// After a clean shutdown at `end`: takes sizes and indexes as they are, reading only what lies behind the last
    /// batch that an index names. False when something
    /// does not fit, so that a scan has to tell.
    pub(super) async fn believe(&mut self, survey: &Survey, end: Offset) -> Result<bool, Error> {
        let Some(((active, bytes), sealed)) = survey.segments.split_last() else { return Ok(false) };
        // A clean shutdown leaves none of these: somebody else took files away.
        if survey.lacks_files() {
            return Ok(false);
        }
        let (active, bytes) = (*active, *bytes);
        let fits = if bytes == 0 {
            end == active
        } else {
            end > active && end - active <= i64::from(i32::MAX) + 1 && bytes >= BATCH_HEADER_BYTES as u64
        };
        if !fits {
            return Ok(false);
        }
        let Some((index, position)) = self.index_end(active, bytes).await? else { return Ok(false) };
        if bytes > 0 && !self.ends_at(active, position, bytes, end).await? {
            return Ok(false);
        }
        for (base_offset, bytes) in sealed {
            self.segments.push(sealed_segment(*base_offset, *bytes));
        }
        let mut segment = sealed_segment(active, bytes);
        segment.created_ms = ottla_io::unix_millis();
        segment.growing = Some(Box::new(Growing {
            index,
            aborted: Aborted::default(),
            index_files_exist: bytes > 0,
            exists: true,
            file: None,
            file_bytes: bytes,
        }));
        self.segments.push(segment);
        self.epochs.truncate_from_end(end);
        self.log_end_offset = end;
        Ok(true)
    }

    /// Whether the batches from `position` on, where one begins, end at `bytes` with offset `end`. The checkpoint and
    /// the file say so of each other; neither has a checksum.
    async fn ends_at(
        &self,
        base_offset: Offset,
        position: u64,
        bytes: u64,
        end: Offset,
    ) -> Result<bool, Error> {
        let path = self.path(base_offset, ".log");
        let options = OpenOptions { read: true, direct: true, ..OpenOptions::default() };
        let file = File::open(&path, &options).await.map_err(|error| Error::io("open", &path, &error))?;
        // The first batch says itself where it begins: the index only says where it ends.
        let expected = Expected::at_segment_start(base_offset, None, true);
        let walked = walk(&file, position, bytes, expected, true, |_, _, _| ControlFlow::Continue(())).await;
        let walked = walked.map_err(|error| Error::io("read", &path, &error))?;
        Ok(walked.fault.is_none() && walked.position == bytes && walked.expected.next_offset == end)
    }

    /// What the index files of a cleanly closed segment end with, and where the last batch lies that they name; `None`
    /// when they are missing or unfit.
    async fn index_end(&self, base_offset: Offset, bytes: u64) -> Result<Option<(IndexBuilder, u64)>, Error> {
        if bytes == 0 {
            return Ok(Some((IndexBuilder::new(base_offset), 0)));
        }
        let Some((offsets_bytes, offsets_last)) =
            self.last_entry::<{ offset::ENTRY_BYTES }>(base_offset, ".index").await?
        else {
            return Ok(None);
        };
        let Some((times_bytes, times_last)) =
            self.last_entry::<{ time::ENTRY_BYTES }>(base_offset, ".timeindex").await?
        else {
            return Ok(None);
        };
        let position = offsets_last.map_or(0, |entry| u64::from(offset::Entry::from_bytes(&entry).position));
        let last = times_last.map(|entry| time::Entry::from_bytes(&entry));
        let bound = u64::from(self.config.segment_index_bytes).max(offsets_bytes);
        let fits = offsets_bytes % offset::ENTRY_BYTES as u64 == 0
            && times_bytes % time::ENTRY_BYTES as u64 == 0
            && offsets_bytes <= bound
            && position < bytes
            && last.is_none_or(|last| last.timestamp >= 0 && last.relative_offset <= i32::MAX as u32);
        Ok(fits.then(|| {
            let counts = (offsets_bytes / offset::ENTRY_BYTES as u64, times_bytes / time::ENTRY_BYTES as u64);
            (IndexBuilder::resume(base_offset, counts.0 as u32, counts.1 as u32, last), position)
        }))
    }

    /// The size of an index file and its last entry; `None` when it is missing.
    async fn last_entry<const N: usize>(
        &self,
        base_offset: Offset,
        suffix: &str,
    ) -> Result<Option<(u64, Option<[u8; N]>)>, Error> {
        let path = self.path(base_offset, suffix);
        let options = OpenOptions { read: true, ..OpenOptions::default() };
        let file = match File::open(&path, &options).await {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("open", &path, &error)),
        };
        let failed = |error| Error::io("read", &path, &error);
        let bytes = file.len().await.map_err(failed)?;
        let Some(at) = bytes.checked_sub(N as u64) else { return Ok(Some((bytes, None))) };
        let (result, buffer) = file.read_at(Buffer::with_capacity(N), at, N).await;
        result.map_err(failed)?;
        Ok(Some((bytes, buffer.first_chunk::<N>().copied())))
    }
}
