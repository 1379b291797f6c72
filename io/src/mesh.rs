//! Messages between cores: one bounded queue per ordered pair of shards, emptied in batches, one wake per batch.
//!
//! A [`Seat`] is made for every shard before the threads start, and becomes a [`Port`] once every shard has an alarm.
//! A full queue makes the sender wait; nothing is dropped but what goes to a shard that has ended.

use crate::counters::{Tally, add};
use crate::driver::Alarm;
use crate::reactor::{Inbox, Reactor};
use crate::runtime::ShardId;
use rtrb::{Consumer, Producer, PushError, RingBuffer};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::task::{Poll, Waker};

/// One shard's ends of the queues, not yet bound to a reactor.
pub(crate) struct Seat<M> {
    shard: ShardId,
    /// By the other shard; `None` for the shard itself.
    outgoing: Vec<Option<(Producer<M>, Arc<Pair>)>>,
    incoming: Vec<Option<(Consumer<M>, Arc<Pair>)>>,
    capacity: usize,
}

/// What both ends of a queue share beside it.
#[derive(Default)]
struct Pair {
    /// The sender waits for room: whoever makes some rouses it.
    wants_room: AtomicBool,
}

/// The seats of `count` shards, each pair of them with room for `capacity` messages.
pub(crate) fn seats<M>(count: usize, capacity: usize) -> Vec<Seat<M>> {
    let capacity = capacity.max(1);
    let shard = |index: usize| ShardId(u16::try_from(index).expect("at most 65,536 shards"));
    let mut seats: Vec<Seat<M>> = (0..count)
        .map(|index| Seat { shard: shard(index), outgoing: Vec::new(), incoming: Vec::new(), capacity })
        .collect();
    for from in 0..count {
        for to in 0..count {
            let (out, into) = if from == to {
                (None, None)
            } else {
                let (producer, consumer) = RingBuffer::new(capacity);
                let pair = Arc::new(Pair::default());
                (Some((producer, pair.clone())), Some((consumer, pair)))
            };
            seats[from].outgoing.push(out);
            seats[to].incoming.push(into);
        }
    }
    seats
}

impl<M: Send + 'static> Seat<M> {
    /// Binds the seat to its shard's reactor; `alarms` are those of all shards, in order.
    pub(crate) fn take(self, reactor: &Reactor, alarms: &[Arc<Alarm>]) -> Port<M> {
        assert_eq!(alarms.len(), self.outgoing.len(), "an alarm for every shard");
        let lanes_out = (self.outgoing.into_iter())
            .map(|end| Outgoing { end, dirty: false, line: VecDeque::new() })
            .collect();
        let inner = Rc::new(Inner {
            shard: self.shard,
            alarms: alarms.to_vec(),
            capacity: self.capacity,
            outgoing: RefCell::new(lanes_out),
            incoming: RefCell::new(
                self.incoming.into_iter().map(|end| Incoming { end, popped: false }).collect(),
            ),
            own: RefCell::default(),
            receivers: RefCell::default(),
            next_incoming: Cell::new(0),
            next_ticket: Cell::new(0),
            tally: reactor.tally.clone(),
        });
        reactor.add_inbox(inner.clone());
        Port(inner)
    }
}

/// This shard's end of the mesh. Messages of one pair arrive in the order they were sent.
///
/// A message to a shard that has ended is dropped.
pub struct Port<M>(Rc<Inner<M>>);

struct Inner<M> {
    shard: ShardId,
    alarms: Vec<Arc<Alarm>>,
    capacity: usize,
    outgoing: RefCell<Vec<Outgoing<M>>>,
    incoming: RefCell<Vec<Incoming<M>>>,
    /// Messages to itself.
    own: RefCell<VecDeque<M>>,
    receivers: RefCell<Vec<Waker>>,
    /// Where the next receive looks first.
    next_incoming: Cell<usize>,
    next_ticket: Cell<u64>,
    tally: Rc<Tally>,
}

struct Outgoing<M> {
    end: Option<(Producer<M>, Arc<Pair>)>,
    /// Something was sent since the last flush.
    dirty: bool,
    /// Sends that wait for room, the first in line first.
    line: VecDeque<(u64, Option<Waker>)>,
}

