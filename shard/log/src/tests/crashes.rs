//! Crashes that the simulator found a way through, each at many seeds.

use super::*;
use ottla_io::ShardContext;
use ottla_io::sim::{self, Crash, World};
use std::cell::Cell;
use std::time::Duration;

const SEEDS: u64 = 40;

/// Runs `life` of a node until it ends or waits forever, and takes the power: when it says that it is done, or with its
/// `crash_after`-th op in flight. Then `check` runs on what is left.
fn over_power_loss<F, Fut, G, Gut>(crash_after: impl Fn(u64) -> Option<u64>, life: F, check: G)
where
    F: Fn(Partition, Rc<Cell<bool>>) -> Fut + Copy + 'static,
    Fut: Future<Output = ()> + 'static,
    G: Fn(Partition) -> Gut + Copy + 'static,
    Gut: Future<Output = ()> + 'static,
{
    for seed in 0..SEEDS {
        let mut world = World::new(seed, sim::Config::default());
        let node = world.add_node("node");
        let mut partition = Partition::in_directory(Path::new("/data"));
        partition.config.segment_bytes = 20_000;
        let done = Rc::new(Cell::new(false));
        {
            let (partition, done) = (partition.clone(), done.clone());
            world.start(node, 1, move |_: ShardContext<()>| {
                let life = life(partition.clone(), done.clone());
                async move {
                    ottla_io::file::create_dir_all("/data").await.unwrap();
                    ottla_io::file::sync_dir("/").await.unwrap();
                    life.await;
                    std::future::pending::<()>().await;
                }
            });
        }
        assert!(world.run_until(Duration::from_secs(60), |_| done.get()), "seed {seed}");
        if let Some(ops) = crash_after(seed) {
            world.crash_after(node, ops);
            world.run_for(Duration::from_secs(1));
        }
        world.crash(node, Crash::Power);
        let run = world.start(node, 1, move |_: ShardContext<()>| check(partition.clone()));
        assert!(world.run_until(Duration::from_secs(60), |_| run.is_finished()), "seed {seed}");
    }
}

fn relaxed(mut partition: Partition) -> Partition {
    partition.config.flush_messages = Some(1_000_000);
    partition
}

async fn fill(log: &Log, batches: i32) {
    for number in 0..batches {
        append(log, &batch(1, 700, 1000 + i64::from(number)), number / 20).await;
    }
    log.wait_durable(i64::from(batches)).await.unwrap();
}

/// A new log start is believed after a crash, so that what lies below it is on stable storage before.
#[test]
fn deleting_from_a_relaxed_log_flushes_first() {
    over_power_loss(
        |_| None,
        |partition, done| async move {
            let log = relaxed(partition).create().await;
            fill(&log, 10).await;
            log.delete_records_to(7).await.unwrap();
            done.set(true);
        },
        |partition| async move {
            let opening = Opening { log_start_offset: Some(7), ..partition.opening() };
            let (log, _) = Log::open(opening).await.unwrap();
            assert!(log.log_end_offset() >= 7);
        },
    );
}

/// A relaxed log that goes idle flushes before it closes its file: a flush later would not find it.
#[test]
fn an_idle_relaxed_log_flushes_first() {
    over_power_loss(
        |_| None,
        |partition, done| async move {
            let log = relaxed(partition).create().await;
            fill(&log, 10).await;
            crate::writer::written(&log.0).await.unwrap();
            assert!(crate::writer::cool(&log.0).await);
            assert_eq!(log.checkpoint().await.unwrap(), 10);
            done.set(true);
        },
        |partition| async move {
            let (log, _) = partition.open_killed(10).await;
            assert_eq!(log.log_end_offset(), 10);
        },
    );
}

/// Deleted records that come back, since the crash was before the new log start was stored, have their epochs.
#[test]
fn records_that_come_back_have_their_epochs() {
    over_power_loss(
        |_| None,
        |partition, done| async move {
            let log = partition.create().await;
            // All in one segment: no file goes with them.
            fill(&log, 22).await;
            log.delete_records_to(21).await.unwrap();
            log.checkpoint().await.unwrap();
            done.set(true);
        },
        |partition| async move {
            let (log, _) = partition.open_killed(22).await;
            let epochs: Vec<_> = [0, 19, 20, 21].iter().map(|offset| log.epoch_for_offset(*offset)).collect();
            assert_eq!(epochs, [Some(0), Some(0), Some(1), Some(1)]);
        },
    );
}

/// Of segments that a deletion removes, no crash leaves some behind a gap.
#[test]
fn a_deletion_cut_short_leaves_no_gap() {
    over_power_loss(
        |seed| Some(1 + seed),
        |partition, done| async move {
            let log = partition.create().await;
            fill(&log, 120).await;
            log.checkpoint().await.unwrap();
            assert!(log.segments().len() > 4);
            done.set(true);
            log.delete_records_to(115).await.unwrap();
        },
        |partition| async move {
            let (log, _) = partition.open_killed(120).await;
            let mut offset = log.log_start_offset();
            while offset < 120 {
                let slices = log.read(offset, 1, 120, true).await.unwrap();
                assert_eq!(slices.first_offset, offset, "a batch at every offset");
                offset = slices.next_offset;
            }
        },
    );
}
