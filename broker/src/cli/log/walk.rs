//! The batches of a segment, one after the other, past damage, whatever the file holds.
//!
//! Holds one window of the file, as large as the batch at hand and [`BATCH_HELD_MAX`] at most; of a larger batch the checksum is
//! looked at and nothing else. What was read is dropped from the page cache: a broker writes past that cache, and its logs are
//! larger than it. Where the bytes are no batch, the walk looks for the next sound one behind them.

use super::place;
use ottla_log::Offset;
use ottla_log::batch::{BATCH_HEADER_BYTES, BatchFault, BatchHeader, CRC_START};
use ottla_log::scan::Expected;
use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// A larger batch is not held: the largest that the default `max.message.bytes` allows is a hundredth of it.
pub(super) const BATCH_HELD_MAX: usize = 128 << 20;
/// One read.
const WINDOW_BYTES: usize = 1 << 20;
const BLOCK_BYTES: u64 = 4096;
/// Bytes whose checksum a search for the next sound batch may compute, so that a file that is made to look like batches everywhere
/// does not take for ever.
const SEARCHED_BYTES_MAX: u64 = 4 << 30;
/// A broker that appends may be in the middle of a write: what looks torn is looked at again so often, so far apart.
const LOOKS: u32 = 40;
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// What comes next in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A whole batch whose checksum is right. `fault`: its offsets or its epoch do not follow the batch before it.
    Batch {
        position: u64,
        header: BatchHeader,
        fault: Option<BatchFault>,
    },
    /// No sound batch lies in `[from, to)`, and one does at `to`.
    Damage {
        from: u64,
        to: u64,
        fault: BatchFault,
    },
    End(Tail),
}

/// What lies behind the last batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    Nothing,
    /// Space that a broker prepared: so many zeros.
    Zeros(u64),
    /// So many bytes that are no batch, and no sound batch behind them.
    Broken {
        fault: BatchFault,
        bytes: u64,
    },
}

pub(super) struct Walk {
    file: File,
    len: u64,
    position: u64,
    expected: Expected,
    /// Where the next batch may begin too: the one before it has a wrong base offset, but a right number of records.
    otherwise: Option<Offset>,
    /// What the next offset was before the last batch.
    before: Offset,
    window: Vec<u8>,
    window_start: u64,
    looks: u32,
}

impl Walk {
    /// Begins at the start of the segment at `path`. `is_live`: a broker may be appending to it.
    /// # Errors
    /// Those of opening it.
    pub(super) fn open(path: &Path, expected: Expected, is_live: bool) -> io::Result<Walk> {
        let file = place::open(path)?;
        let len = file.metadata()?.len();
        // Only advice: a file system without it reads as well.
        let _ = fadvise(&file, 0, None, Advice::Sequential);
        Ok(Walk {
            file,
            len,
            position: 0,
            expected,
            otherwise: None,
            before: expected.next_offset,
            window: Vec::new(),
            window_start: 0,
            looks: if is_live { LOOKS } else { 0 },
        })
    }

    /// Bytes of the file.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Where the walk is, and which offset it expects there.
    pub(super) fn position(&self) -> (u64, Offset) {
        (self.position, self.expected.next_offset)
    }

    /// All bytes of the batch that the last step found; `None` when it is larger than [`BATCH_HELD_MAX`].
    pub(super) fn batch(&self, position: u64, header: &BatchHeader) -> Option<&[u8]> {
        self.rest(position).get(..header.bytes)
    }

    /// The next batch, or what is in its place. After `End` it is over.
    /// # Errors
    /// Those of reading the file.
    pub(super) fn next(&mut self) -> io::Result<Step> {
        loop {
            if self.position >= self.len {
                return Ok(Step::End(Tail::Nothing));
            }
            let position = self.position;
            self.fill(position, BATCH_HEADER_BYTES)?;
            let parsed = BatchHeader::parse(self.rest(position));
            let fault = match parsed {
                Err(fault) => fault,
                Ok(header) if header.bytes as u64 > self.len - position => BatchFault::Torn(header.bytes),
                Ok(header) => match self.checksum(position, &header)? {
                    computed if computed != header.crc => {
                        BatchFault::Checksum { stored: header.crc, computed }
                    }
                    _ => match self.follows(&header) {
                        Ok(fault) => {
                            self.position += header.bytes as u64;
                            return Ok(Step::Batch { position, header, fault });
                        }
                        Err(fault) => fault,
                    },
                },
            };
            if self.looks == 0 {
                return self.past(fault, parsed.ok());
            }
            self.look_again()?;
        }
    }