struct Incoming<M> {
    end: Option<(Consumer<M>, Arc<Pair>)>,
    popped: bool,
}

impl<M> Outgoing<M> {
    fn has_room(&self, own: usize, capacity: usize) -> bool {
        match &self.end {
            Some((producer, _)) => !producer.is_full() || producer.is_abandoned(),
            None => own < capacity,
        }
    }

    fn wake_first(&mut self) -> Option<Waker> {
        self.line.front_mut().and_then(|(_, waker)| waker.take())
    }
}

impl<M> Inner<M> {
    fn push(&self, to: usize, message: M) -> Result<(), M> {
        let mut outgoing = self.outgoing.borrow_mut();
        let lane = &mut outgoing[to];
        match &mut lane.end {
            Some((producer, _)) => match producer.push(message) {
                Ok(()) => {
                    lane.dirty = true;
                    add(&self.tally.messages_sent, 1);
                    Ok(())
                }
                Err(PushError::Full(message)) if producer.is_abandoned() => {
                    drop(outgoing);
                    drop(message);
                    Ok(())
                }
                Err(PushError::Full(message)) => Err(message),
            },
            None => {
                let mut own = self.own.borrow_mut();
                if own.len() >= self.capacity {
                    return Err(message);
                }
                own.push_back(message);
                drop((own, outgoing));
                self.wake_receivers();
                Ok(())
            }
        }
    }

    fn wake_receivers(&self) {
        let wakers = std::mem::take(&mut *self.receivers.borrow_mut());
        wakers.into_iter().for_each(Waker::wake);
    }

    fn has_message(&self) -> bool {
        !self.own.borrow().is_empty()
            || self
                .incoming
                .borrow()
                .iter()
                .any(|lane| lane.end.as_ref().is_some_and(|(end, _)| !end.is_empty()))
    }

    fn pop(&self) -> Option<(ShardId, M)> {
        let mut incoming = self.incoming.borrow_mut();
        let count = incoming.len();
        let first = self.next_incoming.get();
        for step in 0..count {
            let index = (first + step) % count;
            let lane = &mut incoming[index];
            let message = match &mut lane.end {
                Some((consumer, _)) => consumer.pop().ok(),
                None => self.own.borrow_mut().pop_front(),
            };
            let Some(message) = message else { continue };
            lane.popped = true;
            let own = lane.end.is_none();
            drop(incoming);
            self.next_incoming.set((index + 1) % count);
            if own {
                let waker = self.outgoing.borrow_mut()[index].wake_first();
                waker.into_iter().for_each(Waker::wake);
            }
            return Some((ShardId(index as u16), message));
        }
        None
    }
}

impl<M> Inbox for Inner<M> {
    fn is_ready(&self) -> bool {
        if !self.receivers.borrow().is_empty() && self.has_message() {
            return true;
        }
        let own = self.own.borrow().len();
        self.outgoing.borrow().iter().any(|lane| {
            lane.line.front().is_some_and(|(_, waker)| waker.is_some()) && lane.has_room(own, self.capacity)
        })
    }

    fn wake(&self) {
        if !self.receivers.borrow().is_empty() && self.has_message() {
            self.wake_receivers();
        }
        let own = self.own.borrow().len();
        let count = self.outgoing.borrow().len();
        for to in 0..count {
            let waker = {
                let lane = &mut self.outgoing.borrow_mut()[to];
                if lane.line.is_empty() || !lane.has_room(own, self.capacity) {
                    None
                } else {
                    lane.wake_first()
                }
            };
            waker.into_iter().for_each(Waker::wake);
        }
    }

    fn flush(&self, rouse: &mut dyn FnMut(&Arc<Alarm>)) {
        for (lane, alarm) in self.outgoing.borrow_mut().iter_mut().zip(&self.alarms) {
            if std::mem::take(&mut lane.dirty) {
                rouse(alarm);
            }
        }
        for (lane, alarm) in self.incoming.borrow_mut().iter_mut().zip(&self.alarms) {
            if std::mem::take(&mut lane.popped)
                && let Some((_, pair)) = &lane.end
            {
                fence(Ordering::SeqCst);
                if pair.wants_room.load(Ordering::SeqCst) && pair.wants_room.swap(false, Ordering::SeqCst) {
                    rouse(alarm);
                }
            }
        }
    }
}

