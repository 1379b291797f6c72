//! The seam between the reactor and what carries its operations out: the ring, or the simulator.
//!
//! An [`Op`] owns its buffers. It goes into the driver by [`Driver::submit`] and comes back, with a result, as a
//! [`Completion`]: until then nobody else can touch or free what the kernel may still write to. One op is one
//! attempt: a short read, write or send comes back short, and `file` and `net` continue it, so that both drivers are
//! continued by the same code.
//!
//! Results are as the kernel's: 0 or a count or a new descriptor, or a negated errno.
//!
//! A driver never runs a task, never looks at the op table and never calls back into the reactor.

use crate::buffer::Buffer;
use crate::counters::Tally;
use crate::file::{DirEntry, Durability, Metadata};
use crate::runtime::{Features, Process};
use crate::time::Instant;
use bytes::Bytes;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};

/// A descriptor number of the driver: a kernel's file descriptor, or the simulator's own count.
pub(crate) type RawHandle = i32;

/// Names one op in flight. Drivers may use `index` for a table of their own: it is small and reused, but never
/// while the op is in flight; `generation` tells its users apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Token {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// How an open is asked for; `direct` is O_DIRECT, which a driver may refuse with EINVAL.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenFlags {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) create: bool,
    pub(crate) create_new: bool,
    pub(crate) truncate: bool,
    pub(crate) direct: bool,
    /// A directory, opened to be synced.
    pub(crate) directory: bool,
}

/// What a [`Op::Stat`] looks at.
#[derive(Clone)]
pub(crate) enum StatTarget {
    Path(PathBuf),
    File(Handle),
}

/// An operation with everything it needs until it ends.
pub(crate) enum Op {
    /// Result: a new handle.
    Open {
        path: PathBuf,
        flags: OpenFlags,
    },
    /// Ends a handle. Nothing waits for it. Sockets send what they still hold in the background.
    Close {
        raw: RawHandle,
    },
    /// Reads at most `len` bytes at `offset` to `buffer[start..start + len]` (within its capacity). Result: bytes; 0
    /// is the end of file. The driver leaves `buffer.len()` alone.
    Read {
        file: Handle,
        buffer: Buffer,
        start: usize,
        len: usize,
        offset: u64,
    },
    /// Writes `parts[first..]` at `offset`. Result: bytes, perhaps fewer than asked. `Durable` holds for the bytes
    /// counted. EOPNOTSUPP when the driver has no durable write: nothing was written then.
    Write {
        file: Handle,
        parts: Vec<Bytes>,
        first: usize,
        offset: u64,
        durability: Durability,
    },
    /// fdatasync. An error means that any write since the last success may be lost.
    SyncData {
        file: Handle,
    },
    /// fsync; also of a directory's handle.
    SyncAll {
        file: Handle,
    },
    /// fallocate with KEEP_SIZE.
    Allocate {
        file: Handle,
        offset: u64,
        len: u64,
    },
    /// ftruncate.
    SetLen {
        file: Handle,
        len: u64,
    },
    /// Fills `metadata`.
    Stat {
        target: StatTarget,
        metadata: Option<Metadata>,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
    /// One directory; EEXIST, ENOENT as the kernel's.
    Mkdir {
        path: PathBuf,
    },
    /// Fills `entries`, in any order.
    ReadDir {
        path: PathBuf,
        entries: Vec<DirEntry>,
    },
    RemoveDirAll {
        path: PathBuf,
    },
    /// Fills `free` and `total` bytes.
    Space {
        path: PathBuf,
        free: u64,
        total: u64,
    },
    /// Opens (creates) `path` and takes its exclusive lock; EWOULDBLOCK when it is taken. Result: a handle, whose
    /// close frees the lock.
    Lock {
        path: PathBuf,
    },
    /// Result: a handle with TCP_NODELAY; fills `peer`.
    Accept {
        listener: Handle,
        peer: Option<SocketAddr>,
    },
    /// Result: a handle with TCP_NODELAY.
    Connect {
        address: SocketAddr,
    },
    /// Receives at most `len` bytes behind `buffer.len()` (within its capacity). Result: bytes; 0 is the end of the
    /// stream. The driver leaves `buffer.len()` alone.
    Recv {
        socket: Handle,
        buffer: Buffer,
        len: usize,
    },
    /// Sends `parts[first..]`. Result: bytes, perhaps fewer than asked.
    Send {
        socket: Handle,
        parts: Vec<Bytes>,
        first: usize,
    },
    /// Moves at most `len` bytes of `file` at `offset` to `socket`. Result: bytes; 0 is the end of file.
    Splice {
        file: Handle,
        offset: u64,
        socket: Handle,
        len: usize,
    },
    /// Runs `work` away from the shard's thread (the simulator: at once). Result 0; EIO when it panicked.
    Blocking {
        work: Option<Box<dyn FnOnce() + Send>>,
    },
    /// Completes when the process (the simulated node) is asked to stop.
    Stop,
}

impl Op {
    /// True when a result that is no error is a new handle, which somebody must close.
    pub(crate) fn brings_handle(&self) -> bool {
        matches!(self, Op::Open { .. } | Op::Accept { .. } | Op::Connect { .. } | Op::Lock { .. })
    }
}

/// An op that has ended.
pub(crate) struct Completion {
    pub(crate) token: Token,
    pub(crate) result: i32,
    pub(crate) op: Op,
}

/// How long a poll may wait when no completion is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Submit, take what is there, return.
    No,
    /// Until something completes, the alarm rings, or the deadline.
    Until(Option<Instant>),
}

