//! What can go wrong before and between runs, in words for the person who typed the command. What goes wrong during a run is counted instead.

use ottla_protocol::{ApiKey, DecodeError, EncodeError, ErrorCode};
use std::io;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("'{0}' is no address: expected HOST:PORT, for example 127.0.0.1:9092")]
    Address(String),
    #[error("cannot reach a broker at {address}: {source}")]
    Unreachable { address: String, source: io::Error },
    #[error("lost the connection to {address}: {source}")]
    Connection { address: String, source: io::Error },
    #[error("{address} did not answer {api} within {seconds} s")]
    Timeout { address: String, api: &'static str, seconds: u64 },
    #[error("{address} answered {api} with bytes that are no such answer: {source}")]
    Answer { address: String, api: &'static str, source: DecodeError },
    #[error("cannot write {api} for {address}: {source}")]
    Ask { address: String, api: &'static str, source: EncodeError },
    #[error("{address} serves no version of {} that is known here", .api.name())]
    Unsupported { address: String, api: ApiKey },
    #[error("{subject}: {code}: {}", .message.as_deref().unwrap_or(.code.message()))]
    Refused { subject: String, code: ErrorCode, message: Option<String> },
    /// A workload, trace or result file, with what to do about it.
    #[error("{subject}: {reason}")]
    Input { subject: String, reason: String },
    #[error("cannot {what}: {source}")]
    Io { what: String, source: io::Error },
    /// The executor of a worker: its rings or its core.
    #[error(
        "cannot start a worker: {0}\nglommio needs io_uring and locked memory: allow io_uring (sysctl kernel.io_uring_disabled=0, or the \
         container's seccomp profile) and raise the limit (ulimit -l 8192), or use fewer --workers"
    )]
    Worker(String),
    /// A fault of this program.
    #[error("a worker ended early: {0}")]
    WorkerEnded(String),
    #[error("the run was interrupted")]
    Interrupted,
}

impl Error {
    pub fn input(subject: impl Into<String>, reason: impl Into<String>) -> Error {
        Error::Input { subject: subject.into(), reason: reason.into() }
    }

    /// A failure of the file system: `what` completes "cannot …".
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }

    pub fn refused(subject: impl Into<String>, code: i16, message: Option<&str>) -> Error {
        let message = message.filter(|message| !message.is_empty()).map(str::to_owned);
        Error::Refused { subject: subject.into(), code: ErrorCode(code), message }
    }

    /// Whether the same may succeed a moment later.
    pub fn is_retriable(&self) -> bool {
        match self {
            Error::Refused { code, .. } => code.is_retriable(),
            Error::Unreachable { .. } | Error::Connection { .. } | Error::Timeout { .. } => true,
            _ => false,
        }
    }
}
