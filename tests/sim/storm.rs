//! One group's storm on the core of everything else: who sends heartbeats to another group, produces or fetches waits some turns of the
//! reactor more, and not for the storm.
//!
//! A turn takes a microsecond of virtual time whatever is done in it, so that latencies here are counts: of turns, of the disk's
//! writes and of the network's ways. How much a turn may do is the coordinator's to bound, and tested there.

use crate::link::Link;
use ottla::Core;
use ottla::config::{BrokerConfig, Input};
use ottla::server::{Startup, shard_main};
use ottla_io::sim::{Config, Crash, DiskConfig, Latency, NetConfig, World};
use ottla_io::{Class, ShardContext, now, sleep, spawn};
use ottla_protocol::Records;
use ottla_protocol::messages::*;
use ottla_protocol::records::BatchBuilder;
use ottla_shard::mesh::Message;
use std::borrow::Cow;
use std::cell::Cell;
use std::io::{Error, Result};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const PORT: u16 = 9092;
const TOPIC: &str = "read";
const STORMERS: usize = 100;

/// The longest that each kind of request took, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Longest {
    heartbeat: u128,
    produce: u128,
    fetch: u128,
}

struct Shared {
    address: SocketAddr,
    storms: Cell<bool>,
    longest: Cell<Longest>,
    /// Requests of each kind, and joins of the storm that were answered.
    asked: Cell<[u64; 3]>,
    joined: Cell<u64>,
}

fn ok(code: i16) -> Result<()> {
    if code == 0 { Ok(()) } else { Err(Error::other(format!("code {code}"))) }
}

/// Joins and syncs; what the member says of itself is `round`.
async fn enter(link: &mut Link, group_id: &str, member_id: &mut String, round: u64) -> Result<i32> {
    let request = JoinGroupRequest {
        group_id: group_id.into(),
        session_timeout_ms: 60_000,
        rebalance_timeout_ms: 60_000,
        member_id: member_id.clone().into(),
        protocol_type: "test".into(),
        protocols: vec![join_group_request::JoinGroupRequestProtocol {
            name: "own".into(),
            metadata: Cow::Owned(round.to_be_bytes().to_vec()),
        }],
        ..Default::default()
    };
    let answer = link.call(3, &request).await?;
    let body = answer.read()?;
    *member_id = body.member_id.to_string();
    ok(body.error_code)?;
    let assignments = body.members.iter().map(|member| sync_group_request::SyncGroupRequestAssignment {
        member_id: Cow::Owned(member.member_id.to_string()),
        assignment: Cow::Borrowed(b"a part"),
    });
    let request = SyncGroupRequest {
        group_id: group_id.into(),
        generation_id: body.generation_id,
        member_id: member_id.clone().into(),
        assignments: assignments.collect(),
        ..Default::default()
    };
    let synced = link.call(3, &request).await?;
    ok(synced.read()?.error_code).map(|()| body.generation_id)
}

/// A member of the storm: whatever it is told, it joins again.
async fn storm(shared: Rc<Shared>) -> Result<()> {
    let mut link = Link::open(shared.address).await?;
    let mut member_id = String::new();
    for round in 0.. {
        while !shared.storms.get() {
            sleep(Duration::from_millis(1)).await;
        }
        // Another generation may be on its way already.
        let _ = enter(&mut link, "storm", &mut member_id, round).await;
        shared.joined.set(shared.joined.get() + 1);
    }
    Ok(())
}

/// Asks every kind of request in turn, and notes what they take.
async fn quiet(shared: Rc<Shared>) -> Result<()> {
    let mut link = Link::open(shared.address).await?;
    let topic = create_topics_request::CreatableTopic {
        name: TOPIC.into(),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() };
    let created = link.call(7, &request).await?;
    let topic_id = created.read()?.topics.first().map(|topic| topic.topic_id).unwrap_or_default();
    let find = FindCoordinatorRequest { key: "quiet".into(), ..Default::default() };
    while link.call(3, &find).await?.read()?.error_code != 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let mut member_id = String::new();
    let generation_id = loop {
        match enter(&mut link, "quiet", &mut member_id, 0).await {
            Ok(generation_id) => break generation_id,
            Err(_) => sleep(Duration::from_millis(1)).await,
        }
    };
    let mut batch = BatchBuilder::new();
    batch.push(0, None, Some(b"a record"), &[]);
    let batch = batch.build().map_err(Error::other)?;
    for offset in 0.. {
        let began = now();
        let request = HeartbeatRequest {
            group_id: "quiet".into(),
            generation_id,
            member_id: member_id.clone().into(),
            ..Default::default()
        };
        ok(link.call(3, &request).await?.read()?.error_code)?;
        let heartbeat = now().duration_since(began).as_micros();

        let began = now();
        let partition =
            produce_request::PartitionProduceData { index: 0, records: Some(Records::Slice(&batch)) };
        let topic = produce_request::TopicProduceData {
            topic_id,
            partition_data: vec![partition],
            ..Default::default()
        };
        let request =
            ProduceRequest { acks: -1, timeout_ms: 10_000, topic_data: vec![topic], ..Default::default() };
        let produced = link.call(13, &request).await?;
        let produced = produced.read()?;
        let partition = produced.responses.first().and_then(|topic| topic.partition_responses.first());
        ok(partition.map_or(-1, |partition| partition.error_code))?;
        let produce = now().duration_since(began).as_micros();

        let began = now();
        let partition = fetch_request::FetchPartition {
            fetch_offset: offset,
            partition_max_bytes: 1 << 20,
            ..Default::default()
        };
        let topic = fetch_request::FetchTopic { topic_id, partitions: vec![partition], ..Default::default() };
        let request = FetchRequest {
            max_bytes: 1 << 20,
            min_bytes: 1,
            max_wait_ms: 1_000,
            topics: vec![topic],
            session_epoch: -1,
            ..Default::default()
        };
        let fetched = link.call(13, &request).await?;
        let fetched = fetched.read()?;
        let partition = fetched.responses.first().and_then(|topic| topic.partitions.first());
        ok(partition.map_or(-1, |partition| partition.error_code))?;
        let fetch = now().duration_since(began).as_micros();

        let longest = shared.longest.get();
        shared.longest.set(Longest {
            heartbeat: longest.heartbeat.max(heartbeat),
            produce: longest.produce.max(produce),
            fetch: longest.fetch.max(fetch),
        });
        shared.asked.set(shared.asked.get().map(|count| count + 1));
        sleep(Duration::from_micros(500)).await;
    }
    Ok(())
}

