//! A broker that was killed with much to check in one log, on a slow disk: the others are served meanwhile, and that one afterwards with
//! all that was acknowledged. And one that is stopped before it has opened everything, or whose topic is deleted before that.

use super::model::Partition;
use super::{Broker, Shared, broker_config, topics, traffic};
use crate::link::Link;
use crate::seeds::for_each_seed;
use ottla_io::sim::{Config, Crash, Latency, NodeId, World};
use ottla_io::{ShardContext, sleep};
use ottla_log::data_directory;
use ottla_protocol::ErrorCode;
use ottla_tests::batch::{self, Batch, Record};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Ten reads of 1 MiB are a second then: more than the start waits for one log, and less for the other.
const READ: Duration = Duration::from_millis(250);
/// Thirty of them are a minute.
const LONG_READ: Duration = Duration::from_secs(2);
const LARGE_BATCHES: usize = 30;
const DATA: &str = "/var/ottla/data";

fn large(number: usize) -> Vec<u8> {
    Batch::of([Record::new(&number.to_string(), &"x".repeat(900_000))]).build()
}

/// As soon as the broker serves.
async fn connect(shared: &Shared) -> Link {
    loop {
        match Link::open(shared.address).await {
            Ok(link) => return link,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Fills both topics; the number of records of each.
async fn fill(shared: Rc<Shared>) {
    for (topic, batches) in [("large", LARGE_BATCHES), ("small", 1)] {
        let id = topics::make_one_at_last(&shared, topic, 1).await;
        let partition = Partition { topic: topic.to_owned(), id, index: 0 };
        let mut link = Link::open(shared.address).await.expect("the broker serves");
        for number in 0..batches {
            let bytes =
                if topic == "large" { large(number) } else { Batch::of([Record::new("k", "v")]).build() };
            let (said, offset) = traffic::produce(&mut link, &partition, &bytes).await.expect("an answer");
            assert_eq!((said, offset), (ErrorCode::NONE, number as i64));
        }
        shared.partitions.borrow_mut().push(partition);
    }
}

/// Writes to the small one while the large one is not there yet, and then reads all of that.
async fn look(shared: Rc<Shared>) {
    let mut link = connect(&shared).await;
    let partitions = shared.partitions.borrow().clone();
    let [large, small] = partitions.as_slice() else { panic!("two topics were made: {partitions:?}") };
    let mut served_meanwhile = 0;
    loop {
        let bytes = Batch::of([Record::new("k", "more")]).build();
        let (said, _) = traffic::produce(&mut link, small, &bytes).await.expect("an answer");
        assert_eq!(said, ErrorCode::NONE, "what is open is served");
        let (said, offset) = traffic::produce(&mut link, large, &bytes).await.expect("an answer");
        match said {
            ErrorCode::NOT_LEADER_OR_FOLLOWER => served_meanwhile += 1,
            said => {
                assert_eq!((said, offset), (ErrorCode::NONE, LARGE_BATCHES as i64));
                break;
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(served_meanwhile > 10, "the small one was served {served_meanwhile} times before the large one");
    let mut next = 0;
    while next <= LARGE_BATCHES as i64 {
        let (bytes, _) = traffic::fetch(&mut link, large, next).await.expect("records");
        let (batches, _) = batch::read(&bytes).expect("whole batches");
        assert!(!batches.is_empty(), "nothing at {next}");
        for seen in batches {
            assert!(seen.base_offset == next && seen.crc_fits, "{next} is there");
            next += 1;
        }
    }
}

/// A world with a broker that has not begun, and a node of clients.
fn world_of(seed: u64, shards: usize) -> (World, Broker, NodeId, Rc<Shared>) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut world = World::new(seed, Config::default());
    let (node, clients) = (world.add_node("broker"), world.add_node("clients"));
    let address = SocketAddr::new(world.address(node), super::PORT);
    let config = broker_config(&mut rng, DATA);
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
    (world, broker, clients, shared)
}

/// Has the clients do their work to its end.
fn run<F: Future<Output = ()> + 'static>(
    world: &mut World,
    clients: NodeId,
    shared: &Rc<Shared>,
    work: impl Fn(Rc<Shared>) -> F + 'static,
) {
    let of_life = shared.clone();
    let run = world.start(clients, 1, move |_: ShardContext<()>| work(of_life.clone()));
    assert!(world.run_until(Duration::from_secs(600), |_| run.is_finished()), "the clients get no answers");
}

fn every_read_takes(world: &mut World, broker: &Broker, time: Duration) {
    let latency = Latency { min: time, max: time, slow: 0.0, slow_max: time };
    world.set_disk(broker.node, |disk| disk.read = latency);
}

fn stop(world: &mut World, broker: &Broker) {
    world.stop(broker.node);
    assert!(world.run_to_end(broker.node, Duration::from_secs(60)), "the broker does not stop");
}

#[test]
fn recovered_logs_are_served_while_others_recover() {
    for_each_seed("recovered_logs_are_served_while_others_recover", 1, |seed| {
        let (mut world, broker, clients, shared) = world_of(seed, 2);
        broker.start(&mut world);
        run(&mut world, clients, &shared, fill);
        world.crash(broker.node, Crash::Process);
        every_read_takes(&mut world, &broker, READ);
        broker.start(&mut world);
        run(&mut world, clients, &shared, look);
        stop(&mut world, &broker);
    });
}

/// Deletes the topic whose log is being checked, and makes it anew and another one beside it, long before the check can be over.
async fn replace_large(shared: Rc<Shared>) {
    let mut link = connect(&shared).await;
    let small = shared.partitions.borrow()[1].clone();
    // Any answer says that the start is over.
    let _ = traffic::fetch(&mut link, &small, 0).await;
    let began = ottla_io::now();
    assert_eq!(topics::delete(&mut link, "large").await.expect("an answer"), ErrorCode::NONE);
    let large = topics::make_one_at_last(&shared, "large", 1).await;
    let other = topics::make_one_at_last(&shared, "other", 1).await;
    let took = ottla_io::now().duration_since(began);
    assert!(took < LONG_READ * 4, "changes of the metadata waited for a log that is being checked: {took:?}");
    for (topic, id) in [("other", other), ("large", large)] {
        let partition = Partition { topic: topic.to_owned(), id, index: 0 };
        let bytes = Batch::of([Record::new("k", "new")]).build();
        let mut refused = 0;
        loop {
            let (said, offset) = traffic::produce(&mut link, &partition, &bytes).await.expect("an answer");
            match said {
                ErrorCode::NOT_LEADER_OR_FOLLOWER => refused += 1,
                said => {
                    assert_eq!((said, offset), (ErrorCode::NONE, 0), "{topic} is a new one");
                    break;
                }
            }
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(refused > 10, topic == "large", "{topic} was refused {refused} times");
        shared.partitions.borrow_mut().push(partition);
    }
}

/// The new topic of the old name has its one record, and the old one's directory is gone.
async fn read_replaced(shared: Rc<Shared>) {
    let mut link = connect(&shared).await;
    let partitions = shared.partitions.borrow().clone();
    for partition in &partitions[2..] {
        let (bytes, _) = traffic::fetch(&mut link, partition, 0).await.expect("records");
        assert_eq!(batch::read(&bytes).expect("whole batches").0.len(), 1, "{partition:?}");
    }
}

async fn nothing_is_left_over() {
    let found = ottla_io::file::read_dir(DATA).await.expect("the directory is there");
    let dirs = found.into_iter().filter(|entry| entry.is_dir).map(|entry| entry.file_name);
    let mut dirs: Vec<_> = dirs.filter_map(|name| name.into_string().ok()).collect();
    dirs.sort();
    assert_eq!(dirs, ["large-0", "other-0", "small-0"]);
}

/// A topic is deleted while its log is being checked: nobody waits for that but a new topic of its name.
#[test]
fn a_deletion_does_not_wait_for_a_recovery() {
    for_each_seed("a_deletion_does_not_wait_for_a_recovery", 2, |seed| {
        let (mut world, broker, clients, shared) = world_of(seed, 2);
        broker.start(&mut world);
        run(&mut world, clients, &shared, fill);
        world.crash(broker.node, Crash::Process);
        every_read_takes(&mut world, &broker, LONG_READ);
        broker.start(&mut world);
        run(&mut world, clients, &shared, replace_large);
        world.crash(broker.node, Crash::Process);
        every_read_takes(&mut world, &broker, Duration::ZERO);
        broker.start(&mut world);
        run(&mut world, clients, &shared, read_replaced);
        stop(&mut world, &broker);
        world.start(broker.node, 1, |_: ShardContext<()>| nothing_is_left_over());
        assert!(world.run_to_end(broker.node, Duration::from_secs(60)), "nobody looks");
    });
}

/// More than one core opens at a time.
const MANY: i32 = 40;

/// Makes two topics with one record in each partition.
async fn fill_many(shared: Rc<Shared>) {
    for topic in ["kept", "deleted"] {
        let id = topics::make_one_at_last(&shared, topic, MANY).await;
        let mut link = Link::open(shared.address).await.expect("the broker serves");
        for index in 0..MANY {
            let partition = Partition { topic: topic.to_owned(), id, index };
            let bytes = Batch::of([Record::new("k", "v")]).build();
            let (said, _) = traffic::produce(&mut link, &partition, &bytes).await.expect("an answer");
            assert_eq!(said, ErrorCode::NONE);
            shared.partitions.borrow_mut().push(partition);
        }
    }
}

/// Asks for the deletion as soon as somebody hears it.
async fn delete_one(shared: Rc<Shared>) {
    let mut link = connect(&shared).await;
    shared.busy.set(1);
    // The stop breaks it off.
    if topics::delete(&mut link, "deleted").await.is_ok() {
        shared.busy.set(0);
    }
}

/// The stop left no mark: most logs were never looked at.
async fn no_mark_is_left() {
    let mark = data_directory::take_clean_shutdown(DATA.as_ref()).await.expect("the directory is there");
    assert_eq!(mark, None, "the next start would believe logs that nobody has checked");
}

async fn read_many(shared: Rc<Shared>) {
    let mut link = connect(&shared).await;
    let partitions = shared.partitions.borrow().clone();
    for partition in partitions.iter().filter(|partition| partition.topic == "kept") {
        let (bytes, _) = traffic::fetch(&mut link, partition, 0).await.expect("records");
        let (batches, _) = batch::read(&bytes).expect("whole batches");
        assert_eq!(batches.len(), 1, "{partition:?}");
    }
}

/// A topic is deleted whose logs wait to be opened or are being opened, and the broker is stopped before it is the others' turn.
#[test]
fn a_stop_breaks_a_recovery_off() {
    for_each_seed("a_stop_breaks_a_recovery_off", 2, |seed| {
        let (mut world, broker, clients, shared) = world_of(seed, 1);
        broker.start(&mut world);
        run(&mut world, clients, &shared, fill_many);
        world.crash(broker.node, Crash::Process);
        every_read_takes(&mut world, &broker, Duration::from_secs(4));
        broker.start(&mut world);
        let of_life = shared.clone();
        let _asking = world.start(clients, 1, move |_: ShardContext<()>| delete_one(of_life.clone()));
        let asked = world.run_until(Duration::from_secs(120), |_| shared.busy.get() == 1);
        assert!(asked, "the broker does not serve while it recovers");
        world.run_for(Duration::from_secs(1));
        stop(&mut world, &broker);
        world.crash(clients, Crash::Process);
        world.start(broker.node, 1, |_: ShardContext<()>| no_mark_is_left());
        assert!(world.run_to_end(broker.node, Duration::from_secs(60)), "nobody looks");
        every_read_takes(&mut world, &broker, Duration::ZERO);
        broker.start(&mut world);
        run(&mut world, clients, &shared, read_many);
        stop(&mut world, &broker);
    });
}
