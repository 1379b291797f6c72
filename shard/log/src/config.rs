//! The topic settings that a log follows, under Kafka's names. A change takes effect at the next append.

/// Settings of one log. Shared by the partitions of a topic as `Rc<LogConfig>` and replaced as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`: a segment is rolled before it would grow beyond this.
    pub segment_bytes: u32,
    /// `segment.ms`: a segment is rolled when a batch is this much later than the segment's first one.
    pub segment_ms: i64,
    /// `segment.jitter.ms`: each segment is rolled up to so much earlier, so that logs do not all roll at once.
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`: bound of an index file; a full index rolls the segment.
    pub segment_index_bytes: u32,
    /// `index.interval.bytes`: about one index entry for this many bytes of batches.
    pub index_interval_bytes: u32,
    /// `max.message.bytes`: the largest batch, as sent. Enforced by the caller; the log refuses only what no
    /// segment can hold.
    pub max_message_bytes: u32,
    /// `flush.messages`: `None` or 1 makes every ack wait for stable storage.
    pub flush_messages: Option<u64>,
    /// `flush.ms`: when set, acks wait for the write only, and it is flushed this often.
    pub flush_ms: Option<u64>,
    /// `cleanup.policy` names `compact`: offsets may have gaps.
    pub compact: bool,
    /// `preallocate`: reserve `segment.bytes` when a segment is made.
    pub preallocate: bool,
    /// `file.delete.delay.ms`: how long a deleted segment's files stay, renamed.
    pub file_delete_delay_ms: u64,
}

impl Default for LogConfig {
    /// Kafka's defaults, except that every ack is durable.
    fn default() -> LogConfig {
        LogConfig {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3600 * 1000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            max_message_bytes: 1024 * 1024 + 12,
            flush_messages: None,
            flush_ms: None,
            compact: false,
            preallocate: false,
            file_delete_delay_ms: 60_000,
        }
    }
}

impl LogConfig {
    /// True when the topic asks, by `flush.messages` above 1 or by `flush.ms`, for acks before stable storage.
    pub fn acks_before_flush(&self) -> bool {
        self.flush_messages.is_some_and(|messages| messages > 1) || self.flush_ms.is_some()
    }
}
