//! openraft's `AsyncRuntime` over the reactor of the calling core: tasks in class Control, the reactor's clock and
//! randomness, so that consensus runs in the simulator as it does on the ring.

use super::channel::{Latest, Lock, Once, Queue};
use openraft_rt::AsyncRuntime;
use ottla_io::{Class, JoinHandle, task};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Reactor;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant(ottla_io::Instant);

impl std::ops::Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, duration: Duration) -> Instant {
        Instant(self.0 + duration)
    }
}

impl std::ops::AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl std::ops::Sub<Duration> for Instant {
    type Output = Instant;
    fn sub(self, duration: Duration) -> Instant {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Instant(ottla_io::Instant(self.0.0.saturating_sub(nanos)))
    }
}

impl std::ops::SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl std::ops::Sub<Instant> for Instant {
    type Output = Duration;
    fn sub(self, earlier: Instant) -> Duration {
        self.0.duration_since(earlier.0)
    }
}

impl openraft_rt::Instant for Instant {
    fn now() -> Instant {
        Instant(ottla_io::now())
    }
}

/// A task's result. Dropping it leaves the task running, as openraft expects.
pub(super) struct Join<T>(JoinHandle<T>);

impl<T> Future for Join<T> {
    type Output = Result<T, task::JoinError>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

pub(super) type Sleep = Pin<Box<dyn Future<Output = ()>>>;

#[derive(Debug)]
pub(super) struct Elapsed;

impl std::fmt::Display for Elapsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("timed out")
    }
}

pub(super) struct Timeout<F> {
    future: Pin<Box<F>>,
    sleep: Sleep,
}

impl<R, F: Future<Output = R>> Future for Timeout<F> {
    type Output = Result<R, Elapsed>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(value) = self.future.as_mut().poll(context) {
            return Poll::Ready(Ok(value));
        }
        self.sleep.as_mut().poll(context).map(|()| Err(Elapsed))
    }
}

impl AsyncRuntime for Reactor {
    type JoinError = task::JoinError;
    type JoinHandle<T: 'static> = Join<T>;
    type Sleep = Sleep;
    type Instant = Instant;
    type TimeoutError = Elapsed;
    type Timeout<R, T: Future<Output = R>> = Timeout<T>;
    type ThreadLocalRng = SmallRng;
    type Mpsc = Queue;
    type Watch = Latest;
    type Oneshot = Once;
    type Mutex<T: 'static> = Lock<T>;

    fn spawn<T>(future: T) -> Join<T::Output>
    where
        T: Future + 'static,
        T::Output: 'static,
    {
        Join(ottla_io::spawn(Class::Control, future))
    }

    fn sleep(duration: Duration) -> Sleep {
        Box::pin(ottla_io::sleep(duration))
    }

    fn sleep_until(deadline: Instant) -> Sleep {
        Box::pin(ottla_io::time::sleep_until(deadline.0))
    }

    fn timeout<R, F: Future<Output = R>>(duration: Duration, future: F) -> Timeout<F> {
        Timeout { future: Box::pin(future), sleep: Self::sleep(duration) }
    }

    fn timeout_at<R, F: Future<Output = R>>(deadline: Instant, future: F) -> Timeout<F> {
        Timeout { future: Box::pin(future), sleep: Self::sleep_until(deadline) }
    }

    fn is_panic(error: &task::JoinError) -> bool {
        matches!(error, task::JoinError::Panicked)
    }

    fn thread_rng() -> SmallRng {
        SmallRng::seed_from_u64(task::random_u64())
    }

    fn new(_threads: usize) -> Reactor {
        Reactor
    }

    /// Only openraft's own conformance suite asks for this. A broker's futures run on a reactor that is there already,
    /// and one cannot wait inside another.
    fn block_on<F, T>(&mut self, _future: F) -> T
    where
        F: Future<Output = T>,
    {
        unreachable!("the reactor runs futures; nothing waits for one from outside")
    }

    /// Inline: openraft itself never asks, and a thread of its own would be outside the reactor.
    fn spawn_blocking<F, T>(work: F) -> impl Future<Output = Result<T, std::io::Error>> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let done = work();
        async move { Ok(done) }
    }
}
