//! The controller under crashes at any op: every acknowledged change is in the image again.

use crate::seeds::{failures, for_each_seed};
use ottla::controller::{Config as ControllerConfig, Controller};
use ottla_io::ShardContext;
use ottla_io::runtime::stop_requested;
use ottla_io::sim::{Config, World};
use ottla_metadata::decide::create_topics::{CreatableTopic, TopicDefaults, create_topics};
use ottla_metadata::decide::{ConfigSchema, Decision, brokers};
use ottla_metadata::{ConfigResource, Endpoint, Image, Uuid};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const DIR: &str = "/metadata";
const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qg";

struct AnyConfig;

impl ConfigSchema for AnyConfig {
    fn is_known(&self, _: &ConfigResource, _: &str) -> bool {
        true
    }
    fn is_list(&self, _: &ConfigResource, _: &str) -> bool {
        false
    }
    fn default_value(&self, _: &ConfigResource, _: &str) -> Option<String> {
        None
    }
    fn validate(
        &self,
        _: &ConfigResource,
        _: &BTreeMap<String, String>,
    ) -> Result<(), ottla_metadata::decide::Error> {
        Ok(())
    }
}

/// What the last lives were told.
#[derive(Default)]
struct Told {
    /// Acknowledged topics, with the ids that were told.
    topics: BTreeMap<String, Uuid>,
    /// The newest image that was acknowledged.
    image: Option<Arc<Image>>,
    lives: u64,
}

async fn register(controller: &Controller) {
    let registration = brokers::Registration {
        broker_id: 1,
        cluster_id: CLUSTER.into(),
        incarnation_id: Uuid([7; 16]),
        endpoints: vec![Endpoint {
            name: "PLAINTEXT".into(),
            host: "localhost".into(),
            port: 9092,
            security_protocol: 0,
        }],
        rack: None,
        log_dirs: vec![Uuid([8; 16])],
        fenced: false,
    };
    let decision = move |image: &Arc<Image>, _: &mut _| {
        Decision::from_result(brokers::register_broker(image, &registration))
    };
    controller.submit(decision).await.unwrap().reply.unwrap();
}

async fn live(seed: u64, told: Rc<RefCell<Told>>) {
    ottla_io::file::create_dir_all(DIR).await.unwrap();
    ottla_io::file::sync_dir("/").await.unwrap();
    let config = ControllerConfig { dir: DIR.into(), node_id: 1, cluster_id: CLUSTER.into() };
    let controller = Controller::start(config).await.unwrap_or_else(|error| panic!("{error}"));
    let (life, stop) = {
        let mut told = told.borrow_mut();
        told.lives += 1;
        let image = controller.image();
        for (name, id) in &told.topics {
            let found = image.topic_by_name(name).map(|topic| topic.id);
            assert_eq!(found, Some(*id), "{name} was acknowledged");
        }
        if let Some(before) = &told.image {
            assert!(image.offset() >= before.offset(), "the image went back");
            if image.offset() == before.offset() {
                assert!(image == *before, "another image at {}", image.offset());
            }
        }
        (told.lives, stop_requested())
    };
    register(&controller).await;
    let work = async {
        let mut rng = SmallRng::seed_from_u64(seed ^ (life << 32));
        for number in 0.. {
            let name = format!("topic-{life}-{number}");
            let topic = CreatableTopic {
                name: name.as_str().into(),
                num_partitions: rng.random_range(1..20),
                replication_factor: 1,
                ..Default::default()
            };
            let defaults = TopicDefaults { num_partitions: 1, replication_factor: 1 };
            let submitted = controller
                .submit(move |image, seed| create_topics(image, &[topic], defaults, &AnyConfig, seed, false));
            let committed = submitted.await.unwrap_or_else(|error| panic!("{error}"));
            let (_, result) = committed.reply.into_iter().next().expect("one answer");
            let topic = result.unwrap_or_else(|error| panic!("{error}"));
            {
                let mut told = told.borrow_mut();
                told.topics.insert(name, topic.topic_id);
                told.image = Some(committed.image);
            }
            if rng.random_bool(0.3) {
                ottla_io::sleep(Duration::from_micros(rng.random_range(0..2000))).await;
            }
        }
    };
    // Until it is asked to stop; the work never ends.
    let (mut work, mut stop) = (Box::pin(work), Box::pin(stop));
    std::future::poll_fn(|context| {
        let _ = work.as_mut().poll(context);
        stop.as_mut().poll(context)
    })
    .await;
    drop(work);
    controller.stop().await;
}

fn simulate(seed: u64, config: Config) {
    let mut rng = SmallRng::seed_from_u64(seed ^ 0xc7);
    let mut world = World::new(seed, config);
    let node = world.add_node("controller");
    let told = Rc::new(RefCell::new(Told::default()));
    for _ in 0..6 {
        let of_life = told.clone();
        world.start(node, 1, move |_: ShardContext<()>| live(seed, of_life.clone()));
        if rng.random_bool(0.8) {
            world.crash_after(node, rng.random_range(1..200));
        } else {
            world.run_for(Duration::from_micros(rng.random_range(1..50_000)));
            world.stop(node);
        }
        assert!(world.run_to_end(node, Duration::from_secs(600)), "it does nothing any more");
    }
}

/// Every change that was acknowledged is replayed after a crash at any op, and an image at one offset is one image.
#[test]
fn acknowledged_changes_are_replayed() {
    for_each_seed("acknowledged_changes_are_replayed", 15, |seed| simulate(seed, Config::default()));
}

/// A disk that flushes in name only is noticed.
#[test]
fn a_disk_that_lies_to_the_controller_is_noticed() {
    let found = failures(0..6, |seed| {
        let mut config = Config::default();
        (config.disk.lies.durable_writes, config.disk.lies.sync) = (true, true);
        simulate(seed, config);
    });
    assert!(found > 0, "no seed notices that nothing is flushed");
}
