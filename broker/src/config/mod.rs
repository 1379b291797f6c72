//! Settings: what Kafka calls them, what they are worth here, and who set them.
//!
//! [`registry`] knows every setting of Kafka 4.3 and Ottla's own, as tables. [`BrokerConfig::load`] reads a
//! `server.properties` and overrides into typed fields. [`TopicSettings::of`] gives what is in force for one topic.
//! The schema is what the controller asks before it changes a setting, and [`describe`] answers DescribeConfigs.
//!
//! Pure: functions of their arguments, without I/O. A shard calls them when an image arrives, not per request.

pub mod broker;
mod checks;
pub mod describe;
mod network;
pub mod properties;
pub mod registry;
mod schema;
mod sources;
pub mod topic;
pub mod value;

pub use broker::{BrokerConfig, Error, Input, Loaded, Note, Pinning};
pub use network::{Listener, NetworkConfig, SecurityProtocol};
pub use sources::{Effective, LiveConfig, Source};
pub use topic::{Durability, TopicSettings};

#[cfg(test)]
mod tests;
