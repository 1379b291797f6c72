//! What a kill or a bad disk leaves, and what opening makes of it.

use super::*;
use crate::{Error, Health};
use std::fs;

/// A log of 60 batches of two records in several segments, closed cleanly at 120; the recovery point the caller's
/// to choose.
async fn written(partition: &Partition) -> Offset {
    let log = partition.create().await;
    for number in 0..60_i64 {
        append(&log, &batch(2, 700, 1000 + number), (number / 20) as i32).await;
    }
    log.close(Some(Vec::new())).await.unwrap()
}

fn small_segments(data: &Path) -> Partition {
    let mut partition = Partition::in_directory(data);
    partition.config.segment_bytes = 20_000;
    partition.config.index_interval_bytes = 1000;
    partition
}

/// Runs `check` on a fresh partition of several segments and the names of its log files, ascending.
fn with_log<F, Fut>(check: F)
where
    F: Fn(Partition, Vec<PathBuf>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let data = directory();
    let partition = small_segments(data.path());
    on_shard(move || {
        let (partition, check) = (partition.clone(), check.clone());
        async move {
            assert_eq!(written(&partition).await, 120);
            let logs = files(&partition.dir, ".log");
            assert!(logs.len() >= 4);
            check(partition, logs).await;
        }
    });
}

fn files(dir: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(suffix))
        .collect();
    found.sort();
    found
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 4;
    fs::write(path, bytes).unwrap();
}

async fn open(partition: &Partition, recovery_point: Offset) -> Result<(Log, Recovered), Error> {
    Log::open(Opening { recovery_point: Some(recovery_point), ..partition.opening() }).await
}

async fn open_clean(partition: &Partition) -> Result<(Log, Recovered), Error> {
    Log::open(Opening { recovery_point: Some(120), clean_shutdown: true, ..partition.opening() }).await
}

#[test]
fn a_torn_tail_is_cut_and_the_log_goes_on() {
    with_log(|partition, logs| async move {
        let last = logs.last().unwrap();
        let bytes = fs::read(last).unwrap();
        fs::write(last, &bytes[..bytes.len() - 100]).unwrap();
        let (log, recovered) = open(&partition, 0).await.unwrap();
        assert_eq!(recovered.log_end_offset, 118);
        assert!(recovered.truncated_bytes > 0);
        assert_eq!(append(&log, &batch(1, 10, 5000), 3).await.base_offset, 118);
        log.wait_durable(119).await.unwrap();
        kill(log).await;
        let (log, recovered) = open(&partition, 0).await.unwrap();
        assert_eq!((recovered.log_end_offset, recovered.truncated_bytes), (119, 0));
        read_all(&log, 0, 5000).await;
    });
}

#[test]
fn zeros_ahead_of_the_tail_are_no_damage_and_no_records() {
    with_log(|partition, logs| async move {
        let last = logs.last().unwrap();
        let mut bytes = fs::read(last).unwrap();
        bytes.resize(bytes.len() + 100_000, 0);
        fs::write(last, &bytes).unwrap();
        let (_, recovered) = open(&partition, 0).await.unwrap();
        assert_eq!((recovered.log_end_offset, recovered.truncated_bytes), (120, 0));
        assert!(fs::metadata(last).unwrap().len() < 30_000);
    });
}

#[test]
fn blocks_lost_in_the_last_segment_end_the_log_there_and_nothing_behind_them_comes_back() {
    with_log(|partition, logs| async move {
        let last = logs.last().unwrap();
        let mut bytes = fs::read(last).unwrap();
        bytes[4096..8192].fill(0);
        fs::write(last, &bytes).unwrap();
        let (log, recovered) = open(&partition, 0).await.unwrap();
        let end = recovered.log_end_offset;
        assert!(end < 120 && recovered.truncated_bytes > 0, "{end}");
        assert_eq!(log.segments().len(), logs.len());
        append(&log, &batch(2, 100, 9000), 2).await;
        log.wait_durable(end + 2).await.unwrap();
        kill(log).await;
        let (log, recovered) = open(&partition, 0).await.unwrap();
        assert_eq!(recovered.log_end_offset, end + 2);
        assert_eq!(log.latest_epoch(), Some(2));
    });
}

/// No crash leaves a gap before a segment: a log with one stays offline, and keeps every file.
#[test]
fn blocks_or_files_lost_before_a_later_segment_keep_the_log_offline() {
    // What lies inside a sealed segment is not looked at after a clean shutdown.
    type Harm = fn(&PathBuf);
    let cases: [(Harm, bool); 5] =
        [(zero_a_block, false), (empty, false), (remove, false), (empty, true), (remove, true)];
    for (harm, clean_shutdown) in cases {
        with_log(move |partition, logs| async move {
            harm(&logs[1]);
            let opening = Opening { clean_shutdown, recovery_point: Some(0), ..partition.opening() };
            let opening =
                if clean_shutdown { Opening { recovery_point: Some(120), ..opening } } else { opening };
            let error = Log::open(opening).await.map(|_| ()).unwrap_err();
            let Error::Corrupt { path, reason, .. } = &error else { panic!("{error}") };
            assert!(logs[..2].contains(path), "{error}");
            assert!(!reason.is_empty());
            assert!(logs[2..].iter().all(|path| path.exists()));
        });
    }
}

