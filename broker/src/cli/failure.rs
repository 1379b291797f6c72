//! How a command ends: exit codes with a meaning, and a message that says what was wrong and what to do.

use super::client;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// What the process answers to whoever called it. `--help` lists the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Ok = 0,
    /// The broker refused, or the input was not what it should be.
    Failed = 1,
    /// The command line makes no sense; clap uses the same number.
    Usage = 2,
    /// No broker could be reached, or the connection broke.
    Unreachable = 3,
    /// Some of what was asked is done, the rest is not.
    Partial = 4,
    /// The broker could not start: the host, a port or the data directory does not allow it.
    CannotStart = 5,
    /// As shells count a process that SIGINT ended.
    Interrupted = 130,
}

pub const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  failed: the broker refused, a file could not be read, a check found a fault
    2  the command line is wrong
    3  no broker could be reached, or the connection was lost
    4  done in part: some topics or records, not all
    5  the broker cannot start: a port, the data directory or the kernel does not allow it
  130  interrupted by Ctrl-C";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// Empty when everything was said already.
    pub message: String,
    pub advice: Option<String>,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), advice: None }
    }

    pub fn failed(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Failed, message)
    }

    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, message)
    }

    pub fn with_advice(mut self, advice: impl Into<String>) -> Failure {
        self.advice = Some(advice.into());
        self
    }

    /// Ends the process quietly: its reader went away, as `head` does.
    fn broken_pipe() -> Failure {
        Failure::new(Exit::Ok, "")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ottla: {}", self.message)?;
        for line in self.advice.iter().flat_map(|advice| advice.lines()) {
            write!(f, "\n       {line}")?;
        }
        Ok(())
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Failure {
        let exit = if error.is_unreachable() { Exit::Unreachable } else { Exit::Failed };
        Failure { exit, message: error.to_string(), advice: error.advice() }
    }
}

/// For standard output; files name themselves in their messages.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::broken_pipe();
        }
        Failure::failed(format!("cannot write the output: {error}"))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        Failure::from(io::Error::from(error))
    }
}
