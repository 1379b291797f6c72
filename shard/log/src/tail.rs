//! The end of a log in memory: batch cache for readers and source of the direct writes at once.
//!
//! Batches are appended to chunks. Byte `i` of a chunk is byte `file_start + i` of its segment, and both are
//! block-aligned, so that whole blocks go to the disk straight from the chunk:
//!
//! ```text
//! segment   0 ........ 4096 ........ 8192 ........ 12288
//! chunk A   [batch][batch  ][batch    ]                     the rest is too small for the next batch
//! chunk B                       [carry][batch      ]        begins with a copy of A's last, unfinished block
//! after idling                              [hole][batch]   the unfinished block is on disk only
//! ```
//!
//! Memory only: what is written, and when, is the writer's business.

use crate::batch::BatchHeader;
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, block_end, block_start};
use crate::{Offset, Slices};
use bytes::Bytes;
use ottla_io::{AppendBuffer, BLOCK_BYTES, Buffer};
use std::collections::VecDeque;

/// A batch in a chunk.
#[derive(Clone, Copy, Debug)]
struct Batch {
    /// Its last offset, less the segment's base.
    last_relative: u32,
    /// Where it begins in the chunk.
    at: u32,
}

/// A contiguous piece of one segment.
pub(crate) struct Chunk {
    /// Names the chunk in the cache's order of eviction.
    pub(crate) number: u64,
    segment_base: Offset,
    file_start: u64,
    buffer: AppendBuffer,
    /// Bytes at the front that are on disk only.
    hole: usize,
    /// The first block as it is on disk, once it was read.
    hole_block: Option<Bytes>,
    first_offset: Offset,
    end_offset: Offset,
    batches: Vec<Batch>,
}

impl Chunk {
    fn file_end(&self) -> u64 {
        self.file_start + self.buffer.len() as u64
    }
    /// Where the batch after number `index` begins.
    fn end_of(&self, index: usize) -> usize {
        self.batches.get(index + 1).map_or(self.buffer.len(), |next| next.at as usize)
    }
    fn last_offset_of(&self, batch: &Batch) -> Offset {
        self.segment_base + i64::from(batch.last_relative)
    }
}

/// What a write of a range takes from the tail.
pub(crate) enum WriteParts {
    Ready(Vec<Bytes>),
    /// The block at this position has to be read first and given to [`Tail::fill_hole`].
    NeedsBlock(u64),
}

/// The chunks of one log, in the order of offsets, without gaps.
#[derive(Default)]
pub(crate) struct Tail {
    chunks: VecDeque<Chunk>,
    next_chunk_bytes: usize,
}

