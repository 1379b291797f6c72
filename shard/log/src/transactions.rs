//! Which transactions are open, as batches go by: what makes a transaction index again. Pure.

use crate::Offset;
use crate::batch::BatchHeader;
use crate::index::AbortedTxn;
use crate::snapshot::ProducerEntry;
use ottla_protocol::records::{Marker, MarkerKind, RecordsReader};
use std::collections::{BTreeMap, HashMap};

/// What the control record of a batch says, if it ends a transaction.
pub fn marker_of(header: &BatchHeader, batch: &[u8]) -> Option<Marker> {
    if !header.is_control() {
        return None;
    }
    // Control batches are never compressed.
    let mut reader = RecordsReader::new(header, batch, 0).ok()?;
    let record = reader.next().ok()??;
    Marker::parse(&record)
}

/// The open transactions at some place of a log.
#[derive(Debug, Default)]
pub(crate) struct OpenTransactions {
    first_offsets: HashMap<i64, Offset>,
    producers: BTreeMap<Offset, i64>,
}

impl OpenTransactions {
    /// Where a snapshot was taken.
    pub(crate) fn of(snapshot: &[ProducerEntry]) -> OpenTransactions {
        let mut open = OpenTransactions::default();
        for producer in snapshot.iter().filter(|producer| producer.current_txn_first_offset >= 0) {
            open.begin(producer.producer_id, producer.current_txn_first_offset);
        }
        open
    }

    fn begin(&mut self, producer_id: i64, first_offset: Offset) {
        self.first_offsets.insert(producer_id, first_offset);
        self.producers.insert(first_offset, producer_id);
    }

    /// Goes past a batch; returns the transaction that it aborts.
    pub(crate) fn pass(&mut self, header: &BatchHeader, batch: &[u8]) -> Option<AbortedTxn> {
        let producer_id = header.producer_id;
        if producer_id < 0 {
            return None;
        }
        if !header.is_control() {
            if header.is_transactional() && !self.first_offsets.contains_key(&producer_id) {
                self.begin(producer_id, header.base_offset);
            }
            return None;
        }
        let marker = marker_of(header, batch)?;
        let first_offset = self.first_offsets.remove(&producer_id)?;
        self.producers.remove(&first_offset);
        let last_offset = header.last_offset();
        let first_open = self.producers.first_key_value().map(|(first_offset, _)| *first_offset);
        let last_stable_offset = first_open.unwrap_or(last_offset + 1);
        let aborted = AbortedTxn { producer_id, first_offset, last_offset, last_stable_offset };
        (marker.kind == MarkerKind::Abort).then_some(aborted)
    }
}
