//! What the clients sent, were told and saw.

use ottla_protocol::Uuid;
use ottla_tests::batch;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    pub topic: String,
    pub id: Uuid,
    pub index: i32,
}

/// A batch of one producer's stream to one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    pub stream: u32,
    pub number: u32,
    /// Sent again until it is acknowledged, so that nothing of the stream may be missing.
    pub idempotent: bool,
}

#[derive(Default)]
struct Held {
    /// By all that the broker does not patch.
    sent: BTreeMap<Vec<u8>, Sent>,
    acknowledged: BTreeMap<Sent, i64>,
    /// Checksums of what was fetched, by base offset.
    fetched: BTreeMap<i64, u32>,
}

#[derive(Default)]
pub struct Model {
    partitions: BTreeMap<Partition, Held>,
}

/// All of a batch but its base offset and its leader epoch, which the broker sets.
fn body(bytes: &[u8]) -> Vec<u8> {
    [&bytes[8..12], &bytes[16..]].concat()
}

impl Model {
    /// Before it goes out: what breaks on the way may have arrived.
    pub fn send(&mut self, partition: &Partition, bytes: &[u8], sent: Sent) {
        self.partitions.entry(partition.clone()).or_default().sent.insert(body(bytes), sent);
    }

    pub fn acknowledge(&mut self, partition: &Partition, sent: Sent, base_offset: i64) {
        let held = self.partitions.entry(partition.clone()).or_default();
        assert!(base_offset >= 0, "{sent:?} is acknowledged at {base_offset}");
        held.acknowledged.insert(sent, base_offset);
    }

    pub fn acknowledged_at(&self, partition: &Partition, sent: Sent) -> Option<i64> {
        self.partitions.get(partition).and_then(|held| held.acknowledged.get(&sent)).copied()
    }

    pub fn fetch(&mut self, partition: &Partition, base_offset: i64, crc: u32) {
        let held = self.partitions.entry(partition.clone()).or_default();
        let before = held.fetched.insert(base_offset, crc);
        assert!(before.is_none_or(|before| before == crc), "{partition:?} has two values at {base_offset}");
    }

    pub fn acknowledged_count(&self) -> u64 {
        self.partitions.values().map(|held| held.acknowledged.len() as u64).sum()
    }

    pub fn partitions(&self) -> Vec<Partition> {
        self.partitions.keys().cloned().collect()
    }

    /// Holds everything that a partition has, from offset 0 on, against what was sent, told and seen.
    pub fn check(&self, partition: &Partition, bytes: &[u8]) {
        let Some(held) = self.partitions.get(partition) else { return };
        let name = format!("{}-{}", partition.topic, partition.index);
        let (batches, rest) = batch::read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(rest, 0, "{name} ends within a batch");
        let mut next = 0;
        let mut there: BTreeMap<Sent, i64> = BTreeMap::new();
        let mut crcs: BTreeMap<i64, u32> = BTreeMap::new();
        let mut last: BTreeMap<u32, u32> = BTreeMap::new();
        for seen in batches {
            assert_eq!(seen.base_offset, next, "{name}: offsets follow each other");
            next = seen.base_offset + i64::from(seen.last_offset_delta) + 1;
            assert!(seen.crc_fits, "{name}: the checksum at {}", seen.base_offset);
            let Some(sent) = held.sent.get(&body(seen.bytes)) else {
                panic!("{name}: nobody sent what is at {}", seen.base_offset);
            };
            let doubled = there.insert(*sent, seen.base_offset);
            assert_eq!(doubled, None, "{name}: {sent:?} is at {} too", seen.base_offset);
            let before = last.insert(sent.stream, sent.number);
            assert!(
                before.is_none_or(|before| before < sent.number),
                "{name}: {sent:?} comes after {before:?}"
            );
            if sent.idempotent {
                let expected = before.map_or(0, |before| before + 1);
                assert_eq!(sent.number, expected, "{name}: of stream {} one is missing", sent.stream);
            }
            crcs.insert(seen.base_offset, seen.crc);
        }
        for (sent, offset) in &held.acknowledged {
            assert_eq!(there.get(sent), Some(offset), "{name}: {sent:?} was acknowledged at {offset}");
        }
        for (offset, crc) in &held.fetched {
            assert_eq!(crcs.get(offset), Some(crc), "{name}: what was fetched at {offset} is not there");
        }
        let idempotent: BTreeSet<&Sent> = held.sent.values().filter(|sent| sent.idempotent).collect();
        assert!(
            idempotent.iter().all(|sent| held.acknowledged.contains_key(sent)),
            "{name}: all are answered"
        );
    }
}
