//! From an [`Op`] to the ring's entries and back: what each one points to, and what follows its completion.

use super::helpers::Job;
use super::splice::Splice;
use super::{InFlight, Ring, fd, owned_fd, sys};
use crate::buffer::BLOCK_BYTES;
use crate::driver::{Op, OpenFlags, StatTarget};
use crate::file::{Durability, Metadata};
use bytes::Bytes;
use io_uring::types::FsyncFlags;
use io_uring::{opcode, squeue, types};
use std::ffi::CString;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The kernel's bound on the parts of one write or send (UIO_MAXIOV). What is over it comes back as not yet written.
pub(super) const PARTS_MAX: usize = 1024;

/// The kernel moves at most 2 GiB less a page at a time; a block multiple below that keeps direct I/O aligned.
const BYTES_MAX: usize = 1 << 30;

/// Message headers kept: a few sends are in flight in any one turn.
const MESSAGES_KEPT: usize = 256;

/// What comes next for an op.
pub(super) enum Step {
    Entry(squeue::Entry),
    Job(Job),
    Ended(i32),
}

/// What the kernel reads or writes beside an op's own buffers. On the heap: the table may move.
#[allow(dead_code, reason = "some of it is held for the kernel alone")]
pub(super) enum Scratch {
    None,
    Message(Box<Message>),
    Address(Box<Address>),
    Connecting(OwnedFd, Box<Address>),
    Paths(CString, Option<CString>),
    Stat(Box<libc::statx>, CString),
    /// An open that has succeeded and is now asked for its alignment.
    Opened(OwnedFd, Box<libc::statx>),
    Splice(Splice),
    /// The op has found its socket not ready, and starts again once it is.
    Ready,
}

pub(super) struct Message {
    header: libc::msghdr,
    vectors: Vec<libc::iovec>,
}

pub(super) struct Address {
    pub(super) storage: libc::sockaddr_storage,
    pub(super) len: libc::socklen_t,
}

