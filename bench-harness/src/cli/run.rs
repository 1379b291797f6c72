//! `run`: one load, one report.

use super::load::{LoadArgs, Watcher};
use super::{Exit, Failure};
use crate::load;
use crate::outcome::Outcome;
use crate::report;
use clap::Args;

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench run --rate 20000 --size 100 --out results/a      files for people and programs in results/a
  ottla-bench run --poisson --rate 5000 --groups 8              random arrivals, every record read by 8 groups
  ottla-bench run --steps 1000x10,20000x5,1000x10               a burst
  ottla-bench run --flood --size 1000 --batch-bytes 65536 --duration 10
  ottla-bench run --set flush.messages=1 --acks all             a topic whose acks are durable in Kafka too
  ottla-bench run --workers 2 --cpus 2,3 --spin-us 10000        two cores of its own, no wake-ups

Exit code 4 says that the run is invalid, for instance because the generator was late.";

#[derive(Args, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    pub load: LoadArgs,
}

pub fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let workload = args.load.workload()?;
    let options = args.load.options()?;
    let mut watcher = Watcher::new(&workload.name, workload.duration_s, args.load.how.quiet);
    let outcome = load::run(&workload, &options, &mut watcher);
    watcher.finish();
    let outcome = outcome?;
    report::write(&outcome, &report::Options { directory: args.load.how.out.clone(), quiet: false })?;
    Ok(exit(&outcome, &options))
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
