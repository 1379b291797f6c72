//! `ottla-bench versus kafka`: Ottla against Apache Kafka on this machine, by one command.
//!
//! Each contender is started once, warmed by a run that nobody looks at (a Java broker compiles itself while it works), and measured
//! in the order A, B, C, C, B, A, so that a machine that gets slower or quicker meanwhile favours nobody. All of them stay up; what the
//! idle ones used meanwhile is measured and said. Before each run the page cache is written out, so that none pays for another's records.

mod contender;
mod joined;

pub use joined::joined;

use crate::cli::load::{ChangeArgs, HowArgs, Watcher, interrupts};
use crate::cli::{Exit, Failure};
use crate::compare;
use crate::load;
use crate::modes::ab::{self, Leg};
use crate::outcome::Outcome;
use crate::peer;
use crate::report::html::{Labelled, page};
use crate::report::units::significant;
use crate::report::{self, Error as ReportError};
use crate::workload::{Workload, file};
use clap::{Args, ValueEnum};
use contender::{Contender, Kind};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench versus kafka                                     1,000 records/s of 1 KB; a page in versus/
  ottla-bench versus kafka --rate 20000 --duration 60 --out results/20k
  ottla-bench versus kafka --workload durable.toml --rounds 3  each contender six times
  ottla-bench versus kafka --relaxed                           and Ottla with Kafka's promise: acks from memory

Contenders: Ottla, whose acks are durable; Kafka with log.flush.interval.messages=1, whose acks are too; and Kafka as it ships, whose
acks are not. It needs Java 17 or newer and Maven; the ottla is the one beside this program or in PATH, or --ottla.";

/// More CPU than this in the first third of a run, over the last, is no noise.
const WARMING_RATIO: f64 = 1.3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rival {
    Kafka,
}

#[derive(Args, Clone, Debug)]
pub struct VersusArgs {
    /// Whom to compare with
    #[arg(value_enum, default_value_t = Rival::Kafka)]
    pub rival: Rival,
    /// A workload file: our own notation (.toml), or OpenMessaging Benchmark's (.yaml)
    #[arg(long, value_name = "FILE")]
    pub workload: Option<PathBuf>,
    /// Settings from an OpenMessaging Benchmark driver file
    #[arg(long, value_name = "FILE", requires = "workload")]
    pub driver: Option<PathBuf>,
    /// The ottla to run [default: the one beside this program, or in PATH]
    #[arg(long, value_name = "FILE", help_heading = "Contenders")]
    pub ottla: Option<PathBuf>,
    /// Ottla with Kafka's promise as well: flushed when the system sees fit, as log.flush.interval.messages says
    #[arg(long, help_heading = "Contenders")]
    pub relaxed: bool,
    /// Without Kafka as it ships, whose acks are worth less
    #[arg(long, help_heading = "Contenders")]
    pub only_durable: bool,
    /// A folder on the device to measure, for the data of all; it must not exist [default: data in the folder of the report]
    #[arg(long, value_name = "DIR", help_heading = "Contenders")]
    pub data: Option<PathBuf>,
    /// The first of ten ports that the contenders take
    #[arg(long, value_name = "PORT", default_value_t = 19_300, help_heading = "Contenders")]
    pub port: u16,
    /// How often the order is gone through forth and back
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = parse_rounds)]
    pub rounds: usize,
    /// Seconds of load that warm each contender before the first run
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0)]
    pub warm: f64,
    #[command(flatten)]
    pub change: ChangeArgs,
    #[command(flatten)]
    pub how: HowArgs,
}

