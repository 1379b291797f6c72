//! What the controller asks before it changes a setting. Texts, and which check comes first, are Kafka's.

use super::broker::{self, BrokerConfig};
use super::registry::{self, Mode, Scope, Setting};
use super::value::{self, Value};
use super::{checks, sources};
use ottla_metadata::decide::{ConfigSchema, Error};
use ottla_metadata::{ConfigResource, ResourceType};
use std::collections::BTreeMap;

pub(super) fn scope_of(kind: ResourceType) -> Scope {
    match kind {
        ResourceType::Topic => Scope::Topic,
        ResourceType::Broker => Scope::Broker,
        ResourceType::Group => Scope::Group,
        ResourceType::ClientMetrics => Scope::ClientMetrics,
    }
}

fn setting_of(resource: &ConfigResource, name: &str) -> Option<&'static Setting> {
    let name = match resource.kind {
        ResourceType::Broker => broker::without_listener(name).0,
        _ => name,
    };
    registry::find(scope_of(resource.kind), name)
}

/// This broker's settings are what the bounds of groups' settings, and relations between settings, are taken from.
impl ConfigSchema for BrokerConfig {
    fn is_known(&self, resource: &ConfigResource, name: &str) -> bool {
        setting_of(resource, name).is_some()
    }

    fn is_list(&self, resource: &ConfigResource, name: &str) -> bool {
        setting_of(resource, name).is_some_and(Setting::is_list)
    }

    fn default_value(&self, resource: &ConfigResource, name: &str) -> Option<String> {
        setting_of(resource, name)?.default_text().map(str::to_owned)
    }

    fn validate(&self, resource: &ConfigResource, configs: &BTreeMap<String, String>) -> Result<(), Error> {
        match resource.kind {
            ResourceType::Topic => topic(configs).map_err(Error::InvalidConfig),
            ResourceType::Group => group(self, configs).map_err(Error::InvalidConfig),
            ResourceType::ClientMetrics => client_metrics(configs),
            ResourceType::Broker => {
                broker(self, !resource.name.is_empty(), configs).map_err(Error::InvalidRequest)
            }
        }
    }
}

/// The values of settings that are all known, or what `unknown` says of the first that is not.
fn values(
    scope: Scope,
    configs: &BTreeMap<String, String>,
    unknown: &str,
) -> Result<BTreeMap<&'static str, Value>, String> {
    let mut known = Vec::new();
    for (name, text) in configs {
        let setting = registry::find(scope, name);
        known.push((setting.ok_or_else(|| format!("{unknown}: {name}"))?, text));
    }
    known.into_iter().map(|(setting, text)| Ok((setting.name, value::check(setting, text)?))).collect()
}

fn topic(configs: &BTreeMap<String, String>) -> Result<(), String> {
    let set = values(Scope::Topic, configs, "Unknown topic config name")?;
    let lag = |name: &str| {
        let own = set.get(name).cloned();
        own.or_else(|| sources::default(registry::find(Scope::Topic, name)?))
    };
    let (min, max) = (lag("min.compaction.lag.ms"), lag("max.compaction.lag.ms"));
    if let (Some(Value::Long(min)), Some(Value::Long(max))) = (min, max)
        && min > max
    {
        return Err(format!(
            "conflict topic config setting min.compaction.lag.ms ({min}) > max.compaction.lag.ms ({max})"
        ));
    }
    if set.get("remote.storage.enable") == Some(&Value::Boolean(true)) {
        return Err(
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote \
                    log storage."
                .to_owned(),
        );
    }
    Ok(())
}

