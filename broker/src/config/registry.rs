//! Every setting of Kafka 4.3 and Ottla's own, as data.
//!
//! The tables lie in `settings/`, one file per subject. A setting is a line of cells, and lines below it that are
//! set in:
//!
//! ```text
//! NAME | TYPE | DEFAULT | VALID | IMPORTANCE | MODE | SUPPORT
//!   What it does, in a sentence.
//!   ! Why it means nothing here, or what to do instead.
//!   < What it falls back to, in order, each with the factor to its unit: log.retention.minutes*60000
//! ```
//! `DEFAULT` is `null`, `""` or the text; `required` has none. `VALID` is one of the forms of [`Valid`], `-` for all.

use std::sync::LazyLock;

/// What a setting belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    Broker,
    Topic,
    Group,
    ClientMetrics,
}

#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub scope: Scope,
    pub kind: Kind,
    pub default: Default,
    pub valid: Valid,
    pub importance: Importance,
    pub mode: Mode,
    /// Kafka keeps it out of its documentation and of DescribeConfigs.
    pub internal: bool,
    pub support: Support,
    pub documentation: &'static str,
    /// Why it is not acted on, or what to do instead; else empty.
    pub note: &'static str,
    /// Broker settings that count when this one is not set, in order. For a broker's setting they are all that say
    /// the same thing, itself among them.
    pub synonyms: Vec<Synonym>,
    /// The table that it stands in, such as `log`.
    pub subject: &'static str,
}

/// Numbers are those of DescribeConfigs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum Kind {
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    /// Never shown.
    Password = 9,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// It must be given.
    Required,
    Null,
    Text(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Valid {
    Any,
    /// `1..` or `1..9`, ends included.
    Range(f64, Option<f64>),
    /// `1..9 or -1`.
    RangeOr(i64, i64, i64),
    /// `one of a, b`.
    OneOf(Vec<&'static str>),
    /// `any case of A, B`.
    OneOfAnyCase(Vec<&'static str>),
    /// `not empty`, `each of a, b`, or both: of lists, whose items are never blank.
    Each {
        not_empty: bool,
        of: Vec<&'static str>,
    },
    /// `not empty`, of strings.
    NotEmpty,
    /// `voters`: `1@host:9093`, each.
    Voters,
    /// `host:port each`.
    Addresses,
    /// `partition:broker each`, or `*`.
    ThrottledReplicas,
    /// `offset reset`: `earliest`, `latest` or `by_duration:PT1H`.
    OffsetReset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    High,
    Medium,
    Low,
}

/// How a broker's setting can be changed while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    ReadOnly,
    PerBroker,
    ClusterWide,
    /// Not a broker's own: changed at the topic, group or subscription that it belongs to.
    Resource,
}

/// What Ottla makes of it today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    Acts,
    /// There is nothing here that it could change, and no harm in that.
    Accepted,
    /// Read and checked, but not acted on: named once at start.
    NotYet,
    /// Unsafe to ignore: another value than the default stops the start.
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synonym {
    pub name: &'static str,
    pub factor: i64,
}

impl Setting {
    pub fn is_sensitive(&self) -> bool {
        self.kind == Kind::Password
    }

    pub fn is_list(&self) -> bool {
        self.kind == Kind::List
    }

    /// The default as text; none for null and for what must be given.
    pub fn default_text(&self) -> Option<&'static str> {
        match self.default {
            Default::Text(text) => Some(text),
            Default::Null | Default::Required => None,
        }
    }

    /// The settings that count for this broker setting, in order, with the factor to its unit: itself, then what it
    /// falls back to.
    pub fn fallbacks(&'static self) -> impl Iterator<Item = Synonym> {
        let others = match self.synonyms.as_slice() {
            [first, others @ ..] if first.name == self.name => others,
            _ => &[],
        };
        [Synonym { name: self.name, factor: 1 }].into_iter().chain(others.iter().copied())
    }
}

/// The settings of `scope` by name, in the order of their names.
pub fn settings(scope: Scope) -> &'static [Setting] {
    let tables = &*TABLES;
    match scope {
        Scope::Broker => &tables.broker,
        Scope::Topic => &tables.topic,
        Scope::Group => &tables.group,
        Scope::ClientMetrics => &tables.client_metrics,
    }
}

pub fn find(scope: Scope, name: &str) -> Option<&'static Setting> {
    let all = settings(scope);
    all.binary_search_by(|setting| setting.name.cmp(name)).ok().and_then(|at| all.get(at))
}

