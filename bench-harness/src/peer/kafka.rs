//! Apache Kafka by the script that this project's own tests use, `tests/peers/kafka`. The program carries it along, so that it works
//! without the source tree; the script has Maven fetch Kafka by its coordinates.

use super::Error;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What makes Kafka's acks mean what Ottla's do.
pub const FLUSH_EACH_BATCH: &str = "log.flush.interval.messages=1";
pub const DURABLE: &str =
    "every batch is flushed to stable storage before its ack (log.flush.interval.messages=1)";
pub const AS_IT_SHIPS: &str =
    "as Kafka ships: an acknowledged record is in the page cache, NOT durable on one node";

const SCRIPT: &str = "kafka";
const POM: &str = "kafka-pom.xml";
const FILES: [(&str, &str); 3] = [
    (SCRIPT, include_str!("../../../tests/peers/kafka")),
    (POM, include_str!("../../../tests/peers/kafka-pom.xml")),
    ("log4j2.yaml", include_str!("../../../tests/peers/log4j2.yaml")),
];

/// A Kafka that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub bootstrap: String,
    pub pid: u32,
}

/// Starts one node and waits until it serves; it goes on when this program ends.
///
/// # Errors
/// Java or Maven is missing, a port is taken, or it does not start within a minute: in the script's words.
pub fn start(directory: &Path, port: u16, settings: &[String]) -> Result<Running, Error> {
    let script = script(&cache()?)?;
    let port = port.to_string();
    let mut arguments: Vec<&OsStr> =
        vec!["start".as_ref(), "-p".as_ref(), port.as_ref(), "-d".as_ref(), directory.as_ref()];
    for setting in settings {
        arguments.extend::<[&OsStr; 2]>(["-o".as_ref(), setting.as_ref()]);
    }
    // What it says goes to a file: the broker keeps its standard error open, and a pipe would never end.
    let log = directory.join("start.log");
    fs::create_dir_all(directory).map_err(|error| Error::File {
        what: "make",
        path: directory.to_owned(),
        error,
    })?;
    let file =
        fs::File::create(&log).map_err(|error| Error::File { what: "write", path: log.clone(), error })?;
    let status = Command::new(&script)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        .status()
        .map_err(|error| Error::Run { program: script.display().to_string(), error })?;
    if !status.success() {
        let said = fs::read_to_string(&log).unwrap_or_default();
        return Err(Error::Kafka { what: "start", said: said.trim().to_owned() });
    }
    running(directory)?.ok_or_else(|| Error::Kafka {
        what: "start",
        said: format!("no process is named in {}", directory.display()),
    })
}

/// Stops what runs in the directory and waits until it is gone; nothing running there is fine.
///
/// # Errors
/// The script's words.
pub fn stop(directory: &Path) -> Result<(), Error> {
    let script = script(&cache()?)?;
    let output = Command::new(&script)
        .arg("stop")
        .arg("-d")
        .arg(directory)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::Run { program: script.display().to_string(), error })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Kafka { what: "stop", said: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}

/// What runs in the directory, none when nothing does.
///
/// # Errors
/// A file that is there and can't be read.
pub fn status(directory: &Path) -> Result<Option<Running>, Error> {
    running(directory)
}

/// The version that is fetched.
pub fn version() -> &'static str {
    let pom = FILES.iter().find(|(name, _)| *name == POM).map_or("", |(_, text)| *text);
    let version = pom.split_once("<kafka.version>").and_then(|(_, rest)| rest.split_once('<'));
    version.map_or("of an unknown version", |(version, _)| version)
}

fn running(directory: &Path) -> Result<Option<Running>, Error> {
    // The first node's folder is called 1.
    let node = directory.join("1");
    let read = |name: &str| match fs::read_to_string(node.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::File { what: "read", path: node.join(name), error }),
    };
    let (Some(pid), Some(properties)) = (read("pid")?, read("server.properties")?) else { return Ok(None) };
    let Ok(pid) = pid.trim().parse::<u32>() else { return Ok(None) };
    // A number may have gone to another process since.
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    if !words.split(|byte| *byte == 0).any(|word| word == b"kafka.Kafka") {
        return Ok(None);
    }
    let listener = properties.lines().find_map(|line| line.strip_prefix("advertised.listeners=PLAINTEXT://"));
    Ok(listener.map(|bootstrap| Running { bootstrap: bootstrap.trim().to_owned(), pid }))
}

/// The folder that the script keeps Kafka's jars in, too.
fn cache() -> Result<PathBuf, Error> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(peers) = variable("PEERS_HOME") {
        return Ok(peers);
    }
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let cache = cache.ok_or_else(|| Error::File {
        what: "find",
        path: "the user's cache folder".into(),
        error: io::Error::new(io::ErrorKind::NotFound, "HOME is not set"),
    })?;
    Ok(cache.join("peers"))
}

/// Puts the script and its files beside the jars, unless they are there as they should be, and gives its path.
pub(super) fn script(cache: &Path) -> Result<PathBuf, Error> {
    let directory = cache.join("ottla-bench");
    fs::create_dir_all(&directory).map_err(|error| Error::File {
        what: "make",
        path: directory.clone(),
        error,
    })?;
    for (name, content) in FILES {
        let path = directory.join(name);
        if fs::read_to_string(&path).is_ok_and(|there| there == content) {
            continue;
        }
        // Another ottla-bench may be running the old one: a new file takes its place at once.
        let new = directory.join(format!("{name}.{}", std::process::id()));
        let mode = if name == SCRIPT { 0o755 } else { 0o644 };
        fs::write(&new, content)
            .and_then(|()| fs::set_permissions(&new, fs::Permissions::from_mode(mode)))
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|error| Error::File { what: "write", path: path.clone(), error })?;
    }
    Ok(directory.join(SCRIPT))
}
