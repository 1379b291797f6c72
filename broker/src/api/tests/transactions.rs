//! Transactions that nobody coordinates: batches and markers sent by hand, to partitions on two cores.

use crate::testing::TestBroker;
use ottla_protocol::messages as m;
use ottla_protocol::records::BatchBuilder;
use ottla_protocol::{ApiKey, Records};
use std::time::{Duration, Instant};

const NONE: i16 = 0;
const UNKNOWN_SERVER_ERROR: i16 = -1;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const INVALID_PRODUCER_EPOCH: i16 = 47;
const TRANSACTION_COORDINATOR_FENCED: i16 = 52;
const PARTITIONS: i32 = 4;

fn broker() -> TestBroker {
    let settings = [("log.retention.ms", "-1"), ("transaction.partition.verification.enable", "false")];
    let broker = TestBroker::start(&settings);
    broker.create_topic("t", PARTITIONS);
    broker
}

/// Sends a record of a transaction to each of `partitions`; the base offsets.
fn send(broker: &TestBroker, (id, epoch, sequence): (i64, i16, i32), partitions: &[i32]) -> Vec<i64> {
    let mut builder = BatchBuilder::new().producer(id, epoch, sequence).transactional();
    builder.push(1_700_000_000_000, None, Some(b"value"), &[]);
    let batch = builder.build().unwrap();
    let partition_data = partitions.iter().map(|index| m::produce_request::PartitionProduceData {
        index: *index,
        records: Some(Records::Slice(&batch)),
    });
    let request = m::ProduceRequest {
        transactional_id: Some("by hand".into()),
        acks: -1,
        timeout_ms: 1000,
        topic_data: vec![m::produce_request::TopicProduceData {
            name: "t".into(),
            partition_data: partition_data.collect(),
            ..Default::default()
        }],
    };
    let answer = broker.ask(ApiKey::Produce, 9, &request);
    let response: m::ProduceResponse<'_> = answer.decode();
    let partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
    partitions
        .map(|partition| {
            assert_eq!(partition.error_code, NONE, "{partition:?}");
            partition.base_offset
        })
        .collect()
}

type Marker<'a> = (i64, i16, bool, i32, &'a [i32]);

