//! Logs under crashes, against a model of what each was given.
//!
//! A node lives several times on one disk. In each life it opens its logs, holds what they have against the model, and
//! goes on appending, reading, truncating, deleting from the front, checkpointing; then it crashes at some op, or is
//! killed, or stops in order. What was acknowledged is there, byte for byte and in order, and nothing is there twice:
//! after recovery a log is a prefix of what was appended, no shorter than what was acknowledged.

use crate::lives::{self, DATA, End, key};
use crate::seeds::{failures, for_each_seed};
use ottla_io::local::Semaphore;
use ottla_io::runtime::stop_requested;
use ottla_io::sim::{Config, NodeId, World};
use ottla_io::{Class, ShardContext};
use ottla_log::batch::testing::{Content, build};
use ottla_log::checkpoint::offsets::{LOG_START, Offsets, RECOVERY_POINT};
use ottla_log::{Log, LogConfig, Offset, Opening, ResourceLimits, Resources, Retention, data_directory};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

const LOGS: i32 = 3;

#[derive(Clone)]
struct Batch {
    base: Offset,
    last: Offset,
    epoch: i32,
    bytes: Vec<u8>,
}

/// What one log was given, and what it said of it.
#[derive(Default)]
struct Model {
    exists: bool,
    batches: Vec<Batch>,
    end: Offset,
    /// No recovery may end below it: after a kill, and after a loss of power.
    acknowledged: Offset,
    synced: Offset,
    /// The log start lies between the two.
    start_stored: Offset,
    start: Offset,
    /// Counts truncations: what waited for an offset before one does not say anything after it.
    truncations: u64,
    epoch: i32,
    made: u64,
}

impl Model {
    fn truncate(&mut self, offset: Offset) {
        while self.batches.last().is_some_and(|batch| batch.last >= offset) {
            if let Some(batch) = self.batches.pop() {
                self.end = batch.base.min(offset);
            }
        }
        self.end = self.end.min(offset);
    }

    /// Where the log would end if it were cut at `offset`.
    fn end_when_cut(&self, offset: Offset) -> Offset {
        self.batches
            .iter()
            .find(|batch| batch.last >= offset)
            .map_or(self.end, |batch| batch.base.min(offset))
    }

    fn holder(&self, offset: Offset) -> Option<&Batch> {
        self.batches.iter().find(|batch| batch.last >= offset)
    }

    fn acknowledge(&mut self, log: &Log, offset: Offset) {
        self.acknowledged = self.acknowledged.max(offset);
        self.synced = self.synced.max(log.synced_end().min(self.end));
    }
}

/// What all lives of the node share.
struct Plan {
    seed: u64,
    life: Cell<u64>,
    models: Vec<RefCell<Model>>,
    config: LogConfig,
    limits: ResourceLimits,
    appended: Cell<u64>,
}

impl Plan {
    fn new(seed: u64) -> Plan {
        let mut rng = SmallRng::seed_from_u64(seed ^ 0x10f);
        let relaxed = rng.random_bool(0.25);
        let config = LogConfig {
            segment_bytes: rng.random_range(32..150) << 10,
            segment_ms: if rng.random_bool(0.3) { 200 } else { 1 << 40 },
            segment_index_bytes: if rng.random_bool(0.2) { 40 } else { 10 << 20 },
            index_interval_bytes: rng.random_range(1..8000),
            flush_messages: (relaxed && rng.random_bool(0.7)).then(|| rng.random_range(2..50)),
            flush_ms: (relaxed && rng.random_bool(0.5)).then(|| rng.random_range(1..100)),
            preallocate: rng.random_bool(0.2),
            file_delete_delay_ms: [0, 50, 60_000][rng.random_range(0..3)],
            ..LogConfig::default()
        };
        let limits = ResourceLimits {
            batch_cache_bytes: rng.random_range(1..20) * (64 << 10),
            read_files: rng.random_range(1..4),
            read_ahead_bytes: rng.random_range(0..4) << 20,
            index_cache_bytes: 10_000,
            idle_ms: 50,
            prepare_bytes: 1 << 20,
        };
        Plan {
            seed,
            life: Cell::new(0),
            models: (0..LOGS).map(|_| RefCell::default()).collect(),
            config,
            limits,
            appended: Cell::new(0),
        }
    }

