//! Append, wait, read, close, open again.

use super::*;
use crate::batch::BatchHeader;
use crate::{Error, Health, LogCounts};

#[test]
fn an_acknowledged_batch_is_read_back_from_memory_and_after_a_clean_restart_from_disk() {
    let data = directory();
    let partition = Partition::in_directory(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            let sent = batch(3, 100, 1000);
            let appended = append(&log, &sent, 7).await;
            assert_eq!((appended.base_offset, appended.last_offset, appended.rolled), (0, 2, false));
            assert_eq!(log.durable_end(), 0);
            log.wait_durable(3).await.unwrap();
            assert_eq!(log.durable_end(), 3);
            let cached = log.read_cached(1, 10_000, 3, true).unwrap();
            assert_eq!((cached.first_offset, cached.next_offset, cached.parts.len()), (0, 3, 1));
            let header = BatchHeader::parse(&cached.parts[0]).unwrap();
            assert_eq!((header.leader_epoch, header.base_offset), (7, 0));
            let bytes = sent.len() as u64;
            let expected = LogCounts {
                appended_batches: 1,
                appended_records: 3,
                appended_bytes: bytes,
                writes: 1,
                cached_reads: 1,
                cached_read_bytes: bytes,
                ..LogCounts::default()
            };
            assert_eq!(log.0.resources.counts(), expected);
            let end = log.close(Some(b"snapshot".to_vec())).await.unwrap();
            assert_eq!(end, 3);
            assert!(matches!(log.wait_durable(9).await, Err(Error::Closed { .. })));

            let (log, recovered) = partition.open_clean(end).await;
            assert_eq!((recovered.log_end_offset, recovered.scanned_bytes), (3, 0));
            assert_eq!(log.latest_epoch(), Some(7));
            assert!(log.read_cached(0, 10_000, 3, true).is_none());
            let cold = log.read(2, 10_000, 3, true).await.unwrap();
            assert_eq!(cold.parts.concat(), cached.parts.concat());
            let read = LogCounts { cold_reads: 1, cold_read_bytes: bytes, ..LogCounts::default() };
            assert_eq!(log.0.resources.counts(), read);
            // The unfinished block on disk is gone on with.
            append(&log, &sent, 7).await;
            log.wait_durable(6).await.unwrap();
            kill(log).await;
            let (log, recovered) = partition.open_killed(3).await;
            assert_eq!((recovered.log_end_offset, recovered.truncated_bytes), (6, 0));
            assert_eq!(read_all(&log, 0, 1).await.len(), 2 * sent.len());
            assert_eq!(log.health(), Health::Online);
        }
    });
}

#[test]
fn many_segments_read_back_equal_from_every_offset_hot_and_cold_and_after_a_kill() {
    let data = directory();
    let mut partition = Partition::in_directory(data.path());
    partition.config.segment_bytes = 100_000;
    partition.limits.batch_cache_bytes = 64 << 10;
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            let mut written = Vec::new();
            let mut offsets = Vec::new();
            for number in 0..400_i32 {
                let size = (number * 7919 % 5000) as usize;
                let sent = batch(1 + number % 4, size, 1000 + i64::from(number));
                let appended = append(&log, &sent, number / 100).await;
                let mut stored = sent.clone();
                crate::batch::patch_assignment(&mut stored, appended.base_offset, number / 100);
                offsets.push((appended.base_offset, appended.last_offset, written.len()));
                written.extend_from_slice(&stored);
                if number % 10 == 0 {
                    log.wait_durable(log.log_end_offset()).await.unwrap();
                }
            }
            log.wait_durable(log.log_end_offset()).await.unwrap();
            assert!(log.segments().len() > 5);
            assert_eq!(log.size_bytes(), written.len() as u64);
            let end = log.log_end_offset();
            for log in [log, partition.open_killed(0).await.0, partition.open_killed(end).await.0] {
                assert_eq!((log.log_end_offset(), log.size_bytes()), (end, written.len() as u64));
                for (base, last, at) in offsets.iter().step_by(3) {
                    for offset in [*base, *last] {
                        let slices = log.read(offset, 1, end, true).await.unwrap();
                        assert_eq!(slices.first_offset, *base);
                        let expected = &written[*at..*at + slices.bytes];
                        assert_eq!(slices.parts.concat(), expected);
                    }
                }
                assert!(read_all(&log, 0, 30_000).await == written);
                assert_eq!(log.epoch_entries().len(), 4);
                kill(log).await;
            }
        }
    });
}

