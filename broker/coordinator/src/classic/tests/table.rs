//! What each request does in each state: code, next state, record or none.

use super::{World, joins};
use crate::offsets::Commit;
use crate::record::Content;
use crate::requests::Committer;
use crate::{Out, Settings, Turn};
use ottla_protocol::ErrorCode;

/// The states by name, with a member that is in the group and its generation.
fn in_state(state: &str) -> (World, Vec<String>, i32) {
    let mut world = World::new();
    if state == "Dead" {
        return (world, vec!["nobody".to_owned(); 2], 0);
    }
    let (ids, generation) = world.stable(2);
    match state {
        "Stable" => {}
        "Empty" => {
            for id in &ids {
                assert_eq!(world.leave(id, None), ErrorCode::NONE);
            }
        }
        "PreparingRebalance" => {
            world.join(&joins(&ids[0]));
        }
        "CompletingRebalance" => {
            let waiters = [world.join(&joins(&ids[0])), world.join(&joins(&ids[1]))];
            let next = world.joined(waiters[0]).expect("all have joined").generation_id;
            assert_eq!(next, generation + 1);
            return {
                assert_eq!(world.state(), state);
                (world, ids, next)
            };
        }
        other => panic!("{other}"),
    }
    assert_eq!(world.state(), state);
    (world, ids, generation)
}

const STATES: [&str; 5] = ["Dead", "Empty", "PreparingRebalance", "CompletingRebalance", "Stable"];

/// state, by a known member, with a wrong generation, by an unknown member.
#[test]
fn heartbeats() {
    use ErrorCode as E;
    let expected = [
        (E::UNKNOWN_MEMBER_ID, E::UNKNOWN_MEMBER_ID),
        (E::UNKNOWN_MEMBER_ID, E::UNKNOWN_MEMBER_ID),
        (E::REBALANCE_IN_PROGRESS, E::ILLEGAL_GENERATION),
        (E::NONE, E::ILLEGAL_GENERATION),
        (E::NONE, E::ILLEGAL_GENERATION),
    ];
    for (state, (known, wrong)) in STATES.into_iter().zip(expected) {
        let (mut world, ids, generation) = in_state(state);
        assert_eq!(world.heartbeat(&ids[1], generation), known, "{state}");
        assert_eq!(world.heartbeat(&ids[1], generation + 1), wrong, "{state}");
        assert_eq!(world.heartbeat("stranger", generation), E::UNKNOWN_MEMBER_ID, "{state}");
        assert_eq!(world.state(), state);
    }
}

/// Commits of a member, of nobody, and of a stranger.
#[test]
fn commits() {
    use ErrorCode as E;
    let expected = [
        (E::ILLEGAL_GENERATION, E::NONE, E::ILLEGAL_GENERATION),
        (E::UNKNOWN_MEMBER_ID, E::NONE, E::UNKNOWN_MEMBER_ID),
        (E::NONE, E::UNKNOWN_MEMBER_ID, E::UNKNOWN_MEMBER_ID),
        (E::REBALANCE_IN_PROGRESS, E::UNKNOWN_MEMBER_ID, E::UNKNOWN_MEMBER_ID),
        (E::NONE, E::UNKNOWN_MEMBER_ID, E::UNKNOWN_MEMBER_ID),
    ];
    for (state, (member, nobody, stranger)) in STATES.into_iter().zip(expected) {
        let (mut world, ids, generation) = in_state(state);
        assert_eq!(world.commit("stranger", generation, "t", 1), stranger, "{state}");
        assert_eq!(world.committed("t"), None);
        assert_eq!(world.commit(&ids[1], generation, "t", 2), member, "{state}");
        assert_eq!(world.committed("t"), (member == E::NONE).then_some(2), "{state}");
        let before = world.committed("t");
        assert_eq!(world.commit("", -1, "t", 3), nobody, "{state}");
        assert_eq!(world.committed("t"), if nobody == E::NONE { Some(3) } else { before }, "{state}");
        assert_eq!(world.reloaded().committed("t"), world.committed("t"), "{state}");
    }
}

