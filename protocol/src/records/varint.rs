//! Zigzag variable-length numbers, which records use for every length and delta.

use super::RecordFault;

/// Takes a number of at most ten bytes from the front.
#[inline]
pub(super) fn take_long(bytes: &mut &[u8]) -> Result<i64, RecordFault> {
    let unsigned = match *bytes {
        [byte, rest @ ..] if *byte < 0x80 => {
            *bytes = rest;
            u64::from(*byte)
        }
        // Lengths of some thousands, and most deltas.
        [low, high, rest @ ..] if *high < 0x80 => {
            *bytes = rest;
            u64::from(low & 0x7f) | u64::from(*high) << 7
        }
        _ => take_unsigned(bytes)?,
    };
    Ok((unsigned >> 1) as i64 ^ -((unsigned & 1) as i64))
}

/// Takes a number that fits 32 bits.
#[inline]
pub(super) fn take_int(bytes: &mut &[u8]) -> Result<i32, RecordFault> {
    i32::try_from(take_long(bytes)?).map_err(|_| RecordFault::Varint)
}

fn take_unsigned(bytes: &mut &[u8]) -> Result<u64, RecordFault> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            // The tenth byte holds the 64th bit and no more.
            if index == 9 && *byte > 1 {
                return Err(RecordFault::Varint);
            }
            *bytes = bytes.get(index + 1..).unwrap_or_default();
            return Ok(value);
        }
    }
    Err(if bytes.len() < 10 { RecordFault::Truncated } else { RecordFault::Varint })
}

pub(super) fn put(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push((rest as u8) | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// How many bytes [`put`] writes.
pub(super) fn size(value: i64) -> usize {
    let unsigned = ((value << 1) ^ (value >> 63)) as u64;
    (u64::BITS - unsigned.leading_zeros()).div_ceil(7).max(1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_come_back() {
        let mut values = vec![0, -1, 1, i64::MIN, i64::MAX, i64::from(i32::MIN), i64::from(i32::MAX)];
        values.extend((0..63).flat_map(|bit| [1 << bit, -(1 << bit), (1 << bit) - 1]));
        for value in values {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(out.len(), size(value));
            let mut left = out.as_slice();
            assert_eq!((take_long(&mut left), left), (Ok(value), [].as_slice()));
            for end in 0..out.len() {
                assert_eq!(take_long(&mut &out[..end]), Err(RecordFault::Truncated));
            }
        }
    }

    #[test]
    fn numbers_that_do_not_end_or_do_not_fit_are_refused() {
        assert_eq!(take_long(&mut [0x80; 11].as_slice()), Err(RecordFault::Varint));
        let mut too_long = [0xff_u8; 10];
        too_long[9] = 2;
        assert_eq!(take_long(&mut too_long.as_slice()), Err(RecordFault::Varint));
        let mut out = Vec::new();
        put(&mut out, i64::from(i32::MAX) + 1);
        assert_eq!(take_int(&mut out.as_slice()), Err(RecordFault::Varint));
    }
}
