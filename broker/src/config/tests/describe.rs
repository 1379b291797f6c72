//! What is said of settings, against what Apache Kafka 4.3.1 said of the same.

use super::{STOCK, config, image, load, topic};
use crate::config::BrokerConfig;
use crate::config::describe::{Entry, describe};
use ottla_metadata::decide::Error;
use ottla_metadata::{ConfigResource, Image, ResourceType};
use std::sync::Arc;

fn cluster() -> (BrokerConfig, Arc<Image>) {
    let broker =
        load(STOCK, &[("log.roll.hours", "24"), ("ssl.key.password", "hunter2"), ("my.plugin", "x")]);
    let set = |kind, resource, pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| config(kind, resource, name, value)).collect::<Vec<_>>()
    };
    let records = [
        vec![topic("t", 1), topic("plain", 2)],
        set(
            ResourceType::Topic,
            "t",
            &[
                ("segment.bytes", "2097152"),
                ("cleanup.policy", "compact, delete"),
                ("min.cleanable.dirty.ratio", "0.50"),
            ],
        ),
        set(
            ResourceType::Broker,
            "",
            &[
                ("log.segment.bytes", "3145728"),
                ("log.retention.ms", "9999"),
                ("log.cleanup.policy", "compact"),
            ],
        ),
        set(
            ResourceType::Broker,
            "1",
            &[("log.segment.bytes", "4194304"), ("listener.name.plaintext.max.connections", "50")],
        ),
        set(ResourceType::Group, "g", &[("consumer.session.timeout.ms", "46000")]),
        set(ResourceType::ClientMetrics, "m", &[("interval.ms", "1000")]),
    ];
    (broker.unwrap().config, image(records.concat()))
}

/// `name = value [source] {synonyms by precedence}`, with `ro` and `sensitive`.
fn shown(entry: &Entry) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    let synonyms: Vec<String> =
        entry.synonyms.iter().map(|s| format!("{}={}:{:?}", s.name, value(&s.value), s.source)).collect();
    format!(
        "{} = {} [{:?}]{}{} {{{}}}",
        entry.name,
        value(&entry.value),
        entry.source,
        if entry.read_only { " ro" } else { "" },
        if entry.sensitive { " sensitive" } else { "" },
        synonyms.join("; ")
    )
}

