//! `.txnindex`: the aborted transactions whose end lies in the segment.
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

pub const ENTRY_BYTES: usize = 34;

/// One aborted transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: Offset,
    pub last_offset: Offset,
    pub last_stable_offset: Offset,
}

impl AbortedTransaction {
    pub fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let fields = [self.producer_id, self.first_offset, self.last_offset, self.last_stable_offset];
        for (slot, field) in bytes[2..].chunks_exact_mut(8).zip(fields) {
            slot.copy_from_slice(&field.to_be_bytes());
        }
        bytes
    }
}

/// Reads a whole file. `base_offset` is its segment's; entries ascend by `last_offset`.
pub fn parse(bytes: &[u8], base_offset: Offset) -> Result<Vec<AbortedTransaction>, IndexFault> {
    let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
    if !rest.is_empty() {
        return Err(IndexFault::Size(bytes.len()));
    }
    let mut parsed: Vec<AbortedTransaction> = Vec::with_capacity(entries.len());
    for (number, entry) in entries.iter().enumerate() {
        if entry[..2] != [0, 0] {
            return Err(IndexFault::Version(number));
        }
        let field = |index: usize| {
            let bytes = entry.get(2 + 8 * index..).and_then(|rest| rest.first_chunk::<8>());
            bytes.map_or(-1, |bytes| i64::from_be_bytes(*bytes))
        };
        let aborted = AbortedTransaction {
            producer_id: field(0),
            first_offset: field(1),
            last_offset: field(2),
            last_stable_offset: field(3),
        };
        if aborted.last_offset < base_offset || aborted.first_offset > aborted.last_offset {
            return Err(IndexFault::Range(number));
        }
        if parsed.last().is_some_and(|last| last.last_offset >= aborted.last_offset) {
            return Err(IndexFault::Order(number));
        }
        parsed.push(aborted);
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_a_round_trip_and_damage_is_refused() {
        let aborted =
            AbortedTransaction { producer_id: 4, first_offset: 10, last_offset: 20, last_stable_offset: 15 };
        let later = AbortedTransaction { last_offset: 30, ..aborted };
        let bytes = [aborted.to_bytes(), later.to_bytes()].concat();
        assert_eq!(parse(&bytes, 5).unwrap(), [aborted, later]);
        assert_eq!(parse(&bytes, 25), Err(IndexFault::Range(0)));
        assert_eq!(parse(&bytes[1..], 5), Err(IndexFault::Size(67)));
        let swapped = [later.to_bytes(), aborted.to_bytes()].concat();
        assert_eq!(parse(&swapped, 5), Err(IndexFault::Order(1)));
    }
}
