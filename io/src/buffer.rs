//! Memory that the ring may hold: aligned, pooled, owned by one party at a time.
//!
//! Buffers come in powers of two from 4 KiB. Up to [`POOLED_BYTES_MAX`] they return to a pool of the thread that
//! drops them, up to [`RETAINED_BYTES_MAX`] in all; larger ones, and what is over the bound, go back to the allocator.
//! Memory belongs to no thread in particular: a buffer dropped on another core just ends up there.
//!
//! Nothing here is ever uninitialised, and nothing waits: a bound on the memory in use is the budget of `shard`.
#![allow(unsafe_code)]

use crate::counters::{add, count_copied};
use crate::reactor::try_current;
use bytes::Bytes;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::RefCell;
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;
use std::sync::Arc;

/// Alignment of every buffer, and the unit of direct I/O. 512 would do on many disks; 4,096 is right everywhere.
pub const BLOCK_BYTES: usize = 4096;

/// Larger buffers are rare (a frame near its limit), so that keeping one would cost more than it saves.
pub const POOLED_BYTES_MAX: usize = 1 << 20;

/// What a core keeps for reuse: 64 connections' receive buffers of 64 KiB, and as much again for reads.
pub const RETAINED_BYTES_MAX: usize = 8 << 20;

const CLASS_COUNT: usize = (POOLED_BYTES_MAX / BLOCK_BYTES).trailing_zeros() as usize + 1;
const _: () = assert!(BLOCK_BYTES << (CLASS_COUNT - 1) == POOLED_BYTES_MAX);
const _: () = assert!(RETAINED_BYTES_MAX >= POOLED_BYTES_MAX);

/// From this size on memory is asked for without alignment and with a block to spare: the allocator then takes fresh
/// pages from the kernel, which are zero already and cost nothing until they are touched. Asked for with alignment, all
/// of it would be written with zeros first.
const LAZY_BYTES_MIN: usize = 64 << 10;

/// Initialised memory on a block boundary, freed with the value.
struct Memory {
    start: NonNull<u8>,
    bytes: usize,
    /// What the allocator gave.
    allocation: NonNull<u8>,
    /// Not as the allocator gave it: somebody had it before, and it need not be zero.
    is_used: bool,
}

// SAFETY: the memory is plain bytes from the global allocator; no thread has a special claim to it.
unsafe impl Send for Memory {}
// SAFETY: `Memory` gives out a raw pointer only; who dereferences it says why it may.
unsafe impl Sync for Memory {}

impl Memory {
    /// Zeroed. `bytes` is a positive block multiple.
    fn new(bytes: usize) -> Memory {
        assert!(bytes > 0 && bytes.is_multiple_of(BLOCK_BYTES), "a buffer of {bytes} bytes");
        let layout = Memory::layout(bytes);
        // SAFETY: the layout's size is not zero.
        let allocation = unsafe { alloc_zeroed(layout) };
        let Some(allocation) = NonNull::new(allocation) else { handle_alloc_error(layout) };
        let offset = allocation.as_ptr().align_offset(BLOCK_BYTES);
        assert!(offset + bytes <= layout.size(), "room to align in");
        // SAFETY: the offset lies within the allocation, as just checked.
        let start = unsafe { allocation.add(offset) };
        Memory { start, bytes, allocation, is_used: false }
    }

    fn layout(bytes: usize) -> Layout {
        let layout = if bytes < LAZY_BYTES_MIN {
            Layout::from_size_align(bytes, BLOCK_BYTES)
        } else {
            Layout::from_size_align(bytes + BLOCK_BYTES, size_of::<u64>())
        };
        layout.expect("a buffer is smaller than the address space")
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: `allocation` came from `alloc_zeroed` with this layout, and nobody else frees it.
        unsafe { dealloc(self.allocation.as_ptr(), Memory::layout(self.bytes)) }
    }
}

/// Memory that returns to the pool of the thread that drops it.
struct Lease(Option<Memory>);

impl Lease {
    fn new(bytes: usize) -> Lease {
        let (memory, is_new) = take(bytes);
        try_current(|reactor| {
            add(&reactor.tally.buffers_taken, 1);
            add(&reactor.tally.buffer_bytes_taken, memory.bytes as u64);
            add(&reactor.tally.buffers_allocated, u64::from(is_new));
        });
        Lease(Some(memory))
    }
}

