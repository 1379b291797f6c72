//! Transactions as a log sees them: batches that belong to one, the markers that end it, and what readers are told meanwhile.
//!
//! Kafka's own coordinator is left out of it: the brokers are told not to verify transactions, and markers are sent by hand.

use super::{fetch, produce};
use crate::trial::Trial;
use incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_protocol::Uuid;
use ottla_protocol::messages::*;
use ottla_tests::batch::{Batch, TRANSACTIONAL};
use write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};

/// The last version of Produce that does not ask a coordinator to add partitions to the transaction.
const PRODUCE: i16 = 11;
/// Markers are years younger than the records. Kafka would begin a segment with each, and ends its answers with segments.
const ONE_SEGMENT: [(&str, &str); 1] = [("segment.ms", "9223372036854775807")];
const COMMIT: bool = true;
const ABORT: bool = false;

pub fn ask(trial: &mut Trial) {
    let broker = AlterConfigsResource {
        resource_type: 4,
        resource_name: "".into(),
        configs: vec![AlterableConfig {
            name: "transaction.partition.verification.enable".into(),
            config_operation: 0,
            value: Some("false".into()),
        }],
    };
    trial.call(1, &IncrementalAlterConfigsRequest { resources: vec![broker], validate_only: false });
    batches(trial);
    markers(trial);
    versions(trial);
    readers(trial);
    lists(trial);
}

/// One record of a producer: id, epoch, sequence.
fn send(
    trial: &mut Trial,
    what: &str,
    topic: &'static str,
    (id, epoch, sequence): (i64, i16, i32),
    bits: i16,
) {
    let batch = Batch { attributes: bits, ..Batch::numbered(1).from_producer(id, epoch, sequence) }.build();
    let mut request = produce::request(topic, Uuid::ZERO, 0, -1, &batch);
    request.transactional_id = Some("by hand".into());
    trial.ask(&format!("Produce {what}"), PRODUCE, &request);
}

fn transact(trial: &mut Trial, what: &str, topic: &'static str, producer: (i64, i16, i32)) {
    send(trial, what, topic, producer, TRANSACTIONAL);
}