    /// Whether the batch `header`, whose checksum is right, follows. `Ok` with a fault: it is another one's base offset or epoch that
    /// is wrong, or this one's, but it lies where a batch has to. `Err`: an old batch, of which nothing is known.
    fn follows(&mut self, header: &BatchHeader) -> Result<Option<BatchFault>, BatchFault> {
        let records = i64::from(header.last_offset_delta) + 1;
        if self.otherwise == Some(header.base_offset) {
            self.expected.next_offset = header.base_offset;
        }
        let fault = match self.expected.check(header) {
            Ok(()) => None,
            Err(fault @ BatchFault::OffsetOrder { found, .. }) if found < self.before => return Err(fault),
            Err(fault) => Some(fault),
        };
        self.otherwise = match fault {
            Some(BatchFault::OffsetOrder { .. } | BatchFault::OffsetBeyond { .. }) => {
                self.expected.next_offset.checked_add(records)
            }
            _ => None,
        };
        self.before = self.expected.next_offset.min(header.base_offset);
        self.expected.advance(header);
        Ok(fault)
    }

    /// Past what is no batch, at `self.position`: to the next sound one, or to the end.
    fn past(&mut self, fault: BatchFault, header: Option<BatchHeader>) -> io::Result<Step> {
        let from = self.position;
        // A broker may have cut the file to less than where the walk is.
        let bytes = self.len.saturating_sub(from);
        let found = match header.map(|header| from + header.bytes as u64) {
            _ if self.is_zero_from(from)? => {
                self.position = self.len;
                return Ok(Step::End(Tail::Zeros(bytes)));
            }
            // Its length is right if a batch follows it; bytes inside it may look like batches too.
            Some(end) if end < self.len && self.is_sound(end, &mut SEARCHED_BYTES_MAX.clone())? => Some(end),
            Some(end) if end == self.len => None,
            _ => self.search(from + 1)?,
        };
        let Some(to) = found else {
            self.position = self.len;
            return Ok(Step::End(Tail::Broken { fault, bytes }));
        };
        self.fill(to, BATCH_HEADER_BYTES)?;
        if let Ok(header) = BatchHeader::parse(self.rest(to)) {
            self.expected.next_offset = header.base_offset;
            self.expected.leader_epoch = self.expected.leader_epoch.min(header.leader_epoch);
        }
        self.otherwise = None;
        self.before = self.expected.next_offset;
        self.position = to;
        Ok(Step::Damage { from, to, fault })
    }

    /// The position of the next sound batch at `from` or behind it, whose offsets may follow.
    fn search(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut at = from;
        let mut budget = SEARCHED_BYTES_MAX;
        let (low, end) = (self.expected.next_offset, self.expected.end_offset);
        while at.saturating_add(BATCH_HEADER_BYTES as u64) <= self.len && budget > 0 {
            self.fill(at, BATCH_HEADER_BYTES)?;
            let rest = self.rest(at);
            let candidate = rest.windows(BATCH_HEADER_BYTES).position(|bytes| {
                let base = bytes.first_chunk::<8>().map_or(-1, |base| i64::from_be_bytes(*base));
                bytes.get(16) == Some(&2) && (low..end).contains(&base)
            });
            let Some(step) = candidate else {
                at += (rest.len() - BATCH_HEADER_BYTES + 1) as u64;
                continue;
            };
            at += step as u64;
            if self.is_sound(at, &mut budget)? {
                return Ok(Some(at));
            }
            at += 1;
        }
        Ok(None)
    }

