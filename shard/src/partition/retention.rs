//! What a partition's records are deleted by: a request, their age, or their size.

use super::{Partition, error_code};
use ottla_log::{Error, Health, Offset};
use ottla_protocol::ErrorCode;

impl Partition {
    /// Deletes what is below `offset`, or with -1 all below the high watermark; returns the new log start.
    /// # Errors
    /// OFFSET_OUT_OF_RANGE beyond the high watermark, POLICY_VIOLATION on a topic that is only compacted,
    /// KAFKA_STORAGE_ERROR.
    pub async fn delete_records(&self, offset: Offset) -> Result<Offset, ErrorCode> {
        self.check_here()?;
        if !self.settings.borrow().delete {
            return Err(ErrorCode::POLICY_VIOLATION);
        }
        let high_watermark = self.high_watermark();
        let to = if offset == -1 { high_watermark } else { offset };
        if to < 0 || to > high_watermark {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let to = to.max(self.log.log_start_offset());
        let _tells = TellsOfStart(self);
        self.log.delete_records_to(to).await.map_err(|error| error_code(&error))
    }

    /// Deletes the segments that have outlived `retention.ms` or `retention.bytes`, below the high watermark alone.
    /// Returns the old and the new log start when there were some.
    ///
    /// As with Kafka the active segment goes too when all of it is too old: a new one begins at the log end.
    /// # Errors
    /// Those of the log, which is then offline.
    pub async fn retain(&self) -> Result<Option<(Offset, Offset)>, Error> {
        let settings = self.settings();
        if self.gone.get() || self.log.health() != Health::Online || !settings.delete {
            return Ok(None);
        }
        let before = self.log.log_start_offset();
        let now_ms = ottla_io::unix_millis();
        let to = self.log.expired_before(settings.retention, self.high_watermark(), now_ms).await?;
        if to <= before {
            return Ok(None);
        }
        if to >= self.log.log_end_offset()
            && let Some(base_offset) = self.log.roll()
        {
            let snapshot = self.producers.borrow().to_snapshot();
            self.log.store_producer_snapshot(base_offset, snapshot);
            self.log.sealed(base_offset).await?;
        }
        let _tells = TellsOfStart(self);
        let start = self.log.delete_records_to(to).await?;
        Ok((start > before).then_some((before, start)))
    }
}

/// Tells fetch sessions that the log start may have moved: also when whoever moved it was dropped halfway.
struct TellsOfStart<'a>(&'a Partition);

impl Drop for TellsOfStart<'_> {
    fn drop(&mut self) {
        self.0.watchers.moved(0, 0);
    }
}
