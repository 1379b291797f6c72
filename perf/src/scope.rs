//! Functions that a profiler knows by name: callgrind counts from the entry of [`collected`] to its exit, and leaves out
//! what is [`set_aside`] within it (`--toggle-collect`, see `instructions/`).

use std::hint::black_box;

/// What is to be counted.
#[inline(never)]
pub fn collected(work: &mut dyn FnMut()) {
    work();
    // Neither a tail call, which would leave the function early, nor the same code as its neighbour, which a compiler
    // makes one of.
    black_box(1_u8);
}

/// What is not, inside of what is.
#[inline(never)]
pub fn set_aside(work: &mut dyn FnMut()) {
    work();
    black_box(2_u8);
}
