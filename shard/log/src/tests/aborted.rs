//! The transaction index: written with its segment, listed by offsets, mended, cut and deleted.

use super::*;
use crate::AbortedTxn;
use crate::index::transaction::{ENTRY_BYTES, parse};
use crate::transactions::OpenTransactions;
use ottla_io::sim::{self, Latency, World};
use ottla_protocol::records::{BatchBuilder, Marker, MarkerKind};
use std::cell::RefCell;
use std::fs;
use std::time::Duration;

/// Appends transactions, and notes them as a partition does.
struct Writer {
    log: Log,
    open: RefCell<OpenTransactions>,
    aborted: RefCell<Vec<AbortedTxn>>,
}

impl Writer {
    fn new(log: Log) -> Writer {
        Writer { log, open: RefCell::default(), aborted: RefCell::default() }
    }

    async fn put(&self, batch: Vec<u8>) {
        let appended = append(&self.log, &batch, 0).await;
        let mut header = crate::batch::BatchHeader::parse(&batch).unwrap();
        header.base_offset = appended.base_offset;
        if let Some(aborted) = self.open.borrow_mut().pass(&header, &batch) {
            self.log.append_aborted(aborted);
            self.aborted.borrow_mut().push(aborted);
        }
    }
    /// A batch of two records.
    async fn data(&self, producer_id: i64) {
        let mut builder = BatchBuilder::new().producer(producer_id, 0, 0).transactional();
        builder.push(1000, None, Some(&[b'x'; 300]), &[]);
        builder.push(1000, None, Some(&[b'x'; 300]), &[]);
        self.put(builder.build().unwrap()).await;
    }
    async fn end(&self, producer_id: i64, kind: MarkerKind) {
        self.put(Marker { kind, coordinator_epoch: 0 }.batch(producer_id, 0, 1000)).await;
    }
    async fn abort(&self, producer_id: i64) {
        self.end(producer_id, MarkerKind::Abort).await;
    }
    /// Transactions of three producers that overlap, some of them across segments, over 68 offsets.
    async fn many(&self) {
        for round in 0..10 {
            self.data(1).await;
            self.data(2).await;
            self.abort(1).await;
            if round % 4 == 0 {
                self.data(3).await;
            }
            self.end(2, if round % 3 == 0 { MarkerKind::Abort } else { MarkerKind::Commit }).await;
            if round % 4 == 3 {
                self.abort(3).await;
            }
        }
        self.log.wait_durable(self.log.log_end_offset()).await.unwrap();
    }
}

/// What a list of all of them says of `[from, to)`.
fn expected(all: &[AbortedTxn], from: Offset, to: Offset) -> Vec<AbortedTxn> {
    all.iter().filter(|aborted| aborted.last_offset >= from && aborted.first_offset < to).copied().collect()
}

async fn check_listing(log: &Log, all: &[AbortedTxn]) {
    let (start, end) = (log.log_start_offset(), log.log_end_offset());
    for from in (start..end).step_by(3) {
        for to in [from + 1, from + 2, from + 7, from + 40, end] {
            let found = log.aborted_within(from, to).await.unwrap();
            assert_eq!(found, expected(all, from, to), "[{from}, {to})");
        }
    }
}

fn indexes_in(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txnindex"))
        .collect();
    found.sort();
    found
}

fn stored_in(dir: &Path) -> Vec<AbortedTxn> {
    indexes_in(dir).iter().flat_map(|path| parse(&fs::read(path).unwrap(), 0).unwrap()).collect()
}

fn with_partition<F, Fut>(check: F)
where
    F: Fn(Partition) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let data = directory();
    let mut partition = Partition::in_directory(data.path());
    partition.config.segment_bytes = 4_000;
    partition.config.index_interval_bytes = 500;
    partition.config.file_delete_delay_ms = 0;
    on_shard(move || {
        let (partition, check) = (partition.clone(), check.clone());
        async move { check(partition).await }
    });
}

