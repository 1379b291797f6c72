//! `workload`: prints a workload with every field, so that nobody has to guess what a file may say.

use super::{Exit, Failure};
use crate::error::Error;
use crate::workload::{Workload, file};
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench workload >mine.toml            every field with its default, to begin a file with
  ottla-bench workload omb.yaml --driver kafka.yaml >mine.toml     a file of OpenMessaging Benchmark, translated";

#[derive(Args, Debug)]
pub struct WorkloadArgs {
    /// A workload file to check and print as it is understood
    workload: Option<PathBuf>,
    /// An OpenMessaging Benchmark driver file to take over
    #[arg(long, value_name = "FILE", requires = "workload")]
    driver: Option<PathBuf>,
}

pub fn run(args: &WorkloadArgs) -> Result<Exit, Failure> {
    let workload = match &args.workload {
        Some(path) => file::read(path, args.driver.as_deref())?,
        None => Workload::default(),
    };
    let written = std::io::stdout().write_all(file::to_text(&workload).as_bytes());
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::io("write to standard output")(error).into())
        }
        _ => Ok(Exit::Ok),
    }
}