    /// Acknowledgements that were relaxed count no more.
    fn lost_power(&self) {
        for model in &self.models {
            let mut model = model.borrow_mut();
            model.acknowledged = model.synced;
        }
    }
}

/// The checkpoints of the data directory, which one party stores at a time.
struct Checkpoints {
    recovery_points: RefCell<Offsets>,
    starts: RefCell<Offsets>,
    turn: Semaphore,
}

impl Checkpoints {
    async fn store_recovery_point(&self, partition: i32, offset: Offset) {
        let _turn = self.turn.acquire(1).await;
        self.recovery_points.borrow_mut().insert(key(partition), offset);
        let offsets = self.recovery_points.borrow().clone();
        data_directory::store_offsets(DATA.as_ref(), RECOVERY_POINT, &offsets).await.unwrap();
    }

    async fn store_start(&self, partition: i32, offset: Offset) {
        let _turn = self.turn.acquire(1).await;
        self.starts.borrow_mut().insert(key(partition), offset);
        let offsets = self.starts.borrow().clone();
        data_directory::store_offsets(DATA.as_ref(), LOG_START, &offsets).await.unwrap();
    }
}

/// One life of the node.
async fn live(plan: Rc<Plan>) {
    lives::make_data_directory().await;
    let data = DATA.as_ref();
    let was_clean = data_directory::take_clean_shutdown(data).await.unwrap().is_some();
    let checkpoints = Rc::new(Checkpoints {
        recovery_points: RefCell::new(data_directory::load_offsets(data, RECOVERY_POINT).await.unwrap()),
        starts: RefCell::new(data_directory::load_offsets(data, LOG_START).await.unwrap()),
        turn: Semaphore::new(1),
    });
    let resources = Resources::new(plan.limits.clone());
    let mut tasks = Vec::new();
    let stopping = Rc::new(Cell::new(false));
    for partition in 0..LOGS {
        let opening = Opening {
            clean_shutdown: was_clean,
            recovery_point: checkpoints.recovery_points.borrow().get(&key(partition)).copied(),
            log_start_offset: checkpoints.starts.borrow().get(&key(partition)).copied(),
            ..lives::opening(partition, plan.config.clone(), resources.clone())
        };
        let (plan, checkpoints, stopping) = (plan.clone(), checkpoints.clone(), stopping.clone());
        tasks.push(ottla_io::spawn(Class::Foreground, async move {
            let log = open(&plan, partition, opening).await;
            use_log(&plan, partition, log, &checkpoints, &stopping).await;
        }));
    }
    stop_requested().await;
    stopping.set(true);
    for task in tasks {
        task.await.unwrap();
    }
    data_directory::leave_clean_shutdown(data, 1).await.unwrap();
}

/// Opens or creates the log and holds what it has against the model.
async fn open(plan: &Plan, partition: i32, opening: Opening) -> Log {
    let model = &plan.models[partition as usize];
    let dir = opening.dir.clone();
    let is_there = ottla_io::file::metadata(&dir).await.is_ok();
    if !is_there {
        assert!(!model.borrow().exists, "the directory of log {partition} is gone");
    }
    // A create that did not end may have left anything, or nothing.
    let opened =
        if is_there { Log::open(opening).await.map(|(log, _)| log) } else { Log::create(opening).await };
    let log = opened.unwrap_or_else(|error| panic!("log {partition} does not open: {error}"));
    let (end, start) = (log.log_end_offset(), log.log_start_offset());
    {
        let mut model = model.borrow_mut();
        model.exists = true;
        let least = model.acknowledged;
        assert!(end >= least, "log {partition} ends at {end}, below the acknowledged {least}");
        assert!(end <= model.end, "log {partition} ends at {end}, beyond the appended {}", model.end);
        assert_eq!(model.end_when_cut(end), end, "log {partition} ends within a batch");
        assert!(
            (model.start_stored..=model.start).contains(&start),
            "log {partition} starts at {start}, not in {}..={}",
            model.start_stored,
            model.start
        );
        model.truncate(end);
        model.start = start;
        model.start_stored = start;
        // What is found is served, so that it must stay.
        model.acknowledged = end;
        model.synced = end;
        model.truncations += 1;
    }
    agrees(model, partition, &log).await;
    log
}