/// Carries ops out for one reactor. `Ring` waits in the kernel; the simulator never waits: its world advances the
/// clock, lets each reactor poll with [`Wait::No`], and runs their turns one after the other on one thread.
pub(crate) trait Driver {
    /// Takes an op. It may not complete within this call: completions come from `poll` alone.
    fn submit(&mut self, token: Token, op: Op);
    /// Asks to end an op early. It still completes, with ECANCELED or as if never asked.
    fn cancel(&mut self, token: Token);
    /// Hands over the ops that have ended.
    fn poll(&mut self, wait: Wait, out: &mut Vec<Completion>);
    fn now(&self) -> Instant;
    fn unix_millis(&self) -> i64;
    fn random_u64(&mut self) -> u64;
    /// Which of `ready` tasks of one class runs next (`0..ready`); the oldest is 0.
    fn pick(&mut self, _ready: usize) -> usize {
        0
    }
    /// A listening socket with SO_REUSEADDR and SO_REUSEPORT, and the address it got.
    fn listen(&mut self, address: SocketAddr, backlog: u32) -> io::Result<(RawHandle, SocketAddr)>;
    fn local_addr(&self, socket: RawHandle) -> io::Result<SocketAddr>;
    /// Ends both directions of a socket.
    fn shutdown(&mut self, socket: RawHandle);
    /// Clears O_DIRECT, after a first EINVAL on a file system that only pretended.
    fn set_buffered(&mut self, file: RawHandle) -> io::Result<()>;
    fn features(&self) -> Features;
    /// The process, as the kernel sees it.
    fn process(&self) -> Process {
        Process::default()
    }
    /// What rouses this reactor from `poll`.
    fn alarm(&self) -> Arc<Alarm>;
    /// Where this reactor counts.
    fn tally(&self) -> Rc<Tally>;
    /// CPU time of the reactor's thread.
    fn cpu_nanos(&self) -> u64 {
        0
    }
    /// Rouses another reactor if it sleeps. Called after the message is in its queue.
    fn rouse(&mut self, other: &Arc<Alarm>);
    /// The reactor ends: waits until no op is in flight, dropping them.
    fn drain(&mut self) {}
    /// A task panicked, which ended it alone. The simulator fails the test.
    fn panicked(&mut self, _text: &str) {}
}

/// The two twins. The ring is named, for speed; the simulator is behind a pointer.
pub(crate) enum AnyDriver {
    Ring(Box<crate::ring::Ring>),
    Sim(Box<dyn Driver>),
}

macro_rules! forward {
    ($self:ident, $driver:ident => $call:expr) => {
        match $self {
            AnyDriver::Ring($driver) => $call,
            AnyDriver::Sim($driver) => $call,
        }
    };
}

impl Driver for AnyDriver {
    #[inline]
    fn submit(&mut self, token: Token, op: Op) {
        forward!(self, driver => driver.submit(token, op))
    }
    fn cancel(&mut self, token: Token) {
        forward!(self, driver => driver.cancel(token))
    }
    fn poll(&mut self, wait: Wait, out: &mut Vec<Completion>) {
        forward!(self, driver => driver.poll(wait, out))
    }
    #[inline]
    fn now(&self) -> Instant {
        forward!(self, driver => driver.now())
    }
    fn unix_millis(&self) -> i64 {
        forward!(self, driver => driver.unix_millis())
    }
    fn random_u64(&mut self) -> u64 {
        forward!(self, driver => driver.random_u64())
    }
    #[inline]
    fn pick(&mut self, ready: usize) -> usize {
        forward!(self, driver => driver.pick(ready))
    }
    fn listen(&mut self, address: SocketAddr, backlog: u32) -> io::Result<(RawHandle, SocketAddr)> {
        forward!(self, driver => driver.listen(address, backlog))
    }
    fn local_addr(&self, socket: RawHandle) -> io::Result<SocketAddr> {
        forward!(self, driver => driver.local_addr(socket))
    }
    fn shutdown(&mut self, socket: RawHandle) {
        forward!(self, driver => driver.shutdown(socket))
    }
    fn set_buffered(&mut self, file: RawHandle) -> io::Result<()> {
        forward!(self, driver => driver.set_buffered(file))
    }
    fn features(&self) -> Features {
        forward!(self, driver => driver.features())
    }
    fn alarm(&self) -> Arc<Alarm> {
        forward!(self, driver => driver.alarm())
    }
    fn process(&self) -> Process {
        forward!(self, driver => driver.process())
    }
    fn tally(&self) -> Rc<Tally> {
        forward!(self, driver => driver.tally())
    }
    fn cpu_nanos(&self) -> u64 {
        forward!(self, driver => driver.cpu_nanos())
    }
    fn rouse(&mut self, other: &Arc<Alarm>) {
        forward!(self, driver => driver.rouse(other))
    }
    fn drain(&mut self) {
        forward!(self, driver => driver.drain())
    }
    fn panicked(&mut self, text: &str) {
        forward!(self, driver => driver.panicked(text))
    }
}

