//! A member of a classic consumer group: JoinGroup, SyncGroup, Heartbeat, OffsetCommit, OffsetFetch, LeaveGroup.
//!
//! The member that leads deals partitions out by the range of their order, as Kafka's range assignor does for one topic. What members tell
//! each other is in the consumer protocol's version 0, which every client reads: topics, then user data that is null.

use super::{Cluster, Connection};
use crate::error::{Error, Result};
use crate::load::session::Positions;
use crate::load::worker::dealt;
use ottla_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use ottla_protocol::messages::leave_group_request::MemberIdentity;
use ottla_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use ottla_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use ottla_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use ottla_protocol::messages::{
    FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, OffsetCommitRequest,
    OffsetFetchRequest, SyncGroupRequest,
};
use ottla_protocol::{DecodeError, Decoder, Encoder, ErrorCode};
use std::borrow::Cow;
use std::time::Duration;

const PROTOCOL: &str = "range";
const PROTOCOL_TYPE: &str = "consumer";

/// Topics that members know by index, and all their partitions in order.
pub struct Subscription<'a> {
    pub topics: &'a [String],
    pub partitions: &'a [(usize, i32)],
}

pub struct Member {
    group: String,
    session_timeout: Duration,
    timeout: Duration,
    connection: Connection,
    member_id: String,
    generation: i32,
}

impl Member {
    /// Connects to the coordinator of `group`.
    /// # Errors
    /// The cluster has no coordinator, or not yet.
    pub async fn connect(cluster: &mut Cluster, group: &str, session_timeout: Duration) -> Result<Member> {
        let address = coordinator(cluster, group).await?;
        let timeout = cluster.timeout();
        let mut connection = Connection::open(&address, timeout).await?;
        // A join is answered when every member joined, which they have the session's time for.
        connection.set_timeout(timeout + session_timeout);
        Ok(Member {
            group: group.to_owned(),
            session_timeout,
            timeout,
            connection,
            member_id: String::new(),
            generation: -1,
        })
    }

    /// Joins, or joins again; returns the partitions that are this member's now.
    /// # Errors
    /// `Refused` with a code after which to join again, or those of the connection.
    pub async fn join(&mut self, subscription: &Subscription<'_>) -> Result<Vec<(usize, i32)>> {
        let session_timeout_ms = i32::try_from(self.session_timeout.as_millis()).unwrap_or(i32::MAX);
        let metadata = subscribed(subscription.topics)?;
        loop {
            let request = JoinGroupRequest {
                group_id: self.group.as_str().into(),
                session_timeout_ms,
                rebalance_timeout_ms: session_timeout_ms,
                member_id: self.member_id.as_str().into(),
                protocol_type: PROTOCOL_TYPE.into(),
                protocols: vec![JoinGroupRequestProtocol {
                    name: PROTOCOL.into(),
                    metadata: Cow::Borrowed(&metadata),
                }],
                ..Default::default()
            };
            let answer = self.connection.call(&request).await?;
            let code = ErrorCode(answer.error_code);
            let member_id = answer.member_id.to_string();
            let leads = answer.leader == answer.member_id;
            let generation = answer.generation_id;
            let members: Vec<String> =
                answer.members.iter().map(|member| member.member_id.to_string()).collect();
            if code == ErrorCode::MEMBER_ID_REQUIRED {
                self.member_id = member_id;
                continue;
            }
            if code == ErrorCode::UNKNOWN_MEMBER_ID {
                self.member_id = String::new();
            }
            self.check(code)?;
            (self.member_id, self.generation) = (member_id, generation);
            let assignments = if leads { deal(members, subscription)? } else { Vec::new() };
            return self.sync(assignments, subscription.topics).await;
        }
    }

    async fn sync(
        &mut self,
        assignments: Vec<(String, Vec<u8>)>,
        topics: &[String],
    ) -> Result<Vec<(usize, i32)>> {
        let request = SyncGroupRequest {
            group_id: self.group.as_str().into(),
            generation_id: self.generation,
            member_id: self.member_id.as_str().into(),
            group_instance_id: None,
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol_name: Some(PROTOCOL.into()),
            assignments: assignments
                .into_iter()
                .map(|(member_id, assignment)| SyncGroupRequestAssignment {
                    member_id: member_id.into(),
                    assignment: assignment.into(),
                })
                .collect(),
        };
        let address = self.connection.address.to_string();
        let answer = self.connection.call(&request).await?;
        let (code, assignment) = (ErrorCode(answer.error_code), answer.assignment.to_vec());
        self.check(code)?;
        assigned(&assignment, topics).map_err(|source| Error::Answer {
            address,
            api: "SyncGroup (assignment)",
            source,
        })
    }

