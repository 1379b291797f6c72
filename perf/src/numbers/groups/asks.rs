//! Requests of groups' members, and what their answers must say.

use crate::client::{frame, parse};
use crate::gates::process::Connection;
use crate::traffic::create_topic;
use bytes::Bytes;
use ottla_protocol::messages as m;
use ottla_protocol::{ApiKey, ErrorCode};
use std::borrow::Cow;
use std::io::{self, Error};
use std::time::{Duration, Instant};

const FIND_COORDINATOR: i16 = 3;
const OFFSET_COMMIT: i16 = 8;
const OFFSET_FETCH: i16 = 7;
const JOIN_GROUP: i16 = 7;
const SYNC_GROUP: i16 = 5;
const PROTOCOL_TYPE: &str = "consumer";
const PROTOCOL: &str = "range";
/// The longest that brokers allow by default: nobody is thrown out while others are measured.
const SESSION_MS: i32 = 1_800_000;
/// Loading a million offsets takes the slower of the two some seconds.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two questions whether a coordinator is there.
const PAUSE: Duration = Duration::from_millis(1);

/// The name of the topic that offsets are committed for.
pub const TOPIC: &str = crate::traffic::TOPIC;

fn refused(what: &str, code: i16) -> Error {
    Error::other(format!("{what}: {}", ErrorCode(code)))
}

fn is_ok(what: &str, code: i16) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(refused(what, code)) }
}

/// Makes the topic, and has coordinators for groups.
/// # Errors
/// They do not come.
pub fn prepare(connection: &mut Connection, partitions: i32) -> io::Result<()> {
    crate::traffic::created_topic(&connection.call(&create_topic(partitions, &[]))?);
    let find = m::FindCoordinatorRequest { key: "any".into(), ..Default::default() };
    let find = frame(ApiKey::FindCoordinator, FIND_COORDINATOR, &find);
    until(|| {
        let answer = connection.call(&find)?;
        let found: m::FindCoordinatorResponse<'_> = parse(ApiKey::FindCoordinator, FIND_COORDINATOR, &answer);
        Ok(found.error_code)
    })
}