#[test]
fn values_and_who_set_them() {
    let (broker, image) = cluster();
    let resource = |kind, name: &str| ConfigResource { kind, name: name.into() };
    let table: &[(ResourceType, &str, &str)] = &[
        (
            ResourceType::Topic,
            "t",
            "cleanup.policy = compact,delete [Topic] {cleanup.policy=compact,delete:Topic; \
             log.cleanup.policy=compact:DynamicDefaultBroker; log.cleanup.policy=delete:Default}",
        ),
        (
            ResourceType::Topic,
            "t",
            "min.cleanable.dirty.ratio = 0.5 [Topic] {min.cleanable.dirty.ratio=0.5:Topic; \
             log.cleaner.min.cleanable.ratio=0.5:Default}",
        ),
        (
            ResourceType::Topic,
            "t",
            "segment.bytes = 2097152 [Topic] {segment.bytes=2097152:Topic; log.segment.bytes=4194304:DynamicBroker; \
             log.segment.bytes=3145728:DynamicDefaultBroker; log.segment.bytes=1073741824:StaticBroker; \
             log.segment.bytes=1073741824:Default}",
        ),
        (
            ResourceType::Topic,
            "plain",
            "retention.ms = 9999 [DynamicDefaultBroker] {log.retention.ms=9999:DynamicDefaultBroker; \
             log.retention.hours=168:StaticBroker; log.retention.hours=168:Default}",
        ),
        // Another unit's setting counts, and Kafka does not say so.
        (ResourceType::Topic, "plain", "segment.ms = 86400000 [Default] {}"),
        (ResourceType::Topic, "plain", "flush.ms = 9223372036854775807 [Default] {}"),
        (ResourceType::Topic, "plain", "leader.replication.throttled.replicas =  [Default] {}"),
        (ResourceType::Broker, "1", "node.id = 1 [StaticBroker] ro {node.id=1:StaticBroker}"),
        (
            ResourceType::Broker,
            "1",
            "broker.id = 1 [StaticBroker] ro {broker.id=1:StaticBroker; broker.id=-1:Default}",
        ),
        (ResourceType::Broker, "1", "log.retention.minutes = null [Default] ro {}"),
        (ResourceType::Broker, "1", "log.roll.ms = null [Default] {}"),
        (
            ResourceType::Broker,
            "1",
            "log.roll.hours = 24 [StaticBroker] ro {log.roll.hours=24:StaticBroker; log.roll.hours=168:Default}",
        ),
        (
            ResourceType::Broker,
            "1",
            "ssl.key.password = null [StaticBroker] sensitive {ssl.key.password=null:StaticBroker}",
        ),
        (
            ResourceType::Broker,
            "1",
            "my.plugin = null [StaticBroker] ro sensitive {my.plugin=null:StaticBroker}",
        ),
        (
            ResourceType::Broker,
            "1",
            "listener.name.plaintext.max.connections = 50 [DynamicBroker] ro \
             {listener.name.plaintext.max.connections=50:DynamicBroker; max.connections=2147483647:Default}",
        ),
        (
            ResourceType::Broker,
            "",
            "log.retention.ms = 9999 [DynamicDefaultBroker] {log.retention.ms=9999:DynamicDefaultBroker}",
        ),
        (
            ResourceType::Group,
            "g",
            "consumer.session.timeout.ms = 46000 [Group] {consumer.session.timeout.ms=46000:Group; \
             group.consumer.session.timeout.ms=45000:Default}",
        ),
        (
            ResourceType::Group,
            "g",
            "share.auto.offset.reset = latest [Default] {share.auto.offset.reset=latest:Default}",
        ),
        (
            ResourceType::ClientMetrics,
            "m",
            "interval.ms = 1000 [ClientMetrics] {interval.ms=1000:ClientMetrics}",
        ),
        (ResourceType::ClientMetrics, "other", "interval.ms = 300000 [Default] {}"),
    ];
    for (kind, of, expected) in table {
        let name = expected.split(' ').next().unwrap();
        let entries =
            describe(&broker, &image, &resource(*kind, of), Some(&[name, "no.such.setting"])).unwrap();
        assert_eq!(entries.iter().map(shown).collect::<Vec<_>>(), [*expected]);
    }
}

/// Nothing that is set goes missing, and no password is shown, whoever asks.
#[test]
fn all_of_a_broker() {
    let (broker, image) = cluster();
    let entries = describe(&broker, &image, &ConfigResource::broker(1), None).unwrap();
    // Kafka's, and the two that only this cluster has.
    let of_kafka = entries.iter().filter(|entry| !entry.name.starts_with("ottla."));
    assert_eq!(of_kafka.count(), 340 + 2);
    assert!(entries.iter().all(|entry| !shown(entry).contains("hunter2")));
    let all = describe(&broker, &image, &ConfigResource::cluster_default(), Some(&[])).unwrap();
    let names: Vec<&str> = all.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["log.cleanup.policy", "log.retention.ms", "log.segment.bytes"]);
}

#[test]
fn resources_that_are_not_there() {
    let (broker, image) = cluster();
    let table: &[(ResourceType, &str, Error)] = &[
        (ResourceType::Topic, "nope", Error::UnknownTopicOrPartition(String::new())),
        (
            ResourceType::Topic,
            "",
            Error::InvalidTopic("Topic name is invalid: the empty string is not allowed".into()),
        ),
        (
            ResourceType::Broker,
            "9",
            Error::InvalidRequest("Unexpected broker id, expected 1 or empty string, but received 9".into()),
        ),
        (
            ResourceType::Broker,
            "x",
            Error::InvalidRequest("Broker id must be an integer, but it is: x".into()),
        ),
        (ResourceType::Group, "", Error::InvalidRequest("Group name must not be empty".into())),
        (
            ResourceType::ClientMetrics,
            "",
            Error::InvalidRequest("Client metrics subscription name must not be empty".into()),
        ),
    ];
    for (kind, name, expected) in table {
        let resource = ConfigResource { kind: *kind, name: (*name).into() };
        assert_eq!(describe(&broker, &image, &resource, None), Err(expected.clone()));
    }
}
