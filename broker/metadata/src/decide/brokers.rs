//! Brokers that come and go.

use super::{Decision, Error};
use crate::id::Uuid;
use crate::image::{self, Endpoint, Image, Partition};
use crate::record::*;
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub broker_id: i32,
    pub cluster_id: String,
    /// Drawn anew by each process.
    pub incarnation_id: Uuid,
    pub endpoints: Vec<Endpoint>,
    pub rack: Option<String>,
    pub log_dirs: Vec<Uuid>,
    /// Whether it waits to be unfenced by its heartbeats. A broker that is its own controller need not.
    pub fenced: bool,
}

/// Registers a broker, or again after a restart; the reply is its epoch. The same incarnation twice keeps the epoch
/// and takes the newer endpoints and directories.
/// # Errors
/// `InvalidRequest` for another cluster's id.
pub fn register_broker(image: &Image, registration: &Registration) -> Result<Decision<i64>, Error> {
    if registration.cluster_id != image.cluster_id() {
        return Err(Error::InvalidRequest(format!(
            "Expected cluster ID {}, but got cluster ID {}",
            image.cluster_id(),
            registration.cluster_id
        )));
    }
    let previous = image.broker(registration.broker_id);
    let broker_epoch = match previous {
        Some(broker) if broker.incarnation_id == registration.incarnation_id => broker.epoch,
        _ => image.last_broker_epoch() + 1,
    };
    let record = RegisterBrokerRecord {
        broker_id: registration.broker_id,
        incarnation_id: registration.incarnation_id,
        broker_epoch,
        endpoints: registration.endpoints.clone(),
        rack: registration.rack.clone(),
        fenced: registration.fenced,
        in_controlled_shutdown: false,
        log_dirs: registration.log_dirs.clone(),
    };
    let mut records = vec![Record::RegisterBroker(record)];
    let id = registration.broker_id;
    records.extend(leave(image, id, |partition| !is_in_reach(registration, partition)));
    if !registration.fenced {
        lead_again(image, registration, &mut records);
    }
    Ok(Decision { records, reply: broker_epoch })
}

/// Whether the directory of the broker's replica is among those that it has.
fn is_in_reach(registration: &Registration, partition: &Partition) -> bool {
    let dir = partition.directory_of(registration.broker_id).unwrap_or(Uuid::ZERO);
    image::is_in_reach(&registration.log_dirs, dir)
}

/// A broker that comes up unfenced takes up the partitions that wait for it: it leads again what has no other in-sync
/// replica, with a new leader epoch, since its earlier process may have left requests behind.
fn lead_again(image: &Image, registration: &Registration, records: &mut Vec<Record>) {
    let id = registration.broker_id;
    for topic in image.topics() {
        for (index, partition) in (0..).zip(topic.partitions()) {
            let alone = partition.isr.iter().all(|replica| *replica == id);
            let leads = partition.leader == id || partition.leader == NO_LEADER;
            if alone && leads && partition.isr.contains(&id) && is_in_reach(registration, partition) {
                records.push(Record::PartitionChange(PartitionChangeRecord {
                    topic_id: topic.id,
                    partition_id: index,
                    leader: Some(id),
                    ..PartitionChangeRecord::default()
                }));
            }
        }
    }
}

/// Takes a broker off the cluster. It leaves every in-sync set that has others, and leads nothing any more.
/// # Errors
/// `BrokerIdNotRegistered`.
pub fn unregister_broker(image: &Image, broker_id: i32) -> Result<Decision<()>, Error> {
    let broker = image.broker(broker_id).ok_or_else(|| {
        Error::BrokerIdNotRegistered(format!("Broker ID {broker_id} is not currently registered"))
    })?;
    let mut records = leave(image, broker_id, |_| true);
    records.push(Record::UnregisterBroker(UnregisterBrokerRecord { broker_id, broker_epoch: broker.epoch }));
    Ok(Decision { records, reply: () })
}

/// The broker's replicas of the partitions that `applies` to are no longer in sync where others are, and lead no more.
pub(super) fn leave(image: &Image, broker_id: i32, applies: impl Fn(&Partition) -> bool) -> Vec<Record> {
    let active: BTreeSet<i32> = image
        .brokers()
        .filter(|b: &&Arc<crate::image::Broker>| b.is_active() && b.id != broker_id)
        .map(|b| b.id)
        .collect();
    let mut records = Vec::new();
    for topic in image.topics() {
        for (index, partition) in (0..).zip(topic.partitions()) {
            let is_part = partition.isr.contains(&broker_id) || partition.leader == broker_id;
            if !is_part || !applies(partition) {
                continue;
            }
            let others: Vec<i32> = partition.isr.iter().copied().filter(|id| *id != broker_id).collect();
            let leader = (partition.leader == broker_id).then(|| {
                let in_sync = |id: &&i32| others.contains(id) && active.contains(id);
                partition.replicas.iter().find(in_sync).copied().unwrap_or(NO_LEADER)
            });
            // The last in-sync replica stays in the set: it is the one that has everything.
            let isr = (!others.is_empty() && others.len() != partition.isr.len()).then_some(others);
            if isr.is_none() && leader.is_none() {
                continue;
            }
            records.push(Record::PartitionChange(PartitionChangeRecord {
                topic_id: topic.id,
                partition_id: index,
                isr,
                leader,
                ..PartitionChangeRecord::default()
            }));
        }
    }
    records
}
