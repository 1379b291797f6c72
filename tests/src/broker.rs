//! Brokers as processes: Ottla, or Apache Kafka as the oracle. They can be stopped, killed and started again on the same data.

use crate::client::Connection;
use ottla_protocol::messages::ApiVersionsRequest;
use std::fs::{self, File};
use std::io::{self, Error, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ottla,
    Kafka,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Ottla => "ottla",
            Kind::Kafka => "kafka",
        }
    }
}

/// How a broker is started; a restart uses the same.
#[derive(Clone, Debug)]
pub struct Setup {
    pub kind: Kind,
    /// Everything lies below: the data, and what the process prints.
    pub dir: PathBuf,
    pub port: u16,
    /// As in server.properties.
    pub settings: Vec<(String, String)>,
    /// Before the binary on the command line, as in `prlimit --nofile=64`. Ottla only.
    pub wrapper: Vec<String>,
}

impl Setup {
    pub fn new(kind: Kind, dir: &Path, settings: &[(&str, &str)]) -> io::Result<Setup> {
        fs::create_dir_all(dir)?;
        Ok(Setup {
            kind,
            dir: dir.to_path_buf(),
            port: free_port()?,
            settings: settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            wrapper: Vec::new(),
        })
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The directory that holds the partitions' directories.
    pub fn data(&self) -> PathBuf {
        match self.kind {
            Kind::Ottla => self.dir.join("data"),
            Kind::Kafka => self.dir.join("kafka/1/data"),
        }
    }

    /// What the process wrote to its log.
    pub fn log(&self) -> String {
        let path = match self.kind {
            Kind::Ottla => self.dir.join("log"),
            Kind::Kafka => self.dir.join("kafka/1/server.log"),
        };
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// The command that starts Ottla, with its output going to files; standard output to `ready`.
    pub fn command(&self) -> io::Result<Command> {
        let binary = ottla_binary()?;
        let mut words = self.wrapper.iter();
        let mut command = match words.next() {
            Some(first) => Command::new(first),
            None => Command::new(&binary),
        };
        if !self.wrapper.is_empty() {
            command.args(words).arg(&binary);
        }
        command.arg("start").arg("--data").arg(self.data());
        command.arg("--listen").arg(self.address().to_string());
        for (key, value) in &self.settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        let log = File::options().create(true).append(true).open(self.dir.join("log"))?;
        command.stdin(Stdio::null()).stdout(File::create(self.dir.join("ready"))?).stderr(log);
        Ok(command)
    }

    /// Starts the broker and returns when it serves.
    /// # Errors
    /// It does not get there; the text has the end of its log.
    pub fn start(&self) -> io::Result<Broker> {
        match self.kind {
            Kind::Ottla => self.start_ottla(),
            Kind::Kafka => self.start_kafka(),
        }
    }

    fn start_ottla(&self) -> io::Result<Broker> {
        let child = self.command()?.spawn()?;
        let mut broker = Broker { setup: self.clone(), process: Some(Process::Child(child)) };
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let ready = fs::read_to_string(self.dir.join("ready")).unwrap_or_default();
            if ready.lines().any(|line| line.starts_with("ready: ")) {
                return Ok(broker);
            }
            let ended = match &mut broker.process {
                Some(Process::Child(child)) => child.try_wait()?,
                _ => None,
            };
            if ended.is_some() || Instant::now() > deadline {
                let log = self.log();
                let tail = log.lines().rev().take(12).collect::<Vec<_>>();
                let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
                return Err(Error::other(format!("ottla did not get ready ({ended:?}):\n{tail}")));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn start_kafka(&self) -> io::Result<Broker> {
        let mut command = Command::new(kafka_script());
        command.arg("start").arg("-p").arg(self.port.to_string()).arg("-d").arg(self.dir.join("kafka"));
        for (key, value) in &self.settings {
            command.arg("-o").arg(format!("{key}={value}"));
        }
        if std::env::var_os("KAFKA_HEAP_OPTS").is_none() {
            command.env("KAFKA_HEAP_OPTS", "-Xmx700m -Xms256m");
        }
        let output = command.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            return Err(Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let pid = fs::read_to_string(self.dir.join("kafka/1/pid"))?;
        let pid = pid.trim().parse().map_err(Error::other)?;
        let broker = Broker { setup: self.clone(), process: Some(Process::Other(pid)) };
        wait_until(Duration::from_secs(30), "Kafka answers", || {
            Connection::open(self.address())
                .and_then(|mut connection| connection.call(0, &ApiVersionsRequest::default()))
                .is_ok()
        })?;
        Ok(broker)
    }
}

enum Process {
    Child(Child),
    /// Kafka's, started by the script.
    Other(u32),
}

/// A running broker; dropping it kills it.
pub struct Broker {
    pub setup: Setup,
    process: Option<Process>,
}

impl Broker {
    pub fn address(&self) -> SocketAddr {
        self.setup.address()
    }

    pub fn pid(&self) -> u32 {
        match &self.process {
            Some(Process::Child(child)) => child.id(),
            Some(Process::Other(pid)) => *pid,
            None => 0,
        }
    }

    /// Whether the process runs.
    pub fn is_alive(&mut self) -> bool {
        match &mut self.process {
            Some(Process::Child(child)) => matches!(child.try_wait(), Ok(None)),
            Some(Process::Other(pid)) => Path::new(&format!("/proc/{pid}/stat")).exists(),
            None => false,
        }
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(&mut self) {
        match self.process.take() {
            Some(Process::Child(mut child)) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Some(Process::Other(pid)) => {
                let _ = Command::new(kafka_script())
                    .args(["stop", "-k", "-d"])
                    .arg(self.setup.dir.join("kafka"))
                    .status();
                debug_assert!(pid > 0);
            }
            None => {}
        }
    }

    /// SIGTERM; returns the exit code and how long the end took, `None` when it had to be killed after `patience`.
    pub fn stop(&mut self, patience: Duration) -> Option<(i32, Duration)> {
        let begun = Instant::now();
        match self.process.take() {
            Some(Process::Child(mut child)) => {
                let _ = Command::new("kill").arg(child.id().to_string()).status();
                while begun.elapsed() < patience {
                    if let Ok(Some(status)) = child.try_wait() {
                        return Some((status.code().unwrap_or(-1), begun.elapsed()));
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
                let _ = child.kill();
                let _ = child.wait();
                None
            }
            Some(Process::Other(_)) => {
                let stopped = Command::new(kafka_script())
                    .args(["stop", "-d"])
                    .arg(self.setup.dir.join("kafka"))
                    .status()
                    .ok()?;
                Some((stopped.code().unwrap_or(-1), begun.elapsed()))
            }
            None => None,
        }
    }

    /// Resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
    }

    /// CPU time used so far.
    pub fn cpu_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect::<Vec<_>>();
        let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        // Fields 14 and 15 of proc(5), in hundredths of a second on every Linux.
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Polls until `ready` says so.
/// # Errors
/// `TimedOut`, with `what` did not happen.
pub fn wait_until(patience: Duration, what: &str, mut ready: impl FnMut() -> bool) -> io::Result<()> {
    let deadline = Instant::now() + patience;
    while !ready() {
        if Instant::now() > deadline {
            return Err(Error::new(ErrorKind::TimedOut, format!("not within {patience:?}: {what}")));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// `$OTTLA`; the scripts build it and set it.
pub fn ottla_binary() -> io::Result<PathBuf> {
    let beside = || std::env::current_exe().ok()?.parent().map(|dir| dir.join("ottla"));
    let path = std::env::var_os("OTTLA").map(PathBuf::from).or_else(beside);
    path.filter(|path| path.exists())
        .ok_or_else(|| Error::other("no ottla binary: build it, or set OTTLA to its path"))
}

pub fn kafka_script() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/peers/kafka"))
}

/// A port that nothing listens on, and neither on its neighbour, which Kafka's controller takes; from `$TEST_PORT`, else 21900.
/// # Errors
/// The next 80 are all taken.
pub fn free_port() -> io::Result<u16> {
    let first = std::env::var("TEST_PORT").ok().and_then(|text| text.parse::<u16>().ok()).unwrap_or(21900);
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    (first..first.saturating_add(80))
        .step_by(2)
        .find(|port| free(*port) && free(*port + 1))
        .ok_or_else(|| Error::other(format!("no free port from {first}")))
}
