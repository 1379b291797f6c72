//! `ottla-bench compare`: outcomes of several brokers, builds or machines side by side, with ratios to the first.

use crate::outcome::Outcome;
use crate::report::figures::{Figure, figures, headline};
use crate::report::html::{Labelled, differences, page};
use crate::report::units::significant;
use crate::report::{self, Error};
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub const EXAMPLES: &str = "\
Examples:
  ottla-bench compare old/outcome.json new/outcome.json
  ottla-bench compare --label laptop --label server a.json b.json --html both.html
  ottla-bench compare --all a.json b.json c.json       every figure, by the name that gates use";

#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// The outcome.json of each run; ratios are to the first
    #[arg(value_name = "OUTCOME.json", required = true, num_args = 1..)]
    pub outcomes: Vec<PathBuf>,
    /// What to call them, in their order; the name of the file or of its folder when not given
    #[arg(long = "label", value_name = "NAME")]
    pub labels: Vec<String>,
    /// Write the page with plots to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Every figure instead of the ones that answer most questions
    #[arg(long)]
    pub all: bool,
}

/// Prints the table and writes the page.
///
/// # Errors
/// Files that can't be read or written, or that are no outcomes.
pub fn run(args: &CompareArgs) -> Result<(), Error> {
    let outcomes: Vec<Outcome> =
        args.outcomes.iter().map(|path| report::read(path)).collect::<Result<_, _>>()?;
    let labels = labels(&args.outcomes, &args.labels);
    let labelled: Vec<Labelled<'_>> =
        labels.into_iter().zip(&outcomes).map(|(label, outcome)| Labelled { label, outcome }).collect();
    let mut text = text(&labelled, if args.all { Names::All } else { Names::Headline });
    if let Some(path) = &args.html {
        report::write_file(path, page(&labelled)?.as_bytes())?;
        text.push_str(&format!("\nPage: {}\n", path.display()));
    }
    report::print(&text)
}

/// The names that were given, and for the rest the file's, or its folder's where files are all called `outcome.json`. Equal names get
/// a number.
fn labels(paths: &[PathBuf], given: &[String]) -> Vec<String> {
    let name = |path: &Path| {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match path.parent().and_then(Path::file_name) {
            Some(folder) if stem == "outcome" => folder.to_string_lossy().into_owned(),
            _ => stem,
        }
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let labels =
        paths.iter().enumerate().map(|(index, path)| given.get(index).cloned().unwrap_or_else(|| name(path)));
    labels
        .map(|label| {
            let times = seen.entry(label.clone()).or_default();
            *times += 1;
            if *times == 1 { label } else { format!("{label} ({times})") }
        })
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// The few that answer most questions, by their titles.
    Headline,
    /// All, by the names that gates use.
    All,
}

/// What must be known first, and the table of figures.
pub fn text(outcomes: &[Labelled<'_>], names: Names) -> String {
    let mut text = String::new();
    for Labelled { label, outcome } in outcomes {
        for reason in &outcome.invalid {
            text.push_str(&format!("INVALID: {label}: {reason}\n"));
        }
    }
    text.push_str(&remarks(outcomes));
    text.push('\n');
    text.push_str(&table(outcomes, names));
    text
}

/// What keeps outcomes from being comparable, and what an ack of each was worth.
pub fn remarks(outcomes: &[Labelled<'_>]) -> String {
    let mut text = String::new();
    for difference in differences(outcomes) {
        text.push_str(&format!("{difference}\n"));
    }
    for Labelled { label, outcome } in outcomes {
        text.push_str(&format!("{label}: {}\n", report::text::durability(outcome)));
    }
    text
}

fn table(outcomes: &[Labelled<'_>], names: Names) -> String {
    let which = match names {
        Names::Headline => headline,
        Names::All => figures,
    };
    let columns: Vec<Vec<Figure>> = outcomes.iter().map(|labelled| which(labelled.outcome)).collect();
    let mut header = vec!["figure"];
    header.extend(outcomes.iter().map(|labelled| labelled.label.as_str()));
    let mut table = report::table(&header);
    let mut done: Vec<&str> = Vec::new();
    for figure in columns.iter().flatten() {
        if done.contains(&figure.name.as_str()) {
            continue;
        }
        done.push(&figure.name);
        let mut cells = vec![if names == Names::All { figure.name.clone() } else { figure.title.clone() }];
        let first = columns.first().and_then(|column| find(column, &figure.name));
        for (index, column) in columns.iter().enumerate() {
            cells.push(match (find(column, &figure.name), first) {
                (None, _) => "–".to_owned(),
                (Some(now), Some(first)) if index > 0 && first.value != 0.0 => {
                    format!("{}  ×{}", now.unit.format(now.value), significant(now.value / first.value))
                }
                (Some(now), _) => now.unit.format(now.value),
            });
        }
        table.add_row(cells);
    }
    report::lines(&table)
}

fn find<'a>(column: &'a [Figure], name: &str) -> Option<&'a Figure> {
    column.iter().find(|figure| figure.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use std::fs;

    /// Ratios are to the first, and what keeps outcomes from being comparable comes before them.
    #[test]
    fn the_table() {
        let (first, mut second) = (sample::outcome("w", 1.0), sample::outcome("w", 2.0));
        second.durability.durable = Some(false);
        second.durability.in_force = "NOT durable on one node: in the page cache".to_owned();
        second.broker = None;
        second.invalid.push("the generator was late".to_owned());
        let labelled = [
            Labelled { label: "Ottla".to_owned(), outcome: &first },
            Labelled { label: "other".to_owned(), outcome: &second },
        ];
        let text = text(&labelled, Names::Headline);
        assert!(
            text.starts_with(
                "INVALID: other: the generator was late\nOttla against other: an acknowledgement is not worth the same\n\
                 Ottla: acks=all: an acknowledged record is on stable storage (ottla.shards=2)\n\
                 other: acks=all: NOT durable on one node: in the page cache (ottla.shards=2)\n"
            ),
            "{text}"
        );
        let row = |start: &str| {
            let line = text
                .lines()
                .find(|line| line.starts_with(start))
                .unwrap_or_else(|| panic!("no {start} in\n{text}"));
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(row("intended → fetched, p50"), "intended → fetched, p50 302 µs 604 µs ×2.00");
        assert_eq!(row("broker CPU per GB"), "broker CPU per GB 55.0 s –");
        assert!(super::text(&labelled, Names::All).contains("\nlatency.sent.p90_ns "));
    }

    #[test]
    fn names_of_columns() {
        let paths =
            ["a/outcome.json", "b/outcome.json", "c.json", "x/c.json", "outcome.json"].map(PathBuf::from);
        assert_eq!(labels(&paths, &[]), ["a", "b", "c", "c (2)", "outcome"]);
        assert_eq!(labels(&paths, &["first".to_owned()])[..2], ["first", "b"]);
    }

    /// The command reads files, writes the page, and names a file that is no outcome.
    #[test]
    fn the_command() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for (name, scale) in [("a.json", 1.0), ("b.json", 2.0)] {
            fs::write(path(name), serde_json::to_string(&sample::outcome("w", scale)).unwrap()).unwrap();
        }
        let args = |second: &str| CompareArgs {
            outcomes: vec![path("a.json"), path(second)],
            labels: vec![],
            html: Some(path("page.html")),
            all: false,
        };
        run(&args("b.json")).unwrap();
        assert!(fs::read_to_string(path("page.html")).unwrap().contains("<h1>a · b</h1>"));
        assert!(
            run(&args("page.html"))
                .unwrap_err()
                .to_string()
                .contains("page.html is no outcome of ottla-bench")
        );
    }
}
