//! PURE. What the load writes into each record so that a consumer knows when it was meant to be sent, and which one it is.
//!
//! | bytes | what | in |
//! | --- | --- | --- |
//! | 0..8 | intended time, nanoseconds since 1970 | every record |
//! | 8..16 | sequence, from 0, of this producer in this partition | records to be verified |
//! | 16..20 | the producer's number | records to be verified |
//! | 20..24 | CRC-32C of the bytes before, the key, and the rest of the value | records to be verified |
//!
//! All big-endian. It takes the place of the value's first bytes; where values are real ones or shorter than it, it is the header `t` instead.

use crate::clock::Nanos;

pub const TIME_BYTES: usize = 8;
pub const FULL_BYTES: usize = 24;
const CRC_AT: usize = 20;
pub const HEADER_KEY: &[u8] = b"t";

/// How much of it each record has, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub is_full: bool,
    pub in_header: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub intended: Nanos,
    pub sequence: u64,
    pub producer: u32,
}

/// What a consumer found in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Whole(Stamp),
    /// The checksum differs, or there is no stamp.
    Changed,
}

impl Form {
    pub fn bytes(self) -> usize {
        if self.is_full { FULL_BYTES } else { TIME_BYTES }
    }

    /// The stamp's bytes, of which the first [`Form::bytes`] count. `rest` is the value without the place of the stamp.
    pub fn write(self, stamp: &Stamp, key: Option<&[u8]>, rest: &[u8]) -> [u8; FULL_BYTES] {
        let mut bytes = [0; FULL_BYTES];
        bytes[..8].copy_from_slice(&stamp.intended.to_be_bytes());
        if self.is_full {
            bytes[8..16].copy_from_slice(&stamp.sequence.to_be_bytes());
            bytes[16..CRC_AT].copy_from_slice(&stamp.producer.to_be_bytes());
            let crc = checksum(&bytes[..CRC_AT], key, rest);
            bytes[CRC_AT..].copy_from_slice(&crc.to_be_bytes());
        }
        bytes
    }

    /// The intended time alone; none when the record has no stamp.
    #[inline]
    pub fn intended(self, value: Option<&[u8]>, header: Option<&[u8]>) -> Option<Nanos> {
        let place = if self.in_header { header } else { value };
        place?.first_chunk::<8>().map(|bytes| Nanos::from_be_bytes(*bytes))
    }

    /// A full stamp, checked against its record.
    pub fn read(self, key: Option<&[u8]>, value: Option<&[u8]>, header: Option<&[u8]>) -> Found {
        let value = value.unwrap_or_default();
        let split = if self.in_header {
            header.and_then(|header| header.first_chunk::<FULL_BYTES>()).map(|stamp| (stamp, value))
        } else {
            value.split_first_chunk::<FULL_BYTES>()
        };
        let Some((stamp, rest)) = split else { return Found::Changed };
        let [a, b, c, crc] = [0, 8, 16, CRC_AT].map(|at| stamp.get(at..).unwrap_or_default());
        let (Some(a), Some(b), Some(c), Some(crc)) =
            (a.first_chunk::<8>(), b.first_chunk::<8>(), c.first_chunk::<4>(), crc.first_chunk::<4>())
        else {
            return Found::Changed;
        };
        if checksum(&stamp[..CRC_AT], key, rest) != u32::from_be_bytes(*crc) {
            return Found::Changed;
        }
        Found::Whole(Stamp {
            intended: Nanos::from_be_bytes(*a),
            sequence: u64::from_be_bytes(*b),
            producer: u32::from_be_bytes(*c),
        })
    }
}

fn checksum(stamp: &[u8], key: Option<&[u8]>, rest: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(crc32c::crc32c(stamp), key.unwrap_or_default());
    crc32c::crc32c_append(crc, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { intended: 1_700_000_000_000_000_123, sequence: 77, producer: 3 };

    /// A stamp comes back from a value and from a header; any changed bit is noticed.
    #[test]
    fn what_was_written_comes_back_and_a_changed_bit_does_not() {
        for in_header in [false, true] {
            let form = Form { is_full: true, in_header };
            let rest = b"the rest of the value";
            let bytes = form.write(&STAMP, Some(b"key"), rest);
            let value = if in_header { rest.to_vec() } else { [&bytes[..], rest].concat() };
            let header = in_header.then_some(&bytes[..]);
            assert_eq!(form.intended(Some(&value), header), Some(STAMP.intended));
            assert_eq!(form.read(Some(b"key"), Some(&value), header), Found::Whole(STAMP));
            assert_eq!(form.read(Some(b"kex"), Some(&value), header), Found::Changed);
            for at in 0..value.len() {
                let mut changed = value.clone();
                changed[at] ^= 1;
                assert_eq!(form.read(Some(b"key"), Some(&changed), header), Found::Changed, "byte {at}");
            }
            assert_eq!(form.read(None, None, None), Found::Changed);
        }
    }

    /// A record that is not ours has no stamp to go by.
    #[test]
    fn short_values_have_no_time() {
        let form = Form { is_full: false, in_header: false };
        assert_eq!((form.bytes(), form.intended(Some(b"short"), None)), (8, None));
        assert_eq!(form.intended(None, Some(&[0; 8])), None);
    }
}
