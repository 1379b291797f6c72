//! What a `server.properties`, overrides and the defaults make of this broker: typed, checked once at start.

use super::checks;
use super::network::NetworkConfig;
use super::registry::{self, Scope, Setting, Support};
use super::value::{self, Value};
use super::{properties, registry::Mode, sources};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The settings of one broker that can't change while it runs, by subject. What can change is asked of
/// [`super::Effective`].
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    pub node_id: i32,
    pub rack: Option<String>,
    pub network: NetworkConfig,
    /// `log.dirs`, at least one.
    pub log_dirs: Vec<PathBuf>,
    /// `metadata.log.dir`, else the first of `log_dirs`.
    pub metadata_log_dir: PathBuf,
    pub topics: TopicDefaults,
    pub fetch: FetchLimits,
    pub runtime: RuntimeConfig,
    /// `log.retention.check.interval.ms`.
    pub retention_check_interval: Duration,
    /// `log.flush.offset.checkpoint.interval.ms`.
    pub checkpoint_interval: Duration,
    /// `log.flush.start.offset.checkpoint.interval.ms`.
    pub log_start_checkpoint_interval: Duration,
    /// `producer.id.expiration.check.interval.ms`.
    pub producer_expiration_check_interval: Duration,
    /// `log.cleaner.enable`.
    pub compaction_enabled: bool,
    /// What the file and the overrides say, by name, as written.
    pub(super) set: BTreeMap<String, String>,
}

/// What a topic is created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDefaults {
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub auto_create: bool,
    pub delete_enabled: bool,
    /// `max.request.partition.size.limit`, of DescribeTopicPartitions.
    pub partitions_per_response_max: i32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// `fetch.max.bytes`: the largest response to one fetch.
    pub response_bytes_max: i32,
    /// `max.incremental.fetch.session.cache.slots`, of all shards together.
    pub sessions_max: i32,
}

/// Ottla's own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// None: one for each core.
    pub shards: Option<usize>,
    pub pinning: Pinning,
    pub spin_us: u32,
    pub memory_bytes: Option<u64>,
    pub batch_cache_bytes: Option<u64>,
    pub read_ahead_bytes: Option<u64>,
    /// Zeros written ahead of a busy log's end at a time.
    pub log_prepare_bytes: u64,
    /// None: by the size of the file system.
    pub disk_reserve_bytes: Option<u64>,
    /// HOST:PORT, with a number of a port.
    pub metrics_listener: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pinning {
    /// Shard n to the n-th core that the process may use.
    Auto,
    Off,
    /// Shard n to the n-th of these.
    Cores(Vec<usize>),
}

/// What is read.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// A `server.properties` and its path. Without one the broker is a controller too, on 127.0.0.1:9092.
    pub file: Option<(&'a Path, &'a str)>,
    /// `--set KEY=VALUE` in order: these win.
    pub overrides: &'a [(String, String)],
    /// What clients are told where a listener has no address of its own.
    pub host_name: &'a str,
}

#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: BrokerConfig,
    /// To be logged once, in order.
    pub notes: Vec<Note>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    Warn(String),
    Info(String),
}

/// Why the broker can't start with these settings: every reason, a line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Error(pub Vec<String>);

