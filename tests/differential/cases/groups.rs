//! Classic groups and offsets: FindCoordinator, JoinGroup, SyncGroup, Heartbeat, LeaveGroup, OffsetCommit, OffsetFetch,
//! OffsetDelete, DescribeGroups, ListGroups, DeleteGroups.

use crate::trial::Trial;
use ottla_protocol::Uuid;
use ottla_protocol::messages::*;
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// A subscription to `grp`, as Kafka's consumers write it.
const SUBSCRIPTION: &[u8] = b"\0\0\0\0\0\x01\0\x03grp\xff\xff\xff\xff";

pub fn ask(trial: &mut Trial) {
    trial.topic("grp", 2, &[]);
    trial.topic("grp-other", 1, &[]);
    coordinator(trial);
    nothing_there(trial);
    simple(trial);
    for version in [0, 3, 5, 9] {
        life(trial, version);
    }
    static_member(trial);
    offsets(trial);
}

/// Kafka makes the topic of offsets and its coordinators when somebody asks, and takes its time.
fn coordinator(trial: &mut Trial) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let request = FindCoordinatorRequest { key: "any".into(), ..Default::default() };
    while Instant::now() < deadline {
        let found = trial.call(3, &request);
        let is_there = found.is_some_and(|answer| answer.body().is_ok_and(|body| body.error_code == 0));
        let loaded = trial.call(3, &DescribeGroupsRequest { groups: all_groups(), ..Default::default() });
        let loaded = loaded.is_some_and(|answer| {
            answer.body().is_ok_and(|body| body.groups.iter().all(|group| group.error_code == 0))
        });
        if is_there && loaded {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    for version in 0..=6 {
        let mut request = FindCoordinatorRequest::default();
        if version >= 4 {
            request.coordinator_keys = vec!["a-group".into(), "".into()];
        } else {
            request.key = "a-group".into();
        }
        trial.ask("FindCoordinator of a group", version, &request);
    }
}

/// Ids whose partitions are all of the fifty, so that all coordinators are loaded.
fn all_groups() -> Vec<Cow<'static, str>> {
    (0..400).map(|number| Cow::Owned(format!("warm-{number}"))).collect()
}

fn nothing_there(trial: &mut Trial) {
    for (what, group) in [("of nobody", "nobody"), ("without an id", "")] {
        for version in [0, 4] {
            let request = HeartbeatRequest { group_id: group.into(), ..Default::default() };
            trial.ask(&format!("Heartbeat {what}"), version, &request);
        }
        for version in [0, 5] {
            let request = SyncGroupRequest { group_id: group.into(), ..Default::default() };
            trial.ask(&format!("SyncGroup {what}"), version, &request);
            let kind = SyncGroupRequest {
                protocol_type: Some("consumer".into()),
                protocol_name: Some("range".into()),
                ..request
            };
            trial.ask(&format!("SyncGroup with its protocol, {what}"), version, &kind);
        }
        for version in [0, 2, 3, 5] {
            trial.ask(&format!("LeaveGroup {what}"), version, &leave(group, version, "m", None));
        }
        for version in [0, 6, 9] {
            let known = Join { version, ..join(group, "no-such-member") };
            trial.ask(&format!("JoinGroup with an unknown id, {what}"), version, &known.request());
            let session_ms = 1;
            let short = Join { version, session_ms, ..join(group, "") };
            trial.ask(&format!("JoinGroup with a short session, {what}"), version, &short.request());
            // Kafka keeps a group of nobody after it, which the next lists would show.
            let junk = if group.is_empty() { "" } else { "junk" };
            let none = Join { version, protocols: &[], ..join(junk, "") };
            trial.ask(&format!("JoinGroup without protocols, {what}"), version, &none.request());
            trial.call(2, &DeleteGroupsRequest { groups_names: vec!["junk".into()] });
        }
        for version in [1, 2, 5, 7, 8, 9, 10] {
            fetch(trial, what, version, group, Some("grp"));
        }
        for version in [2, 9] {
            fetch(trial, &format!("of all, {what}"), version, group, None);
        }
        delete_offsets(trial, what, group, &[("grp", 0)]);
        for version in [0, 2] {
            let request = DeleteGroupsRequest { groups_names: vec![group.into()] };
            trial.ask(&format!("DeleteGroups {what}"), version, &request);
        }
        describe(trial, what, group);
    }
}

