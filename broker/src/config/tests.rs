//! Settings read as Kafka reads them.

mod describe;
mod loading;
mod schema;

use super::broker::Pinning;
use super::registry::{self, Default, Mode, Scope, Support};
use super::topic::{Compression, TimestampType};
use super::value::{self, Value};
use super::*;
use ottla_metadata::record::{ConfigRecord, TopicRecord};
use ottla_metadata::{Delta, Image, Record, ResourceType, Uuid};
use std::path::Path;
use std::sync::Arc;

/// The `server.properties` that Kafka 4.3 is shipped with, without its comments.
pub(super) const STOCK: &str = "
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
";

pub(super) fn load(text: &str, overrides: &[(&str, &str)]) -> Result<Loaded, Error> {
    let overrides: Vec<_> = overrides.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let file = (!text.is_empty()).then_some((Path::new("server.properties"), text));
    BrokerConfig::load(Input { file, overrides: &overrides, host_name: "here" })
}

pub(super) fn image(records: Vec<Record>) -> Arc<Image> {
    let mut delta = Delta::new(Image::new("a-cluster").into());
    for record in records {
        delta.replay(&record).unwrap();
    }
    delta.finish(1).0
}

pub(super) fn config(resource_type: ResourceType, resource: &str, name: &str, value: &str) -> Record {
    Record::Config(ConfigRecord {
        resource_type,
        resource_name: resource.to_owned(),
        name: name.to_owned(),
        value: Some(value.to_owned()),
    })
}

pub(super) fn topic(name: &str, id: u8) -> Record {
    Record::Topic(TopicRecord { name: name.to_owned(), topic_id: Uuid([id; 16]) })
}

#[test]
fn the_stock_file_is_read_as_it_is() {
    let loaded = load(STOCK, &[]).unwrap();
    let config = loaded.config;
    let network = &config.network;
    let shown = |l: &[Listener]| l.iter().map(Listener::to_string).collect::<Vec<_>>();
    assert_eq!(config.node_id, 1);
    assert_eq!(shown(&network.listeners), ["PLAINTEXT://:9092"]);
    assert_eq!(shown(&network.advertised), ["PLAINTEXT://localhost:9092"]);
    assert_eq!(shown(&network.controller_listeners), ["CONTROLLER://:9093"]);
    assert_eq!(network.inter_broker_listener, "PLAINTEXT");
    assert_eq!(network.request_bytes_max, 100 << 20);
    assert_eq!(network.idle_ms_max, Some(600_000));
    assert_eq!(config.log_dirs, [Path::new("/tmp/kraft-combined-logs")]);
    assert_eq!(config.metadata_log_dir, Path::new("/tmp/kraft-combined-logs"));
    assert_eq!(config.topics.num_partitions, 1);
    assert_eq!(config.values().short("offsets.topic.replication.factor"), 1);
    assert_eq!(config.values().int("offsets.topic.num.partitions"), 50);
    assert_eq!(config.runtime.shards, None);
    assert_eq!(config.runtime.pinning, Pinning::Auto);
}

#[test]
fn without_a_file_one_node_serves_this_machine() {
    let config = load("", &[("log.dirs", "/d")]).unwrap().config;
    assert_eq!(config.network.listeners[0].to_string(), "PLAINTEXT://127.0.0.1:9092");
    assert_eq!(config.network.advertised, config.network.listeners);
    assert_eq!(config.values().short("transaction.state.log.replication.factor"), 1);
}

#[test]
fn what_a_broker_advertises() {
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("listeners", "PLAINTEXT://:9092")], "PLAINTEXT://here:9092"),
        (&[("listeners", "PLAINTEXT://0.0.0.0:0")], "PLAINTEXT://here:7"),
        (&[("listeners", "PLAINTEXT://[::1]:9092")], "PLAINTEXT://[::1]:9092"),
        (
            &[
                ("listeners", "IN://:9092,out://:9094"),
                ("advertised.listeners", "OUT://example.com:443,IN://:1"),
                ("listener.security.protocol.map", "in:PLAINTEXT,OUT:PLAINTEXT"),
                ("inter.broker.listener.name", "IN"),
            ],
            "OUT://example.com:443 IN://here:1",
        ),
    ];
    for (set, expected) in table {
        let network = load("", set).unwrap().config.network;
        let endpoints = network.endpoints(|_| Some(7));
        let shown: Vec<String> = network
            .advertised
            .iter()
            .zip(&endpoints)
            .map(|(l, e)| Listener { port: e.port, ..l.clone() }.to_string())
            .collect();
        assert_eq!(shown.join(" "), *expected);
    }
}

