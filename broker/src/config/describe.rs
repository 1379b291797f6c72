//! What DescribeConfigs says of a resource: each setting's value, who set it, and what else was said of it.

use super::broker::{self, BrokerConfig};
use super::registry::{self, Mode, Scope, Setting};
use super::sources::{self, Effective, Source};
use super::value;
use ottla_metadata::decide::{Error, topic_name};
use ottla_metadata::{ConfigResource, Image, ResourceType};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// `None`: null, or sensitive.
    pub value: Option<String>,
    pub source: Source,
    pub read_only: bool,
    pub sensitive: bool,
    /// Everything that was said of it, by precedence; values of sensitive ones are `None`.
    pub synonyms: Vec<Synonym>,
    /// Kafka's number of the type, 0 when it is not known.
    pub kind: i8,
    /// Empty when it is not known.
    pub documentation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    pub name: String,
    pub value: Option<String>,
    pub source: Source,
}

/// The settings of `resource` by name, those of `names` alone when it is given and not empty.
///
/// `BROKER ""` has what is set for all brokers, and nothing else.
/// # Errors
/// `InvalidTopic`, `UnknownTopicOrPartition`, `InvalidRequest`.
pub fn describe(
    config: &BrokerConfig,
    image: &Image,
    resource: &ConfigResource,
    names: Option<&[&str]>,
) -> Result<Vec<Entry>, Error> {
    check_resource(config, image, resource)?;
    let own = image.configs(resource).map(|own| &**own);
    let effective = Effective::of(config, image);
    let mut entries = match resource.kind {
        ResourceType::Topic => each(Scope::Topic, |setting| topic(&effective, own, setting)),
        ResourceType::Group => each(Scope::Group, |setting| group(&effective, own, setting)),
        ResourceType::ClientMetrics => each(Scope::ClientMetrics, |setting| client_metrics(own, setting)),
        ResourceType::Broker if resource.name.is_empty() => {
            own.into_iter().flatten().map(|(name, text)| for_all_brokers(name, text)).collect()
        }
        ResourceType::Broker => {
            let mut entries = each(Scope::Broker, |setting| broker(&effective, setting.name));
            let others = effective.set_names().filter(|name| registry::find(Scope::Broker, name).is_none());
            let others: std::collections::BTreeSet<&str> = others.collect();
            entries.extend(others.into_iter().map(|name| broker(&effective, name)));
            entries
        }
    };
    if let Some(names) = names.filter(|names| !names.is_empty()) {
        entries.retain(|entry| names.contains(&entry.name.as_str()));
    }
    Ok(entries)
}

