//! What a core counts of its requests and connections, and how long each of their stages takes: always on.
//!
//! Lives on every core, as part of its [`Core`](crate::core::Core); what the reactor and the logs count stays with them.
//! Whoever wants to see it asks for a [`report`], which is gathered by one call to each core.

pub(crate) mod report;
mod requests;

pub(crate) use ottla_shard::stages::{Kind, Stage, Stages};
pub(crate) use requests::Requests;

use std::cell::Cell;
use std::rc::Rc;

ottla_io::counts! {
    /// What one core has counted of its connections and requests.
    pub struct NetCounts, NetTally {
        /// Connections accepted.
        connections_accepted,
        /// Connections refused because a limit was reached.
        connections_refused,
        /// Connections closed because they held memory that others waited for, and nothing moved.
        connections_shed,
        /// Requests that waited for memory before they were read.
        request_memory_waits,
        /// Bytes of requests, their length fields among them.
        request_bytes,
        /// Bytes of responses, their length fields among them.
        response_bytes,
        /// Bytes of record batches in responses to fetches.
        fetched_bytes,
        /// Times that a fetch was parked because there was too little to send.
        fetches_parked,
    }
}

/// One core's. Recorded by whoever sees it happen.
#[derive(Default)]
pub(crate) struct Stats {
    pub(crate) stages: Stages,
    pub(crate) requests: Requests,
    pub(crate) net: NetTally,
    /// Fetches that are parked now.
    pub(crate) parked: Rc<Cell<usize>>,
}

/// A fetch that is parked, until it is dropped.
pub(crate) struct Parked(Rc<Cell<usize>>);

impl Stats {
    pub(crate) fn park(&self) -> Parked {
        ottla_io::counters::add(&self.net.fetches_parked, 1);
        self.parked.set(self.parked.get() + 1);
        Parked(self.parked.clone())
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