/// Runs the command.
///
/// # Errors
/// What kept a contender from starting or a run from beginning; all that was started is stopped again.
pub fn run(args: &VersusArgs) -> Result<Exit, Failure> {
    let workload = workload(args)?;
    let out = args.how.out.clone().unwrap_or_else(|| "versus".into());
    let kinds = kinds(args);
    let program = peer::ottla::program(args.ottla.as_deref())?;
    let data = Data::make(args.data.clone().unwrap_or_else(|| out.join("data")))?;
    peer::warn_of_memory(&data.0);
    let interrupted = interrupts()?;
    let mut contenders = Vec::new();
    for (index, kind) in kinds.into_iter().enumerate() {
        eprintln!("ottla-bench: starting {}", kind.label());
        // A Kafka takes two ports.
        let port = args.port.saturating_add(2 * u16::try_from(index).unwrap_or(u16::MAX));
        contenders.push(Contender::start(kind, &program, &data.0.join(kind.name()), port)?);
    }
    let bench = Bench { args, workload: &workload, interrupted };
    if args.warm > 0.0 {
        for contender in &contenders {
            bench.warm(contender)?;
        }
    }
    let mut legs: Vec<Leg> = Vec::new();
    let order = ab::order(contenders.len(), args.rounds);
    for (number, side) in order.iter().copied().enumerate() {
        let Some(contender) = contenders.get(side) else { continue };
        let others: Vec<&Contender> =
            contenders.iter().filter(|other| other.kind != contender.kind).collect();
        let title = format!("{} of {}: {}", number + 1, order.len(), contender.kind.label());
        let outcome = bench.measure(&title, contender, &others)?;
        let directory = out.join("runs").join(format!("{:02}-{}", number + 1, contender.kind.name()));
        report::write(&outcome, &report::Options { directory: Some(directory), quiet: true })?;
        legs.push(Leg { side, outcome });
    }
    let kinds: Vec<Kind> = contenders.iter().map(|contender| contender.kind).collect();
    // Stopped before the report, so that nothing runs while it is read.
    drop(contenders);
    drop(data);
    conclude(&out, &kinds, &legs)
}

fn workload(args: &VersusArgs) -> Result<Workload, Failure> {
    let mut workload = match &args.workload {
        Some(path) => file::read(path, args.driver.as_deref())?,
        None => Workload::default(),
    };
    args.change.apply(&mut workload);
    workload.check()?;
    Ok(workload)
}

fn kinds(args: &VersusArgs) -> Vec<Kind> {
    let Rival::Kafka = args.rival;
    let mut kinds = vec![Kind::Ottla, Kind::KafkaFlushed];
    if !args.only_durable {
        kinds.push(Kind::Kafka);
    }
    if args.relaxed {
        kinds.push(Kind::OttlaRelaxed);
    }
    kinds
}

fn parse_rounds(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|rounds| *rounds > 0).ok_or_else(|| "expected a count from 1 on".to_owned())
}

struct Bench<'a> {
    args: &'a VersusArgs,
    workload: &'a Workload,
    interrupted: Arc<AtomicBool>,
}

impl Bench<'_> {
    fn options(&self, contender: &Contender) -> load::Options {
        let how = &self.args.how;
        load::Options {
            bootstrap: vec![contender.bootstrap().to_owned()],
            workers: how.workers.max(1),
            cpus: how.cpus.clone(),
            spin: Duration::from_micros(how.spin_us),
            timeout: Duration::from_secs_f64(how.timeout.clamp(0.001, 86_400.0)),
            cost: Some(crate::cost::Source::Process(contender.pid())),
            broker_name: contender.version.clone(),
            interrupted: Arc::clone(&self.interrupted),
            ..load::Options::default()
        }
    }

    /// The workload itself, for as long as asked, unseen.
    fn warm(&self, contender: &Contender) -> Result<(), Failure> {
        let workload = Workload { duration_s: self.args.warm, warmup_s: 0.0, ..self.workload.clone() };
        self.watched(&format!("warming {}", contender.kind.label()), &workload, contender).map(drop)
    }

    fn measure(&self, title: &str, contender: &Contender, others: &[&Contender]) -> Result<Outcome, Failure> {
        // What another contender left in the page cache goes to the disk now, not during this run.
        rustix::fs::sync();
        let before: Vec<Option<f64>> = others.iter().map(|other| other.cpu_s()).collect();
        let mut outcome = self.watched(title, self.workload, contender)?;
        let used = others.iter().zip(before).filter_map(|(other, before)| {
            Some(format!("{} {} s", other.kind.label(), significant(other.cpu_s()? - before?)))
        });
        let used: Vec<String> = used.collect();
        if !used.is_empty() {
            outcome.notes.push(format!("CPU of the others meanwhile, up and idle: {}", used.join("; ")));
        }
        outcome.notes.extend(warming(&outcome));
        Ok(outcome)
    }

    fn watched(&self, title: &str, workload: &Workload, contender: &Contender) -> Result<Outcome, Failure> {
        let mut watcher = Watcher::new(title, workload.duration_s, self.args.how.quiet);
        let outcome = load::run(workload, &self.options(contender), &mut watcher);
        watcher.finish();
        let outcome = outcome?;
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(crate::error::Error::Interrupted.into());
        }
        Ok(outcome)
    }
}

