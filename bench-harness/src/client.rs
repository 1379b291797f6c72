//! The load's own Kafka client: connections on `glommio`, over `ottla_protocol` alone.
//!
//! | what | where |
//! | --- | --- |
//! | one connection: frames, versions, a request and its answer | [`connection`] |
//! | the cluster: who leads what, topics, offsets, settings | [`cluster`], [`admin`] |
//! | membership of a classic group | [`group`] |
//!
//! Producers and consumers take a connection apart and pipeline on it themselves: see [`crate::load`].

pub mod admin;
pub mod cluster;
pub mod connection;
pub mod group;
pub mod request;

pub use cluster::{Cluster, Partition, TopicMap};
pub use connection::{Connection, Receiver, Sender, Versions, frame};

use futures_lite::future;
use glommio::timer::Timer;
use std::future::Future;
use std::time::Duration;

pub const CLIENT_ID: &str = "ottla-bench";

/// What `future` yields, or none once `timeout` has passed; the future is dropped then.
pub async fn within<T>(timeout: Duration, future: impl Future<Output = T>) -> Option<T> {
    future::or(async { Some(future.await) }, async {
        Timer::new(timeout).await;
        None
    })
    .await
}