/// A compressed batch answers with the exact record, looked into on the shard (small) or by a helper (large).
#[test]
fn timestamps_lead_into_compressed_batches() {
    use ottla_protocol::Compression;
    use ottla_protocol::records::BatchBuilder;
    let data = directory();
    let partition = Partition::in_directory(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            let codecs = [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
            let kinds: Vec<_> = codecs.into_iter().flat_map(|codec| [(codec, 4), (codec, 400)]).collect();
            for ((codec, value_words), number) in kinds.iter().zip(0..) {
                let mut builder = BatchBuilder::new().compression(*codec, None);
                for index in 0..50_u64 {
                    // What does not compress well, so that the large ones are large.
                    let words = (0..*value_words)
                        .map(|word| (index * 1000 + word).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                    let value: Vec<u8> = words.flat_map(u64::to_be_bytes).collect();
                    builder.push(number * 1000 + 10 * index as i64, None, Some(&value), &[]);
                }
                append(&log, &builder.build().unwrap(), 0).await;
            }
            let end = log.log_end_offset();
            log.wait_durable(end).await.unwrap();
            for (number, (codec, value_words)) in (0..).zip(&kinds) {
                let found = log.offset_for_timestamp(number * 1000 + 241, end).await.unwrap().unwrap();
                let expected = (number * 50 + 25, number * 1000 + 250);
                assert_eq!((found.offset, found.timestamp), expected, "{codec:?} of {value_words} words");
            }
            let largest = log.max_timestamp_offset().await.unwrap().unwrap();
            assert_eq!((largest.offset, largest.timestamp), (end - 1, 7490));
        }
    });
}

#[test]
fn timestamps_lead_to_the_first_record_at_or_after_them() {
    let data = directory();
    let mut partition = Partition::in_directory(data.path());
    partition.config.segment_bytes = 20_000;
    partition.config.index_interval_bytes = 500;
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            assert_eq!(log.max_timestamp_offset().await.unwrap(), None);
            // Batch n: records of timestamps 1000 + 10 n and one later; batch 150 is out of order, far ahead.
            for number in 0..200_i64 {
                let timestamp = if number == 150 { 50_000 } else { 1000 + 10 * number };
                append(&log, &batch(2, 400, timestamp), 0).await;
            }
            let end = log.log_end_offset();
            log.wait_durable(end).await.unwrap();
            assert!(log.segments().len() > 4);
            log.checkpoint().await.unwrap();
            let killed = partition.open_killed(0).await.0;
            for log in [log, killed] {
                for (timestamp, offset) in [
                    (0, 0),
                    (1000, 0),
                    (1001, 1),
                    (1002, 2),
                    (1500, 100),
                    (2499, 300),
                    (2500, 300),
                    (3000, 300),
                ] {
                    let found = log.offset_for_timestamp(timestamp, end).await.unwrap().unwrap();
                    assert_eq!(found.offset, offset, "timestamp {timestamp}");
                }
                assert_eq!(log.offset_for_timestamp(2499, 300).await.unwrap(), None);
                assert_eq!(log.offset_for_timestamp(60_000, end).await.unwrap(), None);
                let largest = log.max_timestamp_offset().await.unwrap().unwrap();
                assert_eq!((largest.timestamp, largest.offset), (50_001, 301));
            }
        }
    });
}

