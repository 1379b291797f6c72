//! The types that consensus is about. None of openraft's own is ever stored or sent: see `frozen`.

use super::runtime::Reactor;
use openraft::impls::BasicNode;
use openraft::impls::leader_id_std::LeaderId;
use ottla_metadata::Record;
use std::fmt;
use std::sync::Arc;

/// Records that are committed together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) records: Arc<[Record]>,
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records", self.records.len())
    }
}

/// What the state machine answers: nothing, the image says it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Applied;

openraft::declare_raft_types!(
    pub(super) Types:
        D = Proposal,
        R = Applied,
        NodeId = u64,
        Node = BasicNode,
        LeaderId = LeaderId<u64, u64>,
        AsyncRuntime = Reactor,
);

pub(super) type LogId = openraft::alias::LogIdOf<Types>;
pub(super) type Vote = openraft::alias::VoteOf<Types>;
pub(super) type Entry = openraft::alias::EntryOf<Types>;
pub(super) type Membership = openraft::Membership<u64, BasicNode>;
pub(super) type StoredMembership = openraft::alias::StoredMembershipOf<Types>;
pub(super) type SnapshotMeta = openraft::alias::SnapshotMetaOf<Types>;
/// A snapshot in memory is the image itself: it is immutable and shares what has not changed since.
pub(super) type Snapshot = openraft::alias::SnapshotOf<Types, Arc<ottla_metadata::Image>>;
