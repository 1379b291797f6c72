//! Faults of a disk on request.

use super::disk::Errno;
use crate::driver::Op;

/// Which ops a fault may hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    Open,
    Read,
    Write,
    /// Of a file or a directory.
    Sync,
    Allocate,
    SetLen,
    Stat,
    Rename,
    Unlink,
    Mkdir,
    ReadDir,
    RemoveDirAll,
    Lock,
}

impl Operation {
    pub(super) fn of(op: &Op) -> Option<Operation> {
        Some(match op {
            Op::Open { .. } => Operation::Open,
            Op::Read { .. } | Op::Splice { .. } => Operation::Read,
            Op::Write { .. } => Operation::Write,
            Op::SyncData { .. } | Op::SyncAll { .. } => Operation::Sync,
            Op::Allocate { .. } => Operation::Allocate,
            Op::SetLen { .. } => Operation::SetLen,
            Op::Stat { .. } => Operation::Stat,
            Op::Rename { .. } => Operation::Rename,
            Op::Unlink { .. } => Operation::Unlink,
            Op::Mkdir { .. } => Operation::Mkdir,
            Op::ReadDir { .. } => Operation::ReadDir,
            Op::RemoveDirAll { .. } => Operation::RemoveDirAll,
            Op::Lock { .. } => Operation::Lock,
            _ => return None,
        })
    }
}

/// What happens to an op that a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It fails with this errno; of a write or a sync an unknown part happens.
    Fail(Errno),
    /// A write goes to this offset of the same file, and says that all is well.
    Misdirect(u64),
    /// A write does nothing, and says that all is well.
    Swallow,
}

/// Hits ops of one kind on paths that contain a text: skips the first `skip` of them, then hits `times`.
#[derive(Clone, Debug)]
pub struct Fault {
    pub operation: Operation,
    pub path_contains: String,
    pub effect: Effect,
    pub skip: u32,
    pub times: u32,
}

impl Fault {
    /// The next op of the kind, once.
    pub fn once(operation: Operation, path_contains: &str, effect: Effect) -> Fault {
        Fault { operation, path_contains: path_contains.to_owned(), effect, skip: 0, times: 1 }
    }

    /// From the next op of the kind on.
    pub fn always(operation: Operation, path_contains: &str, effect: Effect) -> Fault {
        Fault { times: u32::MAX, ..Fault::once(operation, path_contains, effect) }
    }
}

/// The effect for an op on `path`, counted.
pub(super) fn hit(faults: &mut [Fault], operation: Operation, path: &str) -> Option<Effect> {
    for fault in faults {
        if fault.operation != operation || !path.contains(&fault.path_contains) || fault.times == 0 {
            continue;
        }
        if fault.skip > 0 {
            fault.skip -= 1;
            continue;
        }
        if fault.times != u32::MAX {
            fault.times -= 1;
        }
        return Some(fault.effect);
    }
    None
}
