//! Outcomes of processes that made one load together, at the same time, as one outcome.

use crate::load::interval::add_counts;
use crate::load::summary;
use crate::outcome::{Outcome, Second, SecondStage, Stage};
use crate::report;
use std::collections::BTreeMap;

/// None of no outcomes. Counts are summed and distributions joined; what was wrong with one is wrong with the whole.
/// # Errors
/// A histogram that is none.
pub fn merged(parts: &[Outcome]) -> Result<Option<Outcome>, report::Error> {
    let Some((first, others)) = parts.split_first() else { return Ok(None) };
    let mut whole = first.clone();
    let named = |of: fn(&Outcome) -> &Vec<String>| {
        let numbered = parts.iter().enumerate();
        numbered
            .flat_map(|(index, part)| {
                of(part).iter().map(move |text| format!("process {}: {text}", index + 1))
            })
            .collect::<Vec<_>>()
    };
    whole.invalid = named(|part| &part.invalid);
    whole.notes = named(|part| &part.notes);
    whole.notes.push(format!("{} processes made this load together", parts.len()));
    if !others.is_empty() {
        whole.notes.push(
            "Percentiles of single seconds are the highest that a process saw; those of the whole are of all records.".to_owned(),
        );
    }
    for part in others {
        add_counts(&mut whole.counts, &part.counts);
        whole.measured_s = whole.measured_s.max(part.measured_s);
        whole.began_at_s = whole.began_at_s.min(part.began_at_s);
        whole.generator.cpu_s += part.generator.cpu_s;
        whole.generator.workers += part.generator.workers;
        whole.generator.busiest_worker = whole.generator.busiest_worker.max(part.generator.busiest_worker);
        if whole.broker.is_none() {
            whole.broker.clone_from(&part.broker);
        }
    }
    let counts = whole.counts.clone();
    if let Some(broker) = &mut whole.broker {
        broker.relate(&counts);
    }
    if parts.iter().any(|part| part.verification.is_some()) {
        whole.verification = None;
        whole.notes.push("Records were not verified: that needs all of them in one process.".to_owned());
    }
    whole.stages = stages(parts)?;
    whole.seconds = seconds(parts);
    Ok(Some(whole))
}

fn stages(parts: &[Outcome]) -> Result<BTreeMap<Stage, crate::outcome::Distribution>, report::Error> {
    let mut stages = BTreeMap::new();
    for stage in parts.iter().flat_map(|part| part.stages.keys()) {
        let of_stage = parts.iter().filter_map(|part| part.stages.get(stage));
        let histograms =
            of_stage.map(|part| report::histogram(*stage, part)).collect::<Result<Vec<_>, _>>()?;
        stages.entry(*stage).or_insert_with(|| summary::joined(histograms.iter()));
    }
    Ok(stages)
}

/// Second by second: all processes began at the same time.
fn seconds(parts: &[Outcome]) -> Vec<Second> {
    let count = parts.iter().map(|part| part.seconds.len()).max().unwrap_or(0);
    (0..count)
        .filter_map(|index| {
            let mut rows = parts.iter().filter_map(|part| part.seconds.get(index));
            let mut sum = rows.next()?.clone();
            for row in rows {
                sum.records_sent += row.records_sent;
                sum.records_acknowledged += row.records_acknowledged;
                sum.records_fetched += row.records_fetched;
                sum.bytes_acknowledged += row.bytes_acknowledged;
                sum.bytes_fetched += row.bytes_fetched;
                sum.errors += row.errors;
                sum.broker_cpu_s = sum.broker_cpu_s.or(row.broker_cpu_s);
                for (stage, seen) in &row.stages {
                    match sum.stages.get_mut(stage) {
                        Some(mine) => add_second(mine, seen),
                        None => {
                            sum.stages.insert(*stage, seen.clone());
                        }
                    }
                }
            }
            Some(sum)
        })
        .collect()
}

fn add_second(mine: &mut SecondStage, other: &SecondStage) {
    mine.count += other.count;
    mine.p50_ns = mine.p50_ns.max(other.p50_ns);
    mine.p99_ns = mine.p99_ns.max(other.p99_ns);
    mine.p999_ns = mine.p999_ns.max(other.p999_ns);
    mine.max_ns = mine.max_ns.max(other.max_ns);
    if mine.heat.len() < other.heat.len() {
        mine.heat.resize(other.heat.len(), 0);
    }
    for (mine, other) in mine.heat.iter_mut().zip(&other.heat) {
        *mine += other;
    }
}
