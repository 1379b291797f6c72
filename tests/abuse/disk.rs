//! Damage on the disk: a flipped bit, a cut, a missing or foreign file, a file that can't be opened. The partition that is hurt gets
//! well or goes offline alone, and the log says which file it was; all others serve what they have.

use crate::ground::{create, fetch_or_code, numbered, produce, produce_bytes};
use ottla_protocol::ErrorCode;
use ottla_tests::batch::{self, Batch, Record};
use ottla_tests::broker::{Kind, Setup};
use ottla_tests::client::Connection;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const TOPICS: [&str; 3] = ["left", "hurt", "right"];
const BATCHES: i32 = 60;

/// A data directory to copy: how it was left, and what is in it.
struct Image {
    name: &'static str,
    clean: bool,
    data: PathBuf,
    /// Offset, checksum and length of every batch; the topics have the same.
    batches: Vec<(i64, u32, usize)>,
}

/// What became of the hurt partition.
#[derive(Debug, PartialEq, Eq)]
enum Hurt {
    Whole,
    Offline,
    /// The first or the last of its batches are gone.
    Cut(usize),
    /// A batch was served whose CRC tells the client that it is damaged.
    Served,
}

enum Started {
    Serves { hurt: Hurt, log: String },
    Refuses { log: String },
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip(u64),
    Half,
    Empty,
    Missing,
    DirectoryInstead,
    Immutable,
}

pub struct Disk {
    root: PathBuf,
    images: Vec<Image>,
    number: u32,
    rng: SmallRng,
}

impl Disk {
    pub fn new(root: &Path, seed: u64) -> io::Result<Disk> {
        let mut images = Vec::new();
        for (name, clean) in [("after a clean stop", true), ("after a kill", false)] {
            images.push(image(&root.join(if clean { "clean" } else { "killed" }), name, clean)?);
        }
        Ok(Disk { root: root.to_path_buf(), images, number: 0, rng: SmallRng::seed_from_u64(seed) })
    }

    /// Every damage to every kind of file; `report` gets each name and its fault.
    pub fn run(&mut self, mut report: impl FnMut(&str, Result<String, String>)) -> io::Result<()> {
        for index in 0..self.images.len() {
            let image = &self.images[index];
            let (image_name, data) = (image.name, image.data.clone());
            report(&format!("nothing damaged, {image_name}"), self.undamaged(index));
            for file in files(&data)? {
                for damage in damages(&file, &data, &mut self.rng) {
                    let shown = file.display();
                    let name = format!("{damage:?} of {shown}, {image_name}");
                    if let Some(result) = self.hurt(index, &file, damage) {
                        report(&name, result);
                    }
                }
            }
            report(&format!("foreign files, {image_name}"), self.foreign(index));
            report(&format!("a file in place of hurt-0, {image_name}"), self.no_directory(index));
        }
        Ok(())
    }

    fn copy(&mut self, index: usize) -> io::Result<Setup> {
        self.number += 1;
        let dir = self.root.join(format!("case-{}", self.number));
        let setup = setup(&dir)?;
        let copied = Command::new("cp").arg("-a").arg(&self.images[index].data).arg(setup.data()).status()?;
        if copied.success() { Ok(setup) } else { Err(io::Error::other("cp failed")) }
    }

    fn undamaged(&mut self, index: usize) -> Result<String, String> {
        let setup = self.copy(index).map_err(|error| error.to_string())?;
        let result = match self.look(index, &setup)? {
            Started::Serves { hurt: Hurt::Whole, .. } => Ok("whole".to_string()),
            Started::Serves { hurt, .. } => Err(format!("{hurt:?}")),
            Started::Refuses { log } => Err(format!("it doesn't start:\n{log}")),
        };
        let _ = fs::remove_dir_all(&setup.dir);
        result
    }

