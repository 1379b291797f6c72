//! Each codec by itself: within its limit, and alike whether read at once or piece by piece.
//!
//! Input: codec (1 byte), compressed bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::Compression;
use ottla_protocol::compression::Decompressor;

const LIMIT: usize = 256 << 10;

fn in_pieces(codec: Compression, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decompressor = Decompressor::new(codec, bytes, LIMIT).ok()?;
    let (mut out, mut piece) = (Vec::new(), [0; 1021]);
    loop {
        match decompressor.read(&mut piece).ok()? {
            0 => return Some(out),
            read => out.extend_from_slice(&piece[..read]),
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((codec, bytes)) = input.split_first() else { return };
    let codec = Compression::ALL[usize::from(*codec) % 5];
    let at_once = codec.decompress(bytes, LIMIT).ok();
    assert!(at_once.as_ref().is_none_or(|out| out.len() <= LIMIT));
    assert_eq!(at_once, in_pieces(codec, bytes), "{codec}");
});
