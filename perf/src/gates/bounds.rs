//! `perf/gates.toml`: a line for each figure, so that a raised bound is a line of a review.
//!
//! ```toml
//! [toolchain]
//! rustc = "rustc 1.95.0 (…)"
//!
//! [produce-small]
//! allocations = { value = 41.02, set = "2026-11-25 f3766c5", why = "first measured" }
//! instructions = { value = 35012.4, up = 2.5, set = "2026-11-25 f3766c5", why = "checks sequences across cores" }
//! ```
//! `up` is how far the figure may rise, in percent, where that is not its kind's usual.

use super::figure::{Figure, Group, Kind, group_of};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What stands above the lines.
const HEAD: &str = "\
# What a request may cost, and what the binary and an idle process may take: see README.md.
#
# A figure that rises beyond its bound fails `perf/gate`; one that falls is shown. `perf/gate --accept --why 'REASON'`
# writes the new value of every figure that moved that far, in either direction. Instructions and the size of the code
# are those of the compiler below: another one moves them all, so accept them on an unchanged tree first.
";

#[derive(Debug, thiserror::Error)]
pub enum BoundsError {
    #[error("cannot read {}: {error}", .path.display())]
    Read { path: PathBuf, error: std::io::Error },
    #[error("cannot write {}: {error}", .path.display())]
    Write { path: PathBuf, error: std::io::Error },
    #[error("{}: {error}", .path.display())]
    Text { path: PathBuf, error: Box<toml_edit::de::Error> },
    #[error("{}: [{subject}] has no figure called {kind}; there are: {}", .path.display(), names())]
    Kind { path: PathBuf, subject: String, kind: String },
}

fn names() -> String {
    let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    pub value: f64,
    /// Percent, in place of the kind's.
    pub up: Option<f64>,
    /// Date and commit.
    pub set: String,
    pub why: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Of what was measured.
    pub rustc: String,
    lines: BTreeMap<(String, Kind), Bound>,
}

#[derive(Deserialize)]
struct Text {
    toolchain: Toolchain,
    #[serde(flatten)]
    subjects: BTreeMap<String, BTreeMap<String, Bound>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Toolchain {
    rustc: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Within the bound, up and down.
    Holds,
    /// Below the bound by more than it may rise.
    Better,
    Worse,
    /// The file knows nothing of it.
    New,
    /// The file knows it, and it was not measured.
    Gone,
}

impl Verdict {
    pub fn fails(self) -> bool {
        matches!(self, Verdict::Worse | Verdict::New | Verdict::Gone)
    }
}

/// A figure beside its bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub subject: String,
    pub kind: Kind,
    pub bound: Option<f64>,
    pub measured: Option<f64>,
    pub verdict: Verdict,
}

impl Judged {
    /// In percent of the bound; `None` where there is nothing to compare or the bound is 0.
    pub fn change_percent(&self) -> Option<f64> {
        let (bound, measured) = (self.bound?, self.measured?);
        (bound != 0.0).then(|| (measured / bound - 1.0) * 100.0)
    }
}

