//! `ottla` with a slowdown that the gates on the process must notice; `OTTLA_PLANT` names it. Its code is planted always.

use ottla_perf::plant::Plant;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

/// Touched and kept: a tenth of an idle broker or more.
const MEMORY_BYTES: usize = 4 << 20;
/// Between two planted system calls: many for each request, however slowly they are served.
const PAUSE: Duration = Duration::from_micros(50);

fn main() -> ExitCode {
    let kept: Vec<u8> = match Plant::of_environment() {
        Some(Plant::Memory) => black_box(vec![1; MEMORY_BYTES]),
        Some(Plant::SystemCall) => {
            // Each sleep is one.
            drop(std::thread::spawn(|| {
                loop {
                    std::thread::sleep(PAUSE);
                }
            }));
            Vec::new()
        }
        _ => Vec::new(),
    };
    black_box(code::CODE);
    let exit = ottla::cli::main();
    drop(kept);
    exit
}

/// Some hundreds of functions that nobody calls and no compiler may leave out.
mod code {
    type Function = fn(&mut [u64; 64]);

    macro_rules! functions {
        ($($number:literal)*) => {
            &[$(functions::<{ $number * 8 }>, functions::<{ $number * 8 + 1 }>, functions::<{ $number * 8 + 2 }>,
                functions::<{ $number * 8 + 3 }>, functions::<{ $number * 8 + 4 }>, functions::<{ $number * 8 + 5 }>,
                functions::<{ $number * 8 + 6 }>, functions::<{ $number * 8 + 7 }>,)*]
        };
    }

    pub static CODE: &[Function] = functions!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39
        40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
    );

    fn functions<const N: u64>(state: &mut [u64; 64]) {
        macro_rules! rounds {
            ($($at:literal)*) => {
                $(state[$at] = state[($at + 7) % 64].rotate_left(N as u32 % 64) ^ (state[$at].wrapping_mul(N + $at));)*
            };
        }
        rounds!(
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38
            39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
        );
    }
}
