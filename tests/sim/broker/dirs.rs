//! A broker with two data directories, one of whose disks fails under load: the partitions there go offline and say so, those in
//! the other are served on, and when the disk is sound again at the next start, all that was acknowledged is there.

use super::model::Partition;
use super::{Broker, Shared, broker_config, end_load, start_load, traffic};
use crate::link::Link;
use crate::seeds::for_each_seed;
use ottla_io::sim::{Config, Crash, Effect, Fault, NodeId, Operation, World};
use ottla_io::{ShardContext, sleep};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::*;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const SOUND: &str = "/var/ottla/sound";
const FAILING: &str = "/var/ottla/failing";
/// A write that fails is told long before so many looks, a second each.
const UNTOUCHED_ROUNDS: u32 = 100;
/// EIO, on Linux.
const EIO: i32 = 5;

/// Topic and index of what lies in `dir`; `Err` is what the broker says of the whole directory.
async fn partitions_in(
    link: &mut Link,
    dir: &str,
) -> std::io::Result<Result<BTreeSet<(String, i32)>, ErrorCode>> {
    let answer = link.call(4, &DescribeLogDirsRequest { topics: None }).await?;
    let body = answer.read()?;
    let Some(found) = body.results.iter().find(|result| result.log_dir == dir) else {
        panic!("{dir} is not told of")
    };
    if found.error_code != 0 {
        assert_eq!(
            (found.total_bytes, found.topics.len()),
            (-1, 0),
            "nothing is known of a failed directory"
        );
        return Ok(Err(ErrorCode(found.error_code)));
    }
    assert!(found.total_bytes > 0 && found.usable_bytes > 0, "{found:?}");
    let all = found.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| (topic.name.to_string(), partition.partition_index))
    });
    Ok(Ok(all.collect()))
}

/// The leader and the offline replicas of a partition, by the metadata.
async fn leader_of(link: &mut Link, partition: &Partition) -> std::io::Result<(i32, Vec<i32>)> {
    use metadata_request::MetadataRequestTopic;
    let topic = MetadataRequestTopic { name: Some(partition.topic.as_str().into()), ..Default::default() };
    let answer = link.call(12, &MetadataRequest { topics: Some(vec![topic]), ..Default::default() }).await?;
    let body = answer.read()?;
    let partitions = body.topics.first().map(|topic| topic.partitions.as_slice()).unwrap_or_default();
    let found = partitions.iter().find(|found| found.partition_index == partition.index);
    Ok(found.map(|found| (found.leader_id, found.offline_replicas.clone())).unwrap_or_default())
}

/// Writes everywhere until the directory is told to have failed, then looks at what each partition says.
async fn look(shared: Rc<Shared>, stream: u32) {
    let mut link = Link::open(shared.address).await.expect("the broker serves");
    let partitions = shared.partitions.borrow().clone();
    let mut number = 0;
    let mut untouched = 0;
    loop {
        let mut refused = BTreeSet::new();
        for partition in &partitions {
            number += 1;
            let said = traffic::put(&shared, &mut link, partition, stream, number).await.expect("an answer");
            assert!(said.is_none() || said == ErrorCode::KAFKA_STORAGE_ERROR, "{partition:?}: {said}");
            if !said.is_none() {
                refused.insert((partition.topic.clone(), partition.index));
            }
        }
        match partitions_in(&mut link, FAILING).await.expect("an answer") {
            Ok(there) => {
                // When each of its logs could not be read at its opening, and went offline alone, nothing is written there any more that
                // could fail. The others serve on.
                let is_there =
                    |partition: &&Partition| there.contains(&(partition.topic.clone(), partition.index));
                let here = partitions.iter().filter(is_there).count();
                let all_refuse = here > 0 && refused.len() == here && refused.is_subset(&there);
                untouched = if all_refuse { untouched + 1 } else { 0 };
                if untouched > UNTOUCHED_ROUNDS {
                    return;
                }
                sleep(Duration::from_secs(1)).await;
            }
            Err(ErrorCode::KAFKA_STORAGE_ERROR) => break,
            Err(other) => panic!("{other}"),
        }
    }
    // The controller is told at the same time.
    sleep(Duration::from_secs(1)).await;
    let sound = partitions_in(&mut link, SOUND).await.expect("an answer").expect("the other is sound");
    let (mut on, mut off) = (0, 0);
    for partition in &partitions {
        number += 1;
        let said = traffic::put(&shared, &mut link, partition, stream, number).await.expect("an answer");
        let (leader, offline) = leader_of(&mut link, partition).await.expect("an answer");
        if sound.contains(&(partition.topic.clone(), partition.index)) {
            assert_eq!(
                (said, leader, offline.as_slice()),
                (ErrorCode::NONE, 1, [].as_slice()),
                "{partition:?}"
            );
            on += 1;
        } else {
            let expected = (ErrorCode::KAFKA_STORAGE_ERROR, -1, [1].as_slice());
            assert_eq!((said, leader, offline.as_slice()), expected, "{partition:?}");
            off += 1;
        }
    }
    assert!(on > 0 && off > 0, "{on} partitions are online, {off} offline: both directories had some");
}

