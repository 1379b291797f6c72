//! Records, offsets and producer ids, asked of a whole broker whose partitions lie on two cores.

use crate::testing::TestBroker;
use ottla_protocol::messages as m;
use ottla_protocol::records::BatchBuilder;
use ottla_protocol::{ApiKey, Records};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const PARTITIONS: i32 = 6;
const NONE: i16 = 0;
const OFFSET_OUT_OF_RANGE: i16 = 1;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const NOT_LEADER_OR_FOLLOWER: i16 = 6;
const NOT_ENOUGH_REPLICAS: i16 = 19;
const INVALID_TXN_STATE: i16 = 48;
const KAFKA_STORAGE_ERROR: i16 = 56;
const TRANSACTIONAL_ID_AUTHORIZATION_FAILED: i16 = 53;
const INVALID_REQUEST: i16 = 42;
const CORRUPT_MESSAGE: i16 = 2;
const INVALID_RECORD: i16 = 87;

/// A topic with `partition + 1` records in each partition, ten milliseconds apart.
fn broker_with_records() -> TestBroker {
    let broker = TestBroker::start(&[("log.retention.ms", "-1")]);
    broker.create_topic("t", PARTITIONS);
    let batches: Vec<Vec<u8>> = (0..PARTITIONS).map(|index| batch(index + 1)).collect();
    let answers = produce(&broker, None, &batches);
    assert_eq!(answers, vec![(NONE, 0, 0); PARTITIONS as usize]);
    broker
}

fn batch(records: i32) -> Vec<u8> {
    filled(BatchBuilder::new(), records)
}

fn filled(mut builder: BatchBuilder, records: i32) -> Vec<u8> {
    for index in 0..i64::from(records) {
        builder.push(1_700_000_000_000 + index * 10, None, Some(b"value"), &[]);
    }
    builder.build().unwrap()
}

/// One batch to each partition from 0 on; the code, base offset and log start of each.
fn produce(broker: &TestBroker, transactional_id: Option<&str>, batches: &[Vec<u8>]) -> Vec<(i16, i64, i64)> {
    let partition_data = (0..).zip(batches).map(|(index, batch)| m::produce_request::PartitionProduceData {
        index,
        records: Some(Records::Slice(batch)),
    });
    let request = m::ProduceRequest {
        transactional_id: transactional_id.map(Into::into),
        acks: -1,
        // As with Kafka, this is not about the leader's own log.
        timeout_ms: -5,
        topic_data: vec![m::produce_request::TopicProduceData {
            name: "t".into(),
            partition_data: partition_data.collect(),
            ..Default::default()
        }],
    };
    let answer = broker.ask(ApiKey::Produce, 9, &request);
    let response: m::ProduceResponse<'_> = answer.decode();
    let partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
    partitions.map(|part| (part.error_code, part.base_offset, part.log_start_offset)).collect()
}

/// The code and offset of each of `partitions`, in the order of the answer.
fn list(broker: &TestBroker, partitions: &[i32], timestamp: i64) -> Vec<(i32, i16, i64)> {
    let partitions = partitions.iter().map(|index| m::list_offsets_request::ListOffsetsPartition {
        partition_index: *index,
        current_leader_epoch: -1,
        timestamp,
    });
    let request = m::ListOffsetsRequest {
        replica_id: -1,
        topics: vec![m::list_offsets_request::ListOffsetsTopic {
            name: "t".into(),
            partitions: partitions.collect(),
        }],
        ..Default::default()
    };
    let answer = broker.ask(ApiKey::ListOffsets, 7, &request);
    let response: m::ListOffsetsResponse<'_> = answer.decode();
    let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
    partitions.map(|part| (part.partition_index, part.error_code, part.offset)).collect()
}

#[test]
fn offsets_of_partitions_on_several_cores_come_in_the_order_asked_for() {
    let broker = broker_with_records();
    let asked = [5, 0, 3, 99, -1, 1];
    let expected = asked.map(|index| match index {
        0..PARTITIONS => (index, NONE, i64::from(index) + 1),
        _ => (index, UNKNOWN_TOPIC_OR_PARTITION, -1),
    });
    assert_eq!(list(&broker, &asked, -1), expected);
    // The second record and those after it.
    assert_eq!(list(&broker, &[0, 5], 1_700_000_000_001), [(0, NONE, -1), (5, NONE, 1)]);
    assert_eq!(list(&broker, &[2, 4, 2], -2), [(2, INVALID_REQUEST, -1), (4, NONE, 0)]);
}

