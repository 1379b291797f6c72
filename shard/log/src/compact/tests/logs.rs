//! Whole logs: cleaned, merged, read, opened again, and over crashes.

use super::*;
use crate::tests::{Partition, append, directory, kill, on_shard};
use crate::{Error, LogConfig, Opening};
use ottla_io::ShardContext;
use ottla_io::sim::{self, Crash, Effect, Fault, Operation, World};
use ottla_protocol::compression::Compression;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

const KEYS: i64 = 7;

fn small(dir: &Path) -> Partition {
    let mut partition = Partition::in_directory(dir);
    partition.config.segment_bytes = 2500;
    partition.config.compact = true;
    partition.config.file_delete_delay_ms = 0;
    partition
}

/// Batch `number`: two records of keys in turn, in every codec.
fn numbered(number: i64) -> Vec<u8> {
    let value = format!("{number}/{}", "v".repeat(300));
    let keys = [format!("k{}", number % KEYS), format!("k{}", number * 3 % KEYS)];
    let codec = Compression::ALL[number as usize % Compression::ALL.len()];
    let records = [(keys[0].as_str(), Some(value.as_str())), (keys[1].as_str(), Some("short"))];
    keyed(0, &records).compression(codec, None).build().unwrap()
}

async fn filled(partition: &Partition, batches: i64) -> Log {
    let log = partition.create().await;
    for number in 0..batches {
        append(&log, &numbered(number), 0).await;
    }
    log.wait_durable(2 * batches).await.unwrap();
    crate::writer::written(&log.0).await.unwrap();
    log
}

/// Cleans what there is.
async fn clean(log: &Log, map_bytes_max: usize) -> Result<Option<Compacted>, Error> {
    let lags = Lags { min_ms: 0, max_ms: i64::MAX };
    let Some(dirt) = log.dirt(log.durable_end(), lags, NOW).await? else { return Ok(None) };
    let compaction = Compaction {
        dirt,
        last_batch: &|_| None,
        now_ms: NOW,
        delete_retention_ms: 1000,
        map_bytes_max,
        map_load_factor: 0.9,
        buffer_bytes: 64 << 10,
        pace: &Pace::default(),
        goes_on: &|| true,
    };
    log.compact(&compaction).await
}

/// What stays of `records` when all below `end` is clean.
fn expected(records: &[Seen], end: Offset) -> Vec<Seen> {
    let mut latest = BTreeMap::new();
    for record in records.iter().filter(|record| record.offset < end) {
        latest.insert(record.key.clone(), record.offset);
    }
    let stays = |record: &&Seen| record.offset >= end || latest.get(&record.key) == Some(&record.offset);
    records.iter().filter(stays).cloned().collect()
}

async fn records(log: &Log) -> Vec<Seen> {
    let (mut found, mut offset, end) = (Vec::new(), log.log_start_offset(), log.log_end_offset());
    while offset < end {
        let slices = log.read(offset, 3000, end, true).await.unwrap();
        assert!(!slices.is_empty() && slices.next_offset > offset, "nothing at {offset}");
        found.extend(records_in(&slices.parts.concat()));
        offset = slices.next_offset;
    }
    found
}