    /// `None` when this machine can't do such damage.
    fn hurt(&mut self, index: usize, file: &Path, damage: Damage) -> Option<Result<String, String>> {
        let attempt = (|| {
            let setup = self.copy(index).map_err(|error| error.to_string())?;
            let path = setup.data().join(file);
            if !apply(&path, damage).map_err(|error| error.to_string())? {
                return Ok(None);
            }
            let started = self.look(index, &setup);
            if matches!(damage, Damage::Immutable) {
                let _ = Command::new("chattr").arg("-i").arg(&path).status();
            }
            let verdict = self.judge(index, file, damage, started?);
            if verdict.is_ok() {
                let _ = fs::remove_dir_all(&setup.dir);
            }
            verdict.map(Some)
        })();
        match attempt {
            Ok(None) => None,
            Ok(Some(text)) => Some(Ok(text)),
            Err(text) => Some(Err(text)),
        }
    }

    fn judge(&self, index: usize, file: &Path, damage: Damage, started: Started) -> Result<String, String> {
        let image = &self.images[index];
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let in_partition = file.components().count() > 1;
        let is_log = name.ends_with(".log") && in_partition;
        let is_first = name.starts_with("00000000000000000000.");
        let is_last = !image.data.join(file).parent().is_some_and(|dir| later_segment(dir, &name));
        match started {
            Started::Refuses { log } if in_partition => {
                Err(format!("a partition's file keeps the broker from starting:\n{log}"))
            }
            Started::Refuses { log } if !log.contains(&name) => {
                Err(format!("it doesn't start, and doesn't name {name}:\n{log}"))
            }
            Started::Refuses { .. } => Ok("refuses to start, and names the file".to_string()),
            Started::Serves { hurt: Hurt::Whole, .. } => Ok("whole".to_string()),
            Started::Serves { hurt, log } if !in_partition => {
                Err(format!("{hurt:?}, from a file of the whole broker:\n{log}"))
            }
            Started::Serves { hurt: Hurt::Offline, log } => {
                let named = log.contains(&name) || log.contains("hurt-0");
                if named {
                    Ok("offline, and named".to_string())
                } else {
                    Err("offline without a word".into())
                }
            }
            Started::Serves { hurt: Hurt::Served, log } => {
                // Kafka neither reads whole logs after a clean stop nor checks what it sends; the client's CRC does.
                if is_log && image.clean && matches!(damage, Damage::Flip(_)) {
                    Ok("served, and the client's CRC tells".to_string())
                } else {
                    Err(format!("a damaged batch is served:\n{log}"))
                }
            }
            // Another topic's id there is what a topic leaves that was made again just before a crash.
            Started::Serves { hurt: Hurt::Cut(_), log } if name == "partition.metadata" => {
                let aside = log.lines().any(|line| line.contains("hurt-0") && line.contains("moved aside"));
                if aside { Ok("moved aside, and named".into()) } else { Err(format!("lost:\n{log}")) }
            }
            Started::Serves { hurt: Hurt::Cut(lost), log } => {
                // What ends in the middle of a batch was being written when the process died, as far as anyone can tell.
                let named = log
                    .lines()
                    .any(|line| line.contains("hurt-0") && (line.contains("WARN") || line.contains("ERROR")));
                let is_gone = matches!(damage, Damage::Empty | Damage::Missing) && !image.clean;
                if is_log && is_last && named {
                    Ok(format!("cut by {lost} batches, and named"))
                } else if is_log && is_last && is_gone {
                    // As if the process had died before its first write there.
                    Ok(format!("{lost} batches shorter, as a kill may leave it"))
                } else if is_log && is_gone && is_first && named {
                    // The first segment: a kill during a deletion of records leaves the same.
                    Ok(format!("begins {lost} batches later, and named"))
                } else {
                    Err(format!("{lost} batches are lost (named: {named}):\n{log}"))
                }
            }
        }
    }

