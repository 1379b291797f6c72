//! Every setting of every kind of resource: what it is, what is said of it, which values it takes and who may change it while a
//! broker runs. A line for each, so that what differs has its name beside it.

use crate::trial::Trial;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::*;
use std::borrow::Cow;
use std::time::Duration;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;
const SET: i8 = 0;
const DELETE: i8 = 1;

/// What the two were started with: paths, ports, and what a script gives Kafka's controller.
const OF_THE_SITE: [&str; 16] = [
    "advertised.listeners",
    "broker.id",
    "controller.listener.names",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.voters",
    "group.initial.rebalance.delay.ms",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "log.dir",
    "log.dirs",
    "metadata.log.dir",
    "node.id",
    "offsets.topic.replication.factor",
    "process.roles",
    "security.inter.broker.protocol",
];

/// Values that hardly any setting takes, and such as are out of many ranges.
const VALUES: [&str; 6] = ["nonsense", "", "-2", "0", "1.5", "9223372036854775808"];

type Described = Vec<(String, String, Option<String>)>;

fn described(trial: &mut Trial, kind: i8, name: &str) -> Result<Described, String> {
    let request = DescribeConfigsRequest {
        resources: vec![describe_configs_request::DescribeConfigsResource {
            resource_type: kind,
            resource_name: name.into(),
            configuration_keys: None,
        }],
        include_synonyms: true,
        include_documentation: true,
    };
    let answer = trial.call(4, &request).ok_or("no answer")?;
    let body = answer.body().map_err(|error| error.to_string())?;
    let result = body.results.first().ok_or("no result")?;
    if result.error_code != 0 {
        return Err(format!("{} {:?}", ErrorCode(result.error_code).name(), result.error_message));
    }
    let mut all: Described = result
        .configs
        .iter()
        .map(|config| {
            let shown = |value: &Option<Cow<'_, str>>| {
                value.as_deref().map_or("null".to_owned(), |value| format!("'{value}'"))
            };
            let synonyms: Vec<String> = config
                .synonyms
                .iter()
                .map(|synonym| format!("{}={} from {}", synonym.name, shown(&synonym.value), synonym.source))
                .collect();
            let line = format!(
                "{}: {} from {}, type {}{}{}{}, {{{}}}",
                config.name,
                shown(&config.value),
                config.config_source,
                config.config_type,
                if config.read_only { ", read-only" } else { "" },
                if config.is_sensitive { ", sensitive" } else { "" },
                if config.documentation.as_deref().is_some_and(|text| !text.is_empty()) {
                    ", documented"
                } else {
                    ""
                },
                synonyms.join("; "),
            );
            (config.name.to_string(), line, config.value.as_deref().map(str::to_owned))
        })
        .collect();
    all.sort();
    Ok(all)
}

/// Notes all settings of a resource, and gives their names and values.
fn describe_all(trial: &mut Trial, what: &str, kind: i8, name: &str) -> Vec<(String, Option<String>)> {
    match described(trial, kind, name) {
        Ok(all) => {
            let lines = all.iter().map(|(name, line, _)| match OF_THE_SITE.contains(&name.as_str()) {
                true => format!("{name}: as the site has it"),
                false => trial.tidy(line),
            });
            let lines = lines.collect();
            trial.note(what, lines);
            all.into_iter().map(|(name, _, value)| (name, value)).collect()
        }
        Err(error) => {
            trial.note(what, vec![error]);
            Vec::new()
        }
    }
}

fn alter(
    trial: &mut Trial,
    (kind, name): (i8, &str),
    (key, operation, value): (&str, i8, Option<&str>),
    validate_only: bool,
) -> String {
    use incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let request = IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: kind,
            resource_name: name.into(),
            configs: vec![AlterableConfig {
                name: key.into(),
                config_operation: operation,
                value: value.map(Cow::Borrowed),
            }],
        }],
        validate_only,
    };
    let Some(answer) = trial.call(1, &request) else { return "no answer".to_owned() };
    let shown = match answer.body() {
        Ok(body) => match body.responses.first() {
            Some(result) if result.error_code == 0 => "is taken".to_owned(),
            Some(result) => format!(
                "{}: {}",
                ErrorCode(result.error_code).name(),
                result.error_message.as_deref().unwrap_or("null")
            ),
            None => "no result".to_owned(),
        },
        Err(error) => error.to_string(),
    };
    trial.tidy(&shown)
}

