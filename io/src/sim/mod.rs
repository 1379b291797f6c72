//! The simulated twin of the ring: nodes with shards, disks and a network between them, on one thread, from a seed.
//!
//! A [`World`] runs whole nodes against the same face that the ring has. Its clock jumps to the next event; which task
//! runs next, how long an op takes, how a stream is cut into pieces and what a crash leaves all come from the seed. One
//! seed always gives one history, which [`World::trace_hash`] sums up.
//!
//! ```text
//!   World::step:  due ops and packets take place ─► one reactor that has something to do polls and turns ─► …
//!                 none has: the clock jumps to the next event or timer
//! ```
//! | module | what it holds |
//! | --- | --- |
//! | [`config`], [`faults`] | latencies, probabilities, faults on request, planted lies |
//! | `state` | ops in flight, events, crashes of nodes |
//! | `ops` | what each op does |
//! | `disk` | files and directories, what is durable and what a crash leaves |
//! | `net` | streams, cuts, resets |
//! | `watch` | what of it all is the program's own doing |

pub mod config;
mod disk;
mod driver;
pub mod faults;
mod net;
mod ops;
mod state;
#[cfg(test)]
mod tests;
mod trace;
mod watch;
mod world;

pub use config::{Config, DiskConfig, Latency, Lies, NetConfig};
pub use faults::{Effect, Fault, Operation};
pub use state::crash_count;
pub use watch::Watch;
pub use world::{Crash, NodeId, Run, World};
