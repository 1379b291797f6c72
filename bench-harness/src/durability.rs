//! What an acknowledgement is worth, told from the settings of the broker and of the topics (DescribeConfigs).
//!
//! Kafka's rule: an acknowledged record is in the page cache of the in-sync replicas. `flush.messages=1` on the topic, or
//! `log.flush.interval.messages=1` on the broker, makes it flush before each ack. Ottla's rule: on stable storage before the ack, unless
//! `flush.messages` above 1 or `flush.ms` was set on the topic or broker. Only Ottla has settings that begin with `ottla.`.

use crate::outcome::Durability;
use std::collections::BTreeMap;

/// Ottla's own: its presence tells the two brokers apart.
const OTTLA_MARK: &str = "ottla.";
/// Settings that every Kafka since KRaft lists, and brokers of other makers don't.
const KAFKA_MARKS: [&str; 2] = ["process.roles", "log.flush.interval.messages"];

/// A setting as DescribeConfigs tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub value: String,
    /// Somebody set it, on the topic or the broker; false for the broker's built-in default.
    pub is_set: bool,
}

pub type Settings = BTreeMap<String, Setting>;

pub fn is_ottla(broker_settings: &BTreeMap<String, String>) -> bool {
    broker_settings.keys().any(|name| name.starts_with(OTTLA_MARK))
}

pub fn is_kafka(broker_settings: &BTreeMap<String, String>) -> bool {
    KAFKA_MARKS.iter().all(|name| broker_settings.contains_key(*name))
}

/// The names and values alone.
pub fn values(settings: &Settings) -> BTreeMap<String, String> {
    settings.iter().map(|(name, setting)| (name.clone(), setting.value.clone())).collect()
}

/// What an ack was worth with these settings. `topics` are those that the run used, each with its replication factor; the one that
/// promises least speaks for the run.
pub fn judge(acks: i16, broker: &Settings, topics: &[(Settings, i16)]) -> Durability {
    let new_topic = [(Settings::new(), 1)];
    let topics = if topics.is_empty() { &new_topic } else { topics };
    let judged = topics.iter().map(|(topic, replicas)| (topic, promise(acks, broker, topic, *replicas)));
    // Not durable comes before not known, and that before durable.
    let weakest = judged.min_by_key(|(_, (_, durable))| match durable {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    });
    let (topic, (in_force, durable)) = weakest.unwrap_or((broker, (String::new(), None)));
    let of_topic =
        ["flush.messages", "flush.ms"].into_iter().filter_map(|name| Some((name, topic.get(name)?)));
    let of_broker = ["log.flush.interval.messages", "log.flush.interval.ms", "ottla.shards"]
        .into_iter()
        .filter_map(|name| Some((name, broker.get(name)?)));
    let settings =
        of_topic.chain(of_broker).map(|(name, setting)| (name.to_owned(), setting.value.clone())).collect();
    Durability { acks, in_force, durable, settings }
}

fn promise(acks: i16, broker: &Settings, topic: &Settings, replicas: i16) -> (String, Option<bool>) {
    let flush = Flush::of(topic, broker);
    let broker = values(broker);
    match (acks, is_ottla(&broker), is_kafka(&broker)) {
        (0, _, _) => ("nothing is acknowledged, so nothing is promised".to_owned(), Some(false)),
        (_, true, _) => ottla(flush),
        (_, _, true) => kafka(flush, replicas, acks),
        _ => ("not known: the broker's settings are neither Kafka's nor Ottla's".to_owned(), None),
    }
}

fn ottla(flush: Flush) -> (String, Option<bool>) {
    if flush.is_every_batch() || flush == Flush::default() {
        return ("an acknowledged record is on stable storage".to_owned(), Some(true));
    }
    let sentence = format!(
        "acknowledged records are flushed {}; until then a crash of the machine may lose them",
        flush.words()
    );
    (sentence, Some(false))
}

fn kafka(flush: Flush, replicas: i16, acks: i16) -> (String, Option<bool>) {
    // At an interval of 0 ms too it flushes in a task of its own, after the ack.
    if matches!(flush.messages, Some(0 | 1)) {
        return (
            "an acknowledged record is on stable storage: every batch is flushed before its ack".to_owned(),
            Some(true),
        );
    }
    let when = flush.words();
    let sentence = match (replicas, acks) {
        (..=1, _) => {
            format!("NOT durable on one node: an acknowledged record is in the page cache, flushed {when}")
        }
        (_, -1) => format!(
            "in the page cache of the in-sync replicas (of {replicas}), flushed {when}: machines that fail together lose acknowledged \
             records"
        ),
        _ => format!(
            "in the leader's page cache, flushed {when}: an acknowledged record may be lost with the leader"
        ),
    };
    (sentence, Some(false))
}

/// The two limits after which a log is flushed, where somebody set them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flush {
    messages: Option<u64>,
    ms: Option<u64>,
}