fn each(scope: Scope, entry: impl Fn(&'static Setting) -> Entry) -> Vec<Entry> {
    registry::settings(scope).iter().filter(|setting| !setting.internal).map(entry).collect()
}

fn check_resource(config: &BrokerConfig, image: &Image, resource: &ConfigResource) -> Result<(), Error> {
    let name = &*resource.name;
    let invalid = |text: String| Err(Error::InvalidRequest(text));
    match resource.kind {
        ResourceType::Topic => {
            topic_name::validate(name)?;
            match image.topic_by_name(name) {
                Some(_) => Ok(()),
                None => Err(Error::UnknownTopicOrPartition(String::new())),
            }
        }
        ResourceType::Broker if name.is_empty() => Ok(()),
        ResourceType::Broker => match name.parse::<i32>() {
            Ok(id) if id == config.node_id => Ok(()),
            Ok(id) => invalid(format!(
                "Unexpected broker id, expected {} or empty string, but received {id}",
                config.node_id
            )),
            Err(_) => invalid(format!("Broker id must be an integer, but it is: {name}")),
        },
        ResourceType::Group if name.is_empty() => invalid("Group name must not be empty".to_owned()),
        ResourceType::ClientMetrics if name.is_empty() => {
            invalid("Client metrics subscription name must not be empty".to_owned())
        }
        ResourceType::Group | ResourceType::ClientMetrics => Ok(()),
    }
}

type Own<'a> = Option<&'a BTreeMap<String, String>>;

fn topic(effective: &Effective<'_>, own: Own<'_>, setting: &'static Setting) -> Entry {
    let value = effective.topic(setting, own).map(|(value, _)| value.to_string());
    let mut synonyms = Vec::new();
    if own.is_some_and(|own| own.contains_key(setting.name)) {
        synonyms.push(synonym(setting, value.clone(), Source::Topic));
    }
    if let Some(first) = setting.synonyms.first() {
        synonyms.extend(broker_synonyms(effective, first.name));
    }
    entry(setting, value, synonyms)
}

fn group(effective: &Effective<'_>, own: Own<'_>, setting: &'static Setting) -> Entry {
    let of_broker = setting.synonyms.first().map(|broker| broker.name);
    let mut synonyms: Vec<Synonym> =
        own_text(own, setting).map(|text| synonym(setting, Some(text), Source::Group)).collect();
    match of_broker {
        Some(name) => synonyms.extend(broker_synonyms(effective, name)),
        None => synonyms.extend(default_synonym(setting)),
    }
    let value = effective.topic(setting, None).map(|(value, _)| value.to_string());
    let value = own_text(own, setting).next().or(value);
    entry(setting, value, synonyms)
}

fn client_metrics(own: Own<'_>, setting: &'static Setting) -> Entry {
    let set = own_text(own, setting).next();
    let synonyms =
        set.iter().map(|text| synonym(setting, Some(text.clone()), Source::ClientMetrics)).collect();
    let default = sources::default(setting).map(|value| value.to_string());
    entry(setting, set.or(default), synonyms)
}

fn broker(effective: &Effective<'_>, name: &str) -> Entry {
    let (plain, of_listener) = broker::without_listener(name);
    let synonyms = broker_synonyms(effective, name);
    let Some(setting) = registry::find(Scope::Broker, plain) else {
        let source = synonyms.first().map_or(Source::Default, |s| s.source);
        return Entry {
            name: name.to_owned(),
            value: None,
            source,
            read_only: true,
            sensitive: true,
            synonyms,
            kind: 0,
            documentation: "",
        };
    };
    let value = match of_listener {
        true => effective.texts(name).next().map(|(_, text)| shown(setting, text)),
        false => effective.broker_alone(name).map(|(value, _)| value.to_string()),
    };
    let mut entry = entry(setting, value, synonyms);
    entry.name = name.to_owned();
    entry.read_only |= of_listener;
    entry
}

fn for_all_brokers(name: &str, text: &str) -> Entry {
    let source = Source::DynamicDefaultBroker;
    let plain = broker::without_listener(name).0;
    let Some(setting) = registry::find(Scope::Broker, plain) else {
        let synonym = Synonym { name: name.to_owned(), value: None, source };
        return Entry {
            name: name.to_owned(),
            value: None,
            source,
            read_only: true,
            sensitive: true,
            synonyms: vec![synonym],
            kind: 0,
            documentation: "",
        };
    };
    let mut entry =
        entry(setting, Some(text.to_owned()), vec![synonym(setting, Some(text.to_owned()), source)]);
    entry.name = name.to_owned();
    for synonym in &mut entry.synonyms {
        synonym.name = name.to_owned();
    }
    entry
}

fn entry(setting: &'static Setting, value: Option<String>, synonyms: Vec<Synonym>) -> Entry {
    Entry {
        name: setting.name.to_owned(),
        value: value.filter(|_| !setting.is_sensitive()),
        source: synonyms.first().map_or(Source::Default, |first| first.source),
        read_only: setting.mode == Mode::ReadOnly,
        sensitive: setting.is_sensitive(),
        synonyms,
        kind: setting.kind as i8,
        documentation: setting.documentation,
    }
}

/// What each source says of a broker's setting, and of others that say the same thing, from the first that names the
/// setting itself: by source, then by the order of the names. As in Kafka.
fn broker_synonyms(effective: &Effective<'_>, name: &str) -> Vec<Synonym> {
    let (plain, of_listener) = broker::without_listener(name);
    let setting = registry::find(Scope::Broker, plain);
    let mut names: Vec<&str> = match setting {
        Some(setting) if !setting.synonyms.is_empty() => setting.synonyms.iter().map(|s| s.name).collect(),
        Some(setting) => vec![setting.name],
        None => vec![name],
    };
    if of_listener && setting.is_some() {
        names.insert(0, name);
    }
    let is_sensitive = setting.is_none_or(Setting::is_sensitive);
    let mut found: Vec<Synonym> = Vec::new();
    for wanted in [Source::DynamicBroker, Source::DynamicDefaultBroker, Source::StaticBroker] {
        for name in &names {
            let texts = effective.texts(name).filter(|(source, _)| *source == wanted);
            found.extend(texts.map(|(source, text)| Synonym {
                name: (*name).to_owned(),
                value: Some(text.to_owned()).filter(|_| !is_sensitive),
                source,
            }));
        }
    }
    let defaults = names.iter().filter_map(|name| registry::find(Scope::Broker, name));
    found.extend(defaults.filter_map(default_synonym));
    found.into_iter().skip_while(|synonym| synonym.name != name).collect()
}

fn default_synonym(setting: &'static Setting) -> Option<Synonym> {
    Some(synonym(setting, Some(setting.default_text()?.to_owned()), Source::Default))
}

fn synonym(setting: &Setting, value: Option<String>, source: Source) -> Synonym {
    Synonym { name: setting.name.to_owned(), value: value.filter(|_| !setting.is_sensitive()), source }
}

/// What the resource itself sets, as Kafka would print it.
fn own_text<'a>(own: Own<'a>, setting: &'static Setting) -> impl Iterator<Item = String> + use<'a> {
    own.and_then(|own| own.get(setting.name)).map(|text| shown(setting, text)).into_iter()
}

fn shown(setting: &Setting, text: &str) -> String {
    value::check(setting, text).map_or_else(|_| text.to_owned(), |value| value.to_string())
}