    /// Whether a whole batch with a right checksum lies at `at` whose offsets may follow.
    fn is_sound(&mut self, at: u64, budget: &mut u64) -> io::Result<bool> {
        self.fill(at, BATCH_HEADER_BYTES)?;
        let Ok(header) = BatchHeader::parse(self.rest(at)) else { return Ok(false) };
        let fits = header.bytes as u64 <= self.len - at
            && header.base_offset >= self.expected.next_offset
            && header.last_offset() < self.expected.end_offset;
        if !fits {
            return Ok(false);
        }
        *budget = budget.saturating_sub(header.bytes as u64);
        Ok(self.checksum(at, &header)? == header.crc)
    }

    /// The checksum of a batch that lies in the file as a whole.
    fn checksum(&mut self, position: u64, header: &BatchHeader) -> io::Result<u32> {
        if header.bytes <= BATCH_HELD_MAX {
            self.fill(position, header.bytes)?;
            let covered = self.rest(position).get(CRC_START..header.bytes).unwrap_or_default();
            return Ok(crc32c::crc32c(covered));
        }
        let (mut at, end) = (position + CRC_START as u64, position + header.bytes as u64);
        let mut crc = 0;
        while at < end {
            self.fill(at, 1)?;
            let rest = self.rest(at);
            let take = rest.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
            let Some(covered) = rest.get(..take).filter(|covered| !covered.is_empty()) else { break };
            crc = crc32c::crc32c_append(crc, covered);
            at += take as u64;
        }
        Ok(crc)
    }

    fn is_zero_from(&mut self, from: u64) -> io::Result<bool> {
        let mut at = from;
        while at < self.len {
            self.fill(at, 1)?;
            let rest = self.rest(at);
            if rest.is_empty() || rest.iter().any(|byte| *byte != 0) {
                return Ok(rest.is_empty());
            }
            at += rest.len() as u64;
        }
        Ok(true)
    }

    /// What is held from `position` on.
    fn rest(&self, position: u64) -> &[u8] {
        let skip = position.checked_sub(self.window_start).and_then(|skip| usize::try_from(skip).ok());
        skip.and_then(|skip| self.window.get(skip..)).unwrap_or_default()
    }

    /// Holds `wanted` bytes from `position` on, or as many as the file has.
    fn fill(&mut self, position: u64, wanted: usize) -> io::Result<()> {
        let left = usize::try_from(self.len.saturating_sub(position)).unwrap_or(usize::MAX);
        if self.rest(position).len() >= wanted.min(left) && position >= self.window_start {
            return Ok(());
        }
        self.forget_window();
        self.window_start = position - position % BLOCK_BYTES;
        let skip = (position - self.window_start) as usize;
        let bytes = (skip + wanted).next_multiple_of(BLOCK_BYTES as usize).max(WINDOW_BYTES);
        self.window.resize(bytes.min(skip + left), 0);
        let mut filled = 0;
        while let Some(rest) = self.window.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, self.window_start + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.window.truncate(filled);
        // A broker has cut the file since it was opened.
        if filled < bytes && filled < skip + left {
            self.len = self.window_start + filled as u64;
        }
        Ok(())
    }

    fn forget_window(&mut self) {
        if let Some(bytes) = NonZeroU64::new(self.window.len() as u64) {
            let _ = fadvise(&self.file, self.window_start, Some(bytes), Advice::DontNeed);
        }
        self.window.clear();
    }

    /// Waits a little and takes what is then in the file.
    fn look_again(&mut self) -> io::Result<()> {
        self.looks -= 1;
        // Prepared space is the usual end of a live segment, and needs no second look.
        if self.is_zero_from(self.position)? {
            self.looks = 0;
            return Ok(());
        }
        std::thread::sleep(BETWEEN_LOOKS);
        self.forget_window();
        self.len = self.file.metadata()?.len();
        Ok(())
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.forget_window();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::records::BatchBuilder;

    fn batch(base_offset: Offset, epoch: i32, value: &[u8]) -> Vec<u8> {
        let mut builder = BatchBuilder::new().base_offset(base_offset).leader_epoch(epoch);
        builder.push(1_700_000_000_000 + base_offset, None, Some(value), &[]);
        builder.push(1_700_000_000_001 + base_offset, Some(b"k"), None, &[]);
        builder.build().unwrap()
    }

    /// Four batches of two records, from offset 10 on.
    fn segment() -> (Vec<u8>, Vec<usize>) {
        let mut bytes = Vec::new();
        let mut starts = Vec::new();
        for (index, epoch) in [(0, 1), (1, 1), (2, 3), (3, 3)] {
            starts.push(bytes.len());
            bytes.extend(batch(10 + 2 * index, epoch, b"some value"));
        }
        (bytes, starts)
    }

    fn steps(bytes: &[u8], gaps: bool) -> Vec<Step> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let expected = Expected::at_segment_start(10, None, gaps);
        let mut walk = Walk::open(file.path(), expected, false).unwrap();
        let mut steps = Vec::new();
        loop {
            let step = walk.next().unwrap();
            let ended = matches!(step, Step::End(_));
            steps.push(step);
            if ended {
                return steps;
            }
            assert!(steps.len() < 100, "it ends");
        }
    }

