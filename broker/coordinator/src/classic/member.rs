//! A member of a classic group.

use crate::turn::Waiter;
use bytes::Bytes;
use std::collections::BTreeSet;
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
        let protocols = self.protocols.iter().map(|(name, metadata)| name.len() + metadata.len());
        bytes(&self.id, self.instance_id.as_deref(), &self.client_id, &self.client_host, protocols)
            + self.assignment.len()
    }
}

/// What a member without an assignment takes: `protocols` are the lengths of each one's name and metadata.
pub(super) fn bytes(
    id: &str,
    instance_id: Option<&str>,
    client_id: &str,
    client_host: &str,
    protocols: impl Iterator<Item = usize>,
) -> usize {
    let texts = 4 * id.len() + 2 * instance_id.map_or(0, str::len) + client_id.len() + client_host.len();
    FIXED_BYTES + texts + protocols.map(|bytes| bytes + 64).sum::<usize>()
}

/// Ids that were given out to members that have not joined with them yet (KIP-394).
#[derive(Clone, Debug, Default)]
pub(super) struct PendingJoins {
    ids: BTreeSet<Rc<str>>,
    bytes: usize,
}

impl PendingJoins {
    /// Memory that they take, their timers included.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(super) fn contains(&self, member_id: &str) -> bool {
        self.ids.contains(member_id)
    }

    pub(super) fn insert(&mut self, member_id: Rc<str>) {
        let bytes = Self::bytes_of(&member_id);
        if self.ids.insert(member_id) {
            self.bytes += bytes;
        }
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, member_id: &str) -> bool {
        let was_there = self.ids.remove(member_id);
        if was_there {
            self.bytes -= Self::bytes_of(member_id);
        }
        was_there
    }

    fn bytes_of(member_id: &str) -> usize {
        4 * member_id.len() + 128
    }
}
