//! A load generator for any broker that speaks Kafka's protocol, and the reports of what it saw.
//!
//! It shares `ottla_protocol` with the broker and nothing else: its client, its runtime and its clock are its own, so that a
//! measured broker is never measured by itself.

pub mod cli;
pub mod client;
pub mod clock;
pub mod compare;
pub mod cost;
pub mod durability;
pub mod error;
pub mod gate;
pub mod host;
pub mod load;
pub mod modes;
pub mod outcome;
pub mod peer;
pub mod report;
pub mod schedule;
pub mod versus;
pub mod workload;
