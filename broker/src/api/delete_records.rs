//! DeleteRecords (key 21), v0-2: moves the log start up (KIP-107).
//!
//! The new log starts are in `log-start-offset-checkpoint` before the answer, so that no crash brings records back. The
//! files of whole segments below are renamed at once and go after `file.delete.delay.ms`; the others when their last
//! record goes. `timeout_ms` bounds how long followers are waited for, of which there are none.

use super::Context;
use super::owners::{self, Asked};
use crate::core::Core;
use ottla_metadata::image::is_internal_topic;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use ottla_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: DeleteRecordsRequest<'_>,
) -> DeleteRecordsResponse<'static> {
    // Of a partition that is named twice, Kafka takes the last.
    let mut wanted: BTreeMap<&str, BTreeMap<i32, i64>> = BTreeMap::new();
    for topic in &request.topics {
        let partitions = wanted.entry(&topic.name).or_default();
        partitions
            .extend(topic.partitions.iter().map(|partition| (partition.partition_index, partition.offset)));
    }
    let image = core.image();
    let mut topics = Vec::with_capacity(wanted.len());
    let mut asked = Vec::new();
    for (name, wanted) in wanted {
        let mut partitions = Vec::with_capacity(wanted.len());
        for (index, offset) in wanted {
            partitions.push(DeleteRecordsPartitionResult {
                partition_index: index,
                low_watermark: -1,
                ..DeleteRecordsPartitionResult::default()
            });
            asked.push(owners::find(&image, name, index).and_then(|topic_id| {
                if is_internal_topic(name) {
                    return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
                }
                Ok(Asked { topic_id, index, what: offset })
            }));
        }
        topics.push(DeleteRecordsTopicResult { name: Cow::Owned(name.to_owned()), partitions });
    }
    drop(image);
    let deleted =
        owners::ask(core, asked, |partition, offset| async move { partition.delete_records(offset).await })
            .await;
    let stored = match deleted.iter().any(Result::is_ok) {
        true => core.store_log_starts().await,
        false => Ok(()),
    };
    let places = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    for (place, deleted) in places.zip(deleted) {
        match deleted.and_then(|low_watermark| stored.map(|()| low_watermark)) {
            Ok(low_watermark) => place.low_watermark = low_watermark,
            Err(code) => place.error_code = code.0,
        }
    }
    DeleteRecordsResponse { topics, ..DeleteRecordsResponse::default() }
}