    /// Tells the coordinator that this member lives.
    /// # Errors
    /// `Refused` when it has to join again.
    pub async fn heartbeat(&mut self) -> Result<()> {
        let request = HeartbeatRequest {
            group_id: self.group.as_str().into(),
            generation_id: self.generation,
            member_id: self.member_id.as_str().into(),
            group_instance_id: None,
        };
        let code = ErrorCode(self.connection.call(&request).await?.error_code);
        self.check(code)
    }

    /// Commits where the next one is to read on.
    pub async fn commit(&mut self, positions: &Positions, topics: &[String]) -> Result<()> {
        let mut named: Vec<OffsetCommitRequestTopic<'_>> = Vec::new();
        for (&(topic, partition_index), &committed_offset) in positions {
            let name = topics.get(topic).map_or("", String::as_str);
            if named.last().is_none_or(|last| last.name != name) {
                named.push(OffsetCommitRequestTopic { name: name.into(), ..Default::default() });
            }
            if let Some(topic) = named.last_mut() {
                topic.partitions.push(OffsetCommitRequestPartition {
                    partition_index,
                    committed_offset,
                    committed_leader_epoch: -1,
                    committed_metadata: None,
                });
            }
        }
        let request = OffsetCommitRequest {
            group_id: self.group.as_str().into(),
            generation_id_or_member_epoch: self.generation,
            member_id: self.member_id.as_str().into(),
            group_instance_id: None,
            retention_time_ms: -1,
            topics: named,
        };
        let answer = self.connection.call(&request).await?;
        let codes = answer.topics.iter().flat_map(|topic| &topic.partitions);
        let code = codes.map(|partition| partition.error_code).find(|code| *code != 0);
        self.check(ErrorCode(code.unwrap_or(0)))
    }

    /// Where the group committed to read on, for those of `partitions` that it did for.
    pub async fn committed(&mut self, partitions: &[(usize, i32)], topics: &[String]) -> Result<Positions> {
        let mut named: Vec<(&str, Vec<i32>)> = Vec::new();
        for (topic, partition) in partitions {
            let name = topics.get(*topic).map_or("", String::as_str);
            match named.last_mut() {
                Some((last, indexes)) if *last == name => indexes.push(*partition),
                _ => named.push((name, vec![*partition])),
            }
        }
        let version = self.connection.version::<OffsetFetchRequest<'_>>()?;
        let mut request = OffsetFetchRequest::default();
        if version >= 8 {
            let topics = named.into_iter().map(|(name, partition_indexes)| OffsetFetchRequestTopics {
                name: name.into(),
                partition_indexes,
                ..Default::default()
            });
            request.groups = vec![OffsetFetchRequestGroup {
                group_id: self.group.as_str().into(),
                member_id: None,
                member_epoch: -1,
                topics: Some(topics.collect()),
            }];
        } else {
            request.group_id = self.group.as_str().into();
            let topics = named.into_iter().map(|(name, partition_indexes)| OffsetFetchRequestTopic {
                name: name.into(),
                partition_indexes,
            });
            request.topics = Some(topics.collect());
        }
        let answer = self.connection.call(&request).await?;
        let index = |name: &str| topics.iter().position(|topic| topic == name);
        let mut positions = Positions::new();
        for topic in answer.groups.iter().flat_map(|group| &group.topics) {
            let Some(topic_index) = index(&topic.name) else { continue };
            for partition in topic.partitions.iter().filter(|partition| partition.committed_offset >= 0) {
                positions.insert((topic_index, partition.partition_index), partition.committed_offset);
            }
        }
        for topic in &answer.topics {
            let Some(topic_index) = index(&topic.name) else { continue };
            for partition in topic.partitions.iter().filter(|partition| partition.committed_offset >= 0) {
                positions.insert((topic_index, partition.partition_index), partition.committed_offset);
            }
        }
        Ok(positions)
    }

    /// Leaves, so that the others need not wait for the session to end.
    pub async fn leave(&mut self) -> Result<()> {
        self.connection.set_timeout(self.timeout);
        let mut request = LeaveGroupRequest { group_id: self.group.as_str().into(), ..Default::default() };
        if self.connection.version::<LeaveGroupRequest<'_>>()? >= 3 {
            request.members =
                vec![MemberIdentity { member_id: self.member_id.as_str().into(), ..Default::default() }];
        } else {
            request.member_id = self.member_id.as_str().into();
        }
        let code = ErrorCode(self.connection.call(&request).await?.error_code);
        self.check(code)
    }

    fn check(&self, code: ErrorCode) -> Result<()> {
        match code {
            ErrorCode::NONE => Ok(()),
            code => Err(Error::refused(format!("group '{}'", self.group), code.0, None)),
        }
    }
}

