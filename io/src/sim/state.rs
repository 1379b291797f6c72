//! What all reactors of a world share: the clock, the generator, the ops in flight and the events to come.

use super::config::{Config, chance};
use super::disk::{Disk, Errno, InodeId};
use super::faults::Fault;
use super::net::Net;
use super::ops::Next;
use super::trace::Trace;
use crate::driver::{Completion, Op, RawHandle, Token};
use crate::time::Instant;
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

thread_local! {
    /// Crashes in all worlds of this thread.
    static CRASHES: Cell<u64> = const { Cell::new(0) };
}

/// Crashes of nodes in all worlds that this thread has run, for a test to say how many it has shown.
pub fn crash_count() -> u64 {
    CRASHES.get()
}

/// One reading of the clock takes this long, so that a loop that waits for time to pass ends.
const CLOCK_READ_NANOS: u64 = 40;

pub(super) struct Shared {
    now_nanos: Cell<u64>,
    pub(super) state: RefCell<State>,
}

impl Shared {
    pub(super) fn new(seed: u64, config: Config) -> Shared {
        Shared { now_nanos: Cell::new(1_000_000_000), state: RefCell::new(State::new(seed, config)) }
    }

    pub(super) fn now(&self) -> Instant {
        Instant(self.now_nanos.get())
    }

    /// As the simulated program reads it.
    pub(super) fn read_clock(&self) -> Instant {
        self.pass(Duration::from_nanos(CLOCK_READ_NANOS));
        self.now()
    }

    pub(super) fn pass(&self, duration: Duration) {
        self.now_nanos.set(self.now_nanos.get() + duration.as_nanos() as u64);
    }

    pub(super) fn advance_to(&self, instant: Instant) {
        self.now_nanos.set(self.now_nanos.get().max(instant.0));
    }

