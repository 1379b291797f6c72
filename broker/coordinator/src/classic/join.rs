//! JoinGroup: new members, members that come back, static members with a new id.

use super::rebalance::join_error;
use super::{Member, Scope, State, member};
use crate::timers::GroupTimer;
use crate::turn::{Client, Waiter};
use bytes::Bytes;
use ottla_protocol::messages::JoinGroupRequest;
use ottla_protocol::{ErrorCode, Seed};
use std::fmt::Write;
use std::rc::Rc;

/// A new member cannot send heartbeats before it knows its id; if it goes meanwhile, this ends its join. Kafka's
/// `group.new.member.join.timeout.ms`, which is no setting there either.
const NEW_MEMBER_JOIN_TIMEOUT_MS: i32 = 5 * 60 * 1000;
/// From v4 on a new member gets its id first and joins with it (KIP-394).
const MEMBER_ID_REQUIRED_FROM: i16 = 4;
/// From v9 on a static leader that comes back is told not to assign (KIP-814).
const SKIP_ASSIGNMENT_FROM: i16 = 9;
/// A member id is a client id or instance id with 37 bytes more, and must fit a text of 32,767 bytes.
const MEMBER_ID_PREFIX_MAX: usize = 32_000;

/// A join as it was asked for.
pub(crate) struct Join<'a> {
    pub(crate) request: &'a JoinGroupRequest<'a>,
    pub(crate) version: i16,
    pub(crate) client: Client<'a>,
    pub(crate) waiter: Waiter,
}

impl Join<'_> {
    fn instance_id(&self) -> Option<&str> {
        self.request.group_instance_id.as_deref()
    }

    fn protocols(&self) -> Vec<(Rc<str>, Bytes)> {
        let protocols = self.request.protocols.iter();
        protocols.map(|p| (Rc::from(&*p.name), Bytes::copy_from_slice(&p.metadata))).collect()
    }

    /// v0 has one timeout for both.
    fn rebalance_timeout_ms(&self) -> i32 {
        if self.version == 0 { self.request.session_timeout_ms } else { self.request.rebalance_timeout_ms }
    }

    /// What the member will take, its id aside.
    fn bytes(&self) -> usize {
        let protocols = self.request.protocols.iter().map(|p| p.name.len() + p.metadata.len());
        member::bytes("", self.instance_id(), self.client.id, self.client.host, protocols)
    }

    fn member(&self, id: Rc<str>) -> Member {
        Member {
            id,
            instance_id: self.instance_id().map(Rc::from),
            client_id: self.client.id.into(),
            client_host: self.client.host.into(),
            rebalance_timeout_ms: self.rebalance_timeout_ms(),
            session_timeout_ms: self.request.session_timeout_ms,
            protocols: self.protocols(),
            assignment: Bytes::new(),
            joining: Some(self.waiter),
            syncing: None,
            is_new: true,
        }
    }

    /// The member says of itself what it said before.
    fn matches(&self, member: &Member) -> bool {
        let (asked, known) = (&self.request.protocols, &member.protocols);
        asked.len() == known.len()
            && asked
                .iter()
                .zip(known)
                .all(|(a, (name, metadata))| *a.name == **name && *a.metadata == **metadata)
    }
}