/// What stands in the place of a file that was not given: one node, with the replication that one node can give.
const WITHOUT_A_FILE: [(&str, &str); 9] = [
    ("process.roles", "broker,controller"),
    ("node.id", "1"),
    ("controller.listener.names", "CONTROLLER"),
    ("listeners", "PLAINTEXT://127.0.0.1:9092"),
    ("offsets.topic.replication.factor", "1"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
];

impl BrokerConfig {
    /// Reads and checks everything; names and values that are only odd become notes.
    /// # Errors
    /// Every value that Kafka would refuse, or that is unsafe to ignore here, each with what to do.
    pub fn load(input: Input<'_>) -> Result<Loaded, Error> {
        let set = gather(&input)?;
        let mut problems = Vec::new();
        let mut notes = Vec::new();
        let is_ours = |name: &str| {
            input.file.is_none()
                && WITHOUT_A_FILE
                    .iter()
                    .any(|(ours, text)| *ours == name && set.get(name).is_some_and(|set| set == text))
        };
        examine(&set, is_ours, &mut problems, &mut notes);
        let values = Values { set: &set };
        check_roles(&values, &mut problems);
        let network = NetworkConfig::of(&values, input.host_name, &mut problems, &mut notes);
        let log_dirs = log_dirs(&values);
        let runtime = runtime(&values, &mut problems);
        if let Err(why) = checks::between(&|name| values.with_fallbacks(name)) {
            problems.push(why.trim_start_matches("requirement failed: ").to_owned());
        }
        if !problems.is_empty() {
            return Err(Error(problems));
        }
        let config = BrokerConfig {
            node_id: values.int("node.id"),
            rack: values.maybe_text("broker.rack"),
            network,
            metadata_log_dir: match values.maybe_text("metadata.log.dir") {
                Some(dir) => dir.into(),
                None => log_dirs.first().cloned().unwrap_or_default(),
            },
            log_dirs,
            topics: TopicDefaults {
                num_partitions: values.int("num.partitions"),
                replication_factor: i16::try_from(values.int("default.replication.factor"))
                    .unwrap_or(i16::MAX),
                auto_create: values.boolean("auto.create.topics.enable"),
                delete_enabled: values.boolean("delete.topic.enable"),
                partitions_per_response_max: values.int("max.request.partition.size.limit"),
            },
            fetch: FetchLimits {
                response_bytes_max: values.int("fetch.max.bytes"),
                sessions_max: values.int("max.incremental.fetch.session.cache.slots"),
            },
            runtime,
            retention_check_interval: Duration::from_millis(
                values.long("log.retention.check.interval.ms").max(1).unsigned_abs(),
            ),
            checkpoint_interval: Duration::from_millis(
                values.int("log.flush.offset.checkpoint.interval.ms").max(1).unsigned_abs().into(),
            ),
            log_start_checkpoint_interval: Duration::from_millis(
                values.int("log.flush.start.offset.checkpoint.interval.ms").max(1).unsigned_abs().into(),
            ),
            producer_expiration_check_interval: Duration::from_millis(
                values.int("producer.id.expiration.check.interval.ms").max(1).unsigned_abs().into(),
            ),
            compaction_enabled: values.boolean("log.cleaner.enable"),
            set,
        };
        Ok(Loaded { config, notes })
    }

    /// What was set under `name` in the file or by an override, as written.
    pub fn set_value(&self, name: &str) -> Option<&str> {
        self.set.get(name).map(String::as_str)
    }

    /// True when the file or an override sets it, whatever to.
    pub fn is_set(&self, name: &str) -> bool {
        self.set.contains_key(name)
    }

    /// Values by Kafka's names, for what has no field of its own.
    pub fn values(&self) -> Values<'_> {
        Values { set: &self.set }
    }
}

fn gather(input: &Input<'_>) -> Result<BTreeMap<String, String>, Error> {
    let mut set = BTreeMap::new();
    match input.file {
        Some((path, text)) => {
            let properties = properties::parse(text)
                .map_err(|(line, why)| Error(vec![format!("{}, line {line}: {why}", path.display())]))?;
            set.extend(properties);
        }
        None => set.extend(WITHOUT_A_FILE.map(|(name, value)| (name.to_owned(), value.to_owned()))),
    }
    set.extend(input.overrides.iter().cloned());
    // The old name of the same number: Kafka shows both as set.
    if let Some(id) = set.get("node.id").cloned() {
        set.entry("broker.id".to_owned()).or_insert(id);
    }
    Ok(set)
}

/// Each name and value by itself. What nobody set, `is_ours`, needs no note.
fn examine(
    set: &BTreeMap<String, String>,
    is_ours: impl Fn(&str) -> bool,
    problems: &mut Vec<String>,
    notes: &mut Vec<Note>,
) {
    let mut not_yet = Vec::new();
    for (name, text) in set {
        let (plain, of_listener) = without_listener(name);
        let Some(setting) = registry::find(Scope::Broker, plain) else {
            notes.push(Note::Warn(unknown(name)));
            continue;
        };
        let value = match value::check(setting, text) {
            Ok(value) => value,
            Err(why) => {
                problems.push(with_advice(setting, why));
                continue;
            }
        };
        match setting.support {
            Support::Refused if Some(value.to_string().as_str()) != setting.default_text().or(Some("")) => {
                let shown = if setting.is_sensitive() { "(hidden)".to_owned() } else { value.to_string() };
                problems.push(format!("{name}={shown}: {}", setting.note));
            }
            Support::NotYet | Support::Acts if is_ours(name) => {}
            Support::NotYet => not_yet.push(name.as_str()),
            Support::Acts if of_listener => not_yet.push(name.as_str()),
            _ => {}
        }
    }
    if !not_yet.is_empty() {
        notes.push(Note::Warn(format!("set, but not acted on yet: {}", not_yet.join(", "))));
    }
    for setting in registry::settings(Scope::Broker) {
        if setting.default == registry::Default::Required && !set.contains_key(setting.name) {
            problems.push(format!(
                "Missing required configuration \"{}\" which has no default value. Add it, for example {}",
                setting.name,
                example(setting.name)
            ));
        }
    }
}

