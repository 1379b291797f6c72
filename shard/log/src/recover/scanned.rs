//! Opening what a kill left: everything from the recovery point on is scanned, batch by batch, and what is no batch that may follow
//! is cut off.

use super::{Recovery, resume_point, sealed_segment};
use crate::aborted::Aborted;
use crate::index::IndexBuilder;
use crate::limits::block_start;
use crate::scan::Expected;
use crate::state::Growing;
use crate::survey::Survey;
use crate::walk::walk;
use crate::{Error, Offset};
use ottla_io::{BLOCK_BYTES, Buffer, File, OpenOptions};
use std::ops::ControlFlow;

impl Recovery<'_> {
    /// After a kill: scans from the recovery point to the end of what is valid.
    pub(super) async fn scan(&mut self, survey: &Survey) -> Result<(), Error> {
        let all = &survey.segments;
        // Where files are missing, whatever lies before the recovery point is looked at too.
        let known = if survey.lacks_files() { 0 } else { self.recovery_point };
        let from = all.partition_point(|(base, _)| *base <= known).saturating_sub(1);
        for (base_offset, bytes) in all.iter().take(from) {
            self.segments.push(sealed_segment(*base_offset, *bytes));
        }
        for (at, (base_offset, bytes)) in all.iter().enumerate().skip(from) {
            let next_base = all.get(at + 1).map(|next| next.0);
            let is_followed =
                self.scan_segment(*base_offset, *bytes, all.get(at + 1..).unwrap_or_default(), known).await?;
            if is_followed {
                self.to_finish.push(*base_offset);
            } else if next_base.is_some() {
                self.to_remove.extend(all.iter().skip(at + 1).map(|(base, _)| *base));
                break;
            }
        }
        self.epochs.truncate_from_end(self.log_end_offset);
        if self.log_end_offset < self.recovery_point {
            return Err(Error::Corrupt {
                path: self.dir.to_owned(),
                position: 0,
                reason: format!(
                    "the log ends at offset {}, but the checkpoint says that offsets up to {} are on disk",
                    self.log_end_offset, self.recovery_point
                ),
            });
        }
        Ok(())
    }

    /// Scans one segment. Only the last one may end in what is no batch: the file of a segment is made after the one
    /// before it was written and flushed to its end, so that no crash leaves a gap between them; but for the empty one
    /// with which a log was about to begin anew.
    ///
    /// `known`: what lies below it need not be looked at. True when the log goes on in the first of `following`.
    async fn scan_segment(
        &mut self,
        base_offset: Offset,
        file_bytes: u64,
        following: &[(Offset, u64)],
        known: Offset,
    ) -> Result<bool, Error> {
        let next_base = following.first().map(|(base, _)| *base);
        let path = self.path(base_offset, ".log");
        let failed = |error| Error::io("read", &path, &error);
        let options = OpenOptions { read: true, direct: true, ..OpenOptions::default() };
        let file = File::open(&path, &options).await.map_err(|error| Error::io("open", &path, &error))?;
        let gaps = self.gaps;
        let mut expected = Expected::at_segment_start(base_offset, next_base, gaps);
        let resume = resume_point(self.dir, &file, file_bytes, base_offset, known, expected).await?;
        let (from, mut index) = match resume {
            Some(resume) => {
                expected.next_offset = resume.next_offset;
                (resume.position, resume.index)
            }
            None => (0, IndexBuilder::new(base_offset)),
        };
        let mut first_timestamp = None;
        self.epochs.truncate_from_end(expected.next_offset);
        let (epochs, interval) = (&mut self.epochs, self.config.index_interval_bytes);
        let scanned = &self.scanned_in_all;
        let walked = walk(&file, from, file_bytes, expected, true, |position, header, _| {
            index.batch(position, header, interval);
            epochs.assign(header.leader_epoch, header.base_offset);
            scanned.set(scanned.get() + header.bytes as u64);
            if position == 0 {
                first_timestamp = Some(header.max_timestamp);
            }
            ControlFlow::Continue(())
        })
        .await
        .map_err(failed)?;
        let end_offset = walked.expected.next_offset;
        self.scanned_bytes += walked.position - from;
        self.log_end_offset = end_offset;
        if let Some(fault) = walked.fault
            && end_offset < self.recovery_point
        {
            let reason = format!("{fault}, at offset {end_offset}, which was acknowledged");
            return Err(Error::Corrupt { path, position: walked.position, reason });
        }
        // A rolled segment that was not cut yet ends with its padding, and then the next one goes on.
        match next_base {
            Some(next) if next == end_offset || (gaps && walked.fault.is_none()) => {}
            Some(next) if following.iter().any(|(_, bytes)| *bytes > 0) => {
                let why = walked.fault.map_or_else(String::new, |fault| format!("{fault}; "));
                let reason =
                    format!("{why}it ends at offset {end_offset}, but the next segment begins at {next}");
                return Err(Error::Corrupt { path, position: walked.position, reason });
            }
            _ => {
                let discarded = self.discarded(&file, walked.position, file_bytes).await.map_err(failed)?;
                if let (Some(fault), true) = (walked.fault, discarded > 0) {
                    tracing::warn!(
                        path = %path.display(),
                        position = walked.position,
                        bytes = discarded,
                        offset = end_offset,
                        "the end of the log is cut: {fault}"
                    );
                }
                self.truncated_bytes += discarded;
            }
        }
        let mut segment = sealed_segment(base_offset, walked.position);
        segment.first_timestamp = first_timestamp;
        segment.growing = Some(Box::new(Growing {
            index,
            aborted: Aborted::default(),
            index_files_exist: false,
            exists: true,
            file: None,
            file_bytes,
        }));
        segment.created_ms = ottla_io::unix_millis();
        self.segments.push(segment);
        Ok(next_base.is_some_and(|next| next == end_offset || (gaps && walked.fault.is_none())))
    }

    /// How many bytes from `position` on are not just zeros written ahead, counted to the last such block.
    async fn discarded(&self, file: &File, position: u64, end: u64) -> std::io::Result<u64> {
        let mut last = position;
        let mut at = block_start(position);
        let mut buffer = Buffer::with_capacity(crate::limits::READ_WINDOW_BYTES);
        while at < end {
            let len = (end - at).next_multiple_of(BLOCK_BYTES as u64).min(buffer.capacity() as u64) as usize;
            let (result, filled) = file.read_at(buffer, at, len).await;
            let read = result?;
            buffer = filled;
            if read == 0 {
                break;
            }
            let skip = position.saturating_sub(at) as usize;
            let window = buffer.get(skip..).unwrap_or_default();
            if let Some(found) = window.iter().rposition(|byte| *byte != 0) {
                last = at + (skip + found) as u64 + 1;
            }
            at += read as u64;
        }
        Ok(last - position)
    }
}
