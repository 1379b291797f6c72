//! Reads: what a fetch gets of one partition, and how much there is to get.

use super::{Partition, error_code};
use ottla_log::{Offset, Slices};
use ottla_protocol::ErrorCode;

/// Up to where a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// The high watermark.
    ReadUncommitted,
    /// The last stable offset.
    ReadCommitted,
    /// The log end: replicas.
    LogEnd,
}

/// What a fetch answers for one partition.
#[derive(Clone, Debug)]
pub struct FetchData {
    /// Whole batches; the first may begin below the offset that was asked for.
    pub slices: Slices,
    pub high_watermark: Offset,
    pub last_stable_offset: Offset,
    pub log_start_offset: Offset,
    /// Producer id and first offset of the aborted transactions among the batches, in the order of their markers as with
    /// Kafka; `None` for readers that see everything.
    pub aborted_transactions: Option<Vec<(i64, Offset)>>,
}

/// A look ahead costs no more than this many bytes of batches in the cache.
const LOOK_AHEAD_BYTES: usize = 64 << 20;

impl Partition {
    /// Batches from the one that holds `offset`, up to what `isolation` sees and `bytes_max`. `at_least_one`: the
    /// first batch even when it is larger. Nothing when `offset` is beyond what can be seen, but not beyond the end.
    /// # Errors
    /// OFFSET_OUT_OF_RANGE, KAFKA_STORAGE_ERROR, NOT_LEADER_OR_FOLLOWER.
    pub async fn read(
        &self,
        offset: Offset,
        bytes_max: usize,
        isolation: Isolation,
        at_least_one: bool,
    ) -> Result<FetchData, ErrorCode> {
        self.check_here()?;
        if offset < self.log.log_start_offset() || offset > self.log.log_end_offset() {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let (high_watermark, last_stable_offset) = (self.high_watermark(), self.last_stable_offset());
        let upper = self.visible_end(isolation);
        let slices = match self.log.read_cached(offset, bytes_max, upper, at_least_one) {
            Some(slices) => slices,
            None => {
                let read = self.log.read(offset, bytes_max, upper, at_least_one).await;
                read.map_err(|error| error_code(&error))?
            }
        };
        let aborted_transactions = match isolation {
            Isolation::ReadCommitted if slices.is_empty() => Some(Vec::new()),
            Isolation::ReadCommitted => Some(self.aborted_within(offset, slices.next_offset).await?),
            Isolation::ReadUncommitted | Isolation::LogEnd => None,
        };
        Ok(FetchData {
            slices,
            high_watermark,
            last_stable_offset,
            log_start_offset: self.log.log_start_offset(),
            aborted_transactions,
        })
    }

    async fn aborted_within(&self, from: Offset, to: Offset) -> Result<Vec<(i64, Offset)>, ErrorCode> {
        let aborted = self.log.aborted_within(from, to).await.map_err(|error| error_code(&error))?;
        Ok(aborted.iter().map(|aborted| (aborted.producer_id, aborted.first_offset)).collect())
    }

    /// The end of what `isolation` sees.
    pub fn visible_end(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::ReadUncommitted => self.high_watermark(),
            Isolation::ReadCommitted => self.last_stable_offset(),
            Isolation::LogEnd => self.log.log_end_offset(),
        }
    }

    /// About how many bytes a reader at `offset` could get: exact for what is in memory (up to 64 MiB), an average
    /// beyond. 0 when the offset is out of range.
    pub fn bytes_available(&self, offset: Offset, isolation: Isolation) -> usize {
        self.bytes_between(offset, isolation)
    }

    pub(crate) fn bytes_between(&self, from: Offset, isolation: Isolation) -> usize {
        self.bytes_in(from, self.visible_end(isolation))
    }

    /// About the bytes of batches in `[from, to)`.
    pub(super) fn bytes_in(&self, from: Offset, to: Offset) -> usize {
        if from >= to {
            return 0;
        }
        if let Some(slices) = self.log.peek_cached(from, LOOK_AHEAD_BYTES, to, true) {
            return slices.bytes;
        }
        let (start, end) = (self.log.log_start_offset(), self.log.log_end_offset());
        if from < start || end <= start {
            return 0;
        }
        let share = (to - from) as f64 / (end - start) as f64;
        ((self.log.size_bytes() as f64 * share) as usize).max(1)
    }
}