impl Deref for Lease {
    type Target = Memory;
    #[inline]
    fn deref(&self) -> &Memory {
        match &self.0 {
            Some(memory) => memory,
            None => unreachable!("memory is taken by drop alone"),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(mut memory) = self.0.take() {
            memory.is_used = true;
            try_current(|reactor| {
                add(&reactor.tally.buffers_returned, 1);
                add(&reactor.tally.buffer_bytes_returned, memory.bytes as u64);
            });
            give_back(memory);
        }
    }
}

#[derive(Default)]
struct Pool {
    classes: [Vec<Memory>; CLASS_COUNT],
    retained_bytes: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// `None` for what is not pooled: large memory, and regions of odd sizes.
fn class_of(bytes: usize) -> Option<usize> {
    let blocks = bytes / BLOCK_BYTES;
    (bytes <= POOLED_BYTES_MAX && blocks.is_power_of_two()).then(|| blocks.trailing_zeros() as usize)
}

/// Memory, and whether it is from the allocator.
fn take(bytes: usize) -> (Memory, bool) {
    let pooled = class_of(bytes).and_then(|class| {
        POOL.try_with(|pool| {
            let pool = &mut *pool.borrow_mut();
            let memory = pool.classes[class].pop()?;
            pool.retained_bytes -= memory.bytes;
            Some(memory)
        })
        .ok()
        .flatten()
    });
    let is_new = pooled.is_none();
    (pooled.unwrap_or_else(|| Memory::new(bytes)), is_new)
}

fn give_back(memory: Memory) {
    let Some(class) = class_of(memory.bytes) else { return };
    // While the thread ends its pool is gone already; the memory is freed then.
    let _ = POOL.try_with(|pool| {
        let pool = &mut *pool.borrow_mut();
        if pool.retained_bytes + memory.bytes <= RETAINED_BYTES_MAX {
            pool.retained_bytes += memory.bytes;
            pool.classes[class].push(memory);
        }
    });
}

/// A uniquely owned, block-aligned buffer from this core's pool. `len` bytes are valid, `capacity` are there.
///
/// Contents between `len` and `capacity` are stale bytes of earlier users, never uninitialised: what goes to disk
/// beyond `len` must be zeroed by the writer. Derefs to `[u8]` of `len`. Dropping returns it to the pool.
pub struct Buffer {
    memory: Lease,
    len: usize,
}

impl Buffer {
    /// A buffer of at least `capacity` bytes (rounded up to a power of two of blocks; beyond the pooled sizes to
    /// whole blocks). `len` is 0.
    pub fn with_capacity(capacity: usize) -> Buffer {
        let blocks = capacity.div_ceil(BLOCK_BYTES).max(1);
        let blocks =
            if blocks <= POOLED_BYTES_MAX / BLOCK_BYTES { blocks.next_power_of_two() } else { blocks };
        let bytes = blocks.checked_mul(BLOCK_BYTES).expect("a buffer is smaller than the address space");
        Buffer { memory: Lease::new(bytes), len: 0 }
    }

    pub fn capacity(&self) -> usize {
        self.memory.bytes
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Sets `len`; bytes that become valid are zeroed. Panics beyond `capacity`.
    pub fn resize(&mut self, len: usize) {
        assert!(len <= self.capacity(), "resize to {len} of {}", self.capacity());
        let old = self.len;
        self.len = len;
        if len > old {
            self[old..].fill(0);
        }
    }

    /// Appends as much as fits is not offered: panics if `bytes` does not fit.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        let start = self.len;
        let len = start + bytes.len();
        assert!(len <= self.capacity(), "extend to {len} of {}", self.capacity());
        self.len = len;
        self[start..].copy_from_slice(bytes);
        count_copied(bytes.len());
    }

    /// Moves the valid bytes from `start` on to the front: what a parser does with the rest of its input.
    pub fn consume(&mut self, start: usize) {
        let len = self.len;
        self.copy_within(start..len, 0);
        count_copied(len - start);
        self.len = len - start;
    }

    /// The memory from `start` to the end of the capacity, for a driver to write to.
    pub(crate) fn spare(&mut self, start: usize) -> (*mut u8, usize) {
        let capacity = self.capacity();
        assert!(start <= capacity, "spare from {start} of {capacity}");
        // SAFETY: `start` lies within the allocation or one past its end.
        (unsafe { self.memory.start.as_ptr().add(start) }, capacity - start)
    }

    /// Makes the first `len` bytes valid as they are: a driver wrote them, or they are stale.
    pub(crate) fn set_len(&mut self, len: usize) {
        assert!(len <= self.capacity(), "length {len} of {}", self.capacity());
        self.len = len;
    }

