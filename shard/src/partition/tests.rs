//! Whole partitions on the real ring.

use super::*;
use crate::produce::Checked;
use crate::settings::TopicSettings;
use ottla_io::runtime::{Config, run};
use ottla_log::Resources;
use ottla_log::batch::BatchHeader;
use ottla_log::batch::testing::{Content, build};
use std::path::Path;
use tempfile::TempDir;

mod appends;
mod reads;

/// Runs `main` on one shard.
pub(crate) fn on_shard<T, F, Fut>(main: F) -> T
where
    T: Send + 'static,
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = T> + 'static,
{
    let config = Config { shards: 1, pin: false, ..Config::default() };
    let mut results = run(&config, move |_: ottla_io::ShardContext<()>| main()).unwrap();
    results.pop().unwrap()
}

/// On the file system of the build, which has direct I/O more often than /tmp.
pub(crate) fn directory() -> TempDir {
    let program = std::env::current_exe().unwrap();
    tempfile::tempdir_in(program.parent().unwrap()).unwrap()
}

pub(crate) const NOW: i64 = 1_700_000_000_000;

pub(crate) fn assignment(leader_epoch: i32) -> Assignment {
    Assignment { leader_epoch, partition_epoch: leader_epoch, replicas: vec![1], in_sync_replicas: vec![1] }
}

pub(crate) fn settings() -> TopicSettings {
    TopicSettings { topic: "topic".into(), producer_id_expiration_ms: i64::MAX, ..TopicSettings::default() }
}

pub(crate) fn spec(data: &Path) -> PartitionSpec {
    PartitionSpec {
        topic: "topic".into(),
        topic_id: Uuid([7; 16]),
        index: 3,
        data_directory: data.to_owned(),
        node_id: 1,
        assignment: assignment(0),
        settings: Rc::new(settings()),
        resources: Resources::new(ottla_log::ResourceLimits::default()),
        clean_shutdown: false,
        recovery_point: None,
        log_start_offset: None,
        high_watermark: None,
        cleaned_to: None,
    }
}

pub(crate) async fn open(data: &Path) -> Rc<Partition> {
    Partition::open(spec(data)).await.unwrap()
}

/// A checked batch of `records`, of `producer` (id, epoch, base sequence).
pub(crate) fn batch(records: i32, producer: (i64, i16, i32)) -> Checked {
    sized(records, 100, producer)
}

pub(crate) fn sized(records: i32, payload: usize, producer: (i64, i16, i32)) -> Checked {
    checked(build(&Content {
        record_count: records,
        payload: vec![b'x'; payload],
        base_timestamp: NOW,
        producer,
        ..Content::default()
    }))
}

pub(crate) fn checked(batch: Vec<u8>) -> Checked {
    let header = BatchHeader::parse(&batch).unwrap();
    Checked { batch: batch.into(), header, log_append_time: None }
}

pub(crate) const MARKER: AppendOrigin = AppendOrigin::Marker { transaction_version: 0 };

pub(crate) const NO_PRODUCER: (i64, i16, i32) = (-1, -1, -1);

pub(crate) async fn append(partition: &Rc<Partition>, checked: Checked) -> Result<i64, ErrorCode> {
    let appended = partition.append(checked, Acks::All, AppendOrigin::Client).await;
    appended.map(|result| result.base_offset).map_err(|refusal| refusal.code)
}
