//! ListOffsets (key 2), v1-11.
//!
//! v2: isolation level. v4: leader epochs (KIP-320). v7: the largest timestamp (-3, KIP-734). v8: the earliest on this
//! disk (-4, KIP-405). v9: the last in tiered storage (-5, KIP-1005), of which there is none. v10: a timeout, for tiered
//! storage only. v11: the earliest not yet uploaded (-6, KIP-1023), none either.

use super::Context;
use super::owners::{self, Asked};
use crate::core::Core;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use ottla_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use ottla_shard::{Isolation, ListedOffset, Partition};
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

/// The special timestamps, by the version that brought each.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// The replica id of clients.
const CONSUMER: i32 = -1;

/// What is asked of a partition.
#[derive(Clone, Copy, Debug)]
struct Query {
    timestamp: i64,
    current_leader_epoch: i32,
    isolation: Isolation,
}

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: ListOffsetsRequest<'_>,
) -> ListOffsetsResponse<'static> {
    let isolation = isolation(request.replica_id, request.isolation_level);
    let mut times: HashMap<(&str, i32), usize> = HashMap::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            *times.entry((&topic.name, partition.partition_index)).or_default() += 1;
        }
    }
    let image = core.image();
    let mut topics = Vec::with_capacity(request.topics.len());
    let mut asked = Vec::new();
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let index = partition.partition_index;
            let count = times.get_mut(&(&*topic.name, index));
            let query = match count.as_deref() {
                // Told once already.
                None | Some(0) => continue,
                Some(1) => query(context.version, partition.timestamp, isolation),
                Some(_) => Err(ErrorCode::INVALID_REQUEST),
            };
            if let Some(count) = count {
                *count = 0;
            }
            partitions.push(ListOffsetsPartitionResponse { partition_index: index, ..Default::default() });
            asked.push(query.and_then(|(timestamp, isolation)| {
                let topic_id = owners::find(&image, &topic.name, index)?;
                let what =
                    Query { timestamp, isolation, current_leader_epoch: partition.current_leader_epoch };
                Ok(Asked { topic_id, index, what })
            }));
        }
        if !partitions.is_empty() {
            topics.push(ListOffsetsTopicResponse { name: Cow::Owned(topic.name.to_string()), partitions });
        }
    }
    drop(image);
    let found = owners::ask(core, asked, list).await;
    let places = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    for (place, found) in places.zip(found) {
        match found {
            Ok(found) => {
                place.timestamp = found.timestamp;
                place.offset = found.offset;
                if context.version >= 4 {
                    place.leader_epoch = found.leader_epoch;
                }
            }
            Err(code) => place.error_code = code.0,
        }
    }
    ListOffsetsResponse { topics, ..ListOffsetsResponse::default() }
}

/// Up to where the requester sees. Replicas, and debuggers that pose as one, see the log end.
fn isolation(replica_id: i32, level: i8) -> Result<Isolation, ErrorCode> {
    match (replica_id, level) {
        (CONSUMER, 0) => Ok(Isolation::ReadUncommitted),
        (CONSUMER, 1) => Ok(Isolation::ReadCommitted),
        (CONSUMER, _) => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
        _ => Ok(Isolation::LogEnd),
    }
}

/// Kafka looks at the timestamp before the isolation level, and at both before the partition.
fn query(
    version: i16,
    timestamp: i64,
    isolation: Result<Isolation, ErrorCode>,
) -> Result<(i64, Isolation), ErrorCode> {
    let since = match timestamp {
        LATEST | EARLIEST | 0.. => 1,
        MAX_TIMESTAMP => 7,
        EARLIEST_LOCAL => 8,
        LATEST_TIERED => 9,
        EARLIEST_PENDING_UPLOAD => 11,
        _ => return Err(ErrorCode::UNSUPPORTED_VERSION),
    };
    if version < since {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    Ok((timestamp, isolation?))
}

async fn list(partition: Rc<Partition>, query: Query) -> Result<ListedOffset, ErrorCode> {
    partition.check_epoch(query.current_leader_epoch)?;
    match query.timestamp {
        EARLIEST_PENDING_UPLOAD => Ok(ListedOffset::NONE),
        timestamp => partition.list_offset(timestamp, query.isolation).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_special_timestamp_is_refused_below_the_version_that_brought_it() {
        let seen = Ok(Isolation::ReadUncommitted);
        for (timestamp, since) in [(0, 1), (-1, 1), (-2, 1), (-3, 7), (-4, 8), (-5, 9), (-6, 11)] {
            for version in 1..=11 {
                let expected =
                    if version >= since { Ok(timestamp) } else { Err(ErrorCode::UNSUPPORTED_VERSION) };
                assert_eq!(
                    query(version, timestamp, seen).map(|(timestamp, _)| timestamp),
                    expected,
                    "timestamp {timestamp}, version {version}"
                );
            }
        }
        for timestamp in [-7, i64::MIN] {
            assert_eq!(query(11, timestamp, seen), Err(ErrorCode::UNSUPPORTED_VERSION));
        }
    }

    #[test]
    fn an_isolation_level_that_does_not_exist_is_refused_for_clients_alone() {
        for (replica_id, level, expected) in [
            (-1, 0, Ok(Isolation::ReadUncommitted)),
            (-1, 1, Ok(Isolation::ReadCommitted)),
            (-1, 7, Err(ErrorCode::UNKNOWN_SERVER_ERROR)),
            (-1, -1, Err(ErrorCode::UNKNOWN_SERVER_ERROR)),
            (-2, 7, Ok(Isolation::LogEnd)),
            (3, 0, Ok(Isolation::LogEnd)),
        ] {
            assert_eq!(isolation(replica_id, level), expected, "replica {replica_id}, level {level}");
        }
        let refused = isolation(-1, 7);
        assert_eq!(query(1, -3, refused), Err(ErrorCode::UNSUPPORTED_VERSION));
        assert_eq!(query(7, -3, refused), Err(ErrorCode::UNKNOWN_SERVER_ERROR));
    }
}
