//! Kafka's requests about groups, each in one turn: checks that need no group, then the group's own handler.

use crate::classic::{self, Join};
use crate::offsets::{Commit, Committed, Offsets, TOPIC_BYTES};
use crate::shard::{ENTRY_BYTES, Group, Shard, group_tombstone};
use crate::turn::{Client, Out, Reply, Turn, Waiter};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::describe_groups_response::DescribedGroup;
use ottla_protocol::messages::leave_group_request::MemberIdentity;
use ottla_protocol::messages::leave_group_response::MemberResponse;
use ottla_protocol::messages::{HeartbeatRequest, JoinGroupRequest, SyncGroupRequest};
use std::borrow::Cow;
use std::rc::Rc;

/// Who commits.
#[derive(Clone, Copy, Debug)]
pub struct Committer<'a> {
    pub group_id: &'a str,
    pub member_id: &'a str,
    pub instance_id: Option<&'a str>,
    /// -1: nobody of the group.
    pub generation: i32,
    /// Of the request: from v9 on a group that is not there has a code of its own.
    pub version: i16,
}

/// One group as ListGroups shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub group_id: Rc<str>,
    pub protocol_type: String,
    pub state: &'static str,
    pub kind: &'static str,
}

impl Shard {
    /// The answer comes as a reply to `waiter`, in this turn or a later one.
    pub fn join(
        &mut self,
        turn: &Turn,
        request: &JoinGroupRequest<'_>,
        version: i16,
        client: Client<'_>,
        waiter: Waiter,
        out: &mut Out,
    ) {
        let member_id = &*request.member_id;
        let (least, most) = (self.settings().session_timeout_min_ms, self.settings().session_timeout_max_ms);
        let refusal = if request.group_id.is_empty() {
            Some(ErrorCode::INVALID_GROUP_ID)
        } else if !(least..=most).contains(&request.session_timeout_ms) {
            Some(ErrorCode::INVALID_SESSION_TIMEOUT)
        } else {
            // Only somebody without an id makes a group.
            let join = Join { request, version, client, waiter };
            let create = member_id.is_empty();
            let done =
                self.classic(&request.group_id, create, turn, out, |scope, seed| scope.join(&join, seed));
            done.is_none().then_some(ErrorCode::UNKNOWN_MEMBER_ID)
        };
        if let Some(code) = refusal {
            out.replies.push((waiter, Reply::Join(classic::join_error(member_id, code))));
        }
    }

    /// The answer comes as a reply to `waiter`, in this turn or a later one.
    pub fn sync(&mut self, turn: &Turn, request: &SyncGroupRequest<'_>, waiter: Waiter, out: &mut Out) {
        let refusal = if request.group_id.is_empty() {
            Some(ErrorCode::INVALID_GROUP_ID)
        } else {
            let done =
                self.classic(&request.group_id, false, turn, out, |scope, _| scope.sync(request, waiter));
            done.is_none().then_some(ErrorCode::UNKNOWN_MEMBER_ID)
        };
        if let Some(code) = refusal {
            out.replies.push((waiter, Reply::Sync(classic::sync_error(code))));
        }
    }

    pub fn heartbeat(&mut self, turn: &Turn, request: &HeartbeatRequest<'_>, out: &mut Out) -> ErrorCode {
        if request.group_id.is_empty() {
            return ErrorCode::INVALID_GROUP_ID;
        }
        let code = self.classic(&request.group_id, false, turn, out, |scope, _| scope.heartbeat(request));
        code.unwrap_or(ErrorCode::UNKNOWN_MEMBER_ID)
    }

    /// One answer for each of `members`.
    /// # Errors
    /// INVALID_GROUP_ID.
    pub fn leave(
        &mut self,
        turn: &Turn,
        group_id: &str,
        members: &[MemberIdentity<'_>],
        out: &mut Out,
    ) -> Result<Vec<MemberResponse<'static>>, ErrorCode> {
        if group_id.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        let left = self.classic(group_id, false, turn, out, |scope, _| scope.leave(members));
        Ok(left.unwrap_or_else(|| {
            members.iter().map(|member| classic::left(member, ErrorCode::UNKNOWN_MEMBER_ID)).collect()
        }))
    }

