//! PURE. Values of records: a pool of bytes made once, and which part of it each record takes.

use super::{FileKind, Records, Size, SizeSpread};
use crate::error::{Error, Result};
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, Normal, weighted::WeightedIndex};
use std::ops::Range;
use std::sync::Arc;

/// Larger than a request, so that no batch holds the same bytes twice and compresses better than `entropy` says.
const POOL_BYTES: usize = 4 << 20;
/// Entropy holds within each piece of this size.
const ENTROPY_BLOCK_BYTES: usize = 256;
/// As many sizes are drawn beforehand, and then again and again.
const SIZES: usize = 16_384;
/// What a record may have at most: a broker takes 1 MiB unless it is told otherwise.
pub const VALUE_BYTES_MAX: usize = 256 << 20;

/// Values of one workload, shared by its producers.
#[derive(Clone, Debug)]
pub struct Payloads {
    pool: Arc<[u8]>,
    pieces: Arc<[Piece]>,
    /// Whether values are real ones, which a stamp must not write over.
    pub are_real: bool,
}

#[derive(Clone, Copy, Debug)]
enum Piece {
    /// So many bytes from wherever the last record's ended.
    Next(usize),
    At(usize, usize),
}

/// One producer's way through the values.
#[derive(Clone, Debug)]
pub struct PayloadPicker {
    payloads: Payloads,
    /// Which pieces to take, when not all of them.
    order: Option<Vec<usize>>,
    index: usize,
    at: usize,
}

impl Payloads {
    /// # Errors
    /// The file of real records can't be read, or has none.
    pub fn new(records: &Records, seed: u64) -> Result<Payloads> {
        match &records.file {
            Some(path) => {
                let bytes = std::fs::read(path)
                    .map_err(Error::io(format!("read the records in {}", path.display())))?;
                Payloads::of_file(bytes, records.file_kind)
                    .ok_or_else(|| Error::input(path.display().to_string(), "it has no records"))
            }
            None => Ok(Payloads::made(records, seed)),
        }
    }

    fn made(records: &Records, seed: u64) -> Payloads {
        let mut random = SmallRng::seed_from_u64(seed);
        let sizes = sizes(&records.size, &mut random);
        let largest = sizes.iter().copied().max().unwrap_or(0);
        let mut pool = vec![b'.'; POOL_BYTES + largest];
        let random_bytes = (records.entropy * ENTROPY_BLOCK_BYTES as f64) as usize;
        for block in pool.chunks_mut(ENTROPY_BLOCK_BYTES) {
            let until = random_bytes.min(block.len());
            random.fill_bytes(&mut block[..until]);
        }
        let pieces = sizes.into_iter().map(Piece::Next).collect();
        Payloads { pool: pool.into(), pieces, are_real: false }
    }

    /// Values of real records: `VALUE`s of a text file's lines, or all of the file. None when there is none.
    fn of_file(bytes: Vec<u8>, kind: FileKind) -> Option<Payloads> {
        let mut pieces = Vec::new();
        match kind {
            FileKind::Whole => pieces.push(Piece::At(0, bytes.len())),
            FileKind::Lines => {
                let mut at = 0;
                for line in bytes.split(|byte| *byte == b'\n') {
                    let text = line.strip_suffix(b"\r").unwrap_or(line);
                    if !text.is_empty() {
                        pieces.push(Piece::At(at, text.len()));
                    }
                    at += line.len() + 1;
                }
            }
        }
        let has_records = !pieces.is_empty() && !bytes.is_empty();
        has_records.then(|| Payloads { pool: bytes.into(), pieces: pieces.into(), are_real: true })
    }

    /// Values as a trace recorded them.
    pub fn listed(values: &[Range<usize>], pool: Vec<u8>) -> Payloads {
        let pieces = values.iter().map(|value| Piece::At(value.start, value.len())).collect();
        Payloads { pool: pool.into(), pieces, are_real: true }
    }

    /// Values of the sizes that a trace recorded, one after the other.
    pub fn of_sizes(sizes: &[usize], entropy: f64, seed: u64) -> Payloads {
        let largest = sizes.iter().copied().max().unwrap_or(0);
        let records = Records { size: Size::Fixed(largest), entropy, ..Records::default() };
        let pieces = sizes.iter().copied().map(Piece::Next).collect();
        Payloads { pieces, ..Payloads::made(&records, seed) }
    }