/// The log holds what the model says, from its start to its end.
async fn agrees(model: &RefCell<Model>, partition: i32, log: &Log) {
    let start = log.log_start_offset();
    let (expected, end, epochs) = {
        let model = model.borrow();
        let held: Vec<&Batch> = model.batches.iter().filter(|batch| batch.last >= start).collect();
        let bytes: Vec<u8> = held.iter().flat_map(|batch| batch.bytes.clone()).collect();
        let epochs: Vec<(Offset, i32)> =
            held.iter().map(|batch| (batch.base.max(start), batch.epoch)).collect();
        (bytes, model.end, epochs)
    };
    let found = lives::read_all(log, start, end).await;
    if found != expected {
        let same = found.iter().zip(&expected).take_while(|(a, b)| a == b).count();
        panic!(
            "log {partition} differs from what was appended, in [{start}, {end}): {} bytes for {}, {same} of them as they should be; there {:?}, expected {:?}",
            found.len(),
            expected.len(),
            batch_bases(&found),
            batch_bases(&expected),
        );
    }
    for (offset, epoch) in epochs {
        assert_eq!(
            log.epoch_for_offset(offset),
            Some(epoch),
            "epoch of offset {offset} of log {partition} from {start}: {:?}",
            log.epoch_entries()
        );
    }
}

/// Base offsets and epochs of the batches, for a person.
fn batch_bases(mut bytes: &[u8]) -> Vec<(i64, i32)> {
    let mut bases = Vec::new();
    while bytes.len() >= 16 {
        let field = |at: usize| i32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        let base = i64::from_be_bytes(bytes[..8].try_into().unwrap());
        bases.push((base, field(12)));
        let len = 12 + field(8).max(0) as usize;
        bytes = bytes.get(len..).unwrap_or_default();
    }
    bases
}

async fn use_log(
    plan: &Rc<Plan>,
    partition: i32,
    log: Log,
    checkpoints: &Checkpoints,
    stopping: &Cell<bool>,
) {
    let salt = plan.life.get() * 1000 + partition as u64;
    let mut rng = SmallRng::seed_from_u64(plan.seed ^ (salt << 32));
    let model = &plan.models[partition as usize];
    model.borrow_mut().epoch += i32::from(rng.random_bool(0.5));
    while !stopping.get() {
        match rng.random_range(0..100) {
            0..55 => {
                for _ in 0..rng.random_range(1..6) {
                    append(plan, partition, &log, &mut rng).await;
                }
                match rng.random_range(0..3) {
                    0 => acknowledge(plan.clone(), partition, log.clone()).await,
                    1 => drop(ottla_io::spawn(
                        Class::Foreground,
                        acknowledge(plan.clone(), partition, log.clone()),
                    )),
                    _ => {}
                }
            }
            55..65 => ottla_io::sleep(Duration::from_micros(rng.random_range(0..3000))).await,
            // Long enough to be idle.
            65..67 => ottla_io::sleep(Duration::from_millis(200)).await,
            67..82 => read(model, partition, &log, &mut rng).await,
            82..90 => {
                let point = log.checkpoint().await.unwrap();
                checkpoints.store_recovery_point(partition, point).await;
            }
            90..93 => truncate(model, partition, &log, checkpoints, &mut rng).await,
            93..96 => delete(model, partition, &log, checkpoints, &mut rng).await,
            96 => model.borrow_mut().epoch += 1,
            97 => retain(model, partition, &log, &mut rng).await,
            _ => ottla_io::task::yield_now().await,
        }
    }
    let end = log.close(None).await.unwrap();
    let appended = model.borrow().end;
    assert_eq!(end, appended, "a closed log {partition} has everything");
    {
        let mut model = model.borrow_mut();
        model.acknowledged = end;
        model.synced = end;
    }
    checkpoints.store_recovery_point(partition, end).await;
}

