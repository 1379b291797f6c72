//! Tasks of one core. They never move, so they need not be `Send`; their wakers may be called from any thread.

use crate::driver::{Driver, Op};
use crate::reactor::current;
use async_task::FallibleTask;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
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
pub struct JoinHandle<T> {
    /// `None` only while it is dropped.
    task: Option<FallibleTask<Result<T, JoinError>>>,
    /// Stays on its core: the result need not be `Send`.
    _on_core: PhantomData<Rc<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    #[error("the task panicked")]
    Panicked,
    #[error("the task was cancelled")]
    Cancelled,
}

impl<T> JoinHandle<T> {
    pub(crate) fn new(task: async_task::Task<Result<T, JoinError>>) -> JoinHandle<T> {
        JoinHandle { task: Some(task.fallible()), _on_core: PhantomData }
    }

    /// Drops the task's future at its next turn; operations under way are cancelled.
    pub fn cancel(mut self) {
        drop(self.task.take());
    }

    /// True when awaiting the handle would not wait.
    pub fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(FallibleTask::is_finished)
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.detach();
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.task {
            Some(task) => {
                Pin::new(task).poll(context).map(|result| result.unwrap_or(Err(JoinError::Cancelled)))
            }
            None => Poll::Ready(Err(JoinError::Cancelled)),
        }
    }
}

/// Runs `future` on this core as a task of `class`.
pub fn spawn<T: 'static>(class: Class, future: impl Future<Output = T> + 'static) -> JoinHandle<T> {
    current(|reactor| reactor.executor.spawn(reactor, class, future))
}

/// Lets other tasks run once.
pub async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// True when the running task has used up its slice: a loop that does not wait should then `yield_now`.
pub fn slice_is_over() -> bool {
    current(|reactor| reactor.now() >= reactor.executor.slice_end())
}

/// Runs `work` on the helper pool, for what has no ring operation or takes long on the CPU; in the simulator inline.
///
/// Panics when `work` does. Dropping the future does not stop work that has begun.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let slot = Arc::new(Mutex::new(None));
    let filled = slot.clone();
    let work = Box::new(move || {
        let result = work();
        *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    });
    let ended = current(|reactor| reactor.submit(Op::Blocking { work: Some(work) }));
    let (code, _) = ended.await;
    let result = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    match result {
        Some(result) => result,
        None => panic!("blocking work panicked or was refused ({code})"),
    }
}

/// Seeded in the simulator, from the operating system otherwise.
pub fn random_u64() -> u64 {
    current(|reactor| reactor.driver.borrow_mut().random_u64())
}

/// The slice after which a task should yield.
pub const SLICE: Duration = Duration::from_micros(500);
