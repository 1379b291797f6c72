//! Reads, offsets, epochs, deletion of records.

use super::*;
use ottla_log::AbortedTxn;
use ottla_protocol::records::{BatchBuilder, Marker, MarkerKind};

/// Only what is durable is read, and what is read are the batches that were appended.
#[test]
fn readers_see_what_is_durable() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let sent = batch(3, NO_PRODUCER);
            let ack = partition.append(sent.clone(), Acks::All, AppendOrigin::Client);
            let hidden = partition.read(0, 1 << 20, Isolation::ReadUncommitted, true).await.unwrap();
            assert_eq!((hidden.slices.bytes, hidden.high_watermark), (0, 0));
            let replica = partition.read(0, 1 << 20, Isolation::LogEnd, true).await.unwrap();
            assert_eq!(replica.slices.bytes, sent.batch.len());
            ack.await.unwrap();
            let seen = partition.read(1, 1, Isolation::ReadCommitted, true).await.unwrap();
            assert_eq!((seen.slices.first_offset, seen.slices.next_offset), (0, 3));
            assert_eq!(seen.slices.parts.concat()[61..], sent.batch[61..]);
            assert_eq!(seen.aborted_transactions, Some(Vec::new()));
            assert_eq!((seen.high_watermark, seen.last_stable_offset, seen.log_start_offset), (3, 3, 0));
            for outside in [-1, 4, i64::MAX] {
                let error = partition.read(outside, 1, Isolation::ReadUncommitted, true).await.unwrap_err();
                assert_eq!(error, ErrorCode::OFFSET_OUT_OF_RANGE);
            }
            let empty = partition.read(3, 1, Isolation::ReadUncommitted, true).await.unwrap();
            assert!(empty.slices.is_empty());
            assert_eq!(partition.bytes_available(0, Isolation::ReadUncommitted), sent.batch.len());
        }
    });
}

/// A read of what left the cache comes from the disk, the same.
#[test]
fn cold_reads_are_the_same() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            for _ in 0..20 {
                append(&partition, batch(3, NO_PRODUCER)).await.unwrap();
            }
            let hot = partition.read(7, 1000, Isolation::ReadUncommitted, false).await.unwrap();
            drop(partition);
            let partition = open(&path).await;
            let estimate = partition.bytes_available(0, Isolation::ReadUncommitted);
            assert_eq!(estimate as u64, partition.size_bytes());
            let cold = partition.read(7, 1000, Isolation::ReadUncommitted, false).await.unwrap();
            assert_eq!(cold.slices.first_offset, 6);
            assert_eq!(cold.slices.parts.concat(), hot.slices.parts.concat());
        }
    });
}

/// The special timestamps of ListOffsets, and times in between; -1 where there is none.
#[test]
fn offsets_are_listed() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition =
                Partition::open(PartitionSpec { assignment: assignment(6), ..spec(&path) }).await.unwrap();
            let list = async |timestamp| {
                let listed = partition.list_offset(timestamp, Isolation::ReadUncommitted).await.unwrap();
                (listed.timestamp, listed.offset, listed.leader_epoch)
            };
            for (timestamp, expected) in
                [(-1, (-1, 0, 6)), (-2, (-1, 0, 6)), (-3, (-1, -1, -1)), (-4, (-1, 0, 6)), (0, (-1, -1, -1))]
            {
                assert_eq!(list(timestamp).await, expected, "empty, {timestamp}");
            }
            // Two batches of three records, a millisecond apart.
            append(&partition, batch(3, NO_PRODUCER)).await.unwrap();
            append(&partition, batch(3, NO_PRODUCER)).await.unwrap();
            partition.delete_records(1).await.unwrap();
            for (timestamp, expected) in [
                (-1, (-1, 6, 6)),
                (-2, (-1, 1, 6)),
                (-3, (NOW + 2, 2, 6)),
                (-4, (-1, 1, 6)),
                (-5, (-1, -1, -1)),
                (0, (NOW + 1, 1, 6)),
                (NOW + 2, (NOW + 2, 2, 6)),
                (NOW + 3, (-1, -1, -1)),
            ] {
                assert_eq!(list(timestamp).await, expected, "{timestamp}");
            }
            let unknown = partition.list_offset(-6, Isolation::ReadUncommitted).await;
            assert_eq!(unknown, Err(ErrorCode::UNSUPPORTED_VERSION));
            // What is not readable yet is not listed.
            let hidden = partition.append(
                checked(build(&Content { base_timestamp: NOW + 50, ..Content::default() })),
                Acks::Leader,
                AppendOrigin::Client,
            );
            assert_eq!(list(NOW + 50).await, (-1, -1, -1));
            hidden.await.unwrap();
            assert_eq!(list(NOW + 50).await, (NOW + 50, 6, 6));
        }
    });
}

