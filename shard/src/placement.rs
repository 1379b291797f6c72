//! Which core owns a partition. Every core computes the same answer from ids alone, so nothing has to be told.

use ottla_io::ShardId;
use ottla_protocol::Uuid;

/// The owning shard of a partition: the partitions of a topic take turns over the shards, from a shard that the
/// topic's id picks, so that topics of one partition spread as well.
///
/// `shard_count` must not be 0. The answer changes with `shard_count`, never with anything else.
pub fn owner(topic_id: Uuid, partition: i32, shard_count: usize) -> ShardId {
    assert!(shard_count > 0 && shard_count <= usize::from(u16::MAX) + 1, "{shard_count} shards");
    // Ids of version 4 are random but for six bits; the multiplication spreads those that people made up.
    let id = u128::from_be_bytes(topic_id.0);
    let mixed = ((id >> 64) as u64 ^ id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let turn = u64::from(partition.cast_unsigned());
    ShardId(((mixed + turn) % shard_count as u64) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::Seed;

    /// Each shard gets the same number of a topic's partitions, up to one.
    #[test]
    fn partitions_of_a_topic_spread_evenly() {
        let mut seed = Seed::new(1);
        for shard_count in [1, 2, 3, 7, 16] {
            for partitions in [1, 5, 32] {
                let id = seed.next_uuid();
                let mut counts = vec![0; shard_count];
                (0..partitions).for_each(|p| counts[usize::from(owner(id, p, shard_count).0)] += 1);
                let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
                assert!(most - least <= 1, "{counts:?}");
            }
        }
    }

    /// Topics of one partition do not all land on one shard, whatever their ids look like.
    #[test]
    fn topics_spread_too() {
        let mut random = [0; 4];
        let mut counted = [0; 4];
        let mut seed = Seed::new(2);
        for number in 0..4000_u64 {
            random[usize::from(owner(seed.next_uuid(), 0, 4).0)] += 1;
            let mut id = [0; 16];
            id[8..].copy_from_slice(&number.to_be_bytes());
            counted[usize::from(owner(Uuid(id), 0, 4).0)] += 1;
        }
        for count in random.iter().chain(&counted) {
            assert!((800..1200).contains(count), "{random:?} {counted:?}");
        }
    }
}
