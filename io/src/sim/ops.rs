//! Carries ops out: what each does to the disk and to the network, at the moment when its time has come.

use super::config::chance;
use super::disk::{Content, Errno, InodeId};
use super::faults::{self, Effect, Operation};
use super::state::{InFlight, Node, Object, State, Waiting};
use crate::buffer::Buffer;
use crate::driver::{Op, OpenFlags, RawHandle, StatTarget};
use crate::file::{DirEntry, Durability, Metadata};
use crate::time::Instant;
use bytes::Bytes;
use rand::RngExt;
use smallvec::SmallVec;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The kernel's bound on the parts of one write or send (UIO_MAXIOV).
pub(super) const PARTS_MAX: usize = 1024;

/// One splice moves at most what a pipe holds.
const SPLICE_BYTES_MAX: usize = 1 << 20;

/// What comes of an attempt.
pub(super) enum Next {
    Ended(i32),
    /// Somebody who has noted it will rouse it.
    Waits,
    Again(Duration),
}

/// A file as an op sees it.
struct OpenFile {
    inode: InodeId,
    read: bool,
    write: bool,
    direct: bool,
}

fn to_next(result: Result<i32, Errno>) -> Next {
    Next::Ended(result.unwrap_or_else(|errno| -errno))
}

impl State {
    pub(super) fn carry_out(&mut self, waiting: Waiting, now: Instant, in_flight: &mut InFlight) -> Next {
        let node = waiting.0.node;
        if in_flight.cancelled {
            return Next::Ended(-libc::ECANCELED);
        }
        match &mut in_flight.op {
            Op::Accept { listener, peer } => self.accept(waiting, now, listener.raw(), peer),
            Op::Connect { address } => self.connect(waiting, now, in_flight.since, *address),
            Op::Recv { socket, buffer, len } => {
                let room = (*len).min(buffer.capacity() - buffer.len());
                self.receive(waiting, now, socket.raw(), buffer, room)
            }
            Op::Send { socket, parts, first } => {
                let parts = parts.iter().skip(*first).take(PARTS_MAX).cloned().collect();
                self.send(waiting, now, socket.raw(), parts)
            }
            Op::Splice { file, offset, socket, len } => {
                match self.splice_source(node, file.raw(), *offset, *len) {
                    Ok(bytes) if bytes.is_empty() => Next::Ended(0),
                    Ok(bytes) => self.send(waiting, now, socket.raw(), vec![bytes]),
                    Err(errno) => Next::Ended(-errno),
                }
            }
            Op::Close { raw } => {
                self.close(node, now, *raw);
                Next::Ended(0)
            }
            // The work is done when the reactor takes the completion, where no state is borrowed.
            Op::Blocking { .. } | Op::Stop => Next::Ended(0),
            op => to_next(self.disk_op(node, now, op)),
        }
    }

    /// The path that an op is about, for faults.
    fn path_of(&self, node: usize, op: &Op) -> PathBuf {
        match op {
            Op::Open { path, .. }
            | Op::Unlink { path }
            | Op::Mkdir { path }
            | Op::ReadDir { path, .. }
            | Op::RemoveDirAll { path }
            | Op::Lock { path }
            | Op::Stat { target: StatTarget::Path(path), .. } => path.clone(),
            Op::Rename { to, .. } => to.clone(),
            Op::Read { file, .. }
            | Op::Write { file, .. }
            | Op::SyncData { file }
            | Op::SyncAll { file }
            | Op::Allocate { file, .. }
            | Op::SetLen { file, .. }
            | Op::Splice { file, .. }
            | Op::Stat { target: StatTarget::File(file), .. } => match self.object(node, file.raw()) {
                Ok(Object::File { path, .. }) => path.clone(),
                _ => PathBuf::new(),
            },
            _ => PathBuf::new(),
        }
    }

    fn fault(&mut self, node: usize, op: &Op) -> Option<Effect> {
        if self.nodes[node].faults.is_empty() {
            return None;
        }
        let operation = Operation::of(op)?;
        let path = self.path_of(node, op);
        faults::hit(&mut self.nodes[node].faults, operation, &path.to_string_lossy())
    }

