//! IncrementalAlterConfigs (key 44), v0–1 (KIP-339).
//!
//! Every resource is taken or refused by itself, and those that are taken are committed together. One that is named
//! twice is refused each time.
//! There are no loggers in Kafka's sense (BROKER_LOGGER): none can be set.

use super::describe_configs::BROKER_LOGGER;
use super::error::ToCode;
use super::{Context, code_of};
use crate::core::Core;
use ottla_metadata::decide::configs::{self, ConfigChange, Op};
use ottla_metadata::decide::{Decision, Error};
use ottla_metadata::{ConfigResource, Image, Record, ResourceType};
use ottla_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, IncrementalAlterConfigsRequest,
};
use ottla_protocol::messages::incremental_alter_configs_response::{
    AlterConfigsResourceResponse, IncrementalAlterConfigsResponse,
};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    _: &Context,
    request: IncrementalAlterConfigsRequest<'_>,
) -> IncrementalAlterConfigsResponse<'static> {
    let keys = request.resources.iter().map(|r| (r.resource_type, &*r.resource_name)).collect::<Vec<_>>();
    let changes = request.resources.iter().zip(once_each(&keys)).map(|(resource, once)| {
        once?;
        let kind = kind(core, resource)?;
        Ok(Change {
            resource: ConfigResource { kind, name: (&*resource.resource_name).into() },
            to: to(kind, resource)?,
        })
    });
    let results = decide(core, changes.collect(), request.validate_only).await;
    let responses =
        request.resources.iter().zip(results).map(|(resource, result)| AlterConfigsResourceResponse {
            error_code: result.code,
            error_message: result.message.map(Cow::Owned),
            resource_type: resource.resource_type,
            resource_name: Cow::Owned(resource.resource_name.to_string()),
        });
    IncrementalAlterConfigsResponse { throttle_time_ms: 0, responses: responses.collect() }
}

/// What is to become of a resource's settings.
pub(super) struct Change {
    pub(super) resource: ConfigResource,
    pub(super) to: To,
}

pub(super) enum To {
    /// Some are changed, the others stay.
    Changed(Vec<ConfigChange>),
    /// These are all.
    Replaced(Vec<(String, Option<String>)>),
}

/// How it went with one resource.
pub(super) struct Outcome {
    pub(super) code: i16,
    pub(super) message: Option<String>,
}

impl Outcome {
    fn refused(error: &Error) -> Outcome {
        Outcome { code: code_of(error), message: error.message() }
    }
}

/// Carries out every change that is `Ok` and can be, in one commit; an outcome for each, in order.
pub(super) async fn decide(
    core: &Rc<Core>,
    changes: Vec<Result<Change, Error>>,
    validate_only: bool,
) -> Vec<Outcome> {
    let config = core.config.clone();
    let node_id = core.node_id();
    let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(changes.len());
    let mut wanted = Vec::new();
    for change in changes {
        match change {
            Ok(change) => {
                outcomes.push(None);
                wanted.push(change);
            }
            Err(error) => outcomes.push(Some(Outcome::refused(&error))),
        }
    }
    let asked = wanted.len();
    let decided = match wanted.is_empty() {
        true => Ok(Vec::new()),
        false => {
            let decision = move |image: &std::sync::Arc<Image>, _: &mut _| {
                let mut records = Vec::new();
                let mut reply = Vec::new();
                for change in &wanted {
                    let result = records_of(&config, image, change, node_id);
                    reply.push(result.map(|more| records.extend(more)));
                }
                if validate_only {
                    records.clear();
                }
                Decision { records, reply }
            };
            core.decide(decision).await
        }
    };
    let mut decided: std::vec::IntoIter<Outcome> = match decided {
        Ok(results) => {
            let outcome = |result: Result<(), Error>| match result {
                Ok(()) => Outcome { code: 0, message: None },
                Err(error) => Outcome::refused(&error),
            };
            results.into_iter().map(outcome).collect::<Vec<_>>()
        }
        Err(error) => {
            let outcome = || Outcome { code: error.code().0, message: Some(error.to_string()) };
            (0..asked).map(|_| outcome()).collect()
        }
    }
    .into_iter();
    let none_left = || Outcome { code: -1, message: None };
    outcomes.into_iter().map(|outcome| outcome.or_else(|| decided.next()).unwrap_or_else(none_left)).collect()
}

fn records_of(
    config: &crate::config::BrokerConfig,
    image: &Image,
    change: &Change,
    node_id: i32,
) -> Result<Vec<Record>, Error> {
    configs::check_resource(image, &change.resource, node_id)?;
    match &change.to {
        To::Changed(changes) => configs::incremental_alter(image, &change.resource, changes, config),
        To::Replaced(all) => configs::legacy_alter(image, &change.resource, all, config),
    }
}

/// An error for each that is there more than once.
pub(super) fn once_each<'a>(keys: &'a [(i8, &'a str)]) -> impl Iterator<Item = Result<(), Error>> + 'a {
    let mut counts = std::collections::HashMap::new();
    for key in keys {
        *counts.entry(*key).or_insert(0_usize) += 1;
    }
    keys.iter().map(move |key| match counts.get(key) {
        Some(1) => Ok(()),
        _ => Err(Error::InvalidRequest("Each resource must appear at most once.".to_owned())),
    })
}

pub(super) fn unknown_kind(code: i8) -> Error {
    Error::InvalidRequest(format!("Unknown resource type {code}"))
}

/// What the resource is; what is said of its settings comes before that it is of no kind.
fn kind(core: &Core, resource: &AlterConfigsResource<'_>) -> Result<ResourceType, Error> {
    let without_value =
        resource.configs.iter().filter(|c| c.value.is_none() && c.config_operation != Op::Delete as i8);
    let without_value: Vec<&str> = without_value.map(|c| &*c.name).collect();
    match ResourceType::from_code(resource.resource_type) {
        Some(kind) => Ok(kind),
        None if !without_value.is_empty() => {
            Err(Error::InvalidRequest(format!("Null value not supported for : {}", without_value.join(", "))))
        }
        None if resource.resource_type == BROKER_LOGGER => Err(no_logger(core, resource)),
        None => Err(unknown_kind(resource.resource_type)),
    }
}

fn no_logger(core: &Core, resource: &AlterConfigsResource<'_>) -> Error {
    let (own, name) = (core.node_id(), &resource.resource_name);
    match name.parse::<i32>() {
        Ok(id) if id == own => {}
        Ok(id) => {
            return Error::InvalidRequest(format!("Unexpected node id. Expected {own}, but received {id}"));
        }
        Err(_) => return Error::InvalidRequest(format!("Node id must be an integer, but it is: {name}")),
    }
    let logger = resource.configs.first().map(|config| config.name.to_string()).unwrap_or_default();
    Error::InvalidConfig(format!("Logger {logger} does not exist!"))
}

fn to(kind: ResourceType, resource: &AlterConfigsResource<'_>) -> Result<To, Error> {
    let changes = resource.configs.iter().map(|config| {
        let op = Op::from_code(config.config_operation).ok_or_else(|| match kind {
            ResourceType::Broker => {
                Error::InvalidRequest(format!("Unknown operations type {}", config.config_operation))
            }
            // Kafka's controller falls over it, and tells no more than that.
            _ => Error::UnknownServer(String::new()),
        })?;
        let value = config.value.as_ref().map(|value| value.to_string());
        Ok(ConfigChange { name: config.name.to_string(), op, value })
    });
    Ok(To::Changed(changes.collect::<Result<_, Error>>()?))
}
