//! What may be set, against what Apache Kafka 4.3.1 answered.

use super::{STOCK, image, load, topic};
use ottla_metadata::decide::Error;
use ottla_metadata::decide::configs::{ConfigChange, Op, check_resource, incremental_alter};
use ottla_metadata::{ConfigResource, ResourceType};

/// Requests and answers that were recorded: see the file's head.
const KAFKA_VALIDATES: &str = include_str!("kafka-validates");

#[test]
fn settings_are_refused_as_kafka_refuses_them() {
    let broker = load(STOCK, &[]).unwrap().config;
    let image = image(vec![topic("t", 1)]);
    let lines: Vec<&str> = KAFKA_VALIDATES.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() > 200);
    for pair in lines.chunks(2) {
        let [asked, expected] = pair else { panic!("{pair:?}") };
        let (resource, changes) = parse(asked);
        let answer = check_resource(&image, &resource, 1)
            .and_then(|()| incremental_alter(&image, &resource, &changes, &broker).map(drop));
        assert_eq!(shown(answer), expected.trim_start(), "{asked}");
    }
}

fn parse(line: &str) -> (ConfigResource, Vec<ConfigChange>) {
    let mut parts = line.splitn(3, ' ');
    let kind = match parts.next() {
        Some("TOPIC") => ResourceType::Topic,
        Some("BROKER") => ResourceType::Broker,
        Some("GROUP") => ResourceType::Group,
        Some("CLIENT_METRICS") => ResourceType::ClientMetrics,
        other => panic!("{other:?}"),
    };
    let name = parts.next().unwrap();
    let name = if name == "-" { "" } else { name };
    let changes = parts.next().unwrap().split('|').map(|change| {
        let (op, setting) = change.split_once(':').unwrap();
        let (op, value) = match op {
            "SET" => (Op::Set, setting.split_once('=')),
            "APPEND" => (Op::Append, setting.split_once('=')),
            "SUBTRACT" => (Op::Subtract, setting.split_once('=')),
            "DELETE" => (Op::Delete, None),
            other => panic!("{other}"),
        };
        let name = value.map_or(setting, |(name, _)| name).to_owned();
        ConfigChange { name, op, value: value.map(|(_, value)| value.to_owned()) }
    });
    (ConfigResource { kind, name: name.into() }, changes.collect())
}

fn shown(answer: Result<(), Error>) -> String {
    let (code, text) = match answer {
        Ok(()) => return "OK".to_owned(),
        Err(Error::InvalidConfig(text)) => ("INVALID_CONFIG", text),
        Err(Error::InvalidRequest(text)) => ("INVALID_REQUEST", text),
        Err(Error::InvalidTopic(text)) => ("INVALID_TOPIC", text),
        Err(Error::UnknownTopicOrPartition(text)) => ("UNKNOWN_TOPIC", text),
        Err(other) => panic!("{other:?}"),
    };
    format!("{code} {text}")
}
