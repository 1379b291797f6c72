//! ListOffsets, OffsetForLeaderEpoch, DeleteRecords.

use super::produce::put;
use crate::trial::Trial;
use delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use ottla_protocol::messages::*;
use ottla_tests::batch::{Batch, Codec, THEN_MS};

fn list(topic: &str, partition: i32, epoch: i32, timestamp: i64, isolation: i8) -> ListOffsetsRequest<'_> {
    ListOffsetsRequest {
        replica_id: -1,
        isolation_level: isolation,
        topics: vec![ListOffsetsTopic {
            name: topic.into(),
            partitions: vec![ListOffsetsPartition {
                partition_index: partition,
                current_leader_epoch: epoch,
                timestamp,
            }],
        }],
        timeout_ms: 0,
    }
}

/// Where the log ends after what was sent to it.
pub fn latest(trial: &mut Trial, topic: &str, what: &str) {
    trial.ask(&format!("ListOffsets of {topic} {what}"), 7, &list(topic, 0, -1, -1, 0));
}

pub fn ask(trial: &mut Trial) {
    trial.topic("timed", 2, &[]);
    trial.topic("no-records", 1, &[]);
    // Ten batches, ten seconds apart, of ten records, a millisecond apart.
    for index in 0..10 {
        let codec = if index % 2 == 0 { Codec::None } else { Codec::Zstd };
        let batch = Batch { base_timestamp: THEN_MS + index * 10_000, codec, ..Batch::numbered(10) };
        put(trial, "timed", 0, &batch);
    }
    for version in 1..=11 {
        for timestamp in [-1, -2, -3, -4, -5, -6, -7, i64::MIN] {
            trial.ask(&format!("ListOffsets at {timestamp}"), version, &list("timed", 0, -1, timestamp, 0));
            if version >= 7 {
                let name = format!("ListOffsets without records at {timestamp}");
                trial.ask(&name, version, &list("no-records", 0, -1, timestamp, 0));
            }
        }
        for (what, timestamp) in [
            ("the first record's time", THEN_MS),
            ("a time before all", 0),
            ("a time within a batch", THEN_MS + 20_004),
            ("a time within a compressed batch", THEN_MS + 30_004),
            ("a time between batches", THEN_MS + 25_000),
            ("the last record's time", THEN_MS + 90_009),
            ("a time after all", THEN_MS + 90_010),
            ("the end of time", i64::MAX),
        ] {
            trial.ask(&format!("ListOffsets at {what}"), version, &list("timed", 0, -1, timestamp, 0));
        }
        for (what, topic, partition) in [
            ("an unknown partition", "timed", 7),
            ("partition -1", "timed", -1),
            ("an unknown topic", "timed.unknown", 0),
            ("a bad topic name", "no such", 0),
        ] {
            trial.ask(&format!("ListOffsets of {what}"), version, &list(topic, partition, -1, -1, 0));
        }
        if version >= 2 {
            trial.ask("ListOffsets read committed", version, &list("timed", 0, -1, -1, 1));
            trial.ask("ListOffsets at isolation level 7", version, &list("timed", 0, -1, -1, 7));
        }
        if version >= 4 {
            for epoch in [0, 1, 7, -2] {
                let name = format!("ListOffsets in epoch {epoch}");
                trial.ask(&name, version, &list("timed", 0, epoch, -1, 0));
                trial.ask(&format!("{name} at a time"), version, &list("timed", 0, epoch, THEN_MS, 0));
            }
        }
        let mut twice = list("timed", 0, -1, -1, 0);
        let partition = twice.topics[0].partitions[0].clone();
        twice.topics[0].partitions.push(ListOffsetsPartition { timestamp: -2, ..partition.clone() });
        twice.topics[0].partitions.push(ListOffsetsPartition { partition_index: 1, ..partition });
        trial.ask("ListOffsets of a partition twice", version, &twice);
        let mut replica = list("timed", 0, -1, -1, 0);
        replica.replica_id = -2;
        trial.ask("ListOffsets as the debugging replica", version, &replica);
    }
    for version in [1, 11] {
        trial.ask("ListOffsets of nothing", version, &ListOffsetsRequest::default());
    }
    epochs(trial);
    delete_records(trial);
}

