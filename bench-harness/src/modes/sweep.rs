//! Rates up to the knee, and between the last that held and the first that did not, the highest that does.
//!
//! ```text
//!   from, ×2, ×2, … until one fails ─▶ halve the gap (on a scale of ratios) until it is small enough
//! ```
//!
//! A rate holds when its run is valid (everything that was due was sent and acknowledged) and the percentile that was asked for stays
//! under its bound. A machine stumbles now and then, so a rate has failed only when it failed as often as it was tried.

use crate::outcome::{Distribution, Outcome, Stage};
use serde::Serialize;

/// How far it goes and what has to hold.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// Records a second to begin with, and never to go beyond.
    pub from: f64,
    pub to: f64,
    pub factor: f64,
    /// The gap between held and failed at which it ends: 0.05 is a twentieth.
    pub precision: f64,
    /// A rate is tried so often before it counts as failed.
    pub tries: usize,
    /// 0.999 for the 99.9th percentile.
    pub quantile: f64,
    pub bound_ns: u64,
}

/// One rate that was tried.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    pub records_per_s: f64,
    pub acknowledged_per_s: f64,
    pub latency_ns: u64,
    pub p50_ns: u64,
    pub holds: bool,
    /// Why not.
    pub reasons: Vec<String>,
}

/// Which rates to try, one after the other.
#[derive(Clone, Debug)]
pub struct Search {
    goal: Goal,
    next: f64,
    tried: usize,
    held: Option<f64>,
    failed: Option<f64>,
}

impl Search {
    pub fn new(goal: Goal) -> Search {
        let next = goal.from.min(goal.to);
        Search { goal, next, tried: 0, held: None, failed: None }
    }

    /// The next rate to try; none when the answer is there.
    pub fn rate(&self) -> Option<f64> {
        let is_found = match (self.held, self.failed) {
            (Some(held), Some(failed)) => failed / held <= 1.0 + self.goal.precision,
            (Some(held), None) => held >= self.goal.to,
            // Down to a thousandth of where it began.
            (None, Some(failed)) => failed <= self.goal.from / 1000.0,
            (None, None) => false,
        };
        (!is_found).then_some(self.next)
    }

    /// What the rate came to.
    pub fn saw(&mut self, holds: bool) {
        let rate = self.next;
        self.tried += 1;
        if !holds && self.tried < self.goal.tries.max(1) {
            return;
        }
        self.tried = 0;
        if holds {
            self.held = Some(rate);
        } else {
            self.failed = Some(rate);
        }
        self.next = match (self.held, self.failed) {
            (Some(held), Some(failed)) => (held * failed).sqrt(),
            (Some(held), None) => (held * self.goal.factor).min(self.goal.to),
            (None, Some(failed)) => failed / self.goal.factor,
            (None, None) => rate,
        };
    }

    /// The highest rate that held.
    pub fn highest(&self) -> Option<f64> {
        self.held
    }

    /// Whether nothing failed up to the last rate that was allowed.
    pub fn is_open(&self) -> bool {
        self.failed.is_none()
    }
}

/// Holds an outcome against the goal.
pub fn point(goal: &Goal, records_per_s: f64, outcome: &Outcome) -> Point {
    let stage = outcome.stages.get(&Stage::Fetched).or_else(|| outcome.stages.get(&Stage::Acknowledged));
    let latency_ns = stage.and_then(|stage| at(stage, goal.quantile)).unwrap_or(u64::MAX);
    let mut reasons = outcome.invalid.clone();
    if stage.is_none() {
        reasons.push("no record came back".to_owned());
    } else if latency_ns > goal.bound_ns {
        reasons.push(format!(
            "p{} is {}, over {}",
            100.0 * goal.quantile,
            crate::report::units::duration(latency_ns),
            crate::report::units::duration(goal.bound_ns)
        ));
    }
    Point {
        records_per_s,
        acknowledged_per_s: outcome.counts.records_acknowledged as f64 / outcome.measured_s.max(1e-9),
        latency_ns,
        p50_ns: stage.map_or(0, |stage| stage.p50_ns),
        holds: reasons.is_empty(),
        reasons,
    }
}

fn at(distribution: &Distribution, quantile: f64) -> Option<u64> {
    let histogram = crate::report::histogram(Stage::Fetched, distribution).ok()?;
    Some(histogram.value_at_quantile(quantile))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal() -> Goal {
        Goal { from: 1000.0, to: 1e6, factor: 2.0, precision: 0.05, tries: 1, quantile: 0.999, bound_ns: 1 }
    }

    fn search(goal: Goal, mut holds: impl FnMut(f64) -> bool) -> (Search, usize) {
        let (mut search, mut runs) = (Search::new(goal), 0);
        while let Some(rate) = search.rate() {
            let held = holds(rate);
            search.saw(held);
            runs += 1;
            assert!(runs < 100);
        }
        (search, runs)
    }

    /// It finds the knee to the precision that was asked for, wherever it lies.
    #[test]
    fn the_knee_is_found() {
        for knee in [1_050.0, 12_345.0, 700_000.0, 90.0, 999.0] {
            let (search, runs) = search(goal(), |rate| rate <= knee);
            let found = search.highest().unwrap();
            assert!(found <= knee && found * 1.05 >= knee, "{knee}: {found} after {runs}");
            assert!(runs < 25, "{runs}");
        }
    }

    /// A broker that takes everything is said to, and one that takes nothing ends the search.
    #[test]
    fn without_a_knee_it_ends() {
        let (open, _) = search(goal(), |_| true);
        assert_eq!((open.highest(), open.is_open()), (Some(1e6), true));
        let (none, _) = search(goal(), |_| false);
        assert_eq!(none.highest(), None);
    }

    /// A stumble does not end a rate that is tried again.
    #[test]
    fn a_stumble_is_tried_again() {
        let mut runs = 0;
        let (search, _) = search(Goal { tries: 2, ..goal() }, |rate| {
            runs += 1;
            // Every third run fails for reasons of its own.
            rate <= 10_000.0 && !(runs as u32).is_multiple_of(3)
        });
        assert!(search.highest().is_some_and(|found| (9_500.0..=10_000.0).contains(&found)), "{search:?}");
    }
}
