//! Brokers against each other: the same workload on each, in mirrored order, and how sure the ratios are.
//!
//! A B B A: whatever drifts over time (a disk that fills, a host that warms up, a noisy neighbour) weighs on both alike. Each ratio's
//! interval comes from drawing the runs again with replacement (Efron's bootstrap): with few runs it is rough, with one for each side there is none.

use super::side::Side;
use crate::error::{Error, Result};
use crate::load::{self, Observer, Options};
use crate::outcome::Outcome;
use crate::report::figures::{Better, Figure, figures, headline};
use crate::workload::Workload;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use std::sync::atomic::Ordering;

/// Drawings of the bootstrap: the interval's ends are steady to about a hundredth of its width.
const DRAWINGS: usize = 5_000;
/// Below so many runs for each side the intervals are called rough.
pub const RUNS_ROUGH: usize = 4;

/// One run of one side.
pub struct Leg {
    /// An index into the sides.
    pub side: usize,
    pub outcome: Outcome,
}

/// A figure of one side over the same of the first.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    pub figure: String,
    pub side: usize,
    /// Medians over the runs.
    pub base: f64,
    pub value: f64,
    pub ratio: f64,
    /// Where 95 of 100 drawings lie; none with a single run.
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl Ratio {
    /// Whether the interval leaves out that there is no difference.
    pub fn is_clear(&self) -> bool {
        self.low.is_some_and(|low| low > 1.0) || self.high.is_some_and(|high| high < 1.0)
    }
}

/// The order of the sides in `rounds` rounds: there and back, A B B A or A B C C B A.
pub fn order(sides: usize, rounds: usize) -> Vec<usize> {
    let there_and_back = (0..sides).chain((0..sides).rev());
    std::iter::repeat_n(there_and_back, rounds).flatten().collect()
}

/// Runs `workload` on each side, `rounds` times there and back. `watch` makes an observer for each run.
/// # Errors
/// A side that does not start, or a run that can't begin; the sides are stopped.
pub fn run<O: Observer>(
    workload: &Workload,
    options: &Options,
    sides: &mut [Box<dyn Side>],
    rounds: usize,
    mut watch: impl FnMut(&str, usize, usize) -> O,
    mut ended: impl FnMut(O, &Leg) -> Result<()>,
) -> Result<Vec<Leg>> {
    let order = order(sides.len(), rounds);
    let mut legs: Vec<Leg> = Vec::new();
    for (index, side) in order.iter().copied().enumerate() {
        let Some(current) = sides.get_mut(side) else { continue };
        if options.interrupted.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let bootstrap = current.start()?;
        let mut observer = watch(current.name(), index + 1, order.len());
        let mut options = Options { bootstrap, ..options.clone() };
        if let Some(name) = options.broker_name.take() {
            options.broker_name = Some(format!("{name} ({})", current.name()));
        }
        let outcome = load::run(workload, &options, &mut observer);
        // Stopped whatever the run came to; the run's error is the one that matters.
        let stopped = current.stop();
        let mut outcome = outcome?;
        stopped?;
        outcome.workload.name = format!("{} on {}", workload.name, current.name());
        let leg = Leg { side, outcome };
        ended(observer, &leg)?;
        legs.push(leg);
    }
    Ok(legs)
}

/// Every figure of every side but the first, over the first's.
pub fn ratios(legs: &[Leg], sides: usize, all: bool) -> Vec<Ratio> {
    let of = |outcome: &Outcome| if all { figures(outcome) } else { headline(outcome) };
    let Some(first) = legs.first() else { return Vec::new() };
    let mut random = SmallRng::seed_from_u64(1);
    let mut ratios = Vec::new();
    for figure in of(&first.outcome) {
        let values = |side: usize| -> Vec<f64> {
            let mine = legs.iter().filter(|leg| leg.side == side);
            mine.filter_map(|leg| value(&of(&leg.outcome), &figure.name)).collect()
        };
        let base = values(0);
        for side in 1..sides {
            let other = values(side);
            if let Some(ratio) = ratio(&figure.name, side, &base, &other, &mut random) {
                ratios.push(ratio);
            }
        }
    }
    ratios
}

fn value(figures: &[Figure], name: &str) -> Option<f64> {
    figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
}

/// None where a ratio makes no sense: a value is missing or 0.
fn ratio(figure: &str, side: usize, base: &[f64], other: &[f64], random: &mut SmallRng) -> Option<Ratio> {
    let are_positive =
        !base.is_empty() && !other.is_empty() && base.iter().chain(other).all(|value| *value > 0.0);
    if !are_positive {
        return None;
    }
    let (base_median, value) = (median(base.to_vec())?, median(other.to_vec())?);
    let interval = (base.len() > 1 && other.len() > 1).then(|| {
        let mut drawn: Vec<f64> = (0..DRAWINGS)
            .filter_map(|_| Some(median(draw(other, random))? / median(draw(base, random))?))
            .collect();
        drawn.sort_by(f64::total_cmp);
        (quantile(&drawn, 0.025), quantile(&drawn, 0.975))
    });
    Some(Ratio {
        figure: figure.to_owned(),
        side,
        base: base_median,
        value,
        ratio: value / base_median,
        low: interval.and_then(|(low, _)| low),
        high: interval.and_then(|(_, high)| high),
    })
}

