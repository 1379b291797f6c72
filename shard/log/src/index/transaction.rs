//! `.txnindex`: the aborted transactions whose end lies in the segment, ascending by it. Without any there is no file.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..2 | version, 0 |
//! | 2..10 | producer_id |
//! | 10..18 | first_offset of the transaction |
//! | 18..26 | last_offset, of its abort marker |
//! | 26..34 | last_stable_offset when it ended |

use super::IndexFault;
use crate::Offset;
use bytes::Bytes;

pub const ENTRY_BYTES: usize = 34;

/// One aborted transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTxn {
    pub producer_id: i64,
    /// Of its first batch.
    pub first_offset: Offset,
    /// Of its abort marker.
    pub last_offset: Offset,
    /// Where the first transaction began that was still open when this one ended, or the offset after its marker: no
    /// entry behind this one begins below.
    pub last_stable_offset: Offset,
}

impl AbortedTxn {
    pub fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let fields = [self.producer_id, self.first_offset, self.last_offset, self.last_stable_offset];
        for (slot, field) in bytes[2..].chunks_exact_mut(8).zip(fields) {
            slot.copy_from_slice(&field.to_be_bytes());
        }
        bytes
    }

    /// One entry of version 0; the version is the caller's to look at.
    pub fn from_bytes(bytes: &[u8; ENTRY_BYTES]) -> AbortedTxn {
        let field = |index: usize| {
            let field = bytes.get(2 + 8 * index..).and_then(|rest| rest.first_chunk::<8>());
            field.map_or(-1, |field| i64::from_be_bytes(*field))
        };
        AbortedTxn {
            producer_id: field(0),
            first_offset: field(1),
            last_offset: field(2),
            last_stable_offset: field(3),
        }
    }

    /// Whether it could be an entry of a segment at `base_offset`.
    pub fn is_plausible(&self, base_offset: Offset) -> bool {
        let AbortedTxn { producer_id, first_offset, last_offset, last_stable_offset } = *self;
        producer_id >= 0
            && (0..last_offset).contains(&first_offset)
            && last_offset >= base_offset
            && last_stable_offset >= 0
            && last_stable_offset.checked_sub(1).is_some_and(|before| before <= last_offset)
    }
}

/// Reads a whole file. `base_offset` is its segment's; entries ascend by `last_offset`.
pub fn parse(bytes: &[u8], base_offset: Offset) -> Result<Vec<AbortedTxn>, IndexFault> {
    check(bytes, base_offset)?;
    Ok(bytes.as_chunks().0.iter().map(AbortedTxn::from_bytes).collect())
}

fn check(bytes: &[u8], base_offset: Offset) -> Result<(), IndexFault> {
    let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
    if !rest.is_empty() {
        return Err(IndexFault::Size(bytes.len()));
    }
    let mut last = None;
    for (number, entry) in entries.iter().enumerate() {
        if entry[..2] != [0, 0] {
            return Err(IndexFault::Version(number));
        }
        let aborted = AbortedTxn::from_bytes(entry);
        if !aborted.is_plausible(base_offset) {
            return Err(IndexFault::Range(number));
        }
        if last.is_some_and(|last| last >= aborted.last_offset) {
            return Err(IndexFault::Order(number));
        }
        last = Some(aborted.last_offset);
    }
    Ok(())
}

/// The entries of a file, searched in place.
#[derive(Clone, Debug, Default)]
pub struct TransactionIndex(Bytes);

impl TransactionIndex {
    /// As [`parse`], without taking the entries out.
    pub fn parse(bytes: Bytes, base_offset: Offset) -> Result<TransactionIndex, IndexFault> {
        check(&bytes, base_offset)?;
        Ok(TransactionIndex(bytes))
    }

