//! Files and directories. Every path is taken as it is; in the simulator it names a file of the node's own disk.

use crate::buffer::Buffer;
use bytes::Bytes;
use std::io;
use std::path::{Path, PathBuf};

/// When a write's completion says that its bytes are on stable storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// In the page cache or the device's cache: lost at power loss.
    Volatile,
    /// On stable storage with what is needed to read it back (RWF_DSYNC; a following fdatasync where it is missing).
    Durable,
}

#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    pub read: bool,
    pub write: bool,
    pub create: bool,
    pub create_new: bool,
    pub truncate: bool,
    /// Asks for O_DIRECT. Where the file system has none the file is opened buffered and [`File::is_direct`] is false.
    pub direct: bool,
}

/// An open file; clones share it. Closed by the ring after the last clone and the last operation are gone.
#[derive(Clone)]
pub struct File {}

impl File {
    pub async fn open(path: impl AsRef<Path>, options: &OpenOptions) -> io::Result<File> {
        let _ = (path.as_ref(), options);
        todo!()
    }
    pub fn is_direct(&self) -> bool {
        todo!()
    }
    /// Reads up to `len` bytes at `offset` into `buffer[0..]` and sets its length to what was read; 0 is the end of
    /// file. Short reads are continued until `len` or the end. On a direct file `offset` and `len` are block multiples.
    pub async fn read_at(&self, buffer: Buffer, offset: u64, len: usize) -> (io::Result<usize>, Buffer) {
        let _ = (buffer, offset, len);
        todo!()
    }
    /// Writes `parts` one after the other at `offset`; short writes are continued. On a direct file every part starts
    /// block-aligned in memory and is a block multiple long, as is `offset`. The ring keeps `parts` until completion.
    /// An error leaves an unknown part written: the caller must not retry as if nothing had happened.
    pub async fn write_at(&self, parts: Vec<Bytes>, offset: u64, durability: Durability) -> io::Result<()> {
        let _ = (parts, offset, durability);
        todo!()
    }
    /// fdatasync.
    pub async fn sync_data(&self) -> io::Result<()> {
        todo!()
    }
    /// fsync.
    pub async fn sync_all(&self) -> io::Result<()> {
        todo!()
    }
    /// Reserves space without changing the size (FALLOC_FL_KEEP_SIZE).
    pub async fn allocate(&self, offset: u64, len: u64) -> io::Result<()> {
        let _ = (offset, len);
        todo!()
    }
    /// ftruncate: cuts, or extends with zeros.
    pub async fn set_len(&self, len: u64) -> io::Result<()> {
        let _ = len;
        todo!()
    }
    pub async fn len(&self) -> io::Result<u64> {
        todo!()
    }
}

#[derive(Clone, Debug)]
pub struct Metadata {
    pub len: u64,
    pub is_dir: bool,
    pub modified_unix_millis: i64,
}

#[derive(Clone, Debug)]
pub struct DirEntry {
    pub path: PathBuf,
    pub file_name: std::ffi::OsString,
    pub is_dir: bool,
}

pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let _ = path.as_ref();
    todo!()
}
/// Sorted by name.
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<Vec<DirEntry>> {
    let _ = path.as_ref();
    todo!()
}
/// Creates missing parents too; not yet durable: see [`sync_dir`].
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let _ = path.as_ref();
    todo!()
}
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let _ = (from.as_ref(), to.as_ref());
    todo!()
}
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let _ = path.as_ref();
    todo!()
}
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let _ = path.as_ref();
    todo!()
}
/// fsync of a directory: its entries are durable when this returns.
pub async fn sync_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let _ = path.as_ref();
    todo!()
}
/// Whole file, at most `bytes_max` (a longer one is an error of kind `InvalidData`).
pub async fn read(path: impl AsRef<Path>, bytes_max: usize) -> io::Result<Vec<u8>> {
    let _ = (path.as_ref(), bytes_max);
    todo!()
}
/// Replaces a small file atomically and durably: temporary file beside it, durable write, rename, directory sync.
pub async fn replace(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let _ = (path.as_ref(), bytes);
    todo!()
}
/// Free and total bytes of the file system that holds `path`.
pub async fn space(path: impl AsRef<Path>) -> io::Result<(u64, u64)> {
    let _ = path.as_ref();
    todo!()
}
/// An exclusive advisory lock on `path` (created if missing), held until the value is dropped.
/// `WouldBlock` when another process holds it.
pub async fn lock(path: impl AsRef<Path>) -> io::Result<Lock> {
    let _ = path.as_ref();
    todo!()
}
pub struct Lock {}
