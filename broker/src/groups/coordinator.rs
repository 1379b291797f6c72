//! One partition's coordinator: the pure shard, its log, whoever waits for a rebalance, and the timers' task.
//!
//! A turn runs to its end at once: records are appended as one batch, replayed, and what is told of them waits until the log
//! says that they are durable. When the log refuses records, what is in memory is more than what is stored: the
//! coordinator ends, whoever waits is told to look again, and another one is loaded from the log.

use super::waits::Parked;
use super::{Groups, Hosted, load};
use crate::core::Core;
use futures_util::future::select;
use ottla_coordinator::{Out, Record, Reply, Shard, Turn, Waiter};
use ottla_io::local::{Event, oneshot};
use ottla_io::{Class, sleep, spawn, yield_now};
use ottla_log::batch::BatchHeader;
use ottla_protocol::records::BatchBuilder;
use ottla_protocol::{ErrorCode, Uuid};
use ottla_shard::{Acks, AppendFuture, AppendOrigin, Checked, Partition, Refusal};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// See the module.
pub(crate) struct Coordinator {
    partition: Rc<Partition>,
    shard: RefCell<Shard>,
    parked: RefCell<HashMap<Waiter, oneshot::Sender<Reply>>>,
    /// Batches of its own: appended, and of these durable.
    appended: Cell<u64>,
    durable: Cell<u64>,
    progressed: Event,
    /// A deadline came before the one that the timers' task waits for.
    hurried: Event,
    /// It has ended, and whoever comes gets this.
    ended: Cell<Option<ErrorCode>>,
}

/// Batches of due work that may be on their way to the disk at a time: each is held in memory until then.
const TICKS_AHEAD: u64 = 16;

impl Coordinator {
    pub(super) fn new(partition: Rc<Partition>, shard: Shard) -> Coordinator {
        Coordinator {
            partition,
            shard: RefCell::new(shard),
            parked: RefCell::default(),
            appended: Cell::new(0),
            durable: Cell::new(0),
            progressed: Event::new(),
            hurried: Event::new(),
            ended: Cell::new(None),
        }
    }

