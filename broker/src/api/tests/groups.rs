//! Groups asked of a whole broker: what a request may not do to it.

use crate::testing::TestBroker;
use ottla_protocol::messages as m;
use ottla_protocol::records::BatchBuilder;
use ottla_protocol::{ApiKey, ErrorCode, Records};
use std::time::{Duration, Instant};

const NONE: i16 = 0;
const TOPIC: &str = "__consumer_offsets";

/// A broker whose coordinators are there: offset 5 of `t` is committed by group `g`.
fn broker() -> TestBroker {
    broker_with(&[])
}

fn broker_with(settings: &[(&str, &str)]) -> TestBroker {
    let settings = [&[("offsets.topic.num.partitions", "2")], settings].concat();
    let broker = TestBroker::start(&settings);
    broker.create_topic("t", 1);
    let find = m::FindCoordinatorRequest { key: "g".into(), ..Default::default() };
    let partition = m::offset_commit_request::OffsetCommitRequestPartition {
        committed_offset: 5,
        committed_leader_epoch: -1,
        committed_metadata: Some("note".into()),
        ..Default::default()
    };
    let topic = m::offset_commit_request::OffsetCommitRequestTopic {
        name: "t".into(),
        partitions: vec![partition],
        ..Default::default()
    };
    let commit = m::OffsetCommitRequest { group_id: "g".into(), topics: vec![topic], ..Default::default() };
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = broker.ask(ApiKey::FindCoordinator, 3, &find);
        let found: m::FindCoordinatorResponse<'_> = answer.decode();
        let answer = broker.ask(ApiKey::OffsetCommit, 8, &commit);
        let committed: m::OffsetCommitResponse<'_> = answer.decode();
        let code = committed.topics[0].partitions[0].error_code;
        if (found.error_code, code) == (NONE, NONE) {
            return broker;
        }
        assert!(Instant::now() < deadline, "{} {code}", found.error_code);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// As by Kafka: they would be groups after the next start.
#[test]
fn nobody_else_writes_what_coordinators_store() {
    let broker = broker();
    let mut builder = BatchBuilder::new();
    builder.push(1_700_000_000_000, Some(b"key"), Some(b"value"), &[]);
    let batch = builder.build().unwrap();
    let of = |name: &'static str| m::produce_request::TopicProduceData {
        name: name.into(),
        partition_data: vec![m::produce_request::PartitionProduceData {
            index: 0,
            records: Some(Records::Slice(&batch)),
        }],
        ..Default::default()
    };
    let request = m::ProduceRequest {
        acks: -1,
        timeout_ms: 1000,
        topic_data: vec![of(TOPIC), of("t")],
        ..Default::default()
    };
    let answer = broker.ask(ApiKey::Produce, 9, &request);
    let response: m::ProduceResponse<'_> = answer.decode();
    let partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
    let codes: Vec<_> = partitions.map(|part| (part.error_code, part.base_offset)).collect();
    assert_eq!(codes, [(ErrorCode::INVALID_TOPIC_EXCEPTION.0, -1), (NONE, 0)]);
}

/// Four bytes of a request may ask for a note of 4 KiB, and a few for a whole group: repeats are answered, but not all.
#[test]
fn what_is_asked_for_again_and_again_is_not_told_without_end() {
    let broker = broker();
    let named = |partition_indexes| m::offset_fetch_request::OffsetFetchRequestTopics {
        name: "t".into(),
        partition_indexes,
        ..Default::default()
    };
    let group = |topics| m::offset_fetch_request::OffsetFetchRequestGroup {
        group_id: "g".into(),
        topics,
        ..Default::default()
    };
    let ask = |groups| {
        let request = m::OffsetFetchRequest { groups, ..Default::default() };
        let answer = broker.ask(ApiKey::OffsetFetch, 8, &request);
        let response: m::OffsetFetchResponse<'_> = answer.decode();
        let topics = response.groups.iter().flat_map(|group| &group.topics);
        let partitions = topics.flat_map(|topic| &topic.partitions);
        let offsets: Vec<i64> = partitions.map(|partition| partition.committed_offset).collect();
        offsets
    };
    assert_eq!(ask(vec![group(Some(vec![named(vec![0, 0, 7])]))]), [5, 5, -1]);
    assert_eq!(ask(vec![group(Some(vec![named(vec![0; 100])]))]).len(), 17);
    assert_eq!(ask(vec![group(None); 100]).len(), 17);
    let topic = m::offset_fetch_request::OffsetFetchRequestTopic {
        name: "t".into(),
        partition_indexes: vec![0; 100],
    };
    let request =
        m::OffsetFetchRequest { group_id: "g".into(), topics: Some(vec![topic]), ..Default::default() };
    let answer = broker.ask(ApiKey::OffsetFetch, 7, &request);
    let response: m::OffsetFetchResponse<'_> = answer.decode();
    assert_eq!(response.topics[0].partitions.len(), 17);
    let request = m::DescribeGroupsRequest { groups: vec!["g".into(); 100], ..Default::default() };
    let answer = broker.ask(ApiKey::DescribeGroups, 6, &request);
    let response: m::DescribeGroupsResponse<'_> = answer.decode();
    assert_eq!(response.groups.len(), 17);
}

/// A join waits as long as a rebalance takes. What its request took of the memory of requests is free meanwhile.
#[test]
fn a_join_that_waits_holds_up_no_other_request() {
    let broker = broker_with(&[
        ("ottla.shards", "1"),
        // Of these 3/8 are for large requests: not enough for two of these.
        ("ottla.memory.bytes", "67108864"),
        ("group.initial.rebalance.delay.ms", "3600000"),
    ]);
    let large = vec![0; 16 << 20];
    let join = m::JoinGroupRequest {
        group_id: "waits".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "test".into(),
        protocols: vec![m::join_group_request::JoinGroupRequestProtocol {
            name: "own".into(),
            metadata: (&*large).into(),
        }],
        ..Default::default()
    };
    let sync = m::SyncGroupRequest {
        group_id: "nobody".into(),
        assignments: vec![m::sync_group_request::SyncGroupRequestAssignment {
            member_id: "nobody".into(),
            assignment: (&*large).into(),
        }],
        ..Default::default()
    };
    let describe = m::DescribeGroupsRequest { groups: vec!["waits".into()], ..Default::default() };
    std::thread::scope(|scope| {
        let joined = scope.spawn(|| {
            let answer = broker.ask(ApiKey::JoinGroup, 3, &join);
            let response: m::JoinGroupResponse<'_> = answer.decode();
            response.error_code
        });
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let answer = broker.ask(ApiKey::DescribeGroups, 5, &describe);
            let response: m::DescribeGroupsResponse<'_> = answer.decode();
            if response.groups[0].group_state == "PreparingRebalance" {
                break;
            }
            assert!(Instant::now() < deadline, "{response:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        let answer = broker.ask(ApiKey::SyncGroup, 3, &sync);
        let response: m::SyncGroupResponse<'_> = answer.decode();
        assert_eq!(response.error_code, ErrorCode::UNKNOWN_MEMBER_ID.0);
        broker.ask_to_stop();
        assert_eq!(joined.join().unwrap(), ErrorCode::NOT_COORDINATOR.0);
    });
}
