//! DescribeConfigs (key 32), v1–4.
//!
//! v1: synonyms. v3: types and documentation. A resource's faults are its own.
//! There are no loggers in Kafka's sense (BROKER_LOGGER): a broker that is asked for its own has none.

use super::repeats::Repeats;
use super::{Context, code_of};
use crate::config::describe::{self, Entry};
use crate::core::Core;
use ottla_metadata::decide::Error;
use ottla_metadata::{ConfigResource, Image, ResourceType};
use ottla_protocol::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use ottla_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use std::borrow::Cow;
use std::rc::Rc;

/// Kafka's number of the resource that nothing is kept for here.
pub(super) const BROKER_LOGGER: i8 = 8;

/// What Kafka says of a request that it cannot make sense of.
const MALFORMED: &str = "This most likely occurs because of a request being malformed by the client library or the \
                         message was sent to an incompatible broker. See the broker logs for more details.";

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: DescribeConfigsRequest<'_>,
) -> DescribeConfigsResponse<'static> {
    let image = core.image();
    let DescribeConfigsRequest { include_synonyms, include_documentation, .. } = request;
    let mut repeats = Repeats::new();
    let results = request.resources.iter().map(|resource| {
        let entries = if repeats.allow((resource.resource_type, &resource.resource_name)) {
            entries(core, &image, resource)
        } else {
            Err(Error::InvalidRequest("The request asks for the same resource too often.".to_owned()))
        };
        let (error, entries) = match entries {
            Ok(entries) => (None, entries),
            Err(error) => (Some(error), Vec::new()),
        };
        let shown = |entry| result(entry, include_synonyms, include_documentation);
        DescribeConfigsResult {
            error_code: error.as_ref().map_or(0, code_of),
            error_message: Some(Cow::Owned(error.map(|error| error.to_string()).unwrap_or_default())),
            resource_type: resource.resource_type,
            resource_name: Cow::Owned(resource.resource_name.to_string()),
            configs: entries.into_iter().map(shown).collect(),
        }
    });
    DescribeConfigsResponse { throttle_time_ms: 0, results: results.collect() }
}

fn entries(core: &Core, image: &Image, resource: &DescribeConfigsResource<'_>) -> Result<Vec<Entry>, Error> {
    let Some(kind) = ResourceType::from_code(resource.resource_type) else {
        return match resource.resource_type {
            BROKER_LOGGER => loggers(core, &resource.resource_name),
            _ => Err(Error::InvalidRequest(MALFORMED.to_owned())),
        };
    };
    let keys = resource.configuration_keys.as_ref();
    let keys: Option<Vec<&str>> = keys.map(|keys| keys.iter().map(|key| &**key).collect());
    let resource = ConfigResource { kind, name: (&*resource.resource_name).into() };
    describe::describe(&core.config, image, &resource, keys.as_deref())
}

fn loggers(core: &Core, name: &str) -> Result<Vec<Entry>, Error> {
    let own = core.node_id();
    match name.parse::<i32>() {
        Ok(id) if id == own => Ok(Vec::new()),
        Ok(id) => {
            Err(Error::InvalidRequest(format!("Unexpected broker id, expected {own} but received {id}")))
        }
        Err(_) if name.is_empty() => Err(Error::InvalidRequest("Broker id must not be empty".to_owned())),
        Err(_) => Err(Error::InvalidRequest(format!("Broker id must be an integer, but it is: {name}"))),
    }
}

fn result(entry: Entry, synonyms: bool, documentation: bool) -> DescribeConfigsResourceResult<'static> {
    let synonyms = entry.synonyms.into_iter().filter(|_| synonyms).map(|synonym| DescribeConfigsSynonym {
        name: Cow::Owned(synonym.name),
        value: synonym.value.map(Cow::Owned),
        source: synonym.source as i8,
    });
    DescribeConfigsResourceResult {
        name: Cow::Owned(entry.name),
        value: entry.value.map(Cow::Owned),
        read_only: entry.read_only,
        config_source: entry.source as i8,
        is_sensitive: entry.sensitive,
        synonyms: synonyms.collect(),
        config_type: entry.kind,
        documentation: Some(entry.documentation)
            .filter(|text| documentation && !text.is_empty())
            .map(Cow::Borrowed),
    }
}
