//! Which seeds a test runs, and what is said when one fails.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What the quickest scenario runs of when nothing else is said: `OTTLA_SEEDS` is how many it shall run of, and all others
/// run of as many in proportion, so that each keeps its share of the time.
const USUAL_OF_THE_QUICKEST: u64 = 100;

/// The seeds to run: those of the environment, else `usual` of them.
fn seeds(usual: u64) -> Vec<u64> {
    let number = |name: &str| {
        std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap_or_else(|_| panic!("{name}={text:?}")))
    };
    match number("OTTLA_SEED") {
        Some(seed) => vec![seed],
        None => match number("OTTLA_SEEDS") {
            Some(seeds) => (0..usual.saturating_mul(seeds).div_ceil(USUAL_OF_THE_QUICKEST)).collect(),
            None => (0..usual).collect(),
        },
    }
}

/// Runs `run` for every seed. `test` is the calling test's name, for the command that repeats a failure.
pub fn for_each_seed(test: &str, usual: u64, run: impl Fn(u64)) {
    for seed in seeds(usual) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            eprintln!(
                "seed {seed} fails; to repeat: OTTLA_SEED={seed} cargo test -p ottla-tests --test sim {test}"
            );
            resume_unwind(panic);
        }
    }
}

/// How many of `seeds` fail: for a planted bug, which some must find.
pub fn failures(seeds: std::ops::Range<u64>, run: impl Fn(u64)) -> usize {
    seeds.filter(|seed| catch_unwind(AssertUnwindSafe(|| run(*seed))).is_err()).count()
}
