use super::*;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    fn strokes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll<F: Future>(future: Pin<&mut F>, bell: &Arc<Bell>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(bell.clone())))
}

fn now<F: Future>(future: F) -> F::Output {
    match poll(pin!(future), &Arc::default()) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

/// A value is waited for and arrives; a dropped sender is told; a dropped receiver gives the value back.
#[test]
fn oneshot_ends_every_way() {
    let bell = Arc::new(Bell::default());
    let (sender, mut receiver) = oneshot::channel();
    assert!(poll(Pin::new(&mut receiver), &bell).is_pending());
    assert_eq!(sender.send(5), Ok(()));
    assert_eq!(bell.strokes(), 1);
    assert_eq!(now(receiver), Some(5));

    let (sender, mut receiver) = oneshot::channel::<i32>();
    assert!(poll(Pin::new(&mut receiver), &bell).is_pending());
    drop(sender);
    assert_eq!(bell.strokes(), 2);
    assert_eq!(now(receiver), None);

    let (sender, receiver) = oneshot::channel();
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.send(6), Err(6));
}

/// A wait counts from its making, wakes all, and a later one waits for the next round.
#[test]
fn event_counts_from_the_making_of_the_wait() {
    let bell = Arc::new(Bell::default());
    let event = Event::new();
    let mut first = pin!(event.wait());
    let mut second = pin!(event.wait());
    assert!(poll(first.as_mut(), &bell).is_pending());
    event.notify_all();
    assert_eq!(bell.strokes(), 1);
    assert!(poll(first.as_mut(), &bell).is_ready());
    assert!(poll(second.as_mut(), &bell).is_ready(), "not polled before, and yet notified");
    let mut third = pin!(event.wait());
    assert!(poll(third.as_mut(), &bell).is_pending());
}

/// A wait that is dropped is not woken, and does not disturb one that took its place in the next round.
#[test]
fn event_forgets_dropped_waits() {
    let bell = Arc::new(Bell::default());
    let event = Event::new();
    let mut dropped = Box::pin(event.wait());
    assert!(poll(dropped.as_mut(), &bell).is_pending());
    drop(dropped);
    event.notify_all();
    assert_eq!(bell.strokes(), 0);
    let mut old = Box::pin(event.wait());
    assert!(poll(old.as_mut(), &bell).is_pending());
    event.notify_all();
    let mut new = pin!(event.wait());
    assert!(poll(new.as_mut(), &bell).is_pending());
    drop(old);
    event.notify_all();
    assert_eq!(bell.strokes(), 2);
}

/// First come, first served: a small request does not overtake a large one.
#[test]
fn semaphore_is_fair() {
    let bell = Arc::new(Bell::default());
    let semaphore = Semaphore::new(10);
    let held = now(semaphore.acquire(8));
    let mut large = pin!(semaphore.acquire(5));
    let mut small = pin!(semaphore.acquire(1));
    assert!(poll(large.as_mut(), &bell).is_pending());
    assert!(poll(small.as_mut(), &bell).is_pending());
    assert!(semaphore.try_acquire(1).is_none());
    drop(held);
    assert_eq!(bell.strokes(), 1, "the first alone");
    let Poll::Ready(large) = poll(large.as_mut(), &bell) else { panic!("there is room") };
    assert_eq!(bell.strokes(), 2, "and then the next");
    let Poll::Ready(small) = poll(small.as_mut(), &bell) else { panic!("there is room") };
    assert_eq!(semaphore.available(), 4);
    drop((large, small));
    assert_eq!(semaphore.available(), 10);
}

/// A request beyond the whole takes the whole; one that gives up leaves the line to the next.
#[test]
fn semaphore_caps_and_forgets() {
    let bell = Arc::new(Bell::default());
    let semaphore = Semaphore::new(4);
    let mut all = now(semaphore.acquire(100));
    assert_eq!(all.units(), 4);
    let mut gives_up = Box::pin(semaphore.acquire(4));
    let mut next = pin!(semaphore.acquire(1));
    assert!(poll(gives_up.as_mut(), &bell).is_pending());
    assert!(poll(next.as_mut(), &bell).is_pending());
    all.release(2);
    assert_eq!(bell.strokes(), 0, "the first wants more");
    drop(gives_up);
    assert_eq!(bell.strokes(), 1);
    let Poll::Ready(one) = poll(next.as_mut(), &bell) else { panic!("there is room") };
    all.merge(one);
    assert_eq!(all.units(), 3);
    drop(all);
    assert_eq!(semaphore.available(), 4);
}

/// Sends wait for room in line; nothing is lost or reordered; ends are told to both sides.
#[test]
fn queue_waits_and_closes() {
    let bell = Arc::new(Bell::default());
    let (sender, mut receiver) = queue::bounded(1);
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(sender.try_send(9), Err(9));
    let other = sender.clone();
    let mut second = pin!(sender.send(2));
    let mut third = pin!(other.send(3));
    assert!(poll(second.as_mut(), &bell).is_pending());
    assert!(poll(third.as_mut(), &bell).is_pending());
    assert_eq!(receiver.try_recv(), Some(1));
    assert_eq!(bell.strokes(), 1);
    assert_eq!(other.try_send(9), Err(9), "others wait");
    assert_eq!(poll(second.as_mut(), &bell), Poll::Ready(Ok(())));
    assert_eq!(now(receiver.recv()), Some(2));
    assert_eq!(poll(third.as_mut(), &bell), Poll::Ready(Ok(())));
    assert_eq!(now(receiver.recv()), Some(3));
    {
        let mut receiving = pin!(receiver.recv());
        assert!(poll(receiving.as_mut(), &bell).is_pending());
        let before = bell.strokes();
        assert_eq!(sender.try_send(4), Ok(()));
        assert_eq!(bell.strokes(), before + 1);
        assert_eq!(poll(receiving.as_mut(), &bell), Poll::Ready(Some(4)));
    }
    assert!(receiver.is_empty());
}

/// A receiver that goes ends waiting sends with their values; senders that go end the receiver.
#[test]
fn queue_ends() {
    let bell = Arc::new(Bell::default());
    let (sender, receiver) = queue::bounded(1);
    now(sender.send(1)).unwrap();
    let mut waiting = pin!(sender.send(2));
    assert!(poll(waiting.as_mut(), &bell).is_pending());
    drop(receiver);
    assert_eq!(poll(waiting.as_mut(), &bell), Poll::Ready(Err(2)));
    assert_eq!(now(sender.send(3)), Err(3));

    let (sender, mut receiver) = queue::bounded(2);
    now(sender.send(1)).unwrap();
    drop(sender.clone());
    drop(sender);
    assert_eq!(now(receiver.recv()), Some(1));
    assert_eq!(now(receiver.recv()), None);
}
