//! What a person or a program gets to see of an [`Outcome`]: text, JSON, CSV, `.hgrm` and one HTML page; and a live view while it runs.
//!
//! Nothing here measures. Every form is made from the outcome alone, so that a report can be made again from its JSON, on another
//! machine and by a later version.

mod csv;
mod error;
pub mod figures;
pub mod hgrm;
pub mod html;
mod live;
mod read;
pub(crate) mod text;
pub mod units;

pub use error::Error;
pub use live::Live;
pub use read::{histogram, read};
pub(crate) use text::{lines, table};

use crate::outcome::{Outcome, Stage};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Where a report goes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Gets `outcome.json`, `report.txt`, `report.html`, `seconds.csv` and a `STAGE.hgrm` for each stage; made when it is not there.
    pub directory: Option<PathBuf>,
    /// No text on standard output.
    pub quiet: bool,
}

/// Writes every form of the report; the text goes to standard output too, unless it is to be quiet.
///
/// # Errors
/// A file that can't be written, or a histogram in the outcome that is none; what was written before stays.
pub fn write(outcome: &Outcome, options: &Options) -> Result<(), Error> {
    let text = text::report(outcome);
    if let Some(directory) = &options.directory {
        fs::create_dir_all(directory).map_err(|error| Error::file("make", directory, error))?;
        let json = serde_json::to_string_pretty(outcome).map_err(Error::Encode)?;
        write_file(&directory.join("outcome.json"), json.as_bytes())?;
        write_file(&directory.join("report.txt"), text.as_bytes())?;
        write_file(&directory.join("seconds.csv"), csv::seconds(outcome).as_bytes())?;
        for (stage, distribution) in &outcome.stages {
            let path = directory.join(format!("{}.hgrm", name(*stage)));
            write_file(&path, hgrm::write(&histogram(*stage, distribution)?).as_bytes())?;
        }
        let page = html::page(&[html::Labelled { label: outcome.workload.name.clone(), outcome }])?;
        write_file(&directory.join("report.html"), page.as_bytes())?;
    }
    if !options.quiet {
        print(&text)?;
        if let Some(directory) = &options.directory {
            print(&format!("Files        {}\n", directory.join("report.html").display()))?;
        }
    }
    Ok(())
}

/// On standard output. A reader that went away, as `head` does, has seen what it wanted.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

pub(crate) fn write_file(path: &Path, content: &[u8]) -> Result<(), Error> {
    fs::write(path, content).map_err(|error| Error::file("write", path, error))
}

/// As in the outcome's JSON and in file names.
pub fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Sent => "sent",
        Stage::Ack => "ack",
        Stage::Acknowledged => "acknowledged",
        Stage::Fetched => "fetched",
    }
}

/// For people: from where to where.
pub fn title(stage: Stage) -> &'static str {
    match stage {
        Stage::Sent => "intended → sent",
        Stage::Ack => "sent → acknowledged",
        Stage::Acknowledged => "intended → acknowledged",
        Stage::Fetched => "intended → fetched",
    }
}

/// The stage that says most of what a user of the broker waits for, among those that were seen.
pub fn main_stage(outcome: &Outcome) -> Option<Stage> {
    [Stage::Fetched, Stage::Acknowledged, Stage::Ack, Stage::Sent]
        .into_iter()
        .find(|stage| outcome.stages.get(stage).is_some_and(|distribution| distribution.count > 0))
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