/// The address of `group`'s coordinator.
pub async fn coordinator(cluster: &mut Cluster, group: &str) -> Result<String> {
    let connection = cluster.any().await?;
    let mut request = FindCoordinatorRequest { key_type: 0, ..Default::default() };
    if connection.version::<FindCoordinatorRequest<'_>>()? >= 4 {
        request.coordinator_keys = vec![group.into()];
    } else {
        request.key = group.into();
    }
    let answer = connection.call(&request).await?;
    let (code, message, host, port) = match answer.coordinators.first() {
        Some(found) => (found.error_code, found.error_message.as_deref(), found.host.to_string(), found.port),
        None => (answer.error_code, answer.error_message.as_deref(), answer.host.to_string(), answer.port),
    };
    if code != 0 {
        return Err(Error::refused(format!("the coordinator of group '{group}'"), code, message));
    }
    Ok(if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
}

/// What each member gets, in the order of their ids.
fn deal(mut members: Vec<String>, subscription: &Subscription<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    members.sort();
    let count = members.len();
    let deal = |(index, member)| {
        let share = dealt(subscription.partitions, index, count);
        Ok((member, assignment(share, subscription.topics)?))
    };
    members.into_iter().enumerate().map(deal).collect()
}

fn encode_failed(source: ottla_protocol::EncodeError) -> Error {
    Error::Ask { address: "the group".to_owned(), api: "the consumer protocol", source }
}

/// ConsumerProtocolSubscription, version 0.
fn subscribed(topics: &[String]) -> Result<Vec<u8>> {
    let mut encoder = Encoder::new();
    encoder.int16(0);
    let each = |encoder: &mut Encoder, topic: &String| encoder.nullable_string(false, Some(topic));
    encoder.nullable_array(false, Some(topics), each).map_err(encode_failed)?;
    encoder.nullable_bytes(false, None).map_err(encode_failed)?;
    Ok(encoder.into_vec())
}

/// ConsumerProtocolAssignment, version 0.
fn assignment(partitions: &[(usize, i32)], topics: &[String]) -> Result<Vec<u8>> {
    let by_topic: Vec<&[(usize, i32)]> = partitions.chunk_by(|one, other| one.0 == other.0).collect();
    let mut encoder = Encoder::new();
    encoder.int16(0);
    let of_topic = |encoder: &mut Encoder, partitions: &&[(usize, i32)]| {
        let topic = partitions.first().and_then(|(topic, _)| topics.get(*topic));
        encoder.nullable_string(false, topic.map(String::as_str))?;
        encoder.nullable_array(false, Some(*partitions), |encoder, (_, partition)| {
            encoder.int32(*partition);
            Ok(())
        })
    };
    encoder.nullable_array(false, Some(&by_topic), of_topic).map_err(encode_failed)?;
    encoder.nullable_bytes(false, None).map_err(encode_failed)?;
    Ok(encoder.into_vec())
}

/// Reads an assignment of any version: what later ones add comes behind. Topics that are not ours are left.
fn assigned(bytes: &[u8], topics: &[String]) -> Result<Vec<(usize, i32)>, DecodeError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut decoder = Decoder::new(bytes);
    decoder.int16()?;
    let named = decoder.nullable_array(false, |decoder| {
        let topic = decoder.nullable_string(false)?.unwrap_or_default().into_owned();
        let partitions = decoder.nullable_array(false, Decoder::int32)?.unwrap_or_default();
        Ok((topic, partitions))
    })?;
    let mut found = Vec::new();
    for (name, partitions) in named.unwrap_or_default() {
        if let Some(topic) = topics.iter().position(|topic| *topic == name) {
            found.extend(partitions.into_iter().map(|partition| (topic, partition)));
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every partition goes to one member, and what the leader wrote is what members read.
    #[test]
    fn every_partition_is_dealt_once() {
        let topics = ["a".to_owned(), "b".to_owned()];
        let partitions: Vec<(usize, i32)> = vec![(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)];
        let subscription = Subscription { topics: &topics, partitions: &partitions };
        for count in 1..8 {
            let members = (0..count).rev().map(|member| format!("m{member}")).collect();
            let dealt = deal(members, &subscription).unwrap();
            assert_eq!(dealt.len(), count);
            let mut all: Vec<(usize, i32)> =
                dealt.iter().flat_map(|(_, bytes)| assigned(bytes, &topics).unwrap()).collect();
            all.sort_unstable();
            assert_eq!(all, partitions, "{count}");
        }
    }

    /// Bytes from outside end in an error, never in a panic.
    #[test]
    fn damaged_assignments_are_refused() {
        let topics = ["a".to_owned()];
        let whole = assignment(&[(0, 7)], &topics).unwrap();
        assert_eq!(assigned(&whole, &topics), Ok(vec![(0, 7)]));
        assert_eq!(assigned(&[], &topics), Ok(Vec::new()));
        // The last four bytes are user data, which nobody reads.
        for end in 1..whole.len() - 4 {
            assert!(assigned(&whole[..end], &topics).is_err(), "{end}");
        }
    }
}
