//! Measurements in rounds: every contestant once a round, in an order that turns, so that a machine that changes
//! changes for all of them; medians over the rounds, as a table and as JSON.

use crate::machine::{Machine, percentile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What one measurement gave: values by their names, units last.
pub type Values = Vec<(&'static str, f64)>;

/// Medians of one contestant in one discipline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    pub discipline: String,
    pub contestant: String,
    pub medians: BTreeMap<String, f64>,
    /// Each round's, in order.
    pub rounds: BTreeMap<String, Vec<f64>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    pub machine: Machine,
    /// How to get it again.
    pub command: String,
    pub rounds: usize,
    pub lines: Vec<Line>,
}

/// A named way to do the work.
pub struct Contestant<'a> {
    pub name: &'a str,
    pub measure: Box<dyn FnMut() -> std::io::Result<Values> + 'a>,
}

impl<'a> Contestant<'a> {
    pub fn new(name: &'a str, measure: impl FnMut() -> std::io::Result<Values> + 'a) -> Contestant<'a> {
        Contestant { name, measure: Box::new(measure) }
    }
}

/// Runs all contestants of a discipline `rounds` times. The first round begins with the first of them, the second with
/// the second, and so on.
/// # Errors
/// What any of them says.
pub fn run(
    discipline: &str,
    rounds: usize,
    mut contestants: Vec<Contestant<'_>>,
) -> std::io::Result<Vec<Line>> {
    let mut values: Vec<Vec<Values>> = contestants.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for place in 0..contestants.len() {
            let at = (round + place) % contestants.len();
            let contestant = &mut contestants[at];
            eprintln!("{discipline}: round {} of {rounds}: {}", round + 1, contestant.name);
            values[at].push((contestant.measure)()?);
        }
    }
    let lines = contestants.iter().zip(values).map(|(contestant, rounds)| {
        let values = rounds.into_iter().flatten().map(|(name, value)| (name.to_owned(), value));
        Line::new(discipline, contestant.name, values)
    });
    Ok(lines.collect())
}

impl Line {
    /// `values` by their names, those of one name in the order of rounds.
    pub fn new(discipline: &str, contestant: &str, values: impl IntoIterator<Item = (String, f64)>) -> Line {
        let mut rounds: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (name, value) in values {
            rounds.entry(name).or_default().push(value);
        }
        let medians = rounds.iter().map(|(name, all)| (name.clone(), percentile(&mut all.clone(), 0.5)));
        Line {
            discipline: discipline.to_owned(),
            contestant: contestant.to_owned(),
            medians: medians.collect(),
            rounds,
        }
    }
}

impl Report {
    /// As JSON, to be read again.
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        std::fs::write(path, format!("{:#}\n", serde_json::to_value(self)?))
    }

    /// # Errors
    /// It is not there, or no report.
    pub fn load(path: &Path) -> std::io::Result<Report> {
        let named =
            |error: &dyn std::fmt::Display| std::io::Error::other(format!("{}: {error}", path.display()));
        let text = std::fs::read(path).map_err(|error| named(&error))?;
        serde_json::from_slice(&text).map_err(|error| named(&error))
    }

    /// A table for each discipline.
    pub fn table(&self) -> String {
        let Machine { cpu, cores, kernel, file_system, .. } = &self.machine;
        let mut text = format!(
            "{cores} cores of {cpu}, kernel {kernel}, {file_system}\nmedians of {} rounds: {}\n",
            self.rounds, self.command
        );
        let mut last = None;
        for line in &self.lines {
            let columns = line.medians.keys().map(|name| format!("{name:>28}")).collect::<String>();
            if last != Some(&line.discipline) {
                text += &format!("\n{:<30}{columns}\n", line.discipline);
                last = Some(&line.discipline);
            }
            let values = line.medians.values().map(|value| format!("{value:>28.3}")).collect::<String>();
            text += &format!("{:<30}{values}\n", line.contestant);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Everyone runs in every round, and the order turns; the medians are over the rounds.
    #[test]
    fn the_order_turns() {
        let order = RefCell::new(String::new());
        let contestant = |name: &'static str| {
            let order = &order;
            Contestant::new(name, move || {
                order.borrow_mut().push_str(name);
                Ok(vec![("at", order.borrow().len() as f64)])
            })
        };
        let lines = run("d", 3, vec![contestant("a"), contestant("b"), contestant("c")]).expect("no error");
        assert_eq!(*order.borrow(), "abcbcacab");
        assert_eq!(lines[0].rounds["at"], [1.0, 6.0, 8.0]);
        assert_eq!(lines[0].medians["at"], 6.0);
    }
}
