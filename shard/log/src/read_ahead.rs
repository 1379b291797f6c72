//! Windows of segment files that catch-up readers share: large direct reads in the background class, few of them in flight, kept in
//! a small cache of their own. A backfill neither takes the batch cache from the tail's readers nor queues its reads before theirs.
//!
//! A window lies between two multiples of its size, so that all readers want the same ones wherever they began: ten readers of a
//! segment cost the disk one read of it, as long as they are no further apart than the cache holds. Who reads on finds the
//! next windows begun.
//!
//! ```text
//! want ─► Loading ─► Here (served, then the least recently used goes)
//!            └─────► Failed (whoever waits is told; whoever asks later reads again)
//! ```

use crate::Offset;
use crate::limits::{READ_AHEAD_WINDOW_BYTES, READS_AHEAD_AT_ONCE, TRAILS_MAX};
use crate::resources::LogNumber;
use bytes::Bytes;
use ottla_io::local::{Event, Semaphore};
use ottla_io::{BLOCK_BYTES, Buffer, Class, File, Instant};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

/// A segment of a log of this core, and how often compaction had replaced segments of the log when the read began: the same name may stand
/// for another file since.
pub(crate) type SegmentKey = (LogNumber, Offset, u64);

enum State {
    Loading,
    Here(Bytes),
    /// Why it cannot be read.
    Failed(String),
}

struct Slot {
    state: RefCell<State>,
    changed: Event,
    served: Cell<bool>,
}

struct Window {
    segment: SegmentKey,
    start: u64,
    /// A part of the window, when the segment had no more to give.
    end: u64,
    slot: Rc<Slot>,
}

/// One per core.
pub(crate) struct ReadAhead {
    windows_max: usize,
    /// The least recently used first.
    windows: RefCell<VecDeque<Window>>,
    /// Reads in flight.
    turns: Rc<Semaphore>,
    /// Where readers were last: the log, and the offset that each would go on from. The oldest first.
    trails: RefCell<VecDeque<(LogNumber, Offset)>>,
    used: Cell<Option<Instant>>,
}

impl ReadAhead {
    /// Keeps at most `bytes`; nothing is read ahead when that is less than two windows.
    pub(crate) fn new(bytes: usize) -> ReadAhead {
        ReadAhead {
            windows_max: bytes / READ_AHEAD_WINDOW_BYTES as usize,
            windows: RefCell::default(),
            turns: Rc::new(Semaphore::new(READS_AHEAD_AT_ONCE)),
            trails: RefCell::default(),
            used: Cell::new(None),
        }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.windows_max < 2
    }

    /// Of all windows.
    pub(crate) fn bytes(&self) -> usize {
        self.windows.borrow().len() * READ_AHEAD_WINDOW_BYTES as usize
    }

    /// Where the window at `start` ends that somebody has or waits for.
    pub(crate) fn end_of(&self, segment: SegmentKey, start: u64) -> Option<u64> {
        let windows = self.windows.borrow();
        let found = windows.iter().find(|window| window.segment == segment && window.start == start);
        found.map(|window| window.end)
    }

    /// Whether a reader of `log` came to `offset` with its last read.
    pub(crate) fn is_on_trail(&self, log: LogNumber, offset: Offset) -> bool {
        self.trails.borrow().contains(&(log, offset))
    }

    /// A reader that asked for `from` got everything up to `to`.
    pub(crate) fn passed(&self, log: LogNumber, from: Offset, to: Offset) {
        let mut trails = self.trails.borrow_mut();
        if let Some(at) = trails.iter().position(|trail| *trail == (log, from)) {
            trails.remove(at);
        } else if trails.len() >= TRAILS_MAX {
            trails.pop_front();
        }
        trails.push_back((log, to));
    }

    /// The window's bytes, when they are here.
    pub(crate) fn at_hand(&self, segment: SegmentKey, range: &Range<u64>) -> Option<Bytes> {
        let slot = self.find(segment, range)?;
        let State::Here(bytes) = &*slot.state.borrow() else { return None };
        slot.served.set(true);
        Some(bytes.clone())
    }

    /// Waits for a window, and begins to read it if nobody has.
    /// # Errors
    /// Why it cannot be read.
    pub(crate) async fn load(
        &self,
        segment: SegmentKey,
        file: &File,
        range: Range<u64>,
    ) -> Result<Bytes, String> {
        let slot = match self.find(segment, &range) {
            Some(slot) => slot,
            None => self.begin(segment, file, range.clone()),
        };
        slot.served.set(true);
        loop {
            let changed = slot.changed.wait();
            match &*slot.state.borrow() {
                State::Loading => {}
                State::Here(bytes) => return Ok(bytes.clone()),
                State::Failed(reason) => {
                    self.windows.borrow_mut().retain(|window| !Rc::ptr_eq(&window.slot, &slot));
                    return Err(reason.clone());
                }
            }
            changed.await;
        }
    }

    /// Begins to read a window that will be wanted, unless one would have to go for it that nobody has had yet.
    pub(crate) fn foresee(&self, segment: SegmentKey, file: &File, range: Range<u64>) {
        let is_crowded = {
            let windows = self.windows.borrow();
            windows.len() >= self.windows_max
                && windows.front().is_some_and(|oldest| !oldest.slot.served.get())
        };
        if !is_crowded && self.end_of(segment, range.start).is_none() {
            self.begin(segment, file, range);
        }
    }