    fn foreign(&mut self, index: usize) -> Result<String, String> {
        let text = |error: io::Error| error.to_string();
        let setup = self.copy(index).map_err(text)?;
        let data = setup.data();
        for file in [
            "README.txt",
            "hurt-0/notes.txt",
            "hurt-0/00000000000000000000.log.swap",
            "hurt-0/00000000000000000000.log.cleaned",
            "hurt-0/00000000000000000000.log.deleted",
            "hurt-0/1.log",
            "hurt-0/99999999999999999999.index",
            "hurt-0/.hidden",
            "lost+found/x",
            "no-partition/x",
            "stranger-0/00000000000000000000.log",
            "hurt-7/00000000000000000000.log",
            "..-0/x",
        ] {
            let path = data.join(file);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(text)?;
            }
            if file != "..-0/x" {
                fs::write(path, b"not Ottla's").map_err(text)?;
            }
        }
        match self.look(index, &setup)? {
            Started::Serves { hurt: Hurt::Whole, .. } => {
                let kept = data.join("README.txt").exists() && data.join("no-partition/x").exists();
                let _ = fs::remove_dir_all(&setup.dir);
                if kept { Ok("whole".to_string()) } else { Err("a foreign file was deleted".to_string()) }
            }
            Started::Serves { hurt, log } => Err(format!("{hurt:?}:\n{log}")),
            Started::Refuses { log } => Err(format!("it doesn't start:\n{log}")),
        }
    }

    fn no_directory(&mut self, index: usize) -> Result<String, String> {
        let text = |error: io::Error| error.to_string();
        let setup = self.copy(index).map_err(text)?;
        fs::remove_dir_all(setup.data().join("hurt-0")).map_err(text)?;
        fs::write(setup.data().join("hurt-0"), b"").map_err(text)?;
        match self.look(index, &setup)? {
            Started::Serves { hurt: Hurt::Offline, log } if log.contains("hurt-0") => {
                let _ = fs::remove_dir_all(&setup.dir);
                Ok("offline, and named".to_string())
            }
            Started::Serves { hurt, log } => Err(format!("{hurt:?}:\n{log}")),
            Started::Refuses { log } => Err(format!("it doesn't start:\n{log}")),
        }
    }

    /// Starts the broker on the damaged copy. The topics beside the hurt one must have all they had, and take more.
    fn look(&self, index: usize, setup: &Setup) -> Result<Started, String> {
        let expected = &self.images[index].batches;
        let mut broker = match setup.start() {
            Ok(broker) => broker,
            Err(error) => {
                let log = setup.log();
                if log.contains("panicked") {
                    return Err(format!("it panics at the start:\n{error}"));
                }
                return Ok(Started::Refuses { log });
            }
        };
        let mut connection = Connection::open(setup.address()).map_err(|error| error.to_string())?;
        let result = (|| {
            for topic in ["left", "right"] {
                let found = read_all(&mut connection, topic)
                    .map_err(|error| format!("{topic}: {error}\n{}", setup.log()))?;
                let found = found
                    .map_err(|error| format!("{topic}, which isn't damaged: {error}\n{}", setup.log()))?;
                if found.batches != *expected {
                    let (has, had) = (found.batches.len(), expected.len());
                    return Err(format!(
                        "{topic}, which isn't damaged, has {has} of {had} batches\n{}",
                        setup.log()
                    ));
                }
                produce(&mut connection, topic, &numbered(1)).map_err(|error| error.to_string())?;
            }
            let found = read_all(&mut connection, "hurt")
                .map_err(|error| format!("hurt: {error}\n{}", setup.log()))?;
            let hurt = match found {
                Err(ErrorCode::KAFKA_STORAGE_ERROR) => Hurt::Offline,
                Err(error) => return Err(format!("the hurt topic: {error}\n{}", setup.log())),
                Ok(found) if !found.fits => Hurt::Served,
                Ok(found) if found.batches == *expected => Hurt::Whole,
                Ok(found) if expected.starts_with(&found.batches) || expected.ends_with(&found.batches) => {
                    Hurt::Cut(expected.len() - found.batches.len())
                }
                Ok(found) => {
                    let (has, had) = (found.batches.len(), expected.len());
                    return Err(format!(
                        "the hurt topic has {has} batches, not the {had} it had\n{}",
                        setup.log()
                    ));
                }
            };
            if hurt == Hurt::Offline && offset_lag(&mut connection, "hurt") != Some(-1) {
                return Err(format!("the offline log is not among those of its directory\n{}", setup.log()));
            }
            let more = numbered(2).build();
            let (error, _) =
                produce_bytes(&mut connection, "hurt", 0, &more).map_err(|error| error.to_string())?;
            let right = if hurt == Hurt::Offline { ErrorCode::KAFKA_STORAGE_ERROR } else { ErrorCode::NONE };
            // A log that opened can still find out, by the write, that it can't be written.
            if error != right && error != ErrorCode::KAFKA_STORAGE_ERROR {
                return Err(format!("a produce to the {hurt:?} topic: {error}"));
            }
            Ok(hurt)
        })();
        let alive = broker.is_alive();
        let stopped = broker.stop(Duration::from_secs(10));
        let log = setup.log();
        if !alive || log.contains("panicked") {
            return Err(format!("the broker died or panicked:\n{log}"));
        }
        if stopped.is_none() {
            return Err(format!("it doesn't stop:\n{log}"));
        }
        Ok(Started::Serves { hurt: result?, log })
    }
}

