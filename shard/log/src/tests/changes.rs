//! Truncation, restart, deletion, relaxed flushing, idling, bounds.

use super::*;
use crate::scan::{Expected, segment};
use crate::{AppendError, Error};
use proptest::prelude::*;
use proptest::test_runner::{Config as ProptestConfig, TestRunner};
use std::cell::{Cell, RefCell};
use std::fs;
use std::time::Duration;

/// What a log should hold: base offset, last offset, epoch and bytes of each batch.
#[derive(Clone, Debug, Default)]
struct Model {
    batches: Vec<(Offset, Offset, i32, Vec<u8>)>,
    end: Offset,
}

impl Model {
    fn append(&mut self, batch: &[u8], records: i32, epoch: i32) {
        let mut stored = batch.to_vec();
        crate::batch::patch_assignment(&mut stored, self.end, epoch);
        let last = self.end + i64::from(records) - 1;
        self.batches.push((self.end, last, epoch, stored));
        self.end = last + 1;
    }
    fn truncate(&mut self, offset: Offset) {
        while self.batches.last().is_some_and(|batch| batch.1 >= offset) {
            self.end = self.batches.pop().unwrap().0.min(offset);
        }
        self.end = self.end.min(offset);
    }
    fn bytes(&self) -> Vec<u8> {
        self.batches.iter().flat_map(|batch| batch.3.clone()).collect()
    }
    fn epochs(&self) -> Vec<(i32, Offset)> {
        let mut epochs: Vec<(i32, Offset)> = Vec::new();
        for (base, _, epoch, _) in &self.batches {
            if epochs.last().is_none_or(|last| last.0 < *epoch) {
                epochs.push((*epoch, *base));
            }
        }
        epochs
    }
}

#[derive(Clone, Debug)]
enum Step {
    Append { count: usize, records: i32, payload: usize },
    Durable,
    NextEpoch,
    Truncate(f64),
    Checkpoint,
    Kill,
    Restart,
    Idle,
    Read(f64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..8_usize, 1..4_i32, 0..6000_usize)
            .prop_map(|(count, records, payload)| Step::Append { count, records, payload }),
        2 => Just(Step::Durable),
        1 => Just(Step::NextEpoch),
        1 => (0.0..1.0_f64).prop_map(Step::Truncate),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Kill),
        1 => Just(Step::Restart),
        1 => Just(Step::Idle),
        2 => (0.0..1.0_f64).prop_map(Step::Read),
    ]
}

async fn agrees(log: &Log, model: &Model) {
    assert_eq!(log.log_end_offset(), model.end);
    assert!(read_all(log, 0, 20_000).await == model.bytes());
    let epochs: Vec<_> = log.epoch_entries().iter().map(|entry| (entry.epoch, entry.start_offset)).collect();
    assert_eq!(epochs, model.epochs());
}

