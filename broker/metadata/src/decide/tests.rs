//! Decisions against what Apache Kafka 4.3.1 answered to the same requests.

use super::configs::{ConfigChange, Op, check_resource, incremental_alter, legacy_alter};
use super::create_partitions::{MorePartitions, create_partitions};
use super::create_topics::{CreatableTopic, TopicDefaults, create_topics};
use super::delete_topics::{TopicKey, delete_topics};
use super::*;
use crate::delta::Delta;
use crate::id::{Seed, Uuid};
use crate::image::Image;
use crate::record::*;
use std::collections::BTreeSet;
use std::sync::Arc;

struct Schema;

impl ConfigSchema for Schema {
    fn is_known(&self, _: &ConfigResource, name: &str) -> bool {
        name != "nonsense"
    }
    fn is_list(&self, _: &ConfigResource, name: &str) -> bool {
        name == "cleanup.policy" || name == "follower.replication.throttled.replicas"
    }
    fn default_value(&self, _: &ConfigResource, name: &str) -> Option<String> {
        (name == "cleanup.policy").then(|| "delete".into())
    }
    fn validate(&self, _: &ConfigResource, configs: &BTreeMap<String, String>) -> Result<(), Error> {
        match configs.get("nonsense") {
            Some(_) => Err(Error::InvalidConfig("Unknown topic config name: nonsense".into())),
            None => Ok(()),
        }
    }
}

const DEFAULTS: TopicDefaults = TopicDefaults { num_partitions: 1, replication_factor: 1 };

fn after(image: &Arc<Image>, records: &[Record]) -> Arc<Image> {
    let mut delta = Delta::new(image.clone());
    for record in records {
        delta.replay(record).unwrap();
    }
    delta.finish(image.offset() + 1).0
}

fn broker(id: i32, rack: Option<&str>, fenced: bool) -> Record {
    Record::RegisterBroker(RegisterBrokerRecord {
        broker_id: id,
        incarnation_id: Uuid([id as u8; 16]),
        broker_epoch: i64::from(id),
        endpoints: vec![],
        rack: rack.map(str::to_owned),
        fenced,
        in_controlled_shutdown: false,
        log_dirs: vec![Uuid([id as u8; 16])],
    })
}

fn one_broker() -> Arc<Image> {
    after(&Arc::new(Image::new("c")), &[broker(1, None, false)])
}

fn topic(name: &str, num_partitions: i32, replication_factor: i16) -> CreatableTopic {
    CreatableTopic { name: name.into(), num_partitions, replication_factor, ..Default::default() }
}

fn create(image: &Arc<Image>, topics: &[CreatableTopic]) -> (Arc<Image>, Vec<Result<(), Error>>) {
    let decision = create_topics(image, topics, DEFAULTS, &Schema, &mut Seed::new(1), false);
    let results = decision.reply.into_iter().map(|(_, result)| result.map(drop)).collect();
    (after(image, &decision.records), results)
}

fn text(result: &Result<(), Error>) -> String {
    result.as_ref().map_or_else(|e| e.to_string(), |()| "ok".into())
}

#[test]
fn names_that_kafka_refuses() {
    let long = "a".repeat(250);
    let table = [
        ("", "Topic name is invalid: the empty string is not allowed".to_owned()),
        (".", "Topic name is invalid: '.' is not allowed".into()),
        ("..", "Topic name is invalid: '..' is not allowed".into()),
        (
            "a b",
            "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and \
             '-'"
            .into(),
        ),
        (
            &long,
            format!("Topic name is invalid: the length of '{long}' is longer than the max allowed length 249"),
        ),
        (&long[..249], "ok".into()),
        ("__cluster_metadata", "Creation of internal topic __cluster_metadata is prohibited.".into()),
        ("__consumer_offsets", "ok".into()),
        ("t.a", "ok".into()),
        ("t_a", "Topic 't_a' collides with existing topic: t.a".into()),
        ("t.a", "Topic 't.a' already exists.".into()),
    ];
    let mut image = one_broker();
    for (name, expected) in table {
        let (next, results) = create(&image, &[topic(name, 1, 1)]);
        assert_eq!(text(&results[0]), expected);
        image = next;
    }
}

