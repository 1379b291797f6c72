//! Fetch without sessions: limits, offsets, epochs.

use super::produce::put;
use crate::trial::Trial;
use fetch_request::{FetchPartition, FetchTopic};
use ottla_protocol::Uuid;
use ottla_protocol::messages::*;
use ottla_tests::batch::{Batch, Codec, Record};

pub fn partition(index: i32, offset: i64) -> FetchPartition {
    FetchPartition {
        partition: index,
        fetch_offset: offset,
        partition_max_bytes: 1 << 20,
        ..Default::default()
    }
}

/// A sessionless request; topics go by name up to version 12 and by id from 13.
pub fn request<'a>(trial: &Trial, version: i16, topics: &[(&'a str, &[FetchPartition])]) -> FetchRequest<'a> {
    let topics = topics.iter().map(|(name, partitions)| FetchTopic {
        topic: if version <= 12 { (*name).into() } else { "".into() },
        topic_id: if version > 12 { trial.id(name) } else { Uuid::ZERO },
        partitions: partitions.to_vec(),
    });
    FetchRequest {
        max_wait_ms: 100,
        min_bytes: 1,
        max_bytes: 1 << 24,
        topics: topics.collect(),
        ..Default::default()
    }
}

pub fn one(trial: &mut Trial, what: &str, version: i16, topic: &str, offset: i64) {
    let request = request(trial, version, &[(topic, &[partition(0, offset)])]);
    trial.ask(&format!("Fetch {what}"), version, &request);
}

pub fn ask(trial: &mut Trial) {
    trial.topic("f", 3, &[]);
    trial.topic("g", 1, &[]);
    for index in 0..4 {
        put(trial, "f", 0, &Batch::numbered(5));
        put(trial, "f", 1, &Batch { codec: Codec::ALL[index + 1], ..Batch::numbered(50) });
        put(trial, "g", 0, &Batch::of([Record::new("big", &"b".repeat(1000))]));
    }
    for version in 4..=18 {
        one(trial, "from the start", version, "f", 0);
        one(trial, "from within a batch", version, "f", 7);
        one(trial, "from the last record", version, "f", 19);
        one(trial, "at the end", version, "f", 20);
        one(trial, "past the end", version, "f", 21);
        one(trial, "from -1", version, "f", -1);
        one(trial, "from the largest offset", version, "f", i64::MAX);
        one(trial, "of an unknown topic", version, "f.unknown", 0);
        for index in [9, -1, i32::MAX, i32::MIN] {
            let request = request(trial, version, &[("f", &[partition(index, 0)])]);
            trial.ask(&format!("Fetch of partition {index}"), version, &request);
        }
        let mut committed = request(trial, version, &[("f", &[partition(0, 0)])]);
        committed.isolation_level = 1;
        trial.ask("Fetch read committed", version, &committed);
        let many = [partition(0, 0), partition(1, 0), partition(2, 0), partition(0, 10)];
        let many = request(trial, version, &[("f", &many), ("g", &[partition(0, 2)])]);
        trial.ask("Fetch of many partitions", version, &many);
        let nothing = FetchRequest { max_wait_ms: 50, ..Default::default() };
        trial.ask("Fetch of nothing", version, &nothing);
    }
    limits(trial);
    epochs(trial);
    topics(trial);
}

