//! Memory that the ring may hold: aligned, pooled, owned by one party at a time.

use bytes::Bytes;

/// Alignment of every buffer, and the unit of direct I/O. 512 would do on many disks; 4,096 is right everywhere.
pub const BLOCK_BYTES: usize = 4096;

/// A uniquely owned, block-aligned buffer from this core's pool. `len` bytes are valid, `capacity` are there.
///
/// Contents between `len` and `capacity` are stale bytes of earlier users, never uninitialised: what goes to disk
/// beyond `len` must be zeroed by the writer. Derefs to `[u8]` of `len`. Dropping returns it to the pool.
pub struct Buffer {}

impl Buffer {
    /// A buffer of at least `capacity` bytes (rounded up to a pool size class). `len` is 0.
    pub fn with_capacity(capacity: usize) -> Buffer {
        let _ = capacity;
        todo!()
    }
    pub fn capacity(&self) -> usize {
        todo!()
    }
    pub fn len(&self) -> usize {
        todo!()
    }
    pub fn is_empty(&self) -> bool {
        todo!()
    }
    pub fn clear(&mut self) {
        todo!()
    }
    /// Sets `len`; bytes that become valid are zeroed. Panics beyond `capacity`.
    pub fn resize(&mut self, len: usize) {
        let _ = len;
        todo!()
    }
    /// Appends as much as fits is not offered: panics if `bytes` does not fit.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        let _ = bytes;
        todo!()
    }
    /// Shares the valid bytes without a copy; the memory returns to the pool with the last reference
    /// (from another core: by way of this core's return queue).
    pub fn freeze(self) -> Bytes {
        todo!()
    }
}

/// A grow-only block-aligned region: one writer appends, and any number of [`Bytes`] share what was appended.
///
/// This is how the log's tail is batch cache and write source at once: shared ranges are immutable, the writer only
/// touches bytes that were never shared. Dropping the writer keeps shared ranges alive. Fresh regions are zeroed.
pub struct AppendBuffer {}

impl AppendBuffer {
    pub fn with_capacity(capacity: usize) -> AppendBuffer {
        let _ = capacity;
        todo!()
    }
    pub fn len(&self) -> usize {
        todo!()
    }
    pub fn is_empty(&self) -> bool {
        todo!()
    }
    pub fn remaining(&self) -> usize {
        todo!()
    }
    /// Appends `len` zeroed bytes and lets `fill` write them. Panics when `len > remaining()`.
    pub fn append_with<R>(&mut self, len: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        let _ = (len, fill);
        todo!()
    }
    /// Shares `[start, end)` without a copy. Panics beyond `len`.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Bytes {
        let _ = range;
        todo!()
    }
}
