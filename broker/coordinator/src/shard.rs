//! The groups of one partition of `__consumer_offsets`: the frame that every group protocol stands in.
//!
//! An [`Entry`] is a group id with what it has committed and the group of its protocol. A protocol has a folder of its own
//! with a group type, handlers that borrow one group in one turn, and its part of [`Shard::replay`] and of
//! [`Shard::tick`]. Memory is counted by entry, before and after each change of one.

use crate::classic::{self, Scope};
use crate::offsets::{Committed, Offsets};
use crate::record::{self, Content, Fault};
use crate::settings::Settings;
use crate::timers::{GroupTimer, Timer, Timers};
use crate::turn::{Out, Turn};
use ottla_protocol::Seed;
use ottla_protocol::messages::{GroupMetadataKey, GroupMetadataValue, OffsetCommitValue};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::rc::Rc;

/// Timers that one turn handles, groups and offsets that it looks at for what is to be dropped, and what it writes of
/// tombstones: some two thousand, of 64 bytes each.
const TIMERS_PER_TURN: usize = 64;
const LOOKED_AT_PER_TURN: usize = 4_096;
/// Groups, members and topics that one turn sees to after the load.
const LOADED_PER_TURN: usize = 1_024;
const TOMBSTONE_BYTES_PER_TURN: usize = 128 << 10;
/// What a group takes beside its members and offsets.
pub(crate) const ENTRY_BYTES: usize = 512;

/// A group by its protocol.
#[derive(Clone, Debug)]
pub enum Group {
    Classic(classic::Group),
}

impl Default for Group {
    fn default() -> Group {
        Group::Classic(classic::Group::default())
    }
}

impl Group {
    pub fn as_classic(&self) -> Option<&classic::Group> {
        match self {
            Group::Classic(group) => Some(group),
        }
    }

    fn is_unused(&self) -> bool {
        match self {
            Group::Classic(group) => group.is_unused(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Group::Classic(group) => group.bytes(),
        }
    }

    fn member_count(&self) -> usize {
        match self {
            Group::Classic(group) => group.member_count(),
        }
    }
}

/// A group id: its group and its offsets.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    pub group: Group,
    pub offsets: Offsets,
}

impl Entry {
    fn bytes(&self, id: &str) -> usize {
        ENTRY_BYTES + id.len() + self.group.bytes() + self.offsets.bytes()
    }

    fn is_unused(&self) -> bool {
        self.offsets.is_empty() && self.group.is_unused()
    }
}

/// See the module.
#[derive(Debug)]
pub struct Shard {
    settings: Settings,
    seed: Seed,
    groups: BTreeMap<Rc<str>, Entry>,
    timers: Timers,
    /// Memory that the groups take.
    bytes: usize,
    /// Up to which group timers have begun.
    loaded_to: Option<Rc<str>>,
    /// Where the search for expired offsets goes on.
    expire_from: Option<Rc<str>>,
    deleted: DeletedTopics,
    /// Groups to which open transactions have committed offsets, by producer id.
    transactions: BTreeMap<i64, BTreeSet<Rc<str>>>,
}

/// Topics whose offsets are to be dropped: all of them in one pass over the groups, and up to which group it has come. Those
/// that are deleted meanwhile have to wait for the next pass.
#[derive(Debug, Default)]
struct DeletedTopics {
    names: BTreeSet<Rc<str>>,
    next: BTreeSet<Rc<str>>,
    from: Option<Rc<str>>,
}

impl DeletedTopics {
    /// Those of the pass that the group has offsets of. Looks at whichever are fewer.
    fn among<'o>(&'o self, offsets: &'o Offsets) -> Vec<&'o Rc<str>> {
        if self.names.len() < offsets.topic_count() && !offsets.has_pending() {
            self.names.iter().filter(|name| offsets.of_topic(name).is_some()).collect()
        } else {
            offsets.all_topics().filter(|name| self.names.contains(*name)).collect()
        }
    }
}

