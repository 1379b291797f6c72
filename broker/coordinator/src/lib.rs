//! The coordinators of groups as pure state machines: events in, records and replies out.
//!
//! ```text
//! request, timer, deleted topic ──▶ Shard ──▶ Out { records, replies }
//!                                     ▲            │ append
//!                    load ── replay ──┴── replay ──┘        replies leave when the records are durable
//! ```
//! A [`Shard`] coordinates the groups of one partition of `__consumer_offsets`. It does no I/O, reads no clock and draws
//! no randomness of its own: a [`Turn`] brings the time, settings bring the seed. What is to outlive the process is a
//! [`Record`], and [`Shard::replay`] alone changes it, right after the host has appended the record and when the
//! partition is loaded. What is in no record (who waits for a rebalance, when a session ends) is gone after a restart,
//! and members join again.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`shard`] | the frame: groups by their ids, timers, replay, what all protocols share |
//! | [`record`] | keys and values of `__consumer_offsets`, as Kafka writes them |
//! | [`classic`] | groups whose members assign: join, sync, heartbeat, leave |
//! | [`offsets`] | what groups have committed: commit, fetch, delete, expire |
//! | [`requests`] | a method of [`Shard`] for each request |
//! | [`timers`], [`turn`], [`settings`] | deadlines as data; what goes in and out of a turn; Kafka's settings |

pub mod classic;
pub mod offsets;
pub mod record;
pub mod requests;
pub mod settings;
pub mod shard;
pub mod timers;
pub mod turn;

pub use record::Record;
pub use settings::Settings;
pub use shard::{Group, Shard};
pub use turn::{Client, Out, Reply, Turn, Waiter};
