use super::*;

fn samples() -> Vec<Vec<u8>> {
    let text = b"a line of a log that looks like the line before it\n".repeat(3000);
    let noise = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    vec![Vec::new(), vec![7], text, noise, vec![0; 1 << 20]]
}

#[test]
fn every_codec_gives_back_what_it_took() {
    for codec in Compression::ALL {
        for sample in samples() {
            let compressed = codec.compress(None, &sample).unwrap();
            assert_eq!(codec.decompress(&compressed, sample.len()).unwrap(), sample, "{codec}");
        }
    }
}

#[test]
fn an_output_of_one_byte_more_than_the_limit_is_refused() {
    for codec in Compression::ALL {
        for sample in samples().into_iter().filter(|sample| !sample.is_empty()) {
            let compressed = codec.compress(None, &sample).unwrap();
            let limit = sample.len() - 1;
            assert_eq!(
                codec.decompress(&compressed, limit),
                Err(CompressionError::TooLarge { limit }),
                "{codec}"
            );
        }
    }
}

#[test]
fn a_truncated_stream_is_damaged_wherever_it_stops() {
    let sample = &samples()[2];
    for codec in Compression::ALL.into_iter().skip(1) {
        let compressed = codec.compress(None, sample).unwrap();
        for end in 1..compressed.len() {
            let result = codec.decompress(&compressed[..end], sample.len());
            // A snappy stream has no end mark: it may stop between two blocks.
            let between_blocks =
                codec == Compression::Snappy && result.as_ref().is_ok_and(|out| out.len() < sample.len());
            assert!(
                between_blocks || result == Err(CompressionError::Damaged(codec)),
                "{codec} at {end}: {:?}",
                result.map(|out| out.len())
            );
        }
    }
}

#[test]
fn raw_snappy_and_concatenated_streams_are_read() {
    let raw = snap::raw::Encoder::new().compress_vec(b"hello").unwrap();
    assert_eq!(Compression::Snappy.decompress(&raw, 100).unwrap(), b"hello");
    let mut two = Compression::Snappy.compress(None, b"one").unwrap();
    two.extend(Compression::Snappy.compress(None, b"two").unwrap());
    assert_eq!(Compression::Snappy.decompress(&two, 100).unwrap(), b"onetwo");
    let mut two = Compression::Gzip.compress(None, b"one").unwrap();
    two.extend(Compression::Gzip.compress(None, b"two").unwrap());
    assert_eq!(Compression::Gzip.decompress(&two, 100).unwrap(), b"onetwo");
}

#[test]
fn a_snappy_block_that_claims_more_than_it_can_hold_is_damaged() {
    let claim = [0xff, 0xff, 0xff, 0x7f, 0];
    assert_eq!(
        Compression::Snappy.decompress(&claim, usize::MAX),
        Err(CompressionError::Damaged(Compression::Snappy))
    );
}

#[test]
fn lz4_frames_that_kafka_cannot_read_are_refused() {
    let frame = FrameOf { linked: true }.write(b"some bytes");
    assert!(Compression::Lz4.decompress(&frame, 100).is_err());
    let frame = FrameOf { linked: false }.write(b"some bytes");
    assert_eq!(Compression::Lz4.decompress(&frame, 100).unwrap(), b"some bytes");
}

struct FrameOf {
    linked: bool,
}

impl FrameOf {
    fn write(&self, input: &[u8]) -> Vec<u8> {
        use lz4_flex::frame::{BlockMode, FrameEncoder, FrameInfo};
        use std::io::Write;
        let mode = if self.linked { BlockMode::Linked } else { BlockMode::Independent };
        let info =
            FrameInfo::new().block_mode(mode).content_checksum(true).content_size(Some(input.len() as u64));
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(input).unwrap();
        encoder.finish().unwrap()
    }
}

#[test]
fn levels_beyond_kafkas_are_refused() {
    for (codec, level) in [
        (Compression::Gzip, 10),
        (Compression::Gzip, 0),
        (Compression::Lz4, 18),
        (Compression::Zstd, 23),
        (Compression::Snappy, 1),
    ] {
        let error = codec.compress(Some(level), b"").unwrap_err();
        assert_eq!(error, CompressionError::Level { compression: codec, level });
    }
    assert!(Compression::Gzip.compress(Some(-1), b"x").is_ok());
    assert!(Compression::Zstd.compress(Some(19), b"x").is_ok());
}

#[test]
fn a_zstd_context_is_clean_after_a_stream_that_was_left_or_damaged() {
    let sample = &samples()[2];
    let compressed = Compression::Zstd.compress(None, sample).unwrap();
    for round in 0..8 {
        let mut decompressor = Decompressor::new(Compression::Zstd, &compressed, sample.len()).unwrap();
        assert!(decompressor.read(&mut [0; 100]).unwrap() > 0);
        drop(decompressor);
        let mut damaged = compressed.clone();
        damaged[20 + round] ^= 0xff;
        let _ = Compression::Zstd.decompress(&damaged, sample.len());
        assert_eq!(Compression::Zstd.decompress(&compressed, sample.len()).unwrap(), *sample);
    }
}

#[test]
fn several_zstd_streams_are_read_side_by_side_and_concatenated() {
    let sample = &samples()[2];
    let compressed = Compression::Zstd.compress(None, sample).unwrap();
    let mut readers: Vec<_> =
        (0..5).map(|_| Decompressor::new(Compression::Zstd, &compressed, sample.len()).unwrap()).collect();
    let mut outputs = vec![Vec::new(); readers.len()];
    let mut piece = [0; 7000];
    while outputs[0].len() < sample.len() {
        for (reader, out) in readers.iter_mut().zip(&mut outputs) {
            let read = reader.read(&mut piece).unwrap();
            out.extend_from_slice(&piece[..read]);
        }
    }
    assert!(outputs.iter().all(|out| out == sample));
    let twice = Compression::Zstd.decompress(&compressed.repeat(2), 2 * sample.len()).unwrap();
    assert_eq!(twice, sample.repeat(2));
}