fn setup(dir: &Path) -> io::Result<Setup> {
    Setup::new(Kind::Ottla, dir, &[("auto.create.topics.enable", "false"), ("log.retention.ms", "-1")])
}

fn image(dir: &Path, name: &'static str, clean: bool) -> io::Result<Image> {
    let setup = setup(dir)?;
    let mut broker = setup.start()?;
    for topic in TOPICS {
        create(setup.address(), topic, &[("segment.bytes", "1048576")])?;
    }
    let mut connection = Connection::open(setup.address())?;
    for number in 0..BATCHES {
        let value = format!("{number}:").repeat(15_000);
        let batch = Batch::of([Record::new("k", &value), Record::new("k2", "v")]);
        for topic in TOPICS {
            produce(&mut connection, topic, &batch.clone().from_producer(5000, 0, 2 * number))?;
        }
    }
    // The last change of metadata is one that nothing here asks for: damage to it looks like a write that a kill tore.
    create(setup.address(), "last", &[])?;
    let found = read_all(&mut connection, "hurt")?.map_err(|error| io::Error::other(error.to_string()))?;
    if found.batches.len() != BATCHES as usize {
        return Err(io::Error::other(format!("{} batches of {BATCHES}", found.batches.len())));
    }
    if clean {
        broker.stop(Duration::from_secs(10)).ok_or_else(|| io::Error::other("it doesn't stop"))?;
    } else {
        broker.kill();
    }
    Ok(Image { name, clean, data: setup.data(), batches: found.batches })
}

struct Found {
    batches: Vec<(i64, u32, usize)>,
    /// Every batch fits its CRC.
    fits: bool,
}

/// Everything that a topic has, or the broker's error.
fn read_all(connection: &mut Connection, topic: &str) -> io::Result<Result<Found, ErrorCode>> {
    let mut found = Found { batches: Vec::new(), fits: true };
    let mut offset = 0;
    let mut first = true;
    loop {
        let (high_watermark, bytes) = match fetch_or_code(connection, topic, offset)? {
            Ok(answer) => answer,
            // The first of its records are gone: the rest begins elsewhere.
            Err(ErrorCode::OFFSET_OUT_OF_RANGE) if first => {
                offset = earliest(connection, topic)?;
                first = false;
                continue;
            }
            Err(error) => return Ok(Err(error)),
        };
        first = false;
        let (batches, _) = batch::read(&bytes).map_err(io::Error::other)?;
        for batch in &batches {
            found.fits &= batch.crc_fits;
            found.batches.push((batch.base_offset, batch.crc, batch.bytes.len()));
            offset = batch.base_offset + i64::from(batch.last_offset_delta) + 1;
        }
        if offset >= high_watermark || batches.is_empty() {
            return Ok(Ok(found));
        }
        if !found.fits {
            return Ok(Ok(found));
        }
    }
}

