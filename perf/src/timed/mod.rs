//! Timed scenarios: loads of `perf/scenarios/`, and a broker's start and recovery, measured on real brokers, one build
//! beside another, and recorded. They inform; nothing fails by them, because another machine gives other figures.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`load`] | one run of `ottla-bench` against a fresh broker |
//! | [`life`] | start and recovery |
//! | [`record`] | what is kept of a scenario: sides, medians, ratios |
//! | [`page`] | all records over time |

pub mod life;
pub mod load;
pub mod page;
pub mod record;

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Figures of one run, by names with their units last.
pub type Figures = BTreeMap<String, f64>;

/// A build of the broker.
#[derive(Clone, Debug)]
pub struct Build {
    pub binary: PathBuf,
    pub commit: String,
}

/// What one run gave, and why it cannot be trusted, if so.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub figures: Figures,
    pub invalid: Vec<String>,
}
