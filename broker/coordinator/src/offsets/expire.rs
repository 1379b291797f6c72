//! Which offsets are kept no longer (KIP-211): those of a group that has been empty for `offsets.retention.minutes`, those
//! of a simple group that were not committed for so long, and those of topics that a stable group of consumers reads no
//! longer.

use super::{Committed, Offsets};
use crate::classic::{Group, State};
use std::rc::Rc;

/// Since when the retention of an offset counts, or that it does not expire.
fn counts_from(group: &Group, topic: &str, committed: &Committed) -> Option<i64> {
    if group.is_simple() {
        return Some(committed.commit_unix_ms);
    }
    match group.state() {
        State::Empty if group.state_since_unix_ms() >= 0 => Some(group.state_since_unix_ms()),
        // A record of before Kafka 2.1 does not say.
        State::Empty => Some(committed.commit_unix_ms),
        State::Stable if group.uses_consumer_protocol() && group.knows_subscriptions() => {
            (!group.is_subscribed(topic)).then_some(committed.commit_unix_ms)
        }
        _ => None,
    }
}

impl Offsets {
    /// Those that have expired at `now`, by topic and partition.
    pub(crate) fn expired(
        &self,
        group: &Group,
        now_unix_ms: i64,
        retention_ms: i64,
    ) -> impl Iterator<Item = (&Rc<str>, i32)> {
        let all = self.topics().flat_map(|(topic, partitions)| {
            partitions.iter().map(move |(index, committed)| (topic, *index, committed))
        });
        let expired = all.filter(move |(topic, index, committed)| {
            if self.is_unstable(topic, *index) {
                return false;
            }
            let Some(from) = counts_from(group, topic, committed) else { return false };
            match committed.expire_unix_ms {
                -1 => now_unix_ms.saturating_sub(from) >= retention_ms,
                expire_unix_ms => now_unix_ms >= expire_unix_ms,
            }
        });
        expired.map(|(topic, index, _)| (topic, index))
    }
}
