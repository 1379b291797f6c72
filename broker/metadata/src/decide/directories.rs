//! Which data directory of its broker holds a replica, and what becomes of the replicas of one that fails (KIP-858).
//!
//! A replica is offline while its directory is none of those that its broker registered. Kafka lets the broker choose and tell
//! the controller afterwards; here the record that makes a partition says where it lies, so that a crash leaves no doubt.

use super::brokers::leave;
use super::{Decision, Error};
use crate::id::Uuid;
use crate::image::Image;
use crate::record::{PartitionChangeRecord, Record, RegisterBrokerRecord};
use std::collections::{BTreeMap, BTreeSet};

/// Gives new replicas to the directory of their broker that has the fewest, in the order of `log.dirs` among equals.
pub(super) struct Directories<'a> {
    image: &'a Image,
    /// By directory; counted when a broker with several of them gets its first replica.
    counts: Option<BTreeMap<Uuid, usize>>,
}

impl<'a> Directories<'a> {
    pub(super) fn of(image: &'a Image) -> Directories<'a> {
        Directories { image, counts: None }
    }

    /// Of a broker that is not there, zero: not assigned.
    pub(super) fn next(&mut self, broker: i32) -> Uuid {
        let dirs = self.image.broker(broker).map_or(&[][..], |broker| &broker.log_dirs);
        if let [only] = dirs {
            return *only;
        }
        let counts = self.counts.get_or_insert_with(|| count(self.image));
        let fewest = dirs.iter().min_by_key(|dir| counts.get(dir).copied().unwrap_or(0));
        let Some(dir) = fewest else { return Uuid::ZERO };
        *counts.entry(*dir).or_default() += 1;
        *dir
    }
}

fn count(image: &Image) -> BTreeMap<Uuid, usize> {
    let mut counts = BTreeMap::new();
    let partitions = image.topics().flat_map(|topic| topic.partitions());
    for dir in partitions.flat_map(|partition| &partition.directories) {
        *counts.entry(*dir).or_default() += 1;
    }
    counts
}

/// A replica of the broker, and the directory in which the broker found it, or zero when it found none and may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    pub topic_id: Uuid,
    pub index: i32,
    pub dir: Uuid,
}

/// Notes where replicas are: what Kafka's AssignReplicasToDirs does. One that was offline by that, and has no other in-sync
/// replica, is led again.
pub fn assign_replicas(image: &Image, broker_id: i32, located: &[Located]) -> Decision<()> {
    let mut directories = Directories::of(image);
    let mut records = Vec::new();
    for Located { topic_id, index, dir } in located {
        let Some(partition) = image.topic(*topic_id).and_then(|topic| topic.partition(*index)) else {
            continue;
        };
        let Some(replica) = partition.replicas.iter().position(|id| *id == broker_id) else { continue };
        let dir = if *dir == Uuid::ZERO { directories.next(broker_id) } else { *dir };
        let mut assigned = partition.directories.clone();
        assigned.resize(partition.replicas.len(), Uuid::ZERO);
        match assigned.get_mut(replica) {
            Some(before) if *before != dir => *before = dir,
            _ => continue,
        }
        let alone = partition.isr.iter().all(|id| *id == broker_id) && !partition.isr.is_empty();
        let comes_back = partition.leader == crate::record::NO_LEADER && alone;
        let is_up = image.broker(broker_id).is_some_and(|broker| broker.is_active() && broker.has_dir(dir));
        records.push(Record::PartitionChange(PartitionChangeRecord {
            topic_id: *topic_id,
            partition_id: *index,
            directories: Some(assigned),
            leader: (comes_back && is_up).then_some(broker_id),
            ..PartitionChangeRecord::default()
        }));
    }
    Decision { records, reply: () }
}

/// Takes failed directories off a broker's registration: their replicas leave every in-sync set that has others, and what they
/// led has another leader or none.
/// # Errors
/// `BrokerIdNotRegistered`.
pub fn fail_directories(
    image: &Image,
    broker_id: i32,
    failed: &BTreeSet<Uuid>,
) -> Result<Decision<()>, Error> {
    let broker = image.broker(broker_id).ok_or_else(|| {
        Error::BrokerIdNotRegistered(format!("Broker ID {broker_id} is not currently registered"))
    })?;
    if !broker.log_dirs.iter().any(|dir| failed.contains(dir)) {
        return Ok(Decision::reply(()));
    }
    let record = RegisterBrokerRecord {
        broker_id,
        incarnation_id: broker.incarnation_id,
        broker_epoch: broker.epoch,
        endpoints: broker.endpoints.clone(),
        rack: broker.rack.clone(),
        fenced: broker.fenced,
        in_controlled_shutdown: broker.in_controlled_shutdown,
        log_dirs: broker.log_dirs.iter().copied().filter(|dir| !failed.contains(dir)).collect(),
    };
    let mut records = vec![Record::RegisterBroker(record)];
    records.extend(leave(image, broker_id, |partition| {
        partition.directory_of(broker_id).is_some_and(|dir| failed.contains(&dir))
    }));
    Ok(Decision { records, reply: () })
}