/// Commits of nobody make a group that only commits.
fn simple(trial: &mut Trial) {
    let id = trial.id("grp");
    for version in 2..=10 {
        let request = commit("simple", version, id, 0, i64::from(version), Some("note"));
        trial.ask("OffsetCommit of nobody", version, &request);
        fetch(trial, "after a commit of nobody", version, "simple", Some("grp"));
    }
    for version in [2, 8, 10] {
        let unknown = match version {
            10 => commit("simple", version, Uuid([9; 16]), 0, 1, None),
            _ => named(commit("simple", version, id, 0, 1, None), "grp-unknown"),
        };
        trial.ask("OffsetCommit of an unknown topic", version, &unknown);
        let far = commit("simple", version, id, 77, 1, None);
        trial.ask("OffsetCommit of a partition that is not there", version, &far);
        let long = "n".repeat(4097);
        let long = commit("simple", version, id, 0, 1, Some(&long));
        trial.ask("OffsetCommit with a long note", version, &long);
        let longest = "\u{e4}".repeat(4096);
        let longest = commit("simple", version, id, 0, 1, Some(&longest));
        trial.ask("OffsetCommit with the longest note, not of ASCII", version, &longest);
        let negative = commit("simple", version, id, 0, -5, None);
        trial.ask("OffsetCommit of a negative offset", version, &negative);
        let mut member = commit("simple", version, id, 0, 1, None);
        (member.generation_id_or_member_epoch, member.member_id) = (3, "m".into());
        trial.ask("OffsetCommit of a stranger", version, &member);
        let mut stranger = commit("not-there", version, id, 0, 1, None);
        (stranger.generation_id_or_member_epoch, stranger.member_id) = (3, "m".into());
        trial.ask("OffsetCommit of a stranger to nobody", version, &stranger);
        let empty = commit("", version, id, 0, 1, None);
        trial.ask("OffsetCommit to the group without an id", version, &empty);
    }
    fetch(trial, "of the group without an id", 5, "", Some("grp"));
    for version in [2, 8, 10] {
        fetch(trial, "of all of a simple group", version, "simple", None);
    }
    describe(trial, "of a simple group", "simple");
    delete_offsets(trial, "of a simple group", "simple", &[("grp", 0), ("grp", 5), ("grp-unknown", 0)]);
    let request = DeleteGroupsRequest { groups_names: vec!["simple".into(), "simple".into(), "".into()] };
    trial.ask("DeleteGroups of a simple group, twice", 2, &request);
    describe(trial, "of a deleted group", "simple");
}

