//! Reads of what is no longer in memory: straight from the segment files, by the way that [`source`] chooses.
//!
//! An index is a hint. What lies where it points must be a batch that fits, or the index is made again; what then
//! still does not fit is damage, and takes the log offline. Checksums are the client's business on this path.

mod source;

use crate::batch::{BATCH_HEADER_BYTES, BatchFault, BatchHeader};
use crate::checkpoint::partition::segment_file_name;
use crate::index::{IndexBuilder, OffsetIndex, TimeIndex};
use crate::log::Inner;
use crate::recover::load_indexes;
use crate::resources::Indexes;
use crate::scan::Expected;
use crate::walk::walk;
use crate::{Error, Log, Offset, Slices};
use ottla_io::counters::add;
use ottla_io::file::replace;
use ottla_io::{File, OpenOptions};
use source::{Piece, Source};
use std::ops::ControlFlow;
use std::rc::Rc;

/// What a read asks for.
#[derive(Clone, Copy)]
struct Wanted {
    offset: Offset,
    bytes_max: usize,
    upper: Offset,
    at_least_one: bool,
    /// See [`crate::state::State::replacements`].
    replacements: u64,
}

/// See [`Log::read`].
pub(crate) async fn read(
    inner: &Rc<Inner>,
    offset: Offset,
    bytes_max: usize,
    upper: Offset,
    at_least_one: bool,
) -> Result<Slices, Error> {
    let log = Log(inner.clone());
    let mut wanted = Wanted { offset, bytes_max, upper, at_least_one, replacements: 0 };
    // Each turn moves to a later segment, or the log has changed meanwhile.
    loop {
        if let Some(slices) = log.read_cached(wanted.offset, bytes_max, upper, at_least_one) {
            return Ok(slices);
        }
        let (base_offset, limit, next_base) = {
            let state = inner.state.borrow();
            state.check_online()?;
            let (start, end) = (state.log_start_offset, state.log_end_offset);
            let holder = state.holder_of(wanted.offset).filter(|_| (start..=end).contains(&wanted.offset));
            let Some(holder) = holder else { return Err(Error::OffsetOutOfRange { offset, start, end }) };
            let Some(segment) = state.segments.get(holder) else { continue };
            wanted.replacements = state.replacements;
            (
                segment.base_offset,
                segment.written,
                state.segments.get(holder + 1).map(|next| next.base_offset),
            )
        };
        let result = read_segment(inner, base_offset, limit, wanted).await;
        if inner.state.borrow().replacements != wanted.replacements {
            // Compaction has put another file in the place of this one, and it was read in part, or its index was.
            continue;
        }
        match result {
            Ok(Some(slices)) => {
                if !slices.is_empty() {
                    inner.resources.read_ahead.passed(inner.number, offset, slices.next_offset);
                }
                add(&inner.resources.counts.cold_reads, 1);
                add(&inner.resources.counts.cold_read_bytes, slices.bytes as u64);
                return Ok(slices);
            }
            Ok(None) => match next_base {
                // Compaction can leave a segment that ends before the next one begins.
                Some(next) => wanted.offset = wanted.offset.max(next),
                None => {
                    let state = inner.state.borrow();
                    let unchanged =
                        state.segment(base_offset).is_some_and(|segment| segment.written == limit);
                    if unchanged && wanted.offset < state.durable_end {
                        drop(state);
                        let path = inner.path(base_offset, ".log");
                        let reason = format!("no batch holds offset {}", wanted.offset);
                        let error = Error::Corrupt { path, position: limit, reason };
                        inner.fail(&error);
                        return Err(error);
                    }
                }
            },
            Err(error) => {
                // A file that went away under the read was deleted with its segment, or replaced by a truncation.
                let state = inner.state.borrow();
                let unchanged = state.segment(base_offset).is_some_and(|segment| segment.written >= limit);
                if !unchanged || state.failure.is_some() {
                    continue;
                }
                drop(state);
                // Too many open files, and the like, pass; damage does not.
                if matches!(error, Error::Corrupt { .. }) {
                    inner.fail(&error);
                }
                return Err(error);
            }
        }
    }
}

/// The segment's file, open for direct reads.
pub(crate) async fn open_segment(inner: &Inner, base_offset: Offset) -> Result<File, Error> {
    let replacements = {
        let state = inner.state.borrow();
        if let Some(swapping) = state.segment(base_offset).and_then(|segment| segment.swapping.as_ref()) {
            return Ok(swapping.file.clone());
        }
        state.replacements
    };
    if let Some(file) = inner.resources.read_file(inner.number, base_offset) {
        return Ok(file);
    }
    let path = inner.path(base_offset, ".log");
    let options = OpenOptions { read: true, direct: true, ..OpenOptions::default() };
    match File::open(&path, &options).await {
        Ok(file) => {
            // One that was replaced meanwhile is of no use to the next reader.
            if inner.state.borrow().replacements == replacements {
                inner.resources.keep_read_file(inner.number, base_offset, file.clone());
            }
            Ok(file)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::Corrupt { path, position: 0, reason: "the file is missing".to_owned() })
        }
        Err(error) => Err(Error::io("open", &path, &error)),
    }
}

