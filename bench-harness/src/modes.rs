//! What is made of several runs: the highest rate that holds, one broker against another, hours of it.

pub mod ab;
pub mod side;
pub mod soak;
pub mod sweep;
