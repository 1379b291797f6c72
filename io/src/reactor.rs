//! One core's reactor: the op table, and the turn that joins tasks, timers, messages and the driver.
//!
//! A turn fires due timers, looks into the inboxes, runs ready tasks until there are none or the turn's time is up,
//! and hands over closes and wakes for other cores. Then the driver is polled: that is the only place that waits.
//!
//! ```text
//!   turn ──► run ready tasks ──► ops into the driver ──► poll: submit, wait, completions ──► wakes ──► turn …
//! ```
//!
//! On the ring one thread loops in [`Reactor::run_while`]. The simulator has many reactors on one thread and calls
//! [`Reactor::enter`], [`Reactor::poll`] with [`Wait::No`] and [`Reactor::turn`] for one after the other, in an order
//! of its own; when none [`Reactor::is_ready`] it moves its clock to the next event or [`Reactor::next_deadline`].
//! To crash a node it drops the tasks by [`Reactor::end`] and forgets what was in flight.
#![allow(unsafe_code)]

use crate::counters::{Tally, add};
use crate::driver::{Alarm, AnyDriver, Closing, Completion, Driver, Handle, Op, RawHandle, Token, Wait};
use crate::executor::{Executor, Shared};
use crate::runtime::ShardId;
use crate::time::{Instant, Timers};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A place where other cores leave messages. The reactor looks into each once a turn.
pub(crate) trait Inbox {
    /// Something is there that a task waits for. Must see what was put there before an [`Alarm::ring`] that found
    /// this reactor asleep.
    fn is_ready(&self) -> bool;
    /// Wakes the tasks that wait for what is there.
    fn wake(&self);
    /// At the end of a turn: calls `rouse` for each reactor that was sent something.
    fn flush(&self, rouse: &mut dyn FnMut(&Arc<Alarm>));
}

pub(crate) struct Reactor {
    pub(crate) shard: ShardId,
    pub(crate) executor: Executor,
    pub(crate) driver: RefCell<AnyDriver>,
    pub(crate) timers: RefCell<Timers>,
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) tally: Rc<Tally>,
    /// Since when the reactor has had nothing to do.
    idle_since: Cell<Option<Instant>>,
    ops: RefCell<OpTable>,
    closing: Rc<Closing>,
    inboxes: RefCell<Vec<Rc<dyn Inbox>>>,
    completions: Cell<Vec<Completion>>,
}

thread_local! {
    /// The reactor that the thread is in; null outside. Points to a value that an [`Entered`] borrows.
    static CURRENT: Cell<*const Rc<Reactor>> = const { Cell::new(std::ptr::null()) };
}

/// While it lives, its reactor is the thread's current one. They nest.
pub(crate) struct Entered<'a> {
    previous: *const Rc<Reactor>,
    _reactor: &'a Rc<Reactor>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CURRENT.set(self.previous);
    }
}

/// Calls `with` with the current reactor, if there is one.
#[inline]
pub(crate) fn try_current<R>(with: impl FnOnce(&Rc<Reactor>) -> R) -> Option<R> {
    let current = CURRENT.get();
    // SAFETY: `enter` stores a reference that outlives the guard, the guard's drop takes it out again, and no code
    // of this crate leaks a guard. `Rc` is used on its own thread: the cell is the thread's.
    unsafe { current.as_ref() }.map(with)
}

/// Calls `with` with the current reactor. Panics outside of one.
#[inline]
pub(crate) fn current<R>(with: impl FnOnce(&Rc<Reactor>) -> R) -> R {
    match try_current(with) {
        Some(result) => result,
        None => panic!("not on a shard: there is no reactor on this thread"),
    }
}

impl Reactor {
    pub(crate) fn new(shard: ShardId, driver: AnyDriver) -> Rc<Reactor> {
        let alarm = driver.alarm();
        let tally = driver.tally();
        let of_kernel = matches!(driver, AnyDriver::Ring(_));
        Rc::new(Reactor {
            shard,
            executor: Executor::new(Shared::new(alarm.clone())),
            driver: RefCell::new(driver),
            timers: RefCell::default(),
            alarm,
            tally,
            idle_since: Cell::new(None),
            ops: RefCell::default(),
            closing: Closing::new(of_kernel),
            inboxes: RefCell::default(),
            completions: Cell::default(),
        })
    }

