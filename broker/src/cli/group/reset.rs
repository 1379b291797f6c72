//! `ottla group reset`: what a group has committed, set to other offsets. It shows what would change unless it is told to change it.

use super::super::client::groups::TopicPartition;
use super::super::client::offsets::Isolation;
use super::super::client::{Client, Error, groups};
use super::super::table::{Table, count, counted};
use super::super::{Connect, Exit, Failure, time};
use super::show::bounds_of;
use super::{Selection, parse_selection, refused};
use clap::Args;
use ottla_protocol::ErrorCode;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = HELP)]
pub struct ResetArgs {
    /// The group; one that is not there yet is made by what it has committed
    name: String,
    /// A topic, or some of its partitions: orders:0,3; may be given more than once
    #[arg(short = 'T', long = "topic", value_name = "TOPIC[:PARTITIONS]", value_parser = parse_selection)]
    topics: Vec<Selection>,
    /// All partitions for which the group has committed something
    #[arg(long, conflicts_with = "topics")]
    all_topics: bool,
    #[command(flatten)]
    to: To,
    /// Change it; otherwise it is only shown what would change
    #[arg(long)]
    execute: bool,
    /// Print a JSON array
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print lines TOPIC,PARTITION,OFFSET, as --from-file reads them
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct To {
    /// The oldest record there is
    #[arg(long)]
    to_earliest: bool,
    /// Behind the newest record
    #[arg(long)]
    to_latest: bool,
    /// This offset
    #[arg(long, value_name = "OFFSET", value_parser = clap::value_parser!(i64).range(0..))]
    to_offset: Option<i64>,
    /// The first record of a time or after it: a date, milliseconds since 1970, or a span before now such as -2h
    #[arg(long, value_name = "TIME", value_parser = time::parse, allow_hyphen_values = true)]
    to_time: Option<i64>,
    /// So many records on from what is committed; with a minus, back
    #[arg(long, value_name = "RECORDS", allow_hyphen_values = true)]
    shift_by: Option<i64>,
    /// What is committed now, for example to see it or to put it into a file with --csv
    #[arg(long)]
    to_current: bool,
    /// Lines TOPIC,PARTITION,OFFSET, which say what is reset and to what
    #[arg(long, value_name = "FILE", conflicts_with_all = ["topics", "all_topics"])]
    from_file: Option<PathBuf>,
}

const HELP: &str = "\
Examples:
  ottla group reset billing --topic orders --to-earliest            what would change
  ottla group reset billing --topic orders --to-earliest --execute  change it
  ottla group reset billing --topic orders:0,3 --shift-by -100 --execute
  ottla group reset billing --all-topics --to-current --csv >before.csv
  ottla group reset billing --from-file before.csv --execute

Offsets before the oldest record or behind the newest one are moved to those. The group must have no members: they would go on from where
they are, and commit that.";

/// One partition of the plan.
#[derive(Serialize)]
struct Reset {
    topic: String,
    partition: i32,
    /// `None` while nothing is committed.
    committed: Option<i64>,
    new: i64,
}

pub fn run(args: &ResetArgs) -> Result<Exit, Failure> {
    let mut client = args.connect.client()?;
    let members = match client.describe_group(&args.name) {
        Ok(group) => group.members.len(),
        Err(error) if error.code() == ErrorCode::GROUP_ID_NOT_FOUND => 0,
        Err(error) => return Err(error.into()),
    };
    if members > 0 && !args.to.to_current {
        let message = format!("group '{}' has {}", args.name, counted(members as u64, "member"));
        return Err(Failure::failed(message).with_advice(format!(
            "stop them first: a member goes on from where it is, and commits that. See ottla group describe {} --members",
            args.name
        )));
    }
    let committed: BTreeMap<TopicPartition, i64> = client
        .committed(&args.name)?
        .into_iter()
        .map(|(partition, commit)| (partition, commit.offset))
        .collect();
    let wanted = wanted(&mut client, args, &committed)?;
    let mut plan: Vec<Reset> = wanted
        .into_iter()
        .map(|((topic, partition), new)| Reset {
            committed: committed.get(&(topic.clone(), partition)).copied(),
            topic,
            partition,
            new,
        })
        .collect();
    if plan.is_empty() {
        let advice = "name topics with --topic";
        return Err(Failure::failed(format!("{} has nothing committed", groups::subject(&args.name)))
            .with_advice(advice));
    }
    let (mut failures, asked) = (Vec::new(), plan.len());
    if args.execute {
        let offsets = plan.iter().map(|one| ((one.topic.clone(), one.partition), one.new)).collect();
        let results = client.commit(&args.name, &offsets)?;
        let is_refused = |one: &Reset| {
            let mut refused = results.iter().filter(|(_, result)| result.is_err());
            refused.any(|((topic, partition), _)| (topic, partition) == (&one.topic, &one.partition))
        };
        plan.retain(|one| !is_refused(one));
        failures = refused(results);
    }
    print(args, &plan)?;
    if !args.execute && !args.to.to_current {
        eprintln!("nothing is changed yet: add --execute");
    }
    Ok(super::ended(asked, failures))
}

/// The new offset of each partition.
fn wanted(
    client: &mut Client,
    args: &ResetArgs,
    committed: &BTreeMap<TopicPartition, i64>,
) -> Result<BTreeMap<TopicPartition, i64>, Failure> {
    if let Some(path) = &args.to.from_file {
        let listed = read_file(path)?;
        return bounded(
            client,
            args,
            listed.into_iter().map(|(partition, offset)| (partition, Some(offset))).collect(),
        );
    }
    let mut selected: BTreeSet<TopicPartition> = BTreeSet::new();
    for selection in &args.topics {
        let indexes = selection.partitions(client)?;
        selected.extend(indexes.into_iter().map(|index| (selection.topic.clone(), index)));
    }
    if args.all_topics {
        selected.extend(committed.keys().cloned());
    } else if args.topics.is_empty() {
        return Err(Failure::usage("of which topics?")
            .with_advice("name them with --topic NAME, or say --all-topics"));
    }
    let to = &args.to;
    let mut listed: BTreeMap<TopicPartition, Option<i64>> = BTreeMap::new();
    let times = match to.to_time {
        Some(time) => offsets_at(client, &selected, time)?,
        None => BTreeMap::new(),
    };
    for partition in selected {
        let now = committed.get(&partition).copied();
        let offset = if to.to_earliest {
            Some(0)
        } else if to.to_latest {
            None
        } else if let Some(offset) = to.to_offset {
            Some(offset)
        } else if to.to_time.is_some() {
            times.get(&partition).copied().filter(|offset| *offset >= 0)
        } else if let Some(records) = to.shift_by {
            let Some(now) = now else {
                return Err(Failure::failed(format!(
                    "group '{}' has nothing committed for topic '{}' partition {} to shift",
                    args.name, partition.0, partition.1
                ))
                .with_advice("use --to-earliest, --to-latest or --to-offset"));
            };
            Some(now.saturating_add(records))
        } else {
            // What is committed stays as it is, whatever is there now.
            continue;
        };
        listed.insert(partition, offset);
    }
    if to.to_current {
        return Ok(committed
            .iter()
            .filter(|((topic, index), _)| {
                args.all_topics
                    || args.topics.iter().any(|one| {
                        one.topic == *topic && (one.partitions.is_empty() || one.partitions.contains(index))
                    })
            })
            .map(|(partition, offset)| (partition.clone(), *offset))
            .collect());
    }
    bounded(client, args, listed)
}

/// Moves offsets to where there are records; `None` stands for the end.
fn bounded(
    client: &mut Client,
    args: &ResetArgs,
    listed: BTreeMap<TopicPartition, Option<i64>>,
) -> Result<BTreeMap<TopicPartition, i64>, Failure> {
    let topics: BTreeSet<String> = listed.keys().map(|(topic, _)| topic.clone()).collect();
    let mut bounds = BTreeMap::new();
    for topic in &topics {
        let indexes: Vec<i32> =
            listed.keys().filter(|(name, _)| name == topic).map(|(_, index)| *index).collect();
        bounds.extend(bounds_of(client, topic, &indexes)?);
    }
    let mut moved = BTreeMap::new();
    for (partition, offset) in listed {
        let Some((start, end)) = bounds.get(&partition).copied() else {
            let subject = format!("topic '{}' partition {}", partition.0, partition.1);
            return Err(Error::refused(subject, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0, None).into());
        };
        let new = offset.unwrap_or(end).clamp(start, end);
        if offset.is_some_and(|offset| offset != new) && !args.to.to_earliest {
            let (topic, index) = &partition;
            let offset = offset.unwrap_or_default();
            eprintln!(
                "topic '{topic}' partition {index} has records from {start} to {end}: {new} in place of {offset}"
            );
        }
        moved.insert(partition, new);
    }
    Ok(moved)
}

/// The first offset at a time or after it; -1 where there is none.
fn offsets_at(
    client: &mut Client,
    selected: &BTreeSet<TopicPartition>,
    time: i64,
) -> Result<BTreeMap<TopicPartition, i64>, Failure> {
    let mut found = BTreeMap::new();
    let topics: BTreeSet<&str> = selected.iter().map(|(topic, _)| topic.as_str()).collect();
    for name in topics {
        let topic = client.topic(name)?;
        let indexes: Vec<i32> =
            selected.iter().filter(|(topic, _)| topic == name).map(|(_, index)| *index).collect();
        let offsets = client.offsets(&topic, &indexes, time, Isolation::ReadUncommitted)?;
        found.extend(offsets.into_iter().map(|(index, offset)| ((name.to_owned(), index), offset)));
    }
    Ok(found)
}

fn read_file(path: &Path) -> Result<BTreeMap<TopicPartition, i64>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))?;
    parse_lines(&text).map_err(|(line, content)| {
        Failure::failed(format!("{} line {line}: '{content}' is not TOPIC,PARTITION,OFFSET", path.display()))
    })
}

