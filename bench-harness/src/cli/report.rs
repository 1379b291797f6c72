//! `report`: an outcome's report once more, from its JSON alone.

use super::{Exit, Failure};
use crate::report;
use clap::Args;
use std::path::PathBuf;

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench report results/a/outcome.json              print it
  ottla-bench report old/outcome.json --out again        every form of it, as this version writes them";

#[derive(Args, Debug)]
pub struct ReportArgs {
    /// The outcome.json of a run
    outcome: PathBuf,
    /// Where the report goes as JSON, CSV, .hgrm, text and HTML
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(args: &ReportArgs) -> Result<Exit, Failure> {
    let outcome = report::read(&args.outcome)?;
    report::write(&outcome, &report::Options { directory: args.out.clone(), quiet: false })?;
    Ok(Exit::Ok)
}
