//! ListOffsets: where partitions begin and end, and where a time is.

use super::{Client, Error, Retry, Topic, subject};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use std::collections::BTreeMap;

pub const LATEST: i64 = -1;
pub const EARLIEST: i64 = -2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    ReadUncommitted = 0,
    ReadCommitted = 1,
}

impl Client {
    /// Offsets by partition at a timestamp (milliseconds), or at [`LATEST`] or [`EARLIEST`]. A time after the last record has
    /// offset -1.
    pub fn offsets(
        &mut self,
        topic: &Topic,
        partitions: &[i32],
        timestamp: i64,
        isolation: Isolation,
    ) -> Result<BTreeMap<i32, i64>, Error> {
        let mut retry = Retry::new(self.timeout());
        let mut topic = topic.clone();
        let mut found = BTreeMap::new();
        loop {
            let problem = match self.offsets_once(&topic, partitions, timestamp, isolation, &mut found) {
                Ok(()) => return Ok(found),
                Err(error) => error,
            };
            if !problem.is_retriable() || !retry.again() {
                return Err(problem);
            }
            topic = self.topic(&topic.name)?;
        }
    }

    /// One question to each leader; what is in `found` already is not asked again.
    fn offsets_once(
        &mut self,
        topic: &Topic,
        partitions: &[i32],
        timestamp: i64,
        isolation: Isolation,
        found: &mut BTreeMap<i32, i64>,
    ) -> Result<(), Error> {
        let mut by_leader: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for partition in &topic.partitions {
            if partitions.contains(&partition.index) && !found.contains_key(&partition.index) {
                by_leader.entry(partition.leader).or_default().push(partition.index);
            }
        }
        for (leader, indexes) in by_leader {
            let part = |&partition_index: &i32| ListOffsetsPartition {
                partition_index,
                timestamp,
                current_leader_epoch: -1,
            };
            let request = ListOffsetsRequest {
                replica_id: -1,
                isolation_level: isolation as i8,
                topics: vec![ListOffsetsTopic {
                    name: topic.name.as_str().into(),
                    partitions: indexes.iter().map(part).collect(),
                }],
                ..Default::default()
            };
            let answer = self.node(leader)?.call(&request);
            if answer.is_err() {
                self.forget(leader);
            }
            let answer = answer?;
            for partition in answer.get()?.topics.iter().flat_map(|topic| &topic.partitions) {
                if ErrorCode(partition.error_code).is_none() {
                    found.insert(partition.partition_index, partition.offset);
                } else {
                    let subject = format!("{} partition {}", subject(&topic.name), partition.partition_index);
                    return Err(Error::refused(subject, partition.error_code, None));
                }
            }
        }
        Ok(())
    }
}
