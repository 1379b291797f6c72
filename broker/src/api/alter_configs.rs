//! AlterConfigs (key 33), v0–2: the settings that are named become all that are set. Deprecated for
//! IncrementalAlterConfigs, and still what older tools send.
//!
//! A resource that is named twice is refused each time; Kafka leaves such a request without an answer.

use super::Context;
use super::incremental_alter_configs::{self as incremental, Change, To};
use crate::core::Core;
use ottla_metadata::{ConfigResource, ResourceType};
use ottla_protocol::messages::alter_configs_request::AlterConfigsRequest;
use ottla_protocol::messages::alter_configs_response::{AlterConfigsResourceResponse, AlterConfigsResponse};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: AlterConfigsRequest<'_>,
) -> AlterConfigsResponse<'static> {
    let keys = request.resources.iter().map(|r| (r.resource_type, &*r.resource_name)).collect::<Vec<_>>();
    let changes = request.resources.iter().zip(incremental::once_each(&keys)).map(|(resource, once)| {
        once?;
        let kind = ResourceType::from_code(resource.resource_type);
        let kind = kind.ok_or_else(|| incremental::unknown_kind(resource.resource_type))?;
        let all = resource.configs.iter();
        let all = all.map(|c| (c.name.to_string(), c.value.as_ref().map(|value| value.to_string())));
        Ok(Change {
            resource: ConfigResource { kind, name: (&*resource.resource_name).into() },
            to: To::Replaced(all.collect()),
        })
    });
    let results = incremental::decide(core, changes.collect(), request.validate_only).await;
    let responses =
        request.resources.iter().zip(results).map(|(resource, result)| AlterConfigsResourceResponse {
            error_code: result.code,
            error_message: result.message.map(Cow::Owned),
            resource_type: resource.resource_type,
            resource_name: Cow::Owned(resource.resource_name.to_string()),
        });
    AlterConfigsResponse { throttle_time_ms: 0, responses: responses.collect() }
}
