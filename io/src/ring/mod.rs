//! The ring of one core: carries ops out by io_uring, and by the helper pool what io_uring cannot.
//!
//! One enter per turn submits what the tasks asked for and takes what has ended; with nothing to do it waits there.
//! What does not fit the submission queue waits in a backlog, never lost. A full completion queue is the kernel's to
//! hold (IORING_FEAT_NODROP, without which the ring does not start).
//!
//! The tables here keep every op, and the little structures that the kernel reads beside its buffers (message headers,
//! addresses, paths), until its completion has been taken. Nothing is freed before, not even when the ring ends: what
//! the kernel will not give back is leaked.
#![allow(unsafe_code)]

mod features;
mod helpers;
mod ops;
mod splice;
mod sys;
#[cfg(test)]
mod tests;

pub(crate) use helpers::Helpers;
pub(crate) use sys::{StopSignal, strike};

use crate::counters::{Tally, add};
use crate::driver::{Alarm, Bell, Completion, Driver, Handle, Op, RawHandle, Token, Wait};
use crate::runtime::{Features, Process, StartError};
use crate::time::Instant;
use features::Supported;
use helpers::Returns;
use io_uring::types::{SubmitArgs, Timespec};
use io_uring::{EnterFlags, IoUring, opcode, squeue, types};
use ops::{Message, Scratch, Step};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use splice::Pipe;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// User data of what belongs to the ring itself: an index that no op has, and the kind in place of a generation.
const OWN_INDEX: u32 = u32::MAX;
const BELL: u64 = user_data(Token { index: OWN_INDEX, generation: 0 });
const CANCEL: u64 = user_data(Token { index: OWN_INDEX, generation: 1 });
/// Another ring's message.
const ROUSED: u64 = user_data(Token { index: OWN_INDEX, generation: 2 });
/// From here on: a message to the other ring of this number in `roused`.
const ROUSE_GENERATION: u32 = 16;

/// How long a ring that ends waits for its ops, all of them cancelled, before it leaks what they own.
const DRAIN_WAIT: Duration = Duration::from_secs(2);

const fn user_data(token: Token) -> u64 {
    (token.generation as u64) << 32 | token.index as u64
}

pub(crate) struct Ring {
    ring: IoUring,
    /// By `Token::index`.
    in_flight: Vec<Option<InFlight>>,
    /// Ops that the kernel has.
    kernel_count: usize,
    /// Entries that found the submission queue full, the oldest first.
    backlog: VecDeque<squeue::Entry>,
    /// Ops that ended without the kernel.
    ended: Vec<Completion>,
    supported: Supported,
    alarm: Arc<Alarm>,
    tally: Rc<Tally>,
    /// Where the kernel writes what it reads from the bell's eventfd.
    bell_count: Box<u64>,
    bell_is_read: bool,
    /// The alarms of the rings that this one has roused.
    roused: Vec<Arc<Alarm>>,
    helpers: Arc<Helpers>,
    returns: Arc<Returns>,
    stop: Arc<StopSignal>,
    /// Empty pipes for splices.
    pipes: Vec<Pipe>,
    pipes_in_use: usize,
    /// Message headers for reuse. Boxed, because the kernel reads them while they are in the table.
    #[allow(clippy::vec_box)]
    messages: Vec<Box<Message>>,
    random: SmallRng,
    draining: bool,
}

struct InFlight {
    token: Token,
    op: Op,
    scratch: Scratch,
    cancelled: bool,
    by_kernel: bool,
}

impl Ring {
    /// The calling thread becomes the only one that may use the ring.
    pub(crate) fn new(
        entries: u32,
        helpers: Arc<Helpers>,
        stop: Arc<StopSignal>,
    ) -> Result<Ring, StartError> {
        let (ring, supported) = features::set_up(entries)?;
        let eventfd = sys::eventfd(0).map_err(StartError::Thread)?;
        let alarm = Alarm::new(Bell::Ring { eventfd, ring: ring.as_raw_fd() });
        let mut ring = Ring {
            ring,
            in_flight: Vec::new(),
            kernel_count: 0,
            backlog: VecDeque::new(),
            ended: Vec::new(),
            supported,
            returns: Returns::new(alarm.clone()),
            alarm,
            tally: Rc::default(),
            bell_count: Box::new(0),
            bell_is_read: false,
            roused: Vec::new(),
            helpers,
            stop,
            pipes: Vec::new(),
            pipes_in_use: 0,
            messages: Vec::new(),
            random: SmallRng::from_rng(&mut rand::rng()),
            draining: false,
        };
        ring.read_bell();
        Ok(ring)
    }