    pub(super) fn unix_millis(&self) -> i64 {
        let begin = self.state.borrow().config.unix_millis;
        begin + (self.read_clock().0 / 1_000_000) as i64
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ReactorId {
    pub(super) node: usize,
    pub(super) shard: usize,
    /// Counts the starts of the node, so that what is left of an earlier life is known as such.
    pub(super) life: u32,
}

pub(super) type Waiting = (ReactorId, Token);

pub(super) enum Event {
    /// An op's time has come.
    Op(Waiting),
    /// The first packet on the way to this end of a connection arrives.
    Packet(super::net::EndId),
}

pub(super) struct InFlight {
    pub(super) op: Op,
    pub(super) cancelled: bool,
    pub(super) since: Instant,
    /// Its event, unless it waits for something else.
    due: Option<(Instant, u64)>,
}

#[derive(Default)]
pub(super) struct ReactorState {
    pub(super) in_flight: BTreeMap<Token, InFlight>,
    pub(super) done: Vec<Completion>,
}

pub(super) struct Node {
    pub(super) name: String,
    pub(super) disk: Disk,
    pub(super) disk_config: super::config::DiskConfig,
    pub(super) faults: Vec<Fault>,
    pub(super) life: u32,
    /// One for each shard of this life that has not ended.
    pub(super) reactors: BTreeMap<usize, ReactorState>,
    pub(super) stop_requested: bool,
    /// Ops that may still be submitted before the node is to crash.
    pub(super) ops_until_crash: Option<u64>,
    /// The crash is due: nothing that is submitted from now on happens.
    pub(super) is_dying: bool,
    /// Without power, it answers nobody.
    pub(super) is_dark: bool,
    pub(super) op_count: u64,
    pub(super) next_port: u16,
}

/// What a handle stands for.
pub(super) enum Object {
    File { inode: InodeId, path: PathBuf, read: bool, write: bool, direct: bool },
    Lock(InodeId),
    Listener,
    Socket(super::net::EndId),
}

pub(super) struct State {
    pub(super) config: Config,
    pub(super) rng: SmallRng,
    pub(super) trace: Trace,
    pub(super) nodes: Vec<Node>,
    pub(super) net: Net,
    /// With the node that each belongs to. Numbers are never used again, so that a use after a close shows.
    pub(super) handles: BTreeMap<RawHandle, (usize, Object)>,
    next_handle: RawHandle,
    pub(super) events: BTreeMap<(Instant, u64), Event>,
    next_sequence: u64,
    pub(super) panics: Vec<String>,
}

impl State {
    fn new(seed: u64, config: Config) -> State {
        State {
            trace: Trace::new(config.trace),
            config,
            rng: SmallRng::seed_from_u64(seed),
            nodes: Vec::new(),
            net: Net::default(),
            handles: BTreeMap::new(),
            next_handle: 3,
            events: BTreeMap::new(),
            next_sequence: 0,
            panics: Vec::new(),
        }
    }

    pub(super) fn random_u64(&mut self) -> u64 {
        self.rng.next_u64()
    }

    pub(super) fn pick(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count)
    }

    pub(super) fn schedule(&mut self, at: Instant, event: Event) -> (Instant, u64) {
        let key = (at, self.next_sequence);
        self.next_sequence += 1;
        self.events.insert(key, event);
        key
    }

    pub(super) fn add_handle(&mut self, node: usize, object: Object) -> RawHandle {
        if let Object::File { inode, .. } | Object::Lock(inode) = &object {
            let inode = *inode;
            self.nodes[node].disk.opened(inode);
        }
        let raw = self.next_handle;
        self.next_handle += 1;
        self.handles.insert(raw, (node, object));
        raw
    }

    pub(super) fn object(&self, node: usize, raw: RawHandle) -> Result<&Object, Errno> {
        match self.handles.get(&raw) {
            Some((owner, object)) if *owner == node => Ok(object),
            _ => Err(libc::EBADF),
        }
    }

    pub(super) fn reactor(&mut self, id: ReactorId) -> Option<&mut ReactorState> {
        let node = &mut self.nodes[id.node];
        if node.life == id.life { node.reactors.get_mut(&id.shard) } else { None }
    }

    /// False when nothing that this reactor asks for happens any more.
    pub(super) fn is_alive(&self, id: ReactorId) -> bool {
        let node = &self.nodes[id.node];
        node.life == id.life && !node.is_dying && node.reactors.contains_key(&id.shard)
    }

    pub(super) fn submit(&mut self, id: ReactorId, now: Instant, token: Token, op: Op) {
        if !self.is_alive(id) {
            return;
        }
        let node = &mut self.nodes[id.node];
        node.op_count += 1;
        self.trace.submitted(now, id, token, &op);
        if let Some(left) = &mut node.ops_until_crash {
            *left = left.saturating_sub(1);
            if *left == 0 {
                node.ops_until_crash = None;
                node.is_dying = true;
            }
        }
        let takes = self.latency(id.node, &op);
        let in_flight = InFlight { op, cancelled: false, since: now, due: None };
        let Some(reactor) = self.reactor(id) else { return };
        let earlier = reactor.in_flight.insert(token, in_flight);
        assert!(earlier.is_none(), "an op's place is taken");
        if let Some(takes) = takes {
            self.rouse(now, (id, token), takes);
        }
    }

    /// `None` for what waits for somebody.
    fn latency(&mut self, node: usize, op: &Op) -> Option<Duration> {
        let State { nodes, rng, config, .. } = self;
        let disk = &nodes[node].disk_config;
        let latency = match op {
            Op::Read { .. } => disk.read,
            Op::Write { durability: crate::file::Durability::Durable, .. } => disk.durable,
            Op::Write { .. } => disk.write,
            Op::SyncData { .. } | Op::SyncAll { .. } => disk.durable,
            Op::Close { .. } => super::config::Latency::micros(0, 50),
            Op::Accept { .. } | Op::Recv { .. } | Op::Send { .. } | Op::Splice { .. } => {
                super::config::Latency::micros(0, 10)
            }
            Op::Connect { .. } => config.net.delay,
            Op::Stop => {
                if !nodes[node].stop_requested {
                    return None;
                }
                super::config::Latency::micros(0, 100)
            }
            _ => disk.metadata,
        };
        Some(latency.draw(rng))
    }

    /// Has an op carried out in a while, whatever it waits for.
    pub(super) fn rouse(&mut self, now: Instant, waiting: Waiting, after: Duration) {
        let (id, token) = waiting;
        let Some(in_flight) = self.reactor(id).and_then(|reactor| reactor.in_flight.get(&token)) else {
            return;
        };
        if in_flight.due.is_some() {
            return;
        }
        let due = self.schedule(now + after, Event::Op(waiting));
        if let Some(in_flight) = self.reactor(id).and_then(|reactor| reactor.in_flight.get_mut(&token)) {
            in_flight.due = Some(due);
        }
    }

    pub(super) fn rouse_soon(&mut self, now: Instant, waiting: Waiting) {
        let after = Duration::from_nanos(self.rng.random_range(100..10_000));
        self.rouse(now, waiting, after);
    }

    /// Disk ops are cancelled or not, by seed; what waits for a peer always is. True where a ring would have to ask
    /// its kernel.
    pub(super) fn cancel(&mut self, id: ReactorId, now: Instant, token: Token) -> bool {
        let begun = self.rng.random_bool(0.5);
        let Some(reactor) = self.reactor(id) else { return false };
        let Some(in_flight) = reactor.in_flight.get_mut(&token) else { return false };
        if in_flight.cancelled {
            return false;
        }
        match &in_flight.op {
            Op::Blocking { .. } => return false,
            Op::Close { .. } => {}
            Op::Accept { .. }
            | Op::Connect { .. }
            | Op::Recv { .. }
            | Op::Send { .. }
            | Op::Splice { .. }
            | Op::Stop => {
                // One that is due already may still get what it is due for.
                if in_flight.due.is_none() || !begun {
                    in_flight.cancelled = true;
                    self.rouse_soon(now, (id, token));
                }
            }
            _ if begun => {}
            _ => in_flight.cancelled = true,
        }
        true
    }

    /// Carries out everything that is due.
    pub(super) fn pass_events(&mut self, now: Instant) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > now {
                break;
            }
            match entry.remove() {
                Event::Op((id, token)) => self.op_is_due(id, now, token),
                Event::Packet(end) => self.packet_arrives(end, now),
            }
        }
    }

    fn op_is_due(&mut self, id: ReactorId, now: Instant, token: Token) {
        if self.nodes[id.node].is_dying {
            return;
        }
        let Some(reactor) = self.reactor(id) else { return };
        let Some(mut in_flight) = reactor.in_flight.remove(&token) else { return };
        in_flight.due = None;
        let again = match self.carry_out((id, token), now, &mut in_flight) {
            Next::Ended(result) => return self.complete(id, now, token, result, in_flight.op),
            Next::Waits => None,
            Next::Again(after) => Some(after),
        };
        if let Some(reactor) = self.reactor(id) {
            reactor.in_flight.insert(token, in_flight);
        }
        if let Some(after) = again {
            self.rouse(now, (id, token), after);
        }
    }

    fn complete(&mut self, id: ReactorId, now: Instant, token: Token, result: i32, op: Op) {
        self.trace.completed(now, id, token, result, &op);
        if let Some(reactor) = self.reactor(id) {
            reactor.done.push(Completion { token, result, op });
        }
    }

    /// Hands over what has ended, in an order of its own, and sometimes not all of it.
    pub(super) fn take_done(&mut self, id: ReactorId, out: &mut Vec<Completion>) {
        let mut count = match self.reactor(id) {
            Some(reactor) if !reactor.done.is_empty() => reactor.done.len(),
            _ => return,
        };
        if count > 1 && chance(&mut self.rng, 0.25) {
            count = self.rng.random_range(1..=count);
        }
        for _ in 0..count {
            let len = self.reactor(id).map_or(0, |reactor| reactor.done.len());
            let index = if len > 1 { self.pick(len) } else { 0 };
            if let Some(reactor) = self.reactor(id) {
                out.push(reactor.done.swap_remove(index));
            }
        }
    }

    /// A reactor has ended in good order: what it had in flight on the disk happens, the rest is forgotten.
    pub(super) fn drain(&mut self, id: ReactorId, now: Instant) {
        if !self.is_alive(id) {
            return;
        }
        loop {
            let tokens: Vec<Token> = self
                .reactor(id)
                .map(|reactor| reactor.in_flight.keys().copied().collect())
                .unwrap_or_default();
            if tokens.is_empty() {
                break;
            }
            let token = tokens[self.pick(tokens.len())];
            let Some(mut in_flight) = self.reactor(id).and_then(|reactor| reactor.in_flight.remove(&token))
            else {
                break;
            };
            if let Next::Ended(result) = self.carry_out((id, token), now, &mut in_flight) {
                self.close_brought(id, now, result, &in_flight.op);
            }
        }
        let done = self.reactor(id).map(|reactor| std::mem::take(&mut reactor.done)).unwrap_or_default();
        for completion in done {
            self.close_brought(id, now, completion.result, &completion.op);
        }
        self.nodes[id.node].reactors.remove(&id.shard);
    }

    /// Nobody is left to get the handle that an op brought.
    fn close_brought(&mut self, id: ReactorId, now: Instant, result: i32, op: &Op) {
        if result >= 0 && op.brings_handle() {
            self.close(id.node, now, result);
        }
    }

    /// Ends a node's life at once. What was in flight happened or did not, by seed; without power, so with everything
    /// that no sync has made durable.
    pub(super) fn crash(&mut self, node: usize, now: Instant, without_power: bool) {
        self.trace.note(now, "crash");
        CRASHES.set(CRASHES.get() + 1);
        let reactors = std::mem::take(&mut self.nodes[node].reactors);
        let mut in_flight: Vec<InFlight> =
            reactors.into_values().flat_map(|reactor| reactor.in_flight.into_values()).collect();
        while !in_flight.is_empty() {
            let index = self.pick(in_flight.len());
            let mut one = in_flight.swap_remove(index);
            if self.rng.random_bool(0.5) {
                self.happen_at_crash(node, now, &mut one.op, without_power);
            }
        }
        self.drop_sockets(node, now, without_power);
        self.handles.retain(|_, (owner, _)| *owner != node);
        let Node { disk, disk_config, .. } = &mut self.nodes[node];
        if without_power {
            disk.crash(&mut self.rng, disk_config.ordered_directory_changes);
        } else {
            disk.close_all();
        }
        let node = &mut self.nodes[node];
        node.life += 1;
        node.is_dying = false;
        node.is_dark = without_power;
        node.ops_until_crash = None;
        node.stop_requested = false;
    }

    /// An op that changes the disk takes place; nobody will see its result.
    fn happen_at_crash(&mut self, node: usize, now: Instant, op: &mut Op, without_power: bool) {
        match op {
            // Without power a write that had not ended is as torn as one that nobody had made durable.
            Op::Write { durability, .. } if without_power => {
                *durability = crate::file::Durability::Volatile;
            }
            Op::Write { .. }
            | Op::SyncData { .. }
            | Op::SyncAll { .. }
            | Op::SetLen { .. }
            | Op::Rename { .. }
            | Op::Unlink { .. }
            | Op::Mkdir { .. }
            | Op::RemoveDirAll { .. }
            | Op::Open { .. } => {}
            _ => return,
        }
        let _ = self.disk_op(node, now, op);
    }

    /// All shards of a node have ended in good order.
    pub(super) fn node_ended(&mut self, node: usize, now: Instant) {
        self.trace.note(now, "end");
        self.drop_sockets(node, now, false);
        self.handles.retain(|_, (owner, _)| *owner != node);
        let node = &mut self.nodes[node];
        node.disk.close_all();
        node.life += 1;
        node.ops_until_crash = None;
        node.is_dying = false;
        node.stop_requested = false;
    }

    pub(super) fn has_done(&self, node: usize, shard: usize) -> bool {
        self.nodes[node].reactors.get(&shard).is_some_and(|reactor| !reactor.done.is_empty())
    }

    pub(super) fn request_stop(&mut self, node: usize, now: Instant) {
        self.nodes[node].stop_requested = true;
        let life = self.nodes[node].life;
        let waiting: Vec<Waiting> = (self.nodes[node].reactors.iter())
            .flat_map(|(shard, reactor)| {
                let id = ReactorId { node, shard: *shard, life };
                (reactor.in_flight.iter())
                    .filter(|(_, in_flight)| matches!(in_flight.op, Op::Stop))
                    .map(move |(token, _)| (id, *token))
            })
            .collect();
        waiting.into_iter().for_each(|waiting| self.rouse_soon(now, waiting));
    }

    pub(super) fn set_buffered(&mut self, node: usize, raw: RawHandle) -> Result<(), Errno> {
        match self.handles.get_mut(&raw) {
            Some((owner, Object::File { direct, .. })) if *owner == node => {
                *direct = false;
                Ok(())
            }
            _ => Err(libc::EBADF),
        }
    }
}
