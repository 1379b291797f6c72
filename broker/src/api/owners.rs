//! One request about many partitions: one call to each core that owns some, all at the same time.

use crate::core::Core;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use ottla_io::ShardId;
use ottla_metadata::{Image, Uuid};
use ottla_protocol::ErrorCode;
use ottla_shard::Partition;
use std::rc::Rc;

/// Partitions of one request that a core works on at a time: enough to keep a disk busy, while what each holds in
/// memory stays small together.
const AT_ONCE: usize = 8;

/// A partition that the image has, and what is asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<A> {
    pub(crate) topic_id: Uuid,
    pub(crate) index: i32,
    pub(crate) what: A,
}

/// The topic's id, if it has the partition.
/// # Errors
/// UNKNOWN_TOPIC_OR_PARTITION.
pub(crate) fn find(image: &Image, topic: &str, index: i32) -> Result<Uuid, ErrorCode> {
    let topic = image.topic_by_name(topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    topic.partition(index).map(|_| topic.id).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
}

/// Runs `work` with each partition that was found, on the core that owns it; the results are in the order of `asked`.
/// Several partitions of a core are worked on at a time. An owner that is gone gives UNKNOWN_SERVER_ERROR.
pub(crate) async fn ask<A, R, F, Fut>(
    core: &Rc<Core>,
    asked: Vec<Result<Asked<A>, ErrorCode>>,
    work: F,
) -> Vec<Result<R, ErrorCode>>
where
    A: Send + 'static,
    R: Send + 'static,
    F: Fn(Rc<Partition>, A) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<R, ErrorCode>> + 'static,
{
    let mut results = Vec::with_capacity(asked.len());
    // Each with its place in `asked`.
    type Share<A> = Vec<(usize, Asked<A>)>;
    let mut owners: Vec<(ShardId, Share<A>)> = Vec::new();
    for (place, asked) in asked.into_iter().enumerate() {
        match asked {
            Ok(asked) => {
                results.push(Err(ErrorCode::UNKNOWN_SERVER_ERROR));
                let owner = core.owner(asked.topic_id, asked.index);
                match owners.iter_mut().find(|(other, _)| *other == owner) {
                    Some((_, places)) => places.push((place, asked)),
                    None => owners.push((owner, vec![(place, asked)])),
                }
            }
            Err(code) => results.push(Err(code)),
        }
    }
    let calls = owners.into_iter().map(|(owner, places)| {
        let work = work.clone();
        core.call(owner, move |core| async move {
            let works = stream::iter(places).map(|(place, Asked { topic_id, index, what })| {
                let partition = core.partitions.get(topic_id, index);
                let work = work.clone();
                async move {
                    let result = match partition {
                        Ok(partition) => work(partition, what).await,
                        Err(code) => Err(code),
                    };
                    (place, result)
                }
            });
            works.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await
        })
    });
    for (place, result) in join_all(calls).await.into_iter().flatten().flatten() {
        if let Some(slot) = results.get_mut(place) {
            *slot = result;
        }
    }
    results
}
