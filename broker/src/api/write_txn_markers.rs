//! WriteTxnMarkers (key 27), v1-2: ends transactions in the partitions that they wrote to. Sent by coordinators, and by
//! `kafka-transactions abort`.
//!
//! v2: the version of transactions by which a marker is checked (KIP-1228). All markers of a request are appended in its order,
//! and answered when they are durable at every in-sync replica. One for a transaction that was never open here is
//! appended too: it may be of a producer whose records are gone.
//! The coordinator of a partition of `__consumer_offsets` learns of its markers.

use super::Context;
use super::owners;
use crate::core::Core;
use crate::groups;
use bytes::Bytes;
use futures_util::future::join_all;
use ottla_io::ShardId;
use ottla_log::batch::BatchHeader;
use ottla_metadata::{Image, Uuid};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::write_txn_markers_request::WritableTxnMarker;
use ottla_protocol::messages::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
};
use ottla_protocol::messages::{WriteTxnMarkersRequest, WriteTxnMarkersResponse};
use ottla_protocol::records::{Marker, MarkerKind};
use ottla_shard::produce::Checked;
use ottla_shard::{Acks, AppendFuture, AppendOrigin, TimestampType};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// A marker on its way to a partition.
struct Item {
    /// Where its result belongs.
    place: Place,
    topic_id: Uuid,
    index: i32,
    transaction_version: i8,
    commits: bool,
    checked: Checked,
}

/// Of a result in the response: producer, topic and partition, each by its number there.
type Place = (usize, usize, usize);

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: WriteTxnMarkersRequest<'_>,
) -> WriteTxnMarkersResponse<'static> {
    let image = core.image();
    // Nothing of such a request is carried out, and Kafka too fails all of it.
    let is_sound = request.markers.iter().all(|marker| marker.producer_id >= 0 && marker.producer_epoch >= 0);
    let mut results = Results::default();
    let mut owners: Vec<(ShardId, Vec<Item>)> = Vec::new();
    for marker in &request.markers {
        let batch = is_sound.then(|| batch(marker));
        for topic in &marker.topics {
            if topic.partition_indexes.is_empty() {
                continue;
            }
            // A partition that is named twice gets one marker.
            let indexes: BTreeSet<i32> = topic.partition_indexes.iter().copied().collect();
            let place = results.topic(marker.producer_id, &topic.name);
            for index in indexes {
                let place = results.partition(place, index);
                let found = match &batch {
                    Some(batch) => prepare(core, &image, &topic.name, index, batch),
                    None => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
                };
                let (topic_id, checked) = match found {
                    Ok(found) => found,
                    Err(code) => {
                        results.set(place, code);
                        continue;
                    }
                };
                // Until its owner has answered.
                results.set(place, ErrorCode::UNKNOWN_SERVER_ERROR);
                let owner = core.owner(topic_id, index);
                let transaction_version = marker.transaction_version;
                let commits = marker.transaction_result;
                let item = Item { place, topic_id, index, transaction_version, commits, checked };
                match owners.iter_mut().find(|(other, _)| *other == owner) {
                    Some((_, items)) => items.push(item),
                    None => owners.push((owner, vec![item])),
                }
            }
        }
    }
    drop(image);
    let calls =
        owners.into_iter().map(|(owner, items)| core.call(owner, move |core| append_all(&core, items)));
    for (place, code) in join_all(calls).await.into_iter().flatten().flatten() {
        results.set(place, code);
    }
    results.response
}

/// The control batch that a marker is.
fn batch(marker: &WritableTxnMarker<'_>) -> Bytes {
    let kind = if marker.transaction_result { MarkerKind::Commit } else { MarkerKind::Abort };
    let record = Marker { kind, coordinator_epoch: marker.coordinator_epoch };
    record.batch(marker.producer_id, marker.producer_epoch, ottla_io::unix_millis()).into()
}

