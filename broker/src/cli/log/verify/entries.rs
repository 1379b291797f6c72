//! The entries of an index file, one after the other, in bounded memory.

use super::indexes::MADE_AGAIN;
use crate::cli::Failure;
use crate::cli::log::place;
use crate::cli::log::report::{At, Report};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// The entries of a file of entries of `N` bytes, in order.
pub(in super::super) struct Entries<const N: usize> {
    path: PathBuf,
    reader: BufReader<File>,
    /// Of the entry after the peeked one.
    byte: u64,
    peeked: Option<(u64, [u8; N])>,
    /// Zeros at the end are space that Kafka prepared.
    is_growing: bool,
    ended: bool,
}

impl<const N: usize> Entries<N> {
    /// `None`: it is not there.
    /// # Errors
    /// Those of opening it.
    pub(in super::super) fn open(path: PathBuf, is_growing: bool) -> io::Result<Option<Entries<N>>> {
        match place::open(&path) {
            Ok(file) => {
                let reader = BufReader::with_capacity(64 << 10, file);
                Ok(Some(Entries { path, reader, byte: 0, peeked: None, is_growing, ended: false }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Bytes that were read so far.
    pub(super) fn position(&self) -> u64 {
        self.byte
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The next entry and its position; it stays the next. `None` at the end; what is wrong there has been said.
    pub(in super::super) fn peek(
        &mut self,
        report: &mut Report<'_>,
    ) -> Result<Option<(u64, [u8; N])>, Failure> {
        if self.peeked.is_none() && !self.ended {
            self.peeked = self.read(report)?;
            self.ended = self.peeked.is_none();
        }
        Ok(self.peeked)
    }

    pub(in super::super) fn advance(&mut self) {
        self.peeked = None;
    }

    fn read(&mut self, report: &mut Report<'_>) -> Result<Option<(u64, [u8; N])>, Failure> {
        let mut entry = [0; N];
        let filled = match self.fill(&mut entry) {
            Ok(filled) => filled,
            Err(error) => {
                report.unreadable(&self.path, error)?;
                return Ok(None);
            }
        };
        let at = self.byte;
        self.byte += filled as u64;
        let is_zero = entry.iter().all(|byte| *byte == 0);
        match filled {
            0 => Ok(None),
            _ if is_zero && self.is_growing => {
                self.zeros(report, at)?;
                Ok(None)
            }
            _ if filled < N => {
                let reason = format!("the file ends after {filled} of an entry's {N} bytes");
                report.damage(&self.path, At::byte(at), reason, MADE_AGAIN)?;
                Ok(None)
            }
            _ => Ok(Some((at, entry))),
        }
    }

    fn fill(&mut self, entry: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = entry.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// All that follows the zeros at `at` has to be zeros too.
    fn zeros(&mut self, report: &mut Report<'_>, at: u64) -> Result<(), Failure> {
        let mut block = [0; 4096];
        loop {
            match self.fill(&mut block) {
                Ok(0) => break,
                Ok(read) => {
                    let found = block.get(..read).and_then(|read| read.iter().position(|byte| *byte != 0));
                    if let Some(found) = found {
                        let byte = self.byte + found as u64;
                        let reason = format!("entries after zeros, which begin at byte {at}");
                        return report.damage(&self.path, At::byte(byte), reason, MADE_AGAIN);
                    }
                    self.byte += read as u64;
                }
                Err(error) => return report.unreadable(&self.path, error),
            }
        }
        report.note(&self.path, At::byte(at), format!("{} zeros at the end: prepared space", self.byte - at))
    }
}
