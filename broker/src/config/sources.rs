//! Who set a value, and which value counts: a topic's own, this broker's, the cluster's default, the file's, the
//! registry's default.

use super::broker::BrokerConfig;
use super::registry::{self, Scope, Setting};
use super::value::{self, Value};
use ottla_metadata::{ConfigResource, Image};
use std::collections::BTreeMap;
use std::sync::Arc;

/// By precedence, the first that has a value counts. Numbers are those of DescribeConfigs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum Source {
    Topic = 1,
    /// Set on this broker alone.
    DynamicBroker = 2,
    /// Set on all brokers.
    DynamicDefaultBroker = 3,
    /// The file or an override of it.
    StaticBroker = 4,
    Default = 5,
    ClientMetrics = 7,
    Group = 8,
}

/// What is in force on one broker at one image.
#[derive(Clone)]
pub struct Effective<'a> {
    broker: &'a BrokerConfig,
    own: Option<Arc<BTreeMap<String, String>>>,
    default: Option<Arc<BTreeMap<String, String>>>,
}

impl<'a> Effective<'a> {
    pub fn of(broker: &'a BrokerConfig, image: &Image) -> Effective<'a> {
        Effective {
            broker,
            own: image.configs(&ConfigResource::broker(broker.node_id)).cloned(),
            default: image.configs(&ConfigResource::cluster_default()).cloned(),
        }
    }

    /// A broker's setting by Kafka's name, with its fallbacks: `log.retention.ms` is that of `log.retention.hours`
    /// while neither it nor `log.retention.minutes` is set.
    ///
    /// `None`: null, or not in the registry.
    pub fn broker(&self, name: &str) -> Option<(Value, Source)> {
        let setting = registry::find(Scope::Broker, name)?;
        setting.fallbacks().find_map(|synonym| self.one(synonym.name, synonym.factor))
    }

    /// The same, without fallbacks.
    pub fn broker_alone(&self, name: &str) -> Option<(Value, Source)> {
        self.one(name, 1)
    }

    /// A topic's setting, where `own` is what the topic itself sets.
    pub fn topic(
        &self,
        setting: &'static Setting,
        own: Option<&BTreeMap<String, String>>,
    ) -> Option<(Value, Source)> {
        let text = own.and_then(|own| own.get(setting.name));
        if let Some(value) = text.and_then(|text| value::check(setting, text).ok()) {
            return Some((value, Source::Topic));
        }
        let inherited = setting.synonyms.iter().find_map(|s| self.one(s.name, s.factor));
        inherited.or_else(|| Some((default(setting)?, Source::Default)))
    }

    /// What each source says of a broker's setting, by precedence, as written.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = (Source, &str)> {
        let own =
            self.own.as_ref().and_then(|own| own.get(name)).map(|v| (Source::DynamicBroker, v.as_str()));
        let all = self
            .default
            .as_ref()
            .and_then(|all| all.get(name))
            .map(|v| (Source::DynamicDefaultBroker, v.as_str()));
        let set = self.broker.set_value(name).map(|v| (Source::StaticBroker, v));
        own.into_iter().chain(all).chain(set)
    }

    /// Every name that some source sets, more than once when several do.
    pub(super) fn set_names(&self) -> impl Iterator<Item = &str> {
        let own = self.own.iter().flat_map(|own| own.keys());
        let all = self.default.iter().flat_map(|all| all.keys());
        own.chain(all).chain(self.broker.set.keys()).map(String::as_str)
    }

    fn one(&self, name: &str, factor: i64) -> Option<(Value, Source)> {
        let setting = registry::find(Scope::Broker, name)?;
        // A value that is no longer valid, from an image of another version, gives way to the next source.
        let set =
            self.texts(name).find_map(|(source, text)| Some((value::check(setting, text).ok()?, source)));
        let (value, source) = set.or_else(|| Some((default(setting)?, Source::Default)))?;
        Some((times(value, factor), source))
    }
}

pub(super) fn default(setting: &Setting) -> Option<Value> {
    value::parse(setting.kind, setting.default_text()?).ok()
}

/// Hours and minutes in milliseconds; anything below zero is "no limit", -1.
pub(super) fn times(value: Value, factor: i64) -> Value {
    match value.number() {
        Some(number) if factor != 1 && number < 0.0 => Value::Long(-1),
        Some(number) if factor != 1 => Value::Long((number as i64).saturating_mul(factor)),
        _ => value,
    }
}

/// Settings of the broker itself that can change while it runs, and that it acts on.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveConfig {
    /// `max.connections` and `max.connections.per.ip`.
    pub connections_max: u32,
    pub connections_per_ip_max: u32,
    /// `max.connections.per.ip.overrides`: addresses or names with limits of their own.
    pub connections_per_ip_overrides: BTreeMap<String, u32>,
    /// `producer.id.expiration.ms`: how long an idle producer's sequences are remembered.
    pub producer_id_expiration_ms: u32,
    /// `transaction.partition.verification.enable`: transactions are verified with their coordinator before anything is
    /// appended for them.
    pub verify_transactions: bool,
    pub compaction: CompactionLimits,
}

/// What compaction may take on this broker, all shards together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CompactionLimits {
    /// `log.cleaner.backoff.ms`: the pause when there is nothing to compact.
    pub backoff_ms: u64,
    /// `log.cleaner.dedupe.buffer.size`.
    pub map_bytes: u64,
    /// `log.cleaner.io.buffer.load.factor`.
    pub map_load_factor: f64,
    /// `log.cleaner.io.buffer.size`.
    pub buffer_bytes: u64,
    /// `log.cleaner.io.max.bytes.per.second`, of reads and writes.
    pub bytes_per_second: f64,
}

impl LiveConfig {
    pub fn of(broker: &BrokerConfig, image: &Image) -> LiveConfig {
        let effective = Effective::of(broker, image);
        let double = |name: &str| {
            let value = effective.broker(name).and_then(|(value, _)| value.number());
            value.unwrap_or_default().max(0.0)
        };
        let number = |name: &str| double(name) as u32;
        let overrides =
            effective.broker("max.connections.per.ip.overrides").map(|(value, _)| value.to_string());
        LiveConfig {
            connections_max: number("max.connections"),
            connections_per_ip_max: number("max.connections.per.ip"),
            connections_per_ip_overrides: parse_overrides(&overrides.unwrap_or_default()).unwrap_or_default(),
            producer_id_expiration_ms: number("producer.id.expiration.ms"),
            verify_transactions: matches!(
                effective.broker("transaction.partition.verification.enable"),
                Some((Value::Boolean(true), _))
            ),
            compaction: CompactionLimits {
                backoff_ms: double("log.cleaner.backoff.ms") as u64,
                map_bytes: double("log.cleaner.dedupe.buffer.size") as u64,
                map_load_factor: double("log.cleaner.io.buffer.load.factor"),
                buffer_bytes: double("log.cleaner.io.buffer.size") as u64,
                bytes_per_second: double("log.cleaner.io.max.bytes.per.second"),
            },
        }
    }
}

/// `HOST:COUNT,…`; none when it is not that.
pub(super) fn parse_overrides(text: &str) -> Option<BTreeMap<String, u32>> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let (host, count) = item.rsplit_once(':')?;
            Some((host.trim().to_owned(), count.trim().parse().ok()?))
        })
        .collect()
}
