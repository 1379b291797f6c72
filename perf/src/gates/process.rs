//! Figures of the real process that no load on the machine changes: how much code its binary is, and what it holds in
//! memory while nobody asks it for anything.

use super::figure::{Figure, Kind, PROCESS};
use crate::client::frame;
use crate::traffic::{create_topic, created_topic};
use bytes::Bytes;
use object::{Object, ObjectSection, SectionFlags, elf};
use ottla_protocol::ApiKey;
use ottla_protocol::messages::ApiVersionsRequest;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Starts whose median counts: pages of the binary come in as the kernel likes.
const STARTS: usize = 3;
/// An idle broker is one that was left alone for so long.
const IDLE: Duration = Duration::from_millis(1500);
/// For anything that a broker does; under a profiler it is slow.
const PATIENCE: Duration = Duration::from_secs(120);
/// Of them, each with no record.
const PARTITIONS: i32 = 1000;

/// A broker of its own data directory and port, which ends with the value.
pub struct Process {
    child: Child,
    address: SocketAddr,
    data: tempfile::TempDir,
}

impl Process {
    /// Starts `command`, a binary or a wrapper with the binary behind it, with `shards` shards; returns when it serves.
    /// # Errors
    /// It does not start.
    pub fn start(command: &[&Path], shards: usize, envs: &[(&str, &str)]) -> io::Result<Process> {
        Process::launch(command, shards, envs, &[], tempfile::tempdir()?)
    }

    /// The same with its data below `dir`.
    /// # Errors
    /// It does not start.
    pub fn start_in(
        command: &[&Path],
        shards: usize,
        envs: &[(&str, &str)],
        dir: &Path,
    ) -> io::Result<Process> {
        Process::launch(command, shards, envs, &[], tempfile::tempdir_in(dir)?)
    }

    /// The same with settings of its own.
    /// # Errors
    /// It does not start.
    pub fn start_with(
        command: &[&Path],
        shards: usize,
        settings: &[(&str, &str)],
        dir: &Path,
    ) -> io::Result<Process> {
        Process::launch(command, shards, &[], settings, tempfile::tempdir_in(dir)?)
    }

    fn launch(
        command: &[&Path],
        shards: usize,
        envs: &[(&str, &str)],
        settings: &[(&str, &str)],
        data: tempfile::TempDir,
    ) -> io::Result<Process> {
        let (first, rest) = command.split_first().ok_or(ErrorKind::InvalidInput)?;
        let mut child = Command::new(first)
            .args(rest)
            .args(["start", "--listen", "127.0.0.1:0", "--log-level", "error", "--shards"])
            .arg(shards.to_string())
            .arg("--data")
            .arg(data.path().join("data"))
            .args(settings.iter().map(|(name, value)| format!("--set={name}={value}")))
            .envs(envs.iter().copied())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or(ErrorKind::BrokenPipe)?).lines();
        let address = loop {
            let Some(line) = lines.next() else {
                let status = child.wait()?;
                return Err(Error::other(format!("{} ends before it serves: {status}", first.display())));
            };
            if let Some(address) = line?.strip_prefix("ready: ") {
                break address.parse().map_err(Error::other)?;
            }
        };
        Ok(Process { child, address, data })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power switch does, its data apart.
    /// # Errors
    /// It cannot be waited for.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Another life on the same data, after [`Process::kill`].
    /// # Errors
    /// It does not start.
    pub fn start_again(mut self, command: &[&Path], shards: usize) -> io::Result<Process> {
        let data = std::mem::replace(&mut self.data, tempfile::tempdir()?);
        Process::launch(command, shards, &[], &[], data)
    }

    /// Ends it in order and starts it again on the same data. The second value is how long it took from the start to serving.
    /// # Errors
    /// It does not end well, or does not start.
    pub fn restart(
        mut self,
        command: &[&Path],
        shards: usize,
        settings: &[(&str, &str)],
    ) -> io::Result<(Process, Duration)> {
        let data = std::mem::replace(&mut self.data, tempfile::tempdir()?);
        self.stop()?;
        let began = Instant::now();
        let process = Process::launch(command, shards, &[], settings, data)?;
        Ok((process, began.elapsed()))
    }