    /// Shares the valid bytes without a copy; the memory returns to the pool of the core that drops the last
    /// reference.
    pub fn freeze(self) -> Bytes {
        if self.is_empty() { Bytes::new() } else { Bytes::from_owner(self) }
    }
}

impl Deref for Buffer {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: `len <= bytes` of initialised memory that this value alone owns.
        unsafe { std::slice::from_raw_parts(self.memory.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.memory.start.as_ptr(), self.len) }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Buffer({} of {} bytes)", self.len, self.capacity())
    }
}

/// A grow-only block-aligned region: one writer appends, and any number of [`Bytes`] share what was appended.
///
/// This is how the log's tail is batch cache and write source at once: shared ranges are immutable, the writer only
/// touches bytes that were never shared. Dropping the writer keeps shared ranges alive. With the last of them a region
/// of a power of two of blocks, up to [`POOLED_BYTES_MAX`], returns to the pool.
pub struct AppendBuffer {
    memory: Arc<Lease>,
    len: usize,
    /// A `fill` has panicked: what lies beyond `len` is no longer zero.
    is_spoilt: bool,
}

/// A range of a region that is never written again. What [`Bytes`] refer to.
struct Shared {
    memory: Arc<Lease>,
    range: Range<usize>,
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the range lies within the region (checked by `slice`), is initialised, and lies below the writer's
        // `len`, whereas the writer makes mutable slices only from `len` on and only ever raises it.
        unsafe {
            std::slice::from_raw_parts(self.memory.start.as_ptr().add(self.range.start), self.range.len())
        }
    }
}

impl AppendBuffer {
    /// `capacity` is rounded up to whole blocks.
    pub fn with_capacity(capacity: usize) -> AppendBuffer {
        let blocks = capacity.div_ceil(BLOCK_BYTES).max(1);
        AppendBuffer { memory: Arc::new(Lease::new(blocks * BLOCK_BYTES)), len: 0, is_spoilt: false }
    }

