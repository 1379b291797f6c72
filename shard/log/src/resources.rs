//! What the logs of one core share: the batch cache's budget, open files for reading, loaded indexes, and the sweep
//! that lets idle logs cost next to nothing.
//!
//! One value per core, given to every log that opens there. Nothing here blocks or knows what a batch is.

use crate::index::{OffsetIndex, TimeIndex, TransactionIndex};
use crate::limits::PREPARE_BYTES;
use crate::log::Inner;
use crate::read_ahead::ReadAhead;
use crate::{Error, Offset};
use bytes::Bytes;
use ottla_io::counters::add;
use ottla_io::{Buffer, Class, File, Instant};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::Duration;

/// Bounds of [`Resources`].
#[derive(Clone, Debug)]
pub struct ResourceLimits {
    /// Tail chunks of all logs of this core. Above it the oldest written chunks go first.
    pub batch_cache_bytes: usize,
    /// Files kept open for cold reads.
    pub read_files: usize,
    /// Windows of segments that catch-up readers share; below two of them nothing is read ahead.
    pub read_ahead_bytes: usize,
    /// Index files of sealed segments kept in memory; transaction indexes may take as much again.
    pub index_cache_bytes: usize,
    /// A log without an append for this long frees its chunks and closes its files; a file without a read as well.
    pub idle_ms: u64,
    /// Zeros that a busy log writes ahead of its end at a time, at most; 0: none.
    pub prepare_bytes: u64,
}

impl Default for ResourceLimits {
    fn default() -> ResourceLimits {
        ResourceLimits {
            batch_cache_bytes: 64 << 20,
            read_files: 64,
            read_ahead_bytes: 16 << 20,
            index_cache_bytes: 8 << 20,
            idle_ms: 10_000,
            prepare_bytes: crate::limits::PREPARE_LARGE_BYTES as u64,
        }
    }
}

ottla_io::counts! {
    /// What the logs of one core have done.
    pub struct LogCounts, LogTally {
        /// Batches appended to logs.
        appended_batches,
        /// Records in the batches appended to logs.
        appended_records,
        /// Bytes of the batches appended to logs.
        appended_bytes,
        /// Writes of appended batches to segment files.
        writes,
        /// Flushes of what was written without being made durable at once.
        flushes,
        /// Segments begun because the one before was full or old.
        rolls,
        /// Reads of batches from memory.
        cached_reads,
        /// Bytes of batches read from memory.
        cached_read_bytes,
        /// Reads of batches from segment files, because they were no longer in memory.
        cold_reads,
        /// Bytes of batches read from segment files.
        cold_read_bytes,
        /// Chunks of batches dropped from memory to make room for new ones.
        evictions,
        /// Passes of compaction over logs that came to their end.
        compactions,
        /// Bytes of batches that compaction has read to clean them.
        compaction_read_bytes,
        /// Bytes of batches that compaction has kept of them.
        compaction_kept_bytes,
    }
}

/// Names a log among those of a core; never used again.
pub(crate) type LogNumber = u64;

struct ReadFile {
    log: LogNumber,
    base_offset: Offset,
    file: File,
    used: Instant,
}

/// The two indexes of a segment, as far as they are in files.
#[derive(Clone, Default)]
pub(crate) struct Indexes {
    pub(crate) offsets: OffsetIndex,
    pub(crate) times: TimeIndex,
}

impl Cached for Indexes {
    fn bytes(&self) -> usize {
        self.offsets.bytes() + self.times.bytes()
    }
}
impl Cached for TransactionIndex {
    fn bytes(&self) -> usize {
        self.bytes()
    }
}

trait Cached: Clone {
    fn bytes(&self) -> usize;
}

/// What is loaded of segments, the least recently used first.
struct Loaded<T>(Vec<(LogNumber, Offset, T)>);

impl<T: Cached> Loaded<T> {
    fn get(&mut self, log: LogNumber, base_offset: Offset) -> Option<T> {
        let at = self.0.iter().position(|entry| (entry.0, entry.1) == (log, base_offset))?;
        let entry = self.0.remove(at);
        let found = entry.2.clone();
        self.0.push(entry);
        Some(found)
    }