impl Ring {
    /// The first step of an op. What its entry points to is on the heap, owned by `in_flight`.
    pub(super) fn start(&mut self, in_flight: &mut InFlight) -> Step {
        let scratch = &mut in_flight.scratch;
        let entry = match &mut in_flight.op {
            Op::Open { path, flags } => {
                let Some(path) = c_path(path) else { return Step::Ended(-libc::EINVAL) };
                let entry = opcode::OpenAt::new(types::Fd(libc::AT_FDCWD), path.as_ptr())
                    .flags(open_flags(flags))
                    .mode(0o644)
                    .build();
                *scratch = Scratch::Paths(path, None);
                entry
            }
            Op::Close { raw } => opcode::Close::new(types::Fd(*raw)).build(),
            Op::Read { file, buffer, start, len, offset } => {
                let (into, room) = buffer.spare(*start);
                let len = (*len).min(room).min(BYTES_MAX) as u32;
                opcode::Read::new(fd(file), into, len).offset(*offset).build()
            }
            Op::Write { file, parts, first, offset, durability } => {
                let flags = if *durability == Durability::Durable { libc::RWF_DSYNC } else { 0 };
                match &parts[*first..] {
                    [] => return Step::Ended(0),
                    [part] => opcode::Write::new(fd(file), part.as_ptr(), part.len().min(BYTES_MAX) as u32)
                        .offset(*offset)
                        .rw_flags(flags)
                        .build(),
                    parts => {
                        let message = Message::of(self.messages.pop(), parts);
                        let entry = opcode::Writev::new(
                            fd(file),
                            message.vectors.as_ptr(),
                            message.vectors.len() as u32,
                        )
                        .offset(*offset)
                        .rw_flags(flags)
                        .build();
                        *scratch = Scratch::Message(message);
                        entry
                    }
                }
            }
            Op::SyncData { file } => opcode::Fsync::new(fd(file)).flags(FsyncFlags::DATASYNC).build(),
            Op::SyncAll { file } => opcode::Fsync::new(fd(file)).build(),
            Op::Allocate { file, offset, len } => {
                opcode::Fallocate::new(fd(file), *len).offset(*offset).mode(libc::FALLOC_FL_KEEP_SIZE).build()
            }
            Op::SetLen { file, len } => {
                if !self.supported.truncate {
                    return Step::Job(Job::SetLen(file.raw(), *len));
                }
                opcode::Ftruncate::new(fd(file), *len).build()
            }
            Op::Stat { target, .. } => {
                let (at, path, flags) = match target {
                    StatTarget::File(file) => (fd(file), Some(CString::default()), libc::AT_EMPTY_PATH),
                    StatTarget::Path(path) => (types::Fd(libc::AT_FDCWD), c_path(path), 0),
                };
                let Some(path) = path else { return Step::Ended(-libc::EINVAL) };
                let mut stat = sys::zeroed_statx();
                let entry = opcode::Statx::new(at, path.as_ptr(), (&raw mut *stat).cast())
                    .flags(flags)
                    .mask(libc::STATX_BASIC_STATS)
                    .build();
                *scratch = Scratch::Stat(stat, path);
                entry
            }
            Op::Rename { from, to } => {
                if !self.supported.rename {
                    return Step::Job(Job::Rename(from.clone(), to.clone()));
                }
                let (Some(from), Some(to)) = (c_path(from), c_path(to)) else {
                    return Step::Ended(-libc::EINVAL);
                };
                let here = types::Fd(libc::AT_FDCWD);
                let entry = opcode::RenameAt::new(here, from.as_ptr(), here, to.as_ptr()).build();
                *scratch = Scratch::Paths(from, Some(to));
                entry
            }
            Op::Unlink { path } => {
                if !self.supported.unlink {
                    return Step::Job(Job::Unlink(path.clone()));
                }
                let Some(path) = c_path(path) else { return Step::Ended(-libc::EINVAL) };
                let entry = opcode::UnlinkAt::new(types::Fd(libc::AT_FDCWD), path.as_ptr()).build();
                *scratch = Scratch::Paths(path, None);
                entry
            }
            Op::Mkdir { path } => {
                if !self.supported.mkdir {
                    return Step::Job(Job::Mkdir(path.clone()));
                }
                let Some(path) = c_path(path) else { return Step::Ended(-libc::EINVAL) };
                let entry =
                    opcode::MkDirAt::new(types::Fd(libc::AT_FDCWD), path.as_ptr()).mode(0o755).build();
                *scratch = Scratch::Paths(path, None);
                entry
            }
            Op::ReadDir { path, .. } => return Step::Job(Job::ReadDir(path.clone())),
            Op::RemoveDirAll { path } => return Step::Job(Job::RemoveDirAll(path.clone())),
            Op::Space { path, .. } => return Step::Job(Job::Space(path.clone())),
            Op::Lock { path } => return Step::Job(Job::Lock(path.clone())),
            Op::Blocking { work } => match work.take() {
                Some(work) => return Step::Job(Job::Work(work)),
                None => return Step::Ended(-libc::EINVAL),
            },
            Op::Accept { listener, .. } => {
                let mut address = Box::new(Address::empty());
                let len: *mut libc::socklen_t = &raw mut address.len;
                let entry = opcode::Accept::new(fd(listener), (&raw mut address.storage).cast(), len)
                    // Without blocking, so that a splice to a full socket does not hold a thread of the kernel.
                    .flags(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK)
                    .build();
                *scratch = Scratch::Address(address);
                entry
            }
            Op::Connect { address } => {
                let socket = match sys::stream_socket(address) {
                    Ok(socket) => socket,
                    Err(error) => return Step::Ended(-error.raw_os_error().unwrap_or(libc::EIO)),
                };
                let address = Box::new(Address::from(*address));
                let entry =
                    opcode::Connect::new(owned_fd(&socket), (&raw const address.storage).cast(), address.len)
                        .build();
                *scratch = Scratch::Connecting(socket, address);
                entry
            }
            Op::Recv { socket, buffer, len } => {
                let (into, room) = buffer.spare(buffer.len());
                opcode::Recv::new(fd(socket), into, room.min(*len).min(BYTES_MAX) as u32).build()
            }
            Op::Send { socket, parts, first } => {
                // WAITALL: the kernel itself goes on after a short send, which saves a turn.
                let flags = libc::MSG_NOSIGNAL | libc::MSG_WAITALL;
                match &parts[*first..] {
                    [] => return Step::Ended(0),
                    [part] => opcode::Send::new(fd(socket), part.as_ptr(), part.len().min(BYTES_MAX) as u32)
                        .flags(flags)
                        .build(),
                    parts => {
                        let mut message = Message::of(self.messages.pop(), parts);
                        message.header.msg_iov = message.vectors.as_mut_ptr();
                        message.header.msg_iovlen = message.vectors.len() as _;
                        let entry = opcode::SendMsg::new(fd(socket), &raw const message.header)
                            .flags(flags as u32)
                            .build();
                        *scratch = Scratch::Message(message);
                        entry
                    }
                }
            }
            Op::Splice { .. } => {
                *scratch = Scratch::Splice(Splice::default());
                return self.fill_pipe(in_flight);
            }
            Op::Stop => {
                let Ok(event) = self.stop.listen() else { return Step::Ended(-libc::EMFILE) };
                opcode::PollAdd::new(types::Fd(event), libc::POLLIN as u32).build()
            }
        };
        Step::Entry(entry)
    }

