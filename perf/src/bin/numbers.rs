//! The parts of `perf/numbers` that are no load of `ottla-bench` alone.

use clap::{Parser, Subcommand};
use ottla_perf::machine::Machine;
use ottla_perf::numbers::groups::{Figure, Size};
use ottla_perf::numbers::{collect, page, start};
use ottla_perf::rounds::Report;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Figures of Ottla beside Apache Kafka's; perf/numbers calls it
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What `ottla-bench versus` reported, as the raw results of a part
    Collect {
        /// The part, called as its scenario
        part: String,
        #[arg(long, value_name = "DIR")]
        report: PathBuf,
        /// On the disk that was measured
        #[arg(long, value_name = "DIR", default_value = "target")]
        dir: PathBuf,
        #[arg(long, value_name = "FILE")]
        json: PathBuf,
    },
    /// Start and idle memory of both
    Start {
        #[arg(long, value_name = "FILE", default_value = "target/release/ottla")]
        ottla: PathBuf,
        /// Kafka's; it takes the next one too
        #[arg(long, value_name = "PORT", default_value_t = 19_390)]
        port: u16,
        #[arg(long, value_name = "N", default_value_t = 5)]
        rounds: usize,
        #[arg(long, value_name = "DIR", default_value = "target")]
        dir: PathBuf,
        #[arg(long, value_name = "FILE")]
        json: PathBuf,
    },
    /// Groups of both
    Group {
        figure: Figure,
        #[arg(long, value_name = "FILE", default_value = "target/release/ottla")]
        ottla: PathBuf,
        /// Kafka's; it takes the next one too
        #[arg(long, value_name = "PORT", default_value_t = 19_390)]
        port: u16,
        #[arg(long, value_name = "N", default_value_t = 3)]
        rounds: usize,
        /// Of a run of commits
        #[arg(long, value_name = "N", default_value_t = 7)]
        seconds: u64,
        /// Of the group that rebalances
        #[arg(long, value_name = "N", default_value_t = 200)]
        members: usize,
        /// That are loaded
        #[arg(long, value_name = "N", default_value_t = 1_000_000)]
        offsets: usize,
        /// Whose memory is measured
        #[arg(long, value_name = "N", default_value_t = 5_000)]
        groups: usize,
        #[arg(long, value_name = "DIR", default_value = "target")]
        dir: PathBuf,
        #[arg(long, value_name = "FILE")]
        json: PathBuf,
    },
    /// The page of all results
    Page {
        #[arg(long, value_name = "DIR", default_value = "perf/results/numbers")]
        results: PathBuf,
        #[arg(long, value_name = "FILE", default_value = "perf/NUMBERS.md")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("numbers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> io::Result<()> {
    match command {
        Command::Collect { part, report, dir, json } => {
            let report = collect(report, part, &format!("perf/numbers {part}"), dir)?;
            print!("{}", report.table());
            report.save(json)
        }
        Command::Start { ottla, port, rounds, dir, json } => {
            let rounds = (*rounds).max(1);
            let lines = start::measure(ottla, *port, rounds, dir)?;
            let machine = Machine::look(dir);
            let report = Report { machine, command: "perf/numbers start".to_owned(), rounds, lines };
            print!("{}", report.table());
            report.save(json)
        }
        Command::Group { figure, ottla, port, rounds, seconds, members, offsets, groups, dir, json } => {
            let (rounds, seconds, members) = ((*rounds).max(1), (*seconds).max(1), (*members).max(1));
            let size = Size { rounds, seconds, members, offsets: *offsets, groups: (*groups).max(1) };
            let lines = figure.measure(ottla, *port, size, dir)?;
            let command = format!("perf/numbers {}", figure.part());
            let report = Report { machine: Machine::look(dir), command, rounds, lines };
            print!("{}", report.table());
            report.save(json)
        }
        Command::Page { results, out } => {
            let mut files: Vec<PathBuf> = Vec::new();
            for entry in std::fs::read_dir(results)? {
                files.push(entry?.path());
            }
            files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
            files.sort();
            let mut reports = Vec::new();
            for file in files {
                let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
                reports.push((name.unwrap_or_default(), Report::load(&file)?));
            }
            std::fs::write(out, page::page(&reports))?;
            println!("{}", out.display());
            Ok(())
        }
    }
}
