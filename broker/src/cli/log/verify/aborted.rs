//! The index of aborted transactions, held against the markers of its segment.

use super::entries::Entries;
use super::indexes::{MADE_AGAIN, advance, note_rest, open, peek, tell};
use crate::cli::Failure;
use crate::cli::log::report::{At, Report};
use ottla_log::Offset;
use ottla_log::batch::BatchHeader;
use ottla_log::index::transaction::{self, AbortedTxn};
use std::path::Path;

/// What looks like an entry is believed.
const LOST: &str = "consumers that read committed records may see aborted ones, or miss others: restore it";

pub(in super::super) struct Aborted {
    base_offset: Offset,
    entries: Option<Entries<{ transaction::ENTRY_BYTES }>>,
    last: Option<AbortedTxn>,
    /// The entries that were right so far, for who asked for them.
    right: Option<Vec<AbortedTxn>>,
}

impl Aborted {
    /// Opens the one that is beside `segment`, if it is there. `keeps`: right entries are kept for [`Aborted::take_right`].
    pub(in super::super) fn open(
        report: &mut Report<'_>,
        segment: &Path,
        base_offset: Offset,
        keeps: bool,
    ) -> Result<Aborted, Failure> {
        let entries = open(report, segment.with_extension("txnindex"), false)?;
        Ok(Aborted { base_offset, entries, last: None, right: keeps.then(Vec::new) })
    }

    /// Nothing to check.
    pub(super) fn none() -> Aborted {
        Aborted { base_offset: 0, entries: None, last: None, right: None }
    }

    /// Takes note of a batch. False when an entry that names it is wrong, which has been said.
    pub(in super::super) fn batch(
        &mut self,
        report: &mut Report<'_>,
        header: &BatchHeader,
    ) -> Result<bool, Failure> {
        self.until(report, header.next_offset(), Some(header))
    }

    /// Passes over what was no batch, up to offset `next`.
    pub(super) fn skip(&mut self, report: &mut Report<'_>, next: Offset) -> Result<(), Failure> {
        self.until(report, next, None).map(drop)
    }

    /// Adds what the batches say of the transaction that ended last, unless an entry says it. True when none did: a broker
    /// has the last ones in memory for a while, and a kill takes them along.
    pub(in super::super) fn complete(&mut self, aborted: AbortedTxn) -> bool {
        let Some(right) = &mut self.right else { return false };
        let is_missing = right.last().is_none_or(|last| last.last_offset < aborted.last_offset);
        right.extend(is_missing.then_some(aborted));
        is_missing
    }

    /// The entries that were right so far, and those that were added.
    pub(in super::super) fn take_right(&mut self) -> Vec<AbortedTxn> {
        self.right.take().unwrap_or_default()
    }

    /// The batches are over. False when entries are left, unless a crash may have taken what they are of.
    pub(in super::super) fn end(
        mut self,
        report: &mut Report<'_>,
        may_be_torn: bool,
    ) -> Result<bool, Failure> {
        if may_be_torn {
            note_rest(&mut self.entries, report)?;
        }
        let mut is_sound = true;
        while let Some((byte, _)) = peek(&mut self.entries, report)? {
            is_sound = false;
            tell(&mut self.entries, report, At::byte(byte), "it points behind the last batch", LOST)?;
        }
        Ok(is_sound)
    }

    /// Entries whose last offset is below `until`: there lies the marker that aborted the transaction.
    fn until(
        &mut self,
        report: &mut Report<'_>,
        until: Offset,
        batch: Option<&BatchHeader>,
    ) -> Result<bool, Failure> {
        let mut is_sound = true;
        while let Some((byte, entry)) = peek(&mut self.entries, report)? {
            if !entry.starts_with(&[0, 0]) {
                is_sound = false;
                tell(&mut self.entries, report, At::byte(byte), "its version is not 0", MADE_AGAIN)?;
                continue;
            }
            let entry = AbortedTxn::from_bytes(&entry);
            if entry.last_offset >= until {
                break;
            }
            let order = order_of(&entry, self.last.as_ref(), self.base_offset);
            let wrong = order.map(|wrong| (wrong, MADE_AGAIN)).or_else(|| {
                let header = batch?;
                let is_marker = header.is_control()
                    && header.producer_id == entry.producer_id
                    && header.last_offset() == entry.last_offset;
                (!is_marker).then_some(("no marker of its producer is there", LOST))
            });
            self.last = Some(entry);
            match wrong {
                Some((wrong, effect)) => {
                    is_sound = false;
                    let at = At::both(byte, entry.last_offset);
                    tell(&mut self.entries, report, at, wrong, effect)?;
                }
                None => {
                    if let Some(right) = &mut self.right {
                        right.push(entry);
                    }
                    advance(&mut self.entries);
                }
            }
        }
        Ok(is_sound)
    }
}

/// What is wrong with an aborted transaction by itself, and after the one before it.
fn order_of(entry: &AbortedTxn, last: Option<&AbortedTxn>, base_offset: Offset) -> Option<&'static str> {
    if !entry.is_plausible(base_offset) {
        return Some("it says what cannot be, or lies before the segment");
    }
    last.is_some_and(|last| last.last_offset >= entry.last_offset).then_some("it does not ascend")
}