/// Syncs of the leader, with a wrong generation, of a stranger; and what state follows the leader's.
#[test]
fn syncs() {
    use ErrorCode as E;
    let expected = [
        (E::UNKNOWN_MEMBER_ID, "Dead"),
        (E::UNKNOWN_MEMBER_ID, "Empty"),
        (E::REBALANCE_IN_PROGRESS, "PreparingRebalance"),
        (E::NONE, "Stable"),
        (E::NONE, "Stable"),
    ];
    for (state, (leader, next)) in STATES.into_iter().zip(expected) {
        let (mut world, ids, generation) = in_state(state);
        let records = world.log.len();
        for (id, generation) in [("stranger", generation), (ids[0].as_str(), generation + 1)] {
            let waiter = world.sync(id, generation, &[]);
            let code = ErrorCode(world.synced(waiter).expect("an answer").error_code);
            assert!(code == E::UNKNOWN_MEMBER_ID || code == E::ILLEGAL_GENERATION, "{state}: {code}");
        }
        let waiter = world.sync(&ids[0], generation, &[(&ids[0], b"mine")]);
        assert_eq!(world.synced(waiter).expect("an answer").error_code, leader.0, "{state}");
        assert_eq!(world.state(), next);
        let stored = usize::from(state == "CompletingRebalance");
        assert_eq!(world.log.len() - records, stored, "{state}");
    }
}

/// A join without an id, in each state, makes a member that is waited for.
#[test]
fn joins_in_every_state() {
    for state in STATES {
        let (mut world, ids, _) = in_state(state);
        let id = world.new_id();
        assert_eq!(world.state(), if state == "Dead" { "Empty" } else { state });
        world.join(&joins(&id));
        assert_eq!(world.state(), "PreparingRebalance", "{state}");
        if !matches!(state, "Dead" | "Empty") {
            assert_eq!(world.group().map(|group| group.member_count()), Some(3));
            assert_eq!(world.heartbeat(&ids[1], world.group().expect("a group").generation()).0, 27);
        }
        let waiter = world.join(&joins("forged"));
        let response = world.joined(waiter).expect("an answer");
        assert_eq!(response.error_code, ErrorCode::UNKNOWN_MEMBER_ID.0, "{state}");
        let other = super::Joins { protocols: &[("other", b"")], ..joins("") };
        let waiter = world.join(&other);
        let response = world.joined(waiter).expect("an answer");
        assert_eq!(response.error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL.0, "{state}");
    }
}

/// Nothing is left of a group that only refused.
#[test]
fn refusals_leave_nothing_behind() {
    let mut world = World::new();
    let nothing = super::Joins { protocols: &[], ..joins("") };
    let waiter = world.join(&nothing);
    assert_eq!(world.joined(waiter).expect("an answer").error_code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL.0);
    for session_ms in [5_999, 1_800_001, -1] {
        let waiter = world.join(&super::Joins { session_ms, ..joins("") });
        assert_eq!(world.joined(waiter).expect("an answer").error_code, ErrorCode::INVALID_SESSION_TIMEOUT.0);
    }
    assert_eq!((world.shard.bytes(), world.shard.groups().count()), (0, 0));
    // An id that nobody joins with is forgotten after its session.
    world.new_id();
    assert!(world.shard.bytes() > 0);
    world.pass(10_000);
    assert_eq!((world.shard.bytes(), world.shard.groups().count()), (0, 0));
}

/// Members that are silent, that do not sync, that do not join again: each in its time.
#[test]
fn whoever_is_silent_is_out() {
    let (mut world, ids, generation) = in_state("Stable");
    world.pass(6_000);
    assert_eq!(world.heartbeat(&ids[0], generation), ErrorCode::NONE);
    world.pass(5_000);
    assert_eq!(world.state(), "PreparingRebalance");
    let waiter = world.join(&joins(&ids[0]));
    assert_eq!(world.joined(waiter).expect("alone").members.len(), 1);

    let (mut world, ids, _) = in_state("CompletingRebalance");
    for _ in 0..11 {
        let generation = world.group().expect("a group").generation();
        world.pass(5_500);
        world.heartbeat(&ids[0], generation);
        world.heartbeat(&ids[1], generation);
    }
    assert_eq!(world.state(), "Empty", "nobody has synced within the time of a rebalance");

    let (mut world, ids, generation) = in_state("PreparingRebalance");
    for _ in 0..12 {
        world.pass(5_000);
        world.heartbeat(&ids[1], generation);
    }
    assert_eq!(world.state(), "CompletingRebalance");
    assert_eq!(world.group().map(|group| group.member_count()), Some(1));
}

