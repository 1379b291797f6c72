//! A compacted log under crashes at any op, against a model of the records that it was given.
//!
//! A node lives several times on one disk. In each life it opens its log, holds what it has against the model, and appends keyed
//! batches, rolls, compacts and stores how far, as the broker does; then it crashes at some op. What was acknowledged is there at its
//! offset and in order, unless a later record of its key is acknowledged too; beyond what was ever compacted nothing is missing; and
//! nothing is there that was never appended.

use crate::lives::{self, End, store, stored};
use crate::seeds::{failures, for_each_seed};
use ottla_io::sim::{Config, Crash, World};
use ottla_io::{Class, ShardContext};
use ottla_log::checkpoint::offsets::{CLEANER, RECOVERY_POINT};
use ottla_log::compact::{Compaction, Lags, Pace};
use ottla_log::{Log, LogConfig, Offset, Opening, ResourceLimits, Resources};
use ottla_protocol::compression::Compression;
use ottla_protocol::records::{BatchBuilder, EXPANDED_BYTES_MAX, RecordsReader, batches};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

const KEYS: u8 = 9;

/// Key and value.
type Entry = (Vec<u8>, Option<Vec<u8>>);

#[derive(Default)]
struct Model {
    appended: BTreeMap<Offset, Entry>,
    end: Offset,
    acknowledged: Offset,
    /// A pass may have reached so far.
    compacted: Offset,
}

struct Plan {
    seed: u64,
    life: Cell<u64>,
    model: RefCell<Model>,
    config: LogConfig,
    passes: Cell<u32>,
}

impl Plan {
    fn new(seed: u64) -> Plan {
        let mut rng = SmallRng::seed_from_u64(seed ^ 0xc1ea);
        let config = LogConfig {
            segment_bytes: rng.random_range(2..20) << 10,
            index_interval_bytes: rng.random_range(1..4000),
            file_delete_delay_ms: [0, 20, 60_000][rng.random_range(0..3)],
            compact: true,
            ..LogConfig::default()
        };
        let (life, model, passes) = (Cell::new(0), RefCell::default(), Cell::new(0));
        Plan { seed, life, model, config, passes }
    }
}

async fn live(plan: Rc<Plan>) {
    lives::make_data_directory().await;
    let limits = ResourceLimits { batch_cache_bytes: 64 << 10, ..ResourceLimits::default() };
    let opening = Opening {
        recovery_point: stored(RECOVERY_POINT).await,
        cleaned_to: stored(CLEANER).await,
        ..lives::opening(0, plan.config.clone(), Resources::new(limits))
    };
    let log = Log::create(opening).await.unwrap_or_else(|error| panic!("the log does not open: {error}"));
    {
        let (mut model, end) = (plan.model.borrow_mut(), log.log_end_offset());
        assert!((model.acknowledged..=model.end).contains(&end), "it ends at {end}");
        model.appended.split_off(&end);
        (model.end, model.acknowledged) = (end, end);
    }
    agrees(&plan, &log).await;
    let mut rng = SmallRng::seed_from_u64(plan.seed ^ (plan.life.get() << 40));
    let reader = (plan.clone(), log.clone());
    drop(ottla_io::spawn(Class::Foreground, async move {
        loop {
            agrees(&reader.0, &reader.1).await;
            ottla_io::sleep(Duration::from_micros(300)).await;
        }
    }));
    loop {
        match rng.random_range(0..10) {
            0..6 => {
                for _ in 0..rng.random_range(1..8) {
                    append(&plan, &log, &mut rng).await;
                }
                let end = log.log_end_offset();
                log.wait_durable(end).await.unwrap();
                plan.model.borrow_mut().acknowledged = end;
            }
            6 => {
                let point = log.checkpoint().await.unwrap();
                store(RECOVERY_POINT, point).await;
            }
            7 => drop(log.roll()),
            _ => compact(&plan, &log, &mut rng).await,
        }
    }
}

async fn append(plan: &Plan, log: &Log, rng: &mut SmallRng) {
    let codec = Compression::ALL[rng.random_range(0..Compression::ALL.len())];
    let mut builder = BatchBuilder::new().compression(codec, None);
    let mut entries = Vec::new();
    for _ in 0..rng.random_range(1..6) {
        let key = vec![rng.random_range(0..KEYS)];
        let value = rng.random_bool(0.9).then(|| {
            let mut value = vec![0; rng.random_range(0..200)];
            rng.fill(&mut value[..]);
            value
        });
        builder.push(ottla_io::unix_millis(), Some(&key), value.as_deref(), &[]);
        entries.push((key, value));
    }
    let batch = builder.build().unwrap();
    let appended = lives::append(log, &batch, 0).await;
    let appended = appended.unwrap_or_else(|error| panic!("it does not append: {error}"));
    let mut model = plan.model.borrow_mut();
    model.appended.extend((appended.base_offset..).zip(entries));
    model.end = appended.last_offset + 1;
}

