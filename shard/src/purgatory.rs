//! Parked fetches: woken by the bytes that become readable, never by a clock or by asking again.
//!
//! A fetch lies at every partition that it asks for, and each of them counts down what the fetch still misses. While
//! nobody is parked at a partition, an append costs it one comparison. Whoever parks brings the timeout, by dropping
//! the wait.

#[cfg(test)]
mod tests;

use crate::partition::{Isolation, Partition};
use crate::standing::{ArmedHere, Change};
use ottla_log::Offset;
use slab::Slab;
use smallvec::SmallVec;
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A partition to watch.
#[derive(Clone)]
pub struct Watch {
    pub partition: Rc<Partition>,
    /// The end of what was readable when the caller looked: bytes from here on are new.
    pub known: Offset,
    pub isolation: Isolation,
}

/// Ends when `min_bytes` became readable at `parts` in sum, or one of them has a new epoch, went offline, was closed
/// or deleted. It counts from its making; after it the caller reads, and parks again if that is too little.
/// Dropping it takes it off the partitions.
pub fn wait_for_bytes(parts: &[Watch], min_bytes: usize) -> BytesWait {
    let state = Rc::new(WaitState {
        missing: Cell::new(min_bytes.max(1)),
        over: Cell::new(false),
        waker: RefCell::new(None),
    });
    let mut places = SmallVec::new();
    for watch in parts {
        let partition = &watch.partition;
        if partition.is_gone() {
            state.end();
            break;
        }
        state.count(partition.bytes_between(watch.known, watch.isolation));
        places.push((partition.clone(), partition.watchers().add(watch.isolation, state.clone())));
    }
    BytesWait { state, places }
}

/// See [`wait_for_bytes`].
pub struct BytesWait {
    state: Rc<WaitState>,
    places: SmallVec<[(Rc<Partition>, usize); 2]>,
}

impl Future for BytesWait {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.state.over.get() {
            return Poll::Ready(());
        }
        let mut waker = self.state.waker.borrow_mut();
        match &mut *waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => *waker = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for BytesWait {
    fn drop(&mut self) {
        for (partition, place) in &self.places {
            partition.watchers().remove(*place);
        }
    }
}

/// What the partitions of one parked fetch count down together.
struct WaitState {
    missing: Cell<usize>,
    over: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl WaitState {
    fn count(&self, bytes: usize) {
        let missing = self.missing.get().saturating_sub(bytes);
        self.missing.set(missing);
        if missing == 0 {
            self.end();
        }
    }

    fn end(&self) {
        self.over.set(true);
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Who is parked at one partition, and which fetch sessions hear of its next change.
#[derive(Default)]
pub(crate) struct Watchers {
    parked: RefCell<Slab<(Isolation, Rc<WaitState>)>>,
    pub(crate) armed: ArmedHere,
}

impl Watchers {
    pub(crate) fn is_empty(&self) -> bool {
        self.parked.borrow().is_empty() && self.armed.is_empty()
    }

    fn add(&self, isolation: Isolation, state: Rc<WaitState>) -> usize {
        self.parked.borrow_mut().insert((isolation, state))
    }

    fn remove(&self, place: usize) {
        self.parked.borrow_mut().try_remove(place);
    }

    /// `bytes` more lie below the log end: replicas can read them.
    pub(crate) fn appended(&self, bytes: usize) {
        self.count(Isolation::LogEnd, bytes);
    }

    /// What clients see of the partition has changed; `uncommitted` bytes more lie below the high watermark, and
    /// `committed` below the last stable offset.
    pub(crate) fn moved(&self, uncommitted: usize, committed: usize) {
        self.count(Isolation::ReadUncommitted, uncommitted);
        self.count(Isolation::ReadCommitted, committed);
        self.armed.changed(|isolation| match isolation {
            Isolation::ReadUncommitted => Change::Bytes(uncommitted),
            Isolation::ReadCommitted => Change::Bytes(committed),
            Isolation::LogEnd => Change::Bytes(0),
        });
    }

    /// Waking runs no code of the woken, so that the borrow may last.
    fn count(&self, isolation: Isolation, bytes: usize) {
        if bytes == 0 {
            return;
        }
        for (_, (watched, state)) in &*self.parked.borrow() {
            if *watched == isolation && !state.over.get() {
                state.count(bytes);
            }
        }
    }

    /// Something changed that a parked fetch must answer with.
    pub(crate) fn end_all(&self) {
        for (_, (_, state)) in &*self.parked.borrow() {
            state.end();
        }
        self.armed.changed(|_| Change::Ends);
    }
}
