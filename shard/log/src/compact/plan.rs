//! Which part of a log may be cleaned, how dirty it is, and which segments become one. Pure.
//!
//! ```text
//! log start ───── cleaned before ───── first dirty ───── dirty ───── upper ───── not yet ───── active segment
//! ```

use crate::Offset;

/// A segment that takes no more batches, as far as planning goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub base_offset: Offset,
    /// Where the next segment begins.
    pub end_offset: Offset,
    pub bytes: u64,
}

/// `min.compaction.lag.ms` and `max.compaction.lag.ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lags {
    /// A segment with a record younger than this is left alone; 0: none is.
    pub min_ms: i64,
    /// A log is cleaned once its first dirty record is older than this, however little is dirty.
    pub max_ms: i64,
}

/// What cleaning a log would take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dirt {
    pub first_dirty: Offset,
    /// A segment's base: from here on nothing is cleaned.
    pub upper: Offset,
    pub clean_bytes: u64,
    pub dirty_bytes: u64,
    /// `max.compaction.lag.ms` has passed.
    pub is_overdue: bool,
}

impl Dirt {
    /// The part of the cleanable log that is dirty: 0 to 1.
    pub fn ratio(&self) -> f64 {
        let all = self.clean_bytes + self.dirty_bytes;
        if all == 0 { 0.0 } else { self.dirty_bytes as f64 / all as f64 }
    }

    /// Kafka's rule: enough is dirty, or it has been for long enough.
    pub fn is_worth_cleaning(&self, min_cleanable_dirty_ratio: f64) -> bool {
        self.dirty_bytes > 0 && (self.is_overdue || self.ratio() > min_cleanable_dirty_ratio)
    }
}

/// The first segments that hold only offsets below `stable`: those that may be cleaned, by the offsets alone.
pub(crate) fn below(segments: &[Sealed], stable: Offset) -> &[Sealed] {
    let count = segments.partition_point(|segment| segment.end_offset <= stable);
    segments.get(..count).unwrap_or_default()
}

/// Clean and dirty bytes of `segments`, split at `first_dirty`; a segment that lies on both sides counts as dirty.
pub(crate) fn split(segments: &[Sealed], first_dirty: Offset) -> (u64, u64) {
    let bytes = |segments: &[Sealed]| segments.iter().map(|segment| segment.bytes).sum::<u64>();
    let first = segments.partition_point(|segment| segment.end_offset <= first_dirty);
    let (clean, dirty) = segments.split_at(first.min(segments.len()));
    (bytes(clean), bytes(dirty))
}

/// Bounds of one segment that compaction makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupLimits {
    /// `segment.bytes`.
    pub(crate) bytes_max: u64,
    /// `segment.index.bytes`, held against the entries that the segments could have had.
    pub(crate) index_bytes_max: u64,
    pub(crate) index_interval_bytes: u32,
}

/// Neighbours that become one segment: as many as fit by bytes, index entries and the range of relative offsets.
pub(crate) fn group(segments: &[Sealed], limits: GroupLimits) -> Vec<&[Sealed]> {
    /// An entry of the time index, the larger one.
    const ENTRY_BYTES: u64 = 12;
    let index_bytes = |bytes: u64| (bytes / u64::from(limits.index_interval_bytes.max(1)) + 1) * ENTRY_BYTES;
    let mut groups = Vec::new();
    let mut rest = segments;
    while let Some(first) = rest.first() {
        let mut bytes = first.bytes;
        let following = rest.iter().skip(1).take_while(|segment| {
            bytes += segment.bytes;
            let reach = segment.end_offset - 1 - first.base_offset;
            bytes <= limits.bytes_max
                && index_bytes(bytes) <= limits.index_bytes_max
                && reach <= i64::from(i32::MAX)
        });
        let count = 1 + following.count();
        let (one, others) = rest.split_at(count);
        groups.push(one);
        rest = others;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(of: &[(Offset, Offset, u64)]) -> Vec<Sealed> {
        of.iter()
            .map(|(base_offset, end_offset, bytes)| Sealed {
                base_offset: *base_offset,
                end_offset: *end_offset,
                bytes: *bytes,
            })
            .collect()
    }

    #[test]
    fn nothing_beyond_the_stable_offset_is_cleaned() {
        let all = segments(&[(0, 10, 100), (10, 20, 100), (20, 30, 100)]);
        for (stable, count) in [(0, 0), (9, 0), (10, 1), (19, 1), (29, 2), (30, 3), (99, 3)] {
            assert_eq!(below(&all, stable).len(), count, "{stable}");
        }
    }

    #[test]
    fn a_log_is_dirty_by_its_bytes_or_by_age() {
        let all = segments(&[(0, 10, 300), (10, 20, 100), (20, 30, 100)]);
        assert_eq!(split(&all, 0), (0, 500));
        assert_eq!(split(&all, 10), (300, 200));
        assert_eq!(split(&all, 15), (300, 200), "a segment on both sides is dirty");
        assert_eq!(split(&all, 30), (500, 0));
        let dirt = |clean_bytes, dirty_bytes, is_overdue| Dirt {
            first_dirty: 0,
            upper: 0,
            clean_bytes,
            dirty_bytes,
            is_overdue,
        };
        assert!(dirt(0, 1, false).is_worth_cleaning(0.5));
        assert!(!dirt(100, 100, false).is_worth_cleaning(0.5), "more than the ratio");
        assert!(dirt(100, 101, false).is_worth_cleaning(0.5));
        assert!(dirt(100, 1, true).is_worth_cleaning(0.5));
        assert!(!dirt(100, 0, true).is_worth_cleaning(0.0));
    }

    #[test]
    fn small_segments_become_one_within_all_limits() {
        let limits = GroupLimits { bytes_max: 250, index_bytes_max: 10 << 20, index_interval_bytes: 4096 };
        let sizes =
            |all: &[Sealed], limits| group(all, limits).iter().map(|group| group.len()).collect::<Vec<_>>();
        let all = segments(&[(0, 10, 100), (10, 20, 100), (20, 30, 100), (30, 40, 300), (40, 50, 10)]);
        assert_eq!(sizes(&all, limits), [2, 1, 1, 1]);
        assert_eq!(sizes(&all, GroupLimits { bytes_max: 1 << 30, ..limits }), [5]);
        // Seven entries of at most 12 bytes.
        let small = GroupLimits { bytes_max: 1 << 30, index_bytes_max: 84, index_interval_bytes: 50 };
        assert_eq!(sizes(&all, small), [3, 2]);
        let far = segments(&[(0, 10, 1), (10, 1 << 31, 1), (1 << 31, (1 << 31) + 5, 1)]);
        assert_eq!(sizes(&far, limits), [2, 1]);
    }
}
