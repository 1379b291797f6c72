//! Instructions of a whole broker in the simulator, for each scenario: its own, not those of the simulator or of the
//! clients. `perf/gate` runs it and divides by the scenario's requests. One history of each: they differ by little.

use gungraun::{
    Callgrind, EntryPoint, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use ottla_perf::plant::{self, Plant};
use ottla_perf::scenarios::Scenario;
use ottla_perf::simulated;
use std::hint::black_box;

#[library_benchmark]
#[bench::produce_small("produce-small")]
#[bench::produce_pipelined("produce-pipelined")]
#[bench::produce_large("produce-large")]
#[bench::produce_lz4("produce-lz4")]
#[bench::produce_crossed("produce-crossed")]
#[bench::fetch_small("fetch-small")]
#[bench::fetch_session("fetch-session")]
#[bench::fetch_large("fetch-large")]
#[bench::fetch_cold("fetch-cold")]
#[bench::record_to_one("record-to-one")]
#[bench::record_to_eight("record-to-eight")]
fn scenario(name: &str) {
    black_box(simulated::run(Scenario::named(name), 1, Plant::of_environment(), None));
}

library_benchmark_group!(name = whole_broker, benchmarks = [scenario]);
main!(
    config = LibraryBenchmarkConfig::default().pass_through_env(plant::VARIABLE).tool(
        Callgrind::with_args([
            "--toggle-collect=*scope*collected*",
            "--toggle-collect=*scope*set_aside*",
            "--cache-sim=no",
        ])
        .entry_point(EntryPoint::None)
    ),
    library_benchmark_groups = whole_broker
);
