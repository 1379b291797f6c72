//! `ottla config`: every setting there is, for people, programs, and the reference page of the documentation; and what is set
//! in a cluster.

mod values;

use super::table::{Table, counted};
use super::{Exit, Failure};
use crate::config::registry::{self, Default, Kind, Mode, Scope, Setting, Support, Valid};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use std::io::{self, Write};

/// Longer defaults would push the last column out of sight.
const DEFAULT_CHARS_MAX: usize = 32;

#[derive(Args)]
#[command(after_help = HELP, args_conflicts_with_subcommands = true)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: Option<ConfigCommand>,
    /// One setting in full, or all whose names contain this [default: all]
    name: Option<String>,
    /// Only settings of these
    #[arg(short, long, value_enum)]
    scope: Option<ScopeArg>,
    /// Only settings that Ottla acts on
    #[arg(long)]
    acts: bool,
    /// Print a JSON array
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print the reference page
    #[arg(long)]
    markdown: bool,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Show what is set for a topic, a broker, a group or a client-metrics subscription
    Describe(values::DescribeArgs),
    /// Change what is set there
    Alter(values::AlterArgs),
}

const HELP: &str = "\
Examples:
  ottla config                          all settings, with defaults
  ottla config flush.messages           one in full
  ottla config retention --scope topic
  ottla config --acts --json | jq -r '.[].name'
  ottla config describe broker 1        what is set in a running cluster
  ottla config alter broker default --set log.retention.ms=86400000

Names, defaults and ranges are Kafka's; those that begin with `ottla.` are Ottla's own. Broker settings go into
server.properties or --set of `ottla start`, topic settings into --set of `ottla topic create` and `alter`.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ScopeArg {
    Broker,
    Topic,
    Group,
    ClientMetrics,
}

const SCOPES: [(ScopeArg, Scope, &str); 4] = [
    (ScopeArg::Broker, Scope::Broker, "broker"),
    (ScopeArg::Topic, Scope::Topic, "topic"),
    (ScopeArg::Group, Scope::Group, "group"),
    (ScopeArg::ClientMetrics, Scope::ClientMetrics, "client metrics"),
];

pub fn run(args: &ConfigArgs) -> Result<Exit, Failure> {
    match &args.command {
        Some(ConfigCommand::Describe(args)) => return values::describe(args),
        Some(ConfigCommand::Alter(args)) => return values::alter(args),
        None => {}
    }
    let all: Vec<&Setting> = SCOPES
        .iter()
        .filter(|(arg, ..)| args.scope.is_none_or(|scope| scope == *arg))
        .flat_map(|(_, scope, _)| registry::settings(*scope))
        .filter(|setting| !args.acts || setting.support == Support::Acts)
        .collect();
    let found: Vec<&Setting> = match &args.name {
        // Settings that Kafka keeps to itself are shown to who asks by name.
        Some(name) if all.iter().any(|setting| setting.name == name) => {
            all.into_iter().filter(|setting| setting.name == name).collect()
        }
        Some(part) => {
            let part = part.to_lowercase();
            all.into_iter().filter(|setting| !setting.internal && setting.name.contains(&part)).collect()
        }
        None => all.into_iter().filter(|setting| !setting.internal).collect(),
    };
    let Some(first) = found.first() else { return Err(unknown(args)) };
    let in_full = found.iter().all(|setting| setting.name == first.name);
    let mut out = io::stdout().lock();
    if args.json {
        let settings: Vec<Shown> = found.iter().map(|setting| Shown::of(setting)).collect();
        serde_json::to_writer_pretty(&mut out, &settings)?;
        writeln!(out)?;
    } else if args.markdown {
        write_page(&mut out, &found)?;
    } else if in_full {
        for (position, setting) in found.iter().enumerate() {
            if position > 0 {
                writeln!(out)?;
            }
            write_setting(&mut out, &Shown::of(setting))?;
        }
    } else {
        let mut table = Table::new(&["NAME", "OF", "TYPE", "DEFAULT", "OTTLA"]);
        for shown in found.iter().map(|setting| Shown::of(setting)) {
            let mut default = shown.default_as_text();
            if default.chars().count() > DEFAULT_CHARS_MAX {
                default = default.chars().take(DEFAULT_CHARS_MAX - 1).chain(['…']).collect();
            }
            table.row([
                shown.name.into(),
                shown.scope.into(),
                shown.kind.into(),
                default,
                shown.support.into(),
            ]);
        }
        write!(out, "{table}")?;
        writeln!(out, "\n{}; one in full: ottla config NAME", counted(found.len() as u64, "setting"))?;
    }
    Ok(Exit::Ok)
}