    /// # Errors
    /// It does not listen.
    pub fn connect(&self) -> io::Result<Connection> {
        Connection::open(self.address)
    }

    /// Asks it to end, and waits until it has.
    /// # Errors
    /// It ends with an error.
    pub fn stop(mut self) -> io::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(Error::other(format!("the broker ended with {status}"))) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            // It cannot be told to anybody.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A blocking client.
pub struct Connection {
    stream: TcpStream,
}

impl Connection {
    /// # Errors
    /// Nobody listens there.
    pub fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connection { stream })
    }

    /// The answer to a whole frame, without its length.
    /// # Errors
    /// The broker closed the connection, or says nothing.
    pub fn call(&mut self, frame: &Bytes) -> io::Result<Vec<u8>> {
        self.send(frame)?;
        self.receive()
    }

    /// # Errors
    /// The broker closed the connection.
    pub fn send(&mut self, frame: &Bytes) -> io::Result<()> {
        self.stream.write_all(frame)
    }

    /// The next answer, without its length.
    /// # Errors
    /// The broker closed the connection, or says nothing.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut answer)?;
        Ok(answer)
    }
}

/// Bytes that the kernel counts under `name` in the status of the process `pid`.
/// # Errors
/// There is no such process or line.
pub fn status_bytes(pid: u32, name: &str) -> io::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|kib| kib * 1024.0)
        .ok_or_else(|| Error::other(format!("the kernel tells no {name} of process {pid}")))
}

/// Everything that this module measures of `binary`. `envs` are its environment's.
/// # Errors
/// It cannot be read or does not run.
pub fn measure(binary: &Path, envs: &[(&str, &str)]) -> io::Result<Vec<Figure>> {
    let mut figures = sizes(binary)?;
    let mut idle = Vec::new();
    for _ in 0..STARTS {
        idle.push(idle_bytes(binary, envs)?);
    }
    for (at, (subject, kind)) in [
        (PROCESS.to_owned(), Kind::ResidentBytes),
        (PROCESS.to_owned(), Kind::AnonymousBytes),
        (format!("{PROCESS}-idle-partition"), Kind::AnonymousBytes),
    ]
    .into_iter()
    .enumerate()
    {
        let mut values: Vec<f64> = idle.iter().map(|one| one[at]).collect();
        values.sort_by(f64::total_cmp);
        figures.push(Figure::new(subject, kind, values[STARTS / 2]));
    }
    Ok(figures)
}

/// Of the binary's sections.
fn sizes(binary: &Path) -> io::Result<Vec<Figure>> {
    let bytes = std::fs::read(binary)
        .map_err(|error| Error::new(error.kind(), format!("{}: {error}", binary.display())))?;
    let file = object::File::parse(&*bytes).map_err(Error::other)?;
    let (mut code, mut loaded) = (0, 0);
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
        if sh_flags & elf::SHF_ALLOC == elf::SHF_ALLOC {
            loaded += section.size();
            if sh_flags & elf::SHF_EXECINSTR == elf::SHF_EXECINSTR {
                code += section.size();
            }
        }
    }
    Ok(vec![
        Figure::new(PROCESS, Kind::CodeBytes, code as f64),
        Figure::new(PROCESS, Kind::LoadedBytes, loaded as f64),
    ])
}

/// Resident and anonymous bytes of an idle broker of two shards, and anonymous bytes for each partition without records.
/// # Errors
/// It does not run.
pub fn idle_bytes(binary: &Path, envs: &[(&str, &str)]) -> io::Result<[f64; 3]> {
    let process = Process::start(&[binary], 2, envs)?;
    // One request, so that what the first connection brings is there.
    let mut connection = process.connect()?;
    connection.call(&frame(ApiKey::ApiVersions, 0, &ApiVersionsRequest::default()))?;
    std::thread::sleep(IDLE);
    let idle = [status_bytes(process.id(), "VmRSS")?, status_bytes(process.id(), "RssAnon")?];
    created_topic(&connection.call(&create_topic(PARTITIONS, &[]))?);
    std::thread::sleep(IDLE);
    let partition = (status_bytes(process.id(), "RssAnon")? - idle[1]) / f64::from(PARTITIONS);
    process.stop()?;
    Ok([idle[0], idle[1], partition])
}
