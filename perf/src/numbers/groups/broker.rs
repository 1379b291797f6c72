//! The brokers whose groups are measured: both with the same settings of groups, on data that outlives a restart.

use crate::gates::process::{Connection, Process, status_bytes};
use ottla_bench::cost::{Meter, Source};
use ottla_bench::peer::kafka::{self, Running};
use std::io::{self, Error};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Names and values, as in server.properties.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

/// Who is measured.
#[derive(Clone, Copy, Debug)]
pub enum Maker<'a> {
    Ottla(&'a Path),
    /// It listens on the port and its neighbour.
    Kafka {
        port: u16,
        is_flushed: bool,
    },
}

/// One that serves; it ends with the value.
pub enum Broker {
    Ottla { process: Process, binary: PathBuf },
    Kafka(Kafka),
}

/// Apache Kafka in a folder of its own.
pub struct Kafka {
    home: TempDir,
    port: u16,
    settings: Vec<String>,
    running: Running,
}

/// As many as the machine has cores.
fn shards() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Maker<'_> {
    /// A name for the results, as `ottla-bench versus` gives them.
    pub fn name(self) -> &'static str {
        match self {
            Maker::Ottla(_) => "ottla",
            Maker::Kafka { is_flushed: false, .. } => "kafka",
            Maker::Kafka { is_flushed: true, .. } => "kafka-flushed",
        }
    }

    /// A broker without data, which will lie below `dir`. `own` are settings that Ottla alone has.
    /// # Errors
    /// It does not start.
    pub fn start(self, dir: &Path, settings: Settings<'_>, own: Settings<'_>) -> io::Result<Broker> {
        match self {
            Maker::Ottla(binary) => {
                let settings = [settings, own].concat();
                let process = Process::start_with(&[binary], shards(), &settings, dir)?;
                Ok(Broker::Ottla { process, binary: binary.to_owned() })
            }
            Maker::Kafka { port, is_flushed } => {
                let home = tempfile::tempdir_in(dir)?;
                let mut settings: Vec<String> =
                    settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
                if is_flushed {
                    settings.push(kafka::FLUSH_EACH_BATCH.to_owned());
                }
                let running = kafka::start(home.path(), port, &settings).map_err(Error::other)?;
                Ok(Broker::Kafka(Kafka { home, port, settings, running }))
            }
        }
    }
}

impl Broker {
    fn pid(&self) -> u32 {
        match self {
            Broker::Ottla { process, .. } => process.id(),
            Broker::Kafka(kafka) => kafka.running.pid,
        }
    }

    /// # Errors
    /// Kafka's start script names no address.
    pub fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Broker::Ottla { process, .. } => Ok(process.address()),
            Broker::Kafka(kafka) => kafka.running.bootstrap.parse().map_err(Error::other),
        }
    }

    /// # Errors
    /// It does not listen.
    pub fn connect(&self) -> io::Result<Connection> {
        Connection::open(self.address()?)
    }

    /// What its threads have used so far.
    /// # Errors
    /// It has ended.
    pub fn cpu_s(&self) -> io::Result<f64> {
        let mut meter = Meter::new(Source::Process(self.pid())).map_err(Error::other)?;
        Ok(meter.sample().map_err(Error::other)?.cpu_s())
    }

    /// Memory that is of its own data: what is anonymous, and of a Java process what is alive on the heap.
    /// # Errors
    /// It has ended; no `jcmd` is installed.
    pub fn data_bytes(&self) -> io::Result<f64> {
        match self {
            Broker::Ottla { .. } => status_bytes(self.pid(), "RssAnon"),
            Broker::Kafka(_) => live_heap_bytes(self.pid()),
        }
    }

    /// Ends it in order and starts it again. The time is from that start to serving.
    /// # Errors
    /// It does not end well, or does not start.
    pub fn restart(self, settings: Settings<'_>, own: Settings<'_>) -> io::Result<(Broker, Duration)> {
        match self {
            Broker::Ottla { process, binary } => {
                let settings = [settings, own].concat();
                let (process, ready) = process.restart(&[&binary], shards(), &settings)?;
                Ok((Broker::Ottla { process, binary }, ready))
            }
            Broker::Kafka(mut kafka) => {
                kafka::stop(kafka.home.path()).map_err(Error::other)?;
                let began = Instant::now();
                kafka.running =
                    kafka::start(kafka.home.path(), kafka.port, &kafka.settings).map_err(Error::other)?;
                Ok((Broker::Kafka(kafka), began.elapsed()))
            }
        }
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        // It cannot be told to anybody.
        let _ = kafka::stop(self.home.path());
    }
}

/// After a collection, from the last line of the JVM's own histogram: `Total COUNT BYTES`.
fn live_heap_bytes(pid: u32) -> io::Result<f64> {
    let output = Command::new("jcmd").arg(pid.to_string()).arg("GC.class_histogram").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let total = text.lines().rev().find_map(|line| line.trim().strip_prefix("Total"));
    let bytes = total.and_then(|numbers| numbers.split_whitespace().nth(1)?.parse().ok());
    bytes.ok_or_else(|| Error::other(format!("jcmd tells no heap of process {pid}")))
}
