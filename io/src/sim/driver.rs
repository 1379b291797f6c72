//! The driver of one simulated reactor: all it knows is the world's.

use super::state::{ReactorId, Shared};
use crate::counters::{Tally, add};
use crate::driver::{Alarm, Bell, Completion, Driver, Op, RawHandle, Token, Wait};
use crate::runtime::Features;
use crate::time::Instant;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

pub(super) struct SimDriver {
    shared: Rc<Shared>,
    id: ReactorId,
    alarm: Arc<Alarm>,
    tally: Rc<Tally>,
    /// Something was submitted that no poll has taken to the kernel.
    to_enter: bool,
}

impl SimDriver {
    pub(super) fn new(shared: Rc<Shared>, id: ReactorId) -> SimDriver {
        SimDriver { shared, id, alarm: Alarm::new(Bell::Sim), tally: Rc::default(), to_enter: false }
    }
}

fn to_io<T>(result: Result<T, i32>) -> io::Result<T> {
    result.map_err(io::Error::from_raw_os_error)
}

/// The entries that the ring has for an op; none for what its helpers do.
fn entries_of(op: &Op) -> u64 {
    match op {
        Op::ReadDir { .. }
        | Op::RemoveDirAll { .. }
        | Op::Space { .. }
        | Op::Lock { .. }
        | Op::Blocking { .. } => 0,
        Op::Open { flags, .. } if flags.direct => 2,
        Op::Splice { .. } => 2,
        _ => 1,
    }
}

impl Driver for SimDriver {
    fn submit(&mut self, token: Token, op: Op) {
        match entries_of(&op) {
            0 => add(&self.tally.helper_jobs, 1),
            entries => {
                add(&self.tally.ring_entries, entries);
                self.to_enter = true;
            }
        }
        let now = self.shared.now();
        self.shared.state.borrow_mut().submit(self.id, now, token, op);
    }

    fn cancel(&mut self, token: Token) {
        let now = self.shared.now();
        if self.shared.state.borrow_mut().cancel(self.id, now, token) {
            add(&self.tally.ring_entries, 1);
            self.to_enter = true;
        }
    }

    /// Never waits: the world moves its clock.
    fn poll(&mut self, _wait: Wait, out: &mut Vec<Completion>) {
        let first = out.len();
        self.shared.state.borrow_mut().take_done(self.id, out);
        if std::mem::take(&mut self.to_enter) || out.len() > first {
            add(&self.tally.ring_enters, 1);
        }
        for completion in &mut out[first..] {
            if let Op::Blocking { work } = &mut completion.op
                && let Some(work) = work.take()
                && catch_unwind(AssertUnwindSafe(work)).is_err()
            {
                completion.result = -libc::EIO;
            }
        }
    }

    fn now(&self) -> Instant {
        self.shared.read_clock()
    }

    fn unix_millis(&self) -> i64 {
        self.shared.unix_millis()
    }

    fn random_u64(&mut self) -> u64 {
        self.shared.state.borrow_mut().random_u64()
    }

    fn pick(&mut self, ready: usize) -> usize {
        self.shared.state.borrow_mut().pick(ready)
    }

    fn listen(&mut self, address: SocketAddr, backlog: u32) -> io::Result<(RawHandle, SocketAddr)> {
        to_io(self.shared.state.borrow_mut().listen(self.id.node, address, backlog))
    }

    fn local_addr(&self, socket: RawHandle) -> io::Result<SocketAddr> {
        to_io(self.shared.state.borrow_mut().local_address(self.id.node, socket))
    }

    fn shutdown(&mut self, socket: RawHandle) {
        let now = self.shared.now();
        let mut state = self.shared.state.borrow_mut();
        if state.is_alive(self.id) {
            state.shut_down(self.id.node, now, socket);
        }
    }

    fn set_buffered(&mut self, file: RawHandle) -> io::Result<()> {
        to_io(self.shared.state.borrow_mut().set_buffered(self.id.node, file))
    }

    fn features(&self) -> Features {
        Features { in_use: vec!["simulator"], ..Features::default() }
    }

    fn alarm(&self) -> Arc<Alarm> {
        self.alarm.clone()
    }

    fn tally(&self) -> Rc<Tally> {
        self.tally.clone()
    }

    fn rouse(&mut self, other: &Arc<Alarm>) {
        if other.claim() {
            add(&self.tally.wakes_sent, 1);
        }
    }

    fn drain(&mut self) {
        let now = self.shared.now();
        self.alarm.end();
        self.shared.state.borrow_mut().drain(self.id, now);
    }

    fn panicked(&mut self, text: &str) {
        let mut state = self.shared.state.borrow_mut();
        let node = &state.nodes[self.id.node].name;
        let text = format!("a task of shard {} of node {node} panicked: {text}", self.id.shard);
        state.panics.push(text);
    }
}
