//! Files and directories. Every path is taken as it is; in the simulator it names a file of the node's own disk.

use crate::buffer::{BLOCK_BYTES, Buffer};
use crate::driver::{Driver, Handle, Op, OpenFlags, StatTarget};
use crate::reactor::current;
use bytes::{Buf, Bytes};
use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

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
pub struct File(Rc<Inner>);

struct Inner {
    handle: Handle,
    direct: Cell<bool>,
    /// A durable write works; otherwise a volatile one and a sync take its place.
    writes_durably: Cell<bool>,
}

/// Submits `op` to the current reactor, waits for it, and turns its result into Rust's.
pub(crate) async fn perform(op: Op) -> (io::Result<i32>, Op) {
    let (result, op) = current(|reactor| reactor.submit(op)).await;
    (check(result), op)
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::from_raw_os_error(-result)) } else { Ok(result) }
}

/// As [`perform`] where the op has nothing to tell but success.
async fn done(op: Op) -> io::Result<()> {
    perform(op).await.0.map(drop)
}

fn refused(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINVAL)
}

fn aligned(bytes: u64) -> bool {
    bytes.is_multiple_of(BLOCK_BYTES as u64)
}

impl File {
    pub async fn open(path: impl AsRef<Path>, options: &OpenOptions) -> io::Result<File> {
        let path = path.as_ref();
        let mut flags = OpenFlags {
            read: options.read,
            write: options.write,
            create: options.create,
            create_new: options.create_new,
            truncate: options.truncate,
            direct: options.direct,
            directory: false,
        };
        let mut result = open(path, flags).await;
        if flags.direct && result.as_ref().is_err_and(refused) {
            // No O_DIRECT here. The refused open may have created the file already.
            if flags.create_new {
                flags.create_new = false;
                flags.create = true;
            }
            flags.direct = false;
            result = open(path, flags).await;
        }
        let handle = result?;
        let (direct, writes_durably) = (Cell::new(flags.direct), Cell::new(true));
        Ok(File(Rc::new(Inner { handle, direct, writes_durably })))
    }

    pub fn is_direct(&self) -> bool {
        self.0.direct.get()
    }

    /// After a refusal of an aligned request: true when the file is buffered from now on and the request may be tried
    /// once more. Some file systems take O_DIRECT at the open and mean it for no request.
    fn fall_back(&self, error: &io::Error) -> bool {
        if !refused(error) || !self.is_direct() {
            return false;
        }
        let raw = self.0.handle.raw();
        let cleared = current(|reactor| reactor.driver.borrow_mut().set_buffered(raw)).is_ok();
        if cleared {
            self.0.direct.set(false);
            tracing::warn!("a file system refuses direct I/O after an open that took it: going on buffered");
        }
        cleared
    }

    /// Reads up to `len` bytes at `offset` into `buffer[0..]` and sets its length to what was read; 0 is the end of
    /// file. Short reads are continued until `len` or the end. On a direct file `offset` and `len` are block multiples.
    /// After an error the buffer is empty. Panics when `len` is beyond the buffer's capacity.
    pub async fn read_at(&self, mut buffer: Buffer, offset: u64, len: usize) -> (io::Result<usize>, Buffer) {
        assert!(len <= buffer.capacity(), "a read of {len} into {}", buffer.capacity());
        buffer.clear();
        let mut read = 0;
        while read < len {
            let file = self.0.handle.clone();
            let op = Op::Read { file, buffer, start: read, len: len - read, offset: offset + read as u64 };
            let (result, op) = perform(op).await;
            let Op::Read { buffer: back, .. } = op else { unreachable!("a driver gives the same op back") };
            buffer = back;
            match result {
                Ok(0) => break,
                Ok(count) => read += count as usize,
                // A continued read of a direct file starts off a block: the end is near, as the next one says.
                Err(error) if self.is_direct() && refused(&error) && !aligned(read as u64) => break,
                Err(error) if self.fall_back(&error) => {}
                Err(error) => return (Err(error), buffer),
            }
            // A short direct read ends at the end of the file or at a block.
            if self.is_direct() && !aligned(read as u64) {
                break;
            }
        }
        buffer.set_len(read);
        (Ok(read), buffer)
    }