/// The first rebalance waits for more members as long as some come, but no longer than a rebalance may take.
#[test]
fn an_initial_rebalance_is_put_off_while_members_come() {
    let mut world = World::new();
    let first = super::Joins { rebalance_ms: 8_000, ..joins("") };
    let id = world.new_id();
    let waiter = world.join(&super::Joins { member_id: &id, ..first.clone() });
    for _ in 0..2 {
        world.pass(2_900);
        let id = world.new_id();
        world.join(&super::Joins { member_id: &id, ..first.clone() });
        assert_eq!(world.state(), "PreparingRebalance");
    }
    world.pass(2_199);
    assert_eq!((world.joined(waiter), world.state()), (None, "PreparingRebalance"));
    world.pass(1);
    assert_eq!(world.joined(waiter).expect("time is up").members.len(), 3);
}

/// KIP-345, KIP-814: a static member that comes back takes its place, without a rebalance.
#[test]
fn a_static_member_takes_its_place_again() {
    let mut world = World::new();
    let of = |instance_id| super::Joins { instance_id: Some(instance_id), ..joins("") };
    let waiters = [world.join(&of("a")), world.join(&of("b"))];
    world.pass(6_000);
    let [a, b] = waiters.map(|waiter| world.joined(waiter).expect("joined"));
    let (a_id, b_id) = (a.member_id.into_owned(), b.member_id.into_owned());
    let waiter = world.sync(&a_id, a.generation_id, &[(&a_id, b"A"), (&b_id, b"B")]);
    assert_eq!(&*world.synced(waiter).expect("synced").assignment, b"A");

    for (instance, old_id, version, leads) in [("b", &b_id, 9, false), ("a", &a_id, 9, true)] {
        let waiter = world.join(&super::Joins { version, ..of(instance) });
        let again = world.joined(waiter).expect("at once");
        assert_eq!((again.error_code, again.skip_assignment, world.state()), (0, leads, "Stable"));
        assert_eq!((again.generation_id, again.members.len()), (a.generation_id, if leads { 2 } else { 0 }));
        let waiter = world.sync(&again.member_id, again.generation_id, &[]);
        let kept = world.synced(waiter).expect("synced").assignment;
        assert_eq!(&*kept, instance.to_uppercase().as_bytes());
        assert_eq!(world.heartbeat(old_id, a.generation_id), ErrorCode::UNKNOWN_MEMBER_ID);
        let old = super::Joins { member_id: old_id, ..of(instance) };
        let waiter = world.join(&old);
        assert_eq!(world.joined(waiter).expect("at once").error_code, ErrorCode::FENCED_INSTANCE_ID.0);
        let loaded = world.reloaded();
        let ids = |world: &World| -> Vec<String> {
            world.group().expect("a group").members().map(|member| member.id.to_string()).collect()
        };
        assert_eq!(ids(&loaded), ids(&world));
    }
    // An older client that led is not told that it leads.
    let waiter = world.join(&super::Joins { version: 5, ..of("a") });
    let again = world.joined(waiter).expect("at once");
    assert_ne!(again.leader, again.member_id);
    // An administrator removes by instance id alone.
    assert_eq!(world.leave("", Some("a")), ErrorCode::NONE);
    assert_eq!(world.leave("", Some("a")), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(world.state(), "PreparingRebalance");
}

#[test]
fn the_protocol_that_most_prefer_among_those_that_all_know() {
    let mut world = World::new();
    let lists: [&[(&str, &[u8])]; 3] =
        [&[("own", b""), ("x", b"1"), ("y", b"1")], &[("y", b"2"), ("x", b"2")], &[("x", b"3"), ("y", b"3")]];
    let waiters: Vec<_> = lists
        .iter()
        .map(|protocols| world.join(&super::Joins { protocols, version: 3, ..joins("") }))
        .collect();
    world.pass(12_000);
    let joined = world.joined(waiters[0]).expect("joined");
    assert_eq!(joined.protocol_name.as_deref(), Some("x"));
    let metadata: Vec<&[u8]> = joined.members.iter().map(|member| &*member.metadata).collect();
    assert_eq!(metadata.iter().map(|metadata| metadata.len()).sum::<usize>(), 3);
}

#[test]
fn a_group_takes_no_more_than_its_size_and_its_memory() {
    let mut world = World::with(Settings { group_size_max: 2, ..Settings::default() });
    let (ids, _) = world.stable(2);
    let waiter = world.join(&joins(""));
    let refused = world.joined(waiter).expect("at once");
    assert_eq!((refused.error_code, &*refused.member_id), (ErrorCode::GROUP_MAX_SIZE_REACHED.0, ""));
    let large = vec![0; 100_000];
    let protocols: [(&str, &[u8]); 1] = [("range", &large)];
    let waiter = world.join(&super::Joins { protocols: &protocols, ..joins(&ids[0]) });
    assert_eq!(world.joined(waiter).expect("at once").error_code, ErrorCode::GROUP_MAX_SIZE_REACHED.0);
    let metadata = "m".repeat(4096);
    let commit = Commit {
        topic: "t",
        partition: 0,
        offset: 1,
        leader_epoch: -1,
        metadata: &metadata,
        retention_ms: -1,
    };
    let generation = world.group().expect("a group").generation();
    assert_eq!(world.commit_all(&ids[0], generation, &[commit; 25]), ErrorCode::COORDINATOR_NOT_AVAILABLE);
    let too_long = Commit { metadata: &format!("{metadata}m"), ..commit };
    assert_eq!(world.commit_all(&ids[0], generation, &[too_long]), ErrorCode::OFFSET_METADATA_TOO_LARGE);
    assert_eq!(world.commit_all(&ids[0], generation, &[commit]), ErrorCode::NONE);
}

/// Offsets go when the group has been empty for long enough, and the group with them; those of a topic that a stable group
/// reads no longer go alone.
#[test]
fn offsets_expire_from_the_moment_the_group_is_empty() {
    let retention_ms = 3_600_000;
    let settings = Settings {
        offsets_retention_ms: retention_ms,
        offsets_retention_check_interval_ms: 60_000,
        ..Settings::default()
    };
    let mut world = World::with(settings).reloaded();
    let (ids, generation) = world.stable(1);
    for topic in ["t", "other"] {
        assert_eq!(world.commit(&ids[0], generation, topic, 1), ErrorCode::NONE);
    }
    for _ in 0..retention_ms / 5_000 + 30 {
        world.pass(5_000);
        assert_eq!(world.heartbeat(&ids[0], generation), ErrorCode::NONE);
    }
    assert_eq!((world.committed("t"), world.committed("other")), (Some(1), None));
    world.leave(&ids[0], None);
    world.pass(retention_ms - 1);
    assert_eq!(world.committed("t"), Some(1));
    world.pass(60_001);
    assert_eq!((world.committed("t"), world.state()), (None, "Dead"));
    assert_eq!(world.reloaded().shard.groups().count(), 0);
    assert_eq!(world.shard.bytes(), 0);
    let last = world.log.last().expect("a tombstone");
    assert!(matches!(Content::parse(Some(&last.key), None), Ok(Content::GroupMetadata(_, None))));
}

#[test]
fn a_deleted_topic_takes_its_offsets_along() {
    let mut world = World::new();
    for topic in ["t", "u"] {
        world.commit("", -1, topic, 1);
    }
    world.shard.topic_deleted("t", &world.turn());
    world.pass(0);
    assert_eq!((world.committed("t"), world.committed("u")), (None, Some(1)));
    // One that went while nobody coordinated, too.
    let mut loaded = world.reloaded();
    let (turn, mut out) = (loaded.turn(), Out::default());
    loaded.shard.loaded(&turn, |_| false, &mut out);
    loaded.pass(0);
    assert_eq!(loaded.shard.groups().count(), 0);
}

#[test]
fn deletes() {
    let mut world = World::new();
    let mut out = Out::default();
    assert_eq!(world.shard.delete_group(&world.turn(), "g", &mut out), Err(ErrorCode::GROUP_ID_NOT_FOUND));
    assert_eq!(
        world.shard.delete_offsets(&world.turn(), "g", &[("t", 0)], &mut out),
        Err(ErrorCode::GROUP_ID_NOT_FOUND)
    );
    let (ids, generation) = world.stable(1);
    for topic in ["t", "u"] {
        world.commit(&ids[0], generation, topic, 1);
    }
    assert_eq!(world.shard.delete_group(&world.turn(), "g", &mut out), Err(ErrorCode::NON_EMPTY_GROUP));
    let codes = world.shard.delete_offsets(&world.turn(), "g", &[("t", 0), ("u", 0), ("u", 7)], &mut out);
    assert_eq!(codes, Ok(vec![ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC, ErrorCode::NONE, ErrorCode::NONE]));
    world.take(std::mem::take(&mut out));
    assert_eq!((world.committed("t"), world.committed("u")), (Some(1), None));
    world.leave(&ids[0], None);
    assert_eq!(world.shard.delete_group(&world.turn(), "g", &mut out), Ok(()));
    world.take(out);
    assert_eq!(world.shard.groups().count(), 0);
}

/// What is dropped goes by turns of a bounded size, also within one group, and what one batch cannot hold is refused before
/// it is made.
#[test]
fn a_group_of_many_offsets_is_dropped_in_pieces() {
    const COUNT: i32 = 10_000;
    let settings = Settings { offsets_retention_check_interval_ms: 60_000, ..Settings::default() };
    let retention_ms = settings.offsets_retention_ms;
    let mut world = World { room_bytes: usize::MAX, ..World::with(settings).reloaded() };
    let (ids, generation) = world.stable(1);
    let commit = |topic, partition| Commit {
        topic,
        partition,
        offset: 1,
        leader_epoch: -1,
        metadata: "",
        retention_ms: -1,
    };
    for topic in ["gone", "t"] {
        for first in (0..COUNT).step_by(500) {
            let commits: Vec<_> = (first..first + 500).map(|partition| commit(topic, partition)).collect();
            assert_eq!(world.commit_all(&ids[0], generation, &commits), ErrorCode::NONE);
        }
    }
    world.leave(&ids[0], None);
    let (small, mut out) = (Turn { batch_bytes_max: 10_000, ..world.turn() }, Out::default());
    let refused = ErrorCode::UNKNOWN_SERVER_ERROR;
    let nobody = Committer { group_id: "g", member_id: "", instance_id: None, generation: -1, version: 8 };
    let repeated = vec![commit("t", 0); 1_000];
    assert_eq!(world.shard.commit(&small, nobody, &repeated, &mut out), Err(refused));
    assert_eq!(world.shard.delete_offsets(&small, "g", &[("t", 0); 1_000], &mut out), Err(refused));
    assert_eq!(world.shard.delete_group(&small, "g", &mut out), Err(refused));
    assert_eq!(out.records, []);

    let pieces = |world: &mut World, ms: i64| {
        let mut count = 0;
        world.now_ms += ms;
        while world.shard.next_deadline_ms().is_some_and(|at_ms| at_ms <= world.now_ms) {
            let (turn, mut out) = (world.turn(), Out::default());
            world.shard.tick(&turn, &mut out);
            assert!(out.batch_bytes() <= 128 << 10, "{}", out.batch_bytes());
            count += usize::from(!out.records.is_empty());
            world.take(out);
        }
        count
    };
    world.shard.topic_deleted("gone", &world.turn());
    // Another topic of the same name has to wait until then.
    assert_eq!(world.commit("", -1, "gone", 7), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    assert!(pieces(&mut world, 0) > 2);
    assert_eq!((world.committed("gone"), world.committed("t")), (None, Some(1)));
    assert_eq!(world.commit("", -1, "gone", 7), ErrorCode::NONE);
    assert!(pieces(&mut world, retention_ms + 60_000) > 2);
    assert_eq!((world.state(), world.shard.bytes()), ("Dead", 0));
    assert_eq!(world.reloaded().shard.groups().count(), 0);
}
