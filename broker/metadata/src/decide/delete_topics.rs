//! Topics that go, by name or by id.

use super::{Decision, Error};
use crate::id::Uuid;
use crate::image::Image;
use crate::record::{Record, RemoveTopicRecord};
use std::collections::BTreeSet;

/// What a client calls the topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicKey {
    Name(String),
    Id(Uuid),
}

/// One result, with the name and id as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedTopic {
    pub name: Option<String>,
    pub topic_id: Uuid,
    pub result: Result<(), Error>,
}

/// One result per topic that was asked for; what was asked for twice is refused once and kept.
pub fn delete_topics(image: &Image, keys: &[TopicKey]) -> Decision<Vec<DeletedTopic>> {
    let mut seen = BTreeSet::new();
    let duplicates: BTreeSet<&TopicKey> = keys.iter().filter(|key| !seen.insert(*key)).collect();
    // A topic that is asked for by its id and by its name is kept, and its name is refused.
    let ids: BTreeSet<Uuid> = seen.iter().map(|key| named(key).1).collect();
    let twice = |key: &TopicKey| {
        matches!(key, TopicKey::Name(_)) && find(image, key).is_some_and(|id| ids.contains(&id))
    };
    let names: BTreeSet<Uuid> =
        seen.iter().filter(|key| twice(key)).filter_map(|key| find(image, key)).collect();
    let mut records = Vec::new();
    let mut reply = Vec::with_capacity(keys.len());
    for key in keys.iter().filter(|key| !duplicates.contains(*key)) {
        let (mut name, mut topic_id) = named(key);
        let result = match find(image, key) {
            None if topic_id.is_zero() => {
                let text = "This server does not host this topic-partition.";
                Err(Error::UnknownTopicOrPartition(text.into()))
            }
            None => Err(Error::UnknownTopicId),
            Some(id) if twice(key) => {
                topic_id = id;
                let text = "The provided topic name maps to an ID that was already supplied.";
                Err(Error::InvalidRequest(text.into()))
            }
            // Its name is answered.
            Some(id) if names.contains(&id) => continue,
            Some(id) => {
                name = image.topic(id).map(|t| t.name.to_string());
                topic_id = id;
                records.push(Record::RemoveTopic(RemoveTopicRecord { topic_id: id }));
                Ok(())
            }
        };
        reply.push(DeletedTopic { name, topic_id, result });
    }
    for key in duplicates {
        let (name, topic_id) = named(key);
        let text = match key {
            TopicKey::Name(_) => "Duplicate topic name.",
            TopicKey::Id(_) => "Duplicate topic id.",
        };
        reply.push(DeletedTopic { name, topic_id, result: Err(Error::InvalidRequest(text.into())) });
    }
    Decision { records, reply }
}

fn find(image: &Image, key: &TopicKey) -> Option<Uuid> {
    match key {
        TopicKey::Name(name) => image.topic_by_name(name).map(|t| t.id),
        TopicKey::Id(id) => image.topic(*id).map(|t| t.id),
    }
}

fn named(key: &TopicKey) -> (Option<String>, Uuid) {
    match key {
        TopicKey::Name(name) => (Some(name.clone()), Uuid::ZERO),
        TopicKey::Id(id) => (None, *id),
    }
}
