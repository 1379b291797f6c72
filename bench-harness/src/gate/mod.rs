//! `ottla-bench gate`: holds outcomes against bounds in a file, for a CI that must notice a regression.
//!
//! Bounds are best put on figures that don't need a quiet machine: CPU per GB and per request, memory, bytes written, requests, faults,
//! and the broker's own counters. Latencies and rates may be bounded too; on a machine with other work they mislead, so a baseline that
//! is written anew only warns of them.

mod baseline;

pub use baseline::{Baseline, Bound};

use crate::outcome::Outcome;
use crate::report;
use crate::report::figures::{Better, Figure, Unit, figures};
use clap::Args;
use comfy_table::presets;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench run --broker 127.0.0.1:9092 --out now
  ottla-bench gate --baseline perf.toml --outcome now/outcome.json --write    the first time, and when a change is meant
  ottla-bench gate --baseline perf.toml --outcome now/outcome.json            in CI: ends with 1 when a bound is broken

Several outcomes are judged by the median of each figure. The file says for each figure by how much it may move; every outcome's page
lists the names of its figures.";

#[derive(Args, Clone, Debug)]
pub struct GateArgs {
    /// The bounds, as TOML
    #[arg(long, value_name = "FILE")]
    pub baseline: PathBuf,
    /// The outcome.json of a run; several are judged by their medians
    #[arg(long = "outcome", value_name = "FILE", required = true, num_args = 1..)]
    pub outcomes: Vec<PathBuf>,
    /// Write what was seen into the baseline, keeping its bounds and comments
    #[arg(long)]
    pub write: bool,
    /// Append the table as Markdown to this file, such as $GITHUB_STEP_SUMMARY
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Outcome(#[from] report::Error),
    #[error("cannot {what} {}: {error}", path.display())]
    File { what: &'static str, path: PathBuf, error: io::Error },
    #[error("{} is no baseline: {why}", path.display())]
    Baseline { path: PathBuf, why: String },
}

/// Runs the command; true when every bound holds, or the baseline was written.
///
/// # Errors
/// Files that can't be read or written, or that are not what they should be.
pub fn run(args: &GateArgs) -> Result<bool, Error> {
    let outcomes: Vec<Outcome> =
        args.outcomes.iter().map(|path| report::read(path)).collect::<Result<_, _>>()?;
    let seen = medians(&outcomes);
    if args.write {
        let text = match fs::read_to_string(&args.baseline) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::File { what: "read", path: args.baseline.clone(), error }),
        };
        let name = outcomes.first().map_or("", |outcome| outcome.workload.name.as_str());
        let stage = outcomes.first().and_then(report::main_stage);
        let text = baseline::update(text.as_deref(), name, stage, &seen)
            .map_err(|why| Error::Baseline { path: args.baseline.clone(), why })?;
        fs::write(&args.baseline, text).map_err(|error| Error::File {
            what: "write",
            path: args.baseline.clone(),
            error,
        })?;
        report::print(&format!(
            "{} holds what was seen now; read it before you commit it\n",
            args.baseline.display()
        ))?;
        return Ok(true);
    }
    let text = fs::read_to_string(&args.baseline).map_err(|error| Error::File {
        what: "read",
        path: args.baseline.clone(),
        error,
    })?;
    let baseline =
        Baseline::parse(&text).map_err(|why| Error::Baseline { path: args.baseline.clone(), why })?;
    let verdict = judge(&baseline, &outcomes, &seen);
    report::print(&verdict.text())?;
    if let Some(path) = &args.markdown {
        append(path, &verdict.markdown())?;
    }
    Ok(verdict.passed())
}

fn append(path: &Path, text: &str) -> Result<(), Error> {
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Error::File { what: "write", path: path.to_owned(), error })
}

/// Each figure's median over the outcomes that have it; of an even number the worse of the two in the middle.
fn medians(outcomes: &[Outcome]) -> Vec<Figure> {
    let all: Vec<Vec<Figure>> = outcomes.iter().map(figures).collect();
    let mut medians: Vec<Figure> = Vec::new();
    for figure in all.iter().flatten() {
        if medians.iter().any(|median| median.name == figure.name) {
            continue;
        }
        let mut values: Vec<f64> = all
            .iter()
            .flatten()
            .filter(|other| other.name == figure.name)
            .map(|figure| figure.value)
            .collect();
        values.sort_by(f64::total_cmp);
        let middle = match figure.better {
            Better::Higher => (values.len() - 1) / 2,
            Better::Lower | Better::Neither => values.len() / 2,
        };
        let value = values.get(middle).copied().unwrap_or(figure.value);
        medians.push(Figure { value, ..figure.clone() });
    }
    medians
}

/// How one figure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Holds,
    /// Beyond the bound in the direction that a user would like: the bound could be tighter.
    Better,
    Warns,
    Breaks,
}

#[derive(Clone, Debug)]
struct Row {
    name: String,
    unit: Unit,
    baseline: f64,
    now: Option<f64>,
    bound: String,
    standing: Standing,
    note: Option<String>,
}

/// What a gate says of outcomes.
#[derive(Clone, Debug)]
struct Verdict {
    rows: Vec<Row>,
    notes: Vec<String>,
}

fn judge(baseline: &Baseline, outcomes: &[Outcome], seen: &[Figure]) -> Verdict {
    let mut notes = Vec::new();
    let is_valid = outcomes.iter().all(|outcome| outcome.invalid.is_empty());
    for outcome in outcomes {
        for reason in &outcome.invalid {
            notes.push(format!("INVALID run, so its latencies and rates are not judged: {reason}"));
        }
        if baseline.workload.as_ref().is_some_and(|workload| *workload != outcome.workload.name) {
            notes.push(format!(
                "the outcome is of workload {:?}, not of the baseline's",
                outcome.workload.name
            ));
        }
    }
    let rows = baseline.figures.iter().map(|(name, bound)| row(name, bound, seen, is_valid)).collect();
    Verdict { rows, notes }
}