/// A broker whose CPU falls while the load is the same was still getting warm, and is told worse than it is.
fn warming(outcome: &Outcome) -> Option<String> {
    let cpu_s: Vec<f64> = outcome.seconds.iter().filter_map(|second| second.broker_cpu_s).collect();
    let third = cpu_s.len() / 3;
    if third < 3 {
        return None;
    }
    let mean = |seconds: &[f64]| seconds.iter().sum::<f64>() / seconds.len() as f64;
    let (first, last) = (mean(cpu_s.get(..third)?), mean(cpu_s.get(cpu_s.len() - third..)?));
    (first > last * WARMING_RATIO).then(|| {
        let fall = report::units::share(1.0 - last / first);
        format!("its CPU fell by {fall} from the first third of the run to the last: it was not warm yet; use a longer --warm")
    })
}

/// Says what came of the runs, and writes it: ratios with their intervals as text, and one page with each contender's runs joined.
fn conclude(out: &Path, kinds: &[Kind], legs: &[Leg]) -> Result<Exit, Failure> {
    let mut all: Vec<(String, Outcome)> = Vec::new();
    for (side, kind) in kinds.iter().enumerate() {
        let runs = legs.iter().filter(|leg| leg.side == side).map(|leg| leg.outcome.clone());
        let Some(outcome) = joined(&runs.collect::<Vec<_>>())? else { continue };
        let json = serde_json::to_string_pretty(&outcome).map_err(ReportError::Encode)?;
        report::write_file(&out.join(format!("{}.json", kind.name())), json.as_bytes())?;
        all.push((kind.label(), outcome));
    }
    let labelled: Vec<Labelled<'_>> =
        all.iter().map(|(label, outcome)| Labelled { label: label.clone(), outcome }).collect();
    let names: Vec<String> = kinds.iter().map(|kind| kind.label()).collect();
    let ratios = ab::ratios(legs, names.len(), false);
    let mut text = format!("{}\n{}\n", compare::remarks(&labelled), ab::text(legs, &names, &ratios));
    for (label, outcome) in &all {
        text.extend(outcome.notes.iter().map(|note| format!("{label}: {note}\n")));
    }
    let html = out.join("versus.html");
    report::write_file(&html, page(&labelled)?.as_bytes())?;
    report::write_file(&out.join("versus.txt"), text.as_bytes())?;
    report::print(&format!("{text}\nPage: {}\n", html.display()))?;
    Ok(if legs.iter().all(|leg| leg.outcome.invalid.is_empty()) { Exit::Ok } else { Exit::Invalid })
}

/// A folder that did not exist before, and goes when it is dropped.
struct Data(PathBuf);

impl Data {
    fn make(directory: PathBuf) -> Result<Data, Failure> {
        let there = fs::exists(&directory).unwrap_or(true);
        if there {
            return Err(Failure::usage(format!(
                "{} exists; the data of the contenders goes into a folder of its own, which is removed afterwards: say --data",
                directory.display()
            )));
        }
        fs::create_dir_all(&directory).map_err(|error| ReportError::file("make", &directory, error))?;
        // Brokers that change their directory still find it.
        let directory =
            fs::canonicalize(&directory).map_err(|error| ReportError::file("find", &directory, error))?;
        Ok(Data(directory))
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("ottla-bench: {} is still there: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CPU that falls during a run is said, CPU that wavers is not, and a run of a few seconds tells nothing.
    #[test]
    fn a_broker_that_is_not_warm() {
        let mut outcome = crate::report::sample::outcome("w", 1.0);
        assert_eq!(warming(&outcome), None);
        for (index, second) in outcome.seconds.iter_mut().enumerate() {
            second.broker_cpu_s = Some(if index < 12 { 1.0 } else { 0.5 });
        }
        assert!(warming(&outcome).unwrap().starts_with("its CPU fell by 50.0 %"));
        outcome.seconds.truncate(8);
        assert_eq!(warming(&outcome), None);
    }

    /// A folder with someone's data is never taken, and never removed.
    #[test]
    fn the_folder_for_data() {
        let directory = tempfile::tempdir().unwrap();
        let message = Data::make(directory.path().to_owned()).err().unwrap().message;
        assert!(message.contains("exists"), "{message}");
        let new = directory.path().join("a/b");
        let data = Data::make(new.clone()).unwrap();
        fs::write(new.join("file"), "x").unwrap();
        drop(data);
        assert!(!new.exists() && directory.path().exists());
    }
}