async fn compact(plan: &Plan, log: &Log, rng: &mut SmallRng) {
    let (lags, now_ms) = (Lags { min_ms: 0, max_ms: i64::MAX }, ottla_io::unix_millis());
    let Some(dirt) = log.dirt(log.durable_end(), lags, now_ms).await.unwrap() else { return };
    {
        let mut model = plan.model.borrow_mut();
        model.compacted = model.compacted.max(dirt.upper);
    }
    let compaction = Compaction {
        dirt,
        last_batch: &|_| None,
        now_ms,
        // Tombstones stay, so that the model need not know when they go.
        delete_retention_ms: 1 << 40,
        // Now and then for a few keys only.
        map_bytes_max: if rng.random_bool(0.2) { 0 } else { 1 << 20 },
        map_load_factor: 0.9,
        buffer_bytes: 64 << 10,
        pace: &Pace::default(),
        goes_on: &|| true,
    };
    if let Some(done) = log.compact(&compaction).await.unwrap() {
        plan.passes.set(plan.passes.get() + 1);
        store(CLEANER, done.end).await;
    }
}

/// What is in the log is as the model says. Appends and passes may go on meanwhile.
async fn agrees(plan: &Plan, log: &Log) {
    let end = plan.model.borrow().acknowledged;
    let (mut found, mut offset) = (BTreeMap::new(), log.log_start_offset());
    while offset < end {
        let slices = log.read(offset, 4000, end, true).await.unwrap();
        assert!(!slices.is_empty(), "nothing at {offset}, below {end}");
        let bytes = slices.parts.concat();
        for batch in batches(&bytes) {
            let (header, batch) = batch.unwrap();
            let mut reader = RecordsReader::new(&header, batch, EXPANDED_BYTES_MAX).unwrap();
            while let Some(record) = reader.next().unwrap() {
                let at = header.base_offset + i64::from(record.offset_delta);
                let entry = (record.key.unwrap().to_vec(), record.value.map(<[u8]>::to_vec));
                assert!(
                    at < offset || found.last_key_value().is_none_or(|(last, _)| *last < at),
                    "{at} again"
                );
                found.insert(at, entry);
            }
        }
        offset = slices.next_offset;
    }
    let model = plan.model.borrow();
    for (at, entry) in &found {
        assert_eq!(model.appended.get(at), Some(entry), "at {at} lies what was never appended there");
    }
    let mut latest: HashMap<&[u8], Offset> = HashMap::new();
    for (at, (key, _)) in model.appended.range(..model.compacted) {
        latest.insert(key, *at);
    }
    for (at, (key, _)) in model.appended.range(log.log_start_offset()..end) {
        let must_stay = *at >= model.compacted || latest.get(&key[..]) == Some(at);
        assert!(!must_stay || found.contains_key(at), "the record at {at} is gone");
    }
}

fn simulate(seed: u64, config: Config) -> Rc<Plan> {
    let mut rng = SmallRng::seed_from_u64(seed ^ 0x5ea1);
    let mut world = World::new(seed, config);
    let node = world.add_node("node");
    let plan = Rc::new(Plan::new(seed));
    for life in 0..6 {
        plan.life.set(life);
        let plan = plan.clone();
        world.start(node, 1, move |_: ShardContext<()>| live(plan.clone()));
        let end = match rng.random_range(0..5) {
            0 => End::After(Duration::from_micros(rng.random_range(1000..60_000)), Crash::Power),
            1 => End::After(Duration::from_micros(rng.random_range(1000..60_000)), Crash::Process),
            _ => End::AtOp(rng.random_range(1..1500)),
        };
        end.come(&mut world, node);
    }
    plan
}

/// The last value of each key survives every crash at any op, at its offset; so does all that no pass has reached.
#[test]
fn compaction_keeps_the_last_value_of_each_key() {
    let passes = Cell::new(0);
    for_each_seed("compaction_keeps_the_last_value_of_each_key", 40, |seed| {
        let plan = simulate(seed, Config::default());
        passes.set(passes.get() + plan.passes.get());
    });
    assert!(passes.get() > 0, "no pass came to its end");
}

/// Renames that no flush of a directory orders are found out.
#[test]
fn a_swap_on_a_disk_that_forgets_directories_is_noticed() {
    let found = failures(0..30, |seed| {
        let mut config = Config::default();
        config.disk.lies.sync_dir = true;
        simulate(seed, config);
    });
    assert!(found > 0, "no seed notices that directories are never synced");
}