impl Flush {
    /// Kafka's value for never.
    const NEVER: u64 = i64::MAX as u64;

    /// A topic's own setting goes before the broker's. DescribeConfigs shows the broker's under the topic's name too, with its source.
    fn of(topic: &Settings, broker: &Settings) -> Flush {
        let find = |topic_name: &str, broker_name: &str| {
            let of_topic = topic.get(topic_name).filter(|setting| setting.is_set);
            let setting = of_topic.or_else(|| broker.get(broker_name))?;
            if setting.is_set { setting.value.parse().ok() } else { None }
        };
        Flush {
            messages: find("flush.messages", "log.flush.interval.messages"),
            ms: find("flush.ms", "log.flush.interval.ms"),
        }
    }

    fn is_every_batch(self) -> bool {
        matches!(self.messages, Some(0 | 1)) || self.ms == Some(0)
    }

    fn words(self) -> String {
        let reached = |limit: Option<u64>| limit.filter(|limit| *limit < Flush::NEVER);
        match (reached(self.messages), reached(self.ms)) {
            (Some(messages), Some(ms)) => format!("after every {messages} records or {ms} ms"),
            (Some(messages), None) => format!("after every {messages} records"),
            (None, Some(ms)) => format!("every {ms} ms"),
            (None, None) => "when the system sees fit".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: &str = "9223372036854775807";

    fn settings(entries: &[(&str, &str, bool)]) -> Settings {
        let entry = |(name, value, is_set): &(&str, &str, bool)| {
            ((*name).to_owned(), Setting { value: (*value).to_owned(), is_set: *is_set })
        };
        entries.iter().map(entry).collect()
    }

    fn kafka_broker(messages: &str, is_set: bool) -> Settings {
        settings(&[("process.roles", "broker", true), ("log.flush.interval.messages", messages, is_set)])
    }

    fn ottla_broker() -> Settings {
        settings(&[
            ("process.roles", "broker", true),
            ("log.flush.interval.messages", NEVER, false),
            ("ottla.shards", "2", false),
        ])
    }

    fn judged(acks: i16, broker: &Settings, topic: &Settings, replicas: i16) -> Durability {
        judge(acks, broker, &[(topic.clone(), replicas)])
    }

    /// The same default value means opposite things in the two brokers.
    #[test]
    fn defaults_of_both() {
        let topic = settings(&[("flush.messages", NEVER, false), ("flush.ms", NEVER, false)]);
        let ottla = judged(-1, &ottla_broker(), &topic, 1);
        assert_eq!(ottla.durable, Some(true));
        assert_eq!(ottla.settings.get("ottla.shards").map(String::as_str), Some("2"));
        let kafka = judged(-1, &kafka_broker(NEVER, false), &topic, 1);
        assert_eq!(kafka.durable, Some(false));
        assert!(kafka.in_force.starts_with("NOT durable on one node"), "{}", kafka.in_force);
    }

    /// Kafka flushes each batch at 1, whether the broker or the topic says so; any other number does not make an ack durable.
    #[test]
    fn kafka_with_flush() {
        let none = Settings::new();
        assert_eq!(judged(-1, &kafka_broker("1", true), &none, 1).durable, Some(true));
        assert_eq!(judged(1, &kafka_broker("1", true), &none, 3).durable, Some(true));
        let own = settings(&[("flush.messages", "1", true)]);
        assert_eq!(judged(-1, &kafka_broker(NEVER, false), &own, 1).durable, Some(true));
        let relaxed = settings(&[("flush.messages", "1000", true)]);
        let told = judged(-1, &kafka_broker("1", true), &relaxed, 1);
        assert_eq!(told.durable, Some(false));
        assert!(told.in_force.contains("after every 1000 records"), "{}", told.in_force);
    }

    /// With replicas the promise is of machines that don't fail together, and it says so.
    #[test]
    fn kafka_replicated() {
        let told = judged(-1, &kafka_broker(NEVER, false), &Settings::new(), 3);
        assert!(told.in_force.contains("in-sync replicas (of 3)"), "{}", told.in_force);
        let told = judged(1, &kafka_broker(NEVER, false), &Settings::new(), 3);
        assert!(told.in_force.contains("leader's page cache"), "{}", told.in_force);
    }

    /// Ottla's relaxed topics are told from durable ones, and one of them among several speaks for the run.
    #[test]
    fn ottla_relaxed() {
        let relaxed = settings(&[("flush.ms", "1000", true)]);
        let told = judge(-1, &ottla_broker(), &[(Settings::new(), 1), (relaxed, 1)]);
        assert_eq!(told.durable, Some(false));
        assert!(told.in_force.contains("every 1000 ms"), "{}", told.in_force);
    }

    #[test]
    fn without_acks_or_known_settings() {
        assert_eq!(judged(0, &ottla_broker(), &Settings::new(), 1).durable, Some(false));
        assert_eq!(judged(-1, &settings(&[("anything", "1", true)]), &Settings::new(), 1).durable, None);
    }
}
