//! `ottla group`: the tree of its commands, and those that take something away.

mod reset;
mod show;

use super::client::groups::PerPartition;
use super::client::{Client, Error};
use super::table::counted;
use super::{Connect, Exit, Failure};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Args)]
#[command(after_help = HELP)]
pub struct GroupArgs {
    #[command(subcommand)]
    command: GroupCommand,
}

const HELP: &str = "\
Examples:
  ottla group list
  ottla group describe billing                                 members, committed offsets, lag
  ottla group reset billing --topic orders --to-time -2h       what would change
  ottla group reset billing --topic orders --to-time -2h --execute
  ottla group delete billing";

#[derive(Subcommand)]
enum GroupCommand {
    /// List groups
    #[command(visible_alias = "ls")]
    List(show::ListArgs),
    /// Show a group's members, what it has committed, and how far behind it is
    Describe(show::DescribeArgs),
    /// Change what a group has committed: shows what would change, and changes it with --execute
    Reset(reset::ResetArgs),
    /// Delete groups and all that they have committed
    #[command(visible_alias = "rm")]
    Delete(DeleteArgs),
    /// Forget what a group has committed for some partitions
    DeleteOffsets(DeleteOffsetsArgs),
}

#[derive(Args)]
struct DeleteArgs {
    /// Names of the groups
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Accept a group that is not there
    #[arg(long)]
    if_exists: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Args)]
struct DeleteOffsetsArgs {
    /// The group
    name: String,
    /// A topic, or some of its partitions: orders:0,3; may be given more than once
    #[arg(short = 'T', long = "topic", required = true, value_name = "TOPIC[:PARTITIONS]", value_parser = parse_selection)]
    topics: Vec<Selection>,
    #[command(flatten)]
    connect: Connect,
}

pub fn run(args: GroupArgs) -> Result<Exit, Failure> {
    match args.command {
        GroupCommand::List(args) => show::list(&args),
        GroupCommand::Describe(args) => show::describe(&args),
        GroupCommand::Reset(args) => reset::run(&args),
        GroupCommand::Delete(args) => delete(&args),
        GroupCommand::DeleteOffsets(args) => delete_offsets(&args),
    }
}

/// A topic, and which of its partitions; all where none is named.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Selection {
    topic: String,
    partitions: Vec<i32>,
}

impl Selection {
    /// The partitions that it stands for.
    /// # Errors
    /// There is no such topic, or it has no such partition.
    fn partitions(&self, client: &mut Client) -> Result<Vec<i32>, Failure> {
        let topic = client.topic(&self.topic)?;
        let all: Vec<i32> = topic.partitions.iter().map(|partition| partition.index).collect();
        if let Some(wrong) = self.partitions.iter().find(|index| !all.contains(index)) {
            return Err(Failure::failed(format!(
                "topic '{}' has no partition {wrong}: it has {}",
                self.topic,
                counted(all.len() as u64, "partition")
            )));
        }
        Ok(if self.partitions.is_empty() { all } else { self.partitions.clone() })
    }
}

/// `orders`, `orders:0`, `orders:0,3`. Kafka's names have no colon.
fn parse_selection(text: &str) -> Result<Selection, String> {
    let wrong = || "expected TOPIC or TOPIC:PARTITION[,PARTITION...], for example orders:0,3".to_owned();
    let (topic, partitions) = text.split_once(':').map_or((text, None), |(topic, rest)| (topic, Some(rest)));
    if topic.is_empty() {
        return Err(wrong());
    }
    let index = |text: &str| text.parse::<i32>().ok().filter(|index| *index >= 0);
    let partitions = match partitions {
        None => Vec::new(),
        Some(list) => list.split(',').map(index).collect::<Option<Vec<i32>>>().ok_or_else(wrong)?,
    };
    Ok(Selection { topic: topic.to_owned(), partitions })
}

/// What became of one group, for `--json`.
#[derive(Serialize)]
struct Outcome {
    name: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

fn delete(args: &DeleteArgs) -> Result<Exit, Failure> {
    use ottla_protocol::ErrorCode;
    let mut client = args.connect.client()?;
    let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
    for name in &args.names {
        let (result, failure) = match client.delete_group(name) {
            Ok(()) => ("deleted", None),
            Err(error) if args.if_exists && error.code() == ErrorCode::GROUP_ID_NOT_FOUND => {
                ("is not there", None)
            }
            Err(error) => ("failed", Some(error)),
        };
        outcomes.push(Outcome {
            name: name.clone(),
            result,
            error: failure.as_ref().map(|error| error.code().name().to_owned()),
            message: failure.as_ref().map(Error::to_string),
        });
        failures.extend(failure.map(Failure::from));
    }
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &outcomes)?;
        writeln!(out)?;
    } else {
        for outcome in outcomes.iter().filter(|outcome| outcome.error.is_none()) {
            match outcome.result {
                "deleted" => writeln!(out, "deleted group '{}'", outcome.name)?,
                other => writeln!(out, "group '{}' {other}", outcome.name)?,
            }
        }
    }
    Ok(ended(outcomes.len(), failures))
}

fn delete_offsets(args: &DeleteOffsetsArgs) -> Result<Exit, Failure> {
    let mut client = args.connect.client()?;
    let mut partitions = Vec::new();
    for selection in &args.topics {
        let indexes = selection.partitions(&mut client)?;
        partitions.extend(indexes.into_iter().map(|index| (selection.topic.clone(), index)));
    }
    let results = client.delete_offsets(&args.name, &partitions)?;
    let mut out = io::stdout().lock();
    for ((topic, index), _) in results.iter().filter(|(_, result)| result.is_ok()) {
        writeln!(
            out,
            "group '{}' has nothing committed for topic '{topic}' partition {index} now",
            args.name
        )?;
    }
    Ok(ended(results.len(), refused(results)))
}

fn refused(results: PerPartition) -> Vec<Failure> {
    results.into_iter().filter_map(|(_, result)| result.err()).map(Failure::from).collect()
}

/// Says what failed of `asked` things, and how that ends the command.
fn ended(asked: usize, failures: Vec<Failure>) -> Exit {
    for failure in &failures {
        eprintln!("{failure}");
    }
    match failures.first() {
        None => Exit::Ok,
        Some(failure) if failures.len() == asked => failure.exit,
        Some(_) => Exit::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_selected_whole_or_by_partition() {
        let selection = |topic: &str, partitions: &[i32]| {
            Ok(Selection { topic: topic.to_owned(), partitions: partitions.to_vec() })
        };
        assert_eq!(parse_selection("orders"), selection("orders", &[]));
        assert_eq!(parse_selection("orders:0"), selection("orders", &[0]));
        assert_eq!(parse_selection("orders:3,0"), selection("orders", &[3, 0]));
        for wrong in ["", ":0", "orders:", "orders:-1", "orders:0,", "orders:x", "orders:0:1"] {
            assert!(parse_selection(wrong).is_err(), "{wrong}");
        }
    }
}
