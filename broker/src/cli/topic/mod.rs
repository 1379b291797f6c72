//! `ottla topic`: the tree of its commands, and those that change topics.

mod show;

use super::client::admin::{Change, NewTopic, PerTopic, Resource};
use super::table::counted;
use super::{Connect, Exit, Failure, parse_pair};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Args)]
#[command(after_help = HELP)]
pub struct TopicArgs {
    #[command(subcommand)]
    command: TopicCommand,
}

const HELP: &str = "\
Examples:
  ottla topic create orders --partitions 4 --set retention.ms=86400000
  ottla topic list
  ottla topic describe orders
  ottla topic alter orders --partitions 8 --unset retention.ms
  ottla topic delete orders";

#[derive(Subcommand)]
enum TopicCommand {
    /// Make topics
    Create(CreateArgs),
    /// List topics
    #[command(visible_alias = "ls")]
    List(show::ListArgs),
    /// Show a topic's partitions, leaders, replicas, offsets and settings
    Describe(show::DescribeArgs),
    /// Delete topics and their records
    #[command(visible_alias = "rm")]
    Delete(DeleteArgs),
    /// Change a topic's settings or raise its number of partitions
    Alter(AlterArgs),
}

#[derive(Args)]
#[command(after_help = CREATE_HELP)]
struct CreateArgs {
    /// Names of the topics
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Number of partitions [default: the broker's num.partitions]
    #[arg(short, long, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// Copies of each partition [default: the broker's default.replication.factor]
    #[arg(short, long, value_parser = clap::value_parser!(i16).range(1..))]
    replicas: Option<i16>,
    /// A setting of the topic; may be given more than once
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    set: Vec<(String, String)>,
    /// Accept a topic that is there already
    #[arg(long)]
    if_not_exists: bool,
    /// Check only, make nothing
    #[arg(long)]
    dry_run: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: Connect,
}

const CREATE_HELP: &str = "\
Examples:
  ottla topic create orders
  ottla topic create orders payments --partitions 4 --replicas 3
  ottla topic create users --set cleanup.policy=compact";

#[derive(Args)]
struct DeleteArgs {
    /// Names of the topics
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Accept a topic that is not there
    #[arg(long)]
    if_exists: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Args)]
