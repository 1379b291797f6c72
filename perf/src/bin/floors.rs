//! Measures what this machine takes at least for what a broker must do. The broker's figures are held against these.

use clap::Parser;
use ottla_perf::floors::{self, Extent};
use ottla_perf::machine::Machine;
use ottla_perf::rounds::Report;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// The floors of this machine: durable writes, sockets, CRC, codec
#[derive(Parser)]
struct Arguments {
    /// Where files are written: on the disk in question, not in memory
    #[arg(long, value_name = "DIR", default_value = "target")]
    dir: PathBuf,
    /// Everything is measured so many times
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Durable writes in a round
    #[arg(long, value_name = "N", default_value_t = 800)]
    writes: usize,
    /// What goes through a socket in a round
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    mib: usize,
    /// Write the report there as JSON too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("floors: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let dir = tempfile::tempdir_in(&arguments.dir)?;
    let extent = Extent {
        rounds: arguments.rounds.max(1),
        writes: arguments.writes.max(8),
        mib: arguments.mib.max(1),
    };
    let lines = floors::run(extent, dir.path())?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let command = format!("cargo run --release -p ottla-perf --bin floors -- {}", words.join(" "));
    let report = Report { machine: Machine::look(dir.path()), command, rounds: extent.rounds, lines };
    print!("{}", report.table());
    if let Some(path) = &arguments.json {
        report.save(path)?;
    }
    Ok(())
}