fn row(name: &str, bound: &Bound, seen: &[Figure], is_valid: bool) -> Row {
    let Some(figure) = seen.iter().find(|figure| figure.name == name) else {
        return missing(name, bound, seen);
    };
    let now = figure.value;
    let (least, most) = (bound.least(), bound.most());
    let is_low = least.is_some_and(|least| now < least);
    let is_high = most.is_some_and(|most| now > most);
    let counts_only = bound.advisory || (!figure.is_steady && !is_valid);
    let standing = match (is_low || is_high, counts_only) {
        (false, _) if is_better(figure, bound) => Standing::Better,
        (false, _) => Standing::Holds,
        (true, true) => Standing::Warns,
        (true, false) => Standing::Breaks,
    };
    let note = match standing {
        Standing::Breaks | Standing::Warns => bound.why.clone(),
        Standing::Better => Some("the bound could be tighter: --write".to_owned()),
        Standing::Holds => None,
    };
    let range = |limit: f64| figure.unit.format(limit);
    let text = match (least, most) {
        (Some(least), Some(most)) => format!("{} to {}", range(least), range(most)),
        (None, Some(most)) => format!("≤ {}", range(most)),
        (Some(least), None) => format!("≥ {}", range(least)),
        (None, None) => "none".to_owned(),
    };
    Row {
        name: name.to_owned(),
        unit: figure.unit,
        baseline: bound.value,
        now: Some(now),
        bound: text,
        standing,
        note,
    }
}

/// By as much better as the bound allows it to be worse.
fn is_better(figure: &Figure, bound: &Bound) -> bool {
    match (figure.better, bound.max_ratio, bound.min_ratio) {
        (Better::Lower, Some(ratio), _) if ratio > 1.0 => figure.value < bound.value / ratio,
        (Better::Higher, _, Some(ratio)) if ratio > 0.0 => figure.value > bound.value / ratio,
        _ => false,
    }
}

/// A figure that the outcomes don't have breaks the gate: a gate that looks at nothing is always green.
fn missing(name: &str, bound: &Bound, seen: &[Figure]) -> Row {
    let nearest = seen
        .iter()
        .map(|figure| (strsim::jaro_winkler(name, &figure.name), figure.name.as_str()))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.9);
    let note = match nearest {
        Some((_, nearest)) => format!("not in the outcome; did you mean {nearest}?"),
        None => "not in the outcome".to_owned(),
    };
    let standing = if bound.advisory { Standing::Warns } else { Standing::Breaks };
    Row {
        name: name.to_owned(),
        unit: Unit::Plain,
        baseline: bound.value,
        now: None,
        bound: "–".to_owned(),
        standing,
        note: Some(note),
    }
}

impl Verdict {
    fn passed(&self) -> bool {
        self.rows.iter().all(|row| row.standing != Standing::Breaks)
    }

    /// The table and a sentence that ends it.
    fn text(&self) -> String {
        let mut table = self.table();
        table.load_style(presets::NOTHING);
        let mut text: String = self.notes.iter().map(|note| format!("{note}\n")).collect();
        text.push_str(&report::lines(&table));
        text.push_str(&self.sentence());
        text.push('\n');
        text
    }

    fn markdown(&self) -> String {
        let mut table = self.table();
        table.load_style(presets::ASCII_MARKDOWN);
        table.column_iter_mut().for_each(|column| {
            column.set_padding((1, 1));
        });
        let notes: String = self.notes.iter().map(|note| format!("- {note}\n")).collect();
        format!("### ottla-bench gate: {}\n\n{notes}\n{table}\n\n", self.sentence())
    }

    fn sentence(&self) -> String {
        let count = |standing: Standing| self.rows.iter().filter(|row| row.standing == standing).count();
        match (count(Standing::Breaks), count(Standing::Warns)) {
            (0, 0) => format!("all {} bounds hold", self.rows.len()),
            (0, warnings) => format!("the gate holds, with {warnings} warnings"),
            (breaks, _) => format!("the gate is BROKEN by {breaks} of {} figures", self.rows.len()),
        }
    }

    fn table(&self) -> comfy_table::Table {
        let mut table = report::table(&["figure", "baseline", "now", "change", "bound", "", ""]);
        for row in &self.rows {
            let change = row.now.map(|now| change(row.baseline, now));
            table.add_row([
                row.name.clone(),
                row.unit.format(row.baseline),
                row.now.map_or("–".to_owned(), |now| row.unit.format(now)),
                change.unwrap_or_else(|| "–".to_owned()),
                row.bound.clone(),
                match row.standing {
                    Standing::Holds => "holds",
                    Standing::Better => "better",
                    Standing::Warns => "warns",
                    Standing::Breaks => "BREAKS",
                }
                .to_owned(),
                row.note.clone().unwrap_or_default(),
            ]);
        }
        for index in [5, 6] {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(comfy_table::CellAlignment::Left);
            }
        }
        table
    }
}

/// `+12.3 %`.
fn change(baseline: f64, now: f64) -> String {
    if baseline == 0.0 {
        return if now == 0.0 { "0 %" } else { "from zero" }.to_owned();
    }
    // Adding zero makes of a negative zero a plain one.
    let percent = ((now / baseline - 1.0) * 1e3).round() / 10.0 + 0.0;
    format!("{}{percent} %", if percent > 0.0 { "+" } else { "" })
}

#[cfg(test)]
mod tests;
