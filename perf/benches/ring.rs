//! Instructions of the real ring's driver. The second of each pair does what the first does twice as often: `perf/gate` takes
//! the difference.

use gungraun::{
    Callgrind, EntryPoint, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use ottla_perf::ring::{self, TIMES};

#[library_benchmark]
#[bench::once(TIMES)]
#[bench::twice(2 * TIMES)]
fn ring_echo(times: u64) {
    ring::echo(times);
}

#[library_benchmark]
#[bench::once(TIMES)]
#[bench::twice(2 * TIMES)]
fn ring_write(times: u64) {
    ring::write(times);
}

library_benchmark_group!(name = real_ring, benchmarks = [ring_echo, ring_write]);
main!(
    config = LibraryBenchmarkConfig::default().tool(
        Callgrind::with_args(["--collect-atstart=yes", "--cache-sim=no"]).entry_point(EntryPoint::None)
    ),
    library_benchmark_groups = real_ring
);
