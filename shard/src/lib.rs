//! What one core owns: partitions, purgatory, mesh, budgets.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`partition`] | a hosted partition: append, acks, reads, offsets |
//! | [`producers`] | its idempotent and transactional producers, and their snapshots |
//! | [`produce`] | what is checked of a batch, before, on the connection's core |
//! | [`purgatory`] | fetches that wait for bytes |
//! | [`standing`] | which partitions of a fetch session have news |
//! | [`partitions`], [`placement`] | which partitions are here, and which core owns which |
//! | [`settings`] | a topic's settings |
//! | [`stages`] | how long each stage of a request takes |
//! | [`mesh`], [`budget`] | calls between cores, and memory that is counted before it is taken |

pub mod budget;
pub mod mesh;
pub mod partition;
pub mod partitions;
pub mod placement;
pub mod produce;
pub mod producers;
pub mod purgatory;
pub mod settings;
pub mod stages;
pub mod standing;

pub use budget::Budget;
pub use mesh::{Gone, Mesh};
pub use partition::{
    Acks, AppendFuture, AppendOrigin, AppendResult, CompactionMeans, FetchData, Isolation, ListedOffset,
    Partition, PartitionSpec,
};
pub use partitions::{Census, Hosted, Partitions};
pub use produce::{Checked, Refusal, check};
pub use producers::ProducerInfo;
pub use purgatory::{BytesWait, Watch, wait_for_bytes};
pub use settings::{CompactionSettings, TimestampType, TopicCompression, TopicSettings};
