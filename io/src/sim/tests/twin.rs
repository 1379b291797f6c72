//! One random script on the ring, against a real file system, and in the simulator: the same outcomes.

use super::run_on;
use crate::buffer::{AppendBuffer, Buffer};
use crate::driver::Op;
use crate::file::{self, Durability, File, Lock, OpenOptions, perform};
use crate::sim::{Config, World};
use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::io;
use std::path::{Path, PathBuf};

const SLOTS: usize = 4;
const STEPS: usize = 120;

#[derive(Clone, Debug)]
enum Step {
    Open { slot: usize, path: &'static str, flags: u8 },
    Close { slot: usize },
    Read { slot: usize, offset: u64, len: usize },
    Write { slot: usize, offset: u64, lens: Vec<usize>, skew: usize, fill: u8, durable: bool },
    Sync { slot: usize, data: bool },
    SetLen { slot: usize, len: u64 },
    Allocate { slot: usize, offset: u64, len: u64 },
    Len { slot: usize },
    Metadata { path: &'static str },
    Rename { from: &'static str, to: &'static str },
    Unlink { path: &'static str },
    Mkdir { path: &'static str },
    MakeAll { path: &'static str },
    ReadDir { path: &'static str },
    RemoveAll { path: &'static str },
    SyncDir { path: &'static str },
    Replace { path: &'static str, len: usize },
    ReadWhole { path: &'static str },
    Space { path: &'static str },
    Lock { path: &'static str },
    Unlock,
}

const PATHS: [&str; 10] = ["a", "b", "c", "d", "d/a", "d/b", "d/e", "d/e/a", "a/x", "none/x"];

fn script(seed: u64) -> Vec<Step> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut steps = vec![Step::Mkdir { path: "d" }];
    steps.extend((0..STEPS).map(|_| step(&mut rng)));
    steps
}

fn step(rng: &mut SmallRng) -> Step {
    let path = PATHS[rng.random_range(0..PATHS.len())];
    let slot = rng.random_range(0..SLOTS);
    let aligned = rng.random_bool(0.8);
    let place = |rng: &mut SmallRng| match aligned {
        true => rng.random_range(0..16u64) * 4096,
        false => rng.random_range(0..30_000u64) * 2 + 1,
    };
    match rng.random_range(0..31) {
        0..6 => Step::Open { slot, path, flags: rng.random_range(0..64) },
        6 => Step::Close { slot },
        7..11 => {
            let len = place(rng).max(1) as usize;
            Step::Read { slot, offset: place(rng), len }
        }
        11..16 => {
            let lens = (0..rng.random_range(1..4))
                .map(|_| if aligned { rng.random_range(1..4) * 4096 } else { rng.random_range(0..9_000) })
                .collect();
            let skew = if rng.random_bool(0.05) { 1 } else { 0 };
            Step::Write { slot, offset: place(rng), lens, skew, fill: rng.random(), durable: rng.random() }
        }
        16 => Step::Sync { slot, data: rng.random() },
        17 => Step::SetLen { slot, len: if rng.random_bool(0.05) { u64::MAX } else { place(rng) } },
        18 => Step::Allocate { slot, offset: place(rng), len: place(rng) },
        19 => Step::Len { slot },
        20 => Step::Metadata { path },
        21 | 22 => Step::Rename { from: path, to: PATHS[rng.random_range(0..PATHS.len())] },
        23 => Step::Unlink { path },
        24 => Step::Mkdir { path },
        25 => Step::MakeAll { path },
        26 => Step::ReadDir { path },
        27 => match rng.random_range(0..3) {
            0 => Step::RemoveAll { path },
            1 => Step::SyncDir { path },
            _ => Step::Space { path },
        },
        28 => Step::Replace { path, len: rng.random_range(0..10_000) },
        29 => Step::ReadWhole { path },
        _ => match rng.random_bool(0.5) {
            true => Step::Lock { path },
            false => Step::Unlock,
        },
    }
}

fn told<T>(result: io::Result<T>, tell: impl FnOnce(T) -> String) -> String {
    match result {
        Ok(value) => tell(value),
        Err(error) => match error.raw_os_error() {
            Some(errno) => format!("errno {errno}"),
            None => format!("{:?}", error.kind()),
        },
    }
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |sum, byte| {
        (sum.rotate_left(7) ^ u64::from(*byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

/// Carries out a script below `root` and returns what each step told.
async fn play(root: PathBuf, steps: Vec<Step>) -> Vec<String> {
    let mut files: [Option<File>; SLOTS] = Default::default();
    let mut locks: Vec<Lock> = Vec::new();
    let mut told = Vec::new();
    for step in steps {
        told.push(carry_out(&root, &mut files, &mut locks, step).await);
        // Closes go out with the end of a turn: what they free is free for the next step.
        crate::time::sleep(std::time::Duration::from_micros(300)).await;
    }
    told
}

async fn carry_out(
    root: &Path,
    files: &mut [Option<File>; SLOTS],
    locks: &mut Vec<Lock>,
    step: Step,
) -> String {
    let done = |()| "done".to_owned();
    let file = |slot: usize| files[slot].clone();
    match step {
        Step::Open { slot, path, flags } => {
            let bit = |bit: u8| flags & (1 << bit) != 0;
            let options = OpenOptions {
                read: bit(0) || !bit(1),
                write: bit(1),
                create: bit(2),
                create_new: bit(2) && bit(3) && bit(0),
                truncate: bit(4) && bit(3) && bit(1),
                direct: bit(5),
            };
            let result = File::open(root.join(path), &options).await;
            let text =
                self::told(result.as_ref().map_err(copy), |file| format!("direct {}", file.is_direct()));
            files[slot] = result.ok();
            text
        }
        Step::Close { slot } => {
            files[slot] = None;
            String::new()
        }
        Step::Read { slot, offset, len } => {
            let Some(file) = file(slot) else { return String::new() };
            // Linux answers a direct read off a block by whether there is a hole below it, which nobody builds on.
            let (offset, len) = match file.is_direct() {
                true => (offset / 4096 * 4096, len.next_multiple_of(4096)),
                false => (offset, len),
            };
            let (result, buffer) = file.read_at(Buffer::with_capacity(len), offset, len).await;
            self::told(result, |count| {
                format!("{count} bytes {:x} direct {}", sum(&buffer), file.is_direct())
            })
        }
        Step::Write { slot, offset, lens, skew, fill, durable } => {
            let Some(file) = file(slot) else { return String::new() };
            let parts: Vec<Bytes> = lens.iter().map(|len| part(fill, *len, skew)).collect();
            let durability = if durable { Durability::Durable } else { Durability::Volatile };
            let result = file.write_at(parts, offset, durability).await;
            self::told(result, |()| format!("written direct {}", file.is_direct()))
        }
        Step::Sync { slot, data } => {
            let Some(file) = file(slot) else { return String::new() };
            self::told(if data { file.sync_data().await } else { file.sync_all().await }, done)
        }
        Step::SetLen { slot, len } => {
            let Some(file) = file(slot) else { return String::new() };
            self::told(file.set_len(len).await, done)
        }
        Step::Allocate { slot, offset, len } => {
            let Some(file) = file(slot) else { return String::new() };
            self::told(file.allocate(offset, len).await, done)
        }
        Step::Len { slot } => {
            let Some(file) = file(slot) else { return String::new() };
            // How long a directory is, is its file system's own affair.
            let (result, _) = file.read_at(Buffer::with_capacity(4096), 0, 4096).await;
            match result.err().and_then(|error| error.raw_os_error()) {
                Some(libc::EISDIR) => "directory".into(),
                _ => self::told(file.len().await, |len| len.to_string()),
            }
        }
        Step::Metadata { path } => self::told(file::metadata(root.join(path)).await, |metadata| {
            if metadata.is_dir { "directory".into() } else { format!("file of {}", metadata.len) }
        }),
        Step::Rename { from, to } => self::told(file::rename(root.join(from), root.join(to)).await, done),
        Step::Unlink { path } => self::told(file::remove_file(root.join(path)).await, done),
        Step::Mkdir { path } => {
            self::told(perform(Op::Mkdir { path: root.join(path) }).await.0, |_| "made".into())
        }
        Step::MakeAll { path } => self::told(file::create_dir_all(root.join(path)).await, done),
        Step::ReadDir { path } => self::told(file::read_dir(root.join(path)).await, |entries| {
            format!("{:?}", entries.iter().map(|entry| (&entry.file_name, entry.is_dir)).collect::<Vec<_>>())
        }),
        Step::RemoveAll { path } => self::told(file::remove_dir_all(root.join(path)).await, done),
        Step::SyncDir { path } => self::told(file::sync_dir(root.join(path)).await, done),
        Step::Replace { path, len } => {
            self::told(file::replace(root.join(path), &vec![len as u8; len]).await, done)
        }
        Step::ReadWhole { path } => {
            self::told(file::read(root.join(path), 50_000).await, |bytes| format!("{:x}", sum(&bytes)))
        }
        Step::Space { path } => {
            self::told(file::space(root.join(path)).await, |(free, total)| format!("{}", free <= total))
        }
        Step::Lock { path } => {
            let result = file::lock(root.join(path)).await;
            let text = self::told(result.as_ref().map_err(copy), |_| "locked".into());
            locks.extend(result);
            text
        }
        Step::Unlock => {
            locks.clear();
            String::new()
        }
    }
}

fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(errno) => io::Error::from_raw_os_error(errno),
        None => error.kind().into(),
    }
}

/// `len` bytes that tell where they are, `skew` bytes off a block in memory.
fn part(fill: u8, len: usize, skew: usize) -> Bytes {
    let mut region = AppendBuffer::with_capacity(len + skew);
    region.append_with(len + skew, |bytes| {
        bytes.iter_mut().enumerate().for_each(|(index, byte)| *byte = fill.wrapping_add((index / 100) as u8));
    });
    region.slice(skew..len + skew)
}

/// Scripts below one directory each on the ring, and each on a node of its own in the simulator.
#[test]
fn same_outcomes_on_the_ring_and_in_the_simulator() {
    let program = std::env::current_exe().expect("the test has a path");
    let directory =
        tempfile::tempdir_in(program.parent().expect("it lies in a directory")).expect("a directory");
    let seeds: Vec<u64> = match std::env::var("OTTLA_SEED") {
        Ok(seed) => vec![seed.parse().expect("OTTLA_SEED is a number")],
        Err(_) => {
            let count = std::env::var("OTTLA_SEEDS").map_or(40, |count| count.parse().expect("a number"));
            (0..count).collect()
        }
    };
    for seed in seeds {
        let root = directory.path().join(seed.to_string());
        std::fs::create_dir(&root).expect("a fresh directory");
        let steps = script(seed);
        let on_ring = {
            let config = crate::runtime::Config { shards: 1, pin: false, ..Default::default() };
            let steps = steps.clone();
            let main = move |_: crate::ShardContext<()>| play(root.clone(), steps.clone());
            crate::runtime::run(&config, main).expect("the shard runs").remove(0)
        };
        let mut world = World::new(seed, Config::default());
        let node = world.add_node("node");
        run_on(&mut world, node, || async { file::create_dir_all("/root").await.expect("a directory") });
        let in_simulator = run_on(&mut world, node, || play("/root".into(), steps.clone()));
        for (index, (real, simulated)) in on_ring.iter().zip(&in_simulator).enumerate() {
            assert_eq!(
                real, simulated,
                "step {index} {:?} of seed {seed} (the first is the ring's); repeat with OTTLA_SEED={seed}",
                steps[index]
            );
        }
    }
}
