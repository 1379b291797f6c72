//! Checks two decisions of ARCHITECTURE.md on this machine: `compare runtimes` and `compare reads`.

use clap::{Parser, Subcommand};
use ottla_perf::compare::runtimes::Extent;
use ottla_perf::compare::{reads, runtimes};
use ottla_perf::machine::Machine;
use ottla_perf::rounds::Report;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Compares runtimes, or ways to read a segment, on the same work
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Where files are written: on the disk in question, not in memory
    #[arg(long, global = true, value_name = "DIR", default_value = "target")]
    dir: PathBuf,
    /// Every contestant is measured so many times, taking turns
    #[arg(long, global = true, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Write the report there as JSON too
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Subcommand)]
enum What {
    /// Own ring, glommio and tokio: requests, frames, durable writes, wakes
    Runtimes {
        /// Seconds of each exchange
        #[arg(long, value_name = "S", default_value_t = 1.5)]
        seconds: f64,
        /// Durable writes in a round
        #[arg(long, value_name = "N", default_value_t = 500)]
        writes: usize,
        /// Ways to another core and back in a round
        #[arg(long, value_name = "N", default_value_t = 5000)]
        wakes: usize,
    },
    /// Splice, direct reads, buffered reads and memory: from a file to a socket
    Reads {
        /// Size of the file
        #[arg(long, value_name = "MIB", default_value_t = 256)]
        mib: usize,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let dir = tempfile::tempdir_in(&arguments.dir).map_err(|error| in_dir(&arguments.dir, error))?;
    let rounds = arguments.rounds.max(1);
    let lines = match arguments.what {
        What::Runtimes { seconds, writes, wakes } => {
            let extent = Extent { rounds, lasts: Duration::from_secs_f64(seconds), writes, wakes };
            runtimes::run(extent, dir.path())?
        }
        What::Reads { mib } => reads::run(rounds, mib.max(1) << 20, dir.path())?,
    };
    let report = Report { machine: Machine::look(dir.path()), command: command(), rounds, lines };
    print!("{}", report.table());
    if let Some(path) = &arguments.json {
        report.save(path)?;
    }
    Ok(())
}

fn in_dir(dir: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", dir.display()))
}

/// What was typed, as it would be typed again from the project's root.
fn command() -> String {
    let words: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo run --release -p ottla-perf --bin compare -- {}", words.join(" "))
}
