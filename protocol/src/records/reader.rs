//! The records of a batch, one after the other, whatever its codec.

use super::{BATCH_HEADER_BYTES, BatchFault, BatchHeader, Record, RecordFault, RecordsError};
use crate::compression::{Compression, Decompressor};

/// Decompressed bytes held at first; a longer record makes the buffer grow with bytes that are there.
const BUFFER_BYTES: usize = 16 << 10;
/// The most that a record's length takes.
const LENGTH_BYTES_MAX: usize = 5;

/// Yields as many records as the batch's header counts; then nothing may follow. An uncompressed batch is read in place; of a compressed one
/// no more is held than a small buffer and the record at hand.
pub struct RecordsReader<'a> {
    source: Source<'a>,
    index: i32,
    count: i32,
}

enum Source<'a> {
    Plain(&'a [u8]),
    Compressed(Box<Stream<'a>>),
}

struct Stream<'a> {
    input: Decompressor<'a>,
    buffer: Vec<u8>,
    /// Of `buffer`: decompressed bytes not yet read as records.
    start: usize,
    end: usize,
    ended: bool,
}

impl<'a> RecordsReader<'a> {
    /// Reads the records of `batch`, whose header is `header`. A compressed batch may expand to `out_bytes_max` bytes; an uncompressed one
    /// is bounded by its own length. Nothing here looks at the CRC.
    /// # Errors
    /// `Batch(Torn)` when bytes are missing, `Codec`, `Compression`.
    pub fn new(
        header: &BatchHeader,
        batch: &'a [u8],
        out_bytes_max: usize,
    ) -> Result<RecordsReader<'a>, RecordsError> {
        let payload = batch.get(BATCH_HEADER_BYTES..header.bytes).ok_or(BatchFault::Torn(header.bytes))?;
        let codec = header.attributes & super::header::COMPRESSION_MASK;
        let source = match header.compression().ok_or(RecordsError::Codec(codec))? {
            Compression::None => Source::Plain(payload),
            // Kafka writes nothing at all for no records.
            _ if header.record_count == 0 && payload.is_empty() => Source::Plain(payload),
            compression => Source::Compressed(Box::new(Stream {
                input: Decompressor::new(compression, payload, out_bytes_max)?,
                buffer: Vec::new(),
                start: 0,
                end: 0,
                ended: false,
            })),
        };
        Ok(RecordsReader { source, index: 0, count: header.record_count })
    }

    /// The next record; `None` after the last. After an error it is over.
    /// # Errors
    /// `Record`, `AfterRecords`, `Compression`.
    #[expect(
        clippy::should_implement_trait,
        reason = "a record borrows the reader, which no iterator can say"
    )]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, RecordsError> {
        let index = self.index;
        if index >= self.count {
            let over = match &mut self.source {
                Source::Plain(left) => left.is_empty(),
                Source::Compressed(stream) => !stream.fill(1)?,
            };
            return if over { Ok(None) } else { Err(RecordsError::AfterRecords(self.count)) };
        }
        self.index += 1;
        let at = |fault| RecordsError::Record { index, fault };
        match &mut self.source {
            Source::Plain(left) => Record::take(left).map(Some).map_err(at),
            Source::Compressed(stream) => {
                let body = stream.record(index)?;
                Record::parse(body).map(Some).map_err(at)
            }
        }
    }

    /// How many records were read.
    pub fn index(&self) -> i32 {
        self.index
    }
}

impl Stream<'_> {
    /// Makes `wanted` bytes ready, unless there are fewer until the end: whether there are as many.
    fn fill(&mut self, wanted: usize) -> Result<bool, RecordsError> {
        while self.end - self.start < wanted && !self.ended {
            if self.end == self.buffer.len() {
                if self.start > 0 {
                    self.buffer.copy_within(self.start..self.end, 0);
                    self.end -= self.start;
                    self.start = 0;
                } else {
                    let len = (self.buffer.len() * 2).max(BUFFER_BYTES);
                    self.buffer.resize(len, 0);
                }
            }
            let read = self.input.read(self.buffer.get_mut(self.end..).unwrap_or_default())?;
            self.ended = read == 0;
            self.end += read;
        }
        Ok(self.end - self.start >= wanted)
    }

    fn ready(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The body of the next record, which is the one at `index`.
    fn record(&mut self, index: i32) -> Result<&[u8], RecordsError> {
        let at = |fault| RecordsError::Record { index, fault };
        self.fill(LENGTH_BYTES_MAX)?;
        let mut after = self.ready();
        let length = super::varint::take_int(&mut after).map_err(at)?;
        self.start = self.end - after.len();
        let length = usize::try_from(length).map_err(|_| at(RecordFault::Length(length)))?;
        if !self.fill(length)? {
            return Err(at(RecordFault::Truncated));
        }
        let from = self.start;
        self.start += length;
        Ok(self.buffer.get(from..self.start).unwrap_or_default())
    }
}
