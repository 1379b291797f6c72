//! AlterReplicaLogDirs (key 34), v1-2: asks for a replica to lie in another data directory of this broker (KIP-113).
//!
//! v2: flexible.
//!
//! The answer says that the move has begun, or that the replica lies there: see [`crate::moves`]. How far it is, DescribeLogDirs tells.

use super::Context;
use super::describe_log_dirs::shown;
use super::owners::{self, Asked};
use crate::core::Core;
use crate::log_dirs::LogDir;
use crate::moves;
use futures_util::future::join_all;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
};
use ottla_protocol::messages::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Kafka's name for the copy that takes over, `TOPIC-PARTITION.32HEXDIGITS-future`, has to fit a file name.
const FUTURE_SUFFIX_BYTES: usize = 1 + 32 + "-future".len();
const FILE_NAME_BYTES_MAX: usize = 255;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: AlterReplicaLogDirsRequest<'_>,
) -> AlterReplicaLogDirsResponse<'static> {
    // Of a partition that is named twice, Kafka takes the last.
    let mut wanted: BTreeMap<&str, BTreeMap<i32, &str>> = BTreeMap::new();
    for dir in &request.dirs {
        for topic in &dir.topics {
            let partitions = wanted.entry(&topic.name).or_default();
            partitions.extend(topic.partitions.iter().map(|index| (*index, &*dir.path)));
        }
    }
    let image = core.image();
    let mut results = Vec::with_capacity(wanted.len());
    let mut asked = Vec::new();
    for (name, wanted) in wanted {
        let mut partitions = Vec::with_capacity(wanted.len());
        for (index, path) in wanted {
            partitions.push(AlterReplicaLogDirPartitionResult { partition_index: index, error_code: 0 });
            asked.push(destination(core, name, index, path).and_then(|dir| {
                let topic_id =
                    owners::find(&image, name, index).map_err(|_| ErrorCode::REPLICA_NOT_AVAILABLE)?;
                Ok(Asked { topic_id, index, what: dir })
            }));
        }
        results.push(AlterReplicaLogDirTopicResult { topic_name: Cow::Owned(name.to_owned()), partitions });
    }
    drop(image);
    let answers = asked.into_iter().map(|asked: Result<Asked<LogDir>, ErrorCode>| {
        let begun = asked.map(|Asked { topic_id, index, what }| {
            core.call(core.owner(topic_id, index), move |core| async move {
                moves::begin(&core, topic_id, index, what)
            })
        });
        async move { begun?.await.unwrap_or(Err(ErrorCode::UNKNOWN_SERVER_ERROR)) }
    });
    let answers = join_all(answers).await;
    let places = results.iter_mut().flat_map(|topic| &mut topic.partitions);
    for (place, answer) in places.zip(answers) {
        place.error_code = answer.err().unwrap_or(ErrorCode::NONE).0;
    }
    AlterReplicaLogDirsResponse { results, ..AlterReplicaLogDirsResponse::default() }
}

