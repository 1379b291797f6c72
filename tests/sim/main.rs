//! Seeded simulations: whole parts of the broker on one thread, with crashes at any point, on disks that lose, keep
//! or tear what was not made durable.
//!
//! `OTTLA_SEEDS=1000` runs so many seeds of the quickest scenario and others in proportion, `OTTLA_FIRST_SEED=n` begins at
//! another than 0, `OTTLA_SEED=n` runs one. Each says how many seeds and crashes it went through (`--nocapture`). A seed that
//! fails prints the command that repeats it.

mod backfill;
mod broker;
mod compaction;
mod controller;
mod fetch_sessions;
mod full;
mod groups;
mod link;
mod lives;
mod log;
mod seeds;
mod storm;
mod transactions;