/// What DescribeLogDirs says of a topic's first partition.
fn offset_lag(connection: &mut Connection, topic: &str) -> Option<i64> {
    let request = ottla_protocol::messages::DescribeLogDirsRequest { topics: None };
    let answer = connection.call(4, &request).ok()?;
    let body = answer.read().ok()?;
    let topics = &body.results.first()?.topics;
    let found = topics.iter().find(|found| found.name == topic)?.partitions.first()?;
    Some(found.offset_lag)
}

fn earliest(connection: &mut Connection, topic: &str) -> io::Result<i64> {
    use ottla_protocol::messages::*;
    let request = ListOffsetsRequest {
        topics: vec![list_offsets_request::ListOffsetsTopic {
            name: topic.into(),
            partitions: vec![list_offsets_request::ListOffsetsPartition {
                timestamp: -2,
                current_leader_epoch: -1,
                ..Default::default()
            }],
        }],
        replica_id: -1,
        ..Default::default()
    };
    let answer = connection.call(5, &request)?;
    let body = answer.read()?;
    let found = body.topics.first().and_then(|topic| topic.partitions.first());
    found.map(|partition| partition.offset).ok_or_else(|| io::Error::other("no partition in the answer"))
}

/// The broker's own files, and those of the hurt partition.
fn files(data: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for dir in ["", "hurt-0"] {
        for entry in fs::read_dir(data.join(dir))? {
            let entry = entry?;
            if entry.file_type()?.is_file() && entry.file_name() != ".lock" {
                files.push(Path::new(dir).join(entry.file_name()));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn later_segment(dir: &Path, name: &str) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .any(|other| other.ends_with(".log") && *other > *name)
}

fn damages(file: &Path, data: &Path, rng: &mut SmallRng) -> Vec<Damage> {
    let bytes = fs::read(data.join(file)).unwrap_or_default();
    // Zeros at the end are space ahead, where nothing lies yet.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1) as u64;
    let mut damages = Vec::new();
    if used > 0 {
        damages.extend([Damage::Flip(0), Damage::Flip(used - 1)]);
        damages.extend((0..3).map(|_| Damage::Flip(rng.random_range(0..used))));
    }
    if file.components().count() > 1 {
        damages.extend([
            Damage::Half,
            Damage::Empty,
            Damage::Missing,
            Damage::DirectoryInstead,
            Damage::Immutable,
        ]);
    } else if !file.ends_with("meta.properties") && !file.ends_with("ottla-metadata.log") {
        damages.extend([Damage::Half, Damage::Empty, Damage::Missing]);
    }
    damages
}

/// False when this file system has no such damage.
fn apply(path: &Path, damage: Damage) -> io::Result<bool> {
    match damage {
        Damage::Flip(at) => {
            let mut bytes = fs::read(path)?;
            if let Some(byte) = bytes.get_mut(at as usize) {
                *byte ^= 1 << (at % 7);
            }
            fs::write(path, bytes)?;
        }
        Damage::Half => {
            let bytes = fs::read(path)?;
            fs::write(path, &bytes[..bytes.len() / 2])?;
        }
        Damage::Empty => fs::write(path, b"")?,
        Damage::Missing => fs::remove_file(path)?,
        Damage::DirectoryInstead => {
            fs::remove_file(path)?;
            fs::create_dir(path)?;
        }
        Damage::Immutable => return Ok(Command::new("chattr").arg("+i").arg(path).status()?.success()),
    }
    Ok(true)
}