    /// Keeps a read of the bell's eventfd in flight, so that a strike ends a wait.
    fn read_bell(&mut self) {
        let Bell::Ring { eventfd, .. } = &self.alarm.bell else {
            unreachable!("a ring's alarm has a ring's bell")
        };
        let into: *mut u64 = &raw mut *self.bell_count;
        let entry = opcode::Read::new(types::Fd(eventfd.as_raw_fd()), into.cast(), 8).build().user_data(BELL);
        self.bell_is_read = true;
        // SAFETY: the count is boxed and lives until the read has ended: `drain` waits for it or leaks it.
        unsafe { self.push(entry) };
    }

    /// Queues an entry. When the queue is full it is submitted at once, and failing that the entry waits.
    ///
    /// # Safety
    /// What the entry points to lives until its completion is taken.
    unsafe fn push(&mut self, entry: squeue::Entry) {
        add(&self.tally.ring_entries, 1);
        if self.backlog.is_empty() {
            // SAFETY: as the caller promises.
            if unsafe { self.ring.submission().push(&entry) }.is_ok() {
                return;
            }
            self.enter(0, None);
            // SAFETY: as the caller promises.
            if unsafe { self.ring.submission().push(&entry) }.is_ok() {
                return;
            }
        }
        self.backlog.push_back(entry);
    }

    /// Moves the backlog into the submission queue, submitting as it fills.
    fn push_backlog(&mut self) {
        while !self.backlog.is_empty() {
            let mut queue = self.ring.submission();
            while let Some(entry) = self.backlog.front() {
                // SAFETY: the entries came by `push`, whose caller promised for each.
                if unsafe { queue.push(entry) }.is_err() {
                    break;
                }
                self.backlog.pop_front();
            }
            drop(queue);
            if self.backlog.is_empty() {
                return;
            }
            self.enter(0, None);
            if self.ring.submission().is_full() {
                // The kernel takes nothing until completions are taken.
                return;
            }
        }
    }