/// The directory that `path` names, by its whole path, as `log.dirs` has it.
fn destination(core: &Core, topic: &str, index: i32, path: &str) -> Result<LogDir, ErrorCode> {
    if format!("{topic}-{index}").len() + FUTURE_SUFFIX_BYTES > FILE_NAME_BYTES_MAX {
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    let found = core.config.log_dirs.iter().find(|dir| shown(dir) == path);
    let dir = found.ok_or(ErrorCode::LOG_DIR_NOT_FOUND)?;
    let online = core.online_dirs().into_iter().find(|online| online.path == *dir);
    online.ok_or(ErrorCode::KAFKA_STORAGE_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestBroker;
    use ottla_protocol::messages::alter_replica_log_dirs_request::{
        AlterReplicaLogDir, AlterReplicaLogDirTopic,
    };
    use ottla_protocol::messages::{self as m, DescribeLogDirsRequest, DescribeLogDirsResponse};
    use ottla_protocol::records::BatchBuilder;
    use ottla_protocol::{ApiKey, Records};
    use std::time::{Duration, Instant};

    fn ask(broker: &TestBroker, path: &str, topic: &str, index: i32) -> ErrorCode {
        let topics = vec![AlterReplicaLogDirTopic { name: topic.to_owned().into(), partitions: vec![index] }];
        let request = AlterReplicaLogDirsRequest {
            dirs: vec![AlterReplicaLogDir { path: path.to_owned().into(), topics }],
        };
        let answer = broker.ask(ApiKey::AlterReplicaLogDirs, 2, &request);
        let response: AlterReplicaLogDirsResponse<'_> = answer.decode();
        let found = response.results.first().and_then(|topic| topic.partitions.first());
        ErrorCode(found.expect("one was asked for").error_code)
    }

    /// The codes of Kafka's ReplicaManager.alterReplicaLogDirs, in the order of its checks.
    #[test]
    fn a_destination_and_a_replica_are_looked_for() {
        let dirs = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dirs.path().join(name).display().to_string();
        std::fs::write(path("broken"), "no directory").expect("a file");
        let all = [path("one"), path("two"), path("broken")].join(",");
        let broker = TestBroker::start(&[("log.dirs", &all)]);
        broker.create_topic("t", 2);
        let long = "x".repeat(220);
        let table = [
            (path("one"), "t", 0, ErrorCode::NONE),
            (path("two"), "t", 1, ErrorCode::NONE),
            (path("nowhere"), "t", 0, ErrorCode::LOG_DIR_NOT_FOUND),
            ("one".to_owned(), "t", 0, ErrorCode::LOG_DIR_NOT_FOUND),
            (path("broken"), "t", 0, ErrorCode::KAFKA_STORAGE_ERROR),
            (path("one"), "t", 2, ErrorCode::REPLICA_NOT_AVAILABLE),
            (path("one"), "unknown", 0, ErrorCode::REPLICA_NOT_AVAILABLE),
            (path("nowhere"), &long, 0, ErrorCode::INVALID_TOPIC_EXCEPTION),
            // A move, while one directory cannot be looked into.
            (path("two"), "t", 0, ErrorCode::KAFKA_STORAGE_ERROR),
        ];
        for (path, topic, index, expected) in table {
            assert_eq!(ask(&broker, &path, topic, index), expected, "{topic}-{index} to {path}");
        }
        let answer = broker.ask(ApiKey::DescribeLogDirs, 4, &DescribeLogDirsRequest { topics: None });
        let response: DescribeLogDirsResponse<'_> = answer.decode();
        let found: Vec<_> = response
            .results
            .iter()
            .map(|dir| (dir.log_dir.to_string(), dir.error_code, dir.topics.len(), dir.total_bytes > 0))
            .collect();
        let failed = ErrorCode::KAFKA_STORAGE_ERROR.0;
        let expected =
            [(path("one"), 0, 1, true), (path("two"), 0, 1, true), (path("broken"), failed, 0, false)];
        assert_eq!(found, expected);
    }

    /// Partition, lag and whether it is a copy, of what lies in `path`.
    fn lie_in(broker: &TestBroker, path: &str) -> Vec<(i32, i64, bool)> {
        let answer = broker.ask(ApiKey::DescribeLogDirs, 4, &DescribeLogDirsRequest { topics: None });
        let response: DescribeLogDirsResponse<'_> = answer.decode();
        let found = response.results.iter().find(|dir| dir.log_dir == path).expect("a directory of log.dirs");
        let partitions = found.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|found| (found.partition_index, found.offset_lag, found.is_future_key)).collect()
    }

    fn wait_until(what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < Duration::from_secs(20), "{what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn produce(broker: &TestBroker, value: &[u8]) -> (i16, i64) {
        let mut builder = BatchBuilder::new();
        builder.push(1, None, Some(value), &[]);
        let batch = builder.build().expect("a batch");
        let partition =
            m::produce_request::PartitionProduceData { index: 0, records: Some(Records::Slice(&batch)) };
        let topic = m::produce_request::TopicProduceData {
            name: "t".into(),
            partition_data: vec![partition],
            ..Default::default()
        };
        let request =
            m::ProduceRequest { acks: -1, timeout_ms: 10_000, topic_data: vec![topic], ..Default::default() };
        let answer = broker.ask(ApiKey::Produce, 9, &request);
        let response: m::ProduceResponse<'_> = answer.decode();
        let said = &response.responses.first().and_then(|topic| topic.partition_responses.first());
        said.map(|said| (said.error_code, said.base_offset)).expect("an answer")
    }

    /// Moved with a bound that makes it last, shown meanwhile, written to all the time, turned back, moved again, and there after a restart.
    #[test]
    fn a_replica_moves_while_it_is_written_to() {
        let dirs = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dirs.path().join(name).display().to_string();
        let all = [path("one"), path("two")].join(",");
        let rate = ("replica.alter.log.dirs.io.max.bytes.per.second", "4000000");
        let broker = TestBroker::start(&[("log.dirs", &all), rate, ("log.retention.ms", "-1")]);
        broker.create_topic("t", 1);
        // Three reads, each half a second of this core's share.
        for offset in 0..25 {
            assert_eq!(produce(&broker, &[b'v'; 100_000]), (0, offset));
        }
        assert_eq!(ask(&broker, &path("two"), "t", 0), ErrorCode::NONE);
        wait_until("a copy is shown", || lie_in(&broker, &path("two")).iter().any(|found| found.2));
        let Some(&(0, lag, true)) = lie_in(&broker, &path("two")).first() else { panic!("no copy is shown") };
        assert!((1..=25).contains(&lag), "{lag}");
        assert_eq!(lie_in(&broker, &path("one")), [(0, 0, false)]);
        // Back to where it lies: the copy goes.
        assert_eq!(ask(&broker, &path("one"), "t", 0), ErrorCode::NONE);
        wait_until("the copy goes", || lie_in(&broker, &path("two")).is_empty());
        assert_eq!(ask(&broker, &path("two"), "t", 0), ErrorCode::NONE);
        assert_eq!(ask(&broker, &path("two"), "t", 0), ErrorCode::NONE, "the same again");
        let mut next = 25;
        wait_until("it moves", || lie_in(&broker, &path("two")) == [(0, 0, false)]);
        while next < 35 {
            match produce(&broker, b"v") {
                (0, offset) => {
                    assert_eq!(offset, next);
                    next += 1;
                }
                (code, _) => assert_eq!(ErrorCode(code), ErrorCode::NOT_LEADER_OR_FOLLOWER),
            }
        }
        assert_eq!(lie_in(&broker, &path("one")), []);
        wait_until("the old directory goes", || {
            let left = std::fs::read_dir(path("one")).expect("a directory");
            !left.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("t-0"))
        });
        drop(broker);
        let broker = TestBroker::start(&[("log.dirs", &all)]);
        assert_eq!(lie_in(&broker, &path("two")), [(0, 0, false)]);
        assert_eq!(produce(&broker, b"v"), (0, 35));
    }
}