    fn open_file(&self, node: usize, raw: RawHandle) -> Result<OpenFile, Errno> {
        match self.object(node, raw)? {
            Object::File { inode, read, write, direct, .. } => {
                Ok(OpenFile { inode: *inode, read: *read, write: *write, direct: *direct })
            }
            Object::Lock(_) | Object::Listener | Object::Socket(_) => Err(libc::EBADF),
        }
    }

    pub(super) fn disk_op(&mut self, node: usize, now: Instant, op: &mut Op) -> Result<i32, Errno> {
        let fault = self.fault(node, op);
        if let Some(Effect::Fail(errno)) = fault
            && !matches!(op, Op::Write { .. } | Op::SyncData { .. } | Op::SyncAll { .. })
        {
            return Err(errno);
        }
        let millis = self.config.unix_millis + (now.0 / 1_000_000) as i64;
        let config = &self.nodes[node].disk_config;
        let file_bytes_max = config.file_bytes_max;
        match op {
            Op::Open { path, flags } => self.open(node, path, flags, millis),
            Op::Read { file, buffer, start, len, offset } => {
                let len = (*len).min(buffer.capacity().saturating_sub(*start));
                self.read(node, file.raw(), *offset, len, (buffer, *start))
            }
            Op::Write { file, parts, first, offset, durability } => {
                let parts: Vec<Bytes> = parts.iter().skip(*first).take(PARTS_MAX).cloned().collect();
                self.write(node, file.raw(), *offset, parts, *durability, fault, millis)
            }
            Op::SyncData { file } | Op::SyncAll { file } => self.sync(node, file.raw(), fault),
            Op::Allocate { file, offset, len } => {
                let open = self.open_file(node, file.raw())?;
                if *len == 0 || *offset > i64::MAX as u64 || *len > i64::MAX as u64 {
                    return Err(libc::EINVAL);
                }
                if !open.write {
                    return Err(libc::EBADF);
                }
                if offset.saturating_add(*len) > file_bytes_max {
                    return Err(libc::EFBIG);
                }
                let capacity = self.nodes[node].disk_config.capacity_bytes;
                let disk = &mut self.nodes[node].disk;
                if disk.room_for(open.inode, *offset, *len, capacity) < *len {
                    return Err(libc::ENOSPC);
                }
                disk.allocate(open.inode, *offset, *len).map(|()| 0)
            }
            Op::SetLen { file, len } => {
                let open = self.open_file(node, file.raw())?;
                if !open.write || *len > i64::MAX as u64 {
                    return Err(libc::EINVAL);
                }
                if *len > file_bytes_max {
                    return Err(libc::EFBIG);
                }
                self.nodes[node].disk.set_len(open.inode, *len, millis).map(|()| 0)
            }
            Op::Stat { target, metadata } => {
                let inode = match target {
                    StatTarget::Path(path) => self.nodes[node].disk.lookup(path)?,
                    StatTarget::File(file) => self.open_file(node, file.raw())?.inode,
                };
                let stat = self.nodes[node].disk.stat(inode)?;
                *metadata = Some(Metadata {
                    len: stat.len,
                    is_dir: stat.is_dir,
                    modified_unix_millis: stat.modified_unix_millis,
                });
                Ok(0)
            }
            Op::Rename { from, to } => self.nodes[node].disk.rename(from, to).map(|()| 0),
            Op::Unlink { path } => self.nodes[node].disk.unlink(path).map(|()| 0),
            Op::Mkdir { path } => self.nodes[node].disk.mkdir(path).map(|()| 0),
            Op::ReadDir { path, entries } => {
                let found = self.nodes[node].disk.read_dir(path)?;
                *entries = (found.into_iter())
                    .map(|(name, is_dir)| DirEntry { path: path.join(&name), file_name: name, is_dir })
                    .collect();
                Ok(0)
            }
            Op::RemoveDirAll { path } => self.nodes[node].disk.remove_dir_all(path).map(|()| 0),
            Op::Space { path, free, total } => {
                let disk = &self.nodes[node].disk;
                disk.lookup(path)?;
                *total = self.nodes[node].disk_config.capacity_bytes;
                *free = total.saturating_sub(disk.used_bytes());
                Ok(0)
            }
            Op::Lock { path } => {
                let flags = OpenFlags { read: true, write: true, create: true, ..OpenFlags::default() };
                let disk = &mut self.nodes[node].disk;
                let inode = disk.open(path, &flags, millis)?;
                disk.lock(inode)?;
                Ok(self.add_handle(node, Object::Lock(inode)))
            }
            Op::Accept { .. }
            | Op::Connect { .. }
            | Op::Recv { .. }
            | Op::Send { .. }
            | Op::Splice { .. }
            | Op::Close { .. }
            | Op::Blocking { .. }
            | Op::Stop => unreachable!("no op of a disk"),
        }
    }

