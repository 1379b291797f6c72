//! Which partition a record goes to: Kafka's own choice for keys, so that records of a key stay together whoever wrote them.

/// The partition that Kafka's default partitioner takes for `key` among `partition_count`; 0 when there are none.
pub fn for_key(key: &[u8], partition_count: usize) -> usize {
    let positive = (murmur2(key) & 0x7fff_ffff) as usize;
    positive.checked_rem(partition_count).unwrap_or(0)
}

/// MurmurHash2 of 32 bits with Kafka's seed.
pub fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    let mut hash = SEED ^ bytes.len() as u32;
    let (words, tail) = bytes.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        for (position, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * position);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that Kafka's `Utils.murmur2` gave.
    #[test]
    fn hashes_are_kafkas() {
        for (key, hash) in [
            ("", 275646681i32),
            ("2", 648968168),
            ("21", -973932308),
            ("abc", 479470107),
            ("foobar", -790332482),
            ("a-little-bit-long-string", -985981536),
            ("a-little-bit-longer-string", -1486304829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ] {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn a_partition_is_always_there() {
        assert_eq!(for_key(b"21", 4), ((-973932308i32) & 0x7fff_ffff) as usize % 4);
        assert_eq!(for_key(b"x", 1), 0);
        assert_eq!(for_key(b"x", 0), 0);
    }
}
