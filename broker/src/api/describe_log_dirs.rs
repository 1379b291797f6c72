//! DescribeLogDirs (key 35), v1-5: what lies in each data directory (KIP-113).
//!
//! v3: a top-level error code. v4: the file system's size and free space (KIP-827). v5: cordoned directories, of which
//! there are none (KIP-1066).
//!
//! A directory whose file system does not answer has failed: KAFKA_STORAGE_ERROR and nothing else, as in Kafka. A log
//! that went offline alone is left out: nothing is known of its size.

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
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// Topic and partition; `None` stands for all there are.
type Filter = Option<BTreeSet<(String, i32)>>;

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
        core.call(shard, move |core| async move { here(&core, &filter) })
    });
    let found: Vec<Found> = join_all(calls).await.into_iter().flatten().flatten().collect();
    let dirs = core.identity().log_dirs.iter().map(|dir| describe(&dir.path, &found));
    DescribeLogDirsResponse { results: join_all(dirs).await, ..DescribeLogDirsResponse::default() }
}

fn here(core: &Core, filter: &Filter) -> Vec<Found> {
    let all = core.partitions.all().into_iter();
    let online = all.filter_map(|(_, hosted)| match hosted {
        Hosted::Online(partition) if partition.health() == Health::Online => Some(partition),
        _ => None,
    });
    let wanted = |partition: &Rc<Partition>| match filter {
        Some(named) => named.contains(&(partition.topic().to_string(), partition.index())),
        None => true,
    };
    online
        .filter(wanted)
        .map(|partition| Found {
            dir: partition.log().dir().parent().unwrap_or(Path::new("")).to_owned(),
            topic: partition.topic().clone(),
            index: partition.index(),
            size_bytes: partition.size_bytes(),
            offset_lag: (partition.high_watermark() - partition.log_end_offset()).max(0),
        })
        .collect()
}

async fn describe(dir: &Path, found: &[Found]) -> DescribeLogDirsResult<'static> {
    // Kafka names directories by their whole path.
    let whole = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let mut result = DescribeLogDirsResult {
        log_dir: Cow::Owned(whole.display().to_string()),
        ..DescribeLogDirsResult::default()
    };
    match file::space(dir).await {
        Ok((usable, total)) => {
            let count = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
            (result.usable_bytes, result.total_bytes) = (count(usable), count(total));
        }
        Err(error) => {
            tracing::warn!(dir = %dir.display(), "the space of a data directory is not known: {error}");
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
