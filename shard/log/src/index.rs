//! Kafka's three index files. Pure.
//!
//! All are sparse or rare, have no checksum and can be made again from the log: a lookup is a hint, and whoever
//! follows it checks that a batch lies there that fits.

pub mod build;
pub mod offset;
pub mod time;
pub mod transaction;

pub use build::IndexBuilder;
pub use offset::OffsetIndex;
pub use time::TimeIndex;
pub use transaction::{AbortedTxn, TransactionIndex};

/// Why the bytes of an index cannot be used; it is then made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexFault {
    #[error("{0} bytes are no whole number of entries")]
    Size(usize),
    #[error("entry {0} does not ascend")]
    Order(usize),
    #[error("entry {0} says what cannot be, or points outside the segment")]
    Range(usize),
    #[error("entry {0} has an unknown version")]
    Version(usize),
    #[error("the file is missing")]
    Missing,
}
