//! Compaction beside Apache Kafka's: see `run`.

mod side;

use ottla_tests::batch::{Batch, Codec, Record, TRANSACTIONAL};
use ottla_tests::broker::{Kind, Setup, kafka_script, ottla_binary};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use side::{Kept, Side};
use std::collections::BTreeMap;
use std::io;
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tombstones stay in the one, and go in the other.
const TOPICS: [(&str, &str); 2] = [("kept", "86400000"), ("gone", "100")];
const SETTINGS: [(&str, &str); 3] = [
    ("log.cleaner.backoff.ms", "200"),
    // Batches of transactions come from here, without a coordinator that knows of them.
    ("transaction.partition.verification.enable", "false"),
    ("offsets.topic.num.partitions", "1"),
];
const KEYS: usize = 40;
/// Each begins a segment, by its time.
const ROUNDS: i64 = 8;
const BATCHES_PER_ROUND: usize = 12;
const PRODUCERS: usize = 3;

/// What is sent next.
enum Step {
    /// Of a producer, by its number, or of none.
    Batch(Box<Batch>, Option<usize>),
    /// The end of a transaction of this producer.
    Marker { producer: usize, commits: bool },
}

/// The steps of a wave that begins at `base_ms`: rounds far enough apart for a segment each.
fn wave(rng: &mut SmallRng, base_ms: i64) -> Vec<Step> {
    let mut steps = Vec::new();
    for round in 0..ROUNDS {
        for number in 0..BATCHES_PER_ROUND {
            let timestamp = base_ms + round * 10_000 + number as i64;
            let producer = rng.random_bool(0.5).then(|| rng.random_range(0..PRODUCERS));
            let mut batch = Batch::of((0..rng.random_range(1..12)).map(|index| record(rng, index)));
            batch.base_timestamp = timestamp;
            batch.codec = Codec::ALL[rng.random_range(0..Codec::ALL.len())];
            let in_transaction = producer == Some(PRODUCERS - 1);
            if in_transaction {
                batch.attributes |= TRANSACTIONAL;
            }
            steps.push(Step::Batch(Box::new(batch), producer));
            if let (true, Some(producer)) = (in_transaction, producer) {
                steps.push(Step::Marker { producer, commits: rng.random_bool(0.5) });
            }
        }
    }
    // The active segment is never cleaned: this one begins it.
    let mut last = Batch::of([Record::new("end", "end")]);
    last.base_timestamp = base_ms + ROUNDS * 10_000;
    steps.push(Step::Batch(Box::new(last), None));
    steps
}

fn record(rng: &mut SmallRng, index: i64) -> Record {
    let value = format!("{}/{}", rng.random::<u64>(), "v".repeat(rng.random_range(0..200)));
    let mut record = Record::new(&format!("k{}", rng.random_range(0..KEYS)), &value);
    record.timestamp_delta = index;
    if rng.random_bool(0.2) {
        record.value = None;
    }
    if rng.random_bool(0.2) {
        record.headers = vec![("h".to_owned(), Some(b"1".to_vec())), ("h".to_owned(), None)];
    }
    record
}

