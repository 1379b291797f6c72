//! `ottla log`: looks into a log's files, and moves them between Ottla and Apache Kafka.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`place`] | what a path is: a file's kind, a partition's files, the data directory around it |
//! | [`walk`] | the batches of a segment, one after the other, past damage, in bounded memory |
//! | [`report`] | findings, as text or JSON, and the exit code |
//! | [`dump`], [`verify`] | what is printed, what is checked |
//! | [`transfer`] | import and export: copies whose every record was checked |
//!
//! Nothing here needs a broker, and only import and export need that none runs. `dump` and `verify` write nothing: they read
//! beside a broker that appends, and leave nothing in the page cache.

mod dump;
mod place;
mod report;
#[cfg(test)]
mod tests;
mod transfer;
mod verify;
mod walk;

use super::{Exit, Failure};
use clap::{Args, Subcommand};

#[derive(Args)]
#[command(after_help = HELP)]
pub struct LogArgs {
    #[command(subcommand)]
    command: LogCommand,
}

const HELP: &str = "\
Examples:
  ottla log dump /var/lib/ottla/orders-0                     every file of a partition
  ottla log dump --records --offset 100 --limit 5 /var/lib/ottla/orders-0
  ottla log verify /var/lib/ottla                            every log of a data directory, also beside a running broker
  ottla log import /var/lib/kafka --data /var/lib/ottla      take over what Apache Kafka wrote
  ottla log export orders --data /var/lib/ottla --to /var/lib/kafka

docs/kafka-files.md has the steps for moving topics between Kafka and Ottla.";

#[derive(Subcommand)]
enum LogCommand {
    /// Print what is in a log's files: batches, records, index entries, producers, checkpoints
    Dump(dump::DumpArgs),
    /// Check a log's files, and say where and why one is damaged
    Verify(verify::VerifyArgs),
    /// Take topics over from the log.dirs of a stopped Apache Kafka
    Import(transfer::import::ImportArgs),
    /// Give topics to a stopped Apache Kafka
    Export(transfer::export::ExportArgs),
}

pub fn run(args: &LogArgs) -> Result<Exit, Failure> {
    match &args.command {
        LogCommand::Dump(args) => dump::run(args),
        LogCommand::Verify(args) => verify::run(args),
        LogCommand::Import(args) => transfer::import::run(args),
        LogCommand::Export(args) => transfer::export::run(args),
    }
}