    fn open(&mut self, node: usize, path: &Path, flags: &OpenFlags, millis: i64) -> Result<i32, Errno> {
        let Node { disk, disk_config, .. } = &mut self.nodes[node];
        let inode = disk.open(path, flags, millis)?;
        // As on file systems without it: the file is there by now. Directories never take it.
        if flags.direct && (!disk_config.takes_direct || disk.file(inode).is_none()) {
            return Err(libc::EINVAL);
        }
        let (read, write) = (flags.read || !flags.write, flags.write);
        let object = Object::File { inode, path: path.to_owned(), read, write, direct: flags.direct };
        Ok(self.add_handle(node, object))
    }

    fn check_direct(
        &self,
        node: usize,
        offset: u64,
        lens: impl Iterator<Item = (usize, usize)>,
    ) -> Result<(), Errno> {
        let align = self.nodes[node].disk_config.direct_align_bytes;
        let mut fits = offset.is_multiple_of(align as u64);
        for (address, len) in lens {
            fits &= address.is_multiple_of(align) && len.is_multiple_of(align);
        }
        if fits { Ok(()) } else { Err(libc::EINVAL) }
    }

    /// Sometimes less than `len`; of direct requests whole blocks.
    fn shorten(&mut self, node: usize, len: usize, direct: bool) -> usize {
        let probability = self.nodes[node].disk_config.short;
        if len < 2 || !chance(&mut self.rng, probability) {
            return len;
        }
        let shorter = self.rng.random_range(1..len);
        if !direct {
            return shorter;
        }
        let align = self.nodes[node].disk_config.direct_align_bytes;
        (shorter / align * align).max(align).min(len)
    }

    fn read(
        &mut self,
        node: usize,
        raw: RawHandle,
        offset: u64,
        len: usize,
        into: (&mut Buffer, usize),
    ) -> Result<i32, Errno> {
        let (buffer, start) = into;
        let open = self.open_file(node, raw)?;
        if !open.read {
            return Err(libc::EBADF);
        }
        if offset > i64::MAX as u64 {
            return Err(libc::EINVAL);
        }
        let probability = self.nodes[node].disk_config.read_error;
        let Some(file) = self.nodes[node].disk.file(open.inode) else { return Err(libc::EISDIR) };
        let left = file.content.len().saturating_sub(offset);
        if open.direct && left > 0 {
            let address = buffer.spare(start).0.addr();
            self.check_direct(node, offset, std::iter::once((address, len)))?;
        }
        if chance(&mut self.rng, probability) {
            return Err(libc::EIO);
        }
        let len = len.min(usize::try_from(left).unwrap_or(usize::MAX));
        // At the end of the file it is short anyway.
        let len = self.shorten(node, len, open.direct);
        let was = buffer.len();
        buffer.set_len(start + len);
        let count =
            self.content(node, open.inode).map_or(0, |content| content.read(offset, &mut buffer[start..]));
        buffer.set_len(was);
        Ok(count as i32)
    }

    fn content(&self, node: usize, inode: InodeId) -> Option<&Content> {
        self.nodes[node].disk.file(inode).map(|file| &file.content)
    }