/// Epochs of clients are held against the leader's; the log tells where an epoch ended, and who has diverged.
#[test]
fn epochs_are_checked_and_told() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition =
                Partition::open(PartitionSpec { assignment: assignment(2), ..spec(&path) }).await.unwrap();
            assert_eq!(partition.end_offset_for_epoch(2), Some((2, 0)), "before the first record");
            assert_eq!(partition.end_offset_for_epoch(1), Some((1, 0)));
            append(&partition, batch(3, NO_PRODUCER)).await.unwrap();
            partition.assign(assignment(5));
            assert_eq!(partition.leader_epoch(), 5);
            for (epoch, end) in [
                (-1, None),
                (1, Some((1, 0))),
                (2, Some((2, 3))),
                (4, Some((2, 3))),
                (5, Some((5, 3))),
                (6, None),
            ] {
                assert_eq!(
                    partition.end_offset_for_epoch(epoch),
                    end,
                    "before a record of the epoch, {epoch}"
                );
            }
            append(&partition, batch(2, NO_PRODUCER)).await.unwrap();
            for (epoch, end) in
                [(1, Some((1, 0))), (2, Some((2, 3))), (4, Some((2, 3))), (5, Some((5, 5))), (6, None)]
            {
                assert_eq!(partition.end_offset_for_epoch(epoch), end, "{epoch}");
            }
            for (last_fetched, offset, expected) in [
                (-1, 5, Ok(None)),
                (5, 5, Ok(None)),
                (2, 3, Ok(None)),
                (2, 4, Ok(Some((2, 3)))),
                (4, 4, Ok(Some((2, 3)))),
                (5, 6, Ok(Some((5, 5)))),
                (6, 5, Err(ErrorCode::OFFSET_OUT_OF_RANGE)),
            ] {
                assert_eq!(
                    partition.diverging_epoch(last_fetched, offset),
                    expected,
                    "{last_fetched} at {offset}"
                );
            }
            assert_eq!(partition.check_epoch(-1), Ok(()));
            assert_eq!(partition.check_epoch(5), Ok(()));
            assert_eq!(partition.check_epoch(4), Err(ErrorCode::FENCED_LEADER_EPOCH));
            assert_eq!(partition.check_epoch(6), Err(ErrorCode::UNKNOWN_LEADER_EPOCH));
        }
    });
}

/// Deleted records are out of range; nothing beyond the high watermark is deleted, nor anything of a topic that is
/// only compacted.
#[test]
fn records_are_deleted_up_to_the_high_watermark() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            for _ in 0..4 {
                append(&partition, batch(3, NO_PRODUCER)).await.unwrap();
            }
            assert_eq!(partition.delete_records(5).await, Ok(5));
            assert_eq!(partition.delete_records(2).await, Ok(5), "the start never goes back");
            let below = partition.read(4, 1, Isolation::ReadUncommitted, true).await.unwrap_err();
            assert_eq!(below, ErrorCode::OFFSET_OUT_OF_RANGE);
            let read = partition.read(5, 1, Isolation::ReadUncommitted, true).await.unwrap();
            assert_eq!((read.log_start_offset, read.slices.first_offset), (5, 3));
            assert_eq!(partition.delete_records(13).await, Err(ErrorCode::OFFSET_OUT_OF_RANGE));
            assert_eq!(partition.delete_records(-2).await, Err(ErrorCode::OFFSET_OUT_OF_RANGE));
            assert_eq!(partition.delete_records(-1).await, Ok(12));
            partition.set_settings(Rc::new(TopicSettings { compact: true, delete: false, ..settings() }));
            assert_eq!(partition.delete_records(-1).await, Err(ErrorCode::POLICY_VIOLATION));
        }
    });
}