async fn play(partition: Partition, steps: Vec<Step>) {
    let mut log = partition.create().await;
    let (mut model, mut epoch, mut recovery_point) = (Model::default(), 0, 0);
    for step in steps {
        match step {
            Step::Append { count, records, payload } => {
                for _ in 0..count {
                    let sent = batch(records, payload, 1000 + model.end);
                    append(&log, &sent, epoch).await;
                    model.append(&sent, records, epoch);
                }
            }
            Step::Durable => log.wait_durable(model.end).await.unwrap(),
            Step::NextEpoch => epoch += 1,
            Step::Truncate(place) => {
                let offset = (place * model.end as f64) as Offset;
                recovery_point = recovery_point.min(offset).min({
                    let mut shorter = model.clone();
                    shorter.truncate(offset);
                    shorter.end
                });
                model.truncate(offset);
                assert_eq!(log.truncate_to(offset).await.unwrap(), model.end);
            }
            Step::Checkpoint => recovery_point = log.checkpoint().await.unwrap(),
            // What was appended is all written here, so that the model needs no alternatives.
            Step::Kill => {
                log.wait_durable(model.end).await.unwrap();
                crate::writer::written(&log.0).await.unwrap();
                kill(log).await;
                log = partition.open_killed(recovery_point).await.0;
            }
            Step::Restart => {
                let end = log.close(None).await.unwrap();
                let (again, recovered) = partition.open_clean(end).await;
                assert_eq!(recovered.scanned_bytes, 0);
                (log, recovery_point) = (again, end);
            }
            Step::Idle => {
                crate::writer::written(&log.0).await.unwrap();
                assert!(crate::writer::cool(&log.0).await);
            }
            Step::Read(place) => {
                let offset = (place * model.end as f64) as Offset;
                if offset < model.end {
                    let slices = log.read(offset, 1, model.end, true).await.unwrap();
                    let found = model.batches.iter().find(|batch| batch.1 >= offset).unwrap();
                    assert_eq!(slices.parts.concat(), found.3);
                }
            }
        }
        assert_eq!(log.log_end_offset(), model.end);
    }
    agrees(&log, &model).await;
    log.close(None).await.unwrap();
    // The files themselves, without the log: plain segments that follow each other.
    let mut next = None;
    let mut names: Vec<PathBuf> = fs::read_dir(&partition.dir).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    for path in names.iter().filter(|path| path.extension().is_some_and(|suffix| suffix == "log")) {
        let base: Offset = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        assert_eq!(next.unwrap_or(base), base);
        let scanned =
            segment(&fs::read(path).unwrap(), Expected::at_segment_start(base, None, false), |_, _, _| {});
        assert_eq!(scanned.fault, None);
        next = Some(scanned.next_offset);
    }
    assert_eq!(next, Some(model.end));
}

#[test]
fn a_log_agrees_with_a_model_through_appends_truncations_kills_and_restarts() {
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 20, failure_persistence: None, ..Default::default() });
    runner
        .run(&prop::collection::vec(step(), 1..60), |steps| {
            let data = directory();
            let mut partition = Partition::in_directory(data.path());
            partition.config.segment_bytes = 30_000;
            partition.config.index_interval_bytes = 1000;
            partition.limits.batch_cache_bytes = 50_000;
            partition.limits.idle_ms = 60_000;
            on_shard(move || play(partition.clone(), steps.clone()));
            Ok(())
        })
        .unwrap();
}

#[test]
fn restarting_elsewhere_leaves_an_empty_log_there() {
    let data = directory();
    let partition = Partition::in_directory(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            append(&log, &batch(5, 10, 1), 1).await;
            for offset in [1000, 20] {
                log.restart_at(offset).await.unwrap();
                assert_eq!((log.log_start_offset(), log.log_end_offset()), (offset, offset));
                assert_eq!(append(&log, &batch(5, 10, 1), 2).await.base_offset, offset);
                log.wait_durable(offset + 5).await.unwrap();
                assert_eq!(log.segments().len(), 1);
            }
            crate::writer::written(&log.0).await.unwrap();
            kill(log).await;
            let (log, recovered) = partition.open_killed(20).await;
            assert_eq!((recovered.log_start_offset, recovered.log_end_offset), (20, 25));
            assert_eq!(log.epoch_entries().len(), 1);
        }
    });
}

