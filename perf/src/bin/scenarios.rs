//! Runs timed scenarios and records them. `perf/run` builds what it needs and calls it.

use clap::Parser;
use ottla_perf::machine::Machine;
use ottla_perf::timed::life::Life;
use ottla_perf::timed::record::Record;
use ottla_perf::timed::{Build, Run, load, page};
use std::io::{self, Error};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs timed scenarios, one build of the broker beside another, and records what they gave
#[derive(Parser)]
struct Arguments {
    /// Which; all of them when none is named
    scenarios: Vec<String>,
    /// Where their files are
    #[arg(long, value_name = "DIR", default_value = "perf/scenarios")]
    files: PathBuf,
    /// The broker to look at
    #[arg(long, value_name = "FILE", default_value = "target/release/ottla")]
    candidate: PathBuf,
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    candidate_commit: String,
    /// One to hold it against: both run in the order A B B A
    #[arg(long, value_name = "FILE", requires = "base_commit")]
    base: Option<PathBuf>,
    #[arg(long, value_name = "COMMIT")]
    base_commit: Option<String>,
    /// The load generator
    #[arg(long, value_name = "FILE", default_value = "target/release/ottla-bench")]
    bench: PathBuf,
    /// Rounds: a run of the candidate alone, or A B B A
    #[arg(long, value_name = "N", default_value_t = 2)]
    rounds: usize,
    /// Seconds of each load, in place of what its file says
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
    /// Where brokers keep their data: on the disk in question
    #[arg(long, value_name = "DIR", default_value = "target")]
    dir: PathBuf,
    /// Where records go
    #[arg(long, value_name = "DIR", default_value = "perf/results")]
    results: PathBuf,
}

enum Scenario {
    Load(PathBuf),
    Life(Life),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scenarios: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let candidate = Build { binary: arguments.candidate.clone(), commit: arguments.candidate_commit.clone() };
    let base = arguments.base.clone().zip(arguments.base_commit.clone());
    let base = base.map(|(binary, commit)| Build { binary, commit });
    let mut failed = Vec::new();
    for (name, scenario) in chosen(arguments)? {
        match measure(arguments, &scenario, &candidate, base.as_ref()) {
            Ok((runs, base_runs)) => {
                let machine = Machine::look(&arguments.dir);
                let beside = base.as_ref().map(|base| (base, base_runs.as_slice()));
                let question = question(&scenario)?;
                let command = format!("perf/run {name}");
                let record = Record::new((&name, &question), command, machine, (&candidate, &runs), beside);
                println!("{}", record.table());
                record.save(&arguments.results)?;
            }
            Err(error) => {
                eprintln!("{name}: {error}");
                failed.push(name);
            }
        }
    }
    let index = arguments.results.join("index.html");
    std::fs::write(&index, page::page(&Record::load_all(&arguments.results)?)?)?;
    println!("all records: {}", index.display());
    if failed.is_empty() { Ok(()) } else { Err(Error::other(format!("failed: {}", failed.join(", ")))) }
}

/// Those that were named, or all.
fn chosen(arguments: &Arguments) -> io::Result<Vec<(String, Scenario)>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(&arguments.files)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "toml")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            all.push((name.to_owned(), Scenario::Load(path.clone())));
        }
    }
    all.extend(Life::ALL.map(|life| (life.name().to_owned(), Scenario::Life(life))));
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let names: Vec<String> = all.iter().map(|(name, _)| name.clone()).collect();
    if let Some(unknown) = arguments.scenarios.iter().find(|wanted| !names.contains(wanted)) {
        return Err(Error::other(format!(
            "no scenario is called {unknown}; there are: {}",
            names.join(", ")
        )));
    }
    all.retain(|(name, _)| arguments.scenarios.is_empty() || arguments.scenarios.contains(name));
    Ok(all)
}

fn question(scenario: &Scenario) -> io::Result<String> {
    match scenario {
        Scenario::Life(life) => Ok(life.question().to_owned()),
        Scenario::Load(path) => {
            let workload = ottla_bench::workload::file::read(path, None).map_err(Error::other)?;
            Ok(workload.question.unwrap_or_default())
        }
    }
}

/// The runs of both sides, in the order A B B A, round after round.
fn measure(
    arguments: &Arguments,
    scenario: &Scenario,
    candidate: &Build,
    base: Option<&Build>,
) -> io::Result<(Vec<Run>, Vec<Run>)> {
    let dir: &Path = &arguments.dir;
    let once = |build: &Build| match scenario {
        Scenario::Load(path) => load::run(build, &arguments.bench, path, arguments.seconds, dir),
        Scenario::Life(life) => life.run(build, dir),
    };
    let (mut new, mut old) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds.max(1) {
        new.push(once(candidate)?);
        if let Some(base) = base {
            old.push(once(base)?);
            old.push(once(base)?);
            new.push(once(candidate)?);
        }
    }
    Ok((new, old))
}