#[test]
fn deleted_records_are_gone_and_others_stay() {
    let broker = broker_with_records();
    let delete = |wanted: &[(i32, i64)]| {
        let partitions = wanted.iter().map(|(index, offset)| {
            m::delete_records_request::DeleteRecordsPartition { partition_index: *index, offset: *offset }
        });
        let request = m::DeleteRecordsRequest {
            topics: vec![m::delete_records_request::DeleteRecordsTopic {
                name: "t".into(),
                partitions: partitions.collect(),
            }],
            timeout_ms: 1000,
        };
        let answer = broker.ask(ApiKey::DeleteRecords, 2, &request);
        let response: m::DeleteRecordsResponse<'_> = answer.decode();
        let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|part| (part.partition_index, part.error_code, part.low_watermark)).collect::<Vec<_>>()
    };
    let deleted = delete(&[(0, 2), (1, -1), (2, 1), (4, 0), (5, 3), (9, 0)]);
    let expected = [
        (0, OFFSET_OUT_OF_RANGE, -1),
        (1, NONE, 2),
        (2, NONE, 1),
        (4, NONE, 0),
        (5, NONE, 3),
        (9, UNKNOWN_TOPIC_OR_PARTITION, -1),
    ];
    assert_eq!(deleted, expected);
    let starts = list(&broker, &[0, 1, 2, 3, 4, 5], -2);
    assert_eq!(starts.iter().map(|(_, _, offset)| *offset).collect::<Vec<_>>(), [0, 2, 1, 0, 0, 3]);
    // Before the answer, and each core's.
    let stored = std::fs::read_to_string(broker.data().join("log-start-offset-checkpoint")).unwrap();
    assert_eq!(stored, "0\n3\nt 1 2\nt 2 1\nt 5 3\n");
    // Of the last that is named twice the last counts.
    assert_eq!(delete(&[(3, 77), (3, 1)]), [(3, NONE, 1)]);
}

/// A reserve that no disk has: produce is refused, and everything else works.
#[test]
fn below_the_reserve_of_the_disk_only_produce_is_refused() {
    let reserve = i64::MAX.to_string();
    let broker = TestBroker::start(&[("ottla.disk.reserve.bytes", &reserve)]);
    broker.create_topic("t", 2);
    let refused = produce(&broker, None, &[batch(1), batch(2)]);
    assert_eq!(refused, [(KAFKA_STORAGE_ERROR, -1, -1); 2]);
    assert_eq!(list(&broker, &[0, 1], -1), [(0, NONE, 0), (1, NONE, 0)]);
}

/// Old records go by themselves, the active segment too; offsets go on, and what a restart finds is the same.
#[test]
fn records_that_are_too_old_are_deleted() {
    let broker = TestBroker::start(&[("log.retention.check.interval.ms", "20")]);
    broker.create_topic("t", PARTITIONS);
    let batches: Vec<Vec<u8>> = (0..PARTITIONS).map(|index| batch(index + 1)).collect();
    let answers = produce(&broker, None, &batches);
    assert_eq!(answers.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), [NONE; PARTITIONS as usize]);
    let asked: Vec<i32> = (0..PARTITIONS).collect();
    let ends: Vec<_> = asked.iter().map(|index| (*index, NONE, i64::from(*index) + 1)).collect();
    let deadline = Instant::now() + Duration::from_secs(20);
    while list(&broker, &asked, -2) != ends {
        assert!(Instant::now() < deadline, "{:?}", list(&broker, &asked, -2));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(list(&broker, &asked, -1), ends);
    let aside = |index: i32| broker.data().join(format!("t-{index}/00000000000000000000.log.deleted"));
    assert!(asked.iter().all(|index| aside(*index).exists()), "the files stay for file.delete.delay.ms");
    let young = {
        let mut builder = BatchBuilder::new();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        builder.push(i64::try_from(now.as_millis()).unwrap(), None, Some(b"young"), &[]);
        builder.build().unwrap()
    };
    assert_eq!(produce(&broker, None, &[young]), [(NONE, 1, 1)], "the first offset after the deleted ones");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(list(&broker, &[0], -1), [(0, NONE, 2)]);
    assert_eq!(list(&broker, &[0], -2), [(0, NONE, 1)], "what is young stays");
}

#[test]
fn every_producer_gets_an_id_of_its_own() {
    let broker = TestBroker::start(&[]);
    let ask = |transactional_id: Option<&str>| {
        let request = m::InitProducerIdRequest {
            transactional_id: transactional_id.map(Into::into),
            transaction_timeout_ms: 60_000,
            ..Default::default()
        };
        let answer = broker.ask(ApiKey::InitProducerId, 4, &request);
        let response: m::InitProducerIdResponse = answer.decode();
        (response.error_code, response.producer_id, response.producer_epoch)
    };
    let ids = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..8).map(|_| scope.spawn(|| [(); 20].map(|()| ask(None)))).collect();
        askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(ids.iter().all(|(code, id, epoch)| (*code, *epoch) == (NONE, 0) && *id >= 0), "{ids:?}");
    assert_eq!(ids.iter().map(|(_, id, _)| *id).collect::<BTreeSet<_>>().len(), 160);
    assert_eq!(ask(Some("")), (INVALID_REQUEST, -1, -1));
    assert_ne!(ask(Some("t")).0, NONE);
}

