//! What goes into a turn of a shard and what comes out of it.

use crate::record::Record;
use ottla_protocol::ErrorCode;
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
    /// Adds records as long as `room_bytes` is enough for them; false when it was not. What does not fit is not made: each
    /// record repeats the group's id, so that a small request may ask for many times its size.
    pub(crate) fn extend_within(
        &mut self,
        room_bytes: &mut usize,
        records: impl IntoIterator<Item = Record>,
    ) -> bool {
        for record in records {
            let Some(left) = room_bytes.checked_sub(record.bytes()) else { return false };
            *room_bytes = left;
            self.records.push(record);
        }
        true
    }

    /// Adds all of `records`, or none.
    /// # Errors
    /// UNKNOWN_SERVER_ERROR, as Kafka's, when the batch would be larger than it may be.
    pub(crate) fn extend_whole(
        &mut self,
        turn: &Turn,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<(), ErrorCode> {
        let before = self.records.len();
        let mut room_bytes = turn.batch_bytes_max.saturating_sub(self.batch_bytes());
        if self.extend_within(&mut room_bytes, records) {
            return Ok(());
        }
        self.records.truncate(before);
        Err(ErrorCode::UNKNOWN_SERVER_ERROR)
    }

    /// About the size of the batch so far.
    pub fn batch_bytes(&self) -> usize {
        self.records.iter().map(Record::bytes).sum::<usize>() + 61
    }
}