/// Runs it all; returns how many checks failed.
fn run(seed: u64) -> io::Result<usize> {
    let dir = tempfile::Builder::new().prefix("ottla-compaction.").tempdir()?;
    let setups = [(Kind::Ottla, "ottla"), (Kind::Kafka, "kafka")];
    let mut sides = Vec::new();
    for (kind, name) in setups {
        let setup = Setup::new(kind, &dir.path().join(name), &SETTINGS)?;
        let broker = setup.start()?;
        sides.push(Side::new(setup, broker, PRODUCERS)?);
    }
    let mut failed = 0;
    let mut check = |name: &str, result: Result<(), String>| match result {
        Ok(()) => println!("ok {name}"),
        Err(text) => {
            failed += 1;
            println!("FAIL {name}: {text}");
        }
    };
    for (topic, delete_retention_ms) in TOPICS {
        let configs = [
            ("cleanup.policy", "compact"),
            ("segment.ms", "5000"),
            ("min.cleanable.dirty.ratio", "0.001"),
            ("delete.retention.ms", delete_retention_ms),
            ("file.delete.delay.ms", "1000"),
        ];
        for side in &mut sides {
            side.create(topic, &configs)?;
        }
        let mut rng = SmallRng::seed_from_u64(seed);
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64;
        // Not before the markers, whose time is the broker's: a segment that one of them begins must end with its round too.
        let mut base_ms = now_ms + 1000;
        let mut sent = 0;
        for number in 1..=2 {
            let steps = wave(&mut rng, base_ms);
            let mut left = Vec::new();
            for side in &mut sides {
                sent = side.send(topic, &steps)?;
                side.wait_compacted(topic)?;
                left.push(side.records(topic)?);
            }
            check(&format!("{topic}: wave {number} leaves the same records"), same(&left, base_ms, topic));
            let kept = left.first().map_or(0, Vec::len);
            let is_less = if kept * 2 < sent { Ok(()) } else { Err(format!("{kept} of {sent} are left")) };
            check(&format!("{topic}: wave {number} is compacted"), is_less);
            base_ms += (ROUNDS + 1) * 10_000;
            // Delete horizons of this wave are over when the next one is cleaned.
            std::thread::sleep(Duration::from_millis(300));
        }
    }
    for (topic, _) in TOPICS {
        let Some(ottla) = sides.first_mut() else { break };
        check(&format!("{topic}: kafka-dump-log reads what is left"), dump(ottla, topic));
        check(&format!("{topic}: ottla log verify finds all of it sound"), verify(ottla, topic));
        let before = ottla.records(topic)?;
        ottla.restart_without_snapshots(topic)?;
        let after = ottla.records(topic)?;
        let is_same = if before == after { Ok(()) } else { Err("records differ".to_owned()) };
        check(&format!("{topic}: a killed broker has the same"), is_same);
        check(&format!("{topic}: and knows its producers"), ottla.send_last_again(topic));
    }
    Ok(failed)
}

/// What of the records may not differ. Whether the last wave's tombstones are gone already is a matter of when each broker cleaned.
fn same(left: &[Vec<Kept>], base_ms: i64, topic: &str) -> Result<(), String> {
    let settled = |kept: &&Kept| topic == "kept" || kept.value.is_some() || kept.timestamp < base_ms;
    let of = |at: usize| {
        let records = left.get(at).map(Vec::as_slice).unwrap_or_default();
        records.iter().filter(settled).map(|kept| (kept.offset, kept)).collect::<BTreeMap<_, _>>()
    };
    let (ours, theirs) = (of(0), of(1));
    let offsets = ours.keys().chain(theirs.keys());
    let different: Vec<_> = offsets.filter(|offset| ours.get(offset) != theirs.get(offset)).collect();
    match different.first() {
        None if ours.is_empty() => Err("nothing is left".to_owned()),
        None => Ok(()),
        Some(offset) => Err(format!(
            "{} offsets differ, first {offset}: Ottla {:?}, Kafka {:?}",
            different.len(),
            ours.get(offset),
            theirs.get(offset)
        )),
    }
}

/// Every file of the topic's finished segments through Kafka's tool, indexes held against the log. Behind the end of the active one zeros may
/// lie.
fn dump(side: &Side, topic: &str) -> Result<(), String> {
    let failed = |error: io::Error| error.to_string();
    let dir = side.dir(topic);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default().to_owned();
        if matches!(suffix.as_str(), "log" | "index" | "timeindex" | "txnindex" | "snapshot") {
            files.push(path.display().to_string());
        }
    }
    files.sort();
    let active = files.iter().rfind(|file| file.ends_with(".log")).and_then(|file| file.strip_suffix(".log"));
    let active = active.unwrap_or_default().to_owned();
    files.retain(|file| !file.starts_with(&active));
    let output = Command::new(kafka_script())
        .args(["kafka-dump-log", "--deep-iteration", "--files", &files.join(",")])
        .output()
        .map_err(failed)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = text.lines().find(|line| {
        let line = line.to_ascii_lowercase();
        line.contains("isvalid: false")
            || line.contains("mismatch")
            || line.contains("found ")
            || line.contains("error")
    });
    match complaint {
        Some(line) => Err(line.to_owned()),
        None if !output.status.success() => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        None if !text.contains("baseOffset") => Err(format!("it shows no batch:\n{text}")),
        None => Ok(()),
    }
}

/// All files of the topic, beside the running broker.
fn verify(side: &Side, topic: &str) -> Result<(), String> {
    let failed = |error: io::Error| error.to_string();
    let mut command = Command::new(ottla_binary().map_err(failed)?);
    let output = command.args(["log", "verify"]).arg(side.dir(topic)).output().map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

fn main() -> ExitCode {
    let seed = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    println!("# seed {seed}");
    match run(seed) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAIL {error}");
            ExitCode::FAILURE
        }
    }
}
