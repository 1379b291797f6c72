//! One pass over a log: what is dirty, the map of its keys, then group by group the cleaned segments and their swaps.
//!
//! Runs in whatever class its caller chose, and waits or yields after each piece of work.

use super::filter::{Filter, LastBatch, Left, Rules};
use super::offset_map::OffsetMap;
use super::output::{Cleaned, Output, discard};
use super::pace::Pace;
use super::plan::{Dirt, GroupLimits, Lags, Sealed, below, group, split};
use super::source::Source;
use super::swap;
use super::transactions::Transactions;
use crate::batch::{BATCH_HEADER_BYTES, BatchHeader};
use crate::checkpoint::partition::parse_segment_file_name;
use crate::log::Inner;
use crate::read::open_segment;
use crate::timestamps::largest;
use crate::transactions::marker_of;
use crate::writer::remove_if_there;
use crate::{Error, Offset, aborted};
use bytes::Bytes;
use ottla_io::counters::add;
use ottla_io::file::read_dir;
use ottla_io::task::{blocking, random_u64, slice_is_over};
use ottla_io::{BLOCK_BYTES, Buffer, Class, spawn, yield_now};
use ottla_protocol::records::{EXPANDED_BYTES_MAX, RecordsReader};
use std::rc::Rc;

/// Records between two looks at the clock.
const RECORDS_PER_LOOK: usize = 64;
/// A batch of at most so many bytes is compressed on the core itself: less than a millisecond.
const INLINE_BYTES_MAX: usize = 32 << 10;

/// What a pass is given.
pub struct Compaction<'a> {
    /// From [`crate::Log::dirt`].
    pub dirt: Dirt,
    /// What the log has of a producer, by its id, at the moment that it is asked.
    pub last_batch: &'a dyn Fn(i64) -> Option<LastBatch>,
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// `delete.retention.ms`.
    pub delete_retention_ms: i64,
    /// `log.cleaner.dedupe.buffer.size`, this core's share.
    pub map_bytes_max: usize,
    /// `log.cleaner.io.buffer.load.factor`.
    pub map_load_factor: f64,
    /// What is read and what is written are each held in so much memory, or in a batch where that is larger: half of
    /// `log.cleaner.io.buffer.size`, of this core's share.
    pub buffer_bytes: usize,
    pub pace: &'a Pace,
    /// Asked between batches: false ends the pass.
    pub goes_on: &'a dyn Fn() -> bool,
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// The next first dirty offset: below `Dirt::upper` when the map was full before.
    pub end: Offset,
    pub keys: usize,
    pub map_bytes: usize,
    pub records_read: u64,
    pub records_kept: u64,
    pub bytes_read: u64,
    pub bytes_kept: u64,
    pub segments_read: usize,
    pub segments_made: usize,
}

/// Why a pass ends early.
enum Stop {
    /// The caller wants it, or the log is not what it was: nothing is wrong.
    GivenUp,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}

/// See [`crate::Log::dirt`].
pub(crate) async fn dirt(
    inner: &Inner,
    stable: Offset,
    lags: Lags,
    now_ms: i64,
) -> Result<Option<Dirt>, Error> {
    let (first_dirty, segments) = {
        let state = inner.state.borrow();
        state.check_online()?;
        let (start, end) = (state.log_start_offset, state.log_end_offset);
        // What lies below the log start is gone; a log that was cut behind what is said to be clean is another one.
        let first_dirty = state.cleaned_to.filter(|offset| (start..=end).contains(offset)).unwrap_or(start);
        (first_dirty, sealed_segments(&state))
    };
    let segments = below(&segments, stable);
    if split(segments, first_dirty).1 == 0 {
        return Ok(None);
    }
    match dirt_of(inner, segments, first_dirty, lags, now_ms).await {
        // One that was deleted or cut meanwhile looks damaged, and is not.
        Err(_) if !swap::stands(inner, segments) => Ok(None),
        found => found,
    }
}

/// As [`dirt`], of `segments` that may be cleaned by their offsets.
async fn dirt_of(
    inner: &Inner,
    segments: &[Sealed],
    first_dirty: Offset,
    lags: Lags,
    now_ms: i64,
) -> Result<Option<Dirt>, Error> {
    let first = segments.partition_point(|segment| segment.end_offset <= first_dirty);
    let mut count = segments.len();
    if lags.min_ms > 0 {
        for (at, segment) in segments.iter().enumerate().skip(first) {
            if largest(inner, segment.base_offset).await?.0 > now_ms.saturating_sub(lags.min_ms) {
                count = at;
                break;
            }
        }
    }
    let Some(last) = count.checked_sub(1).and_then(|last| segments.get(last)) else { return Ok(None) };
    let segments = segments.get(..count).unwrap_or_default();
    let (clean_bytes, dirty_bytes) = split(segments, first_dirty);
    if dirty_bytes == 0 {
        return Ok(None);
    }
    let mut is_overdue = false;
    if lags.max_ms < i64::MAX {
        for segment in segments.iter().skip(first) {
            let timestamp = first_timestamp(inner, segment).await?;
            is_overdue = timestamp.is_some_and(|first| first < now_ms.saturating_sub(lags.max_ms.max(0)));
            if is_overdue {
                break;
            }
        }
    }
    Ok(Some(Dirt { first_dirty, upper: last.end_offset, clean_bytes, dirty_bytes, is_overdue }))
}

