//! Watches on partitions of the real ring: a state, what happens, what is marked and who is woken.

use super::*;
use crate::partition::tests::{
    MARKER, NO_PRODUCER, append, assignment, batch, checked, directory, on_shard, open, spec,
};
use crate::partition::{Acks, AppendOrigin, PartitionSpec};
use ottla_protocol::records::{BatchBuilder, Marker, MarkerKind};

const PLACE: u64 = 9;

fn arm(watch: &StandingWatch, partition: &Rc<Partition>) -> Armed {
    let end = partition.visible_end(watch.isolation());
    watch.arm(partition, PLACE, &partition.seen(), end)
}

async fn is_over(parked: &mut Parked) -> bool {
    let mut parked = Pin::new(parked);
    std::future::poll_fn(|context| Poll::Ready(parked.as_mut().poll(context).is_ready())).await
}

fn with_partition<F>(test: impl Fn(Rc<Partition>, std::path::PathBuf) -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let (path, test) = (path.clone(), test.clone());
        async move { test(open(&path).await, path).await }
    });
}

async fn transaction(partition: &Rc<Partition>, producer: i64) {
    let mut builder = BatchBuilder::new().producer(producer, 0, 0).transactional();
    builder.push(1, None, Some(b"in a transaction"), &[]);
    let batch = checked(builder.build().unwrap());
    partition.append(batch, Acks::All, AppendOrigin::ClientInTransaction).await.unwrap();
}

async fn commit(partition: &Rc<Partition>, producer: i64) {
    let marker = Marker { kind: MarkerKind::Commit, coordinator_epoch: 0 };
    partition.append(checked(marker.batch(producer, 0, 1)), Acks::All, MARKER).await.unwrap();
}

/// The first change marks the place, once, and leaves nothing at the partition; what follows costs it nothing.
#[test]
fn a_change_marks_once_and_takes_the_watch_away() {
    with_partition(async |partition, _| {
        let watch = StandingWatch::new(Isolation::ReadUncommitted);
        let armed = arm(&watch, &partition);
        assert!(watch.take_marked().is_empty());
        assert!(!partition.watchers().is_empty());
        append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
        append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
        assert!(partition.watchers().is_empty());
        assert_eq!(watch.take_marked(), [PLACE]);
        assert!(watch.take_marked().is_empty());
        drop(armed);
    });
}

/// Whatever a fetch's answer is made of is a change, for each isolation.
#[test]
fn everything_that_can_be_seen_marks() {
    with_partition(async |partition, path: std::path::PathBuf| {
        for (producer, isolation) in [(4, Isolation::ReadUncommitted), (5, Isolation::ReadCommitted)] {
            let watch = StandingWatch::new(isolation);
            let marks = async |what: &str, change: std::pin::Pin<Box<dyn Future<Output = ()>>>| {
                let _armed = arm(&watch, &partition);
                change.await;
                assert_eq!(watch.take_marked(), [PLACE], "{what}, {isolation:?}");
                assert!(partition.watchers().is_empty());
            };
            let to = || partition.clone();
            let one = to();
            marks(
                "an append",
                Box::pin(async move { append(&one, batch(2, NO_PRODUCER)).await.map(drop).unwrap() }),
            )
            .await;
            let one = to();
            marks("an open transaction", Box::pin(async move { transaction(&one, producer).await })).await;
            let one = to();
            marks("its end", Box::pin(async move { commit(&one, producer).await })).await;
            let one = to();
            marks(
                "deleted records",
                Box::pin(async move { one.delete_records(-1).await.map(drop).unwrap() }),
            )
            .await;
            let one = to();
            let epoch = partition.leader_epoch() + 1;
            marks("a new epoch", Box::pin(async move { one.assign(assignment(epoch)) })).await;
        }
        let watch = StandingWatch::new(Isolation::ReadUncommitted);
        let _armed = arm(&watch, &partition);
        partition.assign(assignment(partition.leader_epoch()));
        assert!(watch.take_marked().is_empty(), "the same epoch is no change");
        partition.close().await.unwrap();
        assert_eq!(watch.take_marked(), [PLACE]);
        let again = Partition::open(PartitionSpec { index: 4, ..spec(&path) }).await.unwrap();
        let _armed = arm(&watch, &again);
        again.delete().await.unwrap();
        assert_eq!(watch.take_marked(), [PLACE]);
    });
}