    /// Submits the queue, lets the kernel post completions, and waits for `want` of them.
    fn enter(&mut self, want: u32, timeout: Option<Duration>) {
        add(&self.tally.ring_enters, 1);
        let pending = self.ring.submission().len() as u32;
        let mut flags = EnterFlags::GETEVENTS;
        if want > 0 && self.supported.no_iowait {
            // A core that waits for requests is idle, not busy with I/O, to whoever looks at its load.
            flags |= EnterFlags::NO_IOWAIT;
        }
        let submitter = self.ring.submitter();
        let result = match timeout {
            None => {
                // SAFETY: no argument is passed; `pending` entries are in the queue.
                unsafe { submitter.enter::<libc::sigset_t>(pending, want, flags.bits(), None) }
            }
            Some(timeout) => {
                let timespec = Timespec::new().sec(timeout.as_secs()).nsec(timeout.subsec_nanos());
                let arguments = SubmitArgs::new().timespec(&timespec);
                // SAFETY: the argument is what EXT_ARG announces, and outlives the call.
                unsafe {
                    submitter.enter(pending, want, (flags | EnterFlags::EXT_ARG).bits(), Some(&arguments))
                }
            }
        };
        match result.map_err(|error| error.raw_os_error()) {
            Ok(_) => {}
            // A timeout, a signal, or completions that must be taken first.
            Err(Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN)) => {}
            Err(error) => {
                let error = io::Error::from_raw_os_error(error.unwrap_or(libc::EIO));
                panic!("io_uring_enter failed, which it never does on a ring in order: {error}")
            }
        }
    }

    /// Takes the completions that are there.
    fn reap(&mut self, out: &mut Vec<Completion>) {
        loop {
            let Some(entry) = self.ring.completion().next() else { return };
            self.complete(entry.user_data(), entry.result(), out);
        }
    }

    fn complete(&mut self, user_data: u64, result: i32, out: &mut Vec<Completion>) {
        let token = Token { index: user_data as u32, generation: (user_data >> 32) as u32 };
        if token.index == OWN_INDEX {
            return self.complete_own(token.generation, user_data, result);
        }
        let slot = &mut self.in_flight[token.index as usize];
        let Some(mut in_flight) = slot.take() else { panic!("a completion of no op: {token:?}") };
        assert_eq!(in_flight.token, token, "a completion of another op");
        self.kernel_count -= 1;
        match self.go_on(&mut in_flight, result) {
            Step::Ended(result) => {
                self.recycle(in_flight.scratch);
                out.push(Completion { token, result, op: in_flight.op });
            }
            step => self.take_step(in_flight, step),
        }
    }

    fn complete_own(&mut self, generation: u32, user_data: u64, result: i32) {
        match user_data {
            BELL => {
                self.bell_is_read = false;
                if !self.draining {
                    self.read_bell();
                }
            }
            CANCEL | ROUSED => {}
            _ => {
                // A message to another ring that did not arrive: by the bell then. One that has ended is past caring.
                let alarm = &self.roused[(generation - ROUSE_GENERATION) as usize];
                if result < 0 && alarm.is_in_use() {
                    alarm.bell.strike();
                }
            }
        }
    }

    fn take_step(&mut self, mut in_flight: InFlight, step: Step) {
        let token = in_flight.token;
        match step {
            Step::Ended(result) => {
                self.recycle(in_flight.scratch);
                self.ended.push(Completion { token, result, op: in_flight.op });
            }
            Step::Entry(entry) => {
                in_flight.by_kernel = true;
                self.kernel_count += 1;
                self.insert(in_flight);
                // SAFETY: the entry points to what `in_flight` owns on the heap, which stays in the table until the
                // completion is taken.
                unsafe { self.push(entry.user_data(user_data(token))) };
            }
            Step::Job(job) => {
                in_flight.by_kernel = false;
                add(&self.tally.helper_jobs, 1);
                self.insert(in_flight);
                self.helpers.run(job, token, self.returns.clone());
            }
        }
    }

    fn insert(&mut self, in_flight: InFlight) {
        let index = in_flight.token.index as usize;
        if self.in_flight.len() <= index {
            self.in_flight.resize_with(index + 1, || None);
        }
        let slot = &mut self.in_flight[index];
        assert!(slot.is_none(), "an op's place is taken");
        *slot = Some(in_flight);
    }

    fn take_returned(&mut self, out: &mut Vec<Completion>) {
        for returned in self.returns.take() {
            let slot = self.in_flight.get_mut(returned.token.index as usize).and_then(Option::take);
            let Some(mut in_flight) = slot else { continue };
            returned.output.put_into(&mut in_flight.op);
            out.push(Completion { token: returned.token, result: returned.result, op: in_flight.op });
        }
    }
}

impl Driver for Ring {
    fn submit(&mut self, token: Token, op: Op) {
        let mut in_flight =
            InFlight { token, op, scratch: Scratch::None, cancelled: false, by_kernel: false };
        let step = self.start(&mut in_flight);
        self.take_step(in_flight, step);
    }

    fn cancel(&mut self, token: Token) {
        let Some(Some(in_flight)) = self.in_flight.get_mut(token.index as usize) else { return };
        if in_flight.token != token || std::mem::replace(&mut in_flight.cancelled, true) {
            return;
        }
        if in_flight.by_kernel {
            let entry = opcode::AsyncCancel::new(user_data(token)).build().user_data(CANCEL);
            // SAFETY: the entry points to nothing.
            unsafe { self.push(entry) };
        }
    }

    fn poll(&mut self, wait: Wait, out: &mut Vec<Completion>) {
        self.push_backlog();
        self.reap(out);
        out.append(&mut self.ended);
        if self.returns.any() {
            self.take_returned(out);
        }
        let sleeps = out.is_empty() && self.backlog.is_empty();
        match wait {
            Wait::Until(deadline) if sleeps => {
                let timeout = deadline.map(|deadline| deadline.duration_since(self.now()));
                match timeout {
                    Some(Duration::ZERO) => self.enter(0, None),
                    timeout => self.enter(1, timeout),
                }
            }
            _ => {
                let queue = self.ring.submission();
                let needed = !queue.is_empty() || queue.taskrun() || queue.cq_overflow();
                drop(queue);
                if needed || !self.supported.taskrun_flag {
                    self.enter(0, None);
                }
            }
        }
        self.reap(out);
        out.append(&mut self.ended);
        if self.returns.any() {
            self.take_returned(out);
        }
    }