/// Readers of committed records are told which transactions among what they get were aborted: of this life, of an
/// earlier one, and of Kafka's files.
#[test]
fn aborted_transactions_are_told() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let transact = async |partition: &Rc<Partition>, id: i64, kind| {
                let mut builder = BatchBuilder::new().producer(id, 0, 0).transactional();
                builder.push(NOW, None, Some(b"in a transaction"), &[]);
                for (sent, origin) in [
                    (builder.build().unwrap(), AppendOrigin::ClientInTransaction),
                    (Marker { kind, coordinator_epoch: 0 }.batch(id, 0, NOW), MARKER),
                ] {
                    partition.append(checked(sent), Acks::All, origin).await.unwrap();
                }
            };
            let partition = open(&path).await;
            transact(&partition, 1, MarkerKind::Abort).await;
            transact(&partition, 2, MarkerKind::Commit).await;
            transact(&partition, 3, MarkerKind::Abort).await;
            let told = async |partition: &Rc<Partition>, offset, bytes_max| {
                let read = partition.read(offset, bytes_max, Isolation::ReadCommitted, true).await.unwrap();
                read.aborted_transactions.unwrap()
            };
            let all = vec![(1, 0), (3, 4)];
            assert_eq!(told(&partition, 0, 1 << 20).await, all);
            assert_eq!(told(&partition, 1, 1).await, [(1, 0)], "the marker alone");
            assert_eq!(told(&partition, 2, 1).await, []);
            assert_eq!(told(&partition, 2, 1 << 20).await, [(3, 4)]);
            let everything = partition.read(0, 1, Isolation::ReadUncommitted, true).await.unwrap();
            assert_eq!(everything.aborted_transactions, None);

            let nothing = partition.read(6, 1, Isolation::ReadCommitted, true).await.unwrap();
            assert_eq!(nothing.aborted_transactions, Some(Vec::new()));
            let file = path.join("topic-3/00000000000000000000.txnindex");
            assert!(!file.exists(), "it goes to its file with the other indexes");

            let partition = open(&path).await;
            assert_eq!(told(&partition, 0, 1 << 20).await, all, "replayed");
            let end = partition.close().await.unwrap();
            let entry = |producer_id, first_offset| AbortedTxn {
                producer_id,
                first_offset,
                last_offset: first_offset + 1,
                last_stable_offset: first_offset + 2,
            };
            let index = [entry(1, 0).to_bytes(), entry(3, 4).to_bytes()].concat();
            assert_eq!(std::fs::read(&file).unwrap(), index);
            let clean = PartitionSpec { clean_shutdown: true, recovery_point: Some(end), ..spec(&path) };
            let partition = Partition::open(clean.clone()).await.unwrap();
            assert_eq!(told(&partition, 0, 1 << 20).await, all, "from the file");
            partition.delete_records(2).await.unwrap();
            assert_eq!(told(&partition, 2, 1 << 20).await, [(3, 4)]);
            partition.close().await.unwrap();
            std::fs::write(&file, &index[..40]).unwrap();
            let partition = Partition::open(clean).await.unwrap();
            assert_eq!(told(&partition, 2, 1 << 20).await, [(3, 4)], "made again");
        }
    });
}

/// Of transactions that overlap, those that end first come first, as in Kafka's answers; a transaction that is open holds
/// back whoever reads what is committed, and its end wakes them.
#[test]
fn an_open_transaction_holds_readers_back() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let send = async |id: i64, sequence| {
                let mut builder = BatchBuilder::new().producer(id, 0, sequence).transactional();
                builder.push(NOW, None, Some(b"in a transaction"), &[]);
                let sent = checked(builder.build().unwrap());
                partition.append(sent, Acks::All, AppendOrigin::ClientInTransaction).await.unwrap();
            };
            let end = async |id: i64, kind| {
                let marker = checked(Marker { kind, coordinator_epoch: 0 }.batch(id, 0, NOW));
                partition.append(marker, Acks::All, MARKER).await.unwrap();
            };
            send(1, 0).await;
            send(2, 0).await;
            send(1, 1).await;
            end(2, MarkerKind::Abort).await;
            assert_eq!((partition.last_stable_offset(), partition.high_watermark()), (0, 4));
            let held = partition.read(0, 1 << 20, Isolation::ReadCommitted, true).await.unwrap();
            assert_eq!((held.slices.bytes, held.last_stable_offset, held.high_watermark), (0, 0, 4));
            let latest = partition.list_offset(-1, Isolation::ReadCommitted).await.unwrap();
            assert_eq!(latest.offset, 0);
            let parked = crate::purgatory::wait_for_bytes(
                &[crate::purgatory::Watch {
                    partition: partition.clone(),
                    known: 0,
                    isolation: Isolation::ReadCommitted,
                }],
                1,
            );
            end(1, MarkerKind::Abort).await;
            parked.await;
            let seen = partition.read(0, 1 << 20, Isolation::ReadCommitted, true).await.unwrap();
            assert_eq!((seen.slices.next_offset, seen.last_stable_offset), (5, 5));
            assert_eq!(seen.aborted_transactions, Some(vec![(2, 1), (1, 0)]));
        }
    });
}
