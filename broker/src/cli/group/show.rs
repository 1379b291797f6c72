//! `ottla group list` and `describe`: who reads what, and how far behind.

use super::super::client::groups::{Committed, DescribedGroup, TopicPartition};
use super::super::client::offsets::{EARLIEST, Isolation, LATEST};
use super::super::client::{Client, Error};
use super::super::table::{Table, count, counted};
use super::super::{Connect, Exit, Failure};
use clap::Args;
use ottla_protocol::ErrorCode;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

#[derive(Args)]
pub struct ListArgs {
    /// Only groups in this state, for example Stable or Empty; may be given more than once
    #[arg(long, value_name = "STATE")]
    state: Vec<String>,
    /// Print names only
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Args)]
pub struct DescribeArgs {
    /// Names of the groups
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Show the members and what each was given
    #[arg(short, long, conflicts_with = "json")]
    members: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    state: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    protocol_type: &'a str,
}

#[derive(Serialize)]
struct Described {
    name: String,
    state: String,
    #[serde(rename = "type")]
    kind: &'static str,
    assignor: String,
    coordinator: i32,
    /// Of all partitions that have something committed; `None` when one of them could not be asked.
    lag: Option<i64>,
    members: Vec<DescribedMember>,
    partitions: Vec<DescribedPartition>,
}

#[derive(Serialize)]
struct DescribedMember {
    id: String,
    instance_id: Option<String>,
    client_id: String,
    host: String,
    partitions: usize,
}

#[derive(Serialize)]
struct DescribedPartition {
    topic: String,
    partition: i32,
    /// `None` while nothing is committed.
    committed: Option<i64>,
    metadata: String,
    /// `None` when the partition is gone or its leader could not say.
    start: Option<i64>,
    end: Option<i64>,
    lag: Option<i64>,
    /// The member that reads it.
    member: Option<String>,
    client_id: Option<String>,
    host: Option<String>,
}

pub fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let mut groups = args.connect.client()?.groups()?;
    if !args.state.is_empty() {
        groups.retain(|group| args.state.iter().any(|state| state.eq_ignore_ascii_case(&group.state)));
    }
    let mut out = io::stdout().lock();
    if args.json {
        let listed: Vec<Listed<'_>> = groups
            .iter()
            .map(|group| Listed {
                name: &group.id,
                state: &group.state,
                kind: &group.kind,
                protocol_type: &group.protocol_type,
            })
            .collect();
        serde_json::to_writer_pretty(&mut out, &listed)?;
        writeln!(out)?;
        return Ok(Exit::Ok);
    }
    if args.quiet {
        for group in &groups {
            writeln!(out, "{}", group.id)?;
        }
        return Ok(Exit::Ok);
    }
    if groups.is_empty() {
        eprintln!("no groups{}", if args.state.is_empty() { " yet" } else { " in that state" });
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(&["NAME", "STATE", "TYPE", "PROTOCOL"]);
    let or_none = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    for group in &groups {
        table.row([
            group.id.clone(),
            or_none(&group.state),
            or_none(&group.kind),
            or_none(&group.protocol_type),
        ]);
    }
    write!(out, "{table}")?;
    Ok(Exit::Ok)
}

pub fn describe(args: &DescribeArgs) -> Result<Exit, Failure> {
    let mut client = args.connect.client()?;
    let (mut described, mut failures) = (Vec::new(), Vec::new());
    for name in &args.names {
        match describe_one(&mut client, name) {
            Ok(group) => described.push(group),
            Err(error) => failures.push(Failure::from(error)),
        }
    }
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &described)?;
        writeln!(out)?;
    } else {
        for (position, group) in described.iter().enumerate() {
            if position > 0 {
                writeln!(out)?;
            }
            write_group(&mut out, group, args.members)?;
        }
    }
    Ok(super::ended(args.names.len(), failures))
}

fn describe_one(client: &mut Client, name: &str) -> Result<Described, Error> {
    let group = client.describe_group(name)?;
    let committed = client.committed(name)?;
    let readers: BTreeMap<&TopicPartition, usize> = group
        .members
        .iter()
        .enumerate()
        .flat_map(|(place, member)| member.partitions.iter().map(move |partition| (partition, place)))
        .collect();
    let all: BTreeSet<&TopicPartition> = committed.keys().chain(readers.keys().copied()).collect();
    let topics: BTreeSet<&str> = all.iter().map(|(topic, _)| topic.as_str()).collect();
    let mut bounds = BTreeMap::new();
    for topic in topics {
        let indexes: Vec<i32> =
            all.iter().filter(|(name, _)| name == topic).map(|(_, index)| *index).collect();
        bounds.extend(bounds_of(client, topic, &indexes)?);
    }
    let partitions: Vec<DescribedPartition> =
        all.iter().map(|partition| one_partition(&group, partition, &committed, &readers, &bounds)).collect();
    let mut with_commits = partitions.iter().filter(|partition| partition.committed.is_some());
    let lag = with_commits.try_fold(0_i64, |sum, partition| Some(sum.saturating_add(partition.lag?)));
    Ok(Described {
        name: group.id,
        state: group.state,
        kind: group.kind,
        assignor: group.assignor,
        coordinator: group.coordinator,
        lag,
        members: group
            .members
            .iter()
            .map(|member| DescribedMember {
                id: member.id.clone(),
                instance_id: member.instance_id.clone(),
                client_id: member.client_id.clone(),
                host: member.host.clone(),
                partitions: member.partitions.len(),
            })
            .collect(),
        partitions,
    })
}

