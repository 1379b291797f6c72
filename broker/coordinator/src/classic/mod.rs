//! Classic groups: the coordinator brings members together, one of them assigns.
//!
//! ```text
//!          first join                 all have joined, or time is up            the leader syncs
//!  Empty ─────────────▶ PreparingRebalance ───────────────▶ CompletingRebalance ───────────────▶ Stable
//!    ▲                    │    ▲      ▲                         │                                  │
//!    └── nobody is left ──┘    │      └── join, leave, expiry ──┘                                  │
//!                              └───────────────── join, leave, expiry ─────────────────────────────┘
//! ```
//! A group that ends is taken out of the shard. Generation, protocol, leader, members and their assignments are in one
//! record, written when the leader syncs, when the last member has gone, and when a static member gets a new id. Who waits,
//! who is expected and when sessions end is in no record.
//!
//! The rules, their order and their codes are those of Apache Kafka 4.3 (KIP-62, 134, 345, 389, 394, 814).

mod describe;
mod heartbeat;
mod join;
mod leave;
mod member;
mod rebalance;
mod replay;
pub mod subscription;
mod sync;
#[cfg(test)]
mod tests;

pub(crate) use join::Join;
pub(crate) use leave::left;
pub use member::Member;
use member::PendingJoins;
pub(crate) use rebalance::{join_error, sync_error};

use crate::settings::Settings;
use crate::timers::{GroupTimer, Timer, Timers};
use crate::turn::{Out, Turn};
use ottla_protocol::ErrorCode;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::PreparingRebalance => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }
}

/// See the module. Without a protocol type it is a simple group: one that only commits offsets.
#[derive(Clone, Debug, Default)]
pub struct Group {
    state: State,
    /// The rebalance began from no members: it waits for more of them, and nobody ends it early.
    is_initial: bool,
    /// Of an initial rebalance: how much longer it may be put off.
    initial_remaining_ms: i32,
    new_member_added: bool,
    /// When the group came into its state, since 1970; -1 when nobody knows.
    state_since_unix_ms: i64,
    generation: i32,
    protocol_type: Option<Rc<str>>,
    protocol: Option<Rc<str>>,
    leader: Option<Rc<str>>,
    members: BTreeMap<Rc<str>, Member>,
    /// Ids of members by their instance ids.
    static_members: BTreeMap<Rc<str>, Rc<str>>,
    pending_join: PendingJoins,
    /// Members that have not synced since the join phase.
    pending_sync: BTreeSet<Rc<str>>,
    /// How many members support a protocol.
    supported: BTreeMap<Rc<str>, usize>,
    /// How many members' joins wait.
    joining_count: usize,
    /// Topics of the members' subscriptions; `None` when they cannot be read, or nobody is there.
    subscribed: Option<BTreeSet<String>>,
    /// A record of it is in the log.
    has_record: bool,
    bytes: usize,
}

