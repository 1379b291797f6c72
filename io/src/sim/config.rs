//! What a world is like: how long things take, and how often they go wrong.

use rand::RngExt;
use rand::rngs::SmallRng;
use std::time::Duration;

/// How long something takes: usually between `min` and `max`, and with probability `slow` up to `slow_max`.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    pub min: Duration,
    pub max: Duration,
    pub slow: f64,
    pub slow_max: Duration,
}

impl Latency {
    pub const fn micros(min: u64, max: u64) -> Latency {
        Latency {
            min: Duration::from_micros(min),
            max: Duration::from_micros(max),
            slow: 0.0,
            slow_max: Duration::ZERO,
        }
    }

    pub const fn or_slow(self, slow: f64, slow_max: Duration) -> Latency {
        Latency { slow, slow_max, ..self }
    }

    pub(super) fn draw(&self, rng: &mut SmallRng) -> Duration {
        let max = if chance(rng, self.slow) { self.slow_max } else { self.max };
        let (min, max) = (self.min.as_nanos() as u64, max.as_nanos() as u64);
        Duration::from_nanos(if max > min { rng.random_range(min..=max) } else { min })
    }
}

/// True with the given probability. Zero takes nothing from the generator.
pub(super) fn chance(rng: &mut SmallRng, probability: f64) -> bool {
    probability > 0.0 && rng.random_bool(probability.min(1.0))
}

/// A node's disk. Errors are off by default; what a crash does to unsynced state is not an error and always on.
#[derive(Clone, Debug)]
pub struct DiskConfig {
    pub read: Latency,
    pub write: Latency,
    /// A durable write, and a sync.
    pub durable: Latency,
    /// Opens, renames, directories and the like.
    pub metadata: Latency,
    /// A read or write does a part of what was asked.
    pub short: f64,
    pub read_error: f64,
    /// EIO; an unknown part is written.
    pub write_error: f64,
    /// EIO; each unsynced write is lost or kept, and the next sync says nothing of it.
    pub sync_error: f64,
    /// Opens with O_DIRECT work. Otherwise they get EINVAL.
    pub takes_direct: bool,
    /// Alignment that direct requests need, in memory and in the file; else EINVAL.
    pub direct_align_bytes: usize,
    /// Durable writes work. Otherwise they get EOPNOTSUPP.
    pub takes_durable_writes: bool,
    /// ENOSPC beyond it.
    pub capacity_bytes: u64,
    /// EFBIG beyond it: the simulator holds files in memory.
    pub file_bytes_max: u64,
    /// At a crash, directory changes survive as a prefix, as on a file system with a journal. Otherwise any of them
    /// may be lost, as POSIX allows. `None`: one or the other by seed at each crash.
    pub ordered_directory_changes: Option<bool>,
    /// Planted lies, to show that a test would notice.
    pub lies: Lies,
}

/// Promises that the disk breaks without a word.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lies {
    /// Directories are synced in name only.
    pub sync_dir: bool,
    /// Files are synced in name only.
    pub sync: bool,
    /// Durable writes are volatile ones.
    pub durable_writes: bool,
}

impl Default for DiskConfig {
    fn default() -> DiskConfig {
        DiskConfig {
            read: Latency::micros(20, 200),
            write: Latency::micros(10, 100),
            durable: Latency::micros(80, 400).or_slow(0.01, Duration::from_millis(10)),
            metadata: Latency::micros(5, 100),
            short: 0.02,
            read_error: 0.0,
            write_error: 0.0,
            sync_error: 0.0,
            takes_direct: true,
            direct_align_bytes: crate::buffer::BLOCK_BYTES,
            takes_durable_writes: true,
            capacity_bytes: 1 << 40,
            file_bytes_max: 1 << 32,
            ordered_directory_changes: None,
            lies: Lies::default(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct NetConfig {
    /// From one node to another; within a node a tenth of it.
    pub delay: Latency,
    /// What a connection holds in one direction is drawn from this range: small ones block senders often.
    pub buffer_bytes: std::ops::RangeInclusive<usize>,
    /// A send or a receive moves a part of what it could.
    pub split: f64,
    /// A connection is reset instead of moving a packet.
    pub reset: f64,
    /// After this an unanswered connect gets ETIMEDOUT.
    pub connect_timeout: Duration,
}

impl Default for NetConfig {
    fn default() -> NetConfig {
        NetConfig {
            delay: Latency::micros(20, 300).or_slow(0.01, Duration::from_millis(20)),
            buffer_bytes: 4096..=262_144,
            split: 0.3,
            reset: 0.0,
            connect_timeout: Duration::from_secs(10),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Config {
    /// For every node that is added from now on.
    pub disk: DiskConfig,
    pub net: NetConfig,
    /// What a reactor's turn takes.
    pub turn: Latency,
    /// Milliseconds since 1970 when the world begins.
    pub unix_millis: i64,
    /// Messages that each ordered pair of a node's shards can hold; small ones block senders often.
    pub mesh_capacity: usize,
    /// A panic of any task fails the test, by a panic of whatever runs the world. Otherwise see `World::panics`.
    pub panics_surface: bool,
    /// Every step goes to standard error.
    pub trace: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            disk: DiskConfig::default(),
            net: NetConfig::default(),
            turn: Latency::micros(0, 3).or_slow(0.001, Duration::from_millis(2)),
            unix_millis: 1_700_000_000_000,
            mesh_capacity: 64,
            panics_surface: true,
            trace: std::env::var_os("OTTLA_TRACE").is_some(),
        }
    }
}
