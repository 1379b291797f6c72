//! One segment with its indexes, batch by batch.

use super::indexes::Indexes;
use super::records::{self, Fault};
use crate::cli::Failure;
use crate::cli::log::place::Partition;
use crate::cli::log::report::{At, Report};
use crate::cli::log::walk::{BATCH_HELD_MAX, Step, Tail, Walk};
use ottla_log::Offset;
use ottla_log::batch::{BatchFault, BatchHeader};
use ottla_log::checkpoint::epochs::EpochCache;
use ottla_log::scan::Expected;
use std::io::ErrorKind;
use std::path::Path;

/// What is known around a segment.
pub(super) struct Surroundings<'a> {
    pub(super) partition: Option<&'a Partition>,
    pub(super) next_base: Option<Offset>,
    pub(super) epochs: Option<&'a EpochCache>,
    /// The log was compacted.
    pub(super) gaps: bool,
    pub(super) is_deep: bool,
}

const ACKNOWLEDGED: &str = "it was acknowledged: a broker that scans this after a crash keeps the log offline, and consumers fail \
                            here. Restore the partition from a replica or a backup";
const CUT_AND_LOST: &str =
    "after a crash a broker cuts the log here, and what lies behind is lost. Copy the partition first";

impl Surroundings<'_> {
    fn is_last(&self) -> bool {
        self.next_base.is_none()
    }

    fn is_live(&self) -> bool {
        self.is_last() && self.partition.is_some_and(|partition| partition.is_live)
    }

    fn may_be_torn(&self, offset: Offset) -> bool {
        match self.partition {
            Some(partition) => partition.may_be_torn(self.next_base, offset),
            None => self.is_last(),
        }
    }

    /// What a broker does about damage at `offset`.
    fn effect(&self, offset: Offset) -> &'static str {
        if self.may_be_torn(offset) { CUT_AND_LOST } else { ACKNOWLEDGED }
    }
}

/// Checks the segment at `path`. The offset after its last batch; `None` when damage or an error hides it.
pub(super) fn check(
    report: &mut Report<'_>,
    path: &Path,
    base_offset: Offset,
    around: &Surroundings<'_>,
) -> Result<Option<Offset>, Failure> {
    let expected = Expected::at_segment_start(base_offset, around.next_base, around.gaps);
    let is_live = around.partition.is_some_and(|partition| partition.is_live);
    let mut walk = match Walk::open(path, expected, around.is_live()) {
        Ok(walk) => walk,
        // Retention came meanwhile.
        Err(error) if is_live && error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return report.unreadable(path, error).map(|()| None),
    };
    report.totals.files += 1;
    let mut indexes = Indexes::open(report, path, base_offset, around.is_last())?;
    if walk.len() > 0
        && !indexes.are_complete()
        && around.partition.is_some_and(|partition| !partition.is_live)
    {
        report.note(path, At::default(), "an index is missing: a broker makes it again")?;
    }
    let mut is_whole = true;
    loop {
        let (from, next_offset) = walk.position();
        match walk.next() {
            Err(error) => {
                report.unreadable(path, error)?;
                return Ok(None);
            }
            Ok(Step::Batch { position, header, fault }) => {
                report.totals.batches += 1;
                report.progress(path, position);
                if let Some(fault) = fault {
                    is_whole = false;
                    report.damage(
                        path,
                        At::both(position, header.base_offset),
                        reason_of(&fault),
                        around.effect(next_offset),
                    )?;
                }
                batch(report, path, position, &header, walk.batch(position, &header), around)?;
                indexes.batch(report, position, &header)?;
            }
            Ok(Step::Damage { from, to, fault }) => {
                is_whole = false;
                let (_, resumed) = walk.position();
                let reason = format!(
                    "{fault}; {} bytes up to {to}, where offset {resumed} follows, are no batch",
                    to - from
                );
                report.damage(path, At::both(from, next_offset), reason, around.effect(next_offset))?;
                indexes.damage(report, to, resumed)?;
            }
            Ok(Step::End(tail)) => {
                is_whole &= end(report, path, (from, next_offset), &tail, around)?;
                let (_, end) = walk.position();
                let is_sealed =
                    !around.is_last() || around.partition.is_some_and(|partition| partition.is_clean);
                indexes.end(report, is_sealed && is_whole, is_live || around.may_be_torn(end))?;
                break;
            }
        }
    }
    report.totals.bytes += walk.len();
    let (_, end_offset) = walk.position();
    if let Some(next) = around.next_base
        && is_whole
        && !around.gaps
        && next != end_offset
    {
        let reason = format!("it ends at offset {end_offset}, the next segment begins at {next}");
        report.damage(path, At::both(walk.len(), end_offset), reason, ACKNOWLEDGED)?;
    }
    Ok(is_whole.then_some(end_offset))
}

