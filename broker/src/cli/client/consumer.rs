//! Reads records of one topic from given offsets on, from all leaders at once, without a group.

use super::offsets::Isolation;
use super::{Client, Error, Retry, Topic, subject};
use ottla_protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use ottla_protocol::messages::fetch_response::{AbortedTransaction, PartitionData};
use ottla_protocol::records::{
    BatchFault, BatchHeader, EXPANDED_BYTES_MAX, Marker, MarkerKind, Record, RecordsReader, batches,
    verify_checksum,
};
use ottla_protocol::{ErrorCode, Records};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

/// Answers up to this size, and up to a fifth of it from one partition.
const FETCH_BYTES: i32 = 5 * 1024 * 1024;
const PARTITION_BYTES: i32 = 1024 * 1024;

/// A record where it lies.
pub struct Fetched<'a> {
    pub partition: i32,
    pub offset: i64,
    pub timestamp_ms: i64,
    /// Whether the broker set the timestamp when it appended the record.
    pub is_log_append_time: bool,
    pub record: Record<'a>,
}

pub struct Consumer {
    client: Client,
    topic: Topic,
    isolation: Isolation,
    /// How long a broker holds an answer back for want of records.
    max_wait: Duration,
    positions: BTreeMap<i32, Position>,
    retry: Retry,
}

struct Position {
    next: i64,
    /// Where to stop; `None` reads on for ever.
    end: Option<i64>,
}

