//! What a turn does at most, however many groups there are, and what is counted of them.

use super::{READS_T, World, joins};
use crate::offsets::Commit;
use crate::requests::Committer;
use crate::{Client, Out, Settings, Waiter};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use ottla_protocol::messages::{HeartbeatRequest, JoinGroupRequest};

fn commit(topic: &str) -> Commit<'_> {
    Commit { topic, partition: 0, offset: 1, leader_epoch: -1, metadata: "", retention_ms: -1 }
}

impl World {
    /// A commit of a group without members.
    fn commit_of(&mut self, group_id: &str, topics: &[&str]) -> Result<Vec<ErrorCode>, ErrorCode> {
        let commits: Vec<Commit<'_>> = topics.iter().map(|topic| commit(topic)).collect();
        let nobody = Committer { group_id, member_id: "", instance_id: None, generation: -1, version: 8 };
        let (turn, mut out) = (self.turn(), Out::default());
        let codes = self.shard.commit(&turn, nobody, &commits, &mut out);
        self.take(out);
        codes
    }

    /// How many turns the work takes that is due now.
    fn ticks(&mut self) -> usize {
        let mut count = 0;
        while self.shard.next_deadline_ms().is_some_and(|at_ms| at_ms <= self.now_ms) {
            let (turn, mut out) = (self.turn(), Out::default());
            self.shard.tick(&turn, &mut out);
            self.take(out);
            count += 1;
        }
        count
    }
}

fn many(count: usize, topics: &[&str]) -> World {
    let mut world = World::with(Settings { offset_metadata_max: 10, ..Settings::default() });
    world.room_bytes = usize::MAX;
    for number in 0..count {
        let codes = world.commit_of(&format!("group-{number:06}"), topics).expect("room");
        assert!(codes.iter().all(|code| *code == ErrorCode::NONE));
    }
    world
}

#[test]
fn what_was_loaded_begins_in_turns() {
    let mut world = many(3_000, &["t", "gone"]);
    let ids = world.stable(2).0;
    let loaded = world.reloaded();
    let mut again = World { shard: loaded.shard, ..World::with(world.settings.clone()) };
    let mut turns = 0;
    loop {
        let (turn, mut out) = (again.turn(), Out::default());
        let is_done = again.shard.loaded(&turn, |topic| topic == "t", &mut out);
        again.take(out);
        turns += 1;
        if is_done {
            break;
        }
    }
    // 1,024 groups, members and topics in each.
    assert_eq!(turns, (3_000 * 3 + 3) / 1_024 + 1);
    again.ticks();
    let counts = again.shard.groups().map(|(_, entry)| entry.offsets.topics().count());
    assert_eq!(counts.sum::<usize>(), 3_000);
    // Every member is expected.
    again.pass(10_000);
    assert_eq!((ids.len(), again.state()), (2, "Empty"));
}

/// One pass for all topics that are gone, and another one for those that went while it was under way.
#[test]
fn deleted_topics_go_together() {
    let topics: Vec<String> = (0..8).map(|number| format!("t{number}")).collect();
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut world = many(2_000, &topics);
    let (turn, mut out) = (world.turn(), Out::default());
    for topic in &topics[..4] {
        world.shard.topic_deleted(topic, &turn);
    }
    world.shard.tick(&turn, &mut out);
    world.take(out);
    world.shard.topic_deleted(topics[4], &turn);
    assert_eq!(
        world.commit_of("group-000000", &topics[4..5]),
        Ok(vec![ErrorCode::UNKNOWN_TOPIC_OR_PARTITION])
    );
    // A tombstone takes some 50 bytes of 128 KiB.
    let turns = world.ticks();
    assert!(turns <= 2_000 * 5 * 50 / (128 << 10) + 4, "{turns}");
    for (_, entry) in world.shard.groups() {
        let left: Vec<&str> = entry.offsets.topics().map(|(topic, _)| &**topic).collect();
        assert_eq!(left, topics[5..]);
    }
    assert_eq!(world.commit_of("group-000000", &topics[4..5]), Ok(vec![ErrorCode::NONE]));
}

impl World {
    /// A heartbeat of a member of another group.
    fn heartbeat_of(&mut self, group_id: &str, member_id: &str, generation_id: i32) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: group_id.into(),
            generation_id,
            member_id: member_id.into(),
            ..HeartbeatRequest::default()
        };
        let (turn, mut out) = (self.turn(), Out::default());
        let code = self.shard.heartbeat(&turn, &request, &mut out);
        assert!(out.records.is_empty() && out.replies.is_empty());
        self.take(out);
        code
    }

    /// The one member of a group of its own, when it has joined; the group's generation is 1.
    fn alone_in(&mut self, group_id: &str) -> String {
        let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: READS_T.into() };
        let request = JoinGroupRequest {
            group_id: group_id.into(),
            session_timeout_ms: 60_000,
            rebalance_timeout_ms: 60_000,
            protocol_type: "consumer".into(),
            protocols: vec![protocol],
            ..JoinGroupRequest::default()
        };
        let (turn, mut out) = (self.turn(), Out::default());
        let client = Client { id: "client", host: "/127.0.0.1" };
        self.shard.join(&turn, &request, 3, client, Waiter(u64::MAX), &mut out);
        self.take(out);
        self.pass(3_000);
        let joined = self.joined(Waiter(u64::MAX)).expect("alone in its group");
        assert_eq!((joined.error_code, joined.generation_id), (0, 1));
        joined.member_id.into_owned()
    }
}

