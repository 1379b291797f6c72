//! Which offset each key was last written at, for the dirty part of one log. Pure, and bounded.
//!
//! As in Kafka a key is known by 128 bits of a hash and an entry takes 24 bytes. Kafka's hash is MD5; here it is SipHash
//! with a secret of each map, so that nobody can make two keys that are taken for one: by chance alone, a billion keys
//! have two with the same hash with a probability of 2⁻⁶⁹.
//!
//! The table is in parts that grow by themselves: a small log takes little memory, and no insertion moves more than a
//! part, so that the core's thread is never held up for long.

use crate::Offset;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

/// Bytes of an entry.
pub const ENTRY_BYTES: usize = std::mem::size_of::<Slot>();
/// A part of the default 128 MiB moves 2 MiB when it grows for the last time: about 2 ms.
const PARTS: usize = 64;
/// Slots of a part that has its first key.
const SLOTS_MIN: usize = 16;
/// No offset: the slot is free.
const FREE: Offset = -1;

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: [u64; 2],
    offset: Offset,
}

const _: () = assert!(ENTRY_BYTES == 24);

/// See the module.
pub struct OffsetMap {
    secret: SipHasher24,
    parts: Vec<Part>,
    len: usize,
}

impl OffsetMap {
    /// An empty map that takes at most `bytes_max` bytes, and no less than a slot in each part, of which the fraction
    /// `load_factor` is filled before it counts as full.
    pub fn new(bytes_max: usize, load_factor: f64, secret: [u64; 2]) -> OffsetMap {
        let slots_max = (bytes_max / ENTRY_BYTES / PARTS).max(2);
        let part =
            || Part { slots: Vec::new(), len: 0, slots_max, load_factor: load_factor.clamp(0.1, 0.95) };
        OffsetMap {
            secret: SipHasher24::new_with_keys(secret[0], secret[1]),
            parts: (0..PARTS).map(|_| part()).collect(),
            len: 0,
        }
    }

    fn hash(&self, key: &[u8]) -> [u64; 2] {
        let mut hasher = self.secret;
        hasher.write(key);
        let hash = hasher.finish128();
        [hash.h1, hash.h2]
    }

    /// Notes that `key` was written at `offset`, beyond all before it. False when there is no room for another key:
    /// nothing has changed then.
    pub fn put(&mut self, key: &[u8], offset: Offset) -> bool {
        let hash = self.hash(key);
        let Some(part) = self.parts.get_mut(part_of(hash)) else { return false };
        let before = part.len;
        let is_in = part.put(hash, offset);
        self.len += part.len - before;
        is_in
    }

    /// Where `key` was last written.
    pub fn latest(&self, key: &[u8]) -> Option<Offset> {
        let hash = self.hash(key);
        let part = self.parts.get(part_of(hash))?;
        part.slots.get(part.find(hash)?).map(|slot| slot.offset).filter(|offset| *offset != FREE)
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.len
    }
    /// What its slots take.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.slots.len() * ENTRY_BYTES).sum()
    }
}

fn part_of(hash: [u64; 2]) -> usize {
    (hash[1] % PARTS as u64) as usize
}

/// Open addressing with linear steps; nothing is ever taken out.
struct Part {
    slots: Vec<Slot>,
    len: usize,
    slots_max: usize,
    load_factor: f64,
}

impl Part {
    /// The slot of `hash`, or the free one where it would be. `None` without slots; one is always free otherwise.
    fn find(&self, hash: [u64; 2]) -> Option<usize> {
        let count = self.slots.len();
        // The hash as a fraction of the table.
        let mut at = ((u128::from(hash[0]) * count as u128) >> 64) as usize;
        loop {
            let slot = self.slots.get(at)?;
            if slot.offset == FREE || slot.hash == hash {
                return Some(at);
            }
            at = if at + 1 == count { 0 } else { at + 1 };
        }
    }

    fn keys_max(&self, slots: usize) -> usize {
        ((slots as f64 * self.load_factor) as usize).min(slots.saturating_sub(1))
    }

    fn put(&mut self, hash: [u64; 2], offset: Offset) -> bool {
        if let Some(at) = self.find(hash)
            && let Some(slot) = self.slots.get_mut(at)
            && slot.offset != FREE
        {
            slot.offset = offset;
            return true;
        }
        while self.len >= self.keys_max(self.slots.len()) {
            if self.slots.len() >= self.slots_max {
                // The least map has room for one key, or no log with many keys would ever get on.
                if self.len == 0 && self.slots.len() > 1 {
                    break;
                }
                return false;
            }
            self.grow();
        }
        if let Some(at) = self.find(hash)
            && let Some(slot) = self.slots.get_mut(at)
        {
            *slot = Slot { hash, offset };
            self.len += 1;
        }
        true
    }

    fn grow(&mut self) {
        let count = (self.slots.len() * 2).max(SLOTS_MIN).min(self.slots_max);
        let old = std::mem::replace(&mut self.slots, vec![Slot { hash: [0; 2], offset: FREE }; count]);
        for slot in old.into_iter().filter(|slot| slot.offset != FREE) {
            if let Some(at) = self.find(slot.hash)
                && let Some(free) = self.slots.get_mut(at)
            {
                *free = slot;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Against a plain map of the keys themselves, through many growths.
    #[test]
    fn the_last_offset_of_each_key_is_known() {
        let mut map = OffsetMap::new(16 << 20, 0.9, [1, 2]);
        let mut plain = HashMap::new();
        for offset in 0..200_000_i64 {
            let key = (offset * 7919 % 60_013).to_be_bytes();
            assert!(map.put(&key, offset));
            plain.insert(key, offset);
        }
        assert_eq!(map.len(), plain.len());
        for (key, offset) in &plain {
            assert_eq!(map.latest(key), Some(*offset));
        }
        assert_eq!(map.latest(b"never written"), None);
        assert!(map.bytes() <= 16 << 20);
    }

    /// A full map takes what it knows and refuses what it does not, and never grows beyond its bound.
    #[test]
    fn a_full_map_says_so() {
        let mut map = OffsetMap::new(64 * 100 * ENTRY_BYTES, 0.9, [3, 4]);
        let mut taken = Vec::new();
        let mut offset = 0;
        while map.put(&i64::to_be_bytes(offset), offset) {
            taken.push(offset);
            offset += 1;
        }
        assert!(taken.len() > 64 * 60 && taken.len() <= 64 * 90, "{}", taken.len());
        assert!(map.bytes() <= 64 * 100 * ENTRY_BYTES);
        assert_eq!(map.latest(&offset.to_be_bytes()), None);
        assert!(map.put(&taken[0].to_be_bytes(), 1_000_000));
        assert_eq!(map.latest(&taken[0].to_be_bytes()), Some(1_000_000));
        assert!(taken[1..].iter().all(|key| map.latest(&key.to_be_bytes()) == Some(*key)));
    }

    /// Even a bound of nothing has room for a key, so that cleaning gets on.
    #[test]
    fn the_least_map_takes_a_key() {
        let mut map = OffsetMap::new(0, 0.9, [5, 6]);
        assert!(map.put(b"a", 3));
        assert_eq!(map.latest(b"a"), Some(3));
    }
}