#[test]
fn a_cleaned_log_has_the_last_value_of_each_key_and_small_segments_are_one() {
    let data = directory();
    let partition = small(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = filled(&partition, 200).await;
            let before = records(&log).await;
            let segments = log.segments().len();
            assert!(segments > 5, "{segments}");
            let larger = LogConfig { segment_bytes: 1 << 20, ..partition.config.clone() };
            log.set_config(Rc::new(larger));
            let done = clean(&log, 1 << 20).await.unwrap().unwrap();
            let active = log.segments().last().unwrap().base_offset;
            assert_eq!((done.end, done.keys), (active, KEYS as usize));
            assert_eq!((done.segments_read, done.segments_made), (segments - 1, 1));
            assert_eq!(log.segments().len(), 2);
            let after = expected(&before, active);
            assert!(after.len() < before.len() / 2);
            assert_eq!(records(&log).await, after);
            // Nothing is dirty now, and offsets that are gone lead to what comes next.
            assert!(clean(&log, 1 << 20).await.unwrap().is_none());
            let slices = log.read(1, 100, log.log_end_offset(), true).await.unwrap();
            assert!(slices.first_offset > 1);
            assert_eq!(append(&log, &numbered(200), 0).await.base_offset, 400);
            log.wait_durable(402).await.unwrap();
            let names: Vec<_> =
                fs::read_dir(&partition.dir).unwrap().map(|e| e.unwrap().file_name()).collect();
            let logs = names.iter().filter(|name| name.to_string_lossy().ends_with(".log")).count();
            assert_eq!(logs, 2, "{names:?}");
            let after = records(&log).await;
            kill(log).await;
            let (log, recovered) = partition.open_killed(0).await;
            assert_eq!((recovered.log_end_offset, recovered.truncated_bytes), (402, 0));
            assert_eq!(records(&log).await, after);
            let end = log.close(None).await.unwrap();
            let (log, recovered) = partition.open_clean(end).await;
            assert_eq!((recovered.scanned_bytes, records(&log).await), (0, after));
        }
    });
}

/// A bound of a few keys only makes more passes.
#[test]
fn a_small_map_cleans_in_several_passes() {
    let data = directory();
    let partition = small(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            for number in 0..3000 {
                let key = format!("{}", number % 1000);
                append(&log, &keyed(0, &[(&key, Some("0123456789"))]).build().unwrap(), 0).await;
            }
            log.wait_durable(3000).await.unwrap();
            crate::writer::written(&log.0).await.unwrap();
            let before = records(&log).await;
            let (mut cleaned_to, mut passes) = (0, 0);
            while let Some(done) = clean(&log, 64 * 8 * 24).await.unwrap() {
                assert!(done.end > cleaned_to, "a pass gets on");
                assert!(done.map_bytes <= 64 * 8 * 24);
                (cleaned_to, passes) = (done.end, passes + 1);
            }
            assert!(passes > 2, "{passes}");
            let active = log.segments().last().unwrap().base_offset;
            assert_eq!(records(&log).await, expected(&before, active));
        }
    });
}

/// Damage is told, and hurts nothing else: the log stays online, and no half-made file is left.
#[test]
fn a_damaged_segment_is_not_cleaned() {
    let data = directory();
    let mut partition = small(data.path());
    partition.limits.batch_cache_bytes = 16 << 10;
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = filled(&partition, 100).await;
            let second = log.segments()[1].base_offset;
            let path = log.0.path(second, ".log");
            let mut content = fs::read(&path).unwrap();
            content[200] ^= 1;
            fs::write(&path, &content).unwrap();
            log.0.resources.forget_segment(log.0.number, second);
            let error = clean(&log, 1 << 20).await.unwrap_err();
            assert!(matches!(&error, Error::Corrupt { path: at, .. } if *at == path), "{error}");
            assert!(log.is_online());
            append(&log, &numbered(100), 0).await;
            log.wait_durable(202).await.unwrap();
            let names = fs::read_dir(&partition.dir).unwrap().map(|entry| entry.unwrap().file_name());
            assert_eq!(names.filter(|name| name.to_string_lossy().contains(".cleaned")).count(), 0);
        }
    });
}

