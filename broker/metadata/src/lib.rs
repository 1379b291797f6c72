//! The cluster's image, its changes, and the controller's decisions.
//!
//! [`Record`]s are the only durable change. [`Delta`] replays them onto an immutable [`Image`], live and on load,
//! and remembers what they touched. [`decide`] turns a request and the newest image into records and a reply.
//! [`encoding`] is how records and images lie on disk.
//!
//! Pure: no I/O, no clock, no randomness of its own. Time and seeds are arguments.

pub mod changes;
pub mod decide;
pub mod delta;
pub mod encoding;
pub mod envelope;
pub mod id;
pub mod image;
pub mod record;

pub use changes::Changes;
pub use delta::{Delta, ReplayError};
pub use id::Uuid;
pub use image::{Broker, ConfigResource, Endpoint, Image, Partition, ResourceType, Topic};
pub use record::Record;
