//! What stays of single batches, and that nothing else does of random ones.

use super::*;
use ottla_protocol::compression::Compression;
use ottla_protocol::records::{Header, Marker, MarkerKind};
use proptest::prelude::*;

const DAY_MS: i64 = 86_400_000;

/// All of a batch's way at once.
fn filtered(batch: &[u8], verdict: Verdict, rules: &Rules<'_>) -> Option<Vec<u8>> {
    let header = BatchHeader::parse(batch).unwrap();
    let mut filter = Filter::new(header, batch, verdict).unwrap();
    let left = loop {
        if let Some(left) = filter.step(rules).unwrap() {
            break left;
        }
    };
    match left {
        Left::Nothing => None,
        Left::Same => Some(batch.to_vec()),
        Left::Empty(bytes) => Some(bytes),
        Left::Some(builder) => Some(builder.build().unwrap()),
    }
}

struct Fixture {
    map: OffsetMap,
    last_batch: Box<dyn Fn(i64) -> Option<LastBatch>>,
    map_end: Offset,
    now_ms: i64,
}

impl Fixture {
    fn new(latest: &[(&str, Offset)], map_end: Offset) -> Fixture {
        let mut map = OffsetMap::new(1 << 20, 0.9, [7, 8]);
        for (key, offset) in latest {
            assert!(map.put(key.as_bytes(), *offset));
        }
        Fixture { map, last_batch: Box::new(|_| None), map_end, now_ms: NOW }
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            map: &self.map,
            map_end: self.map_end,
            now_ms: self.now_ms,
            delete_retention_ms: DAY_MS,
            last_batch: &*self.last_batch,
        }
    }

    /// As a batch that is neither void nor the last one.
    fn left(&self, batch: &[u8]) -> Option<Vec<u8>> {
        let header = BatchHeader::parse(batch).unwrap();
        let rules = self.rules();
        filtered(batch, rules.of_batch(&header, false, false), &rules)
    }
}

/// The fields that have to stay whatever is taken out.
fn fixed(batch: &[u8]) -> impl PartialEq + std::fmt::Debug {
    let header = BatchHeader::parse(batch).unwrap();
    (
        (header.base_offset, header.last_offset(), header.leader_epoch, header.base_sequence),
        (header.producer_id, header.producer_epoch, header.is_transactional(), header.is_control()),
    )
}

#[test]
fn of_each_key_the_last_value_stays_where_it_was_in_every_codec() {
    let fixture = Fixture::new(&[("a", 12), ("b", 11), ("c", 40)], 41);
    for compression in Compression::ALL {
        let mut builder =
            keyed(10, &[("a", Some("1")), ("b", Some("2")), ("a", Some("3")), ("c", Some("4"))])
                .compression(compression, None)
                .producer(7, 1, 30);
        let header = |key: &'static str| Header { key: key.as_bytes(), value: None };
        builder.push(NOW - 5, Some(b"d"), Some(b"5"), &[header("x"), header("x")]);
        let batch = builder.build().unwrap();
        let left = fixture.left(&batch).unwrap();
        assert_eq!(fixed(&left), fixed(&batch));
        let before = records_of(&batch);
        let expected: Vec<Seen> = [1, 2, 4].map(|at: usize| before[at].clone()).to_vec();
        assert_eq!(records_of(&left), expected, "{compression}");
        let after = BatchHeader::parse(&left).unwrap();
        assert_eq!(after.compression(), Some(compression));
        assert_eq!((after.record_count, after.max_timestamp), (3, NOW + 2000));
        // Once more, and nothing changes, to the byte.
        assert_eq!(fixture.left(&left).unwrap(), left);
    }
}

#[test]
fn records_without_a_key_go_and_what_the_map_has_not_seen_stays() {
    let fixture = Fixture::new(&[("a", 9)], 12);
    let mut builder = BatchBuilder::new().base_offset(10);
    for (key, value) in [(None, "no key"), (Some(b"a".as_slice()), "1"), (None, "beyond"), (Some(b"a"), "2")]
    {
        builder.push(NOW, key, Some(value.as_bytes()), &[]);
    }
    let left = fixture.left(&builder.build().unwrap()).unwrap();
    let offsets: Vec<Offset> = records_of(&left).iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [11, 12, 13]);
    let gone = keyed(3, &[("a", Some("old"))]).build().unwrap();
    assert_eq!(fixture.left(&gone), None);
}

