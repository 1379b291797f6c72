//! Standing watches: which partitions of a fetch session have changed, known without a look at the others.
//!
//! ```text
//!             arm: nothing to read, nothing changed since
//!   due ───────────────────────────────────────────────▶ armed
//!    ▲                                                     │
//!    └────────────── marked: anything visible moved ◀──────┘
//! ```
//! A session has one watch on each core that owns partitions of it. Whoever has read a partition and found nothing arms
//! it; the first change of anything that a fetch can see marks its place and takes it off the partition again, so that
//! a session that nobody uses costs an append nothing after that. A parked fetch leaves its partitions armed and counts
//! their bytes until it has enough.

#[cfg(test)]
mod tests;

use crate::partition::{Isolation, Partition};
use ottla_log::Offset;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

/// What a reader who is at the end can see of a partition. Nothing to read at the same `Seen` stays nothing to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub high_watermark: Offset,
    pub last_stable_offset: Offset,
    pub log_start_offset: Offset,
    pub leader_epoch: i32,
}

/// A session's watch on the core that owns the partitions. Places are the caller's numbers for them.
pub struct StandingWatch(Rc<News>);

impl StandingWatch {
    pub fn new(isolation: Isolation) -> StandingWatch {
        StandingWatch(Rc::new(News {
            isolation,
            marked: RefCell::default(),
            missing: Cell::new(0),
            parks: Cell::new(0),
            arms: Cell::new(0),
            waker: RefCell::default(),
        }))
    }

    pub fn isolation(&self) -> Isolation {
        self.0.isolation
    }

    /// Marks `place` at the next change of `partition`, or at once when it is not as `seen` any more. A fetch that is
    /// parked is told of what became readable behind `known`, the end of what was readable before. Dropping the result
    /// takes the place off the partition; it may be marked already.
    pub fn arm(&self, partition: &Rc<Partition>, place: u64, seen: &Seen, known: Offset) -> Armed {
        let number = self.0.arms.replace(self.0.arms.get() + 1);
        let mut entry = Entry { news: self.0.clone(), number, place, is_marked: false };
        let change = if partition.is_gone() {
            Some(Change::Ends)
        } else if partition.seen() != *seen {
            Some(Change::Bytes(partition.bytes_between(known, self.0.isolation)))
        } else {
            None
        };
        let stays = change.is_none_or(|change| entry.hear(change));
        let key = stays.then(|| partition.watchers().armed.add(entry));
        Armed { partition: Rc::downgrade(partition), key, news: Rc::downgrade(&self.0), number }
    }

    /// The places that were marked since the last call, in the order of their changes.
    pub fn take_marked(&self) -> Vec<u64> {
        self.0.marked.take()
    }

    /// Ends when `min_bytes` became readable at armed places, counted from now on, or one of their partitions has a new
    /// epoch, went offline, was closed or deleted. The last call counts: it replaces another fetch that is parked here.
    pub fn park(&self, min_bytes: usize) -> Parked {
        let number = self.0.parks.get() + 1;
        self.0.parks.set(number);
        self.0.missing.set(min_bytes.max(1));
        Parked { news: self.0.clone(), number }
    }
}

/// See [`StandingWatch::park`].
pub struct Parked {
    news: Rc<News>,
    number: u64,
}

impl Parked {
    /// Nothing needs to be waited for.
    pub fn end(&self) {
        if self.news.parks.get() == self.number {
            self.news.end();
        }
    }
}

impl Future for Parked {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.news.parks.get() != self.number || self.news.missing.get() == 0 {
            return Poll::Ready(());
        }
        let mut waker = self.news.waker.borrow_mut();
        match &mut *waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => *waker = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        if self.news.parks.get() == self.number {
            self.news.missing.set(0);
            self.news.waker.take();
        }
    }
}

/// Keeps a place at its partition: see [`StandingWatch::arm`].
pub struct Armed {
    partition: Weak<Partition>,
    key: Option<usize>,
    news: Weak<News>,
    number: u64,
}

impl Drop for Armed {
    fn drop(&mut self) {
        if let (Some(partition), Some(key)) = (self.partition.upgrade(), self.key) {
            partition.watchers().armed.remove(key, &self.news, self.number);
        }
    }
}

/// What the partitions of one watch tell it.
struct News {
    isolation: Isolation,
    /// Each place once until it is armed again: no more than there are places.
    marked: RefCell<Vec<u64>>,
    /// Bytes that the parked fetch waits for; 0 when none is parked, or it has them.
    missing: Cell<usize>,
    parks: Cell<u64>,
    arms: Cell<u64>,
    waker: RefCell<Option<Waker>>,
}

impl News {
    fn end(&self) {
        self.missing.set(0);
        let waker = self.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// What happened at a partition.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    /// So many bytes more can be read; with 0 something else is visible.
    Bytes(usize),
    /// A parked fetch has to answer.
    Ends,
}

struct Entry {
    news: Rc<News>,
    /// Of this arming: the same place may be armed again before what kept it is dropped.
    number: u64,
    place: u64,
    is_marked: bool,
}

impl Entry {
    /// False when it needs to hear no more, until it is armed again.
    fn hear(&mut self, change: Change) -> bool {
        if !std::mem::replace(&mut self.is_marked, true) {
            self.news.marked.borrow_mut().push(self.place);
        }
        let missing = self.news.missing.get();
        if missing == 0 {
            return false;
        }
        let left = match change {
            Change::Bytes(bytes) => missing.saturating_sub(bytes),
            Change::Ends => 0,
        };
        if left == 0 {
            self.news.end();
        } else {
            self.news.missing.set(left);
        }
        left > 0
    }
}

/// The places that are armed at one partition.
#[derive(Default)]
pub(crate) struct ArmedHere(RefCell<Slab<Entry>>);

impl ArmedHere {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    fn add(&self, entry: Entry) -> usize {
        self.0.borrow_mut().insert(entry)
    }

    /// Its key may be another's by now.
    fn remove(&self, key: usize, news: &Weak<News>, number: u64) {
        let mut entries = self.0.borrow_mut();
        let is_own =
            |entry: &Entry| entry.number == number && std::ptr::eq(Rc::as_ptr(&entry.news), news.as_ptr());
        if entries.get(key).is_some_and(is_own) {
            entries.remove(key);
        }
    }

    /// Waking runs no code of the woken, so that the borrow may last.
    pub(crate) fn changed(&self, change: impl Fn(Isolation) -> Change) {
        let mut entries = self.0.borrow_mut();
        if !entries.is_empty() {
            entries.retain(|_, entry| entry.hear(change(entry.news.isolation)));
        }
    }
}
