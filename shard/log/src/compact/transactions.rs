//! Which batches of a log belong to aborted transactions, and which markers nobody needs any more, as the log is read
//! from front to back. Pure.

use crate::AbortedTxn;
use crate::Offset;
use crate::batch::BatchHeader;
use ottla_protocol::records::{Marker, MarkerKind};
use std::collections::{HashMap, HashSet, VecDeque};

/// An aborted transaction whose marker is still to come.
struct Ongoing {
    transaction: AbortedTxn,
    /// A batch of it was there.
    observed: bool,
}

/// Reads along with the batches of a log. See the module.
#[derive(Default)]
pub struct Transactions {
    /// By first offset: those that have not begun yet.
    to_come: VecDeque<AbortedTxn>,
    /// Those that begin below it were told.
    told: Option<Offset>,
    aborted: HashMap<i64, Ongoing>,
    committed: HashSet<i64>,
}

impl Transactions {
    /// Before the batches of a segment that ends at `end`: `aborted` are all aborted transactions that may have some there, in
    /// any order, those of earlier segments too. So no more is held of them than one segment has, and what is under way.
    pub fn expect(&mut self, mut aborted: Vec<AbortedTxn>, end: Offset) {
        aborted.retain(|transaction| self.told.is_none_or(|told| transaction.first_offset >= told));
        aborted.sort_by_key(|transaction| transaction.first_offset);
        self.to_come.extend(aborted);
        self.told = Some(end);
    }

    fn reach(&mut self, offset: Offset) {
        while let Some(transaction) = self.to_come.pop_front_if(|next| next.first_offset <= offset) {
            let ongoing = Ongoing { transaction, observed: false };
            self.aborted.insert(transaction.producer_id, ongoing);
        }
    }

    /// A batch that is no control batch: whether its transaction was aborted.
    pub fn batch(&mut self, header: &BatchHeader) -> bool {
        self.reach(header.last_offset());
        if !header.is_transactional() {
            return false;
        }
        if let Some(ongoing) = self.aborted.get_mut(&header.producer_id) {
            // A marker that is gone must not make the producer's next transaction an aborted one.
            if header.base_offset <= ongoing.transaction.last_offset {
                ongoing.observed = true;
                return true;
            }
            self.aborted.remove(&header.producer_id);
        }
        self.committed.insert(header.producer_id);
        false
    }

    /// A control batch, with the marker that it holds; `records` is false of one that was emptied before.
    /// Whether no batch of its transaction is left, and so nobody needs it; and the aborted transaction whose entry in
    /// the index has to stay with it.
    pub fn marker(&mut self, header: &BatchHeader, marker: Option<Marker>) -> (bool, Option<AbortedTxn>) {
        self.reach(header.last_offset());
        if header.record_count == 0 {
            return (true, None);
        }
        match marker.map(|marker| marker.kind) {
            Some(MarkerKind::Abort) => match self.aborted.remove(&header.producer_id) {
                Some(ongoing) if ongoing.observed => (false, Some(ongoing.transaction)),
                _ => (true, None),
            },
            Some(MarkerKind::Commit) => (!self.committed.remove(&header.producer_id), None),
            None => (false, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::records::BatchBuilder;

    fn data(producer_id: i64, base_offset: Offset) -> BatchHeader {
        let mut builder =
            BatchBuilder::new().producer(producer_id, 0, 0).transactional().base_offset(base_offset);
        builder.push(0, Some(b"k"), Some(b"v"), &[]);
        BatchHeader::parse(&builder.build().unwrap()).unwrap()
    }

    fn end(kind: MarkerKind, producer_id: i64, base_offset: Offset) -> (BatchHeader, Option<Marker>) {
        let marker = Marker { kind, coordinator_epoch: 0 };
        let mut header = BatchHeader::parse(&marker.batch(producer_id, 0, 0)).unwrap();
        header.base_offset = base_offset;
        (header, Some(marker))
    }

    fn aborted(producer_id: i64, first_offset: Offset, last_offset: Offset) -> AbortedTxn {
        AbortedTxn { producer_id, first_offset, last_offset, last_stable_offset: first_offset }
    }

    /// A producer that aborts, commits and aborts again, beside another one.
    #[test]
    fn batches_are_told_apart_by_their_transactions() {
        let list = [aborted(1, 0, 3), aborted(1, 6, 8)];
        let mut seen = Transactions::default();
        seen.expect(vec![list[0]], 5);
        assert!(seen.batch(&data(1, 0)));
        assert!(!seen.batch(&data(2, 1)), "another producer's");
        assert!(seen.batch(&data(1, 2)));
        let (header, marker) = end(MarkerKind::Abort, 1, 3);
        assert_eq!(seen.marker(&header, marker), (false, Some(list[0])), "its batches are still there");
        assert!(!seen.batch(&data(1, 4)), "committed");
        let (header, marker) = end(MarkerKind::Commit, 1, 5);
        assert_eq!(seen.marker(&header, marker), (false, None));
        // What is told of the next segment, with one that was told before.
        seen.expect(vec![list[1], list[0]], 10);
        // Of the next one no batch is left.
        let (header, marker) = end(MarkerKind::Abort, 1, 8);
        assert_eq!(seen.marker(&header, marker), (true, None));
        let (header, marker) = end(MarkerKind::Commit, 2, 9);
        assert_eq!(seen.marker(&header, marker), (false, None));
        assert_eq!(seen.marker(&header, marker), (true, None));
    }

    /// Of an aborted transaction without its marker nothing is said beyond where it ended.
    #[test]
    fn a_missing_marker_ends_at_its_offset() {
        let list = [aborted(1, 0, 3)];
        let mut seen = Transactions::default();
        seen.expect(list.to_vec(), 10);
        assert!(seen.batch(&data(1, 0)));
        assert!(!seen.batch(&data(1, 4)));
    }
}
