//! DescribeLogDirs (key 35), v1-5: what lies in each data directory (KIP-113).
//!
//! v3: a top-level error code. v4: the file system's size and free space (KIP-827). v5: cordoned directories, of which
//! there are none (KIP-1066).
//!
//! A directory that failed, or whose file system does not answer: KAFKA_STORAGE_ERROR and nothing else, as in Kafka. A log
//! that is offline alone, which Kafka does not know, is shown with the size of its files and a lag of -1.

use super::Context;
use crate::core::Core;
use futures_util::future::join_all;
use ottla_io::file;
use ottla_log::Health;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use ottla_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};
use ottla_shard::{Hosted, Partition};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// Topic and partition; `None` stands for all there are.
type Filter = Option<BTreeSet<(String, i32)>>;

/// Kafka's for a lag that is not known.
const UNKNOWN_LAG: i64 = -1;

/// One partition as its core sees it.
struct Found {
    dir: PathBuf,
    topic: Arc<str>,
    index: i32,
    size_bytes: u64,
    offset_lag: i64,
}

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: DescribeLogDirsRequest<'_>,
) -> DescribeLogDirsResponse<'static> {
    let filter: Filter = request.topics.map(|topics| {
        let named =
            topics.iter().flat_map(|topic| topic.partitions.iter().map(|index| (&topic.topic, *index)));
        named.map(|(topic, index)| (topic.to_string(), index)).collect()
    });
    let filter = Arc::new(filter);
    let calls = core.mesh.shards().map(|shard| {
        let filter = filter.clone();
        core.call(shard, move |core| async move { here(&core, &filter).await })
    });
    let found: Vec<Found> = join_all(calls).await.into_iter().flatten().flatten().collect();
    let dirs = core.config.log_dirs.iter().map(|dir| describe(core, dir, &found));
    DescribeLogDirsResponse { results: join_all(dirs).await, ..DescribeLogDirsResponse::default() }
}

async fn here(core: &Core, filter: &Filter) -> Vec<Found> {
    let image = core.image();
    let mut found = Vec::new();
    for ((topic_id, index), hosted) in core.partitions.all() {
        let Some(topic) = image.topic(topic_id) else { continue };
        if filter.as_ref().is_some_and(|named| !named.contains(&(topic.name.to_string(), index))) {
            continue;
        }
        match hosted {
            Hosted::Online(partition) => found.push(Found {
                dir: partition.log().dir().parent().unwrap_or(Path::new("")).to_owned(),
                topic: topic.name.clone(),
                index,
                size_bytes: partition.size_bytes(),
                offset_lag: lag(&partition),
            }),
            // Not opened, or not yet.
            Hosted::Offline(_) | Hosted::Opening => {
                let assigned = topic.partition(index).and_then(|state| state.directory_of(core.node_id()));
                let Some(Ok(dir)) = assigned.map(|id| core.dir_of(id)) else { continue };
                let size = size_of_segments(&dir.path.join(format!("{}-{index}", topic.name))).await;
                found.push(Found {
                    dir: dir.path,
                    topic: topic.name.clone(),
                    index,
                    // What cannot be looked at is no part of the answer's other partitions.
                    size_bytes: size.unwrap_or(0),
                    offset_lag: UNKNOWN_LAG,
                });
            }
        }
    }
    found
}

fn lag(partition: &Partition) -> i64 {
    match partition.health() {
        Health::Online => (partition.high_watermark() - partition.log_end_offset()).max(0),
        Health::Offline(_) => UNKNOWN_LAG,
    }
}

async fn size_of_segments(dir: &Path) -> io::Result<u64> {
    let mut bytes: u64 = 0;
    for entry in file::read_dir(dir).await? {
        if entry.path.extension().is_some_and(|extension| extension == "log") {
            bytes = bytes.saturating_add(file::metadata(&entry.path).await?.len);
        }
    }
    Ok(bytes)
}

async fn describe(core: &Core, dir: &Path, found: &[Found]) -> DescribeLogDirsResult<'static> {
    let mut result =
        DescribeLogDirsResult { log_dir: Cow::Owned(shown(dir)), ..DescribeLogDirsResult::default() };
    let space = match core.why_offline(dir) {
        None => file::space(dir).await,
        Some(reason) => Err(io::Error::other(reason)),
    };
    match space {
        Ok((usable, total)) => {
            let count = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
            (result.usable_bytes, result.total_bytes) = (count(usable), count(total));
        }
        Err(error) => {
            tracing::warn!(dir = %dir.display(), "a data directory cannot be described: {error}");
            result.error_code = ErrorCode::KAFKA_STORAGE_ERROR.0;
            return result;
        }
    }
    let mut topics: BTreeMap<&str, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    for found in found.iter().filter(|found| found.dir == dir) {
        topics.entry(&found.topic).or_default().push(DescribeLogDirsPartition {
            partition_index: found.index,
            partition_size: i64::try_from(found.size_bytes).unwrap_or(i64::MAX),
            offset_lag: found.offset_lag,
            is_future_key: false,
        });
    }
    result.topics = topics
        .into_iter()
        .map(|(name, mut partitions)| {
            partitions.sort_by_key(|partition| partition.partition_index);
            DescribeLogDirsTopic { name: Cow::Owned(name.to_owned()), partitions }
        })
        .collect();
    result
}

/// Kafka names directories by their whole path.
pub(super) fn shown(dir: &Path) -> String {
    std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()).display().to_string()
}
