//! Tables of batches and verdicts, a simple model, and Kafka's own log and snapshot.

use super::*;
use ottla_protocol::records::{BatchBuilder, MarkerKind, RecordsReader, batches};
use proptest::prelude::*;

mod model;

/// A header of `records` records at `base_offset`.
fn header(producer: (i64, i16, i32), records: i32, base_offset: Offset) -> BatchHeader {
    let (id, epoch, sequence) = producer;
    let mut builder = BatchBuilder::new().base_offset(base_offset).producer(id, epoch, sequence);
    for _ in 0..records {
        builder.push(1000 + base_offset, None, None, &[]);
    }
    BatchHeader::parse(&builder.build().unwrap()).unwrap()
}

fn in_transaction(mut header: BatchHeader) -> BatchHeader {
    header.attributes |= 0x10;
    header
}

fn marker(producer: (i64, i16), offset: Offset) -> BatchHeader {
    let mut header = in_transaction(header((producer.0, producer.1, -1), 1, offset));
    header.attributes |= 0x20;
    header
}

const COMMIT: Marker = Marker { commit: true, coordinator_epoch: 0 };

#[derive(Debug, PartialEq)]
enum Expect {
    /// Appended, at the next offset.
    Append,
    Duplicate(Offset),
    Gap,
    OldEpoch,
}
use Expect::*;

/// Each row: sequence, records and epoch of a batch of producer 1, and what becomes of it. Appends take offsets from 0.
fn follow(rows: &[((i16, i32), i32, Expect)]) -> Producers {
    let mut producers = Producers::default();
    let mut end = 0;
    for (number, ((epoch, sequence), records, expected)) in rows.iter().enumerate() {
        let header = header((1, *epoch, *sequence), *records, end);
        let found = match producers.check(&header, false) {
            Ok(Verdict::Append) => {
                producers.record(&header, None);
                end = header.last_offset() + 1;
                Append
            }
            Ok(Verdict::Duplicate { base_offset, last_offset, timestamp }) => {
                assert_eq!(last_offset, base_offset + i64::from(records - 1));
                assert_eq!(timestamp, 1000 + base_offset);
                Duplicate(base_offset)
            }
            Err(ProducerFault::OutOfOrderSequence { .. }) => Gap,
            Err(ProducerFault::InvalidEpoch { .. }) => OldEpoch,
            Err(other) => panic!("row {number}: {other}"),
        };
        assert_eq!(found, *expected, "row {number}");
    }
    producers
}

#[test]
fn sequences_follow_each_other_from_anywhere_and_repeats_are_told() {
    follow(&[
        ((0, 7), 3, Append),
        ((0, 10), 1, Append),
        ((0, 7), 3, Duplicate(0)),
        ((0, 12), 1, Gap),
        ((0, 10), 2, Gap),
        ((0, 7), 2, Gap),
        ((0, 11), 1, Append),
        ((0, 10), 1, Duplicate(3)),
    ]);
}

#[test]
fn five_batches_are_known_again_and_no_more() {
    follow(&[
        ((0, 0), 1, Append),
        ((0, 1), 1, Append),
        ((0, 2), 1, Append),
        ((0, 3), 1, Append),
        ((0, 4), 1, Append),
        ((0, 0), 1, Duplicate(0)),
        ((0, 5), 1, Append),
        ((0, 0), 1, Gap),
        ((0, 1), 1, Duplicate(1)),
    ]);
}

/// A snapshot knows one batch of each producer; what lies before it in the log makes the others known again, and no more of them.
#[test]
fn recalled_batches_are_known_again() {
    let batches = (0..7).map(|at| header((1, 0, 2 * at), 2, 2 * i64::from(at))).collect::<Vec<_>>();
    let mut whole = Producers::default();
    for batch in &batches {
        let _ = whole.record(batch, None);
    }
    let mut recalled = Producers::from_snapshot(&whole.to_snapshot()).unwrap();
    assert!(matches!(recalled.check(&batches[5], false), Err(ProducerFault::OutOfOrderSequence { .. })));
    let strangers = [header((2, 0, 0), 1, 90), header((1, 1, 0), 1, 91)];
    batches.iter().chain(&strangers).for_each(|batch| recalled.recall(batch));
    batches.iter().for_each(|batch| recalled.recall(batch));
    for batch in &batches {
        assert_eq!(recalled.check(batch, false), whole.check(batch, false), "{batch:?}");
    }
    assert_eq!(recalled.check(&header((1, 0, 14), 1, 14), false), Ok(Verdict::Append));
    assert_eq!(recalled.len(), 1);
}

#[test]
fn after_the_largest_sequence_comes_0() {
    follow(&[
        ((0, i32::MAX - 1), 2, Append),
        ((0, 1), 1, Gap),
        ((0, 0), 1, Append),
        ((0, i32::MAX - 1), 2, Duplicate(0)),
    ]);
    follow(&[
        ((0, i32::MAX - 1), 4, Append),
        ((0, 0), 1, Gap),
        ((0, 2), 1, Append),
        ((0, i32::MAX - 1), 4, Duplicate(0)),
    ]);
}