#[test]
fn counts_and_assignments_that_kafka_refuses() {
    let manual = |assignments: &[(i32, &[i32])]| CreatableTopic {
        name: "m".into(),
        num_partitions: -1,
        replication_factor: -1,
        assignments: assignments.iter().map(|(index, brokers)| (*index, brokers.to_vec())).collect(),
        configs: vec![],
    };
    let both = CreatableTopic { num_partitions: 1, ..manual(&[(0, &[1])]) };
    let factor = CreatableTopic { replication_factor: 1, ..manual(&[(0, &[1])]) };
    let positive = "Replication factor must be larger than 0, or -1 to use the default value.";
    let non_positive = "Number of partitions was set to an invalid non-positive value.";
    let table = [
        (topic("t", 1, 0), positive),
        (topic("t", 1, -2), positive),
        (topic("t", 0, 1), non_positive),
        (topic("t", -2, 1), non_positive),
        (
            topic("t", 1, 2),
            "Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because \
             only 1 broker(s) are registered or some brokers have all their log directories cordoned.",
        ),
        (topic("t", 10_001, 1), "Excessively large number of partitions per request."),
        (topic("t", i32::MAX, 1), "Excessively large number of partitions per request."),
        (topic("t", 10_000, 1), "Unable to perform excessively large batch operation."),
        (both, "A manual partition assignment was specified, but numPartitions was not set to -1."),
        (factor, "A manual partition assignment was specified, but replication factor was not set to -1."),
        (manual(&[(0, &[1]), (0, &[1])]), "Found multiple manual partition assignments for partition 0"),
        (manual(&[(1, &[1])]), "partitions should be a consecutive 0-based integer sequence"),
        (manual(&[(-1, &[1])]), "partitions should be a consecutive 0-based integer sequence"),
        (
            manual(&[(0, &[7])]),
            "The manual partition assignment includes broker 7, but no such broker is registered.",
        ),
        (manual(&[(0, &[1, 1])]), "The manual partition assignment includes the broker 1 more than once."),
        (manual(&[(0, &[])]), "The manual partition assignment includes an empty replica list."),
        (manual(&[(1, &[1]), (0, &[1])]), "ok"),
        (topic("t", -1, -1), "ok"),
        (topic("u", 9_999, 1), "ok"),
    ];
    let image = one_broker();
    for (topic, expected) in table {
        let (_, results) = create(&image, std::slice::from_ref(&topic));
        assert_eq!(text(&results[0]), expected, "{topic:?}");
    }
}

#[test]
fn duplicates_are_refused_once_and_the_rest_is_made() {
    let image = one_broker();
    let request = [topic("dup", 1, 1), topic("dup", 1, 1), topic("single", 2, 1)];
    let decision = create_topics(&image, &request, DEFAULTS, &Schema, &mut Seed::new(1), false);
    assert_eq!(decision.reply[0].0, "single");
    assert_eq!(decision.reply[1].0, "dup");
    assert_eq!(decision.reply[1].1.as_ref().unwrap_err().to_string(), "Duplicate topic name.");
    assert_eq!(decision.reply.len(), 2);
    assert_eq!(after(&image, &decision.records).topic_count(), 1);
    let validated = create_topics(&image, &request, DEFAULTS, &Schema, &mut Seed::new(1), true);
    assert_eq!((validated.reply, validated.records), (decision.reply, vec![]));
}

#[test]
fn settings_of_new_topics() {
    let image = one_broker();
    let with = |configs: &[(&str, Option<&str>)]| CreatableTopic {
        configs: configs.iter().map(|(n, v)| ((*n).to_owned(), v.map(str::to_owned))).collect(),
        ..topic("c", 1, 1)
    };
    let (_, results) = create(&image, &[with(&[("nonsense", Some("1"))])]);
    assert_eq!(results[0], Err(Error::InvalidConfig("Unknown topic config name: nonsense".into())));
    let (_, results) = create(&image, &[with(&[("retention.ms", None)])]);
    let expected = Error::InvalidConfig("Null value not supported for topic configs: retention.ms".into());
    assert_eq!(results[0], Err(expected));
    let (image, results) =
        create(&image, &[with(&[("retention.ms", Some("1")), ("retention.ms", Some("2"))])]);
    assert_eq!(text(&results[0]), "ok");
    assert_eq!(image.config(&ConfigResource::topic("c"), "retention.ms"), Some("2"));
}

