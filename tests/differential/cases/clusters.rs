//! Metadata, DescribeCluster, DescribeTopicPartitions, DescribeLogDirs, FindCoordinator.

use crate::trial::{Trial, metadata_of};
use describe_log_dirs_request::DescribableLogDirTopic;
use describe_topic_partitions_request::{Cursor, TopicRequest};
use metadata_request::MetadataRequestTopic;
use ottla_protocol::Uuid;
use ottla_protocol::messages::*;
use ottla_tests::batch::Batch;

pub fn metadata(trial: &mut Trial) {
    trial.topic("seen", 3, &[]);
    trial.topic("seen.too", 1, &[]);
    let unknown = Uuid([7; 16]);
    trial.call_it(&unknown.to_string(), "an unknown id");
    let named = |name: &'static str| MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
    for version in 0..=13 {
        let mut request = metadata_of(&["seen", "seen.too"]);
        if version < 4 {
            request.allow_auto_topic_creation = true;
        }
        trial.ask("Metadata of two topics", version, &request);
        request.topics = Some(vec![named("seen"), named("seen")]);
        trial.ask("Metadata of a topic twice", version, &request);
        // Versions below 4 create what they ask for; that is in a case of its own.
        request.topics = Some(vec![named("no such"), named(""), named("seen")]);
        trial.ask("Metadata of impossible names", version, &request);
        if version >= 1 {
            request.topics = Some(Vec::new());
            trial.ask("Metadata of no topics", version, &request);
        }
    }
    for version in [4, 8, 9, 10, 12, 13] {
        let mut request = metadata_of(&["seen.unknown", "seen"]);
        trial.ask("Metadata of an unknown topic", version, &request);
        if (8..=10).contains(&version) {
            request.include_cluster_authorized_operations = true;
        }
        if version >= 8 {
            request.include_topic_authorized_operations = true;
            trial.ask("Metadata with authorized operations", version, &request);
        }
    }
    for version in [12, 13] {
        let id = trial.id("seen");
        let by = |id: Uuid, name: Option<&'static str>| MetadataRequest {
            topics: Some(vec![MetadataRequestTopic { topic_id: id, name: name.map(Into::into) }]),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        trial.ask("Metadata by id", version, &by(id, None));
        trial.ask("Metadata by an unknown id", version, &by(unknown, None));
        trial.ask("Metadata by id and name", version, &by(id, Some("seen.too")));
        trial.ask("Metadata by no name and no id", version, &by(Uuid::ZERO, None));
    }
    for version in [3, 4, 9, 13] {
        let name = format!("made-by-metadata-{version}");
        let mut request = metadata_of(&[]);
        request.allow_auto_topic_creation = true;
        request.topics =
            Some(vec![MetadataRequestTopic { name: Some(name.as_str().into()), ..Default::default() }]);
        trial.ask("Metadata that creates a topic", version, &request);
        trial.await_topic(&name, 2);
        trial.ask("Metadata of what was created", version, &request);
    }
}

pub fn ask(trial: &mut Trial) {
    for version in 0..=2 {
        for (what, operations, kind, fenced) in [
            ("brokers", false, 1, false),
            ("with operations", true, 1, false),
            ("controllers", false, 2, false),
            ("of endpoint type 0", false, 0, false),
            ("of endpoint type 77", false, 77, false),
            ("fenced ones too", false, 1, true),
        ] {
            if (kind != 1 && version == 0) || (fenced && version < 2) {
                continue;
            }
            let request = DescribeClusterRequest {
                include_cluster_authorized_operations: operations,
                endpoint_type: kind,
                include_fenced_brokers: fenced,
            };
            trial.ask(&format!("DescribeCluster {what}"), version, &request);
        }
    }
    topic_partitions(trial);
    log_dirs(trial);
    coordinators(trial);
}

fn topic_partitions(trial: &mut Trial) {
    trial.topic("page.a", 3, &[]);
    trial.topic("page.b", 2, &[]);
    trial.topic("page.c", 1, &[]);
    let mut ask = |what: &str, names: &[&'static str], limit: i32, cursor: Option<(&'static str, i32)>| {
        let request = DescribeTopicPartitionsRequest {
            topics: names.iter().map(|name| TopicRequest { name: (*name).into() }).collect(),
            response_partition_limit: limit,
            cursor: cursor.map(|(name, index)| Cursor { topic_name: name.into(), partition_index: index }),
        };
        trial.ask(&format!("DescribeTopicPartitions {what}"), 0, &request);
    };
    ask("of three", &["page.c", "page.a", "page.b"], 2000, None);
    ask("of an unknown one", &["page.a", "page.unknown"], 2000, None);
    ask("of bad names", &["", "no such", "page.c"], 2000, None);
    ask("of one twice", &["page.c", "page.c"], 2000, None);
    for limit in [1, 2, 3, 4, 5, 6] {
        ask(&format!("{limit} at a time"), &["page.a", "page.b", "page.c"], limit, None);
    }
    for limit in [0, -1, i32::MIN, i32::MAX] {
        ask(&format!("{limit} at a time"), &["page.b"], limit, None);
    }
    ask("from a cursor", &["page.a", "page.b", "page.c"], 2, Some(("page.a", 2)));
    ask("from a cursor in the second topic", &["page.a", "page.b", "page.c"], 9, Some(("page.b", 1)));
    ask("from a cursor past a topic", &["page.a", "page.b"], 9, Some(("page.a", 3)));
    ask("from a cursor of an unknown topic", &["page.a", "page.c"], 9, Some(("page.bb", 0)));
    ask("from a cursor past everything", &["page.a", "page.b"], 9, Some(("page.z", 0)));
    ask("from a negative cursor", &["page.a"], 9, Some(("page.a", -1)));
}

fn log_dirs(trial: &mut Trial) {
    trial.topic("dirs", 2, &[]);
    super::produce::put(trial, "dirs", 1, &Batch::numbered(9));
    for version in 1..=5 {
        let of = |topic: &'static str, partitions: &[i32]| DescribeLogDirsRequest {
            topics: Some(vec![DescribableLogDirTopic {
                topic: topic.into(),
                partitions: partitions.to_vec(),
            }]),
        };
        trial.ask_sizes("DescribeLogDirs of two partitions", version, &of("dirs", &[0, 1]));
        trial.ask_sizes("DescribeLogDirs of unknown partitions", version, &of("dirs", &[1, 2, -1]));
        trial.ask_sizes("DescribeLogDirs of an unknown topic", version, &of("dirs.unknown", &[0]));
        trial.ask_sizes(
            "DescribeLogDirs of no topics",
            version,
            &DescribeLogDirsRequest { topics: Some(vec![]) },
        );
    }
}

fn coordinators(trial: &mut Trial) {
    for version in 0..=6 {
        for (what, key, key_type) in [
            ("a transaction", "t", 1),
            ("of type -1", "x", -1),
            ("of type 77", "x", 77),
            ("a share partition, badly named", "x", 2),
        ] {
            if version == 0 {
                continue;
            }
            let mut request = FindCoordinatorRequest { key_type, ..Default::default() };
            if version >= 4 {
                request.coordinator_keys = vec![key.into()];
            } else {
                request.key = key.into();
            }
            trial.ask(&format!("FindCoordinator {what}"), version, &request);
        }
    }
    for version in [4, 6] {
        let request = FindCoordinatorRequest { coordinator_keys: Vec::new(), ..Default::default() };
        trial.ask("FindCoordinator of no keys", version, &request);
    }
}