#[test]
fn a_new_epoch_starts_at_0_and_ends_the_old_one() {
    follow(&[
        ((3, 5), 1, Append),
        ((4, 6), 1, Gap),
        ((4, 0), 1, Append),
        ((3, 6), 1, OldEpoch),
        // Not even what it wrote itself.
        ((3, 5), 1, OldEpoch),
        ((4, 0), 1, Duplicate(1)),
        ((9, 0), 1, Append),
        ((4, 1), 1, OldEpoch),
    ]);
}

/// A producer that was forgotten is one that was never seen.
#[test]
fn expired_producers_may_start_anywhere() {
    let mut producers = follow(&[((3, 5), 1, Append)]);
    producers.expire(1500, 1000);
    assert_eq!(producers.len(), 1);
    producers.expire(2000, 1000);
    assert!(producers.is_empty());
    assert_eq!(producers.check(&header((1, 0, 99), 1, 1), false), Ok(Verdict::Append));
}

/// A transaction holds the first unstable offset from its first batch until its marker is below the high watermark,
/// and keeps its producer from expiring.
#[test]
fn transactions_hold_the_first_unstable_offset() {
    let mut producers = Producers::default();
    let first = in_transaction(header((1, 0, 0), 2, 10));
    assert_eq!(producers.check(&first, false), Err(ProducerFault::Unverified { producer_id: 1 }));
    let fault = Err(ProducerFault::OutsideTransaction { producer_id: 1 });
    assert_eq!(producers.check(&first, true), Ok(Verdict::Append));
    producers.record(&first, None);
    // From now on the log knows of it.
    let second = in_transaction(header((1, 0, 2), 1, 12));
    assert_eq!(producers.check(&second, false), Ok(Verdict::Append));
    producers.record(&second, None);
    assert_eq!(producers.check(&header((1, 0, 3), 1, 13), false), fault, "outside of its transaction");
    let other = in_transaction(header((2, 0, 0), 1, 13));
    producers.record(&other, None);
    producers.high_watermark_moved(14);
    assert_eq!(producers.first_unstable_offset(), Some(10));
    producers.expire(i64::MAX, 1);
    assert_eq!(producers.len(), 2);

    producers.record(&marker((1, 0), 14), Some(COMMIT));
    assert_eq!(producers.first_unstable_offset(), Some(10));
    producers.high_watermark_moved(14);
    assert_eq!(producers.first_unstable_offset(), Some(10), "the marker may still be lost");
    producers.high_watermark_moved(15);
    assert_eq!(producers.first_unstable_offset(), Some(13));
    let info: Vec<Offset> = producers.list().iter().map(|info| info.current_txn_start_offset).collect();
    assert_eq!(info, [-1, 13]);
    producers.record(&marker((2, 0), 15), Some(COMMIT));
    producers.high_watermark_moved(16);
    assert_eq!(producers.first_unstable_offset(), None);
}

/// Markers of an older epoch, or of a coordinator that was replaced, are refused.
#[test]
fn stale_markers_are_refused() {
    let mut producers = Producers::default();
    producers.record(&in_transaction(header((1, 4, 0), 1, 0)), None);
    let at_epoch = |coordinator_epoch| Marker { commit: false, coordinator_epoch };
    assert_eq!(
        producers.check_marker(&marker((1, 3), 1), at_epoch(7), 0),
        Err(ProducerFault::InvalidEpoch { producer_id: 1, found: 3, current: 4 })
    );
    assert_eq!(producers.check_marker(&marker((1, 4), 1), at_epoch(7), 0), Ok(()));
    producers.record(&marker((1, 4), 1), Some(at_epoch(7)));
    assert_eq!(
        producers.check_marker(&marker((1, 4), 2), at_epoch(6), 0),
        Err(ProducerFault::CoordinatorFenced { found: 6, current: 7 })
    );
    // The next epoch of transactions v2 is in the marker itself, and begins at sequence 0.
    producers.record(&marker((1, 5), 2), Some(at_epoch(7)));
    assert_eq!(producers.check(&header((1, 5, 0), 1, 3), false), Ok(Verdict::Append));
    assert!(producers.check(&header((1, 5, 1), 1, 3), false).is_err());
}