/// A group from its first member to its last.
fn life(trial: &mut Trial, version: i16) {
    let group = format!("life-{version}");
    let Some((member, generation)) = enter(trial, "JoinGroup first", &Join { version, ..join(&group, "") })
    else {
        return;
    };
    trial.call_it(&member, &format!("member of {group}"));
    describe(trial, "while it completes", &group);
    let sync = |member: &str, generation: i32| SyncGroupRequest {
        group_id: group.clone().into(),
        generation_id: generation,
        member_id: member.to_owned().into(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: vec![sync_group_request::SyncGroupRequestAssignment {
            member_id: member.to_owned().into(),
            assignment: Cow::Borrowed(b"assigned"),
        }],
        ..Default::default()
    };
    let sync_version = version.min(5);
    let id = trial.id("grp");
    let mut early = commit(&group, 8, id, 0, 5, None);
    (early.generation_id_or_member_epoch, early.member_id) = (generation, member.clone().into());
    trial.ask("OffsetCommit before the assignment", 8, &early);
    trial.ask("SyncGroup of a wrong generation", sync_version, &sync(&member, generation + 1));
    trial.ask("SyncGroup of a stranger", sync_version, &sync("stranger", generation));
    if sync_version >= 5 {
        let other = SyncGroupRequest { protocol_name: Some("other".into()), ..sync(&member, generation) };
        trial.ask("SyncGroup with another protocol", sync_version, &other);
    }
    trial.ask("SyncGroup", sync_version, &sync(&member, generation));
    trial.ask("SyncGroup again", sync_version, &sync(&member, generation));
    describe(trial, "of a stable group", &group);
    for (what, member, generation) in [
        ("Heartbeat", member.as_str(), generation),
        ("Heartbeat of a wrong generation", &member, generation + 1),
        ("Heartbeat of a stranger", "stranger", generation),
    ] {
        let request = HeartbeatRequest {
            group_id: group.clone().into(),
            generation_id: generation,
            member_id: member.to_owned().into(),
            ..Default::default()
        };
        trial.ask(what, version.min(4), &request);
    }
    for (what, member, generation) in [
        ("OffsetCommit of a member", member.as_str(), generation),
        ("OffsetCommit of a wrong generation", &member, generation + 7),
        ("OffsetCommit of a stranger in the generation", "stranger", generation),
        ("OffsetCommit of nobody to a stable group", "", -1),
    ] {
        let mut request = commit(&group, 8, id, 0, 5, None);
        (request.generation_id_or_member_epoch, request.member_id) = (generation, member.to_owned().into());
        trial.ask(what, 8, &request);
    }
    let other = Join { protocols: &[("other", b"")], version, ..join(&group, "") };
    trial.ask("JoinGroup with another protocol", version, &other.request());
    let kind = Join { protocol_type: "connect", version, ..join(&group, "") };
    trial.ask("JoinGroup of another type", version, &kind.request());
    trial.ask("JoinGroup of a forged id", version, &Join { version, ..join(&group, "forged") }.request());
    delete_offsets(trial, "of a subscribed topic", &group, &[("grp", 0), ("grp-other", 0)]);
    trial.ask(
        "DeleteGroups with members",
        2,
        &DeleteGroupsRequest { groups_names: vec![group.clone().into()] },
    );
    for (types, states) in [(vec![], vec![]), (vec!["classic"], vec!["stable"]), (vec!["consumer"], vec![])] {
        let name = format!("ListGroups of types {types:?} in states {states:?}");
        let request = ListGroupsRequest {
            types_filter: types.into_iter().map(Cow::Borrowed).collect(),
            states_filter: states.into_iter().map(Cow::Borrowed).collect(),
        };
        trial.ask(&name, 5, &request);
    }
    let leave_version = version.min(5);
    trial.ask("LeaveGroup of a stranger", leave_version, &leave(&group, leave_version, "stranger", None));
    trial.ask("LeaveGroup", leave_version, &leave(&group, leave_version, &member, None));
    trial.ask("LeaveGroup again", leave_version, &leave(&group, leave_version, &member, None));
    describe(trial, "of an empty group", &group);
    for version in [0, 3, 4, 5] {
        trial.ask("ListGroups", version, &ListGroupsRequest::default());
    }
    let again = commit(&group, 8, id, 1, 6, None);
    trial.ask("OffsetCommit of nobody to an empty group", 8, &again);
    fetch(trial, "of an empty group", 7, &group, None);
    trial.ask("DeleteGroups", 2, &DeleteGroupsRequest { groups_names: vec![group.clone().into()] });
    fetch(trial, "of a deleted group", 7, &group, None);
}

/// KIP-345, KIP-814.
fn static_member(trial: &mut Trial) {
    let group = "static";
    let Some((first, generation)) = enter(trial, "JoinGroup static", &instance("", 9)) else { return };
    trial.call_it(&first, "first static member");
    let sync = |member: &str| SyncGroupRequest {
        group_id: group.into(),
        generation_id: generation,
        member_id: member.to_owned().into(),
        group_instance_id: Some("one".into()),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        ..Default::default()
    };
    trial.ask("SyncGroup static", 5, &sync(&first));
    let mut last = first.clone();
    for version in [5, 9] {
        let Some((next, _)) = enter(trial, "JoinGroup static again", &instance("", version)) else {
            return;
        };
        trial.call_it(&next, &format!("static member of version {version}"));
        trial.ask("SyncGroup of a fenced member", 5, &sync(&last));
        let beat = HeartbeatRequest {
            group_id: group.into(),
            generation_id: generation,
            member_id: last.clone().into(),
            group_instance_id: Some("one".into()),
        };
        trial.ask("Heartbeat of a fenced member", 4, &beat);
        trial.ask("JoinGroup of a fenced member", 9, &instance(&last, 9).request());
        let mut late = commit(group, 8, trial.id("grp"), 0, 5, None);
        (late.generation_id_or_member_epoch, late.member_id) = (generation, last.clone().into());
        late.group_instance_id = Some("one".into());
        trial.ask("OffsetCommit of a fenced member", 8, &late);
        trial.ask("LeaveGroup of a fenced member", 5, &leave(group, 5, &last, Some("one")));
        last = next;
    }
    describe(trial, "of a static member", group);
    trial.ask("LeaveGroup of an unknown instance", 5, &leave(group, 5, "", Some("two")));
    trial.ask("LeaveGroup of an instance", 5, &leave(group, 5, "", Some("one")));
    describe(trial, "after the static member", group);
}

/// Many at a time.
fn offsets(trial: &mut Trial) {
    let id = trial.id("grp");
    trial.call(8, &commit("several-a", 8, id, 0, 11, None));
    trial.call(8, &commit("several-b", 8, id, 1, 22, None));
    for version in [8, 9, 10] {
        let topics = |id: Uuid| {
            vec![offset_fetch_request::OffsetFetchRequestTopics {
                name: if version < 10 { "grp".into() } else { "".into() },
                topic_id: id,
                partition_indexes: vec![0, 1, 77],
            }]
        };
        let group = |group_id: &'static str, topics| offset_fetch_request::OffsetFetchRequestGroup {
            group_id: group_id.into(),
            topics,
            ..Default::default()
        };
        let groups = vec![
            group("several-a", Some(topics(id))),
            group("several-b", None),
            group("several-none", Some(topics(if version < 10 { id } else { Uuid([9; 16]) }))),
            group("several-none", None),
            group("", None),
        ];
        let request = OffsetFetchRequest { groups, require_stable: true, ..Default::default() };
        trial.ask("OffsetFetch of several groups", version, &request);
    }
    let groups = ["several-a", "several-b", "several-none", "several-a"];
    let request = DescribeGroupsRequest {
        groups: groups.iter().map(|group| Cow::Borrowed(*group)).collect(),
        include_authorized_operations: true,
    };
    for version in [3, 6] {
        trial.ask("DescribeGroups of several", version, &request);
    }
}

