//! What age and size take away, the active segment too, and what is left of it after a kill.

use super::*;
use crate::{Error, Retention};
use ottla_io::Buffer;
use std::fs;
use std::time::Duration;

/// Segments of about ten batches of a record each, second by second.
async fn filled(partition: &Partition, seconds: i64) -> Log {
    let log = partition.create().await;
    for second in 0..seconds {
        append(&log, &batch(1, 1000, second * 1000), 0).await;
    }
    log.wait_durable(seconds).await.unwrap();
    crate::writer::written(&log.0).await.unwrap();
    log
}

fn by_age(ms: i64) -> Retention {
    Retention { ms: Some(ms), bytes: None }
}

fn by_size(bytes: u64) -> Retention {
    Retention { ms: None, bytes: Some(bytes) }
}

fn small_segments(data: &TempDir) -> Partition {
    let mut partition = Partition::in_directory(data.path());
    partition.config.segment_bytes = 10_000;
    partition
}

#[test]
fn segments_expire_by_their_newest_record_and_by_what_is_left_without_them() {
    let data = directory();
    let partition = small_segments(&data);
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = filled(&partition, 100).await;
            let segments = log.segments();
            assert!(segments.len() > 8, "{segments:?}");
            let (first_end, second_end) = (segments[1].base_offset, segments[2].base_offset);
            // The newest record of the first segment is of second `first_end - 1`.
            let now = (first_end - 1) * 1000 + 60_000;
            assert_eq!(log.expired_before(by_age(60_000), 100, now).await.unwrap(), 0);
            assert_eq!(log.expired_before(by_age(60_000), 100, now + 1).await.unwrap(), first_end);
            assert_eq!(log.expired_before(by_age(60_000), first_end - 1, now + 1).await.unwrap(), 0);
            // All of it, the active segment too.
            assert_eq!(log.expired_before(by_age(0), 100, 1 << 40).await.unwrap(), 100);
            assert_eq!(log.expired_before(Retention::default(), 100, 1 << 40).await.unwrap(), 0);
            let total = log.size_bytes();
            let (first, second) = (segments[0].bytes, segments[1].bytes);
            assert_eq!(log.expired_before(by_size(total), 100, 0).await.unwrap(), 0);
            assert_eq!(log.expired_before(by_size(total - first), 100, 0).await.unwrap(), first_end);
            assert_eq!(
                log.expired_before(by_size(total - first - second), 100, 0).await.unwrap(),
                second_end
            );
            assert_eq!(
                log.expired_before(by_size(total - first - second + 1), 100, 0).await.unwrap(),
                first_end
            );
            // The same after a restart, when the largest timestamps are read from the indexes.
            let end = log.close(None).await.unwrap();
            let (log, _) = partition.open_clean(end).await;
            assert_eq!(log.expired_before(by_age(60_000), 100, now + 1).await.unwrap(), first_end);
        }
    });
}

/// Records without a timestamp are as old as their segment, after a restart too.
#[test]
fn segments_without_timestamps_expire_by_their_files() {
    let data = directory();
    let partition = small_segments(&data);
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            for _ in 0..30 {
                append(&log, &batch(1, 1000, -1), 0).await;
            }
            log.wait_durable(30).await.unwrap();
            let end = log.close(None).await.unwrap();
            let (log, _) = partition.open_clean(end).await;
            assert!(log.segments().len() > 2, "{:?}", log.segments());
            let now = ottla_io::unix_millis();
            assert_eq!(
                log.expired_before(by_age(600_000), 30, now).await.unwrap(),
                0,
                "it was written just now"
            );
            assert_eq!(log.expired_before(by_age(600_000), 30, now + 700_000).await.unwrap(), 30);
        }
    });
}

/// A log of which nothing is young enough goes on at its end, whatever a kill makes of it.
#[test]
fn a_log_that_expired_as_a_whole_goes_on_at_its_end() {
    let data = directory();
    let partition = small_segments(&data);
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = filled(&partition, 35).await;
            let base_offset = log.roll().expect("the active segment has records");
            assert_eq!((base_offset, log.roll()), (35, None), "an empty segment is not rolled");
            log.store_producer_snapshot(base_offset, b"state".to_vec());
            log.sealed(base_offset).await.unwrap();
            assert_eq!(log.delete_records_to(35).await.unwrap(), 35);
            assert_eq!((log.segments().len(), log.size_bytes()), (1, 0));
            kill(log).await;
            let (log, recovered) = partition.open_killed(0).await;
            assert_eq!((recovered.log_start_offset, recovered.log_end_offset), (35, 35));
            assert_eq!(append(&log, &batch(1, 10, 1), 0).await.base_offset, 35);
            assert_eq!(log.producer_snapshot_below(36).await.unwrap(), Some((35, b"state".to_vec())));
        }
    });
}

/// Files stay for `file.delete.delay.ms` under another name; whoever reads one meanwhile finishes.
#[test]
fn files_of_deleted_segments_stay_renamed_for_their_delay() {
    for (delay_ms, restarts) in [(0, false), (200, false), (3_600_000, true)] {
        let data = directory();
        let mut partition = small_segments(&data);
        partition.config.file_delete_delay_ms = delay_ms;
        partition.limits.batch_cache_bytes = 16 << 10;
        on_shard(move || {
            let partition = partition.clone();
            async move {
                let names = |suffix: &str| {
                    let entries = fs::read_dir(&partition.dir).unwrap();
                    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
                    names.filter(|name| name.ends_with(suffix)).count()
                };
                let log = filled(&partition, 35).await;
                let held = crate::read::open_segment(&log.0, 0).await.unwrap();
                let before = names(".log");
                assert_eq!(log.delete_records_to(20).await.unwrap(), 20);
                let gone = before - names(".log");
                assert!(gone >= 2, "{gone}");
                assert_eq!(names(".log.deleted"), if delay_ms == 0 { 0 } else { gone });
                assert_eq!(names(".index.deleted"), names(".log.deleted"));
                let (read, _) = held.read_at(Buffer::with_capacity(4096), 0, 4096).await;
                assert!(read.unwrap() > 0, "a reader that has the file open goes on");
                assert!(matches!(log.read(0, 100, 35, true).await, Err(Error::OffsetOutOfRange { .. })));
                if restarts {
                    kill(log).await;
                    partition.open_killed(0).await;
                }
                for _ in 0..1000 {
                    if names(".deleted") == 0 {
                        return;
                    }
                    ottla_io::sleep(Duration::from_millis(10)).await;
                }
                panic!("{} deleted files stay", names(".deleted"));
            }
        });
    }
}