/// The finished segments from the front on, but not the active one.
fn sealed_segments(state: &crate::state::State) -> Vec<Sealed> {
    let pairs = state.segments.windows(2);
    let sealed = pairs.map_while(|pair| match pair {
        [segment, next] if segment.growing.is_none() => Some(Sealed {
            base_offset: segment.base_offset,
            end_offset: next.base_offset,
            bytes: segment.bytes,
        }),
        _ => None,
    });
    sealed.collect()
}

/// The first batch's largest timestamp, above 0.
async fn first_timestamp(inner: &Inner, segment: &Sealed) -> Result<Option<i64>, Error> {
    let known = {
        let state = inner.state.borrow();
        state.segment(segment.base_offset).and_then(|segment| segment.first_timestamp)
    };
    if known.is_some() || segment.bytes == 0 {
        return Ok(known.filter(|timestamp| *timestamp > 0));
    }
    let file = open_segment(inner, segment.base_offset).await?;
    let (read, block) = file.read_at(Buffer::with_capacity(BLOCK_BYTES), 0, BLOCK_BYTES).await;
    read.map_err(|error| Error::io("read", &inner.path(segment.base_offset, ".log"), &error))?;
    // A damaged header is for the pass itself to report.
    let header = block.get(..BATCH_HEADER_BYTES).and_then(|head| BatchHeader::parse(head).ok());
    let found = header.map(|header| header.max_timestamp);
    if let Some(segment) = inner.state.borrow_mut().segment_mut(segment.base_offset) {
        segment.first_timestamp = found;
    }
    Ok(found.filter(|timestamp| *timestamp > 0))
}