#[derive(Clone, Debug)]
struct Join<'a> {
    group: &'a str,
    member: &'a str,
    instance_id: Option<&'a str>,
    protocol_type: &'a str,
    protocols: &'a [(&'a str, &'a [u8])],
    session_ms: i32,
    version: i16,
}

fn join<'a>(group: &'a str, member: &'a str) -> Join<'a> {
    Join {
        group,
        member,
        instance_id: None,
        protocol_type: "consumer",
        protocols: &[("range", SUBSCRIPTION), ("sticky", SUBSCRIPTION)],
        session_ms: 30_000,
        version: 9,
    }
}

impl<'a> Join<'a> {
    fn request(&self) -> JoinGroupRequest<'a> {
        let protocols =
            self.protocols.iter().map(|(name, metadata)| join_group_request::JoinGroupRequestProtocol {
                name: Cow::Borrowed(*name),
                metadata: Cow::Borrowed(*metadata),
            });
        JoinGroupRequest {
            group_id: self.group.into(),
            session_timeout_ms: self.session_ms,
            rebalance_timeout_ms: 5_000,
            member_id: self.member.into(),
            group_instance_id: self.instance_id.map(Cow::Borrowed),
            protocol_type: self.protocol_type.into(),
            protocols: protocols.collect(),
            reason: None,
        }
    }
}

/// A member of the static group.
fn instance(member: &str, version: i16) -> Join<'_> {
    Join { version, instance_id: Some("one"), ..join("static", member) }
}