/// What happened between a look and the arming is marked at once.
#[test]
fn nothing_is_missed_before_arming() {
    with_partition(async |partition, _| {
        let watch = StandingWatch::new(Isolation::ReadUncommitted);
        let seen = partition.seen();
        append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
        let _armed = watch.arm(&partition, PLACE, &seen, 0);
        assert_eq!(watch.take_marked(), [PLACE]);
        assert!(partition.watchers().is_empty());
        partition.close().await.unwrap();
        let _armed = watch.arm(&partition, PLACE, &partition.seen(), 1);
        assert_eq!(watch.take_marked(), [PLACE]);
    });
}

/// A parked fetch wakes when all its bytes are there: those before parking count from the end that was known, and what its
/// isolation cannot read does not count but is marked.
#[test]
fn a_parked_fetch_counts_its_own_bytes() {
    with_partition(async |partition, _| {
        let bytes = batch(1, NO_PRODUCER).batch.len();
        let watch = StandingWatch::new(Isolation::ReadUncommitted);
        let seen = partition.seen();
        append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
        let mut parked = watch.park(3 * bytes);
        let armed = watch.arm(&partition, PLACE, &seen, 0);
        append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
        assert!(!is_over(&mut parked).await);
        append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
        assert!(is_over(&mut parked).await);
        assert_eq!(watch.take_marked(), [PLACE]);
        assert!(partition.watchers().is_empty());
        drop((armed, parked));

        let committed = StandingWatch::new(Isolation::ReadCommitted);
        let mut parked = committed.park(1);
        let _armed = arm(&committed, &partition);
        transaction(&partition, 4).await;
        assert!(!is_over(&mut parked).await);
        assert_eq!(committed.take_marked(), [PLACE], "the high watermark moved");
        commit(&partition, 4).await;
        assert!(is_over(&mut parked).await);
    });
}

/// An ended wait counts no more, and neither does one that another fetch of the session replaced.
#[test]
fn a_watch_has_one_parked_fetch() {
    with_partition(async |partition, _| {
        let watch = StandingWatch::new(Isolation::ReadUncommitted);
        let mut first = watch.park(1 << 20);
        let armed = arm(&watch, &partition);
        let mut second = watch.park(1);
        assert!(is_over(&mut first).await);
        drop(first);
        assert!(!is_over(&mut second).await);
        append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
        assert!(is_over(&mut second).await);
        drop((second, armed));
        let parked = watch.park(1);
        drop(parked);
        let _armed = arm(&watch, &partition);
        append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
        assert!(partition.watchers().is_empty(), "nobody is parked");
    });
}

/// Dropping what keeps a place takes it off, and never another's that has its slot by now.
#[test]
fn a_dropped_place_leaves_nothing_behind() {
    with_partition(async |partition, _| {
        let (watch, other) =
            (StandingWatch::new(Isolation::ReadUncommitted), StandingWatch::new(Isolation::ReadUncommitted));
        let armed = arm(&watch, &partition);
        append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
        let others = arm(&other, &partition);
        drop(armed);
        assert!(!partition.watchers().is_empty());
        drop(others);
        assert!(partition.watchers().is_empty());
        // The same place, armed again while the old one is still kept.
        let old = arm(&watch, &partition);
        append(&partition, batch(1, NO_PRODUCER)).await.unwrap();
        let new = arm(&watch, &partition);
        drop(old);
        assert!(!partition.watchers().is_empty());
        drop(new);
        assert!(partition.watchers().is_empty());
    });
}
