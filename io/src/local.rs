//! Signals between tasks of one core: no atomics, no locks.

/// A value sent once. The receiver gets `None` when the sender was dropped.
pub mod oneshot {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    pub struct Sender<T>(std::marker::PhantomData<T>);
    pub struct Receiver<T>(std::marker::PhantomData<T>);
    pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
        todo!()
    }
    impl<T> Sender<T> {
        /// `Err` gives the value back when the receiver is gone.
        pub fn send(self, value: T) -> Result<(), T> {
            let _ = value;
            todo!()
        }
        pub fn is_closed(&self) -> bool {
            todo!()
        }
    }
    impl<T> Future for Receiver<T> {
        type Output = Option<T>;
        fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<T>> {
            todo!()
        }
    }
}

/// Wakes every waiter. A wait that starts after the notification waits for the next one; to check a condition
/// without a race, make the `wait()` future, check, then await it: it counts from its making.
#[derive(Default)]
pub struct Event {}
impl Event {
    pub fn new() -> Event {
        Event {}
    }
    pub fn notify_all(&self) {
        todo!()
    }
    pub fn wait(&self) -> impl Future<Output = ()> + use<> {
        std::future::ready(())
    }
}

/// Counted units with first-come first-served waiting: the memory budget.
#[derive(Clone)]
pub struct Semaphore {}
impl Semaphore {
    pub fn new(units: usize) -> Semaphore {
        let _ = units;
        todo!()
    }
    pub fn available(&self) -> usize {
        todo!()
    }
    pub fn try_acquire(&self, units: usize) -> Option<Permit> {
        let _ = units;
        todo!()
    }
    /// Waits in line. More than the semaphore's whole size is capped to it.
    pub async fn acquire(&self, units: usize) -> Permit {
        let _ = units;
        todo!()
    }
}
/// Returns its units when dropped.
pub struct Permit {}

/// A bounded queue between tasks of one core.
pub mod queue {
    pub struct Sender<T>(std::marker::PhantomData<T>);
    pub struct Receiver<T>(std::marker::PhantomData<T>);
    impl<T> Clone for Sender<T> {
        fn clone(&self) -> Self {
            todo!()
        }
    }
    pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        let _ = capacity;
        todo!()
    }
    impl<T> Sender<T> {
        /// `Err` gives the value back when the receiver is gone.
        pub async fn send(&self, value: T) -> Result<(), T> {
            let _ = value;
            todo!()
        }
        /// `Err` when full or closed.
        pub fn try_send(&self, value: T) -> Result<(), T> {
            let _ = value;
            todo!()
        }
    }
    impl<T> Receiver<T> {
        /// `None` when every sender is gone and the queue is empty.
        pub async fn recv(&mut self) -> Option<T> {
            todo!()
        }
        pub fn try_recv(&mut self) -> Option<T> {
            todo!()
        }
    }
}