impl Scope<'_> {
    pub(crate) fn join(&mut self, join: &Join<'_>, seed: &mut Seed) {
        let member_id = &*join.request.member_id;
        if !self.has_place_for(member_id) {
            self.group.remove(member_id);
            self.cancel_timer(GroupTimer::Session(member_id.into()));
            return self.refuse(join, "", ErrorCode::GROUP_MAX_SIZE_REACHED);
        }
        let names = join.request.protocols.iter().map(|protocol| &*protocol.name);
        if !self.group.accepts_protocols(&join.request.protocol_type, names) {
            return self.refuse(join, member_id, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        if join.bytes() > self.turn.room_bytes {
            return self.refuse(join, member_id, ErrorCode::GROUP_MAX_SIZE_REACHED);
        }
        if member_id.is_empty() { self.join_new(join, seed) } else { self.join_known(join, member_id) }
    }

    fn refuse(&mut self, join: &Join<'_>, member_id: &str, code: ErrorCode) {
        self.reply_join(join.waiter, join_error(member_id, code));
    }

    /// Members of the last generation that have not joined again hold no place in a join phase.
    fn has_place_for(&self, member_id: &str) -> bool {
        let group = &*self.group;
        let known = group.members.get(member_id);
        match group.state {
            State::Empty => true,
            State::PreparingRebalance => {
                known.is_some_and(|member| member.joining.is_some())
                    || group.joining_count < self.settings.group_size_max
            }
            State::CompletingRebalance | State::Stable => {
                known.is_some() || group.members.len() < self.settings.group_size_max
            }
        }
    }

    fn join_new(&mut self, join: &Join<'_>, seed: &mut Seed) {
        let member_id: Rc<str> = new_member_id(join.instance_id().unwrap_or(join.client.id), seed).into();
        if let Some(instance_id) = join.instance_id() {
            return match self.group.static_members.get(instance_id).cloned() {
                Some(old_id) => self.replace_static(join, &old_id, member_id),
                None => self.add(join, member_id),
            };
        }
        if join.version < MEMBER_ID_REQUIRED_FROM {
            return self.add(join, member_id);
        }
        self.group.pending_join.insert(member_id.clone());
        self.set_timer(GroupTimer::Session(member_id.clone()), join.request.session_timeout_ms);
        self.refuse(join, &member_id, ErrorCode::MEMBER_ID_REQUIRED);
    }

    fn join_known(&mut self, join: &Join<'_>, member_id: &str) {
        if self.group.pending_join.contains(member_id) {
            if join.instance_id().is_some() {
                // Ids are given out to dynamic members alone.
                return self.refuse(join, member_id, ErrorCode::UNKNOWN_SERVER_ERROR);
            }
            return self.add(join, member_id.into());
        }
        if let Err(code) = self.group.validate_member(member_id, join.instance_id()) {
            return self.refuse(join, member_id, code);
        }
        let Some(member) = self.group.members.get(member_id) else { return };
        let matches = join.matches(member);
        let is_leader = self.group.is_leader(member_id);
        match self.group.state {
            State::PreparingRebalance => self.update(join, member_id),
            // It may not have received the answer to its first join: it gets the same again.
            State::CompletingRebalance if matches => self.rejoined(join, member_id, is_leader),
            State::CompletingRebalance => self.update(join, member_id),
            // A leader that joins again wants to assign anew.
            State::Stable if is_leader || !matches => self.update(join, member_id),
            State::Stable => self.rejoined(join, member_id, false),
            State::Empty => self.refuse(join, member_id, ErrorCode::UNKNOWN_MEMBER_ID),
        }
    }

    fn rejoined(&mut self, join: &Join<'_>, member_id: &str, with_members: bool) {
        let leader = self.group.leader.clone().unwrap_or_else(|| "".into());
        let response = self.joined(member_id, &leader, with_members);
        self.reply_join(join.waiter, response);
    }

    fn add(&mut self, join: &Join<'_>, member_id: Rc<str>) {
        if self.group.state == State::PreparingRebalance && self.group.is_initial {
            self.group.new_member_added = true;
        }
        if self.group.members.is_empty() {
            self.group.protocol_type = Some(Rc::from(&*join.request.protocol_type));
        }
        self.group.insert(join.member(member_id.clone()));
        self.set_timer(GroupTimer::Session(member_id), NEW_MEMBER_JOIN_TIMEOUT_MS);
        self.rebalance_or_complete();
    }

    fn update(&mut self, join: &Join<'_>, member_id: &str) {
        self.take_over(join, member_id);
        self.rebalance_or_complete();
    }

    /// What the join says is the member's from now on, and it waits. An earlier join of its own has waited in vain: the client
    /// has asked again.
    fn take_over(&mut self, join: &Join<'_>, member_id: &str) {
        let before = self.group.change(member_id, |member| {
            member.protocols = join.protocols();
            member.rebalance_timeout_ms = join.rebalance_timeout_ms();
            member.session_timeout_ms = join.request.session_timeout_ms;
            member.joining.replace(join.waiter)
        });
        if let Some(waiter) = before.flatten() {
            self.reply_join(waiter, join_error(member_id, ErrorCode::REBALANCE_IN_PROGRESS));
        }
    }

    /// A static member has come back without its id: it gets a new one, and whoever has the old one is fenced.
    fn replace_static(&mut self, join: &Join<'_>, old_id: &Rc<str>, new_id: Rc<str>) {
        let leader_before = self.group.leader.clone().unwrap_or_else(|| "".into());
        let led = self.group.is_leader(old_id);
        let Some(mut member) = self.group.remove(old_id) else { return };
        if let Some(waiter) = member.joining.take() {
            self.reply_join(waiter, join_error(old_id, ErrorCode::FENCED_INSTANCE_ID));
        }
        if let Some(waiter) = member.syncing.take() {
            self.reply_sync(waiter, super::rebalance::sync_error(ErrorCode::FENCED_INSTANCE_ID));
        }
        self.cancel_timer(GroupTimer::Session(old_id.clone()));
        member.id = new_id.clone();
        member.client_id = join.client.id.into();
        member.client_host = join.client.host.into();
        member.is_new = false;
        if led {
            self.group.leader = Some(new_id.clone());
        }
        self.group.insert(member);
        self.renew_session(&new_id);
        match self.group.state {
            State::Stable => self.replace_in_stable(join, &new_id, &leader_before),
            State::CompletingRebalance => {
                // The leader may assign to the old id already.
                self.take_over(join, &new_id);
                self.begin_rebalance();
            }
            State::PreparingRebalance => {
                self.take_over(join, &new_id);
                self.complete_join_if_all();
            }
            State::Empty => self.refuse(join, &new_id, ErrorCode::UNKNOWN_MEMBER_ID),
        }
    }

    /// No rebalance, unless the group would choose another protocol now.
    fn replace_in_stable(&mut self, join: &Join<'_>, new_id: &Rc<str>, leader_before: &str) {
        self.take_over(join, new_id);
        if self.vote() != self.group.protocol {
            return self.begin_rebalance();
        }
        self.group.change(new_id, |member| member.joining = None);
        self.store();
        let is_leader = self.group.is_leader(new_id);
        let response = if join.version >= SKIP_ASSIGNMENT_FROM {
            let leader = self.group.leader.clone().unwrap_or_else(|| "".into());
            let mut response = self.joined(new_id, &leader, is_leader);
            response.skip_assignment = is_leader;
            response
        } else {
            // The old leader's id keeps the member from assigning.
            self.joined(new_id, leader_before, false)
        };
        self.reply_join(join.waiter, response);
    }
}

/// A prefix that people know, and a random UUID, as Kafka makes them.
fn new_member_id(prefix: &str, seed: &mut Seed) -> String {
    let end = prefix.floor_char_boundary(MEMBER_ID_PREFIX_MAX);
    let bytes = seed.next_uuid().0;
    let mut id = String::with_capacity(end + 37);
    id.push_str(prefix.get(..end).unwrap_or_default());
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 0 | 4 | 6 | 8 | 10) {
            id.push('-');
        }
        // Writing into a String does not fail.
        let _ = write!(id, "{byte:02x}");
    }
    id
}