    fn keep(&mut self, log: LogNumber, base_offset: Offset, loaded: T, bytes_max: usize) {
        self.forget(log, base_offset);
        self.0.push((log, base_offset, loaded));
        let bytes_of = |entry: &(LogNumber, Offset, T)| entry.2.bytes() + 64;
        let mut bytes: usize = self.0.iter().map(bytes_of).sum();
        while bytes > bytes_max && self.0.len() > 1 {
            bytes -= bytes_of(&self.0.remove(0));
        }
    }

    fn forget(&mut self, log: LogNumber, base_offset: Offset) {
        self.0.retain(|entry| (entry.0, entry.1) != (log, base_offset));
    }

    fn forget_log(&mut self, log: LogNumber) {
        self.0.retain(|entry| entry.0 != log);
    }
}

/// Told of a data directory, and of the error that took one of its logs offline.
type OnDiskFailure = dyn Fn(&Path, &Error);

/// One per core, shared by its logs.
pub struct Resources {
    limits: ResourceLimits,
    next_log: Cell<LogNumber>,
    next_chunk: Cell<u64>,
    cached_bytes: Cell<usize>,
    chunks: RefCell<VecDeque<(Weak<Inner>, u64)>>,
    files: RefCell<Vec<ReadFile>>,
    indexes: RefCell<Loaded<Indexes>>,
    aborted: RefCell<Loaded<TransactionIndex>>,
    warm: RefCell<Vec<Weak<Inner>>>,
    sweeping: Cell<bool>,
    warned_buffered: Cell<bool>,
    zeros: RefCell<Bytes>,
    on_disk_failure: RefCell<Option<Rc<OnDiskFailure>>>,
    /// Bytes of batches that openings have looked at, by data directory.
    scanned: RefCell<BTreeMap<PathBuf, Rc<Cell<u64>>>>,
    pub(crate) read_ahead: ReadAhead,
    pub(crate) counts: LogTally,
    pub(crate) compaction_map_bytes: Cell<usize>,
}

impl Resources {
    pub fn new(limits: ResourceLimits) -> Rc<Resources> {
        Rc::new(Resources {
            read_ahead: ReadAhead::new(limits.read_ahead_bytes),
            limits,
            next_log: Cell::new(0),
            next_chunk: Cell::new(0),
            cached_bytes: Cell::new(0),
            chunks: RefCell::default(),
            files: RefCell::default(),
            indexes: RefCell::new(Loaded(Vec::new())),
            aborted: RefCell::new(Loaded(Vec::new())),
            warm: RefCell::default(),
            sweeping: Cell::new(false),
            warned_buffered: Cell::new(false),
            zeros: RefCell::default(),
            on_disk_failure: RefCell::default(),
            scanned: RefCell::default(),
            counts: LogTally::default(),
            compaction_map_bytes: Cell::new(0),
        })
    }

    /// Calls `call`, on this core and with no state borrowed, when a log goes offline by a failure of the disk that its data directory
    /// lies on: see [`Error::is_of_disk`].
    pub fn set_on_disk_failure(&self, call: Rc<OnDiskFailure>) {
        *self.on_disk_failure.borrow_mut() = Some(call);
    }

    /// The log in `dir` went offline by `error`.
    pub(crate) fn failed(&self, dir: &Path, error: &Error) {
        let call = self.on_disk_failure.borrow().clone();
        if let (true, Some(call), Some(data)) = (error.is_of_disk(), call, dir.parent()) {
            call(data, error);
        }
    }

    pub fn counts(&self) -> LogCounts {
        self.counts.read()
    }

    /// Bytes of tail chunks of all logs of this core.
    pub fn cached_bytes(&self) -> usize {
        self.cached_bytes.get()
    }
    /// How much the openings of logs in a data directory have scanned so far.
    pub fn scanned_bytes(&self, data: &Path) -> u64 {
        self.scanned.borrow().get(data).map_or(0, |scanned| scanned.get())
    }
    /// Where an opening in a data directory counts what it scans.
    pub(crate) fn scanned(&self, data: &Path) -> Rc<Cell<u64>> {
        self.scanned.borrow_mut().entry(data.to_owned()).or_default().clone()
    }

