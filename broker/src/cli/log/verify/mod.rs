//! `ottla log verify`: every file of a log held against the others.
//!
//! | of | what has to be right |
//! | --- | --- |
//! | a batch | its checksum, its offset after the one before it, its epoch as `leader-epoch-checkpoint` has it, its records |
//! | a segment | it begins where its name says and ends where the next one begins |
//! | an index entry | it ascends, and points at a batch that it fits |
//! | a producer snapshot | its checksum; no offset beyond its own |
//! | a checkpoint | it is what its kind looks like; no offset beyond the log's end |
//!
//! The end of the last segment may be zeros, which a broker prepares, or torn by a crash: both are no damage, unless the checkpoint
//! says that more was on disk, or the mark of a clean shutdown that nothing can be torn.

pub(super) mod aborted;
pub(super) mod entries;
mod indexes;
pub(super) mod records;
mod segment;
pub(super) mod small;

use super::place::{self, DataDirectory, Kind, Partition, Place};
use super::report::{At, Report};
use crate::cli::{Exit, Failure};
use clap::Args;
use ottla_log::checkpoint::epochs::{EpochCache, LEADER_EPOCHS};
use ottla_log::checkpoint::partition::{is_swap, segment_file_name};
use segment::Surroundings;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = HELP)]
pub struct VerifyArgs {
    /// Data directories, partitions' directories, or files of a log
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Check batches by their checksums only, and do not open them
    #[arg(long)]
    shallow: bool,
    /// Gaps between offsets are right: the topics are compacted
    #[arg(long)]
    compacted: bool,
    /// Print an object a line
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Examples:
  ottla log verify /var/lib/ottla
  ottla log verify /var/lib/ottla/orders-0 --json | jq 'select(.type == \"damage\")'
  ottla log verify 00000000000000000000.log

Exit codes: 0 sound, 1 damaged, 2 something could not be read. A note is no damage: a tail that a crash tore and no broker
had acknowledged, space that a broker prepared, a file that a broker makes again. Works beside a running broker.";

pub fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    verify(args, Report::to_stdout(args.json))
}

pub(super) fn verify(args: &VerifyArgs, report: Report<'_>) -> Result<Exit, Failure> {
    let mut verifier = Verifier { report, is_deep: !args.shallow, is_compacted: args.compacted };
    for path in &args.paths {
        verifier.path(path)?;
    }
    verifier.report.finish(true)
}

struct Verifier<'a> {
    report: Report<'a>,
    is_deep: bool,
    is_compacted: bool,
}

