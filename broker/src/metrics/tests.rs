//! The pages as a real broker serves them, and the counts behind them in the simulator.

mod counts;
mod serving;
