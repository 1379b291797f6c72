//! What one core may take, from the broker's settings.

use crate::config::BrokerConfig;
use ottla_log::ResourceLimits;
use std::time::Duration;

/// Of the memory of all cores together, when `ottla.memory.bytes` is not set.
const MEMORY_BYTES: u64 = 512 << 20;
/// Tail chunks of all cores together, when `ottla.batch.cache.bytes` is not set.
const BATCH_CACHE_BYTES: u64 = 256 << 20;

/// Windows of all cores together that catch-up readers share, when `ottla.read.ahead.bytes` is not set.
const READ_AHEAD_BYTES: u64 = 64 << 20;

/// One core's share.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Of requests and responses.
    pub(crate) memory_bytes: usize,
    pub(crate) batch_cache_bytes: usize,
    pub(crate) log_prepare_bytes: u64,
    pub(crate) read_ahead_bytes: usize,
    pub(crate) request_bytes_max: usize,
    /// One response to a fetch takes at most this, a first batch that is larger aside.
    pub(crate) response_bytes_max: usize,
    pub(crate) connection_idle_max: Option<Duration>,
    pub(crate) fetch_sessions_max: usize,
    /// Of groups, their members and their offsets.
    pub(crate) groups_bytes: usize,
}

impl Limits {
    pub(crate) fn of(config: &BrokerConfig, shards: usize) -> Limits {
        let share = |bytes: u64| usize::try_from(bytes / shards.max(1) as u64).unwrap_or(usize::MAX);
        let memory_bytes = share(config.runtime.memory_bytes.unwrap_or(MEMORY_BYTES));
        let positive = |value: i32| usize::try_from(value).unwrap_or(0);
        Limits {
            memory_bytes,
            batch_cache_bytes: share(config.runtime.batch_cache_bytes.unwrap_or(BATCH_CACHE_BYTES)),
            log_prepare_bytes: config.runtime.log_prepare_bytes,
            read_ahead_bytes: share(config.runtime.read_ahead_bytes.unwrap_or(READ_AHEAD_BYTES)),
            request_bytes_max: config.network.request_bytes_max as usize,
            // Eight responses fit beside each other, so that a slow reader leaves room for others.
            response_bytes_max: positive(config.fetch.response_bytes_max).min(memory_bytes / 2 / 8).max(1),
            connection_idle_max: config.network.idle_ms_max.map(Duration::from_millis),
            // A million offsets take some 150 MB; beside requests, so that neither starves the other.
            groups_bytes: memory_bytes / 2,
            fetch_sessions_max: positive(config.fetch.sessions_max).div_ceil(shards.max(1)),
        }
    }

    pub(crate) fn log_resources(&self) -> ResourceLimits {
        ResourceLimits {
            batch_cache_bytes: self.batch_cache_bytes,
            prepare_bytes: self.log_prepare_bytes,
            read_ahead_bytes: self.read_ahead_bytes,
            ..ResourceLimits::default()
        }
    }
}