/// An entry is what Kafka makes of it: where the transaction began, its marker, and up to where all were decided then.
#[test]
fn entries_say_what_kafkas_say() {
    with_partition(|partition| async move {
        let writer = Writer::new(partition.create().await);
        writer.data(1).await;
        writer.data(2).await;
        writer.abort(2).await;
        writer.data(2).await;
        writer.end(2, MarkerKind::Commit).await;
        writer.abort(1).await;
        writer.abort(1).await;
        let entry = |producer_id, first_offset, last_offset, last_stable_offset| AbortedTxn {
            producer_id,
            first_offset,
            last_offset,
            last_stable_offset,
        };
        let all = [entry(2, 2, 4, 0), entry(1, 0, 8, 9)];
        assert_eq!(*writer.aborted.borrow(), all, "a marker without a transaction ends none");
        assert_eq!(writer.log.aborted_within(0, 10).await.unwrap(), all);
        assert!(indexes_in(&partition.dir).is_empty(), "not before the other indexes");
        writer.log.wait_durable(10).await.unwrap();
        writer.log.checkpoint().await.unwrap();
        assert_eq!(stored_in(&partition.dir), all);
    });
}

/// Each segment has a file of those that end in it, or none; listings agree in every life of the log.
#[test]
fn listings_agree_before_and_after_a_restart() {
    with_partition(|partition| async move {
        let writer = Writer::new(partition.create().await);
        writer.many().await;
        let all = writer.aborted.borrow().clone();
        assert!(writer.log.segments().len() > 3);
        check_listing(&writer.log, &all).await;
        let end = writer.log.close(None).await.unwrap();
        assert_eq!(stored_in(&partition.dir), all);
        for path in indexes_in(&partition.dir) {
            let base = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            assert!(!parse(&fs::read(path).unwrap(), base).unwrap().is_empty());
        }
        let (log, _) = partition.open_clean(end).await;
        check_listing(&log, &all).await;
        // The file of the segment that goes on to grow is added to.
        let writer = Writer { log, open: RefCell::default(), aborted: RefCell::new(all) };
        writer.data(7).await;
        writer.abort(7).await;
        let all = writer.aborted.borrow().clone();
        check_listing(&writer.log, &all).await;
        writer.log.close(None).await.unwrap();
        assert_eq!(stored_in(&partition.dir), all);
    });
}

/// A kill loses what was not in a file yet; what the partition's replay finds is put in its place, in every segment.
#[test]
fn a_kill_loses_nothing() {
    with_partition(|partition| async move {
        let writer = Writer::new(partition.create().await);
        writer.many().await;
        let all = writer.aborted.borrow().clone();
        kill(writer.log).await;
        for (round, from) in [0, 20, 45, 68].into_iter().enumerate() {
            for path in indexes_in(&partition.dir).into_iter().skip(round) {
                // Below `from` a snapshot of the producers says that the file was flushed.
                let kept = parse(&fs::read(&path).unwrap(), 0).unwrap();
                let kept = kept.iter().filter(|aborted| aborted.last_offset < from);
                let kept: Vec<u8> = kept.flat_map(|aborted| aborted.to_bytes()).collect();
                fs::write(&path, kept).unwrap();
            }
            let (log, _) = partition.open_killed(0).await;
            let found: Vec<AbortedTxn> =
                all.iter().filter(|aborted| aborted.last_offset >= from).copied().collect();
            log.recover_aborted(from, &found).await.unwrap();
            check_listing(&log, &all).await;
            assert_eq!(stored_in(&partition.dir), all);
            kill(log).await;
        }
    });
}

/// What a torn tail took away is gone from the index too, before anything else takes its offsets.
#[test]
fn a_lost_tail_takes_its_entries_along() {
    with_partition(|partition| async move {
        let writer = Writer::new(partition.create().await);
        writer.many().await;
        let all = writer.aborted.borrow().clone();
        writer.log.close(None).await.unwrap();
        let last = fs::read_dir(&partition.dir).unwrap().map(|entry| entry.unwrap().path());
        let last = last.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max();
        let last = last.unwrap();
        let bytes = fs::read(&last).unwrap();
        fs::write(&last, &bytes[..bytes.len() - 10]).unwrap();
        let (log, recovered) = partition.open_killed(0).await;
        let left = expected(&all, 0, recovered.log_end_offset);
        let left: Vec<AbortedTxn> =
            left.into_iter().filter(|aborted| aborted.last_offset < recovered.log_end_offset).collect();
        assert_eq!(left.len() + 1, all.len());
        check_listing(&log, &left).await;
        assert_eq!(stored_in(&partition.dir), left);
    });
}