impl Bounds {
    /// The file's; without one there are no bounds.
    /// # Errors
    /// It cannot be read, or is not such a file.
    pub fn load(path: &Path) -> Result<Bounds, BoundsError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Bounds::default()),
            Err(error) => return Err(BoundsError::Read { path: path.to_owned(), error }),
        };
        Bounds::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Bounds, BoundsError> {
        let text: Text = toml_edit::de::from_str(text)
            .map_err(|error| BoundsError::Text { path: path.to_owned(), error: Box::new(error) })?;
        let mut lines = BTreeMap::new();
        for (subject, figures) in text.subjects {
            for (name, bound) in figures {
                let kind = Kind::named(&name).ok_or_else(|| BoundsError::Kind {
                    path: path.to_owned(),
                    subject: subject.clone(),
                    kind: name,
                })?;
                lines.insert((subject.clone(), kind), bound);
            }
        }
        Ok(Bounds { rustc: text.toolchain.rustc, lines })
    }

    /// Every figure that was measured, and every one of `groups` that should have been, in the order of their names.
    pub fn judge(&self, figures: &[Figure], groups: &[Group]) -> Vec<Judged> {
        let mut judged: BTreeMap<(String, Kind), Judged> = BTreeMap::new();
        for ((subject, kind), bound) in &self.lines {
            if groups.contains(&group_of(subject, *kind)) {
                let line = Judged {
                    subject: subject.clone(),
                    kind: *kind,
                    bound: Some(bound.value),
                    measured: None,
                    verdict: Verdict::Gone,
                };
                judged.insert((subject.clone(), *kind), line);
            }
        }
        for figure in figures {
            let key = (figure.subject.clone(), figure.kind);
            let bound = self.lines.get(&key);
            let line = Judged {
                subject: figure.subject.clone(),
                kind: figure.kind,
                bound: bound.map(|bound| bound.value),
                measured: Some(figure.value),
                verdict: bound.map_or(Verdict::New, |bound| verdict(bound, figure)),
            };
            judged.insert(key, line);
        }
        judged.into_values().collect()
    }

    /// Takes over every figure that did not hold. `set` is date and commit.
    pub fn accept(&mut self, judged: &[Judged], set: &str, why: &str) {
        for line in judged {
            let key = (line.subject.clone(), line.kind);
            match (line.verdict, line.measured) {
                (Verdict::Holds, _) => {}
                (_, Some(value)) => {
                    let up = self.lines.get(&key).and_then(|bound| bound.up);
                    let bound = Bound { value: rounded(value), up, set: set.to_owned(), why: why.to_owned() };
                    self.lines.insert(key, bound);
                }
                (_, None) => {
                    self.lines.remove(&key);
                }
            }
        }
    }

    /// The whole file.
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        let quoted = |words: &str| toml_edit::Value::from(words).to_string();
        let _ = write!(text, "\n[toolchain]\nrustc = {}\n", quoted(&self.rustc));
        let mut last = None;
        for ((subject, kind), Bound { value, up, set, why }) in &self.lines {
            if last != Some(subject) {
                let _ = write!(text, "\n[{subject}]\n");
                last = Some(subject);
            }
            let up = up.map_or(String::new(), |up| format!("up = {up:?}, "));
            let (set, why) = (quoted(set), quoted(why));
            let _ = writeln!(text, "{kind} = {{ value = {value:?}, {up}set = {set}, why = {why} }}");
        }
        text
    }

    /// # Errors
    /// It cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), BoundsError> {
        std::fs::write(path, self.text()).map_err(|error| BoundsError::Write { path: path.to_owned(), error })
    }
}

fn verdict(bound: &Bound, figure: &Figure) -> Verdict {
    let percent = bound.up.unwrap_or(figure.kind.up_percent());
    let room = bound.value.abs() * percent / 100.0 + figure.kind.slack();
    let change = figure.value - bound.value;
    if change < -room {
        Verdict::Better
    } else if change <= room {
        Verdict::Holds
    } else {
        // What is no number too.
        Verdict::Worse
    }
}

