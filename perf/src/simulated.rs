//! A whole broker in the simulator under one scenario's load.
//!
//! ```text
//! clients: topic ─▶ records to read ─▶ warm up ─▶ wait ········ counted requests
//! broker:  start   (started again for cold reads)   meter on ──▶ ·········· meter off
//! ```
//! Everything takes a fixed time and nothing goes wrong, so that a change of the figures is a change of the broker.

use crate::client::Link;
use crate::meter::{Allocated, Counted, Meter, planted};
use crate::plant::{Plant, Planter};
use crate::scenarios::{From, Scenario, Work};
use crate::traffic::{
    Fetcher, Producer, Records, check_produced, create_topic, created_topic, init_producer_id,
};
use ottla::Core;
use ottla::config::{BrokerConfig, Input};
use ottla::server::{Startup, shard_main};
use ottla_io::sim::{Config, DiskConfig, Latency, NetConfig, NodeId, World};
use ottla_io::{Class, ShardContext, sleep, spawn, unix_millis};
use ottla_protocol::{Compression, Uuid};
use ottla_shard::mesh::Message;
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const PORT: u16 = 9092;
/// Of virtual time, for anything.
const PATIENCE: Duration = Duration::from_secs(600);
/// Cold reads cross segments.
const COLD_SEGMENT_BYTES: &str = "4194304";
/// Produces under way while what is to be fetched is written.
const FILL_IN_FLIGHT: usize = 8;

/// How far the clients are.
#[derive(Default)]
struct Stage {
    /// What is to be fetched is there.
    filled: Cell<bool>,
    /// The broker's last life has begun.
    serves: Cell<bool>,
    warmed_up: Cell<u64>,
    go: Cell<bool>,
    finished: Cell<u64>,
    answered: Rc<Cell<u64>>,
}

async fn until(flag: &Cell<bool>) {
    while !flag.get() {
        sleep(Duration::from_millis(1)).await;
    }
}

/// What the scenario's requests cost a broker, over all of them, in the history that `seed` gives: in which order
/// things of one moment happen.
///
/// # Panics
/// The broker does not do what it is asked.
pub fn run(
    scenario: &'static Scenario,
    seed: u64,
    plant: Option<Plant>,
    allocated_so_far: Option<fn() -> Allocated>,
) -> Counted {
    let (meter, planter) = planted(allocated_so_far, plant);
    let stage = Rc::new(Stage::default());
    if let Some(planter) = &planter {
        planter.follow(stage.answered.clone());
    }
    let mut world = World::new(seed, world_config());
    let (node, clients) = (world.add_node("broker"), world.add_node("clients"));
    world.watch(node, meter.clone());
    let broker = Broker { node, shards: scenario.shards, planter };
    broker.start(&mut world);
    let address = SocketAddr::new(world.address(node), PORT);
    let load = stage.clone();
    world.start(clients, 1, move |_: ShardContext<()>| drive(scenario, address, load.clone()));

    wait(&mut world, "the records to fetch", |_| stage.filled.get());
    if matches!(scenario.work, Work::Fetch { from: From::Disk, .. }) {
        world.stop(node);
        wait(&mut world, "the broker's end", |world| !world.is_up(node));
        broker.start(&mut world);
    }
    stage.serves.set(true);
    wait(&mut world, "the warming up", |_| stage.warmed_up.get() == scenario.connections);
    // What the warming up left to do is done.
    world.run_for(Duration::from_millis(500));
    measure(&mut world, &meter, &stage, scenario)
}

fn measure(world: &mut World, meter: &Meter, stage: &Stage, scenario: &Scenario) -> Counted {
    meter.begin();
    stage.go.set(true);
    wait(world, "the answers", |_| stage.finished.get() == scenario.connections);
    meter.end()
}

fn wait(world: &mut World, what: &str, is_true: impl FnMut(&World) -> bool) {
    assert!(world.run_until(PATIENCE, is_true), "{what} takes too long");
}

fn world_config() -> Config {
    Config {
        disk: DiskConfig {
            read: Latency::micros(100, 100),
            write: Latency::micros(50, 50),
            durable: Latency::micros(100, 100),
            metadata: Latency::micros(20, 20),
            short: 0.0,
            ..DiskConfig::default()
        },
        net: NetConfig {
            delay: Latency::micros(30, 30),
            buffer_bytes: 1 << 20..=1 << 20,
            split: 0.0,
            ..NetConfig::default()
        },
        turn: Latency::micros(1, 1),
        mesh_capacity: 1024,
        panics_surface: true,
        ..Config::default()
    }
}

struct Broker {
    node: NodeId,
    shards: usize,
    planter: Option<Rc<Planter>>,
}