/// A group of thousands of members, all of whom fall silent at once, beside thousands of groups: no turn does more than a
/// few of them, and between any two turns another group's member is heard.
#[test]
fn a_storm_of_one_group_leaves_turns_to_others() {
    const MEMBERS: usize = 3_000;
    let mut world = many(2_000, &["t"]);
    let quiet = world.alone_in("quiet");
    let ids: Vec<String> = (0..MEMBERS).map(|_| world.new_id()).collect();
    let waiters: Vec<_> = ids
        .iter()
        .map(|id| {
            // No join is answered, or writes anything, before the phase ends.
            let (records, replies) = (world.log.len(), world.replies.len());
            let waiter = world.join(&joins(id));
            assert_eq!((world.log.len(), world.replies.len()), (records, replies));
            waiter
        })
        .collect();
    world.pass(3_000 * 4);
    assert_eq!(world.state(), "CompletingRebalance");
    assert!(
        waiters.into_iter().all(|waiter| world.joined(waiter).is_some_and(|joined| joined.error_code == 0))
    );
    assert_eq!(world.heartbeat_of("quiet", &quiet, 1), ErrorCode::NONE);
    // All sessions end in the same moment.
    world.now_ms += 10_000;
    let mut turns = 0;
    while world.shard.next_deadline_ms().is_some_and(|at_ms| at_ms <= world.now_ms) {
        let before = world.group().map_or(0, super::super::Group::member_count);
        let (turn, mut out) = (world.turn(), Out::default());
        world.shard.tick(&turn, &mut out);
        assert!(out.records.len() <= 1 && out.replies.is_empty(), "{} records", out.records.len());
        world.take(out);
        let after = world.group().map_or(0, super::super::Group::member_count);
        assert!(before - after <= 64, "{} members in one turn", before - after);
        assert_eq!(world.heartbeat_of("quiet", &quiet, 1), ErrorCode::NONE);
        turns += 1;
    }
    assert_eq!(world.state(), "Empty");
    assert!((MEMBERS.div_ceil(64)..MEMBERS.div_ceil(64) + 8).contains(&turns), "{turns} turns");
}

/// A list in parts has every group once, also when some go between two parts.
#[test]
fn groups_are_listed_in_parts() {
    let mut world = many(100, &["t"]);
    let (mut listed, mut last) = (Vec::new(), None);
    loop {
        let part: Vec<_> = world.shard.list(last.as_ref()).take(30).collect();
        let Some(end) = part.last() else { break };
        last = Some(end.group_id.clone());
        listed.extend(part.iter().map(|group| group.group_id.to_string()));
        let (turn, mut out) = (world.turn(), Out::default());
        world.shard.delete_group(&turn, &listed[listed.len() - 1], &mut out).expect("no members");
        world.take(out);
    }
    assert_eq!(listed, (0..100).map(|number| format!("group-{number:06}")).collect::<Vec<_>>());
    assert_eq!(world.shard.groups().count(), 96);
}

/// Names that are new here are counted before they take memory, and what was counted is what they take.
#[test]
fn names_are_counted_too() {
    let mut world = World::new();
    let (group, topic) = ("g".repeat(1_000), "t".repeat(200));
    let topics = [&*topic, "u"];
    let mut least = World::new();
    assert_eq!(least.commit_of(&group, &topics), Ok(vec![ErrorCode::NONE; 2]));
    world.room_bytes = least.shard.bytes() - 1;
    assert_eq!(world.commit_of(&group, &topics), Err(ErrorCode::COORDINATOR_NOT_AVAILABLE));
    world.room_bytes += 1;
    assert_eq!(world.commit_of(&group, &topics), Ok(vec![ErrorCode::NONE; 2]));
    // The second time nothing is new.
    world.room_bytes = 0;
    assert_eq!(world.commit_of(&group, &topics), Ok(vec![ErrorCode::NONE; 2]));
}

/// Ids that were given out are counted until they are used or too old.
#[test]
fn ids_that_were_given_out_are_counted() {
    let mut world = World::new();
    let before = world.shard.bytes();
    let ids: Vec<String> = (0..3).map(|_| world.new_id()).collect();
    let with_ids = world.shard.bytes();
    assert!(with_ids > before + 3 * ids[0].len());
    world.join(&joins(&ids[0]));
    world.leave(&ids[1], None);
    world.pass(5 * 60 * 1_000);
    assert_eq!(world.group().map_or(0, super::super::Group::member_count), 0);
    world.pass(i64::from(i32::MAX));
    assert_eq!(world.shard.bytes(), world.shard.groups().map(|(id, _)| 512 + id.len()).sum::<usize>());
}
