//! Record batch compression: Kafka's four codecs, decompressed with bounds.
//!
//! What a client sends decides neither how much is written out (a limit that the caller gives) nor how much memory a codec takes:
//!
//! | codec | framing | memory while decompressing |
//! | --- | --- | --- |
//! | gzip | RFC 1952, members may follow each other | under 100 KiB |
//! | snappy | xerial's (snappy-java), or one raw block when its magic is missing | one block, at most 22 times its input |
//! | lz4 | LZ4 frame, one, of independent blocks as Kafka demands | two blocks of at most 4 MiB |
//! | zstd | RFC 8878 | the frame's window, at most 128 MiB, touched as far as there is output |

mod lz4;
mod snappy;
mod zstd_frames;

use std::io::{self, Read};

/// The codec in the lowest three bits of a batch's attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// Why bytes could not be compressed or decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompressionError {
    #[error("the {0} data is damaged")]
    Damaged(Compression),
    #[error("more than {limit} bytes after decompression")]
    TooLarge { limit: usize },
    #[error("level {level} of {compression}")]
    Level { compression: Compression, level: i32 },
}

impl Compression {
    pub const ALL: [Compression; 5] =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    /// By its number in a batch's attributes.
    pub fn from_id(id: i16) -> Option<Compression> {
        Self::ALL.into_iter().find(|codec| codec.id() == id)
    }

    pub fn id(self) -> i16 {
        self as i16
    }

    /// By the name that `compression.type` uses.
    pub fn from_name(name: &str) -> Option<Compression> {
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }

    /// The levels that Kafka's `compression.{gzip,lz4,zstd}.level` take, and the default. `None`: the codec has none.
    pub fn levels(self) -> Option<(std::ops::RangeInclusive<i32>, i32)> {
        match self {
            Compression::None | Compression::Snappy => None,
            Compression::Gzip => Some((1..=9, 6)),
            Compression::Lz4 => Some((1..=17, 9)),
            Compression::Zstd => Some((-131_072..=22, 3)),
        }
    }

    /// Compresses `input`. `level` is one of [`Compression::levels`]; without it the default. lz4 has one level here: the
    /// library knows no slower ones, and what they write is read alike.
    /// # Errors
    /// `Level`.
    pub fn compress(self, level: Option<i32>, input: &[u8]) -> Result<Vec<u8>, CompressionError> {
        let level = match (self.levels(), level) {
            (Some((_, default)), None) => default,
            // Kafka's gzip takes -1 for the default too.
            (Some((_, default)), Some(-1)) if self == Compression::Gzip => default,
            (Some((levels, _)), Some(level)) if levels.contains(&level) => level,
            (None, None) => 0,
            (_, Some(level)) => return Err(CompressionError::Level { compression: self, level }),
        };
        let damaged = |_| CompressionError::Damaged(self);
        match self {
            Compression::None => Ok(input.to_vec()),
            Compression::Gzip => {
                let level = flate2::Compression::new(level.unsigned_abs());
                let mut encoder = flate2::bufread::GzEncoder::new(input, level);
                let mut out = Vec::with_capacity(input.len() / 2);
                encoder.read_to_end(&mut out).map_err(damaged)?;
                Ok(out)
            }
            Compression::Snappy => Ok(snappy::compress(input)),
            Compression::Lz4 => lz4::compress(input).map_err(damaged),
            Compression::Zstd => zstd::bulk::compress(input, level).map_err(damaged),
        }
    }

    /// Decompresses all of `input`, at most to `out_bytes_max` bytes.
    /// # Errors
    /// `TooLarge`, `Damaged`.
    pub fn decompress(self, input: &[u8], out_bytes_max: usize) -> Result<Vec<u8>, CompressionError> {
        let mut decompressor = Decompressor::new(self, input, out_bytes_max)?;
        // A small first guess: `input` may claim anything.
        let mut out = vec![0; input.len().saturating_mul(2).clamp(512, 64 << 10)];
        let mut filled = 0;
        loop {
            if filled == out.len() {
                out.resize(out.len() * 2, 0);
            }
            match decompressor.read(out.get_mut(filled..).unwrap_or_default())? {
                0 => break,
                read => filled += read,
            }
        }
        out.truncate(filled);
        Ok(out)
    }
}

impl std::fmt::Display for Compression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Decompresses piece by piece, up to a limit.
pub struct Decompressor<'a> {
    codec: Codec<'a>,
    compression: Compression,
    limit: usize,
    left: usize,
}

enum Codec<'a> {
    None(&'a [u8]),
    Gzip(Box<flate2::bufread::MultiGzDecoder<&'a [u8]>>),
    Snappy(snappy::Reader<'a>),
    Lz4(Box<lz4::Reader<'a>>),
    Zstd(zstd_frames::Reader<'a>),
}

impl<'a> Decompressor<'a> {
    /// # Errors
    /// `Damaged`, when the first bytes show it.
    pub fn new(
        compression: Compression,
        input: &'a [u8],
        out_bytes_max: usize,
    ) -> Result<Decompressor<'a>, CompressionError> {
        let codec = match compression {
            Compression::None => Ok(Codec::None(input)),
            Compression::Gzip => Ok(Codec::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(input)))),
            Compression::Snappy => snappy::Reader::new(input).map(Codec::Snappy),
            Compression::Lz4 => lz4::Reader::new(input).map(|reader| Codec::Lz4(Box::new(reader))),
            Compression::Zstd => zstd_frames::Reader::new(input).map(Codec::Zstd),
        };
        let codec = codec.map_err(|_| CompressionError::Damaged(compression))?;
        Ok(Decompressor { codec, compression, limit: out_bytes_max, left: out_bytes_max })
    }

    /// Fills the start of `out`; returns how many bytes, and 0 at the end (or when `out` is empty).
    /// # Errors
    /// `TooLarge` once more than the limit would be written, `Damaged`.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize, CompressionError> {
        // One byte more than may come tells an output of exactly the limit from a longer one.
        let window = out.len().min(self.left.saturating_add(1));
        let out = out.get_mut(..window).unwrap_or_default();
        let result = match &mut self.codec {
            Codec::None(input) => input.read(out),
            Codec::Gzip(decoder) => decoder.read(out),
            Codec::Snappy(reader) => reader.read(out, self.left),
            Codec::Lz4(reader) => reader.read(out),
            Codec::Zstd(reader) => reader.read(out),
        };
        let read = result.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => CompressionError::TooLarge { limit: self.limit },
            _ => CompressionError::Damaged(self.compression),
        })?;
        self.left = self.left.checked_sub(read).ok_or(CompressionError::TooLarge { limit: self.limit })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