fn one_partition(
    group: &DescribedGroup,
    partition: &TopicPartition,
    committed: &BTreeMap<TopicPartition, Committed>,
    readers: &BTreeMap<&TopicPartition, usize>,
    bounds: &BTreeMap<TopicPartition, (i64, i64)>,
) -> DescribedPartition {
    let commit = committed.get(partition);
    let member = readers.get(partition).and_then(|place| group.members.get(*place));
    let (start, end) = bounds.get(partition).copied().unzip();
    DescribedPartition {
        topic: partition.0.clone(),
        partition: partition.1,
        committed: commit.map(|commit| commit.offset),
        metadata: commit.map(|commit| commit.metadata.clone()).unwrap_or_default(),
        start,
        end,
        lag: commit.zip(end).map(|(commit, end)| end.saturating_sub(commit.offset).max(0)),
        member: member.map(|member| member.id.clone()),
        client_id: member.map(|member| member.client_id.clone()),
        host: member.map(|member| member.host.clone()),
    }
}

/// Where partitions begin and end. A topic or partition that is gone, or has no leader, is left out.
pub fn bounds_of(
    client: &mut Client,
    topic: &str,
    indexes: &[i32],
) -> Result<BTreeMap<TopicPartition, (i64, i64)>, Error> {
    let metadata = client.metadata(Some(&[topic]))?;
    let Some(found) = metadata.topics.into_iter().find(|found| found.error == ErrorCode::NONE) else {
        return Ok(BTreeMap::new());
    };
    let led = found.partitions.iter().filter(|one| one.leader >= 0 && indexes.contains(&one.index));
    let led: Vec<i32> = led.map(|one| one.index).collect();
    let starts = client.offsets(&found, &led, EARLIEST, Isolation::ReadUncommitted)?;
    let ends = client.offsets(&found, &led, LATEST, Isolation::ReadUncommitted)?;
    let bounds = starts.into_iter().filter_map(|(index, start)| Some((index, (start, *ends.get(&index)?))));
    Ok(bounds.map(|(index, bounds)| ((topic.to_owned(), index), bounds)).collect())
}

fn write_group(out: &mut impl Write, group: &Described, members: bool) -> io::Result<()> {
    let assignor =
        if group.assignor.is_empty() { String::new() } else { format!(", assignor {}", group.assignor) };
    let lag = group.lag.map_or_else(|| "?".to_owned(), |lag| count(lag.max(0) as u64));
    writeln!(
        out,
        "group '{}': {}, {}, {}{assignor}, coordinated by broker {}, lag {lag}",
        group.name,
        group.state,
        group.kind,
        counted(group.members.len() as u64, "member"),
        group.coordinator,
    )?;
    if members {
        let mut table = Table::new(&["MEMBER", "INSTANCE", "CLIENT", "HOST", ">PARTITIONS", "GIVEN"]);
        for member in &group.members {
            table.row([
                member.id.clone(),
                member.instance_id.clone().unwrap_or_else(|| "-".to_owned()),
                member.client_id.clone(),
                member.host.clone(),
                member.partitions.to_string(),
                given(group, &member.id),
            ]);
        }
        return write!(out, "{table}");
    }
    let mut table =
        Table::new(&["TOPIC", ">PARTITION", ">COMMITTED", ">END", ">LAG", "CLIENT", "HOST", "MEMBER"]);
    let number = |number: Option<i64>, none: &str| {
        number.map_or_else(|| none.to_owned(), |number| count(number.max(0) as u64))
    };
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    for partition in &group.partitions {
        table.row([
            partition.topic.clone(),
            partition.partition.to_string(),
            number(partition.committed, "-"),
            number(partition.end, "?"),
            number(partition.lag, if partition.committed.is_some() { "?" } else { "-" }),
            or_none(&partition.client_id),
            or_none(&partition.host),
            or_none(&partition.member),
        ]);
    }
    if table.is_empty() { Ok(()) } else { write!(out, "{table}") }
}

/// `orders:0,2 payments:1`, or `-`.
fn given(group: &Described, member: &str) -> String {
    let mut by_topic: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for partition in group.partitions.iter().filter(|partition| partition.member.as_deref() == Some(member)) {
        by_topic.entry(&partition.topic).or_default().push(partition.partition.to_string());
    }
    if by_topic.is_empty() {
        return "-".to_owned();
    }
    let topics = by_topic.into_iter().map(|(topic, partitions)| format!("{topic}:{}", partitions.join(",")));
    topics.collect::<Vec<_>>().join(" ")
}
