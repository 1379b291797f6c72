//! Order, acks, queues, refusals, and what a kill leaves.

use super::*;
use crate::producers::Producers;
use ottla_log::LogConfig;
use ottla_protocol::records::{BatchBuilder, Marker, MarkerKind};

/// acks=0 is answered at once, acks=1 and all only when the batch is durable; the offsets are those of the calls.
#[test]
fn acks_wait_for_the_disk_and_offsets_follow_the_calls() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let began = ottla_io::recently();
            let none = partition.append(batch(2, NO_PRODUCER), Acks::None, AppendOrigin::Client);
            let leader = partition.append(batch(3, NO_PRODUCER), Acks::Leader, AppendOrigin::Client);
            let all = partition.append(batch(1, NO_PRODUCER), Acks::All, AppendOrigin::Client);
            assert_eq!((partition.log_end_offset(), partition.high_watermark()), (6, 0));
            assert_eq!(none.await.unwrap().base_offset, 0);
            assert_eq!(partition.high_watermark(), 0);
            assert_eq!(all.await.unwrap().base_offset, 5);
            assert_eq!(partition.high_watermark(), 6);
            let result = leader.await.unwrap();
            assert_eq!((result.base_offset, result.log_append_time, result.log_start_offset), (2, -1, 0));
            // The write that made it durable began after the append, and ended before the answer.
            assert!(began <= result.write_began && result.write_began < result.acked, "{result:?}");
            assert!(result.acked <= ottla_io::now());
            assert_eq!(partition.unanswered(), 0);
        }
    });
}

/// More than the log takes at once waits in line, in order, and everything is answered; a dropped future's batch is
/// appended all the same.
#[test]
fn a_full_log_queues_in_order() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let appends: Vec<_> = (0..40)
                .map(|_| partition.append(sized(1, 1_000_000, NO_PRODUCER), Acks::All, AppendOrigin::Client))
                .collect();
            assert!(partition.log_end_offset() < 20, "{}", partition.log_end_offset());
            for (expected, append) in (0_i64..).zip(appends) {
                if expected % 3 == 0 {
                    drop(append);
                } else {
                    assert_eq!(append.await.unwrap().base_offset, expected);
                }
            }
            append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
            assert_eq!((partition.log_end_offset(), partition.unanswered()), (41, 0));
        }
    });
}

/// A batch sent again is answered with its first offset, but not before that one is durable.
#[test]
fn a_duplicate_waits_for_the_batch_that_it_repeats() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let first = partition.append(batch(2, (5, 0, 0)), Acks::All, AppendOrigin::Client);
            let other = partition.append(batch(2, (5, 0, 2)), Acks::All, AppendOrigin::Client);
            let again = partition.append(batch(2, (5, 0, 0)), Acks::All, AppendOrigin::Client);
            assert_eq!((partition.log_end_offset(), partition.unanswered()), (4, 3));
            let again = again.await.unwrap();
            assert!(partition.high_watermark() >= 2);
            assert_eq!((again.base_offset, again.log_append_time), (0, NOW + 1));
            assert_eq!(first.await.unwrap().base_offset, 0);
            assert_eq!(other.await.unwrap().base_offset, 2);
            assert_eq!(
                append(&partition, batch(1, (5, 0, 7))).await,
                Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
            );
            assert_eq!(
                append(&partition, batch(1, (5, 1, 1))).await,
                Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
            );
            assert_eq!(append(&partition, batch(1, (5, 1, 0))).await, Ok(4));
            assert_eq!(append(&partition, batch(1, (5, 0, 4))).await, Err(ErrorCode::INVALID_PRODUCER_EPOCH));
        }
    });
}

