//! Snappy as Kafka's clients write it: xerial's framing (snappy-java's SnappyOutputStream) around raw blocks.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..8 | magic: 0x82 "SNAPPY" 0 |
//! | 8..12 | version 1 |
//! | 12..16 | lowest compatible version 1 |
//! | then, repeatedly | a 4-byte length and a raw block of so many bytes |
//!
//! Without the magic the whole input is one raw block, as older clients of other languages wrote it. A header in the place of a
//! length begins another stream: snappy-java reads concatenations.

use std::io::{self, Read};

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// Input bytes of a block, snappy-java's default.
const BLOCK_BYTES: usize = 32 << 10;
/// No block expands further: the best that three bytes can do is to repeat 64.
const EXPANSION_MAX: usize = 22;

pub(super) fn compress(input: &[u8]) -> Vec<u8> {
    let mut encoder = snap::raw::Encoder::new();
    let mut out = Vec::with_capacity(16 + input.len() / 2);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSIONS);
    for block in input.chunks(BLOCK_BYTES) {
        // Fails for inputs beyond 4 GiB alone.
        let Ok(compressed) = encoder.compress_vec(block) else { continue };
        out.extend_from_slice(&(compressed.len() as u32).to_be_bytes());
        out.extend_from_slice(&compressed);
    }
    out
}

pub(super) struct Reader<'a> {
    left: &'a [u8],
    /// No framing: `left` is one block.
    raw: bool,
    block: Vec<u8>,
    /// Of `block`, what was handed out.
    taken: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a [u8]) -> io::Result<Reader<'a>> {
        let framed = input.strip_prefix(&MAGIC);
        let left = match framed {
            Some(rest) => after_versions(rest)?,
            None => input,
        };
        Ok(Reader { left, raw: framed.is_none(), block: Vec::new(), taken: 0 })
    }

    /// `left` is how much output is still allowed: a block that claims more is not begun.
    pub(super) fn read(&mut self, out: &mut [u8], left: usize) -> io::Result<usize> {
        while self.taken == self.block.len() {
            let Some(compressed) = self.next_block()? else { return Ok(0) };
            let claimed = snap::raw::decompress_len(compressed).map_err(|_| damaged())?;
            if claimed > compressed.len().saturating_mul(EXPANSION_MAX) {
                return Err(damaged());
            }
            if claimed > left {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            self.block.resize(claimed, 0);
            let read = snap::raw::Decoder::new().decompress(compressed, &mut self.block);
            self.block.truncate(read.map_err(|_| damaged())?);
            self.taken = 0;
        }
        let mut ready = self.block.get(self.taken..).unwrap_or_default();
        let count = ready.read(out)?;
        self.taken += count;
        Ok(count)
    }

    fn next_block(&mut self) -> io::Result<Option<&'a [u8]>> {
        if self.raw {
            let block = std::mem::take(&mut self.left);
            return Ok(Some(block).filter(|block| !block.is_empty()));
        }
        while let Some(rest) = self.left.strip_prefix(&MAGIC) {
            self.left = after_versions(rest)?;
        }
        if self.left.is_empty() {
            return Ok(None);
        }
        let (length, rest) = self.left.split_first_chunk::<4>().ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
        let (block, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        self.left = rest;
        Ok(Some(block))
    }
}

fn after_versions(bytes: &[u8]) -> io::Result<&[u8]> {
    let (version, rest) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (_compatible, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    // snappy-java refuses a version below 1.
    if i32::from_be_bytes(*version) < 1 { Err(damaged()) } else { Ok(rest) }
}

fn damaged() -> io::Error {
    io::ErrorKind::InvalidData.into()
}
