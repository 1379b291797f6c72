//! A broker that speaks Kafka's protocol: thread per core, io_uring, direct I/O.
mod api;
mod cleaner_offsets;
pub mod cli;
mod compaction;
pub mod config;
pub mod controller;
mod core;
mod disk_space;
mod groups;
mod limits;
mod log_dirs;
mod log_starts;
mod metrics;
mod net;
mod openings;
mod producer_expiry;
mod publish;
mod recovery;
mod retention;
pub mod server;
mod stats;
mod strays;

pub use core::Core;
#[cfg(test)]
mod testing;