/// Joins as a client does, twice where the id comes first. The member's id and the generation.
fn enter(trial: &mut Trial, name: &str, join: &Join<'_>) -> Option<(String, i32)> {
    // The first join phase lasts three seconds.
    trial.connection().stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let first = trial.call(join.version, &join.request())?;
    let body = first.body().ok()?;
    let (member, code) = (body.member_id.clone().into_owned(), body.error_code);
    let member_id = if code == 79 { member.clone() } else { String::new() };
    if code != 79 {
        trial.call_it(&member, &format!("member of {}", join.group));
        let lines = trial.shown(&first);
        trial.note(&format!("{name} v{}", join.version), lines);
        return Some((member, body.generation_id));
    }
    trial.call_it(&member, &format!("member of {}", join.group));
    let lines = trial.shown(&first);
    trial.note(&format!("{name}, without an id v{}", join.version), lines);
    let again = Join { member: &member_id, ..join.clone() };
    let answer = trial.ask(name, join.version, &again.request())?;
    let body = answer.body().ok()?;
    Some((member, body.generation_id))
}

fn commit<'a>(
    group: &'a str,
    version: i16,
    topic_id: Uuid,
    partition_index: i32,
    committed_offset: i64,
    note: Option<&'a str>,
) -> OffsetCommitRequest<'a> {
    use offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    let partition = OffsetCommitRequestPartition {
        partition_index,
        committed_offset,
        committed_leader_epoch: -1,
        committed_metadata: note.map(Cow::Borrowed),
    };
    let topic = OffsetCommitRequestTopic {
        name: if version < 10 { "grp".into() } else { "".into() },
        topic_id: if version < 10 { Uuid::ZERO } else { topic_id },
        partitions: vec![partition],
    };
    OffsetCommitRequest { group_id: group.into(), topics: vec![topic], ..Default::default() }
}

fn named<'a>(mut request: OffsetCommitRequest<'a>, topic: &'a str) -> OffsetCommitRequest<'a> {
    request.topics.iter_mut().for_each(|named| named.name = topic.into());
    request
}

fn fetch(trial: &mut Trial, what: &str, version: i16, group: &str, topic: Option<&str>) {
    let indexes = vec![0, 1, 77];
    let mut request = OffsetFetchRequest::default();
    if version >= 8 {
        let topics = topic.map(|topic| {
            vec![offset_fetch_request::OffsetFetchRequestTopics {
                name: if version < 10 { topic.to_owned().into() } else { "".into() },
                topic_id: if version < 10 { Uuid::ZERO } else { trial.id(topic) },
                partition_indexes: indexes,
            }]
        });
        request.groups = vec![offset_fetch_request::OffsetFetchRequestGroup {
            group_id: group.to_owned().into(),
            topics,
            ..Default::default()
        }];
    } else {
        request.group_id = group.to_owned().into();
        request.topics = topic.map(|topic| {
            vec![offset_fetch_request::OffsetFetchRequestTopic {
                name: topic.to_owned().into(),
                partition_indexes: indexes,
            }]
        });
    }
    trial.ask(&format!("OffsetFetch {what}"), version, &request);
}

fn delete_offsets(trial: &mut Trial, what: &str, group: &str, partitions: &[(&str, i32)]) {
    use offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
    let mut topics: Vec<OffsetDeleteRequestTopic<'_>> = Vec::new();
    for (name, partition_index) in partitions {
        let partition = OffsetDeleteRequestPartition { partition_index: *partition_index };
        match topics.iter_mut().find(|topic| topic.name == *name) {
            Some(topic) => topic.partitions.push(partition),
            None => topics
                .push(OffsetDeleteRequestTopic { name: Cow::Borrowed(*name), partitions: vec![partition] }),
        }
    }
    let request = OffsetDeleteRequest { group_id: group.to_owned().into(), topics };
    trial.ask(&format!("OffsetDelete {what}"), 0, &request);
}

fn describe(trial: &mut Trial, what: &str, group: &str) {
    for version in [0, 4, 6] {
        let request = DescribeGroupsRequest { groups: vec![group.to_owned().into()], ..Default::default() };
        trial.ask(&format!("DescribeGroups {what}"), version, &request);
    }
}

fn leave<'a>(
    group: &'a str,
    version: i16,
    member: &'a str,
    instance_id: Option<&'a str>,
) -> LeaveGroupRequest<'a> {
    let mut request = LeaveGroupRequest { group_id: group.into(), ..Default::default() };
    if version < 3 {
        request.member_id = member.into();
    } else {
        request.members = vec![leave_group_request::MemberIdentity {
            member_id: member.into(),
            group_instance_id: instance_id.map(Cow::Borrowed),
            reason: None,
        }];
    }
    request
}
