//! A disk that fills up under a log: appends are refused and nothing else, and when there is room again they go on, without a
//! restart. What was acknowledged is there all the time, and after a loss of power.

use crate::lives;
use crate::seeds::for_each_seed;
use ottla_io::ShardContext;
use ottla_io::sim::{Config, Crash, World};
use ottla_log::batch::testing::{Content, build};
use ottla_log::{AppendError, Appended, Log, LogConfig, Offset, Opening, ResourceLimits, Resources};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

const FILLINGS: u32 = 3;

/// What the log was given, and what it said.
#[derive(Default)]
struct Seen {
    /// Base offset and bytes of each batch.
    batches: RefCell<Vec<(Offset, Vec<u8>)>>,
    acknowledged: Cell<Offset>,
    fillings: Cell<u32>,
}

impl Seen {
    fn bytes_in(&self, from: Offset, to: Offset) -> Vec<u8> {
        let batches = self.batches.borrow();
        let inside = batches.iter().filter(|(base, _)| (from..to).contains(base));
        inside.flat_map(|(_, bytes)| bytes.clone()).collect()
    }
}

fn opening() -> Opening {
    let config = LogConfig { segment_bytes: 100 << 10, file_delete_delay_ms: 0, ..LogConfig::default() };
    let limits = ResourceLimits { batch_cache_bytes: 256 << 10, ..ResourceLimits::default() };
    lives::opening(0, config, Resources::new(limits))
}

/// Appends one batch of one record; false when the disk is full.
async fn append(log: &Log, seen: &Seen, rng: &mut SmallRng) -> bool {
    let content = Content {
        payload: vec![rng.random(); rng.random_range(0..6000)],
        base_timestamp: ottla_io::unix_millis(),
        ..Content::default()
    };
    let mut batch = build(&content);
    match lives::append(log, &batch, 0).await {
        Ok(Appended { base_offset, .. }) => {
            lives::patch(&mut batch, base_offset, 0);
            seen.batches.borrow_mut().push((base_offset, batch));
            true
        }
        Err(AppendError::Log(error)) if error.is_no_space() => false,
        Err(error) => panic!("{error}"),
    }
}

/// All between the log start and the durable end is what was appended.
async fn check(log: &Log, seen: &Seen) {
    let (start, end) = (log.log_start_offset(), log.durable_end());
    assert!(end >= seen.acknowledged.get(), "{end} is below what was acknowledged");
    let found = lives::read_all(log, start, end).await;
    assert!(found == seen.bytes_in(start, end), "other bytes in {start}..{end}");
}

async fn fill_and_free(log: &Log, seen: &Seen, rng: &mut SmallRng) {
    while append(log, seen, rng).await {
        if rng.random_bool(0.2) {
            ottla_io::sleep(Duration::from_micros(rng.random_range(0..2000))).await;
            seen.acknowledged.set(log.durable_end());
        }
    }
    assert!(log.is_online(), "{:?}", log.health());
    seen.acknowledged.set(log.durable_end());
    check(log, seen).await;
    ottla_io::sleep(Duration::from_millis(rng.random_range(0..1000))).await;
    // At least half of what is there goes; making room may itself need some.
    let (start, end) = (log.log_start_offset(), log.durable_end());
    let to = rng.random_range(start + (end - start) / 2..=end);
    while let Err(error) = log.delete_records_to(to).await {
        assert!(error.is_no_space(), "{error}");
        ottla_io::sleep(Duration::from_millis(100)).await;
    }
    let deadline = ottla_io::now() + Duration::from_secs(5);
    while !append(log, seen, rng).await {
        assert!(ottla_io::now() < deadline, "there is room, and nothing is appended");
        ottla_io::sleep(Duration::from_millis(10)).await;
    }
    log.wait_durable(log.log_end_offset()).await.unwrap();
    seen.acknowledged.set(log.durable_end());
    check(log, seen).await;
}

async fn live(seed: u64, seen: Rc<Seen>) {
    lives::make_data_directory().await;
    let mut rng = SmallRng::seed_from_u64(seed ^ 0xf011);
    let log = Log::create(opening()).await.unwrap();
    for _ in 0..FILLINGS {
        fill_and_free(&log, &seen, &mut rng).await;
        seen.fillings.set(seen.fillings.get() + 1);
    }
    std::future::pending::<()>().await;
}

async fn look(seen: Rc<Seen>) {
    let (log, _) = Log::open(opening()).await.unwrap();
    check(&log, &seen).await;
    seen.fillings.set(0);
}

#[test]
fn a_full_disk_holds_appends_up_and_loses_nothing() {
    for_each_seed("a_full_disk_holds_appends_up_and_loses_nothing", 20, |seed| {
        let mut config = Config::default();
        config.disk.capacity_bytes = 2 << 20;
        let mut world = World::new(seed, config);
        let node = world.add_node("node");
        let seen = Rc::new(Seen::default());
        let of_life = seen.clone();
        world.start(node, 1, move |_: ShardContext<()>| live(seed, of_life.clone()));
        for _ in 0..600 {
            world.run_for(Duration::from_secs(1));
            if seen.fillings.get() == FILLINGS {
                break;
            }
        }
        assert_eq!(seen.fillings.get(), FILLINGS, "the disk filled and was freed so often");
        world.crash(node, Crash::Power);
        let of_life = seen.clone();
        world.start(node, 1, move |_: ShardContext<()>| look(of_life.clone()));
        assert!(world.run_to_end(node, Duration::from_secs(60)), "the log does not open");
        assert_eq!(seen.fillings.get(), 0, "it was looked at");
    });
}
