//! The brokers that a comparison goes back and forth between.

use crate::client::Connection;
use crate::error::{Error, Result};
use crate::load::prepare;
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A broker that can be measured.
pub trait Side {
    /// How tables call it.
    fn name(&self) -> &str;

    /// Makes it ready for a run; returns its bootstrap addresses.
    /// # Errors
    /// It does not start.
    fn start(&mut self) -> Result<Vec<String>>;

    /// After a run; a broker that was not started here stays.
    /// # Errors
    /// It does not stop.
    fn stop(&mut self) -> Result<()>;
}

/// A broker that runs already.
pub struct Running {
    pub name: String,
    pub bootstrap: Vec<String>,
}

impl Side for Running {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self) -> Result<Vec<String>> {
        Ok(self.bootstrap.clone())
    }

    fn stop(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A broker that a command starts anew for each run, so that two builds can share a port and neither competes with an idle other.
pub struct Started {
    pub name: String,
    pub command: String,
    pub bootstrap: Vec<String>,
    pub timeout: Duration,
    child: Option<Child>,
}

const LOOK_WAIT: Duration = Duration::from_millis(50);

impl Started {
    /// `command` goes to `sh -c`; the broker serves at `bootstrap`, stays in the foreground and ends on SIGTERM.
    pub fn new(name: String, command: String, bootstrap: Vec<String>, timeout: Duration) -> Started {
        Started { name, command, bootstrap, timeout, child: None }
    }

    fn has_ended(&mut self) -> Option<String> {
        match self.child.as_mut()?.try_wait() {
            Ok(Some(status)) => Some(status.to_string()),
            _ => None,
        }
    }
}

impl Side for Started {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self) -> Result<Vec<String>> {
        // `exec`: the signal that ends it goes to the broker, not to a shell.
        let child = Command::new("sh")
            .args(["-c", &format!("exec {}", self.command)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(Error::io(format!("run '{}'", self.command)))?;
        self.child = Some(child);
        let began = Instant::now();
        loop {
            if let Some(status) = self.has_ended() {
                return Err(Error::input(format!("'{}'", self.command), format!("it ended with {status}")));
            }
            let (address, timeout) = (self.bootstrap.first().cloned().unwrap_or_default(), self.timeout);
            let answered =
                prepare::alone(move || async move { Connection::open(&address, timeout).await.map(drop) });
            match answered {
                Ok(()) => return Ok(self.bootstrap.clone()),
                Err(error) if began.elapsed() > self.timeout => return Err(error),
                Err(_) => std::thread::sleep(LOOK_WAIT),
            }
        }
    }

    fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself: waiting says so.
            let _ = kill_process(pid, Signal::TERM);
        }
        let began = Instant::now();
        while began.elapsed() < self.timeout {
            if let Ok(Some(_)) = child.try_wait() {
                return Ok(());
            }
            std::thread::sleep(LOOK_WAIT);
        }
        // It had its time.
        let _ = child.kill();
        child.wait().map(drop).map_err(Error::io(format!("end '{}'", self.command)))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Nothing is left behind; whoever cares about errors called `stop`.
        let _ = self.stop();
    }
}