/// The known name that is most like `name`, when one is like it enough to have been meant.
pub fn nearest(scope: Scope, name: &str) -> Option<&'static str> {
    const ALIKE: f64 = 0.8;
    settings(scope)
        .iter()
        .filter(|setting| !setting.internal)
        .map(|setting| (strsim::normalized_damerau_levenshtein(setting.name, name), setting.name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

struct Tables {
    broker: Vec<Setting>,
    topic: Vec<Setting>,
    group: Vec<Setting>,
    client_metrics: Vec<Setting>,
}

macro_rules! table {
    ($scope:expr, $subject:literal) => {
        ($scope, $subject, include_str!(concat!("settings/", $subject, ".settings")))
    };
}

/// In the order of the reference page.
pub(super) const SUBJECTS: [(Scope, &str, &str); 12] = [
    table!(Scope::Broker, "ottla"),
    table!(Scope::Broker, "process"),
    table!(Scope::Broker, "cluster"),
    table!(Scope::Broker, "log"),
    table!(Scope::Broker, "coordinators"),
    table!(Scope::Broker, "transactions"),
    table!(Scope::Broker, "quotas"),
    table!(Scope::Broker, "security"),
    table!(Scope::Broker, "tiered"),
    table!(Scope::Topic, "topic"),
    table!(Scope::Group, "group"),
    table!(Scope::ClientMetrics, "client_metrics"),
];

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables { broker: vec![], topic: vec![], group: vec![], client_metrics: vec![] };
    for (scope, subject, text) in SUBJECTS {
        let to = match scope {
            Scope::Broker => &mut tables.broker,
            Scope::Topic => &mut tables.topic,
            Scope::Group => &mut tables.group,
            Scope::ClientMetrics => &mut tables.client_metrics,
        };
        to.extend(parse(scope, subject, text));
    }
    for list in [&mut tables.broker, &mut tables.topic, &mut tables.group, &mut tables.client_metrics] {
        list.sort_by_key(|setting| setting.name);
    }
    tables
});

/// The settings of one table, in its order. The tables are part of the program, so a fault in one is a bug.
fn parse(scope: Scope, subject: &'static str, text: &'static str) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some(below) = line.strip_prefix("  ") else {
            let setting =
                parse_cells(scope, subject, line).unwrap_or_else(|| panic!("{subject}.settings: {line}"));
            settings.push(setting);
            continue;
        };
        let setting = settings.last_mut().unwrap_or_else(|| panic!("{subject}.settings: {line}"));
        match below.split_at_checked(2) {
            Some(("! ", note)) => setting.note = note,
            Some(("< ", names)) => setting.synonyms = names.split(' ').map(parse_synonym).collect(),
            _ => setting.documentation = below,
        }
    }
    settings
}

fn parse_cells(scope: Scope, subject: &'static str, line: &'static str) -> Option<Setting> {
    let mut cells = line.split(" | ").map(str::trim);
    let name = cells.next()?;
    let kind = match cells.next()? {
        "boolean" => Kind::Boolean,
        "string" => Kind::String,
        "int" => Kind::Int,
        "short" => Kind::Short,
        "long" => Kind::Long,
        "double" => Kind::Double,
        "list" => Kind::List,
        "class" => Kind::Class,
        "password" => Kind::Password,
        _ => return None,
    };
    let default = match cells.next()? {
        "required" => Default::Required,
        "null" => Default::Null,
        "\"\"" => Default::Text(""),
        text => Default::Text(text),
    };
    let valid = parse_valid(kind, cells.next()?)?;
    let importance = match cells.next()? {
        "high" => Importance::High,
        "medium" => Importance::Medium,
        "low" => Importance::Low,
        _ => return None,
    };
    let mode = cells.next()?;
    let (mode, internal) = match mode.strip_suffix(" internal") {
        Some(mode) => (mode, true),
        None => (mode, false),
    };
    let mode = match mode {
        "read-only" => Mode::ReadOnly,
        "per-broker" => Mode::PerBroker,
        "cluster-wide" => Mode::ClusterWide,
        "-" => Mode::Resource,
        _ => return None,
    };
    let support = match cells.next()? {
        "acts" => Support::Acts,
        "accepted" => Support::Accepted,
        "not yet" => Support::NotYet,
        "refused" => Support::Refused,
        _ => return None,
    };
    if cells.next().is_some() {
        return None;
    }
    Some(Setting {
        name,
        scope,
        kind,
        default,
        valid,
        importance,
        mode,
        internal,
        support,
        documentation: "",
        note: "",
        synonyms: Vec::new(),
        subject,
    })
}

fn parse_valid(kind: Kind, cell: &'static str) -> Option<Valid> {
    let names = |list: &'static str| list.split(", ").collect::<Vec<_>>();
    Some(match cell {
        "-" if kind == Kind::List => Valid::Each { not_empty: false, of: vec![] },
        "-" => Valid::Any,
        "not empty" if kind == Kind::List => Valid::Each { not_empty: true, of: vec![] },
        "not empty" => Valid::NotEmpty,
        "voters" => Valid::Voters,
        "host:port each" => Valid::Addresses,
        "partition:broker each" => Valid::ThrottledReplicas,
        "offset reset" => Valid::OffsetReset,
        _ => {
            if let Some(list) = cell.strip_prefix("one of ") {
                Valid::OneOf(names(list))
            } else if let Some(list) = cell.strip_prefix("any case of ") {
                Valid::OneOfAnyCase(names(list))
            } else if let Some(list) = cell.strip_prefix("each of ") {
                Valid::Each { not_empty: false, of: names(list) }
            } else if let Some(list) = cell.strip_prefix("not empty each of ") {
                Valid::Each { not_empty: true, of: names(list) }
            } else if let Some((range, other)) = cell.split_once(" or ") {
                let (low, high) = range.split_once("..")?;
                Valid::RangeOr(low.parse().ok()?, high.parse().ok()?, other.parse().ok()?)
            } else {
                let (low, high) = cell.split_once("..")?;
                let high = if high.is_empty() { None } else { Some(high.parse().ok()?) };
                Valid::Range(low.parse().ok()?, high)
            }
        }
    })
}

fn parse_synonym(word: &'static str) -> Synonym {
    match word.split_once('*') {
        Some((name, factor)) => Synonym { name, factor: factor.parse().expect("a factor in the tables") },
        None => Synonym { name: word, factor: 1 },
    }
}
