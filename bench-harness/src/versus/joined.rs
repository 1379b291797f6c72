//! Several runs of one contender as one outcome: distributions and counts summed, seconds one after another.

use crate::load::summary;
use crate::outcome::{BrokerCost, Counts, Distribution, Outcome, Stage};
use crate::report::{self, Error};
use std::collections::BTreeMap;

/// None of no runs. What made one of them invalid makes the whole invalid.
///
/// # Errors
/// A histogram that is none.
pub fn joined(runs: &[Outcome]) -> Result<Option<Outcome>, Error> {
    let Some((first, others)) = runs.split_first() else { return Ok(None) };
    if others.is_empty() {
        return Ok(Some(first.clone()));
    }
    let mut sum = first.clone();
    sum.invalid = numbered(runs, |run| &run.invalid);
    sum.notes = numbered(runs, |run| &run.notes);
    for run in others {
        add_counts(&mut sum.counts, &run.counts);
        let offset_s = sum.measured_s;
        sum.seconds.extend(run.seconds.iter().cloned().map(|mut second| {
            second.at_s += offset_s;
            second
        }));
        sum.measured_s += run.measured_s;
        sum.generator.cpu_s += run.generator.cpu_s;
        sum.generator.busiest_worker = sum.generator.busiest_worker.max(run.generator.busiest_worker);
        sum.broker = match (sum.broker.take(), &run.broker) {
            (Some(cost), Some(other)) => Some(add_cost(cost, other)),
            // Half of the costs would look like half of the work.
            _ => None,
        };
    }
    if let Some(cost) = &mut sum.broker {
        cost.relate(&sum.counts);
    }
    sum.stages = stages(runs)?;
    sum.notes.push(format!("the sum of {} runs, one after another", runs.len()));
    Ok(Some(sum))
}

fn stages(runs: &[Outcome]) -> Result<BTreeMap<Stage, Distribution>, Error> {
    let mut stages = BTreeMap::new();
    for run in runs {
        for stage in run.stages.keys() {
            if stages.contains_key(stage) {
                continue;
            }
            let seen = runs.iter().filter_map(|run| run.stages.get(stage));
            let histograms: Vec<_> =
                seen.map(|seen| report::histogram(*stage, seen)).collect::<Result<_, _>>()?;
            stages.insert(*stage, summary::joined(histograms.iter()));
        }
    }
    Ok(stages)
}

/// Sentences with the number of their run, those that all runs share once.
fn numbered(runs: &[Outcome], of: fn(&Outcome) -> &Vec<String>) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        for sentence in of(run) {
            if runs.iter().all(|other| of(other).contains(sentence)) {
                if index == 0 {
                    sentences.push(sentence.clone());
                }
            } else {
                sentences.push(format!("run {}: {sentence}", index + 1));
            }
        }
    }
    sentences
}

fn add_counts(sum: &mut Counts, counts: &Counts) {
    sum.records_intended += counts.records_intended;
    sum.records_sent += counts.records_sent;
    sum.records_acknowledged += counts.records_acknowledged;
    sum.records_fetched += counts.records_fetched;
    sum.records_caught_up += counts.records_caught_up;
    sum.bytes_acknowledged += counts.bytes_acknowledged;
    sum.bytes_fetched += counts.bytes_fetched;
    sum.bytes_caught_up += counts.bytes_caught_up;
    sum.produce_requests += counts.produce_requests;
    sum.fetch_requests += counts.fetch_requests;
    for (name, count) in &counts.errors {
        *sum.errors.entry(name.clone()).or_default() += count;
    }
}

fn add_cost(mut sum: BrokerCost, cost: &BrokerCost) -> BrokerCost {
    let both = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
    sum.cpu_s += cost.cpu_s;
    sum.cpu_user_s += cost.cpu_user_s;
    sum.cpu_system_s += cost.cpu_system_s;
    sum.resident_bytes = cost.resident_bytes;
    sum.resident_bytes_peak = sum.resident_bytes_peak.max(cost.resident_bytes_peak);
    sum.disk_written_bytes = both(sum.disk_written_bytes, cost.disk_written_bytes);
    sum.disk_read_bytes = both(sum.disk_read_bytes, cost.disk_read_bytes);
    for (name, grown) in &cost.counters {
        *sum.counters.entry(name.clone()).or_default() += grown;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    /// Two runs: distributions and counts double, ratios stay, seconds go on, and sentences say which run they are of.
    #[test]
    fn two_runs() {
        let mut runs = [sample::outcome("w", 1.0), sample::outcome("w", 1.0)];
        runs[0].notes = vec!["of both".to_owned(), "of the first".to_owned()];
        runs[1].notes = vec!["of both".to_owned()];
        runs[1].invalid = vec!["late".to_owned()];
        let one = runs[0].clone();
        let sum = joined(&runs).unwrap().unwrap();
        assert_eq!(sum.measured_s, 60.0);
        assert_eq!(sum.counts.records_acknowledged, 2 * one.counts.records_acknowledged);
        let (fetched, alone) = (&sum.stages[&Stage::Fetched], &one.stages[&Stage::Fetched]);
        assert_eq!((fetched.count, fetched.p99_ns), (2 * alone.count, alone.p99_ns));
        assert_eq!(sum.seconds.len(), 60);
        assert_eq!(sum.seconds.last().unwrap().at_s, 60.0);
        let cost = sum.broker.unwrap();
        assert_eq!(cost.cpu_s, 2.0 * one.broker.unwrap().cpu_s);
        assert_eq!(cost.cpu_s_per_gb, Some(cost.cpu_s / 0.24));
        assert_eq!(sum.notes, ["of both", "run 1: of the first", "the sum of 2 runs, one after another"]);
        assert_eq!(sum.invalid, ["run 2: late"]);
    }

    /// A run whose broker was not looked at leaves the whole without costs; no runs are no outcome, and one is itself.
    #[test]
    fn in_part() {
        let mut runs = [sample::outcome("w", 1.0), sample::outcome("w", 1.0)];
        runs[1].broker = None;
        assert!(joined(&runs).unwrap().unwrap().broker.is_none());
        assert!(joined(&[]).unwrap().is_none());
        assert_eq!(joined(&runs[..1]).unwrap().unwrap().notes, Vec::<String>::new());
    }
}