/// Who truncates or deletes meanwhile wins; the caller may end a pass as well.
#[test]
fn a_log_that_changes_ends_the_pass() {
    let data = directory();
    let partition = small(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = filled(&partition, 100).await;
            let lags = Lags { min_ms: 0, max_ms: i64::MAX };
            let dirt = log.dirt(200, lags, NOW).await.unwrap().unwrap();
            let (asked, pace) = (Cell::new(0), Pace::default());
            let goes_on = || {
                asked.set(asked.get() + 1);
                asked.get() < 30
            };
            let compaction = Compaction {
                dirt,
                last_batch: &|_| None,
                now_ms: NOW,
                delete_retention_ms: 0,
                map_bytes_max: 1 << 20,
                map_load_factor: 0.9,
                buffer_bytes: 64 << 10,
                pace: &pace,
                goes_on: &goes_on,
            };
            assert_eq!(log.compact(&compaction).await.unwrap(), None);
            assert_eq!(records(&log).await.len(), 200);
            let first_end = log.segments()[1].base_offset;
            let log_of_task = log.clone();
            let cut = ottla_io::spawn(ottla_io::Class::Foreground, async move {
                log_of_task.delete_records_to(first_end).await.unwrap();
            });
            assert_eq!(clean(&log, 1 << 20).await.unwrap(), None);
            cut.await.unwrap();
            assert!(log.is_online());
            assert_eq!(log.log_start_offset(), first_end);
            assert!(clean(&log, 1 << 20).await.unwrap().is_some());
        }
    });
}

/// A segment that goes while somebody looks how dirty the log is looks damaged, and is not: no log must be left alone for it.
#[test]
fn a_segment_that_goes_meanwhile_is_no_damage() {
    for seed in 0..60 {
        let mut world = World::new(seed, sim::Config::default());
        let node = world.add_node("node");
        let partition = small(Path::new("/data"));
        let run = world.start(node, 1, move |_: ShardContext<()>| {
            let partition = partition.clone();
            async move {
                ottla_io::file::create_dir_all("/data").await.unwrap();
                let end = filled(&partition, 100).await.close(None).await.unwrap();
                // What is opened has yet to learn the timestamps of its segments.
                let (log, _) = partition.open_clean(end).await;
                let (log_of_task, start) = (log.clone(), log.segments()[6].base_offset);
                let deleted = ottla_io::spawn(ottla_io::Class::Foreground, async move {
                    log_of_task.delete_records_to(start).await.unwrap();
                });
                let lags = Lags { min_ms: 1, max_ms: 1 << 50 };
                let found = log.dirt(end, lags, NOW + 10_000).await;
                assert!(found.is_ok(), "seed {seed}: {found:?}");
                deleted.await.unwrap();
                assert!(log.dirt(end, lags, NOW + 10_000).await.unwrap().is_some());
            }
        });
        assert!(world.run_until(Duration::from_secs(60), |_| run.is_finished()), "seed {seed}");
    }
}

/// A file that is not whole and cannot be removed ends the pass: after a crash it would undo the swaps of the groups behind it, whose
/// old segments are gone by then.
#[test]
fn a_half_made_file_that_stays_ends_the_pass() {
    let data = directory();
    let partition = small(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = partition.create().await;
            for number in 0..100 {
                let key = format!("{number}");
                append(&log, &keyed(0, &[(&key, Some("0123456789"))]).build().unwrap(), 0).await;
            }
            log.wait_durable(100).await.unwrap();
            crate::writer::written(&log.0).await.unwrap();
            let lags = Lags { min_ms: 0, max_ms: i64::MAX };
            let dirt = log.dirt(100, lags, NOW).await.unwrap().unwrap();
            // A directory in its place is what cannot be removed.
            let stays = log.0.path(0, ".txnindex.cleaned");
            let goes_on = || {
                let _ = fs::create_dir(&stays);
                true
            };
            let compaction = Compaction {
                dirt,
                last_batch: &|_| None,
                now_ms: NOW,
                delete_retention_ms: 0,
                map_bytes_max: 1 << 20,
                map_load_factor: 0.9,
                buffer_bytes: 64 << 10,
                pace: &Pace::default(),
                goes_on: &goes_on,
            };
            let error = log.compact(&compaction).await.unwrap_err();
            assert!(matches!(&error, Error::Io { path, .. } if *path == stays), "{error}");
            assert!(log.is_online());
            fs::remove_dir(&stays).unwrap();
            assert!(clean(&log, 1 << 20).await.unwrap().is_some());
        }
    });
}

