//! Makes offset and time index entries as batches are appended, or scanned again, exactly where Kafka makes them.

use super::{offset, time};
use crate::Offset;
use crate::batch::BatchHeader;

/// The growing end of one segment's indexes: entries that are not yet in their files, and what the next depends on.
#[derive(Clone, Debug)]
pub struct IndexBuilder {
    base_offset: Offset,
    /// Bytes of batches since the last offset entry, counting the entry's own batch.
    bytes_since_entry: u64,
    /// The segment's largest timestamp and the last offset of the batch that brought it; -1 before the first.
    max_timestamp: i64,
    max_timestamp_offset: Offset,
    last_time_entry: i64,
    /// Entries already in the files.
    pub(crate) stored_offset_entries: u32,
    pub(crate) stored_time_entries: u32,
    pub(crate) offset_entries: Vec<offset::Entry>,
    pub(crate) time_entries: Vec<time::Entry>,
}

impl IndexBuilder {
    /// For an empty segment at `base_offset`.
    pub fn new(base_offset: Offset) -> IndexBuilder {
        IndexBuilder {
            base_offset,
            bytes_since_entry: 0,
            max_timestamp: -1,
            max_timestamp_offset: base_offset,
            last_time_entry: -1,
            stored_offset_entries: 0,
            stored_time_entries: 0,
            offset_entries: Vec::new(),
            time_entries: Vec::new(),
        }
    }

    /// Goes on after a file of `offset_entries` offset entries and `time_entries` time entries, the last one given.
    pub fn resume(
        base_offset: Offset,
        offset_entries: u32,
        time_entries: u32,
        last: Option<time::Entry>,
    ) -> IndexBuilder {
        let mut builder = IndexBuilder::new(base_offset);
        builder.stored_offset_entries = offset_entries;
        builder.stored_time_entries = time_entries;
        if let Some(last) = last {
            builder.max_timestamp = last.timestamp;
            builder.max_timestamp_offset = base_offset + i64::from(last.relative_offset);
            builder.last_time_entry = last.timestamp;
        }
        builder
    }

    fn relative(&self, offset: Offset) -> u32 {
        u32::try_from(offset - self.base_offset).unwrap_or(u32::MAX)
    }

    /// Takes note of the batch `header` at `position`.
    pub fn batch(&mut self, position: u64, header: &BatchHeader, interval_bytes: u32) {
        // One that compaction has emptied keeps its timestamp, but no record has it.
        if header.max_timestamp > self.max_timestamp && header.record_count > 0 {
            self.max_timestamp = header.max_timestamp;
            self.max_timestamp_offset = header.last_offset();
        }
        if self.bytes_since_entry > u64::from(interval_bytes) {
            let relative_offset = self.relative(header.last_offset());
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            self.offset_entries.push(offset::Entry { relative_offset, position });
            self.time_entry();
            self.bytes_since_entry = 0;
        }
        self.bytes_since_entry += header.bytes as u64;
    }

    /// Adds the time entry that ends a segment, at roll and at close; nothing when it is already there.
    pub fn time_entry(&mut self) {
        if self.max_timestamp > self.last_time_entry {
            let relative_offset = self.relative(self.max_timestamp_offset);
            self.time_entries.push(time::Entry { timestamp: self.max_timestamp, relative_offset });
            self.last_time_entry = self.max_timestamp;
        }
    }

    /// True when a file bound to `segment_index_bytes` can take no more: the segment is then rolled. The time index
    /// keeps one entry back for the roll.
    pub fn is_full(&self, segment_index_bytes: u32) -> bool {
        let bound = segment_index_bytes as usize;
        let offset_entries = self.stored_offset_entries as usize + self.offset_entries.len();
        let time_entries = self.stored_time_entries as usize + self.time_entries.len();
        offset_entries >= bound / offset::ENTRY_BYTES || time_entries + 1 >= bound / time::ENTRY_BYTES
    }

    /// The largest timestamp so far, -1 when there is none, and the last offset of its batch.
    pub fn max_timestamp(&self) -> (i64, Offset) {
        (self.max_timestamp, self.max_timestamp_offset)
    }

