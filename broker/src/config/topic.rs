//! The settings in force for one topic, typed, and the promise that an ack makes there.

use super::broker::BrokerConfig;
use super::registry::{self, Scope};
use super::sources::{Effective, Source};
use super::value::Value;
use ottla_log::LogConfig;
use ottla_metadata::{ConfigResource, Image};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub struct TopicSettings {
    pub segment_bytes: u32,
    pub segment_ms: i64,
    pub segment_jitter_ms: i64,
    pub segment_index_bytes: u32,
    pub index_interval_bytes: u32,
    pub preallocate: bool,
    /// The largest batch, as sent.
    pub max_message_bytes: u32,
    pub min_insync_replicas: i32,
    pub compression: Compression,
    pub timestamp_type: TimestampType,
    /// How far a record's time may lie before and after the broker's, in milliseconds.
    pub timestamp_before_max_ms: i64,
    pub timestamp_after_max_ms: i64,
    pub durability: Durability,
    pub cleanup: Cleanup,
    /// `file.delete.delay.ms`: how long a deleted file stays, renamed, for readers that are in it.
    pub file_delete_delay_ms: i64,
    pub unclean_leader_election: bool,
}

/// `compression.type` with its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As the producer sent it.
    Producer,
    Uncompressed,
    /// None: zlib's own default.
    Gzip(Option<u8>),
    Snappy,
    Lz4(u8),
    Zstd(i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    CreateTime,
    LogAppendTime,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cleanup {
    /// `cleanup.policy`: either, both or none.
    pub delete: bool,
    pub compact: bool,
    /// -1: no limit.
    pub retention_bytes: i64,
    pub retention_ms: i64,
    pub delete_retention_ms: i64,
    pub min_compaction_lag_ms: i64,
    pub max_compaction_lag_ms: i64,
    pub min_cleanable_dirty_ratio: f64,
}

/// What an ack says of stable storage. Ottla flushes before every ack unless `flush.messages` above 1 or `flush.ms`
/// is set, on the topic or under their names for the broker; Kafka's defaults, that never flush, count as not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    EveryAck,
    Relaxed {
        /// After so many records.
        messages: Option<u64>,
        /// After so many milliseconds.
        ms: Option<u64>,
    },
}

impl TopicSettings {
    /// What is in force for `topic` on this broker. Unknown topics have what a new one would have.
    pub fn of(broker: &BrokerConfig, image: &Image, topic: &str) -> TopicSettings {
        let own = image.configs(&ConfigResource::topic(topic));
        TopicSettings::from(&Effective::of(broker, image), own.map(|own| &**own))
    }

    /// The same, for many topics at one image; `own` is what the topic itself sets.
    pub fn from(effective: &Effective<'_>, own: Option<&BTreeMap<String, String>>) -> TopicSettings {
        let get = Getter { effective, own };
        TopicSettings {
            segment_bytes: get.size("segment.bytes"),
            segment_ms: get.long("segment.ms"),
            segment_jitter_ms: get.long("segment.jitter.ms"),
            segment_index_bytes: get.size("segment.index.bytes"),
            index_interval_bytes: get.size("index.interval.bytes"),
            preallocate: get.boolean("preallocate"),
            max_message_bytes: get.size("max.message.bytes"),
            min_insync_replicas: get.long("min.insync.replicas") as i32,
            compression: get.compression(),
            timestamp_type: match get.text("message.timestamp.type").as_str() {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            timestamp_before_max_ms: get.long("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: get.long("message.timestamp.after.max.ms"),
            durability: get.durability(),
            cleanup: get.cleanup(),
            file_delete_delay_ms: get.long("file.delete.delay.ms"),
            unclean_leader_election: get.boolean("unclean.leader.election.enable"),
        }
    }

    /// What the log itself follows.
    pub fn log_config(&self) -> LogConfig {
        let (flush_messages, flush_ms) = match self.durability {
            Durability::EveryAck => (None, None),
            Durability::Relaxed { messages, ms } => (messages, ms),
        };
        LogConfig {
            segment_bytes: self.segment_bytes,
            // A record must leave the active segment before it can be compacted in time.
            segment_ms: if self.cleanup.compact {
                self.segment_ms.min(self.cleanup.max_compaction_lag_ms)
            } else {
                self.segment_ms
            },
            segment_jitter_ms: self.segment_jitter_ms,
            segment_index_bytes: self.segment_index_bytes,
            index_interval_bytes: self.index_interval_bytes,
            max_message_bytes: self.max_message_bytes,
            flush_messages,
            flush_ms,
            compact: self.cleanup.compact,
            preallocate: self.preallocate,
            file_delete_delay_ms: u64::try_from(self.file_delete_delay_ms).unwrap_or(0),
        }
    }
}

impl Durability {
    /// From `flush.messages` and `flush.ms`, where somebody set them.
    pub fn of(messages: Option<u64>, ms: Option<u64>) -> Durability {
        match (messages, ms) {
            (None, None) | (Some(0 | 1), _) | (_, Some(0)) => Durability::EveryAck,
            (messages, ms) => Durability::Relaxed { messages, ms },
        }
    }
}

/// In words, for the log and for `ottla topic describe`.
impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Durability::EveryAck => f.write_str("an acknowledged record is on stable storage"),
            Durability::Relaxed { messages: Some(messages), ms: Some(ms) } => write!(
                f,
                "acknowledged records are flushed after every {messages} records (flush.messages) or {ms} ms (flush.ms), \
                 and until then a crash of the machine may lose them"
            ),
            Durability::Relaxed { messages: Some(messages), ms: None } => write!(
                f,
                "acknowledged records are flushed after every {messages} records (flush.messages), and until then a \
                 crash of the machine may lose them"
            ),
            Durability::Relaxed { messages: None, ms: Some(ms) } => write!(
                f,
                "acknowledged records are flushed every {ms} ms (flush.ms), and until then a crash of the machine may \
                 lose them"
            ),
            Durability::Relaxed { messages: None, ms: None } => {
                f.write_str("acknowledged records are flushed when the system sees fit")
            }
        }
    }
}