fn zero_a_block(path: &PathBuf) {
    let mut bytes = fs::read(path).unwrap();
    bytes[4096..8192].fill(0);
    fs::write(path, &bytes).unwrap();
}

fn empty(path: &PathBuf) {
    fs::write(path, b"").unwrap();
}

fn remove(path: &PathBuf) {
    fs::remove_file(path).unwrap();
}

#[test]
fn damage_below_the_recovery_point_keeps_the_log_offline_and_names_file_and_reason() {
    with_log(|partition, logs| async move {
        let last = logs.last().unwrap();
        // The last batch: what lies further below the recovery point is not read on opening.
        let bytes = fs::metadata(last).unwrap().len() as usize;
        flip(last, bytes - 50);
        let error = open(&partition, 120).await.map(|_| ()).unwrap_err();
        let Error::Corrupt { path, position, reason } = &error else { panic!("{error}") };
        assert_eq!(path, last);
        assert!(*position > 0);
        assert!(reason.contains("checksum"), "{reason}");
        // Nothing was changed by the attempt.
        flip(last, bytes - 50);
        assert_eq!(open(&partition, 120).await.unwrap().1.log_end_offset, 120);
    });
}

#[test]
fn a_log_that_ends_below_the_recovery_point_is_offline() {
    with_log(|partition, logs| async move {
        let last = logs.last().unwrap();
        fs::OpenOptions::new().write(true).open(last).unwrap().set_len(0).unwrap();
        assert!(matches!(open(&partition, 120).await, Err(Error::Corrupt { .. })));
        for log in &logs {
            fs::remove_file(log).unwrap();
        }
        assert!(matches!(open(&partition, 120).await, Err(Error::Corrupt { .. })));
    });
}

#[test]
fn an_acknowledged_batch_with_a_broken_header_takes_its_log_offline_when_it_is_read() {
    with_log(|partition, logs| async move {
        let second = &logs[1];
        let base = open_clean(&partition).await.unwrap().0.segments()[1].base_offset;
        for at in [8, 16] {
            flip(second, at);
            let (log, _) = open_clean(&partition).await.unwrap();
            let error = log.read(base, 10_000, 120, true).await.map(|_| ()).unwrap_err();
            let Error::Corrupt { path, .. } = &error else { panic!("{error}") };
            assert_eq!(path, second);
            assert!(matches!(log.health(), Health::Offline(Error::Offline { .. })));
            assert!(matches!(log.append(&batch(1, 1, 1), &info(9)), Err(crate::AppendError::Log(_))));
            flip(second, at);
        }
    });
}

#[test]
fn missing_and_damaged_indexes_are_made_again_as_they_were() {
    with_log(|partition, _| async move {
        let before: Vec<_> = [".index", ".timeindex"]
            .iter()
            .flat_map(|suffix| files(&partition.dir, suffix))
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        assert!(before.iter().filter(|(_, bytes)| bytes.len() > 40).count() >= 6);
        for (number, (path, bytes)) in before.iter().enumerate() {
            match number % 4 {
                0 => fs::remove_file(path).unwrap(),
                1 => fs::write(path, &bytes[..bytes.len() - 1]).unwrap(),
                2 => fs::write(path, vec![0; bytes.len()]).unwrap(),
                _ => fs::write(path, [&bytes[..], &[0; 24]].concat()).unwrap(),
            }
        }
        let (log, recovered) = open_clean(&partition).await.unwrap();
        assert_eq!(recovered.log_end_offset, 120);
        for offset in 0..120 {
            assert_eq!(log.read(offset, 1, 120, true).await.unwrap().first_offset, offset / 2 * 2);
            let found = log.offset_for_timestamp(1000 + offset / 2, 120).await.unwrap();
            assert!(found.is_some_and(|found| found.timestamp == 1000 + offset / 2));
        }
        log.close(None).await.unwrap();
        for (path, bytes) in &before {
            assert_eq!(&fs::read(path).unwrap(), bytes, "{}", path.display());
        }
    });
}

#[test]
fn an_index_that_points_elsewhere_is_found_out() {
    with_log(|partition, _| async move {
        for path in files(&partition.dir, ".index") {
            let mut bytes = fs::read(&path).unwrap();
            for entry in bytes.chunks_exact_mut(8) {
                // Each position moves by 5 bytes: still ascending, still inside the segment, at no batch.
                let position = u32::from_be_bytes(entry[4..].try_into().unwrap()) - 5;
                entry[4..].copy_from_slice(&position.to_be_bytes());
            }
            fs::write(&path, bytes).unwrap();
        }
        for clean in [true, false] {
            let (log, _) =
                if clean { open_clean(&partition).await } else { open(&partition, 120).await }.unwrap();
            for offset in 0..120 {
                assert_eq!(log.read(offset, 1, 120, true).await.unwrap().first_offset, offset / 2 * 2);
            }
            assert_eq!(log.health(), Health::Online);
        }
    });
}

