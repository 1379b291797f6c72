//! A broker with two data directories whose replicas are moved between them under load, by a client that asks for moves and changes its
//! mind, while the broker crashes at any op: nothing that was acknowledged is lost or doubled, no directory is left over, and at last every
//! replica lies where it was asked to.

use super::{Broker, Shared, broker_config, end_load, start_load, topics};
use crate::link::Link;
use crate::seeds::for_each_seed;
use ottla_io::sim::{Config, World};
use ottla_io::{ShardContext, sleep};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::*;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Result;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const DIRS: [&str; 2] = ["/var/ottla/one", "/var/ottla/two"];

/// Asks for one partition to lie in `DIRS[dir]`.
async fn ask(link: &mut Link, topic: &str, index: i32, dir: usize) -> Result<ErrorCode> {
    use alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
    let topics = vec![AlterReplicaLogDirTopic { name: topic.to_owned().into(), partitions: vec![index] }];
    let request =
        AlterReplicaLogDirsRequest { dirs: vec![AlterReplicaLogDir { path: DIRS[dir].into(), topics }] };
    let answer = link.call(2, &request).await?;
    let body = answer.read()?;
    let said = body.results.first().and_then(|topic| topic.partitions.first());
    Ok(ErrorCode(said.expect("one was asked for").error_code))
}

/// Where each replica lies, and where its copy does.
async fn places(link: &mut Link) -> Result<BTreeMap<(String, i32, bool), usize>> {
    let answer = link.call(4, &DescribeLogDirsRequest { topics: None }).await?;
    let body = answer.read()?;
    let mut places = BTreeMap::new();
    for (dir, path) in DIRS.iter().enumerate() {
        let found = body.results.iter().find(|result| result.log_dir == *path).expect("it is told of");
        for topic in &found.topics {
            for partition in &topic.partitions {
                let key = (topic.name.to_string(), partition.partition_index, partition.is_future_key);
                assert_eq!(places.insert(key, dir), None, "{topic:?} lies in two directories");
            }
        }
    }
    Ok(places)
}

/// Asks for moves of the load's partitions, and of the administrator's topics, until the end; then for one more of each, which it waits for.
async fn move_about(shared: Rc<Shared>, life: u64, moved: Rc<Cell<u32>>) {
    let mut rng = SmallRng::seed_from_u64(shared.seed ^ (life << 20) ^ 0x30);
    while !shared.ending.get() {
        let _ = work(&shared, &mut rng, &moved).await;
        sleep(Duration::from_millis(rng.random_range(1..30))).await;
    }
}

async fn work(shared: &Shared, rng: &mut SmallRng, moved: &Cell<u32>) -> Result<()> {
    let mut link = Link::open(shared.address).await?;
    let mut before = places(&mut link).await?;
    while !shared.ending.get() {
        sleep(Duration::from_micros(rng.random_range(0..40_000))).await;
        let now = places(&mut link).await?;
        let has_moved = |((topic, index, is_future), dir): (&(String, i32, bool), &usize)| {
            !is_future && before.get(&(topic.clone(), *index, false)).is_some_and(|other| other != dir)
        };
        let count = now.iter().filter(|place| has_moved(*place)).count();
        moved.set(moved.get() + count as u32);
        let keys: Vec<_> = now.keys().cloned().collect();
        before = now;
        if keys.is_empty() {
            continue;
        }
        let (topic, index, _) = &keys[rng.random_range(0..keys.len())];
        let said = ask(&mut link, topic, *index, rng.random_range(0..2)).await?;
        // It is deleted, being opened, or changes its log.
        assert!(said.is_none() || said == ErrorCode::REPLICA_NOT_AVAILABLE, "{topic}-{index}: {said}");
    }
    Ok(())
}

/// With no crash any more: each of the load's replicas gets where it is asked to.
async fn gather(shared: Rc<Shared>) {
    let mut link = loop {
        match Link::open(shared.address).await {
            Ok(link) => break link,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    };
    let partitions = shared.partitions.borrow().clone();
    for partition in &partitions {
        while !ask(&mut link, &partition.topic, partition.index, 1).await.expect("an answer").is_none() {
            sleep(Duration::from_millis(10)).await;
        }
    }
    loop {
        let places = places(&mut link).await.expect("an answer");
        let there = |partition: &super::model::Partition| {
            let key = |is_future| (partition.topic.clone(), partition.index, is_future);
            places.get(&key(false)) == Some(&1) && !places.contains_key(&key(true))
        };
        if partitions.iter().all(there) {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    topics::check(&shared, &mut link).await.expect("an answer");
}

/// Nothing lies in a directory but partitions, each in one of the two.
async fn nothing_is_left_over() {
    let mut seen = BTreeMap::new();
    for dir in DIRS {
        for entry in
            ottla_io::file::read_dir(dir).await.expect("it is there").into_iter().filter(|entry| entry.is_dir)
        {
            let name = entry.file_name.into_string().expect("a name");
            // A topic of the administrator's that was deleted just before a crash leaves these, and others leave none.
            let is_stray = name.ends_with("-stray") && !name.starts_with("topic-");
            assert!(!is_stray && !name.ends_with("-future"), "{name} is left over in {dir}");
            if !name.ends_with("-delete") {
                assert_eq!(seen.insert(name.clone(), dir), None, "{name} is in both");
            }
        }
    }
}

fn simulate(seed: u64, moved: &Rc<Cell<u32>>) {
    let mut rng = SmallRng::seed_from_u64(seed ^ 0x30f3);
    let mut world = World::new(seed, Config::default());
    let (node, clients) = (world.add_node("broker"), world.add_node("clients"));
    let mover = world.add_node("mover");
    let address = SocketAddr::new(world.address(node), super::PORT);
    let config = broker_config(&mut rng, &DIRS.join(","));
    let shards = rng.random_range(1..=3);
    let (stop, _) = tokio::sync::watch::channel(false);
    let broker = Broker { node, config, shards, resets: false, ready: Arc::default(), stop };
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
    let of_mover = (shared.clone(), moved.clone());
    let run = world
        .start(mover, 1, move |_: ShardContext<()>| move_about(of_mover.0.clone(), 0, of_mover.1.clone()));
    for _ in 0..rng.random_range(2..6) {
        broker.live_and_end(&mut world, &mut rng);
    }
    end_load(&mut world, &broker, clients, &shared);
    assert!(world.run_until(Duration::from_secs(60), |_| run.is_finished()), "the mover does not end");
    broker.start(&mut world);
    let of_last = shared.clone();
    let run = world.start(clients, 1, move |_: ShardContext<()>| gather(of_last.clone()));
    assert!(world.run_until(Duration::from_secs(300), |_| run.is_finished()), "a replica does not get there");
    world.stop(broker.node);
    assert!(world.run_to_end(broker.node, Duration::from_secs(60)), "the broker does not stop");
    world.start(node, 1, |_: ShardContext<()>| nothing_is_left_over());
    assert!(world.run_to_end(node, Duration::from_secs(60)), "nobody looks");
}

#[test]
fn replicas_move_between_directories() {
    let moved = Rc::new(Cell::new(0));
    for_each_seed("replicas_move_between_directories", 8, |seed| simulate(seed, &moved));
    assert!(moved.get() > 0, "no replica has moved");
}
