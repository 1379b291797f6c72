//! An Ottla as a process of its own, for as long as its value lives.

use super::Error;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A first start writes its metadata durably, which a slow disk takes a while for.
const START_WITHIN: Duration = Duration::from_secs(30);
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Stopped by SIGTERM when it is dropped, and killed when that does nothing for ten seconds.
#[derive(Debug)]
pub struct Ottla {
    child: Child,
    bootstrap: String,
}

impl Ottla {
    /// Starts `program` on a port of 127.0.0.1 and waits until it says that it serves. Its log is `ottla.log` beside its data.
    ///
    /// # Errors
    /// The program can't be run, ends before it serves, or does not serve within half a minute.
    pub fn start(program: &Path, directory: &Path, port: u16, settings: &[String]) -> Result<Ottla, Error> {
        fs::create_dir_all(directory).map_err(|error| Error::File {
            what: "make",
            path: directory.to_owned(),
            error,
        })?;
        let log = directory.join("ottla.log");
        let file = fs::File::create(&log).map_err(|error| Error::File {
            what: "write",
            path: log.clone(),
            error,
        })?;
        let mut command = Command::new(program);
        command
            .arg("start")
            .arg("--data")
            .arg(directory.join("data"))
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"));
        for setting in settings {
            command.arg("--set").arg(setting);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .map_err(|error| Error::Run { program: program.display().to_string(), error })?;
        // From here on it is stopped whatever happens.
        let mut ottla = Ottla { child, bootstrap: String::new() };
        ottla.bootstrap =
            ottla.wait_until_ready().map_err(|why| Error::Ottla { program: program.to_owned(), why, log })?;
        Ok(ottla)
    }

    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The address of its line `ready: HOST:PORT`. The thread that reads goes on to read until the process ends, so that its standard
    /// output never fills.
    fn wait_until_ready(&mut self) -> Result<String, String> {
        let stdout = self.child.stdout.take().ok_or("has no standard output")?;
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("ready: ") {
                    // Whoever waited may have given up.
                    let _ = send.send(address.trim().to_owned());
                }
            }
        });
        receive.recv_timeout(START_WITHIN).map_err(|error| match error {
            mpsc::RecvTimeoutError::Timeout => format!("did not serve within {} s", START_WITHIN.as_secs()),
            mpsc::RecvTimeoutError::Disconnected => "ended before it served".to_owned(),
        })
    }
}

impl Drop for Ottla {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + STOP_WITHIN;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the program says of itself, such as `ottla 0.1.0`; none when it says nothing.
pub fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().next().unwrap_or_default().trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}

/// The one that was given, else the one beside this program, else the first in PATH.
///
/// # Errors
/// [`Error::NoOttla`]; one that was given is not looked at.
pub fn program(given: Option<&Path>) -> Result<PathBuf, Error> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("ottla")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|directory| directory.join("ottla"));
    beside.into_iter().chain(in_path).find(|path| path.is_file()).ok_or(Error::NoOttla)
}
