//! Tasks of one core. They never move, so they need not be `Send`; their wakers may be called from any thread.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Who gets the core when more than one class has work: by weight, in slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Produce, fetch, replication.
    Foreground,
    /// Raft, groups, metadata.
    Control,
    /// Compaction, recovery, catch-up reads.
    Background,
}

/// The task's result; dropping it leaves the task running. A panic in the task is logged and reported here.
pub struct JoinHandle<T>(std::marker::PhantomData<T>);

#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error("the task panicked")]
    Panicked,
    #[error("the task was cancelled")]
    Cancelled,
}

impl<T> JoinHandle<T> {
    /// Drops the task's future at its next turn; operations under way are cancelled.
    pub fn cancel(self) {
        todo!()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;
    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Self::Output> {
        todo!()
    }
}

/// Runs `future` on this core as a task of `class`.
pub fn spawn<T: 'static>(class: Class, future: impl Future<Output = T> + 'static) -> JoinHandle<T> {
    let _ = (class, future);
    todo!()
}

/// Lets other tasks run once.
pub async fn yield_now() {
    todo!()
}

/// True when the running task has used up its slice: a loop that does not wait should then `yield_now`.
pub fn slice_is_over() -> bool {
    todo!()
}

/// Runs `work` on the helper pool, for what has no ring operation or takes long on the CPU; in the simulator inline.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let _ = work;
    todo!()
}

/// Seeded in the simulator, from the operating system otherwise.
pub fn random_u64() -> u64 {
    todo!()
}

/// The slice after which a task should yield.
pub const SLICE: Duration = Duration::from_micros(500);
