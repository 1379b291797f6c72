//! Calls from one core to another: a piece of work goes over, runs where its data lives, and its result comes back.
//!
//! ```text
//! core A: call(B, work) ──Call──▶ core B: work(state) at once, in order; its future is then awaited there
//!            result     ◀──Reply──        … when it ends
//! ```
//! Lives on every core, on top of `ottla_io::mesh`, which batches messages per destination and wakes once a turn.
//! A call to the own core is a plain call. Nothing here is shared between cores but the queues.
//!
//! Work is a closure and not a case of one large message type: each API keeps what it sends beside what it does.

use ottla_io::local::oneshot;
use ottla_io::mesh::Port;
use ottla_io::{Class, JoinHandle, ShardId, spawn};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A result on its way back; `None` when the work panicked or was cancelled.
type AnyResult = Option<Box<dyn Any + Send>>;
type WorkFuture = Pin<Box<dyn Future<Output = Box<dyn Any + Send>>>>;
type Work<S> = Box<dyn FnOnce(Rc<S>) -> WorkFuture + Send>;

/// What cores send each other. `S` is the state that work is given on the core it goes to.
pub struct Message<S>(Kind<S>);

enum Kind<S> {
    Call {
        id: u64,
        work: Work<S>,
    },
    Reply {
        id: u64,
        result: AnyResult,
    },
    /// The caller has lost interest.
    Cancel {
        id: u64,
    },
}

/// The work did not end: it panicked, or its core has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work on another core did not end")]
pub struct Gone;

/// This core's end of the mesh; clones share it.
pub struct Mesh<S: 'static>(Rc<Inner<S>>);

impl<S> Clone for Mesh<S> {
    fn clone(&self) -> Self {
        Mesh(self.0.clone())
    }
}

struct Inner<S: 'static> {
    port: Port<Message<S>>,
    next_id: Cell<u64>,
    /// Calls made here that wait for their reply.
    waiting: RefCell<HashMap<u64, oneshot::Sender<AnyResult>>>,
    /// Work of other cores that runs here.
    running: RefCell<HashMap<(ShardId, u64), JoinHandle<()>>>,
    /// Messages that found their queue full, by destination. Bounded by the callers, who wait for their replies.
    backlog: RefCell<HashMap<ShardId, VecDeque<Message<S>>>>,
}

impl<S: 'static> Mesh<S> {
    pub fn new(port: Port<Message<S>>) -> Mesh<S> {
        Mesh(Rc::new(Inner {
            port,
            next_id: Cell::new(0),
            waiting: RefCell::default(),
            running: RefCell::default(),
            backlog: RefCell::default(),
        }))
    }

    pub fn shard(&self) -> ShardId {
        self.0.port.shard()
    }

    pub fn shard_count(&self) -> usize {
        self.0.port.shard_count()
    }

    /// All cores, this one included, in order.
    pub fn shards(&self) -> impl Iterator<Item = ShardId> + use<S> {
        (0..self.shard_count()).map(|index| ShardId(index as u16))
    }

    /// Takes calls from now on and gives their work `state`. Ends with the reactor.
    pub fn serve(&self, state: Rc<S>) {
        let inner = self.0.clone();
        spawn(Class::Foreground, async move {
            loop {
                let (from, Message(kind)) = inner.port.recv().await;
                match kind {
                    Kind::Call { id, work } => inner.begin(from, id, work, &state),
                    Kind::Reply { id, result } => {
                        let waiting = inner.waiting.borrow_mut().remove(&id);
                        if let Some(waiting) = waiting {
                            // A caller that has gone meanwhile needs no result.
                            let _ = waiting.send(result);
                        }
                    }
                    Kind::Cancel { id } => {
                        let running = inner.running.borrow_mut().remove(&(from, id));
                        if let Some(task) = running {
                            task.cancel();
                        }
                    }
                }
            }
        });
    }

    /// Runs `work` on shard `to` and gives back its result.
    ///
    /// The call is made before this returns, and the calls of one core to one other begin there in the order they
    /// were made: `work` itself runs in that order, and the future that it returns is awaited beside others. Dropping
    /// the returned future cancels the work at its next wait.
    pub fn call<R, F, Fut>(&self, to: ShardId, state: &Rc<S>, work: F) -> Call<S, R, Fut>
    where
        R: Send + 'static,
        F: FnOnce(Rc<S>) -> Fut + Send + 'static,
        Fut: Future<Output = R> + 'static,
    {
        if to == self.shard() {
            return Call::Here(Box::pin(work(state.clone())));
        }
        let id = self.0.next_id.replace(self.0.next_id.get() + 1);
        let (sender, receiver) = oneshot::channel();
        self.0.waiting.borrow_mut().insert(id, sender);
        let work: Work<S> = Box::new(move |state| {
            let work = work(state);
            Box::pin(async move { Box::new(work.await) as Box<dyn Any + Send> })
        });
        self.0.post(to, Message(Kind::Call { id, work }));
        Call::There(Remote {
            mesh: self.0.clone(),
            to,
            id,
            receiver,
            ended: false,
            _result: std::marker::PhantomData,
        })
    }
}

