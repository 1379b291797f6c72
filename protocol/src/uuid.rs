//! 128-bit ids of topics, log directories and clusters, written as Kafka writes them: base64url without padding.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Big-endian, as on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// No id; for a log directory: not yet assigned.
    pub const ZERO: Uuid = Uuid([0; 16]);
    /// Kafka's id of the metadata topic; for a log directory: lost.
    pub const ONE: Uuid = Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

    pub fn is_zero(&self) -> bool {
        *self == Uuid::ZERO
    }

    /// A version 4 id made of 128 random bits. Like Kafka's it is never a reserved one, and its text never starts
    /// with `-`, which command lines would take for an option: `None` then, so draw again.
    pub fn from_random(high: u64, low: u64) -> Option<Uuid> {
        let mut bytes = [0u8; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        // '-' is 62: the first six bits.
        (bytes[0] >> 2 != 62).then_some(Uuid(bytes))
    }
}

/// Ids and choices drawn from one seed (SplitMix64), so that a decision is a function of its arguments.
#[derive(Clone, Debug)]
pub struct Seed(u64);

impl Seed {
    pub fn new(seed: u64) -> Seed {
        Seed(seed)
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// Below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end as u64;
        if end == 0 { 0 } else { (self.next_u64() % end) as usize }
    }

    pub fn next_uuid(&mut self) -> Uuid {
        loop {
            let (high, low) = (self.next_u64(), self.next_u64());
            if let Some(id) = Uuid::from_random(high, low) {
                return id;
            }
        }
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u128::from_be_bytes(self.0);
        // 22 digits of 6 bits: 128 bits and 4 zero bits of padding at the low end.
        for digit in 0..22u32 {
            let shift = 122i32 - 6 * digit as i32;
            let index = if shift >= 0 { bits >> shift } else { bits << -shift } & 0x3f;
            let letter = ALPHABET.get(index as usize).copied().unwrap_or(b'?');
            write!(f, "{}", letter as char)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an id: expected 22 characters of base64url")]
pub struct ParseUuidError(String);

impl FromStr for Uuid {
    type Err = ParseUuidError;
    /// Kafka's text form; trailing `==` is allowed, as in Kafka.
    fn from_str(text: &str) -> Result<Uuid, ParseUuidError> {
        let error = || ParseUuidError(text.chars().take(64).collect());
        let digits = text.trim_end_matches('=');
        if digits.len() != 22 || text.len() > 24 {
            return Err(error());
        }
        let mut bits = 0u128;
        for (position, letter) in digits.bytes().enumerate() {
            let value = ALPHABET.iter().position(|&a| a == letter).ok_or_else(error)? as u128;
            bits = if position == 21 { (bits << 2) | (value >> 4) } else { (bits << 6) | value };
        }
        Ok(Uuid(bits.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_kafkas_and_reads_back() {
        // Texts from Kafka's own Uuid.toString().
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid::ONE.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        let mut seed = Seed::new(7);
        for _ in 0..1000 {
            let id = seed.next_uuid();
            assert_eq!(id.to_string().parse::<Uuid>().unwrap(), id);
            assert!(!id.to_string().starts_with('-'));
        }
        assert!("".parse::<Uuid>().is_err());
        assert!("AAAAAAAAAAAAAAAAAAAAA*".parse::<Uuid>().is_err());
    }
}
