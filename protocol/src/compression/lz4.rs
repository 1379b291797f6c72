//! The LZ4 frame, as far as Kafka's clients read it: one frame of version 1 with independent blocks.

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use std::io::{self, Read, Write};

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
/// Version 01, independent blocks, no dictionary and no reserved bit: what Kafka's Lz4BlockInputStream accepts.
const FLAGS_MASK: u8 = 0b1110_0011;
const FLAGS: u8 = 0b0110_0000;

pub(super) fn compress(input: &[u8]) -> io::Result<Vec<u8>> {
    let frame = FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max64KB);
    let mut encoder = FrameEncoder::with_frame_info(frame, Vec::with_capacity(32 + input.len() / 2));
    encoder.write_all(input)?;
    Ok(encoder.finish()?)
}

/// The decoder takes a frame that stops between two blocks for one that ended; this notices that it looked beyond the end.
struct Input<'a> {
    left: &'a [u8],
    overrun: bool,
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.overrun |= self.left.is_empty() && !out.is_empty();
        self.left.read(out)
    }
}

pub(super) struct Reader<'a> {
    decoder: FrameDecoder<Input<'a>>,
    ended: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a [u8]) -> io::Result<Reader<'a>> {
        match input.strip_prefix(&MAGIC) {
            Some([flags, ..]) if flags & FLAGS_MASK == FLAGS => {
                let input = Input { left: input, overrun: false };
                Ok(Reader { decoder: FrameDecoder::new(input), ended: false })
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// What follows the frame is left, as Kafka leaves it.
    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ended || out.is_empty() {
            return Ok(0);
        }
        let read = self.decoder.read(out)?;
        if read == 0 {
            if self.decoder.get_ref().overrun {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.ended = true;
        }
        Ok(read)
    }
}
