//! DescribeConfigs, IncrementalAlterConfigs, AlterConfigs.

use crate::trial::Trial;
use ottla_protocol::messages::*;
use std::borrow::Cow;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// A key, the operation on it, and a value.
type Change<'a> = (&'a str, i8, Option<&'a str>);
type Setting<'a> = (&'a str, Option<&'a str>);

fn describe_one<'a>(kind: i8, name: &'a str, keys: Option<&[&'a str]>) -> DescribeConfigsRequest<'a> {
    DescribeConfigsRequest {
        resources: vec![describe_configs_request::DescribeConfigsResource {
            resource_type: kind,
            resource_name: name.into(),
            configuration_keys: keys.map(|keys| keys.iter().map(|key| Cow::Borrowed(*key)).collect()),
        }],
        ..Default::default()
    }
}

pub fn describe(trial: &mut Trial) {
    trial.topic("described", 1, &[("retention.ms", "60000"), ("cleanup.policy", "compact")]);
    for version in 1..=4 {
        let mut request = describe_one(TOPIC, "described", None);
        trial.ask("DescribeConfigs of a topic", version, &request);
        request.include_synonyms = true;
        trial.ask("DescribeConfigs of a topic with synonyms", version, &request);
        if version >= 3 {
            request.include_documentation = true;
            request.include_synonyms = false;
            let keys = ["segment.bytes", "flush.ms", "message.timestamp.type"];
            request.resources[0].configuration_keys = Some(keys.map(Cow::Borrowed).to_vec());
            trial.ask("DescribeConfigs of a topic with documentation", version, &request);
        }
        let keys = ["retention.ms", "no.such.config", "segment.bytes", "segment.bytes"];
        trial.ask("DescribeConfigs of some keys", version, &describe_one(TOPIC, "described", Some(&keys)));
        trial.ask("DescribeConfigs of no keys", version, &describe_one(TOPIC, "described", Some(&[])));
    }
    for (what, kind, name) in [
        ("an unknown topic", TOPIC, "described.unknown"),
        ("a bad topic name", TOPIC, "no such"),
        ("an empty topic name", TOPIC, ""),
        ("an unknown broker", BROKER, "77"),
        ("a broker that is no number", BROKER, "one"),
        ("a resource of type 0", 0, "x"),
        ("a resource of type 1", 1, "x"),
        ("a resource of type 77", 77, "x"),
    ] {
        trial.ask(&format!("DescribeConfigs of {what}"), 4, &describe_one(kind, name, None));
    }
    let mut two = describe_one(TOPIC, "described", Some(&["flush.ms"]));
    two.resources.push(two.resources[0].clone());
    trial.ask("DescribeConfigs of a topic twice", 4, &two);
    trial.ask("DescribeConfigs of nothing", 4, &DescribeConfigsRequest::default());
    let keys = [
        "num.partitions",
        "log.retention.ms",
        "log.segment.bytes",
        "message.max.bytes",
        "node.id",
        "broker.id",
        "auto.create.topics.enable",
        "min.insync.replicas",
        "compression.type",
        "log.flush.interval.messages",
        "log.message.timestamp.type",
        "socket.request.max.bytes",
        "ssl.keystore.password",
        "no.such.config",
    ];
    for version in [1, 4] {
        let mut request = describe_one(BROKER, "1", Some(&keys));
        trial.ask("DescribeConfigs of a broker", version, &request);
        request.include_synonyms = true;
        trial.ask("DescribeConfigs of a broker with synonyms", version, &request);
        trial.ask("DescribeConfigs of the brokers' default", version, &describe_one(BROKER, "", None));
    }
}

fn incremental<'a>(
    kind: i8,
    name: &'a str,
    configs: &[(&'a str, i8, Option<&'a str>)],
) -> IncrementalAlterConfigsRequest<'a> {
    use incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let configs = configs.iter().map(|(name, operation, value)| AlterableConfig {
        name: Cow::Borrowed(*name),
        config_operation: *operation,
        value: value.map(Cow::Borrowed),
    });
    IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: kind,
            resource_name: name.into(),
            configs: configs.collect(),
        }],
        validate_only: false,
    }
}

fn whole<'a>(kind: i8, name: &'a str, configs: &[(&'a str, Option<&'a str>)]) -> AlterConfigsRequest<'a> {
    use alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let configs = configs
        .iter()
        .map(|(name, value)| AlterableConfig { name: Cow::Borrowed(*name), value: value.map(Cow::Borrowed) });
    AlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: kind,
            resource_name: name.into(),
            configs: configs.collect(),
        }],
        validate_only: false,
    }
}

