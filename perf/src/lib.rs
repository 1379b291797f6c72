//! Figures of the broker that need no quiet machine, and comparisons on one that is.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`gates`] | the figures that are held to bounds, and the file of bounds |
//! | [`scenarios`], [`parts`] | what the broker and its parts are asked to do |
//! | [`simulated`], [`meter`], [`scope`] | a whole broker in the simulator, and what of it is counted |
//! | [`traffic`], [`client`] | its requests |
//! | [`ring`] | the real ring's driver, for a profiler |
//! | [`plant`] | slowdowns that the gates must notice |
//! | [`compare`], [`floors`] | runtimes and read paths on the same work; the least that a machine takes |
//! | [`timed`] | loads of `ottla-bench` and a broker's life, recorded over commits |
//! | [`numbers`] | the broker's figures beside Apache Kafka's and beside the floors, as a page |
//! | [`machine`], [`rounds`], [`disk`] | what these have in common |

pub mod client;
#[cfg(feature = "timed")]
pub mod compare;
pub mod disk;
#[cfg(feature = "timed")]
pub mod floors;
pub mod gates;
pub mod machine;
pub mod meter;
#[cfg(feature = "timed")]
pub mod numbers;
pub mod parts;
pub mod plant;
pub mod ring;
pub mod rounds;
pub mod scenarios;
pub mod scope;
pub mod simulated;
#[cfg(feature = "timed")]
pub mod timed;
pub mod traffic;
