//! The command line of `ottla-bench`.
//!
//! A command is a module with its arguments, which explain themselves with examples, and a `run`. Text for people goes to standard output,
//! what a person only needs while waiting to standard error.

pub mod ab;
mod failure;
pub mod load;
mod merge;
mod report;
mod run;
mod sweep;
mod trace;
mod verify;
mod workload;

pub use failure::{EXIT_CODES, Exit, Failure};

use crate::error::Error;
use crate::{compare, gate, peer, versus};
use clap::{Parser, Subcommand};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  ottla-bench run                                        1,000 records/s of 1 KB for half a minute, broker on 127.0.0.1:9092
  ottla-bench run --broker kafka:9092 --rate 50000 --size 100 --out results/small
  ottla-bench run workload.toml --rate 20000             a file's workload, with one field changed
  ottla-bench run omb/1-topic-16-partitions-1kb.yaml --driver omb/kafka-exactly-once.yaml
  ottla-bench run --closed 64 --batch-records 1 --size 100        64 requests in flight
  ottla-bench versus kafka --rate 20000                  Ottla against Apache Kafka on this machine, on one page
  ottla-bench gate --baseline perf.toml --outcome results/a/outcome.json      for a CI
  ottla-bench sweep --p999-ms 10                         the highest rate whose p99.9 stays below 10 ms
  ottla-bench ab --a HOST:PORT --b HOST:PORT             one broker against another
  ottla-bench verify --rate 20000                        every record counted and compared
  ottla-bench workload                                   every field of a workload, with its default

An open loop sends each record at its time, whatever the broker does, and counts latency from that time: a pause of the broker
shows in every record that it delayed. A closed loop waits for the broker before it sends the next record, so it hides pauses;
its reports say so.";

/// A load generator for any broker that speaks Kafka's protocol, and the reports of what it saw
#[derive(Parser)]
#[command(name = "ottla-bench", version, max_term_width = 110, after_help = EXAMPLES, after_long_help = long_after_help())]
#[command(arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn long_after_help() -> String {
    format!("{EXAMPLES}\n\n{EXIT_CODES}")
}

#[derive(Subcommand)]
enum Command {
    // What makes load.
    /// Make one load and report what it met
    #[command(after_help = run::EXAMPLES)]
    Run(Box<run::RunArgs>),
    /// Find the highest rate that a broker sustains
    #[command(after_help = sweep::EXAMPLES)]
    Sweep(Box<sweep::SweepArgs>),
    /// Hold two brokers or builds against each other, in A B B A order
    #[command(after_help = ab::EXAMPLES)]
    Ab(Box<ab::AbArgs>),
    /// Count and compare every record while the load runs
    #[command(after_help = verify::EXAMPLES)]
    Verify(Box<verify::VerifyArgs>),
    /// Verify for hours, with a line each minute and the drift of latency and memory
    #[command(after_help = verify::SOAK_EXAMPLES)]
    Soak(Box<verify::SoakArgs>),
    /// Write a topic's records as a trace: when they came, their keys and sizes
    #[command(after_help = trace::RECORD_EXAMPLES)]
    Record(trace::RecordArgs),
    /// Make the load of a trace again
    #[command(after_help = trace::REPLAY_EXAMPLES)]
    Replay(Box<trace::ReplayArgs>),
    /// Make one report of processes that made one load
    #[command(after_help = merge::EXAMPLES)]
    Merge(merge::MergeArgs),
    /// Print a workload file with every field: the default one, or a file as it is understood
    #[command(after_help = workload::EXAMPLES)]
    Workload(workload::WorkloadArgs),
    // What reads reports and runs other brokers.
    /// Print a report once more, from its JSON
    #[command(after_help = report::EXAMPLES)]
    Report(report::ReportArgs),
    /// Lay outcomes of several brokers, builds or machines side by side
    #[command(after_help = compare::EXAMPLES)]
    Compare(compare::CompareArgs),
    /// Hold outcomes against bounds in a file, for a CI that must notice a regression
    #[command(after_help = gate::EXAMPLES)]
    Gate(gate::GateArgs),
    /// Start, stop or look at another broker on this machine
    #[command(after_help = peer::EXAMPLES)]
    Peer(peer::PeerArgs),
    /// Ottla against another broker on this machine, by one command
    #[command(after_help = versus::EXAMPLES)]
    Versus(Box<versus::VersusArgs>),
}

/// Runs the command line of this process and returns how it ended.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Sweep(args) => sweep::run(&args),
        Command::Ab(args) => ab::run(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Soak(args) => verify::soak(&args),
        Command::Record(args) => trace::record(&args),
        Command::Replay(args) => trace::replay(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Workload(args) => workload::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Compare(args) => compare::run(&args).map(|()| Exit::Ok).map_err(Failure::from),
        Command::Gate(args) => {
            gate::run(&args).map(|holds| if holds { Exit::Ok } else { Exit::Failed }).map_err(Failure::from)
        }
        Command::Peer(args) => peer::run(&args).map(|()| Exit::Ok).map_err(Failure::from),
        Command::Versus(args) => versus::run(&args),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit.into()
        }
    }
}

/// Writes `value` for programs; its folder is made when it is not there.
fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let cannot = || format!("write {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io(cannot()))?;
    }
    let json = serde_json::to_string_pretty(value).map_err(|error| Error::io(cannot())(error.into()))?;
    std::fs::write(path, json).map_err(Error::io(cannot())).map_err(Failure::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// clap's own check of names, conflicts and defaults.
    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }
}
