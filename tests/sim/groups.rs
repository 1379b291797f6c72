//! Groups in the simulator: a broker that crashes at any op, members that are slow or gone, committers whose answers are lost.
//!
//! A commit that was acknowledged, or fetched once, never goes back. A partition that the members share has one owner in a
//! generation.

use crate::link::Link;
use crate::seeds::for_each_seed;
use ottla::Core;
use ottla::config::{BrokerConfig, Input};
use ottla::server::{Startup, shard_main};
use ottla_io::sim::{Config, Crash, World};
use ottla_io::{Class, ShardContext, sleep};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::*;
use ottla_shard::mesh::Message;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const PORT: u16 = 9092;
const TOPIC: &str = "read";
/// What the members of the group share.
const SHARED_PARTITIONS: u8 = 4;

struct Shared {
    address: SocketAddr,
    ending: Cell<bool>,
    busy: Cell<usize>,
    /// By generation and partition, the member that the leader gave it to and that has heard of it.
    owners: RefCell<BTreeMap<(i32, u8), String>>,
    commits: Cell<u64>,
    assignments: Cell<u64>,
}

fn failed(code: i16) -> Result<()> {
    match ErrorCode(code) {
        ErrorCode::NONE => Ok(()),
        code => Err(Error::other(code.to_string())),
    }
}

/// A connection to a broker that coordinates.
async fn open(shared: &Shared, rng: &mut SmallRng) -> Result<Link> {
    sleep(Duration::from_millis(rng.random_range(0..20))).await;
    let mut link = Link::open(shared.address).await?;
    let request = FindCoordinatorRequest { key: "any".into(), ..Default::default() };
    let found = link.call(3, &request).await?;
    failed(found.read()?.error_code)?;
    Ok(link)
}

/// Commits growing offsets of one partition to a group of its own, and looks at what the group has.
async fn commit(shared: Rc<Shared>, mut rng: SmallRng, partition_index: i32) {
    let group = format!("committer-{partition_index}");
    // The highest that was acknowledged or fetched, and that was sent.
    let (mut known, mut sent) = (-1_i64, -1_i64);
    while !shared.ending.get() || sent > known {
        let Ok(mut link) = open(&shared, &mut rng).await else { continue };
        loop {
            let fetched = fetch(&mut link, &group, partition_index).await;
            let Ok(fetched) = fetched else { break };
            assert!(fetched >= known, "{group} goes back from {known} to {fetched}");
            assert!(fetched <= sent, "{group} has {fetched}, which nobody committed after {sent}");
            known = fetched;
            if shared.ending.get() {
                // What was sent last and not acknowledged is either there or not.
                sent = known;
                break;
            }
            sent += 1;
            if send_commit(&mut link, &group, partition_index, sent).await.is_err() {
                break;
            }
            known = sent;
            shared.commits.set(shared.commits.get() + 1);
            sleep(Duration::from_micros(rng.random_range(0..3_000))).await;
        }
    }
}

async fn fetch(link: &mut Link, group: &str, partition_index: i32) -> Result<i64> {
    let topic = offset_fetch_request::OffsetFetchRequestTopic {
        name: TOPIC.into(),
        partition_indexes: vec![partition_index],
    };
    let request =
        OffsetFetchRequest { group_id: group.into(), topics: Some(vec![topic]), ..Default::default() };
    let answer = link.call(7, &request).await?;
    let body = answer.read()?;
    failed(body.error_code)?;
    let partition = body.topics.first().and_then(|topic| topic.partitions.first());
    Ok(partition.ok_or_else(|| Error::other("no partition"))?.committed_offset)
}

async fn send_commit(link: &mut Link, group: &str, partition_index: i32, offset: i64) -> Result<()> {
    let partition = offset_commit_request::OffsetCommitRequestPartition {
        partition_index,
        committed_offset: offset,
        committed_metadata: Some("".into()),
        ..Default::default()
    };
    let topic = offset_commit_request::OffsetCommitRequestTopic {
        name: TOPIC.into(),
        partitions: vec![partition],
        ..Default::default()
    };
    let request = OffsetCommitRequest { group_id: group.into(), topics: vec![topic], ..Default::default() };
    let answer = link.call(8, &request).await?;
    let body = answer.read()?;
    failed(body.topics.first().and_then(|topic| topic.partitions.first()).map_or(-1, |p| p.error_code))
}

