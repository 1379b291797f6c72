//! A broker that speaks Kafka's protocol: thread per core, io_uring, direct I/O.
pub mod cli;
pub mod config;
pub mod controller;
