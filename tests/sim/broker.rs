//! The whole broker in the simulator: a node of two shards that crashes at any op, and a node of clients that never
//! does.
//!
//! What is acknowledged, or was once fetched, is there after every crash: never lost, doubled, changed or reordered. The
//! topics are what the acknowledged requests of an administrator made them.

mod dirs;
mod model;
mod recovering;
mod topics;
mod traffic;

use crate::seeds::{failures, for_each_seed};
use model::Model;
use ottla::Core;
use ottla::config::{BrokerConfig, Input};
use ottla::server::{Startup, shard_main};
use ottla_io::sim::{Config, Crash, NodeId, World};
use ottla_io::{Class, ShardContext};
use ottla_shard::mesh::Message;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const PORT: u16 = 9092;

/// What the clients' tasks share with each other and with the test.
pub struct Shared {
    pub seed: u64,
    pub address: SocketAddr,
    pub model: RefCell<Model>,
    /// The administrator's topics.
    pub known: RefCell<BTreeMap<String, topics::Known>>,
    /// Those of the load, which stay; empty until they are made.
    pub partitions: RefCell<Vec<model::Partition>>,
    /// The load ends: everyone finishes what is under way, however long it takes.
    pub ending: Cell<bool>,
    /// Clients that have not finished.
    pub busy: Cell<usize>,
}

fn broker_config(rng: &mut SmallRng, dirs: &str) -> BrokerConfig {
    let mut overrides = vec![
        ("log.dirs".to_owned(), dirs.to_owned()),
        ("listeners".to_owned(), format!("PLAINTEXT://broker:{PORT}")),
        ("ottla.shards".to_owned(), "2".to_owned()),
    ];
    if rng.random_bool(0.5) {
        overrides.push(("log.index.interval.bytes".to_owned(), rng.random_range(1..5000).to_string()));
    }
    let input = Input { file: None, overrides: &overrides, host_name: "broker" };
    BrokerConfig::load(input).expect("settings").config
}

/// The broker's node, and how its lives begin and end.
struct Broker {
    node: NodeId,
    config: BrokerConfig,
    shards: usize,
    resets: bool,
    /// Lives that came to serve.
    ready: Arc<AtomicU32>,
    /// Never asks: the node does.
    stop: tokio::sync::watch::Sender<bool>,
}

impl Broker {
    fn start(&self, world: &mut World) {
        let ready = self.ready.clone();
        let startup = Arc::new(Startup {
            config: self.config.clone(),
            addresses: vec![SocketAddr::from(([0, 0, 0, 0], PORT))],
            on_ready: Box::new(move |_| {
                ready.fetch_add(1, Ordering::SeqCst);
            }),
            stop: self.stop.subscribe(),
        });
        world.start(self.node, self.shards, move |context: ShardContext<Message<Core>>| {
            let startup = startup.clone();
            async move {
                let shard = context.shard;
                if let Err(failure) = shard_main(context, startup).await {
                    panic!("shard {} ends: {failure}", shard.0);
                }
            }
        });
    }

    fn live_and_end(&self, world: &mut World, rng: &mut SmallRng) {
        self.start(world);
        match rng.random_range(0..10) {
            // While it starts, often; and in the middle of things.
            0..2 => world.crash_after(self.node, rng.random_range(1..120)),
            2..7 => world.crash_after(self.node, rng.random_range(1..2000)),
            kind if kind == 7 || self.resets => {
                world.run_for(Duration::from_micros(rng.random_range(1..2_000_000)));
                world.crash(self.node, Crash::Process);
            }
            _ => {
                world.run_for(Duration::from_micros(rng.random_range(1..1_000_000)));
                world.stop(self.node);
                let stopped = world.run_to_end(self.node, Duration::from_secs(60));
                assert!(stopped, "the broker does not stop when asked to");
            }
        }
        let ended = world.run_to_end(self.node, Duration::from_secs(600));
        assert!(ended, "the broker does nothing any more");
        // A moment without a broker.
        world.run_for(Duration::from_micros(rng.random_range(0..100_000)));
    }
}

