//! Compaction: of each key the last value stays, at its offset; what came before it goes (`cleanup.policy=compact`).
//!
//! ```text
//! dirt ─► is it worth it? ─► the keys of the dirty part, each with its last offset ─► group by group, oldest first:
//!         filter every batch ─► X.log.cleaned ─► X.log.swap ─► X.log
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`plan`], [`filter`], [`offset_map`], [`transactions`] | the rules, pure |
//! | [`run`] | a pass over a log |
//! | [`source`], [`output`], [`swap`] | files: read, made, and put in place of others |
//! | [`pace`] | how fast |
//!
//! Which log is to be cleaned, and when, is the caller's to say. Nothing here knows a partition or a leader: what may be
//! cleaned ends at an offset that the caller gives, and never reaches the active segment.

mod filter;
mod offset_map;
mod output;
mod pace;
mod plan;
mod run;
mod source;
mod swap;
#[cfg(test)]
mod tests;
mod transactions;

pub use filter::LastBatch;
pub(crate) use output::CLEANED_SUFFIXES;
pub use pace::Pace;
pub use plan::{Dirt, Lags};
pub use run::{Compacted, Compaction};
pub(crate) use run::{compact, dirt};
