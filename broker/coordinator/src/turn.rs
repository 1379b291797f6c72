//! What goes into a turn of a shard and what comes out of it.

use crate::record::Record;
use ottla_protocol::messages::{JoinGroupResponse, SyncGroupResponse};

/// The world as a turn finds it.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Of a clock that never goes back: deadlines are by it.
    pub now_ms: i64,
    /// Since 1970: what records say.
    pub unix_ms: i64,
    /// Memory that groups may still take. What would need more is refused.
    pub room_bytes: usize,
    /// The most that the records of one turn may take, `max.message.bytes` of the topic: they are one batch.
    pub batch_bytes_max: usize,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    pub id: &'a str,
    /// As Kafka shows it: `/10.0.0.1`.
    pub host: &'a str,
}

/// Names whoever waits for a reply that comes in a later turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waiter(pub u64);

/// An answer that may have waited.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Join(JoinGroupResponse<'static>),
    Sync(SyncGroupResponse<'static>),
}

/// What a turn brought forth. The host appends the records as one batch, replays each, and lets the replies go when they
/// are durable. Records that it cannot append are not replayed, and the shard is loaded anew.
#[derive(Debug, Default)]
pub struct Out {
    pub records: Vec<Record>,
    pub replies: Vec<(Waiter, Reply)>,
}

impl Out {
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.replies.is_empty()
    }

    /// About the size of the batch so far.
    pub fn batch_bytes(&self) -> usize {
        self.records.iter().map(Record::bytes).sum::<usize>() + 61
    }
}