    /// A code for each of `commits`, in their order; what may be stored becomes records. The empty group id is one like any other.
    /// # Errors
    /// Why nothing is: unknown and fenced members, wrong generations; COORDINATOR_NOT_AVAILABLE without memory;
    /// UNKNOWN_SERVER_ERROR for more than a batch holds.
    pub fn commit(
        &mut self,
        turn: &Turn,
        committer: Committer<'_>,
        commits: &[Commit<'_>],
        out: &mut Out,
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        let Committer { group_id, member_id, instance_id, generation, version } = committer;
        let bytes = self.growth(group_id, commits);
        if bytes > turn.room_bytes {
            return Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
        }
        let admitted = self.classic(group_id, false, turn, out, |scope, _| {
            scope.admit_commit(member_id, instance_id, generation)
        });
        match admitted {
            Some(admitted) => admitted?,
            // Without a generation it is a group that only commits.
            None if generation < 0 => {}
            None if version >= 9 => return Err(ErrorCode::GROUP_ID_NOT_FOUND),
            None => return Err(ErrorCode::ILLEGAL_GENERATION),
        }
        let mut codes = Vec::with_capacity(commits.len());
        let records = commits.iter().filter_map(|commit| {
            let record = match self.is_dropping(commit.topic) {
                // What is dropped of the deleted topic would take this along: the new one is not known here yet.
                true => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                false => commit.record(group_id, self.settings(), turn),
            };
            codes.push(record.as_ref().err().copied().unwrap_or(ErrorCode::NONE));
            record.ok()
        });
        out.extend_whole(turn, records)?;
        Ok(codes)
    }

    /// Memory that `commits` take beyond the offsets that they replace, names that are new here included.
    fn growth(&self, group_id: &str, commits: &[Commit<'_>]) -> usize {
        let entry = self.entry(group_id);
        let offsets = entry.map(|entry| &entry.offsets);
        let mut bytes = if entry.is_none() { ENTRY_BYTES + group_id.len() } else { 0 };
        let mut topic_before = None;
        for commit in commits {
            let of_topic = offsets.and_then(|offsets| offsets.of_topic(commit.topic));
            // A request has the partitions of a topic together; one that does not is counted for more than it takes.
            if of_topic.is_none() && topic_before.replace(commit.topic) != Some(commit.topic) {
                bytes += TOPIC_BYTES + commit.topic.len();
            }
            let before = of_topic.and_then(|of| of.get(&commit.partition)).map_or(0, Committed::bytes);
            bytes += commit.bytes().saturating_sub(before);
        }
        bytes
    }

    /// The offsets of a group, if it has any.
    pub fn offsets(&self, group_id: &str) -> Option<&Offsets> {
        self.entry(group_id).map(|entry| &entry.offsets)
    }

    /// A code for each of `partitions`, in their order.
    /// # Errors
    /// INVALID_GROUP_ID, GROUP_ID_NOT_FOUND; NON_EMPTY_GROUP for members that are no consumers; UNKNOWN_SERVER_ERROR for
    /// more than a batch can drop.
    pub fn delete_offsets(
        &mut self,
        turn: &Turn,
        group_id: &str,
        partitions: &[(&str, i32)],
        out: &mut Out,
    ) -> Result<Vec<ErrorCode>, ErrorCode> {
        if group_id.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        let entry = self.entry(group_id).ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
        let Group::Classic(group) = &entry.group;
        if group.state() != classic::State::Empty && !group.uses_consumer_protocol() {
            return Err(ErrorCode::NON_EMPTY_GROUP);
        }
        let mut codes = Vec::with_capacity(partitions.len());
        let tombstones = partitions.iter().filter_map(|(topic, index)| {
            if group.is_subscribed(topic) {
                codes.push(ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC);
                return None;
            }
            codes.push(ErrorCode::NONE);
            entry.offsets.tombstone(group_id, topic, *index)
        });
        out.extend_whole(turn, tombstones)?;
        Ok(codes)
    }

    /// Ends a group without members, and its offsets.
    /// # Errors
    /// GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP; UNKNOWN_SERVER_ERROR for more offsets than a batch can drop.
    pub fn delete_group(&mut self, turn: &Turn, group_id: &str, out: &mut Out) -> Result<(), ErrorCode> {
        let entry = self.entry(group_id).ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
        let Group::Classic(group) = &entry.group;
        if group.state() != classic::State::Empty {
            return Err(ErrorCode::NON_EMPTY_GROUP);
        }
        let tombstones = entry.offsets.all_topics().flat_map(|topic| {
            let indexes = entry.offsets.partitions_of(topic).into_iter();
            indexes.filter_map(|index| entry.offsets.tombstone(group_id, topic, index))
        });
        out.extend_whole(turn, tombstones.chain(group_tombstone(group_id)))
    }

    /// A group that is not there is told so from v6 on, and is Dead before.
    pub fn describe(&self, group_id: &str, version: i16) -> DescribedGroup<'static> {
        match self.entry(group_id).map(|entry| &entry.group) {
            Some(Group::Classic(group)) => group.describe(group_id),
            None => DescribedGroup {
                error_code: if version >= 6 { ErrorCode::GROUP_ID_NOT_FOUND.0 } else { 0 },
                error_message: (version >= 6).then(|| Cow::Owned(format!("Group {group_id} not found."))),
                group_id: Cow::Owned(group_id.to_owned()),
                group_state: Cow::Borrowed("Dead"),
                ..DescribedGroup::default()
            },
        }
    }

    /// Groups behind `after`, or from the first on; which of them are asked for is the caller's to tell.
    pub fn list(&self, after: Option<&Rc<str>>) -> impl Iterator<Item = Listed> {
        self.groups_after(after).map(|(id, entry)| {
            let Group::Classic(group) = &entry.group;
            Listed {
                group_id: id.clone(),
                protocol_type: group.protocol_type().to_owned(),
                state: group.state().name(),
                kind: "classic",
            }
        })
    }
}
