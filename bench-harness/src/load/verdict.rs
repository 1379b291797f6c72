//! PURE. What a run is worth: whether its figures can be trusted, and whether every record came back.

use super::ledger::{self, Acknowledged, Seen};
use super::plan::{Part, Plan, Times};
use super::summary::Summary;
use super::worker::End;
use crate::clock::MILLISECOND;
use crate::outcome::Verification;
use crate::workload::{PacingKind, Workload};

/// Records whose intended time lies in the measured part, over this process's producers.
pub fn intended(plan: &Plan, part: Part, times: &Times) -> u64 {
    if let Some(trace) = &plan.trace {
        return trace
            .records
            .iter()
            .filter(|record| times.measured.start + record.after_ns < times.measured.end)
            .count() as u64;
    }
    let mine = (0..plan.workload.producers.count).filter(|index| part.has(*index));
    mine.map(|producer| {
        let mut schedule = plan.schedule(producer, times);
        while schedule.peek().is_some_and(|at| at < times.measured.start) {
            schedule.take();
        }
        schedule.remaining()
    })
    .sum()
}

/// Why the figures can't be trusted.
pub fn judge(
    invalid: &mut Vec<String>,
    workload: &Workload,
    summary: &Summary,
    ends: &[End],
    interrupted: bool,
) {
    let pacing = &workload.pacing;
    let punctuality = summary.whole.punctuality;
    let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let advice =
        "give it cores of its own (--workers, --cpus), or say with pacing.late_ms what lateness you accept";
    if pacing.kind == PacingKind::Open {
        let late = share(punctuality.late, punctuality.records);
        if late > pacing.late_share {
            invalid.push(format!(
                "the generator was late: it sent {:.2}% of the records more than {} ms after it could have, the latest {:.1} ms; {advice}",
                100.0 * late,
                pacing.late_ms,
                punctuality.latest_ns as f64 / MILLISECOND as f64,
            ));
        }
        let unsent: u64 = ends.iter().map(|end| end.undone.unsent).sum();
        if unsent > 0 && !interrupted {
            invalid.push(format!(
                "the broker did not keep up: {unsent} records that were due had not been sent {} s after the end, and no latency counts them",
                workload.drain_s
            ));
        }
    }
    let late_looks = share(punctuality.late_looks, punctuality.looks);
    if late_looks > pacing.late_share {
        invalid.push(format!(
            "the generator was held up: for {:.2}% of the time a worker could not have read an answer within {} ms; {advice}",
            100.0 * late_looks,
            pacing.late_ms
        ));
    }
    let unanswered: u64 = ends.iter().map(|end| end.undone.unanswered).sum();
    if unanswered > 0 && !interrupted {
        invalid.push(format!(
            "{unanswered} records were sent and not acknowledged {} s after the end, and no latency counts them",
            workload.drain_s
        ));
    }
    let given_up: u64 = ends.iter().map(|end| end.undone.given_up).sum();
    if given_up > 0 {
        invalid.push(format!("{given_up} records were given up after errors, and no latency counts them"));
    }
    invalid.extend(ends.iter().flat_map(|end| end.faults.iter().cloned()));
}

/// What was acknowledged against what each group saw, over all workers.
pub fn verification(plan: &Plan, ends: Vec<End>) -> Verification {
    let mut acknowledged = Acknowledged::new();
    let mut groups: Vec<Seen> = Vec::new();
    groups.resize_with(plan.workload.consumers.groups, Seen::default);
    for end in ends {
        acknowledged.extend(end.acknowledged);
        for (group, seen) in end.seen {
            if let Some(group) = groups.get_mut(group) {
                group.merge(seen);
            }
        }
    }
    ledger::verify(&acknowledged, &groups, &plan.topics)
}