    /// Writes `parts` one after the other at `offset`; short writes are continued. On a direct file every part starts
    /// block-aligned in memory and is a block multiple long, as is `offset`. The ring keeps `parts` until completion.
    /// An error leaves an unknown part written: the caller must not retry as if nothing had happened. Dropping the
    /// future leaves an unknown part written too.
    pub async fn write_at(
        &self,
        mut parts: Vec<Bytes>,
        mut offset: u64,
        durability: Durability,
    ) -> io::Result<()> {
        parts.retain(|part| !part.is_empty());
        let mut first = 0;
        let mut stuck = false;
        while first < parts.len() {
            let durably = if self.0.writes_durably.get() { durability } else { Durability::Volatile };
            let file = self.0.handle.clone();
            let op = Op::Write { file, parts, first, offset, durability: durably };
            let (result, op) = perform(op).await;
            let Op::Write { parts: back, .. } = op else { unreachable!("a driver gives the same op back") };
            parts = back;
            let mut count = match result {
                Ok(count) => count as usize,
                Err(error)
                    if durably == Durability::Durable && error.raw_os_error() == Some(libc::EOPNOTSUPP) =>
                {
                    self.0.writes_durably.set(false);
                    continue;
                }
                Err(error) if self.fall_back(&error) => continue,
                Err(error) => return Err(error),
            };
            if self.is_direct() {
                // The next attempt must start at a block again: what is written of the last one is written twice.
                count -= count % BLOCK_BYTES;
            }
            if count == 0 && std::mem::replace(&mut stuck, true) {
                return Err(io::ErrorKind::WriteZero.into());
            }
            stuck &= count == 0;
            offset += count as u64;
            advance(&mut parts, &mut first, count);
        }
        if durability == Durability::Durable && !self.0.writes_durably.get() {
            self.sync_data().await?;
        }
        Ok(())
    }

    /// fdatasync. After an error any write since the last success may be lost, and trying again proves nothing.
    pub async fn sync_data(&self) -> io::Result<()> {
        done(Op::SyncData { file: self.0.handle.clone() }).await
    }

    /// fsync. After an error as `sync_data`.
    pub async fn sync_all(&self) -> io::Result<()> {
        done(Op::SyncAll { file: self.0.handle.clone() }).await
    }

    /// Reserves space without changing the size (FALLOC_FL_KEEP_SIZE). `Unsupported` where the file system cannot.
    pub async fn allocate(&self, offset: u64, len: u64) -> io::Result<()> {
        done(Op::Allocate { file: self.0.handle.clone(), offset, len }).await
    }

    /// ftruncate: cuts, or extends with zeros.
    pub async fn set_len(&self, len: u64) -> io::Result<()> {
        done(Op::SetLen { file: self.0.handle.clone(), len }).await
    }

    pub async fn len(&self) -> io::Result<u64> {
        stat(StatTarget::File(self.0.handle.clone())).await.map(|metadata| metadata.len)
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.0.handle
    }
}

/// Takes `count` bytes off the front of `parts[first..]`, letting go of what is done.
pub(crate) fn advance(parts: &mut [Bytes], first: &mut usize, mut count: usize) {
    while let Some(part) = parts.get_mut(*first) {
        if count < part.len() {
            part.advance(count);
            return;
        }
        count -= part.len();
        *part = Bytes::new();
        *first += 1;
    }
    assert_eq!(count, 0, "more was written than there was");
}

async fn open(path: &Path, flags: OpenFlags) -> io::Result<Handle> {
    let (result, _) = perform(Op::Open { path: path.to_path_buf(), flags }).await;
    let raw = result?;
    Ok(current(|reactor| reactor.adopt(raw)))
}

async fn stat(target: StatTarget) -> io::Result<Metadata> {
    let (result, op) = perform(Op::Stat { target, metadata: None }).await;
    result?;
    let Op::Stat { metadata: Some(metadata), .. } = op else {
        unreachable!("a driver fills what it was asked for")
    };
    Ok(metadata)
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
    stat(StatTarget::Path(path.as_ref().to_path_buf())).await
}

