//! The driver of one simulated reactor: all it knows is the world's.

use super::state::{ReactorId, Shared};
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
}

impl SimDriver {
    pub(super) fn new(shared: Rc<Shared>, id: ReactorId) -> SimDriver {
        SimDriver { shared, id, alarm: Alarm::new(Bell::Sim) }
    }
}

fn to_io<T>(result: Result<T, i32>) -> io::Result<T> {
    result.map_err(io::Error::from_raw_os_error)
}

impl Driver for SimDriver {
    fn submit(&mut self, token: Token, op: Op) {
        let now = self.shared.now();
        self.shared.state.borrow_mut().submit(self.id, now, token, op);
    }

    fn cancel(&mut self, token: Token) {
        let now = self.shared.now();
        self.shared.state.borrow_mut().cancel(self.id, now, token);
    }

    /// Never waits: the world moves its clock.
    fn poll(&mut self, _wait: Wait, out: &mut Vec<Completion>) {
        let first = out.len();
        self.shared.state.borrow_mut().take_done(self.id, out);
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
