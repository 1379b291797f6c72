//! Every kind of file, with every bit flipped, cut at every length, swapped with another's, emptied: dump and verify end, with an exit
//! code, and name what is wrong.

use super::dump::{self, DumpArgs};
use super::report::Report;
use super::verify::{self, VerifyArgs};
use crate::cli::Exit;
use clap::Parser;
use ottla_log::Offset;
use ottla_log::batch::BatchHeader;
use ottla_log::checkpoint::epochs::{self, EpochEntry, LEADER_EPOCHS};
use ottla_log::checkpoint::offsets::{LOG_START, RECOVERY_POINT, REPLICATION};
use ottla_log::checkpoint::partition::{self, PARTITION_METADATA};
use ottla_log::index::IndexBuilder;
use ottla_protocol::compression::Compression;
use ottla_protocol::records::{BatchBuilder, Marker, MarkerKind, emptied, patch_assignment};
use ottla_shard::producers::Producers;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

#[derive(Parser)]
struct Verify {
    #[command(flatten)]
    args: VerifyArgs,
}

#[derive(Parser)]
struct Dump {
    #[command(flatten)]
    args: DumpArgs,
}

fn verify(options: &[&str], path: &Path) -> (Exit, String) {
    let words = [&["verify"], options, &[path.to_str().unwrap()]].concat();
    let mut out = Vec::new();
    let args = Verify::try_parse_from(words).unwrap().args;
    let exit = verify::verify(&args, Report::new(Box::new(&mut out), options.contains(&"--json"))).unwrap();
    (exit, String::from_utf8(out).unwrap())
}

fn dump(options: &[&str], path: &Path) -> (Exit, String) {
    let words = [&["dump"], options, &[path.to_str().unwrap()]].concat();
    let mut out = Vec::new();
    let args = Dump::try_parse_from(words).unwrap().args;
    let exit = dump::dump(&args, Report::new(Box::new(&mut out), options.contains(&"--json"))).unwrap();
    (exit, String::from_utf8(out).unwrap())
}

const FIRST: &str = "00000000000000000000";
const SECOND: &str = "00000000000000000011";

/// A data directory of one cleanly closed partition `t-0` with two segments: all codecs, an idempotent producer, an aborted transaction.
struct Ground {
    data: TempDir,
    end: Offset,
}

impl Ground {
    fn new() -> Ground {
        let data = TempDir::new().unwrap();
        let dir = data.path().join("t-0");
        fs::create_dir(&dir).unwrap();
        let mut producers = Producers::default();
        let mut offset = 0;
        for (name, codecs) in [(FIRST, &Compression::ALL[..]), (SECOND, &Compression::ALL[..2])] {
            assert_eq!(format!("{offset:020}"), name);
            let mut bytes = Vec::new();
            let mut index = IndexBuilder::new(offset);
            for (number, codec) in (0..).zip(codecs) {
                let epoch = if offset < 6 { 1 } else { 3 };
                let mut builder = BatchBuilder::new()
                    .compression(*codec, None)
                    .base_offset(offset)
                    .leader_epoch(epoch)
                    .producer(7, 0, offset as i32);
                for record in 0..2 {
                    let timestamp = 1_700_000_000_000 + offset * 10 + record;
                    builder.push(timestamp, Some(b"key"), Some(b"some value"), &[]);
                }
                push(&mut bytes, &mut index, &mut producers, builder.build().unwrap(), None);
                offset += 2;
                if number == 4 {
                    let marker = Marker { kind: MarkerKind::Abort, coordinator_epoch: 2 };
                    let mut batch = marker.batch(9, 0, 1_700_000_000_500);
                    patch_assignment(&mut batch, offset, 3);
                    let ended = ottla_shard::producers::Marker { commit: false, coordinator_epoch: 2 };
                    push(&mut bytes, &mut index, &mut producers, batch, Some(ended));
                    // The transaction's batches were deleted with what lay before; its end is here.
                    let mut entry = vec![0, 0];
                    for field in [9, 3, offset, offset + 1] {
                        entry.extend_from_slice(&field.to_be_bytes());
                    }
                    fs::write(dir.join(format!("{name}.txnindex")), entry).unwrap();
                    offset += 1;
                }
            }
            index.time_entry();
            let (offsets, times) = index.take_entries();
            fs::write(dir.join(format!("{name}.log")), bytes).unwrap();
            fs::write(dir.join(format!("{name}.index")), offsets).unwrap();
            fs::write(dir.join(format!("{name}.timeindex")), times).unwrap();
        }
        fs::write(dir.join(format!("{offset:020}.snapshot")), producers.to_snapshot()).unwrap();
        let entries = [EpochEntry { epoch: 1, start_offset: 0 }, EpochEntry { epoch: 3, start_offset: 6 }];
        fs::write(dir.join(LEADER_EPOCHS), epochs::format(&entries)).unwrap();
        let id = uuid::Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        fs::write(dir.join(PARTITION_METADATA), partition::format(id)).unwrap();
        let beside = |name: &str, text: String| fs::write(data.path().join(name), text).unwrap();
        beside(RECOVERY_POINT, format!("0\n1\nt 0 {offset}\n"));
        beside(REPLICATION, format!("0\n1\nt 0 {offset}\n"));
        beside(LOG_START, "0\n0\n".into());
        beside(".kafka_cleanshutdown", "{\"version\":0,\"brokerEpoch\":3}".into());
        let properties = "cluster.id=c\ndirectory.id=hDEX_DEYc5pvR2KBRhcpAw\nnode.id=1\nversion=1\n";
        beside("meta.properties", properties.into());
        Ground { data, end: offset }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    fn log(&self, base: &str) -> PathBuf {
        self.path(&format!("t-0/{base}.log"))
    }

    /// Every file, by its path below the data directory.
    fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (dir, prefix) in [(self.data.path().to_owned(), ""), (self.path("t-0"), "t-0/")] {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_file() {
                    names.push(format!("{prefix}{}", entry.file_name().to_str().unwrap()));
                }
            }
        }
        names.sort();
        names
    }

    /// Runs `look` with the file `name` holding `bytes`.
    fn with<T>(&self, name: &str, bytes: &[u8], look: impl FnOnce() -> T) -> T {
        let path = self.path(name);
        let good = fs::read(&path).unwrap();
        overwrite(&path, bytes);
        let result = look();
        overwrite(&path, &good);
        result
    }
}