    pub fn bytes(&self) -> usize {
        self.0.len()
    }
    pub fn entries(&self) -> impl Iterator<Item = AbortedTxn> + '_ {
        self.0.as_chunks().0.iter().map(AbortedTxn::from_bytes)
    }
    /// Those that end at or above `offset`.
    pub fn ending_from(&self, offset: Offset) -> impl Iterator<Item = AbortedTxn> + '_ {
        let entries = self.0.as_chunks().0;
        let before = entries.partition_point(|entry| AbortedTxn::from_bytes(entry).last_offset < offset);
        entries.get(before..).unwrap_or_default().iter().map(AbortedTxn::from_bytes)
    }
}

/// Adds to `found` those of `ending_later`, which end at or above `from` and ascend by it, that begin below `to`. True when
/// no later entry does.
pub(crate) fn collect(
    ending_later: impl Iterator<Item = AbortedTxn>,
    to: Offset,
    found: &mut Vec<AbortedTxn>,
) -> bool {
    for aborted in ending_later {
        if aborted.first_offset < to {
            found.push(aborted);
        }
        if aborted.last_stable_offset >= to {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABORTED: AbortedTxn =
        AbortedTxn { producer_id: 4, first_offset: 10, last_offset: 20, last_stable_offset: 15 };

    #[test]
    fn entries_survive_a_round_trip_and_damage_is_refused() {
        let later = AbortedTxn { last_offset: 30, ..ABORTED };
        let bytes = [ABORTED.to_bytes(), later.to_bytes()].concat();
        assert_eq!(parse(&bytes, 5).unwrap(), [ABORTED, later]);
        assert_eq!(parse(&bytes, 25), Err(IndexFault::Range(0)));
        assert_eq!(parse(&bytes[1..], 5), Err(IndexFault::Size(67)));
        let swapped = [later.to_bytes(), ABORTED.to_bytes()].concat();
        assert_eq!(parse(&swapped, 5), Err(IndexFault::Order(1)));
        for implausible in [
            AbortedTxn { producer_id: -1, ..ABORTED },
            AbortedTxn { first_offset: -1, ..ABORTED },
            AbortedTxn { first_offset: 20, ..ABORTED },
            AbortedTxn { last_stable_offset: 22, ..ABORTED },
            AbortedTxn { last_stable_offset: i64::MIN, ..ABORTED },
            AbortedTxn { last_offset: -1, ..ABORTED },
        ] {
            assert_eq!(parse(&implausible.to_bytes(), 5), Err(IndexFault::Range(0)), "{implausible:?}");
        }
        // What a crash may leave where an entry was to be.
        assert_eq!(parse(&[0; ENTRY_BYTES], 0), Err(IndexFault::Range(0)));
    }

    #[test]
    fn golden_bytes() {
        let bytes = [
            0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0,
            0, 15,
        ];
        assert_eq!(ABORTED.to_bytes(), bytes);
    }

    #[test]
    fn a_search_ends_where_no_later_entry_can_begin_below_the_end() {
        let entry = |producer_id, first_offset, last_offset, last_stable_offset| AbortedTxn {
            producer_id,
            first_offset,
            last_offset,
            last_stable_offset,
        };
        // One long transaction spans two short ones; the last begins behind the range.
        let all = [entry(1, 5, 8, 2), entry(2, 6, 12, 2), entry(3, 2, 20, 21), entry(1, 22, 30, 31)];
        let bytes: Vec<u8> = all.iter().flat_map(|aborted| aborted.to_bytes()).collect();
        let index = TransactionIndex::parse(bytes.into(), 0).unwrap();
        let within = |from, to| {
            let mut found = Vec::new();
            let over = collect(index.ending_from(from), to, &mut found);
            (found.iter().map(|aborted| aborted.producer_id).collect::<Vec<_>>(), over)
        };
        assert_eq!(within(0, 10), (vec![1, 2, 3], true));
        assert_eq!(within(9, 10), (vec![2, 3], true));
        assert_eq!(within(0, 2), (vec![], true));
        assert_eq!(within(21, 100), (vec![1], false));
        assert_eq!(within(31, 100), (vec![], false));
    }
}