#[test]
fn deletion_by_name_and_by_id() {
    let (image, _) = create(&one_broker(), &[topic("a", 1, 1), topic("b", 1, 1), topic("c", 1, 1)]);
    let id = |name: &str| image.topic_by_name(name).unwrap().id;
    let name = |name: &str| TopicKey::Name(name.into());
    let keys = [
        name("a"),
        TopicKey::Id(id("b")),
        name("nope"),
        TopicKey::Id(Uuid([9; 16])),
        name("twice"),
        name("twice"),
    ];
    let decision = delete_topics(&image, &keys);
    let texts: Vec<String> = decision.reply.iter().map(|t| text(&t.result)).collect();
    let expected = [
        "ok",
        "ok",
        "This server does not host this topic-partition.",
        "This server does not host this topic ID.",
        "Duplicate topic name.",
    ];
    assert_eq!(texts, expected);
    assert_eq!(decision.reply[1].name.as_deref(), Some("b"));
    assert_eq!(decision.reply[0].topic_id, id("a"));
    let image = after(&image, &decision.records);
    assert_eq!(image.topics().map(|t| t.name.to_string()).collect::<Vec<_>>(), ["c"]);
}

/// Kafka answers once, for the name, and keeps the topic, however often its id was there.
#[test]
fn a_topic_named_by_name_and_by_id_is_kept() {
    let (image, _) = create(&one_broker(), &[topic("a", 1, 1), topic("b", 1, 1)]);
    let id = |name: &str| image.topic_by_name(name).unwrap().id;
    let (a, b) = (TopicKey::Id(id("a")), TopicKey::Id(id("b")));
    let name = TopicKey::Name("a".into());
    let refused = "The provided topic name maps to an ID that was already supplied.";
    let table: [(&[TopicKey], &[&str]); 3] = [
        (&[name.clone(), a.clone()], &[refused]),
        (&[a.clone(), b, name.clone()], &["ok", refused]),
        (&[a.clone(), name, a], &[refused, "Duplicate topic id."]),
    ];
    for (keys, expected) in table {
        let decision = delete_topics(&image, keys);
        let texts: Vec<String> = decision.reply.iter().map(|t| text(&t.result)).collect();
        assert_eq!(texts, expected, "{keys:?}");
        assert!(decision.reply.iter().any(|t| t.topic_id == id("a") && t.name.as_deref() == Some("a")));
        assert!(after(&image, &decision.records).topic_by_name("a").is_some());
    }
}

#[test]
fn partitions_only_grow() {
    let (image, _) = create(&one_broker(), &[topic("t", 2, 1), topic("twice", 1, 1)]);
    let more = |count, assignments: Option<&[&[i32]]>| MorePartitions {
        name: "t".into(),
        count,
        assignments: assignments.map(|a| a.iter().map(|b| b.to_vec()).collect()),
    };
    let unknown = MorePartitions { name: "nope".into(), count: 3, assignments: None };
    let table = [
        (unknown, ""),
        (more(2, None), "Topic already has 2 partition(s)."),
        (more(-1, None), "The topic t currently has 2 partition(s); -1 would not be an increase."),
        (
            more(4, Some(&[&[1]])),
            "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.",
        ),
        (more(3, Some(&[&[]])), "The manual partition assignment includes an empty replica list."),
        (
            more(3, Some(&[&[7]])),
            "The manual partition assignment includes broker 7, but no such broker is registered.",
        ),
        (more(i32::MAX, None), "Excessively large number of partitions per request."),
        (more(3, Some(&[&[1]])), "ok"),
        (more(5, None), "ok"),
    ];
    for (request, expected) in table {
        let decision = create_partitions(&image, std::slice::from_ref(&request), &mut Seed::new(1), false);
        assert_eq!(text(&decision.reply[0].1), expected, "{request:?}");
        let grown = after(&image, &decision.records);
        let count = grown.topic_by_name("t").unwrap().partitions().len();
        assert_eq!(count, if expected == "ok" { request.count as usize } else { 2 });
    }
}