/// Which values each setting takes, those that it has and [`VALUES`], without setting any.
fn values(trial: &mut Trial, what: &str, resource: (i8, &str), settings: &[(String, Option<String>)]) {
    let mut lines = Vec::new();
    for (name, value) in settings.iter().filter(|(name, _)| !OF_THE_SITE.contains(&name.as_str())) {
        let own = value.as_deref().map(|value| ("its own", value));
        for (shown, value) in own.into_iter().chain(VALUES.map(|value| (value, value))) {
            let said = alter(trial, resource, (name, SET, Some(value)), true);
            lines.push(format!("{name} = '{shown}': {said}"));
            if said.contains("Cannot update these configs") {
                // Whatever the value is.
                break;
            }
        }
    }
    trial.note(what, lines);
}

pub fn ask(trial: &mut Trial) {
    trial.topic("settings", 1, &[]);
    let topic = describe_all(trial, "every setting of a topic", TOPIC, "settings");
    let group = describe_all(trial, "every setting of a group", GROUP, "settings");
    let metrics = describe_all(trial, "every setting of client metrics", CLIENT_METRICS, "settings");
    let broker = describe_all(trial, "every setting of a broker", BROKER, "1");
    values(trial, "values of a topic's settings", (TOPIC, "settings"), &topic);
    values(trial, "values of a group's settings", (GROUP, "settings"), &group);
    values(trial, "values of client metrics' settings", (CLIENT_METRICS, "settings"), &metrics);
    values(trial, "values of a broker's settings", (BROKER, "1"), &broker);
    values(trial, "values of all brokers' settings", (BROKER, ""), &broker);
    set_and_taken_back(trial);
}

/// What is set on each kind of resource is there for all who ask, by precedence, until it is deleted.
fn set_and_taken_back(trial: &mut Trial) {
    let steps: [(&str, i8, &str, &str, &str); 8] = [
        ("all brokers", BROKER, "", "log.segment.bytes", "2097152"),
        ("a broker", BROKER, "1", "log.segment.bytes", "3145728"),
        ("all brokers", BROKER, "", "log.cleaner.threads", "2"),
        ("a broker", BROKER, "1", "max.connections.per.ip", "77"),
        ("all brokers", BROKER, "", "group.consumer.session.timeout.ms", "50000"),
        ("a topic", TOPIC, "settings", "segment.bytes", "4194304"),
        ("a group", GROUP, "settings", "consumer.session.timeout.ms", "46000"),
        ("client metrics", CLIENT_METRICS, "settings", "interval.ms", "1000"),
    ];
    let names = [
        "log.segment.bytes",
        "log.cleaner.threads",
        "max.connections.per.ip",
        "segment.bytes",
        "session.timeout",
        "interval.ms",
    ];
    let look = |trial: &mut Trial, what: &str| {
        // A change is committed when it is answered, but the broker may be a moment behind.
        std::thread::sleep(Duration::from_millis(60));
        let resources = [
            (BROKER, ""),
            (BROKER, "1"),
            (TOPIC, "settings"),
            (GROUP, "settings"),
            (CLIENT_METRICS, "settings"),
        ];
        let mut lines = Vec::new();
        for (kind, name) in resources {
            let all = described(trial, kind, name).unwrap_or_default();
            let wanted = all.iter().filter(|(key, ..)| names.iter().any(|name| key.contains(name)));
            lines.extend(wanted.map(|(_, line, _)| format!("{kind} '{name}' {line}")));
        }
        let lines = lines.iter().map(|line| trial.tidy(line)).collect();
        trial.note(what, lines);
    };
    for (place, (what, kind, name, key, value)) in steps.into_iter().enumerate() {
        let said = alter(trial, (kind, name), (key, SET, Some(value)), false);
        trial.note(&format!("{key} of {what} is set, {place}"), vec![said]);
    }
    look(trial, "what is set");
    trial.ask(
        "ListConfigResources of what is set",
        1,
        &ListConfigResourcesRequest { resource_types: vec![GROUP, CLIENT_METRICS] },
    );
    for (place, (what, kind, name, key, _)) in steps.into_iter().enumerate() {
        let said = alter(trial, (kind, name), (key, DELETE, None), false);
        trial.note(&format!("{key} of {what} is deleted, {place}"), vec![said]);
    }
    look(trial, "what is deleted");
    trial.ask(
        "ListConfigResources of what is deleted",
        1,
        &ListConfigResourcesRequest { resource_types: vec![GROUP, CLIENT_METRICS] },
    );
}