fn unknown(args: &ConfigArgs) -> Failure {
    let name = args.name.as_deref().unwrap_or_default();
    let failure = Failure::failed(format!("no setting is called '{name}' or has that in its name"));
    let nearest = SCOPES
        .iter()
        .filter(|(arg, ..)| args.scope.is_none_or(|scope| scope == *arg))
        .find_map(|(_, scope, _)| registry::nearest(*scope, name));
    match nearest {
        Some(nearest) => failure.with_advice(format!("did you mean {nearest}?")),
        None => failure.with_advice("see them all: ottla config"),
    }
}

/// A setting in words.
#[derive(Debug, PartialEq, Serialize)]
struct Shown {
    name: &'static str,
    scope: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// `None` for null, and for what must be given.
    default: Option<&'static str>,
    required: bool,
    /// Empty when every value of the type is.
    valid: String,
    importance: String,
    /// How it can be changed while the broker runs; empty for what is not a broker's.
    dynamic: &'static str,
    support: &'static str,
    documentation: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'static str,
    /// What counts in its place when it is not set, in order.
    fallbacks: Vec<&'static str>,
}

impl Shown {
    fn of(setting: &'static Setting) -> Shown {
        Shown {
            name: setting.name,
            scope: SCOPES.iter().find(|(_, scope, _)| *scope == setting.scope).map_or("", |(.., name)| name),
            kind: match setting.kind {
                Kind::Boolean => "boolean",
                Kind::String => "string",
                Kind::Int => "int",
                Kind::Short => "short",
                Kind::Long => "long",
                Kind::Double => "double",
                Kind::List => "list",
                Kind::Class => "class",
                Kind::Password => "password",
            },
            default: setting.default_text(),
            required: setting.default == Default::Required,
            valid: valid(&setting.valid),
            importance: format!("{:?}", setting.importance).to_lowercase(),
            dynamic: match setting.mode {
                Mode::ReadOnly => "no: restart the broker",
                Mode::PerBroker => "yes, for each broker",
                Mode::ClusterWide => "yes, for all brokers",
                Mode::Resource => "",
            },
            support: match setting.support {
                Support::Acts => "acts",
                Support::Accepted => "no need",
                Support::NotYet => "not yet",
                Support::Refused => "refused",
            },
            documentation: setting.documentation,
            note: setting.note,
            fallbacks: match setting.scope {
                // A broker's list of synonyms has the setting itself in it; a topic's are the broker's settings.
                Scope::Broker => setting.fallbacks().skip(1).map(|fallback| fallback.name).collect(),
                _ => setting.synonyms.iter().map(|fallback| fallback.name).collect(),
            },
        }
    }

    fn default_as_text(&self) -> String {
        match self.default {
            None if self.required => "(required)".to_owned(),
            None => "(null)".to_owned(),
            Some("") => "\"\"".to_owned(),
            Some(text) => text.to_owned(),
        }
    }
}

fn valid(valid: &Valid) -> String {
    match valid {
        Valid::Any => String::new(),
        Valid::Range(low, Some(high)) => format!("{low} to {high}"),
        Valid::Range(low, None) => format!("{low} or more"),
        Valid::RangeOr(low, high, other) => format!("{low} to {high}, or {other}"),
        Valid::OneOf(names) => format!("one of {}", names.join(", ")),
        Valid::OneOfAnyCase(names) => format!("one of {}, in any case", names.join(", ")),
        Valid::Each { not_empty, of } => {
            let mut text =
                if of.is_empty() { String::new() } else { format!("each one of {}", of.join(", ")) };
            if *not_empty {
                text.push_str(if text.is_empty() { "not empty" } else { ", not empty" });
            }
            text
        }
        Valid::NotEmpty => "not empty".to_owned(),
        Valid::Voters => "each ID@HOST:PORT".to_owned(),
        Valid::Addresses => "each HOST:PORT".to_owned(),
        Valid::ThrottledReplicas => "each PARTITION:BROKER, or *".to_owned(),
        Valid::OffsetReset => "earliest, latest, or by_duration:PT1H".to_owned(),
    }
}

/// What `support` means, in a sentence.
fn support_text(support: &str) -> &'static str {
    match support {
        "acts" => "Ottla acts on it",
        "no need" => "accepted; there is nothing in Ottla that it could change",
        "not yet" => "read and checked, but not acted on yet",
        _ => "not served, and unsafe to ignore: another value than the default stops the start",
    }
}

