//! A broker's start and its recovery, which no load shows.

use super::{Build, Figures, Run};
use crate::gates::process::{Connection, Process};
use crate::traffic::{Producer, Records, check_produced, create_topic, created_topic, init_producer_id};
use ottla_protocol::Compression;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is done with a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// From nothing to the first acknowledged record.
    StartUp,
    /// From a kill with records in the active segment to a broker that serves again.
    Recovery,
}

const BATCH: Records = Records { count: 64, value_bytes: 1000, compression: Compression::None };
const RECORD: Records = Records { count: 1, value_bytes: 100, compression: Compression::None };
/// Of 64 KiB each: what a second of full load may leave to be checked.
const RECOVERY_BATCHES: usize = 4000;

impl Life {
    pub const ALL: [Life; 2] = [Life::StartUp, Life::Recovery];

    pub fn name(self) -> &'static str {
        match self {
            Life::StartUp => "start-up",
            Life::Recovery => "recovery",
        }
    }

    pub fn question(self) -> &'static str {
        match self {
            Life::StartUp => "How long does a new broker take to serve, and to acknowledge its first record?",
            Life::Recovery => {
                "How long is a broker away that was killed with a quarter of a gigabyte to check?"
            }
        }
    }

    /// Files go to `dir`.
    /// # Errors
    /// The broker does not start or serve.
    pub fn run(self, build: &Build, dir: &Path) -> io::Result<Run> {
        let figures = match self {
            Life::StartUp => start_up(build, dir)?,
            Life::Recovery => recovery(build, dir)?,
        };
        Ok(Run { figures, invalid: Vec::new() })
    }
}

fn millis(since: Duration) -> f64 {
    since.as_secs_f64() * 1000.0
}

fn unix_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

fn shards() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn produce(connection: &mut Connection, records: Records, batches: usize) -> io::Result<()> {
    let topic = created_topic(&connection.call(&create_topic(1, &[]))?);
    let mut producer = Producer::new(&connection.call(&init_producer_id())?, topic, records, 1);
    for _ in 0..batches {
        check_produced(&connection.call(&producer.next(unix_millis()))?);
    }
    Ok(())
}

fn start_up(build: &Build, dir: &Path) -> io::Result<Figures> {
    let began = Instant::now();
    let process = Process::start_in(&[&build.binary], shards(), &[], dir)?;
    let ready = began.elapsed();
    produce(&mut process.connect()?, RECORD, 1)?;
    let acknowledged = began.elapsed();
    process.stop()?;
    Ok(Figures::from([
        ("ready_ms".to_owned(), millis(ready)),
        ("first_ack_ms".to_owned(), millis(acknowledged)),
    ]))
}

fn recovery(build: &Build, dir: &Path) -> io::Result<Figures> {
    let mut process = Process::start_in(&[&build.binary], shards(), &[], dir)?;
    produce(&mut process.connect()?, BATCH, RECOVERY_BATCHES)?;
    process.kill()?;
    let began = Instant::now();
    let process = process.start_again(&[&build.binary], shards())?;
    let ready = began.elapsed();
    process.stop()?;
    Ok(Figures::from([("ready_ms".to_owned(), millis(ready))]))
}
