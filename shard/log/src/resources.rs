//! What the logs of one core share: the batch cache's budget, open files for reading, loaded indexes.

use std::rc::Rc;

/// Bounds of [`Resources`].
#[derive(Clone, Debug)]
pub struct ResourceLimits {
    /// Tail chunks of all logs of this core. Above it the oldest written chunks go first.
    pub batch_cache_bytes: usize,
    /// Files kept open for cold reads.
    pub read_files: usize,
    /// Index files of sealed segments kept in memory.
    pub index_cache_bytes: usize,
    /// A log without an append for this long frees its chunks and closes its files.
    pub idle_ms: u64,
}

impl Default for ResourceLimits {
    fn default() -> ResourceLimits {
        ResourceLimits {
            batch_cache_bytes: 64 << 20,
            read_files: 64,
            index_cache_bytes: 8 << 20,
            idle_ms: 10_000,
        }
    }
}

/// One per core, shared by its logs.
pub struct Resources {
    #[expect(dead_code, reason = "read by the cache")]
    limits: ResourceLimits,
}

impl Resources {
    pub fn new(limits: ResourceLimits) -> Rc<Resources> {
        Rc::new(Resources { limits })
    }
}