/// Without the truncation to nothing that makes ext4 flush the file at its close, thousands of times.
fn overwrite(path: &Path, bytes: &[u8]) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file.set_len(bytes.len() as u64).unwrap();
}

fn push(
    bytes: &mut Vec<u8>,
    index: &mut IndexBuilder,
    producers: &mut Producers,
    batch: Vec<u8>,
    marker: Option<ottla_shard::producers::Marker>,
) {
    let header = BatchHeader::parse(&batch).unwrap();
    index.batch(bytes.len() as u64, &header, 100);
    producers.record(&header, marker);
    bytes.extend(batch);
}

fn has_damage(exit: Exit, out: &str, name: &str) -> bool {
    exit == Exit::Failed
        && out.lines().any(|line| line.starts_with("DAMAGED ") && line.contains(name) && line.contains(": "))
}

#[test]
fn a_sound_directory_is_sound_and_shown_whole() {
    let ground = Ground::new();
    let (exit, out) = verify(&[], ground.data.path());
    assert_eq!((exit, out.lines().count()), (Exit::Ok, 1), "{out}");
    assert!(out.starts_with("sound: ") && out.contains("8 batches with 15 records"), "{out}");
    let (exit, out) = dump(&["--deep"], ground.data.path());
    assert_eq!(exit, Exit::Ok, "{out}");
    for text in [
        "codec=zstd",
        "offset=10..=10",
        " control",
        "marker=abort",
        "producer_id=7",
        "epoch=3 start_offset=6",
    ] {
        assert!(out.contains(text), "{text}: {out}");
    }
    let (_, out) = dump(&["--records", "--offset", "3", "--limit", "2"], &ground.path("t-0"));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert!(
        lines[0].starts_with("offset=3 ") && lines[0].ends_with(r#"key="key" value="some value""#),
        "{out}"
    );
    let (_, out) = dump(&["--records", "--json", "-n", "1"], &ground.log(SECOND));
    let record: serde_json::Value = serde_json::from_str(out.trim()).unwrap();
    assert_eq!(
        (&record["topic"], &record["offset"], &record["key"]),
        (&"t".into(), &11.into(), &"key".into())
    );
}

/// A flipped bit of a batch is always told, with file and byte; of other files all that a checksum or another file can tell.
#[test]
fn every_flipped_bit_of_every_file() {
    let ground = Ground::new();
    for name in ground.files() {
        let good = fs::read(ground.path(&name)).unwrap();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let ((exit, out), shown) = ground.with(&name, &bad, || {
                (verify(&[], ground.data.path()), dump(&["--records"], &ground.path(&name)))
            });
            let base = name.rsplit('/').next().unwrap();
            let told = has_damage(exit, &out, base);
            if base.ends_with(".log") {
                assert!(told && out.contains(" byte "), "{name} bit {bit}: {out}");
            } else if base.ends_with(".snapshot") {
                assert!(told && shown.0 == Exit::Failed, "{name} bit {bit}: {out}");
            } else if base == LEADER_EPOCHS {
                assert_eq!(exit, Exit::Failed, "{name} bit {bit}: {out}");
            } else if base.ends_with(".index") {
                // A larger offset that another batch ends at is one that Kafka before 4.0 may write.
                let entry = &bad[bit / 64 * 8..][..4];
                let base_offset: i64 = base[..20].parse().unwrap();
                let offset = base_offset + i64::from(u32::from_be_bytes(entry.try_into().unwrap()));
                let ends = [1, 3, 5, 7, 9, 10, 12, 14].contains(&offset);
                assert!(told || (ends && bit % 64 < 32), "{name} bit {bit}: {out}");
            } else if base.ends_with(".timeindex") {
                // The first record's offset in place of the last one's.
                assert!(told || bit % 96 >= 64, "{name} bit {bit}: {out}");
            } else if base.ends_with(".txnindex") {
                let byte = bit / 8;
                assert!(told || (10..18).contains(&byte) || byte >= 26, "{name} bit {bit}: {out}");
            }
        }
    }
}