    fn is_clean(step: &Step) -> bool {
        matches!(step, Step::Batch { fault: None, .. } | Step::End(Tail::Nothing))
    }

    #[test]
    fn sound_batches_and_prepared_space_are_told_from_damage() {
        let (mut bytes, _) = segment();
        let clean = steps(&bytes, false);
        assert_eq!(clean.len(), 5);
        assert!(clean.iter().all(is_clean));
        bytes.resize(bytes.len() + 5000, 0);
        assert_eq!(steps(&bytes, false).pop(), Some(Step::End(Tail::Zeros(5000))));
    }

    /// Every flipped bit shows, but for those of a leader epoch that keep epochs in order, and the walk finds the other batches again.
    #[test]
    fn every_flipped_bit_shows_and_the_other_batches_are_found_again() {
        let (bytes, starts) = segment();
        for gaps in [false, true] {
            for bit in 0..bytes.len() * 8 {
                let mut bad = bytes.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                let found = steps(&bad, gaps);
                let hit = starts.iter().rposition(|start| *start <= bit / 8).unwrap();
                let within = bit / 8 - starts[hit];
                let untold = (12..16).contains(&within) || (gaps && within < 8 && hit == 3);
                assert!(untold || !found.iter().all(is_clean), "bit {bit}: {found:?}");
                let whole: Vec<u64> = found
                    .iter()
                    .filter_map(|step| match step {
                        Step::Batch { position, .. } => Some(*position),
                        _ => None,
                    })
                    .collect();
                for (other, start) in starts.iter().enumerate() {
                    assert!(other == hit || whole.contains(&(*start as u64)), "bit {bit}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn a_cut_anywhere_is_a_broken_tail_at_the_batch_that_it_cut() {
        let (bytes, starts) = segment();
        for len in 0..bytes.len() {
            let found = steps(&bytes[..len], false);
            let whole = starts.iter().filter(|start| **start <= len).count();
            match found.last() {
                Some(Step::End(Tail::Nothing)) => assert!(starts.contains(&len)),
                Some(Step::End(Tail::Broken { bytes, .. })) => {
                    assert_eq!(len as u64 - bytes, starts[whole - 1] as u64);
                }
                // What is left begins with the zeros of its offset.
                Some(Step::End(Tail::Zeros(zeros))) => assert!(*zeros < 8),
                other => panic!("{len}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_block_that_was_lost_is_damage_between_sound_batches() {
        let (mut bytes, starts) = segment();
        bytes[starts[1]..starts[3]].fill(0);
        let found = steps(&bytes, false);
        assert_eq!(
            found[1],
            Step::Damage { from: starts[1] as u64, to: starts[3] as u64, fault: BatchFault::Zeros }
        );
        assert!(matches!(found[2], Step::Batch { header: BatchHeader { base_offset: 16, .. }, .. }));
    }

    /// A length of gigabytes is not believed, and other files' bytes are no batches.
    #[test]
    fn whatever_the_bytes_are_the_walk_ends() {
        let (bytes, _) = segment();
        let mut claims = bytes.clone();
        claims[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
        assert!(matches!(steps(&claims, false).first(), Some(Step::Damage { from: 0, .. })));
        for other in [&b"0\n2\n0 0\n3 17\n"[..], &[0xff; 300], &[2; 300], b""] {
            let found = steps(other, false);
            assert!(matches!(found.as_slice(), [Step::End(_)]), "{found:?}");
        }
    }
}
