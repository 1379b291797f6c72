//! Signals between tasks of one core: no atomics, no locks.
//!
//! Nothing here needs a reactor, and nothing leaves its thread.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Wakes, having let go of every borrow: a waker may run code.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A value sent once. The receiver gets `None` when the sender was dropped.
pub mod oneshot {
    use super::wake;
    use std::cell::RefCell;
    use std::future::Future;
    use std::pin::Pin;
    use std::rc::Rc;
    use std::task::{Context, Poll, Waker};

    struct State<T> {
        value: Option<T>,
        waker: Option<Waker>,
        sender_gone: bool,
        receiver_gone: bool,
    }

    pub struct Sender<T>(Rc<RefCell<State<T>>>);
    pub struct Receiver<T>(Rc<RefCell<State<T>>>);

    pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let state = State { value: None, waker: None, sender_gone: false, receiver_gone: false };
        let state = Rc::new(RefCell::new(state));
        (Sender(state.clone()), Receiver(state))
    }

    impl<T> Sender<T> {
        /// `Err` gives the value back when the receiver is gone.
        pub fn send(self, value: T) -> Result<(), T> {
            let mut state = self.0.borrow_mut();
            if state.receiver_gone {
                return Err(value);
            }
            state.value = Some(value);
            // The drop of `self` wakes.
            Ok(())
        }

        pub fn is_closed(&self) -> bool {
            self.0.borrow().receiver_gone
        }
    }

    impl<T> Drop for Sender<T> {
        fn drop(&mut self) {
            let waker = {
                let mut state = self.0.borrow_mut();
                state.sender_gone = true;
                state.waker.take()
            };
            wake(waker);
        }
    }

    impl<T> Receiver<T> {
        /// The value if it is there already.
        pub fn try_recv(&mut self) -> Option<T> {
            self.0.borrow_mut().value.take()
        }
    }

    impl<T> Future for Receiver<T> {
        type Output = Option<T>;
        fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
            let mut state = self.0.borrow_mut();
            if let Some(value) = state.value.take() {
                return Poll::Ready(Some(value));
            }
            if state.sender_gone {
                return Poll::Ready(None);
            }
            match &mut state.waker {
                Some(waker) => waker.clone_from(context.waker()),
                None => state.waker = Some(context.waker().clone()),
            }
            Poll::Pending
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            let (value, waker) = {
                let mut state = self.0.borrow_mut();
                state.receiver_gone = true;
                (state.value.take(), state.waker.take())
            };
            drop((value, waker));
        }
    }
}

/// Wakes every waiter. A wait that starts after the notification waits for the next one; to check a condition
/// without a race, make the `wait()` future, check, then await it: it counts from its making.
#[derive(Default)]
pub struct Event(Rc<EventState>);

#[derive(Default)]
struct EventState {
    round: Cell<u64>,
    waiting: RefCell<slab::Slab<Waker>>,
}

impl Event {
    pub fn new() -> Event {
        Event::default()
    }

    pub fn notify_all(&self) {
        self.0.round.set(self.0.round.get() + 1);
        let waiting = std::mem::take(&mut *self.0.waiting.borrow_mut());
        for (_, waker) in waiting {
            waker.wake();
        }
    }

    pub fn wait(&self) -> impl Future<Output = ()> + use<> {
        EventWait { event: self.0.clone(), round: self.0.round.get(), place: None }
    }
}

struct EventWait {
    event: Rc<EventState>,
    round: u64,
    /// Valid while the round lasts.
    place: Option<usize>,
}

