//! How a command ends: exit codes with a meaning, and a message that says what was wrong and what to do.

use crate::error::Error;
use crate::{gate, peer, report};
use std::fmt;
use std::process::ExitCode;

/// What the process answers to whoever called it. `--help` lists the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Ok = 0,
    /// It could not be done, or a check found a fault.
    Failed = 1,
    /// The command line or a file makes no sense; clap uses the same number.
    Usage = 2,
    Unreachable = 3,
    /// The run ended, but its figures can't be trusted.
    Invalid = 4,
    /// As shells count a process that SIGINT ended.
    Interrupted = 130,
}

pub const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  failed: the broker refused, a file could not be written, records were lost, a gate is red
    2  the command line or a file of its makes no sense
    3  no broker could be reached
    4  the run is invalid: its report says why
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
    pub message: String,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into() }
    }

    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.message.lines();
        write!(f, "ottla-bench: {}", lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| write!(f, "\n             {line}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let exit = match &error {
            Error::Address(_) | Error::Input { .. } => Exit::Usage,
            Error::Unreachable { .. } => Exit::Unreachable,
            Error::Interrupted => Exit::Interrupted,
            _ => Exit::Failed,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<gate::Error> for Failure {
    fn from(error: gate::Error) -> Failure {
        // A gate that can't be read must not look like one that is red.
        Failure::new(Exit::Usage, error.to_string())
    }
}

impl From<peer::Error> for Failure {
    fn from(error: peer::Error) -> Failure {
        Failure::new(Exit::Failed, error.to_string())
    }
}

impl From<report::Error> for Failure {
    fn from(error: report::Error) -> Failure {
        Failure::new(Exit::Failed, error.to_string())
    }
}
