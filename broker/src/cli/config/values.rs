//! `ottla config describe` and `alter`: what is set for a topic, a broker, all brokers, a group or a client-metrics subscription.

use super::super::client::admin::{Change, Resource, ResourceKind, Setting};
use super::super::table::Table;
use super::super::{Connect, Exit, Failure, parse_pair};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::io::{self, Write};

/// How all brokers together are called.
const ALL_BROKERS: &str = "default";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Topic,
    Broker,
    Group,
    ClientMetrics,
}

#[derive(Args)]
struct Of {
    /// Of what
    #[arg(value_enum)]
    kind: Kind,
    /// Its name; of a broker its id, or `default` for all of them
    name: String,
}

#[derive(Args)]
#[command(after_help = DESCRIBE_HELP)]
pub struct DescribeArgs {
    #[command(flatten)]
    of: Of,
    /// Show every setting, not only those that were set
    #[arg(short, long)]
    all: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: Connect,
}

const DESCRIBE_HELP: &str = "\
Examples:
  ottla config describe broker 1
  ottla config describe broker default
  ottla config describe topic orders --all --json
  ottla config describe group billing";

#[derive(Args)]
#[command(after_help = ALTER_HELP)]
pub struct AlterArgs {
    #[command(flatten)]
    of: Of,
    /// Set a setting
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    set: Vec<(String, String)>,
    /// Go back to what counts without it
    #[arg(short, long, value_name = "KEY")]
    unset: Vec<String>,
    /// Add to a setting that is a list
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    append: Vec<(String, String)>,
    /// Take from a setting that is a list
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    subtract: Vec<(String, String)>,
    /// Check only, change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connect: Connect,
}

const ALTER_HELP: &str = "\
Examples:
  ottla config alter broker default --set log.retention.ms=86400000
  ottla config alter broker 1 --unset log.retention.ms
  ottla config alter group billing --set consumer.session.timeout.ms=50000

What can be changed while brokers run: ottla config NAME says so of each setting.";

/// One setting, for `--json`.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    /// `None` for a secret, and for what has no value.
    value: Option<&'a str>,
    source: &'static str,
}

impl Of {
    fn resource(&self) -> Resource {
        let kind = match self.kind {
            Kind::Topic => ResourceKind::Topic,
            Kind::Broker => ResourceKind::Broker,
            Kind::Group => ResourceKind::Group,
            Kind::ClientMetrics => ResourceKind::ClientMetrics,
        };
        let is_all = self.kind == Kind::Broker && self.name == ALL_BROKERS;
        Resource { kind, name: if is_all { String::new() } else { self.name.clone() } }
    }
}

pub fn describe(args: &DescribeArgs) -> Result<Exit, Failure> {
    let resource = args.of.resource();
    let mut settings = args.connect.client()?.describe_configs(&resource)?;
    if !args.all {
        settings.retain(Setting::is_set);
    }
    let mut out = io::stdout().lock();
    if args.json {
        let shown: Vec<Shown<'_>> = settings
            .iter()
            .map(|setting| Shown {
                name: &setting.name,
                value: setting.value.as_deref(),
                source: setting.source_text(),
            })
            .collect();
        serde_json::to_writer_pretty(&mut out, &shown)?;
        writeln!(out)?;
        return Ok(Exit::Ok);
    }
    if settings.is_empty() {
        eprintln!("nothing is set for {resource}; every setting with its value: --all");
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(&["SETTING", "VALUE", "FROM"]);
    for setting in &settings {
        let value = match (&setting.value, setting.is_secret) {
            (Some(value), _) => value.clone(),
            (None, true) => "(secret)".to_owned(),
            (None, false) => "(null)".to_owned(),
        };
        table.row([setting.name.clone(), value, setting.source_text().to_owned()]);
    }
    write!(out, "{table}")?;
    Ok(Exit::Ok)
}

pub fn alter(args: &AlterArgs) -> Result<Exit, Failure> {
    let changes = Change::of(&args.set, &args.unset, &args.append, &args.subtract);
    if changes.is_empty() {
        return Err(Failure::usage("nothing to change")
            .with_advice("give --set KEY=VALUE, --unset KEY, --append or --subtract"));
    }
    let resource = args.of.resource();
    args.connect.client()?.alter_configs(&resource, &changes, args.dry_run)?;
    let word = if args.dry_run { "could be altered" } else { "altered" };
    writeln!(io::stdout(), "{resource} {word}")?;
    Ok(Exit::Ok)
}