#[test]
fn settings_one_by_one() {
    let (image, _) = create(&one_broker(), &[topic("t", 1, 1)]);
    let resource = ConfigResource::topic("t");
    let alter = |image: &Image, changes: &[(&str, Op, Option<&str>)]| {
        let changes: Vec<ConfigChange> = changes
            .iter()
            .map(|(name, op, value)| ConfigChange {
                name: (*name).into(),
                op: *op,
                value: value.map(str::to_owned),
            })
            .collect();
        incremental_alter(image, &resource, &changes, &Schema)
    };
    let refused = [
        (
            vec![("retention.ms", Op::Append, Some("5"))],
            "Can't APPEND to key retention.ms because its type is not LIST.",
        ),
        (
            vec![("retention.ms", Op::Subtract, Some("5"))],
            "Can't SUBTRACT to key retention.ms because its type is not LIST.",
        ),
        (
            vec![("retention.ms", Op::Set, None), ("segment.ms", Op::Set, None)],
            "Null value not supported for : retention.ms, segment.ms",
        ),
        (
            vec![("retention.ms", Op::Set, Some("1")), ("retention.ms", Op::Set, Some("2"))],
            "Error due to duplicate config keys",
        ),
        (vec![("nonsense", Op::Set, Some("1"))], "Unknown topic config name: nonsense"),
    ];
    for (changes, expected) in refused {
        assert_eq!(alter(&image, &changes).unwrap_err().to_string(), expected);
    }
    // A default is what APPEND appends to; what is not there is not subtracted.
    let policy = "cleanup.policy";
    let steps = [
        (Op::Append, "compact", "delete,compact"),
        (Op::Append, "compact", "delete,compact"),
        (Op::Subtract, "delete,rubbish", "compact"),
        (Op::Set, "delete", "delete"),
    ];
    let mut image = image;
    for (op, value, expected) in steps {
        image = after(&image, &alter(&image, &[(policy, op, Some(value))]).unwrap());
        assert_eq!(image.config(&resource, policy), Some(expected));
    }
    assert_eq!(alter(&image, &[(policy, Op::Set, Some("delete"))]).unwrap(), [], "it is so already");
    image = after(&image, &alter(&image, &[(policy, Op::Delete, None)]).unwrap());
    assert_eq!(image.config(&resource, policy), None);

    let all = [("retention.ms".to_owned(), Some("5".to_owned()))];
    image = after(&image, &alter(&image, &[("segment.ms", Op::Set, Some("7"))]).unwrap());
    image = after(&image, &legacy_alter(&image, &resource, &all, &Schema).unwrap());
    assert_eq!(image.config(&resource, "segment.ms"), None, "what is not named goes");
    assert_eq!(image.config(&resource, "retention.ms"), Some("5"));
}

/// Kafka's brokers refuse these before they ask the controller, in words of their own.
#[test]
fn only_lists_of_a_broker_grow() {
    let table = [
        ("num.io.threads", Op::Append, "Config value append is not allowed for config key: num.io.threads"),
        (
            "num.io.threads",
            Op::Subtract,
            "Config value subtract is not allowed for config key: num.io.threads",
        ),
        ("nonsense", Op::Append, "Unknown config name: nonsense"),
    ];
    for (name, op, expected) in table {
        let change = ConfigChange { name: name.into(), op, value: Some("5".into()) };
        let refused = incremental_alter(&one_broker(), &ConfigResource::broker(1), &[change], &Schema);
        assert_eq!(refused, Err(Error::InvalidConfig(expected.into())));
    }
}

#[test]
fn settings_belong_to_something() {
    let (image, _) = create(&one_broker(), &[topic("t", 1, 1)]);
    let broker = |name: &str| ConfigResource { kind: crate::image::ResourceType::Broker, name: name.into() };
    let group = |name: &str| ConfigResource { kind: crate::image::ResourceType::Group, name: name.into() };
    let table = [
        (ConfigResource::topic("t"), "ok"),
        (ConfigResource::topic("nope"), "The topic 'nope' does not exist."),
        (ConfigResource::topic(""), "Default topic resources are not allowed."),
        (broker("1"), "ok"),
        (broker(""), "ok"),
        (broker("7"), "Unexpected broker id, expected 1, but received 7"),
        (broker("x"), "Node id must be an integer, but it is: x"),
        (group(""), "Default group resources are not allowed."),
        (group("g"), "ok"),
    ];
    for (resource, expected) in table {
        assert_eq!(text(&check_resource(&image, &resource, 1)), expected);
    }
}

#[test]
fn producer_ids_are_given_once() {
    let image = one_broker();
    let first = producer_ids::allocate(&image, 1, 1).unwrap();
    assert_eq!(first.reply.first_producer_id, 0);
    let image = after(&image, &first.records);
    let second = producer_ids::allocate(&image, 1, 1).unwrap();
    assert_eq!((second.reply.first_producer_id, second.reply.len), (1000, 1000));
    assert!(matches!(producer_ids::allocate(&image, 1, 0), Err(Error::StaleBrokerEpoch(_))));
    assert!(matches!(producer_ids::allocate(&image, 2, 0), Err(Error::BrokerIdNotRegistered(_))));
}