impl Tail {
    /// Memory that the chunks take.
    pub(crate) fn capacity_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.buffer.capacity()).sum()
    }
    pub(crate) fn has_chunk(&self, number: u64) -> bool {
        self.chunks.iter().any(|chunk| chunk.number == number)
    }

    /// Appends `batch` at `position` of the segment at `segment_base` and lets `patch` change the copy. Returns the
    /// capacity of a chunk that was made for it, which is then number `number`.
    pub(crate) fn append(
        &mut self,
        segment_base: Offset,
        position: u64,
        batch: &[u8],
        number: u64,
        patch: impl FnOnce(&mut [u8]) -> BatchHeader,
    ) -> (BatchHeader, Option<usize>) {
        let fits = self.chunks.back().is_some_and(|chunk| {
            chunk.segment_base == segment_base
                && chunk.file_end() == position
                && chunk.buffer.remaining() >= batch.len()
        });
        let made =
            if fits { None } else { Some(self.add_chunk(segment_base, position, batch.len(), number)) };
        let Some(chunk) = self.chunks.back_mut() else { unreachable!("a chunk was there or was made") };
        let at = chunk.buffer.len() as u32;
        let header = chunk.buffer.append_copy(batch, patch);
        if chunk.batches.is_empty() {
            chunk.first_offset = header.base_offset;
        }
        chunk.end_offset = header.next_offset();
        let last_relative = u32::try_from(header.last_offset() - segment_base).unwrap_or(u32::MAX);
        chunk.batches.push(Batch { last_relative, at });
        (header, made)
    }

    fn add_chunk(&mut self, segment_base: Offset, position: u64, batch_bytes: usize, number: u64) -> usize {
        let file_start = block_start(position);
        let carried = (position - file_start) as usize;
        let wanted = self.next_chunk_bytes.clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX);
        self.next_chunk_bytes = wanted.saturating_mul(2);
        let mut buffer = AppendBuffer::with_capacity(wanted.max(carried + batch_bytes));
        let last = self.chunks.back();
        let carry = last.filter(|chunk| chunk.segment_base == segment_base && chunk.file_end() == position);
        let (hole, hole_block) = match carry {
            Some(last) => {
                let carry = last.buffer.get((file_start - last.file_start) as usize..).unwrap_or_default();
                buffer.append_with(carried, |copy| copy.copy_from_slice(carry));
                ottla_io::count_copied(carried);
                // A chunk that ends in its first block may itself lack that block's front.
                let within = last.file_start == file_start;
                if within { (last.hole, last.hole_block.clone()) } else { (0, None) }
            }
            None => {
                buffer.append_with(carried, |_| ());
                (carried, None)
            }
        };
        let capacity = buffer.capacity();
        self.chunks.push_back(Chunk {
            number,
            segment_base,
            file_start,
            buffer,
            hole,
            hole_block,
            first_offset: 0,
            end_offset: 0,
            batches: Vec::new(),
        });
        capacity
    }

    /// The first offset in memory.
    #[cfg(test)]
    pub(crate) fn first_offset(&self) -> Option<Offset> {
        self.chunks.front().map(|chunk| chunk.first_offset)
    }

    /// Whole batches from the one that holds `offset`, below `upper`; `None` when that one is not in memory.
    pub(crate) fn read(
        &self,
        offset: Offset,
        bytes_max: usize,
        upper: Offset,
        at_least_one: bool,
    ) -> Option<Slices> {
        let mut slices = Slices { first_offset: offset, next_offset: offset, ..Slices::default() };
        let start = self.chunks.partition_point(|chunk| chunk.end_offset <= offset);
        let first_chunk = self.chunks.get(start)?;
        if start == 0 && offset < first_chunk.first_offset {
            return None;
        }
        for chunk in self.chunks.range(start..) {
            let first = if slices.is_empty() {
                chunk.batches.partition_point(|batch| chunk.last_offset_of(batch) < offset)
            } else {
                0
            };
            // Batches that end below `upper`, then as many of them as the bytes allow.
            let visible = chunk.batches.partition_point(|batch| chunk.last_offset_of(batch) < upper);
            let Some(from) = chunk.batches.get(first).map(|batch| batch.at as usize) else { break };
            let budget = bytes_max.saturating_sub(slices.bytes);
            let mut end = first;
            while end < visible && chunk.end_of(end) - from <= budget {
                end += 1;
            }
            if end == first && slices.is_empty() && at_least_one && first < visible {
                end = first + 1;
            }
            if end <= first {
                break;
            }
            let to = chunk.end_of(end - 1);
            if slices.is_empty() {
                let base = chunk.buffer.get(from..).and_then(|batch| batch.first_chunk::<8>());
                slices.first_offset = base.map_or(offset, |base| Offset::from_be_bytes(*base));
            }
            slices.next_offset = chunk.batches.get(end - 1).map_or(offset, |b| chunk.last_offset_of(b) + 1);
            slices.bytes += to - from;
            slices.parts.push(chunk.buffer.slice(from..to));
            if end < chunk.batches.len() {
                break;
            }
        }
        Some(slices)
    }

    /// The bytes `[block_start(from), block_end(to))` of a segment for a direct write: whole blocks of the chunks,
    /// and a zero-padded copy of the last one if `to` lies inside it, so that its chunk can grow meanwhile.
    pub(crate) fn write_parts(&self, segment_base: Offset, from: u64, to: u64) -> WriteParts {
        let mut parts = Vec::new();
        let mut position = block_start(from);
        let whole = block_start(to);
        for (index, chunk) in self.chunks.iter().enumerate() {
            if chunk.segment_base != segment_base || chunk.file_end() <= position || position >= to {
                continue;
            }
            // The unfinished last block of a chunk is carried over into the next one.
            let continued = self.chunks.get(index + 1).is_some_and(|next| next.segment_base == segment_base);
            let end = if continued { block_start(chunk.file_end()) } else { chunk.file_end() }.min(to);
            if end <= position {
                continue;
            }
            if position == chunk.file_start && chunk.hole > 0 {
                let Some(block) = &chunk.hole_block else { return WriteParts::NeedsBlock(position) };
                let used = (end - position).min(BLOCK_BYTES as u64) as usize;
                let mut patched = Buffer::with_capacity(BLOCK_BYTES);
                patched.extend_from_slice(block.get(..chunk.hole).unwrap_or_default());
                patched.extend_from_slice(chunk.buffer.get(chunk.hole..used).unwrap_or_default());
                patched.resize(BLOCK_BYTES);
                parts.push(patched.freeze());
                position += BLOCK_BYTES as u64;
            }
            let blocks_end = end.min(whole);
            if blocks_end > position {
                let range = (position - chunk.file_start) as usize..(blocks_end - chunk.file_start) as usize;
                parts.push(chunk.buffer.slice(range));
                position = blocks_end;
            }
            if end > position {
                let range = (position - chunk.file_start) as usize..(end - chunk.file_start) as usize;
                let mut last = Buffer::with_capacity(BLOCK_BYTES);
                last.extend_from_slice(chunk.buffer.get(range).unwrap_or_default());
                last.resize(BLOCK_BYTES);
                parts.push(last.freeze());
                position = block_end(end);
            }
        }
        debug_assert_eq!(position, block_end(to));
        WriteParts::Ready(parts)
    }

    /// Gives the block at `position`, as it is on disk, to the chunks that lack its front.
    pub(crate) fn fill_hole(&mut self, segment_base: Offset, position: u64, block: &Bytes) {
        for chunk in &mut self.chunks {
            if chunk.segment_base == segment_base && chunk.file_start == position && chunk.hole > 0 {
                chunk.hole_block = Some(block.clone());
            }
        }
    }

    /// Where a write of at most `bytes_max` from `from` may end: at a batch, with the offset after it.
    pub(crate) fn write_end(&self, segment_base: Offset, from: u64, bytes_max: u64) -> Option<(u64, Offset)> {
        let mut best = None;
        for chunk in self.chunks.iter().filter(|chunk| chunk.segment_base == segment_base) {
            if chunk.file_end() <= from || chunk.batches.is_empty() {
                continue;
            }
            if chunk.file_end() - from <= bytes_max {
                best = Some((chunk.file_end(), chunk.end_offset));
                continue;
            }
            for (index, batch) in chunk.batches.iter().enumerate() {
                let end = chunk.file_start + chunk.end_of(index) as u64;
                if end <= from {
                    continue;
                }
                if end - from > bytes_max && best.is_some() {
                    return best;
                }
                best = Some((end, chunk.last_offset_of(batch) + 1));
            }
        }
        best
    }

    /// Drops chunk `number` if it is the oldest one and all of it is written. Returns its capacity. `None`: not now;
    /// 0: no such chunk.
    pub(crate) fn evict(&mut self, number: u64, is_written: impl Fn(Offset, u64) -> bool) -> Option<usize> {
        match self.chunks.front() {
            Some(chunk) if chunk.number == number => {
                if !is_written(chunk.segment_base, chunk.file_end()) {
                    return None;
                }
                let capacity = chunk.buffer.capacity();
                self.chunks.pop_front();
                Some(capacity)
            }
            _ if self.has_chunk(number) => None,
            _ => Some(0),
        }
    }

    /// Drops the chunks of all segments up to the one at `segment_base`, which are finished; returns their capacity.
    pub(crate) fn drop_up_to_segment(&mut self, segment_base: Offset) -> usize {
        let mut dropped = 0;
        while let Some(chunk) = self.chunks.pop_front_if(|chunk| chunk.segment_base <= segment_base) {
            dropped += chunk.buffer.capacity();
        }
        dropped
    }

    /// Drops every chunk; returns their capacity. What is not written is lost: for truncation and idling only.
    pub(crate) fn clear(&mut self) -> usize {
        let capacity = self.capacity_bytes();
        *self = Tail::default();
        capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::testing::{Content, build};
    use crate::batch::{BatchHeader, patch_assignment};
    use proptest::prelude::*;

    /// Appends a batch of `records` records and returns its bytes as they lie in the tail.
    fn put(tail: &mut Tail, file: &mut Vec<u8>, next: &mut Offset, records: i32, payload: usize) {
        let content = Content { record_count: records, payload: vec![9; payload], ..Content::default() };
        let mut batch = build(&content);
        let base = *next;
        let number = tail.chunks.back().map_or(0, |chunk| chunk.number + 1);
        tail.append(0, file.len() as u64, &batch, number, |copy| {
            patch_assignment(copy, base, 3);
            BatchHeader::parse(copy).unwrap()
        });
        patch_assignment(&mut batch, base, 3);
        file.extend_from_slice(&batch);
        *next += i64::from(records);
    }

    fn concat(slices: &Slices) -> Vec<u8> {
        slices.parts.iter().flat_map(|part| part.to_vec()).collect()
    }

    proptest! {
        /// Against a plain vector: every read returns exactly the whole batches that the limits allow.
        #[test]
        fn reads_agree_with_a_plain_file(
            batches in prop::collection::vec((1..5_i32, 0..9000_usize), 1..40),
            picks in prop::collection::vec((0.0..1.0_f64, 0..30_000_usize, 0.0..1.1_f64, any::<bool>()), 20),
        ) {
            let (mut tail, mut file, mut next) = (Tail::default(), Vec::new(), 0);
            for (records, payload) in batches {
                put(&mut tail, &mut file, &mut next, records, payload);
            }
            let mut headers = Vec::new();
            crate::scan::segment(&file, crate::scan::Expected::at_segment_start(0, None, false), |at, h, _| {
                headers.push((at, *h));
            });
            for (offset, bytes_max, upper, at_least_one) in picks {
                let offset = (offset * next as f64) as Offset;
                let upper = (upper * next as f64) as Offset;
                let slices = tail.read(offset, bytes_max, upper, at_least_one).unwrap();
                let mut expected = Vec::new();
                for (at, header) in headers.iter().filter(|(_, h)| h.last_offset() >= offset) {
                    let fits = expected.len() + header.bytes <= bytes_max || (expected.is_empty() && at_least_one);
                    if header.last_offset() >= upper || !fits {
                        break;
                    }
                    expected.extend_from_slice(&file[*at..at + header.bytes]);
                }
                prop_assert_eq!(slices.bytes, expected.len());
                prop_assert_eq!(concat(&slices), expected);
            }
        }

        /// Whatever is written in whatever steps, with chunks evicted as soon as they may be, the file is the log.
        #[test]
        fn writes_make_the_file(
            steps in prop::collection::vec((1..4_usize, 0..9000_usize, any::<bool>(), any::<bool>()), 1..40),
        ) {
            let (mut tail, mut file, mut next) = (Tail::default(), Vec::new(), 0);
            let mut disk: Vec<u8> = Vec::new();
            let mut written = 0_u64;
            for (count, payload, write, idle) in steps {
                for _ in 0..count {
                    put(&mut tail, &mut file, &mut next, 1, payload);
                }
                if !write {
                    continue;
                }
                while let Some((end, _)) = tail.write_end(0, written, 20_000) {
                    let parts = match tail.write_parts(0, written, end) {
                        WriteParts::Ready(parts) => parts,
                        WriteParts::NeedsBlock(position) => {
                            let block = disk[position as usize..position as usize + BLOCK_BYTES].to_vec();
                            tail.fill_hole(0, position, &block.into());
                            continue;
                        }
                    };
                    let start = block_start(written) as usize;
                    for part in &parts {
                        prop_assert!(part.len().is_multiple_of(BLOCK_BYTES));
                        prop_assert!(part.as_ptr().addr().is_multiple_of(BLOCK_BYTES));
                    }
                    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_vec()).collect();
                    prop_assert_eq!(start + bytes.len(), block_end(end) as usize);
                    disk.truncate(start);
                    disk.extend_from_slice(&bytes);
                    written = end;
                }
                if idle {
                    while let Some(number) = tail.chunks.front().map(|chunk| chunk.number) {
                        prop_assert!(tail.evict(number, |_, end| end <= written).is_some());
                    }
                }
            }
            prop_assert_eq!(&disk[..written as usize], &file[..written as usize]);
        }
    }

    #[test]
    fn what_is_not_in_memory_is_not_answered_from_it() {
        let (mut tail, mut file, mut next) = (Tail::default(), Vec::new(), 0);
        assert!(tail.read(0, 1000, 100, true).is_none());
        for _ in 0..30 {
            put(&mut tail, &mut file, &mut next, 1, 1000);
        }
        let number = tail.chunks[0].number;
        assert!(tail.evict(number, |_, _| false).is_none());
        assert!(tail.evict(number, |_, _| true).is_some_and(|bytes| bytes == CHUNK_BYTES_MIN));
        assert!(tail.first_offset().is_some_and(|first| first > 0));
        assert!(tail.read(0, 1000, 100, true).is_none());
        assert!(tail.read(29, 10_000, 100, true).is_some_and(|slices| slices.next_offset == 30));
        assert!(tail.read(30, 10_000, 100, true).is_none());
    }
}
