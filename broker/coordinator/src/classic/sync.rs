//! SyncGroup: the leader brings the assignment, everybody takes its part of it.

use super::rebalance::sync_error;
use super::{Scope, State};
use crate::timers::GroupTimer;
use crate::turn::Waiter;
use bytes::Bytes;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::{SyncGroupRequest, SyncGroupResponse};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

impl Scope<'_> {
    pub(crate) fn sync(&mut self, request: &SyncGroupRequest<'_>, waiter: Waiter) {
        let member_id = &*request.member_id;
        match self.check_sync(request).map(|()| self.group.state) {
            Err(code) => self.reply_sync(waiter, sync_error(code)),
            Ok(State::Empty) => self.reply_sync(waiter, sync_error(ErrorCode::UNKNOWN_MEMBER_ID)),
            Ok(State::PreparingRebalance) => {
                self.reply_sync(waiter, sync_error(ErrorCode::REBALANCE_IN_PROGRESS));
            }
            Ok(State::CompletingRebalance) => {
                let before = self.group.change(member_id, |member| member.syncing.replace(waiter));
                if let Some(before) = before.flatten() {
                    self.reply_sync(before, sync_error(ErrorCode::REBALANCE_IN_PROGRESS));
                }
                self.has_synced(member_id);
                if self.group.is_leader(member_id) {
                    self.assign(request);
                }
            }
            Ok(State::Stable) => {
                self.has_synced(member_id);
                let response = self.synced(member_id);
                self.reply_sync(waiter, response);
                self.renew_session(member_id);
            }
        }
    }

    fn check_sync(&self, request: &SyncGroupRequest<'_>) -> Result<(), ErrorCode> {
        let group = &*self.group;
        group.validate_member(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation_id != group.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        let differs =
            |asked: Option<&str>, own: Option<&str>| asked.zip(own).is_some_and(|(asked, own)| asked != own);
        if differs(request.protocol_type.as_deref(), group.protocol_type.as_deref())
            || differs(request.protocol_name.as_deref(), group.protocol.as_deref())
        {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        Ok(())
    }

    fn has_synced(&mut self, member_id: &str) {
        self.group.pending_sync.remove(member_id);
        if self.group.pending_sync.is_empty() {
            self.cancel_timer(GroupTimer::Sync);
        }
    }

    /// The leader's assignment; members that it does not name get an empty one. What is too large to be stored fails, and the
    /// members join again.
    fn assign(&mut self, request: &SyncGroupRequest<'_>) {
        let named: BTreeMap<&str, &[u8]> =
            request.assignments.iter().map(|named| (&*named.member_id, &*named.assignment)).collect();
        let bytes: usize = named.values().map(|assignment| assignment.len()).sum();
        let assigned = |member_id: &str| named.get(member_id).copied().unwrap_or_default();
        let record = self.group.record(self.id, self.turn.unix_ms, assigned);
        let record = record.filter(|record| {
            bytes <= self.turn.room_bytes
                && record.bytes() + self.out.batch_bytes() <= self.turn.batch_bytes_max
        });
        let Some(record) = record else {
            self.fail_syncs(ErrorCode::UNKNOWN_SERVER_ERROR);
            return self.begin_rebalance();
        };
        self.out.records.push(record);
        // The same that the record's replay does, before the answers are made of it.
        let member_ids: Vec<Rc<str>> = self.group.members.keys().cloned().collect();
        self.transition(State::Stable);
        for member_id in member_ids {
            let assignment = Bytes::copy_from_slice(assigned(&member_id));
            let syncing = self.group.change(&member_id, |member| {
                member.assignment = assignment;
                member.syncing.take()
            });
            if let Some(waiter) = syncing.flatten() {
                let response = self.synced(&member_id);
                self.reply_sync(waiter, response);
                self.renew_session(&member_id);
            }
        }
    }

    fn synced(&self, member_id: &str) -> SyncGroupResponse<'static> {
        let group = &*self.group;
        let assignment = group.members.get(member_id).map(|member| member.assignment.to_vec());
        SyncGroupResponse {
            protocol_type: group.protocol_type.as_deref().map(|text| Cow::Owned(text.to_owned())),
            protocol_name: group.protocol.as_deref().map(|text| Cow::Owned(text.to_owned())),
            assignment: Cow::Owned(assignment.unwrap_or_default()),
            ..SyncGroupResponse::default()
        }
    }
}
