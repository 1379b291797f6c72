//! What of a partition is compacted: how dirty it is, and one pass over it. When, and which partition first, is the
//! caller's to say; a pass goes no further than the last stable offset.

use super::Partition;
use ottla_log::compact::{Compacted, Compaction, Dirt, Pace};
use ottla_log::{Error, Health, Offset};

/// What a core gives to a pass.
pub struct CompactionMeans<'a> {
    /// Bound of the map of keys.
    pub map_bytes_max: usize,
    pub map_load_factor: f64,
    /// Of each of the two buffers, of what is read and what is written.
    pub buffer_bytes: usize,
    pub pace: &'a Pace,
}

impl Partition {
    /// All below this is compacted, but for what came beside it: the partition's line of `cleaner-offset-checkpoint`.
    pub fn cleaned_to(&self) -> Option<Offset> {
        self.log.cleaned_to()
    }

    /// What a pass would take up, if the topic is compacted and it is worth a pass.
    /// # Errors
    /// Those of [`ottla_log::Log::dirt`].
    pub async fn dirt(&self) -> Result<Option<Dirt>, Error> {
        let settings = self.settings();
        if !settings.compact || self.gone.get() || self.log.health() != Health::Online {
            return Ok(None);
        }
        let (stable, now_ms) = (self.last_stable_offset(), ottla_io::unix_millis());
        let dirt = self.log.dirt(stable, settings.compaction.lags, now_ms).await?;
        Ok(dirt.filter(|dirt| dirt.is_worth_cleaning(settings.compaction.min_cleanable_dirty_ratio)))
    }

    /// A pass over `dirt`. `None`: it was given up, because `goes_on` said so, the topic is not compacted any more, or
    /// the log was cut meanwhile.
    /// # Errors
    /// Those of [`ottla_log::Log::compact`].
    pub async fn compact(
        &self,
        dirt: Dirt,
        means: &CompactionMeans<'_>,
        goes_on: impl Fn() -> bool,
    ) -> Result<Option<Compacted>, Error> {
        let settings = self.settings();
        let last_batch = |producer_id| self.producers.borrow().last_batch(producer_id);
        let goes_on = || !self.gone.get() && self.settings.borrow().compact && goes_on();
        let compaction = Compaction {
            dirt,
            last_batch: &last_batch,
            now_ms: ottla_io::unix_millis(),
            delete_retention_ms: settings.compaction.delete_retention_ms,
            map_bytes_max: means.map_bytes_max,
            map_load_factor: means.map_load_factor,
            buffer_bytes: means.buffer_bytes,
            pace: means.pace,
            goes_on: &goes_on,
        };
        self.log.compact(&compaction).await
    }
}