#[test]
fn truncation_cuts_the_index() {
    with_partition(|partition| async move {
        let writer = Writer::new(partition.create().await);
        writer.many().await;
        let mut all = writer.aborted.borrow().clone();
        for offset in [60, 55, 41, 40, 17, 3, 0] {
            let end = writer.log.truncate_to(offset).await.unwrap();
            all.retain(|aborted| aborted.last_offset < end);
            check_listing(&writer.log, &all).await;
            assert_eq!(stored_in(&partition.dir), all, "cut at {end}");
        }
        assert!(indexes_in(&partition.dir).is_empty());
        // It goes on with other transactions at the same offsets.
        let writer = Writer::new(writer.log);
        writer.many().await;
        let all = writer.aborted.borrow().clone();
        check_listing(&writer.log, &all).await;
        writer.log.close(None).await.unwrap();
        assert_eq!(stored_in(&partition.dir), all);
    });
}

#[test]
fn a_deleted_segment_takes_its_index_along() {
    with_partition(|partition| async move {
        let writer = Writer::new(partition.create().await);
        writer.many().await;
        let all = writer.aborted.borrow().clone();
        let segments = writer.log.segments();
        writer.log.sealed(segments.last().unwrap().base_offset).await.unwrap();
        let files = indexes_in(&partition.dir).len();
        let start = segments[2].base_offset;
        assert_eq!(writer.log.delete_records_to(start).await.unwrap(), start);
        assert_eq!(indexes_in(&partition.dir).len(), files - 2);
        check_listing(&writer.log, &all).await;
        writer.log.restart_at(500).await.unwrap();
        assert!(indexes_in(&partition.dir).is_empty());
        assert_eq!(writer.log.aborted_within(0, 1000).await.unwrap(), []);
    });
}

/// Every bit flipped and every cut: an index that can be told to be damaged is made again, byte for byte, from the
/// segment and the snapshot of the producers before it; one that still reads well is believed, as by Kafka.
#[test]
fn damage_is_mended() {
    with_partition(|mut partition| async move {
        partition.config.segment_bytes = 2_000;
        let writer = Writer::new(partition.create().await);
        // A transaction that is open when the second segment begins.
        writer.data(9).await;
        while writer.log.segments().len() < 2 {
            writer.data(1).await;
            writer.abort(1).await;
        }
        let second = writer.log.segments()[1].base_offset;
        writer.log.store_producer_snapshot(second, snapshot(&writer, second));
        writer.abort(9).await;
        while writer.log.segments().len() < 4 {
            writer.data(2).await;
            writer.abort(2).await;
        }
        let all = writer.aborted.borrow().clone();
        let end = writer.log.close(None).await.unwrap();
        let files = indexes_in(&partition.dir);
        // A sealed one without a snapshot, a sealed one with one before it, and the active one.
        for path in [&files[0], &files[1], files.last().unwrap()] {
            let whole = fs::read(path).unwrap();
            let base: Offset = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            let flips = (0..whole.len() * 8).map(|bit| {
                let mut damaged = whole.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                damaged
            });
            let cuts = (0..whole.len()).map(|len| whole[..len].to_vec());
            let (mut mended, mut believed) = (0, 0);
            for damaged in flips.chain(cuts) {
                fs::write(path, &damaged).unwrap();
                let (log, _) = partition.open_clean(end).await;
                let found = log.aborted_within(0, end).await.unwrap();
                if parse(&damaged, base).is_err() {
                    assert_eq!(found, all);
                    assert_eq!(fs::read(path).unwrap(), whole);
                    mended += 1;
                } else {
                    assert!(damaged.len().is_multiple_of(ENTRY_BYTES));
                    believed += 1;
                }
                kill(log).await;
            }
            assert!(mended > believed, "{mended} mended, {believed} believed");
            fs::write(path, &whole).unwrap();
        }
        // After a kill the batches are asked, whatever the file says.
        let (log, _) = partition.open_killed(0).await;
        let strange = AbortedTxn { producer_id: 99, ..all[0] };
        fs::write(&files[0], strange.to_bytes()).unwrap();
        log.recover_aborted(0, &all).await.unwrap();
        check_listing(&log, &all).await;
    });
}