/// A member of the group that shares partitions.
async fn take_part(shared: Rc<Shared>, mut rng: SmallRng) {
    let mut member_id = String::new();
    while !shared.ending.get() {
        let Ok(mut link) = open(&shared, &mut rng).await else { continue };
        while !shared.ending.get() {
            if rng.random_bool(0.05) {
                // Gone without a word, and back as somebody else.
                member_id.clear();
            }
            if in_generation(&shared, &mut link, &mut rng, &mut member_id).await.is_err() {
                break;
            }
        }
    }
}

/// Joins, syncs, and sends heartbeats until the generation is over; an error when the connection is.
async fn in_generation(
    shared: &Shared,
    link: &mut Link,
    rng: &mut SmallRng,
    member_id: &mut String,
) -> Result<()> {
    let protocol =
        join_group_request::JoinGroupRequestProtocol { name: "own".into(), metadata: Cow::Borrowed(b"") };
    let request = JoinGroupRequest {
        group_id: "shared".into(),
        session_timeout_ms: 300,
        rebalance_timeout_ms: 500,
        member_id: member_id.clone().into(),
        protocol_type: "test".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    let answer = link.call(5, &request).await?;
    let body = answer.read()?;
    match ErrorCode(body.error_code) {
        ErrorCode::NONE | ErrorCode::MEMBER_ID_REQUIRED => *member_id = body.member_id.to_string(),
        ErrorCode::UNKNOWN_MEMBER_ID => member_id.clear(),
        _ => {}
    }
    if body.error_code != 0 {
        sleep(Duration::from_millis(5)).await;
        return Ok(());
    }
    let generation_id = body.generation_id;
    let members: Vec<String> = body.members.iter().map(|member| member.member_id.to_string()).collect();
    if rng.random_bool(0.1) {
        // Slow enough to be thrown out, sometimes.
        sleep(Duration::from_millis(rng.random_range(0..700))).await;
    }
    let share = |place: usize| -> Vec<u8> {
        (0..SHARED_PARTITIONS).filter(|partition| usize::from(*partition) % members.len() == place).collect()
    };
    let assignments =
        members.iter().enumerate().map(|(place, member_id)| sync_group_request::SyncGroupRequestAssignment {
            member_id: member_id.clone().into(),
            assignment: Cow::Owned(share(place)),
        });
    let request = SyncGroupRequest {
        group_id: "shared".into(),
        generation_id,
        member_id: member_id.clone().into(),
        assignments: assignments.collect(),
        ..Default::default()
    };
    let answer = link.call(3, &request).await?;
    let body = answer.read()?;
    if body.error_code != 0 {
        return Ok(());
    }
    for partition in body.assignment.iter() {
        let before = shared.owners.borrow_mut().insert((generation_id, *partition), member_id.clone());
        assert!(
            before.as_ref().is_none_or(|before| before == member_id),
            "partition {partition} of generation {generation_id} belongs to {before:?} and {member_id}"
        );
        shared.assignments.set(shared.assignments.get() + 1);
    }
    loop {
        sleep(Duration::from_millis(rng.random_range(1..100))).await;
        let request = HeartbeatRequest {
            group_id: "shared".into(),
            generation_id,
            member_id: member_id.clone().into(),
            ..Default::default()
        };
        let answer = link.call(3, &request).await?;
        if answer.read()?.error_code != 0 || shared.ending.get() {
            return Ok(());
        }
        if rng.random_bool(0.02) {
            let member = leave_group_request::MemberIdentity {
                member_id: member_id.clone().into(),
                ..Default::default()
            };
            let request =
                LeaveGroupRequest { group_id: "shared".into(), members: vec![member], ..Default::default() };
            link.call(4, &request).await?.read()?;
            member_id.clear();
            return Ok(());
        }
    }
}

async fn make_topic(shared: &Shared) {
    let topic = create_topics_request::CreatableTopic {
        name: TOPIC.into(),
        num_partitions: 3,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() };
    loop {
        if let Ok(mut link) = Link::open(shared.address).await
            && let Ok(answer) = link.call(5, &request).await
            && let Ok(body) = answer.read()
            && body.topics.first().is_some_and(|topic| matches!(topic.error_code, 0 | 36))
        {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// The trace's hash, commits acknowledged, partitions assigned.
fn simulate(seed: u64) -> (u64, u64, u64) {
    let mut rng = SmallRng::seed_from_u64(seed ^ 0x9009);
    let mut world = World::new(seed, Config::default());
    if rng.random_bool(0.3) {
        world.set_net(|net| net.reset = 0.001);
    }
    let (node, clients) = (world.add_node("broker"), world.add_node("clients"));
    let settings = [
        ("log.dirs", "/var/ottla/data".to_owned()),
        ("listeners", format!("PLAINTEXT://broker:{PORT}")),
        ("ottla.shards", "2".to_owned()),
        ("offsets.topic.num.partitions", "3".to_owned()),
        ("group.initial.rebalance.delay.ms", "50".to_owned()),
        ("group.min.session.timeout.ms", "100".to_owned()),
    ];
    let overrides = settings.map(|(name, value)| (name.to_owned(), value));
    let input = Input { file: None, overrides: &overrides, host_name: "broker" };
    let config = BrokerConfig::load(input).expect("settings").config;
    let (stop, _) = tokio::sync::watch::channel(false);
    let start = |world: &mut World| {
        let startup = Arc::new(Startup {
            config: config.clone(),
            addresses: vec![SocketAddr::from(([0, 0, 0, 0], PORT))],
            on_ready: Box::new(|_| {}),
            stop: stop.subscribe(),
        });
        world.start(node, 2, move |context: ShardContext<Message<Core>>| {
            let startup = startup.clone();
            async move {
                let shard = context.shard;
                if let Err(failure) = shard_main(context, startup).await {
                    panic!("shard {} ends: {failure}", shard.0);
                }
            }
        });
    };
    let shared = Rc::new(Shared {
        address: SocketAddr::new(world.address(node), PORT),
        ending: Cell::new(false),
        busy: Cell::new(0),
        owners: RefCell::default(),
        commits: Cell::new(0),
        assignments: Cell::new(0),
    });
    let load = shared.clone();
    world.start(clients, 1, move |_: ShardContext<()>| {
        let shared = load.clone();
        async move {
            make_topic(&shared).await;
            let mut tasks: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
            for number in 0..3 {
                let rng = SmallRng::seed_from_u64(seed ^ ((number as u64) << 32));
                tasks.push(Box::pin(commit(shared.clone(), rng.clone(), number)));
                tasks.push(Box::pin(take_part(shared.clone(), rng)));
            }
            for task in tasks {
                let shared = shared.clone();
                shared.busy.set(shared.busy.get() + 1);
                ottla_io::spawn(Class::Foreground, async move {
                    task.await;
                    shared.busy.set(shared.busy.get() - 1);
                });
            }
            std::future::pending::<()>().await;
        }
    });
    for _ in 0..rng.random_range(2..5) {
        start(&mut world);
        if rng.random_bool(0.7) {
            world.crash_after(node, rng.random_range(100..4000));
            assert!(world.run_to_end(node, Duration::from_secs(600)), "the broker does nothing any more");
        } else {
            world.run_for(Duration::from_micros(rng.random_range(1..3_000_000)));
            world.stop(node);
            assert!(
                world.run_to_end(node, Duration::from_secs(60)),
                "the broker does not stop when asked to"
            );
        }
        world.run_for(Duration::from_micros(rng.random_range(0..100_000)));
    }
    start(&mut world);
    world.run_for(Duration::from_secs(2));
    shared.ending.set(true);
    let ended = world.run_until(Duration::from_secs(120), |_| shared.busy.get() == 0);
    assert!(ended, "{} clients get no answers", shared.busy.get());
    world.crash(clients, Crash::Process);
    world.stop(node);
    assert!(world.run_to_end(node, Duration::from_secs(60)), "the broker does not stop");
    (world.trace_hash(), shared.commits.get(), shared.assignments.get())
}

#[test]
fn groups_keep_what_they_acknowledge() {
    for_each_seed("groups_keep_what_they_acknowledge", 20, |seed| {
        simulate(seed);
    });
}

/// The load is one, and a seed has one history.
#[test]
fn groups_commit_and_share_and_repeat_themselves() {
    let (mut commits, mut assignments) = (0, 0);
    for seed in 0..3 {
        let first = simulate(seed);
        assert_eq!(first, simulate(seed), "seed {seed}");
        commits += first.1;
        assignments += first.2;
    }
    assert!(commits > 300, "{commits} commits");
    assert!(assignments > 20, "{assignments} assignments");
}
