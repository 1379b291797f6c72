//! A run: its workers on their cores, and the one thread that starts, watches and sums them up.
//!
//! | what | where |
//! | --- | --- |
//! | topics, offsets and settings before the load; their removal after it | [`prepare`] |
//! | what everyone knows | [`plan`] |
//! | a core's executor with its producers and consumers | [`worker`] |
//! | records from the schedule to the socket and back | [`source`], [`producer`], [`lane`], [`batch`], [`link`] |
//! | records from the broker | [`consumer`], [`session`], [`membership`] |
//! | counts and distributions | [`interval`], [`summary`] |
//! | record by record | [`stamp`], [`ledger`] |
//! | whether the figures can be trusted | [`verdict`] |
//! | all of it together | [`run`] |

pub mod batch;
pub mod churn;
pub mod consumer;
pub mod interval;
pub mod lane;
pub mod ledger;
pub mod link;
pub mod membership;
pub mod plan;
pub mod prepare;
pub mod producer;
pub mod run;
pub mod session;
pub mod signal;
pub mod source;
pub mod stamp;
pub mod summary;
pub mod verdict;
pub mod worker;

pub use run::{Observer, Options, Quiet, meter_of, run};
