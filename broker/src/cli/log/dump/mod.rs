//! `ottla log dump`: what is in a log's files, a line for each batch, record, entry, producer or checkpoint line.
//!
//! Damage is printed where it lies, and the dump goes on behind it; what is held against other files is `verify`'s business.

mod files;
mod segment;

use super::place::{self, Kind, OFFSET_CHECKPOINTS, Partition, Place};
use super::report::Report;
use crate::cli::{Exit, Failure};
use clap::Args;
use ottla_log::Offset;
use ottla_log::checkpoint::directory::CLEAN_SHUTDOWN;
use ottla_log::checkpoint::partition::segment_file_name;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = HELP)]
pub struct DumpArgs {
    /// Data directories, partitions' directories, or files of a log
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Open batches and print a line for each record
    #[arg(long)]
    deep: bool,
    /// Print records with their keys, values and headers, and nothing else; implies --deep
    #[arg(long)]
    records: bool,
    /// Begin with the batch or record at this offset
    #[arg(short, long, value_name = "OFFSET", value_parser = clap::value_parser!(i64).range(0..))]
    offset: Option<Offset>,
    /// End after this many batches, records or entries of each log
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Gaps between offsets are right: the topics are compacted
    #[arg(long)]
    compacted: bool,
    /// Print an object a line; bytes that are no text are in key_base64 and value_base64
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Examples:
  ottla log dump /var/lib/ottla/orders-0
  ottla log dump --records --offset 100 --limit 5 /var/lib/ottla/orders-0
  ottla log dump --json /var/lib/ottla/orders-0/00000000000000000000.log | jq .codec
  ottla log dump /var/lib/ottla/orders-0/00000000000000000000.timeindex

Exit codes: 0 sound, 1 damaged, 2 something could not be read. Reads Apache Kafka's files as well, and works beside a
running broker.";

pub fn run(args: &DumpArgs) -> Result<Exit, Failure> {
    dump(args, Report::to_stdout(args.json))
}

pub(super) fn dump(args: &DumpArgs, report: Report<'_>) -> Result<Exit, Failure> {
    let mut dumper = Dumper { report, args };
    for path in &args.paths {
        dumper.path(path)?;
    }
    dumper.report.finish(false)
}

struct Dumper<'a> {
    report: Report<'a>,
    args: &'a DumpArgs,
}

/// How many lines of a log may still be printed.
struct Left(Option<u64>);

impl Left {
    /// Whether one more may be printed; counts it.
    fn take(&mut self) -> bool {
        match &mut self.0 {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
    fn is_over(&self) -> bool {
        self.0 == Some(0)
    }
}

impl Dumper<'_> {
    fn path(&mut self, path: &Path) -> Result<(), Failure> {
        match place::look_at(path) {
            Err(why) => self.report.unreadable(path, why),
            Ok(Place::Data(dir, partitions)) => {
                let names = [crate::controller::meta_properties::FILE_NAME, CLEAN_SHUTDOWN];
                for name in names.iter().chain(&OFFSET_CHECKPOINTS).filter(|_| !self.args.records) {
                    let file = dir.join(name);
                    if let (true, Some((kind, _))) = (file.exists(), place::kind_of(name)) {
                        self.file(&file, kind, 0, None, &mut Left(self.args.limit))?;
                    }
                }
                let around = place::DataDirectory::read(&dir);
                for path in partitions {
                    match Partition::read(&path, &around) {
                        Ok(partition) => self.partition(&partition)?,
                        Err(error) => self.report.unreadable(&path, error)?,
                    }
                }
                Ok(())
            }
            Ok(Place::Partition(partition)) => self.partition(&partition),
            Ok(Place::File(kind, base_offset, partition)) => {
                self.file(path, kind, base_offset, partition.as_ref(), &mut Left(self.args.limit))
            }
        }
    }

    fn partition(&mut self, partition: &Partition) -> Result<(), Failure> {
        if !self.args.records {
            for (name, kind, base_offset) in &partition.others {
                let path = partition.dir.join(name);
                self.file(&path, *kind, *base_offset, Some(partition), &mut Left(self.args.limit))?;
            }
        }
        let mut left = Left(self.args.limit);
        for base_offset in &partition.segments {
            // All of this segment lies before what was asked for.
            let is_before = partition
                .next_base(*base_offset)
                .is_some_and(|next| self.args.offset.is_some_and(|offset| next <= offset));
            if is_before || left.is_over() {
                continue;
            }
            let path = partition.dir.join(segment_file_name(*base_offset, ".log"));
            self.file(&path, Kind::Segment, *base_offset, Some(partition), &mut left)?;
        }
        Ok(())
    }

    fn file(
        &mut self,
        path: &Path,
        kind: Kind,
        base_offset: Offset,
        partition: Option<&Partition>,
        left: &mut Left,
    ) -> Result<(), Failure> {
        if !self.report.is_json() && !self.args.records {
            let shown = path.display().to_string();
            self.report.line(&(), || shown)?;
        }
        let is_last = partition.is_none_or(|partition| partition.next_base(base_offset).is_none());
        let from = self.args.offset.unwrap_or(0);
        let report = &mut self.report;
        match kind {
            Kind::Segment => segment::dump(report, path, base_offset, partition, self.args, left),
            Kind::OffsetIndex => files::offset_index(report, path, base_offset, is_last, from, left),
            Kind::TimeIndex => files::time_index(report, path, base_offset, is_last, from, left),
            Kind::TransactionIndex => files::transaction_index(report, path, from, left),
            Kind::Snapshot => files::snapshot(report, path, base_offset, left),
            Kind::LeaderEpochs => files::leader_epochs(report, path, left),
            Kind::OffsetCheckpoint => files::offset_checkpoint(report, path, left),
            Kind::PartitionMetadata => files::partition_metadata(report, path),
            Kind::MetaProperties => files::meta_properties(report, path),
            Kind::CleanShutdown => files::clean_shutdown(report, path),
        }
    }
}
