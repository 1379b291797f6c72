//! What the controller's files hold, version 0. Frozen: fields are neither added, moved nor renamed; a change is a
//! new version beside this one.

use super::types::{Entry, LogId, Membership, Proposal, StoredMembership, Vote};
use openraft::EntryPayload;
use openraft::impls::BasicNode;
use openraft::vote::RaftLeaderId;
use ottla_metadata::encoding;
use ottla_metadata::envelope::Error;
use rkyv::util::AlignedVec;
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One change of the controller's log file.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// First in each file: whose it is.
    Head {
        cluster_id: String,
        node_id: u64,
    },
    Vote {
        term: u64,
        node_id: u64,
        committed: bool,
    },
    Entry {
        id: Id,
        payload: Payload,
    },
    /// Entries after this one are gone; `None`: all.
    TruncateAfter(Option<Id>),
    /// Entries up to and with this one are in the snapshot.
    Purge(Id),
    Committed(Option<Id>),
}

#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
pub(super) struct Id {
    pub(super) term: u64,
    pub(super) index: u64,
}

#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(super) enum Payload {
    Blank,
    /// An envelope of records, as `ottla_metadata::encoding` writes it.
    Records(Vec<u8>),
    Voters(Voters),
}

#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
pub(super) struct Voters {
    /// More than one while the set of voters changes.
    configs: Vec<Vec<u64>>,
    /// All members with their addresses.
    nodes: Vec<(u64, String)>,
}

/// The head of a snapshot file; the image's own envelope follows.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(super) struct SnapshotHead {
    pub(super) last: Option<Id>,
    voters_at: Option<Id>,
    voters: Voters,
}

impl From<&LogId> for Id {
    fn from(id: &LogId) -> Id {
        Id { term: **id.committed_leader_id(), index: id.index }
    }
}

impl From<Id> for LogId {
    fn from(id: Id) -> LogId {
        LogId::new_term_index(id.term, id.index)
    }
}

impl From<&Membership> for Voters {
    fn from(membership: &Membership) -> Voters {
        Voters {
            configs: membership.get_joint_config().iter().map(|set| set.iter().copied().collect()).collect(),
            nodes: membership.nodes().map(|(id, node)| (*id, node.addr.clone())).collect(),
        }
    }
}

impl TryFrom<Voters> for Membership {
    type Error = Error;
    fn try_from(voters: Voters) -> Result<Membership, Error> {
        let configs: Vec<BTreeSet<u64>> = voters.configs.into_iter().map(BTreeSet::from_iter).collect();
        if configs.is_empty() {
            return Ok(Membership::default());
        }
        let nodes: BTreeMap<u64, BasicNode> =
            voters.nodes.into_iter().map(|(id, addr)| (id, BasicNode { addr })).collect();
        Membership::new(configs, nodes).map_err(|e| Error::Payload(e.to_string()))
    }
}

impl From<&Vote> for Event {
    fn from(vote: &Vote) -> Event {
        Event::Vote {
            term: vote.leader_id.term,
            node_id: vote.leader_id.voted_for,
            committed: vote.committed,
        }
    }
}

pub(super) fn vote(term: u64, node_id: u64, committed: bool) -> Vote {
    Vote { leader_id: RaftLeaderId::new(term, node_id), committed }
}

impl From<&Entry> for Event {
    fn from(entry: &Entry) -> Event {
        let payload = match &entry.payload {
            EntryPayload::Blank => Payload::Blank,
            EntryPayload::Normal(proposal) => {
                let mut bytes = Vec::new();
                encoding::encode_records(&proposal.records, &mut bytes);
                Payload::Records(bytes)
            }
            EntryPayload::Membership(membership) => Payload::Voters(membership.into()),
        };
        Event::Entry { id: Id::from(&entry.log_id), payload }
    }
}

pub(super) fn entry(id: Id, payload: Payload) -> Result<Entry, Error> {
    let payload = match payload {
        Payload::Blank => EntryPayload::Blank,
        Payload::Records(bytes) => {
            let (records, _) = encoding::decode_records(&bytes)?;
            EntryPayload::Normal(Proposal { records: records.into() })
        }
        Payload::Voters(voters) => EntryPayload::Membership(voters.try_into()?),
    };
    Ok(Entry { log_id: id.into(), payload })
}

impl SnapshotHead {
    pub(super) fn new(last: Option<&LogId>, voters: &StoredMembership) -> SnapshotHead {
        SnapshotHead {
            last: last.map(Id::from),
            voters_at: voters.log_id().as_ref().map(Id::from),
            voters: voters.membership().into(),
        }
    }

    pub(super) fn voters(self) -> Result<StoredMembership, Error> {
        Ok(StoredMembership::new(self.voters_at.map(LogId::from), self.voters.try_into()?))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        to_bytes(rkyv::to_bytes::<rkyv::rancor::Error>(self))
    }

    pub(super) fn decode(payload: &[u8]) -> Result<SnapshotHead, Error> {
        rkyv::from_bytes::<_, rkyv::rancor::Error>(&aligned(payload))
            .map_err(|e| Error::Payload(e.to_string()))
    }
}

impl Event {
    pub(super) fn encode(&self) -> Vec<u8> {
        to_bytes(rkyv::to_bytes::<rkyv::rancor::Error>(self))
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Event, Error> {
        rkyv::from_bytes::<_, rkyv::rancor::Error>(&aligned(payload))
            .map_err(|e| Error::Payload(e.to_string()))
    }
}

fn to_bytes(result: Result<AlignedVec, rkyv::rancor::Error>) -> Vec<u8> {
    result.expect("memory is the only limit of encoding").into_vec()
}

/// `rkyv` reads in place only from aligned memory.
fn aligned(payload: &[u8]) -> AlignedVec {
    let mut copy = AlignedVec::with_capacity(payload.len());
    copy.extend_from_slice(payload);
    copy
}