    pub(crate) fn enter<'a>(self: &'a Rc<Reactor>) -> Entered<'a> {
        Entered { previous: CURRENT.replace(self), _reactor: self }
    }

    pub(crate) fn now(&self) -> Instant {
        self.driver.borrow().now()
    }

    pub(crate) fn add_inbox(&self, inbox: Rc<dyn Inbox>) {
        self.inboxes.borrow_mut().push(inbox);
    }

    /// A descriptor that this reactor closes after its last clone.
    pub(crate) fn adopt(&self, raw: RawHandle) -> Handle {
        Handle::new(raw, self.closing.clone())
    }

    /// Hands `op` to the driver.
    pub(crate) fn submit(self: &Rc<Reactor>, op: Op) -> OpFuture {
        add(&self.tally.ops, 1);
        let token = self.ops.borrow_mut().insert(State::Waiting(None));
        self.driver.borrow_mut().submit(token, op);
        OpFuture { reactor: self.clone(), token, ended: false }
    }

    /// Runs what is ready, once. The caller has entered the reactor.
    pub(crate) fn turn(&self) {
        loop {
            let now = self.now();
            self.executor.set_clock(now);
            if let Some(since) = self.idle_since.take() {
                let idle = now.duration_since(since).as_nanos();
                add(&self.tally.waiting_nanos, u64::try_from(idle).unwrap_or(u64::MAX));
            }
            let Some(waker) = self.timers.borrow_mut().pop_due(now) else { break };
            waker.wake();
        }
        let mut index = 0;
        while let Some(inbox) = { self.inboxes.borrow().get(index).cloned() } {
            inbox.wake();
            index += 1;
        }
        self.executor.run(&self.driver, &self.tally);
        self.hand_over();
    }

    /// Closes and wakes that the tasks left.
    fn hand_over(&self) {
        while let Some(raw) = self.closing.pop() {
            let token = self.ops.borrow_mut().insert(State::Abandoned);
            self.driver.borrow_mut().submit(token, Op::Close { raw });
        }
        for inbox in self.inboxes.borrow().iter() {
            inbox.flush(&mut |alarm| self.driver.borrow_mut().rouse(alarm));
        }
    }

    /// True when a turn has something to do, timers aside.
    pub(crate) fn is_ready(&self) -> bool {
        self.executor.is_ready()
            || !self.closing.is_empty()
            || self.inboxes.borrow().iter().any(|inbox| inbox.is_ready())
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timers.borrow().next_deadline()
    }

    /// Submits what the tasks asked for, waits as told, and wakes the tasks whose ops ended. Returns their count.
    pub(crate) fn poll(&self, wait: Wait) -> usize {
        let mut completions = self.completions.take();
        self.driver.borrow_mut().poll(wait, &mut completions);
        let count = completions.len();
        for completion in completions.drain(..) {
            self.tally.ended(&completion.op, completion.result);
            let waker = match self.ops.borrow_mut().complete(completion) {
                Ended::Wake(waker) => waker,
                Ended::Nobody(result, op) => {
                    self.dispose(result, op);
                    None
                }
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        self.completions.set(completions);
        count
    }

    /// Ends what an abandoned op brought.
    fn dispose(&self, result: i32, op: Op) {
        if op.brings_handle() && result >= 0 {
            self.closing.push(result);
        }
    }

    /// Nothing is ready: whoever leaves something from now on must rouse the reactor.
    pub(crate) fn fall_asleep(&self) {
        self.idle_since.set(Some(self.executor.clock()));
        self.alarm.announce_sleep();
    }

    /// The end of a sleep.
    pub(crate) fn wake_up(&self) {
        if self.idle_since.get().is_some() && self.alarm.awake() {
            add(&self.tally.wakes_received, 1);
        }
    }

    /// Turns and polls while `goes_on`. For the thread that has one reactor, which it has entered. With nothing to do
    /// it polls for `spin`, then sleeps.
    pub(crate) fn run_while(&self, spin: Duration, goes_on: impl Fn() -> bool) {
        let mut spinning_since = None;
        loop {
            self.turn();
            if !goes_on() {
                return;
            }
            if self.is_ready() {
                spinning_since = None;
                self.poll(Wait::No);
                continue;
            }
            if !spin.is_zero() {
                let now = self.now();
                if now < *spinning_since.get_or_insert(now) + spin {
                    self.idle_since.set(Some(now));
                    if self.poll(Wait::No) > 0 {
                        spinning_since = None;
                    }
                    std::hint::spin_loop();
                    continue;
                }
            }
            self.fall_asleep();
            let wait = if self.is_ready() { Wait::No } else { Wait::Until(self.next_deadline()) };
            self.poll(wait);
            self.wake_up();
            spinning_since = None;
        }
    }

    /// Drops every task, and waits until the driver has given everything back. The caller has entered the reactor.
    pub(crate) fn end(&self) {
        self.executor.end();
        // Inboxes hold the senders' wakers and may refer to the reactor.
        self.hand_over();
        self.inboxes.borrow_mut().clear();
        self.driver.borrow_mut().drain();
    }
}

/// Ops in flight, and results that nobody has fetched.
#[derive(Default)]
struct OpTable {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

struct Slot {
    generation: u32,
    state: State,
}

enum State {
    Free,
    Waiting(Option<Waker>),
    /// The future is gone; the driver still has the op.
    Abandoned,
    Done(i32, Op),
}

enum Ended {
    Wake(Option<Waker>),
    Nobody(i32, Op),
}

impl OpTable {
    fn insert(&mut self, state: State) -> Token {
        if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            slot.generation = slot.generation.wrapping_add(1);
            slot.state = state;
            return Token { index, generation: slot.generation };
        }
        let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 ops in flight");
        self.slots.push(Slot { generation: 0, state });
        Token { index, generation: 0 }
    }

    fn state(&mut self, token: Token) -> &mut State {
        let slot = &mut self.slots[token.index as usize];
        debug_assert_eq!(slot.generation, token.generation);
        &mut slot.state
    }

    fn take(&mut self, token: Token) -> State {
        let state = std::mem::replace(self.state(token), State::Free);
        self.free.push(token.index);
        state
    }

    fn complete(&mut self, completion: Completion) -> Ended {
        let Completion { token, result, op } = completion;
        let state = self.state(token);
        match state {
            State::Waiting(waker) => {
                let waker = waker.take();
                *state = State::Done(result, op);
                Ended::Wake(waker)
            }
            State::Abandoned => {
                self.take(token);
                Ended::Nobody(result, op)
            }
            State::Free | State::Done(..) => panic!("the driver completed {token:?} twice"),
        }
    }
}

/// Ends with the op's result and gives the op back. Dropped before, it abandons the op: cancellation is asked for, and
/// what the op owns lives until it has ended.
pub(crate) struct OpFuture {
    reactor: Rc<Reactor>,
    token: Token,
    ended: bool,
}

impl OpFuture {
    /// Asks for an early end without giving up the result.
    pub(crate) fn cancel(&self) {
        if !self.ended {
            self.reactor.driver.borrow_mut().cancel(self.token);
        }
    }
}

impl Future for OpFuture {
    type Output = (i32, Op);
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<(i32, Op)> {
        assert!(!self.ended, "polled after its end");
        let mut ops = self.reactor.ops.borrow_mut();
        match ops.state(self.token) {
            State::Waiting(waker) => {
                match waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    None => *waker = Some(context.waker().clone()),
                }
                Poll::Pending
            }
            State::Done(..) => {
                let State::Done(result, op) = ops.take(self.token) else { unreachable!("just matched") };
                drop(ops);
                self.ended = true;
                Poll::Ready((result, op))
            }
            State::Free | State::Abandoned => unreachable!("a future owns its slot until it ends"),
        }
    }
}

impl Drop for OpFuture {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut ops = self.reactor.ops.borrow_mut();
        match ops.state(self.token) {
            State::Done(..) => {
                let State::Done(result, op) = ops.take(self.token) else { unreachable!("just matched") };
                drop(ops);
                self.reactor.dispose(result, op);
            }
            state => {
                let waker = std::mem::replace(state, State::Abandoned);
                drop(ops);
                drop(waker);
                self.reactor.driver.borrow_mut().cancel(self.token);
            }
        }
    }
}
