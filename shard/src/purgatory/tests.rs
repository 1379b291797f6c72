//! Parked fetches on partitions of the real ring.

use super::*;
use crate::partition::tests::{
    MARKER, NO_PRODUCER, append, assignment, batch, checked, directory, on_shard, open, spec,
};
use crate::partition::{Acks, AppendOrigin, PartitionSpec};
use ottla_protocol::records::{BatchBuilder, Marker, MarkerKind};
use std::path::Path;
use std::time::Duration;

async fn open_another(data: &Path) -> Rc<Partition> {
    Partition::open(PartitionSpec { index: 4, ..spec(data) }).await.unwrap()
}

fn watch(partition: &Rc<Partition>, isolation: Isolation) -> Watch {
    Watch { partition: partition.clone(), known: partition.visible_end(isolation), isolation }
}

/// Whether it ends without anything else happening.
async fn is_over(wait: &mut BytesWait) -> bool {
    let mut wait = Pin::new(wait);
    std::future::poll_fn(|context| Poll::Ready(wait.as_mut().poll(context).is_ready())).await
}

/// Bytes of several partitions count together, each only once they are durable; batches that were there do not count.
#[test]
fn a_fetch_wakes_when_the_bytes_of_all_its_partitions_are_enough() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let (one, two) = (open(&path).await, open_another(&path).await);
            append(&one, batch(9, NO_PRODUCER)).await.unwrap();
            let bytes = batch(1, NO_PRODUCER).batch.len();
            let watches = [watch(&one, Isolation::ReadUncommitted), watch(&two, Isolation::ReadUncommitted)];
            let mut wait = wait_for_bytes(&watches, 3 * bytes);
            let mut longer = wait_for_bytes(&watches, 3 * bytes + 1);
            append(&one, batch(1, NO_PRODUCER)).await.unwrap();
            append(&two, batch(1, NO_PRODUCER)).await.unwrap();
            assert!(!is_over(&mut wait).await);
            let last = one.append(batch(1, NO_PRODUCER), Acks::Leader, AppendOrigin::Client);
            assert!(!is_over(&mut wait).await, "not durable yet");
            wait.await;
            assert!(one.high_watermark() >= 11);
            last.await.unwrap();
            assert!(!is_over(&mut longer).await);
            drop(longer);
            assert!(one.watchers().is_empty());
            assert!(two.watchers().is_empty());
        }
    });
}

/// What became readable between the caller's look and the wait counts.
#[test]
fn nothing_is_missed_before_parking() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let watch = watch(&partition, Isolation::ReadUncommitted);
            append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
            wait_for_bytes(std::slice::from_ref(&watch), 1).await;
            // An offset below the log start, or above all, misses nothing and waits.
            let beyond = Watch { known: 99, ..watch };
            assert!(!is_over(&mut wait_for_bytes(&[beyond], 1)).await);
        }
    });
}

/// Readers of committed records are not woken by an open transaction, and are by its end; replicas are woken before
/// anything is durable.
#[test]
fn each_isolation_is_woken_by_its_own_end() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let mut builder = BatchBuilder::new().producer(4, 0, 0).transactional();
            builder.push(1, None, Some(b"in a transaction"), &[]);
            let mut committed = wait_for_bytes(&[watch(&partition, Isolation::ReadCommitted)], 1);
            let mut replica = wait_for_bytes(&[watch(&partition, Isolation::LogEnd)], 1);
            let transactional = checked(builder.build().unwrap());
            let append = partition.append(transactional, Acks::All, AppendOrigin::ClientInTransaction);
            assert!(is_over(&mut replica).await);
            append.await.unwrap();
            assert!(!is_over(&mut committed).await);
            let marker = Marker { kind: MarkerKind::Commit, coordinator_epoch: 0 };
            let marker = checked(marker.batch(4, 0, 1));
            let ended = partition.append(marker, Acks::All, MARKER);
            assert!(!is_over(&mut committed).await);
            ended.await.unwrap();
            assert!(is_over(&mut committed).await);
        }
    });
}

/// A parked fetch ends when its answer would be another: a new epoch, a closed or deleted partition, a failed log.
#[test]
fn changes_end_a_fetch() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let park = |partition: &Rc<Partition>| {
                wait_for_bytes(&[watch(partition, Isolation::ReadUncommitted)], 1 << 30)
            };
            let partition = open(&path).await;
            let mut wait = park(&partition);
            partition.assign(assignment(0));
            assert!(!is_over(&mut wait).await, "the same epoch");
            partition.assign(assignment(1));
            wait.await;

            let wait = park(&partition);
            partition.close().await.unwrap();
            wait.await;
            park(&partition).await;

            let partition = open(&path).await;
            let wait = park(&partition);
            partition.delete().await.unwrap();
            wait.await;

            let partition = open(&path).await;
            append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
            let wait = park(&partition);
            partition.set_settings(Rc::new(crate::TopicSettings {
                log: Rc::new(ottla_log::LogConfig { segment_bytes: 300, ..Default::default() }),
                ..crate::partition::tests::settings()
            }));
            std::fs::remove_dir_all(path.join("topic-3")).unwrap();
            append(&partition, batch(1, NO_PRODUCER)).await.unwrap_err();
            wait.await;
        }
    });
}

/// The caller's timeout ends a wait, which leaves nothing behind.
#[test]
fn a_timeout_leaves_nothing_behind() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let wait = wait_for_bytes(&[watch(&partition, Isolation::ReadUncommitted)], 1);
            assert!(ottla_io::timeout(Duration::from_millis(5), wait).await.is_err());
            assert!(partition.watchers().is_empty());
        }
    });
}

/// Many fetches parked at one partition are all woken by one append.
#[test]
fn one_append_wakes_all() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let path = path.clone();
        async move {
            let partition = open(&path).await;
            let waits: Vec<BytesWait> = (0..100)
                .map(|_| wait_for_bytes(&[watch(&partition, Isolation::ReadUncommitted)], 1))
                .collect();
            append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
            for wait in waits {
                wait.await;
            }
        }
    });
}