    /// The mean size of a value.
    pub fn mean_bytes(&self) -> f64 {
        let total: usize = self.pieces.iter().map(|piece| piece.bytes()).sum();
        total as f64 / self.pieces.len().max(1) as f64
    }

    pub fn largest_bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.bytes()).max().unwrap_or(0)
    }

    pub fn smallest_bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.bytes()).min().unwrap_or(0)
    }
}

impl Piece {
    fn bytes(self) -> usize {
        match self {
            Piece::Next(bytes) | Piece::At(_, bytes) => bytes,
        }
    }
}

impl PayloadPicker {
    /// Producers with different `start`s take different bytes.
    pub fn new(payloads: &Payloads, start: usize) -> PayloadPicker {
        let at = start.wrapping_mul(POOL_BYTES / 7) % POOL_BYTES;
        PayloadPicker {
            payloads: payloads.clone(),
            order: None,
            index: start % payloads.pieces.len().max(1),
            at,
        }
    }

    /// Takes the pieces with these indexes, in this order: for traces.
    pub fn listed(payloads: &Payloads, order: Vec<usize>) -> PayloadPicker {
        PayloadPicker { payloads: payloads.clone(), order: Some(order), index: 0, at: 0 }
    }

    /// The next record's value.
    pub fn take(&mut self) -> &[u8] {
        let (index, count) = match &self.order {
            Some(order) => (order.get(self.index).copied().unwrap_or(0), order.len()),
            None => (self.index, self.payloads.pieces.len()),
        };
        let piece = self.payloads.pieces.get(index).copied().unwrap_or(Piece::Next(0));
        self.index += 1;
        if self.index >= count {
            self.index = 0;
        }
        let (at, bytes) = match piece {
            Piece::At(at, bytes) => (at, bytes),
            Piece::Next(bytes) => {
                let at = self.at;
                self.at = if at + bytes >= POOL_BYTES { 0 } else { at + bytes };
                (at, bytes)
            }
        };
        self.payloads.pool.get(at..at + bytes).unwrap_or_default()
    }
}

/// Why a description of sizes makes no sense.
pub fn check_size(size: &Size) -> std::result::Result<(), String> {
    let within = |bytes: usize| {
        if bytes <= VALUE_BYTES_MAX {
            Ok(())
        } else {
            Err(format!("{bytes} bytes; at most {VALUE_BYTES_MAX} are possible"))
        }
    };
    match size {
        Size::Fixed(bytes) => within(*bytes),
        Size::Spread(SizeSpread::Uniform([from, to])) if from > to => {
            Err(format!("uniform from {from} to {to} is empty"))
        }
        Size::Spread(SizeSpread::Uniform([_, to])) => within(*to),
        Size::Spread(SizeSpread::Normal([mean, deviation])) if !(*mean >= 0.0 && *deviation >= 0.0) => {
            Err("normal wants a mean and a deviation of 0 or more".to_owned())
        }
        Size::Spread(SizeSpread::Normal([mean, deviation])) => within((mean + 8.0 * deviation) as usize),
        Size::Spread(SizeSpread::Lognormal([median, largest])) if !(*median >= 1.0 && largest >= median) => {
            Err("lognormal wants a median of 1 or more and a largest size that is not below it".to_owned())
        }
        Size::Spread(SizeSpread::Lognormal([_, largest])) => within(*largest as usize),
        Size::Spread(SizeSpread::Weighted(list)) => {
            let weights = list.iter().map(|(_, weight)| *weight);
            if WeightedIndex::new(weights).is_err() {
                return Err("weighted wants pairs of a size and a weight of 0 or more, not all 0".to_owned());
            }
            list.iter().try_for_each(|(bytes, _)| within(*bytes))
        }
    }
}