/// Where to begin looking for `offset` in a segment: at a batch at or below it.
pub(crate) async fn position_hint(inner: &Inner, base_offset: Offset, offset: Offset) -> Result<u64, Error> {
    {
        let state = inner.state.borrow();
        let growing = state.segment(base_offset).and_then(|segment| segment.growing.as_ref());
        if let Some(growing) = growing {
            if let Some(entry) = growing.index.lookup(offset) {
                return Ok(u64::from(entry.position));
            }
            if growing.index.stored_offset_entries == 0 {
                return Ok(0);
            }
        }
    }
    let indexes = indexes_of(inner, base_offset).await?;
    let relative = u32::try_from(offset - base_offset).unwrap_or(u32::MAX);
    Ok(indexes.offsets.lookup(relative).map_or(0, |entry| u64::from(entry.position)))
}

/// What the index files of a segment hold. Those of a finished one are made again when they are missing or unfit.
pub(crate) async fn indexes_of(inner: &Inner, base_offset: Offset) -> Result<Indexes, Error> {
    if let Some(indexes) = inner.resources.indexes(inner.number, base_offset) {
        return Ok(indexes);
    }
    let (bytes, stored, replacements) = {
        let state = inner.state.borrow();
        let Some(segment) = state.segment(base_offset) else { return Ok(Indexes::default()) };
        if let Some(swapping) = &segment.swapping {
            return Ok(swapping.indexes.clone());
        }
        let stored = segment
            .growing
            .as_ref()
            .map(|growing| (growing.index.stored_offset_entries, growing.index.stored_time_entries));
        (segment.written, stored, state.replacements)
    };
    let loaded = load_indexes(&inner.dir, base_offset, bytes).await?;
    let indexes = match (loaded, stored) {
        (Some((offsets, times)), None) => Indexes { offsets, times },
        (Some((offsets, times)), Some((offset_entries, time_entries))) => Indexes {
            offsets: offsets.first(offset_entries as usize),
            times: times.first(time_entries as usize),
        },
        // The active segment's are looked through from its start until it is rolled or recovered.
        (None, Some(_)) => Indexes::default(),
        (None, None) => rebuild_indexes(inner, base_offset, bytes).await?,
    };
    if inner.state.borrow().replacements == replacements {
        inner.resources.keep_indexes(inner.number, base_offset, indexes.clone());
    }
    Ok(indexes)
}

/// Reads a finished segment from end to end and makes its index files again.
async fn rebuild_indexes(inner: &Inner, base_offset: Offset, bytes: u64) -> Result<Indexes, Error> {
    let file = open_segment(inner, base_offset).await?;
    let interval = inner.state.borrow().config.index_interval_bytes;
    let mut builder = IndexBuilder::new(base_offset);
    let expected = Expected::at_segment_start(base_offset, None, true);
    let walked = walk(&file, 0, bytes, expected, true, |position, header, _| {
        builder.batch(position, header, interval);
        ControlFlow::Continue(())
    })
    .await;
    let path = inner.path(base_offset, ".log");
    let walked = walked.map_err(|error| Error::io("read", &path, &error))?;
    if let Some(fault) = walked.fault {
        return Err(Error::Corrupt { path, position: walked.position, reason: fault.to_string() });
    }
    builder.time_entry();
    let (offsets, times) = builder.unstored(|_| true, |_| true);
    for (suffix, content) in [(".index", &offsets), (".timeindex", &times)] {
        let path = inner.dir.join(segment_file_name(base_offset, suffix));
        replace(&path, content).await.map_err(|error| Error::io("write", &path, &error))?;
    }
    tracing::info!(segment = %path.display(), "its indexes were made again");
    let fault = |fault: crate::index::IndexFault| Error::Corrupt {
        path: path.clone(),
        position: 0,
        reason: format!("its indexes cannot be made: {fault}"),
    };
    Ok(Indexes {
        offsets: OffsetIndex::parse(offsets.into(), bytes).map_err(fault)?,
        times: TimeIndex::parse(times.into()).map_err(fault)?,
    })
}

/// Whole batches of one segment; `None` when it ends before `wanted.offset`.
async fn read_segment(
    inner: &Inner,
    base_offset: Offset,
    limit: u64,
    wanted: Wanted,
) -> Result<Option<Slices>, Error> {
    let hint = position_hint(inner, base_offset, wanted.offset).await?;
    let file = open_segment(inner, base_offset).await?;
    match read_from(inner, &file, base_offset, hint, limit, wanted).await {
        Err(Error::Corrupt { reason, .. })
            if hint > 0 && inner.state.borrow().replacements == wanted.replacements =>
        {
            tracing::warn!(dir = %inner.dir.display(), base_offset, reason, "an index points to no fitting batch");
            inner.resources.forget_indexes(inner.number, base_offset);
            let finished = inner.state.borrow().segment(base_offset).is_some_and(|s| s.growing.is_none());
            if finished {
                let indexes = rebuild_indexes(inner, base_offset, limit).await?;
                inner.resources.keep_indexes(inner.number, base_offset, indexes);
            }
            read_from(inner, &file, base_offset, 0, limit, wanted).await
        }
        other => other,
    }
}

