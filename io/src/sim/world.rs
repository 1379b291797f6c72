//! The world: starts nodes, runs them step by step, crashes them.

use super::config::Config;
use super::disk::Disk;
use super::driver::SimDriver;
use super::faults::Fault;
use super::state::{Node, ReactorId, Shared};
use super::watch::{Watch, Watched, within};
use super::{DiskConfig, net};
use crate::driver::{AnyDriver, Wait};
use crate::mesh::seats;
use crate::reactor::Reactor;
use crate::runtime::{ShardContext, ShardId, result_of, start_main};
use crate::task::JoinHandle;
use crate::time::Instant;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

/// How a node ends at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// As at kill -9: what was written is there, what was in flight happened or not.
    Process,
    /// The machine loses power: what was not made durable is lost, kept or torn.
    Power,
}

/// Nodes that run on one thread, by one seed.
///
/// A panic of any of their tasks is one of whatever runs the world, unless the configuration says otherwise.
pub struct World {
    shared: Rc<Shared>,
    /// The shards that run, of each node.
    shards: Vec<BTreeMap<usize, Shard>>,
    /// By the node.
    watches: Vec<Option<Rc<dyn Watch>>>,
    seed: u64,
}

struct Shard {
    reactor: Rc<Reactor>,
    main: Box<dyn Main>,
}

/// A shard's main future, whatever its result.
trait Main {
    fn is_finished(&self) -> bool;
    fn take_result(&mut self);
}

struct MainTask<T> {
    task: JoinHandle<T>,
    shard: usize,
    results: Rc<RefCell<Vec<Option<T>>>>,
}

impl<T> Main for MainTask<T> {
    fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    fn take_result(&mut self) {
        self.results.borrow_mut()[self.shard] = result_of(&mut self.task);
    }
}

/// One life of a node: what its main futures returned.
pub struct Run<T> {
    results: Rc<RefCell<Vec<Option<T>>>>,
}

impl<T> Run<T> {
    /// True when every shard has returned.
    pub fn is_finished(&self) -> bool {
        self.results.borrow().iter().all(Option::is_some)
    }

    /// What the shards returned, in order, once: `None` before all have, and forever after a crash.
    pub fn take_results(&self) -> Option<Vec<T>> {
        let mut results = self.results.borrow_mut();
        if results.iter().any(Option::is_none) {
            return None;
        }
        results.iter_mut().map(Option::take).collect()
    }
}