    /// Bytes of windows that are read ahead, or being read.
    pub fn read_ahead_bytes(&self) -> usize {
        self.read_ahead.bytes()
    }
    /// Memory of the keys that a compaction under way has in mind.
    pub fn compaction_map_bytes(&self) -> usize {
        self.compaction_map_bytes.get()
    }
    /// Files open for cold reads.
    pub fn read_file_count(&self) -> usize {
        self.files.borrow().len()
    }

    pub(crate) fn prepare_bytes_max(&self) -> u64 {
        self.limits.prepare_bytes
    }

    /// Aligned zeros, [`PREPARE_BYTES`] of them, made when they are first wanted.
    pub(crate) fn zeros(&self) -> Bytes {
        let mut zeros = self.zeros.borrow_mut();
        if zeros.is_empty() {
            let mut buffer = Buffer::with_capacity(PREPARE_BYTES);
            buffer.resize(PREPARE_BYTES);
            *zeros = buffer.freeze();
        }
        zeros.clone()
    }

    /// Says once that the file system has no direct I/O.
    pub(crate) fn warn_buffered(&self, path: &std::path::Path) {
        if !self.warned_buffered.replace(true) {
            tracing::warn!(
                path = %path.display(),
                "the file system has no direct I/O: writes go through the page cache with a flush each"
            );
        }
    }

    pub(crate) fn log_number(&self) -> LogNumber {
        self.next_log.replace(self.next_log.get() + 1)
    }

    /// The number that a chunk would get that is made now.
    pub(crate) fn chunk_number(&self) -> u64 {
        self.next_chunk.get()
    }

    /// Counts chunk `number` of `log` and evicts the oldest written chunks while there are too many bytes. No log's
    /// state may be borrowed.
    pub(crate) fn chunk_made(&self, log: &Rc<Inner>, number: u64, bytes: usize) {
        self.next_chunk.set(number + 1);
        self.cached_bytes.set(self.cached_bytes.get() + bytes);
        self.chunks.borrow_mut().push_back((Rc::downgrade(log), number));
        let mut looked_at = 0;
        let count = self.chunks.borrow().len();
        while self.cached_bytes.get() > self.limits.batch_cache_bytes && looked_at < count {
            looked_at += 1;
            let Some((log, number)) = self.chunks.borrow_mut().pop_front() else { break };
            let Some(owner) = log.upgrade() else { continue };
            match owner.evict(number) {
                Some(bytes) => {
                    add(&self.counts.evictions, u64::from(bytes > 0));
                    self.chunks_freed(bytes);
                }
                None => self.chunks.borrow_mut().push_back((log, number)),
            }
        }
        // Logs that free their chunks by themselves leave entries behind.
        if count > 64 && looked_at == 0 && self.chunks.borrow().len() > 2 * self.live_chunks_max() {
            self.chunks
                .borrow_mut()
                .retain(|(log, number)| log.upgrade().is_some_and(|log| log.has_chunk(*number)));
        }
    }

    fn live_chunks_max(&self) -> usize {
        self.cached_bytes.get() / crate::limits::CHUNK_BYTES_MIN + 1
    }

    pub(crate) fn chunks_freed(&self, bytes: usize) {
        self.cached_bytes.set(self.cached_bytes.get().saturating_sub(bytes));
    }

    /// An open file of a segment, if there is one.
    pub(crate) fn read_file(&self, log: LogNumber, base_offset: Offset) -> Option<File> {
        let mut files = self.files.borrow_mut();
        let found = files.iter_mut().find(|file| file.log == log && file.base_offset == base_offset)?;
        found.used = ottla_io::now();
        Some(found.file.clone())
    }

