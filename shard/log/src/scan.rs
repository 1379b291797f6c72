//! Walks the batches of a segment's bytes: what recovery believes, and what a reader may step over.
//!
//! Pure. The size of a file says nothing here: a log ends where the next bytes are not a batch that may follow.

use crate::Offset;
use crate::batch::{BatchFault, BatchHeader, verify_checksum};

/// What the next batch has to agree with: the fields that no CRC covers are checked against these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The next batch's base offset.
    pub next_offset: Offset,
    /// Whether it may also be larger: compaction leaves gaps, and so do followers of a compacted leader. The base
    /// offset lies outside the CRC, so without this leave a single flipped bit there is noticed.
    pub gaps: bool,
    /// No batch of this segment reaches this: the next segment's base, or what relative offsets can say.
    pub end_offset: Offset,
    /// The last batch's leader epoch: epochs never fall.
    pub leader_epoch: i32,
}

impl Expected {
    /// At the start of the segment at `base_offset`, followed by one at `next_base` if it is not the last. A segment
    /// may begin with a gap only where gaps are let pass.
    pub fn at_segment_start(base_offset: Offset, next_base: Option<Offset>, gaps: bool) -> Expected {
        let reach = base_offset.saturating_add(i64::from(i32::MAX)).saturating_add(1);
        Expected {
            next_offset: base_offset,
            gaps,
            end_offset: next_base.map_or(reach, |next| next.min(reach)),
            leader_epoch: -1,
        }
    }

    /// Checks `header` against its surroundings, not its CRC.
    pub fn check(&self, header: &BatchHeader) -> Result<(), BatchFault> {
        if header.base_offset < self.next_offset || (header.base_offset > self.next_offset && !self.gaps) {
            return Err(BatchFault::OffsetOrder { found: header.base_offset, expected: self.next_offset });
        }
        if header.last_offset() >= self.end_offset {
            return Err(BatchFault::OffsetBeyond { found: header.last_offset(), end: self.end_offset });
        }
        if header.leader_epoch < self.leader_epoch {
            return Err(BatchFault::EpochOrder { found: header.leader_epoch, last: self.leader_epoch });
        }
        Ok(())
    }

    /// Moves past `header`.
    pub fn advance(&mut self, header: &BatchHeader) {
        self.next_offset = header.next_offset();
        self.leader_epoch = header.leader_epoch;
    }
}

/// What lies at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A whole batch whose CRC and surroundings are right.
    Batch(BatchHeader),
    /// A header that may follow, of a batch longer than the bytes at hand; its CRC is not yet known.
    Begun(BatchHeader),
    /// Fewer bytes than a header: more are needed to tell.
    Short,
}

/// Looks at the batch at the start of `bytes`.
pub fn look(bytes: &[u8], expected: &Expected) -> Result<Found, BatchFault> {
    let header = match BatchHeader::parse(bytes) {
        Ok(header) => header,
        Err(BatchFault::Short) => return Ok(Found::Short),
        Err(fault) => return Err(fault),
    };
    expected.check(&header)?;
    let Some(batch) = bytes.get(..header.bytes) else { return Ok(Found::Begun(header)) };
    verify_checksum(&header, batch)?;
    Ok(Found::Batch(header))
}

/// What [`segment`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Where the valid batches end.
    pub bytes: usize,
    pub next_offset: Offset,
    /// Why it ended there; `None` when the bytes end with a batch.
    pub fault: Option<BatchFault>,
}

/// Walks `bytes`, the whole content of a segment, and calls `visit` with each batch's position, header and bytes.
pub fn segment(
    bytes: &[u8],
    mut expected: Expected,
    mut visit: impl FnMut(usize, &BatchHeader, &[u8]),
) -> Scanned {
    let mut position = 0;
    let fault = loop {
        let rest = bytes.get(position..).unwrap_or_default();
        match look(rest, &expected) {
            Ok(Found::Batch(header)) => {
                visit(position, &header, rest.get(..header.bytes).unwrap_or_default());
                expected.advance(&header);
                position += header.bytes;
            }
            Ok(Found::Begun(header)) => break Some(BatchFault::Torn(header.bytes)),
            Ok(Found::Short) if rest.is_empty() => break None,
            Ok(Found::Short) => break Some(BatchFault::Short),
            Err(fault) => break Some(fault),
        }
    };
    Scanned { bytes: position, next_offset: expected.next_offset, fault }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::testing::{Content, build};

    fn three() -> (Vec<u8>, Vec<usize>) {
        let mut bytes = Vec::new();
        let mut ends = Vec::new();
        for (base, epoch) in [(10, 1), (12, 1), (14, 2)] {
            bytes.extend(build(&Content {
                base_offset: base,
                leader_epoch: epoch,
                record_count: 2,
                ..Content::default()
            }));
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    #[test]
    fn a_clean_segment_is_walked_to_its_end() {
        let (bytes, _) = three();
        let mut positions = Vec::new();
        let scanned =
            segment(&bytes, Expected::at_segment_start(10, None, false), |at, _, _| positions.push(at));
        assert_eq!(scanned, Scanned { bytes: bytes.len(), next_offset: 16, fault: None });
        assert_eq!(positions.len(), 3);
    }

    #[test]
    fn zeros_written_ahead_end_the_log() {
        let (mut bytes, _) = three();
        let end = bytes.len();
        bytes.resize(end + 8192, 0);
        let scanned = segment(&bytes, Expected::at_segment_start(10, None, false), |_, _, _| {});
        assert_eq!((scanned.bytes, scanned.fault), (end, Some(BatchFault::Zeros)));
    }

    #[test]
    fn every_single_flipped_bit_ends_the_walk_at_or_before_its_batch_or_is_harmless() {
        let (bytes, ends) = three();
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let scanned = segment(&bad, Expected::at_segment_start(10, Some(16), false), |_, _, _| {});
            let damaged = ends.iter().position(|end| bit / 8 < *end).unwrap();
            let start = if damaged == 0 { 0 } else { ends[damaged - 1] };
            // The epoch lies outside the CRC: a flip within the order of epochs cannot be told from a real one.
            let in_epoch = (12..16).contains(&(bit / 8 - start));
            assert!(scanned.bytes <= start || in_epoch, "bit {bit}: {scanned:?}");
        }
    }

    #[test]
    fn an_old_batch_with_a_valid_checksum_is_not_taken_for_the_next_one() {
        let (mut bytes, _) = three();
        let end = bytes.len();
        bytes.extend(build(&Content { base_offset: 12, leader_epoch: 2, ..Content::default() }));
        bytes.extend(build(&Content { base_offset: 16, leader_epoch: 2, ..Content::default() }));
        let scanned = segment(&bytes, Expected::at_segment_start(10, None, false), |_, _, _| {});
        assert_eq!(scanned.bytes, end);
    }

    #[test]
    fn offsets_do_not_reach_into_the_next_segment() {
        let (bytes, ends) = three();
        let scanned = segment(&bytes, Expected::at_segment_start(10, Some(15), false), |_, _, _| {});
        assert_eq!(scanned.bytes, ends[1]);
    }
}
