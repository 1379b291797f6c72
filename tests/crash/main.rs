//! Kills the broker at random moments under load, starts it again, and looks whether everything that anybody was told still holds.
//!
//! `crash [--target ottla|kafka] [--kills N] [--seed N] [--dir DIR] [--keep] [--plain] [--power durable|forgetful]`: see `run` beside this
//! file. With `--power` the data lie on a disk that loses power with each kill: `tests/power/run`.

mod load;
mod model;
mod scratch;

use load::{Consumer, Producer, Round};
use model::{Model, Partition};
use ottla_protocol::Uuid;
use ottla_protocol::messages::*;
use ottla_tests::broker::{Broker, Kind, Setup, wait_until};
use ottla_tests::client::Connection;
use ottla_tests::power::Power;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use scratch::{Scratch, scan};
use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

struct Options {
    kind: Kind,
    kills: u32,
    seed: u64,
    dir: PathBuf,
    keep: bool,
    /// Producers without ids and no topics that come and go: less to look at when something is wrong.
    plain: bool,
    /// The power goes with each kill, of a disk that ignores syncs or does not.
    power: Option<bool>,
    settings: Vec<(String, String)>,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(text) => {
            eprintln!("crash: {text}");
            return ExitCode::from(2);
        }
    };
    let repeat = match options.power {
        None => format!(
            "tests/crash/run --target {} --kills {} --seed {}",
            options.kind.name(),
            options.kills,
            options.seed
        ),
        Some(_) => format!("tests/power/run --kills {} --seed {}", options.kills, options.seed),
    };
    println!("# seed {}, to repeat: {repeat}", options.seed);
    match run(&options) {
        Ok(faults) if faults.is_empty() => {
            if !options.keep {
                let _ = std::fs::remove_dir_all(&options.dir);
            }
            ExitCode::SUCCESS
        }
        Ok(faults) => {
            for fault in &faults {
                println!("FAIL crash: {fault}");
            }
            println!("# the data are in {}; to repeat: {repeat}", options.dir.display());
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("FAIL crash: {error}");
            println!("# the data are in {}; to repeat: {repeat}", options.dir.display());
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let from_env = std::env::var("OTTLA_KILLS").ok().and_then(|text| text.parse().ok());
    let mut options = Options {
        kind: Kind::Ottla,
        kills: from_env.unwrap_or(500),
        seed: now % 1_000_000_007,
        dir: std::env::temp_dir().join(format!("ottla-crash-{}", std::process::id())),
        keep: false,
        plain: false,
        power: None,
        settings: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--keep" {
            options.keep = true;
            continue;
        }
        if argument == "--plain" {
            options.plain = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{argument} wants a value"))?;
        let wrong = |_| format!("{argument} {value}?");
        match argument.as_str() {
            "--target" if value == "kafka" => options.kind = Kind::Kafka,
            "--target" if value == "ottla" => options.kind = Kind::Ottla,
            "--power" if value == "durable" => options.power = Some(false),
            "--power" if value == "forgetful" => options.power = Some(true),
            "--kills" => options.kills = value.parse().map_err(wrong)?,
            "--seed" => options.seed = value.parse().map_err(wrong)?,
            "--dir" => options.dir = PathBuf::from(value),
            "--set" => {
                let (key, value) = value.split_once('=').ok_or(format!("--set {value}?"))?;
                options.settings.push((key.to_string(), value.to_string()));
            }
            _ => return Err(format!("{argument} {value}?")),
        }
    }
    Ok(options)
}

/// A topic's name, partitions and settings.
type Steady = (&'static str, i32, &'static [(&'static str, &'static str)]);

/// The topics that stay: small segments, so that they roll, and large ones.
const STEADY: [Steady; 3] = [
    ("rolling", 3, &[("segment.bytes", "1048576")]),
    ("plain", 2, &[]),
    ("by-index", 1, &[("index.interval.bytes", "0"), ("segment.bytes", "2097152")]),
];
/// Kills between scans from the first offset on: those between look at what is new since the last.
const FULL_SCAN_EVERY: u32 = 40;

struct World {
    setup: Setup,
    model: Model,
    partitions: Vec<Partition>,
    producers: Vec<Producer>,
    consumers: Vec<Consumer>,
    scratch: Option<Scratch>,
    power: Option<Rc<RefCell<Power>>>,
    rng: SmallRng,
    scanned_bytes: u64,
    start_ups: Vec<Duration>,
}

fn run(options: &Options) -> io::Result<Vec<String>> {
    let mut setup = Setup::new(options.kind, &options.dir, &[("auto.create.topics.enable", "false")])?;
    setup.settings.extend(options.settings.iter().cloned());
    // Before the broker, so that it goes after it.
    let power = match options.power {
        None => None,
        Some(forgets) => Some(Rc::new(RefCell::new(Power::mount(&setup.data(), options.seed, forgets)?))),
    };
    let mut broker = setup.start()?;
    let partitions = create_steady(&setup)?;
    let seed = |number: u64| options.seed.wrapping_mul(1000).wrapping_add(number);
    let producers = (0..6).map(|number| {
        // Each writes to some of the partitions, so that every one has several producers.
        let some = partitions.iter().skip(number as usize % 3).cloned().collect::<Vec<_>>();
        Producer::new(number + 1, seed(u64::from(number)), !options.plain && number % 3 != 2, &some)
    });
    let consumers = (0..3).map(|number| Consumer::new(number, seed(100), number == 2, &partitions));
    let mut world = World {
        producers: producers.collect(),
        consumers: consumers.collect(),
        power: power.clone(),
        scratch: (!options.plain).then(|| Scratch::new(seed(200))),
        rng: SmallRng::seed_from_u64(options.seed),
        model: Model::default(),
        scanned_bytes: 0,
        start_ups: Vec::new(),
        setup,
        partitions,
    };
    let begun = Instant::now();
    let mut kills = 0;
    while kills < options.kills {
        let clean = world.rng.random_ratio(1, 25);
        let load_ms = if options.kind == Kind::Kafka { 1500 } else { 120 };
        let load = Duration::from_millis(world.rng.random_range(5..load_ms));
        world.round(&mut broker, load, clean)?;
        kills += u32::from(!clean);
        broker = world.start_again(&mut kills)?;
        let full = kills % FULL_SCAN_EVERY == 0 || kills >= options.kills;
        world.check(full).map_err(|error| {
            io::Error::other(format!("after kill {kills}: {error}; the log ends:\n{}", tail(&world.setup)))
        })?;
        let faults = world.model.faults();
        if !faults.is_empty() {
            println!("# after kill {kills}, {} s", begun.elapsed().as_secs());
            broker.stop(Duration::from_secs(5));
            return Ok(faults);
        }
        if kills % 50 == 0 && !clean {
            world.report(kills, begun);
        }
    }
    world.report(kills, begun);
    let (acknowledged, seen) = world.model.counts();
    if acknowledged < u64::from(kills) || seen < u64::from(kills) {
        return Ok(vec![format!("too little happened: {acknowledged} batches acknowledged, {seen} seen")]);
    }
    if let Some(power) = &power {
        println!("# {} syncs reached the disk", power.borrow().syncs());
    }
    if broker.stop(Duration::from_secs(30)).is_none() {
        return Ok(vec!["the broker does not stop".to_string()]);
    }
    println!("ok crash: {kills} kills, {acknowledged} batches acknowledged, every one in its place");
    Ok(Vec::new())
}

fn tail(setup: &Setup) -> String {
    let log = setup.log();
    let lines = log.lines().rev().take(15).collect::<Vec<_>>();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

impl World {
    /// Load for a while, then the end, in the middle of it.
    fn round(&mut self, broker: &mut Broker, load: Duration, clean: bool) -> io::Result<()> {
        let ending = AtomicBool::new(false);
        let round = Round { address: self.setup.address(), model: &self.model, ending: &ending };
        let (producers, consumers, scratch) = (&mut self.producers, &mut self.consumers, &mut self.scratch);
        let power = &self.power;
        std::thread::scope(|scope| {
            for producer in producers {
                scope.spawn(|| producer.run(&round));
            }
            for consumer in consumers {
                scope.spawn(|| consumer.run(&round));
            }
            if let Some(scratch) = scratch {
                scope.spawn(|| scratch.run(&round));
            }
            std::thread::sleep(load);
            let alive = broker.is_alive();
            ending.store(true, Ordering::SeqCst);
            if !clean {
                if let Some(power) = power {
                    power.borrow().cut();
                }
                broker.kill();
            }
            if !alive {
                round.model.fault(format!("the broker died by itself:\n{}", tail(&broker.setup)));
            }
        });
        // Kafka's producer snapshots hold one batch for each producer: after a clean stop a broker knows no older ones, so that
        // nothing may be left without an answer. A kill is another matter: then the log is read.
        if clean && broker.stop(Duration::from_secs(30)).is_none() {
            self.model.fault("SIGTERM did not end the broker within 30 s".to_string());
        }
        if !clean { self.restore() } else { Ok(()) }
    }

    /// The power comes back.
    fn restore(&self) -> io::Result<()> {
        self.power.as_ref().map_or(Ok(()), |power| power.borrow_mut().restore())
    }

    /// Starts the broker; now and then it is killed on its way up, too.
    fn start_again(&mut self, kills: &mut u32) -> io::Result<Broker> {
        if self.setup.kind == Kind::Ottla {
            while self.rng.random_ratio(1, 8) {
                let mut child = self.setup.command()?.spawn()?;
                std::thread::sleep(Duration::from_micros(self.rng.random_range(0..60_000)));
                if let Some(power) = &self.power {
                    power.borrow().cut();
                }
                child.kill()?;
                child.wait()?;
                self.restore()?;
                *kills += 1;
            }
        }
        let begun = Instant::now();
        let broker = self.setup.start()?;
        self.start_ups.push(begun.elapsed());
        Ok(broker)
    }

    fn check(&mut self, full: bool) -> io::Result<()> {
        let ending = AtomicBool::new(false);
        let round = Round { address: self.setup.address(), model: &self.model, ending: &ending };
        let mut connection = Connection::open(round.address)?;
        for partition in &self.partitions {
            // Not only what is new: a wrong truncation takes what is old.
            let back = self.rng.random_range(0..200);
            let start = if full { 0 } else { (self.model.scanned_to(partition) - back).max(0) };
            self.scanned_bytes += scan(&round, &mut connection, partition, start)?;
        }
        self.scratch.as_mut().map_or(Ok(()), |scratch| scratch.check(&round, &mut connection))
    }

    fn report(&mut self, kills: u32, begun: Instant) {
        let (acknowledged, seen) = self.model.counts();
        let seconds = begun.elapsed().as_secs_f64();
        self.start_ups.sort();
        let median = self.start_ups.get(self.start_ups.len() / 2).copied().unwrap_or_default();
        let slowest = self.start_ups.last().copied().unwrap_or_default();
        println!(
            "# {kills} kills in {seconds:.0} s ({:.1} a second): {acknowledged} batches acknowledged, {seen} seen, \
             {} MB scanned, {} topic changes; start-up {median:.0?}, at most {slowest:.0?}",
            f64::from(kills) / seconds,
            self.scanned_bytes >> 20,
            self.scratch.as_ref().map_or(0, |scratch| scratch.changes)
        );
    }
}

fn create_steady(setup: &Setup) -> io::Result<Vec<Partition>> {
    let mut connection = Connection::open(setup.address())?;
    let mut partitions = Vec::new();
    for (name, count, configs) in STEADY {
        let configs = configs.iter().map(|(key, value)| create_topics_request::CreatableTopicConfig {
            name: (*key).into(),
            value: Some((*value).into()),
        });
        let request = CreateTopicsRequest {
            topics: vec![create_topics_request::CreatableTopic {
                name: name.into(),
                num_partitions: count,
                replication_factor: 1,
                configs: configs.collect(),
                ..Default::default()
            }],
            timeout_ms: 10_000,
            ..Default::default()
        };
        let answer = connection.call(7, &request)?;
        let body = answer.read()?;
        let topic = body.topics.first().ok_or_else(|| io::Error::other("no topic in the answer"))?;
        if topic.error_code != 0 {
            return Err(io::Error::other(format!("{name} is not created: {topic:?}")));
        }
        let id: Uuid = topic.topic_id;
        for index in 0..count {
            let partition = Partition { topic: name.to_string(), id, index };
            wait_until(Duration::from_secs(10), "a new partition serves", || {
                load::fetch(&mut connection, &partition, 0, 1).is_ok()
            })?;
            partitions.push(partition);
        }
    }
    Ok(partitions)
}
