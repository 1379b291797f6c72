//! Order, acks, queues, refusals, and what a kill leaves.

use super::*;

/// acks=0 is answered at once, acks=1 and all only when the batch is durable; the offsets are those of the calls.
#[test]
fn acks_wait_for_the_disk_and_offsets_follow_the_calls() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let none = partition.append(batch(2, NO_PRODUCER), Acks::None, AppendOrigin::Client);
            let leader = partition.append(batch(3, NO_PRODUCER), Acks::Leader, AppendOrigin::Client);
            let all = partition.append(batch(1, NO_PRODUCER), Acks::All, AppendOrigin::Client);
            assert_eq!((partition.log_end_offset(), partition.high_watermark()), (6, 0));
            assert_eq!(none.await.unwrap().base_offset, 0);
            assert_eq!(partition.high_watermark(), 0);
            assert_eq!(all.await.unwrap().base_offset, 5);
            assert_eq!(partition.high_watermark(), 6);
            let result = leader.await.unwrap();
            let expected = AppendResult { base_offset: 2, log_append_time: -1, log_start_offset: 0 };
            assert_eq!(result, expected);
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
