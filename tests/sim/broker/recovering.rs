//! A broker that was killed with much to check in one log, on a slow disk: the others are served meanwhile, and that one afterwards with
//! all that was acknowledged.

use super::model::Partition;
use super::{Broker, Shared, broker_config, topics, traffic};
use crate::link::Link;
use crate::seeds::for_each_seed;
use ottla_io::sim::{Config, Crash, Latency, World};
use ottla_io::{ShardContext, sleep};
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
const LARGE_BATCHES: usize = 30;

fn large(number: usize) -> Vec<u8> {
    Batch::of([Record::new(&number.to_string(), &"x".repeat(900_000))]).build()
}

/// Fills both topics; the number of records of each.
async fn fill(shared: Rc<Shared>) {
    for (topic, batches) in [("large", LARGE_BATCHES), ("small", 1)] {
        let id = loop {
            match topics::make_one(&shared, topic, 1).await {
                Ok(id) => break id,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        };
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
    let mut link = loop {
        match Link::open(shared.address).await {
            Ok(link) => break link,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    };
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

#[test]
fn recovered_logs_are_served_while_others_recover() {
    for_each_seed("recovered_logs_are_served_while_others_recover", 1, |seed| {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut world = World::new(seed, Config::default());
        let (node, clients) = (world.add_node("broker"), world.add_node("clients"));
        let address = SocketAddr::new(world.address(node), super::PORT);
        let config = broker_config(&mut rng, "/var/ottla/data");
        let (stop, _) = tokio::sync::watch::channel(false);
        let broker = Broker { node, config, shards: 2, resets: false, ready: Arc::default(), stop };
        let shared = Rc::new(Shared {
            seed,
            address,
            model: RefCell::default(),
            known: RefCell::default(),
            partitions: RefCell::default(),
            ending: Cell::new(false),
            busy: Cell::new(0),
        });
        broker.start(&mut world);
        let of_life = shared.clone();
        let run = world.start(clients, 1, move |_: ShardContext<()>| fill(of_life.clone()));
        assert!(world.run_until(Duration::from_secs(600), |_| run.is_finished()), "the logs are not filled");
        world.crash(node, Crash::Process);
        world.set_disk(node, |disk| disk.read = Latency { min: READ, max: READ, slow: 0.0, slow_max: READ });
        broker.start(&mut world);
        let of_life = shared.clone();
        let run = world.start(clients, 1, move |_: ShardContext<()>| look(of_life.clone()));
        assert!(
            world.run_until(Duration::from_secs(600), |_| run.is_finished()),
            "the logs are not recovered"
        );
        world.stop(node);
        assert!(world.run_to_end(node, Duration::from_secs(60)), "the broker does not stop");
    });
}