#[test]
fn every_flipped_bit_of_the_small_files_is_recovered_from_or_keeps_the_log_offline() {
    with_log(|partition, _| async move {
        for name in ["partition.metadata", "leader-epoch-checkpoint"] {
            let path = partition.dir.join(name);
            let good = fs::read(&path).unwrap();
            for bit in 0..good.len() * 8 {
                let mut bad = good.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                fs::write(&path, &bad).unwrap();
                match open_clean(&partition).await {
                    Ok((log, _)) => {
                        assert_eq!(log.log_end_offset(), 120);
                        assert!(log.latest_epoch().is_some());
                    }
                    Err(Error::Corrupt { .. }) => {}
                    Err(other) => panic!("{name} bit {bit}: {other}"),
                }
                fs::write(&path, &good).unwrap();
            }
        }
    });
}

#[test]
fn epochs_are_read_from_the_batches_when_their_checkpoint_is_gone() {
    with_log(|partition, _| async move {
        let path = partition.dir.join("leader-epoch-checkpoint");
        for damage in [None, Some("0\n7\n0 0\n"), Some("")] {
            match damage {
                None => fs::remove_file(&path).unwrap(),
                Some(text) => fs::write(&path, text).unwrap(),
            }
            let (log, _) = open_clean(&partition).await.unwrap();
            let starts: Vec<Offset> = log.epoch_entries().iter().map(|entry| entry.start_offset).collect();
            assert_eq!(starts, [0, 40, 80]);
            assert_eq!(fs::read_to_string(&path).unwrap(), "0\n3\n0 0\n1 40\n2 80\n");
        }
    });
}

#[test]
fn leftovers_are_cleared_up_and_foreign_files_are_left_alone() {
    with_log(|partition, logs| async move {
        let dir = partition.dir.clone();
        let leftovers = [
            "00000000000000000000.log.deleted",
            "00000000000000000000.index.deleted",
            "00000000000000000300.log.cleaned",
            "00000000000000000300.timeindex",
            "leader-epoch-checkpoint.tmp",
            "00000000000000009999.snapshot",
        ];
        for name in leftovers {
            fs::write(dir.join(name), b"x").unwrap();
        }
        fs::write(dir.join("notes.txt"), b"mine").unwrap();
        fs::create_dir(dir.join("lost+found")).unwrap();
        // A roll that got no further than the next segment's empty file.
        let base = dir.join("00000000000000000120.log");
        fs::write(&base, b"").unwrap();
        let (log, recovered) = open(&partition, 0).await.unwrap();
        assert_eq!(recovered.log_end_offset, 120);
        assert_eq!(log.segments().len(), logs.len() + 1);
        for name in leftovers {
            assert!(!dir.join(name).exists(), "{name}");
        }
        assert!(dir.join("notes.txt").exists());
        assert_eq!(append(&log, &batch(1, 1, 1), 2).await.base_offset, 120);
        log.wait_durable(121).await.unwrap();
        assert!(fs::metadata(&base).unwrap().len() > 0);
    });
}

#[test]
fn a_replacement_by_compaction_is_finished_or_undone() {
    with_log(|partition, logs| async move {
        let dir = partition.dir.clone();
        let swap = |path: &Path| PathBuf::from(format!("{}.swap", path.display()));
        // Whole swap files of the second segment, and the third already replaced by them in part.
        let content = fs::read(&logs[1]).unwrap();
        fs::rename(&logs[1], swap(&logs[1])).unwrap();
        let (log, _) = open(&partition, 0).await.unwrap();
        assert_eq!(log.log_end_offset(), 120);
        kill(log).await;
        assert_eq!(fs::read(&logs[1]).unwrap(), content);
        // A swap file beside a .cleaned one was one of several that were to be renamed: the old ones stay.
        fs::write(swap(&logs[1]), &content[..10]).unwrap();
        fs::write(dir.join("00000000000000000002.log.cleaned"), b"x").unwrap();
        let (log, _) = open(&partition, 0).await.unwrap();
        assert_eq!(log.log_end_offset(), 120);
        assert_eq!(fs::read(&logs[1]).unwrap(), content);
        assert!(!swap(&logs[1]).exists());
    });
}

#[test]
fn a_directory_of_another_topic_is_refused() {
    with_log(|partition, _| async move {
        let other = Opening { topic_id: Uuid::from_u128(5), ..partition.opening() };
        let error = Log::open(other).await.map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("belongs to the topic"), "{error}");
    });
}
