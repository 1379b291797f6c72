//! The markers that end a transaction in each of its partitions.
//!
//! A marker is a control batch of one record. Key: version (0) and kind, 16 bits each. Value, EndTxnMarker version 0: version and the
//! coordinator's epoch, 16 and 32 bits.

use super::{BatchBuilder, Record};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    Abort,
    Commit,
}

/// The end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    pub kind: MarkerKind,
    pub coordinator_epoch: i32,
}

impl Marker {
    /// Reads the record of a control batch. `None`: another kind of control record, or none at all.
    pub fn parse(record: &Record<'_>) -> Option<Marker> {
        let [key_version @ .., kind_high, kind_low] = record.key?.first_chunk::<4>()?;
        let kind = match i16::from_be_bytes([*kind_high, *kind_low]) {
            0 => MarkerKind::Abort,
            1 => MarkerKind::Commit,
            _ => return None,
        };
        let [version_high, version_low, epoch @ ..] = record.value?.first_chunk::<6>()?;
        // Later versions keep what is before their additions.
        let versions = [i16::from_be_bytes(*key_version), i16::from_be_bytes([*version_high, *version_low])];
        let epoch = i32::from_be_bytes(*epoch);
        versions.iter().all(|version| *version >= 0).then_some(Marker { kind, coordinator_epoch: epoch })
    }

    /// The marker as a control batch at offset 0, for a leader to append.
    pub fn batch(&self, producer_id: i64, producer_epoch: i16, timestamp: i64) -> Vec<u8> {
        let kind: i16 = match self.kind {
            MarkerKind::Abort => 0,
            MarkerKind::Commit => 1,
        };
        let mut key = [0; 4];
        key[2..].copy_from_slice(&kind.to_be_bytes());
        let mut value = [0; 6];
        value[2..].copy_from_slice(&self.coordinator_epoch.to_be_bytes());
        let mut builder =
            BatchBuilder::new().producer(producer_id, producer_epoch, -1).transactional().control();
        builder.push(timestamp, Some(&key), Some(&value), &[]);
        builder.uncompressed()
    }
}