/// After a kill the producers, offsets and high watermark are what they were: from the newest snapshot and the batches
/// after it, or from the batches alone when snapshots are damaged.
#[test]
fn a_kill_keeps_offsets_and_producers() {
    let data = directory();
    let path = data.path().to_owned();
    let small = || {
        let log = LogConfig { segment_bytes: 8_000, ..LogConfig::default() };
        Rc::new(TopicSettings { log: Rc::new(log), ..settings() })
    };
    let before = on_shard({
        let path = path.clone();
        move || {
            let path = path.clone();
            async move {
                let partition =
                    Partition::open(PartitionSpec { settings: small(), ..spec(&path) }).await.unwrap();
                for round in 0..60 {
                    for id in 0..4 {
                        let sequence = round * 2;
                        append(&partition, sized(2, 50 * id as usize, (id, 1, sequence))).await.unwrap();
                    }
                }
                assert!(partition.log().segments().len() > 3);
                (partition.producers(), partition.high_watermark(), partition.log_end_offset())
            }
        }
    });
    assert_eq!((before.0.len(), before.1, before.2), (4, 480, 480));
    let snapshots = || {
        let mut found: Vec<_> = std::fs::read_dir(path.join("topic-3"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "snapshot"))
            .collect();
        found.sort();
        found
    };
    let stored = snapshots();
    assert!(stored.len() > 2, "{stored:?}");
    // Damaged one by one, from the newest on.
    for damaged in 0..=stored.len() {
        let expected = before.clone();
        let path = path.clone();
        on_shard(move || {
            let (path, expected) = (path.clone(), expected.clone());
            async move {
                let spec = PartitionSpec { settings: small(), recovery_point: Some(100), ..spec(&path) };
                let partition = Partition::open(spec).await.unwrap();
                let found = (partition.producers(), partition.high_watermark(), partition.log_end_offset());
                assert_eq!(found, expected);
                let again = append(&partition, sized(2, 0, (0, 1, 118))).await;
                assert_eq!(again, Ok(472), "the last batch is known again");
                let gap = append(&partition, sized(2, 0, (0, 1, 122))).await;
                assert_eq!(gap, Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
            }
        });
        if let Some(file) = stored.iter().rev().nth(damaged) {
            let mut bytes = std::fs::read(file).unwrap();
            bytes[8] ^= 1;
            std::fs::write(file, bytes).unwrap();
        }
    }
}

/// A clean shutdown stores the producers beside the log end; nothing is scanned, and the state is the same.
#[test]
fn a_clean_shutdown_keeps_producers() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            append(&partition, batch(3, (9, 2, 5))).await.unwrap();
            append(&partition, batch(2, (9, 2, 8))).await.unwrap();
            let before = partition.producers();
            let end = partition.close().await.unwrap();
            assert_eq!(end, 5);
            let refused = append(&partition, batch(1, NO_PRODUCER)).await;
            assert_eq!(refused, Err(ErrorCode::NOT_LEADER_OR_FOLLOWER));
            let spec = PartitionSpec { clean_shutdown: true, recovery_point: Some(end), ..spec(&path) };
            let partition = Partition::open(spec).await.unwrap();
            assert_eq!(partition.producers(), before);
            assert_eq!((partition.high_watermark(), partition.log_end_offset()), (5, 5));
            assert_eq!(append(&partition, batch(2, (9, 2, 8))).await, Ok(3));
            let snapshot = std::fs::read(path.join("topic-3/00000000000000000005.snapshot")).unwrap();
            assert_eq!(Producers::from_snapshot(&snapshot).unwrap().list(), before);
        }
    });
}

/// When the log fails, whoever waits for it is told, and so is whoever comes later; another partition goes on.
#[test]
fn a_failed_log_refuses_alone() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let other = Partition::open(PartitionSpec { index: 4, ..spec(&path) }).await.unwrap();
            append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
            // The next segment has nowhere to go.
            std::fs::remove_dir_all(path.join("topic-3")).unwrap();
            let log = LogConfig { segment_bytes: 300, ..LogConfig::default() };
            partition.set_settings(Rc::new(TopicSettings { log: Rc::new(log), ..settings() }));
            let waiting: Vec<_> = [Acks::Leader, Acks::All]
                .into_iter()
                .map(|acks| partition.append(batch(1, NO_PRODUCER), acks, AppendOrigin::Client))
                .collect();
            for append in waiting {
                assert_eq!(append.await.unwrap_err().code, ErrorCode::KAFKA_STORAGE_ERROR);
            }
            let later = append(&partition, batch(1, NO_PRODUCER)).await;
            assert_eq!(later, Err(ErrorCode::KAFKA_STORAGE_ERROR));
            let read = partition.read(0, 1, Isolation::ReadUncommitted, true).await.unwrap_err();
            assert_eq!(read, ErrorCode::KAFKA_STORAGE_ERROR);
            assert!(matches!(partition.health(), Health::Offline(_)));
            assert_eq!(partition.unanswered(), 0);
            assert_eq!(append(&other, batch(1, NO_PRODUCER)).await, Ok(0));
        }
    });
}