/// A tombstone gets its horizon at the first pass, stays until then, and goes.
#[test]
fn tombstones_stay_for_delete_retention_ms() {
    let mut fixture = Fixture::new(&[("a", 1), ("b", 0)], 2);
    let batch = keyed(0, &[("b", Some("value")), ("a", None)]).build().unwrap();
    let marked = fixture.left(&batch).unwrap();
    let header = BatchHeader::parse(&marked).unwrap();
    assert_eq!(header.delete_horizon_ms(), Some(NOW + DAY_MS));
    assert_eq!(records_of(&marked), records_of(&batch), "times are the records' own still");
    assert_eq!(header.max_timestamp, NOW + 1000);
    fixture.now_ms = NOW + DAY_MS - 1;
    assert_eq!(fixture.left(&marked).unwrap(), marked, "the horizon stays what it was");
    fixture.now_ms = NOW + DAY_MS;
    let left = fixture.left(&marked).unwrap();
    assert_eq!(records_of(&left), records_of(&batch)[..1]);
    assert_eq!(BatchHeader::parse(&left).unwrap().delete_horizon_ms(), Some(NOW + DAY_MS));
}

/// With LogAppendTime every record has the batch's time, before and after.
#[test]
fn log_append_time_stays() {
    let fixture = Fixture::new(&[("a", 2)], 3);
    let batch = keyed(0, &[("a", Some("1")), ("b", Some("2")), ("a", None)]).log_append_time(NOW + 77);
    let batch = batch.build().unwrap();
    let left = fixture.left(&batch).unwrap();
    let header = BatchHeader::parse(&left).unwrap();
    assert!(header.is_log_append_time());
    assert_eq!(header.max_timestamp, NOW + 77);
    assert_eq!(records_of(&left), records_of(&batch)[1..]);
}

#[test]
fn the_last_batch_of_a_producer_stays_as_an_empty_one() {
    let mut fixture = Fixture::new(&[("a", 50), ("b", 51)], 52);
    let batch = keyed(10, &[("a", Some("1")), ("b", Some("2"))]).producer(7, 1, 30).build().unwrap();
    assert_eq!(fixture.left(&batch), None);
    fixture.last_batch = Box::new(move |id| (id == 7).then_some(LastBatch { offset: Some(11), epoch: 1 }));
    let left = fixture.left(&batch).unwrap();
    let header = BatchHeader::parse(&left).unwrap();
    verify_checksum(&header, &left).unwrap();
    assert_eq!(fixed(&left), fixed(&batch));
    assert_eq!((header.record_count, left.len(), header.last_sequence()), (0, 61, 31));
    assert_eq!(fixture.left(&left).unwrap(), left);
    // It has moved on.
    fixture.last_batch = Box::new(move |id| (id == 7).then_some(LastBatch { offset: Some(99), epoch: 1 }));
    assert_eq!(fixture.left(&left), None);
}

/// A marker whose transaction is gone gets a horizon, and goes after it; one that is still needed stays as it is.
#[test]
fn markers_stay_until_their_horizon() {
    let mut fixture = Fixture::new(&[], 100);
    let marker = Marker { kind: MarkerKind::Commit, coordinator_epoch: 3 }.batch(7, 1, NOW);
    assert_eq!(fixture.left(&marker).unwrap(), marker);
    let header = BatchHeader::parse(&marker).unwrap();
    let idle = |fixture: &Fixture, batch: &[u8]| {
        let header = BatchHeader::parse(batch).unwrap();
        let rules = fixture.rules();
        filtered(batch, rules.of_batch(&header, true, false), &rules)
    };
    let marked = idle(&fixture, &marker).unwrap();
    assert_eq!(BatchHeader::parse(&marked).unwrap().delete_horizon_ms(), Some(NOW + DAY_MS));
    assert_eq!((records_of(&marked), fixed(&marked)), (records_of(&marker), fixed(&marker)));
    fixture.now_ms = NOW + DAY_MS;
    assert_eq!(idle(&fixture, &marked), None);
    // The last thing that the producer left: its epoch stays.
    fixture.last_batch =
        Box::new(move |id| (id == 7).then_some(LastBatch { offset: None, epoch: header.producer_epoch }));
    let left = idle(&fixture, &marked).unwrap();
    let header = BatchHeader::parse(&left).unwrap();
    assert!(header.is_control());
    assert_eq!((header.record_count, header.producer_epoch), (0, 1));
}

