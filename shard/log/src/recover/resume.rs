//! What the index files of a segment are good for: where a scan may begin, and lookups.

use crate::batch::BatchHeader;
use crate::checkpoint::partition::segment_file_name;
use crate::index::{IndexBuilder, OffsetIndex, TimeIndex};
use crate::limits::{SMALL_FILE_BYTES_MAX, block_start};
use crate::scan::Expected;
use crate::{Error, Offset};
use ottla_io::{BLOCK_BYTES, Buffer, File};
use std::path::Path;

/// Where a scan may begin inside a segment, by its indexes.
pub(crate) struct Resume {
    pub(crate) position: u64,
    /// The base offset of the batch there.
    pub(crate) next_offset: Offset,
    /// Holds the entries up to that batch's own.
    pub(crate) index: IndexBuilder,
}

/// The last index entry whose batch ends below `below`, if the index files are fit and a batch lies there that agrees.
pub(crate) async fn resume_point(
    dir: &Path,
    file: &File,
    file_bytes: u64,
    base_offset: Offset,
    below: Offset,
    expected: Expected,
) -> Result<Option<Resume>, Error> {
    let below = u32::try_from(below - base_offset).ok().and_then(|below| below.checked_sub(1));
    let Some(below) = below else { return Ok(None) };
    let Some((offsets, times)) = load_indexes(dir, base_offset, file_bytes).await? else { return Ok(None) };
    let Some(entry) = offsets.lookup(below) else { return Ok(None) };
    let position = u64::from(entry.position);
    let block = block_start(position);
    let (result, buffer) = file.read_at(Buffer::with_capacity(2 * BLOCK_BYTES), block, 2 * BLOCK_BYTES).await;
    result.map_err(|error| Error::io("read", &dir.join(segment_file_name(base_offset, ".log")), &error))?;
    let at = (position - block) as usize;
    let Ok(header) = BatchHeader::parse(buffer.get(at..).unwrap_or_default()) else { return Ok(None) };
    let agrees = header.last_offset() == base_offset + i64::from(entry.relative_offset)
        && header.base_offset >= expected.next_offset;
    if !agrees {
        return Ok(None);
    }
    let offset_entries = offsets.entries().take_while(|e| e.position <= entry.position).count();
    let kept = times.entries().take_while(|e| e.relative_offset <= entry.relative_offset);
    let (time_entries, last) = kept.fold((0, None), |(count, _), entry| (count + 1, Some(entry)));
    Ok(Some(Resume {
        position,
        next_offset: header.base_offset,
        index: IndexBuilder::resume(base_offset, offset_entries as u32, time_entries, last),
    }))
}

/// The indexes of a segment of `segment_bytes` bytes; `None` when a file is missing or unfit.
pub(crate) async fn load_indexes(
    dir: &Path,
    base_offset: Offset,
    segment_bytes: u64,
) -> Result<Option<(OffsetIndex, TimeIndex)>, Error> {
    let mut files = Vec::with_capacity(2);
    for suffix in [".index", ".timeindex"] {
        let path = dir.join(segment_file_name(base_offset, suffix));
        match ottla_io::file::read(&path, SMALL_FILE_BYTES_MAX).await {
            Ok(bytes) => files.push(bytes::Bytes::from(bytes)),
            Err(error) => {
                use std::io::ErrorKind::{InvalidData, NotFound};
                return match error.kind() {
                    NotFound | InvalidData => Ok(None),
                    _ => Err(Error::io("read", &path, &error)),
                };
            }
        }
    }
    let times = files.pop().unwrap_or_default();
    let offsets = files.pop().unwrap_or_default();
    let parsed = OffsetIndex::parse(offsets, segment_bytes)
        .and_then(|offsets| TimeIndex::parse(times).map(|times| (offsets, times)));
    match parsed {
        Ok(indexes) => Ok(Some(indexes)),
        Err(fault) => {
            let segment = dir.join(segment_file_name(base_offset, ".log"));
            tracing::warn!(segment = %segment.display(), %fault, "its indexes are made again");
            Ok(None)
        }
    }
}