#[test]
fn snapshots_are_kept_at_rolls_and_at_the_end_and_batches_replay_from_any_of_them() {
    let data = directory();
    let mut partition = Partition::in_directory(data.path());
    partition.config.segment_bytes = 10_000;
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let mut log = partition.create().await;
            let mut rolls = Vec::new();
            for round in 0..3 {
                for _ in 0..10 {
                    let appended = append(&log, &batch(2, 1000, 5), 0).await;
                    if appended.rolled {
                        rolls.push(appended.base_offset);
                        let text = format!("state at {}", appended.base_offset);
                        log.store_producer_snapshot(appended.base_offset, text.into_bytes());
                    }
                }
                let end = log.close(Some(format!("state at {round}").into_bytes())).await.unwrap();
                log = partition.open_clean(end).await.0;
                let (at, snapshot) = log.producer_snapshot_below(end + 1).await.unwrap().unwrap();
                assert_eq!((at, snapshot), (end, format!("state at {round}").into_bytes()));
            }
            let mut found = Vec::new();
            let mut below = Offset::MAX;
            while let Some((at, _)) = log.producer_snapshot_below(below).await.unwrap() {
                found.push(at);
                below = at;
            }
            found.reverse();
            let end = log.log_end_offset();
            let expected: Vec<Offset> = rolls.iter().copied().chain([end]).collect();
            assert_eq!(found, expected, "those at a segment's base and the newest one");
            for from in [0, rolls[1], rolls[1] + 3, end] {
                let mut bases = Vec::new();
                log.replay(from, |header, batch| {
                    assert_eq!(header.bytes, batch.len());
                    bases.push(header.base_offset);
                })
                .await
                .unwrap();
                let expected: Vec<Offset> = (from / 2 * 2..end).step_by(2).collect();
                assert_eq!(bases, expected);
            }
        }
    });
}

/// Records a second apart: without jitter every segment spans `segment.ms`, with it each spans less, by another amount.
#[test]
fn segments_roll_by_time_and_earlier_by_their_jitter() {
    let spans = |jitter_ms: i64| {
        let data = directory();
        let mut partition = Partition::in_directory(data.path());
        partition.config.segment_ms = 60_000;
        partition.config.segment_jitter_ms = jitter_ms;
        on_shard(move || {
            let partition = partition.clone();
            async move {
                let log = partition.create().await;
                let mut rolls = Vec::new();
                for second in 0..600 {
                    let appended = append(&log, &batch(1, 10, second * 1000), 0).await;
                    rolls.extend(appended.rolled.then_some(second));
                }
                rolls.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()
            }
        })
    };
    let steady = spans(0);
    assert!(steady.len() >= 8 && steady.iter().all(|span| *span == 61), "{steady:?}");
    let jittered = spans(30_000);
    assert!(jittered.iter().all(|span| (31..=61).contains(span)), "{jittered:?}");
    assert!(jittered.iter().any(|span| *span != jittered[0]), "{jittered:?}");
}

/// A batch larger than a read from disk is found by the timestamp of its records.
#[test]
fn a_timestamp_inside_a_large_batch_is_found_on_disk() {
    let data = directory();
    let partition = Partition::in_directory(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            for number in 0..3 {
                append(&log, &batch(3, 700_000, 1000 + 10 * number), 0).await;
            }
            log.wait_durable(9).await.unwrap();
            kill(log).await;
            let (log, _) = partition.open_killed(0).await;
            // The first batch comes whole, however little is asked for.
            let slices = log.read(4, 65536, 9, true).await.unwrap();
            assert_eq!((slices.first_offset, slices.next_offset), (3, 6));
            for (timestamp, offset) in [(1000, 0), (1001, 1), (1011, 4), (1013, 6), (1022, 8)] {
                let found = log.offset_for_timestamp(timestamp, 9).await.unwrap();
                let found = found.unwrap_or_else(|| panic!("{timestamp}"));
                assert_eq!(found.offset, offset, "{timestamp}");
            }
        }
    });
}