/// # Errors
/// The number of the line that is wrong, and what it says.
fn parse_lines(text: &str) -> Result<BTreeMap<TopicPartition, i64>, (usize, String)> {
    let mut offsets = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let mut fields = line.trim().split(',').map(str::trim);
        let parsed = (|| {
            let topic = fields.next().filter(|topic| !topic.is_empty())?;
            let index = fields.next()?.parse::<i32>().ok().filter(|index| *index >= 0)?;
            let offset = fields.next()?.parse::<i64>().ok().filter(|offset| *offset >= 0)?;
            fields.next().is_none().then(|| ((topic.to_owned(), index), offset))
        })();
        let (partition, offset) = parsed.ok_or_else(|| (number, line.to_owned()))?;
        offsets.insert(partition, offset);
    }
    Ok(offsets)
}

fn print(args: &ResetArgs, plan: &[Reset]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, plan)?;
        writeln!(out)?;
    } else if args.csv {
        for Reset { topic, partition, new, .. } in plan {
            writeln!(out, "{topic},{partition},{new}")?;
        }
    } else {
        let mut table = Table::new(&["TOPIC", ">PARTITION", ">COMMITTED", ">NEW", ">CHANGE"]);
        for Reset { topic, partition, committed, new } in plan {
            let change = committed.map_or_else(|| "-".to_owned(), |before| format!("{:+}", new - before));
            let before = committed.map_or_else(|| "-".to_owned(), |before| count(before.max(0) as u64));
            table.row([topic.clone(), partition.to_string(), before, count((*new).max(0) as u64), change]);
        }
        write!(out, "{table}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_offsets_are_read_and_a_wrong_line_is_named() {
        let found = parse_lines("orders,0,7\n\n payments , 12 , 0 \n").unwrap();
        let expected = [(("orders".to_owned(), 0), 7), (("payments".to_owned(), 12), 0)];
        assert_eq!(found, BTreeMap::from(expected));
        for wrong in
            ["orders", "orders,0", "orders,0,x", "orders,-1,0", "orders,0,-1", ",0,0", "orders,0,1,2"]
        {
            assert_eq!(parse_lines(&format!("a,0,0\n{wrong}\n")), Err((2, wrong.to_owned())));
        }
    }
}
