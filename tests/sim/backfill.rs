//! Ten readers read a log from its begin while others write to its end and read there. What that costs the disk is counted, and
//! what it costs the others is measured in virtual time.

use crate::lives;
use crate::seeds::for_each_seed;
use ottla_io::sim::{Config, Latency, World};
use ottla_io::{Class, Instant, ShardContext, spawn};
use ottla_log::batch::testing::{Content, build};
use ottla_log::{AppendInfo, Log, LogConfig, Offset, Opening, ResourceLimits, Resources};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

const READERS: usize = 10;
const LOG_BYTES: u64 = 12 << 20;
/// A read of the disk takes this in these worlds, and a durable write that.
const READ: Duration = Duration::from_millis(10);
const WRITE: Duration = Duration::from_micros(200);

fn opening(read_ahead_bytes: usize) -> Opening {
    let config = LogConfig { segment_bytes: 4 << 20, ..LogConfig::default() };
    let limits =
        ResourceLimits { batch_cache_bytes: 256 << 10, read_ahead_bytes, ..ResourceLimits::default() };
    lives::opening(0, config, Resources::new(limits))
}

/// Appends one batch; all of its bytes as the log has them.
async fn append(log: &Log, payload: usize, rng: &mut SmallRng) -> Vec<u8> {
    let content = Content {
        payload: (0..payload).map(|_| rng.random()).collect(),
        base_timestamp: ottla_io::unix_millis(),
        ..Content::default()
    };
    let mut batch = build(&content);
    let info = AppendInfo { leader_epoch: 0, log_append_time: None, base_offset: None };
    let appended = log.append(&batch, &info).expect("there is room");
    log.wait_durable(log.log_end_offset()).await.expect("it is online");
    lives::patch(&mut batch, appended.base_offset, 0);
    batch
}

/// Everything below `end`, as a consumer fetches it.
async fn read_all(log: Log, end: Offset, pause: Duration) -> Vec<u8> {
    let (mut offset, mut found) = (0, Vec::new());
    while offset < end {
        let slices = log.read(offset, 1 << 20, end, true).await.expect("it can be read");
        assert!(!slices.is_empty(), "nothing at {offset}");
        slices.parts.iter().for_each(|part| found.extend_from_slice(part));
        offset = slices.next_offset;
        ottla_io::sleep(pause).await;
    }
    found
}

#[derive(Default)]
struct Seen {
    log_bytes: Cell<u64>,
    disk_bytes: Cell<u64>,
    backfill: Cell<Duration>,
    /// From an append to its durability, and of reads at the end of the log: the longest.
    slowest_append: Cell<Duration>,
    slowest_tail_read: Cell<Duration>,
    appends: Cell<u32>,
}

fn since(then: Instant) -> Duration {
    ottla_io::now().duration_since(then)
}

async fn live(seed: u64, read_ahead_bytes: usize, seen: Rc<Seen>) {
    let mut rng = SmallRng::seed_from_u64(seed ^ 0xbacf);
    let log = Log::create(opening(read_ahead_bytes)).await.expect("a log");
    let mut written = Vec::new();
    while (written.len() as u64) < LOG_BYTES {
        // One in twenty is larger than a window.
        let payload = if rng.random_bool(0.05) { 1_300_000 } else { rng.random_range(100..40_000) };
        written.extend(append(&log, payload, &mut rng).await);
    }
    let end = log.durable_end();
    seen.log_bytes.set(written.len() as u64);
    let before = ottla_io::counters::counters().bytes_read;
    let began = ottla_io::now();
    let written = Rc::new(written);
    let left = Rc::new(Cell::new(READERS));
    for _ in 0..READERS {
        let (log, written, left) = (log.clone(), written.clone(), left.clone());
        let pause = Duration::from_micros(rng.random_range(0..3000));
        spawn(Class::Foreground, async move {
            let found = read_all(log, end, pause).await;
            assert!(found == *written, "a reader has other bytes than were written");
            left.set(left.get() - 1);
        });
    }
    while left.get() > 0 {
        let began = ottla_io::now();
        let from = log.durable_end();
        append(&log, 500, &mut rng).await;
        seen.slowest_append.set(seen.slowest_append.get().max(since(began)));
        let began = ottla_io::now();
        let slices = log.read(from, 1 << 20, log.durable_end(), true).await.expect("it can be read");
        assert_eq!(slices.next_offset, log.durable_end());
        seen.slowest_tail_read.set(seen.slowest_tail_read.get().max(since(began)));
        seen.appends.set(seen.appends.get() + 1);
        ottla_io::sleep(Duration::from_millis(1)).await;
    }
    seen.backfill.set(since(began));
    seen.disk_bytes.set(ottla_io::counters::counters().bytes_read - before);
}

fn simulate(seed: u64, read_ahead_bytes: usize) -> Rc<Seen> {
    let mut config = Config::default();
    let exactly = |duration| Latency { min: duration, max: duration, slow: 0.0, slow_max: duration };
    config.disk.read = exactly(READ);
    (config.disk.durable, config.disk.write) = (exactly(WRITE), exactly(WRITE));
    config.disk.short = 0.0;
    config.turn = exactly(Duration::ZERO);
    let mut world = World::new(seed, config);
    let node = world.add_node("node");
    let seen = Rc::new(Seen::default());
    let of_life = RefCell::new(Some(seen.clone()));
    world.start(node, 1, move |_: ShardContext<()>| {
        live(seed, read_ahead_bytes, of_life.borrow_mut().take().expect("one life"))
    });
    assert!(world.run_to_end(node, Duration::from_secs(600)), "the readers do not end");
    seen
}

/// Ten readers cost the disk little more than one read of the log, and neither who writes nor who reads at its end waits for them.
#[test]
fn readers_that_catch_up_share_what_is_read_for_them() {
    for_each_seed("readers_that_catch_up_share_what_is_read_for_them", 5, |seed| {
        let seen = simulate(seed, 8 << 20);
        let (log_bytes, disk_bytes) = (seen.log_bytes.get(), seen.disk_bytes.get());
        assert!(
            disk_bytes < log_bytes + log_bytes / 4,
            "{READERS} readers of {log_bytes} bytes read {disk_bytes} from disk"
        );
        assert!(seen.appends.get() > 10, "the load goes on meanwhile: {}", seen.appends.get());
        // One write was in flight perhaps, and then its own; a segment that is full takes some more.
        assert!(seen.slowest_append.get() < 20 * WRITE, "an append waits {:?}", seen.slowest_append.get());
        let slowest = seen.slowest_tail_read.get();
        assert!(slowest < READ / 1000, "the tail is read from memory, in {slowest:?}");
        // Never more than two reads are in flight, so that writes find the disk free.
        let windows = u32::try_from(log_bytes >> 20).expect("a few");
        let floor = READ * windows / 2;
        assert!(seen.backfill.get() >= floor, "{:?} for {windows} windows of {READ:?}", seen.backfill.get());
    });
}

/// Without it each reader reads for itself: what the test above would not notice if it counted wrongly.
#[test]
fn readers_alone_read_everything_each() {
    let seen = simulate(1, 0);
    let all = seen.log_bytes.get() * READERS as u64;
    assert!(seen.disk_bytes.get() >= all, "{} of {all} bytes", seen.disk_bytes.get());
}