#[test]
fn every_file_cut_at_every_length() {
    let ground = Ground::new();
    for name in ground.files() {
        let good = fs::read(ground.path(&name)).unwrap();
        for len in 0..good.len() {
            let ((exit, out), _) = ground.with(&name, &good[..len], || {
                (verify(&[], ground.data.path()), dump(&[], &ground.path(&name)))
            });
            let base = name.rsplit('/').next().unwrap();
            if base.ends_with(".log") || base.ends_with(".snapshot") {
                // All of the last segment may be cut off; then the checkpoint says what is missing.
                assert_eq!(exit, Exit::Failed, "{name} cut at {len}: {out}");
                assert!(out.contains("t-0"), "{out}");
            }
        }
    }
}

/// Files of other kinds, directories and nothing in the place of a file end in an exit code of their own.
#[test]
fn other_files_bytes_and_things_that_are_no_files() {
    let ground = Ground::new();
    let names = ground.files();
    for name in &names {
        for other in &names {
            let bytes = fs::read(ground.path(other)).unwrap();
            let same = bytes == fs::read(ground.path(name)).unwrap();
            let ((exit, out), _) = ground.with(name, &bytes, || {
                (verify(&[], ground.data.path()), dump(&["--json"], &ground.path(name)))
            });
            if name.ends_with(".log") && !same {
                assert_eq!(exit, Exit::Failed, "{other} as {name}: {out}");
            }
        }
    }
    for name in names.iter().filter(|name| name.starts_with("t-0/")) {
        let path = ground.path(name);
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let (exit, out) = verify(&[], ground.data.path());
        assert!(exit != Exit::Ok, "{name}: {out}");
        assert_eq!(verify(&[], &path).0, Exit::Usage);
        assert_eq!(dump(&[], &path).0, Exit::Usage);
        fs::remove_dir(&path).unwrap();
        fs::write(&path, good).unwrap();
    }
    for path in ["/nowhere", "/dev/null", "/proc/self", "/"] {
        assert_eq!(verify(&[], Path::new(path)).0, Exit::Usage, "{path}");
        assert_eq!(dump(&[], Path::new(path)).0, Exit::Usage, "{path}");
    }
}

