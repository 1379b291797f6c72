//! `ottla topic list` and `describe`: what there is.

use super::super::client::admin::{Resource, SOURCE_DEFAULT, Setting};
use super::super::client::offsets::{EARLIEST, Isolation, LATEST};
use super::super::client::{Client, Error, Topic, subject};
use super::super::table::{Table, count, counted, list as numbers};
use super::super::{Connect, Exit, Failure};
use crate::config::Durability;
use clap::Args;
use ottla_protocol::ErrorCode;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

#[derive(Args)]
pub struct ListArgs {
    /// Also show the cluster's internal topics
    #[arg(long)]
    internal: bool,
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
    /// Names of the topics
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Show every setting, not only those that were set for the topic
    #[arg(short, long)]
    all: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Serialize)]
struct ListedTopic {
    name: String,
    id: String,
    partitions: usize,
    replication_factor: usize,
    internal: bool,
}

#[derive(Serialize)]
struct DescribedTopic {
    name: String,
    id: String,
    internal: bool,
    replication_factor: usize,
    /// What an acknowledgement means, in words; `None` where the broker is not Ottla, whose rule this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    durability: Option<String>,
    partitions: Vec<DescribedPartition>,
    settings: Vec<DescribedSetting>,
}

#[derive(Serialize)]
struct DescribedPartition {
    partition: i32,
    /// `None` when no broker leads it.
    leader: Option<i32>,
    leader_epoch: i32,
    replicas: Vec<i32>,
    in_sync_replicas: Vec<i32>,
    offline_replicas: Vec<i32>,
    /// `None` when the leader could not say.
    start_offset: Option<i64>,
    end_offset: Option<i64>,
}

#[derive(Serialize)]
struct DescribedSetting {
    name: String,
    value: Option<String>,
    source: &'static str,
}

pub fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let metadata = args.connect.client()?.metadata(None)?;
    let topics: Vec<ListedTopic> = metadata
        .topics
        .iter()
        .filter(|topic| args.internal || !topic.is_internal)
        .map(|topic| ListedTopic {
            name: topic.name.clone(),
            id: topic.id.to_string(),
            partitions: topic.partitions.len(),
            replication_factor: replication_factor(topic),
            internal: topic.is_internal,
        })
        .collect();
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &topics)?;
        writeln!(out)?;
        return Ok(Exit::Ok);
    }
    if args.quiet {
        for topic in &topics {
            writeln!(out, "{}", topic.name)?;
        }
        return Ok(Exit::Ok);
    }
    if topics.is_empty() {
        eprintln!("no topics yet; make one: ottla topic create NAME");
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(&["NAME", ">PARTITIONS", ">REPLICAS", "ID"]);
    for topic in topics {
        table.row([topic.name, topic.partitions.to_string(), topic.replication_factor.to_string(), topic.id]);
    }
    write!(out, "{table}")?;
    Ok(Exit::Ok)
}

pub fn describe(args: &DescribeArgs) -> Result<Exit, Failure> {
    let mut client = args.connect.client()?;
    let names: Vec<&str> = args.names.iter().map(String::as_str).collect();
    let metadata = client.metadata(Some(&names))?;
    let (mut described, mut failures) = (Vec::new(), Vec::new());
    // Any broker will do. One that does not tell is not taken for Ottla.
    let broker = metadata.brokers.keys().next().copied();
    let is_ottla = broker.is_some_and(|broker| client.is_ottla(broker).unwrap_or(false));
    for topic in &metadata.topics {
        let result = match topic.error {
            ErrorCode::NONE => describe_one(&mut client, topic),
            code => Err(Error::refused(subject(&topic.name), code.0, None)),
        };
        match result {
            Ok(topic) if !is_ottla => described.push(DescribedTopic { durability: None, ..topic }),
            Ok(topic) => described.push(topic),
            Err(error) => failures.push(Failure::from(error)),
        }
    }
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &described)?;
        writeln!(out)?;
    } else {
        for (position, topic) in described.iter().enumerate() {
            if position > 0 {
                writeln!(out)?;
            }
            write_topic(&mut out, topic, args.all)?;
        }
    }
    for failure in &failures {
        eprintln!("{failure}");
    }
    Ok(match (described.is_empty(), failures.first()) {
        (_, None) => Exit::Ok,
        (true, Some(failure)) => failure.exit,
        (false, Some(_)) => Exit::Partial,
    })
}