/// acks=all needs min.insync.replicas, before the append; acks=1 does not.
#[test]
fn too_few_in_sync_replicas_refuse_acks_all() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            // Of one replica no second one is asked for, whatever the setting says.
            partition.set_settings(Rc::new(TopicSettings { min_insync_replicas: 2, ..settings() }));
            assert_eq!(append(&partition, batch(1, NO_PRODUCER)).await, Ok(0));
            partition.assign(Assignment { partition_epoch: 1, replicas: vec![1, 2], ..assignment(0) });
            let refusal = partition.append(batch(1, NO_PRODUCER), Acks::All, AppendOrigin::Client).await;
            let refusal = refusal.unwrap_err();
            assert_eq!((refusal.code, refusal.log_start_offset), (ErrorCode::NOT_ENOUGH_REPLICAS, 0));
            let leader = partition.append(batch(1, NO_PRODUCER), Acks::Leader, AppendOrigin::Client).await;
            assert_eq!(leader.unwrap().base_offset, 1);
            // The setting came between the append and its ack.
            partition.set_settings(Rc::new(settings()));
            let waiting = partition.append(batch(1, NO_PRODUCER), Acks::All, AppendOrigin::Client);
            partition.set_settings(Rc::new(TopicSettings { min_insync_replicas: 2, ..settings() }));
            let refusal = waiting.await.unwrap_err();
            assert_eq!(refusal.code, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
        }
    });
}

/// With LogAppendTime the stored batch and the answer carry the broker's time.
#[test]
fn log_append_time_is_stored_and_answered() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let stamped = Checked { log_append_time: Some(NOW + 500), ..batch(2, (3, 0, 0)) };
            let result = partition.append(stamped.clone(), Acks::All, AppendOrigin::Client).await.unwrap();
            assert_eq!(result.log_append_time, NOW + 500);
            let again = partition.append(stamped, Acks::All, AppendOrigin::Client).await.unwrap();
            assert_eq!((again.base_offset, again.log_append_time), (0, NOW + 500));
            let read = partition.read(0, 1000, Isolation::ReadUncommitted, true).await.unwrap();
            let header = BatchHeader::parse(&read.slices.parts[0]).unwrap();
            assert_eq!((header.max_timestamp, header.is_log_append_time()), (NOW + 500, true));
        }
    });
}

/// A transaction keeps readers of committed records below it until it has ended and its marker is durable.
#[test]
fn an_open_transaction_holds_the_last_stable_offset() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            append(&partition, batch(2, NO_PRODUCER)).await.unwrap();
            let mut builder = BatchBuilder::new().producer(4, 0, 0).transactional();
            builder.push(NOW, None, Some(b"in a transaction"), &[]);
            let transactional = checked(builder.build().unwrap());
            assert_eq!(append(&partition, transactional.clone()).await, Err(ErrorCode::NOT_ENOUGH_REPLICAS));
            let appended =
                partition.append(transactional, Acks::All, AppendOrigin::ClientInTransaction).await.unwrap();
            assert_eq!(appended.base_offset, 2);
            append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
            assert_eq!((partition.high_watermark(), partition.last_stable_offset()), (4, 2));
            let committed = partition.read(2, 1000, Isolation::ReadCommitted, true).await.unwrap();
            assert!(committed.slices.is_empty());
            let latest = partition.list_offset(-1, Isolation::ReadCommitted).await.unwrap();
            assert_eq!(latest.offset, 2);

            // After a kill it is still open.
            let partition = open(&path).await;
            assert_eq!((partition.high_watermark(), partition.last_stable_offset()), (4, 2));
            assert_eq!(partition.producers()[0].current_txn_start_offset, 2);
            let marker = Marker { kind: MarkerKind::Commit, coordinator_epoch: 0 };
            let marker = checked(marker.batch(4, 0, NOW));
            let ended = partition.append(marker, Acks::All, MARKER);
            assert_eq!(partition.last_stable_offset(), 2, "the marker is not durable");
            ended.await.unwrap();
            assert_eq!((partition.high_watermark(), partition.last_stable_offset()), (5, 5));
        }
    });
}

