//! What the scenarios of a log share: a node that lives several times on one disk, the log that each of its lives opens, and how a
//! life ends.

use ottla_io::sim::{Crash, NodeId, World};
use ottla_log::checkpoint::offsets::Offsets;
use ottla_log::{
    AppendError, AppendInfo, Appended, Log, LogConfig, Offset, Opening, Resources, data_directory,
};
use ottla_protocol::Uuid;
use rand::RngExt;
use rand::rngs::SmallRng;
use std::rc::Rc;
use std::time::Duration;

pub const DATA: &str = "/data";
pub const TOPIC: &str = "topic";
pub const TOPIC_ID: Uuid = Uuid([7; 16]);

/// Makes the data directory, durably.
pub async fn make_data_directory() {
    ottla_io::file::create_dir_all(DATA).await.unwrap();
    ottla_io::file::sync_dir("/").await.unwrap();
}

/// A partition's line in the checkpoints.
pub fn key(partition: i32) -> (String, i32) {
    (TOPIC.to_owned(), partition)
}

/// What the checkpoint `name` says of partition 0.
pub async fn stored(name: &str) -> Option<Offset> {
    data_directory::load_offsets(DATA.as_ref(), name).await.unwrap().get(&key(0)).copied()
}

/// Has the checkpoint `name` say this of partition 0, which is alone.
pub async fn store(name: &str, offset: Offset) {
    let offsets = Offsets::from([(key(0), offset)]);
    data_directory::store_offsets(DATA.as_ref(), name, &offsets).await.unwrap();
}

/// A log after a crash of which no checkpoint says anything.
pub fn opening(partition: i32, config: LogConfig, resources: Rc<Resources>) -> Opening {
    Opening {
        dir: format!("{DATA}/{TOPIC}-{partition}").into(),
        topic_id: uuid::Uuid::from_bytes(TOPIC_ID.0),
        config: Rc::new(config),
        resources,
        clean_shutdown: false,
        recovery_point: None,
        log_start_offset: None,
        cleaned_to: None,
    }
}

/// Appends one batch, when there is room in memory for it.
pub async fn append(log: &Log, batch: &[u8], leader_epoch: i32) -> Result<Appended, AppendError> {
    let info = AppendInfo { leader_epoch, log_append_time: None, base_offset: None };
    loop {
        match log.append(batch, &info) {
            Err(AppendError::Full) => log.room().await,
            ended => return ended,
        }
    }
}

/// A batch as its log has it; neither of the two is in the checksum.
pub fn patch(batch: &mut [u8], base_offset: Offset, leader_epoch: i32) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[12..16].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// The batches that hold `[from, to)`.
pub async fn read_all(log: &Log, from: Offset, to: Offset) -> Vec<u8> {
    let (mut offset, mut found) = (from, Vec::new());
    while offset < to {
        let slices = log.read(offset, 30_000, to, true).await.unwrap();
        assert!(!slices.is_empty(), "nothing at {offset}, below {to}, in {}", log.dir().display());
        slices.parts.iter().for_each(|part| found.extend_from_slice(part));
        offset = slices.next_offset;
    }
    found
}

/// How a life ends.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// Without power, when it has submitted so many ops.
    AtOp(u64),
    After(Duration, Crash),
    /// It is asked to stop.
    InOrder(Duration),
}

impl End {
    /// Mostly at one of the first `ops_max` ops.
    pub fn of_chance(rng: &mut SmallRng, ops_max: u64) -> End {
        let time = Duration::from_micros(rng.random_range(1_000..400_000));
        match rng.random_range(0..10) {
            0..6 => End::AtOp(rng.random_range(1..ops_max)),
            6 => End::After(time, Crash::Power),
            7 => End::After(time, Crash::Process),
            _ => End::InOrder(time),
        }
    }

    pub fn loses_power(self) -> bool {
        matches!(self, End::AtOp(_) | End::After(_, Crash::Power))
    }

    /// Has the node live until this ends it.
    pub fn come(self, world: &mut World, node: NodeId) {
        match self {
            End::AtOp(ops) => {
                world.crash_after(node, ops);
                assert!(world.run_to_end(node, Duration::from_secs(3600)), "{ops} more ops never come");
            }
            End::After(time, crash) => {
                world.run_for(time);
                world.crash(node, crash);
            }
            End::InOrder(time) => {
                world.run_for(time);
                world.stop(node);
                assert!(world.run_to_end(node, Duration::from_secs(60)), "it does not stop");
            }
        }
    }
}
