//! A copy of a partition's log in another data directory of the same broker, which takes its place once it has everything (KIP-113).
//!
//! Lives on the partition's core. Where the copy lies, when it takes over and what the controller hears of it is the caller's to say.

use super::Partition;
use ottla_io::task::blocking;
use ottla_log::compact::Pace;
use ottla_log::{AppendError, AppendInfo, Error, Log, Offset, Opening, Resources};
use ottla_protocol::records::{batches, verify_checksum};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Read at a time; the first batch is read whole even when it is larger.
const COPY_BYTES: usize = 1 << 20;
/// A batch of at most so many bytes is verified on the core itself: about a hundred microseconds.
const INLINE_BYTES_MAX: usize = 1 << 20;

/// See the module.
pub struct FutureLog {
    partition: Rc<Partition>,
    log: Log,
    /// How far the partition was compacted when the first batch was copied: what came to the copy later is no less clean.
    cleaned_to: Option<Offset>,
}

/// What a partition is opened with when the copy has taken its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    pub log_start_offset: Offset,
    pub log_end_offset: Offset,
    pub high_watermark: Offset,
    pub cleaned_to: Option<Offset>,
}

impl FutureLog {
    /// Makes an empty log in `dir`, which nobody else has.
    /// # Errors
    /// Those of [`Log::create`], and of a read of the partition.
    pub async fn create(
        partition: &Rc<Partition>,
        dir: PathBuf,
        resources: &Rc<Resources>,
    ) -> Result<FutureLog, Error> {
        let cleaned_to = partition.log.cleaned_to();
        let start = partition.log.log_start_offset();
        let first = partition.log.read(start, 1, partition.log.durable_end(), true).await?;
        let opening = Opening {
            dir,
            topic_id: uuid::Uuid::from_bytes(partition.topic_id.0),
            config: partition.settings().log.clone(),
            resources: resources.clone(),
            clean_shutdown: false,
            recovery_point: None,
            log_start_offset: None,
            cleaned_to: None,
        };
        let log = Log::create(opening).await?;
        // The log start may lie within the first batch.
        log.restart_at(first.first_offset.min(start)).await?;
        Ok(FutureLog { partition: partition.clone(), log, cleaned_to })
    }

    pub fn dir(&self) -> &Path {
        self.log.dir()
    }
    pub fn size_bytes(&self) -> u64 {
        self.log.size_bytes()
    }
    /// How many offsets are yet to be copied.
    pub fn lag(&self) -> Offset {
        (self.partition.log.log_end_offset() - self.log.log_end_offset()).max(0)
    }

    /// Copies what the partition has on stable storage now. False: `goes_on` has said no.
    /// # Errors
    /// Of either log; a batch that is damaged. The copy is of no use then.
    pub async fn copy(&self, pace: &Pace, goes_on: &dyn Fn() -> bool) -> Result<bool, Error> {
        let upper = self.partition.log.durable_end();
        while goes_on() {
            let end = self.log.log_end_offset();
            if end >= upper {
                return Ok(true);
            }
            let start = self.partition.log.log_start_offset();
            let read = self.partition.log.read(end.max(start), COPY_BYTES, upper, true).await;
            let slices = match read {
                // The log start has moved meanwhile.
                Err(Error::OffsetOutOfRange { .. }) => continue,
                read => read?,
            };
            if slices.is_empty() {
                return Ok(true);
            }
            if end < start && slices.first_offset > end {
                // What was deleted before it was copied is no gap.
                self.log.restart_at(slices.first_offset.min(start)).await?;
            }
            for part in &slices.parts {
                let mut at = 0;
                while let Some(Ok((header, batch))) = batches(part.get(at..).unwrap_or_default()).next() {
                    let batch = part.slice_ref(batch);
                    at += batch.len();
                    let is_sound = if batch.len() <= INLINE_BYTES_MAX {
                        verify_checksum(&header, &batch).is_ok()
                    } else {
                        let batch = batch.clone();
                        blocking(move || verify_checksum(&header, &batch).is_ok()).await
                    };
                    if !is_sound {
                        let reason =
                            format!("the batch at offset {} has another checksum", header.base_offset);
                        return Err(Error::Corrupt {
                            path: self.partition.log.dir().to_owned(),
                            position: 0,
                            reason,
                        });
                    }
                    self.append(&batch, header.base_offset, header.leader_epoch).await?;
                    if header.is_control() {
                        self.note_aborted(header.base_offset, header.last_offset()).await?;
                    }
                }
            }
            pace.moved(slices.bytes).await;
        }
        Ok(false)
    }

    async fn append(&self, batch: &[u8], base_offset: Offset, leader_epoch: i32) -> Result<(), Error> {
        let info = AppendInfo { leader_epoch, log_append_time: None, base_offset: Some(base_offset) };
        loop {
            match self.log.append(batch, &info) {
                Ok(_) => return Ok(()),
                Err(AppendError::Full) => self.log.room().await,
                Err(AppendError::Log(error)) => return Err(error),
                Err(AppendError::Invalid(reason)) => {
                    let reason = format!("the batch at offset {base_offset} cannot be copied: {reason}");
                    return Err(Error::Corrupt { path: self.log.dir().to_owned(), position: 0, reason });
                }
            }
        }
    }

