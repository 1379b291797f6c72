//! OffsetFetch (key 9), v1-10.
//!
//! v2: all topics. v5: leader epochs. v7: require_stable. v8: several groups. v9: member epochs, which classic groups do
//! not have. v10: topic ids.
//! Nothing is told that is not durable: an offset that was fetched once does not go back. What an open transaction has
//! committed is not there yet, and with require_stable the partition is UNSTABLE_OFFSET_COMMIT until it ends (KIP-447).

use super::Request;
use super::repeats::Repeats;
use crate::core::Core;
use crate::groups;
use futures_util::{StreamExt, stream};
use ottla_coordinator::offsets::Offsets;
use ottla_metadata::Image;
use ottla_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use ottla_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse};
use ottla_protocol::{ErrorCode, Uuid};
use std::borrow::Cow;
use std::rc::Rc;

/// Groups of one request that are asked at a time.
const GROUPS_AT_ONCE: usize = 16;

/// A topic of the request, by name or by id, and its partitions.
struct Wanted {
    name: String,
    topic_id: Uuid,
    partitions: Vec<i32>,
}

/// Of a group, one partition or all of it.
type Named<'b> = (&'b str, Option<(&'b str, Uuid, i32)>);

impl Wanted {
    /// An offset may come with a note of 4 KiB: what a request repeats is not told without end.
    fn new<'b>(
        repeats: &mut Repeats<Named<'b>>,
        group_id: &'b str,
        (name, topic_id): (&'b str, Uuid),
        indexes: &[i32],
    ) -> Wanted {
        let indexes = indexes.iter().copied();
        let partitions = indexes.filter(|index| repeats.allow((group_id, Some((name, topic_id, *index)))));
        Wanted { name: name.to_owned(), topic_id, partitions: partitions.collect() }
    }
}

/// Of one group: `None` for everything that it has committed.
struct Asked {
    group_id: String,
    topics: Option<Vec<Wanted>>,
    require_stable: bool,
}

pub(crate) async fn handle(
    core: &Rc<Core>,
    request: &Request,
    body: OffsetFetchRequest<'_>,
) -> OffsetFetchResponse<'static> {
    let version = request.context.version;
    let mut repeats: Repeats<Named<'_>> = Repeats::new();
    if version >= 8 {
        let mut groups = Vec::with_capacity(body.groups.len());
        for group in &body.groups {
            let group_id = &*group.group_id;
            let topics = match &group.topics {
                None if repeats.allow((group_id, None)) => None,
                None => continue,
                Some(topics) => {
                    let topics = topics.iter().map(|topic| {
                        let named = (&*topic.name, topic.topic_id);
                        Wanted::new(&mut repeats, group_id, named, &topic.partition_indexes)
                    });
                    Some(topics.collect())
                }
            };
            let require_stable = body.require_stable;
            groups.push(Asked { group_id: group_id.to_owned(), topics, require_stable });
        }
        let groups = stream::iter(groups).map(|asked| fetch(core, version, asked));
        let groups = groups.buffered(GROUPS_AT_ONCE).collect().await;
        return OffsetFetchResponse { groups, ..OffsetFetchResponse::default() };
    }
    let asked = Asked {
        group_id: body.group_id.to_string(),
        topics: body.topics.as_ref().map(|topics| {
            let topics = topics.iter().map(|topic| {
                let named = (&*topic.name, Uuid::ZERO);
                Wanted::new(&mut repeats, &body.group_id, named, &topic.partition_indexes)
            });
            topics.collect()
        }),
        require_stable: body.require_stable,
    };
    let group = fetch(core, version, asked).await;
    if group.error_code != 0 && version >= 2 {
        return OffsetFetchResponse { error_code: group.error_code, ..OffsetFetchResponse::default() };
    }
    let topics = match (group.error_code, &body.topics) {
        (0, _) | (_, None) => group.topics.into_iter().map(of_one_group).collect(),
        // Version 1 has a place for it at the partitions alone.
        (code, Some(topics)) => topics
            .iter()
            .map(|topic| OffsetFetchResponseTopic {
                name: Cow::Owned(topic.name.to_string()),
                partitions: topic.partition_indexes.iter().map(|index| failed(*index, code)).collect(),
            })
            .collect(),
    };
    OffsetFetchResponse { topics, ..OffsetFetchResponse::default() }
}