impl<M> Drop for Inner<M> {
    fn drop(&mut self) {
        // Senders that wait for room must find out that there is nobody to make any.
        let lanes = std::mem::take(self.incoming.get_mut());
        let lanes: Vec<_> = lanes.into_iter().filter_map(|lane| lane.end.map(|(_, pair)| pair)).collect();
        for (pair, alarm) in lanes.iter().zip(&self.alarms) {
            pair.wants_room.store(false, Ordering::SeqCst);
            alarm.ring();
        }
    }
}

impl<M: Send + 'static> Port<M> {
    pub fn shard(&self) -> ShardId {
        self.0.shard
    }

    pub fn shard_count(&self) -> usize {
        self.0.alarms.len()
    }

    /// `Err` gives the message back when the queue is full. The wake is sent once, at the end of this core's turn.
    pub fn try_send(&self, to: ShardId, message: M) -> Result<(), M> {
        let to = usize::from(to.0);
        if !self.0.outgoing.borrow()[to].line.is_empty() {
            return Err(message);
        }
        self.0.push(to, message)
    }

    /// Waits for room, in order with other waiting sends to `to`. Dropping the future sends nothing.
    pub async fn send(&self, to: ShardId, message: M) {
        let Err(message) = self.try_send(to, message) else { return };
        let to = usize::from(to.0);
        let ticket = self.0.next_ticket.get();
        self.0.next_ticket.set(ticket + 1);
        self.0.outgoing.borrow_mut()[to].line.push_back((ticket, None));
        let place = Place { inner: &self.0, to, ticket };
        let mut message = Some(message);
        poll_fn(|context| {
            if place.is_first()
                && let Some(waiting) = message.take()
            {
                match place.push(waiting) {
                    Ok(()) => return Poll::Ready(()),
                    Err(back) => message = Some(back),
                }
            }
            place.set_waker(context.waker());
            Poll::Pending
        })
        .await;
    }

    /// The next message from any shard, fairly over the senders.
    pub async fn recv(&self) -> (ShardId, M) {
        poll_fn(|context| {
            if let Some(received) = self.0.pop() {
                return Poll::Ready(received);
            }
            let mut receivers = self.0.receivers.borrow_mut();
            if !receivers.iter().any(|waker| waker.will_wake(context.waker())) {
                receivers.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }

    /// Without waiting.
    pub fn try_recv(&self) -> Option<(ShardId, M)> {
        self.0.pop()
    }
}

/// A place in the line for room; left when dropped.
struct Place<'a, M> {
    inner: &'a Inner<M>,
    to: usize,
    ticket: u64,
}

impl<M> Place<'_, M> {
    fn is_first(&self) -> bool {
        let outgoing = self.inner.outgoing.borrow();
        outgoing[self.to].line.front().is_some_and(|(ticket, _)| *ticket == self.ticket)
    }

    fn push(&self, message: M) -> Result<(), M> {
        let message = match self.inner.push(self.to, message) {
            Ok(()) => return Ok(()),
            Err(message) => message,
        };
        // Say that room is wanted, then look again: either the receiver sees the wish, or this sees its room.
        if let Some((_, pair)) = &self.inner.outgoing.borrow()[self.to].end {
            pair.wants_room.store(true, Ordering::SeqCst);
            fence(Ordering::SeqCst);
        }
        self.inner.push(self.to, message)
    }

    fn set_waker(&self, waker: &Waker) {
        let mut outgoing = self.inner.outgoing.borrow_mut();
        if let Some((_, place)) = outgoing[self.to].line.iter_mut().find(|(ticket, _)| *ticket == self.ticket)
        {
            *place = Some(waker.clone());
        }
    }
}

impl<M> Drop for Place<'_, M> {
    fn drop(&mut self) {
        let next = {
            let lane = &mut self.inner.outgoing.borrow_mut()[self.to];
            lane.line.retain(|(ticket, _)| *ticket != self.ticket);
            lane.wake_first()
        };
        next.into_iter().for_each(Waker::wake);
    }
}
