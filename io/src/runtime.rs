//! Starts shards: one thread and one ring each.

use crate::driver::{Alarm, AnyDriver, Driver, Op};
use crate::mesh::{Port, Seat, seats};
use crate::reactor::{Reactor, current};
use crate::ring::{Helpers, Ring, StopSignal};
use crate::task::{Class, JoinHandle};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

#[derive(Clone, Debug)]
pub struct Config {
    /// Threads, each with a ring. Pinned to distinct cores when there are enough and `pin` is set.
    pub shards: usize,
    pub pin: bool,
    /// With `pin`: the cores to pin to, in the order of the shards; empty for those that the process may use.
    pub cores: Vec<usize>,
    pub ring_entries: u32,
    /// How long an idle core polls before it waits in the kernel. Zero by default: an idle broker takes no CPU.
    pub spin: Duration,
    pub helper_threads: usize,
    /// Messages each ordered pair of shards can hold.
    pub mesh_capacity: usize,
}

impl Default for Config {
    /// A shard per core, 1,024 ring entries (a turn rarely submits more, and a full queue is submitted early), two
    /// helpers, 1,024 messages per pair.
    fn default() -> Config {
        Config {
            shards: thread::available_parallelism().map_or(1, usize::from),
            pin: true,
            cores: Vec::new(),
            ring_entries: 1024,
            spin: Duration::ZERO,
            helper_threads: 2,
            mesh_capacity: 1024,
        }
    }
}

/// What a shard's main future is given.
pub struct ShardContext<M> {
    pub shard: ShardId,
    pub shard_count: usize,
    pub port: Port<M>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The kernel or a container's seccomp profile refuses io_uring. The text says what to do.
    #[error("{0}")]
    RingRefused(String),
    #[error("cannot start a shard's thread: {0}")]
    Thread(std::io::Error),
    /// A shard's main future panicked; the other shards were asked to stop, and did.
    #[error("shard {} panicked", .0.0)]
    Panicked(ShardId),
}

/// Runs `main` once on each of `config.shards` threads and returns when all have ended, with each one's result.
/// A shard's reactor ends when its main future ends; tasks still there are dropped.
pub fn run<M, T, F, Fut>(config: &Config, main: F) -> Result<Vec<T>, StartError>
where
    M: Send + 'static,
    T: Send + 'static,
    F: Fn(ShardContext<M>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = T> + 'static,
{
    let count = config.shards.max(1);
    let cores = match (config.pin, config.cores.is_empty()) {
        (false, _) => Vec::new(),
        (true, true) => core_affinity::get_core_ids().unwrap_or_default(),
        (true, false) => config.cores.iter().map(|id| core_affinity::CoreId { id: *id }).collect(),
    };
    let helpers = Helpers::new(config.helper_threads.max(1));
    let stop = Arc::new(StopSignal::new().map_err(StartError::Thread)?);
    let (ready_in, ready) = mpsc::channel();
    let mut threads = Vec::with_capacity(count);
    let mut starts = Vec::with_capacity(count);
    let mut failed = None;
    for (index, seat) in seats::<M>(count, config.mesh_capacity).into_iter().enumerate() {
        let core = if cores.len() >= count { cores.get(index).copied() } else { None };
        let (start_in, start) = mpsc::channel();
        starts.push(start_in);
        let (config, main, ready_in) = (config.clone(), main.clone(), ready_in.clone());
        let (helpers, stop) = (helpers.clone(), stop.clone());
        let body = move || {
            if let Some(core) = core
                && !core_affinity::set_for_current(core)
            {
                tracing::warn!("cannot pin shard {index} to core {}", core.id);
            }
            shard_thread(index, &config, helpers, stop, seat, main, ready_in, &start)
        };
        match thread::Builder::new().name(format!("shard-{index}")).spawn(body) {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                failed = Some(StartError::Thread(error));
                break;
            }
        }
    }
    drop(ready_in);
    let mut alarms: Vec<Option<Arc<Alarm>>> = vec![None; count];
    for (index, ring) in ready {
        match ring {
            Ok(alarm) => alarms[index] = Some(alarm),
            Err(error) => failed = Some(error),
        }
    }
    let alarms: Option<Vec<Arc<Alarm>>> = alarms.into_iter().collect();
    if let (None, Some(alarms)) = (&failed, alarms) {
        for start in &starts {
            // A thread that is gone shows when it is joined.
            let _ = start.send(alarms.clone());
        }
    }
    drop(starts);
    let mut results = Vec::with_capacity(count);
    for (index, thread) in threads.into_iter().enumerate() {
        match thread.join() {
            Ok(Ok(result)) => results.push(result),
            // The reason came by `ready`, or another shard's did.
            Ok(Err(NotRun)) => {}
            Err(_) => failed = failed.or(Some(StartError::Panicked(ShardId(index as u16)))),
        }
    }
    match failed {
        Some(error) => Err(error),
        None if results.len() < count => Err(StartError::Panicked(ShardId(0))),
        None => Ok(results),
    }
}