fn failed(partition_index: i32, error_code: i16) -> OffsetFetchResponsePartition<'static> {
    OffsetFetchResponsePartition {
        partition_index,
        committed_offset: -1,
        error_code,
        ..OffsetFetchResponsePartition::default()
    }
}

fn of_one_group(topic: OffsetFetchResponseTopics<'static>) -> OffsetFetchResponseTopic<'static> {
    let partitions = topic.partitions.into_iter().map(|partition| OffsetFetchResponsePartition {
        partition_index: partition.partition_index,
        committed_offset: partition.committed_offset,
        committed_leader_epoch: partition.committed_leader_epoch,
        metadata: partition.metadata,
        error_code: partition.error_code,
    });
    OffsetFetchResponseTopic { name: topic.name, partitions: partitions.collect() }
}

async fn fetch(core: &Rc<Core>, version: i16, asked: Asked) -> OffsetFetchResponseGroup<'static> {
    let Asked { group_id, topics, require_stable } = asked;
    let id = group_id.clone();
    let fetched = groups::ask(core, &group_id, move |core, coordinator| async move {
        let image = core.image();
        let nothing = Offsets::default();
        let fetched = coordinator.look(|shard| {
            let offsets = shard.offsets(&id).unwrap_or(&nothing);
            let mut fetched: Vec<_> = match topics {
                Some(topics) => topics.iter().map(|topic| one(&image, version, offsets, topic)).collect(),
                None => all(&image, version, offsets),
            };
            if require_stable {
                fetched.iter_mut().for_each(|topic| refuse_unstable(&image, offsets, topic));
            }
            fetched
        });
        drop(image);
        coordinator.durable().await?;
        Ok::<Vec<_>, _>(fetched)
    });
    let (topics, code) = match fetched.await {
        Ok(topics) => (topics, ErrorCode::NONE),
        Err(code) => (Vec::new(), code),
    };
    OffsetFetchResponseGroup { group_id: Cow::Owned(group_id), topics, error_code: code.0 }
}

fn one(
    image: &Image,
    version: i16,
    offsets: &Offsets,
    wanted: &Wanted,
) -> OffsetFetchResponseTopics<'static> {
    if version < 10 {
        return offsets.fetch(&wanted.name, &wanted.partitions);
    }
    match image.topic(wanted.topic_id) {
        Some(topic) => {
            let fetched = offsets.fetch(&topic.name, &wanted.partitions);
            OffsetFetchResponseTopics { topic_id: wanted.topic_id, ..fetched }
        }
        None => OffsetFetchResponseTopics {
            topic_id: wanted.topic_id,
            partitions: wanted.partitions.iter().map(|index| unknown(*index)).collect(),
            ..OffsetFetchResponseTopics::default()
        },
    }
}

/// Partitions whose offset an open transaction may change are to be asked for again.
fn refuse_unstable(image: &Image, offsets: &Offsets, topic: &mut OffsetFetchResponseTopics<'static>) {
    // From version 10 on it is named by its id alone.
    let by_id = image.topic(topic.topic_id).map(|found| &*found.name);
    let name = by_id.unwrap_or(&topic.name);
    for partition in &mut topic.partitions {
        if partition.error_code == 0 && offsets.is_unstable(name, partition.partition_index) {
            *partition = OffsetFetchResponsePartitions {
                partition_index: partition.partition_index,
                committed_offset: -1,
                metadata: Some(Cow::Borrowed("")),
                error_code: ErrorCode::UNSTABLE_OFFSET_COMMIT.0,
                ..OffsetFetchResponsePartitions::default()
            };
        }
    }
}

fn unknown(partition_index: i32) -> OffsetFetchResponsePartitions<'static> {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: -1,
        error_code: ErrorCode::UNKNOWN_TOPIC_ID.0,
        ..OffsetFetchResponsePartitions::default()
    }
}

/// Everything; by ids, what has one.
fn all(image: &Image, version: i16, offsets: &Offsets) -> Vec<OffsetFetchResponseTopics<'static>> {
    let mut topics = offsets.fetch_all();
    if version >= 10 {
        topics.retain_mut(|topic| match image.topic_by_name(&topic.name) {
            Some(found) => {
                topic.topic_id = found.id;
                true
            }
            None => false,
        });
    }
    topics
}
