//! `.timeindex`: from timestamps to offsets.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..8 | the largest timestamp of the segment up to a batch |
//! | 8..12 | last offset of the batch that has it, less the segment's base offset |
//!
//! No batch before the one of an entry has a timestamp as large as the entry's.

use super::IndexFault;
use bytes::Bytes;

pub const ENTRY_BYTES: usize = 12;

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub timestamp: i64,
    pub relative_offset: u32,
}

impl Entry {
    pub fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..].copy_from_slice(&self.relative_offset.to_be_bytes());
        bytes
    }
    pub fn from_bytes(bytes: &[u8; ENTRY_BYTES]) -> Entry {
        let (timestamp, relative_offset) = (bytes.first_chunk::<8>(), bytes.last_chunk::<4>());
        Entry {
            timestamp: i64::from_be_bytes(timestamp.copied().unwrap_or_default()),
            relative_offset: u32::from_be_bytes(relative_offset.copied().unwrap_or_default()),
        }
    }
    /// Whether it may be the entry after `last`.
    pub fn ascends(&self, last: Option<Entry>) -> bool {
        last.is_none_or(|last| {
            last.timestamp < self.timestamp && last.relative_offset <= self.relative_offset
        })
    }
}

/// The entries of a file, searched in place.
#[derive(Clone, Debug, Default)]
pub struct TimeIndex(Bytes);

impl TimeIndex {
    /// Takes the bytes of a file.
    pub fn parse(bytes: Bytes) -> Result<TimeIndex, IndexFault> {
        if !bytes.len().is_multiple_of(ENTRY_BYTES) {
            return Err(IndexFault::Size(bytes.len()));
        }
        let index = TimeIndex(bytes);
        let mut last: Option<Entry> = None;
        for (number, entry) in index.entries().enumerate() {
            if entry.relative_offset > i32::MAX as u32 || entry.timestamp < 0 {
                return Err(IndexFault::Range(number));
            }
            if !entry.ascends(last) {
                return Err(IndexFault::Order(number));
            }
            last = Some(entry);
        }
        Ok(index)
    }

    fn as_entries(&self) -> &[[u8; ENTRY_BYTES]] {
        self.0.as_chunks().0
    }
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = Entry> + ExactSizeIterator + '_ {
        self.as_entries().iter().map(Entry::from_bytes)
    }
    /// The first `count` entries.
    pub(crate) fn first(&self, count: usize) -> TimeIndex {
        TimeIndex(self.0.slice(..(count * ENTRY_BYTES).min(self.0.len())))
    }
    pub fn len(&self) -> usize {
        self.as_entries().len()
    }
    pub fn is_empty(&self) -> bool {
        self.as_entries().is_empty()
    }
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
    pub fn last(&self) -> Option<Entry> {
        self.as_entries().last().map(Entry::from_bytes)
    }

    /// The last entry at or below `timestamp`: no batch before its offset has a larger or equal one.
    pub fn lookup(&self, timestamp: i64) -> Option<Entry> {
        let entries = self.as_entries();
        let after = entries.partition_point(|e| Entry::from_bytes(e).timestamp <= timestamp);
        entries.get(after.checked_sub(1)?).map(Entry::from_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(entries: &[(i64, u32)]) -> Bytes {
        entries
            .iter()
            .flat_map(|&(timestamp, relative_offset)| Entry { timestamp, relative_offset }.to_bytes())
            .collect::<Vec<u8>>()
            .into()
    }

    #[test]
    fn lookup_finds_the_last_entry_at_or_below() {
        let index = TimeIndex::parse(index(&[(50, 1), (90, 4), (200, 9)])).unwrap();
        let offset = |timestamp| index.lookup(timestamp).map(|entry| entry.relative_offset);
        assert_eq!([49, 50, 89, 90, 500].map(offset), [None, Some(1), Some(1), Some(4), Some(9)]);
    }

    #[test]
    fn damage_is_refused() {
        assert_eq!(TimeIndex::parse(Bytes::from_static(&[0; 13])).unwrap_err(), IndexFault::Size(13));
        assert_eq!(TimeIndex::parse(index(&[(50, 1), (50, 2)])).unwrap_err(), IndexFault::Order(1));
        assert_eq!(TimeIndex::parse(index(&[(50, 3), (51, 2)])).unwrap_err(), IndexFault::Order(1));
        assert_eq!(TimeIndex::parse(index(&[(-2, 3)])).unwrap_err(), IndexFault::Range(0));
    }
}