impl<S: 'static> Inner<S> {
    /// Runs the work up to its first wait; what then goes on becomes a task.
    fn begin(self: &Rc<Self>, from: ShardId, id: u64, work: Work<S>, state: &Rc<S>) {
        let reply = ReplyOnDrop { inner: self.clone(), to: from, id, result: None };
        let state = state.clone();
        let begun = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let mut future = work(state);
            let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            (polled, future)
        }));
        let mut reply = reply;
        match begun {
            // The panic hook has told about it.
            Err(_) => {}
            Ok((Poll::Ready(result), _)) => reply.result = Some(result),
            Ok((Poll::Pending, future)) => {
                let inner = self.clone();
                let task = spawn(Class::Foreground, async move {
                    reply.result = Some(future.await);
                    drop(reply);
                    inner.running.borrow_mut().remove(&(from, id));
                });
                self.running.borrow_mut().insert((from, id), task);
            }
        }
    }

    /// Sends in order, behind what waits for room already.
    fn post(self: &Rc<Self>, to: ShardId, message: Message<S>) {
        let mut backlog = self.backlog.borrow_mut();
        if let Some(line) = backlog.get_mut(&to) {
            line.push_back(message);
            return;
        }
        let Err(message) = self.port.try_send(to, message) else { return };
        backlog.insert(to, VecDeque::from([message]));
        drop(backlog);
        let inner = self.clone();
        spawn(Class::Foreground, async move {
            loop {
                let next = {
                    let mut backlog = inner.backlog.borrow_mut();
                    let next = backlog.get_mut(&to).and_then(VecDeque::pop_front);
                    if next.is_none() {
                        backlog.remove(&to);
                    }
                    next
                };
                let Some(message) = next else { return };
                inner.port.send(to, message).await;
            }
        });
    }
}

/// Answers in any case, so that no caller waits for work that panicked or was cancelled.
struct ReplyOnDrop<S: 'static> {
    inner: Rc<Inner<S>>,
    to: ShardId,
    id: u64,
    result: AnyResult,
}

impl<S> Drop for ReplyOnDrop<S> {
    fn drop(&mut self) {
        let reply = Kind::Reply { id: self.id, result: self.result.take() };
        self.inner.post(self.to, Message(reply));
    }
}

/// The result of a call.
pub enum Call<S: 'static, R, Fut> {
    Here(Pin<Box<Fut>>),
    There(Remote<S, R>),
}

/// See [`Mesh::call`].
pub struct Remote<S: 'static, R> {
    mesh: Rc<Inner<S>>,
    to: ShardId,
    id: u64,
    receiver: oneshot::Receiver<AnyResult>,
    ended: bool,
    _result: std::marker::PhantomData<fn() -> R>,
}