/// A group's own value lies between the broker's `group.KIND.min.…` and `group.KIND.max.…`.
fn group(config: &BrokerConfig, configs: &BTreeMap<String, String>) -> Result<(), String> {
    let set = values(Scope::Group, configs, "Unknown group config name")?;
    for (name, value) in &set {
        let Some((kind, rest)) = name.split_once('.') else { continue };
        let rest = rest.strip_prefix("num.").unwrap_or(rest);
        let bound = |which: &str| {
            let name = format!("group.{kind}.{which}.{rest}");
            registry::find(Scope::Broker, &name)?;
            let bound = config.values().maybe_long(&name)?;
            Some((name, bound as f64))
        };
        let Some(number) = value.number() else { continue };
        if let Some((low_name, low)) = bound("min")
            && number < low
        {
            return Err(format!("{name} must be greater than or equal to {low_name}"));
        }
        if let Some((high_name, high)) = bound("max")
            && number > high
        {
            return Err(format!("{name} must be less than or equal to {high_name}"));
        }
    }
    for kind in ["consumer", "share", "streams"] {
        let (session, heartbeat) =
            (format!("{kind}.session.timeout.ms"), format!("{kind}.heartbeat.interval.ms"));
        let in_force = |name: &String| {
            let own = set.get(name.as_str()).and_then(Value::number);
            own.or_else(|| config.values().maybe_long(&format!("group.{name}")).map(|value| value as f64))
        };
        let names_any = set.contains_key(session.as_str()) || set.contains_key(heartbeat.as_str());
        if names_any && in_force(&session) <= in_force(&heartbeat) {
            return Err(format!("{session} must be greater than {heartbeat}"));
        }
    }
    Ok(())
}

/// What a client can be matched by (KIP-714).
const CLIENT_PARTS: [&str; 6] = [
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

fn client_metrics(configs: &BTreeMap<String, String>) -> Result<(), Error> {
    for name in configs.keys() {
        if registry::find(Scope::ClientMetrics, name).is_none() {
            return Err(Error::InvalidRequest(format!("Unknown client metrics configuration: {name}")));
        }
    }
    let set = values(Scope::ClientMetrics, configs, "").map_err(Error::InvalidConfig)?;
    if let Some(Value::Int(interval)) = set.get("interval.ms")
        && !(100..=3_600_000).contains(interval)
    {
        let why = "interval must be between 100 and 3600000 (1 hour)";
        return Err(Error::InvalidRequest(format!("Invalid value {interval} for interval.ms, {why}")));
    }
    if let Some(Value::List(patterns)) = set.get("match") {
        for pattern in patterns {
            let part =
                pattern.split_once('=').filter(|(_, regex)| !regex.is_empty()).map(|(part, _)| part.trim());
            if !part.is_some_and(|part| CLIENT_PARTS.contains(&part)) {
                return Err(Error::InvalidConfig(format!("Illegal client matching pattern: {pattern}")));
            }
        }
    }
    Ok(())
}

/// These must name a listener when they are changed while the broker runs.
const ONLY_PER_LISTENER: [&str; 10] = [
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];

/// Names that nobody knows are kept, as in Kafka: they may be meant for a plugin.
fn broker(
    config: &BrokerConfig,
    is_one_broker: bool,
    configs: &BTreeMap<String, String>,
) -> Result<(), String> {
    let mode_of =
        |name: &str| registry::find(Scope::Broker, broker::without_listener(name).0).map(|s| s.mode);
    let refuse = |why: &str, is_bad: &dyn Fn(&str) -> bool| {
        let bad: Vec<&str> = configs.keys().map(String::as_str).filter(|name| is_bad(name)).collect();
        if bad.is_empty() { Ok(()) } else { Err(format!("{why}: [{}]", bad.join(", "))) }
    };
    refuse("Cannot update these configs dynamically", &|name| {
        mode_of(name) == Some(Mode::ReadOnly) && !broker::without_listener(name).1
    })?;
    refuse(
        "These security configs can be dynamically updated only per-listener using the listener prefix",
        &|name| ONLY_PER_LISTENER.contains(&name),
    )?;
    let mut set = BTreeMap::new();
    for (name, text) in configs {
        let Some(setting) = registry::find(Scope::Broker, broker::without_listener(name).0) else { continue };
        set.insert(name.as_str(), value::check(setting, text)?);
    }
    if !is_one_broker {
        refuse(
            "Cannot update these configs at default cluster level, broker id must be specified",
            &|name| mode_of(name) == Some(Mode::PerBroker),
        )?;
    }
    checks::between(&|name| set.get(name).cloned().or_else(|| config.values().with_fallbacks(name)))?;
    // A broker that starts so takes nobody; one that runs is not locked up from afar.
    for name in ["max.connection.creation.rate", "max.connections"] {
        if let Some(value) = set.get(name).filter(|value| value.number().is_some_and(|value| value <= 0.0)) {
            return Err(format!(
                "Invalid value org.apache.kafka.common.config.ConfigException: Invalid {name} {value} for configuration \
                 Invalid dynamic configuration"
            ));
        }
    }
    Ok(())
}
