//! A slowdown of each kind that is planted into the simulated broker turns its gate red, and nothing else changes from
//! one run to the next. `perf/gate --plants` does the same for what callgrind and the process show.

use ottla_perf::gates::{Bounds, Figure, Group, Kind, Verdict, counts};
use ottla_perf::meter::Allocated;
use ottla_perf::plant::Plant;
use ottla_perf::scenarios::Scenario;

#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

fn allocated_so_far() -> Allocated {
    let stats = ALLOCATOR.stats();
    let count = stats.allocations + stats.reallocations;
    Allocated { count: count as u64, bytes: stats.bytes_allocated as u64 }
}

fn measure(scenario: &str, plant: Option<Plant>) -> Vec<Figure> {
    counts::of_scenario(Scenario::named(scenario), plant, allocated_so_far)
}

/// Everything here is one test: what another one allocates meanwhile would be counted too.
#[test]
fn planted_slowdowns_are_noticed() {
    let groups = [Group::Counts];
    const EVERYWHERE: &[(Plant, &[Kind])] = &[
        (Plant::Allocation, &[Kind::Allocations]),
        (Plant::Copy, &[Kind::BytesCopied]),
        (Plant::RingEntry, &[Kind::RingEntries, Kind::RingEnters]),
        (Plant::DurableWrite, &[Kind::DurableWrites]),
    ];
    const BETWEEN_CORES: &[(Plant, &[Kind])] = &[(Plant::Wake, &[Kind::Wakes, Kind::TaskRuns])];
    for (scenario, plants) in
        [("produce-small", EVERYWHERE), ("fetch-small", EVERYWHERE), ("produce-crossed", BETWEEN_CORES)]
    {
        let unchanged = measure(scenario, None);
        assert_eq!(measure(scenario, None), unchanged, "{scenario} gives the same figures again");
        let mut bounds = Bounds::default();
        bounds.accept(&bounds.clone().judge(&unchanged, &groups), "now", "the test's");
        let held = bounds.judge(&unchanged, &groups);
        assert!(held.iter().all(|line| line.verdict == Verdict::Holds), "{held:?}");
        for (plant, kinds) in plants {
            let judged = bounds.judge(&measure(scenario, Some(*plant)), &groups);
            for kind in *kinds {
                let line = judged.iter().find(|line| line.kind == *kind);
                assert_eq!(
                    line.map(|line| line.verdict),
                    Some(Verdict::Worse),
                    "{scenario}: {plant:?} and {kind}"
                );
            }
        }
    }
}