impl Verifier<'_> {
    fn path(&mut self, path: &Path) -> Result<(), Failure> {
        match place::look_at(path) {
            Err(why) => self.report.unreadable(path, why),
            Ok(Place::Data(dir, partitions)) => self.data(&dir, &partitions),
            Ok(Place::Partition(partition)) => self.partition(&partition).map(drop),
            Ok(Place::File(kind, base_offset, partition)) => {
                self.file(path, kind, base_offset, partition.as_ref())
            }
        }
    }

    fn data(&mut self, dir: &Path, partitions: &[PathBuf]) -> Result<(), Failure> {
        let around = DataDirectory::read(dir);
        small::data_directory(&mut self.report, dir)?;
        let mut topic_ids = BTreeMap::new();
        for path in partitions {
            let partition = match Partition::read(path, &around) {
                Ok(partition) => partition,
                // Deleted meanwhile.
                Err(error) if around.is_live && error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    self.report.unreadable(path, error)?;
                    continue;
                }
            };
            let Some(id) = self.partition(&partition)? else { continue };
            let Some((topic, _)) = partition.name else { continue };
            let first = topic_ids.entry(topic).or_insert(id);
            if *first != id {
                let file = path.join(ottla_log::checkpoint::partition::PARTITION_METADATA);
                let reason = "its topic id is not that of the topic's other partitions";
                self.report.damage(
                    &file,
                    At::byte(0),
                    reason,
                    "the log stays offline: it is another topic's",
                )?;
            }
        }
        Ok(())
    }

    /// The topic's id, when the partition says it.
    fn partition(&mut self, partition: &Partition) -> Result<Option<uuid::Uuid>, Failure> {
        self.report.totals.partitions += 1;
        let mut topic_id = None;
        for (name, kind, base_offset) in &partition.others {
            let path = partition.dir.join(name);
            match kind {
                Kind::PartitionMetadata => topic_id = small::partition_metadata(&mut self.report, &path)?,
                Kind::LeaderEpochs => small::leader_epochs(&mut self.report, &path)?,
                Kind::Snapshot => small::snapshot(&mut self.report, &path, *base_offset)?,
                Kind::OffsetIndex | Kind::TimeIndex | Kind::TransactionIndex
                    if partition.segments.binary_search(base_offset).is_err() && !partition.is_live =>
                {
                    self.report.note(
                        &path,
                        At::default(),
                        "an index without its segment: a broker removes it",
                    )?;
                }
                // With their segments.
                _ => {}
            }
        }
        for name in &partition.left_over {
            let what = if is_swap(name) {
                "a compaction has yet to put it in its place: a broker does that at its next start"
            } else {
                "no log reads this file"
            };
            self.report.note(&partition.dir.join(name), At::default(), what)?;
        }
        let epochs = epochs_of(partition);
        let mut end = None;
        for base_offset in &partition.segments {
            let around = self.surroundings(partition, *base_offset, epochs.as_ref());
            let path = partition.dir.join(segment_file_name(*base_offset, ".log"));
            end = segment::check(&mut self.report, &path, *base_offset, &around)?;
        }
        self.end(partition, end)?;
        Ok(topic_id)
    }

    /// Holds the checkpoints of the data directory against the end of the log, `None` when it is not known.
    fn end(&mut self, partition: &Partition, end: Option<i64>) -> Result<(), Failure> {
        let end = match (end, partition.segments.is_empty()) {
            (Some(end), _) => end,
            (None, true) => partition.log_start.unwrap_or(0),
            (None, false) => return Ok(()),
        };
        let says = [("recovery-point", partition.recovery_point), ("log-start", partition.log_start)];
        for (name, offset) in says {
            if let Some(offset) = offset.filter(|offset| *offset > end) {
                let reason =
                    format!("the log ends at offset {end}, but {name}-offset-checkpoint says {offset}");
                let effect = "what lies between was on disk and is lost: Ottla keeps the log offline";
                self.report.damage(&partition.dir, At::offset(end), reason, effect)?;
            }
        }
        Ok(())
    }

    fn surroundings<'p>(
        &self,
        partition: &'p Partition,
        base_offset: i64,
        epochs: Option<&'p EpochCache>,
    ) -> Surroundings<'p> {
        Surroundings {
            partition: Some(partition),
            next_base: partition.next_base(base_offset),
            epochs,
            gaps: self.is_compacted || partition.is_compacted(),
            is_deep: self.is_deep,
        }
    }

    fn file(
        &mut self,
        path: &Path,
        kind: Kind,
        base_offset: i64,
        partition: Option<&Partition>,
    ) -> Result<(), Failure> {
        let report = &mut self.report;
        match kind {
            Kind::Segment => {
                let epochs = partition.and_then(epochs_of);
                let around = match partition {
                    Some(partition) => self.surroundings(partition, base_offset, epochs.as_ref()),
                    None => Surroundings {
                        partition: None,
                        next_base: None,
                        epochs: None,
                        gaps: self.is_compacted,
                        is_deep: self.is_deep,
                    },
                };
                segment::check(&mut self.report, path, base_offset, &around).map(drop)
            }
            Kind::OffsetIndex | Kind::TimeIndex | Kind::TransactionIndex => {
                let is_last = partition.is_none_or(|partition| partition.next_base(base_offset).is_none());
                indexes::alone(report, path, kind, base_offset, is_last)
            }
            Kind::Snapshot => small::snapshot(report, path, base_offset),
            Kind::LeaderEpochs => small::leader_epochs(report, path),
            Kind::OffsetCheckpoint => small::offset_checkpoint(report, path),
            Kind::PartitionMetadata => small::partition_metadata(report, path).map(drop),
            Kind::MetaProperties => small::meta_properties(report, path),
            Kind::CleanShutdown => small::clean_shutdown(report, path),
        }
    }
}

/// The partition's epochs, if its checkpoint is there and sound.
fn epochs_of(partition: &Partition) -> Option<EpochCache> {
    let bytes = place::read_small(&partition.dir.join(LEADER_EPOCHS)).ok()?;
    let entries = ottla_log::checkpoint::epochs::parse(&bytes).ok()?;
    (!entries.is_empty()).then(|| EpochCache::new(entries))
}
