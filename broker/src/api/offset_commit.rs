//! OffsetCommit (key 8), v2-10.
//!
//! v2-4: retention_time_ms. v6: leader epochs. v7: static members. v10: topic ids.
//! The answer comes when the offsets are durable.

use super::{Forwarded, Request};
use crate::core::Core;
use crate::groups;
use ottla_coordinator::offsets::Commit;
use ottla_coordinator::requests::Committer;
use ottla_metadata::{Image, Topic};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::offset_commit_request::OffsetCommitRequestTopic;
use ottla_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use ottla_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};
use std::borrow::Cow;
use std::rc::Rc;

/// Codes of the partitions of one topic.
type Codes = Vec<ErrorCode>;

pub(crate) async fn handle(
    core: &Rc<Core>,
    request: &Request,
    body: OffsetCommitRequest<'_>,
) -> OffsetCommitResponse<'static> {
    let version = request.context.version;
    // What cannot be committed whatever the group says is not asked for.
    let nothing_known = {
        let image = core.image();
        body.topics
            .iter()
            .all(|topic| refused(&image, version, topic).iter().all(|code| *code != ErrorCode::NONE))
    };
    let committed = if nothing_known {
        let image = core.image();
        Ok(body.topics.iter().map(|topic| refused(&image, version, topic)).collect())
    } else {
        let forwarded = request.forward();
        let asked = groups::ask(core, &body.group_id, move |core, coordinator| async move {
            // Nothing that is borrowed here lives on while the disk is waited for.
            let codes = commit(&core, &coordinator, &forwarded)?;
            coordinator.durable().await?;
            Ok(codes)
        });
        asked.await
    };
    let topics = body.topics.iter().enumerate().map(|(at, topic)| {
        let partitions = topic.partitions.iter().enumerate().map(|(index, partition)| {
            let code = match &committed {
                Ok(codes) => codes.get(at).and_then(|codes| codes.get(index)).copied(),
                Err(code) => Some(*code),
            };
            OffsetCommitResponsePartition {
                partition_index: partition.partition_index,
                error_code: code.unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR).0,
            }
        });
        OffsetCommitResponseTopic {
            name: Cow::Owned(topic.name.clone().into_owned()),
            topic_id: topic.topic_id,
            partitions: partitions.collect(),
        }
    });
    OffsetCommitResponse { topics: topics.collect(), ..OffsetCommitResponse::default() }
}

/// Commits what can be, and gives the codes of all. Runs where the group is coordinated.
fn commit(
    core: &Rc<Core>,
    coordinator: &Rc<groups::Coordinator>,
    forwarded: &Forwarded,
) -> Result<Vec<Codes>, ErrorCode> {
    let (body, _memory): (OffsetCommitRequest<'_>, _) = forwarded.decode(core)?;
    let image = core.image();
    let (commits, places) = commits(&image, forwarded.version(), &body);
    let committer = Committer {
        group_id: &body.group_id,
        member_id: &body.member_id,
        instance_id: body.group_instance_id.as_deref(),
        generation: body.generation_id_or_member_epoch,
        version: forwarded.version(),
    };
    let done = coordinator.turn(core, |shard, turn, out| shard.commit(turn, committer, &commits, out))?;
    let mut codes: Vec<Codes> =
        body.topics.iter().map(|topic| refused(&image, forwarded.version(), topic)).collect();
    let mut place = |(topic, index): (usize, usize), code: ErrorCode| {
        if let Some(slot) = codes.get_mut(topic).and_then(|codes| codes.get_mut(index)) {
            *slot = code;
        }
    };
    match done {
        Ok(done) => places.into_iter().zip(done).for_each(|(at, code)| place(at, code)),
        Err(code) => places.into_iter().for_each(|at| place(at, code)),
    }
    Ok(codes)
}

fn find<'i>(
    image: &'i Image,
    version: i16,
    topic: &OffsetCommitRequestTopic<'_>,
) -> Result<&'i Topic, ErrorCode> {
    if version >= 10 {
        image.topic(topic.topic_id).map(|found| &**found).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
    } else {
        let found = image.topic_by_name(&topic.name);
        found.map(|found| &**found).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }
}

/// What the image says of the topic's partitions.
fn refused(image: &Image, version: i16, topic: &OffsetCommitRequestTopic<'_>) -> Codes {
    let found = find(image, version, topic);
    let code = |index: i32| match found {
        Ok(found) if found.partition(index).is_some() => ErrorCode::NONE,
        Ok(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Err(code) => code,
    };
    topic.partitions.iter().map(|partition| code(partition.partition_index)).collect()
}

/// What the group is asked to commit, and where each stands in the request.
fn commits<'b>(
    image: &'b Image,
    version: i16,
    body: &'b OffsetCommitRequest<'_>,
) -> (Vec<Commit<'b>>, Vec<(usize, usize)>) {
    let (mut commits, mut places) = (Vec::new(), Vec::new());
    for (at, topic) in body.topics.iter().enumerate() {
        let Ok(found) = find(image, version, topic) else { continue };
        for (index, partition) in topic.partitions.iter().enumerate() {
            if found.partition(partition.partition_index).is_none() {
                continue;
            }
            commits.push(Commit {
                topic: &found.name,
                partition: partition.partition_index,
                offset: partition.committed_offset,
                leader_epoch: partition.committed_leader_epoch,
                metadata: partition.committed_metadata.as_deref().unwrap_or_default(),
                retention_ms: body.retention_time_ms,
            });
            places.push((at, index));
        }
    }
    (commits, places)
}