async fn append(plan: &Plan, partition: i32, log: &Log, rng: &mut SmallRng) {
    let model = &plan.models[partition as usize];
    let records = rng.random_range(1..5);
    let (epoch, number) = {
        let mut model = model.borrow_mut();
        model.made += 1;
        (model.epoch, model.made)
    };
    let len = if rng.random_bool(0.8) { rng.random_range(0..300) } else { rng.random_range(0..7000) };
    let mut payload = format!("{partition}/{number}/").into_bytes();
    payload.resize(payload.len() + len, number as u8);
    let mut bytes = build(&Content {
        record_count: records,
        payload,
        base_timestamp: ottla_io::unix_millis(),
        ..Content::default()
    });
    let appended = lives::append(log, &bytes, epoch).await;
    let appended = appended.unwrap_or_else(|error| panic!("log {partition} does not append: {error}"));
    plan.appended.set(plan.appended.get() + 1);
    let mut model = model.borrow_mut();
    assert_eq!(appended.base_offset, model.end);
    assert_eq!(appended.last_offset, model.end + i64::from(records) - 1);
    lives::patch(&mut bytes, appended.base_offset, epoch);
    model.batches.push(Batch { base: appended.base_offset, last: appended.last_offset, epoch, bytes });
    model.end = appended.last_offset + 1;
}

/// Waits until what was appended so far is acknowledged.
fn acknowledge(plan: Rc<Plan>, partition: i32, log: Log) -> impl Future<Output = ()> {
    let (end, truncations) = {
        let model = plan.models[partition as usize].borrow();
        (model.end, model.truncations)
    };
    async move {
        let result = log.wait_durable(end).await;
        let mut model = plan.models[partition as usize].borrow_mut();
        // Cut off in the meantime: nobody was told anything.
        if model.truncations == truncations {
            result.unwrap_or_else(|error| panic!("log {partition} does not become durable: {error}"));
            model.acknowledge(&log, end);
        }
    }
}

async fn read(model: &RefCell<Model>, partition: i32, log: &Log, rng: &mut SmallRng) {
    let (start, end) = (log.log_start_offset(), log.log_end_offset());
    if start == end {
        return;
    }
    let offset = rng.random_range(start..end);
    let slices = log.read(offset, rng.random_range(1..20_000), end, true).await.unwrap();
    let model = model.borrow();
    let found = slices.parts.concat();
    let expected: Vec<u8> = (model.batches.iter())
        .filter(|batch| batch.last >= offset && batch.last < slices.next_offset)
        .flat_map(|batch| batch.bytes.clone())
        .collect();
    assert!(!found.is_empty() && found == expected, "log {partition} reads something else at {offset}");
    assert_eq!(slices.first_offset, model.holder(offset).map_or(-1, |batch| batch.base));
}

