//! `verify` and `soak`: every record counted and compared while the load runs.

use super::load::{LoadArgs, Watcher};
use super::run::exit;
use super::{Exit, Failure};
use crate::load;
use crate::modes::soak::{Soak, drift};
use crate::report;
use clap::Args;

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench verify --rate 20000 --idempotence           exit code 1 when a record was lost, doubled, reordered or changed
  ottla-bench verify --codec zstd --keys zipf --groups 4
  ottla-bench verify --acks 1 --duration 60 & sleep 20; restart-the-broker; wait

Each record carries its producer, a sequence for each partition, and a checksum. Records that were not acknowledged may be there or
not; without --idempotence one that was sent again after a lost answer may be there twice, and is counted as doubled.";

pub const SOAK_EXAMPLES: &str = "\
Examples:
  ottla-bench soak --hours 8 --rate 5000 --idempotence --out results/night
  ottla-bench soak workload.toml --hours 0.5 --line-every 10

Everything that verify does, a line each minute on standard error, and at the end the drift of latency and memory.";

#[derive(Args, Debug)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub load: LoadArgs,
}

#[derive(Args, Debug)]
pub struct SoakArgs {
    /// How long
    #[arg(long, value_name = "HOURS", default_value = "1", conflicts_with = "duration")]
    pub hours: f64,
    /// Seconds that a line stands for
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    pub line_every: f64,
    #[command(flatten)]
    pub load: LoadArgs,
}

pub fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let workload = args.load.workload()?;
    let options = load::Options { verify: true, ..args.load.options()? };
    let mut watcher = Watcher::new(&workload.name, workload.duration_s, args.load.how.quiet);
    let outcome = load::run(&workload, &options, &mut watcher);
    watcher.finish();
    let outcome = outcome?;
    report::write(&outcome, &report::Options { directory: args.load.how.out.clone(), quiet: false })?;
    Ok(exit(&outcome, &options))
}

pub fn soak(args: &SoakArgs) -> Result<Exit, Failure> {
    let mut workload = args.load.workload()?;
    if args.load.change.duration.is_none() {
        workload.duration_s = args.hours * 3600.0;
    }
    workload.check()?;
    let options = load::Options { verify: true, ..args.load.options()? };
    let meter = load::meter_of(&options);
    let mut soak = Soak::new(args.line_every.max(1.0), workload.consumers.groups, meter);
    let mut outcome = load::run(&workload, &options, &mut soak)?;
    outcome.notes.extend(drift(&soak.lines));
    report::write(&outcome, &report::Options { directory: args.load.how.out.clone(), quiet: false })?;
    Ok(exit(&outcome, &options))
}
