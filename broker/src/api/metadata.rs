//! Metadata (key 3), v0-13.
//!
//! v1: null asks for all topics, none for none. v4: allow_auto_topic_creation; a topic that
//! is created is in the same answer, where Kafka lets the client ask again. v8: authorized operations (without an
//! authorizer: all of them). v10: topic ids; v12: asked for by id. v13: a top-level error code.

use super::Context;
use super::auto_creation::create_missing;
use super::operations::{CLUSTER_OPERATIONS, NOT_ASKED, TOPIC_OPERATIONS};
use crate::core::Core;
use ottla_metadata::decide::topic_name;
use ottla_metadata::{Broker, Image, Partition, Topic, Uuid};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::MetadataRequest;
use ottla_protocol::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: MetadataRequest<'_>,
) -> MetadataResponse<'static> {
    if let Some(refused) = refusal(context.version, &request) {
        return refused;
    }
    let with_operations = request.include_topic_authorized_operations;
    let wants_all = match &request.topics {
        None => true,
        Some(topics) => context.version == 0 && topics.is_empty(),
    };
    let topics = if wants_all {
        let image = core.image();
        image.topics().map(|topic| describe(&image, topic, with_operations)).collect()
    } else {
        let mut named = Vec::new();
        let mut seen = BTreeSet::new();
        for topic in request.topics.unwrap_or_default() {
            let key = (topic.topic_id, topic.name.as_deref().map(str::to_owned));
            if seen.insert(key.clone()) {
                named.push(key);
            }
        }
        // Versions below 4 cannot say that they would rather not.
        let may_create =
            core.config.topics.auto_create && (context.version < 4 || request.allow_auto_topic_creation);
        if may_create {
            let by_name = named.iter().filter(|(id, _)| id.is_zero());
            create_missing(core, by_name.filter_map(|(_, name)| name.as_deref())).await;
        }
        let image = core.image();
        named
            .into_iter()
            .map(|(id, name)| match (name, id) {
                (_, id) if !id.is_zero() => match image.topic(id) {
                    Some(topic) => describe(&image, topic, with_operations),
                    None => refused(None, id, ErrorCode::UNKNOWN_TOPIC_ID, false),
                },
                (Some(name), _) => by_name(&image, name, with_operations),
                (None, _) => refused(None, Uuid::ZERO, ErrorCode::UNKNOWN_TOPIC_ID, false),
            })
            .collect()
    };
    let image = core.image();
    MetadataResponse {
        brokers: image
            .brokers()
            .filter(|broker| !broker.fenced)
            .filter_map(|broker| endpoint(core, context, broker))
            .map(|(broker, host, port)| MetadataResponseBroker {
                node_id: broker.id,
                host: Cow::Owned(host),
                port,
                rack: broker.rack.clone().map(Cow::Owned),
            })
            .collect(),
        cluster_id: Some(Cow::Owned(image.cluster_id().to_owned())),
        controller_id: core.node_id(),
        topics,
        cluster_authorized_operations: if request.include_cluster_authorized_operations {
            CLUSTER_OPERATIONS
        } else {
            NOT_ASKED
        },
        ..MetadataResponse::default()
    }
}

/// Versions 10 and 11 have a place for an id, but cannot be asked by it: KAFKA-10774.
fn refusal(version: i16, request: &MetadataRequest<'_>) -> Option<MetadataResponse<'static>> {
    let topics = request.topics.as_deref().unwrap_or_default();
    if version >= 12 || topics.iter().all(|topic| topic.topic_id.is_zero() && topic.name.is_some()) {
        return None;
    }
    let refused = topics.iter().map(|topic| {
        let name = topic.name.clone().unwrap_or_default().into_owned();
        MetadataResponseTopic {
            is_internal: false,
            ..refused(Some(name), topic.topic_id, ErrorCode::INVALID_REQUEST, false)
        }
    });
    Some(MetadataResponse { topics: refused.collect(), ..MetadataResponse::default() })
}

/// Where clients of the request's listener reach a broker.
pub(crate) fn endpoint<'a>(
    core: &Core,
    context: &Context,
    broker: &'a Arc<Broker>,
) -> Option<(&'a Arc<Broker>, String, i32)> {
    let listener = core.config.network.listeners.get(context.listener)?;
    let endpoint = broker.endpoint(&listener.name)?;
    Some((broker, endpoint.host.clone(), i32::from(endpoint.port)))
}

fn by_name(image: &Image, name: String, with_operations: bool) -> MetadataResponseTopic<'static> {
    match image.topic_by_name(&name) {
        Some(topic) => describe(image, topic, with_operations),
        None => {
            let code = match topic_name::validate(&name) {
                Ok(()) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                Err(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
            };
            refused(Some(name), Uuid::ZERO, code, with_operations)
        }
    }
}

