//! An administrator who makes and deletes topics; what was acknowledged of that stays true.

use super::Shared;
use super::model::Partition;
use crate::link::Link;
use ottla_io::sleep;
use ottla_protocol::messages::*;
use ottla_protocol::{ErrorCode, Uuid};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::rc::Rc;
use std::time::Duration;

/// What is known of a topic of the administrator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It exists, with this id once that was told.
    There(Option<Uuid>),
    Gone,
    /// A request broke off: it is there or not.
    Unsure,
}

/// The topics of the load, which stay.
pub async fn make(shared: &Shared) -> Vec<Partition> {
    let mut partitions = Vec::new();
    for (topic, count) in [("one", 1), ("three", 3)] {
        let id = make_one_at_last(shared, topic, count).await;
        partitions.extend((0..count).map(|index| Partition { topic: topic.to_owned(), id, index }));
    }
    partitions
}

/// Makes a topic, however often that breaks off.
pub async fn make_one_at_last(shared: &Shared, topic: &str, count: i32) -> Uuid {
    loop {
        match make_one(shared, topic, count).await {
            Ok(id) => return id,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Makes a topic, or finds it made.
async fn make_one(shared: &Shared, topic: &str, count: i32) -> Result<Uuid> {
    let mut link = Link::open(shared.address).await?;
    match create(&mut link, topic, count).await? {
        (ErrorCode::NONE, id) => Ok(id),
        (ErrorCode::TOPIC_ALREADY_EXISTS, _) => {
            let found = list(&mut link).await?.remove(topic);
            Ok(found.unwrap_or_else(|| panic!("{topic} exists and is not listed")))
        }
        (error, _) => Err(Error::other(error.to_string())),
    }
}

async fn create(link: &mut Link, topic: &str, count: i32) -> Result<(ErrorCode, Uuid)> {
    use create_topics_request::CreatableTopic;
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: topic.to_owned().into(),
            num_partitions: count,
            replication_factor: 1,
            ..Default::default()
        }],
        timeout_ms: 30_000,
        ..Default::default()
    };
    let answer = link.call(7, &request).await?;
    let body = answer.read()?;
    let Some(result) = body.topics.first() else { panic!("no answer for {topic}") };
    Ok((ErrorCode(result.error_code), result.topic_id))
}

pub async fn delete(link: &mut Link, topic: &str) -> Result<ErrorCode> {
    use delete_topics_request::DeleteTopicState;
    let request = DeleteTopicsRequest {
        topics: vec![DeleteTopicState { name: Some(topic.to_owned().into()), ..Default::default() }],
        timeout_ms: 30_000,
        ..Default::default()
    };
    let answer = link.call(6, &request).await?;
    let body = answer.read()?;
    let Some(result) = body.responses.first() else { panic!("no answer for {topic}") };
    Ok(ErrorCode(result.error_code))
}

/// All topics with their ids.
async fn list(link: &mut Link) -> Result<BTreeMap<String, Uuid>> {
    let request = MetadataRequest { topics: None, ..Default::default() };
    let answer = link.call(12, &request).await?;
    let body = answer.read()?;
    let topics = body.topics.into_iter();
    Ok(topics.map(|topic| (topic.name.unwrap_or_default().into_owned(), topic.topic_id)).collect())
}

fn known(shared: &Shared, topic: &str) -> Known {
    shared.known.borrow().get(topic).copied().unwrap_or(Known::Gone)
}

fn know(shared: &Shared, topic: &str, now: Known) {
    shared.known.borrow_mut().insert(topic.to_owned(), now);
}

/// Makes and deletes topics until the end.
pub async fn administer(shared: Rc<Shared>) {
    let mut rng = SmallRng::seed_from_u64(shared.seed ^ 0xad);
    while !shared.ending.get() {
        let _ = work(&shared, &mut rng).await;
        sleep(Duration::from_millis(rng.random_range(1..30))).await;
    }
}

async fn work(shared: &Shared, rng: &mut SmallRng) -> Result<()> {
    let mut link = Link::open(shared.address).await?;
    while !shared.ending.get() {
        sleep(Duration::from_micros(rng.random_range(0..60_000))).await;
        let topic = format!("topic-{}", rng.random_range(0..6));
        let before = known(shared, &topic);
        match rng.random_range(0..5) {
            0..2 => {
                know(shared, &topic, if matches!(before, Known::There(_)) { before } else { Known::Unsure });
                let (error, id) = create(&mut link, &topic, rng.random_range(1..4)).await?;
                match (error, before) {
                    (ErrorCode::NONE, Known::Gone | Known::Unsure) => {
                        know(shared, &topic, Known::There(Some(id)))
                    }
                    (ErrorCode::TOPIC_ALREADY_EXISTS, Known::There(_)) => {}
                    (ErrorCode::TOPIC_ALREADY_EXISTS, Known::Unsure) => {
                        know(shared, &topic, Known::There(None))
                    }
                    (error, _) if error.is_retriable() => {}
                    (error, _) => panic!("{topic}, which is {before:?}, is not made: {error}"),
                }
            }
            2 => {
                know(shared, &topic, if before == Known::Gone { before } else { Known::Unsure });
                let error = delete(&mut link, &topic).await?;
                match (error, before) {
                    (ErrorCode::NONE, Known::There(_) | Known::Unsure) => know(shared, &topic, Known::Gone),
                    (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Known::Gone | Known::Unsure) => {
                        know(shared, &topic, Known::Gone);
                    }
                    // Before the retriable ones, of which it is one.
                    (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Known::There(_)) => {
                        panic!("{topic} is gone, and nobody deleted it");
                    }
                    (error, _) if error.is_retriable() => {}
                    (error, _) => panic!("{topic}, which is {before:?}, is not deleted: {error}"),
                }
            }
            _ => check(shared, &mut link).await?,
        }
    }
    Ok(())
}

/// The broker lists what is known, with the ids that were told.
pub async fn check(shared: &Shared, link: &mut Link) -> Result<()> {
    let listed = list(link).await?;
    let known = shared.known.borrow().clone();
    for (topic, known) in known {
        let found = listed.get(&topic);
        match known {
            Known::There(Some(id)) => assert_eq!(found, Some(&id), "{topic} was made with this id"),
            Known::There(None) => assert!(found.is_some(), "{topic} existed"),
            Known::Gone => assert_eq!(found, None, "{topic} was deleted, or never made"),
            Known::Unsure => {}
        }
    }
    Ok(())
}