#[test]
fn a_broker_that_comes_back_leads_anew() {
    let (image, _) = create(&one_broker(), &[topic("t", 2, 1)]);
    let registration = |incarnation: u8| brokers::Registration {
        broker_id: 1,
        cluster_id: "c".into(),
        incarnation_id: Uuid([incarnation; 16]),
        endpoints: vec![],
        rack: None,
        log_dirs: vec![Uuid([1; 16])],
        fenced: false,
    };
    let again = brokers::register_broker(&image, &registration(9)).unwrap();
    assert_eq!(again.reply, 2, "a new process has a new epoch");
    let image = after(&image, &again.records);
    for partition in image.topic_by_name("t").unwrap().partitions() {
        assert_eq!((partition.leader, partition.leader_epoch), (1, 1));
    }
    assert_eq!(brokers::register_broker(&image, &registration(9)).unwrap().reply, 2);
    let other = brokers::Registration { cluster_id: "d".into(), ..registration(9) };
    let error = brokers::register_broker(&image, &other).unwrap_err().to_string();
    assert_eq!(error, "Expected cluster ID c, but got cluster ID d");

    let gone = after(&image, &brokers::unregister_broker(&image, 1).unwrap().records);
    let partition = &gone.topic_by_name("t").unwrap().partitions()[0];
    assert_eq!((partition.leader, partition.isr.as_slice()), (NO_LEADER, [1].as_slice()));
}

/// Every partition has distinct brokers, an active leader, and racks take turns; leaders spread evenly.
#[test]
fn placement_spreads() {
    let records: Vec<Record> =
        (0..6).map(|id| broker(id, Some(["a", "b", "c"][id as usize % 3]), id == 5)).collect();
    let image = after(&Arc::new(Image::new("c")), &records);
    for seed in 0..50 {
        let placed = placement::place(&image, 30, 3, &mut Seed::new(seed)).unwrap();
        let mut leads = [0; 6];
        for replicas in &placed {
            leads[replicas[0] as usize] += 1;
            let racks: std::collections::BTreeSet<i32> = replicas.iter().map(|id| id % 3).collect();
            assert_eq!(racks.len(), 3, "{replicas:?}");
        }
        assert_eq!(leads[5], 0, "a fenced broker leads nothing");
        assert!(leads[..5].iter().all(|count| (5..=10).contains(count)), "{leads:?}");
    }
    let all = placement::place(&image, 6, 6, &mut Seed::new(1)).unwrap();
    assert!(all.iter().all(|r| *r.last().unwrap() == 5), "the fenced one comes last: {all:?}");
}

#[test]
fn a_new_cluster_gets_its_features_once() {
    let image = one_broker();
    let records = features::bootstrap(&image);
    let image = after(&image, &records);
    assert_eq!(image.features().collect::<Vec<_>>(), [("metadata.version", 30)]);
    assert_eq!(features::bootstrap(&image), []);
}

fn with_dirs(image: &Arc<Image>, incarnation: u8, dirs: &[u8]) -> Arc<Image> {
    let registration = brokers::Registration {
        broker_id: 1,
        cluster_id: "c".into(),
        incarnation_id: Uuid([incarnation; 16]),
        endpoints: vec![],
        rack: None,
        log_dirs: dirs.iter().map(|dir| Uuid([*dir; 16])).collect(),
        fenced: false,
    };
    after(image, &brokers::register_broker(image, &registration).unwrap().records)
}

/// Leader, leader epoch and first byte of the directory of each partition.
fn places(image: &Image, name: &str) -> Vec<(i32, i32, u8)> {
    let partitions = image.topic_by_name(name).unwrap().partitions();
    partitions.iter().map(|p| (p.leader, p.leader_epoch, p.directory_of(1).unwrap().0[0])).collect()
}