/// Appends that wait for room when a partition closes were not made; those in the log are answered.
#[test]
fn closing_answers_everyone() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let appends: Vec<_> = (0..30)
                .map(|_| partition.append(sized(1, 1_000_000, NO_PRODUCER), Acks::All, AppendOrigin::Client))
                .collect();
            let end = partition.log_end_offset();
            assert!(end < 30);
            assert_eq!(partition.close().await.unwrap(), end);
            for (number, append) in (0..).zip(appends) {
                let answer = append.await.map(|result| result.base_offset).map_err(|refusal| refusal.code);
                let expected = if number < end { Ok(number) } else { Err(ErrorCode::NOT_LEADER_OR_FOLLOWER) };
                assert_eq!(answer, expected);
            }
        }
    });
}

/// Deletion takes the files and refuses whoever comes.
#[test]
fn a_deleted_partition_is_gone() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
            partition.delete().await.unwrap();
            assert!(!path.join("topic-3").exists());
            let refused = append(&partition, batch(1, NO_PRODUCER)).await;
            assert_eq!(refused, Err(ErrorCode::NOT_LEADER_OR_FOLLOWER));
            let read = partition.read(0, 1, Isolation::ReadUncommitted, true).await.unwrap_err();
            assert_eq!(read, ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
    });
}

/// A checkpoint stores the producers, so that a kill after it replays only what came later; with the snapshot damaged
/// the state is the same.
#[test]
fn a_checkpoint_stores_the_producers() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            append(&partition, batch(3, (9, 2, 5))).await.unwrap();
            let recovery_point = partition.checkpoint().await.unwrap();
            assert_eq!(recovery_point, 3);
            append(&partition, batch(2, (9, 2, 8))).await.unwrap();
            let before = partition.producers();
            let file = path.join("topic-3/00000000000000000003.snapshot");
            // By the log's task, a moment later.
            let exists = async {
                while !file.exists() {
                    ottla_io::sleep(std::time::Duration::from_millis(1)).await;
                }
            };
            ottla_io::timeout(std::time::Duration::from_secs(10), exists).await.unwrap();
            let stored = Producers::from_snapshot(&std::fs::read(&file).unwrap()).unwrap();
            assert_eq!(stored.list()[0].last_sequence, 7);
            for damaged in [false, true] {
                if damaged {
                    std::fs::write(&file, b"no snapshot").unwrap();
                }
                let spec = PartitionSpec { recovery_point: Some(recovery_point), ..spec(&path) };
                let partition = Partition::open(spec).await.unwrap();
                assert_eq!(partition.producers(), before);
            }
        }
    });
}

/// A log from a later epoch than the controller knows is of another cluster: it is not led, and not touched.
#[test]
fn a_log_of_a_later_epoch_is_not_led() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let later = PartitionSpec { assignment: assignment(5), ..spec(&path) };
            let partition = Partition::open(later.clone()).await.unwrap();
            append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
            partition.close().await.unwrap();
            let error = Partition::open(spec(&path)).await.err().unwrap();
            assert!(error.to_string().contains("leader epoch 5, the controller says 0"), "{error}");
            let partition = Partition::open(later).await.unwrap();
            assert_eq!(partition.log_end_offset(), 1);
        }
    });
}