impl Group {
    pub fn state(&self) -> State {
        self.state
    }
    pub fn generation(&self) -> i32 {
        self.generation
    }
    pub fn protocol_type(&self) -> &str {
        self.protocol_type.as_deref().unwrap_or_default()
    }
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }
    pub fn leader(&self) -> Option<&str> {
        self.leader.as_deref()
    }
    /// In the order of their ids.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }
    pub fn member_count(&self) -> usize {
        self.members.len()
    }
    pub fn state_since_unix_ms(&self) -> i64 {
        self.state_since_unix_ms
    }
    pub fn has_record(&self) -> bool {
        self.has_record
    }

    /// It has never had members: it is there for the sake of its offsets.
    pub fn is_simple(&self) -> bool {
        self.protocol_type.is_none()
    }

    /// Nothing of it is worth keeping, its offsets aside.
    pub fn is_unused(&self) -> bool {
        self.state == State::Empty
            && !self.has_record
            && self.members.is_empty()
            && self.pending_join.is_empty()
    }

    /// Memory that its members take.
    pub fn bytes(&self) -> usize {
        self.bytes + self.pending_join.bytes()
    }

    /// Whether members of a consumer group read `topic`.
    pub fn is_subscribed(&self, topic: &str) -> bool {
        self.subscribed.as_ref().is_some_and(|topics| topics.contains(topic))
    }

    /// Members of the protocol that Kafka's consumers speak, whose subscriptions can be read.
    pub fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some(subscription::PROTOCOL_TYPE)
    }
    pub fn knows_subscriptions(&self) -> bool {
        self.subscribed.is_some()
    }

    fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    fn have_all_joined(&self) -> bool {
        self.members.len() == self.joining_count && self.pending_join.is_empty()
    }

    /// A group with members takes only those that speak its type and a protocol that all of them know.
    fn accepts_protocols<'p>(&self, protocol_type: &str, mut names: impl Iterator<Item = &'p str>) -> bool {
        if self.members.is_empty() {
            return !protocol_type.is_empty() && names.next().is_some();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && names.any(|name| self.supported.get(name) == Some(&self.members.len()))
    }

    /// The member, known by its id and, if it says so, its instance id.
    /// # Errors
    /// UNKNOWN_MEMBER_ID; FENCED_INSTANCE_ID when another one has the instance id now.
    pub fn validate_member(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            match self.static_members.get(instance_id) {
                None => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
                Some(known) if **known != *member_id => return Err(ErrorCode::FENCED_INSTANCE_ID),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member_id) { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) }
    }

    fn insert(&mut self, member: Member) {
        if self.leader.is_none() {
            self.leader = Some(member.id.clone());
        }
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), member.id.clone());
        }
        self.pending_join.remove(&member.id);
        self.count_in(&member);
        self.members.insert(member.id.clone(), member);
    }

    /// Takes the member out of every list; its waits are the caller's to end.
    fn remove(&mut self, member_id: &str) -> Option<Member> {
        self.pending_join.remove(member_id);
        self.pending_sync.remove(member_id);
        let member = self.members.remove(member_id)?;
        self.count_out(&member);
        if let Some(instance_id) = &member.instance_id
            && self.static_members.get(instance_id).is_some_and(|id| **id == *member_id)
        {
            self.static_members.remove(instance_id);
        }
        if self.is_leader(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
        Some(member)
    }

    fn count_in(&mut self, member: &Member) {
        self.bytes += member.bytes();
        self.joining_count += usize::from(member.joining.is_some());
        for (name, _) in &member.protocols {
            *self.supported.entry(name.clone()).or_default() += 1;
        }
    }

    fn count_out(&mut self, member: &Member) {
        self.bytes -= member.bytes();
        self.joining_count -= usize::from(member.joining.is_some());
        for (name, _) in &member.protocols {
            if let Some(count) = self.supported.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    self.supported.remove(name);
                }
            }
        }
    }

    /// Changes a member; what is counted of it stays right.
    fn change<R>(&mut self, member_id: &str, change: impl FnOnce(&mut Member) -> R) -> Option<R> {
        let mut member = self.members.remove(member_id)?;
        self.count_out(&member);
        let result = change(&mut member);
        self.count_in(&member);
        self.members.insert(member.id.clone(), member);
        Some(result)
    }

    /// The longest of its members': how long a join phase may last.
    fn rebalance_timeout_ms(&self) -> i32 {
        self.members.values().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0)
    }
}

/// One classic group in one turn: the group, and the little else that its handlers may touch.
pub(crate) struct Scope<'s> {
    pub(crate) id: &'s Rc<str>,
    pub(crate) group: &'s mut Group,
    pub(crate) timers: &'s mut Timers,
    pub(crate) settings: &'s Settings,
    pub(crate) turn: &'s Turn,
    pub(crate) out: &'s mut Out,
}

impl Scope<'_> {
    fn timer(&self, timer: GroupTimer) -> Timer {
        Timer::Group(self.id.clone(), timer)
    }

    fn set_timer(&mut self, timer: GroupTimer, after_ms: i32) {
        let at_ms = self.turn.now_ms.saturating_add(i64::from(after_ms.max(0)));
        self.timers.set(self.timer(timer), at_ms);
    }

    fn cancel_timer(&mut self, timer: GroupTimer) {
        self.timers.cancel(&self.timer(timer));
    }

    /// The member was heard of: its session begins again.
    pub(crate) fn renew_session(&mut self, member_id: &str) {
        let Some(member) = self.group.members.get(member_id) else { return };
        let (id, timeout_ms) = (member.id.clone(), member.session_timeout_ms);
        self.set_timer(GroupTimer::Session(id), timeout_ms);
    }

    fn transition(&mut self, state: State) {
        self.group.state = state;
        self.group.state_since_unix_ms = self.turn.unix_ms;
    }

    /// What is due.
    pub(crate) fn expire(&mut self, timer: GroupTimer) {
        match timer {
            GroupTimer::Session(member_id) => self.expire_session(&member_id),
            GroupTimer::Join => self.end_join_phase(),
            GroupTimer::Sync => self.expire_pending_sync(),
        }
    }
}