#[test]
fn new_partitions_go_where_the_fewest_are() {
    let image = with_dirs(&Arc::new(Image::new("c")), 1, &[7, 5, 6]);
    let (image, _) = create(&image, &[topic("a", 4, 1), topic("b", 1, 1)]);
    let dirs = |image: &Image, name: &str| places(image, name).iter().map(|p| p.2).collect::<Vec<_>>();
    assert_eq!((dirs(&image, "a"), dirs(&image, "b")), (vec![7, 5, 6, 7], vec![5]));
    let more = MorePartitions { name: "b".into(), count: 4, assignments: None };
    let image = after(&image, &create_partitions(&image, &[more], &mut Seed::new(1), false).records);
    assert_eq!(dirs(&image, "b"), [5, 6, 7, 5]);
    // What is gone counts no more, and neither does a directory that the broker has no longer.
    let id = image.topic_by_name("a").unwrap().id;
    let image = after(&image, &delete_topics(&image, &[TopicKey::Id(id)]).records);
    let image = with_dirs(&image, 2, &[5, 7]);
    let (image, _) = create(&image, &[topic("c", 3, 1)]);
    assert_eq!(dirs(&image, "c"), [7, 5, 7]);
}

/// KIP-858: what lay in a directory that failed has no leader until the directory is there again.
#[test]
fn a_failed_directory_takes_its_partitions_along() {
    let image = with_dirs(&Arc::new(Image::new("c")), 1, &[1, 2]);
    let (image, _) = create(&image, &[topic("t", 4, 1)]);
    assert_eq!(places(&image, "t"), [(1, 0, 1), (1, 0, 2), (1, 0, 1), (1, 0, 2)]);
    let failed = BTreeSet::from([Uuid([2; 16])]);
    let decision = directories::fail_directories(&image, 1, &failed).unwrap();
    let epoch = image.broker(1).unwrap().epoch;
    let image = after(&image, &decision.records);
    assert_eq!(places(&image, "t"), [(1, 0, 1), (NO_LEADER, 1, 2), (1, 0, 1), (NO_LEADER, 1, 2)]);
    let broker = image.broker(1).unwrap();
    assert_eq!((broker.epoch, broker.log_dirs.as_slice()), (epoch, [Uuid([1; 16])].as_slice()));
    let partitions = image.topic_by_name("t").unwrap().partitions();
    let online: Vec<bool> = partitions.iter().map(|p| image.is_replica_online(p, 1)).collect();
    assert_eq!(online, [true, false, true, false]);
    assert_eq!(directories::fail_directories(&image, 1, &failed).unwrap().records, [], "it is known");
    // A restart without it changes nothing for them, one with it does.
    let image = with_dirs(&image, 3, &[1]);
    assert_eq!(places(&image, "t"), [(1, 1, 1), (NO_LEADER, 1, 2), (1, 1, 1), (NO_LEADER, 1, 2)]);
    let (grown, _) = create(&image, &[topic("u", 2, 1)]);
    assert_eq!(places(&grown, "u"), [(1, 0, 1), (1, 0, 1)]);
    let image = with_dirs(&image, 4, &[1, 2]);
    assert_eq!(places(&image, "t"), [(1, 2, 1), (1, 2, 2), (1, 2, 1), (1, 2, 2)]);
    // One that a restart does not find while it still leads.
    let image = with_dirs(&image, 5, &[2]);
    assert_eq!(places(&image, "t"), [(NO_LEADER, 3, 1), (1, 3, 2), (NO_LEADER, 3, 1), (1, 3, 2)]);
}

#[test]
fn a_replica_that_is_found_elsewhere_is_led_again() {
    let image = with_dirs(&Arc::new(Image::new("c")), 1, &[1, 2]);
    let (image, _) = create(&image, &[topic("t", 2, 1)]);
    let topic_id = image.topic_by_name("t").unwrap().id;
    let image = with_dirs(&image, 2, &[2, 3]);
    assert_eq!(places(&image, "t"), [(NO_LEADER, 1, 1), (1, 1, 2)]);
    let at = |index, dir| directories::Located { topic_id, index, dir: Uuid([dir; 16]) };
    let decision = directories::assign_replicas(&image, 1, &[at(0, 3), at(1, 2), at(2, 3)]);
    let image = after(&image, &decision.records);
    assert_eq!(places(&image, "t"), [(1, 2, 3), (1, 1, 2)]);
    let decision = directories::assign_replicas(&image, 1, &[at(1, 0)]);
    assert_eq!(
        places(&after(&image, &decision.records), "t"),
        [(1, 2, 3), (1, 1, 2)],
        "2 has no more than 3"
    );
}