/// What an earlier pass left half done may be in the hands of a swap that goes on without it: nobody takes that away under it.
#[test]
fn leftovers_are_cleared_in_the_logs_turn() {
    let data = directory();
    let partition = small(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = filled(&partition, 100).await;
            let left = log.0.path(0, ".index.cleaned");
            fs::write(&left, "").unwrap();
            let turn = log.0.turn.acquire(1).await;
            let log_of_task = log.clone();
            let pass =
                ottla_io::spawn(
                    ottla_io::Class::Foreground,
                    async move { clean(&log_of_task, 1 << 20).await },
                );
            ottla_io::sleep(Duration::from_millis(30)).await;
            assert!(left.exists(), "a swap under way has lost a file");
            drop(turn);
            assert!(pass.await.unwrap().unwrap().is_some());
            assert!(!left.exists());
        }
    });
}

/// What is appended after a truncation has never been cleaned, though its offsets were.
#[test]
fn a_truncation_takes_back_how_far_a_log_is_clean() {
    let data = directory();
    let partition = small(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = filled(&partition, 100).await;
            let done = clean(&log, 1 << 20).await.unwrap().unwrap();
            assert_eq!(log.cleaned_to(), Some(done.end));
            let end = log.truncate_to(done.end / 2).await.unwrap();
            assert!(end <= done.end / 2);
            assert_eq!(log.cleaned_to(), Some(end));
            for number in 0..100 {
                append(&log, &numbered(number), 0).await;
            }
            log.wait_durable(log.log_end_offset()).await.unwrap();
            crate::writer::written(&log.0).await.unwrap();
            let before = records(&log).await;
            let again = clean(&log, 1 << 20).await.unwrap().unwrap();
            assert!(again.end > done.end);
            assert_eq!(records(&log).await, expected(&before, again.end));
            log.restart_at(7).await.unwrap();
            assert_eq!(log.cleaned_to(), Some(7));
        }
    });
}

/// A disk that does not even open a file has failed, whatever the file was to be opened for: see [`Error::is_of_disk`].
#[test]
fn a_swap_that_cannot_be_opened_is_the_disks_failure() {
    let mut world = World::new(1, sim::Config::default());
    let node = world.add_node("node");
    let partition = small(Path::new("/data"));
    let life = |world: &mut World, is_failing: bool| {
        let partition = partition.clone();
        let run = world.start(node, 1, move |_: ShardContext<()>| {
            let partition = partition.clone();
            async move {
                if is_failing {
                    let Err(error) = Log::open(partition.opening()).await else { panic!("it opens") };
                    assert!(error.is_of_disk(), "{error}");
                    return;
                }
                ottla_io::file::create_dir_all("/data").await.unwrap();
                let log = filled(&partition, 10).await;
                log.close(None).await.unwrap();
                let path = |suffix| log.0.path(0, suffix);
                ottla_io::file::rename(path(".log"), path(".log.swap")).await.unwrap();
            }
        });
        assert!(world.run_until(Duration::from_secs(60), |_| run.is_finished()));
    };
    life(&mut world, false);
    world.crash(node, Crash::Process);
    world.add_fault(node, Fault::always(Operation::Open, ".log.swap", Effect::Fail(5)));
    life(&mut world, true);
}

/// The rules of lags: the youngest record of a segment, the oldest of what is dirty.
#[test]
fn lags_hold_back_and_urge() {
    let data = directory();
    let partition = small(data.path());
    on_shard(move || {
        let partition = partition.clone();
        async move {
            let log = filled(&partition, 100).await;
            let second = log.segments()[1].base_offset;
            log.0.state.borrow_mut().cleaned_to = Some(second);
            let dirt =
                async |min_ms, max_ms, now_ms| log.dirt(200, Lags { min_ms, max_ms }, now_ms).await.unwrap();
            // Every segment's largest timestamp is NOW + 1000.
            assert_eq!(dirt(500, i64::MAX, NOW + 1499).await, None);
            let found = dirt(500, i64::MAX, NOW + 1500).await.unwrap();
            assert_eq!(found.upper, log.segments().last().unwrap().base_offset);
            assert_eq!(found.clean_bytes, log.segments()[0].bytes);
            assert!(!found.is_overdue);
            assert!(!dirt(0, 500, NOW + 1500).await.unwrap().is_overdue);
            assert!(dirt(0, 500, NOW + 1501).await.unwrap().is_overdue);
            log.0.state.borrow_mut().cleaned_to = None;
            let low = log.dirt(second + 1, Lags { min_ms: 0, max_ms: 1 << 40 }, NOW).await.unwrap();
            assert_eq!(low.unwrap().upper, second, "no segment that reaches beyond the stable offset");
        }
    });
}