/// From version 2 of transactions on a marker's epoch is above its batches'; one that comes again ends nothing.
#[test]
fn a_late_marker_does_not_end_the_next_transaction() {
    let mut producers = Producers::default();
    let abort = Marker { commit: false, coordinator_epoch: 0 };
    producers.record(&in_transaction(header((1, 4, 0), 1, 0)), None);
    let late = Err(ProducerFault::InvalidEpoch { producer_id: 1, found: 4, current: 4 });
    assert_eq!(producers.check_marker(&marker((1, 4), 1), abort, 2), late);
    assert_eq!(producers.check_marker(&marker((1, 4), 1), abort, 1), Ok(()));
    assert_eq!(producers.check_marker(&marker((1, 5), 1), abort, 2), Ok(()));
    let ended = producers.record(&marker((1, 5), 1), Some(abort)).unwrap();
    assert_eq!((ended.first_offset, ended.last_offset, ended.last_stable_offset), (0, 1, 2));
    assert_eq!(producers.check_marker(&marker((1, 5), 2), abort, 2), Ok(()), "again");
    assert_eq!(producers.record(&marker((1, 5), 2), Some(abort)), None);
    producers.record(&in_transaction(header((1, 5, 0), 1, 3)), None);
    assert!(producers.check_marker(&marker((1, 5), 4), abort, 2).is_err());
    let nonsense = Err(ProducerFault::TransactionVersion(-1));
    assert_eq!(producers.check_marker(&marker((1, 5), 4), abort, -1), nonsense);
    assert_eq!(producers.check_marker(&marker((9, 0), 4), abort, -1), nonsense);
    // A producer that the log does not know may have had its records deleted.
    assert_eq!(producers.check_marker(&marker((9, 0), 4), abort, 2), Ok(()));
}

/// What is sent again after its transaction has ended is verified like any other batch, and then known again.
#[test]
fn a_duplicate_of_an_ended_transaction_is_verified_first() {
    let mut producers = Producers::default();
    let sent = in_transaction(header((1, 0, 0), 2, 0));
    producers.record(&sent, None);
    let again = Ok(Verdict::Duplicate { base_offset: 0, last_offset: 1, timestamp: 1000 });
    assert_eq!(producers.check(&sent, false), again);
    producers.record(&marker((1, 0), 2), Some(COMMIT));
    assert_eq!(producers.check(&sent, false), Err(ProducerFault::Unverified { producer_id: 1 }));
    assert_eq!(producers.check(&sent, true), again);
}

/// Apache Kafka 4.3.1 wrote this log, of idempotent producers that wrap and change epochs, transactions that were
/// committed and one that is open; and then, on its shutdown, this snapshot.
const KAFKA_LOG: &[u8] = include_bytes!("tests/kafka-producers.log");
const KAFKA_SNAPSHOT: &[u8] = include_bytes!("tests/kafka-producers.snapshot");

/// Its log replayed gives its snapshot, entry for entry; Kafka's are in the order of a hash map.
#[test]
fn replay_of_kafkas_log_gives_kafkas_snapshot() {
    let mut producers = Producers::default();
    for batch in batches(KAFKA_LOG) {
        let (header, bytes) = batch.unwrap();
        let marker = header.is_control().then(|| {
            let mut reader = RecordsReader::new(&header, bytes, 0).unwrap();
            let marker = ottla_protocol::records::Marker::parse(&reader.next().unwrap().unwrap()).unwrap();
            let commit = marker.kind == MarkerKind::Commit;
            Marker { commit, coordinator_epoch: marker.coordinator_epoch }
        });
        producers.record(&header, marker);
    }
    assert_eq!(producers.open, BTreeMap::from([(39, 1)]));
    let entries = |bytes: &[u8]| {
        let mut entries: Vec<Vec<u8>> = bytes[10..].chunks(46).map(<[u8]>::to_vec).collect();
        entries.sort();
        entries
    };
    let ours = producers.to_snapshot();
    assert_eq!(ours[..2], KAFKA_SNAPSHOT[..2]);
    assert_eq!(ours[6..10], KAFKA_SNAPSHOT[6..10]);
    assert_eq!(entries(&ours), entries(KAFKA_SNAPSHOT));
    assert_eq!(Producers::from_snapshot(&ours), Producers::from_snapshot(KAFKA_SNAPSHOT));
}

#[test]
fn damaged_snapshots_are_refused() {
    for bit in 0..KAFKA_SNAPSHOT.len() * 8 {
        let mut flipped = KAFKA_SNAPSHOT.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Producers::from_snapshot(&flipped).is_err(), "bit {bit}");
    }
    for len in 0..KAFKA_SNAPSHOT.len() {
        assert!(Producers::from_snapshot(&KAFKA_SNAPSHOT[..len]).is_err(), "{len} bytes");
    }
    // A count that lies under a checksum that fits.
    for count in [-1, 5, 7, i32::MAX] {
        let mut lying = KAFKA_SNAPSHOT.to_vec();
        lying[6..10].copy_from_slice(&i32::to_be_bytes(count));
        let crc = crc32c::crc32c(&lying[6..]);
        lying[2..6].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(Producers::from_snapshot(&lying), Err(SnapshotFault::Size(lying.len())));
    }
}
