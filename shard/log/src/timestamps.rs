//! Offsets by timestamp: time index, then batch headers, then the records of one batch.

use crate::batch::BatchHeader;
use crate::limits::READ_BYTES_MIN;
use crate::log::Inner;
use crate::read::{indexes_of, read};
use crate::records::find_record;
use crate::{Error, Offset, TimestampOffset};
use bytes::Bytes;
use std::rc::Rc;

/// The base offset of each segment and the offset at which the next one begins.
fn segments_from(inner: &Inner, offset: Offset) -> Vec<(Offset, Offset)> {
    let state = inner.state.borrow();
    let from = state.holder_of(offset).unwrap_or(0);
    let bases: Vec<Offset> = state.segments.iter().skip(from).map(|segment| segment.base_offset).collect();
    let ends = bases.iter().skip(1).copied().chain([state.log_end_offset]);
    bases.iter().copied().zip(ends).collect()
}

/// The largest timestamp of a segment, -1 when it has none, and the last offset of its batch.
pub(crate) async fn largest(inner: &Inner, base_offset: Offset) -> Result<(i64, Offset), Error> {
    let replacements = {
        let state = inner.state.borrow();
        let Some(segment) = state.segment(base_offset) else { return Ok((-1, base_offset)) };
        if let Some(growing) = &segment.growing {
            return Ok(growing.index.max_timestamp());
        }
        if let Some(known) = segment.max_timestamp {
            return Ok(known);
        }
        state.replacements
    };
    let last = indexes_of(inner, base_offset).await?.times.last();
    let found = last
        .map_or((-1, base_offset), |last| (last.timestamp, base_offset + i64::from(last.relative_offset)));
    let mut state = inner.state.borrow_mut();
    if state.replacements == replacements
        && let Some(segment) = state.segment_mut(base_offset)
    {
        segment.max_timestamp = Some(found);
    }
    Ok(found)
}

/// The last time entry at or below `timestamp`: no batch before its offset has one as large.
async fn time_hint(inner: &Inner, base_offset: Offset, timestamp: i64) -> Result<Offset, Error> {
    let recent = {
        let state = inner.state.borrow();
        let growing = state.segment(base_offset).and_then(|segment| segment.growing.as_ref());
        match growing {
            Some(growing) => match growing.index.lookup_time(timestamp) {
                Some(entry) => Some(Some(entry)),
                None if growing.index.stored_time_entries == 0 => Some(None),
                None => None,
            },
            None => None,
        }
    };
    let entry = match recent {
        Some(entry) => entry,
        None => indexes_of(inner, base_offset).await?.times.lookup(timestamp),
    };
    Ok(entry.map_or(base_offset, |entry| base_offset + i64::from(entry.relative_offset)))
}

/// See [`crate::Log::offset_for_timestamp`].
pub(crate) async fn offset_for_timestamp(
    inner: &Rc<Inner>,
    timestamp: i64,
    upper: Offset,
) -> Result<Option<TimestampOffset>, Error> {
    let start = {
        let state = inner.state.borrow();
        state.check_online()?;
        state.log_start_offset
    };
    for (base_offset, end) in segments_from(inner, start) {
        if base_offset >= upper {
            break;
        }
        let (largest, _) = largest(inner, base_offset).await?;
        if largest < timestamp {
            continue;
        }
        let mut offset = time_hint(inner, base_offset, timestamp).await?.max(start);
        while offset < end.min(upper) {
            let slices = read(inner, offset, READ_BYTES_MIN, upper.min(end), true).await?;
            if slices.is_empty() {
                break;
            }
            for (header, batch) in batches(&slices.parts) {
                if header.max_timestamp < timestamp || header.last_offset() < start {
                    continue;
                }
                let found = find_record(&header, &batch, move |record_offset, record_timestamp| {
                    record_timestamp >= timestamp && record_offset >= start
                });
                if let Some((offset, timestamp)) = found.await {
                    return Ok(Some(TimestampOffset {
                        timestamp,
                        offset,
                        leader_epoch: header.leader_epoch,
                    }));
                }
            }
            offset = slices.next_offset;
        }
    }
    Ok(None)
}

/// See [`crate::Log::max_timestamp_offset`].
pub(crate) async fn max_timestamp_offset(inner: &Rc<Inner>) -> Result<Option<TimestampOffset>, Error> {
    let start = {
        let state = inner.state.borrow();
        state.check_online()?;
        state.log_start_offset
    };
    let mut best = (-1, start);
    for (base_offset, _) in segments_from(inner, start) {
        let found = largest(inner, base_offset).await?;
        if found.0 > best.0 {
            best = found;
        }
    }
    let (timestamp, offset) = best;
    if timestamp < 0 || offset < start {
        return Ok(None);
    }
    let slices = read(inner, offset, 1, Offset::MAX, true).await?;
    for (header, batch) in batches(&slices.parts) {
        let found = find_record(&header, &batch, move |_, record_timestamp| record_timestamp == timestamp);
        if let Some((offset, timestamp)) = found.await {
            return Ok(Some(TimestampOffset { timestamp, offset, leader_epoch: header.leader_epoch }));
        }
    }
    Ok(None)
}

/// The batches of whole-batch slices. One that is larger than a read from disk lies in several parts.
fn batches(parts: &[Bytes]) -> Vec<(BatchHeader, Bytes)> {
    let mut rest = match parts {
        [one] => one.clone(),
        many => Bytes::from(many.concat()),
    };
    let mut found = Vec::new();
    while let Ok(header) = BatchHeader::parse(&rest) {
        if header.bytes > rest.len() {
            break;
        }
        found.push((header, rest.split_to(header.bytes)));
    }
    found
}
