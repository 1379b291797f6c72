//! Requests that wait for other members of their groups, on the core that coordinates them.
//!
//! A request comes by one call and its answer is waited for by another, so that what the request was read from is given back
//! between the two. Here is what lies between: the ends at which answers arrive, of all coordinators of a core.

use crate::core::Core;
use futures_util::future::{Either, select};
use ottla_coordinator::{Reply, Waiter};
use ottla_io::local::oneshot;
use ottla_protocol::ErrorCode;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// One core's.
#[derive(Default)]
pub(super) struct Waits {
    /// Counted over all coordinators of the core, so that no later one answers an earlier one's.
    last: Cell<u64>,
    parked: RefCell<HashMap<Waiter, Parked>>,
}

/// The end at which an answer arrives.
pub(super) struct Parked {
    waiter: Waiter,
    reply: oneshot::Receiver<Reply>,
}

impl Waits {
    pub(super) fn next(&self) -> Waiter {
        self.last.set(self.last.get() + 1);
        Waiter(self.last.get())
    }

    pub(super) fn keep(&self, parked: Parked) -> Waiter {
        let waiter = parked.waiter;
        self.parked.borrow_mut().insert(waiter, parked);
        waiter
    }

    pub(super) fn take(&self, waiter: Waiter) -> Option<Parked> {
        self.parked.borrow_mut().remove(&waiter)
    }
}

impl Parked {
    pub(super) fn new(waiter: Waiter, reply: oneshot::Receiver<Reply>) -> Parked {
        Parked { waiter, reply }
    }

    /// The answer, or that the coordinator has ended; what still waits comes back.
    pub(super) fn answered(mut self) -> Result<Result<Reply, ErrorCode>, Parked> {
        // Whoever waits for it later is the one to be woken.
        match Pin::new(&mut self.reply).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reply) => Ok(reply.ok_or(ErrorCode::NOT_COORDINATOR)),
            Poll::Pending => Err(self),
        }
    }

    /// The answer, when it comes.
    /// # Errors
    /// NOT_COORDINATOR when the coordinator ends, or the broker stops: the member looks for it again.
    pub(super) async fn answer(self, core: &Rc<Core>) -> Result<Reply, ErrorCode> {
        let stopping = pin!(core.stopping.wait());
        if core.is_stopping() {
            return Err(ErrorCode::NOT_COORDINATOR);
        }
        match select(self.reply, stopping).await {
            Either::Left((reply, _)) => reply.ok_or(ErrorCode::NOT_COORDINATOR),
            Either::Right(_) => Err(ErrorCode::NOT_COORDINATOR),
        }
    }
}