    /// Looks at the groups as they are, which may be more than what is durable: see [`Coordinator::durable`].
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Shard) -> R) -> R {
        look(&self.shard.borrow())
    }

    /// Runs one turn. When it returns, the records are appended and replayed.
    /// # Errors
    /// Why the records are not: the coordinator has ended then.
    pub(crate) fn turn<R>(
        self: &Rc<Self>,
        core: &Rc<Core>,
        work: impl FnOnce(&mut Shard, &Turn, &mut Out) -> R,
    ) -> Result<R, ErrorCode> {
        if let Some(code) = self.ended.get() {
            return Err(code);
        }
        let turn = self.now(core);
        let mut out = Out::default();
        let mut shard = self.shard.borrow_mut();
        let (bytes_before, deadline_before) = (shard.bytes(), shard.next_deadline_ms());
        let result = work(&mut shard, &turn, &mut out);
        let Out { records, replies } = out;
        let append = (!records.is_empty()).then(|| self.append(&turn, &records));
        if let Some(Err(refusal)) = &append {
            drop(shard);
            tracing::error!(partition = self.partition.index(), "groups cannot be stored: {}", refusal.code);
            let code = code_of(refusal.code);
            self.fail(core, code);
            return Err(code);
        }
        for record in &records {
            if let Err(fault) = shard.replay(Some(&record.key), record.value.as_deref()) {
                tracing::error!(partition = self.partition.index(), "a record of our own: {fault}");
            }
        }
        let (bytes, deadline) = (shard.bytes(), shard.next_deadline_ms());
        drop(shard);
        let groups = &core.groups;
        groups.bytes.set((groups.bytes.get() + bytes).saturating_sub(bytes_before));
        if deadline.is_some_and(|at_ms| deadline_before.is_none_or(|before| at_ms < before)) {
            self.hurried.notify_all();
        }
        if let Some(Ok(append)) = append {
            self.appended.set(self.appended.get() + 1);
            self.follow(core, append, self.appended.get());
        }
        self.deliver(replies);
        Ok(result)
    }

    /// Ends when all that was appended so far is durable.
    /// # Errors
    /// It will not be.
    pub(crate) async fn durable(&self) -> Result<(), ErrorCode> {
        self.durable_to(self.appended.get()).await
    }

    async fn durable_to(&self, wanted: u64) -> Result<(), ErrorCode> {
        loop {
            let progressed = self.progressed.wait();
            if self.durable.get() >= wanted {
                return Ok(());
            }
            if let Some(code) = self.ended.get() {
                return Err(code);
            }
            progressed.await;
        }
    }

    /// A place to wait at, for [`Shard::join`] and [`Shard::sync`].
    pub(super) fn park(&self, waiter: Waiter) -> Parked {
        let (sender, receiver) = oneshot::channel();
        self.parked.borrow_mut().insert(waiter, sender);
        Parked::new(waiter, receiver)
    }

    /// Nobody waits there after all.
    pub(super) fn forget(&self, waiter: Waiter) {
        self.parked.borrow_mut().remove(&waiter);
    }

    fn key(&self) -> (Uuid, i32) {
        (self.partition.topic_id(), self.partition.index())
    }

    /// Members have the time of a session from now on, and what follows of it may be stored. False while there is more to do.
    fn loaded(self: &Rc<Self>, core: &Rc<Core>) -> Result<bool, ErrorCode> {
        let image = core.image();
        let exists = |topic: &str| image.topic_by_name(topic).is_some();
        self.turn(core, |shard, turn, out| shard.loaded(turn, exists, out))
    }

    /// The marker of a transaction is durable in the partition. What was committed without a transaction meanwhile is newer and
    /// stays, as it does when the coordinator is loaded.
    pub(super) fn end_transaction(self: &Rc<Self>, core: &Rc<Core>, producer_id: i64, commits: bool) {
        // One that has ended reads the marker when it is loaded again.
        let _ = self.turn(core, |shard, _, _| shard.end_transaction(producer_id, commits));
    }

    pub(super) fn topic_deleted(self: &Rc<Self>, core: &Rc<Core>, topic: &str) {
        // One that has ended drops the offsets when it is loaded again.
        let _ = self.turn(core, |shard, turn, _| shard.topic_deleted(topic, turn));
    }

    /// Whoever waits or comes gets `code`.
    pub(super) fn end(&self, core: &Core, code: ErrorCode) {
        if self.ended.replace(Some(code)).is_some() {
            return;
        }
        let Groups { bytes, .. } = &core.groups;
        bytes.set(bytes.get().saturating_sub(self.shard.borrow().bytes()));
        // Their receivers see that nobody will answer.
        self.parked.borrow_mut().clear();
        self.progressed.notify_all();
        self.hurried.notify_all();
    }

    fn fail(&self, core: &Rc<Core>, code: ErrorCode) {
        if self.ended.get().is_some() {
            return;
        }
        self.end(core, code);
        core.groups.hosted.borrow_mut().remove(&self.key());
        load::again(core, self.partition.clone());
    }

    fn now(&self, core: &Core) -> Turn {
        let settings = self.partition.settings();
        Turn {
            now_ms: now_ms(),
            unix_ms: ottla_io::unix_millis(),
            room_bytes: core.groups.room_bytes(core),
            batch_bytes_max: settings.max_message_bytes.min(settings.log.segment_bytes as usize),
        }
    }

    /// Appends the records as one batch.
    fn append(&self, turn: &Turn, records: &[Record]) -> Result<AppendFuture, Refusal> {
        let mut batch = BatchBuilder::new();
        for record in records {
            batch.push(turn.unix_ms, Some(&record.key), record.value.as_deref(), &[]);
        }
        let refused = || Refusal::code(ErrorCode::UNKNOWN_SERVER_ERROR);
        let batch = batch.build().map_err(|_| refused())?;
        let header = BatchHeader::parse(&batch).map_err(|_| refused())?;
        let checked = Checked { batch: batch.into(), header, log_append_time: None };
        let mut append = self.partition.append(checked, Acks::All, AppendOrigin::Client);
        // Without a producer nothing is checked but the replicas. What is refused is refused at once, unless the log waits
        // for room.
        match Pin::new(&mut append).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(refusal)) => Err(refusal),
            Poll::Ready(Ok(_)) => Err(refused()),
            Poll::Pending => Ok(append),
        }
    }

    /// Notes when batch `number` is durable.
    fn follow(self: &Rc<Self>, core: &Rc<Core>, append: AppendFuture, number: u64) {
        let (coordinator, core) = (self.clone(), core.clone());
        spawn(Class::Foreground, async move {
            match append.await {
                // In the order of offsets, so that all before it are durable too.
                Ok(_) => {
                    coordinator.durable.set(coordinator.durable.get().max(number));
                    coordinator.progressed.notify_all();
                }
                Err(refusal) => {
                    if !core.is_stopping() {
                        let partition = coordinator.partition.index();
                        tracing::error!(partition, "groups were not stored: {}", refusal.code);
                    }
                    coordinator.fail(&core, code_of(refusal.code));
                }
            }
        });
    }

    /// Replies leave when everything before them is durable.
    fn deliver(self: &Rc<Self>, replies: Vec<(Waiter, Reply)>) {
        if replies.is_empty() {
            return;
        }
        if self.durable.get() == self.appended.get() {
            return self.send(replies);
        }
        let coordinator = self.clone();
        spawn(Class::Foreground, async move {
            // When it has ended, nobody waits any more.
            if coordinator.durable().await.is_ok() {
                coordinator.send(replies);
            }
        });
    }

    fn send(&self, replies: Vec<(Waiter, Reply)>) {
        for (waiter, reply) in replies {
            let parked = self.parked.borrow_mut().remove(&waiter);
            if let Some(parked) = parked {
                // A connection that has gone needs no answer.
                let _ = parked.send(reply);
            }
        }
    }

    /// Does what is due in its time, until the coordinator ends.
    pub(super) fn keep_time(self: &Rc<Self>, core: &Rc<Core>) {
        let (coordinator, core) = (self.clone(), core.clone());
        spawn(Class::Control, async move {
            while coordinator.ended.get().is_none() && !core.is_stopping() {
                let hurried = coordinator.hurried.wait();
                let next = coordinator.look(Shard::next_deadline_ms);
                let wait_ms = next.map(|at_ms| at_ms.saturating_sub(now_ms()));
                match wait_ms {
                    Some(wait_ms) if wait_ms <= 0 => {
                        // An error ends the coordinator.
                        let _ = coordinator.turn(&core, |shard, turn, out| shard.tick(turn, out));
                        let appended = coordinator.appended.get();
                        let _ = coordinator.durable_to(appended.saturating_sub(TICKS_AHEAD)).await;
                        yield_now().await;
                    }
                    Some(wait_ms) => {
                        let wait = Duration::from_millis(wait_ms.unsigned_abs());
                        select(pin!(sleep(wait)), pin!(hurried)).await;
                    }
                    None => hurried.await,
                }
            }
        });
    }
}