/// Kafka lets some settings be given for one listener: `listener.name.internal.max.connections`.
pub(super) fn without_listener(name: &str) -> (&str, bool) {
    let of_listener = name.strip_prefix("listener.name.").and_then(|rest| rest.split_once('.'));
    match of_listener {
        // SASL's settings may carry the mechanism too: `listener.name.internal.plain.sasl.jaas.config`.
        Some((_, rest)) => match rest.find(".sasl.") {
            Some(at) if registry::find(Scope::Broker, rest).is_none() => {
                (rest.get(at + 1..).unwrap_or(rest), true)
            }
            _ => (rest, true),
        },
        None => (name, false),
    }
}

fn unknown(name: &str) -> String {
    if let Some(topic) = registry::find(Scope::Topic, name) {
        let instead = topic.synonyms.first().map(|s| s.name);
        return match instead {
            Some(instead) => format!(
                "{name} is a setting of topics and means nothing here; for all topics it is {instead}"
            ),
            None => format!("{name} is a setting of topics and means nothing here; set it on a topic"),
        };
    }
    match registry::nearest(Scope::Broker, name) {
        Some(near) => {
            format!("{name} is not a setting that Kafka or Ottla knows and is ignored; did you mean {near}?")
        }
        None => format!("{name} is not a setting that Kafka or Ottla knows and is ignored"),
    }
}

fn with_advice(setting: &Setting, why: String) -> String {
    match setting.default_text() {
        Some(default) if !default.is_empty() => {
            format!("{why}. Correct it, or remove it for the default, {default}")
        }
        _ => format!("{why}. Correct it, or remove it"),
    }
}

fn example(name: &str) -> &'static str {
    WITHOUT_A_FILE.iter().find(|(known, _)| *known == name).map_or("", |(known, value)| match *known {
        "process.roles" => "process.roles=broker,controller",
        "node.id" => "node.id=1",
        "controller.listener.names" => "controller.listener.names=CONTROLLER",
        _ => value,
    })
}

/// One node is broker and only controller. Anything else would be a cluster that this node is not part of.
fn check_roles(values: &Values, problems: &mut Vec<String>) {
    let roles = values.list("process.roles");
    let has = |role: &str| roles.iter().any(|r| r == role);
    if !(roles.is_empty() || has("broker") && has("controller")) {
        problems.push(format!(
            "process.roles={}: Ottla runs as broker and controller in one process, and does not yet join other \
             nodes; set process.roles=broker,controller",
            roles.join(",")
        ));
    }
    let voters = values.list("controller.quorum.voters");
    let own = format!("{}@", values.int("node.id"));
    if voters.len() > 1 || voters.iter().any(|voter| !voter.starts_with(&own)) {
        problems.push(format!(
            "controller.quorum.voters={}: the only controller is this node, {}; name it alone, or remove the setting",
            voters.join(","),
            values.int("node.id")
        ));
    }
    let servers = values.list("controller.quorum.bootstrap.servers");
    if servers.len() > 1 {
        problems.push(format!(
            "controller.quorum.bootstrap.servers={}: the only controller is this node; name it alone, or remove the \
             setting",
            servers.join(",")
        ));
    }
    let broker_id = values.int("broker.id");
    if broker_id != values.int("node.id") {
        problems.push(format!(
            "broker.id={broker_id} and node.id={} differ; remove broker.id",
            values.int("node.id")
        ));
    }
}

fn log_dirs(values: &Values) -> Vec<PathBuf> {
    let name = if values.is_set("log.dirs") { "log.dirs" } else { "log.dir" };
    values.list(name).into_iter().map(PathBuf::from).collect()
}