impl World {
    pub fn new(seed: u64, config: Config) -> World {
        World { shared: Rc::new(Shared::new(seed, config)), shards: Vec::new(), watches: Vec::new(), seed }
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A node with an empty disk, that runs nothing yet.
    pub fn add_node(&mut self, name: &str) -> NodeId {
        let mut state = self.shared.state.borrow_mut();
        let disk_config = state.config.disk.clone();
        state.nodes.push(Node {
            name: name.to_owned(),
            disk: Disk::new(),
            disk_config,
            faults: Vec::new(),
            life: 0,
            reactors: BTreeMap::new(),
            stop_requested: false,
            ops_until_crash: None,
            is_dying: false,
            is_dark: false,
            op_count: 0,
            next_port: 0,
        });
        self.shards.push(BTreeMap::new());
        self.watches.push(None);
        NodeId(self.shards.len() - 1)
    }

    /// Has everything that the node does from its next start on pass through `watch`.
    pub fn watch(&mut self, node: NodeId, watch: Rc<dyn Watch>) {
        self.watches[node.0] = Some(watch);
    }

    /// Where other nodes reach it. To itself it is 127.0.0.1 too.
    pub fn address(&self, node: NodeId) -> IpAddr {
        net::node_address(node.0)
    }

    /// Starts `main` once for each of `shards` shards, as [`crate::runtime::run`] does. The node must not be running.
    pub fn start<M, T, F, Fut>(&mut self, node: NodeId, shards: usize, main: F) -> Run<T>
    where
        M: Send + 'static,
        T: 'static,
        F: Fn(ShardContext<M>) -> Fut,
        Fut: Future<Output = T> + 'static,
    {
        assert!(!self.is_up(node), "node {} runs already", node.0);
        let shards = shards.max(1);
        let mesh_capacity = {
            let mut state = self.shared.state.borrow_mut();
            let now = self.shared.now();
            state.trace.note(now, "start");
            state.nodes[node.0].is_dark = false;
            for shard in 0..shards {
                state.nodes[node.0].reactors.insert(shard, Default::default());
            }
            state.config.mesh_capacity
        };
        let life = self.shared.state.borrow().nodes[node.0].life;
        let reactors: Vec<Rc<Reactor>> = (0..shards)
            .map(|shard| {
                let id = ReactorId { node: node.0, shard, life };
                let driver = SimDriver::new(self.shared.clone(), id);
                let shard = u16::try_from(shard).expect("at most 65,536 shards");
                let driver = match &self.watches[node.0] {
                    Some(watch) => AnyDriver::Sim(Box::new(Watched::new(driver, watch.clone()))),
                    None => AnyDriver::Sim(Box::new(driver)),
                };
                Reactor::new(ShardId(shard), driver)
            })
            .collect();
        let alarms: Vec<_> = reactors.iter().map(|reactor| reactor.alarm.clone()).collect();
        let results = Rc::new(RefCell::new((0..shards).map(|_| None).collect::<Vec<Option<T>>>()));
        for (shard, (reactor, seat)) in
            reactors.into_iter().zip(seats::<M>(shards, mesh_capacity)).enumerate()
        {
            let task = {
                let _entered = reactor.enter();
                start_main(&reactor, seat, &alarms, &main)
            };
            let main = Box::new(MainTask { task, shard, results: results.clone() });
            self.shards[node.0].insert(shard, Shard { reactor, main });
        }
        Run { results }
    }

    /// True while any shard of the node runs.
    pub fn is_up(&self, node: NodeId) -> bool {
        !self.shards[node.0].is_empty()
    }

    /// Asks the node to stop: `stop_requested` ends on all its shards.
    pub fn stop(&mut self, node: NodeId) {
        let now = self.shared.now();
        self.shared.state.borrow_mut().request_stop(node.0, now);
    }

    /// Ends the node at once.
    pub fn crash(&mut self, node: NodeId, crash: Crash) {
        if !self.is_up(node) {
            return;
        }
        self.shared.state.borrow_mut().nodes[node.0].is_dying = true;
        self.end_shards(node);
        let now = self.shared.now();
        self.shared.state.borrow_mut().crash(node.0, now, crash == Crash::Power);
    }

    /// Has the node lose power when it has submitted `ops` more ops, the last of them in flight.
    pub fn crash_after(&mut self, node: NodeId, ops: u64) {
        self.shared.state.borrow_mut().nodes[node.0].ops_until_crash = Some(ops.max(1));
    }

    /// Drops the tasks of a node whose ops no longer happen.
    fn end_shards(&mut self, node: NodeId) {
        for shard in std::mem::take(&mut self.shards[node.0]).into_values() {
            let _entered = shard.reactor.enter();
            drop(shard.main);
            shard.reactor.end();
        }
    }

    pub fn now(&self) -> Instant {
        self.shared.now()
    }

    /// Ops that the node has submitted in all its lives.
    pub fn op_count(&self, node: NodeId) -> u64 {
        self.shared.state.borrow().nodes[node.0].op_count
    }

    /// A sum of everything that happened. Two runs of one seed have the same.
    pub fn trace_hash(&self) -> u64 {
        self.shared.state.borrow().trace.hash()
    }

    /// From the world's own generator, for a test's decisions.
    pub fn random_u64(&mut self) -> u64 {
        self.shared.state.borrow_mut().random_u64()
    }

    /// Panics of tasks so far, unless they surface by themselves.
    pub fn panics(&self) -> Vec<String> {
        self.shared.state.borrow().panics.clone()
    }

    /// Runs until `is_true`, or until `within` has passed; returns which.
    pub fn run_until(&mut self, within: Duration, mut is_true: impl FnMut(&World) -> bool) -> bool {
        let deadline = self.now() + within;
        loop {
            if is_true(self) {
                return true;
            }
            if self.now() >= deadline || !self.step(deadline) {
                self.shared.advance_to(deadline);
                return is_true(self);
            }
        }
    }

    pub fn run_for(&mut self, duration: Duration) {
        self.run_until(duration, |_| false);
    }

    /// Runs until the node runs no more.
    pub fn run_to_end(&mut self, node: NodeId, within: Duration) -> bool {
        self.run_until(within, |world| !world.is_up(node))
    }

    /// One reactor's turn, or a jump of the clock up to `limit`. False when nothing would ever happen.
    fn step(&mut self, limit: Instant) -> bool {
        let now = self.shared.now();
        self.shared.state.borrow_mut().pass_events(now);
        let ready: Vec<(usize, usize)> = self.running().filter(|at| self.is_ready(*at, now)).collect();
        if ready.is_empty() {
            return self.jump(limit);
        }
        let (node, shard) = ready[self.shared.state.borrow_mut().pick(ready.len())];
        let finished = {
            let Some(running) = self.shards[node].get(&shard) else { return true };
            let _entered = running.reactor.enter();
            let turn = || {
                running.reactor.wake_up();
                running.reactor.poll(Wait::No);
                running.reactor.turn();
                if !running.reactor.is_ready() {
                    running.reactor.fall_asleep();
                }
            };
            match &self.watches[node] {
                Some(watch) => within(|work| watch.program(work), turn),
                None => turn(),
            }
            running.main.is_finished()
        };
        let turn = {
            let state = &mut *self.shared.state.borrow_mut();
            state.config.turn.draw(&mut state.rng)
        };
        self.shared.pass(turn);
        let is_dying = self.shared.state.borrow().nodes[node].is_dying;
        if is_dying {
            self.crash(NodeId(node), Crash::Power);
        } else if finished {
            self.end_shard(node, shard);
        }
        self.surface_panics();
        true
    }

    fn running(&self) -> impl Iterator<Item = (usize, usize)> {
        (self.shards.iter().enumerate())
            .flat_map(|(node, shards)| shards.keys().map(move |shard| (node, *shard)))
    }

    fn is_ready(&self, (node, shard): (usize, usize), now: Instant) -> bool {
        let Some(running) = self.shards[node].get(&shard) else { return false };
        let reactor = &running.reactor;
        reactor.is_ready()
            || reactor.next_deadline().is_some_and(|deadline| deadline <= now)
            || self.shared.state.borrow().has_done(node, shard)
    }

    fn jump(&mut self, limit: Instant) -> bool {
        let event = self.shared.state.borrow().events.first_key_value().map(|((at, _), _)| *at);
        let timer = (self.shards.iter())
            .flat_map(|shards| shards.values().filter_map(|shard| shard.reactor.next_deadline()))
            .min();
        match event.into_iter().chain(timer).min() {
            Some(next) => {
                self.shared.advance_to(next.min(limit));
                true
            }
            None => false,
        }
    }

    fn end_shard(&mut self, node: usize, shard: usize) {
        let Some(mut ended) = self.shards[node].remove(&shard) else { return };
        {
            let _entered = ended.reactor.enter();
            ended.main.take_result();
            drop(ended.main);
            ended.reactor.end();
        }
        if self.shards[node].is_empty() {
            let now = self.shared.now();
            self.shared.state.borrow_mut().node_ended(node, now);
        }
    }

    fn surface_panics(&self) {
        let state = self.shared.state.borrow();
        if state.config.panics_surface
            && let Some(panic) = state.panics.first()
        {
            let text = panic.clone();
            drop(state);
            panic!("{text} (seed {})", self.seed);
        }
    }

    /// Changes the behaviour of a node's disk from now on.
    pub fn set_disk(&mut self, node: NodeId, change: impl FnOnce(&mut DiskConfig)) {
        change(&mut self.shared.state.borrow_mut().nodes[node.0].disk_config);
    }

    /// Changes the behaviour of the network from now on.
    pub fn set_net(&mut self, change: impl FnOnce(&mut super::NetConfig)) {
        change(&mut self.shared.state.borrow_mut().config.net);
    }

    pub fn add_fault(&mut self, node: NodeId, fault: Fault) {
        self.shared.state.borrow_mut().nodes[node.0].faults.push(fault);
    }

    pub fn clear_faults(&mut self, node: NodeId) {
        self.shared.state.borrow_mut().nodes[node.0].faults.clear();
    }

    /// The files of a node's disk as a program would find them, with their lengths.
    pub fn files(&self, node: NodeId) -> Vec<(PathBuf, u64)> {
        self.shared.state.borrow().nodes[node.0].disk.files()
    }

    /// A file's bytes as a program would read them.
    pub fn read_file(&self, node: NodeId, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let state = self.shared.state.borrow();
        let disk = &state.nodes[node.0].disk;
        let inode = disk.lookup(path.as_ref()).ok()?;
        disk.file(inode).map(|file| file.content.to_vec())
    }

    /// Flips one bit of a file, on the platter too. False when the file has no such byte.
    pub fn flip_bit(&mut self, node: NodeId, path: impl AsRef<Path>, byte: u64, bit: u8) -> bool {
        let mut flipped = false;
        let mut state = self.shared.state.borrow_mut();
        let disk = &mut state.nodes[node.0].disk;
        let Ok(inode) = disk.lookup(path.as_ref()) else { return false };
        disk.damage(inode, &mut |content| {
            let mut one = [0];
            if content.read(byte, &mut one) == 1 {
                content.write(byte, &[one[0] ^ (1 << (bit % 8))]);
                flipped = true;
            }
        });
        flipped
    }

    /// Cuts a file or lengthens it with zeros, on the platter too. False when there is no such file.
    pub fn cut_file(&mut self, node: NodeId, path: impl AsRef<Path>, len: u64) -> bool {
        let mut state = self.shared.state.borrow_mut();
        let disk = &mut state.nodes[node.0].disk;
        let Ok(inode) = disk.lookup(path.as_ref()) else { return false };
        disk.damage(inode, &mut |content| content.set_len(len));
        true
    }

    /// Holds up everything between two nodes, in both directions, until [`World::mend`].
    pub fn cut(&mut self, a: NodeId, b: NodeId) {
        self.cut_one_way(a, b);
        self.cut_one_way(b, a);
    }

    /// Holds up what `from` sends to `to`.
    pub fn cut_one_way(&mut self, from: NodeId, to: NodeId) {
        self.shared.state.borrow_mut().cut(from.0, to.0);
    }

    pub fn mend(&mut self, a: NodeId, b: NodeId) {
        let now = self.shared.now();
        let mut state = self.shared.state.borrow_mut();
        state.mend(a.0, b.0, now);
        state.mend(b.0, a.0, now);
    }

    /// Resets every connection between two nodes.
    pub fn break_connections(&mut self, a: NodeId, b: NodeId) {
        let now = self.shared.now();
        self.shared.state.borrow_mut().break_connections(a.0, b.0, now);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Tasks hold on to their reactors, so that they must be ended to be freed.
        for node in 0..self.shards.len() {
            if let Ok(mut state) = self.shared.state.try_borrow_mut() {
                state.nodes[node].is_dying = true;
            }
            self.end_shards(NodeId(node));
        }
    }
}
