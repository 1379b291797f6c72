//! ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments, DescribeQuorum,
//! UnregisterBroker, UpdateFeatures, DescribeAcls, CreateAcls, DeleteAcls: what one node can answer.

use crate::trial::Trial;
use alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use elect_leaders_request::TopicPartitions;
use list_partition_reassignments_request::ListPartitionReassignmentsTopics;
use ottla_protocol::messages::*;
use update_features_request::FeatureUpdateKey;

const PATIENCE_MS: i32 = 30_000;

pub fn ask(trial: &mut Trial) {
    trial.topic("led", 2, &[]);
    elections(trial);
    reassignments(trial);
    quorum(trial);
    brokers(trial);
    features(trial);
    acls(trial);
}

/// Neither broker has an authorizer.
fn acls(trial: &mut Trial) {
    // Topics, literal, read, allowed; then each of them unknown (0), and strange, of a code that nobody gave out.
    const CODES: [i8; 4] = [2, 3, 3, 3];
    let mut odd = vec![("topics", CODES)];
    for (index, (unknown, strange)) in [
        ("an unknown resource", "a strange resource"),
        ("an unknown pattern", "a strange pattern"),
        ("an unknown operation", "a strange operation"),
        ("an unknown permission", "a strange permission"),
    ]
    .into_iter()
    .enumerate()
    {
        for (what, code) in [(unknown, 0), (strange, 99)] {
            let mut codes = CODES;
            codes[index] = code;
            odd.push((what, codes));
        }
    }
    for version in 1..=3 {
        for &(what, [resource, pattern, operation, permission]) in &odd {
            let request = DescribeAclsRequest {
                resource_type_filter: resource,
                resource_name_filter: Some("led".into()),
                pattern_type_filter: pattern,
                principal_filter: None,
                host_filter: None,
                operation,
                permission_type: permission,
            };
            trial.ask(&format!("DescribeAcls of {what}"), version, &request);
            let one = create_acls_request::AclCreation {
                resource_type: resource,
                resource_name: "led".into(),
                resource_pattern_type: pattern,
                principal: "User:anna".into(),
                host: "*".into(),
                operation,
                permission_type: permission,
            };
            let request = CreateAclsRequest { creations: vec![one.clone(), one] };
            trial.ask(&format!("CreateAcls of {what}"), version, &request);
            let one = delete_acls_request::DeleteAclsFilter {
                resource_type_filter: resource,
                resource_name_filter: None,
                pattern_type_filter: pattern,
                principal_filter: Some("User:anna".into()),
                host_filter: None,
                operation,
                permission_type: permission,
            };
            let request = DeleteAclsRequest { filters: vec![one.clone(), one] };
            trial.ask(&format!("DeleteAcls of {what}"), version, &request);
        }
        trial.ask("CreateAcls of nothing", version, &CreateAclsRequest { creations: Vec::new() });
        trial.ask("DeleteAcls of nothing", version, &DeleteAclsRequest { filters: Vec::new() });
    }
}

fn elections(trial: &mut Trial) {
    let of = |topic: &'static str, partitions: &[i32]| TopicPartitions {
        topic: topic.into(),
        partitions: partitions.to_vec(),
    };
    for version in 0..=2 {
        for (what, kind) in [("preferred", 0), ("unclean", 1), ("of no known type", 7)] {
            if kind != 0 && version == 0 {
                continue;
            }
            let mut ask = |how: &str, topics: Option<Vec<TopicPartitions<'static>>>| {
                let request = ElectLeadersRequest {
                    election_type: kind,
                    topic_partitions: topics,
                    timeout_ms: PATIENCE_MS,
                };
                trial.ask(&format!("ElectLeaders {what} {how}"), version, &request);
            };
            ask("of both", Some(vec![of("led", &[0, 1])]));
            ask("of unknown ones", Some(vec![of("led", &[1, 2, -1]), of("led.unknown", &[0])]));
            ask("of bad names", Some(vec![of("", &[0]), of("no such", &[0])]));
            ask("of one twice", Some(vec![of("led", &[0, 0])]));
            ask("of nothing", Some(Vec::new()));
        }
    }
}

