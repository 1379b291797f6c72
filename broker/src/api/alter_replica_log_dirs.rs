//! AlterReplicaLogDirs (key 34), v1-2: asks for a replica to lie in another data directory of this broker (KIP-113).
//!
//! v2: flexible.
//!
//! Not served: the move itself. Whatever Kafka refuses is refused with its codes, a replica that lies where it should is confirmed, and one
//! that would have to move gets UNSUPPORTED_VERSION. A partition can be moved by hand while the broker is down: the start finds it.

use super::Context;
use super::describe_log_dirs::shown;
use super::owners::{self, Asked};
use crate::core::Core;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
};
use ottla_protocol::messages::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
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
    // Kafka makes no new log while the partition may lie in a directory that it cannot see.
    let refusal = match core.offline_dirs.borrow().is_empty() {
        true => ErrorCode::UNSUPPORTED_VERSION,
        false => ErrorCode::KAFKA_STORAGE_ERROR,
    };
    let answers = owners::ask(core, asked, move |partition, dir| async move {
        if partition.log().dir().parent() == Some(&dir) { Ok(()) } else { Err(refusal) }
    });
    let places = results.iter_mut().flat_map(|topic| &mut topic.partitions);
    for (place, answer) in places.zip(answers.await) {
        place.error_code = match answer {
            Ok(()) => 0,
            Err(ErrorCode::NOT_LEADER_OR_FOLLOWER) => ErrorCode::REPLICA_NOT_AVAILABLE.0,
            Err(code) => code.0,
        };
    }
    AlterReplicaLogDirsResponse { results, ..AlterReplicaLogDirsResponse::default() }
}

/// The directory that `path` names, by its whole path, as `log.dirs` has it.
fn destination(core: &Core, topic: &str, index: i32, path: &str) -> Result<PathBuf, ErrorCode> {
    if format!("{topic}-{index}").len() + FUTURE_SUFFIX_BYTES > FILE_NAME_BYTES_MAX {
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    let found = core.config.log_dirs.iter().find(|dir| shown(dir) == path);
    let dir = found.ok_or(ErrorCode::LOG_DIR_NOT_FOUND)?;
    match core.why_offline(dir) {
        None => Ok(dir.clone()),
        Some(_) => Err(ErrorCode::KAFKA_STORAGE_ERROR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestBroker;
    use ottla_protocol::ApiKey;
    use ottla_protocol::messages::alter_replica_log_dirs_request::{
        AlterReplicaLogDir, AlterReplicaLogDirTopic,
    };
    use ottla_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};

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

    #[test]
    fn a_move_is_not_done() {
        let dirs = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dirs.path().join(name).display().to_string();
        let broker = TestBroker::start(&[("log.dirs", &[path("one"), path("two")].join(","))]);
        broker.create_topic("t", 1);
        assert_eq!(ask(&broker, &path("two"), "t", 0), ErrorCode::UNSUPPORTED_VERSION);
        assert!(dirs.path().join("one/t-0").exists());
    }
}