    /// What follows a completion with `result`.
    pub(super) fn go_on(&mut self, in_flight: &mut InFlight, result: i32) -> Step {
        if result == -libc::EINTR && !in_flight.cancelled && in_flight.op.can_start_again() {
            let scratch = std::mem::replace(&mut in_flight.scratch, Scratch::None);
            self.recycle(scratch);
            return self.start(in_flight);
        }
        match (&mut in_flight.op, &mut in_flight.scratch) {
            (Op::Open { flags, .. }, scratch @ (Scratch::Paths(..) | Scratch::Opened(..))) => {
                opened(flags, scratch, result)
            }
            (Op::Stat { metadata, .. }, Scratch::Stat(stat, _)) if result >= 0 => {
                *metadata = Some(metadata_of(stat));
                Step::Ended(0)
            }
            (Op::Accept { peer, .. }, Scratch::Address(address)) if result >= 0 => {
                *peer = address.get();
                Step::Ended(result)
            }
            (Op::Connect { .. }, scratch @ Scratch::Connecting(..)) => {
                let Scratch::Connecting(socket, _) = std::mem::replace(scratch, Scratch::None) else {
                    unreachable!("just matched")
                };
                if result < 0 {
                    return Step::Ended(result);
                }
                // As accepted sockets are.
                sys::set_nonblocking(socket.as_raw_fd());
                Step::Ended(socket.into_raw_fd())
            }
            (Op::Splice { .. }, Scratch::Splice(_)) => self.splice_on(in_flight, result),
            (op @ (Op::Recv { .. } | Op::Send { .. }), scratch) => {
                if matches!(scratch, Scratch::Ready) {
                    let is_cancelled = in_flight.cancelled || result < 0;
                    *scratch = Scratch::None;
                    return if is_cancelled { Step::Ended(-libc::ECANCELED) } else { self.start(in_flight) };
                }
                // Some kernels answer EAGAIN for a socket that does not block, in place of waiting themselves.
                if result != -libc::EAGAIN {
                    return Step::Ended(result);
                }
                let (socket, events) = match op {
                    Op::Recv { socket, .. } => (fd(socket), libc::POLLIN),
                    Op::Send { socket, .. } => (fd(socket), libc::POLLOUT),
                    _ => unreachable!("just matched"),
                };
                let entry = opcode::PollAdd::new(socket, events as u32).build();
                let scratch = std::mem::replace(scratch, Scratch::Ready);
                self.recycle(scratch);
                Step::Entry(entry)
            }
            _ => Step::Ended(result),
        }
    }

