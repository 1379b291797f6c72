//! Walks a segment's batches on disk, window by window.

use crate::batch::{BatchFault, BatchHeader, CRC_START};
use crate::limits::{READ_WINDOW_BYTES, block_start};
use crate::scan::{Expected, Found, look};
use ottla_io::{BLOCK_BYTES, Buffer, File};
use std::io;
use std::ops::ControlFlow;

/// How far a walk got.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walked {
    /// Where it ended: the end, the faulty batch, or the batch at which the visitor stopped.
    pub(crate) position: u64,
    pub(crate) expected: Expected,
    pub(crate) fault: Option<BatchFault>,
}

/// Bytes of a file around a position.
struct Window<'a> {
    file: &'a File,
    /// The walk goes no further.
    end: u64,
    start: u64,
    buffer: Buffer,
}

impl Window<'_> {
    /// The bytes from `position` on that are at hand.
    fn rest(&self, position: u64) -> &[u8] {
        let held = self.buffer.get((position - self.start) as usize..).unwrap_or_default();
        let left = usize::try_from(self.end - position).unwrap_or(usize::MAX);
        held.get(..left).unwrap_or(held)
    }

    /// Reads the window that begins with the block of `position`.
    async fn move_to(&mut self, position: u64) -> io::Result<()> {
        self.start = block_start(position);
        let left = (self.end - self.start).next_multiple_of(BLOCK_BYTES as u64);
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(READ_WINDOW_BYTES);
        let buffer = std::mem::replace(&mut self.buffer, Buffer::with_capacity(BLOCK_BYTES));
        let buffer = if buffer.capacity() < len { Buffer::with_capacity(len) } else { buffer };
        let (result, buffer) = self.file.read_at(buffer, self.start, len).await;
        self.buffer = buffer;
        result.map(|_| ())
    }

    /// Whether moving to `position` brings more bytes than are at hand.
    fn can_grow(&self, position: u64) -> bool {
        let held_end = self.start + self.buffer.len() as u64;
        held_end < self.end && (block_start(position) > self.start || self.buffer.is_empty())
    }

    /// The CRC of a batch longer than a window. `None`: the file ends before it does.
    async fn long_checksum(&mut self, position: u64, bytes: u64) -> io::Result<Option<u32>> {
        let (mut at, end) = (position + CRC_START as u64, position + bytes);
        let mut crc = 0;
        while at < end {
            if self.rest(at).is_empty() {
                self.move_to(at).await?;
            }
            let rest = self.rest(at);
            let take = usize::try_from(end - at).unwrap_or(usize::MAX).min(rest.len());
            let Some(covered) = rest.get(..take).filter(|covered| !covered.is_empty()) else {
                return Ok(None);
            };
            crc = crc32c::crc32c_append(crc, covered);
            at += take as u64;
        }
        Ok(Some(crc))
    }
}

/// Walks `[from, end)` of `file` and calls `visit` with each batch's position, header and as many of its bytes as are
/// at hand (all, unless it is longer than a window). With `checksums` every batch is verified before.
pub(crate) async fn walk(
    file: &File,
    from: u64,
    end: u64,
    expected: Expected,
    checksums: bool,
    mut visit: impl FnMut(u64, &BatchHeader, &[u8]) -> ControlFlow<()>,
) -> io::Result<Walked> {
    let mut walked = Walked { position: from, expected, fault: None };
    let mut window =
        Window { file, end, start: block_start(from), buffer: Buffer::with_capacity(BLOCK_BYTES) };
    while walked.position < end {
        let position = walked.position;
        if ottla_io::task::slice_is_over() {
            ottla_io::yield_now().await;
        }
        let found = if checksums {
            look(window.rest(position), &walked.expected)
        } else {
            look_at_header(window.rest(position), &walked.expected)
        };
        let header = match found {
            Ok(Found::Batch(header)) => header,
            Ok(Found::Short | Found::Begun(_)) if window.can_grow(position) => {
                window.move_to(position).await?;
                continue;
            }
            Ok(Found::Short) => {
                walked.fault = Some(BatchFault::Short);
                break;
            }
            Ok(Found::Begun(header)) => {
                let bytes = header.bytes as u64;
                let fault = if bytes > end - position {
                    Some(BatchFault::Torn(header.bytes))
                } else if checksums {
                    match window.long_checksum(position, bytes).await? {
                        None => Some(BatchFault::Torn(header.bytes)),
                        Some(computed) if computed != header.crc => {
                            Some(BatchFault::Checksum { stored: header.crc, computed })
                        }
                        Some(_) => {
                            window.move_to(position).await?;
                            None
                        }
                    }
                } else {
                    None
                };
                if fault.is_some() {
                    walked.fault = fault;
                    break;
                }
                header
            }
            Err(fault) => {
                walked.fault = Some(fault);
                break;
            }
        };
        let rest = window.rest(position);
        let bytes = rest.get(..header.bytes).unwrap_or(rest);
        if visit(position, &header, bytes).is_break() {
            break;
        }
        walked.expected.advance(&header);
        walked.position = position + header.bytes as u64;
    }
    Ok(walked)
}

fn look_at_header(bytes: &[u8], expected: &Expected) -> Result<Found, BatchFault> {
    let header = match BatchHeader::parse(bytes) {
        Ok(header) => header,
        Err(BatchFault::Short) => return Ok(Found::Short),
        Err(fault) => return Err(fault),
    };
    expected.check(&header)?;
    Ok(if bytes.len() < header.bytes { Found::Begun(header) } else { Found::Batch(header) })
}