/// What a crash leaves behind the last batch is no damage, unless it is known that more was on disk.
#[test]
fn a_torn_tail_is_told_from_damage() {
    let ground = Ground::new();
    let good = fs::read(ground.log(SECOND)).unwrap();
    fs::remove_file(ground.path(".kafka_cleanshutdown")).unwrap();
    let log = format!("t-0/{SECOND}.log");
    let look = |bytes: &[u8]| ground.with(&log, bytes, || verify(&[], ground.data.path()));
    let cut = &good[..good.len() - 10];
    let (exit, out) = look(cut);
    assert!(has_damage(exit, &out, &log) && out.contains("it was acknowledged"), "{out}");

    let before = ground.end - 2;
    fs::write(ground.path(RECOVERY_POINT), format!("0\n1\nt 0 {before}\n")).unwrap();
    let (exit, out) = look(cut);
    assert_eq!(exit, Exit::Ok, "{out}");
    assert!(out.contains("a torn tail") && out.contains(&format!("offset {before}")), "{out}");
    let (exit, out) = look(&[&good[..], &[0; 5000]].concat());
    assert_eq!(exit, Exit::Ok, "{out}");
    assert!(out.contains("5000 zeros"), "{out}");
    // A sound batch behind the fault: more than a write was torn.
    let mut bad = good.clone();
    bad[70] ^= 1;
    let (exit, out) = look(&bad);
    assert!(has_damage(exit, &out, &log) && out.contains("offset 13 follows"), "{out}");
    // The segment before it was sealed.
    let first = fs::read(ground.log(FIRST)).unwrap();
    let (exit, out) = ground
        .with(&format!("t-0/{FIRST}.log"), &first[..first.len() - 10], || verify(&[], ground.data.path()));
    assert!(has_damage(exit, &out, FIRST), "{out}");
}

#[test]
fn findings_as_json_have_a_place_and_say_what_a_broker_does() {
    let ground = Ground::new();
    let mut bad = fs::read(ground.log(FIRST)).unwrap();
    bad[100] ^= 1;
    let name = format!("t-0/{FIRST}.log");
    let (exit, out) = ground.with(&name, &bad, || verify(&["--json"], ground.data.path()));
    assert_eq!(exit, Exit::Failed);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let damage = lines.iter().find(|line| line["type"] == "damage").unwrap();
    assert_eq!((&damage["byte"], &damage["offset"]), (&0.into(), &0.into()));
    assert!(damage["reason"].as_str().unwrap().contains("checksum"));
    assert!(damage["broker"].as_str().unwrap().contains("offline"));
    let summary = lines.last().unwrap();
    assert_eq!((&summary["type"], &summary["damages"]), (&"summary".into(), &1.into()));
}

/// The gaps of a compacted log are right once somebody says that it is one: a flag, or the cleaner's checkpoint.
#[test]
fn gaps_are_right_where_a_log_was_compacted() {
    let ground = Ground::new();
    let second = fs::read(ground.log(SECOND)).unwrap();
    let after = BatchHeader::parse(&second).unwrap().bytes;
    fs::write(ground.log(SECOND), &second[after..]).unwrap();
    for index in ["index", "timeindex"] {
        fs::remove_file(ground.path(&format!("t-0/{SECOND}.{index}"))).unwrap();
    }
    let (exit, out) = verify(&[], ground.data.path());
    assert!(has_damage(exit, &out, SECOND) && out.contains("--compacted"), "{out}");
    assert_eq!(verify(&["--compacted"], ground.data.path()).0, Exit::Ok);
    fs::write(ground.path("cleaner-offset-checkpoint"), "0\n1\nt 0 13\n").unwrap();
    let (exit, out) = verify(&[], ground.data.path());
    assert_eq!(exit, Exit::Ok, "{out}");
}

/// Compaction empties the batch that had the largest timestamp and leaves it for its offsets: the time index made with it knows the
/// records' largest alone.
#[test]
fn an_emptied_batch_needs_no_time_entry() {
    let ground = Ground::new();
    let mut bytes = fs::read(ground.log(SECOND)).unwrap();
    let last = BatchHeader::parse(&bytes).unwrap().bytes;
    let emptied = emptied(&BatchHeader::parse(&bytes[last..]).unwrap());
    bytes.truncate(last);
    bytes.extend(emptied);
    fs::write(ground.log(SECOND), &bytes).unwrap();
    let (mut index, mut position) = (IndexBuilder::new(11), 0);
    while let Ok(header) = BatchHeader::parse(&bytes[position..]) {
        index.batch(position as u64, &header, 100);
        position += header.bytes;
    }
    index.time_entry();
    let (offsets, times) = index.take_entries();
    fs::write(ground.path(&format!("t-0/{SECOND}.index")), offsets).unwrap();
    fs::write(ground.path(&format!("t-0/{SECOND}.timeindex")), times).unwrap();
    let (exit, out) = verify(&["--compacted"], ground.data.path());
    assert_eq!(exit, Exit::Ok, "{out}");
}