impl<S: 'static, R: Send + 'static, Fut: Future<Output = R>> Future for Call<S, R, Fut> {
    type Output = Result<R, Gone>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<R, Gone>> {
        match &mut *self {
            Call::Here(work) => work.as_mut().poll(context).map(Ok),
            Call::There(remote) => {
                let polled = Pin::new(&mut remote.receiver).poll(context);
                polled.map(|reply| {
                    remote.ended = true;
                    let result = reply.flatten().and_then(|result| result.downcast::<R>().ok());
                    result.map(|result| *result).ok_or(Gone)
                })
            }
        }
    }
}

impl<S: 'static, R> Drop for Remote<S, R> {
    fn drop(&mut self) {
        if !self.ended && self.mesh.waiting.borrow_mut().remove(&self.id).is_some() {
            self.mesh.post(self.to, Message(Kind::Cancel { id: self.id }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Runs `main` on shard 0 of two and keeps the other one serving meanwhile.
    fn on_two_shards<T: Send + 'static, Fut: Future<Output = T> + 'static>(
        main: impl Fn(Mesh<RefCell<Vec<i32>>>, Rc<RefCell<Vec<i32>>>) -> Fut + Clone + Send + 'static,
    ) -> T {
        let config = ottla_io::runtime::Config { shards: 2, pin: false, ..Default::default() };
        let results = ottla_io::runtime::run(&config, move |context| {
            let main = main.clone();
            async move {
                let mesh = Mesh::new(context.port);
                let state = Rc::new(RefCell::new(Vec::new()));
                mesh.serve(state.clone());
                if mesh.shard() == ShardId(0) {
                    let result = main(mesh.clone(), state.clone()).await;
                    let ended =
                        mesh.call(ShardId(1), &state, |state| async move { state.borrow_mut().push(-1) });
                    ended.await.unwrap();
                    Some(result)
                } else {
                    while state.borrow().last() != Some(&-1) {
                        ottla_io::sleep(Duration::from_millis(1)).await;
                    }
                    // The reply to the last call leaves with this turn.
                    ottla_io::sleep(Duration::from_millis(5)).await;
                    None
                }
            }
        });
        results.unwrap().into_iter().flatten().next().unwrap()
    }

    #[test]
    fn work_runs_where_it_is_sent_and_begins_in_order_even_through_a_full_queue() {
        let seen = on_two_shards(|mesh, state| async move {
            let calls: Vec<_> = (0..5000)
                .map(|n| {
                    mesh.call(ShardId(1), &state, move |state| {
                        state.borrow_mut().push(n);
                        async move {
                            ottla_io::yield_now().await;
                            n * 2
                        }
                    })
                })
                .collect();
            for (n, call) in (0..).zip(calls) {
                assert_eq!(call.await, Ok(n * 2));
            }
            assert!(state.borrow().is_empty());
            mesh.call(ShardId(1), &state, |state| async move { state.borrow().clone() }).await.unwrap()
        });
        assert_eq!(seen, (0..5000).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_and_a_lost_interest_end_a_call() {
        on_two_shards(|mesh, state| async move {
            let panicking = mesh.call(ShardId(1), &state, |_| async { panic!("meant") });
            assert_eq!(panicking.await, Err::<(), _>(Gone));
            struct Pushes(Rc<RefCell<Vec<i32>>>);
            impl Drop for Pushes {
                fn drop(&mut self) {
                    self.0.borrow_mut().push(7);
                }
            }
            let endless = mesh.call(ShardId(1), &state, |state| {
                let dropped = Pushes(state);
                async move {
                    std::future::pending::<()>().await;
                    drop(dropped);
                }
            });
            assert!(ottla_io::timeout(Duration::from_millis(5), endless).await.is_err());
            let seen = mesh.call(ShardId(1), &state, |state| async move {
                while state.borrow().is_empty() {
                    ottla_io::sleep(Duration::from_millis(1)).await;
                }
                state.borrow().clone()
            });
            assert_eq!(seen.await, Ok(vec![7]));
        });
    }
}
