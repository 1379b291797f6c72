//! A shard with a clock of its own, and tables of what each request does in each state.

mod bounds;
mod histories;
mod table;

use crate::offsets::Commit;
use crate::requests::Committer;
use crate::{Client, Out, Record, Reply, Settings, Shard, Turn, Waiter};
use ottla_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use ottla_protocol::messages::leave_group_request::MemberIdentity;
use ottla_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use ottla_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, SyncGroupRequest, SyncGroupResponse,
};
use ottla_protocol::{ErrorCode, Seed};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The bytes of a subscription to topic `t`.
const READS_T: &[u8] = &[0, 0, 0, 0, 0, 1, 0, 1, b't', 255, 255, 255, 255];

/// A host for one shard: appends and replays at once.
pub(super) struct World {
    pub(super) shard: Shard,
    pub(super) settings: Settings,
    pub(super) now_ms: i64,
    pub(super) room_bytes: usize,
    pub(super) log: Vec<Record>,
    pub(super) replies: BTreeMap<Waiter, Reply>,
    next_waiter: u64,
}

/// A join of group `g` in its newest version.
#[derive(Clone, Debug)]
pub(super) struct Joins<'a> {
    pub(super) member_id: &'a str,
    pub(super) instance_id: Option<&'a str>,
    pub(super) protocols: &'a [(&'a str, &'a [u8])],
    pub(super) version: i16,
    pub(super) session_ms: i32,
    pub(super) rebalance_ms: i32,
}

pub(super) fn joins(member_id: &str) -> Joins<'_> {
    Joins {
        member_id,
        instance_id: None,
        protocols: &[("range", READS_T)],
        version: 9,
        session_ms: 10_000,
        rebalance_ms: 60_000,
    }
}

impl World {
    pub(super) fn new() -> World {
        World::with(Settings::default())
    }

    pub(super) fn with(settings: Settings) -> World {
        let shard = Shard::new(settings.clone(), Seed::new(1));
        World {
            shard,
            settings,
            now_ms: 0,
            room_bytes: 100_000,
            log: Vec::new(),
            replies: BTreeMap::new(),
            next_waiter: 0,
        }
    }

    pub(super) fn turn(&self) -> Turn {
        Turn {
            now_ms: self.now_ms,
            unix_ms: 1_000_000 + self.now_ms,
            room_bytes: self.room_bytes,
            batch_bytes_max: 1_000_000,
        }
    }

    pub(super) fn take(&mut self, out: Out) {
        for record in out.records {
            self.shard.replay(Some(&record.key), record.value.as_deref()).expect("a record of our own");
            self.log.push(record);
        }
        for (waiter, reply) in out.replies {
            assert!(self.replies.insert(waiter, reply).is_none(), "{waiter:?} is answered twice");
        }
    }

    /// Time goes on; everything that comes due on the way happens in its time.
    pub(super) fn pass(&mut self, ms: i64) {
        let end = self.now_ms + ms;
        while let Some(at_ms) = self.shard.next_deadline_ms().filter(|at_ms| *at_ms <= end) {
            self.now_ms = self.now_ms.max(at_ms);
            let (turn, mut out) = (self.turn(), Out::default());
            self.shard.tick(&turn, &mut out);
            self.take(out);
        }
        self.now_ms = end;
    }

    pub(super) fn join(&mut self, joins: &Joins<'_>) -> Waiter {
        self.next_waiter += 1;
        let waiter = Waiter(self.next_waiter);
        let protocols = joins.protocols.iter().map(|(name, metadata)| JoinGroupRequestProtocol {
            name: Cow::Borrowed(*name),
            metadata: Cow::Borrowed(*metadata),
        });
        let request = JoinGroupRequest {
            group_id: "g".into(),
            session_timeout_ms: joins.session_ms,
            rebalance_timeout_ms: joins.rebalance_ms,
            member_id: joins.member_id.into(),
            group_instance_id: joins.instance_id.map(Cow::Borrowed),
            protocol_type: "consumer".into(),
            protocols: protocols.collect(),
            reason: None,
        };
        let (turn, mut out) = (self.turn(), Out::default());
        let client = Client { id: "client", host: "/127.0.0.1" };
        self.shard.join(&turn, &request, joins.version, client, waiter, &mut out);
        self.take(out);
        waiter
    }

