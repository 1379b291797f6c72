//! Batches again in order, from disk: what rebuilds producer state after a restart or a truncation.

use crate::batch::BatchHeader;
use crate::log::Inner;
use crate::read::{open_segment, position_hint};
use crate::scan::Expected;
use crate::survey::read_small;
use crate::walk::walk;
use crate::{Error, Offset, writer};
use std::ops::ControlFlow;
use std::rc::Rc;

/// See [`crate::Log::replay`].
pub(crate) async fn replay(
    inner: &Rc<Inner>,
    from: Offset,
    visit: impl FnMut(&BatchHeader, &[u8]),
) -> Result<(), Error> {
    writer::written(inner).await?;
    let segments: Vec<(Offset, u64)> = {
        let state = inner.state.borrow();
        let from = from.max(state.log_start_offset);
        let first = state.holder_of(from).unwrap_or(0);
        state.segments.iter().skip(first).map(|segment| (segment.base_offset, segment.written)).collect()
    };
    visit_segments(inner, from, &segments, visit).await.inspect_err(|error| {
        if matches!(error, Error::Corrupt { .. }) {
            inner.fail(error);
        }
    })
}

/// Calls `visit` with each batch of `segments`, base offsets and bytes of adjacent ones, that ends at or above `from`.
pub(crate) async fn visit_segments(
    inner: &Inner,
    from: Offset,
    segments: &[(Offset, u64)],
    mut visit: impl FnMut(&BatchHeader, &[u8]),
) -> Result<(), Error> {
    for (at, (base_offset, bytes)) in segments.iter().copied().enumerate() {
        if bytes == 0 {
            continue;
        }
        let position =
            if at == 0 && from > base_offset { position_hint(inner, base_offset, from).await? } else { 0 };
        let file = open_segment(inner, base_offset).await?;
        for start in [position, 0] {
            let expected = Expected::at_segment_start(base_offset, None, true);
            let walked = walk(&file, start, bytes, expected, true, |_, header, batch| {
                if header.last_offset() >= from {
                    visit(header, batch);
                }
                ControlFlow::Continue(())
            })
            .await;
            let path = inner.path(base_offset, ".log");
            let walked = walked.map_err(|error| Error::io("read", &path, &error))?;
            match walked.fault {
                None => break,
                // The hint came from a damaged index and led to no batch at all.
                Some(_) if start > 0 && walked.position == start => {}
                Some(fault) => {
                    let reason = fault.to_string();
                    return Err(Error::Corrupt { path, position: walked.position, reason });
                }
            }
        }
    }
    Ok(())
}

/// See [`crate::Log::producer_snapshot_below`].
pub(crate) async fn snapshot_below(
    inner: &Inner,
    offset: Offset,
) -> Result<Option<(Offset, Vec<u8>)>, Error> {
    let candidates: Vec<Offset> = {
        let state = inner.state.borrow();
        let all = state.snapshots.iter().rev().copied();
        all.filter(|at| *at < offset && *at >= state.log_start_offset).collect()
    };
    for at in candidates {
        if let Some(bytes) = read_small(&inner.path(at, ".snapshot")).await? {
            return Ok(Some((at, bytes)));
        }
    }
    Ok(None)
}