/// Of an aborted transaction no record stays.
#[test]
fn void_batches_lose_their_records() {
    let mut fixture = Fixture::new(&[], 100);
    let batch = keyed(0, &[("a", Some("1"))]).producer(7, 0, 0).transactional().build().unwrap();
    let header = BatchHeader::parse(&batch).unwrap();
    let rules = fixture.rules();
    assert_eq!(filtered(&batch, rules.of_batch(&header, true, false), &rules), None);
    fixture.last_batch = Box::new(move |id| (id == 7).then_some(LastBatch { offset: Some(0), epoch: 0 }));
    let rules = fixture.rules();
    let left = filtered(&batch, rules.of_batch(&header, true, false), &rules).unwrap();
    assert_eq!(BatchHeader::parse(&left).unwrap().record_count, 0);
}

/// A record that claims an offset outside of its batch is damage.
#[test]
fn a_record_beyond_its_batch_is_refused() {
    let fixture = Fixture::new(&[], 100);
    let mut builder = BatchBuilder::new();
    builder.push_at(5, NOW, Some(b"a"), Some(b"1"), &[]);
    let mut batch = builder.build().unwrap();
    batch[23..27].copy_from_slice(&0_i32.to_be_bytes());
    let header = BatchHeader::parse(&batch).unwrap();
    let mut filter = Filter::new(header, &batch, Verdict::default()).unwrap();
    assert!(filter.step(&fixture.rules()).is_err());
}

/// Key, whether it has a value, of each record of each batch, with its codec.
fn logs() -> impl Strategy<Value = Vec<(Vec<(u8, bool)>, usize)>> {
    let record = (0..12_u8, prop::bool::weighted(0.8));
    prop::collection::vec((prop::collection::vec(record, 1..20), 0..Compression::ALL.len()), 1..30)
}

proptest! {
    /// Against the plain rule, wherever the dirty part begins and ends: of each key the last record of those that the
    /// map has seen stays, and all that it has not; nothing is added, moved or reordered.
    #[test]
    fn random_logs_keep_what_the_plain_rule_keeps(log in logs(), from in 0.0..1.0_f64, to in 0.0..1.0_f64) {
        let mut batches = Vec::new();
        let mut next = 0;
        for (records, codec) in &log {
            let mut builder = BatchBuilder::new().base_offset(next).compression(Compression::ALL[*codec], None);
            for (key, has_value) in records {
                let value = format!("{next}/{key}");
                builder.push(NOW + next, Some(&[*key]), has_value.then_some(value.as_bytes()), &[]);
                next += 1;
            }
            batches.push(builder.build().unwrap());
        }
        let all: Vec<Seen> = batches.iter().flat_map(|batch| records_of(batch)).collect();
        let (from, to) = ((next as f64 * from) as Offset, (next as f64 * to) as Offset);
        let mut fixture = Fixture::new(&[], to);
        let mut latest = HashMap::new();
        for record in all.iter().filter(|record| (from..to).contains(&record.offset)) {
            assert!(fixture.map.put(record.key.as_deref().unwrap(), record.offset));
            latest.insert(record.key.clone(), record.offset);
        }
        let left: Vec<u8> = batches.iter().filter_map(|batch| fixture.left(batch)).flatten().collect();
        let expected: Vec<Seen> = all
            .iter()
            .filter(|record| record.offset >= to || latest.get(&record.key).is_none_or(|last| record.offset >= *last))
            .cloned()
            .collect();
        prop_assert_eq!(records_in(&left), expected);
    }
}
