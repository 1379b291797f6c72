//! Settings of topics, brokers and the whole cluster, changed one by one (KIP-339) or replaced as a whole.

use super::{ConfigSchema, Error};
use crate::image::{ConfigResource, Image, ResourceType};
use crate::record::{ConfigRecord, Record};
use std::collections::{BTreeMap, BTreeSet};

/// Kafka's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum Op {
    Set = 0,
    Delete = 1,
    Append = 2,
    Subtract = 3,
}

impl Op {
    pub fn from_code(code: i8) -> Option<Op> {
        Some(match code {
            0 => Op::Set,
            1 => Op::Delete,
            2 => Op::Append,
            3 => Op::Subtract,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    pub name: String,
    pub op: Op,
    /// `None` only with `Delete`.
    pub value: Option<String>,
}

/// The records of some changes to one resource; none when everything is so already (a broker's are written all the
/// same, as in Kafka, since writing one again makes the broker read it again).
///
/// The resource itself must exist: [`check_resource`] says so.
/// # Errors
/// `InvalidConfig`, `InvalidRequest`; then nothing is to be changed.
pub fn incremental_alter(
    image: &Image,
    resource: &ConfigResource,
    changes: &[ConfigChange],
    schema: &dyn ConfigSchema,
) -> Result<Vec<Record>, Error> {
    check_names(changes.iter().map(|c| c.name.as_str()))?;
    let without_value = changes.iter().filter(|c| c.op != Op::Delete && c.value.is_none());
    check_values(without_value.map(|c| c.name.as_str()))?;
    let mut configs = image.configs(resource).map(|c| BTreeMap::clone(c)).unwrap_or_default();
    let mut records = Vec::new();
    for change in changes {
        let current = configs.get(&change.name).cloned();
        let value = match (change.op, &change.value) {
            (Op::Delete, _) => None,
            (Op::Set, value) => value.clone(),
            (Op::Append | Op::Subtract, value) => {
                let value = value.as_deref().unwrap_or_default();
                if !schema.is_list(resource, &change.name) {
                    if resource.kind == ResourceType::Broker {
                        return Err(not_a_brokers_list(schema, resource, change));
                    }
                    let verb = if change.op == Op::Append { "APPEND" } else { "SUBTRACT" };
                    return Err(Error::InvalidConfig(format!(
                        "Can't {verb} to key {} because its type is not LIST.",
                        change.name
                    )));
                }
                let list = current.clone().or_else(|| schema.default_value(resource, &change.name));
                Some(edit_list(list.as_deref().unwrap_or_default(), change.op, value))
            }
        };
        if value != current || resource.kind == ResourceType::Broker {
            records.push(record(resource, &change.name, value.clone()));
        }
        match value {
            Some(value) => configs.insert(change.name.clone(), value),
            None => configs.remove(&change.name),
        };
    }
    schema.validate(resource, &configs)?;
    Ok(records)
}

/// The records that make `configs` all that is set on `resource`: what is not named goes.
/// # Errors
/// As [`incremental_alter`].
pub fn legacy_alter(
    image: &Image,
    resource: &ConfigResource,
    configs: &[(String, Option<String>)],
    schema: &dyn ConfigSchema,
) -> Result<Vec<Record>, Error> {
    check_names(configs.iter().map(|(name, _)| name.as_str()))?;
    check_values(configs.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name.as_str()))?;
    let configs: BTreeMap<String, String> =
        configs.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
    let current = image.configs(resource);
    let mut records = Vec::new();
    for (name, value) in &configs {
        if current.and_then(|c| c.get(name)) != Some(value) || resource.kind == ResourceType::Broker {
            records.push(record(resource, name, Some(value.clone())));
        }
    }
    for name in current.into_iter().flat_map(|c| c.keys()).filter(|name| !configs.contains_key(*name)) {
        records.push(record(resource, name, None));
    }
    schema.validate(resource, &configs)?;
    Ok(records)
}

/// Whether settings can be kept for `resource`: its topic exists, its broker is `local_broker`, which is the one that
/// knows what it can change.
/// # Errors
/// `UnknownTopicOrPartition`, `InvalidTopic`, `InvalidRequest`.
pub fn check_resource(image: &Image, resource: &ConfigResource, local_broker: i32) -> Result<(), Error> {
    let name = &*resource.name;
    match resource.kind {
        ResourceType::Topic if name.is_empty() => {
            Err(Error::InvalidRequest("Default topic resources are not allowed.".into()))
        }
        ResourceType::Topic if image.topic_by_name(name).is_none() => {
            super::topic_name::validate(name)?;
            Err(Error::UnknownTopicOrPartition(format!("The topic '{name}' does not exist.")))
        }
        ResourceType::Group if name.is_empty() => {
            Err(Error::InvalidRequest("Default group resources are not allowed.".into()))
        }
        ResourceType::ClientMetrics if name.is_empty() => {
            Err(Error::InvalidRequest("Subscription name can't be empty".into()))
        }
        ResourceType::Broker if !name.is_empty() => match name.parse::<i32>() {
            Ok(id) if id == local_broker => Ok(()),
            Ok(id) => {
                let text = format!("Unexpected broker id, expected {local_broker}, but received {id}");
                Err(Error::InvalidRequest(text))
            }
            Err(_) => Err(Error::InvalidRequest(format!("Node id must be an integer, but it is: {name}"))),
        },
        _ => Ok(()),
    }
}

/// Kafka's brokers check this before they ask the controller, and in words of their own.
fn not_a_brokers_list(schema: &dyn ConfigSchema, resource: &ConfigResource, change: &ConfigChange) -> Error {
    let name = &change.name;
    if !schema.is_known(resource, name) {
        return Error::InvalidConfig(format!("Unknown config name: {name}"));
    }
    let verb = if change.op == Op::Append { "append" } else { "subtract" };
    Error::InvalidConfig(format!("Config value {verb} is not allowed for config key: {name}"))
}

fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::InvalidRequest("Error due to duplicate config keys".into()));
        }
    }
    Ok(())
}

fn check_values<'a>(without_value: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let names: Vec<&str> = without_value.collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::InvalidRequest(format!("Null value not supported for : {}", names.join(", "))))
}

fn record(resource: &ConfigResource, name: &str, value: Option<String>) -> Record {
    Record::Config(ConfigRecord {
        resource_type: resource.kind,
        resource_name: resource.name.to_string(),
        name: name.to_owned(),
        value,
    })
}

fn edit_list(list: &str, op: Op, value: &str) -> String {
    let mut items: Vec<&str> = list.split(',').filter(|item| !item.is_empty()).collect();
    for item in value.split(',') {
        let at = items.iter().position(|have| *have == item);
        match (op, at) {
            (Op::Append, None) => items.push(item),
            (Op::Subtract, Some(at)) => {
                items.remove(at);
            }
            _ => {}
        }
    }
    items.join(",")
}