impl Broker {
    fn start(&self, world: &mut World) {
        let overrides = [
            ("log.dirs", "/var/ottla/data".to_owned()),
            ("listeners", format!("PLAINTEXT://broker:{PORT}")),
            ("ottla.shards", self.shards.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        let input = Input { file: None, overrides: &overrides, host_name: "broker" };
        let config = BrokerConfig::load(input).expect("settings").config;
        // Whose sender is gone, it is never asked to stop by this; the node is.
        let (_, stop) = tokio::sync::watch::channel(false);
        let startup = Arc::new(Startup {
            config,
            addresses: vec![SocketAddr::from(([0, 0, 0, 0], PORT))],
            on_ready: Box::new(|_| {}),
            stop,
        });
        let planter = self.planter.clone();
        world.start(self.node, self.shards, move |context: ShardContext<Message<Core>>| {
            let (startup, planter) = (startup.clone(), planter.clone());
            async move {
                if let Some(planter) = &planter {
                    planter.live_on(context.shard);
                }
                if let Err(failure) = shard_main(context, startup).await {
                    panic!("the broker ends: {failure}");
                }
            }
        });
    }
}

/// The clients' node.
async fn drive(scenario: &'static Scenario, address: SocketAddr, stage: Rc<Stage>) {
    let mut link = Link::open(address).await;
    let topic = match scenario.work {
        Work::Produce { partitions, .. } => make_topic(&mut link, partitions, &[]).await,
        Work::Fetch { records, from } => {
            let configs: &[_] =
                if from == From::Disk { &[("segment.bytes", COLD_SEGMENT_BYTES)] } else { &[] };
            let topic = make_topic(&mut link, 1, configs).await;
            let requests = scenario.warm_up + scenario.requests;
            fill(&mut link, topic, records, requests).await;
            topic
        }
        Work::Wait { partitions, .. } => make_topic(&mut link, partitions, &[]).await,
    };
    drop(link);
    stage.filled.set(true);
    until(&stage.serves).await;
    for _ in 0..scenario.connections {
        let stage = stage.clone();
        let connection = async move {
            match scenario.work {
                Work::Produce { records, partitions } => {
                    let mut link = Link::open(address).await;
                    let producer = producer(&mut link, topic, records, partitions).await;
                    produce(scenario, &stage, link, producer).await;
                }
                Work::Fetch { from, .. } => {
                    let fetcher = Fetcher::new(topic, 1, from == From::Session, 500);
                    fetch(scenario, &stage, Link::open(address).await, fetcher).await;
                }
                Work::Wait { consumers, partitions } => {
                    pass_on(scenario, &stage, address, topic, (consumers, partitions)).await;
                }
            }
            stage.finished.set(stage.finished.get() + 1);
        };
        drop(spawn(Class::Foreground, connection));
    }
    std::future::pending::<()>().await;
}

async fn make_topic(link: &mut Link, partitions: i32, configs: &[(&str, &str)]) -> Uuid {
    created_topic(&link.call(create_topic(partitions, configs)).await)
}

async fn producer(link: &mut Link, topic: Uuid, records: Records, partitions: i32) -> Producer {
    Producer::new(&link.call(init_producer_id()).await, topic, records, partitions)
}

async fn fill(link: &mut Link, topic: Uuid, records: Records, batches: u64) {
    let mut producer = producer(link, topic, records, 1).await;
    let mut under_way = 0;
    for _ in 0..batches {
        if under_way == FILL_IN_FLIGHT {
            check_produced(&link.receive().await);
            under_way -= 1;
        }
        link.send(producer.next(unix_millis())).await;
        under_way += 1;
    }
    for _ in 0..under_way {
        check_produced(&link.receive().await);
    }
}

/// Between the requests that warm up and those that count.
async fn ready(stage: &Stage) {
    stage.warmed_up.set(stage.warmed_up.get() + 1);
    until(&stage.go).await;
}

async fn produce(scenario: &Scenario, stage: &Stage, mut link: Link, mut producer: Producer) {
    for (count, is_counted) in [(scenario.warm_up, false), (scenario.requests, true)] {
        let window = scenario.in_flight.min(count);
        for sent in 0..count + window {
            if sent >= window {
                check_produced(&link.receive().await);
                answered(stage, is_counted);
            }
            if sent < count {
                link.send(producer.next(unix_millis())).await;
            }
        }
        if !is_counted {
            ready(stage).await;
        }
    }
}

async fn fetch(scenario: &Scenario, stage: &Stage, mut link: Link, mut fetcher: Fetcher) {
    for (count, is_counted) in [(scenario.warm_up, false), (scenario.requests, true)] {
        for _ in 0..count {
            let answer = link.call(fetcher.request()).await;
            fetcher.check(&answer);
            answered(stage, is_counted);
        }
        if !is_counted {
            ready(stage).await;
        }
    }
}

/// One record after the other to consumers that wait for it.
async fn pass_on(
    scenario: &Scenario,
    stage: &Stage,
    address: SocketAddr,
    topic: Uuid,
    (consumers, partitions): (u64, i32),
) {
    let records = Records { count: 1, value_bytes: 100, compression: Compression::None };
    let mut link = Link::open(address).await;
    let mut producer = producer(&mut link, topic, records, partitions).await;
    let mut waiting = Vec::new();
    for _ in 0..consumers {
        waiting.push((Link::open(address).await, Fetcher::new(topic, partitions, true, 30_000)));
    }
    // A session's first answer does not wait.
    for (count, is_counted) in [(scenario.warm_up, false), (scenario.requests, true)] {
        for _ in 0..count {
            for (link, fetcher) in &mut waiting {
                link.send(fetcher.request()).await;
            }
            // They are parked by then.
            sleep(Duration::from_millis(2)).await;
            link.send(producer.next(unix_millis())).await;
            check_produced(&link.receive().await);
            for (link, fetcher) in &mut waiting {
                fetcher.check(&link.receive().await);
            }
            answered(stage, is_counted);
        }
        if !is_counted {
            ready(stage).await;
        }
    }
}

fn answered(stage: &Stage, is_counted: bool) {
    if is_counted {
        stage.answered.set(stage.answered.get() + 1);
    }
}