/// A log is filled, and cleaned until the power goes; then it is opened again. What is found is what stood there before
/// or what stands after, segment by segment, and another pass ends where an undisturbed one does. Returns whether the first
/// pass came to its end. `lies`: directories are not flushed from the beginning of the pass on.
fn over_a_crash(seed: u64, lies: bool) -> bool {
    let mut world = World::new(seed, sim::Config::default());
    let node = world.add_node("node");
    let mut partition = small(Path::new("/data"));
    partition.config.file_delete_delay_ms = if seed.is_multiple_of(2) { 0 } else { 60_000 };
    let (ready, done) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    {
        let (partition, ready, done) = (partition.clone(), ready.clone(), done.clone());
        world.start(node, 1, move |_: ShardContext<()>| {
            let (partition, ready, done) = (partition.clone(), ready.clone(), done.clone());
            async move {
                ottla_io::file::create_dir_all("/data").await.unwrap();
                ottla_io::file::sync_dir("/").await.unwrap();
                let log = filled(&partition, 120).await;
                log.checkpoint().await.unwrap();
                // Several groups of several segments each.
                let larger = LogConfig { segment_bytes: 8000, ..partition.config.clone() };
                log.set_config(Rc::new(larger));
                ready.set(true);
                clean(&log, 1 << 20).await.unwrap().unwrap();
                done.set(true);
                std::future::pending::<()>().await;
            }
        });
    }
    assert!(world.run_until(Duration::from_secs(60), |_| ready.get()), "seed {seed}");
    world.set_disk(node, |disk| disk.lies.sync_dir = lies);
    world.crash_after(node, 1 + seed);
    world.run_for(Duration::from_secs(1));
    world.crash(node, Crash::Power);
    let run = world.start(node, 1, move |_: ShardContext<()>| {
        let partition = partition.clone();
        async move {
            let opening = Opening { recovery_point: Some(240), ..partition.opening() };
            let (log, _) = Log::open(opening).await.unwrap();
            assert_eq!(log.log_end_offset(), 240);
            let whole: Vec<Seen> = (0..120)
                .flat_map(|number| {
                    let mut batch = numbered(number);
                    batch[..8].copy_from_slice(&i64::to_be_bytes(2 * number));
                    records_of(&batch)
                })
                .collect();
            let least = expected(&whole, log.segments().last().unwrap().base_offset);
            let found = records(&log).await;
            // All that must be there is, in order, and nothing that never was.
            let mut rest = found.iter();
            assert!(least.iter().all(|record| rest.any(|other| other == record)));
            let mut rest = whole.iter();
            assert!(found.iter().all(|record| rest.any(|other| other == record)));
            clean(&log, 1 << 20).await.unwrap().unwrap();
            assert_eq!(records(&log).await, least);
        }
    });
    assert!(world.run_until(Duration::from_secs(60), |_| run.is_finished()), "seed {seed}");
    done.get()
}

#[test]
fn a_crash_at_any_op_leaves_the_old_segments_or_the_new() {
    let finished = (0..240).filter(|seed| over_a_crash(*seed, false)).count();
    assert!((1..200).contains(&finished), "{finished} of 240 crashes came after the end");
}

/// A planted bug: the renames of a swap in any order, since no directory is flushed between them.
#[test]
fn a_swap_without_flushes_of_the_directory_is_noticed() {
    let fails = |seed: &u64| std::panic::catch_unwind(|| over_a_crash(*seed, true)).is_err();
    assert!((0..240).any(|seed| fails(&seed)), "no crash shows that directories are never flushed");
}
