//! What can go wrong in a log. Clonable, because every waiter of a log that goes offline gets the reason.

use crate::Offset;
use std::path::{Path, PathBuf};

/// Why a log operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A system call failed. After a failed write or sync the log is offline.
    #[error("cannot {action} {}: {message}", path.display())]
    Io { action: &'static str, path: PathBuf, kind: std::io::ErrorKind, message: String },
    /// What is on disk is not what was written.
    #[error("{} is damaged at byte {position}: {reason}", path.display())]
    Corrupt { path: PathBuf, position: u64, reason: String },
    /// An earlier failure took this log offline; it stays so until it is opened again.
    #[error("the log in {} is offline: {reason}", dir.display())]
    Offline { dir: PathBuf, reason: String },
    /// Below the log start or above the log end.
    #[error("offset {offset} is outside [{start}, {end}]")]
    OffsetOutOfRange { offset: Offset, start: Offset, end: Offset },
    /// The log was closed or deleted.
    #[error("the log in {} is closed", dir.display())]
    Closed { dir: PathBuf },
}

/// The action of an [`Error::Io`] from a flush of a file or directory.
pub(crate) const FLUSH: &str = "flush";

impl Error {
    /// An [`Error::Io`] that names the action and the file.
    pub(crate) fn io(action: &'static str, path: &Path, error: &std::io::Error) -> Error {
        Error::Io { action, path: path.to_owned(), kind: error.kind(), message: error.to_string() }
    }

    /// The disk is full, and nothing but that went wrong: a flush that failed is not one of these.
    pub fn is_no_space(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Error::Io { kind: StorageFull | QuotaExceeded, action, .. } if *action != FLUSH)
    }
}

/// Why a batch was not appended. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Too many bytes wait to be written: await [`crate::Log::room`] and try again.
    #[error("the log has no room for more unwritten bytes")]
    Full,
    /// Not one whole batch of magic 2, or larger than any segment. The caller should have seen to it.
    #[error("not a batch: {0}")]
    Invalid(&'static str),
    #[error(transparent)]
    Log(#[from] Error),
}