/// A gap may be right.
fn reason_of(fault: &BatchFault) -> String {
    match fault {
        BatchFault::OffsetOrder { found, expected } if found > expected => {
            format!("{fault} (a compacted log has gaps: --compacted)")
        }
        _ => fault.to_string(),
    }
}

/// A whole batch whose checksum is right.
fn batch(
    report: &mut Report<'_>,
    path: &Path,
    position: u64,
    header: &BatchHeader,
    bytes: Option<&[u8]>,
    around: &Surroundings<'_>,
) -> Result<(), Failure> {
    let at = At::both(position, header.base_offset);
    let epoch = around.epochs.map(|epochs| epochs.epoch_for(header.base_offset));
    if let Some(None) = epoch
        && around.partition.is_some_and(|partition| {
            partition.is_clean && header.base_offset >= partition.log_start.unwrap_or(0)
        })
        && header.leader_epoch != -1
    {
        let reason = format!("leader epoch {}, leader-epoch-checkpoint knows none here", header.leader_epoch);
        report.damage(
            path,
            at,
            reason,
            "the epochs of a prefix are not known: restore the checkpoint, or remove it",
        )?;
    }
    if let Some(Some(epoch)) = epoch
        && header.leader_epoch != epoch
        && header.leader_epoch != -1
    {
        let reason = format!("leader epoch {}, leader-epoch-checkpoint says {epoch}", header.leader_epoch);
        report.damage(
            path,
            at,
            reason,
            "consumers and followers may take the log for another one's: restore it",
        )?;
    }
    if !around.is_deep {
        report.totals.records += u64::from(header.record_count.unsigned_abs());
        return Ok(());
    }
    let Some(bytes) = bytes else {
        return report.note(path, at, format!("a batch of more than {BATCH_HELD_MAX} bytes is not opened"));
    };
    match records::check(header, bytes) {
        Ok(count) => report.totals.records += count,
        Err(Fault::TooLarge) => report.note(path, at, "the batch expands to more than is looked at")?,
        Err(Fault::Wrong(wrong)) => {
            let effect = "consumers fail at this batch; it was written so, and no broker changes it";
            report.damage(path, at, wrong, effect)?;
        }
    }
    Ok(())
}

/// What lies behind the last batch, at `from`. False when it is damage.
fn end(
    report: &mut Report<'_>,
    path: &Path,
    (from, next_offset): (u64, Offset),
    tail: &Tail,
    around: &Surroundings<'_>,
) -> Result<bool, Failure> {
    let at = At::both(from, next_offset);
    let is_followed = around.next_base == Some(next_offset);
    match tail {
        Tail::Nothing => Ok(true),
        // A rolled segment is cut to its size a little later.
        Tail::Zeros(bytes) if around.is_last() || is_followed => {
            let what = format!("{bytes} zeros behind the last batch: space that a broker prepared");
            report.note(path, at, what)?;
            Ok(true)
        }
        Tail::Zeros(bytes) => {
            let reason = format!("{bytes} zeros in the place of batches");
            report.damage(path, at, reason, ACKNOWLEDGED)?;
            Ok(false)
        }
        Tail::Broken { fault, bytes } if around.may_be_torn(next_offset) => {
            let what = format!(
                "a torn tail, {fault}: a broker cuts {bytes} bytes off at its next start, of a write that no client was told of"
            );
            report.note(path, at, what)?;
            Ok(true)
        }
        Tail::Broken { fault, bytes } => {
            report.damage(
                path,
                at,
                format!("{fault}; {bytes} bytes up to the end are no batch"),
                ACKNOWLEDGED,
            )?;
            Ok(false)
        }
    }
}