    #[allow(clippy::too_many_arguments)]
    fn write(
        &mut self,
        node: usize,
        raw: RawHandle,
        offset: u64,
        parts: Vec<Bytes>,
        durability: Durability,
        fault: Option<Effect>,
        millis: i64,
    ) -> Result<i32, Errno> {
        let open = self.open_file(node, raw)?;
        if !open.write {
            return Err(libc::EBADF);
        }
        let config = self.nodes[node].disk_config.clone();
        if durability == Durability::Durable && !config.takes_durable_writes {
            return Err(libc::EOPNOTSUPP);
        }
        let len: usize = parts.iter().map(Bytes::len).sum();
        if offset > i64::MAX as u64 {
            return Err(libc::EINVAL);
        }
        if open.direct {
            let lens = parts.iter().map(|part| (part.as_ptr().addr(), part.len()));
            self.check_direct(node, offset, lens)?;
        }
        if len == 0 {
            return Ok(0);
        }
        if offset.saturating_add(len as u64) > config.file_bytes_max {
            return Err(libc::EFBIG);
        }
        let durable = durability == Durability::Durable && !config.lies.durable_writes;
        let failure = match fault {
            Some(Effect::Fail(errno)) => Some(errno),
            Some(Effect::Swallow) => return Ok(len as i32),
            Some(Effect::Misdirect(to)) => {
                let disk = &mut self.nodes[node].disk;
                disk.write(open.inode, to, parts.into(), durable, millis)?;
                return Ok(len as i32);
            }
            None => chance(&mut self.rng, config.write_error).then_some(libc::EIO),
        };
        if let Some(errno) = failure {
            // Some of it may have been written.
            let part = self.rng.random_range(0..=len);
            self.nodes[node].disk.write(open.inode, offset, front(parts, part), false, millis)?;
            return Err(errno);
        }
        let mut count = self.shorten(node, len, open.direct);
        if config.capacity_bytes < 1 << 39 {
            let disk = &self.nodes[node].disk;
            let room = disk.room_for(open.inode, offset, count as u64, config.capacity_bytes) as usize;
            count = count.min(room);
            if count == 0 {
                return Err(libc::ENOSPC);
            }
        }
        self.nodes[node].disk.write(open.inode, offset, front(parts, count), durable, millis)?;
        Ok(count as i32)
    }

    fn sync(&mut self, node: usize, raw: RawHandle, fault: Option<Effect>) -> Result<i32, Errno> {
        let open = self.open_file(node, raw)?;
        let Node { disk, disk_config, .. } = &mut self.nodes[node];
        let is_dir = disk.file(open.inode).is_none();
        let failure = match fault {
            Some(Effect::Fail(errno)) => Some(errno),
            Some(Effect::Swallow | Effect::Misdirect(_)) => return Ok(0),
            None => chance(&mut self.rng, disk_config.sync_error).then_some(libc::EIO),
        };
        if let Some(errno) = failure {
            disk.fail_sync(open.inode, &mut self.rng);
            return Err(errno);
        }
        let lies = disk_config.lies;
        if if is_dir { !lies.sync_dir } else { !lies.sync } {
            disk.sync(open.inode);
        }
        Ok(0)
    }

    /// What a splice takes from the file.
    fn splice_source(
        &mut self,
        node: usize,
        raw: RawHandle,
        offset: u64,
        len: usize,
    ) -> Result<Bytes, Errno> {
        let open = self.open_file(node, raw)?;
        if !open.read {
            return Err(libc::EBADF);
        }
        let probability = self.nodes[node].disk_config.read_error;
        if chance(&mut self.rng, probability) {
            return Err(libc::EIO);
        }
        let content = self.content(node, open.inode).ok_or(libc::EINVAL)?;
        let left = usize::try_from(content.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; len.min(SPLICE_BYTES_MAX).min(left)];
        content.read(offset, &mut bytes);
        Ok(bytes.into())
    }

    /// Ends a handle, whatever it stands for.
    pub(super) fn close(&mut self, node: usize, now: Instant, raw: RawHandle) {
        let Some((owner, object)) = self.handles.remove(&raw) else { return };
        assert_eq!(owner, node, "a handle of another node");
        match object {
            Object::File { inode, .. } => self.nodes[node].disk.closed(inode),
            Object::Lock(inode) => {
                self.nodes[node].disk.unlock(inode);
                self.nodes[node].disk.closed(inode);
            }
            Object::Listener => self.close_listener(now, raw),
            Object::Socket(end) => self.close_end(end, now),
        }
    }
}

/// The first `count` bytes of `parts`.
fn front(parts: Vec<Bytes>, mut count: usize) -> SmallVec<[Bytes; 1]> {
    let mut taken = SmallVec::new();
    for part in parts {
        if count == 0 {
            break;
        }
        let part = part.slice(..part.len().min(count));
        count -= part.len();
        if !part.is_empty() {
            taken.push(part);
        }
    }
    taken
}
