//! The channels that openraft asks a runtime for, from `tokio::sync`: they belong to no runtime, and a wake goes to
//! whichever executor polled last.

use openraft_rt::{
    Mpsc, MpscReceiver, MpscSender, MpscWeakSender, Mutex, Oneshot, OneshotSender, SendError, TryRecvError,
    Watch, WatchReceiver, WatchSender, watch,
};
use std::future::Future;
use std::ops::Deref;
use tokio::sync;

pub(super) struct Queue;

pub(super) struct QueueSender<T>(sync::mpsc::Sender<T>);
pub(super) struct QueueReceiver<T>(sync::mpsc::Receiver<T>);
pub(super) struct WeakQueueSender<T>(sync::mpsc::WeakSender<T>);

impl<T> Clone for QueueSender<T> {
    fn clone(&self) -> Self {
        QueueSender(self.0.clone())
    }
}

impl<T> Clone for WeakQueueSender<T> {
    fn clone(&self) -> Self {
        WeakQueueSender(self.0.clone())
    }
}

impl Mpsc for Queue {
    type Sender<T> = QueueSender<T>;
    type Receiver<T> = QueueReceiver<T>;
    type WeakSender<T> = WeakQueueSender<T>;

    fn channel<T>(capacity: usize) -> (QueueSender<T>, QueueReceiver<T>) {
        let (sender, receiver) = sync::mpsc::channel(capacity);
        (QueueSender(sender), QueueReceiver(receiver))
    }
}

impl<T> MpscSender<Queue, T> for QueueSender<T> {
    async fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.0.send(message).await.map_err(|error| SendError(error.0))
    }

    fn downgrade(&self) -> WeakQueueSender<T> {
        WeakQueueSender(self.0.downgrade())
    }
}

impl<T> MpscReceiver<T> for QueueReceiver<T> {
    fn recv(&mut self) -> impl Future<Output = Option<T>> {
        self.0.recv()
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.0.try_recv().map_err(|error| match error {
            sync::mpsc::error::TryRecvError::Empty => TryRecvError::Empty,
            sync::mpsc::error::TryRecvError::Disconnected => TryRecvError::Disconnected,
        })
    }
}

impl<T> MpscWeakSender<Queue, T> for WeakQueueSender<T> {
    fn upgrade(&self) -> Option<QueueSender<T>> {
        self.0.upgrade().map(QueueSender)
    }
}

pub(super) struct Once;

pub(super) struct OnceSender<T>(sync::oneshot::Sender<T>);

impl Oneshot for Once {
    type Sender<T> = OnceSender<T>;
    type Receiver<T> = sync::oneshot::Receiver<T>;
    type ReceiverError = sync::oneshot::error::RecvError;

    fn channel<T>() -> (OnceSender<T>, sync::oneshot::Receiver<T>) {
        let (sender, receiver) = sync::oneshot::channel();
        (OnceSender(sender), receiver)
    }
}

impl<T> OneshotSender<T> for OnceSender<T> {
    fn send(self, value: T) -> Result<(), T> {
        self.0.send(value)
    }
}

pub(super) struct Latest;

pub(super) struct LatestSender<T>(sync::watch::Sender<T>);
pub(super) struct LatestReceiver<T>(sync::watch::Receiver<T>);
pub(super) struct LatestRef<'a, T>(sync::watch::Ref<'a, T>);

impl<T> Clone for LatestSender<T> {
    fn clone(&self) -> Self {
        LatestSender(self.0.clone())
    }
}

impl<T> Clone for LatestReceiver<T> {
    fn clone(&self) -> Self {
        LatestReceiver(self.0.clone())
    }
}

impl<T> Deref for LatestRef<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl Watch for Latest {
    type Sender<T> = LatestSender<T>;
    type Receiver<T> = LatestReceiver<T>;
    type Ref<'a, T: 'a> = LatestRef<'a, T>;

    fn channel<T>(initial: T) -> (LatestSender<T>, LatestReceiver<T>) {
        let (sender, receiver) = sync::watch::channel(initial);
        (LatestSender(sender), LatestReceiver(receiver))
    }
}

impl<T> WatchSender<Latest, T> for LatestSender<T> {
    fn send(&self, value: T) -> Result<(), watch::SendError<T>> {
        self.0.send(value).map_err(|error| watch::SendError(error.0))
    }

    fn send_if_modified<F: FnOnce(&mut T) -> bool>(&self, modify: F) -> bool {
        self.0.send_if_modified(modify)
    }

    fn borrow_watched(&self) -> LatestRef<'_, T> {
        LatestRef(self.0.borrow())
    }

    fn subscribe(&self) -> LatestReceiver<T> {
        LatestReceiver(self.0.subscribe())
    }
}

impl<T> WatchReceiver<Latest, T> for LatestReceiver<T> {
    async fn changed(&mut self) -> Result<(), watch::RecvError> {
        self.0.changed().await.map_err(|_| watch::RecvError(()))
    }

    fn borrow_watched(&self) -> LatestRef<'_, T> {
        LatestRef(self.0.borrow())
    }

    fn borrow_and_update(&mut self) -> LatestRef<'_, T> {
        LatestRef(self.0.borrow_and_update())
    }
}

pub(super) struct Lock<T>(sync::Mutex<T>);

impl<T: 'static> Mutex<T> for Lock<T> {
    type Guard<'a> = sync::MutexGuard<'a, T>;

    fn new(value: T) -> Self {
        Lock(sync::Mutex::new(value))
    }

    fn lock(&self) -> impl Future<Output = sync::MutexGuard<'_, T>> {
        self.0.lock()
    }
}
