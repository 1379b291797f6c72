//! The reactor of one core: tasks, buffers, files, sockets, timers and messages between cores over one io_uring,
//! and its simulated twin with the same face.
//!
//! Everything here acts on the reactor of the calling thread ("current reactor"); outside one it panics.
//! Code above this crate cannot tell which twin it runs on. Nothing above names `io-uring`, `std::time::Instant`,
//! `std::fs` or `std::net` on a shard.

pub mod buffer;
pub mod counters;
mod driver;
mod executor;
pub mod file;
pub mod local;
pub mod mesh;
pub mod net;
mod reactor;
mod ring;
pub mod runtime;
pub mod sim;
pub mod task;
pub mod time;

pub use buffer::{AppendBuffer, BLOCK_BYTES, Buffer};
pub use counters::{Counters, count_copied, counters};
pub use file::{Durability, File, OpenOptions};
pub use runtime::{ShardContext, ShardId};
pub use task::{Class, JoinHandle, spawn, yield_now};
pub use time::{Instant, now, recently, sleep, timeout, unix_millis};