fn epochs(trial: &mut Trial) {
    for version in 2..=4 {
        let mut ask = |what: &str, topic: &'static str, partition: i32, current: i32, epoch: i32| {
            let request = OffsetForLeaderEpochRequest {
                replica_id: -1,
                topics: vec![OffsetForLeaderTopic {
                    topic: topic.into(),
                    partitions: vec![OffsetForLeaderPartition {
                        partition,
                        current_leader_epoch: current,
                        leader_epoch: epoch,
                    }],
                }],
            };
            trial.ask(&format!("OffsetForLeaderEpoch {what}"), version, &request);
        };
        for epoch in [0, 1, 7, -1, -2, i32::MAX] {
            ask(&format!("of epoch {epoch}"), "timed", 0, -1, epoch);
        }
        for current in [0, 1, 7, -2] {
            ask(&format!("in epoch {current}"), "timed", 0, current, 0);
        }
        ask("of an unknown partition", "timed", 9, -1, 0);
        ask("of partition -1", "timed", -1, -1, 0);
        ask("of an unknown topic", "timed.unknown", 0, -1, 0);
        ask("without records", "no-records", 0, -1, 0);
    }
}

fn delete_records(trial: &mut Trial) {
    trial.topic("cut", 2, &[]);
    trial.topic("cut-compacted", 1, &[("cleanup.policy", "compact")]);
    for _ in 0..10 {
        put(trial, "cut", 0, &Batch::numbered(10));
        put(trial, "cut-compacted", 0, &Batch::numbered(1));
    }
    for version in 0..=2 {
        let mut ask = |what: &str, topic: &'static str, partition: i32, offset: i64| {
            let request = DeleteRecordsRequest {
                topics: vec![DeleteRecordsTopic {
                    name: topic.into(),
                    partitions: vec![DeleteRecordsPartition { partition_index: partition, offset }],
                }],
                timeout_ms: 5_000,
            };
            trial.ask(&format!("DeleteRecords {what}"), version, &request);
        };
        let first = 10 + 20 * i64::from(version);
        ask(&format!("up to {first}"), "cut", 0, first);
        ask(&format!("up to {} within a batch", first + 5), "cut", 0, first + 5);
        ask("up to 5, which is gone", "cut", 0, 5);
        ask("up to 101, past the end", "cut", 0, 101);
        ask("up to -2", "cut", 0, -2);
        ask("up to the largest number", "cut", 0, i64::MAX);
        ask("of an unknown partition", "cut", 9, 1);
        ask("of partition -1", "cut", -1, 1);
        ask("of an unknown topic", "cut.unknown", 0, 1);
        ask("of a bad topic name", "no such", 0, 1);
        ask("of a compacted topic", "cut-compacted", 0, 1);
        ask("without records", "cut", 1, -1);
        trial.ask(&format!("ListOffsets earliest after {first}"), 7, &list("cut", 0, -1, -2, 0));
        trial.ask(&format!("ListOffsets in time after {first}"), 7, &list("cut", 0, -1, THEN_MS, 0));
        super::fetch::one(trial, &format!("below the start, after {first}"), 12, "cut", 3);
        super::fetch::one(trial, &format!("at the start, after {first}"), 12, "cut", first + 5);
    }
    let request = DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: "cut".into(),
            partitions: vec![
                DeleteRecordsPartition { partition_index: 0, offset: -1 },
                DeleteRecordsPartition { partition_index: 7, offset: -1 },
            ],
        }],
        timeout_ms: 5_000,
    };
    trial.ask("DeleteRecords of everything, and of an unknown partition", 2, &request);
    trial.ask("DeleteRecords of nothing", 2, &DeleteRecordsRequest { timeout_ms: 100, ..Default::default() });
    trial.ask("ListOffsets of the earliest after everything", 7, &list("cut", 0, -1, -2, 0));
    trial.ask("ListOffsets of the latest after everything", 7, &list("cut", 0, -1, -1, 0));
}
