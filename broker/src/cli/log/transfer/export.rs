//! `ottla log export`: topics of an Ottla data directory take the place of empty ones in Apache Kafka's log.dirs.

use super::copy::{Copied, Wanted, copy};
use super::kafka_metadata::{KafkaMetadata, KafkaTopic};
use super::swap::Beside;
use super::{Locks, Topics, partitions_in, store_checkpoints};
use crate::cli::log::place::{Partition, read_small};
use crate::cli::log::report::{At, Report};
use crate::cli::table::{counted, size};
use crate::cli::{Exit, Failure};
use crate::controller::meta_properties;
use clap::Args;
use ottla_log::checkpoint::partition::segment_file_name;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = HELP)]
pub struct ExportArgs {
    /// The topics
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// Data directories of a stopped Ottla
    #[arg(long, value_name = "DIR", required = true, value_delimiter = ',')]
    data: Vec<PathBuf>,
    /// log.dirs of a stopped Apache Kafka that knows the topics
    #[arg(long, value_name = "DIR", required = true, value_delimiter = ',')]
    to: Vec<PathBuf>,
    /// Check every record and copy nothing
    #[arg(long)]
    dry_run: bool,
    /// Replace partitions that hold records already
    #[arg(long)]
    overwrite: bool,
    /// Keep the state of all idempotent producers, also of those whose ids Kafka has yet to give to others
    #[arg(long)]
    keep_producers: bool,
    /// Gaps between offsets are right: the topics are compacted
    #[arg(long)]
    compacted: bool,
    /// Print an object a line
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
The steps:
  1. kafka-topics.sh --create --topic orders --partitions 4 ...    with as many partitions; Kafka makes the topic's id
  2. stop Kafka, stop Ottla
  3. ottla log export orders --data /var/lib/ottla --to /var/lib/kafka/data
  4. start Kafka

Examples:
  ottla log export orders --data /var/lib/ottla --to /var/lib/kafka/data --dry-run
  ottla log export orders payments --data /var/lib/ottla --to /disk1/kafka,/disk2/kafka

Records keep their offsets, timestamps, keys, values and headers. Exit codes: 0 exported, 1 a partition is damaged or it failed,
2 a broker runs, or the topic is not as it has to be. docs/kafka-files.md says more.";

/// One partition on its way.
struct Move {
    topic: String,
    index: i32,
    from: Partition,
    /// Kafka's, which is empty.
    to: Partition,
    topic_id: uuid::Uuid,
    leader_epoch: i32,
}

pub fn run(args: &ExportArgs) -> Result<Exit, Failure> {
    for dir in &args.to {
        if !dir.join(meta_properties::FILE_NAME).is_file() {
            let text = format!("{} is no log directory of Kafka: it has no meta.properties", dir.display());
            return Err(Failure::usage(text)
                .with_advice("Format it with kafka-storage.sh, and create the topics first."));
        }
    }
    let _sources = Locks::take(&args.data, false)?;
    let _targets = Locks::take(&args.to, false)?;
    let mut metadata = None;
    for dir in &args.to {
        metadata = metadata.or(KafkaMetadata::read(dir).map_err(Failure::failed)?);
    }
    let metadata = metadata.unwrap_or_default();
    let moves = moves(args, &metadata)?;
    let next = metadata.next_producer_id;
    let mut report = Report::to_stdout(args.json);
    for step in &moves {
        let Some(copied) = export(args, step, next, &mut report)? else { continue };
        tell(&mut report, args, step, &copied)?;
        if copied.producers_left > 0 {
            let what = format!(
                "left behind: the state of {} with an id from {next} on, which this Kafka has yet to give to others. They begin anew",
                counted(copied.producers_left, "producer")
            );
            report.note(&step.to.dir, At::default(), what)?;
        }
    }
    report.finish(true)
}

fn moves(args: &ExportArgs, metadata: &KafkaMetadata) -> Result<Vec<Move>, Failure> {
    let mut sources = partitions_in(&args.data)?;
    let mut targets = partitions_in(&args.to)?;
    let mut moves = Vec::new();
    for topic in &args.topics {
        let known = metadata.topics.get(topic);
        moves.extend(moves_of(args, topic, &mut sources, &mut targets, known)?);
    }
    Ok(moves)
}

fn moves_of(
    args: &ExportArgs,
    topic: &str,
    sources: &mut Topics,
    targets: &mut Topics,
    known: Option<&KafkaTopic>,
) -> Result<Vec<Move>, Failure> {
    let Some(from) = sources.remove(topic) else {
        return Err(Failure::usage(format!("topic '{topic}' has no partition in the data directory")));
    };
    let count = from.len();
    let create =
        format!("Create it there first: kafka-topics.sh --create --topic {topic} --partitions {count} ...");
    if !from.keys().copied().eq((0..).take(count)) {
        let text = format!("topic '{topic}' has {count} partitions here that are not numbered from 0 on");
        return Err(Failure::usage(text).with_advice("Name all data directories that hold some."));
    }
    let Some(mut to) = targets.remove(topic) else {
        return Err(
            Failure::usage(format!("Kafka has no topic '{topic}' in these directories")).with_advice(create)
        );
    };
    let there = known.map_or(to.len(), |known| known.partitions.len());
    if there != count {
        let text = format!("topic '{topic}' has {count} partitions here and {there} in Kafka");
        return Err(
            Failure::usage(text).with_advice("Both need the same number: a key's partition depends on it.")
        );
    }
    let mut moves = Vec::new();
    for (index, from) in from {
        let Some(to) = to.remove(&index) else {
            let text = format!("{topic}-{index} is in none of Kafka's directories that were named");
            return Err(Failure::usage(text)
                .with_advice("Name all of its log.dirs; one broker at a time, with its partitions."));
        };
        let topic_id = id_of(&to.dir, known)?;
        if !is_empty(&to) && !args.overwrite {
            let text = format!("{} holds records already", to.dir.display());
            return Err(Failure::usage(text)
                .with_advice("Create the topic anew, or say --overwrite to replace them."));
        }
        let leader_epoch = known.and_then(|known| known.partitions.get(&index)).copied().unwrap_or(0);
        moves.push(Move { topic: topic.to_owned(), index, from, to, topic_id, leader_epoch });
    }
    Ok(moves)
}

/// Kafka's id of the topic, which its partition and its metadata log say.
fn id_of(dir: &Path, known: Option<&KafkaTopic>) -> Result<uuid::Uuid, Failure> {
    let path = dir.join(ottla_log::checkpoint::partition::PARTITION_METADATA);
    let bytes = read_small(&path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    let id = ottla_log::checkpoint::partition::parse(&bytes)
        .map_err(|fault| Failure::failed(format!("{} is damaged: {fault}", path.display())))?;
    match known {
        Some(known) if uuid::Uuid::from_bytes(known.id.0) != id => {
            let text = format!("{} is of an earlier topic of this name", path.display());
            Err(Failure::usage(text).with_advice("Start Kafka once, so that it clears it up."))
        }
        _ => Ok(id),
    }
}

fn is_empty(partition: &Partition) -> bool {
    match partition.segments.as_slice() {
        [] => true,
        [0] => {
            let path = partition.dir.join(segment_file_name(0, ".log"));
            fs::metadata(path).is_ok_and(|found| found.len() == 0)
        }
        _ => false,
    }
}

/// `None` when the partition is damaged: Kafka's stays as it was.
fn export(
    args: &ExportArgs,
    step: &Move,
    next_producer_id: i64,
    report: &mut Report<'_>,
) -> Result<Option<Copied>, Failure> {
    let wanted = Wanted {
        partition: &step.from,
        topic_id: step.topic_id,
        epoch_max: step.leader_epoch,
        gaps: args.compacted || step.from.is_compacted(),
        index_interval_bytes: 4096,
        producer_ids_end: if args.keep_producers { i64::MAX } else { next_producer_id },
    };
    if args.dry_run {
        return copy(&wanted, None, report);
    }
    let Some(beside) = Beside::copy(&wanted, &step.to.dir, report)? else { return Ok(None) };
    let copied = beside.put()?;
    let data = step.to.dir.parent().unwrap_or(Path::new("."));
    store_checkpoints(data, &step.topic, &BTreeMap::from([(step.index, copied)]))?;
    Ok(Some(copied))
}

#[derive(Serialize)]
struct Line<'a> {
    r#type: &'static str,
    topic: &'a str,
    partition: i32,
    start_offset: i64,
    end_offset: i64,
    records: u64,
    bytes: u64,
}

fn tell(report: &mut Report<'_>, args: &ExportArgs, step: &Move, copied: &Copied) -> Result<(), Failure> {
    let line = Line {
        r#type: if args.dry_run { "exportable" } else { "exported" },
        topic: &step.topic,
        partition: step.index,
        start_offset: copied.log_start,
        end_offset: copied.log_end,
        records: copied.records,
        bytes: copied.bytes,
    };
    report.line(&line, || {
        format!(
            "{} {}-{}: offsets {} to {}, {}, {}",
            line.r#type,
            line.topic,
            line.partition,
            line.start_offset,
            line.end_offset,
            counted(line.records, "record"),
            size(line.bytes)
        )
    })
}