pub fn alter(trial: &mut Trial) {
    const SET: i8 = 0;
    const DELETE: i8 = 1;
    const APPEND: i8 = 2;
    const SUBTRACT: i8 = 3;
    trial.topic("altered", 1, &[]);
    /// What the topic's own settings are after a step.
    fn after(trial: &mut Trial, what: &str) {
        let keys = ["retention.ms", "cleanup.policy", "segment.bytes", "flush.messages", "max.message.bytes"];
        // The change is committed when it is answered, but the broker may be a moment behind.
        std::thread::sleep(std::time::Duration::from_millis(60));
        trial.ask(&format!("DescribeConfigs after {what}"), 4, &describe_one(TOPIC, "altered", Some(&keys)));
    }
    for version in 0..=1 {
        let value = format!("{}", 70_000 + i32::from(version));
        trial.ask(
            "IncrementalAlterConfigs set",
            version,
            &incremental(TOPIC, "altered", &[("retention.ms", SET, Some(&value))]),
        );
        after(trial, &format!("set by v{version}"));
        let mut only = incremental(TOPIC, "altered", &[("retention.ms", SET, Some("1"))]);
        only.validate_only = true;
        trial.ask("IncrementalAlterConfigs to validate only", version, &only);
        let delete = incremental(TOPIC, "altered", &[("retention.ms", DELETE, None)]);
        trial.ask("IncrementalAlterConfigs delete", version, &delete);
        trial.ask("IncrementalAlterConfigs delete again", version, &delete);
    }
    after(trial, "a deletion");
    let steps: [(&str, i8, &str, &[Change<'_>]); 24] = [
        ("append to a list", TOPIC, "altered", &[("cleanup.policy", APPEND, Some("compact"))]),
        ("append what is there", TOPIC, "altered", &[("cleanup.policy", APPEND, Some("compact"))]),
        ("subtract from a list", TOPIC, "altered", &[("cleanup.policy", SUBTRACT, Some("delete"))]),
        ("subtract what is not there", TOPIC, "altered", &[("cleanup.policy", SUBTRACT, Some("delete"))]),
        ("append to a number", TOPIC, "altered", &[("retention.ms", APPEND, Some("1"))]),
        ("append nonsense", TOPIC, "altered", &[("cleanup.policy", APPEND, Some("nonsense"))]),
        ("an unknown operation", TOPIC, "altered", &[("retention.ms", 77, Some("1"))]),
        ("a negative operation", TOPIC, "altered", &[("retention.ms", -1, Some("1"))]),
        ("a key twice", TOPIC, "altered", &[("flush.ms", SET, Some("1")), ("flush.ms", SET, Some("2"))]),
        ("an unknown key", TOPIC, "altered", &[("no.such.config", SET, Some("1"))]),
        ("delete an unknown key", TOPIC, "altered", &[("no.such.config", DELETE, None)]),
        ("null", TOPIC, "altered", &[("flush.ms", SET, None)]),
        ("a bad number", TOPIC, "altered", &[("flush.ms", SET, Some("x"))]),
        ("a number out of range", TOPIC, "altered", &[("segment.bytes", SET, Some("1"))]),
        ("good and bad", TOPIC, "altered", &[("segment.ms", SET, Some("9")), ("flush.ms", SET, Some("x"))]),
        ("nothing", TOPIC, "altered", &[]),
        ("spaces around a number", TOPIC, "altered", &[("flush.messages", SET, Some(" 7 "))]),
        ("an unknown topic", TOPIC, "altered.unknown", &[("flush.ms", SET, Some("1"))]),
        ("an empty topic name", TOPIC, "", &[("flush.ms", SET, Some("1"))]),
        ("a bad topic name", TOPIC, "no such", &[("flush.ms", SET, Some("1"))]),
        ("an unknown broker", BROKER, "77", &[("message.max.bytes", SET, Some("1000000"))]),
        ("a broker that is no number", BROKER, "one", &[("message.max.bytes", SET, Some("1000000"))]),
        ("a resource of type 0", 0, "x", &[("flush.ms", SET, Some("1"))]),
        ("a resource of type 77", 77, "x", &[("flush.ms", SET, Some("1"))]),
    ];
    for (what, kind, name, configs) in steps {
        let request = incremental(kind, name, configs);
        trial.ask(&format!("IncrementalAlterConfigs {what}"), 1, &request);
    }
    after(trial, "many changes");
    let mut twice = incremental(TOPIC, "altered", &[("flush.messages", SET, Some("5"))]);
    twice.resources.extend(incremental(TOPIC, "altered", &[("flush.messages", SET, Some("6"))]).resources);
    trial.ask("IncrementalAlterConfigs of a topic twice", 1, &twice);
    trial.ask("IncrementalAlterConfigs of nothing", 1, &IncrementalAlterConfigsRequest::default());
    after(trial, "one topic twice");

    for version in 0..=2 {
        let request = whole(TOPIC, "altered", &[("flush.messages", Some("9")), ("segment.ms", Some("77"))]);
        trial.ask("AlterConfigs of two keys", version, &request);
        after(trial, &format!("AlterConfigs v{version}"));
        let mut only = whole(TOPIC, "altered", &[]);
        only.validate_only = true;
        trial.ask("AlterConfigs to validate only", version, &only);
        trial.ask("AlterConfigs to no keys", version, &whole(TOPIC, "altered", &[]));
    }
    let steps: [(&str, i8, &str, &[Setting<'_>]); 8] = [
        ("an unknown key", TOPIC, "altered", &[("no.such.config", Some("1"))]),
        ("a bad value", TOPIC, "altered", &[("flush.ms", Some("x"))]),
        ("null", TOPIC, "altered", &[("flush.ms", None)]),
        ("a key twice", TOPIC, "altered", &[("flush.ms", Some("1")), ("flush.ms", Some("2"))]),
        ("an unknown topic", TOPIC, "altered.unknown", &[("flush.ms", Some("1"))]),
        ("a bad topic name", TOPIC, "no such", &[("flush.ms", Some("1"))]),
        ("an unknown broker", BROKER, "77", &[("message.max.bytes", Some("1000000"))]),
        ("a resource of type 77", 77, "x", &[("flush.ms", Some("1"))]),
    ];
    for (what, kind, name, configs) in steps {
        trial.ask(&format!("AlterConfigs {what}"), 2, &whole(kind, name, configs));
    }
    let mut twice = whole(TOPIC, "altered", &[("flush.messages", Some("5"))]);
    twice.resources.extend(whole(TOPIC, "altered", &[("flush.messages", Some("6"))]).resources);
    trial.ask("AlterConfigs of a topic twice", 2, &twice);
    after(trial, "AlterConfigs of a topic twice");
}