/// What is worth reading of it: four digits behind the point of small values, whole numbers of large ones.
fn rounded(value: f64) -> f64 {
    if value >= 1000.0 { value.round() } else { (value * 10_000.0).round() / 10_000.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: [Group; 3] = [Group::Counts, Group::Instructions, Group::Process];

    fn bounds_of(figures: &[Figure]) -> Bounds {
        let mut bounds = Bounds { rustc: "rustc 1".to_owned(), ..Bounds::default() };
        bounds.accept(&bounds.clone().judge(figures, &EVERYTHING), "2026-01-01 abc", "first");
        bounds
    }

    fn verdicts(bounds: &Bounds, figures: &[Figure], groups: &[Group]) -> Vec<Verdict> {
        bounds.judge(figures, groups).iter().map(|line| line.verdict).collect()
    }

    /// A rise beyond the bound fails, a fall is told, and what is within holds.
    #[test]
    fn a_figure_is_judged_by_its_bound() {
        let bounds = bounds_of(&[Figure::new("a", Kind::Instructions, 100_000.0)]);
        for (value, expected) in [
            (100_000.0, Verdict::Holds),
            (101_020.0, Verdict::Holds),
            (101_021.0, Verdict::Worse),
            (98_980.0, Verdict::Holds),
            (98_979.0, Verdict::Better),
            (f64::NAN, Verdict::Worse),
        ] {
            let figures = [Figure::new("a", Kind::Instructions, value)];
            assert_eq!(verdicts(&bounds, &figures, &EVERYTHING), [expected], "{value}");
        }
    }

    /// Nothing may begin to happen where nothing did.
    #[test]
    fn a_bound_of_zero_is_one() {
        let bounds = bounds_of(&[Figure::new("a", Kind::Wakes, 0.0)]);
        let figures = [Figure::new("a", Kind::Wakes, 0.03)];
        assert_eq!(verdicts(&bounds, &figures, &EVERYTHING), [Verdict::Worse]);
    }

    /// A figure without a bound fails, as does a bound without its figure, unless that is of a group left out.
    #[test]
    fn figures_and_bounds_belong_together() {
        let bounds = bounds_of(&[Figure::new("a", Kind::Wakes, 1.0)]);
        let other = [Figure::new("b", Kind::Wakes, 1.0)];
        assert_eq!(verdicts(&bounds, &other, &EVERYTHING), [Verdict::Gone, Verdict::New]);
        assert_eq!(verdicts(&bounds, &[], &[Group::Process]), []);
    }

    /// What is accepted holds from then on, and what held keeps its line.
    #[test]
    fn accepting_changes_what_moved_alone() {
        let mut bounds =
            bounds_of(&[Figure::new("a", Kind::Wakes, 1.0), Figure::new("a", Kind::Allocations, 10.0)]);
        let moved = [Figure::new("a", Kind::Wakes, 2.0), Figure::new("a", Kind::Allocations, 10.01)];
        bounds.accept(&bounds.clone().judge(&moved, &EVERYTHING), "2026-02-02 def", "more wakes");
        assert_eq!(verdicts(&bounds, &moved, &EVERYTHING), [Verdict::Holds, Verdict::Holds]);
        let text = bounds.text();
        assert!(
            text.contains("wakes = { value = 2.0, set = \"2026-02-02 def\", why = \"more wakes\" }"),
            "{text}"
        );
        assert!(
            text.contains("allocations = { value = 10.0, set = \"2026-01-01 abc\", why = \"first\" }"),
            "{text}"
        );
    }

    /// What is written is what is read, a bound of its own included.
    #[test]
    fn the_file_reads_as_it_was_written() {
        let mut bounds = bounds_of(&[
            Figure::new("a", Kind::Wakes, 0.25),
            Figure::new("process", Kind::CodeBytes, 8_123_456.0),
        ]);
        bounds.lines.values_mut().for_each(|bound| {
            bound.up = Some(2.5);
            bound.why = "\"quoted\" # and \\ more".to_owned();
        });
        let read = Bounds::parse(Path::new("gates.toml"), &bounds.text()).expect("its own text");
        assert_eq!(read, bounds);
    }

    /// A misspelt figure is named, with the names that there are.
    #[test]
    fn a_misspelt_figure_is_named() {
        let text = "[toolchain]\nrustc = \"x\"\n[a]\nwakkes = { value = 1.0, set = \"\", why = \"\" }\n";
        let error = Bounds::parse(Path::new("gates.toml"), text).expect_err("wakkes");
        assert!(error.to_string().contains("wakkes") && error.to_string().contains("wakes,"), "{error}");
    }
}