/// Sizes that were checked.
fn sizes(size: &Size, random: &mut SmallRng) -> Vec<usize> {
    let spread = match size {
        Size::Fixed(bytes) => return vec![*bytes],
        Size::Spread(spread) => spread,
    };
    let mut draw: Box<dyn FnMut(&mut SmallRng) -> usize> = match spread {
        SizeSpread::Uniform([from, to]) => {
            let range = *from..=*to;
            Box::new(move |random| random.random_range(range.clone()))
        }
        SizeSpread::Normal([mean, deviation]) => match Normal::new(*mean, *deviation) {
            Ok(normal) => Box::new(move |random| normal.sample(random).max(0.0) as usize),
            Err(_) => Box::new(|_| 0),
        },
        SizeSpread::Lognormal([median, largest]) => match LogNormal::new(median.ln(), 1.0) {
            Ok(lognormal) => {
                let largest = *largest;
                Box::new(move |random| lognormal.sample(random).min(largest) as usize)
            }
            Err(_) => Box::new(|_| 0),
        },
        SizeSpread::Weighted(list) => match WeightedIndex::new(list.iter().map(|(_, weight)| *weight)) {
            Ok(index) => {
                let list = list.clone();
                Box::new(move |random| list.get(index.sample(random)).map_or(0, |(bytes, _)| *bytes))
            }
            Err(_) => Box::new(|_| 0),
        },
    };
    (0..SIZES).map(|_| draw(random).min(VALUE_BYTES_MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(size: Size, entropy: f64) -> Payloads {
        Payloads::made(&Records { size, entropy, ..Records::default() }, 1)
    }

    /// Each kind of spread has the sizes that it describes.
    #[test]
    fn sizes_are_as_described() {
        let range = |size| {
            let payloads = of(size, 1.0);
            let mut picker = PayloadPicker::new(&payloads, 3);
            let sizes: Vec<usize> = (0..SIZES).map(|_| picker.take().len()).collect();
            (*sizes.iter().min().unwrap(), payloads.mean_bytes(), *sizes.iter().max().unwrap())
        };
        assert_eq!(range(Size::Fixed(1000)), (1000, 1000.0, 1000));
        let (least, mean, most) = range(Size::Spread(SizeSpread::Uniform([10, 20])));
        assert!(least == 10 && (14.5..15.5).contains(&mean) && most == 20);
        let (_, mean, _) = range(Size::Spread(SizeSpread::Normal([1000.0, 100.0])));
        assert!((990.0..1010.0).contains(&mean), "{mean}");
        let (_, mean, most) = range(Size::Spread(SizeSpread::Lognormal([100.0, 5000.0])));
        assert!((140.0..190.0).contains(&mean) && most <= 5000, "{mean}");
        let (least, mean, most) = range(Size::Spread(SizeSpread::Weighted(vec![(100, 3.0), (500, 1.0)])));
        assert!(least == 100 && (190.0..210.0).contains(&mean) && most == 500, "{mean}");
    }

    /// A record never takes bytes that are not there, at the end of the pool either.
    #[test]
    fn the_pool_never_ends_early() {
        let payloads = of(Size::Fixed(1 << 20), 1.0);
        let mut picker = PayloadPicker::new(&payloads, 5);
        for _ in 0..20 {
            assert_eq!(picker.take().len(), 1 << 20);
        }
    }

    /// Entropy is what a compressor finds.
    #[test]
    fn entropy_is_what_compresses() {
        let ratio = |entropy| {
            let payloads = of(Size::Fixed(100_000), entropy);
            let value = PayloadPicker::new(&payloads, 0).take().to_vec();
            let compressed = ottla_protocol::Compression::Zstd.compress(None, &value).unwrap();
            compressed.len() as f64 / value.len() as f64
        };
        assert!(ratio(1.0) > 0.99);
        assert!((0.4..0.65).contains(&ratio(0.5)), "{}", ratio(0.5));
        assert!(ratio(0.0) < 0.01);
    }

    /// Lines of a file are values as they are; empty ones are none.
    #[test]
    fn values_of_a_file() {
        let payloads = Payloads::of_file(b"one\r\n\ntwo\nthree".to_vec(), FileKind::Lines).unwrap();
        let mut picker = PayloadPicker::new(&payloads, 0);
        let values: Vec<Vec<u8>> = (0..4).map(|_| picker.take().to_vec()).collect();
        assert_eq!(values, [b"one".to_vec(), b"two".to_vec(), b"three".to_vec(), b"one".to_vec()]);
        assert!(payloads.are_real);
        assert!(Payloads::of_file(b"\n\n".to_vec(), FileKind::Lines).is_none());
        let whole = Payloads::of_file(b"a\nb".to_vec(), FileKind::Whole).unwrap();
        assert_eq!(PayloadPicker::new(&whole, 0).take(), b"a\nb");
    }
}
