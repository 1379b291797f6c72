//! Runs the tasks of one core: a queue per class, shared out by weight.
//!
//! Each class has a virtual time, that advances by the time its tasks took over its weight; the class that is furthest
//! behind runs next. A class that had nothing to do starts level with the others: idling saves up nothing.
//!
//! Tasks never leave their thread. Their wakers may: a wake from elsewhere goes by the injector and the alarm.
#![allow(unsafe_code)]

use crate::counters::{Tally, add};
use crate::driver::{Alarm, AnyDriver, Driver};
use crate::reactor::{self, Reactor};
use crate::task::{Class, JoinError, JoinHandle, SLICE};
use crate::time::Instant;
use async_task::Runnable;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

const CLASS_COUNT: usize = 3;

/// Of 16 parts of a busy core, foreground gets 10, control 5 and background 1: control is little work that everyone
/// waits for, background is much that nobody does.
const WEIGHTS: [u64; CLASS_COUNT] = [10, 5, 1];

/// A turn ends after this many task runs even if no time passes, as in the simulator.
const RUNS_PER_TURN_MAX: usize = 256;

fn index_of(class: Class) -> usize {
    match class {
        Class::Foreground => 0,
        Class::Control => 1,
        Class::Background => 2,
    }
}

/// What wakers hold on to: how to reach the executor from any thread.
pub(crate) struct Shared {
    id: u64,
    alarm: Arc<Alarm>,
    injector: Mutex<VecDeque<(Class, Runnable)>>,
    /// So that a turn need not take the lock to see that there is nothing.
    injected: AtomicBool,
}

impl Shared {
    pub(crate) fn new(alarm: Arc<Alarm>) -> Arc<Shared> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        Arc::new(Shared {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            alarm,
            injector: Mutex::default(),
            injected: AtomicBool::new(false),
        })
    }

    fn schedule(&self, class: Class, runnable: Runnable) {
        let mut runnable = Some(runnable);
        reactor::try_current(|reactor| {
            if reactor.executor.shared.id == self.id
                && let Some(runnable) = runnable.take()
            {
                reactor.executor.queues.borrow_mut().push(class, runnable);
            }
        });
        if let Some(runnable) = runnable {
            self.injector.lock().unwrap_or_else(PoisonError::into_inner).push_back((class, runnable));
            self.injected.store(true, Ordering::SeqCst);
            if self.alarm.ring() {
                // By another core, or by a helper thread, which has no reactor and counts nothing.
                reactor::try_current(|reactor| add(&reactor.tally.wakes_sent, 1));
            }
        }
    }
}

#[derive(Default)]
struct Queues {
    ready: [VecDeque<Runnable>; CLASS_COUNT],
    /// Scaled nanoseconds over weight.
    virtual_time: [u64; CLASS_COUNT],
    /// That of the class that ran last, before it ran: where a class that was idle starts.
    level: u64,
}

impl Queues {
    fn push(&mut self, class: Class, runnable: Runnable) {
        let index = index_of(class);
        self.virtual_time[index] = self.virtual_time[index].max(self.level);
        self.ready[index].push_back(runnable);
    }

    fn furthest_behind(&self) -> Option<usize> {
        (0..CLASS_COUNT)
            .filter(|class| !self.ready[*class].is_empty())
            .min_by_key(|class| self.virtual_time[*class])
    }

    fn is_empty(&self) -> bool {
        self.ready.iter().all(VecDeque::is_empty)
    }
}

pub(crate) struct Executor {
    shared: Arc<Shared>,
    queues: RefCell<Queues>,
    /// A waker of every task that has not ended, to end them with.
    tasks: RefCell<Slab<Waker>>,
    slice_end: Cell<Instant>,
    /// The clock when it was last looked at: before the turn's first task, and after each.
    clock: Cell<Instant>,
}

impl Executor {
    pub(crate) fn new(shared: Arc<Shared>) -> Executor {
        Executor {
            shared,
            queues: RefCell::default(),
            tasks: RefCell::default(),
            slice_end: Cell::default(),
            clock: Cell::default(),
        }
    }

    pub(crate) fn slice_end(&self) -> Instant {
        self.slice_end.get()
    }

    pub(crate) fn clock(&self) -> Instant {
        self.clock.get()
    }

    pub(crate) fn set_clock(&self, now: Instant) {
        self.clock.set(now);
    }

    pub(crate) fn is_ready(&self) -> bool {
        !self.queues.borrow().is_empty() || self.shared.injected.load(Ordering::SeqCst)
    }

    fn take_injected(&self) {
        if self.shared.injected.swap(false, Ordering::SeqCst) {
            let mut injector = self.shared.injector.lock().unwrap_or_else(PoisonError::into_inner);
            let mut queues = self.queues.borrow_mut();
            for (class, runnable) in injector.drain(..) {
                queues.push(class, runnable);
            }
        }
    }