fn simulate(seed: u64, config: Config) -> (u64, u64) {
    let mut rng = SmallRng::seed_from_u64(seed ^ 0xb0b);
    let mut world = World::new(seed, config);
    // A connection that loses answers and a stop in order do not go together: the snapshot that a stop leaves knows of
    // each producer its last batch alone, as Kafka's does, and a batch before it that is sent again is out of order.
    let resets = rng.random_bool(0.3);
    if resets {
        world.set_net(|net| net.reset = 0.001);
    }
    let (node, clients) = (world.add_node("broker"), world.add_node("clients"));
    let address = SocketAddr::new(world.address(node), PORT);
    let config = broker_config(&mut rng, "/var/ottla/data");
    let shards = rng.random_range(1..=3);
    let (stop, _) = tokio::sync::watch::channel(false);
    let broker = Broker { node, config, shards, resets, ready: Arc::default(), stop };
    let shared = Rc::new(Shared {
        seed,
        address,
        model: RefCell::default(),
        known: RefCell::default(),
        partitions: RefCell::default(),
        ending: Cell::new(false),
        busy: Cell::new(0),
    });
    start_load(&mut world, clients, &shared);
    for _ in 0..rng.random_range(2..6) {
        broker.live_and_end(&mut world, &mut rng);
    }
    end_load(&mut world, &broker, clients, &shared);
    let acknowledged = shared.model.borrow().acknowledged_count();
    (world.trace_hash(), acknowledged)
}

/// Producers, a consumer and an administrator, who go on until they are told to end.
fn start_load(world: &mut World, clients: NodeId, shared: &Rc<Shared>) {
    let load = shared.clone();
    world.start(clients, 1, move |_: ShardContext<()>| {
        let shared = load.clone();
        async move {
            let partitions = topics::make(&shared).await;
            shared.partitions.borrow_mut().clone_from(&partitions);
            let start = |task: std::pin::Pin<Box<dyn Future<Output = ()>>>| {
                let shared = shared.clone();
                shared.busy.set(shared.busy.get() + 1);
                ottla_io::spawn(Class::Foreground, async move {
                    task.await;
                    shared.busy.set(shared.busy.get() - 1);
                });
            };
            for number in 0..3 {
                let producer = traffic::Producer::new(&shared, number, number != 0, &partitions);
                start(Box::pin(producer.run()));
            }
            start(Box::pin(traffic::consume(shared.clone(), partitions.clone())));
            start(Box::pin(topics::administer(shared.clone())));
            std::future::pending::<()>().await;
        }
    });
}

/// A last life without a crash, in which everything is brought to its end and looked at.
fn end_load(world: &mut World, broker: &Broker, clients: NodeId, shared: &Rc<Shared>) {
    broker.start(world);
    let serves = broker.ready.load(Ordering::SeqCst) + 1;
    let ready = broker.ready.clone();
    let came_up = world.run_until(Duration::from_secs(60), |_| {
        ready.load(Ordering::SeqCst) == serves && shared.busy.get() > 0
    });
    assert!(came_up, "the broker does not come up");
    world.run_for(Duration::from_millis(200));
    shared.ending.set(true);
    let ended = world.run_until(Duration::from_secs(600), |_| shared.busy.get() == 0);
    assert!(ended, "{} clients get no answers", shared.busy.get());
    world.crash(clients, Crash::Process);
    world.set_net(|net| net.reset = 0.0);
    let check = shared.clone();
    let run = world.start(clients, 1, move |_: ShardContext<()>| traffic::check(check.clone()));
    assert!(
        world.run_until(Duration::from_secs(600), |_| run.is_finished()),
        "the last look gets no answers"
    );
    world.stop(broker.node);
    assert!(world.run_to_end(broker.node, Duration::from_secs(60)), "the broker does not stop");
}

/// Clients lose nothing that was acknowledged or fetched, whatever op the broker crashes at.
#[test]
fn the_broker_keeps_what_it_acknowledges() {
    for_each_seed("the_broker_keeps_what_it_acknowledges", 60, |seed| {
        simulate(seed, Config::default());
    });
}

/// The load is one: batches are acknowledged, in plenty.
#[test]
fn the_load_is_acknowledged() {
    let acknowledged: u64 = (0..5).map(|seed| simulate(seed, Config::default()).1).sum();
    assert!(acknowledged > 500, "{acknowledged} batches");
}

/// One seed, one history, of the whole broker: what makes a failure repeatable.
#[test]
fn the_broker_repeats_itself() {
    for seed in 0..3 {
        let first = simulate(seed, Config::default());
        assert_eq!(first, simulate(seed, Config::default()), "seed {seed}");
    }
}

/// A disk whose durable writes are not is found out from outside.
#[test]
fn a_disk_that_lies_is_noticed_by_clients() {
    let found = failures(0..15, |seed| {
        let mut config = Config::default();
        config.disk.lies.durable_writes = true;
        simulate(seed, config);
    });
    assert!(found > 0, "no seed notices that durable writes are volatile");
}