    /// The last entry made since the file at or below `offset`.
    pub fn lookup(&self, offset: Offset) -> Option<offset::Entry> {
        let relative = self.relative(offset);
        let after = self.offset_entries.partition_point(|entry| entry.relative_offset <= relative);
        self.offset_entries.get(after.checked_sub(1)?).copied()
    }

    /// The last entry made since the file at or below `timestamp`.
    pub fn lookup_time(&self, timestamp: i64) -> Option<time::Entry> {
        let after = self.time_entries.partition_point(|entry| entry.timestamp <= timestamp);
        self.time_entries.get(after.checked_sub(1)?).copied()
    }

    /// The files' bytes of all entries that are not stored yet, which then count as stored: for whoever writes a segment
    /// as a whole.
    pub fn take_entries(&mut self) -> (Vec<u8>, Vec<u8>) {
        let entries = self.unstored(|_| true, |_| true);
        self.stored(self.offset_entries.len(), self.time_entries.len());
        entries
    }

    /// The files' bytes of the entries that are not stored yet, up to the first that may not be.
    pub(crate) fn unstored(
        &self,
        offset_may: impl Fn(&offset::Entry) -> bool,
        time_may: impl Fn(&time::Entry) -> bool,
    ) -> (Vec<u8>, Vec<u8>) {
        let offsets = self.offset_entries.iter().take_while(|entry| offset_may(entry));
        let times = self.time_entries.iter().take_while(|entry| time_may(entry));
        (
            offsets.flat_map(|entry| entry.to_bytes()).collect(),
            times.flat_map(|entry| entry.to_bytes()).collect(),
        )
    }

    /// The first `offset_entries` and `time_entries` of the unstored ones are now in the files.
    pub(crate) fn stored(&mut self, offset_entries: usize, time_entries: usize) {
        self.offset_entries.drain(..offset_entries.min(self.offset_entries.len()));
        self.time_entries.drain(..time_entries.min(self.time_entries.len()));
        self.offset_entries.shrink_to_fit();
        self.time_entries.shrink_to_fit();
        self.stored_offset_entries += offset_entries as u32;
        self.stored_time_entries += time_entries as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::testing::{Content, build};

    fn header(base_offset: Offset, base_timestamp: i64, payload: usize) -> BatchHeader {
        let content =
            Content { base_offset, base_timestamp, payload: vec![7; payload], ..Content::default() };
        BatchHeader::parse(&build(&content)).unwrap()
    }

    #[test]
    fn an_entry_is_made_once_more_than_the_interval_lies_behind() {
        let mut builder = IndexBuilder::new(100);
        let mut position = 0;
        for number in 0..10 {
            let header = header(100 + number, 1000 + number, 1000);
            builder.batch(position, &header, 2000);
            position += header.bytes as u64;
        }
        let offsets: Vec<u32> = builder.offset_entries.iter().map(|entry| entry.relative_offset).collect();
        assert_eq!(offsets, [2, 4, 6, 8]);
        builder.time_entry();
        builder.time_entry();
        let times: Vec<i64> = builder.time_entries.iter().map(|entry| entry.timestamp).collect();
        assert_eq!(times, [1002, 1004, 1006, 1008, 1009]);
    }

    #[test]
    fn time_entries_only_rise_and_name_the_first_batch_with_the_largest_timestamp() {
        let mut builder = IndexBuilder::new(0);
        let mut position = 0;
        for (offset, timestamp) in [(0, 50), (1, 900), (2, 70), (3, 900), (4, 20)] {
            let header = header(offset, timestamp, 1000);
            builder.batch(position, &header, 500);
            position += header.bytes as u64;
        }
        let times: Vec<(i64, u32)> =
            builder.time_entries.iter().map(|entry| (entry.timestamp, entry.relative_offset)).collect();
        assert_eq!(times, [(900, 1)]);
    }

    #[test]
    fn a_full_index_is_told_before_the_roll_needs_its_last_entry() {
        let mut builder = IndexBuilder::resume(0, 0, 98, None);
        assert!(!builder.is_full(1200));
        builder.stored_time_entries = 99;
        assert!(builder.is_full(1200));
    }
}
