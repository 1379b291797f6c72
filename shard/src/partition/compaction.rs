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
    pub pace: &'a Pace,
}

impl Partition {
    /// All below this is compacted, but for what came beside it: the partition's line of `cleaner-offset-checkpoint`.
    pub fn cleaned_to(&self) -> Option<Offset> {
        self.cleaned_to.get()
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
        let dirt = self.log.dirt(self.cleaned_to.get(), stable, settings.compaction.lags, now_ms).await?;
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
        let mut aborted = self.log.aborted_within(self.log.log_start_offset(), dirt.upper).await?;
        aborted.sort_unstable_by_key(|aborted| aborted.first_offset);
        let producers = self.producers.borrow().last_batches();
        let goes_on = || !self.gone.get() && self.settings.borrow().compact && goes_on();
        let compaction = Compaction {
            dirt,
            aborted: &aborted,
            producers: &producers,
            now_ms: ottla_io::unix_millis(),
            delete_retention_ms: settings.compaction.delete_retention_ms,
            map_bytes_max: means.map_bytes_max,
            map_load_factor: means.map_load_factor,
            pace: means.pace,
            goes_on: &goes_on,
        };
        let compacted = self.log.compact(&compaction).await?;
        if let Some(compacted) = &compacted {
            self.cleaned_to.set(Some(compacted.end));
        }
        Ok(compacted)
    }
}