    /// Keeps `file` for the next reader; the one unused for longest goes if there are too many.
    pub(crate) fn keep_read_file(self: &Rc<Self>, log: LogNumber, base_offset: Offset, file: File) {
        let mut files = self.files.borrow_mut();
        files.retain(|file| file.log != log || file.base_offset != base_offset);
        if files.len() >= self.limits.read_files {
            let oldest = (0..files.len()).min_by_key(|index| files.get(*index).map(|file| file.used));
            if let Some(oldest) = oldest {
                files.swap_remove(oldest);
            }
        }
        files.push(ReadFile { log, base_offset, file, used: ottla_io::now() });
        drop(files);
        self.sweep_later();
    }

    pub(crate) fn indexes(&self, log: LogNumber, base_offset: Offset) -> Option<Indexes> {
        self.indexes.borrow_mut().get(log, base_offset)
    }
    pub(crate) fn keep_indexes(&self, log: LogNumber, base_offset: Offset, indexes: Indexes) {
        self.indexes.borrow_mut().keep(log, base_offset, indexes, self.limits.index_cache_bytes);
    }
    /// A loaded transaction index.
    pub(crate) fn aborted(&self, log: LogNumber, base_offset: Offset) -> Option<TransactionIndex> {
        self.aborted.borrow_mut().get(log, base_offset)
    }
    pub(crate) fn keep_aborted(&self, log: LogNumber, base_offset: Offset, index: TransactionIndex) {
        self.aborted.borrow_mut().keep(log, base_offset, index, self.limits.index_cache_bytes);
    }

    /// Forgets what is loaded of a segment: its files changed, or are going away.
    pub(crate) fn forget_segment(&self, log: LogNumber, base_offset: Offset) {
        self.forget_indexes(log, base_offset);
        self.files.borrow_mut().retain(|file| file.log != log || file.base_offset != base_offset);
        self.read_ahead.forget_segment(log, base_offset);
    }

    pub(crate) fn forget_indexes(&self, log: LogNumber, base_offset: Offset) {
        self.indexes.borrow_mut().forget(log, base_offset);
        self.aborted.borrow_mut().forget(log, base_offset);
    }

    pub(crate) fn forget_log(&self, log: LogNumber) {
        self.indexes.borrow_mut().forget_log(log);
        self.aborted.borrow_mut().forget_log(log);
        self.files.borrow_mut().retain(|file| file.log != log);
        self.read_ahead.forget_log(log);
    }

    /// From now on `log` is looked at until it has been idle for long enough.
    pub(crate) fn warmed(self: &Rc<Self>, log: &Rc<Inner>) {
        self.warm.borrow_mut().push(Rc::downgrade(log));
        self.sweep_later();
    }

    /// The sweep runs only while something is warm, so that an idle core sleeps.
    fn sweep_later(self: &Rc<Self>) {
        if self.sweeping.replace(true) {
            return;
        }
        let resources = Rc::downgrade(self);
        let interval = Duration::from_millis((self.limits.idle_ms / 2).max(1));
        ottla_io::spawn(Class::Background, async move {
            loop {
                ottla_io::sleep(interval).await;
                let Some(resources) = resources.upgrade() else { return };
                if !resources.sweep().await {
                    resources.sweeping.set(false);
                    return;
                }
            }
        });
    }

    /// True while something is still warm.
    async fn sweep(&self) -> bool {
        let now = ottla_io::now();
        let idle = Duration::from_millis(self.limits.idle_ms);
        let mut still_warm = Vec::new();
        let warm = std::mem::take(&mut *self.warm.borrow_mut());
        for log in warm {
            let Some(log) = log.upgrade() else { continue };
            if !log.cool_if_idle(now, idle).await {
                still_warm.push(Rc::downgrade(&log));
            }
        }
        self.warm.borrow_mut().append(&mut still_warm);
        self.files.borrow_mut().retain(|file| now.duration_since(file.used) < idle);
        let holds_windows = self.read_ahead.cool(now, idle);
        holds_windows || !self.warm.borrow().is_empty() || !self.files.borrow().is_empty()
    }
}
