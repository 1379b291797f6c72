//! What it costs to record a stage: nanoseconds of a record and of a look at the clock.
//!
//! `cargo run --release -p ottla-shard --example stages`. For instructions, the same under
//! `valgrind --tool=callgrind --toggle-collect='*record_one*' … 100000`: what is collected, over the number.

use ottla_io::runtime::{Config, run};
use ottla_io::{Instant, ShardContext, now, recently};
use ottla_shard::stages::{Kind, Stage, Stages};
use std::hint::black_box;

/// Apart, so that callgrind can tell it from the loop.
#[inline(never)]
fn record_one(stages: &Stages, stage: Stage, to: Instant) {
    stages.record(Kind::Produce, stage, Instant(0), to);
}

fn main() {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(20_000_000_u64);
    let config = Config { shards: 1, ..Config::default() };
    let ran = run(&config, move |_: ShardContext<()>| async move {
        let stages = Stages::default();
        let each = |what: &str, mut work: Box<dyn FnMut(u64)>| {
            let began = now();
            (0..count).for_each(&mut work);
            let took = now().duration_since(began).as_nanos() as f64;
            println!("{what:24} {:6.1} ns", took / count as f64);
        };
        // Histograms are made at their first record.
        for stage in Stage::ALL {
            record_one(&stages, stage, Instant(1000));
        }
        let mut random = 88_172_645_463_325_252_u64;
        each(
            "a record",
            Box::new(move |number| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                // Up to a millisecond, and nine stages, as a produce has.
                record_one(&stages, Stage::ALL[number as usize % 9], Instant(random >> 44));
            }),
        );
        each("the clock", Box::new(|_| _ = black_box(now())));
        each("the turn's clock", Box::new(|_| _ = black_box(recently())));
    });
    if let Err(error) = ran {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