/// See [`crate::Log::compact`].
pub(crate) async fn compact(
    inner: &Rc<Inner>,
    compaction: &Compaction<'_>,
) -> Result<Option<Compacted>, Error> {
    let planned = {
        let state = inner.state.borrow();
        state.check_online()?;
        sealed_segments(&state)
    };
    clear_leftovers(inner).await?;
    let mut pass = Pass { inner, compaction, done: Compacted::default() };
    let ended = pass.run(below(&planned, compaction.dirt.upper)).await;
    let counts = &inner.resources.counts;
    add(&counts.compaction_read_bytes, pass.done.bytes_read);
    add(&counts.compaction_kept_bytes, pass.done.bytes_kept);
    inner.resources.compaction_map_bytes.set(0);
    match ended {
        Ok(()) => {
            add(&counts.compactions, 1);
            inner.state.borrow_mut().cleaned_to = Some(pass.done.end);
            Ok(Some(pass.done))
        }
        Err(Stop::GivenUp) => Ok(None),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// A swap counts only without any file that is not yet whole: one that an earlier pass left would undo it after a crash. A swap of that
/// pass may be under way yet, whose files these are until it has given them their names.
async fn clear_leftovers(inner: &Inner) -> Result<(), Error> {
    let _turn = inner.turn.acquire(1).await;
    inner.state.borrow().check_online()?;
    for entry in read_dir(&inner.dir).await.map_err(|error| Error::io("list", &inner.dir, &error))? {
        let name = entry.file_name.to_str().and_then(parse_segment_file_name);
        if name.is_some_and(|(_, suffix)| suffix.ends_with(".cleaned")) {
            remove_if_there(&entry.path).await?;
        }
    }
    Ok(())
}

struct Pass<'a> {
    inner: &'a Rc<Inner>,
    compaction: &'a Compaction<'a>,
    done: Compacted,
}

impl Pass<'_> {
    async fn run(&mut self, segments: &[Sealed]) -> Result<(), Stop> {
        let Compaction { map_bytes_max, map_load_factor, .. } = *self.compaction;
        let mut map = OffsetMap::new(map_bytes_max, map_load_factor, [random_u64(), random_u64()]);
        let map_end = self.read_keys(segments, &mut map).await?;
        self.done.end = map_end;
        (self.done.keys, self.done.map_bytes) = (map.len(), map.bytes());
        let rules = Rules {
            map: &map,
            map_end,
            now_ms: self.compaction.now_ms,
            delete_retention_ms: self.compaction.delete_retention_ms,
            last_batch: self.compaction.last_batch,
        };
        let limits = {
            let state = self.inner.state.borrow();
            GroupLimits {
                bytes_max: u64::from(state.config.segment_bytes),
                index_bytes_max: u64::from(state.config.segment_index_bytes),
                index_interval_bytes: state.config.index_interval_bytes,
            }
        };
        let count = segments.partition_point(|segment| segment.base_offset < map_end);
        let mut transactions = Transactions::default();
        for group in group(segments.get(..count).unwrap_or_default(), limits) {
            self.clean_group(group, &rules, &mut transactions).await?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Stop> {
        let is_online = self.inner.state.borrow().failure.is_none();
        if is_online && (self.compaction.goes_on)() { Ok(()) } else { Err(Stop::GivenUp) }
    }

    /// An error of a segment that is no longer there, or was cut, is none.
    fn sort_out(&self, group: &[Sealed], error: Error) -> Stop {
        if swap::stands(self.inner, group) { Stop::Failed(error) } else { Stop::GivenUp }
    }

    /// Before the batches of `segment`, which is one.
    async fn expect_aborted(&self, segment: &[Sealed], transactions: &mut Transactions) -> Result<(), Stop> {
        let Some(Sealed { base_offset, end_offset, .. }) = segment.first().copied() else { return Ok(()) };
        let found = aborted::within(self.inner, base_offset, end_offset).await;
        transactions.expect(found.map_err(|error| self.sort_out(segment, error))?, end_offset);
        Ok(())
    }

    /// Fills the map with the keys of the dirty segments. Returns the offset up to which it knows all of them.
    async fn read_keys(&mut self, segments: &[Sealed], map: &mut OffsetMap) -> Result<Offset, Stop> {
        let first_dirty = self.compaction.dirt.first_dirty;
        let mut transactions = Transactions::default();
        let first = segments.partition_point(|segment| segment.end_offset <= first_dirty);
        let mut end = first_dirty;
        for segment in segments.iter().skip(first) {
            let segment = std::slice::from_ref(segment);
            match self.read_keys_of(segment, map, &mut transactions).await? {
                Some(full_at) => return Ok(full_at),
                None => end = segment.first().map_or(end, |segment| segment.end_offset),
            }
        }
        Ok(end)
    }

    /// Returns the offset of the first record that found no room.
    async fn read_keys_of(
        &mut self,
        segment: &[Sealed],
        map: &mut OffsetMap,
        transactions: &mut Transactions,
    ) -> Result<Option<Offset>, Stop> {
        let first_dirty = self.compaction.dirt.first_dirty;
        let Some(Sealed { base_offset, bytes, .. }) = segment.first().copied() else { return Ok(None) };
        self.expect_aborted(segment, transactions).await?;
        let failed = |error| self.sort_out(segment, error);
        let source = Source::open(self.inner, self.compaction, base_offset, bytes).await;
        let mut source = source.map_err(failed)?;
        while let Some((header, batch)) = source.next().await.map_err(failed)? {
            self.check()?;
            if header.is_control() {
                transactions.marker(&header, marker_of(&header, &batch));
                continue;
            }
            if transactions.batch(&header) || header.last_offset() < first_dirty {
                continue;
            }
            let bad = |error: &dyn ToString| failed(source.corrupt_batch(&header, &error.to_string()));
            let reader = RecordsReader::new(&header, &batch, EXPANDED_BYTES_MAX);
            let mut reader = reader.map_err(|error| bad(&error))?;
            let mut seen = 0;
            while let Some(record) = reader.next().map_err(|error| bad(&error))? {
                let offset = header.base_offset.saturating_add(i64::from(record.offset_delta));
                if let Some(key) = record.key.filter(|_| offset >= first_dirty)
                    && !map.put(key, offset)
                {
                    return Ok(Some(offset));
                }
                seen += 1;
                if seen % RECORDS_PER_LOOK == 0 && slice_is_over() {
                    yield_now().await;
                }
            }
            self.inner.resources.compaction_map_bytes.set(map.bytes());
        }
        Ok(None)
    }

    /// Makes one segment of `group` and puts it in their place.
    async fn clean_group(
        &mut self,
        group: &[Sealed],
        rules: &Rules<'_>,
        transactions: &mut Transactions,
    ) -> Result<(), Stop> {
        let Some(first) = group.first().filter(|_| group.iter().any(|segment| segment.bytes > 0)) else {
            return Ok(());
        };
        let base_offset = first.base_offset;
        let has_aborted = {
            let state = self.inner.state.borrow();
            let mut old = group.iter().filter_map(|segment| state.segment(segment.base_offset));
            old.any(|segment| segment.aborted_file)
        };
        let output = Output::create(self.inner, self.compaction, base_offset, has_aborted).await?;
        let in_place = match self.clean_into(output, group, rules, transactions).await {
            Ok(Some(cleaned)) => self.put_in_place(group, cleaned).await.map(|()| true),
            // It is as clean as it can be.
            Ok(None) => Ok(false),
            Err(stop) => Err(stop),
        };
        if !matches!(in_place, Ok(true)) {
            let discarded = discard(self.inner, base_offset).await;
            in_place?;
            // A crash would undo the next group's swap beside a file that is not whole, and its old segments are gone by then.
            discarded?;
        }
        self.done.segments_made += 1;
        Ok(())
    }

    /// By a task of its own: whoever drops the pass does not stop it halfway.
    async fn put_in_place(&self, group: &[Sealed], cleaned: Cleaned) -> Result<(), Stop> {
        let (inner, group) = (self.inner.clone(), group.to_vec());
        let task = spawn(Class::Background, async move { swap::replace(&inner, &group, cleaned).await });
        let replaced = task.await.unwrap_or_else(|error| {
            let error = Error::Offline { dir: self.inner.dir.clone(), reason: error.to_string() };
            self.inner.fail(&error);
            Err(error)
        });
        match replaced {
            Ok(true) => Ok(()),
            // Closed or deleted meanwhile.
            Ok(false) | Err(Error::Closed { .. }) => Err(Stop::GivenUp),
            Err(error) => Err(error.into()),
        }
    }

    /// `None` when all of a single segment stays as it is.
    async fn clean_into(
        &mut self,
        mut output: Output<'_>,
        group: &[Sealed],
        rules: &Rules<'_>,
        transactions: &mut Transactions,
    ) -> Result<Option<Cleaned>, Stop> {
        let mut is_same = group.len() == 1;
        // The last batch of the group stays, if only as an empty one: the segment then covers the offsets of all those
        // that it replaces, by which opening knows after a crash what it stands for.
        let last_with_batches = group.iter().rposition(|segment| segment.bytes > 0);
        for (at, segment) in group.iter().enumerate() {
            let failed = |error| self.sort_out(group, error);
            self.expect_aborted(std::slice::from_ref(segment), transactions).await?;
            let source = Source::open(self.inner, self.compaction, segment.base_offset, segment.bytes);
            let mut source = source.await.map_err(failed)?;
            self.done.segments_read += 1;
            while let Some((header, batch)) =
                source.next().await.map_err(|error| self.sort_out(group, error))?
            {
                self.check()?;
                let is_void = if header.is_control() {
                    let (is_idle, entry) = transactions.marker(&header, marker_of(&header, &batch));
                    if let Some(aborted) = &mut output.aborted {
                        aborted.extend(entry);
                    }
                    is_idle
                } else {
                    transactions.batch(&header)
                };
                let ends_group = source.is_at_end() && Some(at) == last_with_batches;
                let verdict = rules.of_batch(&header, is_void, ends_group);
                let filtered = filter(header, &batch, verdict, rules).await;
                let (left, kept) =
                    filtered.map_err(|error| self.sort_out(group, source.corrupt_batch(&header, &error)))?;
                self.done.records_read += u64::try_from(header.record_count).unwrap_or(0);
                self.done.records_kept += kept as u64;
                self.done.bytes_read += header.bytes as u64;
                is_same &= matches!(left, Left::Same);
                let bytes = match left {
                    Left::Nothing => continue,
                    Left::Same => batch,
                    Left::Empty(bytes) => bytes.into(),
                    Left::Some(builder) => {
                        let built = if builder.uncompressed_bytes() <= INLINE_BYTES_MAX {
                            builder.build()
                        } else {
                            blocking(move || builder.build()).await
                        };
                        Bytes::from(built.map_err(|error| source.corrupt_batch(&header, &error))?)
                    }
                };
                let header =
                    BatchHeader::parse(&bytes).map_err(|fault| source.corrupt_batch(&header, &fault))?;
                self.done.bytes_kept += header.bytes as u64;
                output.push(&header, &bytes).await?;
            }
        }
        if is_same {
            return Ok(None);
        }
        self.check()?;
        Ok(Some(output.finish().await?))
    }
}

/// All of a batch's way through the filter. Returns how many records stay.
async fn filter(
    header: BatchHeader,
    batch: &[u8],
    verdict: super::filter::Verdict,
    rules: &Rules<'_>,
) -> Result<(Left, usize), ottla_protocol::records::RecordsError> {
    let mut filter = Filter::new(header, batch, verdict)?;
    loop {
        if let Some(left) = filter.step(rules)? {
            return Ok((left, filter.kept_count()));
        }
        if slice_is_over() {
            yield_now().await;
        }
    }
}