#[test]
fn a_storm_of_one_group_holds_up_nobody_else() {
    let fixed = |us| Latency::micros(us, us);
    let mut world = World::new(
        0,
        Config {
            disk: DiskConfig {
                read: fixed(100),
                write: fixed(50),
                durable: fixed(100),
                metadata: fixed(20),
                short: 0.0,
                ..DiskConfig::default()
            },
            net: NetConfig {
                delay: fixed(30),
                buffer_bytes: 1 << 20..=1 << 20,
                split: 0.0,
                ..NetConfig::default()
            },
            turn: fixed(1),
            panics_surface: true,
            ..Config::default()
        },
    );
    let (node, clients) = (world.add_node("broker"), world.add_node("clients"));
    // One core, so that all of it is on the same.
    let settings = [
        ("log.dirs", "/var/ottla/data".to_owned()),
        ("listeners", format!("PLAINTEXT://broker:{PORT}")),
        ("ottla.shards", "1".to_owned()),
        ("offsets.topic.num.partitions", "1".to_owned()),
        ("group.initial.rebalance.delay.ms", "10".to_owned()),
    ];
    let overrides = settings.map(|(name, value)| (name.to_owned(), value));
    let input = Input { file: None, overrides: &overrides, host_name: "broker" };
    let config = BrokerConfig::load(input).expect("settings").config;
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let startup = Arc::new(Startup {
        config,
        addresses: vec![SocketAddr::from(([0, 0, 0, 0], PORT))],
        on_ready: Box::new(|_| {}),
        stop: stopped,
    });
    world.start(node, 1, move |context: ShardContext<Message<Core>>| {
        let startup = startup.clone();
        async move {
            if let Err(failure) = shard_main(context, startup).await {
                panic!("the broker ends: {failure}");
            }
        }
    });
    world.run_for(Duration::from_secs(1));
    let shared = Rc::new(Shared {
        address: SocketAddr::new(world.address(node), PORT),
        storms: Cell::new(false),
        longest: Cell::default(),
        asked: Cell::default(),
        joined: Cell::new(0),
    });
    let load = shared.clone();
    world.start(clients, 1, move |_: ShardContext<()>| {
        let shared = load.clone();
        async move {
            for _ in 0..STORMERS {
                spawn(Class::Foreground, storm(shared.clone()));
            }
            quiet(shared).await.expect("answers without errors");
        }
    });
    let wait = |world: &mut World, asked: u64| {
        let enough = world.run_until(Duration::from_secs(60), |_| shared.asked.get()[0] >= asked);
        assert!(enough, "{:?} requests of each kind", shared.asked.get());
    };
    wait(&mut world, 50);
    let calm = shared.longest.take();
    shared.storms.set(true);
    wait(&mut world, 150);
    let stormy = shared.longest.get();
    let joined = shared.joined.get();
    println!("calm {calm:?}, stormy {stormy:?}, {joined} joins");
    assert!(joined > 5 * STORMERS as u64, "{joined} joins are no storm");
    for (what, calm, stormy) in [
        ("heartbeat", calm.heartbeat, stormy.heartbeat),
        ("produce", calm.produce, stormy.produce),
        ("fetch", calm.fetch, stormy.fetch),
    ] {
        // Fewer turns than the storm has members, and no write of the disk.
        assert!(stormy <= calm + 50, "{what}: {stormy} us in the storm, {calm} before");
    }
    world.crash(clients, Crash::Process);
    world.stop(node);
    assert!(world.run_to_end(node, Duration::from_secs(60)), "the broker does not stop");
}
