//! The aborted transactions of a partition: what readers of committed records have to skip.
//!
//! Kafka's `.txnindex` files, as they lie beside the segments of a directory that Kafka has written, are read on
//! opening; markers that are replayed or appended add to them. Nothing writes those files here: only a transaction
//! coordinator appends markers, and it has to see to them.

use crate::producers::Ended;
use ottla_io::file::{read, read_dir};
use ottla_log::index::transaction::parse;
use ottla_log::limits::SMALL_FILE_BYTES_MAX;
use ottla_log::{Error, Log, Offset};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Transaction {
    producer_id: i64,
    first_offset: Offset,
    last_offset: Offset,
}

/// Ascending by `last_offset`, the marker's.
#[derive(Debug, Default)]
pub(super) struct Aborted(Vec<Transaction>);

impl Aborted {
    /// From the files in the log's directory.
    /// # Errors
    /// A damaged file: which records are to be skipped is not known then, and guessing would show aborted ones.
    pub(super) async fn load(log: &Log) -> Result<Aborted, Error> {
        let failed = |action, path: &std::path::Path, error: &std::io::Error| Error::Io {
            action,
            path: path.to_owned(),
            kind: error.kind(),
            message: error.to_string(),
        };
        let dir = log.dir();
        let (start, end) = (log.log_start_offset(), log.log_end_offset());
        let mut found = Vec::new();
        for entry in read_dir(dir).await.map_err(|error| failed("list", dir, &error))? {
            let path = entry.path;
            if path.extension().is_none_or(|extension| extension != "txnindex") {
                continue;
            }
            let base = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
            let Some(base) = base else { continue };
            let bytes =
                read(&path, SMALL_FILE_BYTES_MAX).await.map_err(|error| failed("read", &path, &error))?;
            let parsed = parse(&bytes, base).map_err(|fault| Error::Corrupt {
                path,
                position: 0,
                reason: fault.to_string(),
            })?;
            // A crash may have cut the log before what the file says.
            let inside = parsed.iter().filter(|aborted| (start..end).contains(&aborted.last_offset));
            found.extend(inside.map(|aborted| Transaction {
                producer_id: aborted.producer_id,
                first_offset: aborted.first_offset,
                last_offset: aborted.last_offset,
            }));
        }
        found.sort_unstable_by_key(|aborted| aborted.last_offset);
        Ok(Aborted(found))
    }

    /// A transaction has ended; replay tells of some that the files hold too.
    pub(super) fn ended(&mut self, ended: &Ended) {
        if ended.commit {
            return;
        }
        let Ended { producer_id, first_offset, last_offset, .. } = *ended;
        if let Err(place) = self.0.binary_search_by_key(&last_offset, |aborted| aborted.last_offset) {
            self.0.insert(place, Transaction { producer_id, first_offset, last_offset });
        }
    }

    /// Producer id and first offset of those that have records in `[from, to)`, by first offset.
    pub(super) fn within(&self, from: Offset, to: Offset) -> Vec<(i64, Offset)> {
        let first = self.0.partition_point(|aborted| aborted.last_offset < from);
        let ended_later = self.0.get(first..).unwrap_or_default();
        let mut found: Vec<(i64, Offset)> = ended_later
            .iter()
            .filter(|aborted| aborted.first_offset < to)
            .map(|aborted| (aborted.producer_id, aborted.first_offset))
            .collect();
        found.sort_unstable_by_key(|(_, first_offset)| *first_offset);
        found
    }

    /// The log starts at `start` now.
    pub(super) fn forget_below(&mut self, start: Offset) {
        let kept = self.0.partition_point(|aborted| aborted.last_offset < start);
        self.0.drain(..kept);
    }
}
