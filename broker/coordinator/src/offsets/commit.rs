//! OffsetCommit and OffsetDelete: records of what a group has read, and their tombstones.

use super::{FIXED_BYTES, Offsets};
use crate::record::{self, Record};
use crate::settings::Settings;
use crate::turn::Turn;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{OffsetCommitKey, OffsetCommitValue};
use std::borrow::Cow;

/// One partition's commit.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
    pub leader_epoch: i32,
    pub metadata: &'a str,
    /// Of v2-4; -1: as the broker's setting says.
    pub retention_ms: i64,
}

impl Commit<'_> {
    /// About what the record and the offset will take.
    pub(crate) fn bytes(&self) -> usize {
        FIXED_BYTES + self.metadata.len()
    }

    /// # Errors
    /// OFFSET_METADATA_TOO_LARGE, counted in UTF-16 units as by Kafka; INVALID_COMMIT_OFFSET_SIZE for a key that no record holds.
    pub(crate) fn record(
        &self,
        group_id: &str,
        settings: &Settings,
        turn: &Turn,
    ) -> Result<Record, ErrorCode> {
        let is_long = self.metadata.len() > settings.offset_metadata_max
            && self.metadata.encode_utf16().count() > settings.offset_metadata_max;
        if is_long {
            return Err(ErrorCode::OFFSET_METADATA_TOO_LARGE);
        }
        let expires = self.retention_ms >= 0;
        let value = OffsetCommitValue {
            offset: self.offset,
            leader_epoch: self.leader_epoch,
            metadata: Cow::Borrowed(self.metadata),
            commit_timestamp: turn.unix_ms,
            expire_timestamp: if expires { turn.unix_ms.saturating_add(self.retention_ms) } else { -1 },
            ..OffsetCommitValue::default()
        };
        let version =
            if expires { record::OFFSET_COMMIT_EXPIRING_VERSION } else { record::OFFSET_COMMIT_VERSION };
        let record = record::record(&key(group_id, self.topic, self.partition), version, &value);
        record.map_err(|_| ErrorCode::INVALID_COMMIT_OFFSET_SIZE)
    }
}

fn key<'a>(group_id: &'a str, topic: &'a str, partition: i32) -> OffsetCommitKey<'a> {
    OffsetCommitKey { group: Cow::Borrowed(group_id), topic: Cow::Borrowed(topic), partition }
}

impl Offsets {
    /// The tombstone of one partition's offset, if there is an offset, or may be one when a transaction commits.
    pub(crate) fn tombstone(&self, group_id: &str, topic: &str, partition: i32) -> Option<Record> {
        if self.get(topic, partition).is_none() && !self.is_unstable(topic, partition) {
            return None;
        }
        record::tombstone(&key(group_id, topic, partition)).ok()
    }
}
