//! Reads, offsets, epochs, deletion of records.

use super::*;

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
