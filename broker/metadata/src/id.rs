//! Ids and seeded draws: the wire's own types, under the names that this crate's users know.

pub use ottla_protocol::{ParseUuidError, Seed, Uuid};
