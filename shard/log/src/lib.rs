//! A partition's files: segments, indexes, recovery, batch cache.
//!
//! Kafka's own layout, byte for byte, so that `kafka-dump-log` reads it and a directory can move between the two.
//! A [`Log`] lives on the core that owns its partition and never leaves it. It appends synchronously into memory,
//! writes by one task with one write in flight, and says when an offset is durable. It knows batches and offsets;
//! it never decodes records on the hot path, never assigns leadership, and never sees a socket.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`log`] | the handle: append, wait, read, truncate, close |
//! | [`config`], [`limits`] | the topic settings that a log follows, and fixed bounds |
//! | [`compact`] | what compaction leaves of a log, and how it gets there |
//! | [`batch`], [`scan`], [`index`], [`snapshot`], [`checkpoint`] | the files' formats, pure |
//! | [`transactions`] | which are open as batches go by, pure |
//! | [`data_directory`] | the files beside the partitions: checkpoints, identity, the clean-shutdown mark |
//! | [`resources`] | what the logs of one core share: batch cache, open files, loaded indexes |

mod aborted;
pub mod batch;
pub mod checkpoint;
pub mod compact;
pub mod config;
pub mod data_directory;
pub mod error;
pub mod index;
pub mod limits;
pub mod log;
mod read;
mod read_ahead;
mod records;
mod recover;
mod replay;
pub mod resources;
mod retain;
pub mod scan;
pub mod snapshot;
mod state;
mod survey;
mod tail;
mod timestamps;
pub mod transactions;
mod truncate;
mod walk;
mod writer;

pub use checkpoint::epochs::EpochEntry;
pub use config::LogConfig;
pub use error::{AppendError, Error};
pub use index::AbortedTxn;
pub use log::{AppendInfo, Appended, Health, Log, Opening, Recovered, SegmentInfo, Slices, TimestampOffset};
pub use resources::{LogCounts, ResourceLimits, Resources};
pub use retain::Retention;

pub use ottla_protocol::records::Offset;

#[cfg(test)]
mod tests;