/// As many values as there are, each any of them.
fn draw(values: &[f64], random: &mut SmallRng) -> Vec<f64> {
    let pick = |_| values.get(random.random_range(0..values.len())).copied();
    (0..values.len()).filter_map(pick).collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied()?;
    if values.len().is_multiple_of(2) {
        let lower = values.get(values.len() / 2 - 1).copied()?;
        return Some(f64::midpoint(lower, upper));
    }
    Some(upper)
}

fn quantile(sorted: &[f64], quantile: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((quantile * last as f64).round() as usize).copied()
}

/// The table of ratios, and what a reader has to know about it.
pub fn text(legs: &[Leg], names: &[String], ratios: &[Ratio]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    let base = names.first().map_or("", String::as_str);
    table.set_header(["figure", base, "", "", "ratio", "95% interval", ""]);
    let runs = legs.len() / names.len().max(1);
    let known = legs.first().map(|leg| figures(&leg.outcome)).unwrap_or_default();
    for ratio in ratios {
        let Some(figure) = known.iter().find(|figure| figure.name == ratio.figure) else { continue };
        let interval = match (ratio.low, ratio.high) {
            (Some(low), Some(high)) => format!("{low:.3} to {high:.3}"),
            _ => "one run: none".to_owned(),
        };
        table.add_row([
            figure.title.clone(),
            figure.unit.format(ratio.base),
            names.get(ratio.side).cloned().unwrap_or_default(),
            figure.unit.format(ratio.value),
            format!("{:.3}", ratio.ratio),
            interval,
            // A few runs that happen to lie together look surer than they are.
            if runs < RUNS_ROUGH { "" } else { verdict(ratio, figure.better) }.to_owned(),
        ]);
    }
    for column in [1, 3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let order: Vec<&str> = legs.iter().filter_map(|leg| names.get(leg.side)).map(String::as_str).collect();
    let mut text = format!("Runs in this order: {}. Medians of each side.\n\n{table}\n", order.join(", "));
    if runs < RUNS_ROUGH {
        text.push_str(&format!(
            "\n{runs} runs for each side: the intervals are rough; --rounds {} makes better ones.\n",
            RUNS_ROUGH.div_ceil(2)
        ));
    }
    for (index, leg) in legs.iter().enumerate() {
        for reason in &leg.outcome.invalid {
            let name = names.get(leg.side).map_or("", String::as_str);
            text.push_str(&format!("\nINVALID: run {} ({name}): {reason}\n", index + 1));
        }
    }
    text
}

fn verdict(ratio: &Ratio, better: Better) -> &'static str {
    if !ratio.is_clear() {
        return if ratio.low.is_some() { "no clear difference" } else { "" };
    }
    match (better, ratio.ratio > 1.0) {
        (Better::Neither, _) => "",
        (Better::Higher, true) | (Better::Lower, false) => "better",
        (Better::Higher, false) | (Better::Lower, true) => "worse",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        assert_eq!(order(2, 2), [0, 1, 1, 0, 0, 1, 1, 0]);
        assert_eq!(order(3, 1), [0, 1, 2, 2, 1, 0]);
    }

    /// A real difference is clear, noise is not, and the interval holds the ratio.
    #[test]
    fn differences_and_noise_are_told_apart() {
        let mut random = SmallRng::seed_from_u64(5);
        let base = [100.0, 103.0, 98.0, 101.0];
        let twice = ratio("f", 1, &base, &[200.0, 207.0, 195.0, 204.0], &mut random).unwrap();
        assert!(twice.is_clear() && (1.9..2.1).contains(&twice.ratio), "{twice:?}");
        assert!(twice.low.unwrap() <= twice.ratio && twice.ratio <= twice.high.unwrap());
        let same = ratio("f", 1, &base, &[99.0, 104.0, 97.0, 102.0], &mut random).unwrap();
        assert!(!same.is_clear(), "{same:?}");
        assert_eq!(verdict(&same, Better::Lower), "no clear difference");
        assert_eq!(verdict(&twice, Better::Lower), "worse");
        assert_eq!(verdict(&twice, Better::Higher), "better");
    }

    /// One run has no interval, and nothing has a ratio to 0.
    #[test]
    fn too_little_is_said_to_be_so() {
        let mut random = SmallRng::seed_from_u64(5);
        let single = ratio("f", 1, &[10.0], &[20.0], &mut random).unwrap();
        assert_eq!((single.ratio, single.low, single.is_clear()), (2.0, None, false));
        assert!(ratio("f", 1, &[0.0], &[20.0], &mut random).is_none());
        assert!(ratio("f", 1, &[1.0], &[], &mut random).is_none());
    }
}