/// The topic's id and the batch as it is appended to a partition of it.
fn prepare(
    core: &Core,
    image: &Image,
    topic: &str,
    index: i32,
    batch: &Bytes,
) -> Result<(Uuid, Checked), ErrorCode> {
    let topic_id = owners::find(image, topic, index)?;
    let settings = core.topic_settings(topic_id).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let header = BatchHeader::parse(batch).map_err(|_| ErrorCode::UNKNOWN_SERVER_ERROR)?;
    let is_stamped = settings.timestamp_type == TimestampType::LogAppendTime;
    let log_append_time = is_stamped.then_some(header.max_timestamp);
    Ok((topic_id, Checked { batch: batch.clone(), header, log_append_time }))
}

/// A marker that was appended, or that could not be.
struct Appended {
    place: Place,
    partition: (Uuid, i32),
    producer_id: i64,
    commits: bool,
    append: Result<AppendFuture, ErrorCode>,
}

/// Appends in the order of `items`, before it returns; the future waits until they are durable.
fn append_all(core: &Rc<Core>, items: Vec<Item>) -> impl Future<Output = Vec<(Place, ErrorCode)>> + use<> {
    let append = |item: Item| {
        let Item { place, topic_id, index, transaction_version, commits, checked } = item;
        let origin = AppendOrigin::Marker { transaction_version };
        let producer_id = checked.header.producer_id;
        let append = core.partitions.get(topic_id, index);
        let append = append.map(|partition| partition.append(checked, Acks::All, origin));
        Appended { place, partition: (topic_id, index), producer_id, commits, append }
    };
    let appends: Vec<Appended> = items.into_iter().map(append).collect();
    let core = core.clone();
    async move {
        let mut results = Vec::with_capacity(appends.len());
        for Appended { place, partition, producer_id, commits, append } in appends {
            let result = match append {
                Ok(append) => append.await.map_err(|refusal| refusal.code),
                Err(code) => Err(code),
            };
            if result.is_ok() {
                groups::transaction_ended(&core, partition, producer_id, commits);
            }
            results.push((place, result.err().unwrap_or(ErrorCode::NONE)));
        }
        results
    }
}

/// The response as it grows. As with Kafka, each producer has one entry, and in it each partition, whose last marker counts.
#[derive(Default)]
struct Results {
    response: WriteTxnMarkersResponse<'static>,
    producers: HashMap<i64, usize>,
    topics: HashMap<(usize, String), usize>,
    partitions: HashMap<(usize, usize, i32), usize>,
}

impl Results {
    /// Where the results of a producer's topic belong.
    fn topic(&mut self, producer_id: i64, name: &str) -> (usize, usize) {
        let markers = &mut self.response.markers;
        let producer = *self.producers.entry(producer_id).or_insert_with(|| {
            markers.push(WritableTxnMarkerResult { producer_id, ..Default::default() });
            markers.len() - 1
        });
        let topics = markers.get_mut(producer).map(|marker| &mut marker.topics);
        let topic = *self.topics.entry((producer, name.to_owned())).or_insert_with(|| {
            let Some(topics) = topics else { return 0 };
            let name = Cow::Owned(name.to_owned());
            topics.push(WritableTxnMarkerTopicResult { name, ..Default::default() });
            topics.len() - 1
        });
        (producer, topic)
    }

    /// Where the result of a partition belongs.
    fn partition(&mut self, (producer, topic): (usize, usize), partition_index: i32) -> Place {
        let topics = self.response.markers.get_mut(producer).map(|marker| &mut marker.topics);
        let results = topics.and_then(|topics| topics.get_mut(topic)).map(|topic| &mut topic.partitions);
        let partition = *self.partitions.entry((producer, topic, partition_index)).or_insert_with(|| {
            let Some(results) = results else { return 0 };
            results.push(WritableTxnMarkerPartitionResult { partition_index, ..Default::default() });
            results.len() - 1
        });
        (producer, topic, partition)
    }

    fn set(&mut self, (producer, topic, partition): Place, code: ErrorCode) {
        let topics = self.response.markers.get_mut(producer).map(|marker| &mut marker.topics);
        let topic = topics.and_then(|topics| topics.get_mut(topic));
        if let Some(result) = topic.and_then(|topic| topic.partitions.get_mut(partition)) {
            result.error_code = code.0;
        }
    }
}
