//! Which seeds a test runs, and what is said when one fails.

use ottla_io::sim::crash_count;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// What the quickest scenario runs of when nothing else is said: `OTTLA_SEEDS` is how many it shall run of, and all others
/// run of as many in proportion, so that each keeps its share of the time.
const USUAL_OF_THE_QUICKEST: u64 = 100;

/// How often a long run says how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(20);

/// The seeds to run: those of the environment, else `usual` of them.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let number = |name: &str| {
        std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap_or_else(|_| panic!("{name}={text:?}")))
    };
    if let Some(seed) = number("OTTLA_SEED") {
        return seed..seed + 1;
    }
    let first = number("OTTLA_FIRST_SEED").unwrap_or(0);
    let count = match number("OTTLA_SEEDS") {
        Some(seeds) => usual.saturating_mul(seeds).div_ceil(USUAL_OF_THE_QUICKEST),
        None => usual,
    };
    first..first.saturating_add(count)
}

/// Runs `run` for every seed, and says how many crashes that were. `test` is the calling test's name, for the command that
/// repeats a failure.
pub fn for_each_seed(test: &str, usual: u64, run: impl Fn(u64)) {
    let seeds = seeds(usual);
    let (first, count) = (seeds.start, seeds.end - seeds.start);
    let (began, crashes_before) = (Instant::now(), crash_count());
    let say = |done: u64| {
        let crashes = crash_count() - crashes_before;
        eprintln!(
            "{test}: {done} of {count} seeds, {crashes} crashes, {:.0} s",
            began.elapsed().as_secs_f64()
        );
    };
    let mut said = began;
    for seed in seeds {
        if said.elapsed() >= PROGRESS_EVERY {
            say(seed - first);
            said = Instant::now();
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            eprintln!(
                "seed {seed} fails; to repeat: OTTLA_SEED={seed} cargo test -p ottla-tests --test sim {test}"
            );
            resume_unwind(panic);
        }
    }
    say(count);
}

/// How many of `seeds` fail: for a planted bug, which some must find.
pub fn failures(seeds: std::ops::Range<u64>, run: impl Fn(u64)) -> usize {
    seeds.filter(|seed| catch_unwind(AssertUnwindSafe(|| run(*seed))).is_err()).count()
}