    fn now(&self) -> Instant {
        sys::now()
    }

    fn unix_millis(&self) -> i64 {
        sys::unix_millis()
    }

    fn random_u64(&mut self) -> u64 {
        self.random.next_u64()
    }

    fn listen(&mut self, address: SocketAddr, backlog: u32) -> io::Result<(RawHandle, SocketAddr)> {
        sys::listen(address, backlog)
    }

    fn local_addr(&self, socket: RawHandle) -> io::Result<SocketAddr> {
        sys::local_addr(socket)
    }

    fn shutdown(&mut self, socket: RawHandle) {
        sys::shutdown(socket);
    }

    fn set_buffered(&mut self, file: RawHandle) -> io::Result<()> {
        sys::set_buffered(file)
    }

    fn features(&self) -> Features {
        self.supported.features()
    }

    fn alarm(&self) -> Arc<Alarm> {
        self.alarm.clone()
    }

    fn process(&self) -> Process {
        sys::process()
    }

    fn tally(&self) -> Rc<Tally> {
        self.tally.clone()
    }

    fn cpu_nanos(&self) -> u64 {
        sys::thread_cpu_nanos()
    }

    fn rouse(&mut self, other: &Arc<Alarm>) {
        if !other.claim() || !other.is_in_use() {
            return;
        }
        let Bell::Ring { ring, .. } = &other.bell else { return };
        add(&self.tally.wakes_sent, 1);
        if !self.supported.msg_ring {
            return other.bell.strike();
        }
        let known = self.roused.iter().position(|alarm| Arc::ptr_eq(alarm, other)).unwrap_or_else(|| {
            self.roused.push(other.clone());
            self.roused.len() - 1
        });
        let mine = user_data(Token { index: OWN_INDEX, generation: ROUSE_GENERATION + known as u32 });
        let entry = opcode::MsgRingData::new(types::Fd(*ring), 0, ROUSED, None)
            .build()
            .flags(self.supported.skip_success())
            .user_data(mine);
        // SAFETY: the entry points to nothing.
        unsafe { self.push(entry) };
    }

    fn drain(&mut self) {
        if self.draining {
            return;
        }
        self.draining = true;
        self.alarm.end();
        let tokens: Vec<Token> = self.in_flight.iter().flatten().map(|in_flight| in_flight.token).collect();
        tokens.into_iter().for_each(|token| self.cancel(token));
        let bell = opcode::AsyncCancel::new(BELL).build().user_data(CANCEL);
        // SAFETY: the entry points to nothing.
        unsafe { self.push(bell) };
        let deadline = self.now() + DRAIN_WAIT;
        let mut trash = Vec::new();
        while self.kernel_count > 0 || self.bell_is_read {
            let left = deadline.duration_since(self.now());
            if left.is_zero() {
                break;
            }
            self.push_backlog();
            self.enter(1, Some(left));
            self.reap(&mut trash);
            trash.append(&mut self.ended);
            for completion in trash.drain(..) {
                let brings_handle = completion.op.brings_handle();
                if brings_handle && completion.result >= 0 {
                    sys::close(completion.result);
                }
            }
        }
        if self.kernel_count > 0 || self.bell_is_read {
            tracing::warn!(
                operations = self.kernel_count,
                "the kernel did not end all operations; their memory is leaked"
            );
            std::mem::forget(std::mem::take(&mut self.in_flight));
            std::mem::forget(std::mem::take(&mut self.bell_count));
        }
        self.in_flight.clear();
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.drain();
    }
}

/// A descriptor that is also a file of the ring's; here so that `ops` need not know about handles' insides.
fn fd(handle: &Handle) -> types::Fd {
    types::Fd(handle.raw())
}

/// The same for one that the ring itself holds.
fn owned_fd(descriptor: &OwnedFd) -> types::Fd {
    types::Fd(descriptor.as_raw_fd())
}