/// What a shard's thread tells before it waits for the others.
type Ready = (usize, Result<Arc<Alarm>, StartError>);

/// The shard never started: its ring failed, or another shard's did.
struct NotRun;

/// The life of a shard's thread. Panics when the main future did.
#[allow(clippy::too_many_arguments)]
fn shard_thread<M, T, F, Fut>(
    index: usize,
    config: &Config,
    helpers: Arc<Helpers>,
    stop: Arc<StopSignal>,
    seat: Seat<M>,
    main: F,
    ready: mpsc::Sender<Ready>,
    start: &mpsc::Receiver<Vec<Arc<Alarm>>>,
) -> Result<T, NotRun>
where
    M: Send + 'static,
    T: 'static,
    F: Fn(ShardContext<M>) -> Fut,
    Fut: Future<Output = T> + 'static,
{
    let shard = ShardId(index as u16);
    let ring = match Ring::new(config.ring_entries, helpers, stop.clone()) {
        Ok(ring) => ring,
        Err(error) => {
            let _ = ready.send((index, Err(error)));
            return Err(NotRun);
        }
    };
    let reactor = Reactor::new(shard, AnyDriver::Ring(Box::new(ring)));
    let _ = ready.send((index, Ok(reactor.alarm.clone())));
    // The starter collects until every sender is gone.
    drop(ready);
    let alarms = start.recv().map_err(|_| NotRun)?;
    let _entered = reactor.enter();
    let mut task = start_main(&reactor, seat, &alarms, main);
    reactor.run_while(config.spin, || !task.is_finished());
    let result = result_of(&mut task);
    drop(task);
    reactor.end();
    match result {
        Some(result) => Ok(result),
        None => {
            stop.request();
            panic!("the main future of shard {index} panicked");
        }
    }
}

/// Takes the shard's seat and spawns its main future. The simulator starts its shards by this too.
pub(crate) fn start_main<M, T, F, Fut>(
    reactor: &Rc<Reactor>,
    seat: Seat<M>,
    alarms: &[Arc<Alarm>],
    main: F,
) -> JoinHandle<T>
where
    M: Send + 'static,
    T: 'static,
    F: FnOnce(ShardContext<M>) -> Fut,
    Fut: Future<Output = T> + 'static,
{
    let port = seat.take(reactor, alarms);
    let context = ShardContext { shard: reactor.shard, shard_count: alarms.len(), port };
    reactor.executor.spawn(reactor, Class::Foreground, main(context))
}

/// The result of a finished task; `None` when it panicked.
pub(crate) fn result_of<T>(task: &mut JoinHandle<T>) -> Option<T> {
    match pin!(task).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.ok(),
        Poll::Pending => None,
    }
}

/// The ring features in use on this core, for the one line logged at the start, and what is missing with the remedy.
pub fn features() -> Features {
    current(|reactor| reactor.driver.borrow().features())
}

#[derive(Clone, Debug, Default)]
pub struct Features {
    pub in_use: Vec<&'static str>,
    pub missing: Vec<(&'static str, &'static str)>,
    /// How many files and sockets the process may have open; `None` where nothing limits them.
    pub descriptors_max: Option<u64>,
}

/// What the kernel says of this process; zeros in the simulator. A few microseconds of system calls.
pub fn process() -> Process {
    current(|reactor| reactor.driver.borrow().process())
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// CPU time of all threads, in the kernel too.
    pub cpu_nanos: u64,
    /// Memory that is there in pages.
    pub resident_bytes: u64,
}

/// A future that completes when the process gets SIGTERM or SIGINT; in the simulator when the node is asked to stop.
///
/// The first signal asks; a second one ends the process at once.
pub async fn stop_requested() {
    current(|reactor| reactor.submit(Op::Stop)).await;
}
