//! ListConfigResources (key 74), v0–1: what settings can belong to.
//!
//! v0: subscriptions of client metrics alone. v1: the kinds that are named, or all; brokers stand for their loggers
//! too, as in Kafka, although there are no loggers in its sense (KIP-1142).

use super::Context;
use super::describe_configs::BROKER_LOGGER;
use crate::core::Core;
use ottla_metadata::{Image, ResourceType};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::list_config_resources_request::ListConfigResourcesRequest;
use ottla_protocol::messages::list_config_resources_response::{ConfigResource, ListConfigResourcesResponse};
use std::borrow::Cow;
use std::rc::Rc;

/// In the order in which Kafka answers.
const KINDS: [i8; 5] = [
    ResourceType::Group as i8,
    ResourceType::ClientMetrics as i8,
    BROKER_LOGGER,
    ResourceType::Broker as i8,
    ResourceType::Topic as i8,
];

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: ListConfigResourcesRequest,
) -> ListConfigResourcesResponse<'static> {
    let wanted = match request.resource_types {
        _ if context.version == 0 => vec![ResourceType::ClientMetrics as i8],
        kinds if kinds.is_empty() => KINDS.to_vec(),
        kinds => kinds,
    };
    if wanted.iter().any(|kind| !KINDS.contains(kind)) {
        let error_code = ErrorCode::UNSUPPORTED_VERSION.0;
        return ListConfigResourcesResponse { error_code, ..ListConfigResourcesResponse::default() };
    }
    let image = core.image();
    let resources = KINDS.into_iter().filter(|kind| wanted.contains(kind)).flat_map(|kind| {
        names(&image, kind)
            .into_iter()
            .map(move |name| ConfigResource { resource_name: Cow::Owned(name), resource_type: kind })
    });
    ListConfigResourcesResponse { config_resources: resources.collect(), ..Default::default() }
}

fn names(image: &Image, kind: i8) -> Vec<String> {
    match ResourceType::from_code(kind) {
        Some(ResourceType::Topic) => image.topics().map(|topic| topic.name.to_string()).collect(),
        None | Some(ResourceType::Broker) => image.brokers().map(|broker| broker.id.to_string()).collect(),
        // They exist by what is set on them.
        Some(kind @ (ResourceType::Group | ResourceType::ClientMetrics)) => {
            let set = image.config_resources().filter(|resource| resource.kind == kind);
            set.map(|resource| resource.name.to_string()).collect()
        }
    }
}
