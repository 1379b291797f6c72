//! `leader-epoch-checkpoint`: `epoch start_offset` lines, and the cache of them that answers by epoch (KIP-101).

use super::{CheckpointFault, entries};
use crate::Offset;
use std::fmt::Write;

/// The file's name.
pub const LEADER_EPOCHS: &str = "leader-epoch-checkpoint";

/// Where an epoch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEntry {
    pub epoch: i32,
    pub start_offset: Offset,
}

pub fn parse(bytes: &[u8]) -> Result<Vec<EpochEntry>, CheckpointFault> {
    let parsed = entries(bytes, |line| {
        let (epoch, start_offset) = line.split_once(' ')?;
        let entry = EpochEntry { epoch: epoch.parse().ok()?, start_offset: start_offset.parse().ok()? };
        (entry.epoch >= 0 && entry.start_offset >= 0).then_some(entry)
    })?;
    let disorder = parsed
        .windows(2)
        .position(|pair| matches!(pair, [a, b] if a.epoch >= b.epoch || a.start_offset > b.start_offset));
    match disorder {
        Some(at) => Err(CheckpointFault::Line { line: at + 4, text: "epochs out of order".to_owned() }),
        None => Ok(parsed),
    }
}

pub fn format(entries: &[EpochEntry]) -> String {
    let mut text = format!("0\n{}\n", entries.len());
    for entry in entries {
        let _ = writeln!(text, "{} {}", entry.epoch, entry.start_offset);
    }
    text
}

/// The epochs of one log, ascending; never two entries with one start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochCache(Vec<EpochEntry>);

impl EpochCache {
    pub fn new(entries: Vec<EpochEntry>) -> EpochCache {
        EpochCache(entries)
    }
    pub fn entries(&self) -> &[EpochEntry] {
        &self.0
    }
    pub fn latest(&self) -> Option<EpochEntry> {
        self.0.last().copied()
    }

    /// Notes that a batch of `epoch` begins at `start_offset`. True when that is new.
    pub fn assign(&mut self, epoch: i32, start_offset: Offset) -> bool {
        if epoch < 0 || self.latest().is_some_and(|latest| latest.epoch >= epoch) {
            return false;
        }
        // An epoch without a record leaves no entry behind.
        while self.latest().is_some_and(|latest| latest.start_offset >= start_offset) {
            self.0.pop();
        }
        self.0.push(EpochEntry { epoch, start_offset });
        true
    }

    /// Forgets epochs that begin at or above `end_offset`. True when there were any.
    pub fn truncate_from_end(&mut self, end_offset: Offset) -> bool {
        let kept = self.0.partition_point(|entry| entry.start_offset < end_offset);
        let changed = kept < self.0.len();
        self.0.truncate(kept);
        changed
    }

    /// Forgets epochs that end at or below `start_offset`; the one that holds it begins there then.
    pub fn truncate_from_start(&mut self, start_offset: Offset) -> bool {
        let after = self.0.partition_point(|entry| entry.start_offset <= start_offset);
        let Some(holds) = after.checked_sub(1) else { return false };
        self.0.drain(..holds);
        match self.0.first_mut() {
            Some(first) if first.start_offset < start_offset || holds > 0 => {
                first.start_offset = start_offset;
                true
            }
            _ => false,
        }
    }

    /// The largest epoch at or below `epoch`, and the offset after its last record; `None` when `epoch` is above all
    /// that is known, or nothing is, or for -1, which stands for none. An epoch below the first one ends where the first one begins.
    pub fn end_offset_for(&self, epoch: i32, log_end_offset: Offset) -> Option<(i32, Offset)> {
        let latest = self.latest()?;
        if epoch == -1 || epoch > latest.epoch {
            return None;
        }
        if epoch == latest.epoch {
            return Some((epoch, log_end_offset));
        }
        let above = self.0.partition_point(|entry| entry.epoch <= epoch);
        let end = self.0.get(above)?.start_offset;
        let floor = above.checked_sub(1).and_then(|at| self.0.get(at));
        Some((floor.map_or(epoch, |floor| floor.epoch), end))
    }

    /// The epoch of the record at `offset`.
    pub fn epoch_for(&self, offset: Offset) -> Option<i32> {
        let above = self.0.partition_point(|entry| entry.start_offset <= offset);
        self.0.get(above.checked_sub(1)?).map(|entry| entry.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: &[(i32, Offset)]) -> EpochCache {
        EpochCache::new(
            entries.iter().map(|&(epoch, start_offset)| EpochEntry { epoch, start_offset }).collect(),
        )
    }

    #[test]
    fn kafkas_form_is_read_and_written() {
        let text = "0\n2\n0 0\n3 17\n";
        let entries = parse(text.as_bytes()).unwrap();
        assert_eq!(entries, cache(&[(0, 0), (3, 17)]).entries());
        assert_eq!(format(&entries), text);
        for bad in ["0\n1\n-1 0\n", "0\n2\n3 5\n3 9\n", "0\n2\n3 9\n4 5\n", "0\n1\n1\n", "2\n0\n"] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn end_offsets_follow_kip_101() {
        let cache = cache(&[(2, 10), (4, 20), (7, 30)]);
        let ends = [-1, -2, 1, 2, 3, 4, 6, 7, 8].map(|epoch| cache.end_offset_for(epoch, 50));
        assert_eq!(
            ends,
            [
                None,
                Some((-2, 10)),
                Some((1, 10)),
                Some((2, 20)),
                Some((2, 20)),
                Some((4, 30)),
                Some((4, 30)),
                Some((7, 50)),
                None
            ]
        );
        assert_eq!(
            [9, 10, 29, 30, 99].map(|offset| cache.epoch_for(offset)),
            [None, Some(2), Some(4), Some(7), Some(7)]
        );
    }

    #[test]
    fn truncation_from_either_end_keeps_the_epoch_that_holds_the_offset() {
        let whole = cache(&[(2, 10), (4, 20), (7, 30)]);
        let mut end = whole.clone();
        assert!(end.truncate_from_end(30));
        assert_eq!(end, cache(&[(2, 10), (4, 20)]));
        assert!(!end.truncate_from_end(25));
        let mut start = whole.clone();
        assert!(start.truncate_from_start(25));
        assert_eq!(start, cache(&[(4, 25), (7, 30)]));
        assert!(!start.truncate_from_start(25));
        let mut below = whole.clone();
        assert!(!below.truncate_from_start(5));
        assert_eq!(below, whole);
    }

    #[test]
    fn an_epoch_without_records_leaves_no_entry() {
        let mut cache = cache(&[(2, 10)]);
        assert!(cache.assign(4, 20));
        assert!(cache.assign(5, 20));
        assert!(!cache.assign(5, 25));
        assert!(!cache.assign(3, 26));
        assert_eq!(cache.entries().len(), 2);
        assert_eq!(cache.latest(), Some(EpochEntry { epoch: 5, start_offset: 20 }));
    }
}