fn limits(trial: &mut Trial) {
    for version in [4, 12, 16] {
        let batch = Batch::numbered(5).build().len() as i32;
        for limit in [0, 1, -1, batch - 1, batch, batch + 1, 2 * batch, i32::MAX, i32::MIN] {
            let mut limited = partition(0, 0);
            limited.partition_max_bytes = limit;
            let by_partition = request(trial, version, &[("f", &[limited])]);
            trial.ask(&format!("Fetch of at most {limit} bytes a partition"), version, &by_partition);
            let mut by_request =
                request(trial, version, &[("f", &[partition(0, 0)]), ("g", &[partition(0, 0)])]);
            by_request.max_bytes = limit;
            trial.ask(&format!("Fetch of at most {limit} bytes"), version, &by_request);
        }
        // The first partition with records gives a whole batch, those after it only what fits.
        let small = |index| FetchPartition { partition_max_bytes: 10, ..partition(index, 0) };
        let small_ones =
            request(trial, version, &[("f", &[small(2), small(0), small(1)]), ("g", &[small(0)])]);
        trial.ask("Fetch of at most 10 bytes of each partition", version, &small_ones);
        for (what, min_bytes, max_wait_ms) in [
            ("min_bytes 0", 0, 60_000),
            ("min_bytes reached", 100, 60_000),
            ("min_bytes out of reach", 1_000_000, 50),
            ("a negative min_bytes", -1, 60_000),
            ("max_wait 0", 1_000_000, 0),
            ("a negative max_wait", 1_000_000, -1),
        ] {
            let mut waiting = request(trial, version, &[("f", &[partition(0, 5)])]);
            (waiting.min_bytes, waiting.max_wait_ms) = (min_bytes, max_wait_ms);
            trial.ask(&format!("Fetch with {what}"), version, &waiting);
        }
        // An error is answered at once, whatever the wait.
        let mut failing = request(trial, version, &[("f", &[partition(0, 20), partition(1, 77_777)])]);
        failing.max_wait_ms = 60_000;
        trial.ask("Fetch that needn't wait for an error", version, &failing);
    }
}

fn epochs(trial: &mut Trial) {
    for version in [9, 11, 12, 13, 18] {
        for epoch in [0, 1, 77, -2, i32::MAX] {
            let at = FetchPartition { current_leader_epoch: epoch, ..partition(0, 0) };
            let request = request(trial, version, &[("f", &[at])]);
            trial.ask(&format!("Fetch in epoch {epoch}"), version, &request);
        }
        if version >= 12 {
            for (epoch, offset) in [(0, 10), (0, 20), (1, 10), (77, 5), (-1, 5), (-2, 5), (0, 0)] {
                let at = FetchPartition { last_fetched_epoch: epoch, ..partition(0, offset) };
                let request = request(trial, version, &[("f", &[at])]);
                trial.ask(&format!("Fetch from {offset} after epoch {epoch}"), version, &request);
            }
        }
    }
}

/// Names and ids that nobody has, and requests as a replica would send them.
fn topics(trial: &mut Trial) {
    let unknown = Uuid([7; 16]);
    trial.call_it(&unknown.to_string(), "an unknown id");
    for version in [13, 18] {
        for (what, id) in
            [("an unknown id", unknown), ("the zero id", Uuid::ZERO), ("the metadata log's id", Uuid::ONE)]
        {
            let mut by_id = request(trial, version, &[("f", &[partition(0, 0)]), ("f", &[partition(0, 19)])]);
            by_id.topics[1].topic_id = id;
            trial.ask(&format!("Fetch of a known topic and of {what}"), version, &by_id);
        }
    }
    for version in [4, 12] {
        for name in ["", "no such", "f.unknown"] {
            let named = request(trial, version, &[(name, &[partition(0, 0)])]);
            trial.ask(&format!("Fetch of the topic {name:?}"), version, &named);
        }
    }
    for version in [4, 11, 14] {
        for replica in [1, 77, -2, -3] {
            let mut as_replica = request(trial, version, &[("f", &[partition(0, 0)])]);
            as_replica.replica_id = replica;
            trial.ask(&format!("Fetch as replica {replica}"), version, &as_replica);
        }
    }
    for rack in ["", "a-rack"] {
        let mut from_rack = request(trial, 11, &[("f", &[partition(0, 19)])]);
        from_rack.rack_id = rack.into();
        trial.ask(&format!("Fetch from rack {rack:?}"), 11, &from_rack);
    }
    for isolation in [2, -1, 77] {
        let mut isolated = request(trial, 12, &[("f", &[partition(0, 19)])]);
        isolated.isolation_level = isolation;
        trial.ask(&format!("Fetch at isolation level {isolation}"), 12, &isolated);
    }
    let mut cluster = request(trial, 12, &[("f", &[partition(0, 19)])]);
    cluster.cluster_id = Some("another".into());
    trial.ask("Fetch from another cluster", 12, &cluster);
}
