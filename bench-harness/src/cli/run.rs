//! `run`: one load, one report.

use super::load::{LoadArgs, Watcher};
use super::{Exit, Failure};
use crate::load;
use crate::modes::crew::{self, Role};
use crate::modes::merge;
use crate::outcome::Outcome;
use crate::report;
use crate::workload::Workload;
use clap::Args;

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench run --rate 20000 --size 100 --out results/a      files for people and programs in results/a
  ottla-bench run --poisson --rate 5000 --groups 8              random arrivals, every record read by 8 groups
  ottla-bench run --steps 1000x10,20000x5,1000x10               a burst
  ottla-bench run --flood --size 1000 --batch-bytes 65536 --duration 10
  ottla-bench run --set flush.messages=1 --acks all             a topic whose acks are durable in Kafka too
  ottla-bench run --lead 0.0.0.0:7070 --processes 2 --role produce      and on another machine, or beside it:
  ottla-bench run --join 10.0.0.5:7070 --role consume
  ottla-bench run --workers 2 --cpus 2,3 --spin-us 10000        two cores of its own, no wake-ups

Exit code 4 says that the run is invalid, for instance because the generator was late.";

#[derive(Args, Debug)]
pub struct RunArgs {
    /// Wait here for other processes and make one load with them
    #[arg(
        long,
        value_name = "HOST:PORT",
        requires = "processes",
        conflicts_with = "join",
        help_heading = "Several processes"
    )]
    pub lead: Option<String>,
    /// How many processes there are, the lead included
    #[arg(long, value_name = "COUNT", requires = "lead", help_heading = "Several processes")]
    pub processes: Option<usize>,
    /// Join the process that leads there; the workload and the broker are its own
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "workload", help_heading = "Several processes")]
    pub join: Option<String>,
    /// What this process does of it
    #[arg(long, value_name = "ROLE", default_value = "both", help_heading = "Several processes")]
    pub role: Role,
    #[command(flatten)]
    pub load: LoadArgs,
}

pub fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let workload = args.load.workload()?;
    let options = args.load.options()?;
    let mut watcher = Watcher::new(&workload.name, workload.duration_s, args.load.how.quiet);
    let outcome = made(args, &workload, &options, &mut watcher);
    watcher.finish();
    let outcome = outcome?;
    report::write(&outcome, &report::Options { directory: args.load.how.out.clone(), quiet: false })?;
    Ok(exit(&outcome, &options))
}

/// The load, alone or with others.
fn made(
    args: &RunArgs,
    workload: &Workload,
    options: &load::Options,
    watcher: &mut Watcher,
) -> Result<Outcome, Failure> {
    if let Some(address) = &args.join {
        return Ok(crew::join(options, address, args.role, watcher)?);
    }
    let (Some(address), Some(processes)) = (&args.lead, args.processes) else {
        if args.role != Role::Both {
            return Err(Failure::usage("--role is for --lead and --join: alone a process does both"));
        }
        return Ok(load::run(workload, options, watcher)?);
    };
    let outcomes = crew::lead(workload, options, address, processes, args.role, watcher)?;
    // The lead's own is among them.
    merge::merged(&outcomes)?.ok_or_else(|| Failure::usage("no process made an outcome"))
}

/// How a run ended, for whoever called.
pub fn exit(outcome: &Outcome, options: &load::Options) -> Exit {
    let faulty = outcome.verification.as_ref().is_some_and(|verification| {
        verification.lost + verification.doubled + verification.reordered + verification.changed > 0
    });
    if faulty {
        Exit::Failed
    } else if options.interrupted.load(std::sync::atomic::Ordering::Relaxed) {
        Exit::Interrupted
    } else if outcome.invalid.is_empty() {
        Exit::Ok
    } else {
        Exit::Invalid
    }
}