    /// The marker that was just appended may have ended a transaction that was aborted.
    async fn note_aborted(&self, base_offset: Offset, last_offset: Offset) -> Result<(), Error> {
        let found = self.partition.log.aborted_within(base_offset, last_offset + 1).await?;
        if let Some(aborted) = found.into_iter().find(|aborted| aborted.last_offset == last_offset) {
            self.log.append_aborted(aborted);
        }
        Ok(())
    }

    /// Makes the partition stand still, copies the rest and closes the copy in order: it is all of the partition then, on stable
    /// storage.
    /// # Errors
    /// Of either log. [`Partition::stay`] takes the partition back.
    pub async fn finish(&self, pace: &Pace) -> Result<Finished, Error> {
        let end = self.partition.stand_still().await?;
        self.copy(pace, &|| true).await?;
        self.log.wait_durable(end.min(self.log.log_end_offset())).await?;
        let start = self.partition.log.log_start_offset();
        self.log.delete_records_to(start).await?;
        let snapshot = self.partition.producers.borrow().to_snapshot();
        let log_end_offset = self.log.close(Some(snapshot)).await?;
        let now_cleaned = self.partition.log.cleaned_to();
        Ok(Finished {
            log_start_offset: start,
            log_end_offset,
            high_watermark: self.partition.high_watermark(),
            // With any, there may be gaps between offsets.
            cleaned_to: self.cleaned_to.or(now_cleaned.map(|_| start)),
        })
    }

    /// Gives the copy up.
    pub async fn delete(&self) -> Result<(), Error> {
        self.log.delete().await
    }
}

impl Partition {
    /// Ends appends and parked fetches as [`Partition::close`] does, and waits until what is in the log is durable and answered; the log
    /// stays open for reads of its own. Returns the log end.
    async fn stand_still(&self) -> Result<Offset, Error> {
        self.leave();
        let end = self.log.log_end_offset();
        self.log.wait_durable(end).await?;
        Ok(end)
    }

    /// A move came to nothing: the partition is served again.
    pub fn stay(&self) {
        self.gone.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NO_PRODUCER, append, batch, directory, on_shard, open, spec};
    use super::*;
    use crate::partition::Isolation;
    use ottla_log::ResourceLimits;
    use std::time::Duration;

    async fn all(partition: &Partition) -> Vec<u8> {
        let (mut offset, mut bytes) = (partition.log_start_offset(), Vec::new());
        while offset < partition.high_watermark() {
            let read = partition.read(offset, 10_000, Isolation::ReadUncommitted, true).await.unwrap();
            read.slices.parts.iter().for_each(|part| bytes.extend_from_slice(part));
            offset = read.slices.next_offset;
        }
        bytes
    }

    /// The copy is the log byte for byte, whatever is written and deleted meanwhile, and opens as one that was closed in order.
    #[test]
    fn a_copy_takes_the_place_of_its_log() {
        let data = directory();
        let (one, two) = (data.path().join("one"), data.path().join("two"));
        std::fs::create_dir_all(&one).unwrap();
        std::fs::create_dir_all(&two).unwrap();
        on_shard(move || {
            let (one, two) = (one.clone(), two.clone());
            async move {
                let partition = open(&one).await;
                for number in 0..30 {
                    append(&partition, batch(3, (7, 0, number * 3))).await.unwrap();
                }
                // Within a batch.
                partition.delete_records(10).await.unwrap();
                let resources = Resources::new(ResourceLimits::default());
                let future = FutureLog::create(&partition, two.join("future"), &resources).await.unwrap();
                assert_eq!(future.lag(), 81);
                let pace = Pace::default();
                assert!(!future.copy(&pace, &|| false).await.unwrap());
                assert!(future.copy(&pace, &|| true).await.unwrap());
                assert_eq!(future.lag(), 0);
                let writer = partition.clone();
                let written = ottla_io::spawn(ottla_io::Class::Foreground, async move {
                    let mut acknowledged = 0;
                    while append(&writer, batch(1, NO_PRODUCER)).await.is_ok() {
                        acknowledged += 1;
                    }
                    acknowledged
                });
                ottla_io::sleep(Duration::from_millis(20)).await;
                assert!(future.copy(&pace, &|| true).await.unwrap());
                partition.delete_records(17).await.unwrap();
                let finished = future.finish(&pace).await.unwrap();
                let acknowledged: i64 = written.await.unwrap();
                assert!(acknowledged > 0);
                partition.stay();
                let before = all(&partition).await;
                assert_eq!((finished.log_start_offset, finished.log_end_offset), (17, 90 + acknowledged));
                std::fs::rename(two.join("future"), two.join("topic-3")).unwrap();
                let moved = Partition::open(crate::PartitionSpec {
                    clean_shutdown: true,
                    recovery_point: Some(finished.log_end_offset),
                    log_start_offset: Some(finished.log_start_offset),
                    high_watermark: Some(finished.high_watermark),
                    ..spec(&two)
                })
                .await
                .unwrap();
                assert_eq!(moved.log_start_offset(), 17);
                assert!(!before.is_empty());
                assert_eq!(all(&moved).await, before);
                // What was sent before the move and not answered is known again.
                assert_eq!(append(&moved, batch(3, (7, 0, 87))).await, Ok(87));
            }
        });
    }
}