/// Asks until the code is none.
fn until(mut ask: impl FnMut() -> io::Result<i16>) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask()? {
            0 => return Ok(()),
            code if Instant::now() > deadline => return Err(refused("a coordinator", code)),
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// A commit of `offset` for the first `partitions` of the topic, by nobody of the group.
pub fn commit(group_id: &str, partitions: i32, offset: i64) -> Bytes {
    commit_of(group_id, ("", -1), partitions, offset)
}

fn commit_of(group_id: &str, (member_id, generation): (&str, i32), partitions: i32, offset: i64) -> Bytes {
    use m::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    let partitions = (0..partitions).map(|partition_index| OffsetCommitRequestPartition {
        partition_index,
        committed_offset: offset,
        committed_metadata: Some("".into()),
        ..Default::default()
    });
    let topic = OffsetCommitRequestTopic {
        name: TOPIC.into(),
        partitions: partitions.collect(),
        ..Default::default()
    };
    let request = m::OffsetCommitRequest {
        group_id: group_id.into(),
        generation_id_or_member_epoch: generation,
        member_id: member_id.into(),
        topics: vec![topic],
        ..Default::default()
    };
    frame(ApiKey::OffsetCommit, OFFSET_COMMIT, &request)
}

/// The first error of a commit's answer.
pub fn committed(answer: &[u8]) -> i16 {
    let response: m::OffsetCommitResponse<'_> = parse(ApiKey::OffsetCommit, OFFSET_COMMIT, answer);
    let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
    partitions.map(|partition| partition.error_code).find(|code| *code != 0).unwrap_or(0)
}

/// # Errors
/// The broker refuses, but for a coordinator that is just coming.
pub fn commit_once(connection: &mut Connection, frame: &Bytes) -> io::Result<()> {
    until(|| Ok(committed(&connection.call(frame)?)))
}

/// Returns when the group has an offset for the topic's first partition, whose coordinator may still be loading.
/// # Errors
/// It has none, or nobody comes to tell.
pub fn await_offset(connection: &mut Connection, group_id: &str) -> io::Result<()> {
    let topic =
        m::offset_fetch_request::OffsetFetchRequestTopic { name: TOPIC.into(), partition_indexes: vec![0] };
    let request =
        m::OffsetFetchRequest { group_id: group_id.into(), topics: Some(vec![topic]), ..Default::default() };
    let frame = frame(ApiKey::OffsetFetch, OFFSET_FETCH, &request);
    let mut offset = None;
    until(|| {
        let answer = connection.call(&frame)?;
        let response: m::OffsetFetchResponse<'_> = parse(ApiKey::OffsetFetch, OFFSET_FETCH, &answer);
        let partition = response.topics.first().and_then(|topic| topic.partitions.first());
        offset = partition.map(|partition| partition.committed_offset);
        Ok(response.error_code)
    })?;
    match offset {
        Some(offset) if offset >= 0 => Ok(()),
        _ => Err(Error::other(format!("the offset of {group_id} is lost"))),
    }
}

/// A member of a group, on a connection of its own.
pub struct Member {
    connection: Connection,
    group_id: String,
    id: String,
    generation: i32,
    /// Of the last join: the ids of all members, if it leads.
    led: Vec<String>,
}

impl Member {
    /// One that has its id and has not joined.
    /// # Errors
    /// The broker refuses.
    pub fn new(connection: Connection, group_id: &str) -> io::Result<Member> {
        let mut member = Member {
            connection,
            group_id: group_id.to_owned(),
            id: String::new(),
            generation: -1,
            led: Vec::new(),
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            member.send_join(0)?;
            match member.receive_join() {
                Ok(()) => return Err(Error::other("a member without an id was let in")),
                Err(_) if !member.id.is_empty() => return Ok(member),
                Err(error) if Instant::now() > deadline => return Err(error),
                // Its coordinator is just coming.
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    /// What it says of itself is another thing in each `round`, so that the group has to rebalance.
    /// # Errors
    /// The broker closed the connection.
    pub fn send_join(&mut self, round: u32) -> io::Result<()> {
        let metadata = subscription(round);
        let request = m::JoinGroupRequest {
            group_id: Cow::Borrowed(&self.group_id),
            session_timeout_ms: SESSION_MS,
            rebalance_timeout_ms: 60_000,
            member_id: Cow::Borrowed(&self.id),
            protocol_type: PROTOCOL_TYPE.into(),
            protocols: vec![m::join_group_request::JoinGroupRequestProtocol {
                name: PROTOCOL.into(),
                metadata: metadata.into(),
            }],
            ..Default::default()
        };
        let frame = frame(ApiKey::JoinGroup, JOIN_GROUP, &request);
        self.connection.send(&frame)
    }

    /// # Errors
    /// The broker refuses, or says nothing.
    pub fn receive_join(&mut self) -> io::Result<()> {
        let answer = self.connection.receive()?;
        let response: m::JoinGroupResponse<'_> = parse(ApiKey::JoinGroup, JOIN_GROUP, &answer);
        self.id = response.member_id.to_string();
        self.generation = response.generation_id;
        self.led = response.members.iter().map(|member| member.member_id.to_string()).collect();
        is_ok("JoinGroup", response.error_code)
    }

    /// The leader gives each member one partition.
    /// # Errors
    /// The broker closed the connection.
    pub fn send_sync(&mut self) -> io::Result<()> {
        use m::sync_group_request::SyncGroupRequestAssignment;
        let assignments = self.led.iter().enumerate().map(|(index, member_id)| SyncGroupRequestAssignment {
            member_id: Cow::Borrowed(member_id),
            assignment: assignment(index as i32).into(),
        });
        let request = m::SyncGroupRequest {
            group_id: Cow::Borrowed(&self.group_id),
            generation_id: self.generation,
            member_id: Cow::Borrowed(&self.id),
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol_name: Some(PROTOCOL.into()),
            assignments: assignments.collect(),
            ..Default::default()
        };
        let frame = frame(ApiKey::SyncGroup, SYNC_GROUP, &request);
        self.connection.send(&frame)
    }

    /// # Errors
    /// The broker refuses or gives it nothing.
    pub fn receive_sync(&mut self) -> io::Result<()> {
        let answer = self.connection.receive()?;
        let response: m::SyncGroupResponse<'_> = parse(ApiKey::SyncGroup, SYNC_GROUP, &answer);
        is_ok("SyncGroup", response.error_code)?;
        if response.assignment.is_empty() { Err(Error::other("SyncGroup: no assignment")) } else { Ok(()) }
    }

    /// Joins and syncs a group of its own.
    /// # Errors
    /// The broker refuses.
    pub fn enter_alone(&mut self) -> io::Result<()> {
        self.send_join(0)?;
        self.receive_join()?;
        self.send_sync()?;
        self.receive_sync()
    }

    /// A commit of its own, as [`commit`].
    pub fn commit(&self, partitions: i32, offset: i64) -> Bytes {
        commit_of(&self.group_id, (&self.id, self.generation), partitions, offset)
    }

    /// The connection, for another member.
    pub fn into_connection(self) -> Connection {
        self.connection
    }
}

fn topic_bytes() -> Vec<u8> {
    let length = i16::try_from(TOPIC.len()).expect("a short name");
    [&length.to_be_bytes(), TOPIC.as_bytes()].concat()
}

/// Version 0 of what Kafka's consumers say: one topic, and `round` as user data.
fn subscription(round: u32) -> Vec<u8> {
    [&[0, 0, 0, 0, 0, 1], &topic_bytes()[..], &[0, 0, 0, 4], &round.to_be_bytes()].concat()
}

/// Version 0 of what consumers are told: one partition of the topic, no user data.
fn assignment(partition: i32) -> Vec<u8> {
    let nothing = (-1_i32).to_be_bytes();
    [&[0, 0, 0, 0, 0, 1], &topic_bytes()[..], &[0, 0, 0, 1], &partition.to_be_bytes(), &nothing].concat()
}