#[test]
fn deleted_records_are_out_of_range_and_their_segments_gone() {
    let data = directory();
    let mut partition = Partition::in_directory(data.path());
    partition.config.segment_bytes = 10_000;
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            for number in 0..50_i32 {
                append(&log, &batch(1, 1000, 1), number / 10).await;
            }
            assert_eq!(log.delete_records_to(25).await.unwrap(), 0, "only what is durable may go");
            log.wait_durable(50).await.unwrap();
            crate::writer::written(&log.0).await.unwrap();
            let count = log.segments().len();
            assert_eq!(log.delete_records_to(25).await.unwrap(), 25);
            assert_eq!(log.delete_records_to(7).await.unwrap(), 25);
            assert!(log.segments().len() < count);
            assert!(matches!(
                log.read(24, 1, 50, true).await,
                Err(Error::OffsetOutOfRange { start: 25, .. })
            ));
            assert!(matches!(log.read(51, 1, 60, true).await, Err(Error::OffsetOutOfRange { end: 50, .. })));
            assert!(log.read(50, 1, 60, true).await.unwrap().is_empty());
            assert_eq!(log.read(25, 1, 50, true).await.unwrap().first_offset, 25);
            assert_eq!(log.epoch_entries()[0].start_offset, 25);
            let end = log.close(None).await.unwrap();
            let opening = Opening { log_start_offset: Some(25), ..partition.opening() };
            let (log, _) = Log::open(Opening { recovery_point: Some(end), clean_shutdown: true, ..opening })
                .await
                .unwrap();
            assert_eq!(log.log_start_offset(), 25);
            log.delete().await.unwrap();
            assert!(!partition.dir.exists());
            assert_eq!(fs::read_dir(partition.dir.parent().unwrap()).unwrap().count(), 0);
            assert!(matches!(
                log.append(&batch(1, 1, 1), &info(1)),
                Err(AppendError::Log(Error::Closed { .. }))
            ));
        }
    });
}

#[test]
fn a_relaxed_topic_acknowledges_written_records_and_flushes_by_count_and_by_time() {
    let data = directory();
    let mut partition = Partition::in_directory(data.path());
    partition.config.flush_messages = Some(100);
    on_shard(move || {
        let mut partition = partition.clone();
        async move {
            let log = partition.create().await;
            append(&log, &batch(40, 10, 1), 0).await;
            log.wait_durable(40).await.unwrap();
            assert_eq!(log.synced_end(), 0);
            append(&log, &batch(60, 10, 1), 0).await;
            log.wait_durable(100).await.unwrap();
            while log.synced_end() < 100 {
                log.durable_changed().await;
            }
            partition.config.flush_messages = None;
            partition.config.flush_ms = Some(20);
            log.set_config(Rc::new(partition.config.clone()));
            append(&log, &batch(1, 10, 1), 0).await;
            log.wait_durable(101).await.unwrap();
            assert_eq!(log.synced_end(), 100);
            while log.synced_end() < 101 {
                log.durable_changed().await;
            }
            append(&log, &batch(1, 10, 1), 0).await;
            log.wait_durable(102).await.unwrap();
            partition.config.flush_ms = None;
            log.set_config(Rc::new(partition.config.clone()));
            append(&log, &batch(1, 10, 1), 0).await;
            log.wait_durable(103).await.unwrap();
            assert_eq!(log.synced_end(), 103);
        }
    });
}

#[test]
fn an_idle_log_holds_no_memory_and_no_file_and_goes_on_where_it_was() {
    let data = directory();
    let mut partition = Partition::in_directory(data.path());
    partition.limits.idle_ms = 20;
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            let resources = log.0.resources.clone();
            let open_files = || {
                fs::read_dir("/proc/self/fd")
                    .unwrap()
                    .filter(|fd| {
                        let target = fs::read_link(fd.as_ref().unwrap().path());
                        target.is_ok_and(|target| target.starts_with(&partition.dir))
                    })
                    .count()
            };
            let mut expected = Vec::new();
            for round in 0..3 {
                for _ in 0..10 {
                    let sent = batch(1, 333, 1);
                    let appended = append(&log, &sent, 0).await;
                    let mut stored = sent;
                    crate::batch::patch_assignment(&mut stored, appended.base_offset, 0);
                    expected.extend_from_slice(&stored);
                }
                log.wait_durable(log.log_end_offset()).await.unwrap();
                assert!(resources.cached_bytes() > 0);
                assert!(read_all(&log, 0, 1000).await == expected);
                if round > 0 {
                    assert!(resources.read_file_count() > 0);
                }
                let deadline = ottla_io::now() + Duration::from_secs(10);
                while resources.cached_bytes() > 0 || resources.read_file_count() > 0 || open_files() > 0 {
                    assert!(ottla_io::now() < deadline, "still warm");
                    ottla_io::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    });
}

