//! What is made of runs: the highest rate that holds, one broker against another, hours of it, a recorded load again.

pub mod ab;
pub mod crew;
pub mod merge;
pub mod side;
pub mod soak;
pub mod sweep;
pub mod trace;
