//! The topic settings that a partition follows, under Kafka's names. A change is a new value, given to every
//! partition of the topic.

use ottla_log::compact::Lags;
use ottla_log::{LogConfig, Retention};
use std::rc::Rc;
use std::sync::Arc;

/// `message.timestamp.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    CreateTime,
    LogAppendTime,
}

/// `compression.type`, with the level of the codec where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicCompression {
    /// Batches stay as the producer made them.
    Producer,
    Uncompressed,
    Gzip(i32),
    Snappy,
    Lz4(i32),
    Zstd(i32),
}

/// What compaction of a topic goes by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CompactionSettings {
    /// `min.cleanable.dirty.ratio`, 0 to 1.
    pub min_cleanable_dirty_ratio: f64,
    /// `min.compaction.lag.ms` and `max.compaction.lag.ms`.
    pub lags: Lags,
    /// `delete.retention.ms`: how long a tombstone or a marker stays once nothing is left that it stands for.
    pub delete_retention_ms: i64,
}

/// Settings of one topic, on one core.
#[derive(Clone, Debug)]
pub struct TopicSettings {
    /// The topic's name, for what messages say.
    pub topic: Arc<str>,
    pub log: Rc<LogConfig>,
    /// `min.insync.replicas`, held against acks=all.
    pub min_insync_replicas: i32,
    /// `max.message.bytes`: the largest batch, as sent.
    pub max_message_bytes: usize,
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub timestamp_after_max_ms: i64,
    pub compression: TopicCompression,
    /// `cleanup.policy` names `compact`: every record needs a key.
    pub compact: bool,
    /// For topics with `compact`.
    pub compaction: CompactionSettings,
    /// `cleanup.policy` names `delete`; without it records are not deleted by request (Kafka's POLICY_VIOLATION).
    pub delete: bool,
    /// `retention.ms` and `retention.bytes`, for topics with `delete`.
    pub retention: Retention,
    /// `producer.id.expiration.ms`, a broker's setting: an idle producer is forgotten after it.
    pub producer_id_expiration_ms: i64,
    /// `transaction.partition.verification.enable`, a broker's setting: nothing is appended for a transaction before its
    /// coordinator has said that it is open (KIP-890).
    pub verify_transactions: bool,
}

impl Default for TopicSettings {
    /// Kafka's defaults.
    fn default() -> TopicSettings {
        TopicSettings {
            topic: Arc::from(""),
            log: Rc::new(LogConfig::default()),
            min_insync_replicas: 1,
            max_message_bytes: 1024 * 1024 + 12,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            compression: TopicCompression::Producer,
            compact: false,
            compaction: CompactionSettings {
                min_cleanable_dirty_ratio: 0.5,
                lags: Lags { min_ms: 0, max_ms: i64::MAX },
                delete_retention_ms: 24 * 3600 * 1000,
            },
            delete: true,
            retention: Retention { ms: Some(7 * 24 * 3600 * 1000), bytes: None },
            producer_id_expiration_ms: 86_400_000,
            verify_transactions: true,
        }
    }
}