/// The producers' snapshot at `offset`, as far as transactions go: that of producer 9, and one of producer 1 if its marker
/// began the segment.
fn snapshot(writer: &Writer, offset: Offset) -> Vec<u8> {
    let entry = |producer_id, current_txn_first_offset| crate::snapshot::ProducerEntry {
        producer_id,
        producer_epoch: 0,
        last_sequence: 0,
        last_offset: 0,
        offset_delta: 0,
        last_timestamp: 0,
        coordinator_epoch: 0,
        current_txn_first_offset,
    };
    let first = writer
        .aborted
        .borrow()
        .iter()
        .find(|aborted| aborted.last_offset >= offset)
        .map(|aborted| aborted.first_offset);
    let first = first.filter(|first| *first < offset);
    let entries = [entry(9, 0)].into_iter().chain(first.map(|first| entry(1, first)));
    crate::snapshot::format(entries.collect::<Vec<_>>().into_iter())
}

/// An index that is full ends its segment, as with the others.
#[test]
fn a_full_index_rolls_the_segment() {
    with_partition(|mut partition| async move {
        partition.config.segment_bytes = 1 << 20;
        partition.config.segment_index_bytes = 4 * ENTRY_BYTES as u32;
        let writer = Writer::new(partition.create().await);
        for producer_id in 0..10 {
            writer.data(producer_id).await;
            writer.abort(producer_id).await;
        }
        assert_eq!(writer.log.segments().len(), 3);
        let all = writer.aborted.borrow().clone();
        check_listing(&writer.log, &all).await;
    });
}

/// A log whose index is made again, which reads all of it, holds up no other log of its core.
#[test]
fn one_logs_mending_does_not_hold_up_another() {
    let mut world = World::new(1, sim::Config::default());
    let node = world.add_node("node");
    let read = Duration::from_millis(10);
    world.set_disk(node, |disk| disk.read = Latency { min: read, max: read, slow: 0.0, slow_max: read });
    let run = world.start(node, 1, move |_: ottla_io::ShardContext<()>| async move {
        let mut partition = Partition::in_directory(Path::new("/data"));
        partition.config.segment_bytes = 4_000;
        let resources = Resources::new(ResourceLimits::default());
        ottla_io::file::create_dir_all("/data").await.unwrap();
        let mut logs = Vec::new();
        for index in 0..2 {
            let dir = format!("/data/topic-{index}").into();
            let opening = Opening { dir, resources: resources.clone(), ..partition.opening() };
            let writer = Writer::new(Log::create(opening).await.unwrap());
            writer.many().await;
            crate::writer::written(&writer.log.0).await.unwrap();
            logs.push(writer.log);
        }
        let [damaged, sound] = <[Log; 2]>::try_from(logs).unwrap_or_else(|_| panic!("two were made"));
        let first = damaged.segments()[0].base_offset;
        ottla_io::file::replace(damaged.0.path(first, ".txnindex"), b"damage").await.unwrap();
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks = [("damaged", damaged), ("sound", sound)].map(|(name, log)| {
            let order = order.clone();
            ottla_io::spawn(ottla_io::Class::Foreground, async move {
                assert!(!log.aborted_within(0, 5).await.unwrap().is_empty());
                order.borrow_mut().push(name);
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.borrow(), ["sound", "damaged"]);
    });
    assert!(world.run_until(Duration::from_secs(60), |_| run.is_finished()));
}