    pub fn capacity(&self) -> usize {
        self.memory.bytes
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn remaining(&self) -> usize {
        self.memory.bytes - self.len
    }

    /// Appends `len` zeroed bytes and lets `fill` write them. Panics when `len > remaining()`.
    pub fn append_with<R>(&mut self, len: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        let was_used = self.memory.is_used || self.is_spoilt;
        self.append(len, |fresh| {
            if was_used {
                fresh.fill(0);
            }
            fill(fresh)
        })
    }

    /// Appends a copy of `bytes` and lets `patch` change it. Panics when it does not fit.
    pub fn append_copy<R>(&mut self, bytes: &[u8], patch: impl FnOnce(&mut [u8]) -> R) -> R {
        self.append(bytes.len(), |fresh| {
            fresh.copy_from_slice(bytes);
            count_copied(bytes.len());
            patch(fresh)
        })
    }

    /// Appends what `fill` makes of `len` bytes, which are stale before.
    fn append<R>(&mut self, len: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        assert!(len <= self.remaining(), "append of {len} to {} remaining", self.remaining());
        // SAFETY: the range lies within the region, is initialised, and was never shared: `slice` gives out only what
        // lies below `self.len`. A panic in `fill` leaves `self.len`, so that the range stays the writer's.
        let fresh = unsafe { std::slice::from_raw_parts_mut(self.memory.start.as_ptr().add(self.len), len) };
        let was_spoilt = std::mem::replace(&mut self.is_spoilt, true);
        let result = fill(fresh);
        self.is_spoilt = was_spoilt;
        self.len += len;
        result
    }

    /// Shares `[start, end)` without a copy. Panics beyond `len`.
    pub fn slice(&self, range: Range<usize>) -> Bytes {
        assert!(range.start <= range.end, "slice {range:?}");
        assert!(range.end <= self.len, "slice {range:?} of {}", self.len);
        if range.is_empty() {
            return Bytes::new();
        }
        Bytes::from_owner(Shared { memory: self.memory.clone(), range })
    }
}

impl Deref for AppendBuffer {
    type Target = [u8];
    /// Everything appended so far.
    fn deref(&self) -> &[u8] {
        // SAFETY: `len` bytes are initialised, and are not written again: only `append_with` writes, beyond them, and
        // it borrows `self` exclusively.
        unsafe { std::slice::from_raw_parts(self.memory.start.as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every size is block-aligned and as large as asked.
    #[test]
    fn alignment_and_rounding() {
        for (asked, got) in
            [(0, 4096), (1, 4096), (4096, 4096), (4097, 8192), (65_536, 65_536), (70_000, 131_072)]
        {
            let mut buffer = Buffer::with_capacity(asked);
            assert_eq!(buffer.capacity(), got);
            assert!(buffer.spare(0).0.addr().is_multiple_of(BLOCK_BYTES));
        }
        assert_eq!(Buffer::with_capacity((1 << 20) + 1).capacity(), (1 << 20) + BLOCK_BYTES);
    }

    /// A dropped buffer is the next one of its class, and what was in it never shows through `resize`.
    #[test]
    fn reuse_and_zeroing() {
        let mut buffer = Buffer::with_capacity(8192);
        buffer.extend_from_slice(&[7; 5000]);
        let at = buffer.spare(0).0;
        drop(buffer);
        let mut buffer = Buffer::with_capacity(5000);
        assert_eq!(buffer.spare(0).0, at);
        assert!(buffer.is_empty());
        buffer.resize(6000);
        assert!(buffer.iter().all(|byte| *byte == 0));
    }

    /// The pool keeps no more than its bound, and large buffers not at all.
    #[test]
    fn retention_is_bounded() {
        let many: Vec<Buffer> = (0..20).map(|_| Buffer::with_capacity(POOLED_BYTES_MAX)).collect();
        drop(many);
        drop(Buffer::with_capacity(2 * POOLED_BYTES_MAX));
        POOL.with(|pool| {
            let pool = pool.borrow();
            assert_eq!(pool.retained_bytes, RETAINED_BYTES_MAX);
            assert_eq!(pool.classes[CLASS_COUNT - 1].len(), RETAINED_BYTES_MAX / POOLED_BYTES_MAX);
        });
    }

    /// Frozen bytes may be read and dropped on another core.
    #[test]
    fn crossing_threads() {
        let mut buffer = Buffer::with_capacity(100);
        buffer.extend_from_slice(b"across");
        let bytes = buffer.freeze();
        let part = bytes.slice(2..4);
        std::thread::spawn(move || assert_eq!(&bytes[..], b"across")).join().unwrap();
        std::thread::spawn(move || assert_eq!(&part[..], b"ro")).join().unwrap();
    }

    /// A parser's rest moves to the front.
    #[test]
    fn consume_moves_the_rest() {
        let mut buffer = Buffer::with_capacity(16);
        buffer.extend_from_slice(b"frame and rest");
        buffer.consume(10);
        assert_eq!(&buffer[..], b"rest");
    }

    /// Shared ranges stay as they were while the writer goes on, and outlive it.
    #[test]
    fn append_and_share() {
        let mut region = AppendBuffer::with_capacity(10_000);
        assert_eq!(region.remaining(), 12_288);
        region.append_with(3, |bytes| bytes.copy_from_slice(b"one"));
        let first = region.slice(0..3);
        let reader = std::thread::spawn(move || {
            for _ in 0..100 {
                assert_eq!(&first[..], b"one");
            }
        });
        for _ in 0..100 {
            region.append_with(3, |bytes| {
                assert_eq!(bytes, [0; 3]);
                bytes.copy_from_slice(b"two");
            });
        }
        reader.join().unwrap();
        let both = region.slice(0..6);
        drop(region);
        assert_eq!(&both[..], b"onetwo");
    }

    /// A region's memory is used again, and what was in it does not show.
    #[test]
    fn regions_are_reused_and_zeroed() {
        let bytes = 256 << 10;
        let mut region = AppendBuffer::with_capacity(bytes);
        region.append_with(bytes, |all| {
            assert!(all.iter().all(|byte| *byte == 0));
            all.fill(5);
        });
        let at = region.as_ptr();
        let shared = region.slice(0..bytes);
        drop(region);
        assert!(shared.iter().all(|byte| *byte == 5));
        drop(shared);
        let mut region = AppendBuffer::with_capacity(bytes);
        assert_eq!(region.as_ptr(), at);
        assert!(at.addr().is_multiple_of(BLOCK_BYTES));
        region.append_with(1000, |part| assert!(part.iter().all(|byte| *byte == 0)));
    }

    /// A panic while filling shares nothing, and the next append finds zeros.
    #[test]
    fn append_survives_a_panic() {
        let mut region = AppendBuffer::with_capacity(1);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            region.append_with(4, |bytes| {
                bytes.fill(9);
                panic!("while filling");
            })
        }));
        assert!(result.is_err());
        assert_eq!(region.len(), 0);
        region.append_with(4, |bytes| assert_eq!(bytes, [0; 4]));
    }

    #[test]
    #[should_panic(expected = "slice")]
    fn slice_beyond_the_end() {
        let _ = AppendBuffer::with_capacity(1).slice(0..1);
    }
}
