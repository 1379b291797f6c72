//! What compaction leaves of one batch. Pure, and in steps, so that a large batch does not hold up the core.
//!
//! A record goes when a later one has its key, when it has none, when it is a tombstone whose time is up, or when its
//! transaction was aborted. Offsets, sequences and the ends of batches stay as they are.

use super::offset_map::OffsetMap;
use crate::Offset;
use crate::batch::BatchHeader;
use ottla_protocol::records::{
    BatchBuilder, EXPANDED_BYTES_MAX, Header, Record, RecordsError, RecordsReader, emptied,
};
use smallvec::SmallVec;

/// A step ends after so many records, or bytes of records: some 100 microseconds.
const STEP_RECORDS: usize = 256;
const STEP_BYTES: usize = 64 << 10;

/// The last that an active producer has in the log: it stays, if only as an empty batch, so that the producer's epoch
/// and sequence are found there again (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastBatch {
    /// Of its last batch of records; `None` when only markers of it are left.
    pub offset: Option<Offset>,
    pub epoch: i16,
}

/// What a pass goes by.
pub struct Rules<'a> {
    pub map: &'a OffsetMap,
    /// Records at or beyond this have not been looked at for the map: they stay.
    pub map_end: Offset,
    /// Milliseconds since 1970.
    pub now_ms: i64,
    pub delete_retention_ms: i64,
    /// By producer id.
    pub last_batch: &'a dyn Fn(i64) -> Option<LastBatch>,
}

/// What is to be done with a batch as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// None of its records stays.
    pub drops_records: bool,
    /// It stays even without records.
    pub stays_empty: bool,
    /// It is the marker of a transaction of which nothing is left: it goes once its delete horizon has passed.
    pub is_idle_marker: bool,
}

/// What is left of a batch.
#[derive(Debug)]
pub enum Left {
    Nothing,
    /// The same bytes.
    Same,
    /// A batch without records.
    Empty(Vec<u8>),
    /// Some records, or all with a delete horizon; yet to be built.
    Some(Box<BatchBuilder>),
}

impl Rules<'_> {
    /// `is_void`: the batch belongs to an aborted transaction, or is a marker that nobody needs. `is_last`: it has to
    /// stay for its offsets' sake.
    pub fn of_batch(&self, header: &BatchHeader, is_void: bool, is_last: bool) -> Verdict {
        let is_idle_marker = is_void && header.is_control();
        let is_due = header.delete_horizon_ms().is_some_and(|horizon| horizon <= self.now_ms);
        Verdict {
            drops_records: is_void && (!header.is_control() || is_due),
            stays_empty: is_last || self.is_last_of_producer(header),
            is_idle_marker,
        }
    }

    fn is_last_of_producer(&self, header: &BatchHeader) -> bool {
        if !header.has_producer() {
            return false;
        }
        match (self.last_batch)(header.producer_id) {
            Some(LastBatch { offset: Some(offset), .. }) => header.last_offset() == offset,
            Some(LastBatch { offset: None, epoch }) => header.is_control() && header.producer_epoch == epoch,
            None => false,
        }
    }

    fn keeps(&self, header: &BatchHeader, record: &Record<'_>) -> bool {
        if header.is_control() {
            return true;
        }
        let offset = header.base_offset + i64::from(record.offset_delta);
        if offset >= self.map_end {
            return true;
        }
        let Some(key) = record.key else { return false };
        if self.map.latest(key).is_some_and(|latest| offset < latest) {
            return false;
        }
        record.value.is_some() || header.delete_horizon_ms().is_none_or(|horizon| self.now_ms < horizon)
    }
}

/// A batch on its way through [`Rules`].
///
/// ```text
/// judging each record ─► all stay: the same bytes ─► done
///                   └──► some stay, or a horizon is set: once more over the records, those that stay into a builder ─► done
///                   └──► none stays ─► done
/// ```
pub struct Filter<'a> {
    header: BatchHeader,
    batch: &'a [u8],
    verdict: Verdict,
    reader: RecordsReader<'a>,
    /// One for each record, in order.
    kept: Vec<bool>,
    kept_count: usize,
    has_tombstones: bool,
    builder: Option<Box<BatchBuilder>>,
    index: usize,
}

impl<'a> Filter<'a> {
    /// Begins with the whole batch `batch`, whose header is `header` and whose checksum is right.
    /// # Errors
    /// Records that cannot be read, which a checksum does not keep out.
    pub fn new(header: BatchHeader, batch: &'a [u8], verdict: Verdict) -> Result<Filter<'a>, RecordsError> {
        Ok(Filter {
            header,
            batch,
            verdict,
            reader: RecordsReader::new(&header, batch, EXPANDED_BYTES_MAX)?,
            kept: Vec::new(),
            kept_count: 0,
            has_tombstones: false,
            builder: None,
            index: 0,
        })
    }

    /// A few records further. `None`: there is more to do.
    /// # Errors
    /// As [`Filter::new`]; `BatchFault::LastOffsetDelta` for a record beyond its batch.
    pub fn step(&mut self, rules: &Rules<'_>) -> Result<Option<Left>, RecordsError> {
        if self.verdict.drops_records {
            return Ok(Some(self.without_records()));
        }
        let (mut records, mut bytes) = (0, 0);
        while records < STEP_RECORDS && bytes < STEP_BYTES {
            let Some(record) = self.reader.next()? else {
                match self.builder.take() {
                    Some(builder) => return Ok(Some(Left::Some(builder))),
                    None => return self.judged(rules),
                }
            };
            records += 1;
            bytes += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
            match &mut self.builder {
                None => {
                    let range = 0..=self.header.last_offset_delta;
                    if !range.contains(&record.offset_delta) {
                        let fault = ottla_protocol::records::BatchFault::LastOffsetDelta(record.offset_delta);
                        return Err(fault.into());
                    }
                    let keep = rules.keeps(&self.header, &record);
                    self.kept.push(keep);
                    self.kept_count += usize::from(keep);
                    self.has_tombstones |= keep && record.value.is_none();
                }
                Some(builder) => {
                    if self.kept.get(self.index).is_some_and(|keep| *keep) {
                        let headers: SmallVec<[Header<'_>; 4]> = record.headers.iter().collect();
                        let timestamp = self.header.record_timestamp(&record);
                        builder.push_at(record.offset_delta, timestamp, record.key, record.value, &headers);
                    }
                    self.index += 1;
                }
            }
        }
        Ok(None)
    }

    /// How many records stay; known once the batch is done.
    pub fn kept_count(&self) -> usize {
        self.kept_count
    }

    fn without_records(&self) -> Left {
        match (self.verdict.stays_empty, self.header.record_count) {
            (false, _) => Left::Nothing,
            (true, 0) => Left::Same,
            (true, _) => Left::Empty(emptied(&self.header)),
        }
    }

    fn judged(&mut self, rules: &Rules<'_>) -> Result<Option<Left>, RecordsError> {
        if self.kept_count == 0 {
            return Ok(Some(self.without_records()));
        }
        let horizon = self.header.delete_horizon_ms();
        let wants_horizon = (self.has_tombstones || self.verdict.is_idle_marker) && horizon.is_none();
        if self.kept_count == self.kept.len() && !wants_horizon {
            return Ok(Some(Left::Same));
        }
        let set = wants_horizon.then(|| rules.now_ms.saturating_add(rules.delete_retention_ms));
        self.builder = Some(Box::new(BatchBuilder::of_batch(&self.header, set.or(horizon))));
        self.reader = RecordsReader::new(&self.header, self.batch, EXPANDED_BYTES_MAX)?;
        Ok(None)
    }
}