    fn find(&self, segment: SegmentKey, range: &Range<u64>) -> Option<Rc<Slot>> {
        let mut windows = self.windows.borrow_mut();
        let fits = |window: &Window| {
            window.segment == segment
                && window.start == range.start
                && window.end >= range.end
                && !matches!(*window.slot.state.borrow(), State::Failed(_))
        };
        let at = windows.iter().position(fits)?;
        let window = windows.remove(at)?;
        let slot = window.slot.clone();
        windows.push_back(window);
        self.used.set(Some(ottla_io::recently()));
        Some(slot)
    }

    fn begin(&self, segment: SegmentKey, file: &File, range: Range<u64>) -> Rc<Slot> {
        let slot = Rc::new(Slot {
            state: RefCell::new(State::Loading),
            changed: Event::new(),
            served: Cell::new(false),
        });
        let mut windows = self.windows.borrow_mut();
        windows.retain(|window| window.segment != segment || window.start != range.start);
        while windows.len() >= self.windows_max.max(1) {
            windows.pop_front();
        }
        windows.push_back(Window { segment, start: range.start, end: range.end, slot: slot.clone() });
        drop(windows);
        self.used.set(Some(ottla_io::recently()));
        let (loading, file, turns) = (slot.clone(), file.clone(), self.turns.clone());
        ottla_io::spawn(Class::Background, async move {
            let _turn = turns.acquire(1).await;
            if Rc::strong_count(&loading) == 1 {
                // Forgotten before its turn came, and nobody waits.
                return;
            }
            let len = usize::try_from(range.end - range.start).unwrap_or(0).next_multiple_of(BLOCK_BYTES);
            let (result, buffer) = file.read_at(Buffer::with_capacity(len), range.start, len).await;
            *loading.state.borrow_mut() = match result {
                Ok(_) => State::Here(buffer.freeze()),
                Err(error) => State::Failed(error.to_string()),
            };
            loading.changed.notify_all();
        });
        slot
    }

    /// Forgets what is known of a segment: its file changed, or is going away.
    pub(crate) fn forget_segment(&self, log: LogNumber, base_offset: Offset) {
        let is_of = |(of, base, _): SegmentKey| of == log && base == base_offset;
        self.windows.borrow_mut().retain(|window| !is_of(window.segment));
    }

    pub(crate) fn forget_log(&self, log: LogNumber) {
        self.windows.borrow_mut().retain(|window| window.segment.0 != log);
        self.trails.borrow_mut().retain(|trail| trail.0 != log);
    }

    /// For the sweep: frees everything when nobody has read for `idle`. True while something is held.
    pub(crate) fn cool(&self, now: Instant, idle: std::time::Duration) -> bool {
        if self.used.get().is_some_and(|used| now.duration_since(used) >= idle) {
            self.windows.borrow_mut().clear();
            self.trails.borrow_mut().clear();
            self.used.set(None);
        }
        !self.windows.borrow().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{directory, on_shard};
    use ottla_io::{OpenOptions, sleep};
    use std::time::Duration;

    const SEGMENT: SegmentKey = (7, 0, 0);

    /// Nobody waited for a window that was read ahead and failed: who wants it later has it read again.
    #[test]
    fn a_failure_that_nobody_saw_is_not_told_later() {
        let dir = directory();
        let path = dir.path().join("segment");
        let bytes = vec![9; READ_AHEAD_WINDOW_BYTES as usize];
        std::fs::write(&path, &bytes).unwrap();
        on_shard(move || {
            let (path, bytes) = (path.clone(), bytes.clone());
            async move {
                let read_ahead = ReadAhead::new(4 * READ_AHEAD_WINDOW_BYTES as usize);
                let open = async |read| {
                    let options = OpenOptions { read, write: !read, ..OpenOptions::default() };
                    File::open(&path, &options).await.unwrap()
                };
                let (unreadable, readable) = (open(false).await, open(true).await);
                read_ahead.foresee(SEGMENT, &unreadable, 0..READ_AHEAD_WINDOW_BYTES);
                let has_failed = || match read_ahead.windows.borrow().front() {
                    Some(window) => matches!(*window.slot.state.borrow(), State::Failed(_)),
                    None => panic!("it is forgotten"),
                };
                while !has_failed() {
                    sleep(Duration::from_millis(1)).await;
                }
                let found = read_ahead.load(SEGMENT, &readable, 0..READ_AHEAD_WINDOW_BYTES).await;
                assert_eq!(found.unwrap(), bytes);
                assert_eq!(read_ahead.bytes(), bytes.len(), "it is there once");
                // Who waits is told.
                let range = READ_AHEAD_WINDOW_BYTES..2 * READ_AHEAD_WINDOW_BYTES;
                assert!(read_ahead.load(SEGMENT, &unreadable, range).await.is_err());
                assert_eq!(read_ahead.bytes(), bytes.len(), "and it is forgotten");
            }
        });
    }
}