struct Getter<'a> {
    effective: &'a Effective<'a>,
    own: Option<&'a BTreeMap<String, String>>,
}

impl Getter<'_> {
    fn get(&self, name: &str) -> Option<(Value, Source)> {
        let setting = registry::find(Scope::Topic, name);
        debug_assert!(setting.is_some(), "{name} is not in the registry");
        self.effective.topic(setting?, self.own)
    }

    fn long(&self, name: &str) -> i64 {
        match self.get(name) {
            Some((Value::Long(value), _)) => value,
            Some((Value::Int(value), _)) => i64::from(value),
            _ => 0,
        }
    }

    fn size(&self, name: &str) -> u32 {
        u32::try_from(self.long(name)).unwrap_or(u32::MAX)
    }

    fn boolean(&self, name: &str) -> bool {
        matches!(self.get(name), Some((Value::Boolean(true), _)))
    }

    fn text(&self, name: &str) -> String {
        self.get(name).map(|(value, _)| value.to_string()).unwrap_or_default()
    }

    fn compression(&self) -> Compression {
        let level = |name: &str| self.long(name);
        match self.text("compression.type").as_str() {
            "uncompressed" => Compression::Uncompressed,
            "gzip" => Compression::Gzip(u8::try_from(level("compression.gzip.level")).ok()),
            "snappy" => Compression::Snappy,
            "lz4" => Compression::Lz4(level("compression.lz4.level") as u8),
            "zstd" => Compression::Zstd(level("compression.zstd.level") as i32),
            _ => Compression::Producer,
        }
    }

    fn durability(&self) -> Durability {
        let set = |name: &str| match self.get(name) {
            Some((_, Source::Default)) | None => None,
            Some((value, _)) => match value {
                Value::Long(value) => u64::try_from(value).ok(),
                _ => None,
            },
        };
        Durability::of(set("flush.messages"), set("flush.ms"))
    }

    fn cleanup(&self) -> Cleanup {
        let policies = match self.get("cleanup.policy") {
            Some((Value::List(policies), _)) => policies,
            _ => Vec::new(),
        };
        let ratio = self.get("min.cleanable.dirty.ratio").and_then(|(value, _)| value.number());
        Cleanup {
            delete: policies.iter().any(|policy| policy == "delete"),
            compact: policies.iter().any(|policy| policy == "compact"),
            retention_bytes: self.long("retention.bytes"),
            retention_ms: self.long("retention.ms"),
            delete_retention_ms: self.long("delete.retention.ms"),
            min_compaction_lag_ms: self.long("min.compaction.lag.ms"),
            max_compaction_lag_ms: self.long("max.compaction.lag.ms"),
            min_cleanable_dirty_ratio: ratio.unwrap_or_default(),
        }
    }
}
