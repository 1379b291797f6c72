//! A classic group's record: what is stored of it, and what a stored one is made of again.

use super::{Group, Member, Scope, State};
use crate::record::{self, Record};
use crate::timers::GroupTimer;
use bytes::Bytes;
use ottla_protocol::messages::group_metadata_value::MemberMetadata;
use ottla_protocol::messages::{GroupMetadataKey, GroupMetadataValue};
use std::borrow::Cow;
use std::rc::Rc;

impl Group {
    /// The group with the assignments that `assigned` knows; `None` when a text in it is too long to be written.
    pub(super) fn record<'a>(
        &self,
        group_id: &str,
        unix_ms: i64,
        assigned: impl Fn(&str) -> &'a [u8],
    ) -> Option<Record> {
        let protocol = self.protocol().unwrap_or_default();
        let members = self.members().map(|member| MemberMetadata {
            member_id: Cow::Borrowed(&member.id),
            group_instance_id: member.instance_id.as_deref().map(Cow::Borrowed),
            client_id: Cow::Borrowed(&member.client_id),
            client_host: Cow::Borrowed(&member.client_host),
            rebalance_timeout: member.rebalance_timeout_ms,
            session_timeout: member.session_timeout_ms,
            subscription: Cow::Owned(member.metadata(protocol).into()),
            assignment: Cow::Borrowed(assigned(&member.id)),
        });
        let value = GroupMetadataValue {
            protocol_type: Cow::Borrowed(self.protocol_type()),
            generation: self.generation,
            protocol: self.protocol().map(Cow::Borrowed),
            leader: self.leader().map(Cow::Borrowed),
            current_state_timestamp: unix_ms,
            members: members.collect(),
        };
        let key = GroupMetadataKey { group: Cow::Borrowed(group_id) };
        record::record(&key, record::GROUP_METADATA_VERSION, &value).ok()
    }

    /// Takes over what a record of this group says.
    ///
    /// Live, the group is already what the record tells, and has waits and protocols that it does not: a record of the
    /// same generation and members changes nothing else. On load the group is made of it.
    pub(crate) fn replay(&mut self, value: &GroupMetadataValue<'_>) {
        self.has_record = true;
        self.state_since_unix_ms = value.current_state_timestamp;
        let is_same = !self.members.is_empty()
            && self.generation == value.generation
            && self.members.len() == value.members.len()
            && value.members.iter().all(|member| self.members.contains_key(&*member.member_id));
        if is_same {
            for stored in &value.members {
                self.change(&stored.member_id, |member| {
                    if *member.assignment != *stored.assignment {
                        member.assignment = Bytes::copy_from_slice(&stored.assignment);
                    }
                });
            }
            return;
        }
        let pending_join = std::mem::take(&mut self.pending_join);
        *self = Group { pending_join, ..Group::of(value) };
    }

    fn of(value: &GroupMetadataValue<'_>) -> Group {
        let mut group = Group {
            has_record: true,
            state_since_unix_ms: value.current_state_timestamp,
            generation: value.generation,
            protocol_type: Some(Rc::from(&*value.protocol_type)).filter(|text: &Rc<str>| !text.is_empty()),
            protocol: value.protocol.as_deref().map(Rc::from),
            leader: value.leader.as_deref().map(Rc::from),
            state: if value.members.is_empty() { State::Empty } else { State::Stable },
            ..Group::default()
        };
        for member in &value.members {
            let protocol = value.protocol.as_deref().unwrap_or_default();
            group.insert(Member {
                id: Rc::from(&*member.member_id),
                instance_id: member.group_instance_id.as_deref().map(Rc::from),
                client_id: Rc::from(&*member.client_id),
                client_host: Rc::from(&*member.client_host),
                // Version 0 had one timeout for both.
                rebalance_timeout_ms: match member.rebalance_timeout {
                    -1 => member.session_timeout,
                    timeout_ms => timeout_ms,
                },
                session_timeout_ms: member.session_timeout,
                protocols: vec![(Rc::from(protocol), Bytes::copy_from_slice(&member.subscription))],
                assignment: Bytes::copy_from_slice(&member.assignment),
                joining: None,
                syncing: None,
                is_new: false,
            });
        }
        group
    }
}

impl Scope<'_> {
    /// Writes the group as it is.
    pub(super) fn store(&mut self) {
        let group = &*self.group;
        let assigned = |member_id: &str| {
            group.members.get(member_id).map(|member| &*member.assignment).unwrap_or_default()
        };
        match group.record(self.id, self.turn.unix_ms, assigned) {
            Some(record) => self.out.records.push(record),
            None => tracing::error!(group = %self.id, "a group cannot be stored: a text in it is too long"),
        }
    }

    /// After the load: members have the time of a session to be heard of.
    pub(crate) fn loaded(&mut self) {
        self.group.subscribed = self.subscribed_topics();
        let members: Vec<(Rc<str>, i32)> =
            self.group.members().map(|member| (member.id.clone(), member.session_timeout_ms)).collect();
        let count = members.len();
        for (member_id, timeout_ms) in members {
            self.set_timer(GroupTimer::Session(member_id), timeout_ms);
        }
        if count > self.settings.group_size_max {
            self.begin_rebalance();
        }
    }
}
