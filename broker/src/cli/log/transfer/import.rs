//! `ottla log import`: topics of Apache Kafka's log.dirs become topics of an Ottla data directory.

use super::copy::{Copied, Wanted, copy};
use super::kafka_metadata::KafkaMetadata;
use super::metadata_log::{self, NewTopic, all_dirs};
use super::swap::Beside;
use super::{Locks, Topics, partitions_in, store_checkpoints};
use crate::cli::log::place::{Partition, read_small};
use crate::cli::log::report::{At, Report};
use crate::cli::table::{counted, size};
use crate::cli::{Exit, Failure, parse_pair};
use crate::config::BrokerConfig;
use crate::server::{self, StartOptions};
use clap::Args;
use ottla_log::checkpoint::partition::{self, PARTITION_METADATA};
use ottla_metadata::decide::{ConfigSchema, topic_name};
use ottla_metadata::image::is_internal_topic;
use ottla_metadata::{ConfigResource, Uuid};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = HELP)]
pub struct ImportArgs {
    /// log.dirs of a stopped Apache Kafka, or copies of them
    #[arg(required = true, value_name = "DIR")]
    sources: Vec<PathBuf>,
    /// The data directory to import into; it is made when it is not there
    #[arg(long, value_name = "DIR", required_unless_present = "config")]
    data: Option<PathBuf>,
    /// The server.properties of the broker that serves it, in place of --data
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only these topics [default: all but internal ones]
    #[arg(short, long = "topic", value_name = "NAME", value_delimiter = ',')]
    topics: Vec<String>,
    /// A setting of the topics, in place of Kafka's; may be given more than once
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    set: Vec<(String, String)>,
    /// Check every record and copy nothing
    #[arg(long)]
    dry_run: bool,
    /// Replace topics that are there already
    #[arg(long)]
    overwrite: bool,
    /// Print an object a line
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Examples:
  ottla log import /var/lib/kafka/data --data /var/lib/ottla --dry-run
  ottla log import /var/lib/kafka/data --data /var/lib/ottla --topic orders,payments
  ottla log import /disk1/kafka /disk2/kafka --config server.properties --set retention.ms=-1

Stop both brokers first. Topics keep their ids, partitions, offsets, timestamps, leader epochs, producers and the settings that
Kafka's metadata log names. Offsets of consumer groups are not taken over. Exit codes: 0 imported, 1 a partition is damaged and
its topic was left out, or it failed, 2 a broker runs, or something is there already. docs/kafka-files.md has the steps.";

/// A topic that is to be imported.
struct Plan {
    name: String,
    id: Uuid,
    partitions: Vec<Partition>,
    configs: BTreeMap<String, String>,
}

pub fn run(args: &ImportArgs) -> Result<Exit, Failure> {
    let options =
        StartOptions { config: args.config.clone(), data: args.data.clone(), ..StartOptions::default() };
    let config = server::settings(&options)?;
    let _sources = Locks::take(&args.sources, false)?;
    let plans = plans(args, &config)?;
    let target = config.log_dirs.first().ok_or_else(|| Failure::usage("log.dirs names no directory"))?;
    let _targets = lock_targets(args, &config)?;
    let is_new = !config.metadata_log_dir.join(crate::controller::meta_properties::FILE_NAME).exists();
    if !(args.dry_run && is_new) {
        check_targets(args, &config, &plans, target)?;
    }
    let mut report = Report::to_stdout(args.json);
    let mut made = Vec::new();
    let mut producer_id_max = -1;
    for plan in &plans {
        let Some(copied) = import(args, plan, &config, target, &mut report)? else { continue };
        producer_id_max = copied.iter().map(|copied| copied.producer_id_max).fold(producer_id_max, i64::max);
        let leader_epochs = copied.iter().map(|copied| copied.leader_epoch.max(0)).collect();
        let (name, configs) = (plan.name.clone(), plan.configs.clone());
        made.push(NewTopic { name, id: plan.id, leader_epochs, configs });
        if !args.dry_run {
            store_checkpoints(target, &plan.name, &(0..).zip(copied.iter().copied()).collect())?;
        }
        tell(&mut report, args, plan, &copied)?;
    }
    if !args.dry_run {
        metadata_log::make(&config, made, producer_id_max.saturating_add(1))?;
    }
    report.finish(true)
}

/// What is to be imported, in the order of names.
fn plans(args: &ImportArgs, config: &BrokerConfig) -> Result<Vec<Plan>, Failure> {
    let mut found = partitions_in(&args.sources)?;
    let mut metadata = None;
    for source in &args.sources {
        metadata = metadata.or(KafkaMetadata::read(source).map_err(Failure::failed)?);
    }
    let metadata = metadata.unwrap_or_default();
    let names: Vec<String> = if args.topics.is_empty() {
        let all = found.keys().filter(|name| !is_internal(name));
        all.cloned().collect()
    } else {
        args.topics.clone()
    };
    if names.is_empty() {
        return Err(Failure::usage("no topic is there to import"));
    }
    names.into_iter().map(|name| plan(args, config, &mut found, &metadata, name)).collect()
}

fn is_internal(name: &str) -> bool {
    is_internal_topic(name) || name == "__cluster_metadata"
}

fn plan(
    args: &ImportArgs,
    config: &BrokerConfig,
    found: &mut Topics,
    metadata: &KafkaMetadata,
    name: String,
) -> Result<Plan, Failure> {
    topic_name::validate(&name).map_err(|error| Failure::usage(error.to_string()))?;
    let Some(partitions) = found.remove(&name) else {
        return Err(Failure::usage(format!("topic '{name}' has no partition in these directories")));
    };
    let known = metadata.topics.get(&name);
    let count = known.map_or(0, |topic| topic.partitions.len()).max(partitions.len());
    let missing: Vec<String> = (0..)
        .take(count)
        .filter(|index| !partitions.contains_key(index))
        .map(|index| index.to_string())
        .collect();
    if !missing.is_empty() {
        let text =
            format!("topic '{name}' has {count} partitions, and these are missing: {}", missing.join(", "));
        return Err(Failure::usage(text)
            .with_advice("Name the log.dirs of all brokers that hold some, or copies of them."));
    }
    let partitions: Vec<Partition> = partitions.into_values().collect();
    let id = id_of(&name, &partitions, known.map(|topic| topic.id))?;
    let configs = configs_of(args, config, &name, metadata.configs(&name))?;
    Ok(Plan { name, id, partitions, configs })
}

/// The topic's id: what the metadata log and every partition say, or a new one where Kafka was too old to have any.
fn id_of(name: &str, partitions: &[Partition], known: Option<Uuid>) -> Result<Uuid, Failure> {
    let mut id = known;
    for partition in partitions {
        let path = partition.dir.join(PARTITION_METADATA);
        let Ok(bytes) = read_small(&path) else { continue };
        let said = partition::parse(&bytes)
            .map_err(|fault| Failure::failed(format!("{} is damaged: {fault}", path.display())))?;
        let said = Uuid(*said.as_bytes());
        match id {
            Some(id) if id != said => {
                let text = format!("{} says topic id {said}, but topic '{name}' has {id}", path.display());
                return Err(Failure::failed(text)
                    .with_advice("The directory is of an earlier topic of this name: leave it out."));
            }
            _ => id = Some(said),
        }
    }
    Ok(id.unwrap_or_else(|| Uuid(*uuid::Uuid::new_v4().as_bytes())))
}

/// Kafka's settings of the topic with those of `--set` in their place.
fn configs_of(
    args: &ImportArgs,
    config: &BrokerConfig,
    name: &str,
    mut configs: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Failure> {
    let resource = ConfigResource::topic(name);
    // Of another version of Kafka: nobody would understand them.
    configs.retain(|setting, _| config.is_known(&resource, setting));
    configs.extend(args.set.iter().cloned());
    config
        .validate(&resource, &configs)
        .map_err(|error| Failure::usage(format!("settings of topic '{name}': {error}")))?;
    Ok(configs)
}

fn lock_targets(args: &ImportArgs, config: &BrokerConfig) -> Result<Locks, Failure> {
    let dirs = all_dirs(config);
    for dir in dirs.iter().filter(|_| !args.dry_run) {
        fs::create_dir_all(dir)
            .map_err(|error| Failure::usage(format!("cannot make {}: {error}", dir.display())))?;
    }
    Locks::take(&dirs, !args.dry_run)
}

/// Nothing that is there is replaced unless somebody said so.
fn check_targets(
    args: &ImportArgs,
    config: &BrokerConfig,
    plans: &[Plan],
    target: &Path,
) -> Result<(), Failure> {
    let image = metadata_log::image(config)?;
    for plan in plans {
        let advice = "Leave it out with --topic, delete it, or say --overwrite.";
        if image.topic_by_name(&plan.name).is_some() && !args.overwrite {
            let text = format!("topic '{}' is in {} already", plan.name, target.display());
            return Err(Failure::usage(text).with_advice(advice));
        }
        if let Some(other) = image.topic(plan.id).filter(|other| *other.name != *plan.name) {
            let text = format!("topic '{}' has the id {} there already", other.name, plan.id);
            return Err(Failure::usage(text));
        }
        for partition in &plan.partitions {
            let dir = target_of(target, partition);
            if dir.exists() && !args.overwrite {
                let text = format!("{} is there, though no topic '{}' is known", dir.display(), plan.name);
                let advice = "It is of an import that was cut off, or of a deleted topic: say --overwrite, or move it away.";
                return Err(Failure::usage(text).with_advice(advice));
            }
            // A broker that finds two directories of one partition does not start.
            let others = config.log_dirs.iter().filter(|other| *other != target);
            if let Some(other) = others.map(|other| target_of(other, partition)).find(|other| other.exists())
            {
                let text = format!(
                    "{} is there, and what is imported goes to {}",
                    other.display(),
                    target.display()
                );
                let advice = "Leave the topic out with --topic, delete it, or move that directory away.";
                return Err(Failure::usage(text).with_advice(advice));
            }
        }
    }
    Ok(())
}

fn target_of(target: &Path, partition: &Partition) -> PathBuf {
    target.join(partition.dir.file_name().unwrap_or_default())
}

/// Copies the partitions of a topic. `None` when one of them is damaged: the topic is then left out.
fn import(
    args: &ImportArgs,
    plan: &Plan,
    config: &BrokerConfig,
    target: &Path,
    report: &mut Report<'_>,
) -> Result<Option<Vec<Copied>>, Failure> {
    let is_compacted = plan.configs.get("cleanup.policy").is_some_and(|policy| policy.contains("compact"));
    let interval = plan.configs.get("index.interval.bytes").and_then(|bytes| bytes.parse().ok());
    let default = config.set_value("log.index.interval.bytes").and_then(|bytes| bytes.parse().ok());
    let mut checked = Vec::new();
    let mut beside = Vec::new();
    for partition in &plan.partitions {
        let wanted = Wanted {
            partition,
            topic_id: uuid::Uuid::from_bytes(plan.id.0),
            epoch_max: i32::MAX,
            gaps: is_compacted || partition.is_compacted(),
            index_interval_bytes: interval.or(default).unwrap_or(4096),
            // No id up to the largest is given out again.
            producer_ids_end: i64::MAX,
        };
        if args.dry_run {
            checked.push(copy(&wanted, None, report)?);
        } else {
            beside.push(Beside::copy(&wanted, &target_of(target, partition), report)?);
        }
    }
    let whole: Option<Vec<Copied>> = checked.into_iter().collect();
    let (Some(checked), Some(beside)) = (whole, beside.into_iter().collect::<Option<Vec<Beside>>>()) else {
        let what = format!("topic '{}' is left out: a partition of it is damaged", plan.name);
        report.note(target, At::default(), what)?;
        return Ok(None);
    };
    if args.dry_run {
        return Ok(Some(checked));
    }
    beside.into_iter().map(Beside::put).collect::<Result<_, _>>().map(Some)
}

#[derive(Serialize)]
struct Line<'a> {
    r#type: &'static str,
    name: &'a str,
    id: String,
    partitions: usize,
    records: u64,
    bytes: u64,
    configs: &'a BTreeMap<String, String>,
}

fn tell(report: &mut Report<'_>, args: &ImportArgs, plan: &Plan, copied: &[Copied]) -> Result<(), Failure> {
    let (records, bytes) = copied
        .iter()
        .fold((0, 0), |(records, bytes), copied| (records + copied.records, bytes + copied.bytes));
    let line = Line {
        r#type: if args.dry_run { "importable" } else { "imported" },
        name: &plan.name,
        id: plan.id.to_string(),
        partitions: copied.len(),
        records,
        bytes,
        configs: &plan.configs,
    };
    report.line(&line, || {
        let mut text = format!(
            "{} '{}': {}, {}, {}, id {}",
            line.r#type,
            line.name,
            counted(copied.len() as u64, "partition"),
            counted(records, "record"),
            size(bytes),
            line.id
        );
        for (name, value) in line.configs {
            text.push_str(&format!("\n    {name}={value}"));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestBroker;

    /// A partition's directory in another of `log.dirs` than the one that is imported into would keep the broker from starting.
    #[test]
    fn what_lies_in_another_directory_is_not_doubled() {
        let dirs = tempfile::tempdir().unwrap();
        let path = |name: &str| dirs.path().join(name);
        let source = TestBroker::start(&[("log.dirs", &path("source").display().to_string())]);
        source.create_topic("t", 1);
        drop(source);
        let properties = path("server.properties");
        let required = "node.id=1\nprocess.roles=broker,controller\ncontroller.listener.names=CONTROLLER\n";
        let listeners = "listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0\n";
        let log_dirs =
            format!("{required}{listeners}log.dirs={},{}\n", path("one").display(), path("two").display());
        fs::write(&properties, log_dirs).unwrap();
        fs::create_dir_all(path("two/t-0")).unwrap();
        let import = |overwrite| {
            let (data, topics, set) = (None, vec!["t".to_owned()], Vec::new());
            let sources = vec![path("source")];
            let config = Some(properties.clone());
            run(&ImportArgs { sources, data, config, topics, set, dry_run: false, overwrite, json: false })
        };
        for overwrite in [false, true] {
            let refused = import(overwrite).expect_err("a directory is there");
            assert!(refused.to_string().contains("two/t-0"), "{refused}");
            assert!(!path("one/t-0").exists());
        }
        fs::remove_dir(path("two/t-0")).unwrap();
        import(false).unwrap();
        assert!(path("one/t-0").exists());
    }
}