async fn truncate(
    model: &RefCell<Model>,
    partition: i32,
    log: &Log,
    checkpoints: &Checkpoints,
    rng: &mut SmallRng,
) {
    let (start, end) = (log.log_start_offset(), log.log_end_offset());
    let offset = rng.random_range(start.max(end - 40)..=end);
    let new_end = {
        let mut model = model.borrow_mut();
        let new_end = model.end_when_cut(offset);
        if new_end < start {
            return;
        }
        model.truncations += 1;
        model.acknowledged = model.acknowledged.min(new_end);
        model.synced = model.synced.min(new_end);
        new_end
    };
    let stored = checkpoints.recovery_points.borrow().get(&key(partition)).copied();
    if let Some(stored) = stored.filter(|stored| *stored > new_end) {
        checkpoints.store_recovery_point(partition, stored.min(new_end)).await;
    }
    let cut_to = log.truncate_to(offset).await.unwrap();
    assert_eq!(cut_to, new_end, "log {partition} cut at {offset}");
    model.borrow_mut().truncate(offset);
}

async fn delete(
    model: &RefCell<Model>,
    partition: i32,
    log: &Log,
    checkpoints: &Checkpoints,
    rng: &mut SmallRng,
) {
    let (start, end) = (log.log_start_offset(), log.durable_end());
    let offset = rng.random_range(start..=end);
    model.borrow_mut().start = offset;
    let new_start = log.delete_records_to(offset).await.unwrap();
    assert_eq!(new_start, offset);
    checkpoints.store_start(partition, offset).await;
    model.borrow_mut().start_stored = offset;
}

/// Keeps about so many bytes as chance wants, now and then none at all, as a partition does it; nobody stores the new start.
async fn retain(model: &RefCell<Model>, partition: i32, log: &Log, rng: &mut SmallRng) {
    let before = log.log_start_offset();
    let bytes = if rng.random_bool(0.3) { 0 } else { rng.random_range(0..=log.size_bytes()) };
    let retention = Retention { ms: None, bytes: Some(bytes) };
    let to = log.expired_before(retention, log.durable_end(), 0).await.unwrap();
    if to <= before {
        return;
    }
    if to >= log.log_end_offset()
        && let Some(base_offset) = log.roll()
    {
        assert_eq!(base_offset, to);
        log.sealed(base_offset).await.unwrap();
    }
    model.borrow_mut().start = to;
    let new_start = log.delete_records_to(to).await.unwrap();
    assert_eq!(new_start, to, "log {partition}");
}

fn simulate(seed: u64, config: Config) -> Rc<Plan> {
    let mut rng = SmallRng::seed_from_u64(seed ^ 0x11fe);
    let mut world = World::new(seed, config);
    let node = world.add_node("node");
    let plan = Rc::new(Plan::new(seed));
    for life in 0..6 {
        plan.life.set(life);
        let end = End::of_chance(&mut rng, 600);
        live_and_end(&mut world, node, &plan, end);
    }
    live_and_end(&mut world, node, &plan, End::InOrder(Duration::from_millis(1)));
    plan
}

fn live_and_end(world: &mut World, node: NodeId, plan: &Rc<Plan>, end: End) {
    let plan_of_life = plan.clone();
    world.start(node, 1, move |_: ShardContext<()>| live(plan_of_life.clone()));
    end.come(world, node);
    if end.loses_power() {
        plan.lost_power();
    }
}

/// Acknowledged batches survive every crash, byte for byte, in order, once.
#[test]
fn logs_keep_what_they_acknowledge() {
    for_each_seed("logs_keep_what_they_acknowledge", 100, |seed| {
        let plan = simulate(seed, Config::default());
        assert!(plan.models.iter().all(|model| model.borrow().exists));
    });
}

/// A disk that forgets directory entries behind a sync is found out.
#[test]
fn a_directory_sync_that_lies_is_noticed() {
    let found = failures(0..30, |seed| {
        let mut config = Config::default();
        config.disk.lies.sync_dir = true;
        simulate(seed, config);
    });
    assert!(found > 0, "no seed notices that directories are never synced");
}

/// So is one whose durable writes are not.
#[test]
fn a_durable_write_that_lies_is_noticed() {
    let found = failures(0..30, |seed| {
        let mut config = Config::default();
        config.disk.lies.durable_writes = true;
        simulate(seed, config);
    });
    assert!(found > 0, "no seed notices that durable writes are volatile");
}