type Visit<'v> = &'v mut dyn FnMut(&Fetched<'_>) -> ControlFlow<()>;

impl Consumer {
    pub fn new(client: Client, topic: Topic, isolation: Isolation, max_wait: Duration) -> Consumer {
        let retry = Retry::new(client.timeout());
        Consumer { client, topic, isolation, max_wait, positions: BTreeMap::new(), retry }
    }

    /// Reads `partition` from the offset `next` on, up to and without `end`.
    pub fn assign(&mut self, partition: i32, next: i64, end: Option<i64>) {
        self.positions.insert(partition, Position { next, end });
    }

    /// Whether every partition was read to its end.
    pub fn is_done(&self) -> bool {
        self.positions.values().all(Position::is_done)
    }

    /// Asks each leader once and visits the records in the order of their offsets within a partition, until `visit` breaks.
    ///
    /// # Errors
    /// An offset that is not there, damaged records, or what did not succeed in the client's time.
    pub fn poll(&mut self, visit: Visit<'_>) -> Result<(), Error> {
        match self.round(visit) {
            Ok(()) => {
                self.retry = Retry::new(self.client.timeout());
                Ok(())
            }
            Err(error) if self.client.recovers(&error, &mut self.retry, &mut self.topic) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn round(&mut self, visit: Visit<'_>) -> Result<(), Error> {
        let mut by_leader: BTreeMap<i32, Vec<FetchPartition>> = BTreeMap::new();
        for partition in &self.topic.partitions {
            if let Some(position) =
                self.positions.get(&partition.index).filter(|position| !position.is_done())
            {
                by_leader.entry(partition.leader).or_default().push(FetchPartition {
                    partition: partition.index,
                    fetch_offset: position.next,
                    partition_max_bytes: PARTITION_BYTES,
                    ..Default::default()
                });
            }
        }
        let mut problem = None;
        let mut sent = Vec::new();
        for (leader, partitions) in by_leader {
            let request = self.request(partitions);
            match self.client.node(leader).and_then(|node| node.send(&request)) {
                Ok(pending) => sent.push((leader, pending)),
                Err(error) => {
                    self.client.forget(leader);
                    problem = problem.or(Some(error));
                }
            }
        }
        let mut flow = ControlFlow::Continue(());
        for (leader, pending) in sent {
            let answer = self.client.node(leader).and_then(|node| node.receive(pending, self.max_wait));
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    self.client.forget(leader);
                    problem = problem.or(Some(error));
                    continue;
                }
            };
            let body = answer.get()?;
            if body.error_code != 0 {
                problem = problem.or(Some(Error::refused(subject(&self.topic.name), body.error_code, None)));
            }
            for partition in body.responses.iter().flat_map(|topic| &topic.partitions) {
                if flow.is_continue() {
                    match self.visit_partition(partition, visit) {
                        Ok(next) => flow = next,
                        Err(error) => problem = problem.or(Some(error)),
                    }
                }
            }
        }
        problem.map_or(Ok(()), Err)
    }

    fn request(&self, partitions: Vec<FetchPartition>) -> FetchRequest<'static> {
        FetchRequest {
            max_wait_ms: i32::try_from(self.max_wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: 1,
            max_bytes: FETCH_BYTES,
            isolation_level: self.isolation as i8,
            topics: vec![FetchTopic {
                topic: self.topic.name.clone().into(),
                topic_id: self.topic.id,
                partitions,
            }],
            ..Default::default()
        }
    }

    fn visit_partition(
        &mut self,
        data: &PartitionData<'_>,
        visit: Visit<'_>,
    ) -> Result<ControlFlow<()>, Error> {
        let index = data.partition_index;
        let Some(position) = self.positions.get_mut(&index) else { return Ok(ControlFlow::Continue(())) };
        let name = || format!("{} partition {index}", subject(&self.topic.name));
        if data.error_code == ErrorCode::OFFSET_OUT_OF_RANGE.0 {
            let reason = format!("offset {} is not there", position.next);
            return Err(Error::refused(name(), data.error_code, Some(&reason)));
        }
        if data.error_code != 0 {
            return Err(Error::refused(name(), data.error_code, None));
        }
        let damaged = |offset: i64, reason: &dyn std::fmt::Display| Error::Records {
            subject: name(),
            reason: format!("damaged records from offset {offset} on: {reason}"),
        };
        // Decoding borrows: the records are a range of the answer.
        let bytes = match &data.records {
            Some(Records::Slice(bytes)) => *bytes,
            _ => &[],
        };
        let first = position.next;
        let mut aborted = Aborted::new(data.aborted_transactions.as_deref().unwrap_or_default());
        for batch in batches(bytes) {
            let (header, batch) = match batch {
                Ok(batch) => batch,
                // The answer's size was used up within a batch; the next one begins with it.
                Err(BatchFault::Short | BatchFault::Torn(_)) if position.next > first => break,
                Err(fault) => return Err(damaged(position.next, &fault)),
            };
            verify_checksum(&header, batch).map_err(|fault| damaged(header.base_offset, &fault))?;
            let mut reader = RecordsReader::new(&header, batch, EXPANDED_BYTES_MAX)
                .map_err(|fault| damaged(header.base_offset, &fault))?;
            let skip = aborted.covers(&header);
            while let Some(record) = reader.next().map_err(|fault| damaged(header.base_offset, &fault))? {
                if header.is_control() {
                    aborted.control(&header, &record);
                    continue;
                }
                let offset = header.base_offset + i64::from(record.offset_delta);
                if skip || offset < position.next || position.end.is_some_and(|end| offset >= end) {
                    continue;
                }
                let fetched = Fetched {
                    partition: index,
                    offset,
                    timestamp_ms: header.record_timestamp(&record),
                    is_log_append_time: header.is_log_append_time(),
                    record,
                };
                position.next = offset + 1;
                if visit(&fetched).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            position.next = position.next.max(header.next_offset());
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl Position {
    fn is_done(&self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }
}

/// Which transactional batches of an answer were aborted. The broker names the aborted transactions by producer and first offset
/// (only when asked to read committed); an abort marker in the data ends each.
struct Aborted<'a> {
    /// By first offset, those still ahead.
    ahead: Vec<&'a AbortedTransaction>,
    open: BTreeSet<i64>,
}

impl<'a> Aborted<'a> {
    fn new(transactions: &'a [AbortedTransaction]) -> Aborted<'a> {
        let mut ahead: Vec<_> = transactions.iter().collect();
        // The next one is taken from the end.
        ahead.sort_by_key(|transaction| std::cmp::Reverse(transaction.first_offset));
        Aborted { ahead, open: BTreeSet::new() }
    }

    fn covers(&mut self, header: &BatchHeader) -> bool {
        while let Some(next) = self.ahead.pop_if(|next| next.first_offset <= header.last_offset()) {
            self.open.insert(next.producer_id);
        }
        header.is_transactional() && !header.is_control() && self.open.contains(&header.producer_id)
    }

    fn control(&mut self, header: &BatchHeader, record: &Record<'_>) {
        if Marker::parse(record).is_some_and(|marker| marker.kind == MarkerKind::Abort) {
            self.open.remove(&header.producer_id);
        }
    }
}