    /// The answer to a join, if there is one yet.
    pub(super) fn joined(&mut self, waiter: Waiter) -> Option<JoinGroupResponse<'static>> {
        match self.replies.remove(&waiter) {
            Some(Reply::Join(response)) => Some(response),
            Some(other) => panic!("{other:?}"),
            None => None,
        }
    }

    pub(super) fn sync(&mut self, member_id: &str, generation: i32, assigned: &[(&str, &[u8])]) -> Waiter {
        self.next_waiter += 1;
        let waiter = Waiter(self.next_waiter);
        let assignments = assigned.iter().map(|(member_id, assignment)| SyncGroupRequestAssignment {
            member_id: Cow::Borrowed(*member_id),
            assignment: Cow::Borrowed(*assignment),
        });
        let request = SyncGroupRequest {
            group_id: "g".into(),
            generation_id: generation,
            member_id: member_id.into(),
            assignments: assignments.collect(),
            ..SyncGroupRequest::default()
        };
        let (turn, mut out) = (self.turn(), Out::default());
        self.shard.sync(&turn, &request, waiter, &mut out);
        self.take(out);
        waiter
    }

    pub(super) fn synced(&mut self, waiter: Waiter) -> Option<SyncGroupResponse<'static>> {
        match self.replies.remove(&waiter) {
            Some(Reply::Sync(response)) => Some(response),
            Some(other) => panic!("{other:?}"),
            None => None,
        }
    }

    pub(super) fn heartbeat(&mut self, member_id: &str, generation: i32) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: "g".into(),
            generation_id: generation,
            member_id: member_id.into(),
            ..HeartbeatRequest::default()
        };
        let (turn, mut out) = (self.turn(), Out::default());
        let code = self.shard.heartbeat(&turn, &request, &mut out);
        self.take(out);
        code
    }

    pub(super) fn leave(&mut self, member_id: &str, instance_id: Option<&str>) -> ErrorCode {
        let member = MemberIdentity {
            member_id: member_id.into(),
            group_instance_id: instance_id.map(Cow::Borrowed),
            reason: None,
        };
        let (turn, mut out) = (self.turn(), Out::default());
        let left = self.shard.leave(&turn, "g", &[member], &mut out);
        self.take(out);
        ErrorCode(left.expect("a group id")[0].error_code)
    }

    /// A commit for partition 0 of `topic`.
    pub(super) fn commit(&mut self, member_id: &str, generation: i32, topic: &str, offset: i64) -> ErrorCode {
        let commit = Commit { topic, partition: 0, offset, leader_epoch: -1, metadata: "", retention_ms: -1 };
        self.commit_all(member_id, generation, &[commit])
    }

    pub(super) fn commit_all(
        &mut self,
        member_id: &str,
        generation: i32,
        commits: &[Commit<'_>],
    ) -> ErrorCode {
        let committer = Committer { group_id: "g", member_id, instance_id: None, generation, version: 8 };
        let (turn, mut out) = (self.turn(), Out::default());
        let committed = self.shard.commit(&turn, committer, commits, &mut out);
        self.take(out);
        match committed {
            Ok(codes) => codes[0],
            Err(code) => code,
        }
    }

    pub(super) fn committed(&self, topic: &str) -> Option<i64> {
        Some(self.shard.offsets("g")?.get(topic, 0)?.offset)
    }

    pub(super) fn group(&self) -> Option<&super::Group> {
        self.shard.entry("g")?.group.as_classic()
    }

    pub(super) fn state(&self) -> &'static str {
        self.group().map_or("Dead", |group| group.state().name())
    }

    /// The id that a new dynamic member is given.
    pub(super) fn new_id(&mut self) -> String {
        let waiter = self.join(&joins(""));
        let response = self.joined(waiter).expect("an answer at once");
        assert_eq!(response.error_code, ErrorCode::MEMBER_ID_REQUIRED.0);
        response.member_id.into_owned()
    }

    /// A stable group of `count` members; their ids, the leader's first, and the generation.
    pub(super) fn stable(&mut self, count: usize) -> (Vec<String>, i32) {
        let ids: Vec<String> = (0..count).map(|_| self.new_id()).collect();
        let waiters: Vec<Waiter> = ids.iter().map(|id| self.join(&joins(id))).collect();
        self.pass(3_000 * 4);
        let mut generation = 0;
        for waiter in waiters {
            let response = self.joined(waiter).expect("the join phase is over");
            assert_eq!((response.error_code, &*response.leader), (0, &*ids[0]));
            assert_eq!(response.members.len(), if response.member_id == ids[0] { count } else { 0 });
            generation = response.generation_id;
        }
        let assigned: Vec<(&str, &[u8])> = ids.iter().map(|id| (id.as_str(), id.as_bytes())).collect();
        for (index, id) in ids.iter().enumerate() {
            let waiter = self.sync(id, generation, if index == 0 { &assigned } else { &[] });
            let response = self.synced(waiter).expect("the leader has synced");
            assert_eq!((response.error_code, &*response.assignment), (0, id.as_bytes()));
        }
        assert_eq!(self.state(), "Stable");
        (ids, generation)
    }

    /// The same records, read by another coordinator.
    pub(super) fn reloaded(&self) -> World {
        let mut world = World::with(self.settings.clone());
        world.now_ms = self.now_ms;
        // No process gives out the ids of another one.
        world.shard = Shard::new(self.settings.clone(), Seed::new(2 + self.next_waiter));
        world.next_waiter = self.next_waiter;
        for record in &self.log {
            world.shard.replay(Some(&record.key), record.value.as_deref()).expect("a record of our own");
        }
        world.log = self.log.clone();
        let (turn, mut out) = (world.turn(), Out::default());
        while !world.shard.loaded(&turn, |_| true, &mut out) {}
        world.take(out);
        world
    }
}
