//! The broker's figures beside Apache Kafka's, and beside the floors of the machine: `perf/numbers`.
//!
//! | module | what it holds |
//! | --- | --- |
//! | this one | what `ottla-bench versus` measured, as a [`Report`] |
//! | [`start`] | start, idle memory |
//! | [`groups`] | commits, rebalances, the load of a coordinator, memory of groups |
//! | [`page`] | all reports as one page |

pub mod groups;
pub mod page;
pub mod start;

use crate::machine::Machine;
use crate::rounds::{Line, Report};
use crate::timed::load::figures;
use ottla_bench::outcome::Outcome;
use std::collections::BTreeMap;
use std::io::{self, Error};
use std::path::Path;

/// The runs below `versus`, a report of `ottla-bench versus`: a line for each contender, called as its folder is. What a run says
/// against itself is printed and counted as `invalid_runs`. `dir` is on the disk that was measured.
/// # Errors
/// There is no such report, or one that cannot be read.
pub fn collect(versus: &Path, part: &str, command: &str, dir: &Path) -> io::Result<Report> {
    let runs = versus.join("runs");
    let mut folders: Vec<_> = std::fs::read_dir(&runs)
        .map_err(|error| Error::new(error.kind(), format!("{}: {error}", runs.display())))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    folders.sort();
    let mut contenders: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
    let mut rounds: BTreeMap<String, usize> = BTreeMap::new();
    for folder in &folders {
        // Called 01-ottla, 02-kafka-flushed, ...
        let name = folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('-'));
        let Some((_, contender)) = name else { continue };
        let outcome: Outcome = serde_json::from_slice(&std::fs::read(folder.join("outcome.json"))?)?;
        for reason in &outcome.invalid {
            eprintln!("{}: not valid: {reason}", folder.display());
        }
        let values = contenders.entry(contender.to_owned()).or_default();
        values.extend(figures(&outcome));
        values.push(("invalid".to_owned(), f64::from(!outcome.invalid.is_empty())));
        *rounds.entry(contender.to_owned()).or_default() += 1;
    }
    let lines: Vec<Line> =
        contenders.into_iter().map(|(name, values)| Line::new(part, &name, values)).collect();
    if lines.is_empty() {
        return Err(Error::other(format!("{}: no runs", runs.display())));
    }
    Ok(Report {
        machine: Machine::look(dir),
        command: command.to_owned(),
        rounds: rounds.into_values().min().unwrap_or(0),
        lines,
    })
}