impl Future for EventWait {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let event = self.event.clone();
        if event.round.get() != self.round {
            return Poll::Ready(());
        }
        let mut waiting = event.waiting.borrow_mut();
        match self.place {
            Some(place) => waiting[place].clone_from(context.waker()),
            None => self.place = Some(waiting.insert(context.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for EventWait {
    fn drop(&mut self) {
        if let Some(place) = self.place
            && self.event.round.get() == self.round
        {
            let waker = self.event.waiting.borrow_mut().try_remove(place);
            drop(waker);
        }
    }
}

/// Counted units with first-come first-served waiting: the memory budget.
#[derive(Clone)]
pub struct Semaphore(Rc<SemaphoreState>);

struct SemaphoreState {
    units: usize,
    available: Cell<usize>,
    line: RefCell<VecDeque<Waiting>>,
    next_ticket: Cell<u64>,
}

struct Waiting {
    ticket: u64,
    units: usize,
    waker: Option<Waker>,
}

impl Semaphore {
    pub fn new(units: usize) -> Semaphore {
        Semaphore(Rc::new(SemaphoreState {
            units,
            available: Cell::new(units),
            line: RefCell::default(),
            next_ticket: Cell::new(0),
        }))
    }

    pub fn available(&self) -> usize {
        self.0.available.get()
    }

    /// How many wait in line.
    pub fn waiting(&self) -> usize {
        self.0.line.borrow().len()
    }

    /// `None` when there are too few, or when others wait already.
    pub fn try_acquire(&self, units: usize) -> Option<Permit> {
        if !self.0.line.borrow().is_empty() {
            return None;
        }
        let units = units.min(self.0.units);
        let left = self.0.available.get().checked_sub(units)?;
        self.0.available.set(left);
        Some(Permit { semaphore: self.0.clone(), units })
    }

    /// Waits in line. More than the semaphore's whole size is capped to it.
    pub async fn acquire(&self, units: usize) -> Permit {
        let units = units.min(self.0.units);
        if let Some(permit) = self.try_acquire(units) {
            return permit;
        }
        let ticket = self.0.next_ticket.get();
        self.0.next_ticket.set(ticket + 1);
        self.0.line.borrow_mut().push_back(Waiting { ticket, units, waker: None });
        let place = SemaphorePlace { semaphore: &self.0, ticket };
        poll_fn(|context| {
            let mut line = self.0.line.borrow_mut();
            let is_first = line.front().is_some_and(|first| first.ticket == ticket);
            if is_first && let Some(left) = self.0.available.get().checked_sub(units) {
                self.0.available.set(left);
                return Poll::Ready(());
            }
            if let Some(waiting) = line.iter_mut().find(|waiting| waiting.ticket == ticket) {
                waiting.waker = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
        let permit = Permit { semaphore: self.0.clone(), units };
        // Leaves the line, so that the next one sees what is left.
        drop(place);
        permit
    }
}

impl SemaphoreState {
    fn wake_first(&self) {
        let available = self.available.get();
        let waker = {
            let mut line = self.line.borrow_mut();
            line.front_mut().filter(|first| first.units <= available).and_then(|first| first.waker.take())
        };
        wake(waker);
    }
}

struct SemaphorePlace<'a> {
    semaphore: &'a SemaphoreState,
    ticket: u64,
}

impl Drop for SemaphorePlace<'_> {
    fn drop(&mut self) {
        self.semaphore.line.borrow_mut().retain(|waiting| waiting.ticket != self.ticket);
        self.semaphore.wake_first();
    }
}

/// Returns its units when dropped.
pub struct Permit {
    semaphore: Rc<SemaphoreState>,
    units: usize,
}

impl Permit {
    pub fn units(&self) -> usize {
        self.units
    }

    /// Gives some units back early. Panics when there are fewer.
    pub fn release(&mut self, units: usize) {
        assert!(units <= self.units, "a release of {units} of {}", self.units);
        self.units -= units;
        self.semaphore.available.set(self.semaphore.available.get() + units);
        self.semaphore.wake_first();
    }

    /// Joins what another permit of the same semaphore holds. Panics when it is of another one.
    pub fn merge(&mut self, mut other: Permit) {
        assert!(Rc::ptr_eq(&self.semaphore, &other.semaphore), "permits of two semaphores");
        self.units += std::mem::take(&mut other.units);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let units = self.units;
        if units > 0 {
            self.release(units);
        }
    }
}

/// A bounded queue between tasks of one core.
pub mod queue {
    use super::wake;
    use std::cell::RefCell;
    use std::collections::VecDeque;
    use std::future::poll_fn;
    use std::rc::Rc;
    use std::task::{Poll, Waker};

    struct State<T> {
        values: VecDeque<T>,
        capacity: usize,
        senders: usize,
        receiver_gone: bool,
        receiver: Option<Waker>,
        /// Sends that wait for room, the first in line first.
        line: VecDeque<(u64, Option<Waker>)>,
        next_ticket: u64,
    }

    impl<T> State<T> {
        fn wake_first(&mut self) -> Option<Waker> {
            let may_go = self.values.len() < self.capacity || self.receiver_gone;
            if may_go { self.line.front_mut().and_then(|(_, waker)| waker.take()) } else { None }
        }
    }

    pub struct Sender<T>(Rc<RefCell<State<T>>>);
    pub struct Receiver<T>(Rc<RefCell<State<T>>>);

    /// A queue of `capacity` values, at least one.
    pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        let state = State {
            values: VecDeque::new(),
            capacity: capacity.max(1),
            senders: 1,
            receiver_gone: false,
            receiver: None,
            line: VecDeque::new(),
            next_ticket: 0,
        };
        let state = Rc::new(RefCell::new(state));
        (Sender(state.clone()), Receiver(state))
    }

    impl<T> Clone for Sender<T> {
        fn clone(&self) -> Self {
            self.0.borrow_mut().senders += 1;
            Sender(self.0.clone())
        }
    }

    impl<T> Drop for Sender<T> {
        fn drop(&mut self) {
            let waker = {
                let mut state = self.0.borrow_mut();
                state.senders -= 1;
                if state.senders == 0 { state.receiver.take() } else { None }
            };
            wake(waker);
        }
    }

    impl<T> Sender<T> {
        fn push(&self, value: T) -> Result<(), T> {
            let waker = {
                let mut state = self.0.borrow_mut();
                if state.receiver_gone || state.values.len() >= state.capacity {
                    return Err(value);
                }
                state.values.push_back(value);
                state.receiver.take()
            };
            wake(waker);
            Ok(())
        }

        pub fn is_closed(&self) -> bool {
            self.0.borrow().receiver_gone
        }

        /// Waits for room, in order with other waiting sends. `Err` gives the value back when the receiver is gone.
        /// Dropping the future sends nothing.
        pub async fn send(&self, value: T) -> Result<(), T> {
            let value = match self.try_send(value) {
                Ok(()) => return Ok(()),
                Err(value) => value,
            };
            if self.is_closed() {
                return Err(value);
            }
            let ticket = {
                let mut state = self.0.borrow_mut();
                let ticket = state.next_ticket;
                state.next_ticket += 1;
                state.line.push_back((ticket, None));
                ticket
            };
            let place = Place { sender: self, ticket };
            let mut value = Some(value);
            let result = poll_fn(|context| {
                if self.is_closed() {
                    return Poll::Ready(value.take().map_or(Ok(()), Err));
                }
                let is_first = self.0.borrow().line.front().is_some_and(|(first, _)| *first == ticket);
                if is_first && let Some(waiting) = value.take() {
                    match self.push(waiting) {
                        Ok(()) => return Poll::Ready(Ok(())),
                        Err(back) => value = Some(back),
                    }
                }
                let mut state = self.0.borrow_mut();
                if let Some((_, waker)) = state.line.iter_mut().find(|(waiting, _)| *waiting == ticket) {
                    *waker = Some(context.waker().clone());
                }
                Poll::Pending
            })
            .await;
            drop(place);
            result
        }

        /// `Err` when full or closed.
        pub fn try_send(&self, value: T) -> Result<(), T> {
            if !self.0.borrow().line.is_empty() {
                return Err(value);
            }
            self.push(value)
        }
    }

    struct Place<'a, T> {
        sender: &'a Sender<T>,
        ticket: u64,
    }

    impl<T> Drop for Place<'_, T> {
        fn drop(&mut self) {
            let waker = {
                let mut state = self.sender.0.borrow_mut();
                state.line.retain(|(ticket, _)| *ticket != self.ticket);
                state.wake_first()
            };
            wake(waker);
        }
    }

    impl<T> Receiver<T> {
        /// `None` when every sender is gone and the queue is empty.
        pub async fn recv(&mut self) -> Option<T> {
            poll_fn(|context| {
                if let Some(value) = self.try_recv() {
                    return Poll::Ready(Some(value));
                }
                let mut state = self.0.borrow_mut();
                if state.senders == 0 {
                    return Poll::Ready(None);
                }
                match &mut state.receiver {
                    Some(waker) => waker.clone_from(context.waker()),
                    None => state.receiver = Some(context.waker().clone()),
                }
                Poll::Pending
            })
            .await
        }

        pub fn try_recv(&mut self) -> Option<T> {
            let (value, waker) = {
                let mut state = self.0.borrow_mut();
                let value = state.values.pop_front()?;
                (value, state.wake_first())
            };
            wake(waker);
            Some(value)
        }

        pub fn len(&self) -> usize {
            self.0.borrow().values.len()
        }

        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            let (values, wakers) = {
                let mut state = self.0.borrow_mut();
                state.receiver_gone = true;
                let wakers: Vec<Waker> =
                    state.line.iter_mut().filter_map(|(_, waker)| waker.take()).collect();
                (std::mem::take(&mut state.values), wakers)
            };
            drop(values);
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

#[cfg(test)]
mod tests;
