//! Files without a runtime: direct opens, durable writes, and a page cache that forgets.

use bytes::Bytes;
use ottla_io::AppendBuffer;
use rustix::fs::{Advice, OFlags, fadvise};
use rustix::io::{ReadWriteFlags, pwritev2};
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Block-aligned memory.
pub struct Block(AppendBuffer);

impl Block {
    /// `len` is a multiple of the block's.
    pub fn filled(len: usize, with: u8) -> Block {
        let mut buffer = AppendBuffer::with_capacity(len);
        buffer.append_with(len, |bytes| bytes.fill(with));
        Block(buffer)
    }

    pub fn share(&self) -> Bytes {
        self.0.slice(0..self.0.len())
    }
}

/// For reading and writing with O_DIRECT.
/// # Errors
/// It cannot be opened, or the file system has no direct I/O.
pub fn open_direct(path: &Path) -> io::Result<File> {
    let direct = OFlags::DIRECT.bits().cast_signed();
    OpenOptions::new().read(true).write(true).create(true).truncate(false).custom_flags(direct).open(path)
}

/// One write with RWF_DSYNC.
/// # Errors
/// It failed or came short.
pub fn write_durably_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let written = pwritev2(file, &[IoSlice::new(bytes)], offset, ReadWriteFlags::DSYNC)?;
    if written == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// Has the kernel forget what of the file it holds in memory.
/// # Errors
/// The file cannot be opened.
pub fn forget(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    file.sync_all()?;
    Ok(fadvise(&file, 0, None, Advice::DontNeed)?)
}
