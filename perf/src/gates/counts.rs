//! Figures of the simulated broker that its own counters and the allocator give.

use super::figure::{Figure, Kind};
use crate::meter::{Allocated, Counted};
use crate::plant::Plant;
use crate::scenarios::{SCENARIOS, Scenario};
use crate::simulated;
use std::panic::resume_unwind;

/// Those of every scenario. `allocated_so_far` reads the process's allocator.
pub fn measure(plant: Option<Plant>, allocated_so_far: fn() -> Allocated) -> Vec<Figure> {
    SCENARIOS.iter().flat_map(|scenario| of_scenario(scenario, plant, allocated_so_far)).collect()
}

/// Those of one, over all its histories. On a thread of its own, so that its pool of buffers is empty at first.
///
/// # Panics
/// The broker does not do what it is asked.
pub fn of_scenario(
    scenario: &'static Scenario,
    plant: Option<Plant>,
    allocated_so_far: fn() -> Allocated,
) -> Vec<Figure> {
    let histories = move || {
        let mut sum = Counted::default();
        for seed in 1..=scenario.histories() {
            let counted = simulated::run(scenario, seed, plant, Some(allocated_so_far));
            sum.allocated += counted.allocated;
            sum.counters = sum.counters + counted.counters;
        }
        sum
    };
    let counted = std::thread::spawn(histories).join();
    let Counted { allocated, counters } = counted.unwrap_or_else(|panic| resume_unwind(panic));
    let requests = (scenario.requests_in_all() * scenario.histories()) as f64;
    [
        (Kind::Allocations, allocated.count),
        (Kind::AllocatedBytes, allocated.bytes),
        (Kind::RingEntries, counters.ring_entries),
        (Kind::RingEnters, counters.ring_enters),
        (Kind::BytesCopied, counters.bytes_copied),
        (Kind::Wakes, counters.wakes_sent),
        (Kind::DurableWrites, counters.durable_writes),
        (Kind::TaskRuns, counters.task_runs),
    ]
    .into_iter()
    .map(|(kind, count)| Figure::new(scenario.name, kind, count as f64 / requests))
    .collect()
}
