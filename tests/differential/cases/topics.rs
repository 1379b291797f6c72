//! CreateTopics, DeleteTopics, CreatePartitions.

use crate::trial::Trial;
use create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
use delete_topics_request::DeleteTopicState;
use ottla_protocol::Uuid;
use ottla_protocol::messages::*;
use std::borrow::Cow;

/// A partition and its brokers.
type Assigned<'a> = (i32, &'a [i32]);

fn topic(name: &str) -> CreatableTopic<'_> {
    CreatableTopic { name: name.into(), num_partitions: 1, replication_factor: 1, ..Default::default() }
}

fn with_config<'a>(name: &'a str, key: &'a str, value: Option<&'a str>) -> CreatableTopic<'a> {
    let config = CreatableTopicConfig { name: key.into(), value: value.map(Cow::Borrowed) };
    CreatableTopic { configs: vec![config], ..topic(name) }
}

fn assigned<'a>(name: &'a str, partitions: &[Assigned<'_>]) -> CreatableTopic<'a> {
    let assignments = partitions.iter().map(|(index, brokers)| CreatableReplicaAssignment {
        partition_index: *index,
        broker_ids: brokers.to_vec(),
    });
    CreatableTopic {
        num_partitions: -1,
        replication_factor: -1,
        assignments: assignments.collect(),
        ..topic(name)
    }
}

/// Asks for one request's topics, then learns the ids that it gave.
fn ask(trial: &mut Trial, what: &str, version: i16, topics: Vec<CreatableTopic<'_>>, validate_only: bool) {
    let names = topics.iter().map(|topic| topic.name.to_string()).collect::<Vec<_>>();
    let request = CreateTopicsRequest { topics, timeout_ms: 10_000, validate_only };
    // The ids are new: the answer is shown after they are known.
    let Some(answer) = trial.call(version, &request) else {
        trial.note(&format!("CreateTopics {what} v{version}"), vec!["the connection is closed".into()]);
        return;
    };
    if let Ok(body) = answer.body() {
        for topic in body.topics.iter().filter(|topic| !topic.topic_id.is_zero()) {
            trial.know_id(&topic.name, topic.topic_id);
        }
        let lines = crate::text::lines(&body, false);
        let lines = lines.iter().map(|line| trial.tidy(line)).collect();
        trial.note(&format!("CreateTopics {what} v{version}"), lines);
    }
    debug_assert!(names.len() < 100);
}

pub fn create(trial: &mut Trial) {
    for version in 2..=7 {
        let name = format!("create.plain-{version}");
        ask(trial, "one", version, vec![topic(&name)], false);
        ask(trial, "an existing one", version, vec![topic(&name)], false);
        let name = format!("create.validated-{version}");
        ask(trial, "to validate only", version, vec![topic(&name)], true);
    }
    for version in [2, 4, 7] {
        let mut defaults = topic("create.defaults");
        (defaults.num_partitions, defaults.replication_factor) = (-1, -1);
        defaults.name = format!("create.defaults-{version}").into();
        ask(trial, "with the broker's counts", version, vec![defaults], false);
        ask(trial, "nothing", version, Vec::new(), false);
    }
    let long = "l".repeat(249);
    let longer = "l".repeat(250);
    let names = [
        "",
        ".",
        "..",
        "create/slash",
        "create space",
        "create:colon",
        "créate",
        "create\0nul",
        "create_a.b",
        &long,
        &longer,
        "-",
        "_",
        "__consumer_offsets",
        "__transaction_state",
        "__share_group_state",
        "__cluster_metadata",
        "__mine",
    ];
    for name in names {
        let shown = if name.len() > 40 { format!("{} letters", name.len()) } else { format!("{name:?}") };
        ask(trial, &format!("called {shown}"), 7, vec![topic(name)], false);
    }
    ask(trial, "that collides: create.a.b with create_a.b", 7, vec![topic("create.a.b")], false);
    ask(trial, "that collides in one request", 7, vec![topic("create.x.y"), topic("create.x_y")], false);
    ask(trial, "twice in one request", 7, vec![topic("create.twice"), topic("create.twice")], false);
    let three = vec![topic("create.good"), topic("create bad"), with_config("create.worse", "x", Some("y"))];
    ask(trial, "a good one between bad ones", 7, three, false);
    for count in [0, -2, i32::MIN, i32::MAX, 100_001] {
        let name = format!("create.partitions{count}");
        ask(
            trial,
            &format!("with {count} partitions"),
            7,
            vec![CreatableTopic { num_partitions: count, ..topic(&name) }],
            count == 100_001,
        );
    }
    for factor in [0, -2, 2, 3, i16::MAX] {
        let name = format!("create.factor{factor}");
        ask(
            trial,
            &format!("with a factor of {factor}"),
            7,
            vec![CreatableTopic { replication_factor: factor, ..topic(&name) }],
            false,
        );
    }
    let both = CreatableTopic { num_partitions: 1, ..assigned("create.both", &[(0, &[1])]) };
    ask(trial, "with a count and assignments", 7, vec![both], false);
    let both = CreatableTopic { replication_factor: 1, ..assigned("create.both2", &[(0, &[1])]) };
    ask(trial, "with a factor and assignments", 7, vec![both], false);
    let assignments: [(&str, &[Assigned<'_>]); 9] = [
        ("good", &[(0, &[1]), (1, &[1])]),
        ("from 1", &[(1, &[1])]),
        ("with a gap", &[(0, &[1]), (2, &[1])]),
        ("twice", &[(0, &[1]), (0, &[1])]),
        ("negative", &[(-1, &[1])]),
        ("of nobody", &[(0, &[])]),
        ("of an unknown broker", &[(0, &[77])]),
        ("of one broker twice", &[(0, &[1, 1])]),
        ("of different lengths", &[(0, &[1]), (1, &[1, 77])]),
    ];
    for (what, partitions) in assignments {
        let name = format!("create.assigned-{}", what.replace(' ', "-"));
        ask(trial, &format!("with assignments {what}"), 7, vec![assigned(&name, partitions)], false);
    }
    let configs: [(&str, Option<&str>); 34] = [
        ("no.such.config", Some("1")),
        ("retention.ms", Some("60000")),
        ("retention.ms", Some("-1")),
        ("retention.ms", Some("-2")),
        ("retention.ms", Some("soon")),
        ("retention.ms", Some("")),
        ("retention.ms", None),
        ("retention.ms", Some("9223372036854775808")),
        ("segment.bytes", Some("1048576")),
        ("segment.bytes", Some("1")),
        ("segment.bytes", Some("2147483648")),
        ("segment.ms", Some("0")),
        ("cleanup.policy", Some("compact")),
        ("cleanup.policy", Some("compact,delete")),
        ("cleanup.policy", Some("")),
        ("cleanup.policy", Some("keep")),
        ("compression.type", Some("zstd")),
        ("compression.type", Some("brotli")),
        ("compression.gzip.level", Some("10")),
        ("compression.zstd.level", Some("3")),
        ("max.message.bytes", Some("-1")),
        ("max.message.bytes", Some("0")),
        ("message.timestamp.type", Some("LogAppendTime")),
        ("message.timestamp.type", Some("Never")),
        ("message.timestamp.after.max.ms", Some("-1")),
        ("min.insync.replicas", Some("0")),
        ("min.insync.replicas", Some("2")),
        ("min.cleanable.dirty.ratio", Some("1.5")),
        ("unclean.leader.election.enable", Some("yes")),
        ("preallocate", Some("TRUE")),
        ("flush.messages", Some("0")),
        ("flush.ms", Some("-1")),
        ("index.interval.bytes", Some("-1")),
        ("remote.storage.enable", Some("true")),
    ];
    for (index, (key, value)) in configs.into_iter().enumerate() {
        let name = format!("create.config-{index}");
        ask(trial, &format!("with {key}={value:?}"), 7, vec![with_config(&name, key, value)], false);
    }
    ask(trial, "with a bad config", 2, vec![with_config("create.bad2", "segment.bytes", Some("x"))], false);
    let config = |value| CreatableTopicConfig { name: "segment.ms".into(), value: Some(value) };
    let twice = CreatableTopic {
        configs: vec![config("100".into()), config("200".into())],
        ..topic("create.twice-set")
    };
    ask(trial, "with a config twice", 7, vec![twice], false);
    ask(
        trial,
        "with a bad config to validate",
        7,
        vec![with_config("create.val", "flush.ms", Some("x"))],
        true,
    );
    let request =
        CreateTopicsRequest { topics: vec![topic("create.now")], timeout_ms: 0, validate_only: false };
    if let Some(answer) = trial.call(7, &request) {
        // Without time to wait Kafka creates it or says REQUEST_TIMED_OUT, as it happens.
        let error = answer.body().ok().and_then(|body| body.topics.first().map(|topic| topic.error_code));
        trial.note(
            "CreateTopics without time",
            vec![format!("done or timed out: {}", matches!(error, Some(0 | 7)))],
        );
    }
}

fn by_name(name: &str) -> DeleteTopicState<'_> {
    DeleteTopicState { name: Some(name.into()), topic_id: Uuid::ZERO }
}

fn by_id<'a>(id: Uuid) -> DeleteTopicState<'a> {
    DeleteTopicState { name: None, topic_id: id }
}

pub fn delete(trial: &mut Trial) {
    let unknown = Uuid([7; 16]);
    trial.call_it(&unknown.to_string(), "an unknown id");
    let ask = |trial: &mut Trial, what: &str, topics: Vec<DeleteTopicState<'_>>| {
        let request = DeleteTopicsRequest { topics, timeout_ms: 10_000, ..Default::default() };
        trial.ask(&format!("DeleteTopics {what}"), 6, &request);
    };
    for version in 1..=5 {
        let name = format!("delete.{version}");
        trial.topic(&name, 2, &[]);
        let mut request = DeleteTopicsRequest { timeout_ms: 10_000, ..Default::default() };
        request.topic_names = vec![Cow::Owned(name.clone())];
        trial.ask("DeleteTopics one", version, &request);
        trial.await_no_topic(&name);
        trial.ask("DeleteTopics it again", version, &request);
        request.topic_names = Vec::new();
        trial.ask("DeleteTopics nothing", version, &request);
        request.topic_names = vec!["no such".into(), "".into(), "delete.unknown".into()];
        trial.ask("DeleteTopics unknown ones", version, &request);
    }
    for name in ["delete.name", "delete.id", "delete.both", "delete.twice"] {
        trial.topic(name, 1, &[]);
    }
    let id = |trial: &Trial, name: &str| trial.id(name);
    ask(trial, "by name", vec![by_name("delete.name")]);
    let both = id(trial, "delete.id");
    ask(trial, "by id", vec![by_id(both)]);
    ask(trial, "by an unknown id", vec![by_id(unknown)]);
    ask(trial, "by no name and no id", vec![by_id(Uuid::ZERO)]);
    ask(trial, "nothing", Vec::new());
    ask(trial, "by an unknown name", vec![by_name("delete.unknown"), by_name("delete unknown")]);
    let both = id(trial, "delete.both");
    ask(
        trial,
        "by name and id in one",
        vec![DeleteTopicState { name: Some("delete.both".into()), topic_id: both }],
    );
    ask(trial, "by name and by id", vec![by_name("delete.both"), by_id(both)]);
    let twice = id(trial, "delete.twice");
    ask(trial, "by the same name twice", vec![by_name("delete.twice"), by_name("delete.twice")]);
    ask(trial, "by the same id twice", vec![by_id(twice), by_id(twice)]);
    ask(trial, "by a good and a bad name", vec![by_name("delete.twice"), by_name("delete.unknown")]);
}

pub fn partitions(trial: &mut Trial) {
    trial.topic("grow", 2, &[]);
    trial.topic("grow-too", 1, &[]);
    fn to<'a>(name: &'a str, count: i32) -> CreatePartitionsTopic<'a> {
        CreatePartitionsTopic { name: name.into(), count, assignments: None }
    }
    let ask = |trial: &mut Trial,
               what: &str,
               version: i16,
               topics: Vec<CreatePartitionsTopic<'_>>,
               validate_only| {
        let request = CreatePartitionsRequest { topics, timeout_ms: 10_000, validate_only };
        trial.ask(&format!("CreatePartitions {what}"), version, &request);
    };
    for version in 0..=3 {
        let count = 3 + i32::from(version);
        ask(trial, "to validate only", version, vec![to("grow", count)], true);
        ask(trial, "one more", version, vec![to("grow", count)], false);
        trial.await_topic("grow", count);
    }
    for count in [6, 5, 0, -1, i32::MIN, i32::MAX] {
        ask(trial, &format!("to {count}"), 3, vec![to("grow", count)], false);
    }
    for name in ["", "grow.unknown", "no such", "__consumer_offsets"] {
        ask(trial, &format!("of {name:?}"), 3, vec![to(name, 4)], false);
    }
    ask(trial, "of nothing", 3, Vec::new(), false);
    ask(trial, "twice in one request", 3, vec![to("grow", 8), to("grow", 9)], false);
    ask(trial, "a good and a bad one", 3, vec![to("grow-too", 2), to("grow", 1)], false);
    let assignments: [(&str, i32, &[&[i32]]); 7] = [
        ("good", 3, &[&[1]]),
        ("too few", 9, &[&[1]]),
        ("too many", 4, &[&[1], &[1]]),
        ("of nobody", 4, &[&[]]),
        ("of an unknown broker", 4, &[&[77]]),
        ("of one broker twice", 4, &[&[1, 1]]),
        ("none, but not null", 4, &[]),
    ];
    for (what, count, brokers) in assignments {
        let assignments = brokers.iter().map(|ids| CreatePartitionsAssignment { broker_ids: ids.to_vec() });
        let topic =
            CreatePartitionsTopic { assignments: Some(assignments.collect()), ..to("grow-too", count) };
        ask(trial, &format!("with assignments {what}"), 3, vec![topic], false);
    }
}
