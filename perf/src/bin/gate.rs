//! Measures the figures, holds them to their bounds and says what moved. `perf/gate` builds and calls it.
//!
//! Exit codes: 0 everything holds, 1 something does not, 2 it could not be measured.

use clap::{Parser, ValueEnum};
use ottla_perf::gates::{
    Bounds, Figure, Group, Judged, Verdict, bounds::BoundsError, calls, counts, instructions, process,
};
use ottla_perf::meter::Allocated;
use ottla_perf::plant::{self, Plant};
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

fn allocated_so_far() -> Allocated {
    let stats = ALLOCATOR.stats();
    let count = stats.allocations + stats.reallocations;
    Allocated { count: count as u64, bytes: stats.bytes_allocated as u64 }
}

/// Holds the figures of the broker that need no quiet machine to the bounds in a file
#[derive(Parser)]
struct Arguments {
    /// The file of bounds
    #[arg(long, value_name = "FILE", default_value = "perf/gates.toml")]
    bounds: PathBuf,
    /// Measure these groups alone
    #[arg(long, value_enum, value_delimiter = ',', value_name = "GROUP")]
    only: Vec<Group>,
    /// Where gungraun left its summaries
    #[arg(long, value_name = "DIR", default_value = "target/gungraun")]
    summaries: PathBuf,
    /// The binary whose size and memory are measured
    #[arg(long, value_name = "FILE", default_value = "target/release/ottla")]
    ottla: PathBuf,
    /// Take over every figure that moved beyond its bound, up or down
    #[arg(long, requires = "why")]
    accept: bool,
    /// The reason, for the file
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Slow the broker down on purpose: a figure must not hold
    #[arg(long, value_enum, value_name = "KIND")]
    plant: Option<Plant>,
    /// Write what was measured and judged there too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Show the figures that hold as well
    #[arg(long)]
    all: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    #[error("{0}")]
    Measuring(#[from] io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("gate: {failure}");
            ExitCode::from(2)
        }
    }
}

/// True when everything holds.
fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let groups = match arguments.only.as_slice() {
        [] => Group::value_variants(),
        only => only,
    };
    let figures = measure(arguments, groups)?;
    let mut bounds = Bounds::load(&arguments.bounds)?;
    let rustc = output(&["rustc", "--version"])?;
    if !bounds.rustc.is_empty() && bounds.rustc != rustc {
        println!(
            "The bounds are those of {}, this is {rustc}. Instructions and the size of the code differ between \
             compilers:\naccept them on the unchanged tree with this one, as a commit of its own, then judge the change.\n",
            bounds.rustc
        );
    }
    let judged = bounds.judge(&figures, groups);
    show(&judged, arguments.all);
    if let Some(path) = &arguments.json {
        std::fs::write(path, json(&judged, &rustc))?;
    }
    if arguments.accept {
        let set =
            format!("{} {}", output(&["date", "+%F"])?, output(&["git", "rev-parse", "--short", "HEAD"])?);
        bounds.rustc = rustc;
        bounds.accept(&judged, &set, arguments.why.as_deref().unwrap_or_default());
        bounds.save(&arguments.bounds)?;
        println!("written to {}", arguments.bounds.display());
        return Ok(true);
    }
    Ok(!judged.iter().any(|line| line.verdict.fails()))
}

fn measure(arguments: &Arguments, groups: &[Group]) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if groups.contains(&Group::Counts) {
        figures
            .extend(counts::measure(arguments.plant.filter(|plant| plant.is_simulated()), allocated_so_far));
    }
    if groups.contains(&Group::Instructions) {
        figures.extend(instructions::read(&arguments.summaries)?);
    }
    if groups.contains(&Group::Process) {
        let name = arguments.plant.and_then(|plant| plant.to_possible_value());
        let envs: Vec<(&str, &str)> = name.iter().map(|name| (plant::VARIABLE, name.get_name())).collect();
        figures.extend(process::measure(&arguments.ottla, &envs)?);
        figures.extend(calls::measure(&arguments.ottla, &envs)?);
    }
    Ok(figures)
}

/// What a program prints, without the line's end.
fn output(command: &[&str]) -> io::Result<String> {
    let told = |error| io::Error::other(format!("{}: {error}", command.join(" ")));
    let output = Command::new(command[0]).args(&command[1..]).output().map_err(told)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn show(judged: &[Judged], all: bool) {
    let number = |value: Option<f64>| match value {
        None => "-".to_owned(),
        Some(value) if value.abs() >= 1000.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.3}"),
    };
    let count = |wanted: Verdict| judged.iter().filter(|line| line.verdict == wanted).count();
    let shown: Vec<&Judged> = judged.iter().filter(|line| all || line.verdict != Verdict::Holds).collect();
    if !shown.is_empty() {
        println!("{:<24} {:<16} {:>12} {:>12} {:>9}", "of", "figure", "bound", "measured", "change");
    }
    for line in shown {
        let change = line.change_percent().map_or("-".to_owned(), |percent| format!("{percent:+.1}%"));
        let verdict = match line.verdict {
            Verdict::Holds => "",
            Verdict::Better => "better",
            Verdict::Worse => "WORSE",
            Verdict::New => "NEW: it has no bound",
            Verdict::Gone => "GONE: it was not measured",
        };
        println!(
            "{:<24} {:<16} {:>12} {:>12} {change:>9}  {verdict}",
            line.subject,
            line.kind.name(),
            number(line.bound),
            number(line.measured)
        );
    }
    println!(
        "{} figures: {} hold, {} better, {} worse, {} new, {} gone",
        judged.len(),
        count(Verdict::Holds),
        count(Verdict::Better),
        count(Verdict::Worse),
        count(Verdict::New),
        count(Verdict::Gone)
    );
    if count(Verdict::Worse) + count(Verdict::New) + count(Verdict::Gone) > 0 {
        println!("To take what was measured over as the new bounds: perf/gate --accept --why 'REASON'");
    }
}

fn json(judged: &[Judged], rustc: &str) -> String {
    let lines: Vec<_> = judged
        .iter()
        .map(|line| {
            serde_json::json!({
                "subject": line.subject,
                "figure": line.kind.name(),
                "bound": line.bound,
                "measured": line.measured,
                "verdict": format!("{:?}", line.verdict).to_lowercase(),
            })
        })
        .collect();
    format!("{:#}\n", serde_json::json!({ "rustc": rustc, "figures": lines }))
}