#[test]
fn what_is_in_force_for_a_topic() {
    let broker = load(STOCK, &[("log.retention.minutes", "5"), ("log.roll.hours", "2")]).unwrap().config;
    let image = image(vec![
        topic("t", 1),
        config(ResourceType::Topic, "t", "segment.bytes", "2097152"),
        config(ResourceType::Topic, "t", "compression.type", "gzip"),
        config(ResourceType::Broker, "", "log.segment.bytes", "3145728"),
        config(ResourceType::Broker, "", "message.max.bytes", "5000"),
        config(ResourceType::Broker, "1", "message.max.bytes", "6000"),
        config(ResourceType::Broker, "2", "message.max.bytes", "7000"),
        config(ResourceType::Broker, "", "log.message.timestamp.type", "LogAppendTime"),
        config(ResourceType::Broker, "", "log.cleanup.policy", "compact,delete"),
    ]);
    let t = TopicSettings::of(&broker, &image, "t");
    assert_eq!(t.segment_bytes, 2 << 20);
    assert_eq!(t.max_message_bytes, 6000);
    assert_eq!(t.cleanup.retention_ms, 300_000);
    assert_eq!(t.segment_ms, 7_200_000);
    assert_eq!(t.compression, Compression::Gzip(None));
    assert_eq!(t.timestamp_type, TimestampType::LogAppendTime);
    assert!(t.cleanup.compact);
    assert!(t.cleanup.delete);
    assert_eq!(TopicSettings::of(&broker, &image, "other").segment_bytes, 3 << 20);
}

#[test]
fn defaults_of_a_topic_are_those_of_a_log() {
    let broker = load(STOCK, &[]).unwrap().config;
    let settings = TopicSettings::of(&broker, &Image::new("c"), "t");
    assert_eq!(settings.log_config(), ottla_log::LogConfig::default());
}

#[test]
fn a_retention_below_zero_has_no_limit_in_any_unit() {
    for name in ["log.retention.ms", "log.retention.minutes", "log.retention.hours"] {
        let broker = load(STOCK, &[(name, "-1")]).unwrap().config;
        assert_eq!(TopicSettings::of(&broker, &Image::new("c"), "t").cleanup.retention_ms, -1, "{name}");
    }
}

/// Every ack is durable until someone says otherwise, at the topic or for all.
#[test]
fn only_flush_settings_relax_an_ack() {
    let every = Durability::EveryAck;
    let relaxed = |messages, ms| Durability::Relaxed { messages, ms };
    type Set = &'static [(&'static str, &'static str)];
    let table: &[(Set, Set, Durability)] = &[
        (&[], &[], every),
        (&[("log.flush.interval.messages", "1")], &[], every),
        (&[("log.flush.interval.messages", "10")], &[], relaxed(Some(10), None)),
        (&[("log.flush.interval.ms", "50")], &[], relaxed(None, Some(50))),
        (&[("log.flush.scheduler.interval.ms", "70")], &[], relaxed(None, Some(70))),
        (&[("log.flush.interval.ms", "50")], &[("flush.messages", "1")], every),
        (&[], &[("flush.messages", "100")], relaxed(Some(100), None)),
        (&[], &[("flush.ms", "1000")], relaxed(None, Some(1000))),
        (&[], &[("flush.ms", "0")], every),
        (&[], &[("flush.messages", "9"), ("flush.ms", "8")], relaxed(Some(9), Some(8))),
        (&[], &[("flush.messages", "9223372036854775807")], relaxed(Some(i64::MAX as u64), None)),
    ];
    for (file, of_topic, expected) in table {
        let broker = load(STOCK, file).unwrap().config;
        let records = of_topic.iter().map(|(n, v)| config(ResourceType::Topic, "t", n, v));
        let image = image([topic("t", 1)].into_iter().chain(records).collect());
        let settings = TopicSettings::of(&broker, &image, "t");
        assert_eq!(settings.durability, *expected, "{file:?} {of_topic:?}");
        assert_eq!(settings.log_config().acks_before_flush(), *expected != every);
    }
}

/// The tables hold together: defaults are values, fallbacks exist, notes are where they are needed.
#[test]
fn the_tables_hold_together() {
    for scope in [Scope::Broker, Scope::Topic, Scope::Group, Scope::ClientMetrics] {
        let all = registry::settings(scope);
        assert!(all.windows(2).all(|two| two[0].name < two[1].name), "a name twice");
        for setting in all {
            if let Default::Text(text) = setting.default {
                let value = value::check(setting, text);
                assert_eq!(value.map(|v| v.to_string()), Ok(text.to_owned()), "{}", setting.name);
            }
            for synonym in setting.fallbacks().filter(|_| scope == Scope::Broker) {
                assert!(registry::find(scope, synonym.name).is_some(), "{}", synonym.name);
            }
            for synonym in setting.synonyms.iter().filter(|_| scope != Scope::Broker) {
                let known =
                    registry::find(Scope::Broker, synonym.name).unwrap_or_else(|| panic!("{}", synonym.name));
                let lengths = setting.name.ends_with(".ms") && known.name.ends_with("s");
                let replicas = known.name.ends_with("replicas");
                assert!(
                    known.kind == setting.kind || lengths || replicas,
                    "{} and {}",
                    setting.name,
                    known.name
                );
            }
            assert_eq!(setting.mode == Mode::Resource, scope != Scope::Broker, "{}", setting.name);
            if setting.support == Support::Refused {
                assert!(!setting.note.is_empty(), "{}", setting.name);
            }
        }
    }
}

#[test]
fn numbers_are_printed_as_java_does() {
    let table = [
        (0.5, "0.5"),
        (1.0, "1.0"),
        (f64::MAX, "1.7976931348623157E308"),
        (1e20, "1.0E20"),
        (0.0001, "1.0E-4"),
    ];
    for (number, text) in table {
        assert_eq!(Value::Double(number).to_string(), text);
    }
}