    pub(super) fn recycle(&mut self, scratch: Scratch) {
        match scratch {
            Scratch::Message(message) if self.messages.len() < MESSAGES_KEPT => self.messages.push(message),
            Scratch::Splice(splice) => self.put_pipe(splice),
            _ => {}
        }
    }
}

impl Op {
    /// True when an interrupted op has done nothing, so that it may be asked for once more.
    fn can_start_again(&self) -> bool {
        matches!(
            self,
            Op::Open { .. }
                | Op::Read { .. }
                | Op::Accept { .. }
                | Op::Recv { .. }
                | Op::Send { .. }
                | Op::Stat { .. }
        )
    }
}

/// The steps of an open: for direct I/O the file is asked what alignment it wants, because some file systems take
/// O_DIRECT and then refuse every read.
fn opened(flags: &OpenFlags, scratch: &mut Scratch, result: i32) -> Step {
    match std::mem::replace(scratch, Scratch::None) {
        Scratch::Paths(..) if result >= 0 && flags.direct => {
            // SAFETY: the ring just opened it for this op alone.
            let file = unsafe { OwnedFd::from_raw_fd(result) };
            let mut stat = sys::zeroed_statx();
            let entry = opcode::Statx::new(owned_fd(&file), c"".as_ptr(), (&raw mut *stat).cast())
                .flags(libc::AT_EMPTY_PATH)
                .mask(libc::STATX_DIOALIGN)
                .build();
            *scratch = Scratch::Opened(file, stat);
            Step::Entry(entry)
        }
        Scratch::Opened(file, stat) => {
            // An older kernel leaves the bit out of the mask: then the first read or write tells.
            let told = result >= 0 && stat.stx_mask & libc::STATX_DIOALIGN != 0;
            let fits = |bytes: u32| bytes != 0 && bytes as usize <= BLOCK_BYTES;
            if told && !(fits(stat.stx_dio_mem_align) && fits(stat.stx_dio_offset_align)) {
                return Step::Ended(-libc::EINVAL);
            }
            Step::Ended(file.into_raw_fd())
        }
        _ => Step::Ended(result),
    }
}

fn metadata_of(stat: &libc::statx) -> Metadata {
    let modified = &stat.stx_mtime;
    Metadata {
        len: stat.stx_size,
        is_dir: u32::from(stat.stx_mode) & libc::S_IFMT == libc::S_IFDIR,
        modified_unix_millis: modified.tv_sec * 1000 + i64::from(modified.tv_nsec / 1_000_000),
    }
}

fn open_flags(flags: &OpenFlags) -> i32 {
    let mut bits = match (flags.read, flags.write) {
        (true, true) => libc::O_RDWR,
        (false, true) => libc::O_WRONLY,
        _ => libc::O_RDONLY,
    } | libc::O_CLOEXEC;
    let table = [
        (flags.create, libc::O_CREAT),
        (flags.create_new, libc::O_CREAT | libc::O_EXCL),
        (flags.truncate, libc::O_TRUNC),
        (flags.direct, libc::O_DIRECT),
        (flags.directory, libc::O_DIRECTORY),
    ];
    for (is_set, bit) in table {
        if is_set {
            bits |= bit;
        }
    }
    bits
}

/// `None` for a path with a zero byte, which names nothing.
fn c_path(path: &Path) -> Option<CString> {
    CString::new(path.as_os_str().as_bytes()).ok()
}

impl Message {
    /// Vectors of the first `PARTS_MAX` of `parts`, in a used header if there is one.
    fn of(used: Option<Box<Message>>, parts: &[Bytes]) -> Box<Message> {
        let mut message =
            used.unwrap_or_else(|| Box::new(Message { header: sys::zeroed_msghdr(), vectors: Vec::new() }));
        message.vectors.clear();
        // One write may not be longer than the kernel takes, but it need not end with a part.
        let vectors = parts.iter().take(PARTS_MAX).map(|part| libc::iovec {
            iov_base: part.as_ptr().cast_mut().cast(),
            iov_len: part.len().min(BYTES_MAX),
        });
        message.vectors.extend(vectors);
        message
    }
}