/// Sorted by name.
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<Vec<DirEntry>> {
    let (result, op) = perform(Op::ReadDir { path: path.as_ref().to_path_buf(), entries: Vec::new() }).await;
    result?;
    let Op::ReadDir { mut entries, .. } = op else { unreachable!("a driver gives the same op back") };
    entries.sort_by(|a, b| a.file_name.cmp(&b.file_name));
    Ok(entries)
}

/// Creates missing parents too; not yet durable: see [`sync_dir`].
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    // Each with whether its parent was seen to: /proc says NotFound though the parent is there.
    let mut missing = vec![(path.to_path_buf(), false)];
    while let Some((path, parent_is_there)) = missing.last_mut() {
        match done(Op::Mkdir { path: path.clone() }).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound && !*parent_is_there => {
                match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                    Some(parent) => {
                        let parent = parent.to_path_buf();
                        *parent_is_there = true;
                        missing.push((parent, false));
                        continue;
                    }
                    None => return Err(error),
                }
            }
            Err(error) if metadata(&*path).await.is_ok_and(|metadata| metadata.is_dir) => drop(error),
            Err(error) => return Err(error),
        }
        missing.pop();
    }
    Ok(())
}

pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    done(Op::Rename { from: from.as_ref().to_path_buf(), to: to.as_ref().to_path_buf() }).await
}

pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    done(Op::Unlink { path: path.as_ref().to_path_buf() }).await
}

pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    done(Op::RemoveDirAll { path: path.as_ref().to_path_buf() }).await
}

/// fsync of a directory: its entries are durable when this returns.
pub async fn sync_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let flags = OpenFlags { read: true, directory: true, ..OpenFlags::default() };
    let directory = open(path.as_ref(), flags).await?;
    done(Op::SyncAll { file: directory }).await
}

/// Whole file, at most `bytes_max` (a longer one is an error of kind `InvalidData`).
pub async fn read(path: impl AsRef<Path>, bytes_max: usize) -> io::Result<Vec<u8>> {
    /// Read in pieces, so that memory follows the file's true length and not what its metadata claim.
    const PIECE_BYTES: usize = 256 << 10;
    let path = path.as_ref();
    let file = File::open(path, &OpenOptions { read: true, ..OpenOptions::default() }).await?;
    let mut content = Vec::new();
    let mut buffer = Buffer::with_capacity(PIECE_BYTES.min(bytes_max.saturating_add(1)));
    loop {
        let capacity = buffer.capacity();
        let (result, back) = file.read_at(buffer, content.len() as u64, capacity).await;
        buffer = back;
        let count = result?;
        content.extend_from_slice(&buffer);
        if content.len() > bytes_max {
            let text = format!("{} is longer than {bytes_max} bytes", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        if count < capacity {
            return Ok(content);
        }
    }
}

/// Replaces a small file atomically and durably: temporary file beside it, durable write, rename, directory sync.
///
/// The temporary file has the name of `path` and `.tmp` behind it. One replace of a path may be under way at a time.
pub async fn replace(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = path.as_ref();
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let options = OpenOptions { write: true, create: true, truncate: true, ..OpenOptions::default() };
    let file = File::open(&temporary, &options).await?;
    file.write_at(vec![Bytes::copy_from_slice(bytes)], 0, Durability::Volatile).await?;
    file.sync_all().await?;
    rename(&temporary, path).await?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent).await,
        _ => sync_dir(".").await,
    }
}

/// Free and total bytes of the file system that holds `path`.
pub async fn space(path: impl AsRef<Path>) -> io::Result<(u64, u64)> {
    let (result, op) = perform(Op::Space { path: path.as_ref().to_path_buf(), free: 0, total: 0 }).await;
    result?;
    let Op::Space { free, total, .. } = op else { unreachable!("a driver gives the same op back") };
    Ok((free, total))
}

/// An exclusive advisory lock on `path` (created if missing), held until the value is dropped.
/// `WouldBlock` when another process holds it.
pub async fn lock(path: impl AsRef<Path>) -> io::Result<Lock> {
    let (result, _) = perform(Op::Lock { path: path.as_ref().to_path_buf() }).await;
    let raw = result?;
    Ok(Lock { _handle: current(|reactor| reactor.adopt(raw)) })
}

pub struct Lock {
    _handle: Handle,
}
