//! `.index`: from offsets to positions in the `.log`.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..4 | last offset of a batch, less the segment's base offset |
//! | 4..8 | position of that batch in the `.log` |

use super::IndexFault;
use bytes::Bytes;

pub const ENTRY_BYTES: usize = 8;

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub relative_offset: u32,
    pub position: u32,
}

impl Entry {
    pub fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..4].copy_from_slice(&self.relative_offset.to_be_bytes());
        bytes[4..].copy_from_slice(&self.position.to_be_bytes());
        bytes
    }
    pub fn from_bytes(bytes: &[u8; ENTRY_BYTES]) -> Entry {
        let value = u64::from_be_bytes(*bytes);
        Entry { relative_offset: (value >> 32) as u32, position: value as u32 }
    }
    /// Whether it may be the entry after `last`.
    pub fn ascends(&self, last: Option<Entry>) -> bool {
        last.is_none_or(|last| last.relative_offset < self.relative_offset && last.position < self.position)
    }
}

/// The entries of a file, searched in place.
#[derive(Clone, Debug, Default)]
pub struct OffsetIndex(Bytes);

impl OffsetIndex {
    /// Takes the bytes of a file whose segment has `segment_bytes` bytes.
    pub fn parse(bytes: Bytes, segment_bytes: u64) -> Result<OffsetIndex, IndexFault> {
        if !bytes.len().is_multiple_of(ENTRY_BYTES) {
            return Err(IndexFault::Size(bytes.len()));
        }
        let index = OffsetIndex(bytes);
        let mut last: Option<Entry> = None;
        for (number, entry) in index.entries().enumerate() {
            if u64::from(entry.position) >= segment_bytes || entry.relative_offset > i32::MAX as u32 {
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
    pub(crate) fn first(&self, count: usize) -> OffsetIndex {
        OffsetIndex(self.0.slice(..(count * ENTRY_BYTES).min(self.0.len())))
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

    /// The last entry at or below `relative_offset`.
    pub fn lookup(&self, relative_offset: u32) -> Option<Entry> {
        let entries = self.as_entries();
        let after = entries.partition_point(|e| Entry::from_bytes(e).relative_offset <= relative_offset);
        entries.get(after.checked_sub(1)?).map(Entry::from_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(entries: &[(u32, u32)]) -> Bytes {
        entries
            .iter()
            .flat_map(|&(relative_offset, position)| Entry { relative_offset, position }.to_bytes())
            .collect::<Vec<u8>>()
            .into()
    }

    #[test]
    fn lookup_finds_the_last_entry_at_or_below() {
        let index = OffsetIndex::parse(index(&[(5, 100), (9, 300), (20, 700)]), 1000).unwrap();
        let position = |offset| index.lookup(offset).map(|entry| entry.position);
        assert_eq!(
            [4, 5, 8, 9, 19, 20, 9999].map(position),
            [None, Some(100), Some(100), Some(300), Some(300), Some(700), Some(700)]
        );
    }

    #[test]
    fn damage_is_refused() {
        assert_eq!(OffsetIndex::parse(Bytes::from_static(&[0; 7]), 10).unwrap_err(), IndexFault::Size(7));
        assert_eq!(OffsetIndex::parse(index(&[(5, 100), (5, 300)]), 1000).unwrap_err(), IndexFault::Order(1));
        assert_eq!(OffsetIndex::parse(index(&[(5, 1000)]), 1000).unwrap_err(), IndexFault::Range(0));
        // What a killed Kafka leaves: entries, then preallocated zeros.
        assert_eq!(OffsetIndex::parse(index(&[(5, 100), (0, 0)]), 1000).unwrap_err(), IndexFault::Order(1));
    }
}