    /// Runs ready tasks until there are none or the turn is over.
    pub(crate) fn run(&self, driver: &RefCell<AnyDriver>, tally: &Tally) {
        self.take_injected();
        if self.queues.borrow().is_empty() {
            return;
        }
        let mut now = self.clock.get();
        let turn_end = now + SLICE;
        for _ in 0..RUNS_PER_TURN_MAX {
            let next = {
                let queues = &mut *self.queues.borrow_mut();
                queues.furthest_behind().and_then(|class| {
                    queues.level = queues.virtual_time[class];
                    let ready = &mut queues.ready[class];
                    if ready.len() > 1 {
                        let picked = driver.borrow_mut().pick(ready.len());
                        ready.swap(0, picked);
                    }
                    ready.pop_front().map(|runnable| (class, runnable))
                })
            };
            let Some((class, runnable)) = next else { break };
            self.slice_end.set(now + SLICE);
            if catch_unwind(AssertUnwindSafe(|| runnable.run())).is_err() {
                panicked_in_drop(driver);
            }
            let after = driver.borrow().now();
            add(&tally.task_runs, 1);
            if after >= now + SLICE {
                add(&tally.long_task_runs, 1);
            }
            let took_nanos = u64::try_from(after.duration_since(now).as_nanos()).unwrap_or(u64::MAX).max(1);
            // Scaled by 16 so that a weight divides short runs without losing them.
            self.queues.borrow_mut().virtual_time[class] += (took_nanos << 4) / WEIGHTS[class];
            now = after;
            self.clock.set(now);
            if now >= turn_end {
                break;
            }
        }
    }

    pub(crate) fn spawn<T: 'static>(
        &self,
        reactor: &Rc<Reactor>,
        class: Class,
        future: impl Future<Output = T> + 'static,
    ) -> JoinHandle<T> {
        let mut tasks = self.tasks.borrow_mut();
        let entry = tasks.vacant_entry();
        let guarded = Guarded { future, task: entry.key(), reactor: reactor.clone() };
        let shared = self.shared.clone();
        let schedule = move |runnable| shared.schedule(class, runnable);
        // SAFETY: `schedule` is Send, Sync and 'static, the future is 'static. The future is not Send: a `Runnable`
        // is run and dropped only by this executor on its own thread (`Shared::schedule` moves it there unopened,
        // and `end` drops every future before the executor ends, after which wakers schedule nothing), and
        // `JoinHandle` is neither Send nor Sync.
        let (runnable, task) =
            unsafe { async_task::Builder::new().spawn_unchecked(move |()| guarded, schedule) };
        entry.insert(runnable.waker());
        drop(tasks);
        runnable.schedule();
        JoinHandle::new(task)
    }

    /// Drops every task's future. The caller has entered the reactor.
    pub(crate) fn end(&self) {
        loop {
            let wakers: Vec<Waker> = self.tasks.borrow().iter().map(|(_, waker)| waker.clone()).collect();
            wakers.into_iter().for_each(Waker::wake);
            self.take_injected();
            let mut dropped = false;
            loop {
                let runnable = self.queues.borrow_mut().ready.iter_mut().find_map(VecDeque::pop_front);
                let Some(runnable) = runnable else { break };
                dropped = true;
                if catch_unwind(AssertUnwindSafe(|| drop(runnable))).is_err() {
                    reactor::current(|reactor| panicked_in_drop(&reactor.driver));
                }
            }
            // A future's drop may have spawned another.
            if !dropped && self.tasks.borrow().is_empty() {
                return;
            }
        }
    }
}

fn panicked_in_drop(driver: &RefCell<AnyDriver>) {
    const TEXT: &str = "(while it was dropped)";
    tracing::error!("a task panicked {TEXT}");
    driver.borrow_mut().panicked(TEXT);
}

/// A task's future, whose panic ends the task alone.
struct Guarded<F> {
    future: F,
    task: usize,
    reactor: Rc<Reactor>,
}

impl<F: Future> Future for Guarded<F> {
    type Output = Result<F::Output, JoinError>;
    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: `future` is pinned with `self`: it is never moved out, and `Drop` below does not touch it.
        let future = unsafe { self.as_mut().map_unchecked_mut(|guarded| &mut guarded.future) };
        match catch_unwind(AssertUnwindSafe(|| future.poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => {
                let text = panic
                    .downcast_ref::<&str>()
                    .copied()
                    .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
                    .unwrap_or("(no text)");
                tracing::error!("a task panicked: {text}");
                self.reactor.driver.borrow_mut().panicked(text);
                Poll::Ready(Err(JoinError::Panicked))
            }
        }
    }
}

impl<F> Drop for Guarded<F> {
    fn drop(&mut self) {
        let waker = self.reactor.executor.tasks.borrow_mut().try_remove(self.task);
        drop(waker);
    }
}

#[cfg(test)]
mod tests;