async fn read_from(
    inner: &Inner,
    file: &File,
    base_offset: Offset,
    from: u64,
    limit: u64,
    wanted: Wanted,
) -> Result<Option<Slices>, Error> {
    let corrupt = |(position, fault): (u64, BatchFault)| Error::Corrupt {
        path: inner.path(base_offset, ".log"),
        position,
        reason: fault.to_string(),
    };
    let version = (limit, wanted.replacements);
    let source = Source::new(inner, file, base_offset, version, (from, wanted.offset), wanted.bytes_max);
    let mut position = from;
    let mut expected = Expected::at_segment_start(base_offset, None, true);
    let mut held: Option<Piece> = None;
    while position < limit {
        let piece = match held.take().filter(|piece| piece.rest(position).len() >= BATCH_HEADER_BYTES) {
            Some(piece) => piece,
            None => source.piece(position, BATCH_HEADER_BYTES).await?,
        };
        let header = header_at(&piece, position, limit, &expected).map_err(corrupt)?;
        if header.last_offset() < wanted.offset {
            expected.advance(&header);
            position += header.bytes as u64;
            held = Some(piece);
            continue;
        }
        // A hint that leads past the offset would hide records.
        if position == from && from > 0 && header.base_offset > wanted.offset {
            let fault = BatchFault::OffsetOrder { found: header.base_offset, expected: wanted.offset };
            return Err(corrupt((position, fault)));
        }
        // The first batch may be larger than what is asked for, and then all of it is needed.
        let needed = if wanted.at_least_one { header.bytes } else { header.bytes.min(wanted.bytes_max) };
        let piece = if piece.rest(position).len() < needed {
            source.piece(position, header.bytes).await?
        } else {
            piece
        };
        let mut slices =
            Slices { first_offset: wanted.offset, next_offset: wanted.offset, ..Slices::default() };
        let mut whole = Some(piece);
        // What follows is taken along as far as it is in memory.
        while let Some(piece) = whole {
            let end = collect(&piece, position, &mut expected, wanted, &mut slices).map_err(corrupt)?;
            whole = if end > position { next_at_hand(&source, end, wanted, &slices) } else { None };
            position = end;
        }
        return Ok(Some(slices));
    }
    Ok(None)
}

/// The header of the batch at `position`, which fits what came before and ends below `limit`.
fn header_at(
    piece: &Piece,
    position: u64,
    limit: u64,
    expected: &Expected,
) -> Result<BatchHeader, (u64, BatchFault)> {
    let header = BatchHeader::parse(piece.rest(position)).map_err(|fault| (position, fault))?;
    expected.check(&header).map_err(|fault| (position, fault))?;
    if header.bytes as u64 > limit - position {
        return Err((position, BatchFault::Torn(header.bytes)));
    }
    Ok(header)
}

/// The piece with the batch at `position`, if it is in memory and there is still room for it.
fn next_at_hand(source: &Source<'_>, position: u64, wanted: Wanted, slices: &Slices) -> Option<Piece> {
    let piece = source.at_hand(position, BATCH_HEADER_BYTES)?;
    let header = BatchHeader::parse(piece.rest(position)).ok()?;
    let room = wanted.bytes_max.saturating_sub(slices.bytes);
    if header.bytes > room || header.last_offset() >= wanted.upper {
        return None;
    }
    if piece.rest(position).len() >= header.bytes {
        Some(piece)
    } else {
        source.at_hand(position, header.bytes)
    }
}

/// Adds the whole batches of `piece` from `position` on that the limits allow; returns where they end.
fn collect(
    piece: &Piece,
    position: u64,
    expected: &mut Expected,
    wanted: Wanted,
    slices: &mut Slices,
) -> Result<u64, (u64, BatchFault)> {
    let mut end = position;
    loop {
        let rest = piece.rest(end);
        let header = match BatchHeader::parse(rest) {
            Ok(header) => header,
            Err(BatchFault::Short) => break,
            Err(fault) => return Err((end, fault)),
        };
        expected.check(&header).map_err(|fault| (end, fault))?;
        let is_first = slices.bytes == 0;
        let fits = slices.bytes + header.bytes <= wanted.bytes_max || (is_first && wanted.at_least_one);
        if !fits || rest.len() < header.bytes || header.last_offset() >= wanted.upper {
            break;
        }
        if is_first {
            slices.first_offset = header.base_offset;
        }
        slices.bytes += header.bytes;
        slices.next_offset = header.next_offset();
        expected.advance(&header);
        end += header.bytes as u64;
    }
    if end > position {
        let from = (position - piece.start) as usize;
        slices.parts.push(piece.bytes.slice(from..from + (end - position) as usize));
    }
    Ok(end)
}
