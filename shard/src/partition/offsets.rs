//! Offsets by timestamp, by leader epoch, and the special ones of ListOffsets.

use super::{Isolation, Partition, error_code};
use ottla_log::Offset;
use ottla_protocol::ErrorCode;

/// ListOffsets' special timestamps.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

/// An answer of ListOffsets: -1 stands for none, in each field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    pub timestamp: i64,
    pub offset: Offset,
    pub leader_epoch: i32,
}

impl ListedOffset {
    pub const NONE: ListedOffset = ListedOffset { timestamp: -1, offset: -1, leader_epoch: -1 };
}

impl Partition {
    /// The offset of the first record at or after `timestamp` that `isolation` sees, or of a special timestamp:
    /// latest (-1), earliest (-2), the record with the largest timestamp (-3), earliest on this disk (-4, as -2
    /// here), latest in tiered storage (-5, never any).
    /// # Errors
    /// UNSUPPORTED_VERSION for another negative timestamp, KAFKA_STORAGE_ERROR, NOT_LEADER_OR_FOLLOWER.
    pub async fn list_offset(&self, timestamp: i64, isolation: Isolation) -> Result<ListedOffset, ErrorCode> {
        self.check_here()?;
        let upper = self.visible_end(isolation);
        let found = match timestamp {
            LATEST => {
                let leader_epoch = self.leader_epoch();
                return Ok(ListedOffset { timestamp: -1, offset: upper, leader_epoch });
            }
            EARLIEST | EARLIEST_LOCAL => {
                let offset = self.log.log_start_offset();
                // The leader's epoch is known from its election on, before its first record.
                let own = (offset == self.log.log_end_offset()).then(|| self.leader_epoch());
                let leader_epoch = self.log.epoch_for_offset(offset).or(own).unwrap_or(-1);
                return Ok(ListedOffset { timestamp: -1, offset, leader_epoch });
            }
            LATEST_TIERED => return Ok(ListedOffset::NONE),
            MAX_TIMESTAMP => self.log.max_timestamp_offset().await,
            timestamp if timestamp >= 0 => self.log.offset_for_timestamp(timestamp, upper).await,
            _ => return Err(ErrorCode::UNSUPPORTED_VERSION),
        };
        let found = found.map_err(|error| error_code(&error))?;
        Ok(found.filter(|found| found.offset < upper).map_or(ListedOffset::NONE, |found| ListedOffset {
            timestamp: found.timestamp,
            offset: found.offset,
            leader_epoch: found.leader_epoch,
        }))
    }

    /// The largest epoch at or below `epoch` that this log knows, and the offset after its last record (KIP-101,
    /// KIP-279). `None` for an epoch above the leader's, or for -1.
    ///
    /// The leader's own epoch is known from its election on, before its first record.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> Option<(i32, Offset)> {
        let own = self.leader_epoch();
        if epoch == super::NO_EPOCH || epoch > own {
            return None;
        }
        if epoch == own {
            return Some((own, self.log.log_end_offset()));
        }
        match (self.log.end_offset_for_epoch(epoch), self.log.latest_epoch()) {
            (Some(found), _) => Some(found),
            // Between the last epoch with a record and the leader's.
            (None, Some(latest)) => Some((latest, self.log.log_end_offset())),
            (None, None) => Some((epoch, self.log.log_end_offset())),
        }
    }

    /// Where a reader that last read `last_fetched_epoch` (-1: it knows none) and is now at `fetch_offset` left this
    /// log: the epoch and end offset to go back to, or `None` when it did not (KIP-595).
    /// # Errors
    /// OFFSET_OUT_OF_RANGE when this cannot be told.
    pub fn diverging_epoch(
        &self,
        last_fetched_epoch: i32,
        fetch_offset: Offset,
    ) -> Result<Option<(i32, Offset)>, ErrorCode> {
        if last_fetched_epoch < 0 {
            return Ok(None);
        }
        let found = self.end_offset_for_epoch(last_fetched_epoch);
        let (epoch, end_offset) = found.ok_or(ErrorCode::OFFSET_OUT_OF_RANGE)?;
        if fetch_offset < self.log.log_start_offset() {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let diverges = epoch < last_fetched_epoch || end_offset < fetch_offset;
        Ok(diverges.then_some((epoch, end_offset)))
    }
}
