//! What a leader knows of its in-sync replicas.

use crate::{NodeId, Offset};

/// What the controller says of a partition, as far as its leader needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub leader_epoch: i32,
    pub partition_epoch: i32,
    pub replicas: Vec<NodeId>,
    pub in_sync_replicas: Vec<NodeId>,
}

/// Why an append with acks=all is refused before it is made (Kafka's NOT_ENOUGH_REPLICAS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{in_sync} in-sync replicas are fewer than min.insync.replicas={minimum}")]
pub struct AppendRefusal {
    pub in_sync: usize,
    pub minimum: usize,
}

/// The leader's view: one position for each in-sync replica, itself among them.
///
/// ```text
///   log start ≤ high watermark ≤ own durable end ≤ log end
///               └ the smallest durable end of the in-sync replicas, never going back
/// ```
#[derive(Debug)]
pub struct Leader {
    node: NodeId,
    assignment: Assignment,
    durable_end: Offset,
    /// Durable ends of the other in-sync replicas, as their fetches last told; a new one counts from the start.
    followers: Vec<(NodeId, Offset)>,
    high_watermark: Offset,
}

impl Leader {
    /// `high_watermark` is the last one known; `durable_end` is what recovery found on this node's disk.
    pub fn new(node: NodeId, assignment: Assignment, high_watermark: Offset, durable_end: Offset) -> Leader {
        let mut leader = Leader {
            node,
            assignment,
            durable_end,
            followers: Vec::new(),
            high_watermark: high_watermark.min(durable_end),
        };
        leader.follow_assignment();
        leader.advance();
        leader
    }

    pub fn leader_epoch(&self) -> i32 {
        self.assignment.leader_epoch
    }

    pub fn assignment(&self) -> &Assignment {
        &self.assignment
    }

    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Takes a newer assignment (a higher partition epoch); an older one is ignored. Returns the high watermark.
    pub fn assign(&mut self, assignment: Assignment) -> Offset {
        if assignment.partition_epoch >= self.assignment.partition_epoch {
            self.assignment = assignment;
            self.follow_assignment();
            self.advance();
        }
        self.high_watermark
    }

    /// This node's log is durable up to `end`. Returns the high watermark that follows.
    pub fn local_durable(&mut self, end: Offset) -> Offset {
        self.durable_end = self.durable_end.max(end);
        self.advance();
        self.high_watermark
    }

    /// The log was cut to `end` (its own truncation, before it led): positions never exceed it.
    pub fn truncated(&mut self, end: Offset) {
        self.durable_end = self.durable_end.min(end);
        self.high_watermark = self.high_watermark.min(end);
    }

    /// Whether acks=all may append now: `minimum` in-sync replicas, or all there are when the topic has fewer. On appends already made the answer comes again when they are released:
    /// NOT_ENOUGH_REPLICAS_AFTER_APPEND.
    pub fn check_in_sync(&self, minimum: usize) -> Result<(), AppendRefusal> {
        let in_sync = self.assignment.in_sync_replicas.len();
        let minimum = minimum.min(self.assignment.replicas.len());
        if in_sync < minimum { Err(AppendRefusal { in_sync, minimum }) } else { Ok(()) }
    }

    fn follow_assignment(&mut self) {
        let old = std::mem::take(&mut self.followers);
        let others = self.assignment.in_sync_replicas.iter().filter(|id| **id != self.node);
        self.followers = others
            .map(|id| (*id, old.iter().find(|(other, _)| other == id).map_or(0, |(_, end)| *end)))
            .collect();
    }

    fn advance(&mut self) {
        let safe = self.followers.iter().map(|(_, end)| *end).fold(self.durable_end, Offset::min);
        self.high_watermark = self.high_watermark.max(safe);
        debug_assert!(self.high_watermark <= self.durable_end || !self.followers.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(epoch: i32, in_sync_replicas: &[NodeId]) -> Assignment {
        Assignment {
            leader_epoch: 3,
            partition_epoch: epoch,
            replicas: vec![1, 2, 3],
            in_sync_replicas: in_sync_replicas.to_vec(),
        }
    }

    /// Alone in sync, what is durable here is safe; the watermark never goes back.
    #[test]
    fn alone_the_durable_end_is_the_high_watermark() {
        let mut leader = Leader::new(1, assignment(0, &[1]), 4, 10);
        assert_eq!(leader.high_watermark(), 10);
        assert_eq!(leader.local_durable(25), 25);
        assert_eq!(leader.local_durable(20), 25);
    }

    /// A follower in sync that was not heard of holds the watermark; when it leaves the set the watermark moves on.
    #[test]
    fn a_silent_follower_holds_the_watermark_until_it_leaves() {
        let mut leader = Leader::new(1, assignment(0, &[1, 2]), 4, 10);
        assert_eq!(leader.local_durable(30), 4);
        assert_eq!(leader.assign(assignment(1, &[1])), 30);
        assert_eq!(leader.assign(assignment(0, &[1, 2])), 30, "an older assignment is ignored");
        assert_eq!(leader.assignment().partition_epoch, 1);
    }

    /// min.insync.replicas is held against the whole set.
    #[test]
    fn too_few_in_sync_replicas_refuse_an_append() {
        let leader = Leader::new(1, assignment(0, &[1]), 0, 0);
        assert_eq!(leader.check_in_sync(1), Ok(()));
        assert_eq!(leader.check_in_sync(2), Err(AppendRefusal { in_sync: 1, minimum: 2 }));
        // Of three replicas no fourth is asked for.
        assert_eq!(leader.check_in_sync(4), Err(AppendRefusal { in_sync: 1, minimum: 3 }));
        assert_eq!(Leader::new(1, assignment(0, &[1, 2, 3]), 0, 0).check_in_sync(4), Ok(()));
    }

    /// A cut log takes the watermark with it.
    #[test]
    fn truncation_lowers_the_watermark() {
        let mut leader = Leader::new(1, assignment(0, &[1]), 0, 10);
        leader.truncated(6);
        assert_eq!(leader.high_watermark(), 6);
    }
}