fn refused(
    name: Option<String>,
    topic_id: Uuid,
    code: ErrorCode,
    with_operations: bool,
) -> MetadataResponseTopic<'static> {
    MetadataResponseTopic {
        error_code: code.0,
        is_internal: name.as_deref().is_some_and(ottla_metadata::image::is_internal_topic),
        name: name.map(Cow::Owned),
        topic_id,
        topic_authorized_operations: if with_operations { TOPIC_OPERATIONS } else { NOT_ASKED },
        ..MetadataResponseTopic::default()
    }
}

fn describe(image: &Image, topic: &Topic, with_operations: bool) -> MetadataResponseTopic<'static> {
    let is_up = |id: &i32| image.broker(*id).is_some_and(|broker| !broker.fenced);
    let partitions = (0..).zip(topic.partitions()).map(|(index, partition)| MetadataResponsePartition {
        error_code: if is_up(&partition.leader) { 0 } else { ErrorCode::LEADER_NOT_AVAILABLE.0 },
        partition_index: index,
        leader_id: if is_up(&partition.leader) { partition.leader } else { -1 },
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.clone(),
        isr_nodes: partition.isr.clone(),
        offline_replicas: offline_replicas(image, partition),
    });
    MetadataResponseTopic {
        error_code: 0,
        name: Some(Cow::Owned(topic.name.to_string())),
        topic_id: topic.id,
        is_internal: topic.is_internal(),
        partitions: partitions.collect(),
        topic_authorized_operations: if with_operations { TOPIC_OPERATIONS } else { NOT_ASKED },
    }
}

/// Replicas whose broker, or whose data directory, is offline.
pub(super) fn offline_replicas(image: &Image, partition: &Partition) -> Vec<i32> {
    let all = partition.replicas.iter().copied();
    all.filter(|id| !image.is_replica_online(partition, *id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestBroker;
    use ottla_protocol::ApiKey;
    use ottla_protocol::messages::metadata_request::MetadataRequestTopic;

    fn asked(topic_id: Uuid, name: Option<&'static str>) -> MetadataRequest<'static> {
        let topic = MetadataRequestTopic { topic_id, name: name.map(Cow::Borrowed) };
        MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() }
    }

    /// Whether an answer could be written was once found out by the client, whose connection was closed.
    #[test]
    fn versions_10_and_11_refuse_ids_in_a_form_that_they_can_write() {
        let broker = TestBroker::start(&[]);
        let id = Uuid([7; 16]);
        for version in [10, 11] {
            for (id, name) in [(id, Some("a")), (id, None), (Uuid::ZERO, None)] {
                let answer = broker.ask(ApiKey::Metadata, version, &asked(id, name));
                let response: MetadataResponse<'_> = answer.decode();
                let topic = response.topics.first().expect("one was asked for");
                assert_eq!(topic.error_code, ErrorCode::INVALID_REQUEST.0, "version {version}");
                assert_eq!((topic.topic_id, topic.name.as_deref()), (id, name.or(Some(""))));
            }
        }
        let answer = broker.ask(ApiKey::Metadata, 12, &asked(id, None));
        let response: MetadataResponse<'_> = answer.decode();
        let topic = response.topics.first().expect("one was asked for");
        assert_eq!((topic.error_code, &topic.name), (ErrorCode::UNKNOWN_TOPIC_ID.0, &None));
    }

    #[test]
    fn a_topic_is_created_on_first_use_where_broker_and_request_allow_it() {
        let broker = TestBroker::start(&[("num.partitions", "3"), ("offsets.topic.num.partitions", "2")]);
        let partitions = |name: &'static str, allow: bool| {
            let mut request = asked(Uuid::ZERO, Some(name));
            request.allow_auto_topic_creation = allow;
            let answer = broker.ask(ApiKey::Metadata, 13, &request);
            let response: MetadataResponse<'_> = answer.decode();
            let topic = response.topics.first().expect("one was asked for").clone();
            (topic.error_code, topic.partitions.len(), topic.is_internal)
        };
        assert_eq!(partitions("mine", false), (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0, 0, false));
        assert_eq!(partitions("mine", true), (0, 3, false));
        assert_eq!(partitions("__consumer_offsets", true), (0, 2, true));
        assert_eq!(partitions("no such", true), (ErrorCode::INVALID_TOPIC_EXCEPTION.0, 0, false));
        let broker = TestBroker::start(&[("auto.create.topics.enable", "false")]);
        let answer = broker.ask(ApiKey::Metadata, 3, &asked(Uuid::ZERO, Some("mine")));
        let response: MetadataResponse<'_> = answer.decode();
        assert_eq!(
            response.topics.first().map(|t| t.error_code),
            Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0)
        );
    }
}