#[test]
fn nothing_of_a_transaction_is_appended_while_there_is_no_coordinator() {
    let broker = broker_with_records();
    let both = [batch(1), filled(BatchBuilder::new().transactional(), 1)];
    let refused = (TRANSACTIONAL_ID_AUTHORIZATION_FAILED, -1, -1);
    assert_eq!(produce(&broker, None, &both), [refused, refused]);
    assert_eq!(produce(&broker, Some("t"), &both), [(NONE, 1, 0), (INVALID_TXN_STATE, -1, -1)]);
    // As a Kafka answers that does not find the coordinator: clients of every version try again.
    let of_a_producer = filled(BatchBuilder::new().producer(5, 0, 0).transactional(), 1);
    assert_eq!(produce(&broker, Some("t"), &[of_a_producer]), [(NOT_ENOUGH_REPLICAS, -1, -1)]);
    assert_eq!(list(&broker, &[0, 1], -1), [(0, NONE, 2), (1, NONE, 2)]);
}

/// A broken batch beside good ones fails alone, and tells where its log starts.
#[test]
fn a_bad_batch_fails_alone() {
    let broker = broker_with_records();
    let misplaced = filled(BatchBuilder::new().base_offset(77), 2);
    let mut damaged = batch(2);
    damaged[70] ^= 1;
    let answers = produce(&broker, None, &[batch(1), misplaced, damaged, batch(1)]);
    assert_eq!(answers, [(NONE, 1, 0), (INVALID_RECORD, -1, 0), (CORRUPT_MESSAGE, -1, -1), (NONE, 4, 0)]);
}

fn fetch(replica_id: i32, wanted: &[(i32, i64)], max_wait_ms: i32) -> m::FetchRequest<'static> {
    let partitions = wanted.iter().map(|(partition, fetch_offset)| m::fetch_request::FetchPartition {
        partition: *partition,
        fetch_offset: *fetch_offset,
        partition_max_bytes: 10,
        ..Default::default()
    });
    m::FetchRequest {
        replica_id,
        max_wait_ms,
        min_bytes: 1,
        max_bytes: 1 << 20,
        topics: vec![m::fetch_request::FetchTopic {
            topic: "t".into(),
            partitions: partitions.collect(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// The code of each partition, and whether it gave records.
fn fetched(broker: &TestBroker, request: &m::FetchRequest<'_>) -> Vec<(i32, i16, bool)> {
    let answer = broker.ask(ApiKey::Fetch, 12, request);
    let response: m::FetchResponse<'_> = answer.decode();
    let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
    let has_records = |records: &Option<Records<'_>>| match records {
        Some(Records::Slice(slice)) => !slice.is_empty(),
        _ => false,
    };
    partitions.map(|part| (part.partition_index, part.error_code, has_records(&part.records))).collect()
}

#[test]
fn only_the_first_batch_of_all_cores_exceeds_its_partitions_limit() {
    let broker = broker_with_records();
    let all = [(3, 4), (0, 0), (1, 0), (2, 0), (4, 0), (5, 0)];
    let answers = fetched(&broker, &fetch(-1, &all, 0));
    assert_eq!(answers.iter().map(|(_, code, _)| *code).collect::<Vec<_>>(), [NONE; 6]);
    let gave = answers.iter().filter(|(_, _, gave)| *gave).map(|(index, ..)| *index).collect::<Vec<_>>();
    assert_eq!(gave, [0]);
    // Named twice: the last counts.
    let twice = fetched(&broker, &fetch(-1, &[(0, 77), (1, 0), (0, 0)], 0));
    assert_eq!(twice, [(0, NONE, true), (1, NONE, false)]);
    // Nobody follows.
    assert_eq!(fetched(&broker, &fetch(7, &[(0, 0)], 0)), [(0, NOT_LEADER_OR_FOLLOWER, false)]);
}

#[test]
fn a_parked_fetch_is_answered_when_the_broker_stops() {
    let broker = broker_with_records();
    let begun = Instant::now();
    let ends = [(0, 1), (1, 2), (2, 3), (3, 4)];
    std::thread::scope(|scope| {
        let parked = scope.spawn(|| fetched(&broker, &fetch(-1, &ends, 25_000)));
        // Long enough for it to park; had it not, the answer would be the same.
        std::thread::sleep(Duration::from_millis(200));
        broker.ask_to_stop();
        let answers = parked.join().unwrap();
        assert_eq!(answers, [0, 1, 2, 3].map(|index| (index, NONE, false)));
    });
    drop(broker);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
