//! `merge`: outcomes of processes that made one load, as one report.

use super::{Exit, Failure};
use crate::modes::merge::merged;
use crate::report;
use clap::Args;
use std::path::PathBuf;

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench merge produced/outcome.json consumed/outcome.json --out whole

For processes that were started together by hand; run --lead and --join start together by themselves and merge at the end.
Runs one after another are not to be merged: compare lays them side by side.";

#[derive(Args, Debug)]
pub struct MergeArgs {
    /// Outcomes of processes that ran at the same time
    #[arg(required = true)]
    pub outcomes: Vec<PathBuf>,
    /// Where the report goes as JSON, CSV, .hgrm, text and HTML
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

pub fn run(args: &MergeArgs) -> Result<Exit, Failure> {
    let parts = args.outcomes.iter().map(|path| report::read(path)).collect::<Result<Vec<_>, _>>()?;
    let Some(whole) = merged(&parts)? else {
        return Err(Failure::usage("no outcome was named"));
    };
    report::write(&whole, &report::Options { directory: args.out.clone(), quiet: false })?;
    Ok(if whole.invalid.is_empty() { Exit::Ok } else { Exit::Invalid })
}