/// An open descriptor; clones share it, ops in flight hold one. After the last clone the reactor closes it by an
/// [`Op::Close`] in its next turn.
#[derive(Clone)]
pub(crate) struct Handle(Rc<HandleInner>);

struct HandleInner {
    raw: RawHandle,
    closing: Rc<Closing>,
}

impl Handle {
    pub(crate) fn new(raw: RawHandle, closing: Rc<Closing>) -> Handle {
        Handle(Rc::new(HandleInner { raw, closing }))
    }
    #[inline]
    pub(crate) fn raw(&self) -> RawHandle {
        self.0.raw
    }
}

impl Drop for HandleInner {
    fn drop(&mut self) {
        self.closing.push(self.raw);
    }
}

/// Handles whose last clone is gone. A list and not a call into the driver, because a handle may be dropped while
/// the driver is at work.
pub(crate) struct Closing {
    waiting: RefCell<Vec<RawHandle>>,
    /// Descriptors of the kernel, which a handle that outlives its reactor must close itself.
    of_kernel: bool,
}

impl Closing {
    pub(crate) fn new(of_kernel: bool) -> Rc<Closing> {
        Rc::new(Closing { waiting: RefCell::new(Vec::new()), of_kernel })
    }
    pub(crate) fn push(&self, raw: RawHandle) {
        self.waiting.borrow_mut().push(raw);
    }
    pub(crate) fn pop(&self) -> Option<RawHandle> {
        self.waiting.borrow_mut().pop()
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }
}

impl Drop for Closing {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        if self.of_kernel {
            for raw in self.waiting.get_mut().drain(..) {
                // SAFETY: the number came from the kernel through a handle that was its only owner and is gone.
                drop(unsafe { OwnedFd::from_raw_fd(raw) });
            }
        }
    }
}

/// Rouses a reactor that sleeps, from any thread.
///
/// The protocol: a sender puts its message into the queue, then [`Alarm::ring`]s. The reactor announces its sleep
/// ([`Alarm::announce_sleep`]), then looks into every queue once more, then waits. With a sequentially consistent
/// fence between the two steps of each side, either the sender sees the sleep or the reactor sees the message.
pub(crate) struct Alarm {
    sleeping: AtomicBool,
    ended: AtomicBool,
    pub(crate) bell: Bell,
}

pub(crate) enum Bell {
    /// An eventfd that the ring reads, and the ring itself for MSG_RING.
    Ring { eventfd: OwnedFd, ring: RawHandle },
    /// The world looks at every reactor anyway.
    Sim,
}

impl Alarm {
    pub(crate) fn new(bell: Bell) -> Arc<Alarm> {
        Arc::new(Alarm { sleeping: AtomicBool::new(false), ended: AtomicBool::new(false), bell })
    }
    pub(crate) fn announce_sleep(&self) {
        self.sleeping.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }
    /// True when somebody has roused the reactor since it announced its sleep.
    pub(crate) fn awake(&self) -> bool {
        !self.sleeping.swap(false, Ordering::SeqCst)
    }
    /// True when the reactor was asleep: the caller is the one who must ring.
    pub(crate) fn claim(&self) -> bool {
        fence(Ordering::SeqCst);
        self.sleeping.load(Ordering::SeqCst) && self.sleeping.swap(false, Ordering::SeqCst)
    }
    /// The reactor has ended: its ring's number may name something else by now.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }
    pub(crate) fn is_in_use(&self) -> bool {
        !self.ended.load(Ordering::SeqCst)
    }
    /// Rouses the reactor if it sleeps; true when it did.
    pub(crate) fn ring(&self) -> bool {
        let claimed = self.claim();
        if claimed {
            self.bell.strike();
        }
        claimed
    }
}

impl Bell {
    pub(crate) fn strike(&self) {
        match self {
            Bell::Ring { eventfd, .. } => crate::ring::strike(eventfd),
            Bell::Sim => {}
        }
    }
}