#[test]
fn the_batch_cache_keeps_to_its_budget_over_all_logs() {
    let data = directory();
    let mut partition = Partition::in_directory(data.path());
    partition.limits.batch_cache_bytes = 256 << 10;
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let resources = Resources::new(partition.limits.clone());
            let mut logs = Vec::new();
            for number in 0..8 {
                let dir = partition.dir.with_file_name(format!("topic-{number}"));
                let opening = Opening { dir, resources: resources.clone(), ..partition.opening() };
                logs.push(Log::create(opening).await.unwrap());
            }
            for _ in 0..60 {
                for log in &logs {
                    append(log, &batch(1, 9000, 1), 0).await;
                    log.wait_durable(log.log_end_offset()).await.unwrap();
                }
                // One chunk may be new and not yet written when the others are looked at.
                assert!(resources.cached_bytes() <= (256 << 10) + crate::limits::CHUNK_BYTES_MAX);
            }
            for log in &logs {
                assert_eq!(read_all(log, 0, 50_000).await.len() as u64, log.size_bytes());
            }
            drop(logs);
            assert_eq!(resources.cached_bytes(), 0);
        }
    });
}

#[test]
fn appends_wait_for_room_and_those_who_wait_are_told() {
    let data = directory();
    let partition = Partition::in_directory(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            let calls = Rc::new(Cell::new(0));
            log.set_on_durable({
                let calls = calls.clone();
                Rc::new(move || calls.set(calls.get() + 1))
            });
            let sent = batch(1, 900_000, 1);
            let mut full = 0;
            for _ in 0..30 {
                while log.append(&sent, &info(0)) == Err(AppendError::Full) {
                    full += 1;
                    log.room().await;
                }
            }
            assert!(full > 0);
            log.wait_durable(30).await.unwrap();
            assert!(calls.get() > 0);
            let waits = RefCell::new(Vec::new());
            append(&log, &sent, 0).await;
            let waiter = log.clone();
            let handle =
                ottla_io::spawn(ottla_io::Class::Foreground, async move { waiter.wait_durable(99).await });
            waits.borrow_mut().push(handle);
            log.close(None).await.unwrap();
            let handle = waits.borrow_mut().pop().unwrap();
            assert!(handle.await.unwrap().is_err());
        }
    });
}

/// What was read ahead of a truncation is not what is read after it.
#[test]
fn windows_do_not_outlive_a_truncation() {
    let data = directory();
    let path = data.path().to_owned();
    on_shard(move || {
        let mut partition = Partition::in_directory(&path);
        // Nothing stays in memory, so that all of it is read through windows.
        partition.limits.batch_cache_bytes = 0;
        async move {
            let log = partition.create().await;
            let batch = |fill: u8| {
                build(&Content { payload: vec![fill; 100_000], base_timestamp: 1, ..Content::default() })
            };
            let info = AppendInfo { leader_epoch: 0, log_append_time: None, base_offset: None };
            let payloads = async |log: &Log| {
                let (mut offset, mut fills) = (0, Vec::new());
                while offset < log.durable_end() {
                    let slices = log.read(offset, 300_000, log.durable_end(), true).await.unwrap();
                    assert!(!slices.is_empty());
                    let bytes: Vec<u8> = slices.parts.iter().flat_map(|part| part.to_vec()).collect();
                    let each = bytes.len() / usize::try_from(slices.next_offset - offset).unwrap();
                    fills.extend(bytes.chunks(each).map(|batch| batch[each / 2]));
                    offset = slices.next_offset;
                }
                fills
            };
            for _ in 0..40 {
                log.append(&batch(b'a'), &info).unwrap();
                log.wait_durable(log.log_end_offset()).await.unwrap();
            }
            assert_eq!(payloads(&log).await, [b'a'; 40]);
            assert_eq!(log.truncate_to(5).await.unwrap(), 5);
            for _ in 0..40 {
                log.append(&batch(b'b'), &info).unwrap();
                log.wait_durable(log.log_end_offset()).await.unwrap();
            }
            assert_eq!(payloads(&log).await, [[b'a'; 5].as_slice(), &[b'b'; 40]].concat());
        }
    });
}
