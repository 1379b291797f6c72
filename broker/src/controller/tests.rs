//! The controller on the real reactor: openraft's conformance suites, restarts, crashes, damage.

use super::log_store::LogStore;
use super::runtime::Reactor;
use super::state_machine::StateMachine;
use super::types::Types;
use super::*;
use openraft::testing::log::{StoreBuilder, Suite};
use ottla_metadata::decide::create_topics::{CreatableTopic, TopicDefaults, create_topics};
use ottla_metadata::decide::{ConfigSchema, brokers, delete_topics, producer_ids};
use ottla_metadata::{ConfigResource, Endpoint, Uuid};
use std::path::Path;

const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qg";

/// Runs a future on a reactor of its own.
fn on_reactor<T, F, Fut>(main: F) -> T
where
    T: Send + 'static,
    F: Fn() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = T> + 'static,
{
    let config = ottla_io::runtime::Config { shards: 1, pin: false, ..Default::default() };
    let run = ottla_io::runtime::run(&config, move |_: ottla_io::ShardContext<()>| main());
    run.expect("a ring").pop().expect("one shard")
}

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

fn config(dir: &Path) -> Config {
    Config { dir: dir.to_owned(), node_id: 1, cluster_id: CLUSTER.into() }
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
    let committed = controller
        .submit(move |image, _| Decision::from_result(brokers::register_broker(image, &registration)))
        .await
        .unwrap();
    committed.reply.unwrap();
}

async fn create(controller: &Controller, name: &str, partitions: i32) -> Result<Uuid, String> {
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: 1,
        ..Default::default()
    };
    let defaults = TopicDefaults { num_partitions: 1, replication_factor: 1 };
    let committed = controller
        .submit(move |image, seed| create_topics(image, &[topic], defaults, &AnyConfig, seed, false))
        .await
        .map_err(|e| e.to_string())?;
    let (_, result) = committed.reply.into_iter().next().unwrap();
    let created = result.map_err(|e| e.to_string())?;
    assert_eq!(committed.image.topic(created.topic_id).unwrap().partitions().len(), partitions as usize);
    Ok(created.topic_id)
}

/// openraft's checks of a runtime. It offers them through `block_on` only, which a reactor has not: each is called.
#[test]
fn the_runtime_is_what_openraft_asks_for() {
    type Checks = openraft_rt::testing::Suite<Reactor>;
    macro_rules! check {
        ($($name:ident)*) => { on_reactor(|| async { $( Checks::$name().await; )* }) };
    }
    check! {
        test_spawn_join_handle test_thread_rng test_sleep test_instant test_instant_arithmetic
        test_instant_sub_instant test_instant_saturating_duration_since test_instant_ord test_sleep_until
        test_timeout test_timeout_at test_mpsc_recv_empty test_mpsc_recv_channel_closed
        test_mpsc_weak_sender_wont_prevent_channel_close test_mpsc_weak_sender_upgrade test_mpsc_send
        test_mpsc_send_to_closed_channel test_mpsc_backpressure test_watch_init_value
        test_watch_overwrite_init_value test_watch_send_error_no_receiver test_watch_send_if_modified
        test_watch_wait_until_ge test_watch_wait_until test_watch_changed_marks_as_seen
        test_watch_borrow_and_update_marks_seen test_watch_changed_returns_immediately_when_unseen
        test_watch_multiple_borrow_then_changed test_watch_wait_loop_pattern test_watch_multiple_receivers
        test_watch_subscribe test_watch_send_if_different test_watch_send_if_greater test_oneshot_drop_tx
        test_oneshot test_oneshot_send_from_another_task test_oneshot_send_to_dropped_rx test_mutex_contention
        test_mutex test_mutex_lock_owned
    }
}

struct Builder;

impl StoreBuilder<Types, LogStore, StateMachine, tempfile::TempDir> for Builder {
    async fn build(
        &self,
    ) -> Result<(tempfile::TempDir, LogStore, StateMachine), openraft::StorageError<Types>> {
        let dir = tempfile::tempdir().unwrap();
        let log = LogStore::open(dir.path(), CLUSTER, 0).await.unwrap();
        let state_machine = StateMachine::open(dir.path(), CLUSTER).await.unwrap();
        Ok((dir, log, state_machine))
    }
}

#[test]
fn the_stores_are_what_openraft_asks_for() {
    on_reactor(|| async {
        Suite::<Types, LogStore, StateMachine, Builder, tempfile::TempDir>::test_all(Builder).await.unwrap();
    });
}

/// Nothing stops the controller: the reactor ends under it, as at kill -9. What was acknowledged is there again.
#[test]
fn acknowledged_changes_survive_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    let mut before: Option<Arc<Image>> = None;
    for round in 0..5 {
        let (path, expected) = (path.clone(), before.clone());
        let after = on_reactor(move || {
            let (path, expected) = (path.clone(), expected.clone());
            async move {
                let controller = Controller::start(config(&path)).await.unwrap();
                if let Some(expected) = expected {
                    assert_eq!(*controller.image(), *expected);
                }
                register(&controller).await;
                create(&controller, &format!("topic-{round}"), 3).await.unwrap();
                let again = create(&controller, &format!("topic-{round}"), 3).await.unwrap_err();
                assert_eq!(again, format!("Topic 'topic-{round}' already exists."));
                controller.image()
            }
        });
        assert_eq!(after.topic_count(), round + 1);
        before = Some(after);
    }
}

