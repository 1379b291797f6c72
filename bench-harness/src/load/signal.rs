//! Wakes one waiting task of the same executor.

use crate::clock::{Clock, Nanos};
use futures_lite::future;
use glommio::timer::Timer;
use std::cell::{Cell, RefCell};
use std::task::{Poll, Waker};

/// One task waits, others notify. A notification that nobody waits for is kept for the next wait; several are one.
#[derive(Debug, Default)]
pub struct Signal {
    is_set: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

impl Signal {
    pub fn notify(&self) {
        self.is_set.set(true);
        if let Some(waker) = self.waiting.borrow_mut().take() {
            waker.wake();
        }
    }

    pub async fn wait(&self) {
        future::poll_fn(|context| {
            if self.is_set.take() {
                return Poll::Ready(());
            }
            *self.waiting.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Returns at a notification or at `deadline`; when that has passed, after others had their turn.
    pub async fn wait_until(&self, clock: &Clock, deadline: Nanos) {
        let left = clock.until(deadline);
        if left.is_zero() {
            self.is_set.set(false);
            future::yield_now().await;
            return;
        }
        future::or(self.wait(), async {
            Timer::new(left).await;
        })
        .await;
    }
}
