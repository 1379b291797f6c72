//! The phases of a rebalance: who is waited for, when the join phase ends, who is out.

use super::{Scope, State, subscription};
use crate::timers::GroupTimer;
use crate::turn::{Reply, Waiter};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::join_group_response::JoinGroupResponseMember;
use ottla_protocol::messages::{JoinGroupResponse, SyncGroupResponse};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub(crate) fn join_error(member_id: &str, code: ErrorCode) -> JoinGroupResponse<'static> {
    JoinGroupResponse {
        error_code: code.0,
        protocol_name: None,
        member_id: Cow::Owned(member_id.to_owned()),
        ..JoinGroupResponse::default()
    }
}

pub(crate) fn sync_error(code: ErrorCode) -> SyncGroupResponse<'static> {
    SyncGroupResponse { error_code: code.0, ..SyncGroupResponse::default() }
}

fn owned(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

impl Scope<'_> {
    pub(super) fn reply_join(&mut self, waiter: Waiter, response: JoinGroupResponse<'static>) {
        self.out.replies.push((waiter, Reply::Join(response)));
    }

    pub(super) fn reply_sync(&mut self, waiter: Waiter, response: SyncGroupResponse<'static>) {
        self.out.replies.push((waiter, Reply::Sync(response)));
    }

    /// What a member learns at the end of a join phase; the leader learns of all the others.
    pub(super) fn joined(
        &self,
        member_id: &str,
        leader: &str,
        with_members: bool,
    ) -> JoinGroupResponse<'static> {
        let group = &*self.group;
        let protocol = group.protocol.as_deref().unwrap_or_default();
        let members = group.members.values().map(|member| JoinGroupResponseMember {
            member_id: owned(&member.id),
            group_instance_id: member.instance_id.as_deref().map(owned),
            metadata: Cow::Owned(member.metadata(protocol).into()),
        });
        JoinGroupResponse {
            generation_id: group.generation,
            protocol_type: group.protocol_type.as_deref().map(owned),
            protocol_name: group.protocol.as_deref().map(owned),
            leader: owned(leader),
            member_id: owned(member_id),
            members: if with_members { members.collect() } else { Vec::new() },
            ..JoinGroupResponse::default()
        }
    }

    /// After a member came, changed or went: a new rebalance, or the end of the one under way.
    pub(super) fn rebalance_or_complete(&mut self) {
        if self.group.state == State::PreparingRebalance {
            self.complete_join_if_all();
        } else {
            self.begin_rebalance();
        }
    }

    pub(super) fn begin_rebalance(&mut self) {
        if self.group.state == State::CompletingRebalance {
            self.fail_syncs(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        self.cancel_timer(GroupTimer::Sync);
        self.group.pending_sync.clear();
        let was_empty = self.group.state == State::Empty;
        self.transition(State::PreparingRebalance);
        self.group.is_initial = was_empty;
        if was_empty {
            // The group is new: it gives others time to join before the first assignment.
            let delay_ms = self.settings.initial_rebalance_delay_ms;
            self.group.initial_remaining_ms =
                self.group.rebalance_timeout_ms().saturating_sub(delay_ms).max(0);
            self.group.new_member_added = false;
            self.set_timer(GroupTimer::Join, delay_ms);
        } else if self.group.have_all_joined() {
            self.complete_join();
        } else {
            let timeout_ms = self.group.rebalance_timeout_ms();
            self.set_timer(GroupTimer::Join, timeout_ms);
        }
    }

    pub(super) fn complete_join_if_all(&mut self) {
        let group = &self.group;
        if group.state == State::PreparingRebalance && group.have_all_joined() && !group.is_initial {
            self.complete_join();
        }
    }

    /// The join timer: an initial rebalance goes on while members come, any other one has waited long enough.
    pub(super) fn end_join_phase(&mut self) {
        if self.group.state != State::PreparingRebalance {
            return;
        }
        let group = &mut *self.group;
        if group.is_initial && group.new_member_added && group.initial_remaining_ms > 0 {
            let delay_ms = self.settings.initial_rebalance_delay_ms;
            let next_ms = delay_ms.min(group.initial_remaining_ms);
            group.new_member_added = false;
            group.initial_remaining_ms = group.initial_remaining_ms.saturating_sub(delay_ms).max(0);
            self.set_timer(GroupTimer::Join, next_ms);
        } else {
            self.complete_join();
        }
    }

    /// Dynamic members that have not joined are out. Static ones stay until their session ends, but do not lead.
    fn complete_join(&mut self) {
        self.cancel_timer(GroupTimer::Join);
        let absent: Vec<Rc<str>> = self
            .group
            .members
            .values()
            .filter(|member| member.joining.is_none() && !member.is_static())
            .map(|member| member.id.clone())
            .collect();
        for member_id in absent {
            self.group.remove(&member_id);
            self.cancel_timer(GroupTimer::Session(member_id));
        }
        if !self.elect_joined_leader() && !self.group.members.is_empty() {
            // Nobody is there yet but static members: their sessions decide.
            let timeout_ms = self.group.rebalance_timeout_ms();
            self.set_timer(GroupTimer::Join, timeout_ms);
            return;
        }
        self.group.generation = self.group.generation.wrapping_add(1);
        self.group.pending_sync.clear();
        self.group.is_initial = false;
        if self.group.members.is_empty() {
            self.group.protocol = None;
            self.group.leader = None;
            self.group.subscribed = None;
            self.transition(State::Empty);
            self.store();
            return;
        }
        self.group.protocol = self.vote();
        self.group.subscribed = self.subscribed_topics();
        self.transition(State::CompletingRebalance);
        let leader = self.group.leader.clone().unwrap_or_else(|| "".into());
        let member_ids: Vec<Rc<str>> = self.group.members.keys().cloned().collect();
        for member_id in member_ids {
            let joining = self.group.change(&member_id, |member| {
                member.is_new = false;
                member.joining.take()
            });
            if let Some(waiter) = joining.flatten() {
                let response = self.joined(&member_id, &leader, member_id == leader);
                self.reply_join(waiter, response);
            }
            self.renew_session(&member_id);
            self.group.pending_sync.insert(member_id);
        }
        let timeout_ms = self.group.rebalance_timeout_ms();
        self.set_timer(GroupTimer::Sync, timeout_ms);
    }

    /// A leader that has joined stays; otherwise the first member that has.
    fn elect_joined_leader(&mut self) -> bool {
        let group = &mut *self.group;
        let leads = group.leader.as_ref().and_then(|id| group.members.get(id));
        if leads.is_some_and(|leader| leader.joining.is_some()) {
            return true;
        }
        let joined = group.members.values().find(|member| member.joining.is_some());
        let Some(joined) = joined else { return false };
        group.leader = Some(joined.id.clone());
        true
    }

    /// Each member votes for the first of its protocols that all support.
    pub(super) fn vote(&self) -> Option<Rc<str>> {
        let group = &*self.group;
        let mut votes: BTreeMap<&Rc<str>, usize> = BTreeMap::new();
        for member in group.members.values() {
            let choice = member
                .protocols
                .iter()
                .map(|(name, _)| name)
                .find(|name| group.supported.get(*name) == Some(&group.members.len()));
            if let Some(choice) = choice {
                *votes.entry(choice).or_default() += 1;
            }
        }
        votes.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name.clone())
    }

    /// What the members read; `None` when their metadata is not that of consumers.
    pub(super) fn subscribed_topics(&self) -> Option<BTreeSet<String>> {
        let group = &*self.group;
        let protocol = group.protocol.as_deref()?;
        if !group.uses_consumer_protocol() {
            return None;
        }
        let mut topics = BTreeSet::new();
        for member in group.members.values() {
            topics.extend(subscription::topics(&member.metadata(protocol)).ok()?);
        }
        Some(topics)
    }

    /// Whoever waits for the leader's assignment gets `code`; assignments are void.
    pub(super) fn fail_syncs(&mut self, code: ErrorCode) {
        let member_ids: Vec<Rc<str>> = self.group.members.keys().cloned().collect();
        for member_id in member_ids {
            let syncing = self.group.change(&member_id, |member| {
                member.assignment = bytes::Bytes::new();
                member.syncing.take()
            });
            if let Some(waiter) = syncing.flatten() {
                self.reply_sync(waiter, sync_error(code));
                self.renew_session(&member_id);
            }
        }
    }

    /// Members that have not synced in the time of a rebalance are out.
    pub(super) fn expire_pending_sync(&mut self) {
        if !matches!(self.group.state, State::CompletingRebalance | State::Stable) {
            return;
        }
        let pending = std::mem::take(&mut self.group.pending_sync);
        if pending.is_empty() {
            return;
        }
        for member_id in pending {
            self.group.remove(&member_id);
            self.cancel_timer(GroupTimer::Session(member_id));
        }
        self.begin_rebalance();
    }

    pub(super) fn expire_session(&mut self, member_id: &str) {
        if self.group.pending_join.remove(member_id) {
            self.complete_join_if_all();
            return;
        }
        let Some(member) = self.group.members.get(member_id) else { return };
        if !member.is_waiting() {
            self.remove_member(member_id);
            self.after_removal();
        }
    }

    /// Takes a member out and ends its waits: one that still waits joins again.
    pub(super) fn remove_member(&mut self, member_id: &str) {
        let Some(member) = self.group.remove(member_id) else { return };
        if let Some(waiter) = member.joining {
            self.reply_join(waiter, join_error("", ErrorCode::UNKNOWN_MEMBER_ID));
        }
        if let Some(waiter) = member.syncing {
            self.reply_sync(waiter, sync_error(ErrorCode::UNKNOWN_MEMBER_ID));
        }
        self.cancel_timer(GroupTimer::Session(member.id));
    }

    pub(super) fn after_removal(&mut self) {
        match self.group.state {
            State::Stable | State::CompletingRebalance => self.begin_rebalance(),
            State::PreparingRebalance => self.complete_join_if_all(),
            State::Empty => {}
        }
    }
}
