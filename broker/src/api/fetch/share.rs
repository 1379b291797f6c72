//! What an owner keeps of a large fetch session: what is asked of its partitions, and which of them may have news.
//!
//! Lives on the core that owns the partitions; the session, on the core of its connection, sends what changed and gets
//! what it does not know. A partition that was read and had nothing is armed, and is not looked at again before it
//! changes; all others are due, and are read each time. A result that got lost on its way, because the fetch had ended
//! meanwhile, makes due again what it told.

use super::read::{self, Asked, Demand, Read};
use crate::core::Core;
use ottla_io::{Instant, ShardId, now};
use ottla_shard::Isolation;
use ottla_shard::standing::{Armed, Parked, Seen, StandingWatch};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// The session's core, and its number for this share.
pub(crate) type ShareId = (ShardId, u64);

/// What has changed of a session since its last call to the owner.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The share is made, with nothing in it.
    pub(super) begins: Option<Isolation>,
    /// By place. Those that were there get other wishes.
    pub(super) wanted: Vec<(u64, Asked)>,
    pub(super) gone: Vec<u64>,
    /// The number of the last result that arrived.
    pub(super) received: u64,
}

/// What an owner has read.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) number: u64,
    /// In the order of places.
    pub(super) reads: Vec<Placed>,
    /// A wake brought enough along.
    pub(super) suffices: bool,
    pub(super) ended: Instant,
}

/// What was read at a place.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) place: u64,
    pub(super) read: Read,
    /// There was nothing to read: it is not read again before it changes.
    pub(super) is_quiet: bool,
}

/// The shares of one core.
#[derive(Default)]
pub(crate) struct Shares(RefCell<HashMap<ShareId, Rc<Share>>>);

impl Shares {
    /// The share with `changes` made. `None`: there is none of that name.
    pub(super) fn change(&self, id: ShareId, changes: Changes) -> Option<Rc<Share>> {
        let mut shares = self.0.borrow_mut();
        if let Some(isolation) = changes.begins {
            shares.insert(id, Rc::new(Share::new(isolation)));
        }
        let share = shares.get(&id)?.clone();
        share.follow(changes);
        Some(share)
    }

    pub(super) fn end(&self, id: ShareId) {
        let ended = self.0.borrow_mut().remove(&id);
        drop(ended);
    }

    /// Partitions of all sessions that are watched here.
    pub(crate) fn partitions(&self) -> usize {
        self.0.borrow().values().map(|share| share.state.borrow().slots.len()).sum()
    }
}

/// See the module.
pub(super) struct Share {
    watch: StandingWatch,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    slots: HashMap<u64, Slot>,
    /// What may have news, in the order in which it is read.
    due: BTreeSet<u64>,
    /// What the last result called quiet.
    unconfirmed: Vec<u64>,
    /// The number of the last read that began. One that is broken off is a result that did not arrive.
    sent: u64,
}

impl State {
    /// What has changed is due, unless it was forgotten since.
    fn take_marked(&mut self, watch: &StandingWatch) {
        let marked = watch.take_marked().into_iter().filter(|place| self.slots.contains_key(place));
        self.due.extend(marked);
    }
}

struct Slot {
    asked: Asked,
    /// As it was when it was last read, and the end of what could be read.
    seen: Option<(Seen, i64)>,
    armed: Option<Armed>,
}

impl Share {
    fn new(isolation: Isolation) -> Share {
        Share { watch: StandingWatch::new(isolation), state: RefCell::default() }
    }

    fn follow(&self, changes: Changes) {
        let state = &mut *self.state.borrow_mut();
        if changes.received != state.sent {
            state.due.extend(&state.unconfirmed);
        }
        state.unconfirmed.clear();
        for place in changes.gone {
            state.slots.remove(&place);
            state.due.remove(&place);
        }
        for (place, asked) in changes.wanted {
            state.slots.insert(place, Slot { asked, seen: None, armed: None });
            state.due.insert(place);
        }
    }

    /// Reads what is due, in order, until the bytes are used up. The first that has anything gives its first batch whole.
    pub(super) async fn read(&self, core: &Rc<Core>, demand: &Demand) -> Told {
        let number = {
            let mut state = self.state.borrow_mut();
            state.take_marked(&self.watch);
            state.sent += 1;
            state.sent
        };
        let mut reads = Vec::new();
        let mut left = demand.bytes_max;
        let mut at_least_one = true;
        let mut from = 0;
        while let Some((place, asked)) = self.next_due(from) {
            from = place + 1;
            let found = core.partitions.get(asked.topic_id, asked.index);
            let seen = found.as_ref().ok().map(|partition| partition.seen());
            let read = match &found {
                Ok(partition) => {
                    read::read_one(partition, &asked, left, demand.isolation, at_least_one).await
                }
                Err(code) => Err(*code),
            };
            let read = read.unwrap_or_else(Read::failed);
            let bytes = read.bytes();
            at_least_one &= bytes == 0;
            left = left.saturating_sub(bytes);
            // Offsets below the end have bytes, even if the limits left none of them.
            let is_quiet = bytes == 0 && !read.answers_at_once() && asked.fetch_offset >= read.end();
            if let (Ok(partition), Some(seen)) = (&found, seen) {
                let state = &mut *self.state.borrow_mut();
                // While the disk was read, it may have been asked for something else, or forgotten.
                let slot = state.slots.get_mut(&place).filter(|slot| slot.asked == asked);
                if let Some(slot) = slot {
                    slot.seen = Some((seen, read.end()));
                    if is_quiet {
                        state.due.remove(&place);
                        state.unconfirmed.push(place);
                        slot.armed = Some(self.watch.arm(partition, place, &seen, read.end()));
                    }
                }
            }
            reads.push(Placed { place, read, is_quiet });
        }
        Told { number, reads, suffices: false, ended: now() }
    }

    fn next_due(&self, from: u64) -> Option<(u64, Asked)> {
        let state = self.state.borrow();
        let due = state.due.range(from..);
        due.filter_map(|place| Some((*place, state.slots.get(place)?.asked))).next()
    }

    /// Ends when `bytes_min` became readable behind the ends that the last reads saw, or a partition has changed.
    pub(super) fn park(&self, core: &Core, bytes_min: usize) -> Parked {
        let parked = self.watch.park(bytes_min);
        let state = &mut *self.state.borrow_mut();
        state.take_marked(&self.watch);
        for place in &state.due {
            let Some(slot) = state.slots.get_mut(place) else { continue };
            match (core.partitions.get(slot.asked.topic_id, slot.asked.index), slot.seen) {
                (Ok(partition), Some((seen, end))) => {
                    slot.armed = Some(self.watch.arm(&partition, *place, &seen, end));
                }
                // It has gone since, or was never read: the next read says so.
                _ => parked.end(),
            }
        }
        parked
    }
}
