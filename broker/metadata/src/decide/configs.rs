//! Settings of topics, brokers and the whole cluster, changed one by one (KIP-339) or replaced as a whole.

use super::{ConfigSchema, Error};
use crate::image::{ConfigResource, Image, ResourceType};
use crate::record::{ConfigRecord, Record};
use std::collections::BTreeMap;

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
    let mut configs = image.configs(resource).map(|c| BTreeMap::clone(c)).unwrap_or_default();
    let mut records = Vec::new();
    for change in changes {
        let current = configs.get(&change.name).cloned();
        let value = match (change.op, &change.value) {
            (Op::Delete, _) => None,
            (Op::Set, Some(value)) => Some(value.clone()),
            (Op::Append | Op::Subtract, Some(value)) => {
                if !schema.is_list(resource, &change.name) {
                    let verb = if change.op == Op::Append { "APPEND" } else { "SUBTRACT" };
                    return Err(Error::InvalidConfig(format!(
                        "Can't {verb} to key {} because its type is not LIST.",
                        change.name
                    )));
                }
                let list = current.clone().or_else(|| schema.default_value(resource, &change.name));
                Some(edit_list(list.as_deref().unwrap_or_default(), change.op, value))
            }
            (_, None) => {
                let text = format!("Null value not supported for : {}", change.name);
                return Err(Error::InvalidRequest(text));
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
    schema.validate(resource, &configs).map_err(Error::InvalidConfig)?;
    Ok(records)
}

/// The records that make `configs` all that is set on `resource`: what is not named goes.
/// # Errors
/// As [`incremental_alter`].
pub fn legacy_alter(
    image: &Image,
    resource: &ConfigResource,
    configs: &BTreeMap<String, String>,
    schema: &dyn ConfigSchema,
) -> Result<Vec<Record>, Error> {
    let current = image.configs(resource);
    let mut records = Vec::new();
    for (name, value) in configs {
        if current.and_then(|c| c.get(name)) != Some(value) || resource.kind == ResourceType::Broker {
            records.push(record(resource, name, Some(value.clone())));
        }
    }
    for name in current.into_iter().flat_map(|c| c.keys()).filter(|name| !configs.contains_key(*name)) {
        records.push(record(resource, name, None));
    }
    schema.validate(resource, configs).map_err(Error::InvalidConfig)?;
    Ok(records)
}

/// Whether settings can be kept for `resource`: its topic exists, its broker's id is one.
/// # Errors
/// `UnknownTopicOrPartition`, `InvalidTopic`, `BrokerIdNotRegistered`, `InvalidRequest`.
pub fn check_resource(image: &Image, resource: &ConfigResource) -> Result<(), Error> {
    match resource.kind {
        ResourceType::Topic if image.topic_by_name(&resource.name).is_none() => {
            super::topic_name::validate(&resource.name)?;
            Err(Error::UnknownTopicOrPartition)
        }
        ResourceType::Broker if !resource.name.is_empty() => match resource.name.parse::<i32>() {
            Ok(id) if image.broker(id).is_some() => Ok(()),
            Ok(id) if id >= 0 => Err(Error::BrokerIdNotRegistered("No such broker.".into())),
            _ => Err(Error::InvalidRequest("Invalid broker name".into())),
        },
        _ => Ok(()),
    }
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
