//! What is kept of a scenario, as JSON: everything that each run gave, medians, and ratios of one build to the other.

use super::{Build, Figures, Run};
use crate::machine::{Machine, percentile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Raised when a reader of old records would misread a new one.
pub const SCHEMA: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub schema: u32,
    pub scenario: String,
    pub question: String,
    /// How to get it again.
    pub command: String,
    pub machine: Machine,
    pub candidate: Side,
    pub base: Option<Side>,
    /// Candidate over base.
    pub ratios: BTreeMap<String, Ratio>,
    /// What a run said against itself; figures beside such a line are not to be trusted.
    pub invalid: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Side {
    pub commit: String,
    pub medians: Figures,
    /// In the order in which they ran.
    pub runs: Vec<Figures>,
}

/// Of medians, and the widest that single runs of both sides allow: a change is one when 1 is outside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    pub of_medians: f64,
    pub least: f64,
    pub most: f64,
}

impl Side {
    fn new(build: &Build, runs: &[Run]) -> Side {
        let runs: Vec<Figures> = runs.iter().map(|run| run.figures.clone()).collect();
        let names = runs.iter().flat_map(BTreeMap::keys).cloned();
        let medians = names.map(|name| {
            let median = percentile(&mut values(&runs, &name), 0.5);
            (name, median)
        });
        Side { commit: build.commit.clone(), medians: medians.collect(), runs }
    }
}

fn values(runs: &[Figures], name: &str) -> Vec<f64> {
    runs.iter().filter_map(|run| run.get(name)).copied().collect()
}

fn ratios(candidate: &Side, base: &Side) -> BTreeMap<String, Ratio> {
    let both = candidate.medians.iter().filter_map(|(name, new)| {
        let old = base.medians.get(name).filter(|old| **old != 0.0)?;
        let (mut news, mut olds) = (values(&candidate.runs, name), values(&base.runs, name));
        let (least, most) = (percentile(&mut news, 0.0), percentile(&mut news, 1.0));
        let (lowest, highest) = (percentile(&mut olds, 0.0), percentile(&mut olds, 1.0));
        let ratio = Ratio { of_medians: new / old, least: least / highest, most: most / lowest };
        Some((name.clone(), ratio))
    });
    both.collect()
}

impl Record {
    pub fn new(
        (scenario, question): (&str, &str),
        command: String,
        machine: Machine,
        (candidate, candidate_runs): (&Build, &[Run]),
        base: Option<(&Build, &[Run])>,
    ) -> Record {
        let side = Side::new(candidate, candidate_runs);
        let all = candidate_runs.iter().chain(base.iter().flat_map(|(_, runs)| runs.iter()));
        let mut invalid: Vec<String> = all.flat_map(|run| run.invalid.iter().cloned()).collect();
        invalid.sort();
        invalid.dedup();
        let base = base.map(|(build, runs)| Side::new(build, runs));
        Record {
            schema: SCHEMA,
            scenario: scenario.to_owned(),
            question: question.to_owned(),
            command,
            machine,
            ratios: base.as_ref().map(|base| ratios(&side, base)).unwrap_or_default(),
            candidate: side,
            base,
            invalid,
        }
    }

    /// Into `dir`, under a name that sorts by time.
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, dir: &Path) -> io::Result<PathBuf> {
        std::fs::create_dir_all(dir)?;
        let name = format!("{}-{}-{}.json", self.machine.unix_seconds, self.candidate.commit, self.scenario);
        let path = dir.join(name);
        std::fs::write(&path, format!("{:#}\n", serde_json::to_value(self)?))?;
        Ok(path)
    }

    /// All of `dir`, the oldest first.
    /// # Errors
    /// One cannot be read, or is no record of this version.
    pub fn load_all(dir: &Path) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let record: Record = serde_json::from_slice(&std::fs::read(&path)?)
                    .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
                records.push(record);
            }
        }
        records.sort_by_key(|record| record.machine.unix_seconds);
        Ok(records)
    }

    /// A table for people.
    pub fn table(&self) -> String {
        let mut text = format!("{}: {}\n", self.scenario, self.question);
        for reason in &self.invalid {
            text += &format!("NOT VALID: {reason}\n");
        }
        let base = self.base.as_ref().map_or("-", |base| &base.commit);
        text += &format!("{:<30} {:>14} {:>14} {:>8}\n", "", self.candidate.commit, base, "ratio");
        for (name, value) in &self.candidate.medians {
            let old = self.base.as_ref().and_then(|base| base.medians.get(name));
            let old = old.map_or("-".to_owned(), |old| format!("{old:.3}"));
            let ratio = self.ratios.get(name).map_or(String::new(), |ratio| {
                let Ratio { of_medians, least, most } = ratio;
                format!("{of_medians:>8.3}  within {least:.3} to {most:.3}")
            });
            text += &format!("{name:<30} {value:>14.3} {old:>14} {ratio}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(value: f64) -> Run {
        Run { figures: Figures::from([("x_ms".to_owned(), value)]), invalid: Vec::new() }
    }

    fn build(commit: &str) -> Build {
        Build { binary: PathBuf::new(), commit: commit.to_owned() }
    }

    fn record() -> Record {
        let (new, old) = ([run(9.0), run(10.0), run(11.0)], [run(19.0), run(20.0), run(22.0)]);
        let (candidate, base) = (build("new"), build("old"));
        let machine = Machine::look(Path::new("/"));
        Record::new(("s", "?"), "c".to_owned(), machine, (&candidate, &new), Some((&base, &old)))
    }

    /// A ratio is that of the medians, within what single runs allow.
    #[test]
    fn ratios_know_their_range() {
        let ratio = record().ratios["x_ms"];
        assert_eq!(ratio, Ratio { of_medians: 0.5, least: 9.0 / 22.0, most: 11.0 / 19.0 });
    }

    /// What is saved is what is loaded.
    #[test]
    fn records_are_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        record().save(dir.path()).expect("it is written");
        let all = Record::load_all(dir.path()).expect("it is read");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].candidate.medians["x_ms"], 10.0);
        assert!(all[0].table().contains("0.500"), "{}", all[0].table());
    }
}