fn reassignments(trial: &mut Trial) {
    let to = |partition_index: i32, replicas: Option<&[i32]>| ReassignablePartition {
        partition_index,
        replicas: replicas.map(<[i32]>::to_vec),
    };
    for version in 0..=1 {
        let mut ask =
            |what: &str, allow: bool, topic: &'static str, partitions: Vec<ReassignablePartition>| {
                if !allow && version == 0 {
                    return;
                }
                let request = AlterPartitionReassignmentsRequest {
                    timeout_ms: PATIENCE_MS,
                    allow_replication_factor_change: allow,
                    topics: vec![ReassignableTopic { name: topic.into(), partitions }],
                };
                trial.ask(&format!("AlterPartitionReassignments {what}"), version, &request);
            };
        for allow in [true, false] {
            let how = if allow { "" } else { " with the same factor" };
            ask(&format!("to where it is{how}"), allow, "led", vec![to(0, Some(&[1])), to(1, Some(&[1]))]);
            ask(&format!("to an unknown broker{how}"), allow, "led", vec![to(0, Some(&[9]))]);
            ask(&format!("to one more{how}"), allow, "led", vec![to(0, Some(&[1, 9]))]);
            ask(&format!("to nothing{how}"), allow, "led", vec![to(0, Some(&[]))]);
            ask(&format!("to one twice{how}"), allow, "led", vec![to(0, Some(&[1, 1]))]);
            ask(&format!("to a negative one{how}"), allow, "led", vec![to(0, Some(&[-1]))]);
            ask(&format!("cancelled{how}"), allow, "led", vec![to(0, None), to(7, None)]);
            ask(
                &format!("of unknown partitions{how}"),
                allow,
                "led",
                vec![to(2, Some(&[1])), to(-1, Some(&[1]))],
            );
            ask(
                &format!("of an unknown topic{how}"),
                allow,
                "led.unknown",
                vec![to(0, Some(&[1])), to(1, None)],
            );
            ask(&format!("of no partitions{how}"), allow, "led", Vec::new());
            ask(
                &format!("of a partition twice{how}"),
                allow,
                "led",
                vec![to(0, Some(&[1])), to(0, Some(&[1]))],
            );
        }
    }
    let mut list = |what: &str, topics: Option<&[(&'static str, &[i32])]>| {
        let topics = topics.map(|topics| {
            let topic = |(name, partitions): &(&'static str, &[i32])| ListPartitionReassignmentsTopics {
                name: (*name).into(),
                partition_indexes: partitions.to_vec(),
            };
            topics.iter().map(topic).collect()
        });
        let request = ListPartitionReassignmentsRequest { timeout_ms: PATIENCE_MS, topics };
        trial.ask(&format!("ListPartitionReassignments {what}"), 0, &request);
    };
    list("of all", None);
    list("of one", Some(&[("led", &[0, 1])]));
    list("of unknown ones", Some(&[("led", &[7]), ("led.unknown", &[0])]));
    list("of none", Some(&[]));
}

fn quorum(trial: &mut Trial) {
    use describe_quorum_request::{PartitionData, TopicData};
    for version in 0..=2 {
        for (what, topic, partitions) in [
            ("of an unknown topic", "led", vec![0]),
            ("of an unknown partition", "__cluster_metadata", vec![1]),
            ("of two partitions", "__cluster_metadata", vec![0, 1]),
        ] {
            let partitions = partitions.into_iter().map(|partition_index| PartitionData { partition_index });
            let topics = vec![TopicData { topic_name: topic.into(), partitions: partitions.collect() }];
            trial.ask(&format!("DescribeQuorum {what}"), version, &DescribeQuorumRequest { topics });
        }
        trial.ask("DescribeQuorum of nothing", version, &DescribeQuorumRequest { topics: Vec::new() });
        let topics = vec![TopicData {
            topic_name: "__cluster_metadata".into(),
            partitions: vec![PartitionData { partition_index: 0 }],
        }];
        trial.ask_moving(
            "DescribeQuorum",
            version,
            &DescribeQuorumRequest { topics },
            &[
                "leader_epoch",
                "high_watermark",
                "log_end_offset",
                "last_fetch_timestamp",
                "last_caught_up_timestamp",
                "replica_directory_id",
            ],
        );
    }
}

fn brokers(trial: &mut Trial) {
    for broker_id in [2, -1, i32::MAX] {
        let request = UnregisterBrokerRequest { broker_id };
        trial.ask(&format!("UnregisterBroker {broker_id}"), 0, &request);
    }
}

fn features(trial: &mut Trial) {
    for version in 0..=2 {
        let mut ask = |what: &str, updates: &[(&'static str, i16)], kind: i8, dry: bool| {
            let update = |(feature, level): &(&'static str, i16)| FeatureUpdateKey {
                feature: (*feature).into(),
                max_version_level: *level,
                allow_downgrade: version == 0 && kind != 1,
                upgrade_type: if version == 0 { 1 } else { kind },
            };
            let request = UpdateFeaturesRequest {
                timeout_ms: PATIENCE_MS,
                feature_updates: updates.iter().map(update).collect(),
                validate_only: dry,
            };
            trial.ask(&format!("UpdateFeatures {what}"), version, &request);
        };
        ask("of none", &[], 1, false);
        ask("of an unknown one", &[("no.such.feature", 1)], 1, false);
        ask("to less than nothing", &[("metadata.version", -1)], 1, false);
        ask("beyond what is known", &[("metadata.version", 999)], 1, false);
        if version > 0 {
            ask("in a dry run", &[("no.such.feature", 1)], 1, true);
            ask("of no known kind", &[("no.such.feature", 1)], 9, false);
            ask("down, of an unknown one", &[("no.such.feature", 0)], 2, false);
        }
    }
}