/// What a group's client is told of a code of the log, as by Kafka.
fn code_of(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::NOT_ENOUGH_REPLICAS
        | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
        | ErrorCode::REQUEST_TIMED_OUT
        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => ErrorCode::COORDINATOR_NOT_AVAILABLE,
        ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::KAFKA_STORAGE_ERROR => ErrorCode::NOT_COORDINATOR,
        _ => ErrorCode::UNKNOWN_SERVER_ERROR,
    }
}

/// Milliseconds of a clock that never goes back.
pub(super) fn now_ms() -> i64 {
    i64::try_from(ottla_io::now().0 / 1_000_000).unwrap_or(i64::MAX)
}

impl Groups {
    /// What was loaded gets its timers, in turns between which others have theirs, and is active then.
    pub(super) async fn begin(core: &Rc<Core>, coordinator: Rc<Coordinator>) {
        Groups::host(core, &coordinator);
        while coordinator.loaded(core) == Ok(false) {
            yield_now().await;
        }
        Groups::activate(core, coordinator);
    }

    /// Without groups there is nothing to wait for.
    pub(super) fn begin_empty(core: &Rc<Core>, coordinator: Rc<Coordinator>) {
        Groups::host(core, &coordinator);
        // An error ends the coordinator.
        let _ = coordinator.loaded(core);
        Groups::activate(core, coordinator);
    }

    fn host(core: &Core, coordinator: &Rc<Coordinator>) {
        let bytes = &core.groups.bytes;
        bytes.set(bytes.get() + coordinator.look(Shard::bytes));
        let beginning = Hosted::Beginning(coordinator.clone());
        core.groups.hosted.borrow_mut().insert(coordinator.key(), beginning);
    }

    fn activate(core: &Rc<Core>, coordinator: Rc<Coordinator>) {
        // It may have ended meanwhile.
        if coordinator.ended.get().is_none() {
            let active = Hosted::Active(coordinator.clone());
            core.groups.hosted.borrow_mut().insert(coordinator.key(), active);
            coordinator.keep_time(core);
        }
    }
}
