//! What can go wrong in a log. Clonable, because every waiter of a log that goes offline gets the reason.

use crate::Offset;
use std::path::{Path, PathBuf};

/// Why a log operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A system call failed. After a failed write or sync the log is offline.
    #[error("cannot {action} {}: {message}", path.display())]
    Io { action: &'static str, path: PathBuf, kind: std::io::ErrorKind, errno: Option<i32>, message: String },
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

/// The action of an [`Error::Io`] from a read of a file.
pub(crate) const READ: &str = "read";

/// What a disk or its file system answers when it fails as a whole, and not one file of it: see errno(3).
const OF_THE_DISK: [i32; 10] = [
    libc::EIO,
    libc::EROFS,
    libc::ENODEV,
    libc::ENXIO,
    libc::ENOTCONN,
    libc::ESTALE,
    libc::EREMOTEIO,
    libc::ESHUTDOWN,
    libc::ETIMEDOUT,
    // EUCLEAN: the file system found itself damaged.
    libc::EUCLEAN,
];

impl Error {
    /// An [`Error::Io`] that names the action and the file.
    pub fn io(action: &'static str, path: &Path, error: &std::io::Error) -> Error {
        let (kind, errno) = (error.kind(), error.raw_os_error());
        Error::Io { action, path: path.to_owned(), kind, errno, message: error.to_string() }
    }

    /// The disk under the whole data directory has failed, so that none of its logs can be trusted to be written any more: a flush
    /// that found no room, or one of the disk's own errors. A block that cannot be read is one log's misfortune.
    pub fn is_of_disk(&self) -> bool {
        let Error::Io { action, errno: Some(errno), .. } = self else { return false };
        match *action {
            READ => false,
            FLUSH if matches!(*errno, libc::ENOSPC | libc::EDQUOT) => true,
            _ => OF_THE_DISK.contains(errno),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What takes the neighbours along, and what does not.
    #[test]
    fn the_disk_s_errors_are_told_from_a_file_s() {
        let table = [
            ("write", libc::EIO, true),
            ("open", libc::EIO, true),
            ("create", libc::EROFS, true),
            ("list", libc::ENOTCONN, true),
            (FLUSH, libc::EIO, true),
            (FLUSH, libc::ENOSPC, true),
            (READ, libc::EIO, false),
            ("write", libc::ENOSPC, false),
            ("open", libc::EMFILE, false),
            (FLUSH, libc::EMFILE, false),
            ("open", libc::EACCES, false),
            ("open", libc::EISDIR, false),
            ("write", libc::EPERM, false),
        ];
        for (action, errno, expected) in table {
            let error = Error::io(action, Path::new("/d"), &std::io::Error::from_raw_os_error(errno));
            assert_eq!(error.is_of_disk(), expected, "{error}");
        }
        let own = Error::io("write", Path::new("/d"), &std::io::Error::other("no errno"));
        assert!(!own.is_of_disk());
    }
}