#[command(after_help = ALTER_HELP)]
struct AlterArgs {
    /// The topic
    name: String,
    /// Raise the number of partitions to this; it can't go down
    #[arg(short, long, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// Set a setting
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    set: Vec<(String, String)>,
    /// Go back to the broker's value of a setting
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
  ottla topic alter orders --partitions 8
  ottla topic alter orders --set retention.ms=3600000 --unset segment.bytes
  ottla topic alter orders --append cleanup.policy=compact

More partitions change which partition a key goes to: records written before stay where they are.";

pub fn run(args: TopicArgs) -> Result<Exit, Failure> {
    match args.command {
        TopicCommand::Create(args) => create(&args),
        TopicCommand::List(args) => show::list(&args),
        TopicCommand::Describe(args) => show::describe(&args),
        TopicCommand::Delete(args) => delete(&args),
        TopicCommand::Alter(args) => alter(&args),
    }
}

/// What became of one topic, for `--json`.
#[derive(Serialize)]
struct Outcome {
    name: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replication_factor: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Outcome {
    fn new(name: String, result: &'static str) -> Outcome {
        Outcome {
            name,
            result,
            id: None,
            partitions: None,
            replication_factor: None,
            error: None,
            message: None,
        }
    }
}

fn create(args: &CreateArgs) -> Result<Exit, Failure> {
    let topic = |name: &String| NewTopic {
        name: name.clone(),
        partitions: args.partitions.unwrap_or(-1),
        replication_factor: args.replicas.unwrap_or(-1),
        configs: args.set.clone(),
    };
    let topics: Vec<NewTopic> = args.names.iter().map(topic).collect();
    let mut client = args.connect.client()?;
    let results = client.create_topics(&topics, args.dry_run)?;
    let made: Vec<String> =
        results.iter().filter(|(_, result)| result.is_ok()).map(|(name, _)| name.clone()).collect();
    let word = if args.dry_run { "valid" } else { "created" };
    let exit = report(results, args.json, word, args.if_not_exists.then_some(EXISTS), |outcome, created| {
        if !created.id.is_zero() {
            outcome.id = Some(created.id.to_string());
        }
        outcome.partitions = Some(created.partitions).filter(|count| *count > 0);
        outcome.replication_factor = Some(created.replication_factor).filter(|count| *count > 0);
    })?;
    if !args.dry_run {
        // The next command may produce at once: wait until the brokers lead the new partitions.
        for name in &made {
            client.topic_soon(name)?;
        }
    }
    Ok(exit)
}

fn delete(args: &DeleteArgs) -> Result<Exit, Failure> {
    let results = args.connect.client()?.delete_topics(&args.names)?;
    report(results, args.json, "deleted", args.if_exists.then_some(MISSING), |_, ()| {})
}

const EXISTS: (ottla_protocol::ErrorCode, &str) =
    (ottla_protocol::ErrorCode::TOPIC_ALREADY_EXISTS, "is there already");
const MISSING: (ottla_protocol::ErrorCode, &str) =
    (ottla_protocol::ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "is not there");

/// Prints a line or a JSON object for each topic. The error `accepted` counts as done.
fn report<T>(
    results: PerTopic<T>,
    json: bool,
    word: &'static str,
    accepted: Option<(ottla_protocol::ErrorCode, &'static str)>,
    fill: impl Fn(&mut Outcome, T),
) -> Result<Exit, Failure> {
    let (mut done, mut failures, mut outcomes) = (0, Vec::new(), Vec::new());
    for (name, result) in results {
        match result {
            Ok(value) => {
                done += 1;
                let mut outcome = Outcome::new(name, word);
                fill(&mut outcome, value);
                outcomes.push(outcome);
            }
            Err(error) => match accepted.filter(|(code, _)| *code == error.code()) {
                Some((_, word)) => {
                    done += 1;
                    outcomes.push(Outcome::new(name, word));
                }
                None => {
                    let mut outcome = Outcome::new(name, "failed");
                    outcome.error = Some(error.code().name().to_owned());
                    outcome.message = Some(error.to_string());
                    outcomes.push(outcome);
                    failures.push(Failure::from(error));
                }
            },
        }
    }
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &outcomes)?;
        writeln!(out)?;
    } else {
        for outcome in outcomes.iter().filter(|outcome| outcome.error.is_none()) {
            let (name, result) = (&outcome.name, outcome.result);
            match (outcome.partitions, outcome.replication_factor) {
                (Some(partitions), Some(replicas)) => {
                    let partitions = counted(partitions as u64, "partition");
                    let copies =
                        if replicas == 1 { "1 copy".to_owned() } else { format!("{replicas} copies") };
                    writeln!(out, "{result} topic '{name}': {partitions}, {copies} of each")?;
                }
                _ if accepted.is_some_and(|(_, word)| word == result) => {
                    writeln!(out, "topic '{name}' {result}")?
                }
                _ => writeln!(out, "{result} topic '{name}'")?,
            }
        }
    }
    for failure in &failures {
        eprintln!("{failure}");
    }
    Ok(match (done, failures.first()) {
        (_, None) => Exit::Ok,
        (0, Some(failure)) => failure.exit,
        (_, Some(_)) => Exit::Partial,
    })
}

fn alter(args: &AlterArgs) -> Result<Exit, Failure> {
    let changes = Change::of(&args.set, &args.unset, &args.append, &args.subtract);
    if changes.is_empty() && args.partitions.is_none() {
        return Err(Failure::usage("nothing to change")
            .with_advice("give --partitions N, --set KEY=VALUE, --unset KEY, --append or --subtract"));
    }
    let mut client = args.connect.client()?;
    let mut out = io::stdout().lock();
    let mut done = false;
    if !changes.is_empty() {
        client.alter_configs(&Resource::topic(&args.name), &changes, args.dry_run)?;
        done = true;
    }
    if let Some(count) = args.partitions
        && let Err(error) = client.create_partitions(&args.name, count, args.dry_run)
    {
        let mut failure = Failure::from(error);
        if done && !args.dry_run {
            failure.exit = Exit::Partial;
            failure.message.push_str("; the settings are changed");
        }
        return Err(failure);
    }
    let word = if args.dry_run { "could be altered" } else { "altered" };
    writeln!(out, "topic '{}' {word}", args.name)?;
    Ok(Exit::Ok)
}
