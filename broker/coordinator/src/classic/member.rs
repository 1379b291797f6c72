//! A member of a classic group.

use crate::turn::Waiter;
use bytes::Bytes;
use std::rc::Rc;

/// What a member takes beside its texts and bytes: its struct, its places in the maps and its timer.
const FIXED_BYTES: usize = 512;

#[derive(Clone, Debug)]
pub struct Member {
    pub id: Rc<str>,
    /// A static member's (KIP-345).
    pub instance_id: Option<Rc<str>>,
    pub client_id: Rc<str>,
    pub client_host: Rc<str>,
    pub rebalance_timeout_ms: i32,
    pub session_timeout_ms: i32,
    /// By preference, each with what the member's assignor says of it.
    pub protocols: Vec<(Rc<str>, Bytes)>,
    /// What the leader gave it in the group's generation.
    pub assignment: Bytes,
    /// Its JoinGroup waits for the others.
    pub joining: Option<Waiter>,
    /// Its SyncGroup waits for the leader's.
    pub syncing: Option<Waiter>,
    /// It has joined for the first time and knows nothing of its id yet, so that it cannot send heartbeats.
    pub is_new: bool,
}

impl Member {
    pub fn is_static(&self) -> bool {
        self.instance_id.is_some()
    }

    /// What it says of `protocol`.
    pub fn metadata(&self, protocol: &str) -> Bytes {
        let found = self.protocols.iter().find(|(name, _)| **name == *protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    /// Its session goes on while it waits for an answer. Not that of a new one, who may have gone without a trace.
    pub fn is_waiting(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }

    /// Memory that it takes.
    pub fn bytes(&self) -> usize {
        let protocols: usize =
            self.protocols.iter().map(|(name, metadata)| name.len() + metadata.len() + 64).sum();
        let texts = 4 * self.id.len() + self.client_id.len() + self.client_host.len();
        FIXED_BYTES
            + texts
            + 2 * self.instance_id.as_ref().map_or(0, |id| id.len())
            + protocols
            + self.assignment.len()
    }
}