/// A life in which the disk of one directory fails.
fn live_with_a_failing_disk(
    world: &mut World,
    broker: &Broker,
    looker: NodeId,
    shared: &Rc<Shared>,
    rng: &mut SmallRng,
    life: u32,
) {
    broker.start(world);
    // A start in which the disk is failing already is one of the cases.
    if life == 0 || rng.random_bool(0.7) {
        let came_up = world.run_until(Duration::from_secs(60), |_| shared.busy.get() > 0);
        assert!(came_up, "the broker does not come up");
        world.run_for(Duration::from_micros(rng.random_range(1..500_000)));
    }
    for (operation, path) in
        [(Operation::Write, "/failing/"), (Operation::Sync, "/failing/"), (Operation::Open, "/failing/")]
    {
        if rng.random_bool(0.6) {
            world.add_fault(broker.node, Fault::always(operation, path, Effect::Fail(EIO)));
        }
    }
    // So that each life has one at least.
    world.add_fault(broker.node, Fault::always(Operation::Write, "/failing/", Effect::Fail(EIO)));
    let came_up = world.run_until(Duration::from_secs(60), |_| shared.busy.get() > 0);
    assert!(came_up, "the broker does not come up with one directory");
    world.run_for(Duration::from_millis(200));
    let of_life = shared.clone();
    let run = world.start(looker, 1, move |_: ShardContext<()>| look(of_life.clone(), 100 + life));
    assert!(world.run_until(Duration::from_secs(300), |_| run.is_finished()), "it is not looked at");
    assert!(world.is_up(broker.node), "the broker has ended with the disk");
    match rng.random_range(0..3) {
        0 => {
            world.stop(broker.node);
            assert!(world.run_to_end(broker.node, Duration::from_secs(60)), "the broker does not stop");
        }
        1 => world.crash(broker.node, Crash::Process),
        _ => world.crash(broker.node, Crash::Power),
    }
    world.clear_faults(broker.node);
}

fn simulate(seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed ^ 0xd1d1);
    let mut world = World::new(seed, Config::default());
    let (node, clients) = (world.add_node("broker"), world.add_node("clients"));
    let looker = world.add_node("looker");
    let address = SocketAddr::new(world.address(node), super::PORT);
    let config = broker_config(&mut rng, &format!("{SOUND},{FAILING}"));
    let shards = rng.random_range(1..=3);
    let (stop, _) = tokio::sync::watch::channel(false);
    // Stops and lost answers do not go together: see `super::simulate`.
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
    for life in 0..rng.random_range(1..4) {
        live_with_a_failing_disk(&mut world, &broker, looker, &shared, &mut rng, life);
    }
    end_load(&mut world, &broker, clients, &shared);
}

#[test]
fn a_directory_that_fails_takes_its_partitions_offline_and_no_others() {
    let test = "a_directory_that_fails_takes_its_partitions_offline_and_no_others";
    for_each_seed(test, 20, simulate);
}
