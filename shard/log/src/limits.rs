//! Fixed bounds with their reasons.

use ottla_io::BLOCK_BYTES;

/// The first tail chunk of a log that was idle. Thousands of partitions that see a record now and then cost this
/// each until they are idle again.
pub const CHUNK_BYTES_MIN: usize = 16 << 10;
/// Chunks double up to this while a log stays busy: 64 of them fill the default batch cache, and a batch that does
/// not fit the rest of its chunk wastes at most a part of this.
pub const CHUNK_BYTES_MAX: usize = 1 << 20;
/// Bytes of one log that may wait for the disk before appends have to wait: at 1 GB/s a disk takes 8 ms for them.
pub const UNWRITTEN_BYTES_MAX: usize = 8 << 20;
/// One write takes at most this, so that acks are not held up by what came long after them.
pub const WRITE_BYTES_MAX: u64 = 4 << 20;
/// Scans and cold reads go by windows of this.
pub const READ_WINDOW_BYTES: usize = 1 << 20;
/// A cold read takes at least this from disk: smaller ones cost the device as much.
pub const READ_BYTES_MIN: usize = 64 << 10;
/// Catch-up readers share windows of this: large enough that a read is mostly transfer.
pub const READ_AHEAD_WINDOW_BYTES: u64 = 1 << 20;
/// A batch that lies across windows is put together from them when it is no longer than this, which is more than `max.message.bytes`
/// usually allows; a longer one is read directly.
pub const JOINED_BYTES_MAX: u64 = 4 << 20;
/// Windows that are begun beyond the one that a reader is in, so that the disk works while the client does.
pub const WINDOWS_AHEAD: usize = 2;
/// Reads ahead of one core that are in flight: together with the one that is sent they keep a disk busy, and a durable write or a
/// tail's read never has more than these before it.
pub const READS_AHEAD_AT_ONCE: usize = 2;
/// Readers of one core that are known by where they read on; the oldest is forgotten, and begins anew by a plain read.
pub const TRAILS_MAX: usize = 256;
/// Small text files and snapshots: 100,000 producers with five batches each, and room.
pub const SMALL_FILE_BYTES_MAX: usize = 64 << 20;
/// A transaction index of a segment of 2 GiB: each of its 34 bytes stands for a batch of a record and a marker, 146 bytes
/// and more. Our own are bound as the other indexes are.
pub const TRANSACTION_INDEX_BYTES_MAX: usize = 512 << 20;
/// A transaction index of no more than this is checked on the shard itself, in about a hundred microseconds.
pub const TRANSACTION_INDEX_INLINE_BYTES: usize = 1 << 20;

/// Space that a busy log of small writes prepares behind its tail, with the write that would grow the file anyway.
/// A durable write into blocks that were written before needs no journal commit and takes about half as long (142
/// against 312 µs on the design's machine); one in 64 block-sized writes then carries this much more.
pub const PREPARE_BYTES: usize = 256 << 10;
/// The same for larger writes. They are written twice then, and still cost less: a write that grows the file goes
/// through a worker thread of the kernel and a journal commit, which took 1.1 CPU seconds a GB of 300 KiB writes, and
/// 0.77-0.86 so prepared, at no less throughput (ext4 on a virtual disk).
pub const PREPARE_LARGE_BYTES: usize = 2 << 20;
/// So many durable writes to a segment make preparing worth its while; an idle log prepares nothing.
pub const WRITES_BEFORE_PREPARING: u32 = 16;
/// Up to here a write is small.
pub const SMALL_WRITE_BYTES: u64 = 16 << 10;

const _: () = assert!(PREPARE_BYTES.is_multiple_of(BLOCK_BYTES));
const _: () = assert!(PREPARE_LARGE_BYTES.is_multiple_of(PREPARE_BYTES));
const _: () = assert!(CHUNK_BYTES_MIN.is_multiple_of(BLOCK_BYTES));
const _: () = assert!(CHUNK_BYTES_MAX.is_multiple_of(CHUNK_BYTES_MIN));
const _: () = assert!(READ_WINDOW_BYTES.is_multiple_of(BLOCK_BYTES));
const _: () = assert!(READ_BYTES_MIN.is_multiple_of(BLOCK_BYTES));
const _: () = assert!(READ_BYTES_MIN <= READ_WINDOW_BYTES);
const _: () = assert!(READ_AHEAD_WINDOW_BYTES.is_multiple_of(BLOCK_BYTES as u64));
const _: () = assert!(WRITE_BYTES_MAX <= UNWRITTEN_BYTES_MAX as u64);

/// `position` down to its block.
pub(crate) fn block_start(position: u64) -> u64 {
    position - position % BLOCK_BYTES as u64
}

/// `position` up to a block boundary.
pub(crate) fn block_end(position: u64) -> u64 {
    position.next_multiple_of(BLOCK_BYTES as u64)
}
