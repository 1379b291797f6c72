//! Tells a program's own work from the simulator's: for measurements that must not count the simulator.

use super::driver::SimDriver;
use crate::counters::Tally;
use crate::driver::{Alarm, Completion, Driver, Op, RawHandle, Token, Wait};
use crate::runtime::Features;
use crate::time::Instant;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// Is called around everything that a watched node does: see [`super::World::watch`].
///
/// Each method has to call what it is given, once. They nest: `simulator` is called within `program` only.
///
/// Scopes and not two edges, because a profiler that counts between the entry and the exit of a named function needs a
/// function that spans what is counted.
pub trait Watch {
    /// Around a turn of one of the node's reactors, which is its current one meanwhile.
    fn program(&self, program: &mut dyn FnMut());
    /// Around what the node asks of the world: what a kernel would do.
    fn simulator(&self, simulator: &mut dyn FnMut());
}

/// Calls `work` by one of a watch's methods and brings its result back.
pub(super) fn within<R>(scope: impl FnOnce(&mut dyn FnMut()), work: impl FnOnce() -> R) -> R {
    let mut work = Some(work);
    let mut result = None;
    scope(&mut || result = work.take().map(|work| work()));
    result.unwrap_or_else(|| panic!("a watch did not call what it was given"))
}

/// The driver of a watched node's reactor.
pub(super) struct Watched {
    inner: SimDriver,
    watch: Rc<dyn Watch>,
}

impl Watched {
    pub(super) fn new(inner: SimDriver, watch: Rc<dyn Watch>) -> Watched {
        Watched { inner, watch }
    }

    fn aside<R>(&mut self, work: impl FnOnce(&mut SimDriver) -> R) -> R {
        let Watched { inner, watch } = self;
        within(|work| watch.simulator(work), || work(inner))
    }

    fn aside_ref<R>(&self, work: impl FnOnce(&SimDriver) -> R) -> R {
        within(|work| self.watch.simulator(work), || work(&self.inner))
    }
}

impl Driver for Watched {
    fn submit(&mut self, token: Token, op: Op) {
        self.aside(|driver| driver.submit(token, op));
    }
    fn cancel(&mut self, token: Token) {
        self.aside(|driver| driver.cancel(token));
    }
    fn poll(&mut self, wait: Wait, out: &mut Vec<Completion>) {
        self.aside(|driver| driver.poll(wait, out));
    }
    fn now(&self) -> Instant {
        self.aside_ref(Driver::now)
    }
    fn unix_millis(&self) -> i64 {
        self.aside_ref(Driver::unix_millis)
    }
    fn random_u64(&mut self) -> u64 {
        self.aside(Driver::random_u64)
    }
    fn pick(&mut self, ready: usize) -> usize {
        self.aside(|driver| driver.pick(ready))
    }
    fn listen(&mut self, address: SocketAddr, backlog: u32) -> io::Result<(RawHandle, SocketAddr)> {
        self.aside(|driver| driver.listen(address, backlog))
    }
    fn local_addr(&self, socket: RawHandle) -> io::Result<SocketAddr> {
        self.aside_ref(|driver| driver.local_addr(socket))
    }
    fn shutdown(&mut self, socket: RawHandle) {
        self.aside(|driver| driver.shutdown(socket));
    }
    fn set_buffered(&mut self, file: RawHandle) -> io::Result<()> {
        self.aside(|driver| driver.set_buffered(file))
    }
    fn features(&self) -> Features {
        self.aside_ref(Driver::features)
    }
    fn alarm(&self) -> Arc<Alarm> {
        self.inner.alarm()
    }
    fn tally(&self) -> Rc<Tally> {
        self.inner.tally()
    }
    fn cpu_nanos(&self) -> u64 {
        self.inner.cpu_nanos()
    }
    fn rouse(&mut self, other: &Arc<Alarm>) {
        self.aside(|driver| driver.rouse(other));
    }
    fn drain(&mut self) {
        self.aside(Driver::drain);
    }
    fn panicked(&mut self, text: &str) {
        self.aside(|driver| driver.panicked(text));
    }
}