impl Shard {
    /// `seed` makes the ids of members.
    pub fn new(settings: Settings, seed: Seed) -> Shard {
        Shard {
            settings,
            seed,
            groups: BTreeMap::new(),
            timers: Timers::default(),
            bytes: 0,
            loaded_to: None,
            expire_from: None,
            deleted: DeletedTopics::default(),
            transactions: BTreeMap::new(),
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// In the order of their ids.
    pub fn groups(&self) -> impl Iterator<Item = (&Rc<str>, &Entry)> {
        self.groups.iter()
    }

    /// Those behind `group_id`, or all.
    pub fn groups_after(&self, group_id: Option<&Rc<str>>) -> impl Iterator<Item = (&Rc<str>, &Entry)> {
        self.groups.range::<Rc<str>, _>((after(group_id), Bound::Unbounded))
    }

    pub fn entry(&self, group_id: &str) -> Option<&Entry> {
        self.groups.get(group_id)
    }

    /// Memory that the groups take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When [`Shard::tick`] has something to do, by [`Turn::now_ms`].
    pub fn next_deadline_ms(&self) -> Option<i64> {
        self.timers.next_deadline_ms()
    }

    /// Takes a record over: the only way in which what outlives the process changes.
    /// # Errors
    /// Bytes that are no record.
    pub fn replay(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<(), Fault> {
        match Content::parse(key, value)? {
            Content::OffsetCommit(key, value) => {
                self.change(&key.group, true, |entry, _| {
                    entry.offsets.replay(&key.topic, key.partition, value.as_ref());
                });
            }
            Content::LegacyOffsetCommit(key, value) => {
                let value = value.map(|value| OffsetCommitValue {
                    offset: value.offset,
                    metadata: value.metadata,
                    commit_timestamp: value.commit_timestamp,
                    ..OffsetCommitValue::default()
                });
                self.change(&key.group, true, |entry, _| {
                    entry.offsets.replay(&key.topic, key.partition, value.as_ref());
                });
            }
            Content::GroupMetadata(key, value) => self.replay_classic(&key, value.as_ref()),
            // Other protocols are not coordinated here, and a newer broker's records are its own.
            _ => {}
        }
        Ok(())
    }

    /// As [`Shard::replay`], of a batch that belongs to a transaction: offsets are pending until it ends. Everything else counts
    /// at once, as by Kafka, which writes nothing else in transactions.
    /// # Errors
    /// Bytes that are no record.
    pub fn replay_transactional(
        &mut self,
        producer_id: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), Fault> {
        let Content::OffsetCommit(of, Some(commit)) = Content::parse(key, value)? else {
            return self.replay(key, value);
        };
        let committed = Committed::of(&commit);
        self.change(&of.group, true, |entry, _| {
            entry.offsets.replay_pending(producer_id, &of.topic, of.partition, committed);
        });
        if let Some((id, _)) = self.groups.get_key_value(&*of.group) {
            self.transactions.entry(producer_id).or_default().insert(id.clone());
        }
        Ok(())
    }

    /// The marker of a transaction was replayed: what it committed counts from now on, or never.
    pub fn end_transaction(&mut self, producer_id: i64, commits: bool) {
        for group_id in self.transactions.remove(&producer_id).unwrap_or_default() {
            self.change(&group_id, false, |entry, _| entry.offsets.end_transaction(producer_id, commits));
        }
    }

    fn replay_classic(&mut self, key: &GroupMetadataKey<'_>, value: Option<&GroupMetadataValue<'_>>) {
        self.change(&key.group, value.is_some(), |entry, _| match (value, &mut entry.group) {
            (Some(value), Group::Classic(group)) => group.replay(value),
            (None, group) => *group = Group::default(),
        });
    }

    /// All records were replayed: timers begin, in parts. False while there is more to do: call it again then, before
    /// anything else is asked for. `topic_exists` tells which topics are there: offsets of others are dropped, as if they had been
    /// deleted just now.
    pub fn loaded(&mut self, turn: &Turn, topic_exists: impl Fn(&str) -> bool, out: &mut Out) -> bool {
        let from = self.loaded_to.take();
        let range = self.groups.range::<Rc<str>, _>((after(from.as_ref()), Bound::Unbounded));
        let mut seen_to = 0;
        let ids = range.map_while(|(id, entry)| {
            let begins = seen_to < LOADED_PER_TURN;
            seen_to += 1 + entry.offsets.topic_count() + entry.group.member_count();
            begins.then(|| id.clone())
        });
        let ids: Vec<Rc<str>> = ids.collect();
        for id in &ids {
            self.classic(id, false, turn, out, |scope, _| scope.loaded());
            let topics = self.groups.get(id).into_iter().flat_map(|entry| entry.offsets.all_topics());
            let gone = topics.filter(|topic| !topic_exists(topic));
            self.deleted.names.extend(gone.cloned());
        }
        if seen_to >= LOADED_PER_TURN {
            self.loaded_to = ids.last().cloned();
            return false;
        }
        let is_dropping = !self.deleted.names.is_empty();
        self.timers.set(Timer::ExpireOffsets, if is_dropping { turn.now_ms } else { self.next_check(turn) });
        true
    }

    fn next_check(&self, turn: &Turn) -> i64 {
        turn.now_ms.saturating_add(self.settings.offsets_retention_check_interval_ms)
    }

    /// Does some of what is due, a bounded part of it; call it again while [`Shard::next_deadline_ms`] has come.
    pub fn tick(&mut self, turn: &Turn, out: &mut Out) {
        for _ in 0..TIMERS_PER_TURN {
            match self.timers.pop_due(turn.now_ms) {
                Some(Timer::Group(id, timer)) => self.expire(&id, timer, turn, out),
                Some(Timer::ExpireOffsets) => {
                    let is_done = self.drop_deleted(turn, out) && self.expire_offsets(turn, out);
                    let next = if is_done { self.next_check(turn) } else { turn.now_ms };
                    self.timers.set(Timer::ExpireOffsets, next);
                    // One batch takes no more.
                    return;
                }
                None => return,
            }
            // Each group's record may be as large as a batch.
            if !out.records.is_empty() {
                return;
            }
        }
    }

    fn expire(&mut self, group_id: &Rc<str>, timer: GroupTimer, turn: &Turn, out: &mut Out) {
        self.classic(group_id, false, turn, out, |scope, _| scope.expire(timer));
    }

    /// Offsets of the topic are dropped, by the next ticks; until then none is committed for another one of its name.
    pub fn topic_deleted(&mut self, topic: &str, turn: &Turn) {
        let DeletedTopics { names, next, from } = &mut self.deleted;
        // Groups that the pass has left behind may have offsets of it.
        let of_pass = if from.is_none() { names } else { next };
        of_pass.insert(Rc::from(topic));
        self.timers.set(Timer::ExpireOffsets, turn.now_ms);
    }

    /// Offsets of a deleted topic of this name are still there.
    pub(crate) fn is_dropping(&self, topic: &str) -> bool {
        self.deleted.names.contains(topic) || self.deleted.next.contains(topic)
    }

    /// False while there is more to do.
    fn drop_deleted(&mut self, turn: &Turn, out: &mut Out) -> bool {
        if self.deleted.names.is_empty() {
            return true;
        }
        let mut from = self.deleted.from.take();
        let (mut looked_at, mut room_bytes) = (0, tombstone_room(turn, out));
        for (id, entry) in self.groups.range::<Rc<str>, _>((after(from.as_ref()), Bound::Unbounded)) {
            looked_at += 1 + self.deleted.names.len().min(entry.offsets.topic_count());
            let of_topic =
                |topic: &Rc<str>| entry.offsets.of_topic(topic).into_iter().flat_map(BTreeMap::keys);
            let topics = self.deleted.among(&entry.offsets);
            let tombstones = topics.into_iter().flat_map(|topic| {
                of_topic(topic).filter_map(|index| entry.offsets.tombstone(id, topic, *index))
            });
            if !out.extend_within(&mut room_bytes, tombstones) && !out.records.is_empty() {
                // The next turn goes on with what is left of this group.
                self.deleted.from = from;
                return false;
            }
            from = Some(id.clone());
            if looked_at >= LOOKED_AT_PER_TURN {
                self.deleted.from = from;
                return false;
            }
        }
        self.deleted.names = std::mem::take(&mut self.deleted.next);
        self.deleted.names.is_empty()
    }

    /// False while there is more to do.
    fn expire_offsets(&mut self, turn: &Turn, out: &mut Out) -> bool {
        let mut from = self.expire_from.take();
        let retention_ms = self.settings.offsets_retention_ms;
        let (mut looked_at, mut room_bytes) = (0, tombstone_room(turn, out));
        for (id, entry) in self.groups.range::<Rc<str>, _>((after(from.as_ref()), Bound::Unbounded)) {
            let Group::Classic(group) = &entry.group;
            let count: usize = entry.offsets.topics().map(|(_, partitions)| partitions.len()).sum();
            let mut left = count;
            let expired = entry.offsets.expired(group, turn.unix_ms, retention_ms);
            let tombstones = expired.filter_map(|(topic, index)| entry.offsets.tombstone(id, topic, index));
            let mut is_done = out.extend_within(&mut room_bytes, tombstones.inspect(|_| left -= 1));
            // A group without members and offsets is over.
            let is_over = left == 0 && !entry.offsets.has_pending();
            if is_done && is_over && group.state() == classic::State::Empty && group.has_record() {
                is_done = out.extend_within(&mut room_bytes, group_tombstone(id));
            }
            if !is_done && !out.records.is_empty() {
                // The next turn goes on with what is left of this group.
                self.expire_from = from;
                return false;
            }
            looked_at += 1 + count;
            from = Some(id.clone());
            if looked_at >= LOOKED_AT_PER_TURN {
                self.expire_from = from;
                return false;
            }
        }
        true
    }

    /// Runs `work` on a classic group. `None`: there is no such group.
    pub(crate) fn classic<R>(
        &mut self,
        group_id: &str,
        create: bool,
        turn: &Turn,
        out: &mut Out,
        work: impl FnOnce(&mut Scope<'_>, &mut Seed) -> R,
    ) -> Option<R> {
        let id = match self.groups.get_key_value(group_id) {
            Some((id, _)) => id.clone(),
            None if create => Rc::from(group_id),
            None => return None,
        };
        let settings = self.settings.clone();
        let mut seed = self.seed.clone();
        let result = self.change(group_id, create, |entry, timers| match &mut entry.group {
            Group::Classic(group) => {
                let mut scope = Scope { id: &id, group, timers, settings: &settings, turn, out };
                Some(work(&mut scope, &mut seed))
            }
        });
        self.seed = seed;
        result.flatten()
    }

    /// Changes an entry, and counts its memory; one that holds nothing any more is taken out.
    fn change<R>(
        &mut self,
        group_id: &str,
        create: bool,
        change: impl FnOnce(&mut Entry, &mut Timers) -> R,
    ) -> Option<R> {
        if !self.groups.contains_key(group_id) {
            if !create {
                return None;
            }
            let entry = Entry::default();
            self.bytes += entry.bytes(group_id);
            self.groups.insert(Rc::from(group_id), entry);
        }
        let entry = self.groups.get_mut(group_id)?;
        self.bytes -= entry.bytes(group_id);
        let result = change(entry, &mut self.timers);
        if entry.is_unused() {
            self.groups.remove(group_id);
        } else {
            self.bytes += entry.bytes(group_id);
        }
        Some(result)
    }
}

fn after(from: Option<&Rc<str>>) -> Bound<&Rc<str>> {
    from.map_or(Bound::Unbounded, Bound::Excluded)
}

/// What tombstones may still take in this turn.
fn tombstone_room(turn: &Turn, out: &Out) -> usize {
    TOMBSTONE_BYTES_PER_TURN.min(turn.batch_bytes_max).saturating_sub(out.batch_bytes())
}

pub(crate) fn group_tombstone(group_id: &str) -> Option<record::Record> {
    record::tombstone(&GroupMetadataKey { group: Cow::Borrowed(group_id) }).ok()
}
