//! PURE. Keys of records, made once: drawing one costs neither an allocation nor a hash.

use super::{KeyKind, Records};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Zipf};
use std::sync::Arc;

/// All keys of a workload, each with the hash that Kafka's own clients place it by.
#[derive(Clone, Debug)]
pub struct Keys {
    bytes: Arc<[u8]>,
    hashes: Arc<[u32]>,
    key_bytes: usize,
}

/// One producer's way through the keys.
#[derive(Clone, Debug)]
pub struct KeyPicker {
    keys: Keys,
    pick: Pick,
    random: SmallRng,
}

#[derive(Clone, Debug)]
enum Pick {
    RoundRobin(usize),
    Uniform,
    Zipf(Zipf<f64>),
}

impl Keys {
    /// None when the workload's records have no keys.
    pub fn new(records: &Records) -> Option<Keys> {
        if records.keys == KeyKind::None {
            return None;
        }
        let key = |index: usize| {
            let digits = format!("{index:0width$}", width = records.key_bytes);
            // A key that is too short for its number keeps the last digits: then some keys are the same.
            digits.into_bytes().split_off(digits_beyond(index, records.key_bytes))
        };
        let keys: Vec<Vec<u8>> = (0..records.key_count).map(key).collect();
        Some(Keys {
            hashes: keys.iter().map(|key| murmur2(key)).collect(),
            bytes: keys.concat().into(),
            key_bytes: records.key_bytes,
        })
    }

    fn count(&self) -> usize {
        self.hashes.len()
    }
}

fn digits_beyond(index: usize, width: usize) -> usize {
    index.checked_ilog10().map_or(1, |log| log as usize + 1).saturating_sub(width)
}

impl KeyPicker {
    pub fn new(keys: &Keys, records: &Records, seed: u64, start: usize) -> KeyPicker {
        let pick = match records.keys {
            // An exponent and a count that were checked; else every key is as likely as the others.
            KeyKind::Zipf => {
                Zipf::new(keys.count() as f64, records.zipf_exponent).map_or(Pick::Uniform, Pick::Zipf)
            }
            KeyKind::Uniform => Pick::Uniform,
            KeyKind::RoundRobin | KeyKind::None => Pick::RoundRobin(start),
        };
        KeyPicker { keys: keys.clone(), pick, random: SmallRng::seed_from_u64(seed) }
    }

    /// Which key the next record has.
    pub fn pick(&mut self) -> usize {
        let count = self.keys.count();
        match &mut self.pick {
            Pick::RoundRobin(next) => {
                *next = next.wrapping_add(1);
                next.wrapping_sub(1) % count.max(1)
            }
            Pick::Uniform => self.random.random_range(0..count.max(1)),
            // 1, the most frequent, to count.
            Pick::Zipf(zipf) => (zipf.sample(&mut self.random) as usize).saturating_sub(1).min(count - 1),
        }
    }

    pub fn key(&self, index: usize) -> &[u8] {
        let at = index * self.keys.key_bytes;
        self.keys.bytes.get(at..at + self.keys.key_bytes).unwrap_or_default()
    }

    pub fn hash(&self, index: usize) -> u32 {
        self.keys.hashes.get(index).copied().unwrap_or(0)
    }
}

/// The partition of a key, as Kafka's own clients choose it.
pub fn partition_of(hash: u32, partitions: usize) -> usize {
    (hash & 0x7fff_ffff) as usize % partitions.max(1)
}

/// MurmurHash2 (32 bits, as Kafka's `Utils.murmur2` seeds it): where a keyed record goes is part of Kafka's clients' contract.
pub fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = chunk.iter().rev().fold(0, |k, byte| k << 8 | u32::from(*byte)).wrapping_mul(M);
        k = (k ^ k >> 24).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        hash = (hash ^ rest.iter().rev().fold(0, |k, byte| k << 8 | u32::from(*byte))).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(keys: KeyKind, key_count: usize, key_bytes: usize) -> Records {
        Records { keys, key_count, key_bytes, ..Records::default() }
    }

    /// The values that Kafka's own unit test of `murmur2` expects.
    #[test]
    fn hashes_are_kafkas() {
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ] {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    /// Keys have their length, and each its own text while there is room for it.
    #[test]
    fn keys_have_their_length() {
        for (count, bytes) in [(11, 16), (11, 1), (1, 3)] {
            let described = records(KeyKind::RoundRobin, count, bytes);
            let keys = Keys::new(&described).unwrap();
            let mut picker = KeyPicker::new(&keys, &described, 1, 0);
            let mut seen = Vec::new();
            for _ in 0..count {
                let index = picker.pick();
                seen.push(picker.key(index).to_vec());
            }
            assert!(seen.iter().all(|key| key.len() == bytes), "{seen:?}");
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), if bytes == 1 { 10 } else { count });
        }
        assert!(Keys::new(&records(KeyKind::None, 10, 10)).is_none());
    }

    /// Zipf prefers few keys, uniform none.
    #[test]
    fn zipf_prefers_few_keys() {
        let most_frequent = |kind| {
            let described = records(kind, 1000, 8);
            let mut picker = KeyPicker::new(&Keys::new(&described).unwrap(), &described, 1, 0);
            (0..10_000).filter(|_| picker.pick() == 0).count()
        };
        assert!(most_frequent(KeyKind::Zipf) > 800);
        assert!(most_frequent(KeyKind::Uniform) < 50);
    }
}