fn runtime(values: &Values, problems: &mut Vec<String>) -> RuntimeConfig {
    let cores = values.list("ottla.pin.cores");
    let pinning = match cores.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["auto"] => Pinning::Auto,
        ["off"] => Pinning::Off,
        numbers => match numbers.iter().map(|n| n.parse()).collect::<Result<Vec<usize>, _>>() {
            Ok(numbers) => Pinning::Cores(numbers),
            Err(_) => {
                problems.push(format!(
                    "ottla.pin.cores={}: neither auto, off, nor numbers of cores such as 0,2,4",
                    cores.join(",")
                ));
                Pinning::Auto
            }
        },
    };
    let shards = usize::try_from(values.int("ottla.shards")).ok().filter(|shards| *shards > 0);
    if let Pinning::Cores(cores) = &pinning {
        let wanted = shards.unwrap_or(cores.len());
        if wanted != cores.len() {
            problems.push(format!(
                "ottla.pin.cores names {} cores for ottla.shards={wanted}; give one core for each shard",
                cores.len()
            ));
        }
    }
    let metrics_listener =
        values.maybe_text("ottla.metrics.listener").filter(|listener| !listener.is_empty());
    if let Some(listener) = &metrics_listener {
        let is_place = listener.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains("//") && port.parse::<u16>().is_ok()
        });
        if !is_place {
            problems.push(format!(
                "ottla.metrics.listener={listener}: give HOST:PORT, such as 127.0.0.1:9464, or remove it to serve no metrics"
            ));
        }
    }
    let bytes = |name| values.maybe_long(name).and_then(|bytes| u64::try_from(bytes).ok());
    RuntimeConfig {
        shards: match &pinning {
            Pinning::Cores(cores) => Some(cores.len()),
            _ => shards,
        },
        pinning,
        spin_us: values.int("ottla.spin.us").unsigned_abs(),
        memory_bytes: bytes("ottla.memory.bytes"),
        batch_cache_bytes: bytes("ottla.batch.cache.bytes"),
        read_ahead_bytes: bytes("ottla.read.ahead.bytes"),
        log_prepare_bytes: bytes("ottla.log.prepare.bytes").unwrap_or_default(),
        disk_reserve_bytes: bytes("ottla.disk.reserve.bytes"),
        metrics_listener,
    }
}

/// Static values of the broker's settings by name: what was set, else the default.
///
/// A name must be in the registry with the type that is asked for: anything else is a bug, and tests call each.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    set: &'a BTreeMap<String, String>,
}

impl Values<'_> {
    pub fn is_set(&self, name: &str) -> bool {
        self.set.contains_key(name)
    }

    pub fn boolean(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Boolean(true)))
    }

    pub fn int(&self, name: &str) -> i32 {
        match self.get(name) {
            Some(Value::Int(value)) => value,
            _ => 0,
        }
    }

    pub fn short(&self, name: &str) -> i16 {
        match self.get(name) {
            Some(Value::Short(value)) => value,
            _ => 0,
        }
    }

    pub fn long(&self, name: &str) -> i64 {
        self.maybe_long(name).unwrap_or(0)
    }

    pub fn maybe_long(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Long(value)) => Some(value),
            Some(Value::Int(value)) => Some(i64::from(value)),
            _ => None,
        }
    }

    pub fn text(&self, name: &str) -> String {
        self.maybe_text(name).unwrap_or_default()
    }

    pub fn maybe_text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.to_string())
    }

    pub fn list(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Value::List(items)) => items,
            _ => Vec::new(),
        }
    }

    /// As [`super::Effective::broker`], of the static values alone.
    pub(super) fn with_fallbacks(&self, name: &str) -> Option<Value> {
        let setting = registry::find(Scope::Broker, name)?;
        setting.fallbacks().find_map(|synonym| Some(sources::times(self.get(synonym.name)?, synonym.factor)))
    }

    /// A value that is not valid was reported by [`examine`]; its default stands in so that the rest can be checked.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        let setting = registry::find(Scope::Broker, name);
        debug_assert!(setting.is_some(), "{name} is not in the registry");
        let setting = setting?;
        let set = self.set.get(name).and_then(|text| value::check(setting, text).ok());
        set.or_else(|| value::parse(setting.kind, setting.default_text()?).ok())
    }
}

/// True when changing `setting` needs no restart.
pub fn is_dynamic(setting: &Setting) -> bool {
    setting.mode != Mode::ReadOnly
}
