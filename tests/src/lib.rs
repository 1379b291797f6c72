//! Tests that need more than one crate: simulator, crashes, wire, real clients.
//!
//! What the programs share: a client of their own that can also lie, record batches built by hand, and brokers as processes.
//! Batches and codecs are built here and not by `ottla_protocol`, so that a fault there doesn't agree with itself.

pub mod batch;
pub mod broker;
pub mod client;
pub mod power;
