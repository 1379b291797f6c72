//! What the broker spends: CPU, memory and disk, from `/proc/PID`, a cgroup, or the broker's own metrics page.
//!
//! A process's CPU is what its threads used in user and kernel mode. What kernel threads do for it, such as writing back the page cache of
//! a broker that leaves flushing to the system, is in none of the three sources.

mod cgroup;
mod find;
mod metrics;
mod process;

pub use find::listener;

use crate::outcome::{BrokerCost, Counts};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("{} does not say {what}", path.display())]
    Missing { path: PathBuf, what: &'static str },
    #[error("cannot read {}: {why}", path.display())]
    Format { path: PathBuf, why: String },
    #[error("{url} does not answer with metrics: {why}")]
    Metrics { url: String, why: String },
    #[error("{0:?} is no source of costs; say pid:PID, cgroup:DIRECTORY or http://HOST:PORT/metrics")]
    Source(String),
    #[error(
        "nothing on this machine listens on port {port}; is the broker here and in this network namespace?"
    )]
    NoListener { port: u16 },
    #[error("a process listens on port {port}, but only its owner or root may see which")]
    HiddenListener { port: u16 },
}

impl Error {
    fn file(path: &Path, error: io::Error) -> Error {
        Error::File { path: path.to_owned(), error }
    }
}

/// Where to look. As text: `pid:1234`, `cgroup:/sys/fs/cgroup/kafka`, `http://127.0.0.1:9644/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Process(u32),
    /// A directory of cgroup v2.
    Cgroup(PathBuf),
    /// The address of a page in Prometheus's text format.
    Metrics(String),
}

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Source, Error> {
        let bad = || Error::Source(text.to_owned());
        if text.starts_with("http://") {
            return Ok(Source::Metrics(text.to_owned()));
        }
        match text.split_once(':') {
            Some(("pid", pid)) => pid.parse().map(Source::Process).map_err(|_| bad()),
            Some(("cgroup", directory)) if !directory.is_empty() => Ok(Source::Cgroup(directory.into())),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Process(pid) => write!(f, "/proc/{pid}"),
            Source::Cgroup(directory) => write!(f, "cgroup {}", directory.display()),
            Source::Metrics(url) => f.write_str(url),
        }
    }
}

/// What a source said at one moment. Counters count from the start of the process or the group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    pub cpu_user_s: f64,
    pub cpu_system_s: f64,
    /// For a source that does not tell user from system.
    pub cpu_other_s: f64,
    pub resident_bytes: u64,
    /// The highest ever, when the source keeps it.
    pub resident_bytes_peak: Option<u64>,
    pub disk_written_bytes: Option<u64>,
    pub disk_read_bytes: Option<u64>,
    /// The broker's own counters, by name, labels summed. Empty without a metrics page.
    pub counters: BTreeMap<String, f64>,
}

impl Sample {
    pub fn cpu_s(&self) -> f64 {
        self.cpu_user_s + self.cpu_system_s + self.cpu_other_s
    }
}

/// Reads one source again and again, and keeps the highest memory that it saw.
///
/// Reading `/proc` or a cgroup takes some tens of microseconds; a metrics page is a blocking HTTP request of at most two seconds, so
/// sample it on a thread that sends no load.
#[derive(Debug)]
pub struct Meter {
    source: Source,
    /// Said in reports beside the source: the name of the process.
    name: Option<String>,
    /// A page that is read for the broker's counters, whatever the source of CPU is.
    counters_url: Option<String>,
    resident_bytes_peak: u64,
    proc_root: PathBuf,
}

impl Meter {
    /// Takes a first sample, so that a source that can't be read says so before the run.
    ///
    /// # Errors
    /// As [`sample`](Meter::sample).
    pub fn new(source: Source) -> Result<Meter, Error> {
        Meter::under(source, Path::new("/proc"))
    }

    fn under(source: Source, proc_root: &Path) -> Result<Meter, Error> {
        let name = match source {
            Source::Process(pid) => Some(process::name(proc_root, pid)?),
            _ => None,
        };
        let mut meter = Meter {
            source,
            name,
            counters_url: None,
            resident_bytes_peak: 0,
            proc_root: proc_root.to_owned(),
        };
        meter.sample()?;
        meter.resident_bytes_peak = 0;
        Ok(meter)
    }

    /// Reads the broker's own counters from this page as well.
    ///
    /// # Errors
    /// [`Error::Metrics`] when the page can't be read now.
    pub fn with_counters(mut self, url: String) -> Result<Meter, Error> {
        metrics::read(&url)?;
        self.counters_url = Some(url);
        Ok(self)
    }

    /// # Errors
    /// A file or page that can't be read: the broker ended, or its files belong to someone else.
    pub fn sample(&mut self) -> Result<Sample, Error> {
        let mut sample = match &self.source {
            Source::Process(pid) => process::read(&self.proc_root, *pid)?,
            Source::Cgroup(directory) => cgroup::read(directory)?,
            Source::Metrics(url) => metrics::read(url)?,
        };
        if let Some(url) = &self.counters_url {
            sample.counters = metrics::read(url)?.counters;
        }
        self.resident_bytes_peak = self.resident_bytes_peak.max(sample.resident_bytes);
        Ok(sample)
    }

    /// What was spent from `first` to `last`, both of this meter.
    pub fn between(&self, first: &Sample, last: &Sample, counts: &Counts) -> BrokerCost {
        let difference = |first: Option<u64>, last: Option<u64>| Some(last?.saturating_sub(first?));
        // The kernel's own mark counts when it rose during the run; otherwise it is of a time before.
        let mark = last
            .resident_bytes_peak
            .filter(|last| first.resident_bytes_peak.is_some_and(|first| *last > first));
        let mut cost = BrokerCost {
            source: match &self.name {
                Some(name) => format!("{} ({name})", self.source),
                None => self.source.to_string(),
            },
            cpu_s: (last.cpu_s() - first.cpu_s()).max(0.0),
            cpu_user_s: (last.cpu_user_s - first.cpu_user_s).max(0.0),
            cpu_system_s: (last.cpu_system_s - first.cpu_system_s).max(0.0),
            cpu_s_per_gb: None,
            cpu_s_per_million_requests: None,
            resident_bytes: last.resident_bytes,
            resident_bytes_peak: mark.unwrap_or(0).max(self.resident_bytes_peak),
            disk_written_bytes: difference(first.disk_written_bytes, last.disk_written_bytes),
            disk_read_bytes: difference(first.disk_read_bytes, last.disk_read_bytes),
            counters: counters(first, last),
        };
        cost.relate(counts);
        cost
    }
}

impl BrokerCost {
    /// Sets what the CPU comes to per 10⁹ bytes and per million requests, none where nothing was moved or asked.
    pub fn relate(&mut self, counts: &Counts) {
        let moved_bytes = counts.bytes_acknowledged + counts.bytes_fetched + counts.bytes_caught_up;
        let requests = counts.produce_requests + counts.fetch_requests;
        self.cpu_s_per_gb = (moved_bytes > 0).then(|| self.cpu_s / (moved_bytes as f64 / 1e9));
        self.cpu_s_per_million_requests = (requests > 0).then(|| self.cpu_s / (requests as f64 / 1e6));
    }
}

/// What each counter grew by. One that fell was reset and says nothing.
fn counters(first: &Sample, last: &Sample) -> BTreeMap<String, f64> {
    last.counters
        .iter()
        .map(|(name, value)| (name.clone(), value - first.counters.get(name).copied().unwrap_or(0.0)))
        .filter(|(_, grown)| *grown >= 0.0)
        .collect()
}

#[cfg(test)]
mod tests;