fn marker(
    (id, epoch): (i64, i16),
    commit: bool,
    coordinator_epoch: i32,
    topics: &[(&'static str, &[i32])],
) -> WritableTxnMarker<'static> {
    WritableTxnMarker {
        producer_id: id,
        producer_epoch: epoch,
        transaction_result: commit,
        topics: topics
            .iter()
            .map(|(name, partitions)| WritableTxnMarkerTopic {
                name: (*name).into(),
                partition_indexes: partitions.to_vec(),
            })
            .collect(),
        coordinator_epoch,
        ..Default::default()
    }
}

fn mark(trial: &mut Trial, what: &str, version: i16, markers: Vec<WritableTxnMarker<'static>>) {
    trial.ask(&format!("WriteTxnMarkers {what}"), version, &WriteTxnMarkersRequest { markers });
}

/// Ends a transaction in one partition, by the first version of the request.
fn end(trial: &mut Trial, what: &str, topic: &'static str, producer: (i64, i16), commit: bool) {
    mark(trial, what, 1, vec![marker(producer, commit, 0, &[(topic, &[0])])]);
}

fn describe(trial: &mut Trial, what: &str, topic: &'static str) {
    use describe_producers_request::TopicRequest;
    let topics = vec![TopicRequest { name: topic.into(), partition_indexes: vec![0] }];
    trial.ask(&format!("DescribeProducers {what}"), 0, &DescribeProducersRequest { topics });
}

fn fetch(trial: &mut Trial, what: &str, topic: &'static str, offset: i64) {
    for version in [4, 12] {
        let mut request = fetch::request(trial, version, &[(topic, &[fetch::partition(0, offset)])]);
        request.isolation_level = 1;
        trial.ask(&format!("Fetch read committed {what}"), version, &request);
    }
}

fn offset(trial: &mut Trial, what: &str, topic: &'static str, timestamp: i64, isolation_level: i8) {
    use list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
    let partitions = vec![ListOffsetsPartition { timestamp, ..Default::default() }];
    let request = ListOffsetsRequest {
        replica_id: -1,
        isolation_level,
        topics: vec![ListOffsetsTopic { name: topic.into(), partitions }],
        ..Default::default()
    };
    trial.ask(&format!("ListOffsets {what}"), 7, &request);
}

/// What a batch must be while its producer has a transaction, and what ends it.
fn batches(trial: &mut Trial) {
    let topic = "txn-batches";
    trial.topic(topic, 1, &ONE_SEGMENT);
    let id = 9_100_000;
    transact(trial, "that begins a transaction", topic, (id, 0, 0));
    transact(trial, "that goes on with it", topic, (id, 0, 1));
    transact(trial, "of it again", topic, (id, 0, 1));
    describe(trial, "in a transaction", topic);
    send(trial, "outside of the open transaction", topic, (id, 0, 2), 0);
    send(trial, "outside of the open transaction, out of order", topic, (id, 0, 7), 0);
    send(trial, "outside of the open transaction, again", topic, (id, 0, 1), 0);
    transact(trial, "of it with a gap", topic, (id, 0, 5));
    end(trial, "that commits", topic, (id, 0), COMMIT);
    describe(trial, "after a commit", topic);
    transact(trial, "of the committed transaction again", topic, (id, 0, 1));
    send(trial, "outside of any transaction", topic, (id, 0, 2), 0);
    transact(trial, "of a new transaction", topic, (id, 0, 3));
    transact(trial, "of a new epoch in an open transaction", topic, (id, 1, 0));
    describe(trial, "in a new epoch", topic);
    transact(trial, "of the old epoch", topic, (id, 0, 4));
    end(trial, "of the old epoch", topic, (id, 0), ABORT);
    end(trial, "of an epoch above", topic, (id, 4), ABORT);
    transact(trial, "of an epoch below the marker's", topic, (id, 1, 1));
    transact(trial, "of the marker's epoch not at 0", topic, (id, 4, 2));
    transact(trial, "of the marker's epoch", topic, (id, 4, 0));
    describe(trial, "after a marker that raised the epoch", topic);
    transact(trial, "of an unknown producer not at 0", topic, (id + 1, 0, 77));
    describe(trial, "of two", topic);
    fetch(trial, "of all batches", topic, 0);
}

/// What a marker is answered, right and wrong.
fn markers(trial: &mut Trial) {
    let (topic, other) = ("txn-markers", "txn-others");
    trial.topic(topic, 3, &ONE_SEGMENT);
    trial.topic(other, 1, &[("message.timestamp.type", "LogAppendTime"), ONE_SEGMENT[0]]);
    let id = 9_200_000;
    for version in 1..=2 {
        mark(trial, "of nothing", version, vec![]);
        mark(trial, "without topics", version, vec![marker((id, 0), COMMIT, 0, &[])]);
        mark(trial, "without partitions", version, vec![marker((id, 0), COMMIT, 0, &[(topic, &[])])]);
        mark(
            trial,
            "of an unknown topic",
            version,
            vec![marker((id, 0), COMMIT, 0, &[("txn-none", &[0, 1])])],
        );
        let all = [(topic, &[0, 1, 7, -1][..]), (other, &[0]), ("txn-none", &[0])];
        mark(trial, "of known and unknown partitions", version, vec![marker((id, 0), COMMIT, 0, &all)]);
        let several = vec![
            marker((id + 1, 0), COMMIT, 0, &[(topic, &[0])]),
            marker((id + 2, 0), ABORT, 3, &[(topic, &[0, 2]), (other, &[0])]),
            marker((id + 1, 1), ABORT, 0, &[(topic, &[1])]),
        ];
        mark(trial, "of several producers", version, several);
        for (what, producer) in
            [("no producer", (-1, 0)), ("no epoch", (id, -1)), ("neither producer nor epoch", (-1, -1))]
        {
            mark(trial, &format!("of {what}"), version, vec![marker(producer, ABORT, 0, &[(topic, &[0])])]);
        }
    }
    describe(trial, "of whom only markers are", topic);
    for (what, epoch, coordinator_epoch) in [
        ("of coordinator epoch 5", 0, 5),
        ("of an older coordinator", 0, 4),
        ("of an older coordinator in a new epoch", 1, 4),
        ("of the same coordinator", 1, 5),
        ("of an older epoch", 0, 5),
        ("of an older epoch and coordinator", 0, 4),
        ("of a newer coordinator", 1, 6),
        ("of a negative coordinator epoch", 1, -1),
        ("of the largest epochs", i16::MAX, i32::MAX),
    ] {
        mark(trial, what, 1, vec![marker((id + 9, epoch), ABORT, coordinator_epoch, &[(topic, &[0])])]);
    }
    describe(trial, "of coordinators", topic);
    fetch(trial, "of markers", topic, 0);
    fetch(trial, "of markers with LogAppendTime", other, 0);
}

/// From version 2 of transactions on a marker needs an epoch of its own.
fn versions(trial: &mut Trial) {
    let topic = "txn-versions";
    trial.topic(topic, 1, &ONE_SEGMENT);
    let id = 9_300_000;
    for version in [0, 1, 2, 3, -1] {
        let id = id + i64::from(version);
        let with = |trial: &mut Trial, what: &str, epoch| {
            let mut marker = marker((id, epoch), ABORT, 0, &[(topic, &[0])]);
            marker.transaction_version = version;
            mark(trial, &format!("by version {version} of transactions, {what}"), 2, vec![marker]);
        };
        with(trial, "of an unknown producer", 3);
        transact(trial, &format!("for version {version}"), topic, (id, 3, 0));
        with(trial, "below the epoch", 2);
        with(trial, "in the same epoch", 3);
        with(trial, "in the next epoch", 4);
        with(trial, "in the next epoch again", 4);
        with(trial, "below the epoch, nothing open", 3);
        with(trial, "far above", 9);
        transact(trial, &format!("for version {version} after it"), topic, (id, 9, 0));
        with(trial, "late", 9);
    }
    describe(trial, "of all versions", topic);
}

/// The last stable offset and the aborted transactions, as transactions that overlap come to their ends.
fn readers(trial: &mut Trial) {
    let topic = "txn-readers";
    trial.topic(topic, 1, &ONE_SEGMENT);
    let (a, b, c) = (9_400_001, 9_400_002, 9_400_003);
    let look = |trial: &mut Trial, what: &str| {
        fetch(trial, what, topic, 0);
        offset(trial, &format!("latest committed {what}"), topic, -1, 1);
        offset(trial, &format!("latest {what}"), topic, -1, 0);
    };
    look(trial, "of an empty log");
    transact(trial, "of a", topic, (a, 0, 0));
    transact(trial, "of b", topic, (b, 0, 0));
    send(trial, "of nobody", topic, (-1, -1, -1), 0);
    look(trial, "with a and b open");
    transact(trial, "of c", topic, (c, 0, 0));
    end(trial, "of b, aborted", topic, (b, 0), ABORT);
    transact(trial, "of a again", topic, (a, 0, 1));
    end(trial, "of c, committed", topic, (c, 0), COMMIT);
    look(trial, "with a open and others ended");
    end(trial, "of a, aborted", topic, (a, 0), ABORT);
    look(trial, "with all ended");
    transact(trial, "of b, the second", topic, (b, 0, 1));
    end(trial, "of b, aborted again", topic, (b, 0), ABORT);
    look(trial, "after a second abort");
    for offset in [1, 4, 5, 6, 8, 9, 10, 11, 12] {
        fetch(trial, &format!("from {offset}"), topic, offset);
    }
    offset(trial, "of the largest timestamp", topic, -3, 1);
    offset(trial, "by a timestamp", topic, ottla_tests::batch::THEN_MS, 1);
    // A log start within an open transaction.
    transact(trial, "of a, the third", topic, (a, 0, 2));
    transact(trial, "of a, the fourth", topic, (a, 0, 3));
    offset(trial, "by a timestamp of an open transaction", topic, ottla_tests::batch::THEN_MS, 1);
    use delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset: 13 }];
    let topics = vec![DeleteRecordsTopic { name: topic.into(), partitions }];
    trial.ask("DeleteRecords within a transaction", 2, &DeleteRecordsRequest { topics, timeout_ms: 5000 });
    fetch(trial, "from a log start within a transaction", topic, 13);
    offset(trial, "latest committed with a log start within a transaction", topic, -1, 1);
    end(trial, "of a, whose beginning is deleted", topic, (a, 0), ABORT);
    fetch(trial, "after that", topic, 13);
}

/// A producer whose batches were all deleted is still known.
fn lists(trial: &mut Trial) {
    let topic = "txn-lists";
    trial.topic(topic, 1, &ONE_SEGMENT);
    let id = 9_500_000;
    let both = vec![
        marker((id, 0), COMMIT, 0, &[(topic, &[0])]),
        marker((id, 0), ABORT, 0, &[(topic, &[0])]),
        marker((id, 0), ABORT, -1, &[(topic, &[0])]),
    ];
    transact(trial, "before two markers at once", topic, (id, 0, 0));
    mark(trial, "twice for one partition, and a refused one", 1, both);
    fetch(trial, "of two markers at once", topic, 0);
    describe(trial, "after two markers at once", topic);
}