fn write_setting(out: &mut impl Write, shown: &Shown) -> io::Result<()> {
    writeln!(out, "{} ({} setting)\n  {}", shown.name, shown.scope, shown.documentation)?;
    let of_broker = if shown.scope == "topic" { "the broker's " } else { "" };
    let fallbacks: Vec<String> = shown.fallbacks.iter().map(|name| format!("{of_broker}{name}")).collect();
    let fallbacks = fallbacks.join(", then ");
    let mut line = |label: &str, text: &str| {
        if text.is_empty() { Ok(()) } else { writeln!(out, "  {label:<12}{text}") }
    };
    line("type", shown.kind)?;
    line("default", &shown.default_as_text())?;
    line("valid", &shown.valid)?;
    line("falls back", &fallbacks)?;
    line("dynamic", shown.dynamic)?;
    line("importance", &shown.importance)?;
    line("in Ottla", support_text(shown.support))?;
    line("note", shown.note)
}

/// The reference page: a table for each scope.
fn write_page(out: &mut impl Write, found: &[&'static Setting]) -> io::Result<()> {
    writeln!(out, "<!-- Made by: ottla config --markdown -->\n# Settings\n")?;
    writeln!(
        out,
        "Names, defaults and ranges are Kafka's; those that begin with `ottla.` are Ottla's own. The column Dynamic \
         says whether a broker's setting can be changed while it runs, the column Ottla what Ottla makes of a setting: **acts** on it; **no need**: accepted, there is nothing that it could change; **not yet**: read and \
         checked, but not acted on; **refused**: unsafe to ignore, so another value than the default stops the start."
    )?;
    for (_, scope, name) in SCOPES {
        let mut settings = found.iter().filter(|setting| setting.scope == scope).peekable();
        if settings.peek().is_none() {
            continue;
        }
        let (first, rest) = name.split_at(1);
        writeln!(out, "\n## {}{rest} settings\n", first.to_uppercase())?;
        writeln!(
            out,
            "| Name | Type | Default | Valid | Dynamic | Ottla | What it does |\n| --- | --- | --- | --- | --- | --- | --- |"
        )?;
        for shown in settings.map(|setting| Shown::of(setting)) {
            let cell = |text: &str| text.replace('|', "\\|").replace('*', "\\*").replace('<', "&lt;");
            let note = if shown.note.is_empty() { String::new() } else { format!(" {}", cell(shown.note)) };
            writeln!(
                out,
                "| `{}` | {} | `{}` | {} | {} | {} | {}{note} |",
                shown.name,
                shown.kind,
                shown.default_as_text(),
                cell(&shown.valid),
                shown.dynamic.split(':').next().unwrap_or_default(),
                shown.support,
                cell(shown.documentation),
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(scope: Scope, name: &str) -> Shown {
        Shown::of(registry::find(scope, name).unwrap())
    }

    #[test]
    fn a_setting_is_shown_in_words() {
        let partitions = shown(Scope::Broker, "num.partitions");
        assert_eq!(
            (partitions.kind, partitions.default, partitions.valid.as_str()),
            ("int", Some("1"), "1 or more")
        );
        let codec = shown(Scope::Topic, "compression.type");
        assert!(codec.valid.starts_with("one of uncompressed, zstd"), "{}", codec.valid);
        assert_eq!(codec.fallbacks, ["compression.type"]);
        assert!(shown(Scope::Broker, "compression.type").fallbacks.is_empty());
        let flush = shown(Scope::Topic, "flush.messages");
        assert_eq!(flush.fallbacks, ["log.flush.interval.messages"]);
        let mut text = Vec::new();
        write_setting(&mut text, &flush).unwrap();
        let text = String::from_utf8(text).unwrap();
        for part in ["flush.messages (topic setting)", "default     9223372036854775807", "Ottla acts on it"]
        {
            assert!(text.contains(part), "{text}");
        }
    }

    /// Every cell of every row is one line of one table.
    #[test]
    fn the_page_has_a_row_for_each_setting() {
        let all: Vec<&'static Setting> = registry::settings(Scope::Broker).iter().collect();
        let mut page = Vec::new();
        write_page(&mut page, &all).unwrap();
        let page = String::from_utf8(page).unwrap();
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), all.len());
        for row in rows {
            let bars = row.matches('|').count() - row.matches("\\|").count();
            assert_eq!(bars, 8, "{row}");
        }
    }

    /// `docs/settings.md` is what `ottla config --markdown` prints. Made anew by `OTTLA_WRITE_DOCS=1 cargo test`.
    #[test]
    fn the_reference_page_is_current() {
        let all = SCOPES.iter().flat_map(|(_, scope, _)| registry::settings(*scope));
        let all: Vec<&'static Setting> = all.filter(|setting| !setting.internal).collect();
        let mut page = Vec::new();
        write_page(&mut page, &all).unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/settings.md");
        if std::env::var_os("OTTLA_WRITE_DOCS").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        let kept = std::fs::read(path).unwrap();
        assert!(
            kept == page,
            "docs/settings.md is not what the tables say: run OTTLA_WRITE_DOCS=1 cargo test -p ottla"
        );
    }
}
