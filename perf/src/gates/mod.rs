//! The gates: figures that need no quiet machine, held to bounds in a file.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`figure`] | what is measured, and in which unit |
//! | [`bounds`] | the file of bounds: read, judge, accept |
//! | [`counts`] | figures of the simulated broker |
//! | [`instructions`] | figures that gungraun left behind |
//! | [`process`], [`calls`] | figures of the real process and of its binary |

pub mod bounds;
pub mod calls;
pub mod counts;
pub mod figure;
pub mod instructions;
pub mod process;

pub use bounds::{Bounds, Judged, Verdict};
pub use figure::{Figure, Group, Kind};