/// A snapshot takes the place of the log: the files stay small and a restart finds the same image.
#[test]
fn the_log_is_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    let after = on_reactor({
        let path = path.clone();
        move || {
            let path = path.clone();
            async move {
                let controller = Controller::start(config(&path)).await.unwrap();
                register(&controller).await;
                // About 200 bytes a partition: 6 MB of log in all.
                for round in 0..15 {
                    let id = create(&controller, &format!("topic-{round}"), 2000).await.unwrap();
                    if round > 0 {
                        let keys = [delete_topics::TopicKey::Id(id)];
                        controller
                            .submit(move |image, _| delete_topics::delete_topics(image, &keys))
                            .await
                            .unwrap();
                    }
                }
                let image = controller.image();
                controller.stop().await;
                image
            }
        }
    });
    assert_eq!(after.partition_count(), 2000);
    assert!(std::fs::metadata(path.join(state_machine::FILE_NAME)).is_ok());
    let len = std::fs::metadata(path.join(log_file::FILE_NAME)).unwrap().len();
    assert!(len < 4 << 20, "{len} bytes of log");
    let again = on_reactor(move || {
        let path = path.clone();
        async move { Controller::start(config(&path)).await.unwrap().image() }
    });
    assert_eq!(*again, *after);
}

/// Decisions that come together are made one after the other, and committed together.
#[test]
fn decisions_see_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    on_reactor(move || {
        let path = path.clone();
        async move {
            let controller = Controller::start(config(&path)).await.unwrap();
            register(&controller).await;
            let mut news = controller.subscribe();
            let same = futures_util::future::join_all((0..20).map(|_| create(&controller, "same", 1))).await;
            assert_eq!(same.iter().filter(|r| r.is_ok()).count(), 1);
            let ids = futures_util::future::join_all((0..20).map(|_| {
                controller.submit(|image, _| {
                    let epoch = image.broker(1).unwrap().epoch;
                    Decision::from_result(producer_ids::allocate(image, 1, epoch))
                })
            }))
            .await;
            let firsts: std::collections::BTreeSet<i64> =
                ids.into_iter().map(|r| r.unwrap().reply.unwrap().first_producer_id).collect();
            assert_eq!(firsts, (0..20).map(|n| n * 1000).collect());
            let (image, changes) = news.next().await.unwrap();
            assert_eq!(*image, *controller.image());
            assert_eq!(changes.topics_created.len(), 1);
            assert!(changes.producer_ids);
            controller.stop().await;
            assert!(news.next().await.is_none());
            assert!(matches!(create(&controller, "late", 1).await, Err(e) if e.contains("stopped")));
        }
    });
}

fn start_error(path: &Path, change: impl Fn(&mut Config) + Clone + Send + 'static) -> Option<String> {
    let path = path.to_owned();
    on_reactor(move || {
        let (path, change) = (path.clone(), change.clone());
        async move {
            let mut config = config(&path);
            change(&mut config);
            Controller::start(config).await.err().map(|e| e.to_string())
        }
    })
}

#[test]
fn what_cannot_be_trusted_stops_the_start_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    let image = on_reactor({
        let path = path.clone();
        move || {
            let path = path.clone();
            async move {
                let controller = Controller::start(config(&path)).await.unwrap();
                register(&controller).await;
                create(&controller, "a", 1).await.unwrap();
                create(&controller, "b", 1).await.unwrap();
                controller.image()
            }
        }
    });
    let says = |error: Option<String>, what: &str| {
        let error = error.unwrap();
        assert!(error.contains(what), "{error}");
    };
    says(start_error(&path, |c| c.node_id = 2), "node 1 of cluster");
    says(start_error(&path, |c| c.cluster_id = "another".into()), "of cluster MkU3");

    let log = path.join(log_file::FILE_NAME);
    let sound = std::fs::read(&log).unwrap();
    let end = sound.iter().rposition(|byte| *byte != 0).unwrap();
    let mut damaged = sound.clone();
    damaged[end / 2] ^= 0x10;
    std::fs::write(&log, &damaged).unwrap();
    says(start_error(&path, |_| ()), "is damaged");

    // The same at the very end is a torn write, of which nobody can have been told.
    let mut torn = sound.clone();
    torn[end] ^= 0x10;
    std::fs::write(&log, &torn).unwrap();
    assert_eq!(start_error(&path, |_| ()), None);

    std::fs::write(&log, &sound).unwrap();
    let again = on_reactor({
        let path = path.clone();
        move || {
            let path = path.clone();
            async move { Controller::start(config(&path)).await.unwrap().image() }
        }
    });
    assert_eq!(*again, *image);
}
