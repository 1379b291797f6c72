//! Leader state of one partition: who is in sync, and how far records are safe on all of them (the high watermark).
//!
//! PURE: no I/O, no clock, no allocation but the replica lists. The owning shard feeds it what became durable and asks what follows.
//! It never decides who leads: that is the controller's, and arrives here as a [`Assignment`].

mod leader;

pub use leader::{AppendRefusal, Assignment, Leader};

/// A broker's id, Kafka's `node.id`.
pub type NodeId = i32;
/// A position in a partition's log.
pub type Offset = i64;