/// Producer, partition and code of each result.
fn mark(broker: &TestBroker, topic: &str, markers: &[Marker<'_>]) -> Vec<(i64, i32, i16)> {
    let markers = markers.iter().map(|(id, epoch, commit, coordinator_epoch, partitions)| {
        m::write_txn_markers_request::WritableTxnMarker {
            producer_id: *id,
            producer_epoch: *epoch,
            transaction_result: *commit,
            topics: vec![m::write_txn_markers_request::WritableTxnMarkerTopic {
                name: topic.into(),
                partition_indexes: partitions.to_vec(),
            }],
            coordinator_epoch: *coordinator_epoch,
            ..Default::default()
        }
    });
    let request = m::WriteTxnMarkersRequest { markers: markers.collect() };
    let answer = broker.ask(ApiKey::WriteTxnMarkers, 1, &request);
    let response: m::WriteTxnMarkersResponse<'_> = answer.decode();
    let mut results = Vec::new();
    for marker in &response.markers {
        for topic in &marker.topics {
            assert!(!topic.partitions.is_empty());
            let partitions = topic.partitions.iter();
            results
                .extend(partitions.map(|part| (marker.producer_id, part.partition_index, part.error_code)));
        }
    }
    results
}

/// What a reader of committed records gets of a partition: bytes, last stable offset, aborted transactions.
fn read(broker: &TestBroker, partition: i32, offset: i64, max_wait_ms: i32) -> (usize, i64, Vec<(i64, i64)>) {
    let request = m::FetchRequest {
        max_wait_ms,
        min_bytes: 1,
        max_bytes: 1 << 20,
        isolation_level: 1,
        topics: vec![m::fetch_request::FetchTopic {
            topic: "t".into(),
            partitions: vec![m::fetch_request::FetchPartition {
                partition,
                fetch_offset: offset,
                partition_max_bytes: 1 << 20,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let answer = broker.ask(ApiKey::Fetch, 12, &request);
    let response: m::FetchResponse<'_> = answer.decode();
    let partition = &response.responses[0].partitions[0];
    assert_eq!(partition.error_code, NONE);
    let aborted = partition.aborted_transactions.as_ref().unwrap();
    let aborted = aborted.iter().map(|aborted| (aborted.producer_id, aborted.first_offset)).collect();
    let bytes = match &partition.records {
        Some(Records::Slice(slice)) => slice.len(),
        _ => 0,
    };
    (bytes, partition.last_stable_offset, aborted)
}

#[test]
fn markers_end_transactions_on_every_core() {
    let broker = broker();
    let all = [0, 1, 2, 3];
    assert_eq!(send(&broker, (7, 0, 0), &all), [0; 4]);
    assert_eq!(send(&broker, (8, 0, 0), &all), [1; 4]);
    for partition in all {
        assert_eq!(read(&broker, partition, 0, 0), (0, 0, vec![]));
    }
    // Each producer once, partitions in order, what is not there beside what is.
    let both: [Marker<'_>; 3] =
        [(8, 0, false, 0, &[3, 0, 0, 9, 1]), (7, 0, true, 0, &[0, 1]), (8, 0, false, 0, &[2])];
    let expected = [
        (8, 0, NONE),
        (8, 1, NONE),
        (8, 3, NONE),
        (8, 9, UNKNOWN_TOPIC_OR_PARTITION),
        (8, 2, NONE),
        (7, 0, NONE),
        (7, 1, NONE),
    ];
    assert_eq!(mark(&broker, "t", &both), expected);
    for partition in [0, 1] {
        let (bytes, last_stable_offset, aborted) = read(&broker, partition, 0, 0);
        assert!(bytes > 0);
        assert_eq!((last_stable_offset, aborted), (4, vec![(8, 1)]));
    }
    assert_eq!(read(&broker, 2, 0, 0), (0, 0, vec![]), "still open");
    assert_eq!(mark(&broker, "u", &[(7, 0, true, 0, &[0])]), [(7, 0, UNKNOWN_TOPIC_OR_PARTITION)]);
    assert_eq!(mark(&broker, "t", &[(7, 0, true, 0, &[])]), []);
    assert_eq!(mark(&broker, "t", &[]), []);
}

/// Who is too late is refused, and nothing of a request that makes no sense is carried out.
#[test]
fn stale_and_senseless_markers_are_refused() {
    let broker = broker();
    send(&broker, (7, 3, 0), &[0]);
    assert_eq!(mark(&broker, "t", &[(7, 2, true, 5, &[0])]), [(7, 0, INVALID_PRODUCER_EPOCH)]);
    let senseless: [Marker<'_>; 2] = [(7, 3, true, 5, &[0]), (-1, 3, true, 5, &[0])];
    let failed = [(7, 0, UNKNOWN_SERVER_ERROR), (-1, 0, UNKNOWN_SERVER_ERROR)];
    assert_eq!(mark(&broker, "t", &senseless), failed);
    assert_eq!(read(&broker, 0, 0, 0).1, 0, "it is still open");
    assert_eq!(mark(&broker, "t", &[(7, 3, true, 5, &[0])]), [(7, 0, NONE)]);
    assert_eq!(mark(&broker, "t", &[(7, 3, true, 4, &[0])]), [(7, 0, TRANSACTION_COORDINATOR_FENCED)]);
    assert_eq!(read(&broker, 0, 0, 0).1, 2);
    let topics =
        vec![m::describe_producers_request::TopicRequest { name: "t".into(), partition_indexes: vec![0] }];
    let answer = broker.ask(ApiKey::DescribeProducers, 0, &m::DescribeProducersRequest { topics });
    let response: m::DescribeProducersResponse<'_> = answer.decode();
    let producer = &response.topics[0].partitions[0].active_producers[0];
    assert_eq!((producer.coordinator_epoch, producer.current_txn_start_offset), (5, -1));
}

/// A fetch of committed records that waits is answered by the marker, long before its time is up.
#[test]
fn a_marker_wakes_a_parked_fetch() {
    let broker = broker();
    send(&broker, (7, 0, 0), &[1]);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let parked = scope.spawn(|| read(&broker, 1, 0, 25_000));
        // Long enough for it to park; had it not, the answer would be the same.
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(mark(&broker, "t", &[(7, 0, false, 0, &[1])]), [(7, 1, NONE)]);
        let (bytes, last_stable_offset, aborted) = parked.join().unwrap();
        assert!(bytes > 0);
        assert_eq!((last_stable_offset, aborted), (2, vec![(7, 0)]));
    });
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// Idle producers are forgotten by the clock, but not one whose transaction is open.
#[test]
fn producers_expire_unless_their_transaction_is_open() {
    let settings = [
        ("transaction.partition.verification.enable", "false"),
        ("producer.id.expiration.ms", "1"),
        ("producer.id.expiration.check.interval.ms", "5"),
    ];
    let broker = TestBroker::start(&settings);
    broker.create_topic("t", 1);
    send(&broker, (7, 0, 0), &[0]);
    send(&broker, (8, 0, 0), &[0]);
    mark(&broker, "t", &[(8, 0, true, 0, &[0])]);
    let known = || {
        let topics = vec![m::describe_producers_request::TopicRequest {
            name: "t".into(),
            partition_indexes: vec![0],
        }];
        let answer = broker.ask(ApiKey::DescribeProducers, 0, &m::DescribeProducersRequest { topics });
        let response: m::DescribeProducersResponse<'_> = answer.decode();
        let producers = &response.topics[0].partitions[0].active_producers;
        producers.iter().map(|producer| producer.producer_id).collect::<Vec<_>>()
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while known() != [7] {
        assert!(Instant::now() < deadline, "{:?}", known());
        std::thread::sleep(Duration::from_millis(5));
    }
}
