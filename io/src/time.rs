//! The clock of the reactor: virtual in the simulator.

use crate::driver::Driver;
use crate::reactor::{Reactor, current};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Monotonic nanoseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub u64);

impl std::ops::Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Instant {
    /// Zero when `earlier` is later.
    pub fn duration_since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

pub fn now() -> Instant {
    current(|reactor| reactor.now())
}

/// When the running task's turn began, or the last one ended: no later than [`now`], and without a look at the clock.
pub fn recently() -> Instant {
    current(|reactor| reactor.executor.clock())
}

/// Milliseconds since 1970, for record timestamps.
pub fn unix_millis() -> i64 {
    current(|reactor| reactor.driver.borrow().unix_millis())
}

pub async fn sleep(duration: Duration) {
    sleep_until(now() + duration).await;
}

pub async fn sleep_until(deadline: Instant) {
    current(|reactor| Sleep { reactor: reactor.clone(), deadline, timer: None }).await;
}

#[derive(Debug, thiserror::Error)]
#[error("timed out")]
pub struct Elapsed;

/// Drops `future` when it has not ended after `duration`.
pub async fn timeout<T>(duration: Duration, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    let mut future = pin!(future);
    let mut sleep = pin!(sleep(duration));
    std::future::poll_fn(|context| {
        if let Poll::Ready(result) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(result));
        }
        sleep.as_mut().poll(context).map(|()| Err(Elapsed))
    })
    .await
}

/// The timers of one core, soonest first. A tree and not a heap, because most timers are dropped long before they are
/// due (the deadline of a request), and a heap would keep them until then.
#[derive(Default)]
pub(crate) struct Timers {
    waiting: BTreeMap<TimerKey, Waker>,
    next_sequence: u64,
}

/// Timers of one deadline fire in the order they were made.
type TimerKey = (Instant, u64);

impl Timers {
    fn insert(&mut self, deadline: Instant, waker: Waker) -> TimerKey {
        let key = (deadline, self.next_sequence);
        self.next_sequence += 1;
        self.waiting.insert(key, waker);
        key
    }

    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Waker> {
        let entry = self.waiting.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|((deadline, _), _)| *deadline)
    }
}

struct Sleep {
    reactor: Rc<Reactor>,
    deadline: Instant,
    timer: Option<TimerKey>,
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let reactor = self.reactor.clone();
        if reactor.now() >= self.deadline {
            return Poll::Ready(());
        }
        let mut timers = reactor.timers.borrow_mut();
        match self.timer.and_then(|key| timers.waiting.get_mut(&key)) {
            Some(waker) => waker.clone_from(context.waker()),
            None => self.timer = Some(timers.insert(self.deadline, context.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.timer {
            let waker = self.reactor.timers.borrow_mut().waiting.remove(&key);
            drop(waker);
        }
    }
}