fn describe_one(client: &mut Client, topic: &Topic) -> Result<DescribedTopic, Error> {
    // A partition without a leader has no offsets to tell; the others still have.
    let led: Vec<i32> = topic.partitions.iter().filter(|p| p.leader >= 0).map(|p| p.index).collect();
    let mut offsets = |at| match client.offsets(topic, &led, at, Isolation::ReadUncommitted) {
        Err(error) if error.code().is_none() => Err(error),
        other => Ok(other.unwrap_or_default()),
    };
    let starts: BTreeMap<i32, i64> = offsets(EARLIEST)?;
    let ends: BTreeMap<i32, i64> = offsets(LATEST)?;
    let settings = client.describe_configs(&Resource::topic(&topic.name))?;
    Ok(DescribedTopic {
        durability: Some(durability(&settings).to_string()),
        name: topic.name.clone(),
        id: topic.id.to_string(),
        internal: topic.is_internal,
        replication_factor: replication_factor(topic),
        partitions: topic
            .partitions
            .iter()
            .map(|partition| DescribedPartition {
                partition: partition.index,
                leader: Some(partition.leader).filter(|leader| *leader >= 0),
                leader_epoch: partition.leader_epoch,
                replicas: partition.replicas.clone(),
                in_sync_replicas: partition.in_sync_replicas.clone(),
                offline_replicas: partition.offline_replicas.clone(),
                start_offset: starts.get(&partition.index).copied(),
                end_offset: ends.get(&partition.index).copied(),
            })
            .collect(),
        settings: settings.into_iter().map(described_setting).collect(),
    })
}

/// What Ottla's acknowledgements mean under these settings.
fn durability(settings: &[Setting]) -> Durability {
    let set = |name: &str| {
        let setting = settings.iter().find(|setting| setting.name == name)?;
        let value = setting.value.as_ref()?.parse::<u64>().ok()?;
        // Kafka's default, that never flushes, is how not to set them.
        Some(value).filter(|_| setting.source != SOURCE_DEFAULT)
    };
    Durability::of(set("flush.messages"), set("flush.ms"))
}

fn described_setting(setting: Setting) -> DescribedSetting {
    let source = setting.source_text();
    DescribedSetting { name: setting.name, value: setting.value, source }
}

fn write_topic(out: &mut impl Write, topic: &DescribedTopic, all: bool) -> io::Result<()> {
    let records: i64 = topic
        .partitions
        .iter()
        .filter_map(|partition| Some(partition.end_offset?.saturating_sub(partition.start_offset?)))
        .sum();
    writeln!(
        out,
        "topic '{}', id {}: {}, {} in all{}",
        topic.name,
        topic.id,
        counted(topic.partitions.len() as u64, "partition"),
        counted(records.max(0) as u64, "offset"),
        if topic.internal { ", internal" } else { "" }
    )?;
    if let Some(durability) = &topic.durability {
        writeln!(out, "{durability}")?;
    }
    let mut table = Table::new(&[
        ">PARTITION",
        ">LEADER",
        ">EPOCH",
        "REPLICAS",
        "IN SYNC",
        ">START OFFSET",
        ">END OFFSET",
    ]);
    let offset = |offset: Option<i64>| offset.map_or("?".to_owned(), |at| count(at.max(0) as u64));
    for partition in &topic.partitions {
        let mut replicas = numbers(&partition.replicas);
        if !partition.offline_replicas.is_empty() {
            replicas.push_str(&format!(" (offline: {})", numbers(&partition.offline_replicas)));
        }
        table.row([
            partition.partition.to_string(),
            partition.leader.map_or("none".to_owned(), |leader| leader.to_string()),
            partition.leader_epoch.to_string(),
            replicas,
            numbers(&partition.in_sync_replicas),
            offset(partition.start_offset),
            offset(partition.end_offset),
        ]);
    }
    write!(out, "{table}")?;
    let mut table = Table::new(&["SETTING", "VALUE", "FROM"]);
    for setting in topic.settings.iter().filter(|setting| all || setting.source == "topic") {
        let value = setting.value.clone().unwrap_or_else(|| "(secret)".to_owned());
        table.row([setting.name.clone(), value, setting.source.to_owned()]);
    }
    if !table.is_empty() {
        write!(out, "{table}")?;
    }
    Ok(())
}

fn replication_factor(topic: &Topic) -> usize {
    topic.partitions.first().map_or(0, |partition| partition.replicas.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_ack_means_follows_from_the_settings() {
        let setting = |name: &str, value: &str, source| Setting {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            is_secret: false,
            source,
        };
        let of = |messages: (&str, i8), ms: (&str, i8)| {
            durability(&[setting("flush.messages", messages.0, messages.1), setting("flush.ms", ms.0, ms.1)])
        };
        let never = i64::MAX.to_string();
        assert_eq!(durability(&[]), Durability::EveryAck);
        assert_eq!(of((&never, SOURCE_DEFAULT), (&never, SOURCE_DEFAULT)), Durability::EveryAck);
        assert_eq!(of(("1", 1), (&never, SOURCE_DEFAULT)), Durability::EveryAck);
        let relaxed = |messages, ms| Durability::Relaxed { messages, ms };
        assert_eq!(of(("1000", 4), (&never, SOURCE_DEFAULT)), relaxed(Some(1000), None));
        assert_eq!(of((&never, SOURCE_DEFAULT), ("50", 1)), relaxed(None, Some(50)));
    }
}
